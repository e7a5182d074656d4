//! What is prepared once and copied for every run: a server with a task, and
//! real tablets with work that is saved and not sent.

use crate::Bench;
use crate::office::{Desk, Office, Party};
use crate::process::{copy_folder, free_port, settle_disk};
use crate::text;
use anyhow::{Context, Result, anyhow};
use device::Device;
use device::clock::SystemClock;
use device::view::AppError;
use domain::id::TaskId;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The PIN of every tablet here.
const PIN: &str = "135790";

/// A prepared state: folders that are copied, never used.
pub struct Stage {
    folder: PathBuf,
    /// The port that the tablets know.
    pub port: u16,
    /// The task.
    pub task: TaskId,
    /// The department of everybody in it.
    pub department: String,
    /// Its people.
    pub persons: Vec<String>,
}

/// A copy in use.
pub struct Scene {
    /// The server.
    pub office: Office,
    folder: PathBuf,
}

/// A failure of the tablet in words.
pub fn told(error: AppError) -> anyhow::Error {
    anyhow!("the tablet says {:?} {:?}", error.code, error.detail)
}

/// Opens a tablet's folder.
pub fn open(home: &Path) -> Result<Device> {
    let device = Device::open(home, Arc::new(SystemClock)).map_err(told)?;
    device.unlock(PIN).map_err(told)?;
    Ok(device)
}

impl Stage {
    /// Prepares a server with a task of the city's largest crew of one
    /// department, and then whatever `more` does: it is given the running
    /// server, the desk and the folder for tablets.
    pub fn prepare(
        bench: &Bench,
        name: &str,
        more: impl FnOnce(&mut Self, &Office, &Desk) -> Result<()>,
    ) -> Result<Self> {
        let folder = bench.scratch.join(name);
        let note = folder.join("stage.json");
        if note.is_file() {
            return Self::read(&folder, &note);
        }
        eprintln!("  preparing {name}");
        std::fs::create_dir_all(&folder)?;
        let port = free_port()?;
        let mut office = Office::start(&folder.join("server"), port)?;
        let desk = Desk::sign_in(&office)?;
        let mut crews = desk.departments()?;
        crews.sort_by_key(|(_, _, people)| std::cmp::Reverse(people.len()));
        let mut opened = None;
        for (department, sector, persons) in crews {
            let party = Party { department, persons };
            if let Some(task) = desk.dispatch(0, &sector, &party)? {
                opened = Some((task, party));
                break;
            }
        }
        let (task, Party { department, persons }) = opened.context("an empty city")?;
        let task: TaskId = task.parse().map_err(|_| anyhow!("a task's id"))?;
        let mut stage = Self { folder, port, task, department, persons };
        more(&mut stage, &office, &desk)?;
        office.stop();
        let noted = serde_json::json!({
            "port": stage.port, "task": stage.task, "department": stage.department,
            "persons": stage.persons,
        });
        std::fs::write(note, noted.to_string())?;
        Ok(stage)
    }

    fn read(folder: &Path, note: &Path) -> Result<Self> {
        let noted: serde_json::Value = serde_json::from_slice(&std::fs::read(note)?)?;
        Ok(Self {
            folder: folder.to_owned(),
            port: serde_json::from_value(noted["port"].clone())?,
            task: serde_json::from_value(noted["task"].clone())?,
            department: serde_json::from_value(noted["department"].clone())?,
            persons: serde_json::from_value(noted["persons"].clone())?,
        })
    }

    /// The folder of a tablet.
    pub fn home(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Enrols a real tablet for a person and exchanges once.
    pub fn tablet(
        &self,
        name: &str,
        office: &Office,
        desk: &Desk,
        person: usize,
    ) -> Result<Device> {
        let home = self.home(name);
        std::fs::create_dir_all(&home)?;
        let device = Device::open(&home, Arc::new(SystemClock)).map_err(told)?;
        let code = desk.code(&self.persons[person % self.persons.len()])?;
        device.enrol(&office.url, &code, PIN).map_err(told)?;
        device.exchange().map_err(told)?;
        Ok(device)
    }

    /// A copy of everything, with the server running on the tablets' port, or on
    /// another where something stands between them.
    pub fn scene(&self, run: &str, port: u16) -> Result<Scene> {
        let folder = self.folder.with_extension(format!("run-{run}"));
        copy_folder(&self.folder, &folder)?;
        settle_disk();
        let office = Office::start(&folder.join("server"), port)?;
        Ok(Scene { office, folder })
    }
}

impl Scene {
    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A tablet of the copy, unlocked.
    pub fn tablet(&self, name: &str) -> Result<Device> {
        open(&self.folder.join(name))
    }

    /// Whether server and tablets hold the same and amount to the same.
    pub fn agree(&self, tablets: &[&Device]) -> Result<bool> {
        let server = self.office.digests()?;
        for tablet in tablets {
            for digest in tablet.digests().map_err(told)? {
                let own = (digest.holdings.clone(), digest.state.clone());
                if server.get(&digest.ledger.to_string()) != Some(&own) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.office.stop();
        // A copy left behind costs only room; the next run removes it.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Two tablets of one task: `first` has saved findings that are not sent,
/// `second` holds the task and nothing of them.
pub fn findings(bench: &Bench) -> Result<Stage> {
    Stage::prepare(bench, "findings", |stage, office, desk| {
        let first = stage.tablet("first", office, desk, 0)?;
        stage.tablet("second", office, desk, 1)?;
        for n in 0..bench.sizes.findings {
            first.save_finding(stage.task, &text::finding(n).draft()).map_err(told)?;
        }
        Ok(())
    })
}

/// The documents of the same findings, one per line, for those that keep documents.
pub fn documents(bench: &Bench, department: &str) -> Result<PathBuf> {
    let path = bench.scratch.join("findings.jsonl");
    let lines: Vec<String> = (0..bench.sizes.findings)
        .map(|n| text::finding(n).document(department).to_string())
        .collect();
    std::fs::write(&path, lines.join("\n"))?;
    Ok(path)
}

/// State of every replica, for a message.
pub fn digest_of(tablet: &Device) -> Result<BTreeMap<String, String>> {
    let digests = tablet.digests().map_err(told)?;
    Ok(digests.into_iter().map(|d| (d.ledger.to_string(), d.state)).collect())
}
