//! Space on the disk: what is left, whether a person should know, and a little
//! that is held back for handing in when everything else is used up.

use crate::error::DeviceError;
use crate::view::{ErrorCode, Space};
use std::fs;
use std::io::Write;
use std::path::Path;

/// Below this a person is told, in bytes.
pub(crate) const LOW_BYTES: u64 = 500 * 1024 * 1024;
/// Below this no gesture is taken, so that receipts can still be written, in bytes.
pub(crate) const FLOOR_BYTES: u64 = 512 * 1024;

/// The file that is held back, and how large it is, in bytes.
pub(crate) const RESERVE: &str = "reserve.bin";
const RESERVE_BYTES: usize = 1024 * 1024;
/// With this much left the reserve is made (again), in bytes.
const PLENTY_BYTES: u64 = 16 * 1024 * 1024;

/// Bytes left where the tablet's files lie; none when the system does not say.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    fs4::available_space(folder).ok()
}

/// What a person should know of the space that is left.
pub(crate) fn space(free: Option<u64>) -> Space {
    match free {
        Some(free) if free < FLOOR_BYTES => Space::Full,
        Some(free) if free < LOW_BYTES => Space::Low,
        _ => Space::Plenty,
    }
}

/// Whether an exchange may find too little room.
pub(crate) fn is_short(home: &Path) -> bool {
    free_bytes(home).is_some_and(|free| free < PLENTY_BYTES)
}

/// Refuses a gesture for which there is no room, before anything is begun.
///
/// # Errors
/// [`ErrorCode::DiskFull`].
pub(crate) fn require_room(home: &Path) -> Result<(), DeviceError> {
    match space(free_bytes(home)) {
        Space::Full => Err(ErrorCode::DiskFull.into()),
        Space::Low | Space::Plenty => Ok(()),
    }
}

/// Before an exchange: gives the reserve free where nothing else is, and makes
/// it where there is plenty. Not having one is no error.
pub(crate) fn prepare(home: &Path) {
    if !home.is_dir() {
        return;
    }
    let reserve = home.join(RESERVE);
    let free = free_bytes(home).unwrap_or(u64::MAX);
    let result = if free < RESERVE_BYTES as u64 {
        crate::durable::remove(&reserve)
    } else if free > PLENTY_BYTES && !reserve.exists() {
        make(&reserve)
    } else {
        Ok(())
    };
    if let Err(error) = result {
        tracing::warn!(%error, "the reserve on the disk could not be made or given free");
    }
}

fn make(reserve: &Path) -> std::io::Result<()> {
    // Written out: a file with holes would hold nothing back.
    let mut file = fs::File::create(reserve)?;
    file.write_all(&vec![0xA5; RESERVE_BYTES])?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_space_is_told_before_it_is_too_late() {
        assert_eq!(space(Some(LOW_BYTES)), Space::Plenty);
        assert_eq!(space(Some(LOW_BYTES - 1)), Space::Low);
        assert_eq!(space(Some(FLOOR_BYTES)), Space::Low);
        assert_eq!(space(Some(FLOOR_BYTES - 1)), Space::Full);
        assert_eq!(space(None), Space::Plenty);
    }

    #[test]
    fn a_reserve_is_held_back_where_there_is_plenty() {
        let home = tempfile::tempdir().unwrap();
        prepare(home.path());
        let plenty = free_bytes(home.path()).is_none_or(|free| free > PLENTY_BYTES);
        assert_eq!(home.path().join(RESERVE).exists(), plenty);
    }
}
