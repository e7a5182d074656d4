//! A change: one gesture of one person, as bytes that are hashed, sealed and
//! passed on verbatim for ever, and its strict decoding.
//!
//! Which ledger and replica it belongs to is known from the chain it stands in.

use crate::id::{ChangeId, Register, WriteId};
use crate::strict;
use domain::id::{PersonId, RecordId};
use domain::time::Wall;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Longest kind, field or intent, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// How large a change may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the encoded change.
    pub bytes_max: usize,
    /// Writes in it.
    pub writes_max: usize,
}

impl Limits {
    /// What a device may write; checked before it commits.
    pub const DEVICE: Self = Self { bytes_max: 256 * 1024, writes_max: 500 };
    /// What the server takes: twice that, so that a limit is never met there first.
    pub const SERVER: Self = Self { bytes_max: 512 * 1024, writes_max: 1000 };
}

/// Why bytes are not a change. For logs; names no content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Larger than allowed.
    #[error("larger than {0} bytes")]
    TooLarge(usize),
    /// Not strict JSON.
    #[error("not strict JSON: {0}")]
    Json(String),
    /// A member is missing or of the wrong form.
    #[error("member {0} is missing or malformed")]
    Member(&'static str),
    /// A format this version cannot read.
    #[error("format version {0} is unknown")]
    Version(u64),
    /// More writes than allowed, or none.
    #[error("{0} writes")]
    Writes(usize),
    /// A register is written twice.
    #[error("a register is written twice")]
    RegisterTwice,
    /// `sup` is not strictly ascending.
    #[error("sup is not in ascending order")]
    SupOrder,
}

/// One gesture of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Position in its chain, from 1.
    pub pos: u64,
    /// The person who made the gesture.
    pub author: PersonId,
    /// The device's own clock at that moment.
    pub wall: Wall,
    /// Count of the replica's changes over all its ledgers; orders gestures
    /// within one millisecond.
    pub n: u64,
    /// Last position of the server's chain of this ledger that the replica
    /// held: bounds the time of the act from below.
    pub seen: u64,
    /// What the person did, such as `finding.create`.
    pub intent: String,
    /// What it sets.
    pub writes: Vec<Write>,
}

/// Sets one register and names the writes whose values the person saw there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The register.
    pub register: Register,
    /// Its new value; null clears it.
    pub val: Value,
    /// The heads seen when the field was opened, ascending.
    pub sup: Vec<WriteId>,
}

impl Write {
    /// A write that supersedes nothing.
    #[must_use]
    pub fn new(kind: &str, rec: RecordId, field: &str, val: Value) -> Self {
        Self { register: Register::new(kind, rec, field), val, sup: Vec::new() }
    }

    /// The same write, superseding these.
    #[must_use]
    pub fn superseding(mut self, seen: impl IntoIterator<Item = WriteId>) -> Self {
        self.sup = seen.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        self
    }
}

impl Change {
    /// The bytes that are hashed, sealed and kept.
    ///
    /// # Errors
    /// [`Malformed`] when it would not be taken back by [`Change::decode`].
    pub fn encode(&self, limits: Limits) -> Result<Vec<u8>, Malformed> {
        let writes: Vec<Value> = self
            .writes
            .iter()
            .map(|w| {
                let sup: Vec<Value> =
                    w.sup.iter().map(|id| json!([id.change.to_string(), id.index])).collect();
                json!({"rec": w.register.rec, "kind": w.register.kind,
                       "field": w.register.field, "val": w.val, "sup": sup})
            })
            .collect();
        let value = json!({
            "v": 1, "pos": self.pos, "author": self.author, "wall": self.wall, "n": self.n,
            "seen": self.seen, "intent": self.intent, "writes": writes,
        });
        if !strict::is_plain(&value, 0) {
            return Err(Malformed::Json("a number or nesting that is not plain".into()));
        }
        let mut text = String::new();
        strict::write(&value, &mut text);
        let bytes = text.into_bytes();
        // Nothing is appended that a reader would refuse later.
        Self::decode(&bytes, limits)?;
        Ok(bytes)
    }

    /// Reads a change, strictly; members it does not know are left in the bytes.
    ///
    /// # Errors
    /// [`Malformed`] with the first thing that is wrong.
    pub fn decode(bytes: &[u8], limits: Limits) -> Result<Self, Malformed> {
        if bytes.len() > limits.bytes_max {
            return Err(Malformed::TooLarge(limits.bytes_max));
        }
        let Value::Object(top) = strict::read(bytes).map_err(Malformed::Json)? else {
            return Err(Malformed::Member("change"));
        };
        match integer(&top, "v")? {
            1 => {}
            other => return Err(Malformed::Version(other)),
        }
        let Some(Value::Array(list)) = top.get("writes") else {
            return Err(Malformed::Member("writes"));
        };
        if list.is_empty() || list.len() > limits.writes_max {
            return Err(Malformed::Writes(list.len()));
        }
        let writes = list.iter().map(read_write).collect::<Result<Vec<_>, _>>()?;
        let registers: BTreeSet<&Register> = writes.iter().map(|w| &w.register).collect();
        if registers.len() != writes.len() {
            return Err(Malformed::RegisterTwice);
        }
        Ok(Self {
            pos: integer(&top, "pos")?,
            author: text(&top, "author")?.parse().map_err(|_| Malformed::Member("author"))?,
            wall: Wall::parse(text(&top, "wall")?).ok_or(Malformed::Member("wall"))?,
            n: integer(&top, "n")?,
            seen: integer(&top, "seen")?,
            intent: name(&top, "intent")?,
            writes,
        })
    }
}

fn read_write(value: &Value) -> Result<Write, Malformed> {
    let members = value.as_object().ok_or(Malformed::Member("writes"))?;
    let rec = text(members, "rec")?.parse().map_err(|_| Malformed::Member("rec"))?;
    let register = Register { kind: name(members, "kind")?, rec, field: name(members, "field")? };
    let val = members.get("val").ok_or(Malformed::Member("val"))?.clone();
    let Some(Value::Array(list)) = members.get("sup") else {
        return Err(Malformed::Member("sup"));
    };
    let sup = list.iter().map(read_write_id).collect::<Result<Vec<_>, _>>()?;
    if !sup.is_sorted_by(|a, b| a < b) {
        return Err(Malformed::SupOrder);
    }
    Ok(Write { register, val, sup })
}

/// Reads `["change id", index]`.
pub(crate) fn read_write_id(value: &Value) -> Result<WriteId, Malformed> {
    let wrong = Malformed::Member("sup");
    match value.as_array().map(Vec::as_slice) {
        Some([Value::String(change), Value::Number(index)]) => {
            let change: ChangeId = change.parse().map_err(|_| wrong.clone())?;
            let index = index.as_u64().and_then(|i| u32::try_from(i).ok()).ok_or(wrong)?;
            Ok(WriteId { change, index })
        }
        _ => Err(wrong),
    }
}

fn integer(members: &Map<String, Value>, key: &'static str) -> Result<u64, Malformed> {
    members.get(key).and_then(Value::as_u64).ok_or(Malformed::Member(key))
}

fn text<'a>(members: &'a Map<String, Value>, key: &'static str) -> Result<&'a str, Malformed> {
    members.get(key).and_then(Value::as_str).ok_or(Malformed::Member(key))
}

/// Kinds, fields and intents: lower-case ASCII, so that there is one spelling.
fn name(members: &Map<String, Value>, key: &'static str) -> Result<String, Malformed> {
    let text = text(members, key)?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.';
    if text.is_empty() || text.len() > NAME_BYTES_MAX || !text.bytes().all(plain) {
        return Err(Malformed::Member(key));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn sample() -> Change {
        Change {
            pos: 17,
            author: PersonId(Uuid::from_u128(1)),
            wall: Wall::parse("2026-11-23T02:11:05.123Z").unwrap(),
            n: 7,
            seen: 412,
            intent: "finding.create".into(),
            writes: vec![
                Write::new(
                    "finding",
                    RecordId(Uuid::from_u128(2)),
                    "assessment",
                    json!({"level": "major", "criterion": "gm-11-1", "basis": []}),
                )
                .superseding([WriteId { change: ChangeId([9; 16]), index: 0 }]),
            ],
        }
    }

    #[test]
    fn the_wire_form_is_fixed() {
        let bytes = sample().encode(Limits::DEVICE).unwrap();
        insta::assert_snapshot!(String::from_utf8(bytes).unwrap());
    }

    #[test]
    fn a_change_survives_its_wire_form() {
        let change = sample();
        let bytes = change.encode(Limits::DEVICE).unwrap();
        assert_eq!(Change::decode(&bytes, Limits::DEVICE), Ok(change));
    }

    #[test]
    fn members_of_a_newer_version_do_not_disturb() {
        let bytes = sample().encode(Limits::DEVICE).unwrap();
        let text = String::from_utf8(bytes).unwrap().replacen('{', r#"{"mood":"good","#, 1);
        assert_eq!(Change::decode(text.as_bytes(), Limits::DEVICE), Ok(sample()));
    }

    #[test]
    fn a_change_that_breaks_a_rule_is_refused() {
        let text = String::from_utf8(sample().encode(Limits::DEVICE).unwrap()).unwrap();
        let refused = |from: &str, to: &str| {
            let broken = text.replace(from, to);
            assert_ne!(broken, text, "{from}");
            Change::decode(broken.as_bytes(), Limits::DEVICE).unwrap_err()
        };
        assert_eq!(refused(r#""v":1"#, r#""v":2"#), Malformed::Version(2));
        assert_eq!(refused(r#""n":7,"#, ""), Malformed::Member("n"));
        assert_eq!(
            refused(r#""kind":"finding""#, r#""kind":"Finding""#),
            Malformed::Member("kind")
        );
        assert!(matches!(refused(r#""n":7"#, r#""n":7.5"#), Malformed::Json(_)));
        assert!(matches!(refused(r#""n":7"#, r#""n":7,"n":7"#), Malformed::Json(_)));
    }

    #[test]
    fn a_register_is_written_once_and_sup_ascends() {
        let mut twice = sample();
        twice.writes.push(twice.writes[0].clone());
        assert_eq!(twice.encode(Limits::DEVICE), Err(Malformed::RegisterTwice));
        let mut unordered = sample();
        unordered.writes[0].sup = vec![
            WriteId { change: ChangeId([9; 16]), index: 0 },
            WriteId { change: ChangeId([1; 16]), index: 0 },
        ];
        assert_eq!(unordered.encode(Limits::DEVICE), Err(Malformed::SupOrder));
    }

    #[test]
    fn what_a_device_may_not_write_the_server_can_still_take() {
        let mut big = sample();
        big.writes[0].val = json!("大".repeat(100_000));
        assert!(matches!(big.encode(Limits::DEVICE), Err(Malformed::TooLarge(_))));
        assert!(big.encode(Limits::SERVER).is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = Change::decode(&bytes, Limits::SERVER);
        }
    }
}
