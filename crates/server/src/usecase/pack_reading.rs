//! Reading a rescue pack: age outside, zstd within, records inside. Blocks, and
//! so runs on a thread of its own. Whatever the bytes are, the memory taken is
//! bounded, and how it ended is said.

use age::x25519::Identity;
use ledger::Hash;
use ledger::pack::{Decoder, PackError, Record};
use sha2::{Digest, Sha256};
use std::io::{self, BufReader, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::mpsc::Sender;

/// The header of an age file may be this long; one is about 200 bytes.
const HEADER_BYTES_MAX: u64 = 64 * 1024;
/// The largest window that the compression may ask memory for: 8 MiB.
const WINDOW_LOG_MAX: u32 = 23;
/// What may come out without anybody wondering, in bytes.
const PLAIN_BYTES_FREE: u64 = 256 * 1024 * 1024;
/// How many times larger than the file its content may be.
const PLAIN_TIMES_MAX: u64 = 200;
const PIECE_BYTES: usize = 64 * 1024;

/// What reading brings.
#[derive(Debug)]
pub enum Event {
    /// The next record.
    Record(Record),
}

/// How reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With the pack's last record.
    Whole,
    /// Too early, or in damage at its very end.
    CutOff,
    /// In something that was changed.
    Damaged,
    /// In something that no tablet writes.
    Malformed,
    /// In more than any tablet holds.
    TooLarge,
    /// It is encrypted to somebody else.
    Foreign,
    /// It is no pack at all.
    NotAPack,
}

/// What reading amounted to.
#[derive(Debug)]
pub struct Reading {
    /// How it ended.
    pub ending: Ending,
    /// SHA-256 of everything that was handed in.
    pub sha256: Hash,
    /// How many bytes that were.
    pub bytes: u64,
}

/// Reads a pack and sends its records, until it ends or nobody listens.
pub fn read(identity: &Identity, source: impl Read, events: &Sender<Event>) -> Reading {
    let mut sha = Sha256::new();
    let taken = Arc::new(AtomicU64::new(0));
    let in_header = Arc::new(AtomicBool::new(true));
    let mut source = Counted { source, sha: &mut sha, taken: &taken, in_header: &in_header };
    let ending = records(identity, &mut source, events);
    // The hash on the paper is that of the whole file, whatever was read of it.
    in_header.store(false, Ordering::Relaxed);
    let rest = io::copy(&mut source, &mut io::sink());
    let ending = match (ending, rest) {
        (Ending::Whole, Err(_)) => Ending::CutOff,
        // Cut within one of its pieces, a file looks damaged there; but then
        // nothing comes behind.
        (Ending::Damaged, Ok(0)) => Ending::CutOff,
        (ending, _) => ending,
    };
    let bytes = taken.load(Ordering::Relaxed);
    Reading { ending, sha256: Hash(sha.finalize().into()), bytes }
}

fn records<R: Read>(
    identity: &Identity,
    source: &mut Counted<'_, R>,
    events: &Sender<Event>,
) -> Ending {
    let (taken, in_header) = (Arc::clone(source.taken), Arc::clone(source.in_header));
    let buffered = BufReader::with_capacity(16 * 1024, source);
    let decryptor = match age::Decryptor::new_buffered(buffered) {
        Ok(decryptor) => decryptor,
        Err(_) => return Ending::NotAPack,
    };
    in_header.store(false, Ordering::Relaxed);
    let stream = match decryptor.decrypt(std::iter::once(identity as &dyn age::Identity)) {
        Ok(stream) => stream,
        Err(age::DecryptError::NoMatchingKeys) => return Ending::Foreign,
        Err(_) => return Ending::NotAPack,
    };
    let Ok(mut plain) = zstd::Decoder::new(stream) else { return Ending::NotAPack };
    if plain.window_log_max(WINDOW_LOG_MAX).is_err() {
        return Ending::NotAPack;
    }
    let mut decoder = Decoder::default();
    let mut piece = vec![0; PIECE_BYTES];
    let mut unpacked = 0u64;
    loop {
        let length = match plain.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return broken(&error),
        };
        unpacked += length as u64;
        let allowed = taken.load(Ordering::Relaxed).saturating_mul(PLAIN_TIMES_MAX);
        if unpacked > PLAIN_BYTES_FREE.saturating_add(allowed) {
            return Ending::TooLarge;
        }
        decoder.push(&piece[..length]);
        loop {
            match decoder.next_record() {
                Ok(Some(record)) => {
                    if events.blocking_send(Event::Record(record)).is_err() {
                        return Ending::Malformed;
                    }
                }
                Ok(None) => break,
                Err(error) => return of_pack(error),
            }
        }
    }
    match decoder.finish() {
        Ok(()) => Ending::Whole,
        Err(error) => of_pack(error),
    }
}

fn of_pack(error: PackError) -> Ending {
    match error {
        PackError::NotAPack => Ending::NotAPack,
        PackError::TooLong => Ending::TooLarge,
        PackError::Damaged => Ending::Damaged,
        PackError::Malformed => Ending::Malformed,
        PackError::CutOff => Ending::CutOff,
    }
}

/// Age says `UnexpectedEof` for a file that was cut and `InvalidData` for one
/// that was changed; zstd says the former for a frame that ends early.
fn broken(error: &io::Error) -> Ending {
    match error.kind() {
        ErrorKind::UnexpectedEof => Ending::CutOff,
        _ => Ending::Damaged,
    }
}

/// The file as it was handed in: hashed, counted, and not let run on without an
/// end while its header is looked for.
struct Counted<'a, R> {
    source: R,
    sha: &'a mut Sha256,
    taken: &'a Arc<AtomicU64>,
    in_header: &'a Arc<AtomicBool>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let before = self.taken.load(Ordering::Relaxed);
        if self.in_header.load(Ordering::Relaxed) && before > HEADER_BYTES_MAX {
            return Err(ErrorKind::InvalidData.into());
        }
        let length = self.source.read(buffer)?;
        self.sha.update(&buffer[..length]);
        self.taken.store(before + length as u64, Ordering::Relaxed);
        Ok(length)
    }
}
