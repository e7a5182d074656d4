//! Files on the tablet: photos, thumbnails, packages, PDFs. Each is encrypted
//! and named by the hash of its plain bytes, written durably *before* any
//! change speaks of it, and checked against its name whenever it is read.
//!
//! Which ledger speaks of which file is in `store/blob.rs`; how files travel,
//! in `client`.

use crate::error::DeviceError;
use crate::picture;
use crate::sealed::{Reader, Writer};
use crate::surroundings::Surroundings;
use crate::vault::StoreKey;
use crate::view::ErrorCode;
use domain::evidence::media::SNIFF_BYTES;
use domain::evidence::{FILE_BYTES_MAX, MediaType};
use ledger::planted::{self, Planted};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// The largest picture that is decoded, in bytes. Pictures are read whole, to
/// see that they are; films and sound never are.
const PICTURE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes read at a time when a file is taken in.
const READ_BYTES: usize = 256 * 1024;
/// A file that was begun and is nobody's after so long: the app was killed.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 60 * 60);
/// Names of files that are being written.
const NEW: &str = ".new-";
/// Names of files that are being fetched.
const PART: &str = ".part-";

/// A piece of evidence taken in: its files are on the disk, nothing speaks of
/// them yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// SHA-256 of the original, lower-case hex.
    pub sha256: String,
    /// Bytes of the original.
    pub bytes: u64,
    /// What it is.
    pub media_type: MediaType,
    /// SHA-256 and bytes of the thumbnail, where one could be made.
    pub thumbnail: Option<(String, u64)>,
}

/// The folder of encrypted files.
pub struct Blobs {
    folder: PathBuf,
    key: Zeroizing<[u8; 32]>,
    around: Surroundings,
}

impl Blobs {
    /// The files under `home`, opened by `key`.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(home: &Path, key: &StoreKey, around: &Surroundings) -> Result<Self, DeviceError> {
        let blobs = Self::under(home, key, around);
        around.disk.private_folder(&blobs.folder)?;
        blobs.sweep(|name, age| name.starts_with(NEW) && age > LEFT_BEHIND)?;
        Ok(blobs)
    }

    /// The same for reading alone: nothing is made.
    pub(crate) fn under(home: &Path, key: &StoreKey, around: &Surroundings) -> Self {
        let folder = home.join("blobs");
        Self { folder, key: key.derive("blobs"), around: around.clone() }
    }

    /// Keeps `bytes`; keeping the same bytes again changes nothing.
    ///
    /// # Errors
    /// The disk's.
    pub fn put(&self, bytes: &[u8]) -> Result<String, DeviceError> {
        let sha256 = hash_of(bytes);
        if self.get(&sha256).is_ok() {
            return Ok(sha256);
        }
        if planted::is(Planted::RecordWithoutFile) {
            return Ok(sha256);
        }
        let mut new = self.begin()?;
        new.writer.write(bytes)?;
        self.keep(new).map(|(sha256, _)| sha256)
    }

    /// The plain bytes of a file.
    ///
    /// # Errors
    /// [`ErrorCode::FileAbsent`]; [`ErrorCode::StoreDamaged`] when the file on
    /// disk is not what its name says.
    pub fn get(&self, sha256: &str) -> Result<Vec<u8>, DeviceError> {
        let plain = self.reader(sha256)?.read(0, usize::MAX)?;
        if hash_of(&plain) == sha256 { Ok(plain) } else { Err(ErrorCode::StoreDamaged.into()) }
    }

    /// A file, to be read piece by piece.
    ///
    /// # Errors
    /// As [`Blobs::get`].
    pub(crate) fn reader(&self, sha256: &str) -> Result<Reader<'_>, DeviceError> {
        match self.around.disk.open(&self.path(sha256)?) {
            Ok(file) => Reader::open(file, &self.key, sha256),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(ErrorCode::FileAbsent.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The same, after all of it was read once and is what its name says.
    ///
    /// # Errors
    /// As [`Blobs::get`].
    pub(crate) fn checked(&self, sha256: &str) -> Result<Reader<'_>, DeviceError> {
        let mut reader = self.reader(sha256)?;
        let (mut at, mut found) = (0, Sha256::new());
        while at < reader.length() {
            let piece = reader.read(at, READ_BYTES)?;
            at += piece.len() as u64;
            found.update(&piece);
        }
        if hex::encode(found.finalize()) == sha256 {
            Ok(reader)
        } else {
            Err(ErrorCode::StoreDamaged.into())
        }
    }

    /// The names of all files that lie here, whether anything speaks of them or not.
    ///
    /// # Errors
    /// The disk's.
    pub fn names(&self) -> Result<Vec<String>, DeviceError> {
        let listed = match self.around.disk.list(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            listed => listed?,
        };
        let mut names: Vec<String> = listed.into_iter().map(|one| one.name).collect();
        names.retain(|name| is_hash(name));
        names.sort_unstable();
        Ok(names)
    }

    /// Takes evidence in: recognises it and keeps it, piece by piece. A picture
    /// is decoded to see that it is whole, and a thumbnail is made.
    ///
    /// # Errors
    /// [`ErrorCode::FileEmpty`], [`ErrorCode::FileTooLarge`],
    /// [`ErrorCode::FileUnknown`], [`ErrorCode::FileDamaged`], or the disk's.
    pub fn take(&self, from: &mut dyn Read) -> Result<Taken, DeviceError> {
        let mut first = Vec::with_capacity(SNIFF_BYTES);
        from.take(SNIFF_BYTES as u64).read_to_end(&mut first)?;
        if first.is_empty() {
            return Err(ErrorCode::FileEmpty.into());
        }
        let media_type = MediaType::sniff(&first).ok_or(ErrorCode::FileUnknown)?;
        if media_type.is_shown_as_picture() {
            self.take_picture(media_type, &mut first.chain(from))
        } else {
            self.take_stream(media_type, &mut first.chain(from))
        }
    }

    fn take_picture(
        &self,
        media_type: MediaType,
        from: &mut dyn Read,
    ) -> Result<Taken, DeviceError> {
        let mut bytes = Vec::new();
        from.take(PICTURE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > PICTURE_BYTES_MAX {
            return Err(too_large(PICTURE_BYTES_MAX));
        }
        let thumbnail = picture::thumbnail(&bytes, media_type).ok_or(ErrorCode::FileDamaged)?;
        let sha256 = self.put(&bytes)?;
        let small = self.put(&thumbnail)?;
        Ok(Taken {
            sha256,
            bytes: bytes.len() as u64,
            media_type,
            thumbnail: Some((small, thumbnail.len() as u64)),
        })
    }

    fn take_stream(
        &self,
        media_type: MediaType,
        from: &mut dyn Read,
    ) -> Result<Taken, DeviceError> {
        let mut new = self.begin()?;
        let mut piece = vec![0; READ_BYTES];
        loop {
            let count = match from.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            new.writer.write(&piece[..count])?;
            if new.writer.length() > FILE_BYTES_MAX {
                return Err(too_large(FILE_BYTES_MAX));
            }
        }
        let (sha256, bytes) = self.keep(new)?;
        Ok(Taken { sha256, bytes, media_type, thumbnail: None })
    }

    fn begin(&self) -> Result<New<'_>, DeviceError> {
        let name: [u8; 16] = self.around.random()?;
        let path = self.folder.join(format!("{NEW}{}", hex::encode(name)));
        let file = self.around.disk.edit(&path)?;
        let unkept = Unkept { blobs: self, path };
        Ok(New { writer: Writer::begin(file, self.around.random()?, &self.key)?, unkept })
    }

    fn keep(&self, new: New<'_>) -> Result<(String, u64), DeviceError> {
        let (sha256, bytes) = new.writer.finish()?;
        // Under its own name it is not there any more to be removed.
        self.around.disk.rename(&new.unkept.path, &self.path(&sha256)?)?;
        Ok((sha256, bytes))
    }

    /// A file that is being fetched, from where it stopped.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn fetching(&self, sha256: &str) -> Result<Fetching<'_>, DeviceError> {
        let path = self.part_path(sha256)?;
        let disk = &self.around.disk;
        let writer = match Writer::resume(disk.edit(&path)?, &self.key)? {
            Some(writer) => writer,
            None => Writer::begin(disk.edit(&path)?, self.around.random()?, &self.key)?,
        };
        Ok(Fetching { blobs: self, sha256: sha256.to_owned(), path, writer })
    }

    /// Removes what was fetched of files that are not wanted any more.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn forget_fetched_but(&self, wanted: &BTreeSet<&str>) -> Result<(), DeviceError> {
        self.sweep(|name, _| name.strip_prefix(PART).is_some_and(|of| !wanted.contains(of)))
    }

    /// Removes a file, if it is here.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn drop_file(&self, sha256: &str) -> Result<(), DeviceError> {
        self.path(sha256)?;
        self.sweep(|name, _| name == sha256)
    }

    fn sweep(&self, is_old: impl Fn(&str, Duration) -> bool) -> Result<(), DeviceError> {
        for one in self.around.disk.list(&self.folder)? {
            if is_old(&one.name, one.age) {
                self.around.disk.remove(&self.folder.join(one.name))?;
            }
        }
        Ok(())
    }

    fn part_path(&self, sha256: &str) -> Result<PathBuf, DeviceError> {
        self.path(sha256)?;
        Ok(self.folder.join(format!("{PART}{sha256}")))
    }

    /// Where a file lies. Only a hash can name one, so no name leads elsewhere.
    fn path(&self, sha256: &str) -> Result<PathBuf, DeviceError> {
        if is_hash(sha256) {
            Ok(self.folder.join(sha256))
        } else {
            Err(ErrorCode::FileAbsent.into())
        }
    }
}

/// A file on its way here. Dropped, it waits for the next time.
pub(crate) struct Fetching<'a> {
    blobs: &'a Blobs,
    sha256: String,
    path: PathBuf,
    writer: Writer<'a>,
}

/// A file that is being taken in.
struct New<'a> {
    writer: Writer<'a>,
    unkept: Unkept<'a>,
}

/// A file without its name yet; dropped, nothing of it stays.
struct Unkept<'a> {
    blobs: &'a Blobs,
    path: PathBuf,
}

impl Drop for Unkept<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.blobs.around.disk.remove(&self.path) {
            // It is swept when it is old.
            tracing::warn!(%error, "a file that is not kept could not be removed");
        }
    }
}

impl Fetching<'_> {
    /// Bytes that are here.
    pub(crate) fn length(&self) -> u64 {
        self.writer.length()
    }

    /// Takes what comes next.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), DeviceError> {
        self.writer.write(bytes)
    }

    /// Keeps the file if it is what its name says; otherwise nothing of it.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn finish(self) -> Result<bool, DeviceError> {
        let (found, _) = self.writer.finish()?;
        if found == self.sha256 {
            self.blobs.around.disk.rename(&self.path, &self.blobs.path(&self.sha256)?)?;
            return Ok(true);
        }
        self.blobs.around.disk.remove(&self.path)?;
        Ok(false)
    }

    /// Lets go of what came so far.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn discard(self) -> Result<(), DeviceError> {
        Ok(self.blobs.around.disk.remove(&self.path)?)
    }
}

fn too_large(bytes_max: u64) -> DeviceError {
    DeviceError::refused(ErrorCode::FileTooLarge, bytes_max / (1024 * 1024))
}

/// Whether a text is a SHA-256 in lower-case hex.
#[must_use]
pub fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// SHA-256 of bytes, lower-case hex.
#[must_use]
pub fn hash_of(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::picture::tests::jpeg;
    use crate::vault::Vault;
    use std::fs;
    use std::sync::Arc;

    fn blobs() -> (tempfile::TempDir, Blobs) {
        let home = tempfile::tempdir().unwrap();
        let around = Surroundings::of_the_system(Arc::new(SystemClock));
        let (key, _) = Vault::at(home.path(), &around).begin("135790").unwrap();
        let blobs = Blobs::open(home.path(), &key, &around).unwrap();
        (home, blobs)
    }

    fn files(home: &tempfile::TempDir) -> Vec<PathBuf> {
        fs::read_dir(home.path().join("blobs")).unwrap().map(|e| e.unwrap().path()).collect()
    }

    fn refusal(result: Result<Taken, DeviceError>) -> ErrorCode {
        result.unwrap_err().into_app().code
    }

    #[test]
    fn a_picture_is_kept_encrypted_under_its_hash_and_reads_back() {
        let (home, blobs) = blobs();
        let original = jpeg(1200, 800);
        let taken = blobs.take(&mut original.as_slice()).unwrap();
        assert_eq!(taken.sha256, hash_of(&original));
        assert_eq!(blobs.get(&taken.sha256).unwrap(), original);
        let small =
            image::load_from_memory(&blobs.get(&taken.thumbnail.unwrap().0).unwrap()).unwrap();
        assert_eq!((small.width(), small.height()), (320, 213));
        for path in files(&home) {
            let bytes = fs::read(path).unwrap();
            assert!(!bytes.windows(64).any(|w| w == &original[200..264]));
        }
    }

    #[test]
    fn what_is_no_whole_picture_leaves_no_file() {
        let (home, blobs) = blobs();
        assert_eq!(refusal(blobs.take(&mut &b""[..])), ErrorCode::FileEmpty);
        assert_eq!(refusal(blobs.take(&mut &b"<html>"[..])), ErrorCode::FileUnknown);
        let whole = jpeg(300, 300);
        for cut in [4, whole.len() / 2, whole.len() - 2] {
            assert_eq!(refusal(blobs.take(&mut &whole[..cut])), ErrorCode::FileDamaged);
        }
        let endless = b"\xFF\xD8\xFF".chain(io::repeat(0));
        assert_eq!(refusal(blobs.take(&mut { endless })), ErrorCode::FileTooLarge);
        assert!(files(&home).is_empty());
    }

    #[test]
    fn a_file_that_was_tampered_with_is_not_handed_out() {
        let (home, blobs) = blobs();
        let name = blobs.put(b"abc").unwrap();
        let path = home.path().join("blobs").join(&name);
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(blobs.get(&name).unwrap_err().into_app().code, ErrorCode::StoreDamaged);
        // Taking it in again repairs it.
        blobs.put(b"abc").unwrap();
        assert_eq!(blobs.get(&name).unwrap(), b"abc");
    }

    #[test]
    fn a_film_is_taken_in_piece_by_piece() {
        let (home, blobs) = blobs();
        let mut film = b"\0\0\0\x18ftypisom\0\0\0\0isommp42".to_vec();
        film.resize(700_000, 0x5A);
        let taken = blobs.take(&mut film.as_slice()).unwrap();
        assert_eq!((taken.media_type, taken.thumbnail), (MediaType::Mp4, None));
        assert_eq!((taken.bytes, taken.sha256.as_str()), (700_000, hash_of(&film).as_str()));
        assert_eq!(blobs.get(&taken.sha256).unwrap(), film);
        assert_eq!(blobs.reader(&taken.sha256).unwrap().read(8, 4).unwrap(), b"isom");
        // One that cannot be read to its end leaves nothing.
        struct Torn;
        impl Read for Torn {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
        assert!(blobs.take(&mut film[..90_000].chain(Torn)).is_err());
        assert_eq!(files(&home).len(), 1);
    }

    #[test]
    fn a_file_being_fetched_goes_on_where_it_stopped() {
        let (home, blobs) = blobs();
        let bytes = vec![0x42; 300_000];
        let name = hash_of(&bytes);
        let mut fetching = blobs.fetching(&name).unwrap();
        fetching.write(&bytes[..200_000]).unwrap();
        drop(fetching);
        assert_eq!(blobs.get(&name).unwrap_err().into_app().code, ErrorCode::FileAbsent);
        let mut fetching = blobs.fetching(&name).unwrap();
        let here = usize::try_from(fetching.length()).unwrap();
        assert_eq!(here, 3 * 65_536, "whole segments");
        fetching.write(&bytes[here..]).unwrap();
        assert!(fetching.finish().unwrap());
        assert_eq!(blobs.get(&name).unwrap(), bytes);
        // Other bytes than the name says are not kept.
        let mut wrong = blobs.fetching(&hash_of(b"x")).unwrap();
        wrong.write(b"y").unwrap();
        assert!(!wrong.finish().unwrap());
        drop(blobs.fetching(&hash_of(b"z")).unwrap());
        assert_eq!(files(&home).len(), 2);
        blobs.forget_fetched_but(&BTreeSet::new()).unwrap();
        assert_eq!(files(&home).len(), 1);
    }

    #[test]
    fn only_a_hash_names_a_file() {
        let (_home, blobs) = blobs();
        for name in ["../device.secret", "", "ABC", &"A".repeat(64)] {
            assert_eq!(blobs.get(name).unwrap_err().into_app().code, ErrorCode::FileAbsent);
        }
    }
}
