//! Signing in and out at the desk.

use crate::app::App;
use crate::error::{ErrorBody, Result};
use crate::extract::{Body, From};
use crate::guard::{Caller, SESSION_ACCOUNT};
use crate::usecase::sign_in;
use crate::view::{Me, SignIn};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use tower_sessions::Session;

/// Signs in.
#[utoipa::path(
    post, path = "/api/session", tag = "desk", request_body = SignIn,
    responses((status = 200, body = Me), (status = 401, body = ErrorBody), (status = 429, body = ErrorBody))
)]
pub async fn sign_in(
    State(app): State<App>,
    session: Session,
    From(address): From,
    Body(request): Body<SignIn>,
) -> Result<Json<Me>> {
    let account = sign_in::sign_in(&app, request.account.trim(), request.password, address).await?;
    // A new id: whoever knew the one before has nothing.
    session.cycle_id().await?;
    session.insert(SESSION_ACCOUNT, account.id).await?;
    let caller = Caller::try_from(account)?;
    tracing::info!(account = %caller.account, "signed in");
    Ok(Json(Me::from(&caller)))
}

/// Who is signed in.
#[utoipa::path(
    get, path = "/api/session", tag = "desk",
    responses((status = 200, body = Me), (status = 401, body = ErrorBody))
)]
pub async fn me(caller: Caller) -> Json<Me> {
    Json(Me::from(&caller))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/session", tag = "desk", responses((status = 204)))]
pub async fn sign_out(session: Session) -> Result<StatusCode> {
    session.flush().await?;
    Ok(StatusCode::NO_CONTENT)
}
