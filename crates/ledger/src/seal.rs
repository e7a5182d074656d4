//! Keys and seals: a replica signs how far its chain goes, so that anyone can
//! check later who wrote it and that nothing in it was changed.

use crate::chain::ChainHead;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::{LedgerId, ReplicaId};
use ed25519_dalek::{Signature as DalekSignature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Separates these signatures from all others.
const SEAL_TAG: &[u8] = b"lianjian-seal-v1";

/// A signature that does not hold, or a key that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not hold")]
pub struct SignatureError;

macro_rules! base64_bytes {
    ($(#[$doc:meta])* $name:ident, $n:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $n]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = SignatureError;
            fn from_str(text: &str) -> Result<Self, SignatureError> {
                let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| SignatureError)?;
                bytes.try_into().map(Self).map_err(|_| SignatureError)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = String::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

base64_bytes!(
    /// An Ed25519 public key; text is base64url without padding.
    PublicKey, 32
);
base64_bytes!(
    /// An Ed25519 signature; text is base64url without padding.
    Signature, 64
);

impl PublicKey {
    /// Checks a signature over `message`, refusing weak keys and malleable forms.
    ///
    /// # Errors
    /// [`SignatureError`] when it does not hold.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| SignatureError)?;
        let signature = DalekSignature::from_bytes(&signature.0);
        key.verify_strict(message, &signature).map_err(|_| SignatureError)
    }
}

/// Holds a private key and signs with it. Zeroed when dropped.
pub struct Signer(SigningKey);

impl Signer {
    /// The key pair that grows from a secret seed of 32 random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }

    /// Seals a chain up to a head.
    #[must_use]
    pub fn seal(&self, ledger: LedgerId, replica: ReplicaId, head: &ChainHead) -> Seal {
        Seal { pos: head.pos, signature: self.sign(&seal_message(ledger, replica, head)) }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(secret)")
    }
}

/// A replica's signature over how far its chain goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Seal {
    /// The position sealed; everything before it is sealed with it.
    pub pos: u64,
    /// Over `"lianjian-seal-v1" ‖ ledger ‖ replica ‖ position (8 bytes, big endian) ‖ hash`.
    pub signature: Signature,
}

impl Seal {
    /// Checks the seal against the chain head at its position.
    ///
    /// # Errors
    /// [`SignatureError`] when it does not hold or is for another position.
    pub fn verify(
        &self,
        key: &PublicKey,
        ledger: LedgerId,
        replica: ReplicaId,
        head: &ChainHead,
    ) -> Result<(), SignatureError> {
        if self.pos != head.pos {
            return Err(SignatureError);
        }
        key.verify(&seal_message(ledger, replica, head), &self.signature)
    }
}

fn seal_message(ledger: LedgerId, replica: ReplicaId, head: &ChainHead) -> Vec<u8> {
    let mut message = Vec::with_capacity(SEAL_TAG.len() + 16 + 16 + 8 + 32);
    message.extend_from_slice(SEAL_TAG);
    message.extend_from_slice(ledger.as_bytes());
    message.extend_from_slice(replica.as_bytes());
    message.extend_from_slice(&head.pos.to_be_bytes());
    message.extend_from_slice(&head.hash.0);
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_seal_holds_for_its_chain_and_position_alone() {
        let (ledger, replica) = (LedgerId(Uuid::from_u128(1)), ReplicaId(Uuid::from_u128(2)));
        let signer = Signer::from_seed(&[3; 32]);
        let head = ChainHead::empty(ledger, replica).next(b"a");
        let seal = signer.seal(ledger, replica, &head);
        let key = signer.public();
        assert_eq!(seal.verify(&key, ledger, replica, &head), Ok(()));
        let other = ChainHead::empty(ledger, replica).next(b"b");
        assert!(seal.verify(&key, ledger, replica, &other).is_err());
        assert!(seal.verify(&key, ledger, ReplicaId(Uuid::from_u128(9)), &head).is_err());
        assert!(
            seal.verify(&Signer::from_seed(&[4; 32]).public(), ledger, replica, &head).is_err()
        );
        let moved = Seal { pos: 2, ..seal };
        assert!(moved.verify(&key, ledger, replica, &head).is_err());
    }
}
