//! Programs that a row starts: ended by their id when the row lets go of them.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// One of our own programs, from the folder this one was built into.
pub fn program(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folders = own.ancestors().skip(1).take(2);
    let found = folders.map(|folder| folder.join(name)).find(|path| path.is_file());
    found.with_context(|| format!("{name} is not built in release"))
}

/// A port of the loopback interface that nobody listens on right now.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A program in the background.
pub struct Running(Child);

impl Running {
    /// Starts a program; answers the first line it prints.
    pub fn start(command: &mut Command, log: &Path) -> Result<(Self, String)> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn();
        let shown = command.get_program().display().to_string();
        let mut running = Self(child.with_context(|| format!("cannot start {shown}"))?);
        let out = running.0.stdout.take().context("its output is not ours to read")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        if line.is_empty() {
            bail!("{shown} ended at once");
        }
        Ok((running, line))
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Resident memory, in bytes.
    pub fn resident_bytes(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let kib = status.lines().find_map(|line| {
            line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok()
        });
        Ok(kib.context("no resident memory is told")? * 1024)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Either may fail because it ended by itself; then all is well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Copies a folder with everything in it.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        std::fs::remove_dir_all(to)?;
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Writes everything to the disk that still waits, so that no run pays for the
/// copies made for it.
pub fn settle_disk() {
    // A machine without the command only measures a little noisier.
    let _ = Command::new("sync").status();
}
