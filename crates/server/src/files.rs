//! Files named by the SHA-256 of their bytes: evidence, reference packages,
//! PDFs. Which ledger refers to which is in the database (`store::blob`);
//! who may read is asked there before anything here. Pieces of files that are
//! still being uploaded are in [`part`].

pub mod part;

use crate::error::Result;
use axum::body::{Body, Bytes};
use domain::evidence::media::SNIFF_BYTES;
use futures_util::stream;
use ledger::Hash;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes read from the store at a time when a file is handed out.
const READ_BYTES: u64 = 1024 * 1024;

/// The store of files.
#[derive(Debug, Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    /// Where the store lies, when that is a local folder.
    folder: Option<PathBuf>,
}

impl Files {
    /// Files in a local folder; whatever is confirmed is on the disk.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let store =
            LocalFileSystem::new_with_prefix(folder)?.with_fsync(true).with_automatic_cleanup(true);
        Ok(Self { store: Arc::new(store), folder: Some(folder.to_owned()) })
    }

    /// Files in any other store, of which nothing lies on this machine.
    #[must_use]
    pub fn over(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, folder: None }
    }

    /// Keeps bytes the server made itself.
    ///
    /// # Errors
    /// When they cannot be written.
    pub async fn put(&self, bytes: Vec<u8>) -> Result<Hash> {
        let hash = Hash::of(&bytes);
        self.store.put(&place(&hash), PutPayload::from(bytes)).await?;
        Ok(hash)
    }

    /// Whether the file is here, and its length.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn length(&self, hash: &Hash) -> Result<Option<u64>> {
        match self.store.head(&place(hash)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The whole file, if it is here.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn read(&self, hash: &Hash) -> Result<Option<Bytes>> {
        match self.store.get(&place(hash)).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The file's first bytes, enough to see what it is.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn first_bytes(&self, hash: &Hash) -> Result<Bytes> {
        let length = self.length(hash).await?.unwrap_or(0).min(SNIFF_BYTES as u64);
        if length == 0 {
            return Ok(Bytes::new());
        }
        Ok(self.store.get_range(&place(hash), 0..length).await?)
    }

    /// Bytes of a file that is here, as a body to answer with.
    pub fn stream(&self, hash: &Hash, range: Range<u64>) -> Body {
        let (store, path) = (Arc::clone(&self.store), place(hash));
        Body::from_stream(stream::try_unfold(range, move |left| {
            let (store, path) = (Arc::clone(&store), path.clone());
            async move {
                if left.is_empty() {
                    return Ok::<_, object_store::Error>(None);
                }
                let end = left.end.min(left.start + READ_BYTES);
                let bytes = store.get_range(&path, left.start..end).await?;
                Ok(Some((bytes, end..left.end)))
            }
        }))
    }

    /// Removes a file; it is no error if it is not there.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn remove(&self, hash: &Hash) -> Result<()> {
        self.remove_object(&place(hash)).await
    }

    async fn remove_object(&self, path: &ObjectPath) -> Result<()> {
        match self.store.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Where a file lies: two levels, so that no folder grows without bound.
fn place(hash: &Hash) -> ObjectPath {
    let name = hash.to_string();
    let first = name.get(..2).unwrap_or_default();
    ObjectPath::from(format!("{first}/{name}"))
}
