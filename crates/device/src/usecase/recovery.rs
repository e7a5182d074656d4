//! When the way in is lost or the store is: a new PIN, a PIN that was
//! forgotten, looking the whole store through, and starting anew when it cannot
//! be read.

use crate::client::{Client, ResetRequest};
use crate::device::Device;
use crate::error::DeviceError;
use crate::recovery::Recovery;
use crate::store;
use crate::vault::{StoreKey, pin_is_strong_enough};
use crate::view::{AppError, AppStatus, ErrorCode, StoreCheck};
use crate::wipe;
use age::x25519::Identity;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::recovery::unwrap_text;
use std::sync::PoisonError;
use std::time::Duration;
use zeroize::Zeroizing;

impl Device {
    /// Puts the tablet under another PIN. Nothing but the two wraps of the key
    /// is written; a crash leaves the old PIN or the new one.
    ///
    /// # Errors
    /// [`ErrorCode::PinWrong`], [`ErrorCode::PinWait`], [`ErrorCode::PinWeak`],
    /// [`ErrorCode::Locked`], [`ErrorCode::DiskFull`].
    pub fn change_pin(&self, old: &str, new: &str) -> Result<(), AppError> {
        self.change_pin_inner(old, new).map_err(DeviceError::into_app)
    }

    fn change_pin_inner(&self, old: &str, new: &str) -> Result<(), DeviceError> {
        if !pin_is_strong_enough(new) {
            return Err(ErrorCode::PinWeak.into());
        }
        self.try_show(|_| Ok(()))?;
        let key = self.vault.open(old, self.clock.now())?;
        if let Some(recovery) = Recovery::load(&self.home, &self.around)? {
            recovery.renewed(&key)?.save(&self.home, &self.around)?;
        }
        self.vault.replace(&key, new)
    }

    /// Sets a new PIN where the old one was forgotten: the office gives the
    /// store's key back against a one-time code. Nothing on the tablet is lost;
    /// afterwards it is open.
    ///
    /// # Errors
    /// [`ErrorCode::PinWeak`], [`ErrorCode::ResetCodeWrong`],
    /// [`ErrorCode::ResetCodeUsed`], [`ErrorCode::ResetCodeExpired`],
    /// [`ErrorCode::NoRecovery`], [`ErrorCode::Offline`]; the old PIN is good then.
    pub fn reset_pin(&self, code: &str, pin: &str) -> Result<AppStatus, AppError> {
        self.reset_pin_by(code.trim(), pin, |recovery, request| {
            Client::new(&recovery.server, None, self.around.line.as_ref())?
                .reset_pin(request)
                .map(|answer| answer.key)
        })
        .map_err(DeviceError::into_app)?;
        Ok(self.status())
    }

    /// Sets a new PIN with whatever way leads to the office.
    pub(crate) fn reset_pin_by(
        &self,
        code: &str,
        pin: &str,
        ask: impl FnOnce(&Recovery, &ResetRequest<'_>) -> Result<String, DeviceError>,
    ) -> Result<(), DeviceError> {
        if !pin_is_strong_enough(pin) {
            return Err(ErrorCode::PinWeak.into());
        }
        if !self.vault.exists() {
            return Err(ErrorCode::NotEnrolled.into());
        }
        let recovery = Recovery::wanted(&self.home, &self.around)?;
        // Made for this one answer; who listens has nothing of it.
        let own = Identity::generate();
        let recipient = own.to_public().to_string();
        let answer = ask(
            &recovery,
            &ResetRequest {
                code,
                replica: recovery.replica,
                wrapped_key: &recovery.wrapped_key,
                recipient: &recipient,
            },
        )?;
        let key = opened(&own, &answer, &recovery).ok_or(ErrorCode::NotAnOffice)?;
        let _one_at_a_time = self.exchanging.lock().unwrap_or_else(PoisonError::into_inner);
        self.vault.replace(&key, pin)?;
        recovery.renewed(&key)?.save(&self.home, &self.around)?;
        self.open_with(key)
    }

    /// Reads the whole store through. It may take a while and hinders nobody;
    /// when something does not read back, the tablet says so from then on.
    ///
    /// # Errors
    /// [`ErrorCode::Locked`], [`ErrorCode::NotEnrolled`], or the disk's.
    pub fn check_store(&self) -> Result<StoreCheck, AppError> {
        self.check_store_inner().map_err(DeviceError::into_app)
    }

    fn check_store_inner(&self) -> Result<StoreCheck, DeviceError> {
        let key = self.try_with(|open| Ok(StoreKey::from_bytes(*open.key.bytes())))?;
        let sound = match store::attach(&self.home, &key.derive("store"), &self.around) {
            Ok(db) => store::is_sound(&db, None)?,
            Err(error) if error.is_damage() => false,
            Err(error) => return Err(error),
        };
        if !sound {
            tracing::error!("the store does not read back whole");
            self.give_up_store();
        }
        Ok(StoreCheck { sound })
    }

    /// Sets a store that cannot be read aside, whole and encrypted as it is, so
    /// that the tablet can be enrolled anew. What is in it should have gone into
    /// a rescue pack before.
    ///
    /// # Errors
    /// [`ErrorCode::AlreadyEnrolled`] when the store can be read;
    /// [`ErrorCode::Locked`]; or the disk's.
    pub fn start_anew(&self) -> Result<AppStatus, AppError> {
        self.start_anew_inner().map_err(DeviceError::into_app)?;
        Ok(self.status())
    }

    fn start_anew_inner(&self) -> Result<(), DeviceError> {
        let _one_at_a_time = self.exchanging.lock().unwrap_or_else(PoisonError::into_inner);
        let mut damaged = self.lock_damaged();
        match damaged.as_ref() {
            Some(damaged) if damaged.locked => return Err(ErrorCode::Locked.into()),
            Some(_) => {}
            None => return Err(ErrorCode::AlreadyEnrolled.into()),
        }
        // Closed before its files are moved.
        *damaged = None;
        drop(damaged);
        let name = self.clock.wall().instant().format("%Y%m%dT%H%M%SZ").to_string();
        wipe::set_aside(&self.home, &name)
    }
}

/// How long a tablet that is being opened may be looked through.
pub(crate) const CHECK_AT_START: Duration = Duration::from_secs(2);

/// The key in the office's answer, if it is this store's.
fn opened(own: &Identity, answer: &str, recovery: &Recovery) -> Option<StoreKey> {
    let sealed = URL_SAFE_NO_PAD.decode(answer).ok()?;
    let text = Zeroizing::new(age::decrypt(own, &sealed).ok()?);
    let key = StoreKey::from_bytes(unwrap_text(&text, recovery.replica)?);
    recovery.fits(&key).then_some(key)
}
