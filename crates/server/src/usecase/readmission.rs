//! Tablets that were enrolled after the day that the office was restored to.

use crate::app::App;
use crate::error::{Code, Result};
use crate::store::tablet;
use ledger::readmission::Readmission;

/// Knows a tablet again by the certificate that this office once gave it. Only
/// an office that was restored forgets one; asked again, it answers again.
pub async fn readmit(app: &App, asked: &Readmission) -> Result<()> {
    let office = app.keys.office.public();
    let certificate = asked.verify(&office).map_err(|_| Code::TokenWrong)?;
    if app.keys.former.is_empty() {
        return Err(Code::TokenWrong.into());
    }
    let (Some(person), Some(department)) = (certificate.person, certificate.department) else {
        return Err(Code::TokenWrong.into());
    };
    let db = app.begin_write().await?;
    let token_hash = asked.token_hash.to_string();
    if let Some(known) = tablet::by_replica(&db, certificate.replica).await? {
        // Whoever has its token has no need to ask, and nobody else gets it a new one.
        let again = known.token_hash == token_hash;
        return if again { Ok(()) } else { Err(Code::TokenWrong.into()) };
    }
    let row = tablet::Model {
        replica: certificate.replica.0,
        public_key: certificate.key.to_string(),
        name: certificate.name,
        person: person.0,
        department: department.0,
        token_hash,
        certificate: serde_json::to_string(&asked.certificate)?,
        app_version: String::new(),
        enrolled_ms: app.now_ms(),
        last_contact_ms: None,
        revoked_ms: None,
    };
    tablet::insert(&db, row).await?;
    db.commit().await?;
    tracing::info!(replica = %certificate.replica, "a tablet is known again");
    Ok(())
}
