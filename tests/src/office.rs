//! The office: the server as a process, with its command line.

use crate::namespace::{self, Namespace};
use crate::process::{Running, free_port, program};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// The demo city's seed.
const CITY_SEED: &str = "1";

/// A server with its data folder; it keeps its port over restarts.
pub struct Office {
    data: PathBuf,
    log: PathBuf,
    port: u16,
    running: Option<Running>,
    more: Vec<String>,
    within: Vec<String>,
    /// Where the console and the tablets find it.
    pub url: String,
}

/// A demo account.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Account {
    /// Name to sign in with.
    pub account: String,
    /// Password.
    pub password: String,
    /// Role.
    pub role: String,
}

impl Office {
    /// Starts a new office with the demo city.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn open(folder: &Path) -> Result<Self> {
        Self::open_with(folder, &[]).await
    }

    /// The same with more words on its command line.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn open_with(folder: &Path, more: &[&str]) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let port = free_port()?;
        let mut office = Self {
            data: folder.join("server"),
            log: folder.join("server.log"),
            port,
            running: None,
            more: more.iter().map(|word| (*word).to_owned()).collect(),
            within: Vec::new(),
            url: format!("http://127.0.0.1:{port}"),
        };
        office.start().await?;
        Ok(office)
    }

    /// Starts the server, again or for the first time.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn start(&mut self) -> Result<()> {
        let mut command = namespace::command(&self.within, &program("lianjian-server")?);
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{}", self.port)])
            .args(["--demo-seed", CITY_SEED])
            .args(&self.more)
            .arg("--data")
            .arg(&self.data)
            .stdout(Stdio::piped());
        let mut running = Running::start(command, "lianjian-server", &self.log)?;
        let line = running.first_line().await.with_context(|| self.log_tail())?;
        let ready: Value = serde_json::from_str(&line)?;
        ensure!(ready["ready"] == true, "unexpected first line: {line}");
        self.running = Some(running);
        Ok(())
    }

    /// From its next start on it runs inside a namespace.
    pub fn move_into(&mut self, namespace: &Namespace) {
        self.within = namespace.words();
    }

    /// Ends the server without warning, as when the network or power goes.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn stop(&mut self) -> Result<()> {
        match self.running.take() {
            Some(mut running) => running.kill().await,
            None => Ok(()),
        }
    }

    /// Asks the server to end, as an administrator would, and waits until it has.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn ask_to_end(&mut self) -> Result<()> {
        let mut running = self.running.take().context("it does not run")?;
        let status = running.ask_to_end().await?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }

    /// Runs a command of the server and gives what it prints.
    ///
    /// # Errors
    /// When it fails.
    pub async fn run(&self, args: &[&str]) -> Result<Value> {
        self.command(args).await
    }

    /// The demo accounts.
    ///
    /// # Errors
    /// When the server's command fails.
    pub async fn accounts(&self) -> Result<Vec<Account>> {
        Ok(serde_json::from_value(self.command(&["demo-accounts"]).await?)?)
    }

    /// The first demo account of a role.
    ///
    /// # Errors
    /// When there is none.
    pub async fn account(&self, role: &str) -> Result<Account> {
        let accounts = self.accounts().await?;
        accounts.into_iter().find(|a| a.role == role).with_context(|| format!("no {role} account"))
    }

    /// A one-time enrolment code for a person, by certificate number.
    ///
    /// # Errors
    /// When the server's command fails.
    pub async fn enrolment_code(&self, cert_no: &str) -> Result<String> {
        let answer = self.command(&["enrolment-code", "--person", cert_no]).await?;
        Ok(answer["code"].as_str().context("no code")?.to_owned())
    }

    /// Holdings and state digest of every ledger.
    ///
    /// # Errors
    /// When the server's command fails.
    pub async fn digests(&self) -> Result<BTreeMap<String, Value>> {
        Ok(serde_json::from_value(self.command(&["digest"]).await?)?)
    }

    /// Hands a rescue pack in on the server itself.
    ///
    /// # Errors
    /// When the server's command fails.
    pub async fn import_pack(&self, file: &Path) -> Result<Value> {
        self.command(&["import-pack", file.to_str().context("no text")?]).await
    }

    async fn command(&self, args: &[&str]) -> Result<Value> {
        let mut command = Command::new(program("lianjian-server")?);
        command.args(args).arg("--data").arg(&self.data).stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{args:?} failed: {error}");
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(20).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Everything the server logged.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(&self.log)?)
    }

    /// The server's data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }
}
