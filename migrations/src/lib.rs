//! The schemas of both stores as append-only migrations: a released one is
//! never edited. What the rows mean is written in the stores themselves
//! (`device::store`, `server::store`).

#[cfg(feature = "device")]
pub mod device;
#[cfg(feature = "server")]
pub mod server;
