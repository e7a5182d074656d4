//! The typed commands: each is one call of the tablet, moved to a thread that
//! may wait. Gestures ring the bell, so that an exchange follows soon.

use crate::Tablet;
use crate::background::Bell;
use device::board::{Board, HistoryEntry, Target};
use device::usecase::{FindingCreated, SiteRecord};
use device::view::{
    AppError, AppStatus, Article, ChosenValue, ErrorCode, FindingDraft, RescuePack, RescuePlace,
    StoreCheck, SyncStatus, Visit,
};
use device::{Device, Register};
use domain::finding::Answer;
use domain::id::{RecordId, TaskId};
use std::path::Path;
use tauri::State;

type Here<'a> = State<'a, Tablet>;
type Rings<'a> = State<'a, Bell>;

/// Does something with the tablet on a thread that may wait.
pub(crate) async fn on<T: Send + 'static>(
    tablet: &Tablet,
    act: impl FnOnce(&Device) -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    let tablet = Tablet::clone(tablet);
    let done = tauri::async_runtime::spawn_blocking(move || act(&tablet)).await;
    done.unwrap_or_else(|_| Err(ErrorCode::Internal.into()))
}

/// The same for a gesture: when it was written, the bell rings.
async fn gesture<T: Send + 'static>(
    tablet: &Tablet,
    bell: &Bell,
    act: impl FnOnce(&Device) -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    let done = on(tablet, act).await?;
    bell.ring();
    Ok(done)
}

fn register(target: Target) -> Register {
    Register { kind: target.kind, rec: target.rec, field: target.field }
}

#[tauri::command]
#[specta::specta]
pub async fn status(tablet: Here<'_>) -> Result<AppStatus, AppError> {
    on(&tablet, |d| Ok(d.status())).await
}

#[tauri::command]
#[specta::specta]
pub async fn enrol(
    tablet: Here<'_>,
    bell: Rings<'_>,
    server: String,
    code: String,
    pin: String,
) -> Result<AppStatus, AppError> {
    gesture(&tablet, &bell, move |d| d.enrol(&server, &code, &pin)).await
}

#[tauri::command]
#[specta::specta]
pub async fn unlock(tablet: Here<'_>, bell: Rings<'_>, pin: String) -> Result<AppStatus, AppError> {
    gesture(&tablet, &bell, move |d| d.unlock(&pin)).await
}

#[tauri::command]
#[specta::specta]
pub async fn lock(tablet: Here<'_>) -> Result<AppStatus, AppError> {
    on(&tablet, |d| Ok(d.lock())).await
}

#[tauri::command]
#[specta::specta]
pub async fn visits(tablet: Here<'_>) -> Result<Vec<Visit>, AppError> {
    on(&tablet, Device::visits).await
}

#[tauri::command]
#[specta::specta]
pub async fn board(tablet: Here<'_>, task: TaskId) -> Result<Board, AppError> {
    on(&tablet, move |d| d.board(task)).await
}

#[tauri::command]
#[specta::specta]
pub async fn articles(
    tablet: Here<'_>,
    task: TaskId,
    codes: Vec<String>,
) -> Result<Vec<Article>, AppError> {
    on(&tablet, move |d| d.articles(task, &codes)).await
}

#[tauri::command]
#[specta::specta]
pub async fn criteria(tablet: Here<'_>, task: TaskId) -> Result<Vec<Article>, AppError> {
    on(&tablet, move |d| d.criteria(task)).await
}

#[tauri::command]
#[specta::specta]
pub async fn laws(tablet: Here<'_>, task: TaskId) -> Result<Vec<Article>, AppError> {
    on(&tablet, move |d| d.laws(task)).await
}

#[tauri::command]
#[specta::specta]
pub async fn answer_item(
    tablet: Here<'_>,
    bell: Rings<'_>,
    task: TaskId,
    item: RecordId,
    answer: Option<Answer>,
    seen: Vec<String>,
) -> Result<Board, AppError> {
    gesture(&tablet, &bell, move |d| d.answer_item(task, item, answer, &seen)).await
}

#[tauri::command]
#[specta::specta]
pub async fn edit_field(
    tablet: Here<'_>,
    bell: Rings<'_>,
    task: TaskId,
    target: Target,
    value: ChosenValue,
    seen: Vec<String>,
) -> Result<Board, AppError> {
    gesture(&tablet, &bell, move |d| d.edit_field(task, register(target), &value, &seen)).await
}

#[tauri::command]
#[specta::specta]
pub async fn create_finding(
    tablet: Here<'_>,
    bell: Rings<'_>,
    task: TaskId,
    draft: FindingDraft,
) -> Result<FindingCreated, AppError> {
    gesture(&tablet, &bell, move |d| d.create_finding(task, &draft)).await
}

#[tauri::command]
#[specta::specta]
pub async fn propose(
    tablet: Here<'_>,
    bell: Rings<'_>,
    task: TaskId,
    target: Target,
    value: ChosenValue,
    reason: String,
    seen: Vec<String>,
) -> Result<Board, AppError> {
    gesture(&tablet, &bell, move |d| d.propose(task, register(target), &value, &reason, &seen))
        .await
}

#[tauri::command]
#[specta::specta]
pub async fn reply_proposal(
    tablet: Here<'_>,
    bell: Rings<'_>,
    task: TaskId,
    rec: RecordId,
    accepted: bool,
    reason: String,
    seen: Vec<String>,
) -> Result<Board, AppError> {
    gesture(&tablet, &bell, move |d| d.reply_proposal(task, rec, accepted, &reason, &seen)).await
}

#[tauri::command]
#[specta::specta]
pub async fn decide(
    tablet: Here<'_>,
    bell: Rings<'_>,
    task: TaskId,
    target: Target,
    head: String,
    reason: String,
    seen: Vec<String>,
) -> Result<Board, AppError> {
    gesture(&tablet, &bell, move |d| d.decide(task, register(target), &head, &reason, &seen)).await
}

#[tauri::command]
#[specta::specta]
pub async fn add_note(
    tablet: Here<'_>,
    bell: Rings<'_>,
    task: TaskId,
    text: String,
) -> Result<Board, AppError> {
    gesture(&tablet, &bell, move |d| d.add_note(task, &text)).await
}

#[tauri::command]
#[specta::specta]
pub async fn history(tablet: Here<'_>, task: TaskId) -> Result<Vec<HistoryEntry>, AppError> {
    on(&tablet, move |d| d.history(task)).await
}

#[tauri::command]
#[specta::specta]
pub async fn make_site_record(
    tablet: Here<'_>,
    bell: Rings<'_>,
    task: TaskId,
) -> Result<SiteRecord, AppError> {
    gesture(&tablet, &bell, move |d| d.make_site_record(task)).await
}

#[tauri::command]
#[specta::specta]
pub async fn sync_status(tablet: Here<'_>) -> Result<SyncStatus, AppError> {
    on(&tablet, Device::sync_status).await
}

#[tauri::command]
#[specta::specta]
pub async fn sync_now(tablet: Here<'_>) -> Result<SyncStatus, AppError> {
    on(&tablet, |d| d.exchange().and_then(|_| d.sync_status())).await
}

#[tauri::command]
#[specta::specta]
pub async fn change_pin(tablet: Here<'_>, old: String, pin: String) -> Result<(), AppError> {
    on(&tablet, move |d| d.change_pin(&old, &pin)).await
}

#[tauri::command]
#[specta::specta]
pub async fn reset_pin(
    tablet: Here<'_>,
    bell: Rings<'_>,
    code: String,
    pin: String,
) -> Result<AppStatus, AppError> {
    gesture(&tablet, &bell, move |d| d.reset_pin(&code, &pin)).await
}

#[tauri::command]
#[specta::specta]
pub async fn rescue_places(tablet: Here<'_>) -> Result<Vec<RescuePlace>, AppError> {
    on(&tablet, |d| Ok(d.rescue_places())).await
}

#[tauri::command]
#[specta::specta]
pub async fn rescue_pack(
    tablet: Here<'_>,
    folder: String,
    everything: bool,
    pin: Option<String>,
) -> Result<RescuePack, AppError> {
    on(&tablet, move |d| d.rescue_pack(Path::new(&folder), everything, pin.as_deref())).await
}

#[tauri::command]
#[specta::specta]
pub async fn check_store(tablet: Here<'_>) -> Result<StoreCheck, AppError> {
    on(&tablet, Device::check_store).await
}

#[tauri::command]
#[specta::specta]
pub async fn start_anew(tablet: Here<'_>) -> Result<AppStatus, AppError> {
    on(&tablet, Device::start_anew).await
}

#[tauri::command]
#[specta::specta]
pub async fn forget_wipe(tablet: Here<'_>) -> Result<AppStatus, AppError> {
    on(&tablet, Device::forget_wipe).await
}
