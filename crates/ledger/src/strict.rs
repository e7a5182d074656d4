//! A JSON reader that takes no surprises: a member twice, a number that is no
//! integer of 53 bits, nesting without end. What passes here means the same to
//! every JSON reader there is, today and in twenty years.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// Deepest nesting taken.
const DEPTH_MAX: u32 = 24;
/// Largest magnitude of an integer that every JSON reader keeps exactly.
const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Reads one JSON value, strictly; the reason of a refusal is for logs.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, String> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0 }.deserialize(&mut reader).map_err(|e| e.to_string())?;
    reader.end().map_err(|e| e.to_string())?;
    Ok(value)
}

/// Whether a value made here could be read back strictly.
pub(crate) fn is_plain(value: &Value, depth: u32) -> bool {
    depth < DEPTH_MAX
        && match value {
            Value::Number(n) => {
                n.as_u64().is_some_and(|n| n <= INTEGER_MAX)
                    || n.as_i64().is_some_and(|n| n.unsigned_abs() <= INTEGER_MAX)
            }
            Value::Array(items) => items.iter().all(|v| is_plain(v, depth + 1)),
            Value::Object(members) => members.values().all(|v| is_plain(v, depth + 1)),
            Value::Null | Value::Bool(_) | Value::String(_) => true,
        }
}

/// Writes JSON with members in ascending order, whatever the map type holds,
/// so that equal values have equal bytes.
pub(crate) fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let sorted: BTreeMap<&String, &Value> = members.iter().collect();
            out.push('{');
            for (i, (key, member)) in sorted.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write(member, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

struct Strict {
    depth: u32,
}

impl Strict {
    fn deeper<E: Error>(&self) -> Result<Self, E> {
        if self.depth + 1 >= DEPTH_MAX {
            return Err(E::custom("nested too deep"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("plain JSON")
    }
    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E: Error>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }
    fn visit_u64<E: Error>(self, v: u64) -> Result<Value, E> {
        if v > INTEGER_MAX {
            return Err(E::custom("an integer beyond 53 bits"));
        }
        Ok(Value::from(v))
    }
    fn visit_i64<E: Error>(self, v: i64) -> Result<Value, E> {
        if v.unsigned_abs() > INTEGER_MAX {
            return Err(E::custom("an integer beyond 53 bits"));
        }
        Ok(Value::from(v))
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Value, E> {
        Err(E::custom("a number that is no integer"))
    }
    fn visit_str<E: Error>(self, v: &str) -> Result<Value, E> {
        Ok(Value::String(v.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.deeper()?)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(self.deeper()?)?;
            if members.insert(key, value).is_some() {
                return Err(A::Error::custom("a member twice"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_readers_could_understand_differently_is_refused() {
        for bad in [
            r#"{"a":1,"a":2}"#,
            r#"{"x":{"a":1,"a":1}}"#,
            "1.0",
            "1e3",
            "9007199254740992",
            "-9007199254740992",
            r#""\ud800""#,
            "{} {}",
            "",
            "[1,]",
            "NaN",
        ] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(read(b"\"\xff\"").is_err());
        let deep = "[".repeat(100) + &"]".repeat(100);
        assert!(read(deep.as_bytes()).is_err());
    }

    #[test]
    fn plain_values_are_taken_as_they_are() {
        let text = r#"{"a":[1,-2,true,null,"隐患"],"b":{"c":9007199254740991}}"#;
        let value = read(text.as_bytes()).unwrap();
        let mut written = String::new();
        write(&value, &mut written);
        assert_eq!(written, text);
        assert!(is_plain(&value, 0));
        assert!(!is_plain(&serde_json::json!(0.5), 0));
    }
}
