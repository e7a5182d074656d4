//! A tablet without a screen: the `device` program with a home of its own.

use crate::namespace::{self, Namespace};
use crate::process::{Running, program};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::process::Command;

/// One tablet.
#[derive(Debug, Clone)]
pub struct Tablet {
    home: PathBuf,
    pin: String,
    within: Vec<String>,
}

impl Tablet {
    /// A tablet in a folder.
    #[must_use]
    pub fn new(home: &Path, pin: &str) -> Self {
        Self { home: home.to_owned(), pin: pin.to_owned(), within: Vec::new() }
    }

    /// The same tablet, its programs run inside a namespace.
    #[must_use]
    pub fn inside(mut self, namespace: &Namespace) -> Self {
        self.within = namespace.words();
        self
    }

    /// Runs a command and kills it after so long. Answers what it printed where it
    /// ended well before.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub async fn killed_after(&self, limit: Duration, args: &[&str]) -> Result<Option<Value>> {
        // Dropping what runs kills it.
        match tokio::time::timeout(limit, self.attempt(args)).await {
            Ok(output) => {
                let output = output?;
                let said = serde_json::from_slice(&output.stdout).ok();
                Ok(output.status.success().then(|| said.unwrap_or(Value::Null)))
            }
            Err(_) => Ok(None),
        }
    }

    /// Its home folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Runs a command, whatever comes of it.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub async fn attempt(&self, args: &[&str]) -> Result<Output> {
        self.attempt_with(args, None).await
    }

    async fn attempt_with(&self, args: &[&str], new_pin: Option<&str>) -> Result<Output> {
        let mut command = namespace::command(&self.within, &program("lianjian-device")?);
        command
            .arg("--home")
            .arg(&self.home)
            .args(args)
            .env("LIANJIAN_PIN", &self.pin)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some(pin) = new_pin {
            command.env("LIANJIAN_NEW_PIN", pin);
        }
        command.output().await.context("cannot run lianjian-device")
    }

    /// Resets a forgotten PIN with the office's code; afterwards the tablet goes
    /// by the new one. Answers what the program printed.
    ///
    /// # Errors
    /// When the program cannot be started or prints no JSON.
    pub async fn reset_pin(&mut self, code: &str, new_pin: &str) -> Result<Value> {
        let output = self.attempt_with(&["reset-pin", "--code", code], Some(new_pin)).await?;
        if output.status.success() {
            new_pin.clone_into(&mut self.pin);
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Starts listening to the office.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn watch(&self, log: &Path) -> Result<Running> {
        let mut command = Command::new(program("lianjian-device")?);
        command.arg("--home").arg(&self.home).arg("watch");
        command.env("LIANJIAN_PIN", &self.pin).stdout(Stdio::piped());
        Running::start(command, "lianjian-device", log)
    }

    /// Runs a command that must work and gives what it prints.
    ///
    /// # Errors
    /// When it fails.
    pub async fn run(&self, args: &[&str]) -> Result<Value> {
        let output = self.attempt(args).await?;
        let out = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{args:?} failed: {out} {error}");
        if out.trim().is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&out)?) }
    }

    /// Runs a command that must fail and gives the error's code.
    ///
    /// # Errors
    /// When it works or fails without a code.
    pub async fn refused(&self, args: &[&str]) -> Result<String> {
        let output = self.attempt(args).await?;
        ensure!(!output.status.success(), "{args:?} worked");
        let answer: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        Ok(answer["error"]["code"].as_str().context("no code")?.to_owned())
    }

    /// Enrols the tablet.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn enrol(&self, server: &str, code: &str) -> Result<()> {
        self.run(&["enrol", "--server", server, "--code", code]).await?;
        Ok(())
    }

    /// One exchange with the office, files included.
    ///
    /// # Errors
    /// When it fails.
    pub async fn exchange(&self) -> Result<()> {
        self.run(&["exchange"]).await?;
        Ok(())
    }

    /// The task's board as this tablet sees it.
    ///
    /// # Errors
    /// When the task is not here.
    pub async fn board(&self, task: &str) -> Result<Value> {
        self.run(&["board", task]).await
    }

    /// Holdings and state digest of every ledger held.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn digests(&self) -> Result<BTreeMap<String, Value>> {
        let list = self.run(&["digest"]).await?;
        let pair = |entry: &Value| {
            let ledger = entry["ledger"].as_str().context("no ledger")?.to_owned();
            let digests = json!({"holdings": entry["holdings"], "state": entry["state"]});
            Ok((ledger, digests))
        };
        list.as_array().context("no list")?.iter().map(pair).collect()
    }
}
