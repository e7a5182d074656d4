//! Files over HTTP, for tablets: named by their hash, readable only through a
//! ledger.

use crate::app::App;
use crate::error::{Code, ErrorBody, Result};
use crate::extract::InPath;
use crate::store;
use crate::usecase::blob::{self, Access};
use crate::usecase::exchange::Device;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use domain::evidence::FILE_BYTES_MAX;
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

/// The bytes of a file.
#[utoipa::path(
    get, path = "/v1/blobs/{sha256}", tag = "device", params(("sha256" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = ErrorBody))
)]
pub async fn get(
    State(app): State<App>,
    device: Device,
    InPath(hash): InPath<Hash>,
) -> Result<Response> {
    if !readable(&app, &device, &hash).await? {
        return Err(Code::NotFound.into());
    }
    let (body, length) = app.files.stream(&hash).await?.ok_or(Code::NotFound)?;
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_LENGTH, length.to_string()),
    ];
    Ok((headers, body).into_response())
}

async fn readable(app: &App, device: &Device, hash: &Hash) -> Result<bool> {
    if device.revoked {
        return Ok(false);
    }
    Ok(blob::for_person(app, device.person, hash).await? == Access::Readable)
}

/// Takes a file in. Sent again it is taken again, with the same outcome.
#[utoipa::path(
    put, path = "/v1/blobs/{sha256}", tag = "device", params(("sha256" = String, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 204), (status = 413, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub async fn put(
    State(app): State<App>,
    device: Device,
    InPath(hash): InPath<Hash>,
    body: Body,
) -> Result<StatusCode> {
    // Also what is here already is read to its end: who sends it must hold it.
    let length = app.files.receive(&hash, body, FILE_BYTES_MAX).await?;
    store::blob::brought(&app.db, &hash, length, device.replica, app.now_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}
