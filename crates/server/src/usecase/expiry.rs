//! What is not kept for ever: uploads that stopped in the middle, and files
//! that nobody refers to. Any number of servers may do this at the same time;
//! each removal is a transaction that takes its own row first.

use crate::app::App;
use crate::error::Result;
use crate::store::{blob, upload};
use crate::usecase::upload::PARTIAL_MS;
use ledger::Hash;
use std::time::Duration;

/// How long a file stays that no ledger refers to.
pub const UNREFERENCED_MS: i64 = 90 * 24 * 60 * 60 * 1000;
/// How often it is looked for.
const INTERVAL: Duration = Duration::from_secs(60 * 60);
/// What a crash left half written is nobody's after this long.
const UNKEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// Rows taken at a time.
const ROWS_MAX: u64 = 200;

/// What one look removed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Uploads.
    pub uploads: u64,
    /// Files.
    pub files: u64,
}

/// Looks again and again, for as long as the server runs.
pub async fn watch(app: App) {
    let mut clock = tokio::time::interval(INTERVAL);
    loop {
        clock.tick().await;
        match sweep(&app, app.now_ms()).await {
            Ok(swept) if swept != Swept::default() => {
                tracing::info!(uploads = swept.uploads, files = swept.files, "expired");
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "what has expired could not be removed"),
        }
    }
}

/// Removes what has expired at a moment.
///
/// # Errors
/// The database's and the store's; what was removed until then stays removed.
pub async fn sweep(app: &App, now_ms: i64) -> Result<Swept> {
    let mut swept = Swept::default();
    let before = now_ms - PARTIAL_MS;
    loop {
        let rows = upload::untouched(&app.db, before, ROWS_MAX).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            swept.uploads += u64::from(remove_upload(app, &row, before).await?);
        }
    }
    let before = now_ms - UNREFERENCED_MS;
    loop {
        let names = blob::unreferenced_since(&app.db, before, ROWS_MAX).await?;
        if names.is_empty() {
            break;
        }
        for name in names {
            swept.files += u64::from(remove_file(app, &name, before).await?);
        }
    }
    app.files.sweep_unkept(UNKEPT).await?;
    Ok(swept)
}

async fn remove_upload(app: &App, row: &upload::Model, before: i64) -> Result<bool> {
    let db = app.begin_write().await?;
    if !upload::remove_untouched(&db, row.id, before).await? {
        return Ok(false);
    }
    // A crash between putting the file in place and noting it leaves a file that
    // nothing but this row knows of.
    if row.finished_ms.is_none()
        && let Ok(hash) = row.sha256.parse::<Hash>()
        && blob::claim(&db, &row.sha256).await?
    {
        app.files.remove(&hash).await?;
        blob::release(&db, &row.sha256).await?;
    }
    db.commit().await?;
    app.files.drop_parts(row.id).await?;
    Ok(true)
}

async fn remove_file(app: &App, name: &str, before: i64) -> Result<bool> {
    let db = app.begin_write().await?;
    if !blob::forget(&db, name, before).await? {
        return Ok(false);
    }
    if let Ok(hash) = name.parse::<Hash>() {
        app.files.remove(&hash).await?;
    }
    db.commit().await?;
    Ok(true)
}
