//! What must hold of the headers of uploads, whatever they say. Beside the
//! other claims because those know the ledger alone; `crate::tus` is the
//! server's, here and in its own tests.

use crate::tus;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Header lines, `name: value`: read or refused, and nothing read is beyond what
/// can be kept.
pub fn headers(bytes: &[u8]) {
    let mut map = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            let _ = map.try_append(name, value);
        }
    }
    if let Ok(creation) = tus::creation(&map) {
        assert!(i64::try_from(creation.length).is_ok());
        assert!(creation.filetype.len() <= 128 && creation.metadata.len() <= 4096);
        // What is told whoever asks again reads the same.
        let metadata = HeaderValue::from_str(&creation.metadata).expect("it came as one");
        map.insert(tus::METADATA, metadata);
        assert_eq!(tus::creation(&map).as_ref(), Ok(&creation));
    }
    if let Ok(piece) = tus::piece(&map) {
        assert!(tus::is_piece(&map) && i64::try_from(piece.offset).is_ok());
        assert_eq!(tus::first_piece(&map), Ok(tus::Piece { offset: 0, ..piece.clone() }));
        if let Some(checksum) = piece.checksum {
            let mut counting = checksum.begin();
            counting.update(bytes);
            let _ = counting.holds();
        }
    }
    let _ = tus::speaks(&map);
    for length in [0, 1, 100, 1 << 40, u64::MAX] {
        if let tus::Wanted::Part(part) = tus::wanted(map.get(http::header::RANGE), length) {
            assert!(part.start < part.end && part.end <= length);
        }
    }
}
