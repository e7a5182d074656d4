//! Photos: taking them in, and showing them.

use super::text::{self, SHORT_CHARS_MAX};
use crate::device::{Brought, Device};
use crate::store::blob;
use crate::view::{AppError, ErrorCode};
use domain::evidence::{EvidenceFile, MediaType};
use domain::id::{RecordId, TaskId};
use domain::record::{field, kind};
use ledger::Write;
use ledger::board::Board;
use serde::Serialize;
use serde_json::{Map, json};
use std::sync::Arc;

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
        bytes: &[u8],
    ) -> Result<Board, AppError> {
        // Decoding a photo takes longer than anything else here; the database
        // is not held meanwhile.
        let blobs = self.with(|open| {
            let ledger = open.joint(task)?;
            let known = open.scene(ledger)?;
            if known.findings.contains_key(&subject) || known.items.contains_key(&subject) {
                Ok(Arc::clone(&open.blobs))
            } else {
                Err(ErrorCode::NoSuchRecord.into())
            }
        })?;
        let taken = blobs.take_picture(bytes).map_err(crate::error::DeviceError::into_app)?;
        self.with(|open| {
            let ledger = open.joint(task)?;
            let file = EvidenceFile {
                subject,
                sha256: taken.sha256.clone(),
                bytes: taken.bytes,
                media_type: taken.media_type,
                name: text::limited(base_name(name), SHORT_CHARS_MAX)?,
                thumbnail: Some(taken.thumbnail.0.clone()),
                more: Map::new(),
            };
            let write = Write::new(kind::EVIDENCE, open.new_record()?, field::FILE, json!(file));
            let files = [
                Brought { sha256: taken.sha256.clone(), bytes: taken.bytes },
                Brought { sha256: taken.thumbnail.0.clone(), bytes: taken.thumbnail.1 },
            ];
            open.commit(ledger, "evidence.add", vec![write], &files)?;
            open.board(task)
        })
    }

    /// A file that a readable ledger speaks of, with what it is.
    ///
    /// # Errors
    /// [`ErrorCode::FileAbsent`], [`ErrorCode::StoreDamaged`], [`ErrorCode::Locked`].
    pub fn file(&self, sha256: &str) -> Result<(Option<MediaType>, Vec<u8>), AppError> {
        let blobs = self.with(|open| {
            if blob::is_referred(&open.db, sha256)? {
                Ok(Arc::clone(&open.blobs))
            } else {
                Err(ErrorCode::FileAbsent.into())
            }
        })?;
        let bytes = blobs.get(sha256).map_err(crate::error::DeviceError::into_app)?;
        Ok((MediaType::sniff(&bytes), bytes))
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
