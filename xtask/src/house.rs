//! Where things lie: the repository, the build directory, the tools.
//!
//! Knows paths and builds `Command`s that run in the right place; starts nothing.

use anyhow::{Context, Result};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository and its build directory.
#[derive(Debug, Clone)]
pub struct House {
    /// The repository's root.
    pub root: PathBuf,
    /// Cargo's build directory, absolute.
    pub target: PathBuf,
}

impl House {
    /// Finds the repository this program was started for.
    ///
    /// # Errors
    /// When the manifest's folder or the current folder cannot be read.
    pub fn find() -> Result<Self> {
        // cargo sets the variable for `cargo run`; the compiled-in path serves a
        // binary that is started by hand.
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.parent().context("xtask lies in no folder")?.to_owned();
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(dir) if !dir.is_empty() => std::path::absolute(dir)?,
            _ => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// The Vue project.
    pub fn ui(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// The demo's folder.
    pub fn demo(&self) -> PathBuf {
        self.root.join(".demo")
    }

    /// A program of this workspace as the debug build leaves it.
    pub fn binary(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }

    /// Where the full log of a stage is kept.
    pub fn log(&self, stage: &str) -> PathBuf {
        self.target.join("xtask").join(format!("{stage}.log"))
    }

    /// A scratch folder inside the build directory, empty.
    ///
    /// # Errors
    /// When the folder cannot be made or emptied.
    pub fn scratch(&self, name: &str) -> Result<PathBuf> {
        let dir = self.target.join("xtask").join(name);
        if dir.exists() {
            std::fs::remove_dir_all(&dir)?;
        }
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(dir)
    }

    /// `program`, to be run in the repository's root with the tools in reach.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("PATH", search_path());
        for (name, _) in std::env::vars_os() {
            if is_of_the_outer_cargo(&name) {
                command.env_remove(name);
            }
        }
        if std::env::var_os("CARGO_TARGET_DIR").is_some() {
            command.env("CARGO_TARGET_DIR", &self.target);
        }
        command
    }

    /// The cargo that started us, so that no other toolchain slips in.
    pub fn cargo(&self) -> Command {
        self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// `npm`, to be run in the Vue project.
    pub fn npm(&self) -> Command {
        let mut command = self.command("npm");
        command.current_dir(self.ui());
        command
    }
}

/// Variables that `cargo run` sets for us and that would mislead an inner cargo:
/// build scripts that watch them would run again for nothing.
fn is_of_the_outer_cargo(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
        || ["CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"].contains(&name.as_ref())
}

/// Where `cargo install` puts programs.
pub fn cargo_bin() -> Option<PathBuf> {
    let home = match std::env::var_os("CARGO_HOME") {
        Some(home) if !home.is_empty() => PathBuf::from(home),
        _ => Path::new(&std::env::var_os("HOME")?).join(".cargo"),
    };
    Some(home.join("bin"))
}

/// The search path with cargo's programs in it.
pub fn search_path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Some(bin) = cargo_bin()
        && !folders.contains(&bin)
    {
        folders.push(bin);
    }
    std::env::join_paths(folders).unwrap_or(path)
}

/// The full path of a program, when it is on the search path.
pub fn which(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&search_path())
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outer_cargos_variables_do_not_reach_an_inner_one() {
        assert!(is_of_the_outer_cargo("CARGO_PKG_VERSION".as_ref()));
        assert!(is_of_the_outer_cargo("CARGO_MANIFEST_DIR".as_ref()));
        assert!(!is_of_the_outer_cargo("CARGO_HOME".as_ref()));
        assert!(!is_of_the_outer_cargo("CARGO_TARGET_DIR".as_ref()));
    }

    #[test]
    fn a_shell_is_found_and_nonsense_is_not() {
        assert!(which("sh").is_some());
        assert!(which("no-such-program-here").is_none());
    }
}
