//! The rescue pack: one button, in every state in which there is work on the
//! tablet that the office may lack. A locked tablet wants its PIN for it.

use crate::device::{Damaged, Device};
use crate::error::DeviceError;
use crate::evidence::Blobs;
use crate::recovery::Recovery;
use crate::rescue::{Heading, Packer, Written, file_name};
use crate::salvage::Source;
use crate::store::{self, identity};
use crate::view::{AppError, ErrorCode, RescuePack, RescuePlace};
use ledger::certificate::Certificate;
use ledger::pack::Missing;
use ledger::seal::Signer;
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl Device {
    /// Writes a rescue pack: every change of this tablet's without a receipt and
    /// every own file that is not at the server, or `everything` of its own.
    /// `target` is a folder, or the path of the file to be.
    ///
    /// # Errors
    /// [`ErrorCode::Locked`] without a PIN, [`ErrorCode::PinWrong`],
    /// [`ErrorCode::PinWait`], [`ErrorCode::FolderUnusable`],
    /// [`ErrorCode::DiskFull`] of that folder, [`ErrorCode::NoRecovery`].
    pub fn rescue_pack(
        &self,
        target: &Path,
        everything: bool,
        pin: Option<&str>,
    ) -> Result<RescuePack, AppError> {
        self.rescue_pack_inner(target, everything, pin).map_err(DeviceError::into_app)
    }

    fn rescue_pack_inner(
        &self,
        target: &Path,
        everything: bool,
        pin: Option<&str>,
    ) -> Result<RescuePack, DeviceError> {
        let was_locked = self.is_locked();
        if was_locked {
            self.unlock_inner(pin.ok_or(ErrorCode::Locked)?)?;
        }
        let written = self.write_pack(target, everything);
        if was_locked {
            self.lock_screen();
        }
        let written = written?;
        let name = written.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(RescuePack {
            path: written.path.display().to_string(),
            name,
            sha256: written.sha256,
            bytes: written.bytes,
            changes: u32::try_from(written.close.changes).unwrap_or(u32::MAX),
            files: u32::try_from(written.close.files).unwrap_or(u32::MAX),
            missing: written.missing,
        })
    }

    fn write_pack(&self, target: &Path, everything: bool) -> Result<Written, DeviceError> {
        let recipient = Recovery::wanted(&self.home, &self.around)?.recipient()?;
        let made_at = self.clock.wall();
        let whose = |certificate: &Certificate| -> PathBuf {
            if target.is_dir() {
                target.join(file_name(&certificate.name, certificate.replica, made_at))
            } else {
                target.to_path_buf()
            }
        };
        let damaged = self.lock_damaged();
        if let Some(damaged) = damaged.as_ref() {
            let identity = damaged.identity.as_ref().ok_or(ErrorCode::StoreDamaged)?;
            let enrolled = identity.enrolled.as_ref().ok_or(ErrorCode::StoreDamaged)?;
            let certificate: Certificate = serde_json::from_str(&enrolled.certificate.text)?;
            let heading = Heading { identity, made_at, everything, store_damaged: true };
            let mut packer = Packer::begin(&whose(&certificate), &recipient, &heading)?;
            let files = damaged.changes(&mut packer, everything)?;
            for name in files {
                packer.file(&damaged.blobs, &name)?;
            }
            return packer.finish();
        }
        drop(damaged);
        let (mut packer, files, blobs) = self.try_with(|open| {
            let identity = identity::load(&open.db)?.ok_or(ErrorCode::StoreDamaged)?;
            let heading =
                Heading { identity: &identity, made_at, everything, store_damaged: false };
            let mut packer = Packer::begin(&whose(&open.certificate), &recipient, &heading)?;
            let mut source = Source::Sound(&open.db);
            let files = packer.changes(&mut source, open.replica, &open.signer, everything)?;
            Ok((packer, files, Arc::clone(&open.blobs)))
        })?;
        // Files take long; the store is not held meanwhile.
        for name in wanted(files, &blobs)? {
            packer.file(&blobs, &name)?;
        }
        packer.finish()
    }

    /// Where a rescue pack could be put: media that can be taken out first.
    #[must_use]
    pub fn rescue_places(&self) -> Vec<RescuePlace> {
        let mut places: Vec<RescuePlace> = Vec::new();
        for (folder, removable) in folders() {
            let usable = folder.is_dir()
                && folder.metadata().is_ok_and(|meta| !meta.permissions().readonly());
            let path = folder.display().to_string();
            if usable && !places.iter().any(|place| place.path == path) {
                let free_bytes = crate::disk::free_bytes(&folder);
                places.push(RescuePlace { path, removable, free_bytes });
            }
        }
        places
    }
}

impl Damaged {
    /// Every change that still reads back. Answers the files that it wants.
    fn changes(&self, packer: &mut Packer, everything: bool) -> Result<Vec<String>, DeviceError> {
        let identity = self.identity.as_ref().ok_or(ErrorCode::StoreDamaged)?;
        let signer = Signer::from_seed(&identity.seed);
        let again = || store::attach(&self.home, &self.key.derive("store"), &self.around).ok();
        let files = match again() {
            Some(db) => {
                let mut source = Source::Damaged(db, &again);
                packer.changes(&mut source, identity.replica, &signer, everything)?
            }
            None => {
                packer.missing(Missing::List { name: "ledgers".to_owned() })?;
                None
            }
        };
        wanted(files, &self.blobs)
    }
}

/// The files on the list, or every file where the list cannot be read.
fn wanted(files: Option<Vec<String>>, blobs: &Blobs) -> Result<Vec<String>, DeviceError> {
    files.map_or_else(|| blobs.names(), Ok)
}

/// Folders that people and systems put files into.
fn folders() -> Vec<(PathBuf, bool)> {
    let mut folders = Vec::new();
    let mut media = vec![PathBuf::from("/media"), PathBuf::from("/Volumes"), "/mnt".into()];
    if let Some(user) = std::env::var_os("USER") {
        media.extend([Path::new("/run/media").join(&user), Path::new("/media").join(&user)]);
    }
    for folder in media {
        let inside = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        folders
            .extend(inside.map(|entry| (entry.path(), true)).filter(|(path, _)| is_mounted(path)));
    }
    if cfg!(windows) {
        folders.extend(('D'..='Z').map(|drive| (PathBuf::from(format!("{drive}:\\")), true)));
    }
    for home in ["HOME", "USERPROFILE"].into_iter().filter_map(std::env::var_os) {
        for name in ["Downloads", "下载", "Documents", "文档", "Desktop", "桌面"] {
            folders.push((Path::new(&home).join(name), false));
        }
        folders.push((PathBuf::from(&home), false));
    }
    folders
}

/// Whether something is mounted at a folder: a medium that was taken out leaves
/// an empty folder behind, and what is written there stays on the tablet.
#[cfg(unix)]
fn is_mounted(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| path.metadata().map(|meta| meta.dev()).ok();
    match (device(path), path.parent().and_then(device)) {
        (Some(own), Some(around)) => own != around,
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_mounted(_path: &Path) -> bool {
    true
}
