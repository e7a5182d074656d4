//! The address scheme `evidence`: `evidence://localhost/<sha256>` is a file
//! that a readable ledger speaks of, decrypted on its way to the page. Without
//! an unlocked tablet there is nothing to see.

use crate::Tablet;
use device::view::{AppError, ErrorCode};
use domain::evidence::MediaType;
use tauri::http::{Request, Response, StatusCode, header};
use tauri::{Manager, UriSchemeContext, UriSchemeResponder};

/// Answers a request of the page.
pub(crate) fn answer(
    context: UriSchemeContext<'_, tauri::Wry>,
    request: Request<Vec<u8>>,
    responder: UriSchemeResponder,
) {
    let tablet = Tablet::clone(&context.app_handle().state::<Tablet>());
    let sha256 = request.uri().path().trim_start_matches('/').to_owned();
    tauri::async_runtime::spawn_blocking(move || responder.respond(response(tablet.file(&sha256))));
}

fn response(file: Result<(Option<MediaType>, Vec<u8>), AppError>) -> Response<Vec<u8>> {
    let (status, kind, body) = match file {
        Ok((media_type, bytes)) => (StatusCode::OK, content_type(media_type, &bytes), bytes),
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
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    // A locked tablet must not show pictures from a cache.
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}

fn content_type(media_type: Option<MediaType>, bytes: &[u8]) -> &'static str {
    match media_type {
        Some(media_type) => media_type.name(),
        None if bytes.starts_with(b"%PDF-") => "application/pdf",
        None => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_tablet_hands_out_no_picture() {
        let closed = response(Err(ErrorCode::Locked.into()));
        assert_eq!(closed.status(), StatusCode::FORBIDDEN);
        assert!(closed.body().is_empty());
        let absent = response(Err(ErrorCode::FileAbsent.into()));
        assert_eq!(absent.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn a_picture_is_never_kept_in_a_cache() {
        let picture = response(Ok((Some(MediaType::Jpeg), vec![1])));
        assert_eq!(picture.headers()[header::CACHE_CONTROL], "no-store");
        assert_eq!(picture.headers()[header::CONTENT_TYPE], "image/jpeg");
    }
}
