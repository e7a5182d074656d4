//! A task's verifiable bundle, for the desk: the joint ledger alone, since what
//! a department keeps to itself is not everybody's who may read tasks.

use crate::app::App;
use crate::archive::Archive;
use crate::error::{ErrorBody, Result};
use crate::extract::{InPath, InQuery};
use crate::usecase::bundle::{self, Extent};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::IntoResponse;
use domain::id::TaskId;
use futures_util::stream;
use serde::Deserialize;
use std::io::{Seek, SeekFrom};
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use utoipa::IntoParams;

/// Bytes sent at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// What goes along.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BundleQuery {
    /// The bytes of photos and other files too; without it documents alone.
    #[serde(default)]
    pub files: bool,
}

/// Everything about a task in a form that anyone can verify (`docs/verify.py`).
#[utoipa::path(
    get, path = "/api/tasks/{task}/bundle", tag = "desk", operation_id = "bundle",
    params(("task" = TaskId, Path), BundleQuery),
    responses(
        (status = 200, content_type = "application/zip"), (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)
    )
)]
pub async fn bundle(
    State(app): State<App>,
    InPath(task): InPath<TaskId>,
    InQuery(query): InQuery<BundleQuery>,
) -> Result<impl IntoResponse> {
    // A file without a name beside the data: gone with this answer.
    let mut archive = Archive::to(tempfile::tempfile_in(&app.data)?);
    bundle::write(&app, task, Extent { internal: false, files: query.files }, &mut archive).await?;
    let mut file = archive.finish()?;
    let length = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    let headers = [
        (CONTENT_TYPE, "application/zip".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"task-{task}.zip\"")),
        (CONTENT_LENGTH, length.to_string()),
    ];
    Ok((headers, body(File::from_std(file))))
}

fn body(file: File) -> Body {
    Body::from_stream(stream::try_unfold(file, async |mut file| {
        let mut chunk = vec![0; CHUNK_BYTES];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(chunk), file)))
    }))
}
