//! An office that was put back to a copy of an earlier day.

use crate::store::{register, task};
use crate::tests::office::{Office, SECTORS, people};
use crate::tests::tablet::{Tablet, bare};
use axum::http::StatusCode;
use domain::id::{LedgerId, RecordId, TaskId};
use domain::record::{field, kind};
use domain::task::Audience;
use ledger::exchange::{Request, Response};
use ledger::readmission::Readmission;
use ledger::{Hash, Register, Write};
use serde_json::json;
use uuid::Uuid;

/// Turns until the office has what the tablet offers; answers why pages were refused.
async fn offer(office: &Office, tablet: &Tablet) -> Vec<String> {
    let request = bare(tablet, tablet.everything());
    let answer = tablet.raw(office, &request).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    response(&answer.bytes).header.refused.into_iter().map(|one| one.reason).collect()
}

fn response(bytes: &[u8]) -> Response {
    Response::decode(&zstd::decode_all(bytes).unwrap()).unwrap()
}

fn remark(item: RecordId) -> Register {
    Register::new(kind::ITEM, item, field::REMARK)
}

/// Of the first item, written by the tablet.
fn write_remark(tablet: &mut Tablet, item: RecordId) -> LedgerId {
    let joint = tablet.joint();
    let write = Write::new(kind::ITEM, item, field::REMARK, json!("第二排有积水"));
    tablet.write(joint, "item.remark", vec![write]);
    joint
}

async fn first_item(office: &Office, task: &str) -> RecordId {
    let board = office.board(task).await;
    serde_json::from_value(board["items"][0]["rec"].clone()).unwrap()
}

#[tokio::test]
async fn what_was_handed_in_after_the_copy_comes_back_from_the_tablet() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let item = first_item(&office, &task).await;
    let mut tablet = office.tablet(SECTORS[0], 0).await;
    tablet.exchange(&office).await;
    let copy = office.copy().await;
    let joint = write_remark(&mut tablet, item);
    tablet.exchange(&office).await;
    drop(office);

    let office = Office::restored(&copy).await;
    let before = register::shown(&office.app.db, joint, &remark(item)).await.unwrap();
    assert_eq!(before, None);
    // With the epoch it knows it is told the new one, and nothing is taken.
    let stale = bare(&tablet, tablet.everything());
    let told = response(&tablet.raw(&office, &stale).await.bytes).header;
    assert!(told.refused.is_empty() && told.receipts.is_empty());
    assert_eq!(told.epoch, office.app.keys.epoch);
    let server = told.server.unwrap().verify(&office.app.keys.office.public()).unwrap();
    assert_eq!((server.replica, server.epoch), (office.app.keys.replica, 1));

    tablet.epoch = told.epoch;
    assert!(offer(&office, &tablet).await.is_empty());
    let after = register::shown(&office.app.db, joint, &remark(item)).await.unwrap();
    assert_eq!(after, Some(json!("第二排有积水")));
    let receipt = response(&tablet.raw(&office, &bare(&tablet, tablet.everything())).await.bytes);
    assert!(receipt.header.receipts.iter().any(|signed| {
        let read = signed.verify(&server.key).unwrap();
        (read.replica, read.by) == (tablet.replica, server.replica)
    }));
}

#[tokio::test]
async fn a_task_and_a_tablet_of_which_the_copy_knows_nothing_come_back_too() {
    let office = Office::open().await;
    let copy = office.copy().await;
    let task = office.dispatched().await;
    let item = first_item(&office, &task).await;
    let mut tablet = office.tablet(SECTORS[0], 0).await;
    tablet.exchange(&office).await;
    let joint = write_remark(&mut tablet, item);
    tablet.exchange(&office).await;
    let certificate = {
        let known = crate::store::tablet::by_replica(&office.app.db, tablet.replica).await;
        known.unwrap().unwrap().certificate().unwrap()
    };
    let package: Hash = tablet.package_ref().sha256.parse().unwrap();
    let bytes = office.app.files.read(&package).await.unwrap().unwrap();
    drop(office);

    let office = Office::restored(&copy).await;
    tablet.epoch = office.app.keys.epoch;
    let unknown = tablet.raw(&office, &bare(&tablet, vec![])).await;
    assert_eq!(
        (unknown.status, unknown.code().as_str()),
        (StatusCode::UNAUTHORIZED, "token_wrong")
    );
    let asked = Readmission::sign(&tablet.signer, certificate, tablet.replica, &tablet.token);
    for _ in 0..2 {
        let answer = office.post("/v1/readmission", None, json!(asked)).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    }
    let stolen = Readmission::sign(&tablet.signer, asked.certificate, tablet.replica, "another");
    let answer = office.post("/v1/readmission", None, json!(stolen)).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);

    let refused = offer(&office, &tablet).await;
    assert!(!refused.is_empty() && refused.iter().all(|why| why == "package"), "{refused:?}");
    office.hand_in(&tablet.token, &bytes).await;
    assert_eq!(offer(&office, &tablet).await, Vec::<String>::new());
    let after = register::shown(&office.app.db, joint, &remark(item)).await.unwrap();
    assert_eq!(after, Some(json!("第二排有积水")));
    // At the desk it is a task like any other, and its number is not given again.
    let board = office.board(&task).await;
    let number = board["number"].as_str().unwrap().to_owned();
    let next = office.dispatched().await;
    assert_ne!(office.board(&next).await["number"].as_str().unwrap(), number);
    let known = task::by_id(&office.app.db, TaskId(task.parse().unwrap())).await.unwrap();
    assert!(known.unwrap().dispatched_ms.is_some());
    // Another of the team reads it, judged as it was.
    let mut second = office.tablet(SECTORS[0], 1).await;
    let header = bare(&second, vec![]).header;
    second.turn(&office, Request { header, pages: vec![] }).await;
    let granted = crate::store::membership::granted(&office.app.db, second.person).await.unwrap();
    assert!(granted.contains(&joint));
}

#[tokio::test]
async fn a_file_whose_maker_does_not_come_back_is_brought_by_another_of_the_team() {
    let photo = b"\xFF\xD8\xFF\xE0 a picture that only one tablet took";
    let office = Office::open().await;
    office.dispatched().await;
    let mut maker = office.tablet(SECTORS[0], 0).await;
    let mut second = office.tablet(SECTORS[0], 1).await;
    maker.exchange(&office).await;
    second.exchange(&office).await;
    let path = format!("/v1/blobs/{}", Hash::of(photo));
    let copy = office.copy().await;
    let file = json!({
        "subject": Uuid::now_v7(), "sha256": Hash::of(photo), "bytes": photo.len(),
        "media_type": "image/jpeg", "name": "a.jpg",
    });
    let write = Write::new(kind::EVIDENCE, RecordId(Uuid::now_v7()), field::FILE, file);
    maker.write(maker.joint(), "evidence.add", vec![write]);
    maker.exchange(&office).await;
    second.exchange(&office).await;
    drop(office);

    let office = Office::restored(&copy).await;
    second.epoch = office.app.keys.epoch;
    assert!(offer(&office, &second).await.is_empty());
    // Of the record all know; the file is not there, nor what a stranger brings.
    let stranger = office.tablet(SECTORS[0], 3).await;
    office.hand_in(&stranger.token, photo).await;
    let answer = office.device("GET", &path, &second.token, vec![]).await;
    assert_eq!(answer.code(), "file_not_here_yet");
    office.hand_in(&second.token, photo).await;
    let answer = office.device("GET", &path, &maker.token, vec![]).await;
    assert_eq!((answer.status, answer.bytes.as_slice()), (StatusCode::OK, &photo[..]));
    let answer = office.device("GET", &path, &stranger.token, vec![]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_office_that_forgot_nothing_readmits_nobody() {
    let office = Office::open().await;
    let tablet = office.tablet(SECTORS[0], 0).await;
    let known = crate::store::tablet::by_replica(&office.app.db, tablet.replica).await;
    let certificate = known.unwrap().unwrap().certificate().unwrap();
    let asked = Readmission::sign(&tablet.signer, certificate, tablet.replica, "another");
    let answer = office.post("/v1/readmission", None, json!(asked)).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_ledger_of_which_the_opening_does_not_come_is_not_adopted() {
    let office = Office::open().await;
    let copy = office.copy().await;
    office.dispatched().await;
    let mut tablet = office.tablet(SECTORS[0], 0).await;
    tablet.exchange(&office).await;
    let before = tablet.replica;
    drop(office);
    let office = Office::restored(&copy).await;
    let mut stranger = office.tablet(SECTORS[1], 0).await;
    // One who was not of the team brings all there is of an internal ledger.
    let internal = tablet.ledgers().into_iter().find(|(_, of)| *of != Audience::Joint).unwrap().0;
    let chains = tablet.chains.iter().filter(|((ledger, _), _)| *ledger == internal);
    stranger.chains = chains.map(|(key, chain)| (*key, chain.clone())).collect();
    let refused = offer(&office, &stranger).await;
    assert!(!refused.is_empty() && refused.iter().all(|why| why == "not_granted"), "{refused:?}");
    assert_ne!(before, stranger.replica);
    assert!(people(SECTORS[0]).all(|one| one.person != stranger.person));
    let unknown = LedgerId(Uuid::now_v7());
    stranger.chains.clear();
    stranger.write(unknown, "x", vec![Write::new(kind::ITEM, RecordId(unknown.0), "x", json!(1))]);
    assert_eq!(offer(&office, &stranger).await, ["not_granted"]);
}
