//! Unlocking, locking, and what stands between the person and the work.

use super::recovery::CHECK_AT_START;
use super::withdrawal;
use crate::device::{Damaged, Device, Open};
use crate::error::DeviceError;
use crate::evidence::Blobs;
use crate::lease::Lease;
use crate::recovery::Recovery;
use crate::store::{self, identity};
use crate::vault::StoreKey;
use crate::view::{AppError, AppStatus, ErrorCode, Gate, PersonCard, WipedView};
use crate::{disk, spare, wipe};
use ledger::seal::Signer;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Device {
    /// The state of the tablet as a whole.
    #[must_use]
    pub fn status(&self) -> AppStatus {
        let (wrong_pins, wait) = self.vault.standing(self.clock.now());
        let mut slot = self.lock_open();
        let gate = self.gate(slot.as_mut());
        let open = slot.as_ref().filter(|open| !open.locked);
        let person = open.map(card);
        let lease_days_left = open.map(|open| open.lease.days_left());
        drop(slot);
        let recovery = Recovery::load(&self.home, &self.around).ok().flatten();
        AppStatus {
            gate,
            person,
            wait_seconds: u32::try_from(wait).unwrap_or(u32::MAX),
            wrong_pins,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            lease_days_left,
            wiped: (gate == Gate::Wiped).then(|| self.wiped()).flatten(),
            tablet: recovery.as_ref().and_then(Recovery::tablet),
            recoverable: recovery.is_some(),
            space: disk::space(disk::free_bytes(&self.home)),
            suggested_server: self.suggestion.0.clone(),
            suggested_code: self.suggestion.1.clone(),
        }
    }

    fn gate(&self, open: Option<&mut Open>) -> Gate {
        if let Some(open) = open {
            return match open.may_show() {
                Ok(()) => Gate::Open,
                Err(DeviceError::Refused(error)) => match error.code {
                    ErrorCode::Withdrawn => Gate::Withdrawn,
                    ErrorCode::LeaseEnded => Gate::LeaseEnded,
                    _ => Gate::Locked,
                },
                Err(_) => Gate::Locked,
            };
        }
        match self.lock_damaged().as_ref() {
            Some(damaged) if damaged.locked => Gate::Locked,
            Some(_) => Gate::StoreDamaged,
            None if self.vault.exists() => Gate::Locked,
            None if self.wiped().is_some() => Gate::Wiped,
            None => Gate::Unenrolled,
        }
    }

    fn wiped(&self) -> Option<WipedView> {
        let wiped = wipe::load(&self.home, &self.around).ok().flatten()?;
        Some(WipedView { order: wiped.order, ordered_at: wiped.ordered_at, at: wiped.at })
    }

    /// Opens the tablet with its PIN. A store that cannot be read is said in the
    /// answer's gate: that the PIN was right is no failure.
    ///
    /// # Errors
    /// [`ErrorCode::PinWrong`], [`ErrorCode::PinWait`],
    /// [`ErrorCode::NotEnrolled`], [`ErrorCode::StoreDamaged`] when the PIN
    /// itself cannot be checked.
    pub fn unlock(&self, pin: &str) -> Result<AppStatus, AppError> {
        self.unlock_inner(pin).map_err(DeviceError::into_app)?;
        Ok(self.status())
    }

    /// Locks the screen: nothing is readable without the PIN. What was written
    /// is still handed in.
    #[must_use]
    pub fn lock(&self) -> AppStatus {
        self.lock_screen();
        self.status()
    }

    pub(crate) fn lock_screen(&self) {
        if let Some(open) = self.lock_open().as_mut() {
            open.pass_time();
            open.locked = true;
        }
        if let Some(damaged) = self.lock_damaged().as_mut() {
            damaged.locked = true;
        }
    }

    /// Whether the PIN is wanted before anything is done for a person.
    pub(crate) fn is_locked(&self) -> bool {
        let open = self.lock_open().as_ref().map(|open| open.locked);
        let damaged = self.lock_damaged().as_ref().map(|damaged| damaged.locked);
        open.or(damaged).unwrap_or_else(|| self.vault.exists())
    }

    pub(crate) fn unlock_inner(&self, pin: &str) -> Result<(), DeviceError> {
        // The PIN is asked even when open: the screen may be another person's.
        let key = self.vault.open(pin, self.clock.now())?;
        self.open_with(key)
    }

    /// Opens the tablet with its key, or what is left of it.
    pub(crate) fn open_with(&self, key: StoreKey) -> Result<(), DeviceError> {
        let mut slot = self.lock_open();
        if let Some(open) = slot.as_mut() {
            open.locked = false;
        } else {
            let mut damaged = self.lock_damaged();
            if let Some(damaged) = damaged.as_mut() {
                damaged.locked = false;
                return Ok(());
            }
            let kept = StoreKey::from_bytes(*key.bytes());
            match self.open_store(key) {
                Ok(open) => *slot = Some(open),
                Err(error) if error.is_damage() => {
                    tracing::error!(%error, "the store cannot be opened");
                    *damaged = Some(Damaged::of(&self.home, kept, false, &self.around));
                }
                Err(error) => return Err(error),
            }
        }
        drop(slot);
        // An order that was taken just before the power went.
        self.follow_order()?;
        Ok(())
    }

    pub(crate) fn open_store(&self, key: StoreKey) -> Result<Open, DeviceError> {
        let db = store::open(&self.home, &key.derive("store"), &self.around)?;
        if !store::is_sound(&db, Some(CHECK_AT_START))? {
            return Err(ErrorCode::StoreDamaged.into());
        }
        let identity = identity::load(&db)?.ok_or(ErrorCode::StoreDamaged)?;
        if let Err(error) = spare::keep(&self.home, &key, &identity, &self.around) {
            // The one from before is as good, but for what changed since.
            tracing::warn!(%error, "the copy of the identity could not be written");
        }
        let enrolled = identity.enrolled.ok_or(ErrorCode::StoreDamaged)?;
        // Both were verified at enrolment, and the store is authenticated.
        let certificate = serde_json::from_str(&enrolled.certificate.text)?;
        let server_certificate = serde_json::from_str(&enrolled.server_certificate.text)?;
        let mut open = Open {
            home: self.home.clone(),
            locked: false,
            lease: Lease::load(&db, self.clock.now())?,
            order: withdrawal::standing(&db)?,
            db,
            blobs: Arc::new(Blobs::open(&self.home, &key, &self.around)?),
            key,
            clock: Arc::clone(&self.clock),
            around: self.around.clone(),
            replica: identity.replica,
            signer: Signer::from_seed(&identity.seed),
            server: identity.server,
            enrolled,
            certificate,
            server_certificate,
            packages: BTreeMap::new(),
        };
        open.pass_time();
        Ok(open)
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
