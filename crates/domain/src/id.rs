//! The ids of the trade's things. Each is a UUID in a type of its own, so that
//! a person can never stand where a department belongs.
//!
//! New ids are made outside (this crate has no randomness): devices and the
//! server make UUIDv7, the demo city derives its ids from its seed.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a lower-case hyphenated UUID")]
pub struct IdError;

/// Reads the one accepted spelling: 36 characters, lower case, with hyphens.
///
/// Other spellings of the same UUID are refused, because ids are compared and
/// hashed as text in the ledger.
///
/// # Errors
/// [`IdError`] for anything else.
pub fn parse_uuid(text: &str) -> Result<Uuid, IdError> {
    if text.len() != 36 || text.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(IdError);
    }
    Uuid::parse_str(text).map_err(|_| IdError)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "specta", derive(specta::Type))]
        #[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
        pub struct $name(pub Uuid);

        impl $name {
            /// The 16 bytes, in network order.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_uuid(text).map(Self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = String::deserialize(d)?;
                parse_uuid(&text).map(Self).map_err(serde::de::Error::custom)
            }
        }
    )+};
}

ids! {
    /// A natural person: an inspector, an expert, an office user.
    PersonId,
    /// A department (one sector at one tier of one place).
    DepartmentId,
    /// An enterprise in the directory.
    EnterpriseId,
    /// A joint inspection task (联合检查任务).
    TaskId,
    /// The chains of one audience of one task.
    LedgerId,
    /// One installation that writes: a tablet's enrolment, or the server in one epoch.
    ReplicaId,
    /// A record in a ledger: an item's answer, a finding, a piece of evidence.
    RecordId,
    /// An annual inspection plan of a department.
    PlanId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lower_case_hyphenated_spelling_is_an_id() {
        let good = "0192f0c1-2b3c-7d4e-8f50-a1b2c3d4e5f6";
        assert_eq!(good.parse::<PersonId>().map(|i| i.to_string()).as_deref(), Ok(good));
        for bad in [
            "0192F0C1-2b3c-7d4e-8f50-a1b2c3d4e5f6",
            "0192f0c12b3c7d4e8f50a1b2c3d4e5f6",
            "{0192f0c1-2b3c-7d4e-8f50-a1b2c3d4e5f6}",
            "",
        ] {
            assert_eq!(bad.parse::<PersonId>(), Err(IdError), "{bad}");
        }
    }
}
