//! The office's order to a tablet that was taken out of service: what to do
//! with the data on it. It travels in the answer of an exchange, signed by the
//! server, so that nobody else can make a tablet destroy anything; a refused
//! token never does.

use crate::seal::{PublicKey, Signature, SignatureError, Signer};
use domain::id::ReplicaId;
use domain::time::Wall;
use serde::{Deserialize, Serialize};

/// Separates these signatures from all others.
const WIPE_TAG: &[u8] = b"lianjian-wipe-v1";

/// What a tablet is to do with its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum Wipe {
    /// Destroy keys and data at once, unsent work included.
    WipeNow,
    /// Hand everything in first; nothing can be viewed meanwhile.
    WipeAfterPush,
}

impl Wipe {
    /// The order's word, as it is signed and stored.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::WipeNow => "wipe_now",
            Self::WipeAfterPush => "wipe_after_push",
        }
    }

    /// The order with this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::WipeNow, Self::WipeAfterPush].into_iter().find(|order| order.word() == word)
    }
}

/// An order with the server's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedWipe {
    /// What to do.
    pub order: Wipe,
    /// When the office ordered it.
    pub at: Wall,
    /// The server's signature over `"lianjian-wipe-v1" ‖ replica ‖ order ‖ at`.
    pub signature: Signature,
}

impl SignedWipe {
    /// Has the server sign an order for a tablet.
    #[must_use]
    pub fn sign(server: &Signer, replica: ReplicaId, order: Wipe, at: Wall) -> Self {
        Self { order, at, signature: server.sign(&message(replica, order, at)) }
    }

    /// Checks that the server ordered this of this very tablet.
    ///
    /// # Errors
    /// [`SignatureError`] when it did not.
    pub fn verify(&self, server: &PublicKey, replica: ReplicaId) -> Result<Wipe, SignatureError> {
        server.verify(&message(replica, self.order, self.at), &self.signature)?;
        Ok(self.order)
    }
}

fn message(replica: ReplicaId, order: Wipe, at: Wall) -> Vec<u8> {
    let at = at.to_string();
    [WIPE_TAG, replica.as_bytes().as_slice(), order.word().as_bytes(), at.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn an_order_holds_for_the_tablet_it_was_given_to_and_as_it_was_given() {
        let server = Signer::from_seed(&[1; 32]);
        let (one, two) = (ReplicaId(Uuid::from_u128(1)), ReplicaId(Uuid::from_u128(2)));
        let at = Wall::parse("2026-11-23T02:11:05.123Z").unwrap();
        let signed = SignedWipe::sign(&server, one, Wipe::WipeAfterPush, at);
        let key = server.public();
        assert_eq!(signed.verify(&key, one), Ok(Wipe::WipeAfterPush));
        assert!(signed.verify(&key, two).is_err());
        let graver = SignedWipe { order: Wipe::WipeNow, ..signed.clone() };
        assert!(graver.verify(&key, one).is_err());
        assert!(signed.verify(&Signer::from_seed(&[2; 32]).public(), one).is_err());
    }
}
