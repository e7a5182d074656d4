//! A WebDriver server with the windows it drives: WebKit for the app, Chromium
//! for the console.

use crate::process::{READY_LIMIT, Running, free_port, until};
use crate::screen::Screen;
use anyhow::{Context, Result};
use fantoccini::ClientBuilder;
use fantoccini::wd::Capabilities;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// A driver and its one session. Dropping it ends the driver and its window.
pub struct Browser {
    driver: Running,
    url: String,
    shots: PathBuf,
}

impl Browser {
    /// Starts Chromium's driver.
    ///
    /// # Errors
    /// When it is not installed or does not get ready.
    pub async fn chromium(folder: &Path) -> Result<Self> {
        let port = free_port()?;
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}"));
        Self::start(command, "chromedriver", port, folder).await
    }

    /// Starts the driver of Tauri apps, for an app with this home folder.
    ///
    /// # Errors
    /// When it is not installed or does not get ready.
    pub async fn tauri(folder: &Path, env: &[(&str, String)]) -> Result<Self> {
        let (port, native) = (free_port()?, free_port()?);
        let cargo_home = std::env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
        let driver = cargo_home.context("no home folder")?.join("bin/tauri-driver");
        let mut command = Command::new(driver);
        command
            .arg(format!("--port={port}"))
            .arg(format!("--native-port={native}"))
            .arg("--native-driver=/usr/bin/WebKitWebDriver")
            .envs(env.iter().map(|(name, value)| (name, value)));
        Self::start(command, "tauri-driver", port, folder).await
    }

    async fn start(mut command: Command, name: &str, port: u16, folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        command.stdout(std::process::Stdio::null());
        let log = folder.join(format!("{name}.log"));
        let driver = Running::start(command, name, &log)?;
        let url = format!("http://127.0.0.1:{port}");
        let browser = Self { driver, url, shots: folder.to_owned() };
        until(&format!("{name} to listen"), READY_LIMIT, async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await?;
        Ok(browser)
    }

    /// Opens a window with these capabilities.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn window(&self, capabilities: Value) -> Result<Screen> {
        let capabilities: Capabilities = serde_json::from_value(capabilities)?;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&self.url)
            .await
            .with_context(|| format!("no window from {}", self.url))?;
        Ok(Screen::new(client, self.shots.clone()))
    }

    /// A Chromium window of an office screen.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn office_window(&self, width: u32, height: u32) -> Result<Screen> {
        let args = json!([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-quic",
            format!("--window-size={width},{height}"),
        ]);
        self.window(json!({"goog:chromeOptions": {"args": args}})).await
    }

    /// A window of the app.
    ///
    /// # Errors
    /// When the driver refuses or the app is not built.
    pub async fn app_window(&self) -> Result<Screen> {
        let application = crate::process::program("lianjian-app")?;
        self.window(json!({"browserName": "wry", "tauri:options": {"application": application}}))
            .await
    }

    /// The driver's process id, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.driver.id()
    }

    /// Ends the driver.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn stop(&mut self) -> Result<()> {
        self.driver.kill().await
    }
}
