//! Python for journeys: the one that `cargo xtask setup` furnishes, with the
//! packages that its checks need.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// The interpreter: what `LIANJIAN_PYTHON` names, or that of the environment
/// beside the build.
///
/// # Errors
/// When there is none.
pub fn python() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("LIANJIAN_PYTHON") {
        return Ok(path.into());
    }
    let own = std::env::current_exe()?;
    let found = own.ancestors().map(|folder| folder.join("xtask/python/bin/python"));
    found.into_iter().find(|path| path.is_file()).context("run `cargo xtask setup`: no Python")
}

/// A file of the repository.
#[must_use]
pub fn in_repository(path: &str) -> PathBuf {
    // As it is now: what was compiled in one copy of the repository may run in another.
    let here = std::env::var_os("CARGO_MANIFEST_DIR");
    let here = here.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.join("..").join(path)
}

/// Runs a script to its end; answers whether it was content, and what it said.
///
/// # Errors
/// When it cannot be started.
pub async fn run(script: &Path, args: &[&str]) -> Result<(bool, String)> {
    let mut command = Command::new(python()?);
    command.arg("-B").arg(script).args(args).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.context("cannot run Python")?;
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.code().is_some(), "Python was ended: {said}");
    Ok((output.status.success(), said))
}
