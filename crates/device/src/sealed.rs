//! The form of a file on the tablet's disk: encrypted in segments, so that a
//! long film is never in memory as a whole, can be read from the middle, and
//! a download can go on where it stopped.
//!
//! ```text
//! "LJF1" | prefix, 19 random bytes | head box | segment 0 | segment 1 | …
//! ```
//!
//! Each box is XChaCha20-Poly1305 under the key for files, with the nonce
//! `prefix ‖ index (u32, big-endian) ‖ what it is`. The head holds the SHA-256
//! and the length of the plain bytes and is written last. A segment is 64 KiB
//! of them, the last one shorter and marked as last. So a changed bit, a
//! segment missing, moved or taken from another file, and a cut end are all
//! noticed. Where files lie and what they are called is in `evidence`.

use crate::durable::DiskFile;
use crate::error::DeviceError;
use crate::view::ErrorCode;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use std::io::{self, SeekFrom};

/// Plain bytes of a segment.
pub(crate) const SEGMENT_BYTES: usize = 64 * 1024;

const MAGIC: &[u8; 4] = b"LJF1";
const LABEL: &[u8] = b"lianjian-file-v1";
/// Random bytes that every nonce of a file begins with.
pub(crate) const PREFIX_BYTES: usize = 19;
const TAG_BYTES: usize = 16;
const HEAD_PLAIN_BYTES: usize = 32 + 8;
const HEAD_BYTES: usize = MAGIC.len() + PREFIX_BYTES + HEAD_PLAIN_BYTES + TAG_BYTES;
const BOX_BYTES: usize = SEGMENT_BYTES + TAG_BYTES;

/// What a box is; the last byte of its nonce.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Segment = 0,
    LastSegment = 1,
    Head = 2,
}

/// The cipher of one file.
struct Boxes {
    cipher: XChaCha20Poly1305,
    prefix: [u8; PREFIX_BYTES],
}

impl Boxes {
    fn new(key: &[u8; 32], prefix: [u8; PREFIX_BYTES]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(key.into()), prefix }
    }

    fn nonce(&self, index: u32, kind: Kind) -> XNonce {
        let mut nonce = [0; 24];
        nonce[..PREFIX_BYTES].copy_from_slice(&self.prefix);
        nonce[PREFIX_BYTES..23].copy_from_slice(&index.to_be_bytes());
        nonce[23] = kind as u8;
        XNonce::from(nonce)
    }

    fn close(&self, index: u32, kind: Kind, bytes: &mut Vec<u8>) -> Result<(), DeviceError> {
        let nonce = self.nonce(index, kind);
        self.cipher.encrypt_in_place(&nonce, LABEL, bytes).map_err(|_| DeviceError::Cipher)
    }

    /// Whether the box is the one that was closed there; it is open then.
    fn open(&self, index: u32, kind: Kind, bytes: &mut Vec<u8>) -> bool {
        self.cipher.decrypt_in_place(&self.nonce(index, kind), LABEL, bytes).is_ok()
    }
}

/// A file that is being written.
pub(crate) struct Writer<'a> {
    file: Box<dyn DiskFile + 'a>,
    boxes: Boxes,
    /// Plain bytes that are not in a closed segment yet.
    open: Vec<u8>,
    index: u32,
    length: u64,
    sha256: Sha256,
}

impl<'a> Writer<'a> {
    /// Begins a file anew, whatever was in it; `prefix` is random.
    pub(crate) fn begin(
        mut file: Box<dyn DiskFile + 'a>,
        prefix: [u8; PREFIX_BYTES],
        key: &[u8; 32],
    ) -> Result<Self, DeviceError> {
        let head = [&MAGIC[..], &prefix, &[0; HEAD_PLAIN_BYTES + TAG_BYTES]].concat();
        file.set_length(0)?;
        file.rewind()?;
        file.write_all(&head)?;
        Ok(Self {
            file,
            boxes: Boxes::new(key, prefix),
            open: Vec::with_capacity(BOX_BYTES),
            index: 0,
            length: 0,
            sha256: Sha256::new(),
        })
    }

    /// Goes on with a file that was begun and not finished, after its last whole
    /// segment. None where there is nothing to go on with.
    pub(crate) fn resume(
        mut file: Box<dyn DiskFile + 'a>,
        key: &[u8; 32],
    ) -> Result<Option<Self>, DeviceError> {
        file.rewind()?;
        let mut head = [0; HEAD_BYTES];
        if !fill(&mut *file, &mut head)? || !head.starts_with(MAGIC) {
            return Ok(None);
        }
        let mut prefix = [0; PREFIX_BYTES];
        prefix.copy_from_slice(&head[MAGIC.len()..MAGIC.len() + PREFIX_BYTES]);
        let boxes = Boxes::new(key, prefix);
        let (mut index, mut length, mut sha256) = (0, 0, Sha256::new());
        let mut segment = vec![0; BOX_BYTES];
        while fill(&mut *file, &mut segment)? && boxes.open(index, Kind::Segment, &mut segment) {
            sha256.update(&segment);
            length += segment.len() as u64;
            index += 1;
            segment.resize(BOX_BYTES, 0);
        }
        // What a power cut left behind them is nothing. It is written again with
        // the same nonces: a file's name fixes its bytes, so it is the same box.
        file.set_length(place(index))?;
        file.seek(SeekFrom::End(0))?;
        let open = Vec::with_capacity(BOX_BYTES);
        Ok(Some(Self { file, boxes, open, index, length, sha256 }))
    }

    /// Plain bytes taken so far.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Takes more plain bytes.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), DeviceError> {
        self.sha256.update(bytes);
        self.length += bytes.len() as u64;
        while !bytes.is_empty() {
            // Only with more to come is a full segment not the last one.
            if self.open.len() == SEGMENT_BYTES {
                self.close(Kind::Segment)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(SEGMENT_BYTES - self.open.len()));
            self.open.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Closes the file and brings it to the disk. Answers the hash of the plain
    /// bytes, lower-case hex, and how many they are.
    pub(crate) fn finish(mut self) -> Result<(String, u64), DeviceError> {
        self.close(Kind::LastSegment)?;
        let hash: [u8; 32] = self.sha256.finalize().into();
        let mut head = Vec::with_capacity(HEAD_PLAIN_BYTES + TAG_BYTES);
        head.extend_from_slice(&hash);
        head.extend_from_slice(&self.length.to_be_bytes());
        self.boxes.close(0, Kind::Head, &mut head)?;
        self.file.seek(SeekFrom::Start((MAGIC.len() + PREFIX_BYTES) as u64))?;
        self.file.write_all(&head)?;
        self.file.sync()?;
        Ok((hex::encode(hash), self.length))
    }

    fn close(&mut self, kind: Kind) -> Result<(), DeviceError> {
        self.boxes.close(self.index, kind, &mut self.open)?;
        self.file.write_all(&self.open)?;
        self.open.clear();
        self.index = self.index.checked_add(1).ok_or(DeviceError::Cipher)?;
        Ok(())
    }
}

/// A finished file.
pub(crate) struct Reader<'a> {
    file: Box<dyn DiskFile + 'a>,
    boxes: Boxes,
    length: u64,
    segments: u32,
}

impl<'a> Reader<'a> {
    /// Opens a file that must have this hash.
    ///
    /// # Errors
    /// [`ErrorCode::StoreDamaged`] when it is not what it should be.
    pub(crate) fn open(
        mut file: Box<dyn DiskFile + 'a>,
        key: &[u8; 32],
        sha256: &str,
    ) -> Result<Self, DeviceError> {
        let mut head = [0; HEAD_BYTES];
        if !fill(&mut *file, &mut head)? || !head.starts_with(MAGIC) {
            return Err(damaged());
        }
        let (prefix, sealed) = head[MAGIC.len()..].split_at(PREFIX_BYTES);
        let boxes = Boxes::new(key, prefix.try_into().map_err(|_| damaged())?);
        let mut plain = sealed.to_vec();
        if !boxes.open(0, Kind::Head, &mut plain) {
            return Err(damaged());
        }
        let (hash, length) = plain.split_at(32);
        let length = u64::from_be_bytes(length.try_into().map_err(|_| damaged())?);
        let segments =
            u32::try_from(length.div_ceil(SEGMENT_BYTES as u64).max(1)).map_err(|_| damaged())?;
        let on_disk = HEAD_BYTES as u64 + length + u64::from(segments) * TAG_BYTES as u64;
        if hex::encode(hash) != sha256 || file.seek(SeekFrom::End(0))? != on_disk {
            return Err(damaged());
        }
        Ok(Self { file, boxes, length, segments })
    }

    /// Plain bytes of the whole.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Up to `count` plain bytes from `start`; fewer only at the end.
    ///
    /// # Errors
    /// [`ErrorCode::StoreDamaged`], or the disk's.
    pub(crate) fn read(&mut self, start: u64, count: usize) -> Result<Vec<u8>, DeviceError> {
        let end = self.length.min(start.saturating_add(count as u64));
        let mut plain = Vec::with_capacity(usize::try_from(end.saturating_sub(start)).unwrap_or(0));
        let mut at = start;
        let mut segment = Vec::with_capacity(BOX_BYTES);
        while at < end {
            let index = u32::try_from(at / SEGMENT_BYTES as u64).map_err(|_| damaged())?;
            self.segment(index, &mut segment)?;
            let from = usize::try_from(at % SEGMENT_BYTES as u64).map_err(|_| damaged())?;
            let to = segment.len().min(from + usize::try_from(end - at).unwrap_or(usize::MAX));
            let wanted = segment.get(from..to).filter(|bytes| !bytes.is_empty());
            plain.extend_from_slice(wanted.ok_or_else(damaged)?);
            at += (to - from) as u64;
        }
        Ok(plain)
    }

    fn segment(&mut self, index: u32, into: &mut Vec<u8>) -> Result<(), DeviceError> {
        let last = index + 1 == self.segments;
        let whole = u64::from(index) * SEGMENT_BYTES as u64;
        let plain = (self.length - whole).min(SEGMENT_BYTES as u64);
        into.clear();
        into.resize(usize::try_from(plain).map_err(|_| damaged())? + TAG_BYTES, 0);
        self.file.seek(SeekFrom::Start(place(index)))?;
        let kind = if last { Kind::LastSegment } else { Kind::Segment };
        if !fill(&mut *self.file, into)? || !self.boxes.open(index, kind, into) {
            return Err(damaged());
        }
        Ok(())
    }
}

/// Where a segment begins on the disk.
fn place(index: u32) -> u64 {
    HEAD_BYTES as u64 + u64::from(index) * BOX_BYTES as u64
}

/// Fills all of `bytes`; whether there were so many.
fn fill(file: &mut dyn DiskFile, bytes: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn damaged() -> DeviceError {
    ErrorCode::StoreDamaged.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::{Disk, SystemDisk};
    use std::fs::{self, File};
    use std::path::{Path, PathBuf};

    const KEY: [u8; 32] = [7; 32];

    fn plain(length: usize) -> Vec<u8> {
        (0..length).map(|n| (n * 31 % 251) as u8).collect()
    }

    const PREFIX: [u8; PREFIX_BYTES] = [3; PREFIX_BYTES];

    fn begin(path: &Path) -> Writer<'static> {
        Writer::begin(SystemDisk.edit(path).unwrap(), PREFIX, &KEY).unwrap()
    }

    fn opened(path: &Path) -> Box<dyn DiskFile> {
        SystemDisk.open(path).unwrap()
    }

    fn resumed(path: &Path) -> Option<Writer<'static>> {
        Writer::resume(SystemDisk.edit(path).unwrap(), &KEY).unwrap()
    }

    /// A file of so many bytes; answers its path and name.
    fn written(folder: &Path, bytes: &[u8], piece: usize) -> (PathBuf, String) {
        let path = folder.join(format!("{}-{piece}", bytes.len()));
        let mut writer = begin(&path);
        for piece in bytes.chunks(piece) {
            writer.write(piece).unwrap();
        }
        let (name, length) = writer.finish().unwrap();
        assert_eq!(length, bytes.len() as u64);
        (path, name)
    }

    fn whole(path: &Path, key: &[u8; 32], name: &str) -> Option<Vec<u8>> {
        let mut reader = Reader::open(opened(path), key, name).ok()?;
        reader.read(0, usize::MAX).ok()
    }

    #[test]
    fn what_goes_in_comes_out_in_any_pieces() {
        let folder = tempfile::tempdir().unwrap();
        for length in [0, 1, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 200_000] {
            let bytes = plain(length);
            for piece in [1000, SEGMENT_BYTES, 300_000] {
                let (path, name) = written(folder.path(), &bytes, piece);
                assert_eq!(name, hex::encode(Sha256::digest(&bytes)));
                assert_eq!(whole(&path, &KEY, &name).unwrap(), bytes);
                let mut reader = Reader::open(opened(&path), &KEY, &name).unwrap();
                for (start, count) in [(0, 10), (65_530, 20), (131_072, 70_000), (199_999, 9)] {
                    let from = length.min(start);
                    let wanted = &bytes[from..length.min(start + count)];
                    assert_eq!(reader.read(start as u64, count).unwrap(), wanted);
                }
            }
        }
    }

    #[test]
    fn a_changed_bit_is_noticed_wherever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (path, name) = written(folder.path(), &plain(SEGMENT_BYTES * 2 + 50), 9999);
        let good = fs::read(&path).unwrap();
        let places = (0..HEAD_BYTES).chain([HEAD_BYTES, 70_000, 131_200, good.len() - 1]);
        for at in places {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            fs::write(&path, &bad).unwrap();
            assert_eq!(whole(&path, &KEY, &name), None, "{at}");
        }
    }

    #[test]
    fn cutting_moving_and_mixing_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, name) = written(folder.path(), &plain(SEGMENT_BYTES * 3), 9999);
        let good = fs::read(&path).unwrap();
        let (first, second) = (place(1) as usize, place(2) as usize);
        let swapped =
            [&good[..HEAD_BYTES], &good[first..second], &good[HEAD_BYTES..first], &good[second..]]
                .concat();
        let left_out = [&good[..first], &good[second..]].concat();
        let longer = [good.as_slice(), &good[first..second]].concat();
        for bad in [&swapped, &left_out, &longer, &good[..good.len() - 1].to_vec()] {
            fs::write(&path, bad).unwrap();
            assert_eq!(whole(&path, &KEY, &name), None);
        }
        for cut in [0, 3, HEAD_BYTES, first, second, second + 5] {
            fs::write(&path, &good[..cut]).unwrap();
            assert_eq!(whole(&path, &KEY, &name), None, "{cut}");
        }
        // Another file's bytes, whole, under this name.
        let (other, _) = written(folder.path(), &plain(SEGMENT_BYTES * 3 - 1), 9999);
        assert_eq!(whole(&other, &KEY, &name), None);
        fs::write(&path, &good).unwrap();
        assert_eq!(whole(&path, &[8; 32], &name), None);
        assert!(whole(&path, &KEY, &name).is_some());
    }

    #[test]
    fn a_file_cut_off_goes_on_after_its_last_whole_segment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part");
        let bytes = plain(SEGMENT_BYTES * 4 + 10);
        let mut writer = begin(&path);
        writer.write(&bytes[..SEGMENT_BYTES * 3 + 5]).unwrap();
        drop(writer);
        // A power cut may lose the end of what was written.
        let left = fs::metadata(&path).unwrap().len() - 100;
        File::options().write(true).open(&path).unwrap().set_len(left).unwrap();
        let mut writer = resumed(&path).unwrap();
        assert_eq!(writer.length(), SEGMENT_BYTES as u64 * 2);
        writer.write(&bytes[SEGMENT_BYTES * 2..]).unwrap();
        let (name, _) = writer.finish().unwrap();
        assert_eq!(whole(&path, &KEY, &name).unwrap(), bytes);
    }

    #[test]
    fn what_was_never_begun_is_not_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part");
        for junk in [&b""[..], b"LJF1", &[0; 500]] {
            fs::write(&path, junk).unwrap();
            assert!(resumed(&path).is_none());
        }
    }
}
