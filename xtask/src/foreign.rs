//! Clients of the upload protocol that others wrote, installed into the build
//! directory and driven against our server (`tests/tests/foreign.rs`).

use crate::house::House;
use crate::stage::Stage;
use anyhow::{Context, Result};
use std::path::Path;

/// Installs what is missing and runs the tests.
///
/// # Errors
/// When npm or pip fail, or a test does.
pub fn run(house: &House, stage: &mut Stage) -> Result<()> {
    let sources = house.root.join("tests").join("foreign");
    let place = house.target.join("foreign");
    node(house, stage, &sources, &place.join("node"))?;
    python(house, stage, &sources, &place.join("python"))?;
    // The programs that the tests start; nothing new after the stage that builds.
    stage.run(house.cargo().args(["build", "--workspace", "--bins"]))?;
    let words = ["nextest", "run", "--workspace", "--test", "foreign", "--no-fail-fast"];
    let mut tests = house.cargo();
    stage.run(tests.args(words).args(["--test-threads", "1"]).env("LIANJIAN_FOREIGN", &place))
}

fn node(house: &House, stage: &mut Stage, sources: &Path, place: &Path) -> Result<()> {
    std::fs::create_dir_all(place)?;
    let names = ["package.json", "package-lock.json"];
    if names.iter().all(|name| is_same(&sources.join(name), &place.join(name)))
        && place.join("node_modules").is_dir()
    {
        return stage.note("npm: all there");
    }
    for name in names {
        copy(&sources.join(name), &place.join(name))?;
    }
    let mut npm = house.command("npm");
    stage.run(npm.current_dir(place).args(["ci", "--no-audit", "--no-fund"]))
}

fn python(house: &House, stage: &mut Stage, sources: &Path, place: &Path) -> Result<()> {
    let wanted = sources.join("requirements.txt");
    let installed = place.join("requirements.txt");
    if is_same(&wanted, &installed) {
        return stage.note("pip: all there");
    }
    stage.run(house.command("python3").args(["-m", "venv", "--clear"]).arg(place))?;
    let mut pip = house.command(place.join("bin").join("pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&wanted);
    stage.run(&mut pip)?;
    // Last: what is copied says that it is installed.
    copy(&wanted, &installed)
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((std::fs::read(one), std::fs::read(other)), (Ok(one), Ok(other)) if one == other)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}
