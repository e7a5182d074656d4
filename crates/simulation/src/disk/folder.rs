//! The machine's disk as a tablet's files see it.

use super::{Fault, Machine, State};
use device::durable::{Disk, DiskFile, Listed, Secrecy};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

fn name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn error(fault: Fault) -> io::Error {
    match fault {
        Fault::Full => io::Error::from(io::ErrorKind::StorageFull),
        Fault::Off => io::Error::other("the machine is off"),
        Fault::Broken => io::Error::other("the disk reports an error"),
    }
}

impl Disk for Machine {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let state = self.lock();
        if state.off {
            return Err(error(Fault::Off));
        }
        let file = state.files.get(&name(path));
        file.map(|file| file.bytes.clone()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn exists(&self, path: &Path) -> bool {
        self.lock().files.contains_key(&name(path))
    }

    fn write(&self, path: &Path, bytes: &[u8], _: Secrecy) -> io::Result<()> {
        self.lock().put_whole(&name(path), bytes).map_err(error)
    }

    fn write_over(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.lock().put_over(&name(path), bytes).map_err(error)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.lock().remove(&name(path), true).map_err(error)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.operate().map_err(error)?;
        let file = state.files.remove(&name(from));
        let file = file.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        state.files.insert(name(to), file);
        state.operate().map_err(error)
    }

    fn private_folder(&self, _: &Path) -> io::Result<()> {
        // Names hold their folders; there is nothing to make.
        if self.lock().off { Err(error(Fault::Off)) } else { Ok(()) }
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile + '_>> {
        let state = self.lock();
        if state.off {
            return Err(error(Fault::Off));
        }
        let name = name(path);
        if !state.files.contains_key(&name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let life = state.life;
        drop(state);
        Ok(Box::new(Opened { machine: self, name, life, at: 0 }))
    }

    fn edit(&self, path: &Path) -> io::Result<Box<dyn DiskFile + '_>> {
        let mut state = self.lock();
        let name = name(path);
        if !state.files.contains_key(&name) {
            state.write(&name, 0, &[]).map_err(error)?;
        }
        drop(state);
        self.open(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        let state = self.lock();
        if state.off {
            return Err(error(Fault::Off));
        }
        let names = state.files.keys().filter_map(|name| Path::new(name).strip_prefix(folder).ok());
        let names = names.filter(|name| name.components().count() == 1);
        // A run is shorter than anything that is old.
        let listed = names.map(|name| Listed { name: self::name(name), age: Duration::ZERO });
        Ok(listed.collect())
    }
}

/// A file of a tablet, open.
struct Opened<'a> {
    machine: &'a Machine,
    name: String,
    life: u64,
    at: usize,
}

impl Opened<'_> {
    /// Does something with the disk, unless this was opened in an earlier life.
    fn with<T>(&self, act: impl FnOnce(&mut State) -> Result<T, Fault>) -> io::Result<T> {
        let mut state = self.machine.lock();
        if state.off || state.life != self.life {
            return Err(error(Fault::Off));
        }
        act(&mut state).map_err(error)
    }

    fn length(&self) -> io::Result<usize> {
        self.with(|state| Ok(state.files.get(&self.name).map_or(0, |file| file.bytes.len())))
    }
}

impl Read for Opened<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.with(|state| {
            let bytes = state.files.get(&self.name).map_or(&[][..], |file| &file.bytes);
            let left = bytes.get(self.at..).unwrap_or_default();
            let count = left.len().min(into.len());
            into[..count].copy_from_slice(&left[..count]);
            Ok(count)
        })?;
        self.at += count;
        Ok(count)
    }
}

impl Write for Opened<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|state| state.write(&self.name, self.at, bytes))?;
        self.at += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Opened<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (from, by) = match to {
            SeekFrom::Start(at) => (0, i64::try_from(at).map_err(io::Error::other)?),
            SeekFrom::Current(by) => (self.at, by),
            SeekFrom::End(by) => (self.length()?, by),
        };
        let by = isize::try_from(by).map_err(io::Error::other)?;
        let at = from.checked_add_signed(by);
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at as u64)
    }
}

impl DiskFile for Opened<'_> {
    fn set_length(&mut self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        self.with(|state| state.cut(&self.name, length))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.with(|state| state.sync(&self.name))
    }
}
