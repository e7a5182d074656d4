//! Who may read a file. Knowing its hash gives nothing: a ledger that the
//! caller may read must refer to it, and whoever wrote that reference must have
//! shown to hold its bytes. Else a tablet could name a foreign file in a record
//! of its own and have it handed out.

use crate::app::App;
use crate::error::Result;
use crate::store::{blob, chain, membership, tablet};
use domain::id::{LedgerId, PersonId, ReplicaId};
use ledger::Hash;
use sea_orm::ConnectionTrait;
use std::collections::BTreeSet;

/// What a reader may know of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// No readable ledger refers to it.
    Unknown,
    /// It is referred to, and its bytes have not come.
    NotHereYet,
    /// It is referred to from tablets alone that are out of service, and its
    /// bytes have not come.
    Lost,
    /// It may be read.
    Readable,
}

/// What a person may know of a file, through the ledgers granted to them.
pub async fn for_person(app: &App, person: PersonId, hash: &Hash) -> Result<Access> {
    let granted = membership::granted(&app.db, person).await?;
    access(app, hash, &granted).await
}

/// What the readers of one ledger may know of a file.
pub async fn for_ledger(app: &App, ledger: LedgerId, hash: &Hash) -> Result<Access> {
    access(app, hash, &BTreeSet::from([ledger])).await
}

async fn access(app: &App, hash: &Hash, readable: &BTreeSet<LedgerId>) -> Result<Access> {
    let references = blob::references(&app.db, hash).await?;
    let referred = references.into_iter().filter(|(ledger, _)| readable.contains(ledger));
    let bringers = blob::bringers(&app.db, hash).await?;
    let mut found = Access::Unknown;
    for (ledger, chain) in referred {
        let by = chain::writer(&app.db, ledger, chain).await?;
        if vouched(app, &app.db, by, &bringers).await? {
            return Ok(Access::Readable);
        }
        let tablet = tablet::by_replica(&app.db, by).await?;
        let lost = tablet.is_some_and(|tablet| tablet.revoked_ms.is_some());
        found = match found {
            Access::Unknown | Access::Lost if lost => Access::Lost,
            _ => Access::NotHereYet,
        };
    }
    Ok(found)
}

/// Whether the one who refers has shown to hold the bytes, with the tablet the
/// reference comes from or another of the same person.
async fn vouched(
    app: &App,
    db: &impl ConnectionTrait,
    by: ReplicaId,
    bringers: &BTreeSet<ReplicaId>,
) -> Result<bool> {
    if bringers.contains(&by) {
        return Ok(true);
    }
    if by == app.keys.replica {
        return Ok(false);
    }
    let Some(referring) = tablet::by_replica(db, by).await? else { return Ok(false) };
    let own = tablet::of_people(db, &[PersonId(referring.person)]).await?;
    Ok(own.iter().any(|tablet| bringers.contains(&ReplicaId(tablet.replica))))
}
