//! The exchange between two replicas, without input or output of its own: what
//! is said (`message`), what the caller does (`caller`) and what the one who
//! answers does (`answerer`). The HTTP client, the server and tests drive it.

mod answerer;
mod caller;
pub(crate) mod message;

pub use answerer::{Answer, answer};
pub use caller::{Caller, Step, Stuck};
pub use message::{
    BodyError, PROTOCOL, Refused, Request, RequestHeader, Response, ResponseHeader, Want,
};

/// About how many bytes of changes one message carries.
pub const PAGE_BYTES: usize = 1024 * 1024;

/// The largest message taken, in bytes after decompression.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
