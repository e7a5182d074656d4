//! HTTP, one file per noun: read the request, call the use case, shape the
//! answer. Who may call is decided before, by the router.

pub mod blob;
pub mod console;
pub mod directory;
pub mod document;
pub mod enrolment;
pub mod evidence;
pub mod exchange;
pub mod health;
pub mod import;
pub mod overview;
pub mod session;
pub mod tablet;
pub mod task;
pub mod upload;
