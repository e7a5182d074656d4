//! The rows of the measures, one file for what belongs together.

mod blob;
mod fleet;
mod gesture;
mod push;
mod replay;
mod swarm;

use crate::Bench;
use crate::table::Row;
use anyhow::Result;

/// Measures some rows together.
type Run = fn(&Bench) -> Result<Vec<Row>>;

/// All rows, in the order in which they are measured.
pub const ALL: &[(&[&str], Run)] = &[
    (&["S1"], push::push),
    (&["S2"], push::pull),
    (&["S3"], push::bytes),
    (&["S4"], push::nothing),
    (&["S5", "S10"], swarm::swarm),
    (&["S6"], replay::replay),
    (&["S7"], replay::one_bad),
    (&["S8"], gesture::gesture),
    (&["S9"], blob::upload),
    (&["S11"], fleet::fleet),
];
