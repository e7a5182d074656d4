//! `cargo xtask bench`: builds what is measured in release, installs the others
//! beside it, outside the repository, and starts the measuring program.
//!
//! What is measured and how is the `bench` crate's.

use crate::args::BenchOptions;
use crate::house::House;
use crate::process::Group;
use crate::stage::Stage;
use crate::stage::{Screen, single};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// Runs the bench.
///
/// # Errors
/// When something cannot be built, installed or measured.
pub fn run(house: &House, screen: Screen, options: &BenchOptions) -> Result<()> {
    single(house, screen, "bench-install", install)?;
    single(house, screen, "bench-build", build)?;
    let mut command = house.command(house.target.join("release").join("lianjian-bench"));
    command
        .arg(&options.what)
        .args(&options.more)
        .env("LIANJIAN_BENCH_PEERS", peers(house))
        .env("LIANJIAN_BENCH_DRIVERS", drivers(house))
        .env("LIANJIAN_BENCH_SCRATCH", house.target.join("bench"));
    if options.write {
        command.arg("--table").arg(house.root.join("docs").join("measures.md"));
    }
    let mut group = Group::start(&mut command)?;
    match group.wait()? {
        Some(status) if status.success() => Ok(()),
        Some(status) => bail!("the bench ended with {status}"),
        None => {
            group.stop();
            bail!("stopped")
        }
    }
}

fn peers(house: &House) -> PathBuf {
    house.target.join("peers")
}

fn drivers(house: &House) -> PathBuf {
    house.root.join("bench").join("peers")
}

/// Installs what is pinned, once.
fn install(house: &House, stage: &mut Stage) -> Result<()> {
    let (peers, drivers) = (peers(house), drivers(house));
    let anki = peers.join("anki");
    let python = anki.join("bin").join("python");
    let wanted = drivers.join("requirements.txt");
    if !python.is_file() {
        stage.run(house.command("python3").args(["-m", "venv"]).arg(&anki))?;
    }
    if changed(&wanted, &anki.join("requirements.txt"))? {
        let mut pip = Command::new(&python);
        stage.run(pip.args(["-m", "pip", "install", "--quiet", "-r"]).arg(&wanted))?;
        keep(&wanted, &anki.join("requirements.txt"))?;
    }
    let node = peers.join("node");
    std::fs::create_dir_all(&node)?;
    let wanted = drivers.join("package.json");
    if changed(&wanted, &node.join("installed.json"))? {
        keep(&wanted, &node.join("package.json"))?;
        let mut npm = house.command("npm");
        npm.current_dir(&node).args(["install", "--no-audit", "--no-fund"]);
        stage.run(&mut npm)?;
        keep(&wanted, &node.join("installed.json"))?;
    }
    Ok(())
}

/// Whether what is pinned is not what was installed.
fn changed(wanted: &std::path::Path, installed: &std::path::Path) -> Result<bool> {
    let text = std::fs::read(wanted).with_context(|| wanted.display().to_string())?;
    Ok(std::fs::read(installed).ok().is_none_or(|before| before != text))
}

fn keep(wanted: &std::path::Path, installed: &std::path::Path) -> Result<()> {
    std::fs::copy(wanted, installed).with_context(|| installed.display().to_string())?;
    Ok(())
}

fn build(house: &House, stage: &mut Stage) -> Result<()> {
    let mut cargo = house.cargo();
    // These packages alone: with the whole workspace the simulator's faults would
    // be compiled into what is measured.
    cargo.args(["build", "--release", "--package", "lianjian-server"]);
    stage.run(cargo.args(["--package", "lianjian-bench"]))
}
