//! Where a bundle is written: a folder, or a zip archive whose members are not
//! compressed, since photos and PDFs do not get smaller. What is in a bundle is
//! `usecase::bundle`'s.

use crate::error::{Result, ServerError};
use crate::usecase::bundle::Sink;
use std::fs::{self, File};
use std::io::{ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A new folder.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder; one that has something in it is not written over.
    ///
    /// # Errors
    /// When it cannot be made, or is not empty.
    pub fn create(path: &Path) -> Result<Self> {
        fs::create_dir_all(path)?;
        if fs::read_dir(path)?.next().is_some() {
            return Err(std::io::Error::from(ErrorKind::DirectoryNotEmpty).into());
        }
        Ok(Self(path.to_owned()))
    }
}

impl Sink for Folder {
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.0.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        Ok(file.sync_all()?)
    }
}

/// A zip archive.
pub struct Archive<W: Write + Seek>(ZipWriter<W>);

impl<W: Write + Seek> Archive<W> {
    /// An archive written to `target`.
    pub fn to(target: W) -> Self {
        Self(ZipWriter::new(target))
    }

    /// Writes the end of the archive; without it there is none.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> Result<W> {
        self.0.finish().map_err(broken)
    }
}

impl<W: Write + Seek> Sink for Archive<W> {
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(bytes.len() as u64 >= u64::from(u32::MAX));
        self.0.start_file(name, options).map_err(broken)?;
        Ok(self.0.write_all(bytes)?)
    }
}

fn broken(error: zip::result::ZipError) -> ServerError {
    std::io::Error::from(error).into()
}
