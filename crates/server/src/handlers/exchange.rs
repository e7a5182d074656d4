//! The exchange over HTTP: a compressed frame in, a compressed frame out. What
//! cannot be read changes nothing.

use crate::app::App;
use crate::error::{Code, ErrorBody, Result, ServerError};
use crate::usecase::exchange::{self, Device};
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use ledger::exchange::{BODY_BYTES_MAX, Request, Response};
use std::io::Read;

/// The type of both bodies.
pub const CONTENT: &str = "application/vnd.lianjian.exchange+zstd";

/// The largest window a frame may ask memory for: 8 MiB, as large as any body.
const WINDOW_LOG_MAX: u32 = 23;

/// Takes one turn of an exchange.
#[utoipa::path(
    post, path = "/v1/exchange", tag = "device",
    request_body(content = Vec<u8>, content_type = "application/vnd.lianjian.exchange+zstd"),
    responses(
        (status = 200, content_type = "application/vnd.lianjian.exchange+zstd"),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 413, body = ErrorBody)
    )
)]
pub async fn exchange(
    State(app): State<App>,
    device: Device,
    body: std::result::Result<Bytes, BytesRejection>,
) -> Result<impl IntoResponse> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
        _ => Code::Malformed,
    })?;
    let request = off_thread(move || unpack(&body)).await?;
    let response = exchange::turn(&app, &device, request).await?;
    let body = off_thread(move || pack(&response)).await?;
    Ok(([(CONTENT_TYPE, CONTENT)], body))
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| ServerError::Broken("packing was cut off"))?
}

fn unpack(body: &[u8]) -> Result<Request> {
    let mut decoder = zstd::Decoder::new(body).map_err(|_| Code::Malformed)?;
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(|_| Code::Malformed)?;
    let mut frame = Vec::new();
    let limit = BODY_BYTES_MAX as u64 + 1;
    decoder.take(limit).read_to_end(&mut frame).map_err(|_| Code::Malformed)?;
    if frame.len() > BODY_BYTES_MAX {
        return Err(Code::TooLarge.into());
    }
    Request::decode(&frame).map_err(|_| Code::Malformed.into())
}

fn pack(response: &Response) -> Result<Vec<u8>> {
    let frame = response
        .encode()
        .map_err(|_| ServerError::Broken("an answer is too long for its length"))?;
    Ok(zstd::encode_all(frame.as_slice(), zstd::DEFAULT_COMPRESSION_LEVEL)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn code(body: &[u8]) -> Code {
        match unpack(body) {
            Err(ServerError::Refused(refusal)) => refusal.code,
            _ => panic!("taken"),
        }
    }

    #[test]
    fn what_is_no_frame_is_malformed() {
        assert_eq!(code(b""), Code::Malformed);
        assert_eq!(code(b"hello"), Code::Malformed);
        assert_eq!(code(&zstd::encode_all(&b"hello"[..], 3).unwrap()), Code::Malformed);
    }

    proptest! {
        #[test]
        fn a_frame_damaged_anywhere_is_read_or_refused(
            changes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..5),
            damage in prop::collection::vec((any::<u16>(), any::<u8>(), 0_u8..4), 0..6),
        ) {
            let replica = domain::id::ReplicaId(uuid::Uuid::from_u128(1));
            let ledger = domain::id::LedgerId(uuid::Uuid::from_u128(2));
            let header = json!({
                "protocol": 1, "epoch": uuid::Uuid::nil(), "replica": replica,
                "digest": ledger::Hash::of(b""), "ask": {},
                "pages": [{
                    "ledger": ledger, "replica": replica, "after": 0, "seals": [],
                    "lengths": changes.iter().map(Vec::len).collect::<Vec<_>>(),
                }],
            });
            let header = header.to_string();
            let length = u32::try_from(header.len()).unwrap().to_le_bytes();
            let plain = [length.as_slice(), header.as_bytes(), &changes.concat()].concat();
            for mut frame in [zstd::encode_all(plain.as_slice(), 3).unwrap(), plain] {
                for (at, byte, how) in &damage {
                    let at = usize::from(*at) % (frame.len() + 1);
                    match how {
                        0 => frame.truncate(at),
                        1 => frame.insert(at, *byte),
                        2 => frame.extend_from_within(at..),
                        _ => if let Some(there) = frame.get_mut(at) { *there ^= byte; },
                    }
                }
                match unpack(&frame) {
                    Ok(request) => prop_assert!(request.pages.len() <= 1),
                    Err(ServerError::Refused(refusal)) => {
                        prop_assert!(matches!(refusal.code, Code::Malformed | Code::TooLarge));
                    }
                    Err(other) => prop_assert!(false, "{other}"),
                }
            }
        }
    }

    #[test]
    fn a_small_body_that_unpacks_to_a_huge_one_is_too_large() {
        let bomb = zstd::encode_all(&vec![0u8; BODY_BYTES_MAX * 4][..], 3).unwrap();
        assert!(bomb.len() < 100_000);
        assert_eq!(code(&bomb), Code::TooLarge);
    }
}
