//! Files on their way to the office and from it, in pieces: what broke off goes
//! on where it stopped, also after a restart. And how each file stands.
//!
//! A file is safe when the office says that it holds all of it, and not before.
//! What HTTP has to do with it is in `client`; the form on the disk, in `sealed`.

use super::sync::Turns;
use crate::client::{Appended, Client, Fetched, NewUpload};
use crate::device::{Device, FilesMemory, Moving, Open};
use crate::error::DeviceError;
use crate::evidence::Blobs;
use crate::sealed::Reader;
use crate::store::blob::{Known, Missing, Rank, Travelling};
use crate::store::upload::Remembered;
use crate::store::{blob, ledger, task, upload};
use crate::view::{ErrorCode, FileKind, FileState, FileStatus, MissingReason, PendingChange};
use ::ledger::planted::{self, Planted};
use chrono::{DateTime, Utc};
use domain::evidence::MediaType;
use domain::evidence::media::SNIFF_BYTES;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A file of so many bytes goes along with its announcement.
const SMALL_BYTES: u64 = 64 * 1024;
/// The first piece of a large file; what a power cut costs at most grows with
/// what the line carries.
const PIECE_BYTES: u64 = 512 * 1024;
const PIECE_BYTES_MIN: u64 = 64 * 1024;
const PIECE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// A piece quicker than this is followed by a larger one, in milliseconds.
const QUICK_MS: i64 = 2_000;
/// A piece slower than this is followed by a smaller one, in milliseconds.
const SLOW_MS: i64 = 10_000;
/// How often an upload that the office lost sight of is begun anew at once.
const BEGINNINGS_MAX: u32 = 3;
/// Most entries in the list of files.
const FILES_MAX: usize = 200;
/// Files that became safe and are still listed.
const SAFE_MAX: usize = 50;

/// The size of the next piece.
struct Pieces(u64);

impl Pieces {
    fn after(&mut self, began: DateTime<Utc>, ended: DateTime<Utc>) {
        let took = (ended - began).num_milliseconds();
        if took < QUICK_MS {
            self.0 = (self.0 * 2).min(PIECE_BYTES_MAX);
        } else if took > SLOW_MS {
            self.0 = (self.0 / 2).max(PIECE_BYTES_MIN);
        }
    }
}

/// What a list of files amounts to.
pub(super) struct Statuses {
    pub(super) files: Vec<FileStatus>,
    pub(super) unsent: u32,
    pub(super) unsent_bytes: u64,
}

impl Device {
    /// Files for the office, thumbnails first, up to a rank. One that is refused does
    /// not keep the others; it is named at the end.
    pub(super) fn hand_in_files(
        &self,
        client: &Client,
        turns: &mut Turns,
        up_to: Rank,
    ) -> Result<(), DeviceError> {
        let (files, blobs) = self
            .try_with(|open| Ok((blob::to_hand_in(&open.db, up_to)?, Arc::clone(&open.blobs))))?;
        let mut pieces = Pieces(PIECE_BYTES);
        let forgotten = usize::from(planted::is(Planted::ForgetFile));
        for file in files.into_iter().rev().skip(forgotten).rev() {
            if planted::is(Planted::CallFileSafe) {
                self.try_with(|open| blob::handed_in(&open.db, &file.sha256))?;
            }
            let handed_in = self.hand_in(client, &blobs, &file, &mut pieces);
            if let Err(error) = &handed_in
                && is_damaged_here(error)
            {
                self.try_with(|open| blob::missing(&open.db, &file.sha256, Missing::DamagedHere))?;
            }
            if turns.note(handed_in)?.is_some() {
                self.try_with(|open| {
                    let tx = open.db.transaction()?;
                    upload::forget(&tx, &file.sha256)?;
                    blob::handed_in(&tx, &file.sha256)?;
                    Ok(tx.commit()?)
                })?;
                turns.changed = true;
                let safe = &mut self.lock_sync().files.safe;
                safe.push(file.sha256);
                let old = safe.len().saturating_sub(SAFE_MAX);
                safe.drain(..old);
            }
        }
        Ok(())
    }

    /// Hands one file in, to its last byte.
    fn hand_in(
        &self,
        client: &Client,
        blobs: &Blobs,
        file: &Travelling,
        pieces: &mut Pieces,
    ) -> Result<(), DeviceError> {
        let mut reader = blobs.reader(&file.sha256)?;
        let total = reader.length();
        let mut known = match self.try_with(|open| upload::get(&open.db, &file.sha256))? {
            Some(Remembered { url: Some(url), .. }) => Some(url),
            Some(Remembered { url: None, .. }) if has(client, file, total)? => return Ok(()),
            _ => None,
        };
        for _ in 0..BEGINNINGS_MAX {
            let (url, offset) = match known.take() {
                Some(url) => match client.upload_offset(&url)? {
                    Some(offset) => (url, offset),
                    None => self.begin(client, &mut reader, &file.sha256)?,
                },
                None => self.begin(client, &mut reader, &file.sha256)?,
            };
            let way = Way { client, url: &url, sha256: &file.sha256 };
            if self.send(&way, &mut reader, offset, pieces)? {
                return Ok(());
            }
            self.try_with(|open| upload::forget_place(&open.db, &file.sha256))?;
        }
        Err(DeviceError::refused(ErrorCode::ServerTrouble, "upload_gone"))
    }

    fn begin(
        &self,
        client: &Client,
        reader: &mut Reader<'_>,
        sha256: &str,
    ) -> Result<(String, u64), DeviceError> {
        let bytes = reader.length();
        let count = if bytes <= SMALL_BYTES { usize::MAX } else { SNIFF_BYTES };
        let first = reader.read(0, count)?;
        let media_type = MediaType::sniff(&first);
        let first = if bytes <= SMALL_BYTES { first.as_slice() } else { &[] };
        let new = NewUpload { sha256, bytes, media_type, first };
        let begun = client.create_upload(&new)?;
        self.try_with(|open| upload::put(&open.db, sha256, &begun.url, begun.offset))?;
        Ok((begun.url, begun.offset))
    }

    /// Sends what the office lacks. Answers whether it holds all now; if not, it
    /// does not know of the upload any more.
    fn send(
        &self,
        way: &Way<'_>,
        reader: &mut Reader<'_>,
        mut offset: u64,
        pieces: &mut Pieces,
    ) -> Result<bool, DeviceError> {
        let total = reader.length();
        let trouble = |why| Err(DeviceError::refused(ErrorCode::ServerTrouble, why));
        loop {
            if offset > total {
                // Not the upload of this file.
                way.client.terminate(way.url)?;
                return Ok(false);
            }
            self.note_sent(way, offset, total)?;
            if offset == total {
                return Ok(true);
            }
            let bytes = reader.read(offset, usize::try_from(pieces.0).unwrap_or(usize::MAX))?;
            let wanted = offset + bytes.len() as u64;
            let began = self.clock.now();
            offset = match way.client.append(way.url, offset, bytes)? {
                Appended::At(at) if at <= offset || at > wanted => return trouble("offset"),
                Appended::At(at) => at,
                Appended::Elsewhere => match way.client.upload_offset(way.url)? {
                    Some(at) if at != offset => at,
                    Some(_) => return trouble("offset_mismatch"),
                    None => return Ok(false),
                },
                Appended::Gone => return Ok(false),
            };
            pieces.after(began, self.clock.now());
        }
    }

    fn note_sent(&self, way: &Way<'_>, sent: u64, total: u64) -> Result<(), DeviceError> {
        self.moving(way.sha256, sent, total);
        self.try_with(|open| upload::put(&open.db, way.sha256, way.url, sent))
    }

    fn moving(&self, sha256: &str, done: u64, total: u64) {
        let sha256 = sha256.to_owned();
        self.lock_sync().files.moving = Some(Moving { sha256, done, total });
    }

    /// Files that are spoken of and not here, up to a rank. A file the office
    /// does not have yet, or that is not what its name says, is left for the
    /// next time.
    pub(super) fn fetch_files(
        &self,
        client: &Client,
        turns: &mut Turns,
        up_to: Rank,
    ) -> Result<(), DeviceError> {
        let (files, every, blobs) = self.try_with(|open| {
            let every = blob::to_fetch(&open.db, Rank::AHEAD)?;
            Ok((blob::to_fetch(&open.db, up_to)?, every, Arc::clone(&open.blobs)))
        })?;
        let wanted: BTreeSet<&str> = every.iter().map(|file| file.sha256.as_str()).collect();
        blobs.forget_fetched_but(&wanted)?;
        let mut pieces = Pieces(PIECE_BYTES);
        for file in files {
            let fetched = self.fetch(client, &blobs, &file, &mut pieces);
            if let Some(Some(bytes)) = turns.note(fetched)? {
                self.try_with(|open| blob::arrived(&open.db, &file.sha256, bytes))?;
                turns.changed = true;
            }
        }
        Ok(())
    }

    /// Fetches one file to its last byte; answers how many they are, or none
    /// when the office does not have it.
    fn fetch(
        &self,
        client: &Client,
        blobs: &Blobs,
        file: &Travelling,
        pieces: &mut Pieces,
    ) -> Result<Option<u64>, DeviceError> {
        let mut fetching = blobs.fetching(&file.sha256)?;
        loop {
            let began = self.clock.now();
            let here = fetching.length();
            let (bytes, total) = match client.get_range(&file.sha256, here, pieces.0) {
                Ok(Fetched::Piece { bytes, total }) => (bytes, total),
                Ok(Fetched::Absent { lost }) => {
                    let why = if lost { Missing::TabletLost } else { Missing::NotAtOffice };
                    self.try_with(|open| blob::missing(&open.db, &file.sha256, why))?;
                    fetching.discard()?;
                    return Ok(None);
                }
                Err(error) => {
                    if is_outside(&error) {
                        // What is here is not the beginning of what is there.
                        fetching.discard()?;
                    }
                    return Err(error);
                }
            };
            fetching.write(&bytes)?;
            self.moving(&file.sha256, fetching.length(), total);
            if fetching.length() == total {
                break;
            }
            if bytes.is_empty() {
                return Err(ErrorCode::ServerTrouble.into());
            }
            pieces.after(began, self.clock.now());
        }
        let total = fetching.length();
        if fetching.finish()? {
            Ok(Some(total))
        } else {
            Err(DeviceError::refused(ErrorCode::ServerTrouble, "hash_mismatch"))
        }
    }
}

/// Whether the office has a file again that it had before it began anew.
fn has(client: &Client, file: &Travelling, total: u64) -> Result<bool, DeviceError> {
    if file.mine {
        return client.has_blob(&file.sha256, total);
    }
    if total == 0 {
        return Ok(false);
    }
    // What others made need not come from here, once it can be read.
    let there = client.get_range(&file.sha256, 0, 1)?;
    Ok(matches!(there, Fetched::Piece { total: there, .. } if there == total))
}

/// Whose upload is sent where.
struct Way<'a> {
    client: &'a Client,
    url: &'a str,
    sha256: &'a str,
}

fn is_outside(error: &DeviceError) -> bool {
    matches!(error, DeviceError::Refused(error)
        if error.detail.as_deref() == Some("range_outside"))
}

fn is_damaged_here(error: &DeviceError) -> bool {
    matches!(error, DeviceError::Refused(error)
        if matches!(error.code, ErrorCode::StoreDamaged | ErrorCode::FileAbsent))
}

impl Open {
    /// How each file stands that is not settled; those only here also go into
    /// the list of what is only here.
    pub(super) fn file_statuses(
        &self,
        memory: &FilesMemory,
        pending: &mut Vec<PendingChange>,
    ) -> Result<Statuses, DeviceError> {
        let known = blob::on_the_way(&self.db, &memory.safe)?;
        let mut statuses = Statuses { files: Vec::new(), unsent: 0, unsent_bytes: 0 };
        for file in &known {
            let enterprise = task::enterprise(&self.db, file.ledger)?;
            if file.up && !file.at_server {
                statuses.unsent += 1;
                statuses.unsent_bytes += file.bytes;
                pending.push(PendingChange {
                    ledger: file.ledger,
                    enterprise: enterprise.clone(),
                    intent: "file".to_owned(),
                    wall: file.since.clone(),
                    bytes: file.bytes,
                });
            }
            let task = ledger::audience(&self.db, file.ledger)?.map(|(task, _)| task);
            let moving = memory.moving.as_ref().filter(|moving| moving.sha256 == file.sha256);
            statuses.files.push(FileStatus { task, enterprise, ..status(file, moving) });
        }
        let place = |file: &FileStatus| match file.state {
            FileState::Sending | FileState::Fetching => 0,
            FileState::OnlyHere => 1,
            FileState::ToFetch => 2,
            FileState::Missing => 3,
            FileState::AtServer => 4,
        };
        // Within a state, in the order in which they travel.
        statuses.files.sort_by_key(place);
        statuses.files.truncate(FILES_MAX);
        Ok(statuses)
    }
}

/// How one file stands, but for what it belongs to.
fn status(file: &Known, moving: Option<&Moving>) -> FileStatus {
    let reason = file.missing.map(|why| match why {
        Missing::NotAtOffice => MissingReason::NotAtOffice,
        Missing::TabletLost => MissingReason::TabletLost,
        Missing::DamagedHere => MissingReason::DamagedHere,
    });
    let up = file.up && file.here;
    let state = match (up, moving.is_some(), reason) {
        _ if up && file.at_server => FileState::AtServer,
        (true, true, _) => FileState::Sending,
        (true, false, Some(MissingReason::DamagedHere)) => FileState::Missing,
        (true, false, _) => FileState::OnlyHere,
        (false, true, _) => FileState::Fetching,
        (false, false, Some(_)) => FileState::Missing,
        (false, false, None) => FileState::ToFetch,
    };
    let bytes = moving.map_or(file.bytes, |moving| file.bytes.max(moving.total));
    let sent_bytes = match state {
        FileState::AtServer => bytes,
        _ => moving.map_or(file.sent, |moving| moving.done).min(bytes),
    };
    FileStatus {
        sha256: file.sha256.clone(),
        kind: match file.rank {
            Rank::Package => FileKind::Package,
            Rank::Thumbnail => FileKind::Thumbnail,
            Rank::Original => FileKind::Original,
            Rank::Document => FileKind::Document,
            Rank::Kept => FileKind::Other,
        },
        name: file.name.clone(),
        task: None,
        enterprise: String::new(),
        bytes,
        sent_bytes,
        state,
        reason: if state == FileState::Missing { reason } else { None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_grow_on_a_good_line_and_shrink_on_a_bad_one() {
        let began: DateTime<Utc> = "2026-11-23T02:00:00Z".parse().unwrap();
        let after = |ms| began + chrono::Duration::milliseconds(ms);
        let mut pieces = Pieces(PIECE_BYTES);
        pieces.after(began, after(500));
        assert_eq!(pieces.0, PIECE_BYTES * 2);
        pieces.after(began, after(5_000));
        assert_eq!(pieces.0, PIECE_BYTES * 2);
        for _ in 0..20 {
            pieces.after(began, after(60_000));
        }
        assert_eq!(pieces.0, PIECE_BYTES_MIN);
        for _ in 0..20 {
            pieces.after(began, began);
        }
        assert_eq!(pieces.0, PIECE_BYTES_MAX);
    }
}
