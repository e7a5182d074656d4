//! A tablet becomes a person's: the office issues a one-time code, the tablet
//! brings it with a key of its own and gets a certificate and a token.

use crate::app::App;
use crate::error::{Code, Result, ServerError};
use crate::store::{chain, department, enrolment_code, inspector, membership, tablet};
use crate::usecase::{append, dispatch, judgement};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::department::Department;
use domain::id::{PersonId, ReplicaId};
use domain::inspector::Inspector;
use domain::time::Wall;
use ledger::certificate::{Certificate, ReplicaRole, SignedCertificate};
use ledger::recovery::SignedRecovery;
use ledger::seal::PublicKey;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

/// Letters and digits that are not taken for one another.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Characters of a code: 50 bits, against guessing by name.
const CODE_CHARS: usize = 10;

/// How long a code may be used.
const CODE_MS: i64 = 72 * 3600 * 1000;

/// Longest version text that is kept.
const VERSION_CHARS_MAX: usize = 32;

/// A new code, shown once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCode {
    /// The code, in two groups.
    pub code: String,
    /// Until when, milliseconds UTC.
    pub expires_ms: i64,
}

/// What a tablet brings.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct EnrolRequest {
    /// The one-time code.
    pub code: String,
    /// The replica the tablet made for itself.
    pub replica: ReplicaId,
    /// Its public key, base64url.
    #[schema(value_type = String)]
    pub key: PublicKey,
    /// Version of the app.
    pub app_version: String,
}

/// What a tablet gets.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Enrolled {
    /// The office's public key, base64url; pinned from now on.
    #[schema(value_type = String)]
    pub office_key: PublicKey,
    /// The tablet's certificate.
    #[schema(value_type = Object)]
    pub certificate: SignedCertificate,
    /// The server's certificate.
    #[schema(value_type = Object)]
    pub server_certificate: SignedCertificate,
    /// The token for every later request.
    pub token: String,
    /// The server's epoch.
    pub epoch: Uuid,
    /// The server's clock.
    #[schema(value_type = String)]
    pub server_time: Wall,
    /// To whom the tablet wraps its store's key and encrypts rescue packs.
    #[schema(value_type = Object)]
    pub recovery: SignedRecovery,
    /// The person the tablet now belongs to.
    pub person: EnrolledPerson,
}

/// A person as their certificate card shows them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EnrolledPerson {
    /// The person.
    pub id: PersonId,
    /// Name.
    pub name: String,
    /// Department.
    pub department: String,
    /// Its short name.
    pub department_short: String,
    /// Certificate number.
    pub cert_no: String,
    /// Last day of its validity.
    pub valid_to: chrono::NaiveDate,
}

/// Issues a code for a person.
pub async fn issue(app: &App, person: PersonId, by: Option<Uuid>) -> Result<IssuedCode> {
    let known = inspector::by_person(&app.db, person).await?;
    known.ok_or(Code::InspectorUnknown)?;
    let issued = new_code(app)?;
    let row = enrolment_code::Model {
        code_hash: code_hash(&issued.code),
        person: person.0,
        issued_by: by,
        created_ms: app.now_ms(),
        expires_ms: issued.expires_ms,
        used_ms: None,
        replica: None,
    };
    enrolment_code::insert(&app.db, row).await?;
    Ok(issued)
}

/// A one-time code from now on; keeping its hash is the caller's business.
pub fn new_code(app: &App) -> Result<IssuedCode> {
    let mut bytes = [0u8; CODE_CHARS];
    app.fill_random(&mut bytes)?;
    let code: String =
        bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    let (first, second) = code.split_at(CODE_CHARS / 2);
    Ok(IssuedCode { code: format!("{first}-{second}"), expires_ms: app.now_ms() + CODE_MS })
}

/// Enrols a tablet. Asked again with the same code, replica and key, because
/// the answer was lost, it answers again — as long as the code is good and the
/// tablet was not heard of: who has its token has no need to ask, and a code
/// found later must not give a token of a tablet at work.
pub async fn enrol(app: &App, request: EnrolRequest) -> Result<Enrolled> {
    let db = app.begin_write().await?;
    let code_hash = code_hash(&request.code);
    let code = enrolment_code::by_hash(&db, &code_hash).await?.ok_or(Code::EnrolmentWrong)?;
    let before = tablet::by_replica(&db, request.replica).await?;
    let again = code.replica == Some(request.replica.0)
        && before.as_ref().is_some_and(|one| one.public_key == request.key.to_string());
    if code.used_ms.is_some() && !again {
        return Err(Code::EnrolmentUsed.into());
    }
    if code.expires_ms <= app.now_ms() {
        return Err(Code::EnrolmentExpired.into());
    }
    match &before {
        Some(known) if again => {
            if known.revoked_ms.is_some() {
                return Err(Code::Revoked.into());
            }
            if known.last_contact_ms.is_some() {
                return Err(Code::EnrolmentUsed.into());
            }
        }
        Some(_) => return Err(Code::ReplicaTaken.into()),
        None if !is_fresh(app, &db, request.replica).await? => {
            return Err(Code::ReplicaTaken.into());
        }
        None => {}
    }
    let inspector = inspector::by_person(&db, PersonId(code.person)).await?;
    let inspector = inspector.ok_or(Code::InspectorUnknown)?;
    let department = department::by_id(&db, inspector.department).await?;
    let department = department.ok_or(Code::DepartmentUnknown)?;

    let token = new_token(app)?;
    let certificate = match before {
        Some(known) => {
            tablet::set_token(&db, request.replica, &token_hash(&token)).await?;
            known.certificate()?
        }
        None => {
            let certificate = admit(app, &db, &request, &inspector, &token).await?;
            enrolment_code::use_up(&db, &code_hash, request.replica.0, app.now_ms()).await?;
            certificate
        }
    };
    db.commit().await?;
    tracing::info!(replica = %request.replica, again, "a tablet enrolled");
    Ok(answer(app, certificate, token, &inspector, &department))
}

/// Whether no replica ever wrote under an id: neither this server nor anybody
/// whose chain is held. A tablet under such an id would speak for another.
async fn is_fresh(app: &App, db: &impl ConnectionTrait, replica: ReplicaId) -> Result<bool> {
    let reserved = replica == app.keys.replica || replica.0.is_nil();
    Ok(!reserved && !chain::any_of(db, replica).await?)
}

/// Keeps a new tablet and introduces it in every ledger of its person.
async fn admit(
    app: &App,
    db: &impl ConnectionTrait,
    request: &EnrolRequest,
    inspector: &Inspector,
    token: &str,
) -> Result<SignedCertificate> {
    let number = tablet::count_of_department(db, inspector.department).await? + 1;
    let name = format!("平板 {number}");
    let certificate = Certificate {
        replica: request.replica,
        key: request.key,
        role: ReplicaRole::Tablet,
        person: Some(inspector.person),
        department: Some(inspector.department),
        name: name.clone(),
        epoch: 0,
        valid_from: app.shanghai_today(),
        // A tablet writes as long as its person may act.
        valid_to: inspector.certificate.valid_to,
    };
    let signed = SignedCertificate::sign(&app.keys.office, &certificate)?;
    let row = tablet::Model {
        replica: request.replica.0,
        public_key: request.key.to_string(),
        name,
        person: inspector.person.0,
        department: inspector.department.0,
        token_hash: token_hash(token),
        certificate: serde_json::to_string(&signed)?,
        app_version: request.app_version.chars().take(VERSION_CHARS_MAX).collect(),
        enrolled_ms: app.now_ms(),
        last_contact_ms: None,
        revoked_ms: None,
    };
    tablet::insert(db, row).await?;
    let author = judgement::office(app.keys.replica);
    for ledger in membership::granted(db, inspector.person).await? {
        let writes = vec![dispatch::certificate(request.replica, &signed)?];
        let touched =
            append::write_own(app, db, ledger, author, "replica.introduce", writes).await?;
        append::settle(db, ledger, touched).await?;
    }
    Ok(signed)
}

fn answer(
    app: &App,
    certificate: SignedCertificate,
    token: String,
    inspector: &Inspector,
    department: &Department,
) -> Enrolled {
    Enrolled {
        office_key: app.keys.office.public(),
        certificate,
        server_certificate: app.keys.certificate.clone(),
        token,
        epoch: app.keys.epoch,
        server_time: app.now(),
        recovery: app.keys.recovery_recipient.clone(),
        person: EnrolledPerson {
            id: inspector.person,
            name: inspector.name.clone(),
            department: department.name.clone(),
            department_short: department.short_name.clone(),
            cert_no: inspector.certificate.cert_no.clone(),
            valid_to: inspector.certificate.valid_to,
        },
    }
}

/// Finds the person meant by an id or a certificate number.
pub async fn person(app: &App, text: &str) -> Result<PersonId> {
    if let Ok(person) = text.parse::<PersonId>() {
        return Ok(person);
    }
    let inspector = inspector::by_cert_no(&app.db, text).await?;
    inspector.map(|inspector| inspector.person).ok_or(ServerError::from(Code::InspectorUnknown))
}

fn new_token(app: &App) -> Result<String> {
    let mut bytes = [0u8; 32];
    app.fill_random(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The hash under which a token is known.
#[must_use]
pub fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

fn code_hash(code: &str) -> String {
    hash_of_code("lianjian-enrolment-v1", code)
}

/// The hash under which a code of some kind is known; spaces, hyphens and case
/// do not matter.
#[must_use]
pub fn hash_of_code(label: &str, code: &str) -> String {
    let plain: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .take(64)
        .collect();
    hex::encode(Sha256::digest(format!("{label}{plain}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        assert_eq!(code_hash("ABCDE-FGHJK"), code_hash(" abcde fghjk"));
        assert_ne!(code_hash("ABCDE-FGHJK"), code_hash("ABCDE-FGHJL"));
    }
}
