//! Tablets and the codes with which they enrol, for the desk.

use crate::app::{App, rfc3339};
use crate::error::{Code, ErrorBody, Result};
use crate::extract::{Body, InPath};
use crate::guard::Caller;
use crate::store::{department, inspector, quarantine, revocation, tablet};
use crate::usecase::enrolment;
use crate::view::{CodeIssued, CodeRequest, QuarantineRow, TabletRow};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use ledger::Hash;
use std::collections::BTreeMap;

/// All tablets, in the order of enrolment.
#[utoipa::path(
    get, path = "/api/tablets", tag = "desk", operation_id = "list_tablets", responses((status = 200, body = Vec<TabletRow>))
)]
pub async fn list(State(app): State<App>) -> Result<Json<Vec<TabletRow>>> {
    let tablets = tablet::all(&app.db).await?;
    let names = inspector::names(&app.db, tablets.iter().map(|tablet| tablet.person)).await?;
    let departments: BTreeMap<_, _> = department::all(&app.db)
        .await?
        .into_iter()
        .map(|department| (department.id.0, department.short_name))
        .collect();
    let mut orders: BTreeMap<_, _> =
        revocation::all(&app.db).await?.into_iter().map(|order| (order.replica, order)).collect();
    let rows = tablets.into_iter().map(|tablet| {
        let person = names.get(&tablet.person).cloned().unwrap_or_default();
        let department = departments.get(&tablet.department).cloned().unwrap_or_default();
        let order = orders.remove(&tablet.replica);
        TabletRow::new(tablet, person, department, order)
    });
    Ok(Json(rows.collect()))
}

/// Most rows of the list of pages put aside.
const ASIDE_MAX: u64 = 200;

/// Pages whose hash or seal did not hold, the latest first.
#[utoipa::path(
    get, path = "/api/quarantine", tag = "desk", operation_id = "list_quarantine",
    responses((status = 200, body = Vec<QuarantineRow>))
)]
pub async fn quarantine(State(app): State<App>) -> Result<Json<Vec<QuarantineRow>>> {
    let tablets = tablet::all(&app.db).await?;
    let names = inspector::names(&app.db, tablets.iter().map(|tablet| tablet.person)).await?;
    let known: BTreeMap<_, _> = tablets
        .iter()
        .map(|tablet| {
            let person = names.get(&tablet.person).map_or("", String::as_str);
            (tablet.replica, format!("{} {person}", tablet.name).trim().to_owned())
        })
        .collect();
    let name = |replica| known.get(&replica).cloned().unwrap_or_default();
    let rows = quarantine::all(&app.db, ASIDE_MAX).await?;
    let rows = rows.into_iter().map(|row| QuarantineRow {
        received_at: rfc3339(row.received_ms),
        delivered_by: name(row.delivered_by),
        claims: name(row.replica),
        reason: row.reason,
        bytes: u64::try_from(row.size).unwrap_or(0),
        sha256: row.sha256,
    });
    Ok(Json(rows.collect()))
}

/// One page put aside, as a request that can be read and verified again.
#[utoipa::path(
    get, path = "/api/quarantine/{sha256}", tag = "desk", operation_id = "quarantined_page",
    params(("sha256" = String, Path)),
    responses(
        (status = 200, content_type = "application/octet-stream"), (status = 404, body = ErrorBody)
    )
)]
pub async fn quarantined(State(app): State<App>, InPath(sha256): InPath<Hash>) -> Result<Response> {
    let bytes = quarantine::bytes(&app.db, &sha256).await?.ok_or(Code::NotFound)?;
    let name = format!("attachment; filename=\"{sha256}.page\"");
    let headers =
        [(CONTENT_TYPE, "application/octet-stream".to_owned()), (CONTENT_DISPOSITION, name)];
    Ok((headers, bytes).into_response())
}

/// Issues a one-time code for a person; it is shown this once.
#[utoipa::path(
    post, path = "/api/enrolment-codes", tag = "desk", request_body = CodeRequest,
    responses((status = 201, body = CodeIssued), (status = 422, body = ErrorBody))
)]
pub async fn issue_code(
    State(app): State<App>,
    caller: Caller,
    Body(request): Body<CodeRequest>,
) -> Result<(StatusCode, Json<CodeIssued>)> {
    let issued = enrolment::issue(&app, request.person, Some(caller.account)).await?;
    let expires_at = rfc3339(issued.expires_ms);
    Ok((StatusCode::CREATED, Json(CodeIssued { code: issued.code, expires_at })))
}
