//! The others, each a program of its own behind a small driver of ours: one JSON
//! command per line in, one JSON answer per line out.

use crate::Bench;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A driver that runs.
pub struct Peer {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    /// Where it keeps things.
    pub folder: PathBuf,
}

impl Peer {
    /// Anki's sync server and client.
    pub fn anki(bench: &Bench) -> Result<Self> {
        let mut command = Command::new(bench.peers.join("anki/bin/python"));
        command.arg(bench.drivers.join("anki_peer.py"));
        Self::start(command, &bench.scratch.join("anki"))
    }

    /// A driver for Node.
    pub fn node(bench: &Bench, driver: &str) -> Result<Self> {
        let modules = bench.peers.join("node");
        // Node looks for modules beside the driver.
        for file in [driver, "lines.mjs"] {
            std::fs::copy(bench.drivers.join(file), modules.join(file))
                .with_context(|| format!("no driver {file}"))?;
        }
        let mut command = Command::new("node");
        command.arg(modules.join(driver));
        Self::start(command, &bench.scratch.join(driver))
    }

    fn start(mut command: Command, folder: &Path) -> Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::create_dir_all(folder)?;
        let log = std::fs::File::create(folder.with_extension("log"))?;
        command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let shown = command.get_program().display().to_string();
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {shown}; `cargo xtask bench` installs it"))?;
        let to = child.stdin.take().context("its input is not ours to write")?;
        let from = BufReader::new(child.stdout.take().context("its output is not ours to read")?);
        Ok(Self { child, to, from, folder: folder.to_owned() })
    }

    /// Has something done.
    pub fn act(&mut self, act: &str, mut with: Value) -> Result<Value> {
        with["do"] = json!(act);
        writeln!(self.to, "{with}")?;
        self.to.flush()?;
        let mut line = String::new();
        loop {
            line.clear();
            if self.from.read_line(&mut line)? == 0 {
                bail!(
                    "the driver ended during {act}; see {}",
                    self.folder.with_extension("log").display()
                );
            }
            // A library of the peer may print something of its own.
            if line.starts_with('{') {
                break;
            }
        }
        let answer: Value = serde_json::from_str(&line)?;
        match answer["error"].as_str() {
            Some(error) => bail!("{act}: {error}"),
            None => Ok(answer),
        }
    }

    /// How long something took, by the driver's clock.
    pub fn timed(&mut self, act: &str, with: Value) -> Result<f64> {
        let answer = self.act(act, with)?;
        answer["seconds"].as_f64().with_context(|| format!("{act} told no time"))
    }

    /// A path in its folder.
    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Asked first, so that it ends what it started itself.
        let _ = writeln!(self.to, "{}", json!({"do": "stop"}));
        let mut line = String::new();
        let _ = self.from.read_line(&mut line);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
