//! Bringing enterprises in from a workbook.

use crate::app::App;
use crate::error::{Code, ErrorBody, Result};
use crate::extract::{Form, InPath};
use crate::guard::Caller;
use crate::usecase::{import, spreadsheet};
use crate::view::{ImportPreview, Imported};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use utoipa::ToSchema;
use uuid::Uuid;

/// The largest workbook taken, in bytes.
pub const FILE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The type of an .xlsx workbook.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A workbook in a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the form")]
pub struct ImportForm {
    /// The .xlsx file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Reads a workbook and shows what it would bring; nothing is taken yet.
#[utoipa::path(
    post, path = "/api/imports/enterprises", tag = "desk",
    request_body(content = ImportForm, content_type = "multipart/form-data"),
    responses((status = 200, body = ImportPreview), (status = 422, body = ErrorBody))
)]
pub async fn preview(
    State(app): State<App>,
    caller: Caller,
    Form(mut form): Form,
) -> Result<Json<ImportPreview>> {
    let mut bytes = None;
    while let Some(field) = form.next_field().await.map_err(|error| refused(&error))? {
        if field.name() == Some("file") {
            bytes = Some(field.bytes().await.map_err(|error| refused(&error))?);
        }
    }
    let bytes = bytes.ok_or(Code::Malformed)?;
    let (batch, reading) = import::preview(&app, bytes.to_vec(), caller.account).await?;
    Ok(Json(ImportPreview::new(batch, reading)))
}

fn refused(error: &axum::extract::multipart::MultipartError) -> Code {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE { Code::TooLarge } else { Code::Malformed }
}

/// Takes the rows of a batch that can be taken.
#[utoipa::path(
    post, path = "/api/imports/enterprises/{batch}/confirm", tag = "desk",
    params(("batch" = Uuid, Path)),
    responses((status = 200, body = Imported), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody))
)]
pub async fn confirm(
    State(app): State<App>,
    InPath(batch): InPath<Uuid>,
) -> Result<Json<Imported>> {
    Ok(Json(Imported { imported: import::confirm(&app, batch).await? }))
}

/// The workbook to fill in.
#[utoipa::path(
    get, path = "/api/imports/enterprises/template.xlsx", tag = "desk",
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))
)]
pub async fn template() -> Result<impl IntoResponse> {
    let headers =
        [(CONTENT_TYPE, XLSX), (CONTENT_DISPOSITION, "attachment; filename=\"enterprises.xlsx\"")];
    Ok((headers, spreadsheet::template()?))
}
