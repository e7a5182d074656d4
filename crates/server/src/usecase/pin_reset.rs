//! A forgotten PIN: the office issues a one-time code for one tablet; with it
//! the tablet sends its store's key as it was wrapped to the recovery key, and
//! gets it back encrypted to a key it just made. The server never keeps it.

use crate::app::App;
use crate::error::{Code, Result, ServerError};
use crate::store::{reset_code, revocation, tablet};
use crate::usecase::enrolment::{self, IssuedCode};
use age::x25519;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::ReplicaId;
use ledger::recovery::{unwrap_text, wrap_text};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Separates these codes from all others.
const CODE_LABEL: &str = "lianjian-pin-reset-v1";

/// The longest wrapped key, in characters; one is about 400.
const WRAPPED_CHARS_MAX: usize = 4096;

/// What a tablet sends whose PIN was forgotten.
#[derive(Clone, Deserialize, ToSchema)]
pub struct ResetRequest {
    /// The one-time code.
    pub code: String,
    /// The tablet.
    pub replica: ReplicaId,
    /// Its store's key, age-encrypted to the recovery recipient, base64url.
    pub wrapped_key: String,
    /// An age recipient that the tablet made for this answer alone.
    pub recipient: String,
}

/// What it gets.
#[derive(Clone, Serialize, ToSchema)]
pub struct ResetAnswer {
    /// The store's key, age-encrypted to the tablet's recipient, base64url.
    pub key: String,
}

/// Issues a code for a tablet.
pub async fn issue(app: &App, replica: ReplicaId, by: Option<Uuid>) -> Result<IssuedCode> {
    tablet::by_replica(&app.db, replica).await?.ok_or(Code::NotFound)?;
    refuse_ordered_away(app, replica).await?;
    let issued = enrolment::new_code(app)?;
    let row = reset_code::Model {
        code_hash: enrolment::hash_of_code(CODE_LABEL, &issued.code),
        replica: replica.0,
        issued_by: by,
        created_ms: app.now_ms(),
        expires_ms: issued.expires_ms,
        used_ms: None,
    };
    reset_code::insert(&app.db, row).await?;
    tracing::info!(%replica, by = ?by, "a PIN reset code was issued");
    Ok(issued)
}

/// Who has a tablet that is to destroy its data gets no key to it.
async fn refuse_ordered_away(app: &App, replica: ReplicaId) -> Result<()> {
    match revocation::of(&app.db, replica).await? {
        Some(row) if row.wipe.is_some() => Err(Code::Revoked.into()),
        _ => Ok(()),
    }
}

/// Gives a tablet its store's key back. The code is used up only then.
pub async fn reset(app: &App, request: ResetRequest) -> Result<ResetAnswer> {
    let code_hash = enrolment::hash_of_code(CODE_LABEL, &request.code);
    let code = reset_code::by_hash(&app.db, &code_hash).await?;
    // A code of another tablet is told from no code by nobody.
    let code = code.filter(|code| code.replica == request.replica.0).ok_or(Code::ResetWrong)?;
    if code.used_ms.is_some() {
        return Err(Code::ResetUsed.into());
    }
    if code.expires_ms <= app.now_ms() {
        return Err(Code::ResetExpired.into());
    }
    refuse_ordered_away(app, request.replica).await?;
    let recipient: x25519::Recipient =
        request.recipient.parse().map_err(|_| ServerError::from(Code::Malformed))?;
    let key = unwrap(app, &request)?;
    let text = Zeroizing::new(wrap_text(request.replica, &key));
    let sealed = age::encrypt(&recipient, &text)
        .map_err(|_| ServerError::Broken("a key could not be encrypted"))?;
    if !reset_code::use_up(&app.db, &code_hash, app.now_ms()).await? {
        return Err(Code::ResetUsed.into());
    }
    tracing::info!(replica = %request.replica, "a tablet got its store's key back for a new PIN");
    Ok(ResetAnswer { key: URL_SAFE_NO_PAD.encode(sealed) })
}

/// The key inside, if it was wrapped to this office by this very tablet.
fn unwrap(app: &App, request: &ResetRequest) -> Result<Zeroizing<[u8; 32]>> {
    let foreign = || ServerError::from(Code::WrapForeign);
    if request.wrapped_key.len() > WRAPPED_CHARS_MAX {
        return Err(foreign());
    }
    let wrapped = URL_SAFE_NO_PAD.decode(&request.wrapped_key).map_err(|_| foreign())?;
    let text = age::decrypt(app.keys.recovery.identity(), &wrapped).map_err(|_| foreign())?;
    let text = Zeroizing::new(text);
    unwrap_text(&text, request.replica).map(Zeroizing::new).ok_or_else(foreign)
}
