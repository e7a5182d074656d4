//! The machine's disk as a tablet's files see it.

use super::{Fault, Machine};
use device::durable::{Disk, Secrecy};
use std::io;
use std::path::Path;

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
}
