//! The server through its own routes, in one process, on a database of its own:
//! each test's name is what it claims. Across real processes there are the
//! journeys.

mod desk;
mod enrolment;
mod events;
mod exchange;
mod files;
mod headers;
mod import;
mod office;
mod permission;
mod rescue;
mod restore;
mod review;
mod running;
mod session;
mod tablet;
mod tree;
mod upload;
