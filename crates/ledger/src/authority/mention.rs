//! Which records a change speaks of: those it writes on, and those its values
//! name. A scene is set from them alone, so that a ledger of ten thousand
//! findings judges a change as quickly as one of ten.

use domain::id::RecordId;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Length of a UUID as text.
const UUID_CHARS: usize = 36;

/// Adds every id in some JSON, whatever it is the id of. Bytes that are no JSON
/// mention what they seem to; that does no harm.
pub fn mentioned(json: &[u8], into: &mut BTreeSet<RecordId>) {
    for at in quotes(json) {
        if json.get(at + UUID_CHARS + 1) == Some(&b'"')
            && let Ok(id) = Uuid::try_parse_ascii(&json[at + 1..=at + UUID_CHARS])
        {
            into.insert(RecordId(id));
        }
    }
}

fn quotes(json: &[u8]) -> impl Iterator<Item = usize> + '_ {
    json.iter().enumerate().filter(|(_, byte)| **byte == b'"').map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_in_json_is_mentioned_and_nothing_else() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let text =
            format!(r#"{{"rec":"{one}","val":{{"target":{{"rec":"{two}"}}}},"x":"{one}0"}}"#);
        let mut ids = BTreeSet::new();
        for bytes in [text.into_bytes(), vec![b'"'; 40], vec![0xff; 50], Vec::new()] {
            mentioned(&bytes, &mut ids);
        }
        assert_eq!(ids, BTreeSet::from([RecordId(one), RecordId(two)]));
    }
}
