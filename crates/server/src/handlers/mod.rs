//! HTTP, one file per noun: read the request, call the use case, shape the
//! answer. Who may call is decided before, by the router.

pub mod blob;
pub mod bundle;
pub mod console;
pub mod directory;
pub mod document;
pub mod enrolment;
pub mod events;
pub mod evidence;
pub mod exchange;
pub mod health;
pub mod import;
pub mod overview;
pub mod pack;
pub mod pin_reset;
pub mod revocation;
pub mod running;
pub mod session;
pub mod tablet;
pub mod task;
pub mod tree;
pub mod upload;
