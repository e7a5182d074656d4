//! When things go wrong with a tablet, nothing is lost that could be kept:
//! across the real programs.

#![allow(clippy::unwrap_used, reason = "a test says by failing what went wrong")]

use journeys::desk::{Desk, Dispatched};
use journeys::office::Office;
use journeys::tablet::Tablet;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const PIN: &str = "739201";
const NEW_PIN: &str = "864200";

/// An office with a task, and the lead's tablet that holds it.
async fn ready(folder: &Path) -> (Office, Desk, Dispatched, Tablet) {
    let office = Office::open(folder).await.unwrap();
    let account = office.account("committee_office").await.unwrap();
    let desk = Desk::sign_in(&office, &account).await.unwrap();
    let dispatched = desk.dispatch("云岭示范精密机械", &["emergency_management"]).await.unwrap();
    let tablet = Tablet::new(&folder.join("a"), PIN);
    let code = office.enrolment_code(&dispatched.crews[0][0]).await.unwrap();
    tablet.enrol(&office.url, &code).await.unwrap();
    tablet.exchange().await.unwrap();
    (office, desk, dispatched, tablet)
}

/// A finding with a photo, only on the tablet.
async fn work(tablet: &Tablet, task: &str, n: u32) {
    let fact = format!("第 {n} 处临时用电未审批");
    tablet.run(&["finding", task, "--item", "GL-10", "--fact", &fact]).await.unwrap();
    let photo = tablet.home().join(format!("photo-{n}.jpg"));
    picture(&photo, n);
    let number = n.to_string();
    tablet.run(&["photo", task, &number, photo.to_str().unwrap()]).await.unwrap();
    std::fs::remove_file(photo).unwrap();
}

fn picture(path: &Path, n: u32) {
    let shade = |x: u32, y: u32| image::Rgb([(x * n) as u8, (y * 3) as u8, (x ^ y) as u8]);
    image::RgbImage::from_fn(320, 240, shade).save(path).unwrap();
}

async fn unsent(tablet: &Tablet) -> (u64, u64) {
    let sync = tablet.run(&["sync"]).await.unwrap();
    (sync["unsent_changes"].as_u64().unwrap(), sync["unsent_files"].as_u64().unwrap())
}

/// Tablet and office hold the same.
async fn agree(office: &Office, tablet: &Tablet) {
    let (here, there) = (tablet.digests().await.unwrap(), office.digests().await.unwrap());
    assert!(!here.is_empty());
    assert!(here.iter().all(|(ledger, digests)| there.get(ledger) == Some(digests)));
}

fn counts(report: &Value) -> [u64; 4] {
    ["changes_new", "changes_known", "files_new", "files_known"]
        .map(|name| report[name].as_u64().unwrap())
}

async fn rescue(tablet: &Tablet, out: &Path, more: &[&str]) -> (Value, PathBuf) {
    let mut args = vec!["rescue-pack", "--out", out.to_str().unwrap()];
    args.extend(more);
    let pack = tablet.run(&args).await.unwrap();
    let path = PathBuf::from(pack["path"].as_str().unwrap());
    (pack, path)
}

#[tokio::test]
async fn a_forgotten_pin_is_reset_through_the_office_and_unsent_work_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (office, desk, dispatched, mut tablet) = ready(folder.path()).await;
    let task = dispatched.task.as_str();
    work(&tablet, task, 1).await;
    let before = (tablet.digests().await.unwrap(), unsent(&tablet).await);
    let thief = Tablet::new(tablet.home(), "111111");
    for _ in 0..10 {
        thief.refused(&["visits"]).await.unwrap();
    }
    assert_eq!(tablet.refused(&["visits"]).await.unwrap(), "pin_wait");

    // The wrong code, then the code of the office, which is good once.
    let wrong = tablet.reset_pin("AAAAA-AAAAA", NEW_PIN).await.unwrap();
    assert_eq!(wrong["error"]["code"], "reset_code_wrong");
    let replica = desk.last_tablet().await.unwrap();
    let path = format!("/api/tablets/{replica}/reset-codes");
    let issued = desk.post(&path, &json!({})).await.unwrap();
    let code = issued["code"].as_str().unwrap();
    let status = tablet.reset_pin(code, NEW_PIN).await.unwrap();
    assert_eq!((&status["gate"], &status["wrong_pins"]), (&json!("open"), &json!(0)));
    assert_eq!((tablet.digests().await.unwrap(), unsent(&tablet).await), before);
    let old = Tablet::new(tablet.home(), PIN);
    assert_eq!(old.refused(&["visits"]).await.unwrap(), "pin_wrong");
    let again = tablet.reset_pin(code, "999999").await.unwrap();
    assert_eq!(again["error"]["code"], "reset_code_used");

    tablet.exchange().await.unwrap();
    agree(&office, &tablet).await;
    let log = office.log().unwrap();
    for secret in [code, NEW_PIN, "AGE-SECRET-KEY"] {
        assert!(!log.contains(secret), "the log says {secret}");
    }
}

#[tokio::test]
async fn a_rescue_pack_is_handed_in_twice_and_the_tablet_finds_its_work_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (mut office, desk, dispatched, tablet) = ready(folder.path()).await;
    let task = dispatched.task.as_str();
    work(&tablet, task, 1).await;
    tablet.exchange().await.unwrap();
    work(&tablet, task, 2).await;
    // The line to the office is gone; a stick goes there instead.
    office.stop().await.unwrap();
    assert_eq!(tablet.refused(&["exchange"]).await.unwrap(), "offline");
    let stick = folder.path().join("stick");
    std::fs::create_dir(&stick).unwrap();
    let (pack, file) = rescue(&tablet, &stick, &[]).await;
    assert_eq!((&pack["changes"], &pack["files"]), (&json!(2), &json!(2)));
    assert_eq!(unsent(&tablet).await, (2, 2), "a pack sends nothing");

    let first = office.import_pack(&file).await.unwrap();
    assert_eq!((counts(&first), &first["whole"]), ([2, 0, 2, 0], &json!(true)));
    assert_eq!(first["sha256"], pack["sha256"]);
    office.start().await.unwrap();
    let second = desk.import_pack(std::fs::read(&file).unwrap()).await.unwrap();
    assert_eq!((counts(&second), &second["whole"]), ([0, 2, 0, 2], &json!(true)));
    // A small pack is one piece to age: cut, it is none, and nothing is taken.
    let cut = std::fs::read(&file).unwrap();
    let third = desk.import_pack(cut[..cut.len() - 100].to_vec()).await.unwrap_err();
    assert!(third.to_string().contains("not_a_pack"), "{third}");
    let board = desk.get(&format!("/api/tasks/{task}")).await.unwrap();
    assert_eq!(board["findings"].as_array().unwrap().len(), 2);

    tablet.exchange().await.unwrap();
    assert_eq!(unsent(&tablet).await, (0, 0));
    agree(&office, &tablet).await;
    let refused = desk.import_pack(b"a letter".to_vec()).await.unwrap_err().to_string();
    assert!(refused.contains("not_a_pack"), "{refused}");
}

#[tokio::test]
async fn a_tablet_out_of_service_hands_everything_in_and_is_wiped_then() {
    let folder = tempfile::tempdir().unwrap();
    let (mut office, desk, dispatched, tablet) = ready(folder.path()).await;
    let task = dispatched.task.as_str();
    work(&tablet, task, 1).await;
    let replica = desk.last_tablet().await.unwrap();
    desk.revoke(&replica, "人员调离", "wipe_after_push").await.unwrap();
    // Until the order arrives the tablet knows nothing of it, and being without
    // an office orders nothing.
    office.stop().await.unwrap();
    assert_eq!(tablet.refused(&["exchange"]).await.unwrap(), "offline");
    assert_eq!(tablet.run(&["status"]).await.unwrap()["gate"], "open");
    office.start().await.unwrap();
    assert_eq!(tablet.refused(&["exchange"]).await.unwrap(), "wiped");

    let status = tablet.run(&["forget-wipe"]).await.unwrap();
    assert_eq!(status["gate"], "unenrolled");
    let left: Vec<_> = std::fs::read_dir(tablet.home()).unwrap().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
    let board = desk.get(&format!("/api/tasks/{task}")).await.unwrap();
    let finding = &board["findings"][0];
    let sha256 = finding["evidence"][0]["sha256"].as_str().unwrap();
    assert_eq!(finding["evidence"].as_array().unwrap().len(), 1);
    let blob = office.data().join("blobs").join(&sha256[..2]).join(sha256);
    assert!(blob.exists(), "the photo is at the office");
    let tablets = desk.get("/api/tablets").await.unwrap();
    assert!(tablets[0]["out_of_service"]["wiped_at"].is_string(), "{tablets}");
}

#[tokio::test]
async fn a_lost_tablet_is_wiped_at_once_and_its_pack_is_taken_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (office, desk, dispatched, tablet) = ready(folder.path()).await;
    let task = dispatched.task.as_str();
    work(&tablet, task, 1).await;
    let (_, file) = rescue(&tablet, &folder.path().join("a.ljpack"), &[]).await;
    let replica = desk.last_tablet().await.unwrap();
    desk.revoke(&replica, "遗失", "wipe_now").await.unwrap();
    assert_eq!(tablet.refused(&["exchange"]).await.unwrap(), "wiped");
    // Without a PIN in the environment the state of the closed tablet is told.
    let told = tablet.refused(&["visits"]).await.unwrap();
    assert_eq!(told, "not_enrolled");
    let names: Vec<String> = std::fs::read_dir(tablet.home())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, ["wiped.json"]);
    // The changes had come with the very request whose answer was the order; the
    // photo had not.
    let report = office.import_pack(&file).await.unwrap();
    assert_eq!(counts(&report), [0, 2, 2, 0]);

    // The same tablet may be given to somebody again.
    tablet.run(&["forget-wipe"]).await.unwrap();
    let code = office.enrolment_code(&dispatched.crews[0][1]).await.unwrap();
    tablet.enrol(&office.url, &code).await.unwrap();
    tablet.exchange().await.unwrap();
    assert_eq!(tablet.board(task).await.unwrap()["findings"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_database_with_damaged_pages_gives_its_work_to_a_pack_and_starts_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (office, desk, dispatched, tablet) = ready(folder.path()).await;
    let task = dispatched.task.as_str();
    for n in 1..=4 {
        work(&tablet, task, n).await;
    }
    let before = unsent(&tablet).await;
    assert_eq!(tablet.run(&["check"]).await.unwrap()["sound"], true);
    let store = tablet.home().join("store.db");
    let mut bytes = std::fs::read(&store).unwrap();
    let pages = bytes.len() / 4096;
    for page in (pages / 3..pages).step_by(7) {
        bytes[page * 4096 + 1000] ^= 0x55;
    }
    std::fs::write(&store, bytes).unwrap();

    assert_eq!(tablet.run(&["status"]).await.unwrap()["gate"], "store_damaged");
    assert_eq!(tablet.refused(&["board", task]).await.unwrap(), "store_damaged");
    assert_eq!(tablet.refused(&["exchange"]).await.unwrap(), "store_damaged");
    let (pack, file) = rescue(&tablet, &folder.path().join("a.ljpack"), &[]).await;
    let report = desk.import_pack(std::fs::read(&file).unwrap()).await.unwrap();
    assert_eq!(report["store_damaged"], true);
    let [new, known, files, _] = counts(&report);
    let missing = report["missing"].as_array().unwrap();
    let named: u64 = missing
        .iter()
        .filter(|part| part["what"] == "changes")
        .map(|part| {
            part["upto"].as_u64().map_or(0, |upto| upto - part["from"].as_u64().unwrap() + 1)
        })
        .sum();
    assert_eq!(pack["missing"].as_u64().unwrap(), missing.len() as u64);
    // Each change is at the office, or named; each file lies beside the store.
    let refused = report["changes_refused"].as_u64().unwrap();
    if missing.iter().all(|part| part["what"] == "changes") {
        assert_eq!(new + known + named + refused, before.0, "{report}");
    }
    assert!(files >= before.1, "{report}");

    assert_eq!(tablet.run(&["start-anew"]).await.unwrap()["gate"], "unenrolled");
    let code = office.enrolment_code(&dispatched.crews[0][0]).await.unwrap();
    tablet.enrol(&office.url, &code).await.unwrap();
    tablet.exchange().await.unwrap();
    agree(&office, &tablet).await;
    let board = tablet.board(task).await.unwrap();
    let kept = board["findings"].as_array().unwrap().len() as u64;
    assert!(kept >= new.min(1), "{board}");
}
