//! The deterministic simulator: real tablets, the real server and the real
//! exchange between them, in one process and in a world made from a seed — its
//! clocks, ids and randomness, its network, and the disks under everything.
//!
//! [`run`] does a seed; [`action`] lists what can happen; [`oracle`] says what
//! must be true of it. How to replay a seed, what each fault is and what each
//! check says is told in the crate's `README.md`.
//!
//! This crate alone may use `unsafe`, in `disk::vfs` and nowhere else.

pub mod action;
pub mod clock;
pub mod desk;
pub mod dice;
pub mod disk;
mod gesture;
pub mod network;
pub mod office;
pub mod oracle;
pub mod planted;
pub mod run;
pub mod tablet;
pub mod world;
