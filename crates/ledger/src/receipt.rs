//! Receipts: the server's signed word that it durably holds a chain up to a
//! position. Without one, work counts as being on the tablet alone.

use crate::id::Hash;
use crate::seal::{PublicKey, Signature, SignatureError, Signer};
use domain::id::{LedgerId, ReplicaId};
use domain::time::Wall;
use serde::{Deserialize, Serialize};

/// Separates these signatures from all others.
const RECEIPT_TAG: &[u8] = b"lianjian-receipt-v1";

/// What the server holds of one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The ledger.
    pub ledger: LedgerId,
    /// Whose chain.
    pub replica: ReplicaId,
    /// Everything up to this position is durably held.
    pub upto: u64,
    /// Chain hash there.
    pub hash: Hash,
    /// Positions held that were voided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub voided: Vec<u64>,
    /// Positions held that a person at the office must look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub review: Vec<u64>,
    /// When, by the server's clock.
    pub at: Wall,
    /// The server's replica.
    pub by: ReplicaId,
}

/// A receipt with the server's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedReceipt {
    /// JSON of a [`Receipt`], verbatim.
    pub text: String,
    /// The server's signature over `"lianjian-receipt-v1" ‖ text`.
    pub signature: Signature,
}

impl SignedReceipt {
    /// Has the server sign a receipt; call it after the durable commit.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which plain data always can.
    pub fn sign(server: &Signer, receipt: &Receipt) -> Result<Self, serde_json::Error> {
        let text = serde_json::to_string(receipt)?;
        let signature = server.sign(&message(&text));
        Ok(Self { text, signature })
    }

    /// Checks the server's signature and reads what it signed.
    ///
    /// # Errors
    /// [`SignatureError`] when the signature does not hold or the text is none.
    pub fn verify(&self, server: &PublicKey) -> Result<Receipt, SignatureError> {
        server.verify(&message(&self.text), &self.signature)?;
        serde_json::from_str(&self.text).map_err(|_| SignatureError)
    }
}

fn message(text: &str) -> Vec<u8> {
    [RECEIPT_TAG, text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_receipt_that_claims_more_than_was_signed_does_not_hold() {
        let server = Signer::from_seed(&[1; 32]);
        let receipt = Receipt {
            ledger: LedgerId(Uuid::from_u128(1)),
            replica: ReplicaId(Uuid::from_u128(2)),
            upto: 5,
            hash: Hash::of(b"x"),
            voided: vec![3],
            review: vec![],
            at: Wall::parse("2026-11-23T02:11:05.123Z").unwrap(),
            by: ReplicaId(Uuid::from_u128(3)),
        };
        let signed = SignedReceipt::sign(&server, &receipt).unwrap();
        assert_eq!(signed.verify(&server.public()), Ok(receipt));
        let more =
            SignedReceipt { text: signed.text.replace("\"upto\":5", "\"upto\":6"), ..signed };
        assert!(more.verify(&server.public()).is_err());
    }
}
