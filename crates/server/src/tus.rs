//! The headers of tus 1.0, and byte ranges: reading them, whatever they hold.
//! Pure, and nothing of this crate is used here: the fuzzer (`fuzz/`) compiles
//! this file alone. What is done about headers is in `usecase::upload` and
//! `handlers`.
//!
//! Source: tus.io, resumable upload protocol 1.0.x (core, creation, creation
//! with upload, checksum, expiration, termination); RFC 9110 section 14.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use ledger::Hash;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::ops::Range;

/// The version spoken.
pub const VERSION: &str = "1.0.0";
/// The extensions spoken.
pub const EXTENSIONS: &str = "creation,creation-with-upload,checksum,expiration,termination";
/// The checksums understood.
pub const CHECKSUMS: &str = "sha1,sha256";
/// The type of a piece of a file.
pub const PIECE_TYPE: &str = "application/offset+octet-stream";

/// `Tus-Resumable`.
pub const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
/// `Tus-Version`.
pub const VERSIONS: HeaderName = HeaderName::from_static("tus-version");
/// `Tus-Extension`.
pub const EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
/// `Tus-Max-Size`.
pub const MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
/// `Tus-Checksum-Algorithm`.
pub const CHECKSUM_ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
/// `Upload-Length`.
pub const LENGTH: HeaderName = HeaderName::from_static("upload-length");
/// `Upload-Offset`.
pub const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
/// `Upload-Metadata`.
pub const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
/// `Upload-Checksum`.
pub const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
/// `Upload-Expires`.
pub const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
/// `X-HTTP-Method-Override`.
pub const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

/// The longest `Upload-Metadata` taken, in bytes.
const METADATA_BYTES_MAX: usize = 4096;
/// The longest claimed type taken, in bytes.
const FILETYPE_BYTES_MAX: usize = 128;

/// Why headers are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// They do not say what they must, or not in its form.
    Malformed,
    /// The body is not said to be a piece of a file.
    NoPiece,
}

/// What an upload is to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creation {
    /// Bytes of the whole file.
    pub length: u64,
    /// The name its bytes must have.
    pub sha256: Hash,
    /// What the sender says it is; empty when it says nothing.
    pub filetype: String,
    /// The metadata as they came, for whoever asks again.
    pub metadata: String,
}

/// What a piece of a file brings along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Where it begins.
    pub offset: u64,
    /// How long it will be, where that is said.
    pub length: Option<u64>,
    /// What it must amount to.
    pub checksum: Option<Checksum>,
}

/// The checksum of one piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checksum {
    /// SHA-1.
    Sha1([u8; 20]),
    /// SHA-256.
    Sha256([u8; 32]),
}

impl Checksum {
    /// Begins to count.
    #[must_use]
    pub fn begin(self) -> Counting {
        match self {
            Self::Sha1(wanted) => Counting::Sha1(Box::new((Sha1::new(), wanted))),
            Self::Sha256(wanted) => Counting::Sha256(Box::new((Sha256::new(), wanted))),
        }
    }
}

/// A checksum while bytes come in.
#[derive(Debug)]
pub enum Counting {
    /// SHA-1 and what it must become.
    Sha1(Box<(Sha1, [u8; 20])>),
    /// SHA-256 and what it must become.
    Sha256(Box<(Sha256, [u8; 32])>),
}

impl Counting {
    /// Takes more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(pair) => pair.0.update(bytes),
            Self::Sha256(pair) => pair.0.update(bytes),
        }
    }

    /// Whether it became what it must be.
    #[must_use]
    pub fn holds(self) -> bool {
        match self {
            Self::Sha1(pair) => pair.0.finalize().as_slice() == pair.1,
            Self::Sha256(pair) => pair.0.finalize().as_slice() == pair.1,
        }
    }
}

/// Whether the caller speaks this version.
#[must_use]
pub fn speaks(headers: &HeaderMap) -> bool {
    headers.get(RESUMABLE).is_some_and(|version| version == VERSION)
}

/// Whether a body is a piece of a file.
#[must_use]
pub fn is_piece(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind == PIECE_TYPE)
}

/// Reads what an upload is to become.
///
/// # Errors
/// [`Unreadable::Malformed`]. Its size is judged elsewhere.
pub fn creation(headers: &HeaderMap) -> Result<Creation, Unreadable> {
    let length = number(headers, &LENGTH)?.ok_or(Unreadable::Malformed)?;
    let metadata = text(headers, &METADATA)?.ok_or(Unreadable::Malformed)?;
    if metadata.len() > METADATA_BYTES_MAX {
        return Err(Unreadable::Malformed);
    }
    let (mut sha256, mut filetype) = (None, None);
    for pair in metadata.split(',').map(str::trim) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let slot = match key {
            "" => return Err(Unreadable::Malformed),
            "sha256" => &mut sha256,
            "filetype" => &mut filetype,
            // Names of files and the like are the sender's own.
            _ => continue,
        };
        let value = STANDARD.decode(value.trim()).map_err(|_| Unreadable::Malformed)?;
        let value = String::from_utf8(value).map_err(|_| Unreadable::Malformed)?;
        if slot.replace(value).is_some() {
            return Err(Unreadable::Malformed);
        }
    }
    let sha256 = sha256.ok_or(Unreadable::Malformed)?.to_ascii_lowercase();
    let sha256 = sha256.parse().map_err(|_| Unreadable::Malformed)?;
    let filetype = filetype.unwrap_or_default();
    if filetype.len() > FILETYPE_BYTES_MAX {
        return Err(Unreadable::Malformed);
    }
    Ok(Creation { length, sha256, filetype, metadata: metadata.to_owned() })
}

/// Reads what comes with a piece.
///
/// # Errors
/// [`Unreadable::NoPiece`], [`Unreadable::Malformed`].
pub fn piece(headers: &HeaderMap) -> Result<Piece, Unreadable> {
    if !is_piece(headers) {
        return Err(Unreadable::NoPiece);
    }
    let offset = number(headers, &OFFSET)?.ok_or(Unreadable::Malformed)?;
    first_piece(headers).map(|piece| Piece { offset, ..piece })
}

/// Reads what comes with a piece that was sent along with the creation.
///
/// # Errors
/// [`Unreadable::Malformed`].
pub fn first_piece(headers: &HeaderMap) -> Result<Piece, Unreadable> {
    let length = number(headers, &CONTENT_LENGTH)?;
    let checksum = text(headers, &CHECKSUM)?.map(checksum).transpose()?;
    Ok(Piece { offset: 0, length, checksum })
}

fn checksum(text: &str) -> Result<Checksum, Unreadable> {
    let (algorithm, value) = text.split_once(' ').ok_or(Unreadable::Malformed)?;
    let value = STANDARD.decode(value.trim()).map_err(|_| Unreadable::Malformed)?;
    match algorithm {
        "sha1" => value.try_into().map(Checksum::Sha1).map_err(|_| Unreadable::Malformed),
        "sha256" => value.try_into().map(Checksum::Sha256).map_err(|_| Unreadable::Malformed),
        _ => Err(Unreadable::Malformed),
    }
}

/// A header that may stand once.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Unreadable> {
    let mut all = headers.get_all(name).iter();
    let first: Option<&HeaderValue> = all.next();
    if all.next().is_some() {
        return Err(Unreadable::Malformed);
    }
    first.map(|value| value.to_str().map_err(|_| Unreadable::Malformed)).transpose()
}

/// A count of bytes: digits alone, no more than a database can keep.
fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, Unreadable> {
    let Some(text) = text(headers, name)? else { return Ok(None) };
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Unreadable::Malformed);
    }
    match text.parse() {
        Ok(number) if i64::try_from(number).is_ok() => Ok(Some(number)),
        _ => Err(Unreadable::Malformed),
    }
}

/// Which bytes of a file are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All of them.
    Whole,
    /// Some of them; never an empty range.
    Part(Range<u64>),
    /// None that there are.
    Outside,
}

/// Reads a `Range` header for a file of `length` bytes. Several ranges, other
/// units and what cannot be read ask for the whole, as the standard allows.
#[must_use]
pub fn wanted(header: Option<&HeaderValue>, length: u64) -> Wanted {
    let text = header.and_then(|value| value.to_str().ok());
    let Some(range) = text.and_then(|text| text.trim().strip_prefix("bytes=")) else {
        return Wanted::Whole;
    };
    let Some((first, last)) = range.split_once('-') else { return Wanted::Whole };
    let read = |text: &str| match text.trim() {
        "" => Some(None),
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
            // Beyond what can be counted is beyond the end of any file.
            Some(Some(digits.parse::<u64>().unwrap_or(u64::MAX)))
        }
        _ => None,
    };
    match (read(first), read(last)) {
        (Some(Some(first)), Some(last)) => {
            let end = last.map_or(length, |last| last.saturating_add(1).min(length));
            if last.is_some_and(|last| last < first) {
                Wanted::Whole
            } else if first < end {
                Wanted::Part(first..end)
            } else {
                Wanted::Outside
            }
        }
        (Some(None), Some(Some(count))) => match length.min(count) {
            0 => Wanted::Outside,
            count => Wanted::Part(length - count..length),
        },
        _ => Wanted::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headers(pairs: &[(&HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs.map(|(name, value)| ((*name).clone(), value.parse().unwrap())).collect()
    }

    fn metadata(pairs: &[(&str, &str)]) -> String {
        let pairs = pairs.iter().map(|(key, value)| format!("{key} {}", STANDARD.encode(value)));
        pairs.collect::<Vec<_>>().join(",")
    }

    const SHA: &str = "ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789";

    #[test]
    fn a_creation_names_what_the_bytes_must_be() {
        let text = metadata(&[("sha256", SHA), ("filetype", "image/jpeg"), ("filename", "照片")]);
        let read = creation(&headers(&[(&LENGTH, "12"), (&METADATA, &text)])).unwrap();
        assert_eq!((read.length, read.filetype.as_str()), (12, "image/jpeg"));
        assert_eq!(read.sha256.to_string(), SHA.to_ascii_lowercase());
    }

    #[test]
    fn a_creation_that_leaves_something_open_is_malformed() {
        let good = metadata(&[("sha256", SHA)]);
        let twice = format!("{good},{good}");
        let long = format!("{good},a {}", "A".repeat(METADATA_BYTES_MAX));
        let short = metadata(&[("sha256", "abcd")]);
        for (length, metadata) in [
            ("", good.as_str()),
            ("-1", &good),
            ("+1", &good),
            ("1e3", &good),
            ("9223372036854775808", &good),
            ("12", ""),
            ("12", "sha256 !!!"),
            ("12", "filename YQ=="),
            ("12", &twice),
            ("12", &long),
            ("12", &short),
        ] {
            let read = creation(&headers(&[(&LENGTH, length), (&METADATA, metadata)]));
            assert_eq!(read, Err(Unreadable::Malformed), "{length} {metadata}");
        }
        assert_eq!(creation(&headers(&[(&METADATA, &good)])), Err(Unreadable::Malformed));
        assert_eq!(creation(&headers(&[(&LENGTH, "1")])), Err(Unreadable::Malformed));
    }

    #[test]
    fn a_checksum_counts_what_comes() {
        let whole = headers(&[
            (&CONTENT_TYPE, PIECE_TYPE),
            (&OFFSET, "0"),
            (&CHECKSUM, "sha1 Lve95gjOVATpfV8EL5X4nxwjKHE="),
        ]);
        let mut counting = piece(&whole).unwrap().checksum.unwrap().begin();
        counting.update(b"Hello ");
        counting.update(b"World!");
        assert!(counting.holds());
        let mut counting = piece(&whole).unwrap().checksum.unwrap().begin();
        counting.update(b"Hello World?");
        assert!(!counting.holds());
        for bad in ["sha1", "sha1 AAAA", "md5 AAAA", "sha256 Lve95gjOVATpfV8EL5X4nxwjKHE=", " "] {
            let headers = headers(&[(&CONTENT_TYPE, PIECE_TYPE), (&OFFSET, "0"), (&CHECKSUM, bad)]);
            assert_eq!(piece(&headers), Err(Unreadable::Malformed), "{bad}");
        }
    }

    #[test]
    fn only_one_plain_range_is_taken() {
        let of = |text: &str| wanted(Some(&text.parse().unwrap()), 100);
        assert_eq!(wanted(None, 100), Wanted::Whole);
        assert_eq!(of("bytes=0-0"), Wanted::Part(0..1));
        assert_eq!(of("bytes=90-"), Wanted::Part(90..100));
        assert_eq!(of("bytes=90-4711"), Wanted::Part(90..100));
        assert_eq!(of("bytes=-10"), Wanted::Part(90..100));
        assert_eq!(of("bytes=-1000"), Wanted::Part(0..100));
        for outside in ["bytes=100-", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(of(outside), Wanted::Outside, "{outside}");
        }
        for odd in ["bytes=5-2", "bytes=0-1,5-6", "lines=1-2", "bytes=", "bytes=-", "bytes=a-b"] {
            assert_eq!(of(odd), Wanted::Whole, "{odd}");
        }
        assert_eq!(wanted(Some(&"bytes=0-".parse().unwrap()), 0), Wanted::Outside);
    }

    proptest! {
        #[test]
        fn no_header_can_break_the_reading(
            values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 6),
            length in any::<u64>(),
        ) {
            let names = [LENGTH, METADATA, OFFSET, CHECKSUM, CONTENT_LENGTH, CONTENT_TYPE];
            let mut headers = HeaderMap::new();
            for (name, value) in names.iter().zip(&values) {
                if let Ok(value) = HeaderValue::from_bytes(value) {
                    headers.append(name.clone(), value);
                }
            }
            let _ = (creation(&headers), piece(&headers), first_piece(&headers), speaks(&headers));
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(PIECE_TYPE));
            let _ = piece(&headers);
            for value in &values {
                let mut range = b"bytes=".to_vec();
                range.extend_from_slice(value);
                if let Ok(value) = HeaderValue::from_bytes(&range)
                    && let Wanted::Part(part) = wanted(Some(&value), length)
                {
                    prop_assert!(part.start < part.end && part.end <= length);
                }
            }
        }

        #[test]
        fn what_is_nearly_right_is_read_without_trouble(
            key in "[a-z0-9]{0,8}", value in "[A-Za-z0-9+/=]{0,90}", number in "[0-9+. -]{0,22}",
        ) {
            let metadata = format!("{key} {value},sha256 {value}");
            let headers = headers(&[
                (&LENGTH, number.trim()), (&METADATA, &metadata), (&OFFSET, number.trim()),
                (&CHECKSUM, &format!("sha1 {value}")), (&CONTENT_TYPE, PIECE_TYPE),
            ]);
            let _ = (creation(&headers), piece(&headers));
            let range = format!("bytes={number}-{number}");
            if let Ok(value) = HeaderValue::from_str(&range)
                && let Wanted::Part(part) = wanted(Some(&value), 1000)
            {
                prop_assert!(part.start < part.end && part.end <= 1000);
            }
        }
    }
}
