//! A ledger that a tablet opens on site, for a visit nobody planned. Its id is
//! made from the founder, so that nobody can open somebody else's, and nobody
//! can write an opening into a ledger that was opened by the office.

use crate::change::Change;
use crate::id::Hash;
use domain::id::{LedgerId, ReplicaId};
use domain::record::{field, kind};
use domain::task::Genesis;
use uuid::Uuid;

/// Separates these hashes from all others.
const FOUNDING_TAG: &[u8] = b"lianjian-founding-v1";

/// The intent of the change that opens such a ledger.
pub const OPEN_ADHOC: &str = "task.open_adhoc";

/// The id of the ledger that `founder` opens with a nonce of 16 random bytes: a
/// UUIDv8 of `SHA-256("lianjian-founding-v1" ‖ founder ‖ nonce)`.
#[must_use]
pub fn ledger_id(founder: ReplicaId, nonce: &[u8; 16]) -> LedgerId {
    let hash = Hash::of_parts([FOUNDING_TAG, founder.as_bytes().as_slice(), nonce.as_slice()]);
    LedgerId(uuid_of(&hash))
}

/// A UUIDv8 of a hash's first bytes.
pub(crate) fn uuid_of(hash: &Hash) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.0[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The nonce as it stands in a charter.
#[must_use]
pub fn nonce_text(nonce: &[u8; 16]) -> String {
    nonce.iter().map(|b| format!("{b:02x}")).collect()
}

/// Whether a change opens its ledger: the first of the founder's chain, with a
/// charter whose nonce makes this ledger's id of this founder.
#[must_use]
pub fn opens(ledger: LedgerId, replica: ReplicaId, pos: u64, change: &Change) -> bool {
    let charter = change.writes.iter().find(|w| w.register.is(kind::GENESIS, field::CHARTER));
    let nonce = charter.and_then(|w| {
        let genesis: Genesis = serde_json::from_value(w.val.clone()).ok()?;
        read_nonce(&genesis.nonce?)
    });
    pos == 1 && nonce.is_some_and(|nonce| ledger_id(replica, &nonce) == ledger)
}

/// Whether an id may be that of a ledger founded on site.
#[must_use]
pub fn is_founded(ledger: LedgerId) -> bool {
    ledger.0.get_version_num() == 8
}

fn read_nonce(text: &str) -> Option<[u8; 16]> {
    let uuid = Uuid::try_parse(text).ok()?;
    (nonce_text(uuid.as_bytes()) == text).then(|| *uuid.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_founded_ledger_belongs_to_its_founder_alone() {
        let (a, b) = (ReplicaId(Uuid::from_u128(1)), ReplicaId(Uuid::from_u128(2)));
        let nonce = [7; 16];
        assert_ne!(ledger_id(a, &nonce), ledger_id(b, &nonce));
        assert_ne!(ledger_id(a, &nonce), ledger_id(a, &[8; 16]));
        assert_eq!(ledger_id(a, &nonce).0.get_version_num(), 8);
        assert_eq!(read_nonce(&nonce_text(&nonce)), Some(nonce));
        assert_eq!(read_nonce("07070707-0707-0707-0707-070707070707"), None);
    }
}
