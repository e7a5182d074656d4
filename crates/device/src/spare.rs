//! A copy of this tablet's identity outside the database, encrypted with a key
//! of the store's: when the database cannot be read, what was written can still
//! be sealed and a rescue pack signed.

use crate::durable::Secrecy;
use crate::error::DeviceError;
use crate::store::identity::{Enrolled, Identity};
use crate::surroundings::Surroundings;
use crate::vault::StoreKey;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use domain::id::ReplicaId;
use serde::{Deserialize, Serialize};
use std::path::Path;
use zeroize::Zeroizing;

/// Name of the file in the home folder.
pub(crate) const FILE: &str = "identity.bin";

const LABEL: &[u8] = b"lianjian-identity-v1";
const NONCE_BYTES: usize = 24;

#[derive(Serialize, Deserialize)]
struct Copy {
    replica: ReplicaId,
    seed: String,
    server: String,
    enrolled: Option<Enrolled>,
}

/// Keeps a copy, unless the one that is there says the same.
///
/// # Errors
/// The disk's.
pub(crate) fn keep(
    home: &Path,
    key: &StoreKey,
    identity: &Identity,
    around: &Surroundings,
) -> Result<(), DeviceError> {
    let copy = Copy {
        replica: identity.replica,
        seed: hex::encode(*identity.seed),
        server: identity.server.clone(),
        enrolled: identity.enrolled.clone(),
    };
    let plain = Zeroizing::new(serde_json::to_vec(&copy)?);
    if open(home, key, around).is_some_and(|known| *known == *plain) {
        return Ok(());
    }
    let nonce: [u8; NONCE_BYTES] = around.random()?;
    let sealed = cipher(key)
        .encrypt(&XNonce::from(nonce), Payload { msg: &plain, aad: LABEL })
        .map_err(|_| DeviceError::Cipher)?;
    let file = [nonce.as_slice(), &sealed].concat();
    Ok(around.disk.write(&home.join(FILE), &file, Secrecy::Private)?)
}

/// The identity as it was kept last; none when that does not read back either.
pub(crate) fn load(home: &Path, key: &StoreKey, around: &Surroundings) -> Option<Identity> {
    let copy: Copy = serde_json::from_slice(&open(home, key, around)?).ok()?;
    let mut seed = Zeroizing::new([0; 32]);
    hex::decode_to_slice(&copy.seed, seed.as_mut_slice()).ok()?;
    Some(Identity { replica: copy.replica, seed, server: copy.server, enrolled: copy.enrolled })
}

fn open(home: &Path, key: &StoreKey, around: &Surroundings) -> Option<Zeroizing<Vec<u8>>> {
    let file = around.disk.read(&home.join(FILE)).ok()?;
    let (nonce, sealed) = file.split_first_chunk::<NONCE_BYTES>()?;
    let payload = Payload { msg: sealed, aad: LABEL };
    cipher(key).decrypt(&XNonce::from(*nonce), payload).ok().map(Zeroizing::new)
}

fn cipher(key: &StoreKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&*key.derive("identity")).into())
}
