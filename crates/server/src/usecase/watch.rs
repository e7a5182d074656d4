//! Telling tablets that listen that something changed. What changed is asked of
//! the database, so that it does not matter which instance took it in; a commit
//! of this one only has it asked at once.

use crate::app::App;
use crate::error::Result;
use crate::store::{acceptance, membership, tablet};
use domain::id::{LedgerId, ReplicaId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

/// How often the database is looked at while somebody listens.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How far back each look goes: another instance's clock may be behind, and a
/// transaction may have taken its time before it was committed.
const OVERLAP_MS: i64 = 15_000;

/// When the last look was, and what it saw.
#[derive(Debug, Default)]
pub struct Looked {
    /// Milliseconds UTC; none after a time in which nobody listened.
    at_ms: Option<i64>,
    seen: BTreeSet<Uuid>,
}

/// Looks again and again, for as long as the server runs.
pub async fn watch(app: App) {
    let mut looked = Looked::default();
    loop {
        tokio::select! {
            () = app.events.poked() => {}
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
        if app.events.is_quiet() {
            // The next look rings for all that is recent: once too often does no
            // harm, and whoever came meanwhile misses nothing.
            looked = Looked::default();
            continue;
        }
        if let Err(error) = look(&app, &mut looked).await {
            tracing::warn!(%error, "what changed could not be looked at");
        }
    }
}

/// Rings for what was accepted since the last look, and ends the streams of
/// tablets that were revoked.
///
/// # Errors
/// When the database does not answer.
pub async fn look(app: &App, looked: &mut Looked) -> Result<()> {
    // Before anything rings: a revoked tablet hears nothing more.
    app.events.end(&tablet::revoked(&app.db).await?);
    let at = app.now_ms();
    let since = looked.at_ms.map_or(at, |before| before.min(at)) - OVERLAP_MS;
    let rows = acceptance::since(&app.db, since).await?;
    let mut written: BTreeMap<LedgerId, BTreeSet<ReplicaId>> = BTreeMap::new();
    for (_, ledger, replica) in rows.iter().filter(|(id, ..)| !looked.seen.contains(id)) {
        written.entry(*ledger).or_default().insert(*replica);
    }
    for (ledger, writers) in written {
        let readers = membership::readers(&app.db, ledger).await?;
        app.events.changed(&readers, &writers);
    }
    *looked = Looked { at_ms: Some(at), seen: rows.into_iter().map(|(id, ..)| id).collect() };
    Ok(())
}
