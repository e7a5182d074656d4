//! Files of a task, for the desk. Served so that no file can act in the
//! console's name, whatever is in it.

use crate::app::App;
use crate::error::{Code, ErrorBody, Result};
use crate::extract::InPath;
use crate::store::membership;
use crate::usecase::blob::{self, Access};
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
};
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
) -> Result<Response> {
    let joint = membership::joint_of_task(&app.db, task).await?.ok_or(Code::NotFound)?;
    match blob::for_ledger(&app, LedgerId(joint.id), &hash).await? {
        Access::Unknown => return Err(Code::NotFound.into()),
        Access::NotHereYet => return Err(Code::FileNotHereYet.into()),
        Access::Readable => {}
    }
    let media_type = MediaType::sniff(&app.files.first_bytes(&hash).await?);
    let (body, length) = app.files.stream(&hash).await?.ok_or(Code::FileNotHereYet)?;
    Ok(answer(media_type, body, length))
}

fn answer(media_type: Option<MediaType>, body: Body, length: u64) -> Response {
    let (content_type, disposition) = match media_type {
        Some(known) => (known.name(), "inline"),
        None => ("application/octet-stream", "attachment"),
    };
    let headers = [
        (CONTENT_TYPE, content_type),
        (CONTENT_DISPOSITION, disposition),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        // Named by its hash, it never changes; only this person's browser keeps it.
        (CACHE_CONTROL, "private, max-age=31536000, immutable"),
    ];
    (headers, [(CONTENT_LENGTH, length.to_string())], body).into_response()
}
