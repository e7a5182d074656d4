//! A window as a person uses it: look for a thing by its test id, click, type,
//! read, take a picture. Every wait ends when the thing is there.

use anyhow::{Context, Result, bail};
use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a thing may take to appear. Debug builds on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// One window.
pub struct Screen {
    client: Client,
    shots: PathBuf,
}

impl Screen {
    /// A window whose pictures go to a folder.
    #[must_use]
    pub fn new(client: Client, shots: PathBuf) -> Self {
        Self { client, shots }
    }

    /// Opens an address.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn open(&self, url: &str) -> Result<()> {
        Ok(self.client.goto(url).await?)
    }

    /// Waits for a thing to be there.
    ///
    /// # Errors
    /// When it does not appear; a picture of the screen is kept.
    pub async fn find(&self, id: &str) -> Result<Element> {
        self.css(&format!("[data-testid=\"{id}\"]")).await
    }

    /// Waits for the first match of a CSS selector.
    ///
    /// # Errors
    /// When it does not appear; a picture of the screen is kept.
    pub async fn css(&self, selector: &str) -> Result<Element> {
        let begun = Instant::now();
        loop {
            // A driver under load drops a connection now and then: ask again.
            match self.client.find(Locator::Css(selector)).await {
                Ok(element) => return Ok(element),
                Err(_) if begun.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(problem) => {
                    self.shot("not-found").await.ok();
                    let shown = self.body_text().await.unwrap_or_default();
                    bail!("{selector} does not appear ({problem}); the screen says: {shown}")
                }
            }
        }
    }

    /// Whether a thing is there now.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn has(&self, id: &str) -> Result<bool> {
        let selector = format!("[data-testid=\"{id}\"]");
        Ok(!self.client.find_all(Locator::Css(&selector)).await?.is_empty())
    }

    /// Clicks a thing, once it is there and can be clicked.
    ///
    /// # Errors
    /// When it does not appear or cannot be clicked.
    pub async fn click(&self, id: &str) -> Result<()> {
        let begun = Instant::now();
        loop {
            let element = self.find(id).await?;
            // As a person would: bring it into view first, also inside lists that scroll.
            let bring = "arguments[0].scrollIntoView({block: 'center', inline: 'nearest'})";
            self.client.execute(bring, vec![serde_json::to_value(&element)?]).await.ok();
            let clicked = element.click().await;
            match clicked {
                Ok(()) => return Ok(()),
                // Covered by something that is just leaving, or drawn anew: once more.
                Err(_) if begun.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(problem) => {
                    self.shot("not-clicked").await.ok();
                    return Err(problem).with_context(|| format!("cannot click {id}"));
                }
            }
        }
    }

    /// Empties a field and types into it.
    ///
    /// # Errors
    /// When it does not appear or takes no text.
    pub async fn fill(&self, id: &str, text: &str) -> Result<()> {
        let begun = Instant::now();
        loop {
            let field = self.find(id).await?;
            field.clear().await.ok();
            let typed = field.send_keys(text).await;
            if typed.is_ok() && field.prop("value").await.ok().flatten().as_deref() == Some(text) {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                self.shot("not-filled").await.ok();
                bail!("{id} does not take {} characters: {typed:?}", text.chars().count());
            }
        }
    }

    /// Hands a file to a file field.
    ///
    /// # Errors
    /// When it does not appear or refuses.
    pub async fn attach(&self, id: &str, file: &Path) -> Result<()> {
        let field = self.find(id).await?;
        let path = file.to_str().context("a path that is no text")?;
        field.send_keys(path).await.with_context(|| format!("cannot attach to {id}"))
    }

    /// Chooses an option by the text it shows.
    ///
    /// # Errors
    /// When there is no such option.
    pub async fn choose(&self, id: &str, label: &str) -> Result<()> {
        let field = self.find(id).await?;
        field.select_by_label(label).await.with_context(|| format!("{id} has no {label}"))
    }

    /// The text a thing shows.
    ///
    /// # Errors
    /// When it does not appear.
    pub async fn text(&self, id: &str) -> Result<String> {
        Ok(self.find(id).await?.text().await?)
    }

    /// An attribute of a thing, if it has it.
    ///
    /// # Errors
    /// When the thing does not appear.
    pub async fn attribute(&self, id: &str, name: &str) -> Result<Option<String>> {
        Ok(self.find(id).await?.attr(name).await?)
    }

    /// All the text on the screen.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn body_text(&self) -> Result<String> {
        Ok(self.client.find(Locator::Css("body")).await?.text().await?)
    }

    /// Waits until a thing says something.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn says(&self, id: &str, words: &str) -> Result<String> {
        let begun = Instant::now();
        loop {
            let text = self.text(id).await.unwrap_or_default();
            if text.contains(words) {
                return Ok(text);
            }
            if begun.elapsed() > PATIENCE {
                self.shot("not-said").await.ok();
                bail!("{id} does not say {words:?} but {text:?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until a thing is gone.
    ///
    /// # Errors
    /// When it stays.
    pub async fn gone(&self, id: &str) -> Result<()> {
        let begun = Instant::now();
        while self.has(id).await? {
            if begun.elapsed() > PATIENCE {
                self.shot("not-gone").await.ok();
                bail!("{id} does not go away");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Runs a script in the page.
    ///
    /// # Errors
    /// When it fails.
    pub async fn script(&self, script: &str) -> Result<Value> {
        Ok(self.client.execute(script, vec![]).await?)
    }

    /// Runs a script that calls its last argument when it is done.
    ///
    /// # Errors
    /// When it fails.
    pub async fn script_async(&self, script: &str, args: Vec<Value>) -> Result<Value> {
        Ok(self.client.execute_async(script, args).await?)
    }

    /// Sizes the window.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn size(&self, width: u32, height: u32) -> Result<()> {
        Ok(self.client.set_window_size(width, height).await?)
    }

    /// Keeps a picture of the screen.
    ///
    /// # Errors
    /// When it cannot be taken or written.
    pub async fn shot(&self, name: &str) -> Result<()> {
        // What was just changed is on the screen two frames later.
        let frames = "const done = arguments[0]; \
                      requestAnimationFrame(() => requestAnimationFrame(() => done(true)))";
        self.client.execute_async(frames, vec![]).await.ok();
        let picture = self.client.screenshot().await?;
        Ok(std::fs::write(self.shots.join(format!("{name}.png")), picture)?)
    }

    /// Closes the window as a person would.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn close(self) -> Result<()> {
        Ok(self.client.close().await?)
    }
}
