//! One tablet: its encrypted store, its files, the exchange with the office,
//! and what a person can do with it.
//!
//! [`Device`] is the door for the app and for the headless binary. The rules
//! of the fold are `ledger`'s, the forms are `documents`'; screens are drawn
//! elsewhere.

pub mod client;
pub mod clock;
mod device;
mod disk;
pub mod durable;
pub mod error;
pub mod events;
pub mod evidence;
mod incoming;
pub mod lease;
mod picture;
mod recovery;
mod rescue;
mod salvage;
mod scene;
pub mod schedule;
mod sealed;
#[cfg(feature = "simulation")]
pub mod simulation;
mod spare;
mod store;
pub mod surroundings;
#[cfg(test)]
mod testing;
pub mod usecase;
pub mod vault;
mod version;
pub mod view;
mod wipe;

pub use device::Device;
/// The shapes of a task's board and the names of its registers, for those who
/// know tablets and not ledgers.
pub use ledger::{Register, board};
