//! The office's HTTP doors without a browser, for journeys whose point is not
//! the console: sign in, open a task, dispatch it.

use crate::office::{Account, Office};
use crate::wire;
use anyhow::{Context, Result, ensure};
use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};

/// A signed-in account.
pub struct Desk {
    http: reqwest::Client,
    url: String,
    cookie: String,
}

/// A dispatched task and the certificate numbers of its crews, the lead's first.
pub struct Dispatched {
    /// The task.
    pub task: String,
    /// Certificate numbers per department; the first of each leads on site.
    pub crews: Vec<Vec<String>>,
}

impl Desk {
    /// Signs in.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn sign_in(office: &Office, account: &Account) -> Result<Self> {
        let http = wire::client()?;
        let answer = http
            .post(format!("{}/api/session", office.url))
            .header("X-Lianjian", "1")
            .json(&json!({"account": account.account, "password": account.password}))
            .send()
            .await?;
        ensure!(answer.status().is_success(), "sign-in: {}", answer.status());
        let set = answer.headers().get(SET_COOKIE).context("no session")?.to_str()?;
        let cookie = set.split(';').next().unwrap_or_default().to_owned();
        Ok(Self { http, url: office.url.clone(), cookie })
    }

    /// Asks for something.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let request = self.http.get(format!("{}{path}", self.url)).header(COOKIE, &self.cookie);
        let answer = request.send().await?.error_for_status()?;
        Ok(answer.json().await?)
    }

    /// Asks for a file.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        let request = self.http.get(format!("{}{path}", self.url)).header(COOKIE, &self.cookie);
        Ok(request.send().await?.error_for_status()?.bytes().await?.to_vec())
    }

    /// Does something.
    ///
    /// # Errors
    /// When the server refuses; the message is the server's.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let answer = self
            .http
            .post(format!("{}{path}", self.url))
            .header(COOKIE, &self.cookie)
            .header("X-Lianjian", "1")
            .json(body)
            .send()
            .await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "POST {path}: {status} {text}");
        if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
    }

    /// Hands a rescue pack in.
    ///
    /// # Errors
    /// When the server refuses; the message is the server's.
    pub async fn import_pack(&self, bytes: Vec<u8>) -> Result<Value> {
        let answer = self
            .http
            .post(format!("{}/api/packs", self.url))
            .header(COOKIE, &self.cookie)
            .header("X-Lianjian", "1")
            .body(bytes)
            .send()
            .await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "POST /api/packs: {status} {text}");
        Ok(serde_json::from_str(&text)?)
    }

    /// The replica of the tablet that was enrolled last.
    ///
    /// # Errors
    /// When there is none.
    pub async fn last_tablet(&self) -> Result<String> {
        let tablets = self.get("/api/tablets").await?;
        let last = tablets.as_array().and_then(|all| all.last()).context("no tablet")?;
        Ok(last["replica"].as_str().context("no replica")?.to_owned())
    }

    /// Takes a tablet out of service.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn revoke(&self, replica: &str, reason: &str, wipe: &str) -> Result<()> {
        let order = json!({"reason": reason, "lost": false, "wipe": wipe});
        self.post(&format!("/api/tablets/{replica}/revoke"), &order).await?;
        Ok(())
    }

    /// Opens and dispatches a joint task of these sectors, two people each, with
    /// the whole proposed checklist.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn dispatch(&self, enterprise: &str, sectors: &[&str]) -> Result<Dispatched> {
        let query = form_encode(enterprise);
        let found = self.get(&format!("/api/enterprises?q={query}")).await?;
        let enterprise = found["rows"][0]["id"].as_str().context("no enterprise")?.to_owned();
        let departments = self.get("/api/departments").await?;
        let (mut parties, mut crews) = (Vec::new(), Vec::new());
        for sector in sectors {
            let department = departments
                .as_array()
                .and_then(|all| all.iter().find(|d| d["sector"] == *sector && d["tier"] == "city"))
                .and_then(|d| d["id"].as_str())
                .with_context(|| format!("no department for {sector}"))?;
            let people = self.get(&format!("/api/departments/{department}/inspectors")).await?;
            let people = people.as_array().context("no people")?;
            let valid: Vec<&Value> = people.iter().filter(|p| p["valid"] == true).take(2).collect();
            let persons: Vec<&Value> = valid.iter().map(|p| &p["person"]).collect();
            parties.push(json!({
                "department": department, "site_lead": persons[0], "inspectors": persons,
            }));
            let cert_nos = valid.iter().filter_map(|p| p["cert_no"].as_str().map(str::to_owned));
            crews.push(cert_nos.collect());
        }
        let list = sectors.join(",");
        let path = format!("/api/check-items?sectors={list}&enterprise={enterprise}");
        let items = self.get(&path).await?;
        let codes: Vec<&Value> =
            items.as_array().context("no items")?.iter().map(|i| &i["code"]).collect();
        let opened = self
            .post(
                "/api/tasks",
                &json!({
                    "enterprise": enterprise, "visit_date": "2026-12-01", "announced": true,
                    "lead": parties[0]["department"], "parties": parties, "item_codes": codes,
                }),
            )
            .await?;
        let task = opened["task"].as_str().context("no task")?.to_owned();
        self.post(&format!("/api/tasks/{task}/dispatch"), &json!({})).await?;
        Ok(Dispatched { task, crews })
    }
}

/// Percent-encodes a query value.
fn form_encode(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}
