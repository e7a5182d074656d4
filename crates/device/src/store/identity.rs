//! Who this tablet is: its replica and key, and what the office answered when
//! it was enrolled.

use crate::error::DeviceError;
use domain::id::{PersonId, ReplicaId};
use ledger::certificate::SignedCertificate;
use ledger::seal::PublicKey;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The person as the office described them at enrolment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) id: PersonId,
    pub(crate) name: String,
    pub(crate) department: String,
    pub(crate) department_short: String,
    pub(crate) cert_no: String,
    pub(crate) valid_to: String,
}

/// What the office answered; kept as one value, since it is meaningful only whole.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Enrolled {
    pub(crate) office_key: PublicKey,
    pub(crate) certificate: SignedCertificate,
    pub(crate) server_certificate: SignedCertificate,
    pub(crate) token: String,
    pub(crate) epoch: Uuid,
    pub(crate) person: Person,
}

/// The row.
pub(crate) struct Identity {
    pub(crate) replica: ReplicaId,
    pub(crate) seed: Zeroizing<[u8; 32]>,
    pub(crate) server: String,
    pub(crate) enrolled: Option<Enrolled>,
}

pub(crate) fn load(db: &Connection) -> Result<Option<Identity>, DeviceError> {
    let row = db
        .query_row("SELECT replica, seed, server, enrolled FROM identity", [], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, [u8; 32]>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, Option<String>>(3)?,
            ))
        })
        .optional()?;
    let Some((replica, seed, server, enrolled)) = row else { return Ok(None) };
    Ok(Some(Identity {
        replica: super::parsed(&replica)?,
        seed: Zeroizing::new(seed),
        server,
        enrolled: enrolled.map(|json| serde_json::from_str(&json)).transpose()?,
    }))
}

pub(crate) fn save(db: &Connection, identity: &Identity) -> Result<(), DeviceError> {
    let enrolled = identity.enrolled.as_ref().map(serde_json::to_string).transpose()?;
    db.execute(
        "INSERT INTO identity (one, replica, seed, server, enrolled) VALUES (1, ?1, ?2, ?3, ?4)
         ON CONFLICT (one) DO UPDATE SET replica = excluded.replica, seed = excluded.seed,
             server = excluded.server, enrolled = excluded.enrolled",
        params![identity.replica.to_string(), *identity.seed, identity.server, enrolled],
    )?;
    Ok(())
}
