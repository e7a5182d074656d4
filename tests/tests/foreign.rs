//! Clients of the upload protocol that this project did not write: they hand
//! files in to the real server, are cut off, are killed, and go on.
//!
//! They are installed by `cargo xtask test --only foreign`, which says in
//! `LIANJIAN_FOREIGN` where; without that there is nothing to run here.

#![allow(clippy::print_stdout, reason = "how many bytes went up twice is worth reading")]
#![allow(clippy::unwrap_used, reason = "a test says by failing what went wrong")]

use journeys::cut::Cut;
use journeys::desk::Desk;
use journeys::office::Office;
use journeys::process::{Running, until};
use journeys::wire;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

const FILE_BYTES: usize = 12 * 1024 * 1024;
const MIB: u64 = 1024 * 1024;
const LIMIT: Duration = Duration::from_secs(60);
/// Any public key will do: nothing is signed here.
const KEY: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Foreign {
    TusJsClient,
    Tuspy,
}

struct Scene {
    office: Office,
    network: Cut,
    token: String,
    file: PathBuf,
    sha256: String,
    folder: tempfile::TempDir,
    foreign: Foreign,
}

impl Scene {
    async fn open(foreign: Foreign) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let office = Office::open(folder.path()).await.unwrap();
        let account = office.account("committee_office").await.unwrap();
        let desk = Desk::sign_in(&office, &account).await.unwrap();
        let sectors = ["emergency_management", "fire"];
        let dispatched = desk.dispatch("云岭示范精密机械", &sectors).await.unwrap();
        let code = office.enrolment_code(&dispatched.crews[0][0]).await.unwrap();
        let token = enrol(&office, &code).await;
        let network = Cut::to(&office.url).await.unwrap();
        let (file, sha256) = film(folder.path());
        Self { office, network, token, file, sha256, folder, foreign }
    }

    /// What to do, with more said about it.
    fn job(&self, more: Value) -> Value {
        let mut job = json!({
            "endpoint": format!("{}/v1/files", self.network.url),
            "token": self.token,
            "file": self.file,
            "sha256": self.sha256,
            "filetype": "video/mp4",
            "store": self.folder.path().join("store.json"),
        });
        job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        job
    }

    fn command(&self, job: &Value) -> Command {
        let installed = installed();
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign");
        let (program, script) = match self.foreign {
            Foreign::TusJsClient => (PathBuf::from("node"), scripts.join("upload.mjs")),
            Foreign::Tuspy => (installed.join("python/bin/python"), scripts.join("upload.py")),
        };
        let mut command = Command::new(program);
        command.arg(script).arg(job.to_string()).env("LIANJIAN_FOREIGN", installed);
        command
    }

    async fn run(&self, more: Value) -> Value {
        let mut command = self.command(&self.job(more));
        let output = command.kill_on_drop(true).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        let line = said.lines().last();
        serde_json::from_str(line.unwrap_or_else(|| panic!("{:?}: {error}", self.foreign))).unwrap()
    }

    fn start(&self, more: Value) -> Running {
        let mut command = self.command(&self.job(more));
        command.stdout(Stdio::null());
        Running::start(command, "a client", &self.folder.path().join("client.log")).unwrap()
    }

    /// Whether the office holds the file, with the right bytes.
    fn is_held(&self) -> bool {
        let place = self.office.data().join("blobs").join(&self.sha256[..2]).join(&self.sha256);
        std::fs::read(place).is_ok_and(|bytes| hex(&Sha256::digest(bytes)) == self.sha256)
    }

    /// Lets a fortnight pass for every upload.
    async fn expire(&self) {
        let database = self.office.data().join("lianjian.sqlite");
        let script = "import sqlite3, sys\n\
            db = sqlite3.connect(sys.argv[1], timeout=30)\n\
            assert db.execute('UPDATE upload SET touched_ms = 0').rowcount > 0\n\
            db.commit()";
        let python = installed().join("python/bin/python");
        let done = Command::new(python).args(["-c", script]).arg(database).status().await.unwrap();
        assert!(done.success());
    }
}

fn installed() -> PathBuf {
    let place = std::env::var_os("LIANJIAN_FOREIGN");
    PathBuf::from(place.expect("run `cargo xtask test --only foreign`, which installs the clients"))
}

async fn enrol(office: &Office, code: &str) -> String {
    let body = json!({
        "code": code, "replica": "01890000-0000-7000-8000-000000000001", "key": KEY,
        "app_version": "0.1.0",
    });
    let http = wire::client().unwrap();
    let answer = http.post(format!("{}/v1/enrol", office.url)).json(&body).send().await.unwrap();
    let answer: Value = answer.error_for_status().unwrap().json().await.unwrap();
    answer["token"].as_str().unwrap().to_owned()
}

fn film(folder: &Path) -> (PathBuf, String) {
    let mut bytes = b"\0\0\0\x18ftypisom\0\0\0\0isommp42".to_vec();
    let mut block = Sha256::digest(b"another film for a test");
    while bytes.len() < FILE_BYTES {
        block = Sha256::digest(block);
        bytes.extend_from_slice(&block);
    }
    bytes.truncate(FILE_BYTES);
    let path = folder.join("film.mp4");
    std::fs::write(&path, &bytes).unwrap();
    (path, hex(&Sha256::digest(&bytes)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A cut line: the client tries again by itself and goes on.
async fn goes_on_after_a_cut(scene: &Scene, more: Value) {
    let before = scene.network.carried_up();
    scene.network.once_after_up(5 * MIB);
    let said = scene.run(more).await;
    assert_eq!(said["ok"], true, "{said}");
    assert!(!scene.network.will_break_up(), "the line was never cut");
    assert!(scene.is_held());
    let twice = (scene.network.carried_up() - before).saturating_sub(FILE_BYTES as u64);
    println!("{:?}: {twice} bytes twice after a cut", scene.foreign);
    assert!(twice < 2 * MIB, "{twice}");
}

/// A killed client: the next run goes on with what the first one began.
async fn goes_on_after_a_kill(scene: &Scene, more: Value) {
    let before = scene.network.carried_up();
    scene.network.pace_up(8 * MIB);
    let mut first = scene.start(more.clone());
    let passed = async || (scene.network.carried_up() - before >= 5 * MIB).then_some(());
    until("bytes to go up", LIMIT, passed).await.unwrap();
    first.kill().await.unwrap();
    scene.network.mend();
    assert!(!scene.is_held());
    let said = scene.run(more).await;
    assert_eq!(said["ok"], true, "{said}");
    assert!(scene.is_held());
    let twice = (scene.network.carried_up() - before).saturating_sub(FILE_BYTES as u64);
    println!("{:?}: {twice} bytes twice after a kill", scene.foreign);
    assert!(twice < 2 * MIB, "{twice}");
}

/// Bytes that are not what they are announced to be.
async fn is_refused_a_wrong_hash(scene: &Scene, more: Value) {
    let mut more = more;
    more["sha256"] = json!("0".repeat(64));
    // What is refused is discarded; nobody can go on with it.
    let store = format!("wrong-{}.json", more["chunk"]);
    more["store"] = json!(scene.folder.path().join(store));
    let said = scene.run(more).await;
    assert_eq!((&said["ok"], &said["status"]), (&json!(false), &json!(422)), "{said}");
}

#[tokio::test]
async fn tus_js_client_is_cut_and_goes_on() {
    let scene = Scene::open(Foreign::TusJsClient).await;
    goes_on_after_a_cut(&scene, json!({"retries": 5})).await;
}

#[tokio::test]
async fn tus_js_client_is_killed_and_goes_on() {
    let scene = Scene::open(Foreign::TusJsClient).await;
    goes_on_after_a_kill(&scene, json!({"chunk": MIB})).await;
}

#[tokio::test]
async fn tus_js_client_in_its_other_ways() {
    let scene = Scene::open(Foreign::TusJsClient).await;
    is_refused_a_wrong_hash(&scene, json!({})).await;
    is_refused_a_wrong_hash(&scene, json!({"chunk": 5 * MIB, "override": true})).await;
    assert!(!scene.is_held());
    let store = |name: &str| scene.folder.path().join(name);
    let said = scene.run(json!({"at_once": true, "store": store("at_once.json")})).await;
    assert_eq!(said["ok"], true, "{said}");
    assert!(scene.is_held());
    let over = json!({"override": true, "chunk": 5 * MIB, "store": store("over.json")});
    assert_eq!(scene.run(over).await["ok"], true);
    let stranger = scene.run(json!({"token": "nobody", "store": store("nobody.json")})).await;
    assert_eq!(stranger["status"], 401);
}

#[tokio::test]
async fn tus_js_client_begins_anew_what_has_expired() {
    let scene = Scene::open(Foreign::TusJsClient).await;
    scene.network.once_after_up(5 * MIB);
    let said = scene.run(json!({"chunk": MIB})).await;
    assert_eq!(said["ok"], false, "{said}");
    scene.expire().await;
    let said = scene.run(json!({"chunk": MIB})).await;
    assert_eq!(said["ok"], true, "{said}");
    assert!(scene.is_held());
}

#[tokio::test]
async fn tuspy_is_cut_and_goes_on() {
    let scene = Scene::open(Foreign::Tuspy).await;
    goes_on_after_a_cut(&scene, json!({"retries": 5})).await;
}

#[tokio::test]
async fn tuspy_is_killed_and_goes_on() {
    let scene = Scene::open(Foreign::Tuspy).await;
    goes_on_after_a_kill(&scene, json!({"checksum": true})).await;
}

#[tokio::test]
async fn tuspy_in_its_other_ways() {
    let scene = Scene::open(Foreign::Tuspy).await;
    is_refused_a_wrong_hash(&scene, json!({})).await;
    is_refused_a_wrong_hash(&scene, json!({"chunk": 20 * MIB})).await;
    assert!(!scene.is_held());
    scene.network.once_after_up(5 * MIB);
    let cut = scene.run(json!({})).await;
    assert_eq!(cut["ok"], false, "{cut}");
    scene.expire().await;
    let expired = scene.run(json!({})).await;
    assert_eq!((&expired["ok"], &expired["status"]), (&json!(false), &json!(410)), "{expired}");
    assert!(!scene.is_held());
}
