//! Tablets out of service: the desk's order, and the tablet's word that it was
//! carried out.

use crate::app::{App, rfc3339};
use crate::error::{ErrorBody, Result};
use crate::extract::{Body, InPath};
use crate::guard::Caller;
use crate::usecase::exchange::Device;
use crate::usecase::pin_reset;
use crate::usecase::revocation::{self, Revoke};
use crate::view::CodeIssued;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::ReplicaId;

/// Takes a tablet out of service, or orders graver things of one that is.
#[utoipa::path(
    post, path = "/api/tablets/{replica}/revoke", tag = "desk", operation_id = "revoke_tablet",
    params(("replica" = ReplicaId, Path)), request_body = Revoke,
    responses(
        (status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)
    )
)]
pub async fn revoke(
    State(app): State<App>,
    caller: Caller,
    InPath(replica): InPath<ReplicaId>,
    Body(order): Body<Revoke>,
) -> Result<StatusCode> {
    revocation::revoke(&app, replica, order, Some(caller.account)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Issues a one-time code for a tablet whose PIN was forgotten; it is shown this once.
#[utoipa::path(
    post, path = "/api/tablets/{replica}/reset-codes", tag = "desk",
    operation_id = "issue_reset_code", params(("replica" = ReplicaId, Path)),
    responses(
        (status = 201, body = CodeIssued), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)
    )
)]
pub async fn issue_reset_code(
    State(app): State<App>,
    caller: Caller,
    InPath(replica): InPath<ReplicaId>,
) -> Result<(StatusCode, Json<CodeIssued>)> {
    let issued = pin_reset::issue(&app, replica, Some(caller.account)).await?;
    let expires_at = rfc3339(issued.expires_ms);
    Ok((StatusCode::CREATED, Json(CodeIssued { code: issued.code, expires_at })))
}

/// The tablet destroyed its data as ordered; its token ends with this.
#[utoipa::path(
    post, path = "/v1/wiped", tag = "device", operation_id = "confirm_wiped",
    responses((status = 204), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub async fn wiped(State(app): State<App>, device: Device) -> Result<StatusCode> {
    revocation::wiped(&app, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}
