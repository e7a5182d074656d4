//! Brings a machine to the point where everything builds, runs and is tested:
//! system packages, npm packages, Python packages, two cargo programs.
//!
//! Looks first and installs only what is missing, so that a second run takes well
//! under a second. Expects rustup's cargo, node and, on Debian, apt.

use crate::house::{House, cargo_bin, which};
use crate::stage::Stage;
use crate::{python, ui};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::{Command, Stdio};

/// The Debian packages, by what they are for.
const DEBIAN: &[&str] = &[
    // To compile: the linker, and SQLCipher's cryptography.
    "build-essential",
    "pkg-config",
    "libssl-dev",
    // The app's window.
    "libwebkit2gtk-4.1-dev",
    "libjavascriptcoregtk-4.1-dev",
    "libgtk-3-dev",
    "libsoup-3.0-dev",
    "librsvg2-dev",
    "libayatana-appindicator3-dev",
    "libdbus-1-dev",
    "xdg-utils",
    // To drive the app and the console without a person.
    "webkit2gtk-driver",
    "chromium",
    "chromium-driver",
    "xvfb",
    "xauth",
    "dbus",
    "dbus-x11",
    // To check bundles as a stranger would, and the API by its description;
    // foreign clients that hand files in.
    "python3",
    "python3-venv",
    // Chinese on the screen; what is in a PDF.
    "fonts-noto-cjk",
    "fonts-noto-color-emoji",
    "poppler-utils",
    "file",
];

/// What must be on the search path where there is no apt to ask.
const PROGRAMS: &[&str] = &[
    "cc",
    "pkg-config",
    "WebKitWebDriver",
    "chromium",
    "chromedriver",
    "xvfb-run",
    "dbus-run-session",
    "pdftotext",
    "python3",
];

/// A program that cargo builds and installs.
struct CargoProgram {
    binary: &'static str,
    /// The words after `cargo install --locked`.
    install: &'static [&'static str],
    about: &'static str,
}

/// Exact versions: a newer one may want a newer compiler.
const CARGO_PROGRAMS: &[CargoProgram] = &[
    CargoProgram {
        binary: "cargo-nextest",
        // Without the part that replaces itself by downloads: half the build, and a
        // second TLS stack, for what nobody here uses.
        install: &[
            "cargo-nextest@0.9.143",
            "--no-default-features",
            "--features",
            "default-no-update",
        ],
        about: "the test runner, some minutes",
    },
    CargoProgram {
        binary: "tauri-driver",
        install: &["tauri-driver@2.1.0"],
        about: "drives the app's window, about a minute",
    },
];

/// The oldest node that the UI's tools run on.
const NODE_MAJOR: u32 = 20;

/// Installs what is missing and says what that is.
///
/// # Errors
/// When something is missing that cannot be installed from here, or its
/// installation fails.
pub fn run(house: &House, stage: &mut Stage) -> Result<()> {
    system_packages(house, stage)?;
    rust_components(house, stage)?;
    node(house)?;
    ui::install(house, stage)?;
    python::install(house, stage)?;
    for program in CARGO_PROGRAMS {
        cargo_program(house, stage, program)?;
    }
    Ok(())
}

fn system_packages(house: &House, stage: &mut Stage) -> Result<()> {
    if which("dpkg-query").is_none() || which("apt-get").is_none() {
        return programs_without_apt(stage);
    }
    // The answer is about the known packages only, and the exit code tells no more.
    let answer = house
        .command("dpkg-query")
        .args(["-W", "-f", "${Package} ${db:Status-Status}\n"])
        .args(DEBIAN)
        .stderr(Stdio::null())
        .output()
        .context("cannot start dpkg-query")?;
    let missing = missing_packages(&String::from_utf8_lossy(&answer.stdout));
    if missing.is_empty() {
        return stage.note("apt: all there");
    }
    stage.say(&format!("apt 安装 · installing: {}", missing.join(" ")))?;
    apt(house, stage, &["update", "-q"])?;
    let mut install = vec!["install", "-y", "-q", "--no-install-recommends"];
    install.extend(missing);
    apt(house, stage, &install)
}

/// The packages that an answer of `dpkg-query` does not call installed.
fn missing_packages(answer: &str) -> Vec<&'static str> {
    let there: Vec<&str> =
        answer.lines().filter_map(|line| line.strip_suffix(" installed")).collect();
    DEBIAN.iter().copied().filter(|package| !there.contains(package)).collect()
}

fn apt(house: &House, stage: &mut Stage, words: &[&str]) -> Result<()> {
    // Another apt may be at work on a machine that has just started.
    let apt = ["DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=300"];
    if nix::unistd::geteuid().is_root() {
        return stage.run(house.command("env").args(apt).args(words));
    }
    if which("sudo").is_none() {
        bail!(
            "apt-get needs root: run as root, install sudo, or run\n  apt-get {}",
            words.join(" ")
        );
    }
    // sudo asks for its password on the terminal: it must stay in our process group,
    // which owns the terminal, and keep its own output.
    let status = house.command("sudo").arg("env").args(apt).args(words).status()?;
    if !status.success() {
        bail!("sudo apt-get {}: {status}", words.join(" "));
    }
    Ok(())
}

fn programs_without_apt(stage: &mut Stage) -> Result<()> {
    let missing: Vec<&str> =
        PROGRAMS.iter().copied().filter(|program| which(program).is_none()).collect();
    if missing.is_empty() {
        return stage.note("no apt here, but the programs are there");
    }
    bail!(
        "This is no Debian: system packages are yours to install.\n\
         Missing programs: {}\n\
         On Debian 12 they come, with the libraries, from:\n  {}",
        missing.join(" "),
        DEBIAN.join(" ")
    )
}

fn rust_components(house: &House, stage: &mut Stage) -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if answers(house.cargo().args([subcommand, "--version"])) {
            continue;
        }
        if which("rustup").is_none() {
            bail!("cargo {subcommand} is missing; install {component} for this toolchain");
        }
        stage.say(&format!("rustup 安装 · adding: {component}"))?;
        stage.run(house.command("rustup").args(["component", "add", component]))?;
    }
    Ok(())
}

fn node(house: &House) -> Result<()> {
    let answer = house.command("node").arg("--version").output();
    let version = answer.map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned());
    match version.as_deref().map(major) {
        Ok(Some(major)) if major >= NODE_MAJOR && which("npm").is_some() => Ok(()),
        _ => bail!(
            "node {NODE_MAJOR} or newer with npm is needed, found {}",
            version.as_deref().unwrap_or("none")
        ),
    }
}

/// The first number of `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn cargo_program(house: &House, stage: &mut Stage, program: &CargoProgram) -> Result<()> {
    let installed = cargo_bin().is_some_and(|bin| bin.join(program.binary).is_file());
    if installed || which(program.binary).is_some() {
        return stage.note(&format!("{}: there", program.binary));
    }
    stage.say(&format!("cargo 安装 · installing: {} ({})", program.install[0], program.about))?;
    let mut install = house.cargo();
    install.args(["install", "--locked"]).args(program.install);
    // A build directory of its own: ours would keep the program's parts for ever.
    install.env_remove("CARGO_TARGET_DIR").current_dir(outside(house));
    // These programs start others and wait: a quick build serves better than a quick program.
    install
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    stage.run(&mut install)
}

/// A folder where this workspace's cargo settings do not hold.
fn outside(house: &House) -> &Path {
    house.root.parent().unwrap_or(&house.root)
}

fn answers(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_was_removed_but_keeps_its_settings_is_missing() {
        let mut answer: String =
            DEBIAN.iter().skip(2).map(|name| format!("{name} installed\n")).collect();
        answer.push_str(&format!("{} config-files\n", DEBIAN[1]));
        assert_eq!(missing_packages(&answer), DEBIAN[..2]);
    }

    #[test]
    fn nothing_is_missing_when_all_is_installed() {
        let answer: String = DEBIAN.iter().map(|name| format!("{name} installed\n")).collect();
        assert!(missing_packages(&answer).is_empty());
    }

    #[test]
    fn the_major_version_of_node_is_read() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("nonsense"), None);
    }
}
