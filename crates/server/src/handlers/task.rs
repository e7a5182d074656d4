//! Tasks: the list, opening, dispatch, the board, the history, what the task
//! cites, and the review.

use crate::app::App;
use crate::error::{ErrorBody, Result, ServerError};
use crate::extract::{Body, InPath, InQuery};
use crate::guard::Caller;
use crate::store::{membership, task};
use crate::usecase::draft::{self, TaskRequest};
use crate::usecase::{board, dispatch, review};
use crate::view::{Article, Page, Paging, ReturnRequest, TaskOpened};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::{LedgerId, RecordId, TaskId};
use domain::task::Status;
use ledger::board::{Board, HistoryEntry, TaskCard};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which tasks.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TaskQuery {
    /// Of this status only.
    pub status: Option<Status>,
    /// Words in title, number or enterprise.
    #[serde(default)]
    pub q: String,
    /// The page, from 0.
    #[serde(default)]
    pub page: u64,
    /// Rows on a page, at most 200.
    pub size: Option<u64>,
}

/// One page of tasks, the latest visit first.
#[utoipa::path(
    get, path = "/api/tasks", tag = "desk", operation_id = "list_tasks", params(TaskQuery),
    responses((status = 200, body = Page<TaskCard>))
)]
pub async fn list(
    State(app): State<App>,
    InQuery(query): InQuery<TaskQuery>,
) -> Result<Json<Page<TaskCard>>> {
    let paging = Paging::of(query.page, query.size);
    let status = query.status.as_ref().map(crate::store::department::text).transpose()?;
    let (rows, total) =
        task::page(&app.db, status.as_deref(), &query.q, paging.page, paging.size).await?;
    Ok(Json(Page { rows, total, page: paging.page, size: paging.size }))
}

/// Opens a task as a draft.
#[utoipa::path(
    post, path = "/api/tasks", tag = "desk", request_body = TaskRequest,
    responses((status = 201, body = TaskOpened), (status = 422, body = ErrorBody))
)]
pub async fn open(
    State(app): State<App>,
    caller: Caller,
    Body(request): Body<TaskRequest>,
) -> Result<(StatusCode, Json<TaskOpened>)> {
    let task = draft::open(&app, request, caller.account).await?;
    Ok((StatusCode::CREATED, Json(TaskOpened { task })))
}

/// Sends a draft to the tablets.
#[utoipa::path(
    post, path = "/api/tasks/{task}/dispatch", tag = "desk", params(("task" = TaskId, Path)),
    responses((status = 200, body = TaskCard), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody))
)]
pub async fn dispatch(
    State(app): State<App>,
    caller: Caller,
    InPath(task): InPath<TaskId>,
) -> Result<Json<TaskCard>> {
    Ok(Json(dispatch::dispatch(&app, task, caller.person()).await?))
}

/// Everything about a task.
#[utoipa::path(
    get, path = "/api/tasks/{task}", tag = "desk", params(("task" = TaskId, Path)),
    responses((status = 200, body = Board), (status = 404, body = ErrorBody))
)]
pub async fn show(State(app): State<App>, InPath(task): InPath<TaskId>) -> Result<Json<Board>> {
    Ok(Json(board::board(&app, task).await?))
}

/// The history of a task, newest first.
#[utoipa::path(
    get, path = "/api/tasks/{task}/history", tag = "desk", params(("task" = TaskId, Path)),
    responses((status = 200, body = Vec<HistoryEntry>), (status = 404, body = ErrorBody))
)]
pub async fn history(
    State(app): State<App>,
    InPath(task): InPath<TaskId>,
) -> Result<Json<Vec<HistoryEntry>>> {
    Ok(Json(board::history(&app, task).await?))
}

/// Every legal basis and criterion that the task may cite.
#[utoipa::path(
    get, path = "/api/tasks/{task}/articles", tag = "desk", operation_id = "task_articles",
    params(("task" = TaskId, Path)),
    responses((status = 200, body = Vec<Article>), (status = 404, body = ErrorBody))
)]
pub async fn articles(
    State(app): State<App>,
    InPath(task): InPath<TaskId>,
) -> Result<Json<Vec<Article>>> {
    let package = board::package(&app, task).await?;
    let laws = package.laws.into_iter().map(Article::from);
    Ok(Json(laws.chain(package.criteria.into_iter().map(Article::from)).collect()))
}

/// Returns a finding to its department with a comment.
#[utoipa::path(
    post, path = "/api/tasks/{task}/findings/{rec}/return", tag = "desk",
    params(("task" = TaskId, Path), ("rec" = RecordId, Path)), request_body = ReturnRequest,
    responses((status = 200, body = TaskCard), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub async fn return_finding(
    State(app): State<App>,
    caller: Caller,
    InPath((task, finding)): InPath<(TaskId, RecordId)>,
    Body(request): Body<ReturnRequest>,
) -> Result<Json<TaskCard>> {
    review::return_finding(&app, task, finding, &request.comment, &caller.reviewer()).await?;
    card(&app, task).await
}

/// Approves every finding that was not returned, and the task with them.
#[utoipa::path(
    post, path = "/api/tasks/{task}/approve", tag = "desk", params(("task" = TaskId, Path)),
    responses((status = 200, body = TaskCard), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody))
)]
pub async fn approve(
    State(app): State<App>,
    caller: Caller,
    InPath(task): InPath<TaskId>,
) -> Result<Json<TaskCard>> {
    review::approve(&app, task, &caller.reviewer()).await?;
    card(&app, task).await
}

async fn card(app: &App, task: TaskId) -> Result<Json<TaskCard>> {
    let joint = membership::joint_of_task(&app.db, task).await?;
    let joint = joint.ok_or(ServerError::Broken("a reviewed task has no ledger"))?;
    let card = task::card(&app.db, LedgerId(joint.id)).await?;
    card.map(Json).ok_or(ServerError::Broken("a reviewed task is not in the list"))
}
