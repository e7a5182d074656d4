//! The office's review, from finding to approval.

use crate::tests::office::{Office, SECTORS, department};
use crate::tests::tablet::Tablet;
use axum::http::StatusCode;
use domain::department::Sector;
use domain::id::RecordId;
use domain::permission::Role;
use domain::record::{field, kind};
use ledger::decision::Ruling;
use ledger::{Register, Write};
use serde_json::json;
use uuid::Uuid;

fn finding(tablet: &mut Tablet, sector: Sector, fact: &str) -> RecordId {
    let rec = RecordId(Uuid::now_v7());
    let write = |field, value| Write::new(kind::FINDING, rec, field, value);
    let writes = vec![
        write(field::ORIGIN, json!({"department": department(sector).id})),
        write(field::FACT, json!(fact)),
        write(field::ASSESSMENT, json!({"level": "major", "basis": []})),
    ];
    tablet.write(tablet.joint(), "finding.create", writes);
    rec
}

#[tokio::test]
async fn a_returned_finding_reaches_the_tablet_and_keeps_the_task_open_until_reworked() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let mut tablet = office.tablet(SECTORS[0], 0).await;
    tablet.exchange(&office).await;
    let first = finding(&mut tablet, SECTORS[0], "通道堵塞");
    let second = finding(&mut tablet, SECTORS[0], "标志缺失");
    tablet.exchange(&office).await;

    let cookie = office.sign_in(Role::Supervisor).await;
    let path = format!("/api/tasks/{task}");
    let back = format!("{path}/findings/{first}/return");
    let silent = office.post(&back, Some(&cookie), json!({"comment": "  "})).await;
    assert_eq!(silent.code(), "comment_missing");
    let nowhere = format!("{path}/findings/{}/return", Uuid::now_v7());
    let nowhere = office.post(&nowhere, Some(&cookie), json!({"comment": "请补充"})).await;
    assert_eq!(nowhere.code(), "not_found");
    let card = office.post(&back, Some(&cookie), json!({"comment": "请补充照片"})).await;
    assert_eq!((card.status, &card.json()["returned"]), (StatusCode::OK, &json!(1)));
    assert_eq!(card.json()["major"], 2);
    let approve = format!("{path}/approve");
    let card = office.post(&approve, Some(&cookie), json!({})).await;
    assert_eq!(card.json()["status"], "returned");

    tablet.exchange(&office).await;
    let review = |rec| tablet.resolved(&Register::new(kind::FINDING, rec, field::REVIEW)).shown;
    assert_eq!(review(first).unwrap()["comment"], "请补充照片");
    assert_eq!(review(second).unwrap()["state"], "approved");

    let location = Write::new(kind::FINDING, first, field::LOCATION, json!("二号仓库"));
    tablet.write(tablet.joint(), "finding.edit", vec![location]);
    tablet.exchange(&office).await;
    let card = office.post(&approve, Some(&cookie), json!({})).await;
    assert_eq!((&card.json()["status"], &card.json()["returned"]), (&json!("approved"), &json!(0)));
    let overview = office.get("/api/overview", Some(&cookie)).await.json();
    assert_eq!((&overview["findings_major"], &overview["returned"]), (&json!(2), &json!(0)));
}

#[tokio::test]
async fn the_record_of_a_task_is_a_pdf() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let mut tablet = office.tablet(SECTORS[0], 0).await;
    tablet.exchange(&office).await;
    finding(&mut tablet, SECTORS[0], "通道堵塞");
    tablet.exchange(&office).await;
    let cookie = office.sign_in(Role::Supervisor).await;
    let answer = office.get(&format!("/api/tasks/{task}/site-record.pdf"), Some(&cookie)).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.json());
    assert!(answer.bytes.starts_with(b"%PDF-"));
}

#[tokio::test]
async fn a_finding_returned_for_a_photo_is_approved_after_the_photo_came() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let mut tablet = office.tablet(SECTORS[0], 0).await;
    tablet.exchange(&office).await;
    let first = finding(&mut tablet, SECTORS[0], "通道堵塞");
    tablet.exchange(&office).await;
    let cookie = office.sign_in(Role::Supervisor).await;
    let path = format!("/api/tasks/{task}");
    let back = format!("{path}/findings/{first}/return");
    office.post(&back, Some(&cookie), json!({"comment": "请补充照片"})).await;
    let photo = |subject: RecordId| {
        let file = json!({
            "subject": subject, "sha256": "00".repeat(32), "bytes": 1,
            "media_type": "image/jpeg", "name": "a.jpg",
        });
        Write::new(kind::EVIDENCE, RecordId(Uuid::now_v7()), field::FILE, file)
    };
    let approve = format!("{path}/approve");
    for (subject, status) in [(RecordId(Uuid::now_v7()), "returned"), (first, "approved")] {
        tablet.write(tablet.joint(), "evidence.add", vec![photo(subject)]);
        tablet.exchange(&office).await;
        let card = office.post(&approve, Some(&cookie), json!({})).await;
        assert_eq!(card.json()["status"], status);
    }
}

#[tokio::test]
async fn a_decision_on_a_finding_counts_as_work_on_it_and_what_was_voided_does_not() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let mut tablet = office.tablet(SECTORS[0], 0).await;
    let mut fire = office.tablet(Sector::Fire, 0).await;
    tablet.exchange(&office).await;
    let first = finding(&mut tablet, SECTORS[0], "通道堵塞");
    tablet.exchange(&office).await;
    fire.exchange(&office).await;
    let cookie = office.sign_in(Role::Supervisor).await;
    let path = format!("/api/tasks/{task}");
    let back = format!("{path}/findings/{first}/return");
    office.post(&back, Some(&cookie), json!({"comment": "请复核定级"})).await;
    let foreign = Write::new(kind::FINDING, first, field::LOCATION, json!("别处"));
    fire.write(fire.joint(), "finding.edit", vec![foreign]);
    fire.exchange(&office).await;
    let approve = format!("{path}/approve");
    let card = office.post(&approve, Some(&cookie), json!({})).await;
    assert_eq!(card.json()["status"], "returned");
    let target = Register::new(kind::FINDING, first, field::ASSESSMENT);
    let ruling = Ruling {
        heads: tablet.heads(&target),
        target,
        value: json!({"level": "minor", "basis": []}),
        reason: "现场复核".into(),
    };
    let rec = RecordId(Uuid::now_v7());
    let decision = Write::new(kind::DECISION, rec, field::RULING, ruling.to_value());
    tablet.write(tablet.joint(), "conflict.decide", vec![decision]);
    tablet.exchange(&office).await;
    let card = office.post(&approve, Some(&cookie), json!({})).await;
    assert_eq!(card.json()["status"], "approved");
}
