//! Writing a rescue pack: records (`ledger::pack`) through zstd and age into
//! one file, as a stream. It reads the store and the files and writes to the
//! folder that was chosen, nothing else: also with a full or damaged disk.

use crate::error::DeviceError;
use crate::evidence::Blobs;
use crate::salvage::{self, Source};
use crate::store::identity::Identity;
use crate::view::ErrorCode;
use age::stream::StreamWriter;
use age::x25519::Recipient;
use domain::id::ReplicaId;
use domain::time::Wall;
use ledger::Hash;
use ledger::pack::{
    Close, Encoder, MAGIC, Missing, Opening, PART_BYTES_MAX, PackError, Record, SignedOpening,
};
use ledger::seal::Signer;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Quick enough for a tablet; photos do not shrink anyway.
const ZSTD_LEVEL: i32 = 3;

/// How a pack's name ends.
pub(crate) const SUFFIX: &str = "ljpack";

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) path: PathBuf,
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
    pub(crate) close: Close,
    pub(crate) missing: u32,
}

/// The file as it is written: counted and hashed.
struct Hashed {
    file: BufWriter<File>,
    sha: Sha256,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let length = self.file.write(buffer)?;
        self.sha.update(&buffer[..length]);
        self.bytes += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A pack that is being written. Dropped before [`Packer::finish`], it leaves
/// nothing behind.
pub(crate) struct Packer {
    path: PathBuf,
    part: tempfile::TempPath,
    out: zstd::Encoder<'static, StreamWriter<Hashed>>,
    encoder: Encoder,
    close: Close,
    missing: u32,
}

/// Whose pack it is and what kind of.
pub(crate) struct Heading<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) made_at: Wall,
    pub(crate) everything: bool,
    pub(crate) store_damaged: bool,
}

impl Packer {
    /// Begins a pack at `path`.
    ///
    /// # Errors
    /// [`ErrorCode::FolderUnusable`], [`ErrorCode::DiskFull`],
    /// [`ErrorCode::NotEnrolled`].
    pub(crate) fn begin(
        path: &Path,
        recipient: &Recipient,
        heading: &Heading<'_>,
    ) -> Result<Self, DeviceError> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let part = tempfile::Builder::new().prefix(".ljpack-").tempfile_in(folder);
        let (file, part) = part.map_err(unusable)?.into_parts();
        let hashed = Hashed { file: BufWriter::new(file), sha: Sha256::new(), bytes: 0 };
        let recipients = std::iter::once(recipient as &dyn age::Recipient);
        let encryptor =
            age::Encryptor::with_recipients(recipients).map_err(|_| DeviceError::Cipher)?;
        let encrypted = encryptor.wrap_output(hashed).map_err(unusable)?;
        let out = zstd::Encoder::new(encrypted, ZSTD_LEVEL)?;
        let mut packer = Self {
            path: path.to_path_buf(),
            part,
            out,
            encoder: Encoder::default(),
            close: Close::default(),
            missing: 0,
        };
        packer.out.write_all(MAGIC).map_err(unusable)?;
        let enrolled = heading.identity.enrolled.as_ref().ok_or(ErrorCode::NotEnrolled)?;
        let opening = Opening {
            replica: heading.identity.replica,
            made_at: heading.made_at,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            everything: heading.everything,
            store_damaged: heading.store_damaged,
            certificate: enrolled.certificate.clone(),
        };
        let signer = Signer::from_seed(&heading.identity.seed);
        packer.put(&Record::Opening(SignedOpening::sign(&signer, &opening)?))?;
        Ok(packer)
    }

    fn put(&mut self, record: &Record) -> Result<(), DeviceError> {
        let bytes = self.encoder.record(record).map_err(|error| match error {
            PackError::TooLong => DeviceError::Unexpected("a record is too long for a rescue pack"),
            _ => DeviceError::Unexpected("a record cannot be put into a rescue pack"),
        })?;
        self.out.write_all(&bytes).map_err(unusable)
    }

    /// Says that something should be here and could not be read.
    pub(crate) fn missing(&mut self, missing: Missing) -> Result<(), DeviceError> {
        self.missing += 1;
        self.put(&Record::Missing(missing))
    }

    /// Every change of this tablet's that is wanted. Answers which files are, or
    /// none where the list of files cannot be read.
    pub(crate) fn changes(
        &mut self,
        source: &mut Source<'_>,
        own: ReplicaId,
        signer: &Signer,
        everything: bool,
    ) -> Result<Option<Vec<String>>, DeviceError> {
        let survey = salvage::survey(source, own, everything);
        for part in survey.missing {
            self.missing(part)?;
        }
        for span in &survey.spans {
            let missing = salvage::read_span(source, span, (own, signer), &mut |page| {
                self.close.changes += page.changes.len() as u64;
                self.put(&Record::Page(page))
            })?;
            for part in missing {
                self.missing(part)?;
            }
        }
        // A pack that is cut further on gives at least these.
        self.out.flush().map_err(unusable)?;
        Ok(survey.files)
    }

    /// A file, or the word that it cannot be read. It is read twice, piece by
    /// piece: a film has no place in memory, and what a pack announces must come.
    pub(crate) fn file(&mut self, blobs: &Blobs, sha256: &str) -> Result<(), DeviceError> {
        let Ok(name) = sha256.parse::<Hash>() else { return Ok(()) };
        let missing = Missing::File { sha256: sha256.to_owned() };
        let mut reader = match blobs.checked(sha256) {
            Ok(reader) => reader,
            Err(error) => {
                tracing::warn!(%error, "a file cannot be read for the rescue pack");
                return self.missing(missing);
            }
        };
        let bytes = reader.length();
        self.put(&Record::File { sha256: name, bytes })?;
        let mut readable = true;
        let mut at = 0;
        while at < bytes {
            let count = PART_BYTES_MAX.min(usize::try_from(bytes - at).unwrap_or(PART_BYTES_MAX));
            let part = reader.read(at, count).unwrap_or_else(|error| {
                tracing::warn!(%error, "a file could be read once and then not");
                readable = false;
                // The office sees by the hash that this is not the file, and the
                // rest of the pack stays readable.
                vec![0; count]
            });
            at += count as u64;
            self.put(&Record::Part(part))?;
        }
        self.close.files += 1;
        if readable { Ok(()) } else { self.missing(missing) }
    }

    /// Ends the pack and puts it in its place, durably.
    ///
    /// # Errors
    /// [`ErrorCode::DiskFull`], [`ErrorCode::FolderUnusable`].
    pub(crate) fn finish(mut self) -> Result<Written, DeviceError> {
        self.put(&Record::Close(self.close))?;
        let encrypted = self.out.finish().map_err(unusable)?;
        let hashed = encrypted.finish().map_err(unusable)?;
        let file = hashed.file.into_inner().map_err(|error| unusable(error.into_error()))?;
        file.sync_all().map_err(unusable)?;
        self.part.persist(&self.path).map_err(|error| unusable(error.error))?;
        Ok(Written {
            path: self.path,
            sha256: hex::encode(hashed.sha.finalize()),
            bytes: hashed.bytes,
            close: self.close,
            missing: self.missing,
        })
    }
}

/// What goes wrong with the chosen folder is its own, not this tablet's.
fn unusable(error: io::Error) -> DeviceError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            ErrorCode::DiskFull.into()
        }
        _ => {
            tracing::warn!(%error, "a rescue pack cannot be written");
            ErrorCode::FolderUnusable.into()
        }
    }
}

/// A name that says what it is, whose and of when: `联检救援包-平板2-20261123-1011`.
pub(crate) fn file_name(tablet: &str, replica: ReplicaId, made_at: Wall) -> String {
    let plain: String = tablet.chars().filter(|c| c.is_alphanumeric()).take(24).collect();
    let short: String = replica.to_string().chars().rev().take(4).collect();
    let short: String = short.chars().rev().collect();
    let at = made_at.shanghai().format("%Y%m%d-%H%M%S");
    format!("联检救援包-{plain}-{short}-{at}.{SUFFIX}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_name_says_whose_pack_it_is_and_leads_nowhere_else() {
        let at = Wall::parse("2026-11-23T02:11:05.123Z").unwrap();
        let replica = ReplicaId(Uuid::from_u128(0xab12));
        assert_eq!(
            file_name("平板 2", replica, at),
            "联检救援包-平板2-ab12-20261123-101105.ljpack"
        );
        assert!(!file_name("../../x", replica, at).contains('/'));
    }
}
