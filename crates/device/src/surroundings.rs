//! What a tablet finds around it: clock, randomness, disk, the line to the
//! office, and the system under its database. All of it is handed in, so that
//! the simulator can run real tablets in a world made from a seed.
//!
//! [`Surroundings::of_the_system`] is what every real tablet uses.

use crate::client::Line;
use crate::clock::Clock;
use crate::durable::{Disk, SystemDisk};
use crate::error::DeviceError;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use uuid::{Builder, Uuid};

/// Where random bytes come from: keys, salts, nonces and the tail of new ids.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with bytes that nobody can foresee.
    ///
    /// # Errors
    /// [`DeviceError::Cipher`] when there are none to be had.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), DeviceError>;
}

/// The operating system's random bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), DeviceError> {
        getrandom::fill(bytes).map_err(|_| DeviceError::Cipher)
    }
}

/// What deriving a key from a PIN costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl PinCost {
    /// OWASP's least for Argon2id with two passes.
    pub const USUAL: Self = Self { memory_kib: 19 * 1024, passes: 2 };
}

/// Everything that a tablet does not bring itself.
#[derive(Clone)]
pub struct Surroundings {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Keeps files, all but the database.
    pub disk: Arc<dyn Disk>,
    /// Name of the SQLite VFS under the database; none is the system's.
    pub vfs: Option<String>,
    /// Leads to the office instead of HTTP over a socket.
    pub line: Option<Arc<dyn Line>>,
    /// What deriving a key from a newly chosen PIN costs.
    pub pin_cost: PinCost,
}

impl Surroundings {
    /// The operating system's, with this clock.
    #[must_use]
    pub fn of_the_system(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            entropy: Arc::new(SystemEntropy),
            disk: Arc::new(SystemDisk),
            vfs: None,
            line: None,
            pin_cost: PinCost::USUAL,
        }
    }

    /// So many random bytes.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], DeviceError> {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// A UUIDv7 of this moment.
    pub(crate) fn new_uuid(&self) -> Result<Uuid, DeviceError> {
        Ok(uuid_at(self.clock.now(), &self.random()?))
    }
}

fn uuid_at(now: DateTime<Utc>, random: &[u8; 10]) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_seven_and_ordered_by_their_moment() {
        let at = |text: &str| uuid_at(text.parse().unwrap(), &[0xff; 10]);
        let (early, late) = (at("2026-11-23T02:00:00.001Z"), at("2026-11-23T02:00:00.002Z"));
        assert_eq!(early.get_version_num(), 7);
        assert!(early < late);
    }
}
