//! The console in Chromium, as an office user works with it.

use crate::browser::Browser;
use crate::office::Account;
use crate::screen::Screen;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::path::Path;

/// A department chosen for a task, with the people who go.
#[derive(Debug, Clone)]
pub struct Crew {
    /// Full name of the department.
    pub department: String,
    /// Certificate numbers; the first leads on site.
    pub cert_nos: Vec<String>,
    /// Their persons, in the same order.
    pub persons: Vec<String>,
}

/// A signed-in office user.
pub struct Console {
    /// The window.
    pub screen: Screen,
    browser: Browser,
    url: String,
}

impl Console {
    /// Opens Chromium and signs in.
    ///
    /// # Errors
    /// When a screen does not appear.
    pub async fn sign_in(url: &str, account: &Account, folder: &Path) -> Result<Self> {
        let browser = Browser::chromium(folder).await?;
        let screen = browser.office_window(1366, 900).await?;
        screen.open(url).await?;
        screen.fill("login-account", &account.account).await?;
        screen.fill("login-password", &account.password).await?;
        screen.shot("console-login").await?;
        screen.click("login-submit").await?;
        screen.find("nav-tasks").await?;
        Ok(Self { screen, browser, url: url.to_owned() })
    }

    /// Asks the server something with the user's session.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let script = "const done = arguments[1]; fetch(arguments[0]).then(async (r) => \
                      done({ok: r.ok, status: r.status, body: await r.text()}))";
        let answer = self.screen.script_async(script, vec![json!(path)]).await?;
        let body = answer["body"].as_str().unwrap_or_default();
        ensure!(answer["ok"] == true, "GET {path}: {} {body}", answer["status"]);
        Ok(serde_json::from_str(body)?)
    }

    /// Fetches bytes with the user's session: their number, first bytes and
    /// SHA-256, computed by the browser.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn download(&self, path: &str) -> Result<(u64, String, String)> {
        let script = "const done = arguments[1]; fetch(arguments[0]).then(async (r) => { \
            const b = await r.arrayBuffer(); \
            const h = new Uint8Array(await crypto.subtle.digest('SHA-256', b)); \
            const hex = Array.from(h, (x) => x.toString(16).padStart(2, '0')).join(''); \
            const head = String.fromCharCode(...new Uint8Array(b.slice(0, 8))); \
            done({ok: r.ok, length: b.byteLength, hex, head}) })";
        let answer = self.screen.script_async(script, vec![json!(path)]).await?;
        ensure!(answer["ok"] == true, "GET {path} was refused");
        Ok((
            answer["length"].as_u64().context("no length")?,
            answer["hex"].as_str().context("no hash")?.to_owned(),
            answer["head"].as_str().context("no bytes")?.to_owned(),
        ))
    }

    /// Chooses a city department of a sector and its first people with a valid certificate.
    ///
    /// # Errors
    /// When there are too few.
    pub async fn crew(&self, sector: &str, people: usize) -> Result<Crew> {
        let departments = self.get("/api/departments").await?;
        let department = departments
            .as_array()
            .and_then(|all| all.iter().find(|d| d["sector"] == sector && d["tier"] == "city"))
            .with_context(|| format!("no city department for {sector}"))?
            .clone();
        let id = department["id"].as_str().context("no id")?;
        let all = self.get(&format!("/api/departments/{id}/inspectors")).await?;
        let valid: Vec<Value> = all
            .as_array()
            .context("no inspectors")?
            .iter()
            .filter(|i| i["valid"] == true)
            .take(people)
            .cloned()
            .collect();
        ensure!(valid.len() == people, "too few inspectors for {sector}");
        let texts =
            |key: &str| valid.iter().filter_map(|i| i[key].as_str().map(str::to_owned)).collect();
        Ok(Crew {
            department: department["name"].as_str().context("no name")?.to_owned(),
            cert_nos: texts("cert_no"),
            persons: texts("person"),
        })
    }

    /// Opens a joint task through the screens and dispatches it; the first crew leads.
    ///
    /// # Errors
    /// When a screen does not appear or the server refuses.
    pub async fn open_task(&self, enterprise: &str, crews: &[Crew]) -> Result<String> {
        let screen = &self.screen;
        screen.click("nav-tasks").await?;
        screen.click("new-task").await?;
        screen.fill("enterprise-search", enterprise).await?;
        screen.click("enterprise-option-0").await?;
        screen.find("enterprise-chosen").await?;
        screen.shot("console-enterprise").await?;
        for (index, crew) in crews.iter().enumerate() {
            if !screen.has(&format!("party-select-{index}")).await? {
                screen.click("party-add").await?;
            }
            screen.choose(&format!("party-select-{index}"), &crew.department).await?;
            for cert_no in &crew.cert_nos {
                screen.click(&format!("inspector-{cert_no}")).await?;
            }
            screen.click(&format!("site-lead-{}", crew.cert_nos[0])).await?;
        }
        screen.click("party-lead-0").await?;
        screen.click("items-all").await?;
        let items = screen.text("items-count").await?;
        screen.shot("console-new-task").await?;
        screen.click("task-create").await?;
        screen.find("task-dispatch").await.with_context(|| format!("items: {items}"))?;
        screen.shot("console-draft").await?;
        screen.click("task-dispatch").await?;
        screen.click("confirm-ok").await?;
        screen.gone("task-dispatch").await?;
        screen.shot("console-dispatched").await?;
        let tasks = self.get("/api/tasks?status=dispatched").await?;
        Ok(tasks["rows"][0]["task"].as_str().context("no task")?.to_owned())
    }

    /// Issues a one-time enrolment code for a person through the screen of tablets.
    ///
    /// # Errors
    /// When a screen does not appear.
    pub async fn enrolment_code(&self, crew: &Crew, person: usize) -> Result<String> {
        let screen = &self.screen;
        screen.click("nav-tablets").await?;
        screen.click("issue-code").await?;
        screen.choose("code-department", &crew.department).await?;
        screen.click(&format!("code-for-{}", crew.persons[person])).await?;
        let code = screen.text("code-value").await?;
        screen.shot("console-enrolment-code").await?;
        screen.click("code-done").await?;
        Ok(code.trim().to_owned())
    }

    /// Opens a task's review and returns one finding with a comment, then
    /// approves the rest.
    ///
    /// # Errors
    /// When a screen does not appear.
    pub async fn review(&self, task: &str, number: u64, comment: &str) -> Result<()> {
        let screen = &self.screen;
        screen.open(&format!("{}/review/{task}", self.url)).await?;
        screen.click(&format!("finding-return-{number}")).await?;
        screen.fill("return-comment", comment).await?;
        screen.shot("console-return").await?;
        screen.click("return-submit").await?;
        screen.says(&format!("finding-review-{number}"), comment).await?;
        screen.click("approve-rest").await?;
        screen.click("confirm-ok").await?;
        Ok(())
    }

    /// Signs out by closing the window.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn close(mut self) -> Result<()> {
        self.screen.close().await?;
        self.browser.stop().await
    }
}
