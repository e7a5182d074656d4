//! The vault: the key of everything stored on the tablet, and the PIN that
//! opens it.
//!
//! The key is random and never stored in plain. It is wrapped by a key that
//! Argon2id derives from the PIN and from a secret file of this device, so
//! that a stolen copy of the database alone says nothing about the PIN. Wrong
//! PINs are counted on disk *before* they are checked: pulling the plug does
//! not buy another try.
//!
//! Changing the PIN wraps the same key anew and puts that in place in one step:
//! whenever the power goes, the old PIN opens it or the new one. Not here: the
//! second wrap, to the office's key (`recovery`), and what the key encrypts
//! (`store`, `evidence`).

use crate::durable::Secrecy;
use crate::error::DeviceError;
use crate::surroundings::{PinCost, Surroundings};
use crate::view::ErrorCode;
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Tries that cost nothing but the trouble of typing.
pub const FREE_TRIES: u32 = 10;
/// The wait after the last free try, in seconds; it doubles with every further one.
pub const FIRST_WAIT_SECONDS: u64 = 30;
/// The longest wait, in seconds.
pub const LONGEST_WAIT_SECONDS: u64 = 3600;
/// The fewest digits of a PIN.
pub const PIN_DIGITS_MIN: usize = 6;
/// The most digits of a PIN.
pub const PIN_DIGITS_MAX: usize = 32;

const WRAP_LABEL: &[u8] = b"lianjian-vault-v1";
/// The count of wrong PINs always has this length, so that it can be written
/// over on a full disk.
const TRIES_BYTES: usize = 64;

/// Seconds until the next PIN is taken, after `wrong` wrong ones in a row, the
/// last of which was `since_last` seconds ago.
#[must_use]
pub fn wait_seconds(wrong: u32, since_last: u64) -> u64 {
    if wrong < FREE_TRIES {
        return 0;
    }
    let doublings = (wrong - FREE_TRIES).min(16);
    let wanted = (FIRST_WAIT_SECONDS << doublings).min(LONGEST_WAIT_SECONDS);
    wanted.saturating_sub(since_last)
}

/// Whether a PIN may be chosen: digits only, at least six.
#[must_use]
pub fn pin_is_strong_enough(pin: &str) -> bool {
    (PIN_DIGITS_MIN..=PIN_DIGITS_MAX).contains(&pin.len())
        && pin.bytes().all(|b| b.is_ascii_digit())
}

/// The key of everything stored on the tablet; forgotten when dropped.
pub struct StoreKey(Zeroizing<[u8; 32]>);

impl StoreKey {
    /// The key itself, for wrapping it.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key as it came back from the office.
    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// By which this key is known again without being said.
    pub(crate) fn check(&self) -> String {
        hex::encode(self.derive("check").as_slice())
    }

    /// The key for one purpose; purposes never share a key.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        // The store key is uniformly random, so one hash is a sound derivation.
        let mut hash = Sha256::new();
        hash.update(b"lianjian-key-v1");
        hash.update((purpose.len() as u64).to_le_bytes());
        hash.update(purpose.as_bytes());
        hash.update(self.0.as_slice());
        Zeroizing::new(hash.finalize().into())
    }
}

/// The wrapped key as it lies on disk.
#[derive(Serialize, Deserialize)]
struct Wrapped {
    v: u32,
    memory_kib: u32,
    passes: u32,
    salt: String,
    nonce: String,
    key: String,
}

/// Wrong PINs in a row, as it lies on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Tries {
    wrong: u32,
    last_ms: i64,
}

/// The vault in a home folder.
pub struct Vault {
    home: PathBuf,
    around: Surroundings,
}

impl Vault {
    /// The vault of `home`; nothing is read or written yet.
    #[must_use]
    pub fn at(home: &Path, around: &Surroundings) -> Self {
        Self { home: home.to_path_buf(), around: around.clone() }
    }

    /// Whether the tablet was enrolled. One whose wrapped key was lost but that
    /// has the second wrap is enrolled too: its work is not to be written over.
    #[must_use]
    pub fn exists(&self) -> bool {
        let disk = &self.around.disk;
        disk.exists(&self.wrapped_path())
            || (disk.exists(&self.home.join(crate::recovery::FILE))
                && !disk.exists(&self.pending_path()))
    }

    /// Begins a vault for an enrolment: the key of an unfinished attempt when
    /// the PIN opens it, otherwise a fresh one (the caller then starts an empty
    /// store). The answer says which: `true` for a key that was there.
    ///
    /// # Errors
    /// [`ErrorCode::PinWeak`], [`ErrorCode::AlreadyEnrolled`], or the disk's.
    pub fn begin(&self, pin: &str) -> Result<(StoreKey, bool), DeviceError> {
        if self.exists() {
            return Err(ErrorCode::AlreadyEnrolled.into());
        }
        if !pin_is_strong_enough(pin) {
            return Err(ErrorCode::PinWeak.into());
        }
        self.around.disk.private_folder(&self.home)?;
        if let Ok(bytes) = self.around.disk.read(&self.pending_path())
            && let Ok(Some(key)) = self.unwrap(&bytes, pin)
        {
            return Ok((key, true));
        }
        let key = StoreKey(Zeroizing::new(self.around.random()?));
        let wrapped = self.wrap(&key, pin)?;
        self.around.disk.write(&self.pending_path(), &wrapped, Secrecy::Private)?;
        Ok((key, false))
    }

    /// Makes the vault begun the tablet's own, once the office has answered.
    ///
    /// # Errors
    /// The disk's.
    pub fn commit(&self) -> Result<(), DeviceError> {
        self.count(Tries { wrong: 0, last_ms: 0 })?;
        Ok(self.around.disk.rename(&self.pending_path(), &self.wrapped_path())?)
    }

    /// Puts the key under another PIN and clears the count of wrong ones. The
    /// old PIN opens it until the moment the new one does.
    ///
    /// # Errors
    /// [`ErrorCode::PinWeak`], or the disk's; the old PIN is good then.
    pub fn replace(&self, key: &StoreKey, pin: &str) -> Result<(), DeviceError> {
        if !pin_is_strong_enough(pin) {
            return Err(ErrorCode::PinWeak.into());
        }
        let wrapped = self.wrap(key, pin)?;
        self.around.disk.write(&self.wrapped_path(), &wrapped, Secrecy::Private)?;
        self.count(Tries { wrong: 0, last_ms: 0 })
    }

    /// Wrong PINs in a row, and seconds until the next one is taken.
    #[must_use]
    pub fn standing(&self, now: DateTime<Utc>) -> (u32, u64) {
        let tries = self.tries(now);
        (tries.wrong, wait_seconds(tries.wrong, since(tries, now)))
    }

    /// Opens the vault.
    ///
    /// # Errors
    /// [`ErrorCode::NotEnrolled`], [`ErrorCode::PinWait`] with the seconds,
    /// [`ErrorCode::PinWrong`], [`ErrorCode::StoreDamaged`], or the disk's.
    pub fn open(&self, pin: &str, now: DateTime<Utc>) -> Result<StoreKey, DeviceError> {
        let wrapped = match self.around.disk.read(&self.wrapped_path()) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let lost = self.exists();
                let code = if lost { ErrorCode::StoreDamaged } else { ErrorCode::NotEnrolled };
                return Err(code.into());
            }
            Err(error) => return Err(error.into()),
        };
        let before = self.tries(now);
        let wait = wait_seconds(before.wrong, since(before, now));
        if wait > 0 {
            return Err(DeviceError::refused(ErrorCode::PinWait, wait));
        }
        let counted =
            Tries { wrong: before.wrong.saturating_add(1), last_ms: now.timestamp_millis() };
        self.count(counted)?;
        match self.unwrap(&wrapped, pin)? {
            Some(key) => {
                self.count(Tries { wrong: 0, last_ms: counted.last_ms })?;
                Ok(key)
            }
            None => match wait_seconds(counted.wrong, 0) {
                0 => Err(ErrorCode::PinWrong.into()),
                wait => Err(DeviceError::refused(ErrorCode::PinWait, wait)),
            },
        }
    }

    fn wrap(&self, key: &StoreKey, pin: &str) -> Result<Vec<u8>, DeviceError> {
        let secret = self.secret()?;
        let salt: [u8; 16] = self.around.random()?;
        let nonce: [u8; 24] = self.around.random()?;
        let PinCost { memory_kib, passes } = self.around.pin_cost;
        let kek = derive(pin, secret.as_slice(), &salt, memory_kib, passes)?;
        let sealed = XChaCha20Poly1305::new((&*kek).into())
            .encrypt(&XNonce::from(nonce), Payload { msg: key.0.as_slice(), aad: WRAP_LABEL })
            .map_err(|_| DeviceError::Cipher)?;
        Ok(serde_json::to_vec(&Wrapped {
            v: 1,
            memory_kib,
            passes,
            salt: hex::encode(salt),
            nonce: hex::encode(nonce),
            key: hex::encode(sealed),
        })?)
    }

    /// The device's secret, made at the first call. It is never made anew while
    /// a wrapped key needs it.
    fn secret(&self) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
        if let Ok(secret) = self.around.disk.read(&self.secret_path()).map(Zeroizing::new)
            && secret.len() == 32
        {
            return Ok(secret);
        }
        let secret: [u8; 32] = self.around.random()?;
        self.around.disk.write(&self.secret_path(), &secret, Secrecy::Private)?;
        Ok(Zeroizing::new(secret.to_vec()))
    }

    /// The key, or none when the PIN (or the device's secret) is another's.
    fn unwrap(&self, wrapped: &[u8], pin: &str) -> Result<Option<StoreKey>, DeviceError> {
        let damaged = || DeviceError::from(ErrorCode::StoreDamaged);
        let wrapped: Wrapped = serde_json::from_slice(wrapped).map_err(|_| damaged())?;
        let secret = self.around.disk.read(&self.secret_path()).map_err(|_| damaged())?;
        let salt = hex::decode(&wrapped.salt).map_err(|_| damaged())?;
        let nonce: [u8; 24] = hex::decode(&wrapped.nonce)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(damaged)?;
        let sealed = hex::decode(&wrapped.key).map_err(|_| damaged())?;
        let kek = derive(pin, &secret, &salt, wrapped.memory_kib, wrapped.passes)?;
        let Ok(plain) = XChaCha20Poly1305::new((&*kek).into())
            .decrypt(&XNonce::from(nonce), Payload { msg: &sealed, aad: WRAP_LABEL })
        else {
            return Ok(None);
        };
        let plain = Zeroizing::new(plain);
        let key: [u8; 32] = plain.as_slice().try_into().map_err(|_| damaged())?;
        Ok(Some(StoreKey(Zeroizing::new(key))))
    }

    /// What is on disk; an unreadable count is taken as the last free try used
    /// just now, so that damaging the file gains nothing.
    fn tries(&self, now: DateTime<Utc>) -> Tries {
        match self.around.disk.read(&self.tries_path()) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|_| {
                let full = Tries { wrong: FREE_TRIES, last_ms: now.timestamp_millis() };
                if let Err(error) = self.count(full) {
                    tracing::error!(%error, "the count of wrong PINs cannot be written");
                }
                full
            }),
            Err(_) => Tries { wrong: 0, last_ms: 0 },
        }
    }

    fn count(&self, tries: Tries) -> Result<(), DeviceError> {
        let mut bytes = serde_json::to_vec(&tries)?;
        bytes.resize(TRIES_BYTES.max(bytes.len()), b' ');
        match self.around.disk.write(&self.tries_path(), &bytes, Secrecy::Private) {
            // A full disk must neither lock a person out nor give free tries.
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                Ok(self.around.disk.write_over(&self.tries_path(), &bytes)?)
            }
            written => Ok(written?),
        }
    }

    fn wrapped_path(&self) -> PathBuf {
        self.home.join("vault.json")
    }

    fn pending_path(&self) -> PathBuf {
        self.home.join("vault.pending.json")
    }

    fn secret_path(&self) -> PathBuf {
        self.home.join("device.secret")
    }

    fn tries_path(&self) -> PathBuf {
        self.home.join("tries.json")
    }
}

/// Seconds since the last wrong PIN. A clock that was set back gives 0: the
/// wait starts anew rather than ending early.
fn since(tries: Tries, now: DateTime<Utc>) -> u64 {
    let milliseconds = now.timestamp_millis().saturating_sub(tries.last_ms);
    u64::try_from(milliseconds).unwrap_or(0) / 1000
}

fn derive(
    pin: &str,
    secret: &[u8],
    salt: &[u8],
    memory_kib: u32,
    passes: u32,
) -> Result<Zeroizing<[u8; 32]>, DeviceError> {
    let cipher = |_| DeviceError::Cipher;
    let params = Params::new(memory_kib, passes, 1, Some(32)).map_err(cipher)?;
    let argon = Argon2::new_with_secret(secret, Algorithm::Argon2id, Version::V0x13, params)
        .map_err(cipher)?;
    let mut key = Zeroizing::new([0; 32]);
    argon.hash_password_into(pin.as_bytes(), salt, key.as_mut_slice()).map_err(cipher)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use std::fs;
    use std::sync::Arc;

    const PIN: &str = "135790";

    fn at_home(home: &Path) -> Vault {
        Vault::at(home, &Surroundings::of_the_system(Arc::new(SystemClock)))
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn code(result: Result<StoreKey, DeviceError>) -> (ErrorCode, Option<String>) {
        let error = result.err().unwrap().into_app();
        (error.code, error.detail)
    }

    fn vault() -> (tempfile::TempDir, Vault, StoreKey) {
        let home = tempfile::tempdir().unwrap();
        let vault = at_home(home.path());
        let (key, was_there) = vault.begin(PIN).unwrap();
        assert!(!was_there);
        vault.commit().unwrap();
        (home, vault, key)
    }

    #[test]
    fn the_wait_grows_and_has_a_cap() {
        assert_eq!(wait_seconds(9, 0), 0);
        let waits: Vec<u64> = (10..20).map(|wrong| wait_seconds(wrong, 0)).collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
        assert_eq!(wait_seconds(11, 45), 15);
        assert_eq!(wait_seconds(11, 60), 0);
        assert_eq!(wait_seconds(u32::MAX, 0), LONGEST_WAIT_SECONDS);
    }

    #[test]
    fn a_pin_is_at_least_six_digits() {
        for weak in ["", "12345", "12345a", "１２３４５６", "      ", &"1".repeat(33)] {
            assert!(!pin_is_strong_enough(weak), "{weak}");
        }
        assert!(pin_is_strong_enough("123456"));
    }

    #[test]
    fn the_right_pin_opens_the_same_key_and_clears_the_count() {
        let (_home, vault, key) = vault();
        let now = at("2026-11-23T02:00:00Z");
        assert_eq!(code(vault.open("000000", now)).0, ErrorCode::PinWrong);
        assert_eq!(vault.standing(now), (1, 0));
        let again = vault.open(PIN, now).unwrap();
        assert_eq!(again.derive("x"), key.derive("x"));
        assert_ne!(again.derive("x"), key.derive("y"));
        assert_eq!(vault.standing(now), (0, 0));
    }

    #[test]
    fn wrong_pins_make_the_wait_grow() {
        let (home, vault, _) = vault();
        let start = at("2026-11-23T02:00:00Z");
        for _ in 0..9 {
            assert_eq!(code(vault.open("000000", start)).0, ErrorCode::PinWrong);
        }
        assert_eq!(code(vault.open("000000", start)), (ErrorCode::PinWait, Some("30".into())));
        // Not even the right PIN, and not after a restart.
        let vault = at_home(home.path());
        let early = start + chrono::Duration::seconds(29);
        assert_eq!(code(vault.open(PIN, early)), (ErrorCode::PinWait, Some("1".into())));
        let later = start + chrono::Duration::seconds(30);
        assert_eq!(code(vault.open("000000", later)), (ErrorCode::PinWait, Some("60".into())));
        let much_later = later + chrono::Duration::seconds(60);
        assert!(vault.open(PIN, much_later).is_ok());
        assert_eq!(vault.standing(much_later), (0, 0));
    }

    #[test]
    fn setting_the_clock_back_does_not_end_a_wait() {
        let (_home, vault, _) = vault();
        let start = at("2026-11-23T02:00:00Z");
        for _ in 0..10 {
            let _ = vault.open("000000", start);
        }
        let back = start - chrono::Duration::days(400);
        assert_eq!(vault.standing(back), (10, 30));
    }

    #[test]
    fn damaging_the_count_does_not_give_free_tries() {
        let (home, vault, _) = vault();
        fs::write(home.path().join("tries.json"), b"{").unwrap();
        let now = at("2026-11-23T02:00:00Z");
        assert_eq!(code(vault.open(PIN, now)).0, ErrorCode::PinWait);
        assert!(vault.open(PIN, now + chrono::Duration::seconds(30)).is_ok());
    }

    #[test]
    fn another_devices_secret_does_not_open_it() {
        let (home, vault, _) = vault();
        fs::write(home.path().join("device.secret"), [7; 32]).unwrap();
        let result = vault.open(PIN, at("2026-11-23T02:00:00Z"));
        assert_eq!(code(result).0, ErrorCode::PinWrong);
    }

    #[test]
    fn no_file_holds_the_key_in_plain() {
        let (home, _vault, key) = vault();
        for entry in fs::read_dir(home.path()).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.windows(32).any(|w| w == key.0.as_slice()), "{}", path.display());
            let text = hex::encode(key.0.as_slice());
            assert!(!bytes.windows(64).any(|w| w == text.as_bytes()), "{}", path.display());
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                assert_eq!(path.metadata().unwrap().permissions().mode() & 0o077, 0);
            }
        }
    }

    #[test]
    fn a_new_pin_opens_the_same_key_and_the_old_one_does_not() {
        let (home, vault, key) = vault();
        let now = at("2026-11-23T02:00:00Z");
        for _ in 0..12 {
            let _ = vault.open("000000", now);
        }
        let weak = vault.replace(&key, "12345").unwrap_err().into_app().code;
        assert_eq!(weak, ErrorCode::PinWeak);
        vault.replace(&key, "246800").unwrap();
        assert_eq!(vault.standing(now), (0, 0));
        assert_eq!(code(vault.open(PIN, now)).0, ErrorCode::PinWrong);
        let again = at_home(home.path()).open("246800", now).unwrap();
        assert_eq!(again.bytes(), key.bytes());
    }

    /// Whatever of a change of PIN reached the disk before the power went.
    #[test]
    fn a_change_of_pin_cut_off_anywhere_leaves_the_old_or_the_new_one_working() {
        let (home, vault, key) = vault();
        let now = at("2026-11-23T02:00:00Z");
        let read = |name: &str| fs::read(home.path().join(name)).unwrap();
        let before = (read("vault.json"), read("device.secret"), read("tries.json"));
        vault.replace(&key, "246800").unwrap();
        let after = (read("vault.json"), read("device.secret"), read("tries.json"));
        // Files are replaced one after the other, each in one step.
        for (a, b, c) in (0..8).map(|bits| (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0)) {
            let put = |name: &str, new: bool, old: &[u8], now: &[u8]| {
                fs::write(home.path().join(name), if new { now } else { old }).unwrap();
            };
            put("vault.json", a, &before.0, &after.0);
            put("device.secret", b, &before.1, &after.1);
            put("tries.json", c, &before.2, &after.2);
            let pin = if a { "246800" } else { PIN };
            assert_eq!(vault.open(pin, now).unwrap().bytes(), key.bytes(), "{a} {b} {c}");
        }
    }

    #[test]
    fn a_tablet_that_lost_its_wrapped_key_is_still_enrolled() {
        let (home, vault, key) = vault();
        fs::write(home.path().join(crate::recovery::FILE), b"{}").unwrap();
        fs::remove_file(home.path().join("vault.json")).unwrap();
        assert!(vault.exists());
        let again = vault.begin(PIN).err().unwrap().into_app().code;
        assert_eq!(again, ErrorCode::AlreadyEnrolled);
        let open = vault.open(PIN, at("2026-11-23T02:00:00Z"));
        assert_eq!(code(open).0, ErrorCode::StoreDamaged);
        vault.replace(&key, "246800").unwrap();
        assert!(vault.open("246800", at("2026-11-23T02:00:00Z")).is_ok());
    }

    #[test]
    fn an_unfinished_enrolment_keeps_its_key_for_the_same_pin() {
        let home = tempfile::tempdir().unwrap();
        let vault = at_home(home.path());
        let (first, _) = vault.begin(PIN).unwrap();
        let (again, was_there) = vault.begin(PIN).unwrap();
        assert!(was_there);
        assert_eq!(first.derive("x"), again.derive("x"));
        let (other, was_there) = vault.begin("246800").unwrap();
        assert!(!was_there);
        assert_ne!(first.derive("x"), other.derive("x"));
        assert!(!vault.exists());
    }
}
