//! The address scheme `evidence`: `evidence://localhost/<sha256>` is a file
//! that a readable ledger speaks of, decrypted on its way to the page. Without
//! an unlocked tablet there is nothing to see.

use crate::Tablet;
use device::usecase::FilePiece;
use device::view::{AppError, ErrorCode};
use domain::evidence::MediaType;
use tauri::http::{HeaderValue, Request, Response, StatusCode, header};
use tauri::{Manager, UriSchemeContext, UriSchemeResponder};

/// Bytes of a file that are handed to the page at a time, where it asks for
/// ranges, as players of films do.
const PIECE_BYTES: usize = 4 * 1024 * 1024;

/// Answers a request of the page.
pub(crate) fn answer(
    context: UriSchemeContext<'_, tauri::Wry>,
    request: Request<Vec<u8>>,
    responder: UriSchemeResponder,
) {
    let tablet = Tablet::clone(&context.app_handle().state::<Tablet>());
    let sha256 = request.uri().path().trim_start_matches('/').to_owned();
    let start = range_start(&request);
    tauri::async_runtime::spawn_blocking(move || {
        let (at, count) = start.map_or((0, usize::MAX), |start| (start, PIECE_BYTES));
        let piece = tablet.file_piece(&sha256, at, count);
        responder.respond(response(piece, start));
    });
}

/// Where the wanted part begins; none when all is wanted. How long it is to be
/// is not asked: a shorter part is an answer too.
fn range_start(request: &Request<Vec<u8>>) -> Option<u64> {
    let range = request.headers().get(header::RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes=")?.split_once('-')?.0.parse().ok()
}

fn response(piece: Result<FilePiece, AppError>, start: Option<u64>) -> Response<Vec<u8>> {
    let mut range = None;
    let (status, kind, body) = match piece {
        Ok(FilePiece { media_type, total, bytes }) => {
            let kind = media_type.map_or("application/octet-stream", MediaType::name);
            match start {
                None => (StatusCode::OK, kind, bytes),
                Some(_) if bytes.is_empty() => {
                    range = Some(format!("bytes */{total}"));
                    (StatusCode::RANGE_NOT_SATISFIABLE, "text/plain", Vec::new())
                }
                Some(start) => {
                    let last = start + bytes.len() as u64 - 1;
                    range = Some(format!("bytes {start}-{last}/{total}"));
                    (StatusCode::PARTIAL_CONTENT, kind, bytes)
                }
            }
        }
        Err(AppError { code: ErrorCode::Locked | ErrorCode::NotEnrolled, .. }) => {
            (StatusCode::FORBIDDEN, "text/plain", Vec::new())
        }
        Err(AppError { code: ErrorCode::FileAbsent, .. }) => {
            (StatusCode::NOT_FOUND, "text/plain", Vec::new())
        }
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "text/plain", Vec::new()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A locked tablet must not show pictures from a cache.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(range) = range.and_then(|range| HeaderValue::from_str(&range).ok()) {
        headers.insert(header::CONTENT_RANGE, range);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_tablet_hands_out_no_picture() {
        let closed = response(Err(ErrorCode::Locked.into()), None);
        assert_eq!(closed.status(), StatusCode::FORBIDDEN);
        assert!(closed.body().is_empty());
        let absent = response(Err(ErrorCode::FileAbsent.into()), Some(0));
        assert_eq!(absent.status(), StatusCode::NOT_FOUND);
    }

    fn piece(bytes: usize) -> FilePiece {
        FilePiece { media_type: Some(MediaType::Jpeg), total: 10, bytes: vec![1; bytes] }
    }

    #[test]
    fn a_player_gets_the_part_it_asks_for() {
        let part = response(Ok(piece(3)), Some(7));
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(part.headers()[header::CONTENT_RANGE], "bytes 7-9/10");
        let outside = response(Ok(piece(0)), Some(10));
        assert_eq!(outside.status(), StatusCode::RANGE_NOT_SATISFIABLE);
        assert_eq!(outside.headers()[header::CONTENT_RANGE], "bytes */10");
    }

    #[test]
    fn a_picture_is_never_kept_in_a_cache() {
        let picture = response(Ok(piece(1)), None);
        assert_eq!(picture.status(), StatusCode::OK);
        assert_eq!(picture.headers()[header::CACHE_CONTROL], "no-store");
        assert_eq!(picture.headers()[header::CONTENT_TYPE], "image/jpeg");
    }
}
