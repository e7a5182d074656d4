//! Coverage-guided fuzzing of what reads bytes from outside, on the ordinary
//! compiler: libFuzzer with LLVM's coverage counters, which need no nightly.
//!
//! The targets are in `fuzz/`, a workspace of its own. What they find lies in
//! `fuzz/found`, to be added to the seeds with a test.

use crate::house::House;
use crate::stage::{self, Screen, Stage};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::time::Duration;

/// The targets, each a program of `fuzz/`.
const TARGETS: [&str; 4] = ["change", "message", "signed", "headers"];

/// Seconds per target where nothing else is asked for, as CI does.
pub const SECONDS: u32 = 15;

/// What LLVM adds to every branch, as `cargo fuzz` asks for it.
const FLAGS: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    --cfg fuzzing -Ccodegen-units=1";

/// A compiler's triple must be named, or the flags would reach build scripts.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// `cargo xtask fuzz`.
///
/// # Errors
/// When a target does not build, or finds something.
pub fn command(house: &House, screen: Screen, seconds: u32) -> Result<()> {
    let limit = Duration::from_secs(60 * 60 + 4 * u64::from(seconds));
    let mut stage = Stage::begin(house, screen, "fuzz", limit)?;
    let result = run(house, &mut stage, seconds);
    stage::conclude(screen, &stage, &result);
    result.context("fuzz failed")
}

/// The short run of CI.
///
/// # Errors
/// As [`command`].
pub fn short(house: &House, stage: &mut Stage) -> Result<()> {
    run(house, stage, SECONDS)
}

fn run(house: &House, stage: &mut Stage, seconds: u32) -> Result<()> {
    if cfg!(not(all(target_os = "linux", target_arch = "x86_64"))) {
        return stage.say("fuzzing is for 64-bit Linux; the same targets run as tests");
    }
    let folder = house.root.join("fuzz");
    let target = house.target.join("fuzz");
    let mut build = house.cargo();
    build.args(["build", "--locked", "--bins", "--target", TRIPLE]);
    build.current_dir(&folder).env("CARGO_TARGET_DIR", &target).env("RUSTFLAGS", FLAGS);
    stage.run(&mut build)?;
    let program = |name: &str| target.join(TRIPLE).join("debug").join(name);
    let seeds = house.scratch("fuzz-seeds")?;
    // The same valid inputs as the tests begin with, written by one of them.
    let filter = "package(lianjian-ledger) and test(the_seeds_are_what_they_are_called)";
    let mut test = house.cargo();
    test.args(["nextest", "run", "--workspace", "--test", "fuzz", "-E", filter]);
    stage.run(test.env("LIANJIAN_FUZZ_SEEDS", &seeds))?;
    for name in TARGETS {
        let corpus = target.join("corpus").join(name);
        let found = folder.join("found").join(name);
        std::fs::create_dir_all(&corpus)?;
        std::fs::create_dir_all(&found)?;
        let mut fuzzer = house.command(program(name));
        fuzzer.args(options(seconds, &found)).args([&corpus, &seeds.join(name)]);
        if let Err(problem) = stage.run(&mut fuzzer) {
            bail!("{name}: {problem:#}; the input is in {}", found.display());
        }
        std::fs::remove_dir(&found).ok();
    }
    std::fs::remove_dir(folder.join("found")).ok();
    Ok(())
}

fn options(seconds: u32, found: &std::path::Path) -> Vec<String> {
    vec![
        format!("-max_total_time={seconds}"),
        // Memory beyond all that a message may take is a find, as is slowness.
        "-rss_limit_mb=512".to_owned(),
        "-timeout=10".to_owned(),
        "-max_len=65536".to_owned(),
        "-print_final_stats=1".to_owned(),
        "-verbosity=0".to_owned(),
        format!("-artifact_prefix={}/", PathBuf::from(found).display()),
    ]
}
