//! Putting an installation back from a copy, and beginning a new epoch on it.

use crate::app::{App, Settings};
use crate::error::Result;
use crate::keys::Keys;
use domain::id::ReplicaId;
use serde::Serialize;
use std::fs;
use std::io::{Error, ErrorKind};
use std::path::Path;
use uuid::Uuid;

/// What a restore began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// The new epoch.
    pub epoch: Uuid,
    /// The replica that the server writes as from now on.
    pub replica: ReplicaId,
    /// Epochs before this one.
    pub earlier: usize,
}

/// Begins a new epoch on data that were put back from a copy, taking the copy
/// from a folder first where one is named. Tablets then treat nothing as safe
/// and offer again all that they hold.
///
/// # Errors
/// When the copy holds no installation, something is at its place already, or
/// the data cannot be opened.
pub async fn restore(settings: &Settings, from: Option<&Path>) -> Result<Restored> {
    if let Some(from) = from {
        fs::metadata(from.join("keys").join("office.key"))?;
        if fs::read_dir(&settings.data).is_ok_and(|mut there| there.next().is_some()) {
            let words = "there is something at the place of the installation already";
            return Err(Error::new(ErrorKind::AlreadyExists, words).into());
        }
        copy_folder(from, &settings.data)?;
    }
    Keys::begin_epoch(&settings.data.join("keys"), &settings.around)?;
    App::within(settings, async |app| {
        tracing::warn!(epoch = %app.keys.epoch, "a new epoch begins");
        let Keys { epoch, replica, ref former, .. } = app.keys;
        Ok(Restored { epoch, replica, earlier: former.len() })
    })
    .await
}

/// Files with their modes, folders within folders.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target)?;
            fs::File::open(&target)?.sync_all()?;
        }
    }
    fs::File::open(to)?.sync_all()?;
    Ok(())
}
