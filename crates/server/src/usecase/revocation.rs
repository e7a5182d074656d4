//! Taking a tablet out of service. It reads nothing from then on; its work is
//! still taken. What is to become of its data is an order that it gets with the
//! next exchange, signed, and whose execution it confirms.

use crate::app::App;
use crate::error::{Code, Result, ServerError};
use crate::store::{membership, register, revocation, tablet};
use crate::usecase::exchange::Device;
use crate::usecase::{append, judgement};
use chrono::DateTime;
use domain::id::{PersonId, RecordId, ReplicaId};
use domain::record::{field, kind};
use domain::task::Revocation;
use domain::time::Wall;
use ledger::wipe::{SignedWipe, Wipe};
use ledger::{Register, Write};
use sea_orm::ConnectionTrait;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 500;

/// What the desk orders.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct Revoke {
    /// Why; it stays on record.
    pub reason: String,
    /// Whether the tablet was lost or stolen.
    #[serde(default)]
    pub lost: bool,
    /// What is to become of its data; none leaves it there.
    #[serde(default)]
    pub wipe: Option<Wipe>,
}

/// Takes a tablet out of service, or changes what is to become of its data.
/// Once the tablet was told, the order can only become graver.
pub async fn revoke(app: &App, replica: ReplicaId, order: Revoke, by: Option<Uuid>) -> Result<()> {
    let reason = order.reason.trim().to_owned();
    if reason.is_empty() {
        return Err(Code::ReasonMissing.into());
    }
    if reason.chars().count() > REASON_CHARS_MAX {
        return Err(Code::TextTooLong.into());
    }
    let db = app.begin_write().await?;
    let known = tablet::by_replica(&db, replica).await?.ok_or(Code::NotFound)?;
    let before = revocation::of(&db, replica).await?;
    if let Some(before) = &before {
        let told = before.told_ms.and(before.wipe.as_deref().and_then(Wipe::of_word));
        if before.wiped_ms.is_some() || severity(order.wipe) < severity(told) {
            return Err(Code::OrderDelivered.into());
        }
    }
    let now = app.now_ms();
    if known.revoked_ms.is_none() {
        tablet::revoke(&db, replica, now).await?;
    }
    let row = revocation::Model {
        replica: replica.0,
        reason,
        lost: order.lost,
        wipe: order.wipe.map(|wipe| wipe.word().to_owned()),
        ordered_by: by,
        ordered_ms: now,
        told_ms: before.and_then(|before| before.told_ms),
        wiped_ms: None,
    };
    let said = Revocation { lost: row.lost, reason: row.reason.clone() };
    revocation::put(&db, row).await?;
    announce(app, &db, &known, &said).await?;
    db.commit().await?;
    app.events.poke();
    tracing::info!(%replica, by = ?by, lost = order.lost, wipe = ?order.wipe, "a tablet was taken out of service");
    Ok(())
}

/// Says so in every ledger in which the tablet may have written: what still comes
/// of it is marked, and colleagues know that files of its may never come.
async fn announce(
    app: &App,
    db: &impl ConnectionTrait,
    known: &tablet::Model,
    said: &Revocation,
) -> Result<()> {
    let one = Register::new(kind::REPLICA, RecordId(known.replica), field::REVOKED);
    let said = serde_json::to_value(said)?;
    let author = judgement::office(app.keys.replica);
    for ledger in membership::of_person(db, PersonId(known.person)).await? {
        if register::shown(db, ledger, &one).await?.as_ref() == Some(&said) {
            continue;
        }
        let writes = vec![Write::new(kind::REPLICA, one.rec, field::REVOKED, said.clone())];
        let touched = append::write_own(app, db, ledger, author, "replica.revoke", writes).await?;
        append::settle(db, ledger, touched).await?;
    }
    Ok(())
}

fn severity(wipe: Option<Wipe>) -> u8 {
    match wipe {
        None => 0,
        Some(Wipe::WipeAfterPush) => 1,
        Some(Wipe::WipeNow) => 2,
    }
}

/// The order for a tablet, if there is one, signed. That it was told is noted.
pub async fn order_for(app: &App, device: &Device) -> Result<Option<SignedWipe>> {
    if !device.revoked {
        return Ok(None);
    }
    let Some(row) = revocation::of(&app.db, device.replica).await? else { return Ok(None) };
    let Some(order) = row.wipe.as_deref().and_then(Wipe::of_word) else { return Ok(None) };
    let at = DateTime::from_timestamp_millis(row.ordered_ms)
        .ok_or(ServerError::Broken("a moment out of range"))?;
    if row.told_ms.is_none() {
        revocation::told(&app.db, device.replica, app.now_ms()).await?;
    }
    Ok(Some(SignedWipe::sign(&app.keys.server, device.replica, order, Wall::new(at))))
}

/// A tablet says that its data is gone. Its token is no good from then on.
pub async fn wiped(app: &App, device: &Device) -> Result<()> {
    let db = app.begin_write().await?;
    let row = revocation::of(&db, device.replica).await?;
    row.filter(|row| row.wipe.is_some()).ok_or(Code::NotFound)?;
    revocation::wiped(&db, device.replica, app.now_ms()).await?;
    end_token(&db, device.replica).await?;
    db.commit().await?;
    tracing::info!(replica = %device.replica, "a tablet destroyed its data as ordered");
    Ok(())
}

/// No token hashes to this, which is no hash.
async fn end_token(db: &impl ConnectionTrait, replica: ReplicaId) -> Result<()> {
    tablet::set_token(db, replica, &format!("ended-{replica}")).await
}
