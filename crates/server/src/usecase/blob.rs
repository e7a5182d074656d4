//! Who may read a file. Knowing its hash gives nothing: a ledger that the
//! caller may read must refer to it, and whoever wrote that reference must have
//! shown to hold its bytes. Else a tablet could name a foreign file in a record
//! of its own and have it handed out. A file of personal data is for the
//! departments that its record names, whoever else may read the ledger.

use crate::app::App;
use crate::error::Result;
use crate::store::{blob, chain, inspector, membership, register, tablet};
use domain::id::{DepartmentId, LedgerId, PersonId, RecordId, ReplicaId};
use domain::personal::Sealed;
use domain::record::{field, kind};
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
    let department = inspector::by_person(&app.db, person).await?.map(|one| one.department);
    access(app, hash, &granted, department).await
}

/// What the readers of one ledger may know of a file, none of personal data.
pub async fn for_ledger(app: &App, ledger: LedgerId, hash: &Hash) -> Result<Access> {
    access(app, hash, &BTreeSet::from([ledger]), None).await
}

async fn access(
    app: &App,
    hash: &Hash,
    readable: &BTreeSet<LedgerId>,
    department: Option<DepartmentId>,
) -> Result<Access> {
    let references = blob::references(&app.db, hash).await?;
    let bringers = blob::bringers(&app.db, hash).await?;
    let mut found = Access::Unknown;
    for (ledger, reference) in references {
        if !readable.contains(&ledger) || !is_for(app, ledger, reference.rec, department).await? {
            continue;
        }
        let by = chain::writer(&app.db, ledger, reference.replica).await?;
        if vouched(app, &app.db, (ledger, by), &bringers).await? {
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

/// Whether a record's files are for a department: all are, but for those of
/// personal data. One whose readers cannot be made out has none.
async fn is_for(
    app: &App,
    ledger: LedgerId,
    rec: RecordId,
    department: Option<DepartmentId>,
) -> Result<bool> {
    let fields = register::fields(&app.db, ledger, kind::PERSONAL, rec).await?;
    if fields.is_empty() {
        return Ok(true);
    }
    let sealed = fields.get(field::SEALED).and_then(|resolved| resolved.shown.clone());
    let sealed = sealed.and_then(|val| serde_json::from_value::<Sealed>(val).ok());
    Ok(sealed.is_some_and(|sealed| department.is_some_and(|one| sealed.readers.contains(&one))))
}

/// Whether the one who refers has shown to hold the bytes, with the tablet the
/// reference comes from or another of the same person.
///
/// In an office that was restored, whoever else was of the team will do: they
/// were handed the file by this office before it forgot, and its maker may not
/// come back. A member could then name a file that another member knows from
/// elsewhere; its hash, which nobody guesses, they would have to know.
async fn vouched(
    app: &App,
    db: &impl ConnectionTrait,
    (ledger, by): (LedgerId, ReplicaId),
    bringers: &BTreeSet<ReplicaId>,
) -> Result<bool> {
    if bringers.contains(&by) {
        return Ok(true);
    }
    if by == app.keys.replica || app.keys.former(by)?.is_some() {
        // The office's own word; after a restore others bring the bytes again.
        return Ok(!bringers.is_empty());
    }
    if let Some(referring) = tablet::by_replica(db, by).await? {
        let own = tablet::of_people(db, &[PersonId(referring.person)]).await?;
        if own.iter().any(|tablet| bringers.contains(&ReplicaId(tablet.replica))) {
            return Ok(true);
        }
    }
    if app.keys.former.is_empty() {
        return Ok(false);
    }
    for bringer in bringers {
        if let Some(bringer) = tablet::by_replica(db, *bringer).await?
            && membership::ever(db, ledger, PersonId(bringer.person)).await?
        {
            return Ok(true);
        }
    }
    Ok(false)
}
