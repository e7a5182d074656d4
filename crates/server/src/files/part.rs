//! Pieces of files that are still being uploaded, each an object of its own
//! under the upload's name until the file is whole. Nothing of them is kept
//! anywhere else, so any server of an installation can go on with any upload.
//!
//! How far an upload has come is in the database (`store::upload`): a piece
//! that it does not name is as if it had not come.

use super::{Files, place};
use crate::error::Result;
use axum::body::Bytes;
use domain::evidence::media::SNIFF_BYTES;
use futures_util::TryStreamExt;
use ledger::Hash;
use object_store::path::Path as ObjectPath;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::time::{Duration, SystemTime};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Bytes handed to the store at a time (S3 wants parts of at least 5 MiB).
const WRITE_BYTES: usize = 5 * 1024 * 1024;
/// Writes that may be under way while more bytes come in.
const WRITES_MAX: usize = 2;
/// Bytes read at a time when pieces are put together.
const READ_BYTES: u64 = 4 * 1024 * 1024;
/// What uploads lie under.
const FOLDER: &str = "uploads";

/// Bytes on their way into the store. Dropped without [`Writer::keep`] nothing
/// of them stays.
pub struct Writer {
    upload: Box<dyn MultipartUpload>,
    under_way: JoinSet<object_store::Result<()>>,
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
    length: u64,
    sha256: Option<Sha256>,
    first: Vec<u8>,
}

impl Writer {
    async fn begin(files: &Files, path: &ObjectPath, hashing: bool) -> Result<Self> {
        Ok(Self {
            upload: files.store.put_multipart(path).await?,
            under_way: JoinSet::new(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            length: 0,
            sha256: hashing.then(Sha256::new),
            first: Vec::new(),
        })
    }

    /// Takes more bytes, as they are.
    ///
    /// # Errors
    /// The store's.
    pub async fn push(&mut self, bytes: Bytes) -> Result<()> {
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(&bytes);
        }
        let wanted = SNIFF_BYTES.saturating_sub(self.first.len()).min(bytes.len());
        self.first.extend_from_slice(&bytes[..wanted]);
        self.length += bytes.len() as u64;
        self.waiting_bytes += bytes.len();
        self.waiting.push(bytes);
        if self.waiting_bytes >= WRITE_BYTES { self.write().await } else { Ok(()) }
    }

    /// Bytes taken so far.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The first bytes taken, enough to see what a file is.
    #[must_use]
    pub fn first(&self) -> &[u8] {
        &self.first
    }

    /// The hash of what was taken, where it was counted.
    #[must_use]
    pub fn hash(&self) -> Option<Hash> {
        self.sha256.clone().map(|sha256| Hash(sha256.finalize().into()))
    }

    /// Puts everything where it belongs, durably.
    ///
    /// # Errors
    /// The store's.
    pub async fn keep(mut self) -> Result<()> {
        if !self.waiting.is_empty() || self.length == 0 {
            self.write().await?;
        }
        while !self.under_way.is_empty() {
            self.one_done().await?;
        }
        self.upload.complete().await?;
        Ok(())
    }

    /// Lets go of everything.
    ///
    /// # Errors
    /// The store's.
    pub async fn discard(mut self) -> Result<()> {
        while !self.under_way.is_empty() {
            // What becomes of it does not matter any more.
            let _ = self.one_done().await;
        }
        Ok(self.upload.abort().await?)
    }

    async fn write(&mut self) -> Result<()> {
        while self.under_way.len() >= WRITES_MAX {
            self.one_done().await?;
        }
        let payload: PutPayload = std::mem::take(&mut self.waiting).into_iter().collect();
        self.waiting_bytes = 0;
        self.under_way.spawn(self.upload.put_part(payload));
        Ok(())
    }

    async fn one_done(&mut self) -> Result<()> {
        match self.under_way.join_next().await {
            Some(Ok(written)) => Ok(written?),
            Some(Err(cut)) => Err(std::io::Error::other(cut).into()),
            None => Ok(()),
        }
    }
}

impl Files {
    /// Begins a whole file, to be kept only when it has this hash.
    ///
    /// # Errors
    /// The store's.
    pub async fn begin_whole(&self, hash: &Hash) -> Result<Writer> {
        Writer::begin(self, &place(hash), true).await
    }

    /// Begins a piece of an upload under a new id; answers its name as well. One
    /// that may be the whole file is hashed on its way, so that nothing is read
    /// twice.
    ///
    /// # Errors
    /// The store's.
    pub async fn begin_part(
        &self,
        upload: Uuid,
        (start, id): (u64, Uuid),
        hashing: bool,
    ) -> Result<(String, Writer)> {
        // No two pieces share a name: of two at one place only one will be named
        // by the database, and the other must not have written over it.
        let name = format!("{start}-{}", id.simple());
        let writer = Writer::begin(self, &part_place(upload, &name), hashing).await?;
        Ok((name, writer))
    }

    /// Removes a piece.
    ///
    /// # Errors
    /// The store's.
    pub async fn drop_part(&self, upload: Uuid, name: &str) -> Result<()> {
        self.remove_object(&part_place(upload, name)).await
    }

    /// Removes every piece of an upload, also those that the database does not name.
    ///
    /// # Errors
    /// The store's.
    pub async fn drop_parts(&self, upload: Uuid) -> Result<()> {
        let folder = ObjectPath::from(format!("{FOLDER}/{upload}"));
        let all: Vec<_> = self.store.list(Some(&folder)).try_collect().await?;
        for part in all {
            self.remove_object(&part.location).await?;
        }
        Ok(())
    }

    /// Makes the only piece of an upload the file it is: moved, not copied.
    ///
    /// # Errors
    /// The store's.
    pub async fn move_in(&self, upload: Uuid, name: &str, hash: &Hash) -> Result<()> {
        Ok(self.store.rename(&part_place(upload, name), &place(hash)).await?)
    }

    /// Puts the pieces of an upload together. The answer is to be kept only
    /// when it has the file's hash.
    ///
    /// # Errors
    /// The store's.
    pub async fn gather(&self, upload: Uuid, parts: &[String], hash: &Hash) -> Result<Writer> {
        let mut writer = self.begin_whole(hash).await?;
        for name in parts {
            let path = part_place(upload, name);
            let length = self.store.head(&path).await?.size;
            let mut at = 0;
            while at < length {
                let end = length.min(at + READ_BYTES);
                writer.push(self.store.get_range(&path, at..end).await?).await?;
                at = end;
            }
        }
        Ok(writer)
    }

    /// Removes what writes left behind that a crash cut off, in a local folder;
    /// other stores forget such writes by themselves.
    ///
    /// # Errors
    /// The disk's.
    pub async fn sweep_unkept(&self, older: Duration) -> Result<()> {
        let Some(folder) = self.folder.clone() else { return Ok(()) };
        let swept = tokio::task::spawn_blocking(move || sweep(&folder, older)).await;
        Ok(swept.map_err(std::io::Error::other)??)
    }
}

/// Unfinished writes carry a `#` in their names, which no file of ours does.
fn sweep(folder: &Path, older: Duration) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_dir() {
            sweep(&entry.path(), older)?;
        } else if entry.file_name().to_string_lossy().contains('#')
            && meta.modified()? + older < SystemTime::now()
        {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn part_place(upload: Uuid, name: &str) -> ObjectPath {
    ObjectPath::from(format!("{FOLDER}/{upload}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;
    use std::sync::Arc;

    async fn piece(files: &Files, upload: Uuid, start: u64, bytes: &'static [u8]) -> String {
        let (name, mut writer) =
            files.begin_part(upload, (start, Uuid::now_v7()), false).await.unwrap();
        writer.push(Bytes::from_static(bytes)).await.unwrap();
        writer.keep().await.unwrap();
        name
    }

    #[tokio::test]
    async fn pieces_become_a_file_on_a_disk_and_in_any_other_store() {
        let folder = tempfile::tempdir().unwrap();
        let stores = [Files::open(folder.path()).unwrap(), Files::over(Arc::new(InMemory::new()))];
        for files in stores {
            let upload = Uuid::now_v7();
            let hash = Hash::of(b"a photo in two");
            let parts = [
                piece(&files, upload, 0, b"a photo ").await,
                piece(&files, upload, 8, b"in two").await,
            ];
            let whole = files.gather(upload, &parts, &hash).await.unwrap();
            assert_eq!((whole.length(), whole.hash()), (14, Some(hash)));
            assert_eq!(whole.first(), b"a photo in two");
            whole.keep().await.unwrap();
            assert_eq!(files.read(&hash).await.unwrap().unwrap(), "a photo in two");
            files.drop_parts(upload).await.unwrap();
            assert!(files.gather(upload, &parts, &hash).await.is_err());
            let alone = Hash::of(b"alone");
            let name = piece(&files, upload, 0, b"alone").await;
            files.move_in(upload, &name, &alone).await.unwrap();
            assert_eq!(files.length(&alone).await.unwrap(), Some(5));
            files.remove(&alone).await.unwrap();
            files.remove(&alone).await.unwrap();
            assert_eq!(files.length(&alone).await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn what_a_crash_left_is_swept_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::open(folder.path()).unwrap();
        let kept = files.put(b"kept".to_vec()).await.unwrap();
        let left = folder.path().join("ab").join("cdef#1");
        std::fs::create_dir_all(left.parent().unwrap()).unwrap();
        std::fs::write(&left, b"half").unwrap();
        files.sweep_unkept(Duration::from_secs(3600)).await.unwrap();
        assert!(left.exists(), "another server may still be writing it");
        files.sweep_unkept(Duration::ZERO).await.unwrap();
        assert!(!left.exists());
        assert_eq!(files.length(&kept).await.unwrap(), Some(4));
    }

    #[tokio::test]
    async fn what_is_not_kept_leaves_nothing() {
        let files = Files::over(Arc::new(InMemory::new()));
        let upload = Uuid::now_v7();
        let (name, mut writer) = files.begin_part(upload, (0, Uuid::now_v7()), true).await.unwrap();
        writer.push(Bytes::from(vec![7; 2 * WRITE_BYTES])).await.unwrap();
        writer.discard().await.unwrap();
        assert!(files.move_in(upload, &name, &Hash::of(b"x")).await.is_err());
    }
}
