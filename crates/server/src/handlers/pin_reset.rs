//! A tablet whose PIN was forgotten asks for its store's key.

use crate::app::App;
use crate::error::{Code, ErrorBody, Result, ServerError};
use crate::extract::{Body, From};
use crate::usecase::pin_reset::{self, ResetAnswer, ResetRequest};
use axum::Json;
use axum::extract::State;

/// Takes a one-time code and a wrapped key, gives the key for a new PIN.
#[utoipa::path(
    post, path = "/v1/pin-reset", tag = "device", operation_id = "reset_pin",
    request_body = ResetRequest,
    responses(
        (status = 200, body = ResetAnswer), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 410, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody)
    )
)]
pub async fn reset(
    State(app): State<App>,
    From(address): From,
    Body(request): Body<ResetRequest>,
) -> Result<Json<ResetAnswer>> {
    app.throttle.begin(address, app.now_ms())?;
    let answer = pin_reset::reset(&app, request).await;
    let guessed = matches!(&answer, Err(ServerError::Refused(refusal)) if matches!(
        refusal.code,
        Code::ResetWrong | Code::ResetUsed | Code::ResetExpired
    ));
    if !guessed {
        app.throttle.undo(address);
    }
    answer.map(Json)
}
