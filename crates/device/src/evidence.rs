//! Files on the tablet: photos, thumbnails, packages, PDFs. Each is encrypted
//! and named by the hash of its plain bytes, written durably *before* any
//! change speaks of it, and checked against its name whenever it is read.
//!
//! Which ledger speaks of which file is in `store/blob.rs`; how files travel,
//! in `client`.

use crate::durable::Secrecy;
use crate::error::DeviceError;
use crate::picture;
use crate::surroundings::Surroundings;
use crate::vault::StoreKey;
use crate::view::ErrorCode;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use domain::evidence::{FILE_BYTES_MAX, MediaType};
use ledger::planted::{self, Planted};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const NONCE_BYTES: usize = 24;

/// A picture taken in: both files are on the disk, nothing speaks of them yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenPicture {
    /// SHA-256 of the original, lower-case hex.
    pub sha256: String,
    /// Bytes of the original.
    pub bytes: u64,
    /// What it is.
    pub media_type: MediaType,
    /// SHA-256 and bytes of the thumbnail.
    pub thumbnail: (String, u64),
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
        let nonce: [u8; NONCE_BYTES] = self.around.random()?;
        let sealed = XChaCha20Poly1305::new((&*self.key).into())
            .encrypt(&XNonce::from(nonce), Payload { msg: bytes, aad: sha256.as_bytes() })
            .map_err(|_| DeviceError::Cipher)?;
        let mut file = Vec::with_capacity(NONCE_BYTES + sealed.len());
        file.extend_from_slice(&nonce);
        file.extend_from_slice(&sealed);
        if !planted::is(Planted::RecordWithoutFile) {
            self.around.disk.write(&self.path(&sha256)?, &file, Secrecy::Private)?;
        }
        Ok(sha256)
    }

    /// The plain bytes of a file.
    ///
    /// # Errors
    /// [`ErrorCode::FileAbsent`]; [`ErrorCode::StoreDamaged`] when the file on
    /// disk is not what its name says.
    pub fn get(&self, sha256: &str) -> Result<Vec<u8>, DeviceError> {
        let file = match self.around.disk.read(&self.path(sha256)?) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(ErrorCode::FileAbsent.into());
            }
            Err(error) => return Err(error.into()),
        };
        let damaged = || DeviceError::from(ErrorCode::StoreDamaged);
        let (nonce, sealed) = file.split_at_checked(NONCE_BYTES).ok_or_else(damaged)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| damaged())?;
        let plain = XChaCha20Poly1305::new((&*self.key).into())
            .decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: sha256.as_bytes() })
            .map_err(|_| damaged())?;
        if hash_of(&plain) == sha256 { Ok(plain) } else { Err(damaged()) }
    }

    /// The names of all files that lie here, whether anything speaks of them or not.
    ///
    /// # Errors
    /// The disk's.
    pub fn names(&self) -> Result<Vec<String>, DeviceError> {
        let mut names = Vec::new();
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(names),
            entries => entries?,
        };
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if is_hash(&name) {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Takes a picture in: recognises it, decodes it to see that it is whole,
    /// makes a thumbnail, and keeps both.
    ///
    /// # Errors
    /// [`ErrorCode::FileEmpty`], [`ErrorCode::FileTooLarge`],
    /// [`ErrorCode::FileUnknown`], [`ErrorCode::FileDamaged`], or the disk's.
    pub fn take_picture(&self, bytes: &[u8]) -> Result<TakenPicture, DeviceError> {
        if bytes.is_empty() {
            return Err(ErrorCode::FileEmpty.into());
        }
        let length = bytes.len() as u64;
        if length > FILE_BYTES_MAX {
            return Err(DeviceError::refused(
                ErrorCode::FileTooLarge,
                FILE_BYTES_MAX / (1024 * 1024),
            ));
        }
        let media_type = MediaType::sniff(bytes).ok_or(ErrorCode::FileUnknown)?;
        let thumbnail = picture::thumbnail(bytes, media_type).ok_or(ErrorCode::FileDamaged)?;
        let sha256 = self.put(bytes)?;
        let small = self.put(&thumbnail)?;
        Ok(TakenPicture {
            sha256,
            bytes: length,
            media_type,
            thumbnail: (small, thumbnail.len() as u64),
        })
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

    fn refusal(result: Result<TakenPicture, DeviceError>) -> ErrorCode {
        result.unwrap_err().into_app().code
    }

    #[test]
    fn a_picture_is_kept_encrypted_under_its_hash_and_reads_back() {
        let (home, blobs) = blobs();
        let original = jpeg(1200, 800);
        let taken = blobs.take_picture(&original).unwrap();
        assert_eq!(taken.sha256, hash_of(&original));
        assert_eq!(blobs.get(&taken.sha256).unwrap(), original);
        let small = image::load_from_memory(&blobs.get(&taken.thumbnail.0).unwrap()).unwrap();
        assert_eq!((small.width(), small.height()), (320, 213));
        for path in files(&home) {
            let bytes = fs::read(path).unwrap();
            assert!(!bytes.windows(64).any(|w| w == &original[200..264]));
        }
    }

    #[test]
    fn what_is_no_whole_picture_leaves_no_file() {
        let (home, blobs) = blobs();
        assert_eq!(refusal(blobs.take_picture(b"")), ErrorCode::FileEmpty);
        assert_eq!(refusal(blobs.take_picture(b"%PDF-1.7")), ErrorCode::FileUnknown);
        let whole = jpeg(300, 300);
        for cut in [4, whole.len() / 2, whole.len() - 2] {
            assert_eq!(refusal(blobs.take_picture(&whole[..cut])), ErrorCode::FileDamaged);
        }
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
    fn only_a_hash_names_a_file() {
        let (_home, blobs) = blobs();
        for name in ["../device.secret", "", "ABC", &"A".repeat(64)] {
            assert_eq!(blobs.get(name).unwrap_err().into_app().code, ErrorCode::FileAbsent);
        }
    }
}
