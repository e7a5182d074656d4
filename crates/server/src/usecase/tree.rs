//! The heads of the days that are over: made by whichever instance comes first,
//! the same whoever makes them. What a head is, is `ledger::tree`'s.

use crate::app::App;
use crate::error::Result;
use crate::store::acceptance::{self, StoredHead};
use chrono::{Datelike, NaiveDate};
use domain::time::{Wall, shanghai_day_end_ms};
use ledger::tree::{SignedTreeHead, Tree, TreeHead};
use sea_orm::{ConnectionTrait, TransactionTrait};
use std::sync::atomic::{AtomicI32, Ordering};

/// The day up to which this instance knows the heads to be made, so that
/// nobody asks the database twice a day.
#[derive(Debug, Default)]
pub struct Due(AtomicI32);

impl Due {
    fn is(&self, today: NaiveDate) -> bool {
        self.0.load(Ordering::Relaxed) != today.num_days_from_ce()
    }

    fn done(&self, today: NaiveDate) {
        self.0.store(today.num_days_from_ce(), Ordering::Relaxed);
    }
}

/// Makes the heads of the days that are over, if that was not done today. What
/// goes wrong is logged and tried again: nobody's work waits for a head.
pub async fn when_due(app: &App) {
    let today = app.shanghai_today();
    if !app.heads_due.is(today) {
        return;
    }
    match make(app, today).await {
        Ok(()) => app.heads_due.done(today),
        Err(error) => tracing::error!(%error, "the day's tree head could not be made"),
    }
}

/// Makes the heads of all days before `today` that have acceptances.
pub async fn make(app: &App, today: NaiveDate) -> Result<()> {
    // Asked without the writer's lock first: mostly there is nothing to do.
    while next(&app.db, acceptance::last_head(&app.db).await?.as_ref(), today).await?.is_some() {
        let db = app.begin_write().await?;
        let last = acceptance::last_head(&db).await?;
        let Some(day) = next(&db, last.as_ref(), today).await? else { break };
        let previous = last.map(|last| last.head);
        if !acceptance::claim(&db, day, previous.as_ref()).await? {
            // Another instance was quicker; what it left is looked at anew.
            db.rollback().await?;
            continue;
        }
        acceptance::close(&db, day, shanghai_day_end_ms(day)).await?;
        let tree = Tree::new(acceptance::leaves(&db, Some(day)).await?);
        let head = sign(app, day, &tree, previous.as_ref(), false)?;
        acceptance::put_head(&db, day, &head, &app.keys.certificate).await?;
        db.commit().await?;
        tracing::info!(%day, size = tree.size(), head = %head.hash(), "the day's tree head is made");
    }
    Ok(())
}

/// The next day that wants a head: that of the oldest acceptance under none. One
/// that was committed too late for its own day goes under the day after.
async fn next(
    db: &impl ConnectionTrait,
    last: Option<&StoredHead>,
    today: NaiveDate,
) -> Result<Option<NaiveDate>> {
    let Some(oldest) = acceptance::oldest_open_ms(db).await? else { return Ok(None) };
    let Some(at) = chrono::DateTime::from_timestamp_millis(oldest) else { return Ok(None) };
    let own = Wall::new(at).shanghai_date();
    let after_last = last.and_then(|last| last.day.succ_opt());
    let day = after_last.map_or(own, |first| first.max(own));
    Ok((day < today).then_some(day))
}

/// A head over what is accepted and under none yet: that of the running day,
/// as far as it has come.
pub async fn interim(app: &App, today: NaiveDate) -> Result<SignedTreeHead> {
    let db = app.db.begin().await?;
    let previous = acceptance::last_head(&db).await?.map(|last| last.head);
    let tree = Tree::new(acceptance::leaves(&db, None).await?);
    db.rollback().await?;
    sign(app, today, &tree, previous.as_ref(), true)
}

/// Signs a head over a tree.
pub fn sign(
    app: &App,
    day: NaiveDate,
    tree: &Tree,
    previous: Option<&SignedTreeHead>,
    interim: bool,
) -> Result<SignedTreeHead> {
    let head = TreeHead {
        day,
        size: tree.size(),
        root: tree.root(),
        previous: previous.map(SignedTreeHead::hash),
        by: app.keys.replica,
        interim,
    };
    Ok(SignedTreeHead::sign(&app.keys.server, &head)?)
}
