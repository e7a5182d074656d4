//! Headers of uploads that were damaged, and ones that never were any. The same
//! claims as under the fuzzer (`fuzz/`), where none is at hand.

#[path = "../../../../fuzz/src/headers.rs"]
mod claims;

#[allow(dead_code, reason = "the other claims are tried in the ledger's tests")]
#[path = "../../../../fuzz/src/lib.rs"]
mod others;

use crate::tus;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

fn seeds() -> Vec<Vec<u8>> {
    let all = others::seeds().into_iter();
    all.filter(|(target, _)| *target == "headers").flat_map(|(_, seeds)| seeds).collect()
}

#[test]
fn the_seeds_are_read() {
    let maps: Vec<HeaderMap> = seeds()
        .iter()
        .map(|seed| {
            let lines = std::str::from_utf8(seed).unwrap().lines();
            let pairs = lines.map(|line| line.split_once(": ").unwrap());
            let header = |(name, value): (&str, &str)| {
                (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
            };
            pairs.map(header).collect()
        })
        .collect();
    assert_eq!(maps.iter().filter(|map| tus::creation(map).is_ok()).count(), 2);
    assert_eq!(maps.iter().filter(|map| tus::piece(map).is_ok()).count(), 2);
    let part = |map: &&HeaderMap| {
        matches!(tus::wanted(map.get(http::header::RANGE), 100), tus::Wanted::Part(_))
    };
    assert_eq!(maps.iter().filter(part).count(), 3);
    seeds().iter().for_each(|seed| claims::headers(seed));
}

proptest! {
    #[test]
    fn damaged_headers_are_read_or_refused(
        damages in prop::collection::vec((any::<u16>(), any::<u8>(), any::<bool>()), 1..8),
    ) {
        for mut bytes in seeds() {
            for (at, byte, insert) in &damages {
                let at = usize::from(*at) % bytes.len();
                if *insert {
                    bytes.insert(at, *byte);
                } else {
                    bytes[at] ^= byte;
                }
            }
            claims::headers(&bytes);
        }
    }

    #[test]
    fn any_bytes_are_read_as_headers_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..500),
    ) {
        claims::headers(&bytes);
    }
}
