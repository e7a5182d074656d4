//! The real app in a window, as an inspector works with it.

use crate::browser::Browser;
use crate::process::until;
use crate::screen::Screen;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The app of one inspector, on one tablet.
pub struct App {
    home: PathBuf,
    shots: PathBuf,
    pin: String,
    open: Option<(Browser, Screen)>,
}

impl App {
    /// An app with its home in a folder; not started yet.
    #[must_use]
    pub fn new(home: &Path, shots: &Path, pin: &str) -> Self {
        let (home, shots) = (home.to_owned(), shots.to_owned());
        Self { home, shots, pin: pin.to_owned(), open: None }
    }

    /// The app's home folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The window.
    ///
    /// # Errors
    /// When the app is not running.
    pub fn screen(&self) -> Result<&Screen> {
        self.open.as_ref().map(|(_, screen)| screen).context("the app is not running")
    }

    /// Starts the app. Exchanges happen only when the journey asks for one, so
    /// that every step knows what has met what.
    ///
    /// # Errors
    /// When its window does not open.
    pub async fn start(&mut self) -> Result<()> {
        let home = self.home.display().to_string();
        let env = [("LIANJIAN_HOME", home), ("LIANJIAN_SYNC", "manual".to_owned())];
        let browser = Browser::tauri(&self.shots, &env).await?;
        let screen = browser.app_window().await?;
        self.open = Some((browser, screen));
        Ok(())
    }

    /// Enrols through the screen.
    ///
    /// # Errors
    /// When a screen does not appear.
    pub async fn enrol(&self, server: &str, code: &str) -> Result<()> {
        let screen = self.screen()?;
        screen.fill("enrol-server", server).await?;
        screen.fill("enrol-code", code).await?;
        screen.fill("enrol-pin", &self.pin).await?;
        screen.fill("enrol-pin2", &self.pin).await?;
        screen.shot("app-enrol").await?;
        screen.click("enrol-submit").await?;
        screen.find("sync-badge").await?;
        Ok(())
    }

    /// Unlocks with the PIN.
    ///
    /// # Errors
    /// When the tasks do not appear.
    pub async fn unlock(&self) -> Result<()> {
        let screen = self.screen()?;
        screen.fill("unlock-pin", &self.pin).await?;
        screen.shot("app-unlock").await?;
        screen.click("unlock-submit").await?;
        screen.find("sync-badge").await?;
        Ok(())
    }

    /// Goes to the sync centre, exchanges, and comes back when it is done.
    ///
    /// # Errors
    /// When the exchange fails; the message is the app's.
    pub async fn exchange(&self) -> Result<()> {
        let screen = self.screen()?;
        screen.click("sync-badge").await?;
        let contact = screen.attribute("sync-last-contact", "data-at").await?;
        screen.click("sync-now").await?;
        let done = until("the exchange to end", Duration::from_secs(60), async || {
            if screen.has("error-message").await.ok()? {
                return Some(Err(screen.text("error-message").await.unwrap_or_default()));
            }
            let idle = screen.attribute("sync-now", "aria-busy").await.ok()?.is_none();
            let news = screen.attribute("sync-last-contact", "data-at").await.ok()? != contact;
            let unsent = screen.attribute("sync-only-here", "data-unsent").await.ok()?;
            let safe = unsent.as_deref() == Some("0");
            (idle && news && safe).then_some(Ok(()))
        })
        .await;
        match done {
            Ok(Ok(())) => Ok(()),
            Ok(Err(words)) => {
                screen.shot("exchange-failed").await.ok();
                bail!("the exchange failed: {words}")
            }
            Err(problem) => {
                screen.shot("not-exchanged").await.ok();
                Err(problem)
            }
        }
    }

    /// Opens a visit from the list of the day.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn open_visit(&self, task: &str) -> Result<()> {
        let screen = self.screen()?;
        screen.click("nav-today").await?;
        screen.click(&format!("visit-{task}")).await
    }

    /// Opens an item of the checklist.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn open_item(&self, code: &str) -> Result<()> {
        let screen = self.screen()?;
        screen.click("tab-checklist").await?;
        screen.click(&format!("item-{code}")).await?;
        screen.css(&format!("[data-item=\"{code}\"]")).await?;
        Ok(())
    }

    /// Answers the open item and waits until the screen says it is saved.
    ///
    /// # Errors
    /// When it does not.
    pub async fn answer(&self, answer: &str) -> Result<()> {
        let screen = self.screen()?;
        screen.click(&format!("answer-{answer}")).await?;
        self.answered(answer).await?;
        screen.says("saved-indicator", "已保存在本机").await?;
        Ok(())
    }

    /// Waits until the open item shows an answer as given.
    ///
    /// # Errors
    /// When it does not.
    pub async fn answered(&self, answer: &str) -> Result<()> {
        let pressed = format!("[data-testid=\"answer-{answer}\"][aria-pressed=\"true\"]");
        self.screen()?.css(&pressed).await?;
        Ok(())
    }

    /// Ends the app as a power cut would: SIGKILL to its process, no goodbye.
    ///
    /// # Errors
    /// When its process cannot be found.
    pub async fn kill(&mut self) -> Result<()> {
        let pid = self.process_id()?;
        let status =
            tokio::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status().await?;
        anyhow::ensure!(status.success(), "cannot kill {pid}");
        until("the app to be gone", Duration::from_secs(20), async || {
            (!Path::new(&format!("/proc/{pid}")).exists()
                || std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|c| c.is_empty()))
            .then_some(())
        })
        .await?;
        if let Some((mut browser, _)) = self.open.take() {
            browser.stop().await?;
        }
        Ok(())
    }

    /// Closes the window.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn close(&mut self) -> Result<()> {
        if let Some((mut browser, screen)) = self.open.take() {
            screen.close().await?;
            browser.stop().await?;
        }
        Ok(())
    }

    /// The app's process: the one of that name that has our home folder in its
    /// environment.
    fn process_id(&self) -> Result<u32> {
        let wanted = format!("LIANJIAN_HOME={}", self.home.display());
        for entry in std::fs::read_dir("/proc")? {
            let path = entry?.path();
            let Some(pid) = path.file_name().and_then(|n| n.to_str()?.parse::<u32>().ok()) else {
                continue;
            };
            let is_app = std::fs::read_link(path.join("exe"))
                .is_ok_and(|exe| exe.file_name().is_some_and(|n| n == "lianjian-app"));
            if is_app
                && let Ok(environment) = std::fs::read(path.join("environ"))
                && environment.split(|b| *b == 0).any(|v| v == wanted.as_bytes())
            {
                return Ok(pid);
            }
        }
        bail!("the app's process is not there")
    }
}
