//! Writing small and large files so that after a power cut either the old or
//! the new content is there, never a mixture: temporary file, fsync, rename,
//! fsync of the folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// Only this account (mode 0600 where the system has modes).
    Private,
    /// Whoever may read the folder.
    Plain,
}

/// Where a tablet keeps its files, all but the database. What is said to be
/// done is on the disk.
pub trait Disk: Send + Sync {
    /// The bytes of a file.
    ///
    /// # Errors
    /// `NotFound`, or the disk's.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Whether a file is there.
    fn exists(&self, path: &Path) -> bool;

    /// Puts `bytes` at `path`, durably and at once.
    ///
    /// # Errors
    /// `StorageFull`, or the disk's; the old content is there then.
    fn write(&self, path: &Path, bytes: &[u8], secrecy: Secrecy) -> io::Result<()>;

    /// Writes over a file that is there and as long, where there is no room for
    /// another: less than durable at once, more than nothing.
    ///
    /// # Errors
    /// The disk's.
    fn write_over(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Removes a file, durably; it is no error if it is not there.
    ///
    /// # Errors
    /// The disk's.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Renames a file, durably.
    ///
    /// # Errors
    /// The disk's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes a folder that only this account may enter, unless it is there.
    ///
    /// # Errors
    /// The disk's.
    fn private_folder(&self, path: &Path) -> io::Result<()>;

    /// A file, to be read piece by piece.
    ///
    /// # Errors
    /// `NotFound`, or the disk's.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile + '_>>;

    /// A file, to be written piece by piece; an empty one of this account's
    /// alone is made where none is there.
    ///
    /// # Errors
    /// The disk's.
    fn edit(&self, path: &Path) -> io::Result<Box<dyn DiskFile + '_>>;

    /// What lies in a folder.
    ///
    /// # Errors
    /// `NotFound`, or the disk's.
    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>>;
}

/// A file on a [`Disk`]. What is written is on the disk for certain only after
/// [`DiskFile::sync`].
pub trait DiskFile: Read + Write + Seek + Send {
    /// Cuts the file to this length.
    ///
    /// # Errors
    /// The disk's.
    fn set_length(&mut self, length: u64) -> io::Result<()>;

    /// Brings everything written to the disk.
    ///
    /// # Errors
    /// `StorageFull`, or the disk's.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Since it was last written.
    pub age: Duration,
}

/// The operating system's disk.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn write(&self, path: &Path, bytes: &[u8], secrecy: Secrecy) -> io::Result<()> {
        write(path, bytes, secrecy)
    }

    fn write_over(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        remove(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        rename(from, to)
    }

    fn private_folder(&self, path: &Path) -> io::Result<()> {
        private_folder(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile + '_>> {
        Ok(Box::new(File::open(path)?))
    }

    fn edit(&self, path: &Path) -> io::Result<Box<dyn DiskFile + '_>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        Ok(Box::new(options.open(path)?))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        let now = SystemTime::now();
        let listed = fs::read_dir(folder)?.map(|entry| {
            let entry = entry?;
            let touched = entry.metadata().and_then(|meta| meta.modified()).unwrap_or(now);
            let age = now.duration_since(touched).unwrap_or_default();
            Ok(Listed { name: entry.file_name().to_string_lossy().into_owned(), age })
        });
        listed.collect()
    }
}

impl DiskFile for File {
    fn set_length(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// Puts `bytes` at `path`, durably and at once.
pub(crate) fn write(path: &Path, bytes: &[u8], secrecy: Secrecy) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut temporary = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    if secrecy == Secrecy::Plain {
        set_mode(temporary.as_file(), 0o644)?;
    }
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|failed| failed.error)?;
    sync_folder(folder)
}

/// Removes a file, durably; it is no error if it is not there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder(path.parent().unwrap_or_else(|| Path::new("."))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Renames a file, durably.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(to.parent().unwrap_or_else(|| Path::new(".")))
}

/// A folder that only this account may enter.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_file: &File, _mode: u32) -> io::Result<()> {
    Ok(())
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    // Not every system can open a folder; where it can, the rename is durable
    // only after this.
    match OpenOptions::new().read(true).open(folder) {
        Ok(handle) => handle.sync_all(),
        Err(_) => Ok(()),
    }
}
