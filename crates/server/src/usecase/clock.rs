//! Tablets whose clock is off. A change bears the time of its tablet's clock, which
//! nobody corrects; that it was off is stated beside what came, for whoever reads
//! the record.

use crate::app::App;
use crate::error::Result;
use crate::store::{membership, register};
use crate::usecase::exchange::Device;
use crate::usecase::{append, judgement};
use domain::id::{LedgerId, RecordId};
use domain::record::{field, kind};
use domain::task::ClockNote;
use domain::time::Wall;
use ledger::{Register, Write};
use std::collections::BTreeSet;

/// What is said of a clock is said again when it is off by so much more or less.
const NOTABLE_MS: i64 = 5 * 60 * 1000;

/// States in some ledgers how far a tablet's clock is off, where that is notable
/// and not said yet.
pub async fn note(
    app: &App,
    device: &Device,
    ledgers: &BTreeSet<LedgerId>,
    said: Wall,
) -> Result<()> {
    let ahead_ms = (said.instant() - app.now().instant()).num_milliseconds();
    let one = Register::new(kind::REPLICA, RecordId(device.replica.0), field::CLOCK);
    for ledger in ledgers {
        if !notable(app, *ledger, &one, ahead_ms).await?
            || !membership::ever(&app.db, *ledger, device.person).await?
        {
            continue;
        }
        let db = app.begin_write().await?;
        let value = serde_json::to_value(ClockNote { ahead_ms })?;
        let writes = vec![Write::new(kind::REPLICA, one.rec, field::CLOCK, value)];
        let author = judgement::office(app.keys.replica);
        let touched = append::write_own(app, &db, *ledger, author, "replica.clock", writes).await?;
        append::settle(&db, *ledger, touched).await?;
        db.commit().await?;
        tracing::warn!(%ledger, replica = %device.replica, ahead_ms, "a tablet's clock is off");
    }
    Ok(())
}

async fn notable(app: &App, ledger: LedgerId, one: &Register, ahead_ms: i64) -> Result<bool> {
    let shown = register::shown(&app.db, ledger, one).await?;
    let known = shown.and_then(|val| serde_json::from_value::<ClockNote>(val).ok());
    let known = known.map_or(0, |note| note.ahead_ms);
    Ok(ahead_ms.abs_diff(known) > NOTABLE_MS.unsigned_abs())
}
