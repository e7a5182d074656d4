//! Whole processes in hard conditions: killed again and again while they work,
//! over a line that hardly carries anything, on a disk that fills.

#![allow(clippy::unwrap_used, reason = "a test says by failing what went wrong")]
// Whoever reads a test's output learns what this machine did not allow.
#![allow(clippy::print_stderr, reason = "a test that was skipped says so")]

use journeys::cut::Cut;
use journeys::desk::{Desk, Dispatched};
use journeys::namespace::{Namespace, Own};
use journeys::office::Office;
use journeys::tablet::Tablet;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

const PIN: &str = "739201";
const SECTORS: [&str; 2] = ["emergency_management", "fire"];
/// Rounds of the killing.
const ROUNDS: u64 = 8;
/// Tries of an exchange over a bad line.
const TRIES: usize = 60;

struct Scene {
    folder: tempfile::TempDir,
    office: Office,
    dispatched: Dispatched,
}

impl Scene {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let office = Office::open(folder.path()).await.unwrap();
        let account = office.account("committee_office").await.unwrap();
        let desk = Desk::sign_in(&office, &account).await.unwrap();
        let dispatched = desk.dispatch("云岭示范精密机械", &SECTORS).await.unwrap();
        Self { folder, office, dispatched }
    }

    fn task(&self) -> &str {
        &self.dispatched.task
    }

    /// A tablet of the crew's nth person, enrolled at an address, without its task.
    async fn enrolled(&self, home: &Path, nth: usize, url: &str) -> Tablet {
        let tablet = Tablet::new(home, PIN);
        let code = self.office.enrolment_code(&self.dispatched.crews[0][nth]).await.unwrap();
        tablet.enrol(url, &code).await.unwrap();
        tablet
    }

    /// Whether office and tablet hold and see the same.
    async fn agree(&self, tablet: &Tablet) {
        let (here, there) = (tablet.digests().await.unwrap(), self.office.digests().await.unwrap());
        assert!(!here.is_empty());
        for (ledger, digests) in here {
            assert_eq!(there.get(&ledger), Some(&digests));
        }
    }
}

/// The facts of all findings on a board.
async fn facts(tablet: &Tablet, task: &str) -> BTreeSet<String> {
    let board = tablet.board(task).await.unwrap();
    let findings = board["findings"].as_array().unwrap().iter();
    let fact = |one: &serde_json::Value| one["fact"]["shown"]["value"].as_str().map(str::to_owned);
    findings.filter_map(fact).collect()
}

async fn note(tablet: &Tablet, task: &str, fact: &str, limit: Duration) -> bool {
    let args = ["finding", task, "--item", "GL-10", "--fact", fact];
    tablet.killed_after(limit, &args).await.unwrap().is_some()
}

/// Milliseconds that are different every time, and the same in every run: some are
/// enough for a gesture, some are not.
fn moment(n: u64) -> Duration {
    Duration::from_millis(5 + (n * 7919) % 400)
}

#[tokio::test]
async fn tablets_and_an_office_killed_again_and_again_lose_nothing_that_was_confirmed() {
    let mut scene = Scene::open().await;
    let task = scene.task().to_owned();
    let (one, two) = (scene.folder.path().join("a"), scene.folder.path().join("b"));
    let url = scene.office.url.clone();
    let tablets = [scene.enrolled(&one, 0, &url).await, scene.enrolled(&two, 1, &url).await];
    for tablet in &tablets {
        tablet.exchange().await.unwrap();
    }
    let mut confirmed = BTreeSet::new();
    let mut killed = 0;
    for round in 0..ROUNDS {
        for (number, tablet) in tablets.iter().enumerate() {
            // One that has all the time it needs, one that may not.
            for (n, limit) in [(0, Duration::from_secs(60)), (1, moment(2 * round + number as u64))]
            {
                let fact = format!("第{round}轮 平板{number} 第{n}条");
                match note(tablet, &task, &fact, limit).await {
                    true => drop(confirmed.insert(fact)),
                    false => killed += 1,
                }
            }
        }
        // Both speak to the office; one is killed over it, and then the office is.
        let limit = moment(3 * round + 1);
        let (first, second) = tokio::join!(tablets[0].killed_after(limit, &["exchange"]), async {
            let work = tablets[1].attempt(&["exchange"]);
            let end = async {
                tokio::time::sleep(moment(5 * round + 2)).await;
                scene.office.stop().await
            };
            let (output, stopped) = tokio::join!(work, end);
            stopped.unwrap();
            output
        });
        killed += usize::from(first.unwrap().is_none());
        second.unwrap();
        scene.office.start().await.unwrap();
    }
    assert!(killed > 0, "nothing was ever killed in its work");
    for _ in 0..2 {
        for tablet in &tablets {
            tablet.exchange().await.unwrap();
        }
    }
    for tablet in &tablets {
        let held = facts(tablet, &task).await;
        assert!(confirmed.is_subset(&held), "lost: {:?}", confirmed.difference(&held));
        scene.agree(tablet).await;
        assert_eq!(tablet.run(&["sync"]).await.unwrap()["unsent_changes"], 0);
    }
}

#[tokio::test]
async fn a_kilobyte_a_second_that_breaks_off_is_enough_in_the_end() {
    let scene = Scene::open().await;
    let line = Cut::to(&scene.office.url).await.unwrap();
    let tablet = scene.enrolled(&scene.folder.path().join("a"), 0, &line.url).await;
    tablet.exchange().await.unwrap();
    for n in 0..3 {
        assert!(note(&tablet, scene.task(), &format!("第{n}处"), Duration::from_secs(60)).await);
    }
    line.pace_up(1024);
    let mut broken = 0;
    for attempt in 0..TRIES {
        // Every third connection carries all, the others a part.
        if attempt % 3 < 2 {
            line.once_after_up(200 + 400 * attempt as u64);
        }
        if tablet.attempt(&["exchange"]).await.unwrap().status.success() {
            break;
        }
        broken += 1;
    }
    assert!(broken > 0, "the line never broke");
    line.mend();
    assert_eq!(tablet.run(&["sync"]).await.unwrap()["unsent_changes"], 0);
    scene.agree(&tablet).await;
}

#[tokio::test]
async fn over_a_line_that_loses_a_third_of_all_packets_everything_arrives() {
    let mut scene = Scene::open().await;
    let tablet = scene.enrolled(&scene.folder.path().join("a"), 0, &scene.office.url.clone()).await;
    tablet.exchange().await.unwrap();
    let Some(place) = Namespace::new(scene.folder.path(), Own::Network).await.unwrap() else {
        return eprintln!("skipped: this machine allows no namespaces");
    };
    let bad = ["tc", "qdisc", "add", "dev", "lo", "root", "netem", "loss", "30%", "rate", "8kbit"];
    if let Err(error) = place.run(&bad).await {
        return eprintln!("skipped: this machine has no netem ({error})");
    }
    scene.office.ask_to_end().await.unwrap();
    scene.office.move_into(&place);
    scene.office.start().await.unwrap();
    let tablet = tablet.inside(&place);
    for n in 0..3 {
        assert!(note(&tablet, scene.task(), &format!("第{n}处"), Duration::from_secs(60)).await);
    }
    for _ in 0..TRIES {
        if tablet.attempt(&["exchange"]).await.unwrap().status.success() {
            break;
        }
    }
    assert_eq!(tablet.run(&["sync"]).await.unwrap()["unsent_changes"], 0);
    scene.agree(&tablet).await;
}

/// What is a film to everybody who looks at its beginning.
fn film(folder: &Path, n: usize) -> PathBuf {
    let path = folder.join(format!("{n}.mp4"));
    let mut bytes = b"\0\0\0\x18ftypisom\0\0\0\0isommp42".to_vec();
    bytes.extend((0..150_000).map(|at| (at * 31 + n * 7) as u8));
    std::fs::write(&path, bytes).unwrap();
    path
}

#[tokio::test]
async fn a_disk_of_four_mebibytes_fills_and_nothing_confirmed_is_lost() {
    let scene = Scene::open().await;
    let Some(place) = Namespace::new(scene.folder.path(), Own::Mounts).await.unwrap() else {
        return eprintln!("skipped: this machine allows no namespaces");
    };
    let home = scene.folder.path().join("small");
    std::fs::create_dir(&home).unwrap();
    let at = home.to_str().unwrap();
    if let Err(error) = place.run(&["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", at]).await {
        return eprintln!("skipped: this machine mounts nothing ({error})");
    }
    let tablet = Tablet::new(&home, PIN).inside(&place);
    let code = scene.office.enrolment_code(&scene.dispatched.crews[0][0]).await.unwrap();
    tablet.enrol(&scene.office.url, &code).await.unwrap();
    tablet.exchange().await.unwrap();
    let mut confirmed = BTreeSet::new();
    let mut films = 0;
    let mut full = 0;
    for n in 0..60 {
        let fact = format!("第{n}处");
        let args = ["finding", scene.task(), "--item", "GL-10", "--fact", &fact];
        let said = tablet.attempt(&args).await.unwrap();
        if said.status.success() {
            confirmed.insert(fact);
        } else {
            full += 1;
            assert!(String::from_utf8_lossy(&said.stdout).contains("disk_full"), "{said:?}");
        }
        let film = film(scene.folder.path(), n);
        let args = ["photo", scene.task(), "1", film.to_str().unwrap()];
        let said = tablet.attempt(&args).await.unwrap();
        films += usize::from(said.status.success());
        if full > 2 {
            break;
        }
    }
    assert!(full > 0, "the disk never filled");
    assert!(films > 0, "no film ever fitted");
    // What is there is handed in from the full disk, and read there.
    assert_eq!(facts(&tablet, scene.task()).await, confirmed);
    tablet.exchange().await.unwrap();
    assert_eq!(tablet.run(&["sync"]).await.unwrap()["unsent_changes"], 0);
    scene.agree(&tablet).await;
    // With room again, work goes on.
    place.run(&["mount", "-o", "remount,size=64m", at]).await.unwrap();
    assert!(note(&tablet, scene.task(), "又有地方了", Duration::from_secs(60)).await);
    tablet.exchange().await.unwrap();
    scene.agree(&tablet).await;
}
