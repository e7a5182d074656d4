//! One tablet: its encrypted store, its files, the exchange with the office,
//! and what a person can do with it.
//!
//! [`Device`] is the door for the app and for the headless binary. The rules
//! of the fold are `ledger`'s, the forms are `documents`'; screens are drawn
//! elsewhere.

mod client;
pub mod clock;
mod device;
mod durable;
pub mod error;
pub mod evidence;
mod incoming;
mod picture;
mod scene;
mod sealed;
mod store;
#[cfg(test)]
mod testing;
pub mod usecase;
pub mod vault;
pub mod view;

pub use device::Device;
/// The shapes of a task's board and the names of its registers, for those who
/// know tablets and not ledgers.
pub use ledger::{Register, board};
