//! The office's recovery key as tablets learn it: the public half, which is an
//! age X25519 recipient, signed with the office's key that they pin. To it a
//! tablet wraps the key of its store, and encrypts rescue packs.
//!
//! Encrypting and decrypting is the stores' business; here is only the word of
//! the office that this recipient is its own.

use crate::seal::{PublicKey, Signature, SignatureError, Signer};
use serde::{Deserialize, Serialize};

/// Separates these signatures from all others.
const RECOVERY_TAG: &[u8] = b"lianjian-recovery-v1";

/// Begins the plain text of a wrapped store key.
const WRAP_TAG: &[u8; 21] = b"lianjian-store-key-v1";

/// The recovery recipient with the office's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRecovery {
    /// The recipient, `age1…`.
    pub recipient: String,
    /// The office's signature over `"lianjian-recovery-v1" ‖ recipient`.
    pub signature: Signature,
}

impl SignedRecovery {
    /// Has the office sign its recipient.
    #[must_use]
    pub fn sign(office: &Signer, recipient: String) -> Self {
        let signature = office.sign(&message(&recipient));
        Self { recipient, signature }
    }

    /// Checks the office's signature and gives the recipient.
    ///
    /// # Errors
    /// [`SignatureError`] when it does not hold.
    pub fn verify(&self, office: &PublicKey) -> Result<&str, SignatureError> {
        office.verify(&message(&self.recipient), &self.signature)?;
        Ok(&self.recipient)
    }
}

fn message(recipient: &str) -> Vec<u8> {
    [RECOVERY_TAG, recipient.as_bytes()].concat()
}

/// What is encrypted to the office when a store's key is wrapped:
/// `"lianjian-store-key-v1" ‖ replica ‖ key`. With the replica inside, a wrapped
/// key is given back for the tablet that made it and for no other.
#[must_use]
pub fn wrap_text(replica: domain::id::ReplicaId, key: &[u8; 32]) -> Vec<u8> {
    [WRAP_TAG.as_slice(), replica.as_bytes(), key].concat()
}

/// The key in such a text, if it is one of this replica.
#[must_use]
pub fn unwrap_text(text: &[u8], replica: domain::id::ReplicaId) -> Option<[u8; 32]> {
    let rest = text.strip_prefix(WRAP_TAG)?.strip_prefix(replica.as_bytes().as_slice())?;
    rest.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::ReplicaId;
    use uuid::Uuid;

    #[test]
    fn a_recipient_holds_only_as_the_office_signed_it() {
        let office = Signer::from_seed(&[1; 32]);
        let signed = SignedRecovery::sign(&office, "age1office".into());
        assert_eq!(signed.verify(&office.public()), Ok("age1office"));
        let swapped = SignedRecovery { recipient: "age1thief".into(), ..signed.clone() };
        assert!(swapped.verify(&office.public()).is_err());
        assert!(signed.verify(&Signer::from_seed(&[2; 32]).public()).is_err());
    }

    #[test]
    fn a_wrapped_key_belongs_to_one_replica() {
        let (one, two) = (ReplicaId(Uuid::from_u128(1)), ReplicaId(Uuid::from_u128(2)));
        let text = wrap_text(one, &[7; 32]);
        assert_eq!(unwrap_text(&text, one), Some([7; 32]));
        assert_eq!(unwrap_text(&text, two), None);
        assert_eq!(unwrap_text(&text[..text.len() - 1], one), None);
        assert_eq!(unwrap_text(b"", one), None);
    }
}
