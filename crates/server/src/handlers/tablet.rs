//! Tablets and the codes with which they enrol, for the desk.

use crate::app::{App, rfc3339};
use crate::error::{ErrorBody, Result};
use crate::extract::Body;
use crate::guard::Caller;
use crate::store::{department, inspector, revocation, tablet};
use crate::usecase::enrolment;
use crate::view::{CodeIssued, CodeRequest, TabletRow};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
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
