//! A tablet that the office does not know any more, because it was restored
//! from a copy older than the enrolment, asks to be known again. It shows the
//! certificate that the office once signed, and proves that it holds the key.

use crate::certificate::{Certificate, ReplicaRole, SignedCertificate};
use crate::id::Hash;
use crate::seal::{PublicKey, Signature, SignatureError, Signer};
use domain::id::ReplicaId;
use serde::{Deserialize, Serialize};

/// Separates these signatures from all others.
const READMISSION_TAG: &[u8] = b"lianjian-readmission-v1";

/// What the tablet asks with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readmission {
    /// Its certificate.
    pub certificate: SignedCertificate,
    /// SHA-256 of the token it will come with: the token itself is nobody's to
    /// see, so that a request that is overheard or sent again gives nothing away.
    pub token_hash: Hash,
    /// The tablet's signature over `"lianjian-readmission-v1" ‖ replica ‖ token_hash`.
    pub signature: Signature,
}

impl Readmission {
    /// Asks with a token.
    #[must_use]
    pub fn sign(
        tablet: &Signer,
        certificate: SignedCertificate,
        replica: ReplicaId,
        token: &str,
    ) -> Self {
        let token_hash = Hash::of(token.as_bytes());
        let signature = tablet.sign(&message(replica, &token_hash));
        Self { certificate, token_hash, signature }
    }

    /// Checks that the office once enrolled this tablet and that it is the one
    /// who asks.
    ///
    /// # Errors
    /// [`SignatureError`] when the certificate or the proof does not hold, or
    /// the certificate is no tablet's.
    pub fn verify(&self, office: &PublicKey) -> Result<Certificate, SignatureError> {
        let certificate = self.certificate.verify(office)?;
        let message = message(certificate.replica, &self.token_hash);
        certificate.key.verify(&message, &self.signature)?;
        if certificate.role != ReplicaRole::Tablet {
            return Err(SignatureError);
        }
        Ok(certificate)
    }
}

fn message(replica: ReplicaId, token_hash: &Hash) -> Vec<u8> {
    [READMISSION_TAG, replica.as_bytes().as_slice(), token_hash.0.as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::PersonId;
    use uuid::Uuid;

    fn certificate(role: ReplicaRole, key: PublicKey) -> Certificate {
        Certificate {
            replica: ReplicaId(Uuid::from_u128(5)),
            key,
            role,
            person: Some(PersonId(Uuid::from_u128(6))),
            department: None,
            name: "平板 1".into(),
            epoch: 0,
            valid_from: "2026-01-01".parse().unwrap(),
            valid_to: "2027-12-31".parse().unwrap(),
        }
    }

    #[test]
    fn only_who_holds_the_key_that_the_office_certified_is_readmitted() {
        let (office, tablet) = (Signer::from_seed(&[1; 32]), Signer::from_seed(&[2; 32]));
        let known = certificate(ReplicaRole::Tablet, tablet.public());
        let signed = SignedCertificate::sign(&office, &known).unwrap();
        let asked = Readmission::sign(&tablet, signed.clone(), known.replica, "token");
        assert_eq!(asked.verify(&office.public()), Ok(known.clone()));

        let stolen = Readmission::sign(&Signer::from_seed(&[3; 32]), signed, known.replica, "mine");
        assert!(stolen.verify(&office.public()).is_err());
        let other = Readmission { token_hash: Hash::of(b"mine"), ..asked };
        assert!(other.verify(&office.public()).is_err());
    }

    #[test]
    fn a_server_is_not_readmitted_as_a_tablet() {
        let (office, server) = (Signer::from_seed(&[1; 32]), Signer::from_seed(&[2; 32]));
        let known = certificate(ReplicaRole::Server, server.public());
        let signed = SignedCertificate::sign(&office, &known).unwrap();
        let asked = Readmission::sign(&server, signed, known.replica, "token");
        assert!(asked.verify(&office.public()).is_err());
    }
}
