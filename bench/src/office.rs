//! Our server as a process, and its desk's doors: sign in, put a task together,
//! issue codes, read digests.

use crate::process::{Running, program};
use crate::wire::Http;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The demo city's seed.
const CITY_SEED: &str = "1";

/// A server over a data folder, running.
pub struct Office {
    data: PathBuf,
    running: Option<Running>,
    /// Where tablets and desk find it.
    pub url: String,
}

/// A task's people of one department.
#[derive(Debug, Clone)]
pub struct Party {
    /// The department.
    pub department: String,
    /// Its people, the site lead first.
    pub persons: Vec<String>,
}

impl Office {
    /// Starts a server on a port.
    pub fn start(data: &Path, port: u16) -> Result<Self> {
        let log = data.with_extension("log");
        let mut command = Command::new(program("lianjian-server")?);
        command
            .args(["serve", "--demo-seed", CITY_SEED, "--listen", &format!("127.0.0.1:{port}")])
            .arg("--data")
            .arg(data)
            .env("LIANJIAN_LOG", "warn");
        let (running, _) = Running::start(&mut command, &log)?;
        let url = format!("http://127.0.0.1:{port}");
        Ok(Self { data: data.to_owned(), running: Some(running), url })
    }

    /// Resident memory, in bytes.
    pub fn resident_bytes(&self) -> Result<u64> {
        self.running.as_ref().context("the server does not run")?.resident_bytes()
    }

    /// Ends the server.
    pub fn stop(&mut self) {
        self.running = None;
    }

    /// Holdings and state digest of every ledger.
    pub fn digests(&self) -> Result<BTreeMap<String, (String, String)>> {
        let all = self.command(&["digest"])?;
        let all: BTreeMap<String, Value> = serde_json::from_value(all)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(all.into_iter().map(|(k, v)| (k, (text(&v["holdings"]), text(&v["state"])))).collect())
    }

    fn command(&self, words: &[&str]) -> Result<Value> {
        let mut command = Command::new(program("lianjian-server")?);
        let output = command.args(words).arg("--data").arg(&self.data).output()?;
        ensure!(
            output.status.success(),
            "{words:?} failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// A signed-in desk.
pub struct Desk {
    http: Http,
    url: String,
    cookie: String,
}

impl Desk {
    /// Signs in as the committee's office.
    pub fn sign_in(office: &Office) -> Result<Self> {
        let accounts = office.command(&["demo-accounts"])?;
        let accounts = accounts.as_array().context("no accounts")?;
        let account = accounts
            .iter()
            .find(|account| account["role"] == "committee_office")
            .context("no account of the office")?;
        let http = Http::new()?;
        let body = json!({"account": account["account"], "password": account["password"]});
        let answer = http.post_json(&format!("{}/api/session", office.url), None, &body)?;
        let cookie = answer.cookie.context("no session")?;
        Ok(Self { http, url: office.url.clone(), cookie })
    }

    /// Asks for something.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.http.get_json(&format!("{}{path}", self.url), &self.cookie)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        Ok(self.http.post_json(&format!("{}{path}", self.url), Some(&self.cookie), body)?.value)
    }

    /// Departments with their people whose certificates are valid.
    pub fn departments(&self) -> Result<Vec<(String, String, Vec<String>)>> {
        let mut all = Vec::new();
        for department in self.get("/api/departments")?.as_array().context("no departments")? {
            let id = department["id"].as_str().context("no id")?;
            let sector = department["sector"].as_str().unwrap_or_default();
            let people = self.get(&format!("/api/departments/{id}/inspectors"))?;
            let valid = people.as_array().context("no people")?.iter();
            let valid = valid.filter(|person| person["valid"] == true);
            let persons = valid.filter_map(|person| person["person"].as_str().map(str::to_owned));
            all.push((id.to_owned(), sector.to_owned(), persons.collect()));
        }
        Ok(all)
    }

    /// Opens and dispatches a task of one department's people; answers its id, or
    /// none where the library has no items for the department.
    pub fn dispatch(
        &self,
        enterprise: usize,
        sector: &str,
        party: &Party,
    ) -> Result<Option<String>> {
        let found = self.get(&format!("/api/enterprises?page={}", enterprise + 1))?;
        let id = found["rows"][0]["id"].as_str().context("no enterprise")?;
        let items = self.get(&format!("/api/check-items?sectors={sector}"))?;
        let items = items.as_array().context("no items")?;
        if items.is_empty() {
            return Ok(None);
        }
        let codes: Vec<&Value> = items.iter().map(|item| &item["code"]).collect();
        let body = json!({
            "enterprise": id, "visit_date": "2026-12-01", "announced": true,
            "lead": party.department, "item_codes": codes,
            "parties": [{
                "department": party.department, "site_lead": party.persons[0],
                "inspectors": party.persons,
            }],
        });
        let opened = self.post("/api/tasks", &body)?;
        let task = opened["task"].as_str().context("no task")?.to_owned();
        self.post(&format!("/api/tasks/{task}/dispatch"), &json!({}))?;
        Ok(Some(task))
    }

    /// A one-time code for a person's next tablet.
    pub fn code(&self, person: &str) -> Result<String> {
        let answer = self.post("/api/enrolment-codes", &json!({ "person": person }))?;
        Ok(answer["code"].as_str().context("no code")?.to_owned())
    }
}
