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
