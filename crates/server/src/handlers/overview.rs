//! Numbers for the first screen.

use crate::app::App;
use crate::error::Result;
use crate::store::{department, enterprise, inspector, list, tablet, task};
use crate::view::Overview;
use axum::Json;
use axum::extract::State;
use sea_orm::TransactionTrait;

/// A tablet not heard of for a day is behind.
const BEHIND_MS: i64 = 24 * 3600 * 1000;

/// Numbers over everything, from one snapshot.
#[utoipa::path(get, path = "/api/overview", tag = "desk", responses((status = 200, body = Overview)))]
pub async fn overview(State(app): State<App>) -> Result<Json<Overview>> {
    let db = app.db.begin().await?;
    let findings = list::all_findings(&db).await?;
    let (tablets, tablets_behind) = tablet::counts(&db, app.now_ms() - BEHIND_MS).await?;
    Ok(Json(Overview {
        tasks_by_status: task::counts_by_status(&db).await?,
        findings_general: findings.all.saturating_sub(findings.major),
        findings_major: findings.major,
        open_conflicts: list::all_conflicts(&db).await?,
        returned: findings.returned,
        tablets,
        tablets_behind,
        enterprises: enterprise::count(&db).await?,
        departments: department::count(&db).await?,
        inspectors: inspector::count(&db).await?,
    }))
}
