//! A task that is out: its team, whether it takes place, who owns what, and what
//! was marked for review.

use crate::app::App;
use crate::error::{ErrorBody, Result};
use crate::extract::{Body, InPath};
use crate::guard::Caller;
use crate::usecase::draft::PartyRequest;
use crate::usecase::resolution::{self, Settle};
use crate::usecase::running::{self, HandOn};
use crate::usecase::team;
use crate::view::ReasonGiven;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::{RecordId, TaskId};
use ledger::ChangeId;

/// Gives the seats of one department to other people.
#[utoipa::path(
    post, path = "/api/tasks/{task}/team", tag = "desk", params(("task" = TaskId, Path)),
    request_body = PartyRequest,
    responses(
        (status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)
    )
)]
pub async fn change_team(
    State(app): State<App>,
    caller: Caller,
    InPath(task): InPath<TaskId>,
    Body(asked): Body<PartyRequest>,
) -> Result<StatusCode> {
    team::change(&app, task, asked, caller.person()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Calls a visit off.
#[utoipa::path(
    post, path = "/api/tasks/{task}/cancel", tag = "desk", operation_id = "cancel_task",
    params(("task" = TaskId, Path)), request_body = ReasonGiven,
    responses(
        (status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)
    )
)]
pub async fn cancel(
    State(app): State<App>,
    caller: Caller,
    InPath(task): InPath<TaskId>,
    Body(given): Body<ReasonGiven>,
) -> Result<StatusCode> {
    running::cancel(&app, task, &given.reason, &caller.reviewer()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Hands an item or a finding on to another department.
#[utoipa::path(
    post, path = "/api/tasks/{task}/records/{rec}/owner", tag = "desk",
    params(("task" = TaskId, Path), ("rec" = RecordId, Path)), request_body = HandOn,
    responses(
        (status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)
    )
)]
pub async fn hand_on(
    State(app): State<App>,
    caller: Caller,
    InPath((task, rec)): InPath<(TaskId, RecordId)>,
    Body(to): Body<HandOn>,
) -> Result<StatusCode> {
    running::hand_on(&app, task, rec, to, &caller.reviewer()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says whether a change that was marked for review stands.
#[utoipa::path(
    post, path = "/api/tasks/{task}/changes/{change}/settle", tag = "desk",
    operation_id = "settle_change",
    params(("task" = TaskId, Path), ("change" = String, Path)), request_body = Settle,
    responses(
        (status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)
    )
)]
pub async fn settle(
    State(app): State<App>,
    caller: Caller,
    InPath((task, change)): InPath<(TaskId, ChangeId)>,
    Body(asked): Body<Settle>,
) -> Result<StatusCode> {
    resolution::settle(&app, task, change, asked, &caller.reviewer()).await?;
    Ok(StatusCode::NO_CONTENT)
}
