//! A large file on its way while processes are killed: it arrives whole, and
//! hardly a byte goes twice.

#![allow(clippy::print_stdout, reason = "how many bytes went up twice is worth reading")]
#![allow(clippy::unwrap_used, reason = "a test says by failing what went wrong")]

use journeys::cut::Cut;
use journeys::desk::{Desk, Dispatched};
use journeys::office::Office;
use journeys::process::{Running, program, until};
use journeys::tablet::Tablet;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;

const PIN: &str = "739201";
const FILE_BYTES: u64 = 20 * 1024 * 1024;
const KILLS: u64 = 4;
/// Bytes that go up between two kills. The largest piece under way then is the
/// third of one exchange: 512 KiB, 1 MiB, 2 MiB.
const STEP_BYTES: u64 = 3 * 1024 * 1024;
const PIECE_BYTES: u64 = 2 * 1024 * 1024;
/// What headers, exchanges and questions where an upload stands may take.
const AROUND_BYTES: u64 = 128 * 1024;
const LIMIT: Duration = Duration::from_secs(120);

struct Scene {
    office: Office,
    network: Cut,
    tablet: Tablet,
    dispatched: Dispatched,
    sha256: String,
    folder: tempfile::TempDir,
}

impl Scene {
    /// A tablet that holds a film of 20 MiB which the office does not have.
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let office = Office::open(folder.path()).await.unwrap();
        let account = office.account("committee_office").await.unwrap();
        let desk = Desk::sign_in(&office, &account).await.unwrap();
        let sectors = ["emergency_management", "fire"];
        let dispatched = desk.dispatch("云岭示范精密机械", &sectors).await.unwrap();
        let network = Cut::to(&office.url).await.unwrap();
        let tablet = Tablet::new(&folder.path().join("a"), PIN);
        let code = office.enrolment_code(&dispatched.crews[0][0]).await.unwrap();
        tablet.enrol(&network.url, &code).await.unwrap();
        tablet.exchange().await.unwrap();
        let task = dispatched.task.as_str();
        tablet.run(&["finding", task, "--item", "GL-09", "--fact", "通道堆物"]).await.unwrap();
        let (film, sha256) = film(folder.path());
        tablet.run(&["photo", task, "1", film.to_str().unwrap()]).await.unwrap();
        Self { office, network, tablet, dispatched, sha256, folder }
    }

    fn exchange_in_background(&self) -> Running {
        let mut command = Command::new(program("lianjian-device").unwrap());
        command
            .arg("--home")
            .arg(self.tablet.home())
            .arg("exchange")
            .env("LIANJIAN_PIN", PIN)
            .stdout(std::process::Stdio::null());
        let log = self.folder.path().join("exchange.log");
        Running::start(command, "lianjian-device", &log).unwrap()
    }

    async fn carried(&self, bytes: u64) {
        let wanted = self.network.carried_up() + bytes;
        let passed = async || (self.network.carried_up() >= wanted).then_some(());
        until("bytes to go up", LIMIT, passed).await.unwrap();
    }

    /// Where the film stands, as the tablet tells its person.
    async fn stands(&self) -> (String, u64) {
        let sync = self.tablet.run(&["sync"]).await.unwrap();
        let files = sync["files"].as_array().unwrap();
        let file = files.iter().find(|file| file["sha256"] == self.sha256.as_str()).unwrap();
        (file["state"].as_str().unwrap().to_owned(), file["sent_bytes"].as_u64().unwrap())
    }

    /// The upload ends, the office holds the film, and little went twice.
    async fn ends_well(&self, before: u64) {
        self.network.mend();
        self.tablet.exchange().await.unwrap();
        let sync = self.tablet.run(&["sync"]).await.unwrap();
        assert_eq!(sync["unsent_files"], 0, "{sync}");
        let up = self.network.carried_up() - before;
        let twice = up.saturating_sub(FILE_BYTES);
        println!("{up} bytes went up for {FILE_BYTES}, {twice} beyond them in {KILLS} kills");
        assert!(twice <= KILLS * PIECE_BYTES + AROUND_BYTES, "{twice}");
        let place = self.office.data().join("blobs").join(&self.sha256[..2]).join(&self.sha256);
        let kept = std::fs::read(place).unwrap();
        assert_eq!(hex(&Sha256::digest(&kept)), self.sha256);
        assert_eq!(pieces_left(&self.office.data().join("blobs/uploads")), 0);
        // Another tablet of the team gets it, and the same bytes.
        let other = Tablet::new(&self.folder.path().join("b"), PIN);
        let code = self.office.enrolment_code(&self.dispatched.crews[0][1]).await.unwrap();
        other.enrol(&self.office.url, &code).await.unwrap();
        other.exchange().await.unwrap();
        let files = other.run(&["files"]).await.unwrap();
        let file = files.as_array().unwrap().iter().find(|f| f["sha256"] == self.sha256.as_str());
        assert_eq!(file.unwrap()["here"], true);
    }
}

/// A film of which no two parts are alike.
fn film(folder: &Path) -> (PathBuf, String) {
    let mut bytes = b"\0\0\0\x18ftypisom\0\0\0\0isommp42".to_vec();
    let mut block = Sha256::digest(b"a film for a test");
    while (bytes.len() as u64) < FILE_BYTES {
        block = Sha256::digest(block);
        bytes.extend_from_slice(&block);
    }
    bytes.truncate(usize::try_from(FILE_BYTES).unwrap());
    let path = folder.join("film.mp4");
    std::fs::write(&path, &bytes).unwrap();
    (path, hex(&Sha256::digest(&bytes)))
}

/// Pieces of uploads that are still there. What a killed office had half
/// written carries a `#` and is swept a day later.
fn pieces_left(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let left = entries.map(|entry| entry.unwrap().path());
    left.map(|path| match path.is_dir() {
        true => pieces_left(&path),
        false => usize::from(!path.to_string_lossy().contains('#')),
    })
    .sum()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_tablet_killed_while_a_film_goes_up_sends_the_rest_of_it() {
    let scene = Scene::open().await;
    let before = scene.network.carried_up();
    scene.network.pace_up(8 * 1024 * 1024);
    for _ in 0..KILLS {
        let mut tablet = scene.exchange_in_background();
        scene.carried(STEP_BYTES).await;
        tablet.kill().await.unwrap();
        let (state, sent) = scene.stands().await;
        assert_eq!(state, "only_here", "nothing is called safe that is not");
        assert!(sent < FILE_BYTES);
    }
    scene.ends_well(before).await;
}

#[tokio::test]
async fn an_office_killed_while_a_film_comes_in_keeps_what_it_confirmed() {
    let mut scene = Scene::open().await;
    let before = scene.network.carried_up();
    scene.network.pace_up(8 * 1024 * 1024);
    for _ in 0..KILLS {
        let tablet = scene.tablet.clone();
        let exchange = tokio::spawn(async move { tablet.attempt(&["exchange"]).await });
        scene.carried(STEP_BYTES).await;
        scene.office.stop().await.unwrap();
        assert!(!exchange.await.unwrap().unwrap().status.success());
        let (state, confirmed) = scene.stands().await;
        assert_eq!(state, "only_here");
        scene.office.start().await.unwrap();
        // What it confirmed before it died is not asked for again.
        assert!(confirmed < FILE_BYTES);
    }
    scene.ends_well(before).await;
}
