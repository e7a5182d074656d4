//! What may be written, by whom.

use super::*;
use crate::certificate::ReplicaRole;
use crate::change::Write;
use crate::id::Register;
use crate::id::{ChangeId, WriteId};
use crate::seal::Signer;
use domain::id::ReplicaId;
use domain::id::{DepartmentId, PersonId, RecordId};
use domain::task::Audience;
use domain::task::TeamRole;
use domain::time::Wall;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const OURS: DepartmentId = DepartmentId(Uuid::from_u128(1));
const THEIRS: DepartmentId = DepartmentId(Uuid::from_u128(2));
const LEAD: PersonId = PersonId(Uuid::from_u128(11));
const INSPECTOR: PersonId = PersonId(Uuid::from_u128(12));
const STRANGER: PersonId = PersonId(Uuid::from_u128(13));
const OUR_ITEM: RecordId = RecordId(Uuid::from_u128(21));
const THEIR_ITEM: RecordId = RecordId(Uuid::from_u128(22));
const OUR_FINDING: RecordId = RecordId(Uuid::from_u128(23));
const THEIR_FINDING: RecordId = RecordId(Uuid::from_u128(24));
const NEW: RecordId = RecordId(Uuid::from_u128(25));
const THEIR_PHOTO: RecordId = RecordId(Uuid::from_u128(27));
const OUR_PHOTO: RecordId = RecordId(Uuid::from_u128(28));
const PROPOSAL_TO_US: RecordId = RecordId(Uuid::from_u128(26));

fn owned<const N: usize>(
    owners: [(RecordId, DepartmentId); N],
) -> BTreeMap<RecordId, History<DepartmentId>> {
    owners.into_iter().map(|(rec, owner)| (rec, History::always(owner))).collect()
}

fn act(by: &Certificate, change: &Change, scene: &Scene) -> Option<Reason> {
    let (ledger, id) = (LedgerId(Uuid::from_u128(41)), ChangeId([5; 16]));
    judge(Act { ledger, id, by, change }, scene)
}

fn scene() -> Scene {
    let seat = |person, role| Seat {
        person,
        name: "测试员".into(),
        cert_no: "T1".into(),
        department: OURS,
        role,
    };
    Scene {
        audience: Some(Audience::Joint),
        seats: BTreeMap::from([
            (LEAD, History::always(Some(seat(LEAD, TeamRole::SiteLead)))),
            (INSPECTOR, History::always(Some(seat(INSPECTOR, TeamRole::Inspector)))),
        ]),
        items: owned([(OUR_ITEM, OURS), (THEIR_ITEM, THEIRS)]),
        lead: Some(OURS),
        findings: owned([(OUR_FINDING, OURS), (THEIR_FINDING, THEIRS)]),
        proposals: BTreeMap::from([(
            PROPOSAL_TO_US,
            Register::new(kind::FINDING, OUR_FINDING, field::ASSESSMENT),
        )]),
        authors: BTreeMap::from([
            (Register::new(kind::EVIDENCE, THEIR_PHOTO, field::FILE), THEIRS),
            (Register::new(kind::EVIDENCE, OUR_PHOTO, field::FILE), OURS),
        ]),
        ..Scene::default()
    }
}

fn certificate(person: PersonId) -> Certificate {
    Certificate {
        replica: ReplicaId(Uuid::from_u128(31)),
        key: Signer::from_seed(&[1; 32]).public(),
        role: ReplicaRole::Tablet,
        person: Some(person),
        department: Some(OURS),
        name: "平板 1".into(),
        epoch: 0,
        valid_from: "2026-01-01".parse().unwrap(),
        valid_to: "2026-12-31".parse().unwrap(),
    }
}

fn change(author: PersonId, kind: &str, rec: RecordId, field: &str, val: Value) -> Change {
    Change {
        pos: 1,
        author,
        wall: Wall::parse("2026-11-23T02:00:00.000Z").unwrap(),
        n: 1,
        seen: 1,
        intent: "test".into(),
        writes: vec![Write::new(kind, rec, field, val)],
    }
}

fn judged(author: PersonId, kind: &str, rec: RecordId, field: &str, val: Value) -> Option<Reason> {
    act(&certificate(author), &change(author, kind, rec, field, val), &scene())
}

fn ruling_on(item: RecordId) -> Value {
    crate::decision::Ruling {
        target: Register::new(kind::ITEM, item, field::RESULT),
        heads: vec![WriteId { change: ChangeId([1; 16]), index: 0 }],
        value: json!("conforms"),
        reason: "看过现场".into(),
    }
    .to_value()
}

#[test]
fn an_answer_is_the_owners_alone() {
    let answer = json!("conforms");
    assert_eq!(judged(INSPECTOR, kind::ITEM, OUR_ITEM, field::RESULT, answer.clone()), None);
    let theirs = judged(INSPECTOR, kind::ITEM, THEIR_ITEM, field::RESULT, answer.clone());
    assert_eq!(theirs, Some(Reason::NotOwner));
    let unknown = judged(INSPECTOR, kind::ITEM, NEW, field::RESULT, answer);
    assert_eq!(unknown, Some(Reason::UnknownRecord));
}

#[test]
fn only_the_owners_lead_decides_and_replies() {
    let decide = |who, item| judged(who, kind::DECISION, NEW, field::RULING, ruling_on(item));
    assert_eq!(decide(LEAD, OUR_ITEM), None);
    assert_eq!(decide(INSPECTOR, OUR_ITEM), Some(Reason::NotDecider));
    assert_eq!(decide(LEAD, THEIR_ITEM), Some(Reason::NotDecider));
    let reply = json!({"accepted": true, "reason": "属实"});
    let replied = |who| judged(who, kind::PROPOSAL, PROPOSAL_TO_US, field::REPLY, reply.clone());
    assert_eq!(replied(LEAD), None);
    assert_eq!(replied(INSPECTOR), Some(Reason::NotDecider));
}

#[test]
fn a_decision_without_a_reason_is_none() {
    let mut value = ruling_on(OUR_ITEM);
    value["reason"] = json!("  ");
    let judged = judged(LEAD, kind::DECISION, NEW, field::RULING, value);
    assert_eq!(judged, Some(Reason::WrongForm));
}

#[test]
fn nobody_creates_or_takes_over_a_finding_of_another_department() {
    let origin = |department| json!({"department": department});
    let created =
        |rec, department| judged(INSPECTOR, kind::FINDING, rec, field::ORIGIN, origin(department));
    assert_eq!(created(NEW, OURS), None);
    assert_eq!(created(NEW, THEIRS), Some(Reason::NotOwner));
    assert_eq!(created(THEIR_FINDING, OURS), Some(Reason::NotOwner));
}

#[test]
fn what_the_office_writes_no_tablet_writes_not_even_by_a_decision() {
    let review = json!({"state": "approved", "comment": "", "reviewer": "x"});
    let direct = judged(LEAD, kind::FINDING, OUR_FINDING, field::REVIEW, review.clone());
    assert_eq!(direct, Some(Reason::ServerOnly));
    let ruling = crate::decision::Ruling {
        target: Register::new(kind::FINDING, OUR_FINDING, field::REVIEW),
        heads: vec![],
        value: review,
        reason: "x".into(),
    };
    let by_decision = judged(LEAD, kind::DECISION, NEW, field::RULING, ruling.to_value());
    assert_eq!(by_decision, Some(Reason::ServerOnly));
}

#[test]
fn nobody_writes_over_another_departments_photo_or_decides_it_away() {
    let erase = |rec| judged(LEAD, kind::EVIDENCE, rec, field::FILE, Value::Null);
    assert_eq!(erase(THEIR_PHOTO), Some(Reason::NotOwner));
    assert_eq!(erase(OUR_PHOTO), None);
    assert_eq!(erase(NEW), None);
    for target in [
        Register::new(kind::EVIDENCE, THEIR_PHOTO, field::FILE),
        Register::new(kind::FINDING, OUR_FINDING, field::ORIGIN),
    ] {
        let ruling = crate::decision::Ruling {
            target,
            heads: vec![],
            value: Value::Null,
            reason: "x".into(),
        };
        let judged = judged(LEAD, kind::DECISION, NEW, field::RULING, ruling.to_value());
        assert_eq!(judged, Some(Reason::WrongForm));
    }
}

#[test]
fn notes_stay_in_the_internal_ledger_and_records_out_of_it() {
    let note = judged(LEAD, kind::NOTE, NEW, field::TEXT, json!("询问要点"));
    assert_eq!(note, Some(Reason::WrongLedger));
    let internal = Scene { audience: Some(Audience::Internal { department: OURS }), ..scene() };
    let certificate = certificate(LEAD);
    let note = change(LEAD, kind::NOTE, NEW, field::TEXT, json!("询问要点"));
    assert_eq!(act(&certificate, &note, &internal), None);
    let answer = change(LEAD, kind::ITEM, OUR_ITEM, field::RESULT, json!("conforms"));
    assert_eq!(act(&certificate, &answer, &internal), Some(Reason::WrongLedger));
}

#[test]
fn time_and_membership_are_for_a_person_to_judge_and_lose_nothing() {
    let mut late = change(INSPECTOR, kind::ITEM, OUR_ITEM, field::RESULT, json!("conforms"));
    late.wall = Wall::parse("2027-01-05T02:00:00.000Z").unwrap();
    let reason = act(&certificate(INSPECTOR), &late, &scene());
    assert_eq!(reason, Some(Reason::CertificateExpired));
    let stranger = judged(STRANGER, kind::ITEM, OUR_ITEM, field::RESULT, json!("conforms"));
    assert_eq!(stranger, Some(Reason::NotMember));
    let decides = judged(STRANGER, kind::DECISION, NEW, field::RULING, ruling_on(OUR_ITEM));
    assert_eq!(decides, Some(Reason::NotDecider));
    for reason in [Reason::CertificateExpired, Reason::NotMember] {
        assert_eq!(reason.verdict(), VerdictKind::Review);
    }
    let forged = change(LEAD, kind::ITEM, OUR_ITEM, field::RESULT, json!("conforms"));
    let reason = act(&certificate(INSPECTOR), &forged, &scene());
    assert_eq!(reason, Some(Reason::WrongAuthor));
    assert_eq!(Reason::WrongAuthor.verdict(), VerdictKind::Void);
}

fn moved_away(seen: u64) -> Change {
    Change { seen, ..change(INSPECTOR, kind::ITEM, OUR_ITEM, field::RESULT, json!("conforms")) }
}

#[test]
fn what_was_done_about_the_time_a_seat_was_taken_away_is_for_a_person_to_judge() {
    let mut scene = scene();
    // At position 10 of the server's chain the seat is taken away.
    scene.seats.get_mut(&INSPECTOR).unwrap().set(10, None);
    let by = certificate(INSPECTOR);
    assert_eq!(act(&by, &moved_away(9), &scene), Some(Reason::AuthorityChanged));
    assert_eq!(act(&by, &moved_away(10), &scene), Some(Reason::NotMember));
    for reason in [Reason::AuthorityChanged, Reason::NotMember] {
        assert_eq!(reason.verdict(), VerdictKind::Review, "nothing of it is dropped");
    }
}

#[test]
fn an_item_handed_on_is_judged_by_what_the_author_had_seen() {
    let mut scene = scene();
    scene.items.get_mut(&OUR_ITEM).unwrap().set(10, THEIRS);
    let by = certificate(INSPECTOR);
    assert_eq!(act(&by, &moved_away(9), &scene), Some(Reason::AuthorityChanged));
    assert_eq!(act(&by, &moved_away(10), &scene), Some(Reason::NotOwner));
    scene.items.get_mut(&OUR_ITEM).unwrap().set(20, OURS);
    assert_eq!(act(&by, &moved_away(20), &scene), None);
}

#[test]
fn work_of_a_revoked_tablet_on_a_cancelled_visit_or_after_sealing_is_reviewed() {
    let by = certificate(INSPECTOR);
    let answer = change(INSPECTOR, kind::ITEM, OUR_ITEM, field::RESULT, json!("conforms"));
    let revoked = Scene { revoked: BTreeSet::from([by.replica]), ..scene() };
    assert_eq!(act(&by, &answer, &revoked), Some(Reason::Revoked));
    assert_eq!(act(&by, &answer, &Scene { cancelled: true, ..scene() }), Some(Reason::Cancelled));
    let sealed = Scene { sealed: true, ..scene() };
    assert_eq!(act(&by, &answer, &sealed), Some(Reason::AfterSealing));
    // What the signed record relies on was not late.
    let signed = Scene { signed: BTreeSet::from([ChangeId([5; 16])]), ..sealed };
    assert_eq!(act(&by, &answer, &signed), None);
}

#[test]
fn what_a_signed_document_relies_on_is_never_voided() {
    let signed = Scene { signed: BTreeSet::from([ChangeId([5; 16])]), ..scene() };
    let foreign = change(INSPECTOR, kind::ITEM, THEIR_ITEM, field::RESULT, json!("conforms"));
    let reason = act(&certificate(INSPECTOR), &foreign, &signed).unwrap();
    assert_eq!(reason.verdict(), VerdictKind::Review);
}

#[test]
fn a_finding_is_taken_back_by_a_decider_and_a_photo_by_its_own_department() {
    let take_back = |who, kind: &str, rec| {
        let withdrawal = crate::withdrawal::Withdrawal {
            kind: kind.to_owned(),
            rec,
            heads: vec![],
            reason: "重复记录".into(),
        };
        judged(who, kind::WITHDRAWAL, NEW, field::CONTENT, withdrawal.to_value())
    };
    assert_eq!(take_back(LEAD, kind::FINDING, OUR_FINDING), None);
    assert_eq!(take_back(INSPECTOR, kind::FINDING, OUR_FINDING), Some(Reason::NotDecider));
    assert_eq!(take_back(LEAD, kind::FINDING, THEIR_FINDING), Some(Reason::NotDecider));
    assert_eq!(take_back(INSPECTOR, kind::EVIDENCE, OUR_PHOTO), None);
    assert_eq!(take_back(LEAD, kind::EVIDENCE, THEIR_PHOTO), Some(Reason::NotOwner));
    assert_eq!(take_back(LEAD, kind::ITEM, OUR_ITEM), Some(Reason::WrongForm));
}

#[test]
fn only_the_leading_departments_decider_seals_and_only_the_office_cancels() {
    let visit = |who, state: &str| judged(who, kind::VISIT, NEW, field::STATE, json!(state));
    assert_eq!(visit(INSPECTOR, "arrived"), None);
    assert_eq!(visit(LEAD, "sealed"), None);
    assert_eq!(visit(INSPECTOR, "sealed"), Some(Reason::NotDecider));
    assert_eq!(visit(LEAD, "cancelled"), Some(Reason::ServerOnly));
    assert_eq!(visit(LEAD, "over"), Some(Reason::WrongForm));
}

#[test]
fn what_the_office_holds_of_an_enterprise_is_proposed_and_never_written() {
    let name = || json!({"value": "示例化工（新址）", "source": "on_site"});
    let direct = judged(LEAD, kind::ENTERPRISE, NEW, "address", name());
    assert_eq!(direct, Some(Reason::ServerOnly));
    let proposal = crate::proposal::Proposal {
        target: Register::new(kind::ENTERPRISE, NEW, "address"),
        heads: vec![],
        value: name(),
        reason: "现场门牌".into(),
    };
    let wished = judged(INSPECTOR, kind::PROPOSAL, NEW, field::CONTENT, proposal.to_value());
    assert_eq!(wished, None);
}
