//! Files on their way up, piece by piece (tus 1.0). Whatever an answer says is
//! here, is durable; a file is in its place and noted before its last byte is
//! confirmed, so that "complete" means safe.
//!
//! Nothing is locked meanwhile: of two pieces at one place the first one done
//! counts, the other is told where the upload stands now. A server that is
//! killed leaves at most a piece that no row names.

use crate::app::App;
use crate::error::{Code, Refusal, Result, ServerError};
use crate::files::part::Writer;
use crate::store::blob;
use crate::store::upload::{self, Model, Part};
use crate::tus::{Counting, Creation, Piece};
use crate::usecase::exchange::Device;
use axum::body::{Body, Bytes, HttpBody};
use domain::evidence::media::SNIFF_BYTES;
use domain::evidence::{FILE_BYTES_MAX, MediaType};
use ledger::Hash;
use serde_json::json;
use std::pin::Pin;
use std::time::Duration;
use uuid::Uuid;

/// How long a piece of an upload is kept after its last byte.
pub const PARTIAL_MS: i64 = 14 * 24 * 60 * 60 * 1000;
/// Unfinished uploads that one tablet may leave.
const UNFINISHED_MAX: u64 = 1000;
/// A line without a byte for so long is dead.
const SILENCE: Duration = Duration::from_secs(60);

/// Where an upload stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its id.
    pub id: Uuid,
    /// Bytes that are here.
    pub offset: u64,
    /// Bytes of the whole.
    pub length: u64,
    /// The metadata it was created with.
    pub metadata: String,
    /// Until when it is kept, where it is unfinished.
    pub expires_ms: Option<i64>,
}

impl From<Model> for Standing {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            offset: row.received(),
            length: row.length(),
            expires_ms: row.finished_ms.is_none().then_some(row.touched_ms + PARTIAL_MS),
            metadata: row.metadata,
        }
    }
}

/// Begins an upload.
///
/// # Errors
/// [`Code::TooLarge`], [`Code::QuotaReached`]; [`Code::HashMismatch`] for an
/// empty file under another name.
pub async fn create(app: &App, device: &Device, wanted: Creation) -> Result<Standing> {
    if wanted.length > FILE_BYTES_MAX {
        return Err(too_large(FILE_BYTES_MAX));
    }
    let now = app.now_ms();
    let row = Model {
        id: app.new_id()?,
        replica: device.replica.0,
        sha256: wanted.sha256.to_string(),
        filetype: wanted.filetype,
        metadata: wanted.metadata,
        length: i64::try_from(wanted.length).map_err(|_| Code::TooLarge)?,
        received: 0,
        created_ms: now,
        touched_ms: now,
        finished_ms: None,
    };
    let db = app.begin_write().await?;
    let (count, unfinished) = upload::unfinished(&db, device.replica).await?;
    let used = unfinished + blob::unreferenced_bytes(&db, device.replica).await?;
    if count >= UNFINISHED_MAX || used.saturating_add(wanted.length) > app.device_bytes_max {
        let fields = json!({ "bytes_used": used, "bytes_max": app.device_bytes_max });
        return Err(Refusal::with(Code::QuotaReached, fields).into());
    }
    upload::insert(&db, row.clone()).await?;
    db.commit().await?;
    if row.length == 0 {
        let (name, writer) = app.files.begin_part(row.id, (0, app.new_id()?), true).await?;
        let piece = Piece { offset: 0, length: None, checksum: None };
        return settle(app, device, row, &piece, Came { name, writer, end: End::Whole }).await;
    }
    Ok(row.into())
}

/// Where an upload of this tablet stands.
///
/// # Errors
/// [`Code::NotFound`], [`Code::UploadGone`].
pub async fn standing(app: &App, device: &Device, id: Uuid) -> Result<Standing> {
    Ok(find(app, device, id).await?.into())
}

/// Takes a piece. What came before a line broke counts as well, unless a
/// checksum was promised for all of it.
///
/// # Errors
/// [`Code::NotFound`], [`Code::UploadGone`], [`Code::OffsetMismatch`] with the
/// offset, [`Code::TooLarge`], [`Code::ChecksumMismatch`], [`Code::HashMismatch`],
/// [`Code::TypeContradicts`], [`Code::Malformed`] when the sender broke off.
pub async fn append(
    app: &App,
    device: &Device,
    id: Uuid,
    piece: Piece,
    body: Body,
) -> Result<Standing> {
    let row = find(app, device, id).await?;
    let left = row.length().saturating_sub(piece.offset);
    if piece.offset != row.received() {
        return Err(elsewhere(row.received()));
    }
    if piece.length.is_some_and(|length| length > left) {
        return Err(too_large(row.length()));
    }
    if left == 0 {
        return Ok(row.into());
    }
    let came = receive(app, &row, &piece, body, left).await?;
    settle(app, device, row, &piece, came).await
}

/// Ends an upload. A file that is complete stays for whoever refers to it.
///
/// # Errors
/// [`Code::NotFound`], [`Code::UploadGone`].
pub async fn terminate(app: &App, device: &Device, id: Uuid) -> Result<()> {
    find(app, device, id).await?;
    let db = app.begin_write().await?;
    upload::remove(&db, id).await?;
    db.commit().await?;
    app.files.drop_parts(id).await
}

/// Takes a whole file in as it comes; kept only when its bytes have the hash.
/// Answers how long it is. Whoever asked notes it.
///
/// # Errors
/// [`Code::HashMismatch`], [`Code::TooLarge`], [`Code::Malformed`] when the
/// sender broke off, or the store's own.
pub async fn take_whole(app: &App, hash: &Hash, mut body: Body) -> Result<u64> {
    let mut writer = app.files.begin_whole(hash).await?;
    let refused = loop {
        match next_bytes(&mut body).await {
            Next::Bytes(bytes) if writer.length() + bytes.len() as u64 > FILE_BYTES_MAX => {
                break Some(too_large(FILE_BYTES_MAX));
            }
            Next::Bytes(bytes) => writer.push(bytes).await?,
            Next::Broken => break Some(Code::Malformed.into()),
            Next::End if writer.hash() != Some(*hash) => break Some(Code::HashMismatch.into()),
            Next::End => break None,
        }
    };
    if let Some(refused) = refused {
        writer.discard().await?;
        return Err(refused);
    }
    let length = writer.length();
    writer.keep().await?;
    Ok(length)
}

async fn find(app: &App, device: &Device, id: Uuid) -> Result<Model> {
    let row = upload::of(&app.db, id, device.replica).await?.ok_or(Code::NotFound)?;
    if row.finished_ms.is_none() && row.touched_ms + PARTIAL_MS < app.now_ms() {
        return Err(Code::UploadGone.into());
    }
    Ok(row)
}

/// A piece as it came in.
struct Came {
    name: String,
    writer: Writer,
    end: End,
}

/// How a piece ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// As its sender meant it.
    Whole,
    /// In the middle.
    Broken,
    /// Beyond the file's end.
    TooLong,
    /// With other bytes than its checksum says.
    Wrong,
}

async fn receive(app: &App, row: &Model, piece: &Piece, mut body: Body, left: u64) -> Result<Came> {
    let may_be_all = piece.offset == 0 && piece.length.is_none_or(|length| length == left);
    let at = (piece.offset, app.new_id()?);
    let (name, mut writer) = app.files.begin_part(row.id, at, may_be_all).await?;
    let mut counting = piece.checksum.clone().map(|checksum| checksum.begin());
    let end = loop {
        let bytes = match next_bytes(&mut body).await {
            Next::Bytes(bytes) => bytes,
            Next::End => break whole_or_wrong(counting),
            Next::Broken => break End::Broken,
        };
        if writer.length() + bytes.len() as u64 > left {
            break End::TooLong;
        }
        if let Some(counting) = &mut counting {
            counting.update(&bytes);
        }
        writer.push(bytes).await?;
    };
    Ok(Came { name, writer, end })
}

fn whole_or_wrong(counting: Option<Counting>) -> End {
    if counting.is_none_or(Counting::holds) { End::Whole } else { End::Wrong }
}

enum Next {
    Bytes(Bytes),
    End,
    Broken,
}

/// The next bytes of a body.
async fn next_bytes(body: &mut Body) -> Next {
    loop {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx));
        match tokio::time::timeout(SILENCE, frame).await {
            Ok(None) => return Next::End,
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    return Next::Bytes(data);
                }
            }
            Ok(Some(Err(_))) | Err(_) => return Next::Broken,
        }
    }
}

/// Decides what becomes of a piece that came, and does it.
async fn settle(
    app: &App,
    device: &Device,
    row: Model,
    piece: &Piece,
    came: Came,
) -> Result<Standing> {
    let Came { name, writer, end } = came;
    let refused = match end {
        End::TooLong => Some(too_large(row.length())),
        End::Wrong => Some(Code::ChecksumMismatch.into()),
        // Nobody can say whether these bytes are right.
        End::Broken if piece.checksum.is_some() => Some(Code::Malformed.into()),
        End::Broken | End::Whole => None,
    };
    if let Some(refused) = refused {
        writer.discard().await?;
        return Err(refused);
    }
    let length = writer.length();
    let last = piece.offset + length == row.length();
    if length == 0 && !last {
        writer.discard().await?;
        return if end == End::Broken { Err(Code::Malformed.into()) } else { Ok(row.into()) };
    }
    if piece.offset == 0 && (last || writer.first().len() >= SNIFF_BYTES) {
        let found = MediaType::sniff(writer.first());
        if !MediaType::agrees(&row.filetype, found) {
            writer.discard().await?;
            return refuse_all(app, row.id, piece.offset, Code::TypeContradicts).await;
        }
    }
    let hash = writer.hash();
    writer.keep().await?;
    let part = Part { start: piece.offset, bytes: length, name };
    let stands = if last {
        finish(app, device, &row, part, hash).await?
    } else {
        advance(app, &row, &part).await?
    };
    if end == End::Broken && stands.expires_ms.is_some() {
        return Err(Code::Malformed.into());
    }
    Ok(stands)
}

/// Counts a piece that is not the last.
async fn advance(app: &App, row: &Model, part: &Part) -> Result<Standing> {
    let now = app.now_ms();
    let db = app.begin_write().await?;
    if !upload::advance(&db, row.id, part, now).await? {
        db.rollback().await?;
        app.files.drop_part(row.id, &part.name).await?;
        return Err(stands_elsewhere(app, row.id).await?);
    }
    db.commit().await?;
    let received = i64::try_from(part.start + part.bytes).unwrap_or(i64::MAX);
    Ok(Model { received, touched_ms: now, ..row.clone() }.into())
}

/// Puts the file in its place when it is what it was announced to be. The last
/// piece does not count before that: what is complete is safe.
async fn finish(
    app: &App,
    device: &Device,
    row: &Model,
    last: Part,
    hash: Option<Hash>,
) -> Result<Standing> {
    let wanted: Hash =
        row.sha256.parse().map_err(|_| ServerError::Broken("an upload's hash is none"))?;
    if last.start == 0 {
        if hash != Some(wanted) {
            app.files.drop_part(row.id, &last.name).await?;
            return refuse_all(app, row.id, last.start, Code::HashMismatch).await;
        }
        app.files.move_in(row.id, &last.name, &wanted).await?;
    } else {
        let mut names: Vec<String> = Vec::new();
        let parts = upload::parts(&app.db, row.id).await?;
        names.extend(parts.into_iter().filter(|part| part.start < last.start).map(|p| p.name));
        names.push(last.name.clone());
        let whole = match app.files.gather(row.id, &names, &wanted).await {
            Ok(whole) => whole,
            // Somebody else has finished or ended it, and its pieces are gone; or
            // they were lost, and it is begun anew.
            Err(ServerError::Files(object_store::Error::NotFound { .. })) => {
                return refuse_all(app, row.id, last.start, Code::UploadGone).await;
            }
            Err(error) => return Err(error),
        };
        let found = MediaType::sniff(whole.first());
        let wrong = if whole.hash() != Some(wanted) || whole.length() != row.length() {
            Some(Code::HashMismatch)
        } else if !MediaType::agrees(&row.filetype, found) {
            Some(Code::TypeContradicts)
        } else {
            None
        };
        if let Some(code) = wrong {
            whole.discard().await?;
            return refuse_all(app, row.id, last.start, code).await;
        }
        whole.keep().await?;
    }
    commit(app, device, row, last.start, &wanted).await
}

/// Notes a file that is in its place, and that its upload is done.
async fn commit(
    app: &App,
    device: &Device,
    row: &Model,
    from: u64,
    hash: &Hash,
) -> Result<Standing> {
    let now = app.now_ms();
    let db = app.begin_write().await?;
    if !upload::finish(&db, row.id, from, now).await? {
        db.rollback().await?;
        return Err(stands_elsewhere(app, row.id).await?);
    }
    blob::brought(&db, hash, row.length(), device.replica, now).await?;
    // Whoever removes files holds the row just written while doing so: from here
    // on nobody does, and what was removed before is sent again.
    if app.files.length(hash).await? != Some(row.length()) {
        db.rollback().await?;
        return Err(elsewhere(from));
    }
    db.commit().await?;
    // The file is safe; what is left of its pieces otherwise goes with the row.
    if let Err(error) = app.files.drop_parts(row.id).await {
        tracing::warn!(%error, "pieces of a finished upload are left for later");
    }
    let done =
        Model { received: row.length, touched_ms: now, finished_ms: Some(now), ..row.clone() };
    Ok(done.into())
}

/// Discards an upload whose bytes are not what they were announced to be.
async fn refuse_all<T>(app: &App, id: Uuid, from: u64, code: Code) -> Result<T> {
    let db = app.begin_write().await?;
    let removed = upload::remove_at(&db, id, from).await?;
    db.commit().await?;
    if !removed {
        return Err(stands_elsewhere(app, id).await?);
    }
    app.files.drop_parts(id).await?;
    Err(code.into())
}

/// The refusal for a piece that came too late.
async fn stands_elsewhere(app: &App, id: Uuid) -> Result<ServerError> {
    let now = upload::by_id(&app.db, id).await?;
    Ok(now.map_or_else(|| Code::NotFound.into(), |row| elsewhere(row.received())))
}

fn elsewhere(offset: u64) -> ServerError {
    Refusal::with(Code::OffsetMismatch, json!({ "offset": offset })).into()
}

fn too_large(bytes_max: u64) -> ServerError {
    Refusal::with(Code::TooLarge, json!({ "bytes_max": bytes_max })).into()
}
