//! Photos, films and papers: taking them in, and showing them.

use super::text::{self, SHORT_CHARS_MAX};
use crate::device::{Brought, Device};
use crate::disk;
use crate::error::DeviceError;
use crate::evidence::Blobs;
use crate::store::blob;
use crate::view::{AppError, ErrorCode};
use domain::evidence::media::SNIFF_BYTES;
use domain::evidence::{EvidenceFile, MediaType};
use domain::id::{RecordId, TaskId};
use domain::record::{field, kind};
use ledger::Write;
use ledger::board::Board;
use serde::Serialize;
use serde_json::{Map, json};
use std::collections::BTreeSet;
use std::io::Read;
use std::sync::{Arc, PoisonError};

/// A file that a readable ledger speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileHere {
    /// Its hash.
    pub sha256: String,
    /// Its bytes, where known.
    pub bytes: u64,
    /// Whether it is on this tablet.
    pub here: bool,
    /// Whether the server is known to hold it.
    pub at_server: bool,
}

/// Some of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePiece {
    /// What the whole is.
    pub media_type: Option<MediaType>,
    /// Bytes of the whole.
    pub total: u64,
    /// The bytes asked for; fewer only at the end.
    pub bytes: Vec<u8>,
}

impl Device {
    /// Takes a photo in and records what it shows. The files are on the disk
    /// before the record speaks of them.
    ///
    /// # Errors
    /// [`ErrorCode::FileEmpty`], [`ErrorCode::FileUnknown`],
    /// [`ErrorCode::FileDamaged`], [`ErrorCode::FileTooLarge`],
    /// [`ErrorCode::NoSuchRecord`], [`ErrorCode::DiskFull`]; nothing is changed then.
    pub fn put_evidence(
        &self,
        task: TaskId,
        subject: RecordId,
        name: &str,
        mut bytes: &[u8],
    ) -> Result<Board, AppError> {
        self.take_evidence(task, subject, name, &mut bytes)
    }

    /// The same from a file or camera, piece by piece: a film is never in memory
    /// as a whole.
    ///
    /// # Errors
    /// As [`Device::put_evidence`].
    pub fn take_evidence(
        &self,
        task: TaskId,
        subject: RecordId,
        name: &str,
        from: &mut dyn Read,
    ) -> Result<Board, AppError> {
        // Decoding a photo takes longer than anything else here; the database
        // is not held meanwhile.
        let blobs = self.with(|open| {
            disk::require_room(&open.home)?;
            let ledger = open.joint(task)?;
            let known = open.scene(ledger, &BTreeSet::from([subject]))?;
            if known.findings.contains_key(&subject) || known.items.contains_key(&subject) {
                Ok(Arc::clone(&open.blobs))
            } else {
                Err(ErrorCode::NoSuchRecord.into())
            }
        })?;
        // What was cleared away may be the same file, and is about to be removed.
        let _taking = self.taking.read().unwrap_or_else(PoisonError::into_inner);
        let taken = blobs.take(from).map_err(DeviceError::into_app)?;
        self.with(|open| {
            let ledger = open.joint(task)?;
            let file = EvidenceFile {
                subject,
                sha256: taken.sha256.clone(),
                bytes: taken.bytes,
                media_type: taken.media_type,
                name: text::limited(base_name(name), SHORT_CHARS_MAX)?,
                thumbnail: taken.thumbnail.as_ref().map(|(sha256, _)| sha256.clone()),
                more: Map::new(),
            };
            let write = Write::new(kind::EVIDENCE, open.new_record()?, field::FILE, json!(file));
            let own = [Some((taken.sha256.clone(), taken.bytes)), taken.thumbnail.clone()];
            let files: Vec<Brought> = own
                .into_iter()
                .flatten()
                .map(|(sha256, bytes)| Brought { sha256, bytes })
                .collect();
            let committed = open.commit(ledger, "evidence.add", vec![write], &files);
            if let Err(DeviceError::Refused(_)) = &committed {
                // Turned away before anything was written: a full disk must not be
                // filled with what nothing speaks of.
                for file in files.iter().filter(|file| !blob::is_known(&open.db, &file.sha256)) {
                    open.blobs.drop_file(&file.sha256)?;
                }
            }
            committed?;
            open.board(task)
        })
    }

    /// A file that a readable ledger speaks of, with what it is.
    ///
    /// # Errors
    /// [`ErrorCode::FileAbsent`], [`ErrorCode::StoreDamaged`], [`ErrorCode::Locked`].
    pub fn file(&self, sha256: &str) -> Result<(Option<MediaType>, Vec<u8>), AppError> {
        let blobs = self.readable(sha256)?;
        let bytes = blobs.get(sha256).map_err(DeviceError::into_app)?;
        Ok((MediaType::sniff(&bytes), bytes))
    }

    /// Some of such a file, from `start`.
    ///
    /// # Errors
    /// As [`Device::file`].
    pub fn file_piece(
        &self,
        sha256: &str,
        start: u64,
        count: usize,
    ) -> Result<FilePiece, AppError> {
        let blobs = self.readable(sha256)?;
        let read = || {
            let mut reader = blobs.reader(sha256)?;
            let media_type = MediaType::sniff(&reader.read(0, SNIFF_BYTES)?);
            let total = reader.length();
            Ok(FilePiece { media_type, total, bytes: reader.read(start, count)? })
        };
        read().map_err(DeviceError::into_app)
    }

    fn readable(&self, sha256: &str) -> Result<Arc<Blobs>, AppError> {
        self.with(|open| {
            if blob::is_referred(&open.db, sha256)? {
                Ok(Arc::clone(&open.blobs))
            } else {
                Err(ErrorCode::FileAbsent.into())
            }
        })
    }

    /// Every file that readable ledgers speak of.
    ///
    /// # Errors
    /// [`ErrorCode::Locked`] and the store's.
    pub fn files(&self) -> Result<Vec<FileHere>, AppError> {
        self.with(|open| {
            let all = blob::all(&open.db)?.into_iter();
            Ok(all
                .map(|(file, here, at_server)| FileHere {
                    sha256: file.sha256,
                    bytes: file.bytes,
                    here,
                    at_server,
                })
                .collect())
        })
    }

    /// The finding with a number, as the board counts them.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchRecord`], [`ErrorCode::NoSuchTask`].
    pub fn finding_by_number(&self, task: TaskId, number: u32) -> Result<RecordId, AppError> {
        let board = self.board(task)?;
        let finding = board.findings.iter().find(|finding| finding.number == number);
        Ok(finding.map(|finding| finding.rec).ok_or(ErrorCode::NoSuchRecord)?)
    }
}

/// The last part of a name; a path on the device that took it is nobody's business.
fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}
