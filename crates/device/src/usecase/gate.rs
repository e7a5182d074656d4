//! Unlocking, locking, and what stands between the person and the work.

use crate::device::{Device, Open};
use crate::error::DeviceError;
use crate::evidence::Blobs;
use crate::store::{self, identity};
use crate::vault::StoreKey;
use crate::view::{AppError, AppStatus, ErrorCode, Gate, PersonCard};
use ledger::seal::Signer;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Device {
    /// The state of the tablet as a whole.
    #[must_use]
    pub fn status(&self) -> AppStatus {
        let (wrong_pins, wait) = self.vault.standing(self.clock.now());
        let open = self.lock_open();
        let person = open.as_ref().map(card);
        AppStatus {
            gate: match (&person, self.vault.exists()) {
                (Some(_), _) => Gate::Open,
                (None, true) => Gate::Locked,
                (None, false) => Gate::Unenrolled,
            },
            person,
            wait_seconds: u32::try_from(wait).unwrap_or(u32::MAX),
            wrong_pins,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            suggested_server: self.suggestion.0.clone(),
            suggested_code: self.suggestion.1.clone(),
        }
    }

    /// Opens the tablet with its PIN.
    ///
    /// # Errors
    /// [`ErrorCode::PinWrong`], [`ErrorCode::PinWait`],
    /// [`ErrorCode::NotEnrolled`], [`ErrorCode::StoreDamaged`].
    pub fn unlock(&self, pin: &str) -> Result<AppStatus, AppError> {
        self.unlock_inner(pin).map_err(DeviceError::into_app)?;
        Ok(self.status())
    }

    /// Closes the tablet: the key is forgotten, nothing is readable.
    #[must_use]
    pub fn lock(&self) -> AppStatus {
        *self.lock_open() = None;
        self.status()
    }

    fn unlock_inner(&self, pin: &str) -> Result<(), DeviceError> {
        let mut slot = self.lock_open();
        // The PIN is asked even when open: the screen may be another person's.
        let key = self.vault.open(pin, self.clock.now())?;
        if slot.is_none() {
            *slot = Some(self.open_store(&key)?);
        }
        Ok(())
    }

    pub(crate) fn open_store(&self, key: &StoreKey) -> Result<Open, DeviceError> {
        let db = store::open(&self.home, &key.derive("store"), &self.around)?;
        let identity = identity::load(&db)?.ok_or(ErrorCode::StoreDamaged)?;
        let enrolled = identity.enrolled.ok_or(ErrorCode::StoreDamaged)?;
        // Both were verified at enrolment, and the store is authenticated.
        let certificate = serde_json::from_str(&enrolled.certificate.text)?;
        let server_certificate = serde_json::from_str(&enrolled.server_certificate.text)?;
        Ok(Open {
            db,
            blobs: Arc::new(Blobs::open(&self.home, key, &self.around)?),
            clock: Arc::clone(&self.clock),
            around: self.around.clone(),
            replica: identity.replica,
            signer: Signer::from_seed(&identity.seed),
            server: identity.server,
            enrolled,
            certificate,
            server_certificate,
            packages: BTreeMap::new(),
        })
    }
}

fn card(open: &Open) -> PersonCard {
    let person = &open.enrolled.person;
    PersonCard {
        name: person.name.clone(),
        department: person.department.clone(),
        department_short: person.department_short.clone(),
        cert_no: person.cert_no.clone(),
        valid_to: person.valid_to.clone(),
        tablet: open.certificate.name.clone(),
    }
}
