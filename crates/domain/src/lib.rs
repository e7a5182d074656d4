//! What the trade is made of: departments, inspectors, enterprises, matters,
//! plans, tasks, findings and evidence, with the rules that hold for them
//! anywhere.
//!
//! Pure: no clock, no randomness, no files, no network, no SQL, no async.
//! `now` and new ids come in as arguments. How state is kept and agreed on
//! between replicas is `ledger`'s business.

pub mod department;
pub mod document;
pub mod enterprise;
pub mod evidence;
pub mod finding;
pub mod id;
pub mod inspector;
pub mod matter;
pub mod package;
pub mod permission;
pub mod personal;
pub mod plan;
pub mod record;
pub mod task;
pub mod time;
pub mod version;
