//! What the server finds around it: clock, randomness, where files go, and the
//! system under its database. All of it is handed in with the settings, so that
//! the simulator can run the real server in a world made from a seed.

use crate::error::{Result, ServerError};
use chrono::{DateTime, Utc};
use object_store::ObjectStore;
use std::fmt;
use std::sync::Arc;
use uuid::{Builder, Uuid};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> DateTime<Utc>;
}

/// Where random bytes come from: keys, codes, tokens and the tail of new ids.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with bytes that nobody can foresee.
    ///
    /// # Errors
    /// When the system has none to give.
    fn fill(&self, bytes: &mut [u8]) -> Result<()>;
}

/// The operating system's clock and random bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Clock for System {
    fn now(&self) -> DateTime<Utc> {
        // The one place on the server where the system's clock is read.
        Utc::now()
    }
}

impl Entropy for System {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        getrandom::fill(bytes).map_err(|_| ServerError::Broken("no random bytes"))
    }
}

/// Everything that the server does not bring itself.
#[derive(Clone)]
pub struct Surroundings {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Keeps files; none is a folder under the data folder.
    pub files: Option<Arc<dyn ObjectStore>>,
    /// Name of the SQLite VFS under the database; none is the system's.
    pub vfs: Option<String>,
    /// Connections to the database at most; none is the usual number.
    pub connections_max: Option<u32>,
}

impl Surroundings {
    /// A new id, ordered by time.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn new_id(&self) -> Result<Uuid> {
        let millis = u64::try_from(self.clock.now().timestamp_millis()).unwrap_or(0);
        let mut random = [0; 10];
        self.entropy.fill(&mut random)?;
        Ok(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            clock: Arc::new(System),
            entropy: Arc::new(System),
            files: None,
            vfs: None,
            connections_max: None,
        }
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings").field("vfs", &self.vfs).finish_non_exhaustive()
    }
}
