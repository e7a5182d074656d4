//! Rescue packs that people bring to the desk.

use crate::app::App;
use crate::error::{ErrorBody, Result};
use crate::guard::Caller;
use crate::usecase::pack::{self, PackReport};
use axum::Json;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::State;
use std::io::{self, ErrorKind, Read};
use std::pin::Pin;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// The largest pack taken, in bytes: a tablet full of photos.
pub const PACK_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;

/// Hands a rescue pack in. Any number of times, by anyone who may: what is here
/// already is only counted.
#[utoipa::path(
    post, path = "/api/packs", tag = "desk", operation_id = "import_pack",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = PackReport), (status = 422, body = ErrorBody))
)]
pub async fn import(
    State(app): State<App>,
    caller: Caller,
    body: Body,
) -> Result<Json<PackReport>> {
    let (sender, pieces) = channel(4);
    let passing = tokio::spawn(pass_on(body, sender));
    let source = Pieces { pieces, rest: Bytes::new() };
    let report = pack::import(&app, source, Some(caller.account)).await;
    passing.abort();
    report.map(Json)
}

/// The packs handed in last, newest first.
#[utoipa::path(
    get, path = "/api/packs", tag = "desk", operation_id = "list_packs",
    responses((status = 200, body = Vec<PackReport>))
)]
pub async fn list(State(app): State<App>) -> Result<Json<Vec<PackReport>>> {
    Ok(Json(pack::reports(&app).await?))
}

/// Passes a body on to a thread that reads it, piece by piece.
async fn pass_on(mut body: Body, sender: Sender<io::Result<Bytes>>) {
    let mut bytes = 0u64;
    loop {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let piece = match frame {
            None => return,
            Some(Err(_)) => Err(ErrorKind::UnexpectedEof.into()),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => Ok(data),
                Err(_) => continue,
            },
        };
        bytes += piece.as_ref().map_or(0, |data: &Bytes| data.len() as u64);
        let last = piece.is_err() || bytes > PACK_BYTES_MAX;
        let piece =
            if bytes > PACK_BYTES_MAX { Err(ErrorKind::FileTooLarge.into()) } else { piece };
        if sender.send(piece).await.is_err() || last {
            return;
        }
    }
}

/// The pieces, for one who reads and waits.
struct Pieces {
    pieces: Receiver<io::Result<Bytes>>,
    rest: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.rest = piece?,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.rest.len());
        buffer[..length].copy_from_slice(&self.rest.split_to(length));
        Ok(length)
    }
}
