//! Claims about what does not go smoothly: a page that is refused, an office
//! that begins anew, a power cut while enrolling, a value that came meanwhile.

use super::tests::{answer, code, draft, seen};
use crate::Device;
use crate::clock::hand::HandClock;
use crate::error::DeviceError;
use crate::picture::tests::jpeg;
use crate::store;
use crate::testing::{FIREMAN, Fault, ITEM, LEAD, NOW, Office, PIN, SECOND, TASK, Tablet};
use crate::view::{ChosenValue, ErrorCode};
use domain::finding::{Answer, Level};
use domain::id::{RecordId, ReplicaId};
use domain::record::{field, kind};
use ledger::board::{Board, ShownValue};
use ledger::fact::{Verdict, VerdictKind};
use ledger::{Register, Write};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

fn replica(tablet: &Tablet) -> ReplicaId {
    tablet.device.try_with(|open| Ok(open.replica)).unwrap()
}

fn unsent(tablet: &Tablet) -> (u32, u32) {
    let status = tablet.device.sync_status().unwrap();
    (status.unsent_changes, status.unsent_files)
}

/// A finding with a photo that is only here.
fn with_photo(tablet: &Tablet) -> RecordId {
    let rec = tablet.device.create_finding(TASK, &draft("事实")).unwrap().rec;
    tablet.device.put_evidence(TASK, rec, "a.jpg", &jpeg(500, 400)).unwrap();
    rec
}

#[test]
fn a_page_refused_here_keeps_no_photo_from_being_handed_in() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    with_photo(&lead);
    office.write("task.touch", vec![Write::new("weather", ITEM, "sky", json!("blue"))]);
    office.set_fault(Fault::Tampers);
    let error = lead.device.exchange().unwrap_err();
    assert_eq!((error.code, error.detail.as_deref()), (ErrorCode::ServerTrouble, Some("seal")));
    assert_eq!(unsent(&lead), (0, 0));
    assert_eq!(lead.device.board(TASK).unwrap().from_newer_version, 0);
    office.set_fault(Fault::None);
    lead.device.exchange().unwrap();
    assert_eq!(lead.device.board(TASK).unwrap().from_newer_version, 1);
}

#[test]
fn changes_that_fail_keep_no_photo_from_being_handed_in() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    with_photo(&lead);
    office.set_fault(Fault::Babbles);
    assert_eq!(code(lead.device.exchange()), ErrorCode::ServerTrouble);
    assert_eq!(unsent(&lead), (2, 0));
}

#[test]
fn a_hotels_page_is_not_taken_for_the_office() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    with_photo(&lead);
    office.set_fault(Fault::IsAHotel);
    assert_eq!(code(lead.device.exchange()), ErrorCode::ServerTrouble);
    assert_eq!(unsent(&lead), (2, 2));
    office.set_fault(Fault::None);
    lead.device.exchange().unwrap();
    assert_eq!(unsent(&lead), (0, 0));
}

#[test]
fn an_office_that_began_anew_is_given_everything_again() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    let package = office.blobs();
    with_photo(&lead);
    lead.device.exchange().unwrap();
    let whole = office.blobs();
    let own: BTreeSet<String> = whole.difference(&package).cloned().collect();
    assert_eq!((own.len(), unsent(&lead)), (2, (0, 0)));
    office.restored_without(replica(&lead), &own);
    assert_eq!(office.blobs(), package);
    lead.device.exchange().unwrap();
    assert_eq!(office.blobs(), whole);
    assert_eq!(unsent(&lead), (0, 0));
    assert!(!lead.device.exchange().unwrap(), "once is enough");
    let second = office.ready(SECOND);
    assert_eq!(second.device.board(TASK).unwrap().findings.len(), 1);
}

#[test]
fn a_known_tablet_keeps_the_key_it_was_introduced_with() {
    let office = Office::open();
    let (lead, second) = (office.ready(LEAD), office.ready(SECOND));
    let known = replica(&lead);
    second.device.exchange().unwrap();
    let key = |tablet: &Tablet| {
        tablet.device.try_with(|open| store::certificate::get(&open.db, known)).unwrap().unwrap()
    };
    let before = key(&second);
    let signed = office.certify(known, 77, LEAD);
    let rec = RecordId(known.0);
    let write = Write::new(kind::REPLICA, rec, field::CERTIFICATE, json!(signed));
    office.write("replica.introduce", vec![write]);
    answer(&lead, ITEM, Answer::Conforms).unwrap();
    lead.device.exchange().unwrap();
    second.device.exchange().unwrap();
    assert_eq!(key(&second), before);
    let board = second.device.board(TASK).unwrap();
    assert!(board.items.iter().any(|item| item.rec == ITEM && item.result.shown.is_some()));
}

/// A proposal of the fire department, on the lead's tablet.
fn proposed(
    office: &Office,
    lead: &Tablet,
    field: &str,
    value: &ChosenValue,
) -> (RecordId, Register, Board) {
    let rec = lead.device.create_finding(TASK, &draft("探头被遮挡")).unwrap().rec;
    lead.device.exchange().unwrap();
    let fireman = office.ready(FIREMAN);
    let target = Register::new(kind::FINDING, rec, field);
    fireman.device.propose(TASK, target.clone(), value, "装置被停用", &[]).unwrap();
    fireman.device.exchange().unwrap();
    lead.device.exchange().unwrap();
    let board = lead.device.board(TASK).unwrap();
    (board.proposals[0].rec, target, board)
}

fn assessed(level: Level, basis: &[&str]) -> ChosenValue {
    let basis = basis.iter().map(|&code| code.to_owned()).collect();
    ChosenValue::Assessment { level, criterion: None, basis }
}

#[test]
fn taking_a_proposal_over_settles_only_what_was_on_the_screen() {
    let office = Office::open();
    let (lead, second) = (office.ready(LEAD), office.ready(SECOND));
    let value = assessed(Level::General, &[]);
    let (proposal, target, on_screen) = proposed(&office, &lead, field::ASSESSMENT, &value);
    let heads = seen(&on_screen.findings[0].assessment);
    // A graver value comes in while the card is open.
    second.device.exchange().unwrap();
    let grave = assessed(Level::Major, &["AF-36-3"]);
    second.device.edit_field(TASK, target, &grave, &heads).unwrap();
    second.device.exchange().unwrap();
    lead.device.exchange().unwrap();

    let board = lead.device.reply_proposal(TASK, proposal, true, "同意", &heads).unwrap();
    assert_eq!(board.conflicts.len(), 1, "what was not seen still waits for a decision");
    let shown = board.findings[0].assessment.shown.clone();
    assert!(matches!(shown, Some(ShownValue::Assessment(a)) if a.level == Level::Major));
}

#[test]
fn a_proposal_can_be_taken_over_where_nothing_can_be_in_conflict() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    let value = ChosenValue::Text("仓库西侧".into());
    let (proposal, _, board) = proposed(&office, &lead, field::LOCATION, &value);
    let heads = seen(&board.findings[0].location);
    let board = lead.device.reply_proposal(TASK, proposal, true, "属实", &heads).unwrap();
    assert_eq!(board.findings[0].location.shown, Some(ShownValue::Text("仓库西侧".into())));
    assert_eq!(board.findings[0].location.heads.len(), 1);
    let junk = ["not a head".to_owned()];
    let bad = lead.device.reply_proposal(TASK, proposal, true, "属实", &junk);
    assert_eq!(code(bad), ErrorCode::Malformed);
}

#[test]
fn nobody_writes_over_another_departments_photo() {
    let office = Office::open();
    let (lead, fireman) = (office.ready(LEAD), office.ready(FIREMAN));
    with_photo(&lead);
    lead.device.exchange().unwrap();
    fireman.device.exchange().unwrap();
    let photo = fireman.device.board(TASK).unwrap().findings[0].evidence[0].rec;
    let erase = |tablet: &Tablet| {
        tablet.device.with(|open| {
            let ledger = open.joint(TASK)?;
            let write = Write::new(kind::EVIDENCE, photo, field::FILE, json!(null));
            open.commit(ledger, "test", vec![write], &[])
        })
    };
    assert_eq!(code(erase(&fireman)), ErrorCode::NotOwner);
    assert!(erase(&lead).is_ok());
}

#[test]
fn a_finding_that_was_voided_leaves_the_lists() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    let board = lead.device.create_finding(TASK, &draft("事实")).unwrap().board;
    lead.device.exchange().unwrap();
    let listed = || lead.device.visits().unwrap()[0].card.findings;
    assert_eq!(listed(), 1);
    let head: ledger::WriteId = board.findings[0].fact.heads[0].id.parse().unwrap();
    let verdict =
        Verdict { change: head.change, verdict: VerdictKind::Void, reason: "not_owner".into() };
    let rec = RecordId(uuid::Uuid::from_u128(0x0bad));
    let write = Write::new(kind::JUDGEMENT, rec, field::VERDICT, verdict.to_value());
    office.write("judgement.pass", vec![write]);
    lead.device.exchange().unwrap();
    assert_eq!(listed(), 0);
    assert!(lead.device.board(TASK).unwrap().findings.is_empty());
}

#[test]
fn a_power_cut_while_enrolling_does_not_keep_a_tablet_from_being_enrolled() {
    let office = Office::open();
    let home = tempfile::tempdir().unwrap();
    let device = Device::open(home.path(), Arc::new(HandClock::at(NOW))).unwrap();
    let lost = device.enrol_by("http://127.0.0.1:1", PIN, |_, _| Err(ErrorCode::Offline.into()));
    assert_eq!(lost.map_err(DeviceError::into_app).unwrap_err().code, ErrorCode::Offline);
    for damage in [vec![7; 8192], vec![7; 100]] {
        std::fs::write(home.path().join("store.db"), damage).unwrap();
        let lost =
            device.enrol_by("http://127.0.0.1:1", PIN, |_, _| Err(ErrorCode::Offline.into()));
        assert_eq!(lost.map_err(DeviceError::into_app).unwrap_err().code, ErrorCode::Offline);
    }
    office.enrol(&device, LEAD).unwrap();
    assert!(device.exchange().unwrap());
}
