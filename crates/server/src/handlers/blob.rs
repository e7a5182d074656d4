//! Files over HTTP, for tablets: named by their hash, readable only through a
//! ledger, whole or in part. How they come in is in `upload`.

use crate::app::App;
use crate::error::{Code, ErrorBody, Refusal, Result};
use crate::extract::InPath;
use crate::store;
use crate::tus::{self, Wanted};
use crate::usecase::blob::{self, Access};
use crate::usecase::exchange::Device;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_RANGE, RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger::Hash;

/// Whether this tablet brought a file.
// Nothing is said of what others brought: who refers to a file must show to
// hold it, and so sends it.
#[utoipa::path(
    head, path = "/v1/blobs/{sha256}", tag = "device", params(("sha256" = String, Path)),
    responses((status = 200), (status = 404))
)]
pub async fn head(
    State(app): State<App>,
    device: Device,
    InPath(hash): InPath<Hash>,
) -> Result<Response> {
    let brought = store::blob::bringers(&app.db, &hash).await?.contains(&device.replica);
    if !brought {
        return Err(Code::NotFound.into());
    }
    let length = app.files.length(&hash).await?.ok_or(Code::NotFound)?;
    Ok([(CONTENT_LENGTH, length.to_string())].into_response())
}

/// The bytes of a file, or some of them.
#[utoipa::path(
    get, path = "/v1/blobs/{sha256}", tag = "device",
    params(("sha256" = String, Path), ("range" = Option<String>, Header)),
    responses(
        (status = 200, content_type = "application/octet-stream"),
        (status = 206, content_type = "application/octet-stream"),
        (status = 404, body = ErrorBody), (status = 416, body = ErrorBody)
    )
)]
pub async fn get(
    State(app): State<App>,
    device: Device,
    InPath(hash): InPath<Hash>,
    headers: HeaderMap,
) -> Result<Response> {
    if device.revoked {
        return Err(Code::NotFound.into());
    }
    readable(blob::for_person(&app, device.person, &hash).await?)?;
    let kind = [(CONTENT_TYPE, "application/octet-stream")];
    Ok((kind, answer(&app, &hash, &headers).await?).into_response())
}

/// Lets only what may be read pass.
///
/// # Errors
/// [`Code::NotFound`], [`Code::FileNotHereYet`], [`Code::FileLost`].
pub(crate) fn readable(access: Access) -> Result<()> {
    match access {
        Access::Readable => Ok(()),
        Access::Unknown => Err(Code::NotFound.into()),
        Access::NotHereYet => Err(Code::FileNotHereYet.into()),
        Access::Lost => Err(Code::FileLost.into()),
    }
}

/// Answers with a file, or with the range that is asked for.
///
/// # Errors
/// [`Code::FileNotHereYet`].
pub(crate) async fn answer(app: &App, hash: &Hash, headers: &HeaderMap) -> Result<Response> {
    let length = app.files.length(hash).await?.ok_or(Code::FileNotHereYet)?;
    let tag = format!("\"{hash}\"");
    let same = headers.get(IF_RANGE).is_none_or(|wanted| *wanted == *tag);
    let wanted = headers.get(RANGE).filter(|_| same);
    let (status, range) = match tus::wanted(wanted, length) {
        Wanted::Whole => (StatusCode::OK, 0..length),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Outside => {
            let mut refusal = Refusal::new(Code::RangeOutside).into_response();
            insert(&mut refusal, CONTENT_RANGE, &format!("bytes */{length}"));
            return Ok(refusal);
        }
    };
    let content = (range.end - range.start).to_string();
    let mut response = (status, app.files.stream(hash, range.clone())).into_response();
    insert(&mut response, ACCEPT_RANGES, "bytes");
    insert(&mut response, ETAG, &tag);
    insert(&mut response, CONTENT_LENGTH, &content);
    if status == StatusCode::PARTIAL_CONTENT {
        let at = format!("bytes {}-{}/{length}", range.start, range.end - 1);
        insert(&mut response, CONTENT_RANGE, &at);
    }
    Ok(response)
}

fn insert(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
