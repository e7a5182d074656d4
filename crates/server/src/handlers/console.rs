//! The console's files, built into the binary. Unknown paths of the interface
//! are answered as such, everything else is the console, which has its own
//! routes.

use crate::error::{Code, Result};
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

/// Where the console begins.
const INDEX: &str = "console.html";

/// Files whose names hold their hash never change.
const HASHED: &str = "assets/";

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[exclude = "inspector.html"]
struct Files;

/// A file of the console, or the console itself.
pub async fn console(method: Method, uri: Uri) -> Result<Response> {
    let path = uri.path().trim_start_matches('/');
    let of_interface = path == "api" || path.starts_with("api/") || path.starts_with("v1/");
    if of_interface || !matches!(method, Method::GET | Method::HEAD) {
        return Err(Code::NotFound.into());
    }
    if let Some(file) = Files::get(path)
        && !path.is_empty()
    {
        return Ok(answer(path, file));
    }
    // A file that is not there is no page of the console.
    if path.starts_with(HASHED) {
        return Err(Code::NotFound.into());
    }
    let index = Files::get(INDEX).ok_or(Code::ConsoleMissing)?;
    Ok(answer(INDEX, index))
}

fn answer(path: &str, file: EmbeddedFile) -> Response {
    let cache =
        if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [(CONTENT_TYPE, content_type(path)), (CACHE_CONTROL, cache)];
    (headers, Body::from(file.data.into_owned())).into_response()
}

/// What the UI's build produces; anything else is only bytes.
fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
