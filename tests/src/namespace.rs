//! A network or a table of mounts of its own, for what a test may not do to the
//! machine it runs on: a bad line, a small disk. Not every machine allows it.

use crate::process::Running;
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// How long a namespace may take to be there.
const READY: Duration = Duration::from_secs(5);

/// What a namespace has of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// The network: nothing outside is in reach.
    Network,
    /// The mounts.
    Mounts,
}

impl Own {
    fn flag(self) -> &'static str {
        match self {
            Self::Network => "-n",
            Self::Mounts => "-m",
        }
    }
}

/// A namespace; it ends with this.
pub struct Namespace {
    holder: Running,
    own: Own,
}

impl Namespace {
    /// A new one; none where the machine does not allow it.
    ///
    /// # Errors
    /// When its log cannot be written.
    pub async fn new(folder: &Path, own: Own) -> Result<Option<Self>> {
        let mut command = Command::new("unshare");
        command
            .args(["-U", "-r", own.flag(), "sh", "-c", "echo ready; exec sleep 3600"])
            .stdout(Stdio::piped());
        let log = folder.join("namespace.log");
        let Ok(mut holder) = Running::start(command, "unshare", &log) else { return Ok(None) };
        let ready = tokio::time::timeout(READY, holder.first_line()).await;
        if !matches!(ready, Ok(Ok(_))) {
            return Ok(None);
        }
        let one = Self { holder, own };
        if own == Own::Network {
            one.run(&["ip", "link", "set", "lo", "up"]).await?;
        }
        Ok(Some(one))
    }

    /// The words before a command that is to run inside.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let id = self.holder.id().map(|id| id.to_string()).unwrap_or_default();
        let flag = self.own.flag();
        let words = ["nsenter", "-t", &id, "-U", flag, "--preserve-credentials", "--"];
        words.map(str::to_owned).to_vec()
    }

    /// Runs a command inside that must work.
    ///
    /// # Errors
    /// When it does not.
    pub async fn run(&self, args: &[&str]) -> Result<()> {
        let words = self.words();
        let (program, more) = words.split_first().context("no words")?;
        let mut command = Command::new(program);
        let output = command.args(more).args(args).stdin(Stdio::null()).output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{args:?} failed: {said}");
        Ok(())
    }
}

/// A command, inside a namespace where words for one are given.
#[must_use]
pub fn command(within: &[String], program: &Path) -> Command {
    match within.split_first() {
        Some((first, more)) => {
            let mut command = Command::new(first);
            command.args(more).arg(program);
            command
        }
        None => Command::new(program),
    }
}
