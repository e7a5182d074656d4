//! The machine's disk as the server's files see it: whole files that are there
//! or not, since the server confirms none before it is synced.

use super::{Fault, Machine};
use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The server's files.
#[derive(Debug)]
pub struct Objects {
    machine: Arc<Machine>,
    inner: Mutex<Arc<InMemory>>,
}

impl Objects {
    /// No files yet, on this machine.
    #[must_use]
    pub fn new(machine: Arc<Machine>) -> Self {
        Self { machine, inner: Mutex::default() }
    }

    /// A copy of the files, on another machine.
    #[must_use]
    pub fn copy(&self, machine: Arc<Machine>) -> Self {
        Self { machine, inner: Mutex::new(Arc::new(self.inner().fork())) }
    }

    /// Puts back what a copy holds.
    pub fn put_back(&self, copy: &Self) {
        *self.inner.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(copy.inner().fork());
    }

    /// Every file, by the last part of its name.
    ///
    /// # Errors
    /// The store's.
    pub async fn all(&self) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
        let inner = self.inner();
        let listed: Vec<ObjectMeta> = inner.list(None).try_collect().await?;
        let mut all = BTreeMap::new();
        for meta in listed {
            let bytes = inner.get(&meta.location).await?.bytes().await?;
            all.insert(meta.location.filename().unwrap_or_default().to_owned(), bytes.to_vec());
        }
        Ok(all)
    }

    fn inner(&self) -> Arc<InMemory> {
        Arc::clone(&self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn operate(&self, grows: bool) -> Result<()> {
        operate(&self.machine, grows)
    }
}

fn operate(machine: &Machine, grows: bool) -> Result<()> {
    let mut state = machine.lock();
    let done = state.operate();
    if done.is_ok() && grows && state.full {
        state.hits.full += 1;
        return Err(failed(Fault::Full));
    }
    done.map_err(failed)
}

fn failed(fault: Fault) -> object_store::Error {
    object_store::Error::Generic { store: "simulation", source: format!("{fault:?}").into() }
}

impl fmt::Display for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("simulation")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Objects {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.operate(true)?;
        let result = self.inner().put_opts(location, payload, options).await?;
        self.operate(false)?;
        Ok(result)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.operate(false)?;
        let inner = self.inner().put_multipart_opts(location, options).await?;
        Ok(Box::new(Upload { machine: Arc::clone(&self.machine), inner }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if self.machine.is_off() {
            return Err(failed(Fault::Off));
        }
        self.inner().get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        match self.operate(false) {
            Ok(()) => self.inner().delete_stream(locations),
            Err(error) => Box::pin(futures_util::stream::iter([Err(error)])),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner().list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner().list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.operate(true)?;
        self.inner().copy_opts(from, to, options).await
    }
}

/// A file that comes in parts; nothing of it is there before it is complete.
#[derive(Debug)]
struct Upload {
    machine: Arc<Machine>,
    inner: Box<dyn MultipartUpload>,
}

#[async_trait::async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        match operate(&self.machine, true) {
            Ok(()) => self.inner.put_part(data),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    async fn complete(&mut self) -> Result<PutResult> {
        operate(&self.machine, false)?;
        let result = self.inner.complete().await?;
        operate(&self.machine, false)?;
        Ok(result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}
