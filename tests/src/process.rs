//! Programs started by a journey: found beside the test's own binary, ended by
//! id when the journey lets go of them.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How long a program may take until it is ready. Debug builds on a busy machine.
pub const READY_LIMIT: Duration = Duration::from_secs(120);

/// One of our own programs, from the folder the tests were built into.
///
/// # Errors
/// When it was not built.
pub fn program(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folders = own.ancestors().skip(1).take(2);
    for folder in folders {
        let candidate = folder.join(name);
        if candidate.is_file() {
            return Ok(candidate);
        }
    }
    bail!("{name} is not built; run `cargo build --workspace`")
}

/// A port of the loopback interface that nobody listens on right now.
///
/// # Errors
/// When none can be had.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A program in the background; killed when dropped.
pub struct Running {
    child: Child,
    name: String,
}

impl Running {
    /// Starts a program with its error output in a log file.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(mut command: Command, name: &str, log: &Path) -> Result<Self> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let child = command
            .stdin(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self { child, name: name.to_owned() })
    }

    /// The first line the program writes to its output.
    ///
    /// # Errors
    /// When it ends or stays silent for [`READY_LIMIT`].
    pub async fn first_line(&mut self) -> Result<String> {
        let out = self.child.stdout.take().context("its output is not ours to read")?;
        let mut lines = BufReader::new(out).lines();
        let line = tokio::time::timeout(READY_LIMIT, lines.next_line())
            .await
            .with_context(|| format!("{} is not ready in time", self.name))??;
        let line = line.with_context(|| format!("{} ended at once", self.name))?;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(line)
    }

    /// Its output line by line, from here on.
    ///
    /// # Errors
    /// When somebody reads it already.
    pub fn lines(&mut self) -> Result<Lines<BufReader<ChildStdout>>> {
        let out = self.child.stdout.take().context("its output is not ours to read")?;
        Ok(BufReader::new(out).lines())
    }

    /// Asks the program to end, and waits until it has.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn ask_to_end(&mut self) -> Result<std::process::ExitStatus> {
        let id = self.child.id().context("it has ended already")?;
        let mut kill = Command::new("kill");
        kill.args(["-TERM", &id.to_string()]).stdin(Stdio::null()).status().await?;
        let ended = tokio::time::timeout(READY_LIMIT, self.child.wait()).await;
        Ok(ended.with_context(|| format!("{} does not end when asked", self.name))??)
    }

    /// Ends the program as a power cut would: SIGKILL.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn kill(&mut self) -> Result<()> {
        self.child.kill().await.with_context(|| format!("cannot kill {}", self.name))
    }

    /// The process id, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }
}

/// Asks again and again until something is so.
///
/// # Errors
/// When it is not so in time; the message says what was waited for.
pub async fn until<T, F>(what: &str, limit: Duration, mut ask: F) -> Result<T>
where
    F: AsyncFnMut() -> Option<T>,
{
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return Ok(answer);
        }
        if begun.elapsed() > limit {
            bail!("waited {} s in vain for: {what}", limit.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
