//! A rescue pack is handed in: opened with the recovery key, read record by
//! record, and taken by the very steps that an exchange takes its pages by. The
//! same pack may come any number of times, from anyone, and in part: what
//! verifies is taken, what does not is named.
//!
//! Reading runs on a thread of its own, since age and zstd read from a stream
//! that blocks; what it reads comes here over a short channel, so that a pack of
//! any size takes little memory.

use crate::app::{App, rfc3339};
use crate::error::{Code, Result, ServerError};
use crate::store::{blob, chain, inspector, pack_import, tablet};
use crate::usecase::exchange::{self, Device, Due};
use crate::usecase::pack_reading::{self, Ending, Event};
use crate::usecase::upload;
use axum::body::{Body, Bytes, HttpBody};
use domain::evidence::FILE_BYTES_MAX;
use domain::id::{LedgerId, PersonId, ReplicaId};
use domain::version::Version;
use http_body::Frame;
use ledger::Hash;
use ledger::incoming::Page;
use ledger::pack::{Close, Missing, Opening, Record, SignedOpening};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use utoipa::ToSchema;
use uuid::Uuid;

/// Refused pages and missing parts that a report names; the counts tell of the others.
const NAMED_MAX: usize = 100;

/// What a pack brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PackReport {
    /// This report.
    pub id: Uuid,
    /// When it was handed in, RFC 3339 UTC.
    pub at: String,
    /// SHA-256 of the file as it was handed in, to compare with the paper.
    pub sha256: String,
    /// Its bytes.
    pub bytes: u64,
    /// The tablet.
    pub replica: ReplicaId,
    /// What people call it.
    pub tablet: String,
    /// Whose it is.
    pub person: String,
    /// When the pack was written, by the tablet's clock.
    pub made_at: String,
    /// Whether the tablet's store was damaged.
    pub store_damaged: bool,
    /// Whether the pack was whole and everything in it could be read.
    pub whole: bool,
    /// Why reading ended early: `cut_off`, `damaged`, `too_large` or `malformed`.
    pub ended: Option<String>,
    /// Changes that were not here before.
    pub changes_new: u64,
    /// Changes that were here.
    pub changes_known: u64,
    /// Changes that could not be taken.
    pub changes_refused: u64,
    /// Files that were not here before.
    pub files_new: u64,
    /// Files that were here.
    pub files_known: u64,
    /// Files whose bytes are not what their name says, or that are too large.
    pub files_refused: u64,
    /// Pages that were not taken whole, with why (at most 100).
    pub refused: Vec<RefusedPart>,
    /// What the tablet itself could not read (at most 100).
    pub missing: Vec<MissingPart>,
}

/// Changes of a pack that were not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedPart {
    /// The ledger.
    pub ledger: LedgerId,
    /// The first position.
    pub from: u64,
    /// The last one.
    pub upto: u64,
    /// Why, as in an exchange; or `foreign` for another tablet's chain.
    pub reason: String,
}

/// Something that the tablet could not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MissingPart {
    /// `changes`, `file` or `list`.
    pub what: String,
    /// The ledger of missing changes.
    pub ledger: Option<LedgerId>,
    /// The first position that is missing.
    pub from: Option<u64>,
    /// The last one, where it is known.
    pub upto: Option<u64>,
    /// The file's hash, or the list's name.
    pub name: Option<String>,
}

impl From<Missing> for MissingPart {
    fn from(missing: Missing) -> Self {
        let part = |what: &str| Self {
            what: what.to_owned(),
            ledger: None,
            from: None,
            upto: None,
            name: None,
        };
        match missing {
            Missing::Changes { ledger, from, upto } => {
                Self { ledger: Some(ledger), from: Some(from), upto, ..part("changes") }
            }
            Missing::File { sha256 } => Self { name: Some(sha256), ..part("file") },
            Missing::List { name } => Self { name: Some(name), ..part("list") },
        }
    }
}

/// Takes a pack that `source` reads; `by` is the account that hands it in.
///
/// # Errors
/// [`Code::NotAPack`], [`Code::PackForeign`], [`Code::PackUnknown`] when nothing
/// of it can be taken; damage further on ends up in the report instead.
pub async fn import(
    app: &App,
    source: impl Read + Send + 'static,
    by: Option<Uuid>,
) -> Result<PackReport> {
    let (sender, mut events) = channel(4);
    let reading = app.clone();
    let reader = tokio::task::spawn_blocking(move || {
        pack_reading::read(reading.keys.recovery.identity(), source, &sender)
    });
    let result = take_all(app, &mut events).await;
    // A reader that still reads ends when nobody listens any more.
    drop(events);
    let read = reader.await.map_err(|_| ServerError::Broken("reading a pack was cut off"))?;
    let (mut report, closing) = match result? {
        Some(taken) => taken,
        None => return Err(refusal(read.ending).into()),
    };
    report.sha256 = read.sha256.to_string();
    report.bytes = read.bytes;
    report.ended = ended(read.ending).map(str::to_owned);
    let held = Close {
        changes: report.changes_new + report.changes_known + report.changes_refused,
        files: report.files_new + report.files_known + report.files_refused,
    };
    report.whole = report.ended.is_none()
        && closing == Some(held)
        && report.missing.is_empty()
        && report.changes_refused == 0
        && report.files_refused == 0;
    keep(app, &report, by).await?;
    tracing::info!(
        replica = %report.replica, by = ?by, whole = report.whole,
        changes = report.changes_new, files = report.files_new, "a rescue pack was handed in"
    );
    Ok(report)
}

async fn keep(app: &App, report: &PackReport, by: Option<Uuid>) -> Result<()> {
    let row = pack_import::Model {
        id: report.id,
        replica: report.replica.0,
        sha256: report.sha256.clone(),
        handed_in_by: by,
        created_ms: app.now_ms(),
        body: serde_json::to_string(report)?,
    };
    pack_import::insert(&app.db, row).await
}

/// The reports of the packs handed in last, newest first.
pub async fn reports(app: &App) -> Result<Vec<PackReport>> {
    let rows = pack_import::latest(&app.db, 50).await?;
    rows.iter().map(|row| Ok(serde_json::from_str(&row.body)?)).collect()
}

fn refusal(ending: Ending) -> Code {
    match ending {
        Ending::Foreign => Code::PackForeign,
        _ => Code::NotAPack,
    }
}

fn ended(ending: Ending) -> Option<&'static str> {
    match ending {
        Ending::Whole => None,
        Ending::CutOff => Some("cut_off"),
        Ending::TooLarge => Some("too_large"),
        Ending::Malformed => Some("malformed"),
        Ending::Damaged | Ending::NotAPack | Ending::Foreign => Some("damaged"),
    }
}

/// Takes records as they come. None when there was not even an opening.
async fn take_all(
    app: &App,
    events: &mut Receiver<Event>,
) -> Result<Option<(PackReport, Option<Close>)>> {
    let Some(Event::Record(Record::Opening(signed))) = events.recv().await else {
        return Ok(None);
    };
    let (device, mut report) = open(app, &signed).await?;
    let mut closing = None;
    // An ending takes the place of a record only between files.
    while let Some(Event::Record(record)) = events.recv().await {
        match record {
            Record::Page(page) => take_page(app, &device, page, &mut report).await?,
            Record::File { sha256, bytes } => {
                if !take_file(app, &device, (sha256, bytes), events, &mut report).await? {
                    break;
                }
            }
            Record::Missing(missing) if report.missing.len() < NAMED_MAX => {
                report.missing.push(missing.into());
            }
            Record::Close(close) => closing = Some(close),
            Record::Missing(_) | Record::Unknown(_) => {}
            // The decoder lets neither pass here.
            Record::Opening(_) | Record::Part(_) => break,
        }
    }
    Ok(Some((report, closing)))
}

/// Whose pack it is, as its own signature and the office's certificate say.
async fn open(app: &App, signed: &SignedOpening) -> Result<(Device, PackReport)> {
    let opening: Opening =
        signed.verify(&app.keys.office.public()).map_err(|_| Code::PackUnknown)?;
    let known = tablet::by_replica(&app.db, opening.replica).await?.ok_or(Code::PackUnknown)?;
    let person = PersonId(known.person);
    let device = Device {
        replica: opening.replica,
        person,
        revoked: known.revoked_ms.is_some(),
        last_contact_ms: known.last_contact_ms,
        version: known.app_version.parse().unwrap_or(Version(0, 0, 0)),
    };
    let report = PackReport {
        id: app.new_id()?,
        at: rfc3339(app.now_ms()),
        sha256: String::new(),
        bytes: 0,
        replica: opening.replica,
        tablet: known.name,
        person: inspector::by_person(&app.db, person)
            .await?
            .map(|one| one.name)
            .unwrap_or_default(),
        made_at: opening.made_at.to_string(),
        store_damaged: opening.store_damaged,
        whole: false,
        ended: None,
        changes_new: 0,
        changes_known: 0,
        changes_refused: 0,
        files_new: 0,
        files_known: 0,
        files_refused: 0,
        refused: Vec::new(),
        missing: Vec::new(),
    };
    Ok((device, report))
}

async fn take_page(app: &App, device: &Device, page: Page, report: &mut PackReport) -> Result<()> {
    let (ledger, from) = (page.ledger, page.after.saturating_add(1));
    let upto = page.after.saturating_add(page.changes.len() as u64);
    let mut refuse = |first: u64, reason: String| {
        report.changes_refused += upto.saturating_add(1).saturating_sub(first);
        if report.refused.len() < NAMED_MAX {
            report.refused.push(RefusedPart { ledger, from: first, upto, reason });
        }
    };
    if page.replica != device.replica {
        refuse(from, "foreign".to_owned());
        return Ok(());
    }
    let before = chain::head(&app.db, ledger, device.replica).await?.pos;
    let mut refused = Vec::new();
    exchange::receive(app, device, ledger, vec![page], &mut refused, &mut Due::new()).await?;
    let after = chain::head(&app.db, ledger, device.replica).await?.pos;
    let known = before.min(upto).saturating_sub(from - 1);
    let new = after.min(upto).saturating_sub(before.max(from - 1));
    match refused.pop() {
        // A page that contradicts what is held counts as refused whole.
        Some(one) if new == 0 => refuse(from, one.reason),
        Some(one) => {
            refuse(after.saturating_add(1), one.reason);
            report.changes_known += known;
            report.changes_new += new;
        }
        None => {
            report.changes_known += known;
            report.changes_new += new;
        }
    }
    Ok(())
}

/// Takes a file whose parts follow; false when the pack ends within it.
async fn take_file(
    app: &App,
    device: &Device,
    (hash, bytes): (Hash, u64),
    events: &mut Receiver<Event>,
    report: &mut PackReport,
) -> Result<bool> {
    let known = app.files.length(&hash).await?.is_some()
        && blob::bringers(&app.db, &hash).await?.contains(&device.replica);
    let (sender, parts) = channel(2);
    let feed = feed(events, bytes, sender, known || bytes > FILE_BYTES_MAX);
    let keep = async {
        if known {
            return Ok(None);
        }
        let body = Body::new(Parts { parts, left: bytes });
        upload::take_whole(app, &hash, body).await.map(Some)
    };
    let (whole, kept) = tokio::join!(feed, keep);
    match kept {
        Ok(None) => report.files_known += 1,
        Ok(Some(length)) => {
            if note_file(app, device, &hash, length).await? {
                report.files_new += 1;
            } else {
                report.files_refused += 1;
            }
        }
        Err(ServerError::Refused(refusal)) => {
            // Cut off within a file: the report's ending tells of it.
            if whole || refusal.code != Code::Malformed {
                report.files_refused += 1;
            }
        }
        Err(error) => return Err(error),
    }
    Ok(whole)
}

/// Notes a file that is in its place; false where it was just being removed,
/// and is to be handed in again.
async fn note_file(app: &App, device: &Device, hash: &Hash, length: u64) -> Result<bool> {
    let db = app.begin_write().await?;
    blob::brought(&db, hash, length, device.replica, app.now_ms()).await?;
    // Whoever removes files holds the row just written while doing so.
    let stays = app.files.length(hash).await? == Some(length);
    if stays {
        db.commit().await?
    } else {
        db.rollback().await?
    }
    Ok(stays)
}

/// Passes a file's parts on. What takes them may stop listening; the parts are
/// then read past. Answers whether they all came.
async fn feed(
    events: &mut Receiver<Event>,
    bytes: u64,
    sender: Sender<Option<Bytes>>,
    discard: bool,
) -> bool {
    let mut left = bytes;
    let mut listening = !discard;
    while left > 0 {
        let Some(Event::Record(Record::Part(part))) = events.recv().await else {
            // Tells the one who takes them that the rest will not come.
            let _ = sender.send(None).await;
            return false;
        };
        left -= (part.len() as u64).min(left);
        if listening {
            listening = sender.send(Some(part.into())).await.is_ok();
        }
    }
    true
}

/// A file's parts as the body of a request, so that files come in one way.
struct Parts {
    parts: Receiver<Option<Bytes>>,
    left: u64,
}

impl HttpBody for Parts {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, CutOff>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.parts.poll_recv(context).map(|part| match part.flatten() {
            Some(bytes) => {
                self.left = self.left.saturating_sub(bytes.len() as u64);
                Some(Ok(Frame::data(bytes)))
            }
            None => Some(Err(CutOff)),
        })
    }
}

/// The pack ended within a file.
#[derive(Debug, thiserror::Error)]
#[error("the pack ended within a file")]
struct CutOff;
