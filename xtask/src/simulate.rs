//! `cargo xtask simulate`: builds the simulator and runs seeds.
//!
//! What happens in a seed, and what is checked, is the business of
//! `crates/simulation`; here is only which seeds.

use crate::house::House;
use crate::stage::Stage;
use anyhow::{Result, bail};

/// The program.
const PROGRAM: &str = "lianjian-simulate";

/// Seeds that CI runs, always the same: the first ones.
const CI_SEEDS: &str = "500";

/// `cargo xtask simulate`, with the words for the simulator as they are.
///
/// # Errors
/// When the build fails or a seed finds something wrong.
pub fn command(house: &House, words: &[String]) -> Result<()> {
    if !house.cargo().args(BUILD).status()?.success() {
        bail!("the simulator does not build");
    }
    if !house.command(house.binary(PROGRAM)).args(words).status()?.success() {
        bail!("the simulator found something wrong");
    }
    Ok(())
}

/// The stage of `cargo xtask test`.
///
/// # Errors
/// As [`command`].
pub fn check(house: &House, stage: &mut Stage) -> Result<()> {
    stage.run(house.cargo().args(BUILD))?;
    stage.run(house.command(house.binary(PROGRAM)).args(["--seeds", CI_SEEDS]))
}

// The whole workspace with a filter: a part of it would be built with other features.
const BUILD: [&str; 4] = ["build", "--workspace", "--bin", PROGRAM];
