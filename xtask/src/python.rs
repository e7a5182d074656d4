//! Python and what runs on it: an environment beside the build, with packages
//! of exact versions, and schemathesis over the server's description.

use crate::house::House;
use crate::stage::Stage;
use anyhow::{Context, Result};
use std::path::PathBuf;

/// The packages, from the repository's root.
const REQUIREMENTS: &str = "tests/python-requirements.txt";

/// The environment. The journeys find it from where they are built.
fn environment(house: &House) -> PathBuf {
    house.target.join("xtask").join("python")
}

/// Makes the environment, unless one with these packages is there.
///
/// # Errors
/// When Python or a package cannot be had.
pub fn install(house: &House, stage: &mut Stage) -> Result<()> {
    let wanted = std::fs::read_to_string(house.root.join(REQUIREMENTS))
        .with_context(|| format!("cannot read {REQUIREMENTS}"))?;
    let folder = environment(house);
    // Written last: an installation that broke off is made anew.
    let stamp = folder.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return stage.note("python: there");
    }
    stage.say("pip 安装 · installing: Python packages for the checks")?;
    stage.run(house.command("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = house.command(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "-q", "-r", REQUIREMENTS]);
    stage.run(&mut pip)?;
    std::fs::write(stamp, wanted).context("cannot note what is installed")
}

/// Asks a real server everything its description allows, as every role.
///
/// # Errors
/// When an answer is a 5xx or not as described.
pub fn schemathesis(house: &House, stage: &mut Stage) -> Result<()> {
    let mut command = house.command(environment(house).join("bin/python"));
    command.args(["-B", "tests/schemathesis/run.py"]);
    command.arg(house.binary("lianjian-server")).arg(house.scratch("schemathesis")?);
    stage.run(&mut command)
}
