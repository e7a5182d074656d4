//! Destroying what is on the tablet, by the office's signed order: the keys
//! first, then the files they opened. A marker is written before anything is
//! removed, so that a wipe that was cut off goes on at the next start; it stays
//! until a person has read what happened.
//!
//! Who may order it, and when it is due, is decided in `usecase/withdrawal`.
//! The same list of files is what is set aside when a damaged tablet starts anew.

use crate::durable::{self, Secrecy};
use crate::error::DeviceError;
use crate::surroundings::Surroundings;
use crate::{disk, recovery, spare, store};
use ledger::wipe::Wipe;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// The marker in the home folder.
const MARKER: &str = "wiped.json";
/// The marker of a tablet that sets its files aside.
const ASIDE_MARKER: &str = "aside.json";
/// Folders of files that were set aside begin with this.
pub(crate) const ASIDE: &str = "aside-";

/// Without these nothing on the tablet can be read.
const KEYS: [&str; 5] =
    ["vault.json", "vault.pending.json", "device.secret", recovery::FILE, spare::FILE];
/// What they opened, and what lies beside it.
const FILES: [&str; 5] = [store::FILE, "store.db-wal", "store.db-shm", "tries.json", disk::RESERVE];
const FOLDERS: [&str; 2] = ["blobs", "documents"];

/// What was ordered and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wiped {
    pub(crate) order: Wipe,
    /// When the office ordered it, RFC 3339 UTC.
    pub(crate) ordered_at: String,
    /// When it was begun here, RFC 3339 UTC.
    pub(crate) at: String,
    done: bool,
}

/// Where files that are set aside go.
#[derive(Debug, Serialize, Deserialize)]
struct Aside {
    folder: String,
}

/// Destroys everything. What was open must have been closed before.
///
/// # Errors
/// The disk's; it goes on at the next start then.
pub(crate) fn destroy(
    home: &Path,
    order: Wipe,
    ordered_at: &str,
    at: &str,
) -> Result<(), DeviceError> {
    let (ordered_at, at) = (ordered_at.to_owned(), at.to_owned());
    let wiped = Wiped { order, ordered_at, at, done: false };
    write_marker(home, &wiped)?;
    finish(home, wiped)
}

/// Sets everything aside in a folder, where it stays encrypted, so that the
/// tablet can be enrolled anew. Nothing is destroyed.
///
/// # Errors
/// The disk's; it goes on at the next start then.
pub(crate) fn set_aside(home: &Path, name: &str) -> Result<(), DeviceError> {
    let aside = Aside { folder: format!("{ASIDE}{name}") };
    let bytes = serde_json::to_vec(&aside)?;
    durable::write(&home.join(ASIDE_MARKER), &bytes, Secrecy::Private)?;
    move_aside(home, &aside)
}

/// Ends what was cut off, at the start of the app.
///
/// # Errors
/// The disk's.
pub(crate) fn resume(home: &Path, around: &Surroundings) -> Result<(), DeviceError> {
    if let Some(wiped) = load(home, around)?
        && !wiped.done
    {
        finish(home, wiped)?;
    }
    match around.disk.read(&home.join(ASIDE_MARKER)) {
        Ok(bytes) => move_aside(home, &serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What happened to the tablet, if it was wiped and nobody has read so yet.
///
/// # Errors
/// The disk's.
pub(crate) fn load(home: &Path, around: &Surroundings) -> Result<Option<Wiped>, DeviceError> {
    match around.disk.read(&home.join(MARKER)) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A person has read it.
///
/// # Errors
/// The disk's.
pub(crate) fn forget(home: &Path, around: &Surroundings) -> Result<(), DeviceError> {
    Ok(around.disk.remove(&home.join(MARKER))?)
}

fn write_marker(home: &Path, wiped: &Wiped) -> Result<(), DeviceError> {
    let bytes = serde_json::to_vec(wiped)?;
    match durable::write(&home.join(MARKER), &bytes, Secrecy::Private) {
        // The reserve is there for this.
        Err(error) if error.kind() == ErrorKind::StorageFull => {
            durable::remove(&home.join(disk::RESERVE))?;
            Ok(durable::write(&home.join(MARKER), &bytes, Secrecy::Private)?)
        }
        written => Ok(written?),
    }
}

fn finish(home: &Path, wiped: Wiped) -> Result<(), DeviceError> {
    for name in KEYS.into_iter().chain(FILES) {
        durable::remove(&home.join(name))?;
    }
    for name in FOLDERS {
        remove_folder(&home.join(name))?;
    }
    for entry in fs::read_dir(home)? {
        let entry = entry?;
        // What was set aside, and what was being written when the power went.
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(ASIDE) {
            remove_folder(&entry.path())?;
        } else if name.starts_with(".new-") {
            durable::remove(&entry.path())?;
        }
    }
    write_marker(home, &Wiped { done: true, ..wiped })?;
    tracing::warn!("the data on this tablet was destroyed by the office's order");
    Ok(())
}

fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn move_aside(home: &Path, aside: &Aside) -> Result<(), DeviceError> {
    let folder = home.join(&aside.folder);
    durable::private_folder(&folder)?;
    for name in KEYS.into_iter().chain(FILES).chain(FOLDERS) {
        match durable::rename(&home.join(name), &folder.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(durable::remove(&home.join(ASIDE_MARKER))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use std::sync::Arc;

    fn here() -> Surroundings {
        Surroundings::of_the_system(Arc::new(SystemClock))
    }

    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        for name in KEYS.into_iter().chain(FILES) {
            fs::write(home.path().join(name), name).unwrap();
        }
        for name in FOLDERS {
            fs::create_dir(home.path().join(name)).unwrap();
            fs::write(home.path().join(name).join("file"), "x").unwrap();
        }
        fs::write(home.path().join("somebody-elses.txt"), "x").unwrap();
        home
    }

    fn names(home: &Path) -> Vec<String> {
        let entries = fs::read_dir(home).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_wipe_leaves_the_marker_and_what_is_not_ours() {
        let home = home();
        destroy(home.path(), Wipe::WipeNow, "then", "now").unwrap();
        assert_eq!(names(home.path()), ["somebody-elses.txt", "wiped.json"]);
        let told = load(home.path(), &here()).unwrap().unwrap();
        assert_eq!((told.order, told.at.as_str(), told.done), (Wipe::WipeNow, "now", true));
        forget(home.path(), &here()).unwrap();
        assert_eq!(load(home.path(), &here()).unwrap(), None);
    }

    #[test]
    fn a_wipe_that_was_cut_off_anywhere_goes_on_at_the_next_start() {
        let steps = KEYS.len() + FILES.len() + FOLDERS.len();
        for cut in 0..=steps {
            let home = home();
            let at = String::new();
            let begun =
                Wiped { order: Wipe::WipeAfterPush, ordered_at: at.clone(), at, done: false };
            write_marker(home.path(), &begun).unwrap();
            let all = KEYS.into_iter().chain(FILES).chain(FOLDERS);
            for name in all.take(cut) {
                let path = home.path().join(name);
                if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
                    .unwrap();
            }
            resume(home.path(), &here()).unwrap();
            assert_eq!(names(home.path()), ["somebody-elses.txt", "wiped.json"], "{cut}");
            assert!(load(home.path(), &here()).unwrap().unwrap().done);
        }
    }

    #[test]
    fn what_is_set_aside_is_whole_there_however_often_it_was_cut_off() {
        let home = home();
        let aside = Aside { folder: "aside-x".into() };
        fs::write(home.path().join(ASIDE_MARKER), serde_json::to_vec(&aside).unwrap()).unwrap();
        fs::create_dir(home.path().join("aside-x")).unwrap();
        fs::rename(home.path().join("vault.json"), home.path().join("aside-x/vault.json")).unwrap();
        resume(home.path(), &here()).unwrap();
        assert_eq!(names(home.path()), ["aside-x", "somebody-elses.txt"]);
        let moved = names(&home.path().join("aside-x"));
        assert_eq!(moved.len(), KEYS.len() + FILES.len() + FOLDERS.len());
    }
}
