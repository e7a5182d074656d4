//! The rescue pack: what a tablet has that the office has not, in one stream
//! that can be carried on any medium. Encoder and decoder, without input or
//! output of their own; around the stream lie zstd and age, which are the
//! stores' business.
//!
//! `"lianjian-pack-v1\n" ‖ record …`, each record `kind (1) ‖ length (4, little
//! endian) ‖ payload ‖ check (32)`, where a check is the SHA-256 over the check
//! before, kind, length and payload. So nothing can be left out, moved or cut
//! off without notice; what comes before the damage is still good. The first
//! record says whose pack it is and is signed by that tablet; the last one says
//! that this was all.

use crate::certificate::SignedCertificate;
use crate::exchange::message;
use crate::id::Hash;
use crate::incoming::Page;
use crate::seal::{PublicKey, Signature, SignatureError, Signer};
use domain::id::{LedgerId, ReplicaId};
use domain::time::Wall;
use serde::{Deserialize, Serialize};

/// The first bytes of the stream; the version is among them.
pub const MAGIC: &[u8; 17] = b"lianjian-pack-v1\n";
/// The longest payload of a record, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The longest piece of a file in one record, in bytes.
pub const PART_BYTES_MAX: usize = 256 * 1024;
/// The longest payload that is JSON alone, in bytes.
const JSON_BYTES_MAX: usize = 64 * 1024;

const HEAD_BYTES: usize = 5;
const CHECK_BYTES: usize = 32;

/// Separates an opening's signature from all others.
const OPENING_TAG: &[u8] = b"lianjian-pack-v1";

/// Whose pack it is, and what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The tablet.
    pub replica: ReplicaId,
    /// When it was written, by the tablet's clock.
    pub made_at: Wall,
    /// Version of the app.
    pub app_version: String,
    /// Whether everything is in it, or only what has no receipt.
    pub everything: bool,
    /// Whether the tablet's store was damaged: then it holds what could be read.
    pub store_damaged: bool,
    /// The office's certificate for the tablet.
    pub certificate: SignedCertificate,
}

/// An opening as the tablet signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedOpening {
    /// JSON of an [`Opening`], verbatim.
    pub text: String,
    /// The tablet's signature over `"lianjian-pack-v1" ‖ text`.
    pub signature: Signature,
}

impl SignedOpening {
    /// Has the tablet sign its opening.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which plain data always can.
    pub fn sign(tablet: &Signer, opening: &Opening) -> Result<Self, serde_json::Error> {
        let text = serde_json::to_string(opening)?;
        let signature = tablet.sign(&opening_message(&text));
        Ok(Self { text, signature })
    }

    /// Checks that the tablet of the certificate inside, which the office
    /// signed, wrote this.
    ///
    /// # Errors
    /// [`SignatureError`] when it did not.
    pub fn verify(&self, office: &PublicKey) -> Result<Opening, SignatureError> {
        let opening: Opening = serde_json::from_str(&self.text).map_err(|_| SignatureError)?;
        let certificate = opening.certificate.verify(office)?;
        if certificate.replica != opening.replica {
            return Err(SignatureError);
        }
        certificate.key.verify(&opening_message(&self.text), &self.signature)?;
        Ok(opening)
    }
}

fn opening_message(text: &str) -> Vec<u8> {
    [OPENING_TAG, text.as_bytes()].concat()
}

/// Something that could not be read on the tablet, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Missing {
    /// Some changes of a chain.
    Changes {
        /// The ledger.
        ledger: LedgerId,
        /// The first position that is missing.
        from: u64,
        /// The last one; none where it is not known how far the chain went.
        upto: Option<u64>,
    },
    /// A file.
    File {
        /// Its hash.
        sha256: String,
    },
    /// The list of ledgers, of receipts or of files.
    List {
        /// `ledgers`, `receipts` or `files`.
        name: String,
    },
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// First: whose pack it is.
    Opening(SignedOpening),
    /// Changes of one chain with their seals.
    Page(Page),
    /// A file begins; its bytes follow in parts.
    File {
        /// Its hash.
        sha256: Hash,
        /// How long it is.
        bytes: u64,
    },
    /// Some bytes of the file that began last.
    Part(Vec<u8>),
    /// Something that should be here and could not be read.
    Missing(Missing),
    /// Last: this was all.
    Close(Close),
    /// Of a newer version; to be passed over.
    Unknown(u8),
}

/// What a whole pack held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Close {
    /// Changes.
    pub changes: u64,
    /// Files.
    pub files: u64,
}

/// Why a stream is not a pack, or not a whole one. Names no content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// It does not begin like a pack of a known version.
    #[error("not a rescue pack")]
    NotAPack,
    /// A record is longer than any may be.
    #[error("a record is too long")]
    TooLong,
    /// A record does not have the check it should have.
    #[error("a record is damaged")]
    Damaged,
    /// A record stands where it may not, or does not say what its kind wants.
    #[error("a record is malformed")]
    Malformed,
    /// The stream ends before its last record.
    #[error("the pack is cut off")]
    CutOff,
}

#[derive(Serialize, Deserialize)]
struct FileHead {
    sha256: String,
    bytes: u64,
}

/// Only pages, no header.
#[derive(Clone, Serialize, Deserialize)]
struct Nothing {}

/// Puts records into bytes. Write [`MAGIC`] first.
#[derive(Debug, Clone)]
pub struct Encoder {
    check: Hash,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { check: Hash::of(MAGIC) }
    }
}

impl Encoder {
    /// The bytes of the next record.
    ///
    /// # Errors
    /// [`PackError::TooLong`]; [`PackError::Malformed`] for what has no bytes.
    pub fn record(&mut self, record: &Record) -> Result<Vec<u8>, PackError> {
        let json =
            |value: Result<Vec<u8>, serde_json::Error>| value.map_err(|_| PackError::Malformed);
        let (kind, payload) = match record {
            Record::Opening(opening) => (1, json(serde_json::to_vec(opening))?),
            Record::Page(page) => {
                let body = message::encode(&Nothing {}, std::slice::from_ref(page));
                (2, body.map_err(|_| PackError::TooLong)?)
            }
            Record::File { sha256, bytes } => {
                let head = FileHead { sha256: sha256.to_string(), bytes: *bytes };
                (3, json(serde_json::to_vec(&head))?)
            }
            Record::Part(bytes) => (4, bytes.clone()),
            Record::Missing(missing) => (5, json(serde_json::to_vec(missing))?),
            Record::Close(close) => (6, json(serde_json::to_vec(close))?),
            Record::Unknown(_) => return Err(PackError::Malformed),
        };
        if payload.len() > longest(kind) {
            return Err(PackError::TooLong);
        }
        let length = u32::try_from(payload.len()).map_err(|_| PackError::TooLong)?.to_le_bytes();
        self.check = Hash::of_parts([&self.check.0, [kind].as_slice(), &length, &payload]);
        Ok([[kind].as_slice(), &length, &payload, &self.check.0].concat())
    }
}

fn longest(kind: u8) -> usize {
    match kind {
        1 | 3 | 5 | 6 => JSON_BYTES_MAX,
        4 => PART_BYTES_MAX,
        _ => PAYLOAD_BYTES_MAX,
    }
}

/// Reads records from bytes that come in pieces of any size. It never holds
/// more than one record and the piece that came last.
#[derive(Debug)]
pub struct Decoder {
    buffer: Vec<u8>,
    begun: bool,
    opened: bool,
    closed: bool,
    check: Hash,
    /// Bytes of the file that began last and that did not come yet.
    file_left: u64,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            buffer: Vec::new(),
            begun: false,
            opened: false,
            closed: false,
            check: Hash::of(MAGIC),
            file_left: 0,
        }
    }
}

impl Decoder {
    /// Takes the next piece of the stream. Read records until there are none
    /// before pushing more.
    pub fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// The next record, or none until more bytes come. After an error the rest
    /// of the stream says nothing.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn next_record(&mut self) -> Result<Option<Record>, PackError> {
        if !self.begun {
            let common = self.buffer.len().min(MAGIC.len());
            if self.buffer[..common] != MAGIC[..common] {
                return Err(PackError::NotAPack);
            }
            if common < MAGIC.len() {
                return Ok(None);
            }
            self.buffer.drain(..common);
            self.begun = true;
        }
        let Some(head) = self.buffer.first_chunk::<HEAD_BYTES>() else { return Ok(None) };
        if self.closed {
            return Err(PackError::Malformed);
        }
        let (kind, length) = (head[0], [head[1], head[2], head[3], head[4]]);
        let payload = u32::from_le_bytes(length) as usize;
        if payload > longest(kind) {
            return Err(PackError::TooLong);
        }
        let whole = HEAD_BYTES + payload + CHECK_BYTES;
        if self.buffer.len() < whole {
            return Ok(None);
        }
        let bytes = &self.buffer[HEAD_BYTES..HEAD_BYTES + payload];
        let check = Hash::of_parts([&self.check.0, [kind].as_slice(), &length, bytes]);
        if self.buffer[HEAD_BYTES + payload..whole] != check.0 {
            return Err(PackError::Damaged);
        }
        let record = read(kind, bytes)?;
        self.place(&record)?;
        self.check = check;
        self.buffer.drain(..whole);
        Ok(Some(record))
    }

    /// Says whether the stream, which is at its end, was whole.
    ///
    /// # Errors
    /// [`PackError::CutOff`].
    pub fn finish(&self) -> Result<(), PackError> {
        if self.closed && self.buffer.is_empty() { Ok(()) } else { Err(PackError::CutOff) }
    }

    /// Whether a record may stand here.
    fn place(&mut self, record: &Record) -> Result<(), PackError> {
        let opens = matches!(record, Record::Opening(_));
        let continues = matches!(record, Record::Part(_));
        if opens == self.opened || continues != (self.file_left > 0) {
            return Err(PackError::Malformed);
        }
        self.opened = true;
        match record {
            Record::File { bytes, .. } => self.file_left = *bytes,
            Record::Part(part) => {
                let left = self.file_left.checked_sub(part.len() as u64);
                self.file_left = left.filter(|_| !part.is_empty()).ok_or(PackError::Malformed)?;
            }
            Record::Close(_) => self.closed = true,
            _ => {}
        }
        Ok(())
    }
}

fn read(kind: u8, bytes: &[u8]) -> Result<Record, PackError> {
    fn json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, PackError> {
        serde_json::from_slice(bytes).map_err(|_| PackError::Malformed)
    }
    Ok(match kind {
        1 => Record::Opening(json(bytes)?),
        2 => {
            let (Nothing {}, mut pages) =
                message::decode(bytes).map_err(|_| PackError::Malformed)?;
            let page = pages.pop().filter(|_| pages.is_empty());
            Record::Page(page.ok_or(PackError::Malformed)?)
        }
        3 => {
            let head: FileHead = json(bytes)?;
            let sha256 = head.sha256.parse().map_err(|_| PackError::Malformed)?;
            Record::File { sha256, bytes: head.bytes }
        }
        4 => Record::Part(bytes.to_vec()),
        5 => Record::Missing(json(bytes)?),
        6 => Record::Close(json(bytes)?),
        other => Record::Unknown(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::{Certificate, ReplicaRole};
    use crate::chain::ChainHead;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn opening() -> (SignedOpening, PublicKey) {
        let (office, tablet) = (Signer::from_seed(&[1; 32]), Signer::from_seed(&[2; 32]));
        let replica = ReplicaId(Uuid::from_u128(5));
        let certificate = Certificate {
            replica,
            key: tablet.public(),
            role: ReplicaRole::Tablet,
            person: None,
            department: None,
            name: "平板 1".into(),
            epoch: 0,
            valid_from: "2026-01-01".parse().unwrap(),
            valid_to: "2027-12-31".parse().unwrap(),
        };
        let opening = Opening {
            replica,
            made_at: Wall::parse("2026-11-23T02:11:05.123Z").unwrap(),
            app_version: "0.1.0".into(),
            everything: false,
            store_damaged: false,
            certificate: SignedCertificate::sign(&office, &certificate).unwrap(),
        };
        (SignedOpening::sign(&tablet, &opening).unwrap(), office.public())
    }

    fn records() -> Vec<Record> {
        let (ledger, replica) = (LedgerId(Uuid::from_u128(1)), ReplicaId(Uuid::from_u128(5)));
        let head = ChainHead::empty(ledger, replica).next(b"one");
        let seal = Signer::from_seed(&[2; 32]).seal(ledger, replica, &head);
        let page = Page {
            ledger,
            replica,
            of: None,
            after: 0,
            prev: None,
            changes: vec![b"one".to_vec()],
            seals: vec![seal],
        };
        vec![
            Record::Opening(opening().0),
            Record::Page(page),
            Record::File { sha256: Hash::of(b"photo"), bytes: 5 },
            Record::Part(b"pho".to_vec()),
            Record::Part(b"to".to_vec()),
            Record::File { sha256: Hash::of(b""), bytes: 0 },
            Record::Missing(Missing::Changes { ledger, from: 2, upto: Some(3) }),
            Record::Close(Close { changes: 1, files: 2 }),
        ]
    }

    fn encoded(records: &[Record]) -> Vec<u8> {
        let mut encoder = Encoder::default();
        let mut bytes = MAGIC.to_vec();
        for record in records {
            bytes.extend(encoder.record(record).unwrap());
        }
        bytes
    }

    /// All that can be read, and how it ended.
    fn decoded(bytes: &[u8], piece: usize) -> (Vec<Record>, Result<(), PackError>) {
        let (mut decoder, mut all) = (Decoder::default(), Vec::new());
        for some in bytes.chunks(piece) {
            decoder.push(some);
            loop {
                match decoder.next_record() {
                    Ok(Some(record)) => all.push(record),
                    Ok(None) => break,
                    Err(error) => return (all, Err(error)),
                }
            }
        }
        (all, decoder.finish())
    }

    #[test]
    fn a_pack_reads_back_in_pieces_of_any_size() {
        let bytes = encoded(&records());
        for piece in [1, 2, 7, 64, bytes.len()] {
            assert_eq!(decoded(&bytes, piece), (records(), Ok(())), "{piece}");
        }
    }

    #[test]
    fn a_pack_cut_anywhere_gives_what_came_before_and_says_so() {
        let bytes = encoded(&records());
        for cut in 0..bytes.len() {
            let (read, end) = decoded(&bytes[..cut], 16);
            assert_eq!(end, Err(PackError::CutOff), "{cut}");
            assert_eq!(read, records()[..read.len()], "{cut}");
        }
    }

    #[test]
    fn any_changed_byte_is_noticed_and_nothing_behind_it_is_believed() {
        let bytes = encoded(&records());
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let (read, end) = decoded(&changed, 64);
            assert!(end.is_err(), "{at}");
            assert_eq!(read, records()[..read.len()], "{at}");
        }
    }

    #[test]
    fn a_record_may_not_be_left_out_or_moved() {
        let all = records();
        let mut encoder = Encoder::default();
        let parts: Vec<Vec<u8>> = all.iter().map(|one| encoder.record(one).unwrap()).collect();
        let without = [MAGIC.as_slice(), &parts[0], &parts[2]].concat();
        assert_eq!(decoded(&without, 64).1, Err(PackError::Damaged));
        for wrong in [
            vec![all[1].clone()],
            vec![all[0].clone(), all[0].clone()],
            vec![all[0].clone(), all[3].clone()],
            vec![all[0].clone(), all[2].clone(), all[7].clone()],
            vec![all[0].clone(), all[7].clone(), all[7].clone()],
            vec![all[0].clone(), all[2].clone(), Record::Part(vec![0; 6])],
            vec![all[0].clone(), all[2].clone(), Record::Part(vec![])],
        ] {
            assert_eq!(decoded(&encoded(&wrong), 64).1, Err(PackError::Malformed), "{wrong:?}");
        }
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_it_is_waited_for() {
        for (kind, length) in [(4u8, u32::MAX), (1, 1 << 20), (2, 9 << 20), (200, u32::MAX)] {
            let bytes = [MAGIC.as_slice(), &[kind], &length.to_le_bytes()].concat();
            assert_eq!(decoded(&bytes, 64).1, Err(PackError::TooLong), "{kind}");
        }
    }

    #[test]
    fn an_opening_holds_only_for_the_tablet_that_signed_it() {
        let (signed, office) = opening();
        assert!(signed.verify(&office).is_ok());
        assert!(signed.verify(&Signer::from_seed(&[9; 32]).public()).is_err());
        let moved = SignedOpening {
            text: signed.text.replace("\"everything\":false", "\"everything\":true"),
            ..signed
        };
        assert!(moved.verify(&office).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..400), piece in 1usize..50, magic: bool
        ) {
            let bytes = if magic { [MAGIC.as_slice(), &bytes].concat() } else { bytes };
            let _ = decoded(&bytes, piece);
        }

        #[test]
        fn a_pack_with_garbage_in_it_never_gives_a_record_that_was_not_written(
            at in 0usize..2000, garbage in prop::collection::vec(any::<u8>(), 1..40)
        ) {
            let mut bytes = encoded(&records());
            let at = at % bytes.len();
            bytes.splice(at..at, garbage);
            let (read, _) = decoded(&bytes, 33);
            prop_assert_eq!(&read[..], &records()[..read.len()]);
        }
    }
}
