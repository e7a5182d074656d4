//! Files of a task, for the desk. Served so that no file can act in the
//! console's name, whatever is in it.

use crate::app::App;
use crate::error::{Code, ErrorBody, Result};
use crate::extract::InPath;
use crate::handlers::blob::{answer, readable};
use crate::store::membership;
use crate::usecase::blob;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use domain::evidence::MediaType;
use domain::id::{LedgerId, TaskId};
use ledger::Hash;

/// The bytes of a file that a task refers to.
#[utoipa::path(
    get, path = "/api/tasks/{task}/evidence/{sha256}", tag = "desk",
    params(("task" = TaskId, Path), ("sha256" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = ErrorBody))
)]
pub async fn evidence(
    State(app): State<App>,
    InPath((task, hash)): InPath<(TaskId, Hash)>,
    headers: HeaderMap,
) -> Result<Response> {
    let joint = membership::joint_of_task(&app.db, task).await?.ok_or(Code::NotFound)?;
    readable(blob::for_ledger(&app, LedgerId(joint.id), &hash).await?)?;
    let media_type = MediaType::sniff(&app.files.first_bytes(&hash).await?);
    let body = answer(&app, &hash, &headers).await?;
    Ok((guarded(media_type), body).into_response())
}

/// What is shown in the page is what a browser cannot run; all else is saved.
fn guarded(media_type: Option<MediaType>) -> [(HeaderName, &'static str); 4] {
    let (content_type, disposition) = match media_type {
        Some(MediaType::Pdf) => (MediaType::Pdf.name(), "attachment"),
        Some(known) => (known.name(), "inline"),
        None => ("application/octet-stream", "attachment"),
    };
    [
        (CONTENT_TYPE, content_type),
        (CONTENT_DISPOSITION, disposition),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        // Named by its hash, it never changes; only this person's browser keeps it.
        (CACHE_CONTROL, "private, max-age=31536000, immutable"),
    ]
}
