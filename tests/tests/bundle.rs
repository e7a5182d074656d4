//! What the office hands out can be checked by anyone, and whoever changes a
//! byte of it is found out.

#![allow(clippy::unwrap_used, reason = "a test says by failing what went wrong")]
#![allow(clippy::print_stdout, reason = "what was checked is worth reading")]

use image::{ImageBuffer, ImageFormat, Rgb};
use journeys::desk::Desk;
use journeys::office::Office;
use journeys::python::{in_repository, run};
use journeys::tablet::Tablet;
use serde_json::Value;
use std::io::Cursor;
use std::path::Path;

const PIN: &str = "739201";
const SECTORS: [&str; 2] = ["emergency_management", "fire"];

/// How many bytes are flipped, one after the other.
const FLIPS: &str = "600";

fn photo(path: &Path) {
    let picture = ImageBuffer::from_fn(120, 80, |x, y| Rgb([(x * 2) as u8, (y * 3) as u8, 90]));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    std::fs::write(path, bytes.into_inner()).unwrap();
}

/// An office with a task on which two departments worked.
async fn worked_on(folder: &Path) -> (Office, Desk, String) {
    let office = Office::open(folder).await.unwrap();
    let account = office.account("committee_office").await.unwrap();
    let desk = Desk::sign_in(&office, &account).await.unwrap();
    let dispatched = desk.dispatch("云岭示范精密机械", &SECTORS).await.unwrap();
    let task = dispatched.task.clone();
    for (number, crew) in dispatched.crews.iter().enumerate() {
        let tablet = Tablet::new(&folder.join(format!("tablet-{number}")), PIN);
        let code = office.enrolment_code(&crew[0]).await.unwrap();
        tablet.enrol(&office.url, &code).await.unwrap();
        tablet.exchange().await.unwrap();
        let item = if number == 0 { "GL-01" } else { "XF-01" };
        // Several exchanges, so that a chain has several seals.
        for fact in ["责任制未考核", "通道堆物", "临时用电未审批"] {
            tablet.run(&["finding", &task, "--item", item, "--fact", fact]).await.unwrap();
            tablet.exchange().await.unwrap();
        }
        tablet.run(&["note", &task, "只给本部门看"]).await.unwrap();
        let picture = folder.join("photo.jpg");
        photo(&picture);
        let finding = (number * 3 + 1).to_string();
        tablet.run(&["photo", &task, &finding, picture.to_str().unwrap()]).await.unwrap();
        let pdf = folder.join("record.pdf");
        tablet.run(&["record", &task, "--out", pdf.to_str().unwrap()]).await.unwrap();
        tablet.exchange().await.unwrap();
    }
    (office, desk, task)
}

fn index(bundle: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(bundle.join("bundle.json")).unwrap()).unwrap()
}

#[tokio::test]
async fn a_bundle_is_genuine_to_anyone_until_a_byte_of_it_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (office, desk, task) = worked_on(folder.path()).await;
    let verify = in_repository("docs/verify.py");
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();

    // The bundle with everything in it, each byte of it guarded.
    let full = out("full");
    office
        .run(&["export-task", &task, "--out", &full, "--with-files", "--with-internal"])
        .await
        .unwrap();
    let described = index(Path::new(&full));
    let key = described["office_key"].as_str().unwrap().to_owned();
    assert_eq!(described["chains"].as_array().unwrap().len(), 7);
    assert!(described["files"].as_array().unwrap().iter().all(|file| file["file"].is_string()));
    assert_eq!(described["documents"].as_array().unwrap().len(), 2);
    let (genuine, said) = run(&verify, &[&full, &key]).await.unwrap();
    assert!(genuine && said.contains("cannot exclude"), "{said}");
    let flip = in_repository("tests/verify/flip.py");
    let verify_py = verify.to_str().unwrap();
    let (noticed, said) = run(&flip, &[verify_py, &full, &key, FLIPS, "1"]).await.unwrap();
    println!("{said}");
    assert!(noticed, "{said}");

    // Another office's key, and a changed byte: a clear answer and exit code 1.
    let (genuine, said) = run(&verify, &[&full, &"00".repeat(32)]).await.unwrap();
    assert!(!genuine && said.contains("NOT GENUINE"), "{said}");
    let chain = described["chains"][1]["file"].as_str().unwrap();
    let path = Path::new(&full).join(chain);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let (genuine, said) = run(&verify, &[&full, &key]).await.unwrap();
    assert!(!genuine && said.contains(&format!("TOUCHED {chain}, bytes 0 to ")), "{said}");

    // As an archive, without what departments keep to themselves.
    let archive = out("joint.zip");
    office.run(&["export-task", &task, "--out", &archive]).await.unwrap();
    let (genuine, said) = run(&verify, &[&archive, &key]).await.unwrap();
    assert!(genuine && said.contains("3 chains, 2 of"), "{said}");
    let bytes = std::fs::read(&archive).unwrap();
    let secret = "只给本部门看".as_bytes();
    assert!(!bytes.windows(secret.len()).any(|window| window == secret));

    // From the console, which asks for a session.
    let path = format!("/api/tasks/{task}/bundle?files=true");
    let fetched = out("console.zip");
    std::fs::write(&fetched, desk.bytes(&path).await.unwrap()).unwrap();
    let (genuine, said) = run(&verify, &[&fetched, &key]).await.unwrap();
    assert!(genuine && said.contains("3 chains"), "{said}");

    // Nothing is written over, and half a bundle does not stay.
    assert!(office.run(&["export-task", &task, "--out", &archive]).await.is_err());
    let none = out("none.zip");
    let unknown = "00000000-0000-0000-0000-000000000000";
    assert!(office.run(&["export-task", unknown, "--out", &none]).await.is_err());
    assert!(!Path::new(&none).exists());
}

#[tokio::test]
async fn a_bundle_with_both_histories_of_a_cloned_tablet_is_genuine() {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(folder.path()).await.unwrap();
    let account = office.account("committee_office").await.unwrap();
    let desk = Desk::sign_in(&office, &account).await.unwrap();
    let dispatched = desk.dispatch("云岭示范精密机械", &SECTORS).await.unwrap();
    let task = dispatched.task.clone();
    let (home, copy) = (folder.path().join("tablet"), folder.path().join("clone"));
    let tablet = Tablet::new(&home, PIN);
    let code = office.enrolment_code(&dispatched.crews[0][0]).await.unwrap();
    tablet.enrol(&office.url, &code).await.unwrap();
    tablet.exchange().await.unwrap();
    let finding = ["finding", task.as_str(), "--item", "GL-01", "--fact"];
    tablet.run(&[&finding[..], &["责任制未考核"]].concat()).await.unwrap();
    copy_folder(&home, &copy);
    let clone = Tablet::new(&copy, PIN);
    // What was accepted in one stretch is cut in two by what the clone brings.
    for fact in ["通道堆物", "临时用电未审批"] {
        tablet.run(&[&finding[..], &[fact]].concat()).await.unwrap();
    }
    tablet.exchange().await.unwrap();
    clone.run(&[&finding[..], &["消防栓无水"]].concat()).await.unwrap();
    clone.exchange().await.unwrap();
    tablet.run(&[&finding[..], &["应急灯损坏"]].concat()).await.unwrap();
    tablet.exchange().await.unwrap();

    // Somebody who comes late gets both histories.
    let late = Tablet::new(&folder.path().join("late"), PIN);
    let code = office.enrolment_code(&dispatched.crews[1][0]).await.unwrap();
    late.enrol(&office.url, &code).await.unwrap();
    late.exchange().await.unwrap();

    let out = folder.path().join("bundle").to_str().unwrap().to_owned();
    office.run(&["export-task", &task, "--out", &out]).await.unwrap();
    let described = index(Path::new(&out));
    let chains = described["chains"].as_array().unwrap();
    let branches = chains.iter().filter(|chain| chain["base"].is_object()).count();
    assert_eq!(branches, 2, "{described}");
    let key = described["office_key"].as_str().unwrap().to_owned();
    let (genuine, said) = run(&in_repository("docs/verify.py"), &[&out, &key]).await.unwrap();
    assert!(genuine, "{said}");
    let verify = in_repository("docs/verify.py");
    let flip = in_repository("tests/verify/flip.py");
    let words = [verify.to_str().unwrap(), &out, &key, "200", "2"];
    let (noticed, said) = run(&flip, &words).await.unwrap();
    assert!(noticed, "{said}");
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}
