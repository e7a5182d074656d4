//! The second wrap of the store's key: age-encrypted to the office's recovery
//! recipient, in a file of its own beside the vault. It lies outside the store,
//! since it is wanted when the store cannot be opened: for a forgotten PIN and
//! for a rescue pack.
//!
//! Nothing in it is secret by itself; the key inside is readable by the office
//! alone, and given back only against a one-time code (`usecase/recovery`).

use crate::durable::Secrecy;
use crate::error::DeviceError;
use crate::store::identity::Identity;
use crate::surroundings::Surroundings;
use crate::vault::StoreKey;
use crate::view::ErrorCode;
use age::x25519::Recipient;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::ReplicaId;
use ledger::certificate::{Certificate, SignedCertificate};
use ledger::recovery::{SignedRecovery, wrap_text};
use ledger::seal::PublicKey;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Name of the file in the home folder.
pub(crate) const FILE: &str = "recovery.json";

/// What the office needs to help, and what the tablet needs to ask it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Recovery {
    v: u32,
    /// Base address of the office.
    pub(crate) server: String,
    pub(crate) replica: ReplicaId,
    pub(crate) certificate: SignedCertificate,
    pub(crate) office_key: PublicKey,
    /// The recipient, as the office signed it.
    recovery: SignedRecovery,
    /// The store's key, age-encrypted to the recipient, base64url.
    pub(crate) wrapped_key: String,
    /// By which a key is known to be this store's.
    key_check: String,
}

impl Recovery {
    /// Wraps a store's key to the office, for the tablet of `identity`.
    ///
    /// # Errors
    /// [`ErrorCode::NotEnrolled`] before the office answered;
    /// [`ErrorCode::NotAnOffice`] when the recipient is not the office's.
    pub(crate) fn new(
        identity: &Identity,
        recovery: SignedRecovery,
        key: &StoreKey,
    ) -> Result<Self, DeviceError> {
        let enrolled = identity.enrolled.as_ref().ok_or(ErrorCode::NotEnrolled)?;
        let recipient = recipient(&recovery, &enrolled.office_key)?;
        let text = Zeroizing::new(wrap_text(identity.replica, key.bytes()));
        let wrapped = age::encrypt(&recipient, &text).map_err(|_| DeviceError::Cipher)?;
        Ok(Self {
            v: 1,
            server: identity.server.clone(),
            replica: identity.replica,
            certificate: enrolled.certificate.clone(),
            office_key: enrolled.office_key,
            recovery,
            wrapped_key: URL_SAFE_NO_PAD.encode(wrapped),
            key_check: key.check(),
        })
    }

    /// Reads what was kept; none on a tablet that was enrolled before there was
    /// a recovery key.
    ///
    /// # Errors
    /// [`ErrorCode::StoreDamaged`] when it does not read back, or the disk's.
    pub(crate) fn load(home: &Path, around: &Surroundings) -> Result<Option<Self>, DeviceError> {
        match around.disk.read(&path(home)) {
            Ok(bytes) => {
                let read = serde_json::from_slice(&bytes);
                Ok(Some(read.map_err(|_| DeviceError::from(ErrorCode::StoreDamaged))?))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The same, where there must be one.
    ///
    /// # Errors
    /// [`ErrorCode::NoRecovery`] and those of [`Recovery::load`].
    pub(crate) fn wanted(home: &Path, around: &Surroundings) -> Result<Self, DeviceError> {
        Self::load(home, around)?.ok_or_else(|| ErrorCode::NoRecovery.into())
    }

    /// Keeps it, durably.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn save(&self, home: &Path, around: &Surroundings) -> Result<(), DeviceError> {
        let bytes = serde_json::to_vec(self)?;
        Ok(around.disk.write(&path(home), &bytes, Secrecy::Private)?)
    }

    /// Wraps the key anew, with fresh randomness.
    ///
    /// # Errors
    /// When the office's signature over the recipient does not hold any more.
    pub(crate) fn renewed(&self, key: &StoreKey) -> Result<Self, DeviceError> {
        let text = Zeroizing::new(wrap_text(self.replica, key.bytes()));
        let wrapped = age::encrypt(&self.recipient()?, &text).map_err(|_| DeviceError::Cipher)?;
        Ok(Self { wrapped_key: URL_SAFE_NO_PAD.encode(wrapped), ..self.clone() })
    }

    /// To whom rescue packs are encrypted.
    ///
    /// # Errors
    /// [`ErrorCode::StoreDamaged`] when the office did not sign it: a pack for
    /// somebody else is worse than none.
    pub(crate) fn recipient(&self) -> Result<Recipient, DeviceError> {
        recipient(&self.recovery, &self.office_key).map_err(|_| ErrorCode::StoreDamaged.into())
    }

    /// What people call the tablet.
    pub(crate) fn tablet(&self) -> Option<String> {
        let read: Certificate = serde_json::from_str(&self.certificate.text).ok()?;
        Some(read.name)
    }

    /// Whether a key is this store's.
    pub(crate) fn fits(&self, key: &StoreKey) -> bool {
        key.check() == self.key_check
    }
}

fn recipient(signed: &SignedRecovery, office: &PublicKey) -> Result<Recipient, DeviceError> {
    let text = signed.verify(office).map_err(|_| DeviceError::from(ErrorCode::NotAnOffice))?;
    text.parse().map_err(|_| ErrorCode::NotAnOffice.into())
}

fn path(home: &Path) -> PathBuf {
    home.join(FILE)
}
