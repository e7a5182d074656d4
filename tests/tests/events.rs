//! A tablet that is online hears of news at once, without asking again and again.

#![allow(clippy::unwrap_used, reason = "a test says by failing what went wrong")]

use journeys::cut::Cut;
use journeys::desk::{Desk, Dispatched};
use journeys::office::Office;
use journeys::process::READY_LIMIT;
use journeys::tablet::Tablet;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::io::{BufReader, Lines};
use tokio::process::ChildStdout;

const PIN: &str = "739201";
const SECTORS: [&str; 1] = ["emergency_management"];

type Said = Lines<BufReader<ChildStdout>>;

/// Waits for a line that says something.
async fn heard(said: &mut Said, wanted: &Value) {
    let wait = async {
        while let Some(line) = said.next_line().await.unwrap() {
            if serde_json::from_str::<Value>(&line).unwrap() == *wanted {
                return;
            }
        }
        panic!("it ended before it said {wanted}");
    };
    tokio::time::timeout(READY_LIMIT, wait).await.unwrap();
}

async fn two_tablets(folder: &Path, office: &Office) -> (Dispatched, Tablet, Tablet) {
    let account = office.account("committee_office").await.unwrap();
    let desk = Desk::sign_in(office, &account).await.unwrap();
    let dispatched = desk.dispatch("云岭示范精密机械", &SECTORS).await.unwrap();
    let one = Tablet::new(&folder.join("a"), PIN);
    let two = Tablet::new(&folder.join("b"), PIN);
    for (tablet, cert_no) in [&one, &two].into_iter().zip(&dispatched.crews[0]) {
        let code = office.enrolment_code(cert_no).await.unwrap();
        tablet.enrol(&office.url, &code).await.unwrap();
        tablet.exchange().await.unwrap();
    }
    (dispatched, one, two)
}

#[tokio::test]
async fn a_tablet_that_listens_has_anothers_change_within_two_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path()).await.unwrap();
    let (dispatched, one, two) = two_tablets(folder.path(), &office).await;
    let mut watching = two.watch(&folder.path().join("watch.log")).unwrap();
    let mut said = watching.lines().unwrap();
    heard(&mut said, &json!({"event": "connected"})).await;
    heard(&mut said, &json!({"event": "exchanged", "changed": false})).await;

    for answer in ["nonconforming", "conforms", "nonconforming"] {
        one.run(&["answer", &dispatched.task, "GL-01", answer]).await.unwrap();
        one.exchange().await.unwrap();
        // From here the change is at the office.
        let begun = Instant::now();
        heard(&mut said, &json!({"event": "exchanged", "changed": true})).await;
        let took = begun.elapsed();
        assert!(took <= Duration::from_secs(2), "{took:?}");
    }
    assert_eq!(one.digests().await.unwrap(), two.digests().await.unwrap());

    // The office stops though somebody listens, and is listened to again.
    office.ask_to_end().await.unwrap();
    heard(&mut said, &json!({"event": "line_lost", "code": "offline"})).await;
    one.run(&["answer", &dispatched.task, "GL-02", "nonconforming"]).await.unwrap();
    office.start().await.unwrap();
    heard(&mut said, &json!({"event": "connected"})).await;
    one.exchange().await.unwrap();
    heard(&mut said, &json!({"event": "exchanged", "changed": true})).await;
    watching.kill().await.unwrap();
}

#[tokio::test]
async fn a_network_that_returns_is_noticed_by_listening() {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(folder.path()).await.unwrap();
    let (dispatched, one, _) = two_tablets(folder.path(), &office).await;
    let network = Cut::to(&office.url).await.unwrap();
    let three = Tablet::new(&folder.path().join("c"), PIN);
    let code = office.enrolment_code(&dispatched.crews[0][1]).await.unwrap();
    three.enrol(&network.url, &code).await.unwrap();
    three.exchange().await.unwrap();
    network.after(0);
    let mut watching = three.watch(&folder.path().join("watch.log")).unwrap();
    let mut said = watching.lines().unwrap();
    let lost = json!({"event": "line_lost", "code": "offline"});
    heard(&mut said, &lost).await;
    one.run(&["answer", &dispatched.task, "GL-01", "nonconforming"]).await.unwrap();
    one.exchange().await.unwrap();
    heard(&mut said, &lost).await;
    network.mend();
    heard(&mut said, &json!({"event": "connected"})).await;
    heard(&mut said, &json!({"event": "exchanged", "changed": true})).await;
    watching.kill().await.unwrap();
}

#[tokio::test]
async fn an_app_that_is_too_old_records_and_hands_in_but_does_not_sign() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = ["--min-app-version", "99.0.0"];
    let office = Office::open_with(folder.path(), &wanted).await.unwrap();
    let (dispatched, one, two) = two_tablets(folder.path(), &office).await;
    let task = dispatched.task.as_str();
    one.run(&["finding", task, "--item", "GL-01", "--fact", "责任制未考核"]).await.unwrap();
    one.exchange().await.unwrap();
    two.exchange().await.unwrap();
    assert_eq!(one.run(&["sync"]).await.unwrap()["unsent_changes"], 0);
    assert_eq!(one.digests().await.unwrap(), two.digests().await.unwrap());
    let pdf = folder.path().join("record.pdf");
    let record = ["record", task, "--out", pdf.to_str().unwrap()];
    assert_eq!(one.refused(&record).await.unwrap(), "too_old");
}
