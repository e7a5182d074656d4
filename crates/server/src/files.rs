//! Files named by the SHA-256 of their bytes: evidence, reference packages,
//! PDFs. Which ledger refers to which is in the database (`store::blob`);
//! who may read is asked there before anything here.

use crate::error::{Code, Refusal, Result, ServerError};
use axum::body::{Body, Bytes, HttpBody};
use ledger::Hash;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

/// Bytes handed to the store at a time (S3 wants parts of at least 5 MiB).
const PART_BYTES: usize = 5 * 1024 * 1024;

/// How many bytes tell what a file is.
const FIRST_BYTES: u64 = 16;

/// The store of files.
#[derive(Debug, Clone)]
pub struct Files(Arc<dyn ObjectStore>);

impl Files {
    /// Files in a local folder; whatever is confirmed is on the disk.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self(Arc::new(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true))))
    }

    /// Files in a store that is open already.
    #[must_use]
    pub fn over(store: Arc<dyn ObjectStore>) -> Self {
        Self(store)
    }

    /// Keeps bytes the server made itself.
    ///
    /// # Errors
    /// When they cannot be written.
    pub async fn put(&self, bytes: Vec<u8>) -> Result<Hash> {
        let hash = Hash::of(&bytes);
        self.0.put(&place(&hash), PutPayload::from(bytes)).await?;
        Ok(hash)
    }

    /// Whether the file is here, and its length.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn length(&self, hash: &Hash) -> Result<Option<u64>> {
        match self.0.head(&place(hash)).await {
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
        match self.0.get(&place(hash)).await {
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
        let length = self.length(hash).await?.unwrap_or(0).min(FIRST_BYTES);
        if length == 0 {
            return Ok(Bytes::new());
        }
        Ok(self.0.get_range(&place(hash), 0..length).await?)
    }

    /// The file as a body to answer with, and its length.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn stream(&self, hash: &Hash) -> Result<Option<(Body, u64)>> {
        match self.0.get(&place(hash)).await {
            Ok(found) => {
                let length = found.meta.size;
                Ok(Some((Body::from_stream(found.into_stream()), length)))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a file in as it comes; kept only when its bytes have the hash.
    /// Answers how long it is.
    ///
    /// # Errors
    /// [`Code::HashMismatch`], [`Code::TooLarge`], [`Code::Malformed`] when the
    /// sender broke off, or the store's own.
    pub async fn receive(&self, hash: &Hash, mut body: Body, bytes_max: u64) -> Result<u64> {
        let mut upload = self.0.put_multipart(&place(hash)).await?;
        match write_parts(upload.as_mut(), &mut body, hash, bytes_max).await {
            Ok(length) => {
                upload.complete().await?;
                Ok(length)
            }
            Err(error) => {
                upload.abort().await?;
                Err(error)
            }
        }
    }
}

async fn write_parts(
    upload: &mut dyn MultipartUpload,
    body: &mut Body,
    hash: &Hash,
    bytes_max: u64,
) -> Result<u64> {
    let mut sha = Sha256::new();
    let mut length = 0u64;
    let mut part = Vec::with_capacity(64 * 1024);
    while let Some(chunk) = next_chunk(body).await? {
        length += chunk.len() as u64;
        if length > bytes_max {
            let mib = bytes_max / (1024 * 1024);
            let fields = serde_json::json!({ "mib_max": mib });
            return Err(Refusal::with(Code::TooLarge, fields).into());
        }
        sha.update(&chunk);
        part.extend_from_slice(&chunk);
        if part.len() >= PART_BYTES {
            upload.put_part(PutPayload::from(std::mem::take(&mut part))).await?;
        }
    }
    if Hash(sha.finalize().into()) != *hash {
        return Err(Code::HashMismatch.into());
    }
    if !part.is_empty() || length == 0 {
        upload.put_part(PutPayload::from(part)).await?;
    }
    Ok(length)
}

/// The next bytes of a body, or none at its end.
async fn next_chunk(body: &mut Body) -> Result<Option<Bytes>> {
    loop {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await;
        match frame {
            None => return Ok(None),
            Some(Err(_)) => return Err(ServerError::from(Code::Malformed)),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Where a file lies: two levels, so that no folder grows without bound.
fn place(hash: &Hash) -> ObjectPath {
    let name = hash.to_string();
    let first = name.get(..2).unwrap_or_default();
    ObjectPath::from(format!("{first}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_kept_only_under_its_own_hash() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::open(folder.path()).unwrap();
        let hash = Hash::of(b"photo");
        assert!(files.receive(&hash, Body::from("other"), 100).await.is_err());
        assert_eq!(files.length(&hash).await.unwrap(), None);
        assert_eq!(files.receive(&hash, Body::from("photo"), 100).await.unwrap(), 5);
        assert_eq!(files.read(&hash).await.unwrap().unwrap(), "photo");
        assert!(files.receive(&hash, Body::from("photo"), 4).await.is_err());
        assert_eq!(files.length(&hash).await.unwrap(), Some(5));
    }
}
