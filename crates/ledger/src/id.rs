//! The names of the wire: hashes, change ids, write ids and registers.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::RecordId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// Why a text is not a name of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid name: {0}")]
pub struct NameError(&'static str);

/// A SHA-256 hash; text is 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash of several parts, one after the other.
    #[must_use]
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut sha = Sha256::new();
        for part in parts {
            sha.update(part);
        }
        Self(sha.finalize().into())
    }

    /// The first eight bytes, which holdings carry.
    #[must_use]
    pub fn short(&self) -> Hash8 {
        let mut short = [0; 8];
        short.copy_from_slice(&self.0[..8]);
        Hash8(short)
    }
}

/// The first eight bytes of a chain hash; text is 16 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash8(pub [u8; 8]);

/// A change's id: the first 16 bytes of its chain hash; text is base64url
/// without padding, 22 characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeId(pub [u8; 16]);

impl ChangeId {
    /// The id of the change that brought a chain to this hash.
    #[must_use]
    pub fn of_chain_hash(hash: &Hash) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&hash.0[..16]);
        Self(id)
    }
}

fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |c: u8| match c {
            b'0'..=b'9' => Some(c - b'0'),
            b'a'..=b'f' => Some(c - b'a' + 10),
            _ => None,
        };
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(out)
}

fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|b| write!(f, "{b:02x}"))
}

macro_rules! text_form {
    ($name:ident, $fmt:expr, $parse:expr, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let write: fn(&Self, &mut fmt::Formatter<'_>) -> fmt::Result = $fmt;
                write(self, f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                let parse: fn(&str) -> Option<Self> = $parse;
                parse(text).ok_or(NameError($what))
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

text_form!(Hash, |h, f| write_hex(&h.0, f), |t| parse_hex(t).map(Hash), "hash");
text_form!(Hash8, |h, f| write_hex(&h.0, f), |t| parse_hex(t).map(Hash8), "short hash");
text_form!(
    ChangeId,
    |id, f| f.write_str(&URL_SAFE_NO_PAD.encode(id.0)),
    |text| {
        let bytes: [u8; 16] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        Some(ChangeId(bytes))
    },
    "change id"
);
text_form!(
    WriteId,
    |id, f| write!(f, "{}:{}", id.change, id.index),
    |text| {
        let (change, index) = text.split_once(':')?;
        let id = WriteId { change: change.parse().ok()?, index: index.parse().ok()? };
        (id.to_string() == text).then_some(id)
    },
    "write id"
);

/// A write's id: the change it stands in and its place there, from 0.
/// Text is `change:index`; inside a change it is `["change", index]`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId {
    /// The change.
    pub change: ChangeId,
    /// Place in its `writes`, from 0.
    pub index: u32,
}

/// The identity of a value that can be written: one field of one record.
///
/// The kind is part of it, so that two writers who disagree about what a
/// record is do not meet in one register.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Register {
    /// Kind of record.
    pub kind: String,
    /// The record.
    pub rec: RecordId,
    /// The field.
    pub field: String,
}

impl Register {
    /// A register.
    #[must_use]
    pub fn new(kind: &str, rec: RecordId, field: &str) -> Self {
        Self { kind: kind.to_owned(), rec, field: field.to_owned() }
    }

    /// Whether it is this field of this kind.
    #[must_use]
    pub fn is(&self, kind: &str, field: &str) -> bool {
        self.kind == kind && self.field == field
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_spelling_each() {
        let id = ChangeId([7; 16]);
        assert_eq!(id.to_string().len(), 22);
        assert_eq!(id.to_string().parse(), Ok(id));
        let write = WriteId { change: id, index: 3 };
        assert_eq!(write.to_string().parse(), Ok(write));
        assert!(format!("{id}:03").parse::<WriteId>().is_err());
        assert!(format!("{id}=").parse::<ChangeId>().is_err());
        let hash = Hash::of(b"");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert!(hash.to_string().to_uppercase().parse::<Hash>().is_err());
    }
}
