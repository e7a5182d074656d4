//! A tablet enrols.

use crate::app::App;
use crate::error::{Code, ErrorBody, Result, ServerError};
use crate::extract::{Body, From};
use crate::usecase::enrolment::{self, EnrolRequest, Enrolled};
use crate::usecase::readmission;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ledger::readmission::Readmission;

/// Takes a one-time code and a key, gives a certificate and a token.
#[utoipa::path(
    post, path = "/v1/enrol", tag = "device", request_body = EnrolRequest,
    responses(
        (status = 200, body = Enrolled), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 410, body = ErrorBody),
        (status = 429, body = ErrorBody)
    )
)]
pub async fn enrol(
    State(app): State<App>,
    From(address): From,
    Body(request): Body<EnrolRequest>,
) -> Result<Json<Enrolled>> {
    app.throttle.begin(address, app.now_ms())?;
    let enrolled = enrolment::enrol(&app, request).await;
    let guessed = matches!(&enrolled, Err(ServerError::Refused(refusal)) if matches!(
        refusal.code,
        Code::EnrolmentWrong | Code::EnrolmentUsed | Code::EnrolmentExpired
    ));
    if !guessed {
        app.throttle.undo(address);
    }
    enrolled.map(Json)
}

/// Knows a tablet again that this office enrolled and, restored from an older
/// copy, has forgotten.
#[utoipa::path(
    post, path = "/v1/readmission", tag = "device", request_body = Object,
    responses((status = 204), (status = 401, body = ErrorBody))
)]
pub async fn readmit(State(app): State<App>, Body(asked): Body<Readmission>) -> Result<StatusCode> {
    // Nothing here is short enough to be guessed, so nobody is made to wait.
    readmission::readmit(&app, &asked).await?;
    Ok(StatusCode::NO_CONTENT)
}
