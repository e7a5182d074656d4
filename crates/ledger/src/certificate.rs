//! Replica certificates: the office says whose key it is, so that tablets can
//! verify each other without the office.

use crate::seal::{PublicKey, Signature, SignatureError, Signer};
use chrono::NaiveDate;
use domain::id::{DepartmentId, PersonId, ReplicaId};
use serde::{Deserialize, Serialize};

/// Separates these signatures from all others.
const CERTIFICATE_TAG: &[u8] = b"lianjian-certificate-v1";

/// What kind of writer a replica is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplicaRole {
    /// A tablet, enrolled for one person.
    Tablet,
    /// The server, in one epoch. Only its chain judges.
    Server,
}

/// Who a replica is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The replica.
    pub replica: ReplicaId,
    /// Its public key.
    pub key: PublicKey,
    /// What kind of writer it is.
    pub role: ReplicaRole,
    /// The person a tablet is enrolled for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// The department the person acts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<DepartmentId>,
    /// What people call it, such as 平板 2.
    pub name: String,
    /// Which of the server's epochs this replica writes in, counted from 0; a
    /// tablet's is 0.
    #[serde(default, skip_serializing_if = "is_first")]
    pub epoch: u32,
    /// First day it may be used.
    pub valid_from: NaiveDate,
    /// Last day.
    pub valid_to: NaiveDate,
}

fn is_first(epoch: &u32) -> bool {
    *epoch == 0
}

/// What a change says in `seen` when its author had seen the server's chain of
/// an epoch up to a position. What an earlier epoch wrote comes before all that
/// a later one did.
#[must_use]
pub const fn seen(epoch: u32, pos: u64) -> u64 {
    ((epoch as u64) << EPOCH_SHIFT) | pos
}

/// Positions of one server replica in one ledger stay below 2 to this, and the
/// whole below what every JSON reader takes for an integer.
const EPOCH_SHIFT: u32 = 32;

/// A certificate with the office's signature. The signed text is kept as it
/// was signed, so that it can be checked by anyone with standard tools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCertificate {
    /// JSON of a [`Certificate`], verbatim.
    pub text: String,
    /// The office's signature over `"lianjian-certificate-v1" ‖ text`.
    pub signature: Signature,
}

impl SignedCertificate {
    /// Has the office sign a certificate.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which plain data always can.
    pub fn sign(office: &Signer, certificate: &Certificate) -> Result<Self, serde_json::Error> {
        let text = serde_json::to_string(certificate)?;
        let signature = office.sign(&message(&text));
        Ok(Self { text, signature })
    }

    /// Checks the office's signature and reads what it signed.
    ///
    /// # Errors
    /// [`SignatureError`] when the signature does not hold or the text is none.
    pub fn verify(&self, office: &PublicKey) -> Result<Certificate, SignatureError> {
        office.verify(&message(&self.text), &self.signature)?;
        serde_json::from_str(&self.text).map_err(|_| SignatureError)
    }
}

fn message(text: &str) -> Vec<u8> {
    [CERTIFICATE_TAG, text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_certificate_holds_only_as_the_office_signed_it() {
        let office = Signer::from_seed(&[1; 32]);
        let certificate = Certificate {
            replica: ReplicaId(Uuid::from_u128(5)),
            key: Signer::from_seed(&[2; 32]).public(),
            role: ReplicaRole::Tablet,
            person: Some(PersonId(Uuid::from_u128(6))),
            department: None,
            name: "平板 1".into(),
            epoch: 0,
            valid_from: "2026-01-01".parse().unwrap(),
            valid_to: "2027-12-31".parse().unwrap(),
        };
        let signed = SignedCertificate::sign(&office, &certificate).unwrap();
        assert_eq!(signed.verify(&office.public()), Ok(certificate));
        let forged =
            SignedCertificate { text: signed.text.replace("tablet", "server"), ..signed.clone() };
        assert!(forged.verify(&office.public()).is_err());
        assert!(signed.verify(&Signer::from_seed(&[9; 32]).public()).is_err());
    }
}
