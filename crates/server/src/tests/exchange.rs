//! The exchange with tablets.

use crate::store::{chain, quarantine, register};
use crate::tests::office::{Office, SECTORS, department};
use crate::tests::tablet::{Tablet, bare};
use axum::http::StatusCode;
use domain::department::Sector;
use domain::id::{LedgerId, RecordId};
use domain::package::Package;
use domain::record::{field, kind};
use domain::task::Audience;
use domain::version::Version;
use ledger::decision::Ruling;
use ledger::exchange::{Request, Response};
use ledger::fold::state_digest;
use ledger::incoming::Page;
use ledger::{Register, Write};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

const LEAD: Sector = SECTORS[0];

/// A tablet that holds its task.
async fn ready(office: &Office, sector: Sector, index: usize) -> Tablet {
    let mut tablet = office.tablet(sector, index).await;
    tablet.exchange(office).await;
    tablet
}

pub async fn package(office: &Office, tablet: &Tablet) -> Package {
    let path = format!("/v1/blobs/{}", tablet.package_ref().sha256);
    let answer = office.device("GET", &path, &tablet.token, vec![]).await;
    assert_eq!(answer.status, StatusCode::OK);
    serde_json::from_slice(&answer.bytes).unwrap()
}

/// The answer register of the first item of a sector.
async fn item_of(office: &Office, tablet: &Tablet, sector: Sector) -> Register {
    let package = package(office, tablet).await;
    let owner = department(sector).id;
    let item = package.items.iter().find(|item| item.department == owner).unwrap();
    Register::new(kind::ITEM, item.rec, field::RESULT)
}

fn answer(register: &Register, value: &str) -> Write {
    Write::new(&register.kind, register.rec, &register.field, json!(value))
}

async fn agree(office: &Office, tablet: &Tablet) {
    for (ledger, _) in tablet.ledgers() {
        let registers = register::all(&office.app.db, ledger).await.unwrap();
        assert_eq!(state_digest(&registers), tablet.fold(ledger).digest());
        let holdings = chain::holdings(&office.app.db, [ledger]).await.unwrap();
        assert_eq!(holdings.0.get(&ledger), tablet.holdings().0.get(&ledger));
    }
}

#[tokio::test]
async fn a_task_reaches_its_members_with_its_package_and_nobody_else() {
    let office = Office::open().await;
    office.dispatched().await;
    let member = ready(&office, LEAD, 0).await;
    let ledgers = member.ledgers();
    assert_eq!(ledgers.len(), 2);
    let own = Audience::Internal { department: department(LEAD).id };
    assert!(ledgers.iter().any(|(_, audience)| *audience == own));
    let package = package(&office, &member).await;
    assert!(package.items.len() >= 40 && !package.laws.is_empty());
    let cited = package.items.iter().flat_map(|item| item.violated.iter().chain(&item.penalty));
    for code in cited {
        assert!(package.laws.iter().any(|law| law.code == *code), "{code}");
    }
    agree(&office, &member).await;
    let stranger = ready(&office, LEAD, 3).await;
    assert!(stranger.ledgers().is_empty());
}

#[tokio::test]
async fn an_exchange_without_news_is_small() {
    let office = Office::open().await;
    office.dispatched().await;
    let member = ready(&office, LEAD, 0).await;
    let mut request = bare(&member, vec![]);
    request.header.digest = member.holdings().digest();
    let sent = zstd::encode_all(request.encode().unwrap().as_slice(), 3).unwrap().len();
    let answer = member.raw(&office, &request).await;
    assert!(sent + answer.bytes.len() <= 600, "{sent} + {}", answer.bytes.len());
}

#[tokio::test]
async fn an_app_that_is_too_old_is_told_so_and_is_still_heard() {
    let office = Office::open_with(Some(Version(0, 3, 0))).await;
    office.dispatched().await;
    let mut member = ready(&office, LEAD, 0).await;
    let joint = member.joint();
    let memo = Write::new("memo", RecordId(Uuid::now_v7()), "text", json!("x"));
    member.write(joint, "memo.write", vec![memo]);
    member.exchange(&office).await;
    agree(&office, &member).await;
    for (version, told) in [
        (Some("0.2.9"), Some(Version(0, 3, 0))),
        (Some("0.3.0"), None),
        (Some("0.10.0"), None),
        (Some("new"), Some(Version(0, 3, 0))),
        (None, Some(Version(0, 3, 0))),
    ] {
        let body = zstd::encode_all(bare(&member, vec![]).encode().unwrap().as_slice(), 3).unwrap();
        let answer = office.device_of(version, "/v1/exchange", &member.token, body).await;
        let plain = zstd::decode_all(answer.bytes.as_slice()).unwrap();
        let header = Response::decode(&plain).unwrap().header;
        assert_eq!(header.version_min, told, "{version:?}");
    }
}

#[tokio::test]
async fn differing_answers_stand_as_a_conflict_until_the_owner_decides() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let mut first = ready(&office, LEAD, 0).await;
    let mut second = ready(&office, LEAD, 1).await;
    let item = item_of(&office, &first, LEAD).await;
    let joint = first.joint();
    first.write(joint, "item.answer", vec![answer(&item, "conforms")]);
    second.write(joint, "item.answer", vec![answer(&item, "nonconforming")]);
    for _ in 0..2 {
        first.exchange(&office).await;
        second.exchange(&office).await;
    }
    agree(&office, &first).await;
    agree(&office, &second).await;
    let board = office.board(&task).await;
    assert_eq!(board["conflicts"].as_array().unwrap().len(), 1);
    let card = office
        .get("/api/tasks", Some(&office.sign_in(domain::permission::Role::Supervisor).await))
        .await;
    assert_eq!(card.json()["rows"][0]["conflicts"], 1);

    // A milder answer by the second does not close it; the site lead's decision does.
    let heads = second.heads(&item);
    second.write(joint, "item.answer", vec![answer(&item, "conforms").superseding(heads)]);
    second.exchange(&office).await;
    first.exchange(&office).await;
    let heads = first.heads(&item);
    let ruling = Ruling {
        target: item.clone(),
        heads,
        value: json!("nonconforming"),
        reason: "现场复核确认".into(),
    };
    let rec = RecordId(Uuid::now_v7());
    let decision = Write::new(kind::DECISION, rec, field::RULING, ruling.to_value());
    first.write(joint, "conflict.decide", vec![decision]);
    first.exchange(&office).await;
    let board = office.board(&task).await;
    assert_eq!(board["conflicts"], json!([]));
    assert_eq!(board["decisions"][0]["reason"], "现场复核确认");
    assert_eq!(board["judgements"], json!([]));
}

#[tokio::test]
async fn what_is_not_allowed_is_kept_voided_and_told_in_the_receipt() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let mut fire = ready(&office, Sector::Fire, 0).await;
    let foreign = item_of(&office, &fire, LEAD).await;
    let own = item_of(&office, &fire, Sector::Fire).await;
    let joint = fire.joint();
    fire.write(joint, "item.answer", vec![answer(&foreign, "nonconforming")]);
    fire.write(joint, "item.answer", vec![answer(&own, "conforms")]);
    fire.exchange(&office).await;
    let receipt = fire.receipts.iter().rfind(|receipt| receipt.ledger == joint).unwrap();
    assert_eq!((receipt.upto, receipt.voided.as_slice()), (2, &[1][..]));
    agree(&office, &fire).await;
    assert!(fire.resolved(&foreign).shown.is_none());
    assert_eq!(fire.resolved(&own).shown, Some(json!("conforms")));
    let board = office.board(&task).await;
    assert_eq!(board["judgements"][0]["reason"], "not_owner");
}

#[tokio::test]
async fn what_cannot_be_read_blocks_nothing_behind_it() {
    let office = Office::open().await;
    office.dispatched().await;
    let mut fire = ready(&office, Sector::Fire, 0).await;
    let own = item_of(&office, &fire, Sector::Fire).await;
    let joint = fire.joint();
    let chain = fire.chains.entry((joint, fire.replica)).or_default();
    chain.changes.push(b"{\"v\":9}".to_vec());
    fire.write(joint, "item.answer", vec![answer(&own, "conforms")]);
    // Its own position is 2, since what stands before it counts.
    fire.exchange(&office).await;
    let receipt = fire.receipts.iter().rfind(|receipt| receipt.ledger == joint).unwrap();
    assert_eq!((receipt.upto, receipt.voided.as_slice()), (2, &[1][..]));
    assert_eq!(fire.resolved(&own).shown, Some(json!("conforms")));
    agree(&office, &fire).await;
}

#[tokio::test]
async fn a_changed_byte_is_put_aside_and_changes_nothing() {
    let office = Office::open().await;
    office.dispatched().await;
    let mut fire = ready(&office, Sector::Fire, 0).await;
    let own = item_of(&office, &fire, Sector::Fire).await;
    let joint = fire.joint();
    fire.write(joint, "item.answer", vec![answer(&own, "conforms")]);
    let good = fire.pages();
    let mut tampered = good.clone();
    let text = String::from_utf8(tampered[0].changes[0].clone()).unwrap();
    tampered[0].changes[0] = text.replace("conforms", "conformz").into_bytes();
    let before = chain::holdings(&office.app.db, [joint]).await.unwrap();
    let request = bare(&fire, tampered);
    // However often it comes, it is put aside once, as it was, seals and all.
    for _ in 0..3 {
        fire.turn(&office, request.clone()).await;
    }
    assert_eq!(std::mem::take(&mut fire.refused), ["seal"; 3]);
    let aside = quarantine::of(&office.app.db, fire.replica).await.unwrap();
    assert_eq!(aside.len(), 1);
    assert_eq!(Request::decode(&aside[0]).unwrap().pages, request.pages);
    assert_eq!(chain::holdings(&office.app.db, [joint]).await.unwrap(), before);
    // The same, whole, is taken; and again, as often as it comes.
    for _ in 0..2 {
        let request = bare(&fire, good.clone());
        fire.turn(&office, request).await;
    }
    assert!(fire.refused.is_empty());
    fire.exchange(&office).await;
    agree(&office, &fire).await;
}

#[tokio::test]
async fn a_second_history_of_a_tablet_is_kept_beside_the_first() {
    let office = Office::open().await;
    office.dispatched().await;
    let mut fire = ready(&office, Sector::Fire, 0).await;
    let own = item_of(&office, &fire, Sector::Fire).await;
    let joint = fire.joint();
    fire.write(joint, "item.answer", vec![answer(&own, "conforms")]);
    let request = bare(&fire, fire.pages());
    fire.turn(&office, request).await;
    fire.chains.remove(&(joint, fire.replica));
    fire.write(joint, "item.answer", vec![answer(&own, "nonconforming")]);
    let chain = fire.chains[&(joint, fire.replica)].clone();
    let page = Page {
        ledger: joint,
        replica: fire.replica,
        of: None,
        after: 0,
        prev: None,
        changes: chain.changes,
        seals: chain.seals,
    };
    let request = bare(&fire, vec![page]);
    fire.turn(&office, request).await;
    assert!(fire.refused.is_empty());
    // They part at the beginning: each history is a branch now, in full.
    let held = chain::holdings(&office.app.db, [joint]).await.unwrap();
    let chains = chain::chains_of(&office.app.db, joint, fire.replica).await.unwrap();
    assert_eq!(chains.len(), 2);
    assert!(chains.iter().all(|chain| held.0[&joint][chain].0 > 0));
    assert!(!held.0[&joint].contains_key(&fire.replica));
    // And both answers stand against each other.
    let resolved = crate::store::register::all(&office.app.db, joint).await.unwrap();
    assert_eq!(resolved[&own].heads.len(), 2);
    assert!(resolved[&own].contested);
}

#[tokio::test]
async fn a_malformed_exchange_body_changes_nothing() {
    let office = Office::open().await;
    office.dispatched().await;
    let fire = ready(&office, Sector::Fire, 0).await;
    let digest = |holdings: ledger::holdings::Holdings| holdings.digest();
    let ledgers: Vec<LedgerId> = fire.ledgers().into_iter().map(|(ledger, _)| ledger).collect();
    let before = digest(chain::holdings(&office.app.db, ledgers.clone()).await.unwrap());
    let good = zstd::encode_all(bare(&fire, vec![]).encode().unwrap().as_slice(), 3).unwrap();
    let half = good[..good.len() / 2].to_vec();
    let other = zstd::encode_all(&b"\xff\xff\xff\x7f{}"[..], 3).unwrap();
    for body in [vec![], b"hello".to_vec(), half, other] {
        let answer = office.device("POST", "/v1/exchange", &fire.token, body).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "malformed"));
    }
    let mut foreign = bare(&fire, vec![]);
    foreign.header.replica = fire.server.replica;
    assert_eq!(fire.raw(&office, &foreign).await.code(), "malformed");
    let huge = vec![0; 9 * 1024 * 1024];
    let answer = office.device("POST", "/v1/exchange", &fire.token, huge).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(digest(chain::holdings(&office.app.db, ledgers).await.unwrap()), before);
}

#[tokio::test]
async fn a_ledger_one_has_no_part_in_takes_and_gives_nothing() {
    let office = Office::open().await;
    office.dispatched().await;
    let mut fire = ready(&office, Sector::Fire, 0).await;
    let lead = ready(&office, LEAD, 0).await;
    let foreign = lead.internal();
    let note = Write::new(kind::NOTE, RecordId(Uuid::now_v7()), field::TEXT, json!("打听"));
    fire.write(foreign, "note.add", vec![note]);
    let mut request = bare(&fire, fire.pages());
    request.header.ask.insert(foreign, Default::default());
    let response = fire.turn(&office, request).await;
    assert_eq!(fire.refused, ["not_granted"]);
    assert_eq!(response.header.left, [foreign]);
    assert!(response.pages.iter().all(|page| page.ledger != foreign));
    assert!(!response.header.ledgers.contains_key(&foreign));
}

#[tokio::test]
async fn a_note_stays_with_its_department() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let mut first = ready(&office, LEAD, 0).await;
    let mut second = ready(&office, LEAD, 1).await;
    let mut fire = ready(&office, Sector::Fire, 0).await;
    let rec = RecordId(Uuid::now_v7());
    let internal = first.internal();
    let note = Write::new(kind::NOTE, rec, field::TEXT, json!("举报人线索"));
    first.write(internal, "note.add", vec![note]);
    first.exchange(&office).await;
    second.exchange(&office).await;
    fire.exchange(&office).await;
    let register = Register::new(kind::NOTE, rec, field::TEXT);
    assert_eq!(second.fold(internal).resolve(&register).shown, Some(json!("举报人线索")));
    assert!(!fire.holdings().0.contains_key(&internal));
    assert!(!office.board(&task).await.to_string().contains("举报人线索"));
}

#[tokio::test]
async fn a_tablet_enrolled_later_is_introduced_and_reads_everything() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let mut first = ready(&office, LEAD, 0).await;
    let item = item_of(&office, &first, LEAD).await;
    first.write(first.joint(), "item.answer", vec![answer(&item, "conforms")]);
    first.exchange(&office).await;
    let later = ready(&office, LEAD, 1).await;
    assert_eq!(later.resolved(&item).shown, Some(json!("conforms")));
    let team = office.board(&task).await["team"].clone();
    let tablets: Vec<&Value> =
        team.as_array().unwrap().iter().filter(|seat| seat["tablets"] != json!([])).collect();
    assert_eq!(tablets.len(), 2);
}

#[tokio::test]
async fn one_tablet_fills_no_more_of_the_quarantine_than_its_share() {
    let office = Office::open().await;
    let page = |after| Page {
        ledger: LedgerId(Uuid::now_v7()),
        replica: office.app.keys.replica,
        of: None,
        after,
        prev: None,
        changes: vec![],
        seals: vec![],
    };
    let by = [1, 2].map(|n| domain::id::ReplicaId(Uuid::from_u128(n)));
    let put = async |delivered_by, fill: u8| {
        let bytes = vec![fill; 40 * 1024 * 1024];
        let page = page(u64::from(fill));
        let aside = quarantine::PutAside { page: &page, delivered_by, reason: "seal", bytes };
        quarantine::put(&office.app.db, aside, 1).await.unwrap()
    };
    assert!(put(by[0], 1).await);
    assert!(!put(by[0], 2).await);
    assert!(put(by[1], 3).await);
    assert_eq!(quarantine::of(&office.app.db, by[0]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_member_brings_nothing_in_for_a_stranger() {
    let office = Office::open().await;
    office.dispatched().await;
    let mut fire = ready(&office, Sector::Fire, 0).await;
    let mut stranger = ready(&office, LEAD, 3).await;
    let joint = fire.joint();
    let own = item_of(&office, &fire, Sector::Fire).await;
    stranger.write(joint, "item.answer", vec![answer(&own, "conforms")]);
    let request = bare(&fire, stranger.pages());
    fire.turn(&office, request).await;
    assert_eq!(fire.refused, ["not_granted"]);
    let holdings = chain::holdings(&office.app.db, [joint]).await.unwrap();
    assert!(!holdings.0[&joint].contains_key(&stranger.replica));
}

#[tokio::test]
async fn work_of_a_member_who_left_is_still_taken() {
    let office = Office::open().await;
    office.dispatched().await;
    let mut fire = ready(&office, Sector::Fire, 0).await;
    let own = item_of(&office, &fire, Sector::Fire).await;
    let joint = fire.joint();
    fire.write(joint, "item.answer", vec![answer(&own, "conforms")]);
    let left =
        format!("UPDATE membership SET left_ms = 1 WHERE person = x'{}'", fire.person.0.simple());
    office.app.db.execute_unprepared(&left).await.unwrap();
    let request = bare(&fire, fire.pages());
    fire.turn(&office, request).await;
    assert!(fire.refused.is_empty());
    let holdings = chain::holdings(&office.app.db, [joint]).await.unwrap();
    assert!(holdings.0[&joint].contains_key(&fire.replica));
}

#[tokio::test]
async fn a_photo_stays_its_departments_against_every_other() {
    let office = Office::open().await;
    office.dispatched().await;
    let mut fire = ready(&office, Sector::Fire, 0).await;
    let mut lead = ready(&office, LEAD, 0).await;
    let joint = fire.joint();
    let photo = Register::new(kind::EVIDENCE, RecordId(Uuid::now_v7()), field::FILE);
    let write = |value| Write::new(&photo.kind, photo.rec, &photo.field, value);
    fire.write(joint, "evidence.add", vec![write(json!({"name": "a.jpg"}))]);
    fire.exchange(&office).await;
    lead.exchange(&office).await;
    let heads = lead.heads(&photo);
    lead.write(joint, "evidence.remove", vec![write(Value::Null).superseding(heads)]);
    lead.exchange(&office).await;
    fire.exchange(&office).await;
    assert_eq!(fire.resolved(&photo).shown, Some(json!({"name": "a.jpg"})));
    let heads = fire.heads(&photo);
    fire.write(joint, "evidence.remove", vec![write(Value::Null).superseding(heads)]);
    fire.exchange(&office).await;
    assert_eq!(fire.resolved(&photo).shown, None);
    agree(&office, &fire).await;
}
