//! Claims about tablets as people use them, on real files and over real HTTP,
//! with an office in a thread (`testing`).

use crate::Device;
use crate::picture::tests::jpeg;
use crate::testing::{
    FIRE_ITEM, FIREMAN, Fault, ITEM, JOINT, LEAD, Office, PIN, SECOND, TASK, Tablet,
};
use crate::view::{AppError, ChosenValue, ErrorCode, FindingDraft, Gate};
use domain::finding::{Answer, Level, Review, ReviewState};
use domain::id::RecordId;
use domain::record::{field, kind};
use ledger::board::{Access, Board, FieldView, ShownValue};
use ledger::{Register, Write};
use serde_json::json;

pub(super) fn draft(fact: &str) -> FindingDraft {
    FindingDraft {
        item: Some(ITEM),
        fact: fact.into(),
        location: "仓库东侧".into(),
        level: Level::General,
        criterion: None,
        basis: vec!["AF-36-3".into()],
        requirement: "立即恢复".into(),
        deadline_workdays: Some(8),
    }
}

pub(super) fn seen(field: &FieldView) -> Vec<String> {
    field.heads.iter().map(|head| head.id.clone()).collect()
}

fn answer_of(board: &Board, rec: RecordId) -> Option<ShownValue> {
    board.items.iter().find(|item| item.rec == rec).and_then(|item| item.result.shown.clone())
}

fn answered(answer: Answer) -> Option<ShownValue> {
    Some(ShownValue::Answer(Some(answer)))
}

pub(super) fn code<T: std::fmt::Debug>(result: Result<T, AppError>) -> ErrorCode {
    result.unwrap_err().code
}

pub(super) fn answer(tablet: &Tablet, rec: RecordId, answer: Answer) -> Result<Board, AppError> {
    let board = tablet.device.board(TASK).unwrap();
    let item = board.items.iter().find(|item| item.rec == rec).unwrap();
    tablet.device.answer_item(TASK, rec, Some(answer), &seen(&item.result))
}

#[test]
fn a_tablet_that_has_exchanged_is_ready_for_offline() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    let visits = tablet.device.visits().unwrap();
    assert_eq!(visits.len(), 1);
    assert!(visits[0].missing.is_empty());
    assert_eq!(visits[0].card.departments, ["应急", "消防"]);
    let board = tablet.device.board(TASK).unwrap();
    assert_eq!(board.items.len(), 2);
    assert_eq!(board.items[0].access, Access::Own);
    assert_eq!(board.items[1].access, Access::Propose);
    let articles = tablet.device.articles(TASK, &["AF-36-3".into(), "GM10-14".into()]).unwrap();
    assert_eq!(articles.len(), 2);
    // A second exchange has nothing to say.
    assert!(!tablet.device.exchange().unwrap());
    let status = tablet.device.sync_status().unwrap();
    assert_eq!((status.unsent_changes, status.clock_ahead_ms), (0, Some(0)));
}

#[test]
fn a_gesture_survives_reopening() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    answer(&tablet, ITEM, Answer::Nonconforming).unwrap();
    let created = tablet.device.create_finding(TASK, &draft("2 号探头被遮挡")).unwrap();
    tablet.device.put_evidence(TASK, created.rec, "照片.jpg", &jpeg(640, 480)).unwrap();
    let before = tablet.device.board(TASK).unwrap();
    let tablet = tablet.restarted();
    assert_eq!(tablet.device.board(TASK).unwrap(), before);
    assert_eq!(before.findings[0].deadline.shown, Some(ShownValue::Date("2026-12-03".into())));
    let file = &before.findings[0].evidence[0];
    assert_eq!(file.name, "照片.jpg");
    assert_eq!(tablet.device.file(&file.sha256).unwrap().1, jpeg(640, 480));
    assert_eq!(tablet.device.sync_status().unwrap().unsent_changes, 3);
}

#[test]
fn a_closed_tablet_shows_nothing_and_takes_nothing() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    assert_eq!(tablet.device.lock().gate, Gate::Locked);
    assert_eq!(tablet.device.status().person, None);
    assert_eq!(code(tablet.device.board(TASK)), ErrorCode::Locked);
    assert_eq!(code(tablet.device.add_note(TASK, "x")), ErrorCode::Locked);
    assert_eq!(code(tablet.device.sync_status()), ErrorCode::Locked);
    assert_eq!(code(tablet.device.unlock("000000")), ErrorCode::PinWrong);
    assert_eq!(tablet.device.unlock(PIN).unwrap().gate, Gate::Open);
}

#[test]
fn a_damaged_photo_is_refused_and_nothing_else_changes() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    let rec = tablet.device.create_finding(TASK, &draft("事实")).unwrap().rec;
    let before = (tablet.device.board(TASK).unwrap(), tablet.device.digests().unwrap());
    let whole = jpeg(300, 200);
    let cut = &whole[..whole.len() / 2];
    let put = |bytes: &[u8]| code(tablet.device.put_evidence(TASK, rec, "a.jpg", bytes));
    assert_eq!(put(cut), ErrorCode::FileDamaged);
    assert_eq!(put(b""), ErrorCode::FileEmpty);
    assert_eq!(put(b"PK\x03\x04"), ErrorCode::FileUnknown);
    let stranger = RecordId(uuid::Uuid::from_u128(0xdead));
    let lost = tablet.device.put_evidence(TASK, stranger, "a.jpg", &whole);
    assert_eq!(code(lost), ErrorCode::NoSuchRecord);
    assert_eq!((tablet.device.board(TASK).unwrap(), tablet.device.digests().unwrap()), before);
    assert_eq!(std::fs::read_dir(tablet.home.path().join("blobs")).unwrap().count(), 1);
}

#[test]
fn the_database_on_disk_holds_no_plaintext() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    tablet.device.create_finding(TASK, &draft("TOP-SECRET-FACT")).unwrap();
    tablet.device.add_note(TASK, "TOP-SECRET-NOTE").unwrap();
    let mut files = vec![tablet.home.path().to_path_buf()];
    let mut checked = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for plain in ["SQLite format 3", "TOP-SECRET", "示例精密涂装", "WH-09", "CREATE TABLE"]
        {
            let found = bytes.windows(plain.len()).any(|w| w == plain.as_bytes());
            assert!(!found, "{plain} in {}", path.display());
        }
        checked += 1;
    }
    assert!(checked >= 5);
}

#[test]
fn only_the_owner_edits_and_others_propose() {
    let office = Office::open();
    let (lead, fireman) = (office.ready(LEAD), office.ready(FIREMAN));
    assert_eq!(code(answer(&fireman, ITEM, Answer::Conforms)), ErrorCode::NotOwner);
    let rec = lead.device.create_finding(TASK, &draft("探头被遮挡")).unwrap().rec;
    lead.device.exchange().unwrap();
    fireman.device.exchange().unwrap();
    let board = fireman.device.board(TASK).unwrap();
    let target = Register::new(kind::FINDING, rec, field::ASSESSMENT);
    let major = ChosenValue::Assessment {
        level: Level::Major,
        criterion: Some("GM10-14".into()),
        basis: vec!["AF-36-3".into()],
    };
    let heads = seen(&board.findings[0].assessment);
    let edit = fireman.device.edit_field(TASK, target.clone(), &major, &heads);
    assert_eq!(code(edit), ErrorCode::NotOwner);
    let silent = fireman.device.propose(TASK, target.clone(), &major, "  ", &heads);
    assert_eq!(code(silent), ErrorCode::ReasonMissing);
    let board = fireman.device.propose(TASK, target, &major, "装置被停用", &heads).unwrap();
    assert!(!board.proposals[0].may_reply);
    fireman.device.exchange().unwrap();
    lead.device.exchange().unwrap();
    let board = lead.device.board(TASK).unwrap();
    assert!(board.proposals[0].may_reply);
    let proposal = board.proposals[0].rec;
    let heads = seen(&board.findings[0].assessment);
    let board = lead.device.reply_proposal(TASK, proposal, true, "同意", &heads).unwrap();
    let shown = board.findings[0].assessment.shown.clone();
    assert!(matches!(shown, Some(ShownValue::Assessment(a)) if a.level == Level::Major));
    assert!(board.conflicts.is_empty());
    assert_eq!(board.proposals[0].reply.as_ref().map(|r| r.accepted), Some(true));
}

#[test]
fn a_conflict_is_closed_by_the_site_lead_alone_and_everywhere() {
    let office = Office::open();
    let (lead, second) = (office.ready(LEAD), office.ready(SECOND));
    let fireman = office.ready(FIREMAN);
    answer(&lead, ITEM, Answer::Conforms).unwrap();
    second.clock.forward(60);
    answer(&second, ITEM, Answer::Nonconforming).unwrap();
    for tablet in [&lead, &second, &lead, &fireman] {
        tablet.device.exchange().unwrap();
    }
    let joint = |tablet: &Tablet| {
        tablet.device.digests().unwrap().into_iter().find(|d| d.ledger == JOINT).unwrap()
    };
    assert_eq!(joint(&lead), joint(&second));
    assert_eq!(joint(&lead), joint(&fireman));
    let board = lead.device.board(TASK).unwrap();
    assert_eq!(answer_of(&board, ITEM), answered(Answer::Nonconforming));
    let conflict = board.conflicts[0].clone();
    assert!(conflict.may_decide);
    assert_eq!(conflict.field.heads.len(), 2);
    assert!(conflict.field.heads.iter().all(|head| !head.by.tablet.is_empty()));

    // A plain tap of the milder value does not close it.
    answer(&second, ITEM, Answer::Conforms).unwrap();
    let target = Register::new(kind::ITEM, ITEM, field::RESULT);
    let mild = second.device.board(TASK).unwrap();
    assert_eq!(mild.conflicts.len(), 0, "its own author may withdraw a value");
    answer(&second, ITEM, Answer::Nonconforming).unwrap();
    let board = second.device.board(TASK).unwrap();
    assert_eq!(board.conflicts.len(), 1);
    let heads = seen(&board.conflicts[0].field);
    let early = second.device.decide(TASK, target.clone(), &heads[0], "已核实", &heads);
    assert_eq!(code(early), ErrorCode::NotDecider);

    for tablet in [&second, &lead] {
        tablet.device.exchange().unwrap();
    }
    let board = lead.device.board(TASK).unwrap();
    let field = &board.conflicts[0].field;
    let chosen = &field.heads[0];
    assert_eq!(chosen.value, ShownValue::Answer(Some(Answer::Nonconforming)));
    let none = lead.device.decide(TASK, target.clone(), &chosen.id, "", &seen(field));
    assert_eq!(code(none), ErrorCode::ReasonMissing);
    let board =
        lead.device.decide(TASK, target.clone(), &chosen.id, "探头确被遮挡", &seen(field)).unwrap();
    assert!(board.conflicts.is_empty());
    assert_eq!(board.decisions[0].values.len(), 2);
    let again = lead.device.decide(TASK, target, &chosen.id, "再次", &seen(field));
    assert_eq!(code(again), ErrorCode::NoConflict);
    for tablet in [&lead, &second, &fireman] {
        tablet.device.exchange().unwrap();
        let board = tablet.device.board(TASK).unwrap();
        assert!(board.conflicts.is_empty());
        assert_eq!(answer_of(&board, ITEM), answered(Answer::Nonconforming));
    }
    let history = fireman.device.history(TASK).unwrap();
    assert!(history.iter().any(|entry| entry.reason.as_deref() == Some("探头确被遮挡")));
    assert_eq!(joint(&lead), joint(&fireman));
}

#[test]
fn an_internal_note_reaches_the_own_department_alone() {
    let office = Office::open();
    let (lead, second) = (office.ready(LEAD), office.ready(SECOND));
    let fireman = office.ready(FIREMAN);
    lead.device.add_note(TASK, "询问：仓库保管员").unwrap();
    for tablet in [&lead, &second, &fireman] {
        tablet.device.exchange().unwrap();
    }
    assert_eq!(second.device.board(TASK).unwrap().notes.len(), 1);
    assert!(fireman.device.board(TASK).unwrap().notes.is_empty());
    assert_eq!(second.device.digests().unwrap().len(), 2);
}

#[test]
fn photos_travel_and_a_return_is_seen() {
    let office = Office::open();
    let (lead, second) = (office.ready(LEAD), office.ready(SECOND));
    let rec = lead.device.create_finding(TASK, &draft("事实")).unwrap().rec;
    lead.device.put_evidence(TASK, rec, "C:\\照片\\a.jpg", &jpeg(500, 400)).unwrap();
    let status = lead.device.sync_status().unwrap();
    assert_eq!((status.unsent_changes, status.unsent_files), (2, 2));
    assert!(status.pending.iter().any(|p| p.intent == "file" && p.bytes > 0));
    assert_eq!(status.pending[0].enterprise, "示例精密涂装有限公司");
    let before = office.blobs().len();
    lead.device.exchange().unwrap();
    assert_eq!(office.blobs().len(), before + 2);
    let status = lead.device.sync_status().unwrap();
    assert_eq!((status.unsent_changes, status.unsent_files), (0, 0));
    second.device.exchange().unwrap();
    let board = second.device.board(TASK).unwrap();
    let file = &board.findings[0].evidence[0];
    assert_eq!(file.name, "a.jpg");
    assert_eq!(second.device.file(&file.sha256).unwrap().1, jpeg(500, 400));
    assert!(second.device.file(file.thumbnail.as_ref().unwrap()).is_ok());

    let review = Review {
        state: ReviewState::Returned,
        comment: "请补充".into(),
        reviewer: "复核员".into(),
    };
    office.write(
        "finding.return",
        vec![Write::new(kind::FINDING, rec, field::REVIEW, json!(review))],
    );
    lead.device.exchange().unwrap();
    let board = lead.device.board(TASK).unwrap();
    assert_eq!(board.findings[0].review.as_ref().map(|r| r.comment.as_str()), Some("请补充"));
    assert_eq!(lead.device.visits().unwrap()[0].card.returned, 1);
}

#[test]
fn a_server_that_dies_in_mid_answer_leaves_everything_as_it_was() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    answer(&lead, ITEM, Answer::Conforms).unwrap();
    office.write("task.touch", vec![Write::new("weather", ITEM, "sky", json!("blue"))]);
    let before = (lead.device.board(TASK).unwrap(), lead.device.digests().unwrap());
    for fault in [Fault::DiesInAnswer, Fault::Babbles] {
        office.set_fault(fault);
        assert_eq!(code(lead.device.exchange()), ErrorCode::ServerTrouble, "{fault:?}");
        let after = (lead.device.board(TASK).unwrap(), lead.device.digests().unwrap());
        assert_eq!(after, before);
        let status = lead.device.sync_status().unwrap();
        assert_eq!(status.unsent_changes, 1);
        assert_eq!(status.last_error.map(|e| e.code), Some(ErrorCode::ServerTrouble));
    }
    office.set_fault(Fault::None);
    lead.device.exchange().unwrap();
    let status = lead.device.sync_status().unwrap();
    assert_eq!((status.unsent_changes, status.last_error), (0, None));
    assert_eq!(lead.device.board(TASK).unwrap().from_newer_version, 1);
}

#[test]
fn a_tampered_change_is_not_taken() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    let before = lead.device.digests().unwrap();
    office.write("task.touch", vec![Write::new("weather", ITEM, "sky", json!("blue"))]);
    office.set_fault(Fault::Tampers);
    let error = lead.device.exchange().unwrap_err();
    assert_eq!((error.code, error.detail.as_deref()), (ErrorCode::ServerTrouble, Some("seal")));
    assert_eq!(lead.device.digests().unwrap(), before);
    office.set_fault(Fault::None);
    assert!(lead.device.exchange().unwrap());
}

#[test]
fn without_a_network_work_goes_on() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    lead.device
        .try_with(|open| {
            open.server = "http://127.0.0.1:1/".into();
            Ok(())
        })
        .unwrap();
    assert_eq!(code(lead.device.exchange()), ErrorCode::Offline);
    answer(&lead, ITEM, Answer::Conforms).unwrap();
    assert_eq!(lead.device.sync_status().unwrap().unsent_changes, 1);
}

#[test]
fn a_long_chain_travels_in_several_pages() {
    let office = Office::open();
    let (lead, second) = (office.ready(LEAD), office.ready(SECOND));
    let text = "长".repeat(4_900);
    for n in 0..80 {
        lead.device
            .try_with(|open| {
                let ledger = open.internal(TASK)?;
                let rec = open.new_record()?;
                let write = Write::new(kind::NOTE, rec, field::TEXT, json!(format!("{n}{text}")));
                open.commit(ledger, "note.add", vec![write], &[])
            })
            .unwrap();
    }
    lead.device.exchange().unwrap();
    assert_eq!(lead.device.sync_status().unwrap().unsent_changes, 0);
    second.device.exchange().unwrap();
    assert_eq!(second.device.board(TASK).unwrap().notes.len(), 80);
}

#[test]
fn what_is_typed_is_checked_before_anything_is_written() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    let before = lead.device.digests().unwrap();
    assert_eq!(code(lead.device.create_finding(TASK, &draft(" "))), ErrorCode::TextMissing);
    assert_eq!(
        code(lead.device.create_finding(TASK, &draft(&"长".repeat(5_001)))),
        ErrorCode::TooLong
    );
    let mut unknown = draft("事实");
    unknown.basis = vec!["NO-SUCH".into()];
    assert_eq!(code(lead.device.create_finding(TASK, &unknown)), ErrorCode::Malformed);
    let date = ChosenValue::Date("2026-13-01".into());
    let target = Register::new(kind::FINDING, ITEM, field::DEADLINE);
    assert_eq!(code(lead.device.edit_field(TASK, target, &date, &[])), ErrorCode::Malformed);
    let junk = ["not a head".to_owned()];
    let bad = lead.device.answer_item(TASK, ITEM, Some(Answer::Conforms), &junk);
    assert_eq!(code(bad), ErrorCode::Malformed);
    let foreign = lead.device.answer_item(TASK, FIRE_ITEM, Some(Answer::Conforms), &[]);
    assert_eq!(code(foreign), ErrorCode::NotOwner);
    assert_eq!(lead.device.digests().unwrap(), before);
}

#[test]
fn a_remark_replaces_the_one_that_was_seen() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    let target = Register::new(kind::ITEM, ITEM, field::REMARK);
    let text = |t: &str| ChosenValue::Text(t.into());
    let board = lead.device.edit_field(TASK, target.clone(), &text("一"), &[]).unwrap();
    let heads = seen(&board.items[0].remark);
    let board = lead.device.edit_field(TASK, target, &text("二"), &heads).unwrap();
    assert_eq!(board.items[0].remark.shown, Some(ShownValue::Text("二".into())));
    assert_eq!(board.items[0].remark.heads.len(), 1);
}

#[test]
fn a_damaged_store_is_said_to_be_damaged() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    let Tablet { device, home, clock } = tablet;
    drop(device);
    std::fs::write(home.path().join("store.db"), vec![7; 8192]).unwrap();
    let _ = std::fs::remove_file(home.path().join("store.db-wal"));
    let device = Device::open(home.path(), clock).unwrap();
    assert_eq!(device.unlock(PIN).unwrap().gate, Gate::StoreDamaged);
    assert_eq!(code(device.board(TASK)), ErrorCode::StoreDamaged);
    assert_eq!(code(device.exchange()), ErrorCode::StoreDamaged);
}
