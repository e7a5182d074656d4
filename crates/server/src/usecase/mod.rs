//! Pieces of work, step by step: load, let `domain` and `ledger` decide, write
//! in one transaction. HTTP is in `handlers`, SQL in `store`.

pub(crate) mod adoption;
pub(crate) mod append;
pub(crate) mod blob;
pub(crate) mod board;
pub(crate) mod bundle;
pub(crate) mod clock;
pub(crate) mod demo_city;
pub(crate) mod demo_task;
pub(crate) mod dispatch;
pub(crate) mod document;
pub(crate) mod draft;
pub(crate) mod enrolment;
pub(crate) mod epoch;
pub(crate) mod exchange;
pub(crate) mod expiry;
pub(crate) mod import;
pub(crate) mod judgement;
pub(crate) mod pack;
pub(crate) mod pack_reading;
pub(crate) mod package;
pub(crate) mod password;
pub(crate) mod pin_reset;
pub(crate) mod readmission;
pub(crate) mod resolution;
pub(crate) mod review;
pub(crate) mod revocation;
pub(crate) mod running;
pub(crate) mod sign_in;
pub(crate) mod spreadsheet;
pub(crate) mod team;
pub(crate) mod tree;
pub(crate) mod upload;
pub(crate) mod watch;
