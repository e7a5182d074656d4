//! The statutory record of a task, made when it is asked for.

use crate::app::App;
use crate::error::{ErrorBody, Result};
use crate::extract::InPath;
use crate::usecase::document;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse;
use domain::id::TaskId;

/// The 现场检查记录 of a task as it stands.
#[utoipa::path(
    get, path = "/api/tasks/{task}/site-record.pdf", tag = "desk",
    params(("task" = TaskId, Path)),
    responses(
        (status = 200, content_type = "application/pdf"), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 503, body = ErrorBody)
    )
)]
pub async fn site_record(
    State(app): State<App>,
    InPath(task): InPath<TaskId>,
) -> Result<impl IntoResponse> {
    let pdf = document::site_record_of(&app, task).await?;
    let headers = [
        (CONTENT_TYPE, "application/pdf"),
        (CONTENT_DISPOSITION, "inline; filename=\"site-record.pdf\""),
        // What the browser's own viewer needs, and no script.
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'",
        ),
    ];
    Ok((headers, pdf))
}
