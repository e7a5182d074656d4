//! Certificates that verified against the office's key: whose seals are believed.

use crate::error::DeviceError;
use domain::id::ReplicaId;
use ledger::certificate::{Certificate, ReplicaRole, SignedCertificate};
use rusqlite::{Connection, OptionalExtension, params};

/// Keeps a certificate that was verified.
pub(crate) fn put(
    db: &Connection,
    replica: ReplicaId,
    signed: &SignedCertificate,
) -> Result<(), DeviceError> {
    db.prepare_cached(
        "INSERT INTO certificate (replica, json) VALUES (?1, ?2)
         ON CONFLICT (replica) DO UPDATE SET json = excluded.json",
    )?
    .execute(params![replica.to_string(), serde_json::to_string(signed)?])?;
    Ok(())
}

/// The certificate of a replica. It was verified when it was taken in, and the
/// store is authenticated as a whole, so it is only read here.
pub(crate) fn get(db: &Connection, replica: ReplicaId) -> Result<Option<Certificate>, DeviceError> {
    let json: Option<String> = db
        .prepare_cached("SELECT json FROM certificate WHERE replica = ?1")?
        .query_row([replica.to_string()], |row| row.get(0))
        .optional()?;
    let Some(json) = json else { return Ok(None) };
    let signed: SignedCertificate = serde_json::from_str(&json)?;
    Ok(Some(serde_json::from_str(&signed.text)?))
}

/// The certificates of every server that is known, of each epoch.
pub(crate) fn servers(db: &Connection) -> Result<Vec<Certificate>, DeviceError> {
    let mut all = db.prepare_cached("SELECT json FROM certificate")?;
    let rows = all.query_map([], |row| row.get::<_, String>(0))?;
    let mut servers = Vec::new();
    for json in rows {
        let signed: SignedCertificate = serde_json::from_str(&json?)?;
        let certificate: Certificate = serde_json::from_str(&signed.text)?;
        if certificate.role == ReplicaRole::Server {
            servers.push(certificate);
        }
    }
    Ok(servers)
}
