//! What goes wrong is said clearly, and nothing is lost by it.

#![allow(clippy::unwrap_used, reason = "a test says by failing what went wrong")]

use journeys::cut::Cut;
use journeys::desk::{Desk, Dispatched};
use journeys::office::Office;
use journeys::tablet::Tablet;
use journeys::wire;
use serde_json::json;
use std::path::Path;

const PIN: &str = "739201";
const SECTORS: [&str; 2] = ["emergency_management", "fire"];

async fn office_with_task(folder: &Path) -> (Office, Dispatched) {
    let office = Office::open(folder).await.unwrap();
    let account = office.account("committee_office").await.unwrap();
    let desk = Desk::sign_in(&office, &account).await.unwrap();
    let dispatched = desk.dispatch("云岭示范精密机械", &SECTORS).await.unwrap();
    (office, dispatched)
}

#[tokio::test]
async fn what_a_person_gets_wrong_is_named_and_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (office, dispatched) = office_with_task(folder.path()).await;
    let task = dispatched.task.as_str();
    let tablet = Tablet::new(&folder.path().join("a"), PIN);

    // A wrong code, then the right one, then the used one on another tablet.
    let enrol = |code: String| {
        vec!["enrol".to_owned(), "--server".into(), office.url.clone(), "--code".into(), code]
    };
    let wrong = enrol("0000-0000-0000".into());
    let args: Vec<&str> = wrong.iter().map(String::as_str).collect();
    assert_eq!(tablet.refused(&args).await.unwrap(), "code_wrong");
    let code = office.enrolment_code(&dispatched.crews[0][0]).await.unwrap();
    tablet.enrol(&office.url, &code).await.unwrap();
    let other = Tablet::new(&folder.path().join("b"), PIN);
    let used = enrol(code);
    let args: Vec<&str> = used.iter().map(String::as_str).collect();
    assert_eq!(other.refused(&args).await.unwrap(), "code_used");

    tablet.exchange().await.unwrap();
    tablet.run(&["finding", task, "--item", "GL-09", "--fact", "通道堆物"]).await.unwrap();
    let before = tablet.digests().await.unwrap();

    // Files that are none.
    let empty = folder.path().join("empty.jpg");
    std::fs::write(&empty, b"").unwrap();
    let torn = folder.path().join("torn.jpg");
    std::fs::write(&torn, [0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3]).unwrap();
    let page = folder.path().join("page.jpg");
    std::fs::write(&page, b"<html>no picture</html>").unwrap();
    for (file, code) in [(&empty, "file_empty"), (&torn, "file_damaged"), (&page, "file_unknown")] {
        let refused = tablet.refused(&["photo", task, "1", file.to_str().unwrap()]).await.unwrap();
        assert_eq!(refused, code);
    }
    // Another department's item, a decision without a conflict.
    let refused = tablet.refused(&["answer", task, "XF-01", "conforms"]).await.unwrap();
    assert_eq!(refused, "not_owner");
    assert_eq!(tablet.digests().await.unwrap(), before);

    // Wrong PINs: ten are free, then one has to wait; the right one opens before that.
    let thief = Tablet::new(tablet.home(), "111111");
    for _ in 0..9 {
        assert_eq!(thief.refused(&["visits"]).await.unwrap(), "pin_wrong");
    }
    assert_eq!(tablet.digests().await.unwrap(), before);
    for _ in 0..9 {
        assert_eq!(thief.refused(&["visits"]).await.unwrap(), "pin_wrong");
    }
    // The tenth is told to wait, and so is everybody after it.
    assert_eq!(thief.refused(&["visits"]).await.unwrap(), "pin_wait");
    assert_eq!(thief.refused(&["visits"]).await.unwrap(), "pin_wait");
    assert_eq!(tablet.refused(&["visits"]).await.unwrap(), "pin_wait");

    // Nothing personal in the log.
    let log = office.log().unwrap();
    for secret in [PIN, dispatched.crews[0][0].as_str(), "通道堆物"] {
        assert!(!log.contains(secret), "the log says {secret}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_loses_nothing_and_the_next_exchange_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let (office, dispatched) = office_with_task(folder.path()).await;
    let task = dispatched.task.as_str();
    let network = Cut::to(&office.url).await.unwrap();
    let tablet = Tablet::new(&folder.path().join("a"), PIN);
    let code = office.enrolment_code(&dispatched.crews[0][0]).await.unwrap();
    tablet.enrol(&network.url, &code).await.unwrap();

    // Break the first exchange at many places; at none does anything go wrong for good.
    for bytes in [0, 1, 80, 400, 1500, 6000] {
        network.after(bytes);
        let refused = tablet.refused(&["exchange"]).await.unwrap();
        assert!(["offline", "server_trouble"].contains(&refused.as_str()), "{refused}");
    }
    network.mend();
    tablet.exchange().await.unwrap();
    tablet.run(&["answer", task, "GL-01", "nonconforming"]).await.unwrap();
    tablet.run(&["finding", task, "--item", "GL-01", "--fact", "责任制未考核"]).await.unwrap();
    let before = tablet.digests().await.unwrap();
    for bytes in [0, 60, 300] {
        network.after(bytes);
        tablet.refused(&["exchange"]).await.unwrap();
        assert_eq!(tablet.digests().await.unwrap(), before);
    }
    network.mend();
    tablet.exchange().await.unwrap();
    let (here, there) = (tablet.digests().await.unwrap(), office.digests().await.unwrap());
    assert!(here.iter().all(|(ledger, digests)| there.get(ledger) == Some(digests)));
    let sync = tablet.run(&["sync"]).await.unwrap();
    assert_eq!(sync["unsent_changes"], 0);
}

#[tokio::test]
async fn a_body_that_is_no_exchange_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (office, dispatched) = office_with_task(folder.path()).await;
    let tablet = Tablet::new(&folder.path().join("a"), PIN);
    let code = office.enrolment_code(&dispatched.crews[0][0]).await.unwrap();
    tablet.enrol(&office.url, &code).await.unwrap();
    tablet.exchange().await.unwrap();
    let before = office.digests().await.unwrap();

    let http = wire::client().unwrap();
    let exchange = format!("{}/v1/exchange", office.url);
    for body in [b"".as_slice(), b"not zstd at all", &[0x28, 0xB5, 0x2F, 0xFD, 0, 0, 0]] {
        let nobody = http.post(&exchange).body(body.to_vec()).send().await.unwrap();
        assert_eq!(nobody.status(), 401);
        let answer = http
            .post(&exchange)
            .bearer_auth("no-such-token")
            .body(body.to_vec())
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 401);
    }
    let enrol = http.post(format!("{}/v1/enrol", office.url)).json(&json!({"code": 5})).send();
    let answer = enrol.await.unwrap();
    assert!(answer.status().is_client_error(), "{}", answer.status());
    let said: serde_json::Value = answer.json().await.unwrap();
    assert!(said["error"]["message"].as_str().is_some_and(|m| !m.is_ascii()), "{said}");
    assert_eq!(office.digests().await.unwrap(), before);
}

#[tokio::test]
async fn a_tablet_and_an_office_killed_at_work_keep_everything_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut office, dispatched) = office_with_task(folder.path()).await;
    let task = dispatched.task.as_str();
    let tablet = Tablet::new(&folder.path().join("a"), PIN);
    let code = office.enrolment_code(&dispatched.crews[0][0]).await.unwrap();
    tablet.enrol(&office.url, &code).await.unwrap();
    tablet.exchange().await.unwrap();
    for n in 0..5 {
        let fact = format!("第 {n} 处临时用电未审批");
        tablet.run(&["finding", task, "--item", "GL-10", "--fact", &fact]).await.unwrap();
        // The office dies while the tablet speaks to it, at a moment nobody chose.
        let exchange = tablet.attempt(&["exchange"]);
        let (_, stopped) = tokio::join!(exchange, office.stop());
        stopped.unwrap();
        office.start().await.unwrap();
    }
    tablet.exchange().await.unwrap();
    let board = tablet.board(task).await.unwrap();
    assert_eq!(board["findings"].as_array().unwrap().len(), 5);
    let (here, there) = (tablet.digests().await.unwrap(), office.digests().await.unwrap());
    assert!(here.iter().all(|(ledger, digests)| there.get(ledger) == Some(digests)));
}
