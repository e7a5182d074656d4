//! A server that was restored from a copy: it writes as a new replica, takes
//! its own earlier chains back from the tablets, and heeds what it had said in
//! them: who belongs to a team, and which tablets are out of service.

use crate::app::App;
use crate::error::Result;
use crate::store::{chain, membership, register, tablet};
use crate::usecase::{append, dispatch, judgement};
use domain::id::{LedgerId, PersonId, ReplicaId};
use domain::record::{field, kind};
use domain::task::Seat;
use ledger::Register;
use ledger::certificate::SignedCertificate;
use sea_orm::ConnectionTrait;

/// Introduces the server's replica of this epoch, and those before it, in every
/// ledger in which it has not written yet. Nothing to do in a first epoch.
pub async fn introduce(app: &App) -> Result<()> {
    if app.keys.former.is_empty() {
        return Ok(());
    }
    for ledger in membership::all_ledgers(&app.db).await? {
        if chain::head(&app.db, ledger, app.keys.replica).await?.pos == 0 {
            let db = app.begin_write().await?;
            introduce_in(app, &db, ledger).await?;
            db.commit().await?;
        }
    }
    Ok(())
}

/// Introduces the server's replicas in one ledger.
pub async fn introduce_in(app: &App, db: &impl ConnectionTrait, ledger: LedgerId) -> Result<()> {
    let office = app.keys.office.public();
    let all: Vec<&SignedCertificate> =
        app.keys.former.iter().chain([&app.keys.certificate]).collect();
    let mut writes = Vec::with_capacity(all.len());
    for signed in all {
        // Certificates kept here were verified when the keys were read.
        if let Ok(certificate) = signed.verify(&office) {
            writes.push(dispatch::certificate(certificate.replica, signed)?);
        }
    }
    let author = judgement::office(app.keys.replica);
    let touched = append::write_own(app, db, ledger, author, "server.restore", writes).await?;
    append::settle(db, ledger, touched).await
}

/// Does again what an earlier epoch's statements had done here.
pub async fn heed(
    app: &App,
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    heard: &[Register],
) -> Result<()> {
    for one in heard {
        if one.is(kind::MEMBER, field::SEAT) {
            heed_seat(app, db, ledger, one).await?;
        } else if one.is(kind::REPLICA, field::REVOKED) {
            heed_revocation(app, db, ledger, one).await?;
        }
    }
    Ok(())
}

async fn heed_seat(
    app: &App,
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    one: &Register,
) -> Result<()> {
    let person = PersonId(one.rec.0);
    let shown = register::shown(db, ledger, one).await?;
    match shown.and_then(|val| serde_json::from_value::<Seat>(val).ok()) {
        Some(seat) if seat.is_held() => {
            membership::ensure(db, ledger, (person, seat.department), app.now_ms()).await
        }
        _ => membership::leave(db, ledger, person, app.now_ms()).await,
    }
}

async fn heed_revocation(
    app: &App,
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    one: &Register,
) -> Result<()> {
    let replica = ReplicaId(one.rec.0);
    let revoked = register::shown(db, ledger, one).await?.is_some_and(|val| !val.is_null());
    let known = tablet::by_replica(db, replica).await?;
    if revoked && known.is_some_and(|tablet| tablet.revoked_ms.is_none()) {
        tablet::revoke(db, replica, app.now_ms()).await?;
    }
    Ok(())
}
