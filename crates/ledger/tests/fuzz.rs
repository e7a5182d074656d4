//! What reads bytes from outside, given valid ones that were damaged and ones
//! that never were any. The same claims as under the fuzzer (`fuzz/`), where
//! none is at hand; `PROPTEST_CASES=1000000` makes a long run of it.

#![allow(missing_docs, reason = "a test's parts")]

#[path = "../../../fuzz/src/lib.rs"]
mod claims;

use proptest::prelude::*;

/// One way to damage bytes.
#[derive(Debug, Clone)]
enum Damage {
    Flip(u16, u8),
    Insert(u16, u8),
    Remove(u16, u8),
    Repeat(u16, u8),
    Cut(u16),
    /// Puts something there that readers stumble over.
    Paste(u16, &'static str),
}

const STUMBLES: [&str; 12] = [
    "\"\\ud800\"",
    "1e999",
    "-0",
    "0.1",
    "18446744073709551616",
    "null",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "\u{0}",
    "{\"v\":1,\"v\":1}",
    ",",
    "\\u0000",
    "\u{feff}",
];

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        any::<(u16, u8)>().prop_map(|(at, bits)| Damage::Flip(at, bits)),
        any::<(u16, u8)>().prop_map(|(at, byte)| Damage::Insert(at, byte)),
        any::<(u16, u8)>().prop_map(|(at, count)| Damage::Remove(at, count)),
        any::<(u16, u8)>().prop_map(|(at, count)| Damage::Repeat(at, count)),
        any::<u16>().prop_map(Damage::Cut),
        (any::<u16>(), prop::sample::select(STUMBLES.to_vec()))
            .prop_map(|(at, text)| Damage::Paste(at, text)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    let place = |at: u16| usize::from(at) % (bytes.len() + 1);
    let stretch = |at: u16, count: u8| {
        let from = place(at);
        from..(from + usize::from(count)).min(bytes.len())
    };
    match damage {
        Damage::Flip(at, bits) => {
            let at = place(*at);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= bits;
            }
        }
        Damage::Insert(at, byte) => {
            let at = place(*at);
            bytes.insert(at, *byte);
        }
        Damage::Remove(at, count) => {
            let gone = stretch(*at, *count);
            bytes.drain(gone);
        }
        Damage::Repeat(at, count) => {
            let again = stretch(*at, *count);
            bytes.extend_from_within(again);
        }
        Damage::Cut(at) => {
            let at = place(*at);
            bytes.truncate(at);
        }
        Damage::Paste(at, text) => {
            let at = place(*at);
            bytes.splice(at..at, text.bytes());
        }
    }
}

fn check(target: &str, bytes: &[u8]) {
    match target {
        "change" => claims::change(bytes),
        "message" => claims::message(bytes),
        "signed" => claims::signed(bytes),
        // Those of headers are tried where they are read, in the server.
        _ => {}
    }
}

#[test]
fn the_seeds_are_what_they_are_called() {
    for (target, seeds) in claims::seeds() {
        assert!(!seeds.is_empty());
        // The fuzzer begins with them too.
        if let Some(folder) = std::env::var_os("LIANJIAN_FUZZ_SEEDS") {
            let folder = std::path::PathBuf::from(folder).join(target);
            std::fs::create_dir_all(&folder).unwrap();
            for (number, seed) in seeds.iter().enumerate() {
                std::fs::write(folder.join(number.to_string()), seed).unwrap();
            }
        }
        for seed in &seeds {
            check(target, seed);
        }
        if target == "message" {
            let read = |seed: &&Vec<u8>| ledger::exchange::Request::decode(seed).is_ok();
            assert_eq!(seeds.iter().filter(read).count(), 3);
        }
    }
}

proptest! {
    #[test]
    fn damaged_input_is_read_or_refused(
        pick in any::<usize>(), damages in prop::collection::vec(damage(), 1..8)
    ) {
        for (target, seeds) in claims::seeds() {
            let mut bytes = seeds[pick % seeds.len()].clone();
            for one in &damages {
                apply(&mut bytes, one);
            }
            check(target, &bytes);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        for target in ["change", "message", "signed"] {
            check(target, &bytes);
        }
    }
}
