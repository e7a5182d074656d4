//! What happens on site when people work without a network and meet again: one
//! test for each situation, on two or more replicas, with the office judging on
//! receipt as the server does.

#![allow(clippy::unwrap_used, reason = "a test says by failing what went wrong")]

mod support;

use domain::document::{DocumentType, Manifest, Reference};
use domain::id::{LedgerId, RecordId};
use domain::record::{field, kind};
use domain::task::{Audience, Genesis, Party, Seat, TeamRole};
use ledger::authority::{Act, FIELDS, FIELDS_OF_MANY, Scene, judge};
use ledger::certificate::{Certificate, ReplicaRole};
use ledger::decision::Ruling;
use ledger::fact::Verdict;
use ledger::proposal::Proposal;
use ledger::signature::{
    Signature, SignedDocument, SignerRole, Statements, contested_documents, value_hash,
};
use ledger::withdrawal::{Standing, Withdrawal, fields_of};
use ledger::{Change, ChangeId, Hash, Limits, Register, Resolved, VerdictKind, Write};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use support::{Replica, department, ledger_id, person, rec, replica_id, signer};

/// The lead of the leading department, a colleague, and two of another one.
const LEAD: u8 = 1;
const COLLEAGUE: u8 = 2;
const FIRE_LEAD: u8 = 3;
const FIREMAN: u8 = 4;

fn joint() -> LedgerId {
    ledger_id(1)
}
fn task() -> RecordId {
    rec(0)
}
fn own_item() -> Register {
    Register::new(kind::ITEM, rec(1), field::RESULT)
}
fn department_of(n: u8) -> domain::id::DepartmentId {
    department(if n <= COLLEAGUE { 1 } else { 2 })
}

/// The office: takes what tablets bring and judges it as the server does.
struct Office {
    server: Replica,
    verdicts: BTreeMap<ChangeId, Verdict>,
    revoked: Vec<u8>,
    records: u128,
}

impl Office {
    /// A dispatched task of two departments.
    fn open() -> Self {
        let mut server = Replica::new(0, &[joint()]);
        let genesis = Genesis {
            fold_version: 1,
            task: domain::id::TaskId(task().0),
            audience: Audience::Joint,
            catalogue: "a".repeat(64),
            nonce: None,
        };
        let mut writes = vec![Write::new(kind::GENESIS, task(), field::CHARTER, json!(genesis))];
        for (n, lead) in [(1, true), (2, false)] {
            let (name, short_name) = (format!("部门{n}"), format!("{n}"));
            let party = Party { department: department(n), name, short_name, lead };
            writes.push(Write::new(kind::PARTY, rec(500 + n), field::PARTY, json!(party)));
        }
        let seats = [LEAD, COLLEAGUE, FIRE_LEAD, FIREMAN].map(seat);
        writes.extend(seats.map(|seat| {
            Write::new(kind::MEMBER, RecordId(seat.person.0), field::SEAT, json!(seat))
        }));
        server.gesture(joint(), 0, writes);
        Self { server, verdicts: BTreeMap::new(), revoked: vec![], records: 9000 }
    }

    /// A tablet that holds the task.
    fn tablet(&mut self, n: u8) -> Replica {
        let mut tablet = Replica::new(n, &[joint()]);
        tablet.exchange(&mut self.server).unwrap();
        tablet
    }

    /// Something the office writes.
    fn write(&mut self, at: i64, writes: Vec<Write>) {
        self.server.gesture(joint(), at, writes);
    }

    fn record(&mut self) -> RecordId {
        self.records += 1;
        rec(self.records)
    }

    fn scene(&self) -> Scene {
        let fold = self.server.fold(joint());
        let registers = fold.registers();
        let of_scene = registers
            .keys()
            .filter(|r| FIELDS.iter().chain(&FIELDS_OF_MANY).any(|(k, f)| r.is(k, f)));
        let facts: Vec<_> = of_scene.flat_map(|register| fold.facts(register)).collect();
        let items = [(rec(1), department(1)), (rec(2), department(2))];
        Scene::of(&facts, &fold.context(), items)
    }

    /// Judges everything that was not judged before.
    fn judge(&mut self) {
        let mut scene = self.scene();
        let mut taken = Vec::new();
        for ((_, replica), chain) in &self.server.chains {
            if chain.of == replica_id(0) {
                continue;
            }
            for (bytes, head) in chain.changes.iter().zip(&chain.heads) {
                let change = Change::decode(bytes, Limits::SERVER).unwrap();
                taken.push((chain.of, *replica, *head, change));
            }
        }
        let by: BTreeMap<_, _> =
            [LEAD, COLLEAGUE, FIRE_LEAD, FIREMAN].map(|n| (replica_id(n), certificate(n))).into();
        taken.iter().for_each(|(of, _, _, change)| scene.introduce(&by[of], change));
        let mut writes = Vec::new();
        for (of, _, head, change) in &taken {
            let id = head.change_id();
            let act = Act { ledger: joint(), id, by: &by[of], change };
            let Some(reason) = judge(act, &scene).filter(|_| !self.verdicts.contains_key(&id))
            else {
                continue;
            };
            let (verdict, reason) = (reason.verdict(), reason.code().to_owned());
            let verdict = Verdict { change: id, verdict, reason };
            let value = verdict.to_value();
            writes.push(Write::new(kind::JUDGEMENT, self.record(), field::VERDICT, value));
            self.verdicts.insert(id, verdict);
        }
        if !writes.is_empty() {
            self.server.gesture(joint(), 0, writes);
        }
    }

    /// All tablets exchange until nothing changes; everybody then sees the same.
    fn meet(&mut self, tablets: &mut [&mut Replica]) -> BTreeMap<Register, Resolved> {
        for _ in 0..3 {
            for tablet in tablets.iter_mut() {
                tablet.exchange(&mut self.server).unwrap();
                self.judge();
            }
        }
        let fold = self.server.fold(joint());
        for tablet in tablets.iter() {
            assert_eq!(tablet.holdings_of(&[joint()]), self.server.holdings_of(&[joint()]));
            assert_eq!(tablet.fold(joint()).digest(), fold.digest());
        }
        fold.registers()
    }

    /// The reasons given for a tablet's changes, in order.
    fn reasons(&self, tablet: &Replica) -> Vec<&str> {
        let chain = self.server.chains.get(&(joint(), tablet.id));
        let ids = chain.into_iter().flat_map(|c| c.heads.iter().map(|head| head.change_id()));
        ids.filter_map(|id| self.verdicts.get(&id)).map(|v| v.reason.as_str()).collect()
    }

    fn has_void(&self) -> bool {
        self.verdicts.values().any(|verdict| verdict.verdict == VerdictKind::Void)
    }
}

fn seat(n: u8) -> Seat {
    let leads = n == LEAD || n == FIRE_LEAD;
    Seat {
        person: person(u128::from(n)),
        name: format!("检查员{n}"),
        cert_no: format!("T{n}"),
        department: department_of(n),
        role: if leads { TeamRole::SiteLead } else { TeamRole::Inspector },
    }
}

fn certificate(n: u8) -> Certificate {
    Certificate {
        replica: replica_id(n),
        key: signer(n).public(),
        role: ReplicaRole::Tablet,
        person: Some(person(u128::from(n))),
        department: Some(department_of(n)),
        name: format!("平板 {n}"),
        epoch: 0,
        valid_from: "2020-01-01".parse().unwrap(),
        valid_to: "2099-12-31".parse().unwrap(),
    }
}

fn of_finding(finding: RecordId, name: &str) -> Register {
    Register::new(kind::FINDING, finding, name)
}

/// Records a finding of the tablet's own department.
fn find(tablet: &mut Replica, at: i64, finding: RecordId, level: &str) {
    let owner = department_of(tablet.n);
    let write = |name, value| Write::new(kind::FINDING, finding, name, value);
    tablet.gesture(
        joint(),
        at,
        vec![
            write(field::ORIGIN, json!({"department": owner})),
            write(field::ASSESSMENT, json!({"level": level, "basis": []})),
            write(field::FACT, json!("报警器未接电")),
        ],
    );
}

/// The lead settles a register with a value, having seen what stands now.
fn decide(tablet: &mut Replica, at: i64, record: u128, target: &Register, value: Value) {
    let heads = tablet.fold(joint()).resolve(target).heads.iter().map(|h| h.id).collect();
    let ruling = Ruling { target: target.clone(), heads, value, reason: "看过现场".into() };
    let write = Write::new(kind::DECISION, rec(record), field::RULING, ruling.to_value());
    tablet.gesture(joint(), at, vec![write]);
}

/// Makes a document of what the tablet sees, and signs it.
fn sign(
    tablet: &mut Replica,
    at: i64,
    document: RecordId,
    replaces: Vec<Reference>,
    supplements: Option<Reference>,
) -> Reference {
    let registers = tablet.fold(joint()).registers();
    let chains = tablet.holdings_of(&[joint()]).0.remove(&joint()).unwrap();
    let pdf_sha256 = Hash::of(document.as_bytes()).to_string();
    let mut manifest = Manifest {
        form: DocumentType::SiteRecord,
        pdf_sha256: pdf_sha256.clone(),
        pdf_bytes: 1,
        holdings: String::new(),
        state: String::new(),
        supplements,
        replaces,
        more: Map::new(),
    };
    Statements::of(&registers, chains).add_to(&mut manifest.more);
    let value = json!(manifest);
    let made = tablet.gesture(
        joint(),
        at,
        vec![Write::new(kind::DOCUMENT, document, field::MANIFEST, value.clone())],
    );
    let signature = Signature {
        document,
        manifest: ledger::WriteId { change: made.change_id(), index: 0 },
        manifest_hash: value_hash(&value),
        role: SignerRole::SiteManager,
        name: "某负责人".into(),
        image: None,
        note: String::new(),
    };
    let record = RecordId(uuid::Uuid::from_u128(document.0.as_u128() + 1));
    let write = Write::new(kind::SIGNATURE, record, field::CONTENT, signature.to_value());
    tablet.gesture(joint(), at + 1, vec![write]);
    Reference { document, pdf_sha256 }
}

fn signed(tablet: &Replica) -> Vec<SignedDocument> {
    tablet.fold(joint()).signed_documents()
}

/// What a signed document says of a register.
fn as_signed(tablet: &Replica, document: &SignedDocument, register: &Register) -> Option<Value> {
    let facts = tablet.fold(joint()).facts(register);
    document.statements.registers(&facts).remove(register)?.shown
}

#[test]
fn one_item_answered_by_two_people_keeps_both_and_the_severer_stands_until_the_lead_decides() {
    let mut office = Office::open();
    let (mut a, mut b) = (office.tablet(LEAD), office.tablet(COLLEAGUE));
    a.set(joint(), 20, &own_item(), json!("conforms"));
    b.set(joint(), 10, &own_item(), json!("nonconforming"));
    let met = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(met[&own_item()].shown, Some(json!("nonconforming")));
    assert!(met[&own_item()].contested);
    assert_eq!(met[&own_item()].heads.len(), 2);
    decide(&mut a, 30, 700, &own_item(), json!("conforms"));
    let settled = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(settled[&own_item()].shown, Some(json!("conforms")));
    assert!(!settled[&own_item()].contested);
    assert!(office.verdicts.is_empty());
}

#[test]
fn a_field_edited_twice_keeps_both_texts_and_other_fields_merge() {
    let mut office = Office::open();
    let (mut a, mut b) = (office.tablet(LEAD), office.tablet(COLLEAGUE));
    find(&mut a, 1, rec(30), "general");
    office.meet(&mut [&mut a, &mut b]);
    let (fact, place) = (of_finding(rec(30), field::FACT), of_finding(rec(30), field::LOCATION));
    a.set(joint(), 10, &fact, json!("报警器电源断开"));
    b.set(joint(), 11, &fact, json!("报警器被拆除"));
    b.set(joint(), 12, &place, json!("二号车间"));
    let met = office.meet(&mut [&mut a, &mut b]);
    assert!(met[&fact].contested);
    let texts: Vec<&Value> = met[&fact].heads.iter().map(|head| &head.val).collect();
    assert!(texts.contains(&&json!("报警器电源断开")) && texts.contains(&&json!("报警器被拆除")));
    assert_eq!(met[&place].shown, Some(json!("二号车间")));
    decide(&mut a, 20, 701, &fact, json!("报警器被拆除"));
    assert!(!office.meet(&mut [&mut a, &mut b])[&fact].contested);
}

#[test]
fn major_stands_against_general_until_the_owner_lowers_it_with_a_reason() {
    let mut office = Office::open();
    let (mut a, mut b) = (office.tablet(LEAD), office.tablet(COLLEAGUE));
    find(&mut a, 1, rec(30), "major");
    office.meet(&mut [&mut a, &mut b]);
    let assessment = of_finding(rec(30), field::ASSESSMENT);
    b.set(joint(), 90, &assessment, json!({"level": "general", "basis": []}));
    let met = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(met[&assessment].shown.as_ref().unwrap()["level"], "major");
    assert!(met[&assessment].contested);
    // The colleague is no decider: what he decides takes no effect.
    decide(&mut b, 91, 702, &assessment, json!({"level": "general", "basis": []}));
    let still = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(still[&assessment].shown.as_ref().unwrap()["level"], "major");
    assert_eq!(office.reasons(&b), ["not_decider"]);
    decide(&mut a, 92, 703, &assessment, json!({"level": "general", "basis": []}));
    let lowered = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(lowered[&assessment].shown.as_ref().unwrap()["level"], "general");
}

#[test]
fn one_hazard_found_by_two_departments_is_linked_and_neither_finding_goes() {
    let mut office = Office::open();
    let (mut a, mut c) = (office.tablet(LEAD), office.tablet(FIRE_LEAD));
    find(&mut a, 1, rec(30), "general");
    find(&mut c, 2, rec(31), "major");
    office.meet(&mut [&mut a, &mut c]);
    let link = json!({"findings": [rec(30), rec(31)]});
    c.gesture(joint(), 3, vec![Write::new(kind::LINK, rec(40), field::CONTENT, link)]);
    let primary = Register::new(kind::LINK, rec(40), field::PRIMARY);
    c.set(joint(), 4, &primary, json!(rec(31)));
    a.exchange(&mut office.server).unwrap();
    let met = office.meet(&mut [&mut a, &mut c]);
    // Which of the two counts is the leading department's to say.
    assert_eq!(office.reasons(&c), ["not_decider"]);
    assert!(met.get(&primary).is_none_or(|resolved| resolved.shown.is_none()));
    a.set(joint(), 5, &primary, json!(rec(31)));
    let met = office.meet(&mut [&mut a, &mut c]);
    assert_eq!(met[&primary].shown, Some(json!(rec(31))));
    for finding in [rec(30), rec(31)] {
        assert!(met[&of_finding(finding, field::ORIGIN)].shown.is_some());
    }
}

#[test]
fn a_finding_after_sealing_is_kept_marked_and_goes_into_a_supplementary_record() {
    let mut office = Office::open();
    let (mut a, mut b) = (office.tablet(LEAD), office.tablet(COLLEAGUE));
    find(&mut a, 1, rec(30), "general");
    office.meet(&mut [&mut a, &mut b]);
    find(&mut b, 5, rec(31), "major");
    let first = sign(&mut a, 10, rec(60), vec![], None);
    let visit = Register::new(kind::VISIT, task(), field::STATE);
    a.set(joint(), 12, &visit, json!("sealed"));
    // The lead's tablet is there first: the member's finding comes late.
    a.exchange(&mut office.server).unwrap();
    office.judge();
    let met = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(office.reasons(&b), ["after_sealing"]);
    assert!(met[&of_finding(rec(31), field::ORIGIN)].shown.is_some(), "nothing is dropped");
    let original = &signed(&b)[0];
    let late = original.statements.entries.iter().any(|e| e.register.rec == rec(31));
    assert!(!late, "the signed record says what it said");
    sign(&mut a, 20, rec(62), vec![], Some(first));
    office.meet(&mut [&mut a, &mut b]);
    let documents = signed(&b);
    let supplement = documents.iter().find(|d| d.document == rec(62)).unwrap();
    assert!(supplement.statements.entries.iter().any(|e| e.register.rec == rec(31)));
    assert_eq!(supplement.follows[0].document, rec(60));
    assert!(contested_documents(&documents).is_empty());
}

#[test]
fn an_edit_after_the_signature_does_not_change_what_was_signed() {
    let mut office = Office::open();
    let (mut a, mut b) = (office.tablet(LEAD), office.tablet(COLLEAGUE));
    a.set(joint(), 1, &own_item(), json!("conforms"));
    office.meet(&mut [&mut a, &mut b]);
    sign(&mut a, 10, rec(60), vec![], None);
    b.set(joint(), 11, &own_item(), json!("nonconforming"));
    let met = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(met[&own_item()].shown, Some(json!("nonconforming")));
    for tablet in [&a, &b] {
        let document = &signed(tablet)[0];
        assert_eq!(as_signed(tablet, document, &own_item()), Some(json!("conforms")));
    }
}

#[test]
fn work_on_a_visit_that_was_called_off_meanwhile_is_kept_and_marked() {
    let mut office = Office::open();
    let (mut a, mut c) = (office.tablet(LEAD), office.tablet(FIRE_LEAD));
    let visit = Register::new(kind::VISIT, task(), field::STATE);
    a.set(joint(), 1, &visit, json!("arrived"));
    find(&mut a, 2, rec(30), "major");
    sign(&mut a, 3, rec(60), vec![], None);
    let cancelled = Write::new(kind::TASK, task(), field::STATUS, json!("cancelled"));
    let off = Write::new(kind::VISIT, task(), field::STATE, json!("cancelled"));
    office.write(2, vec![cancelled, off]);
    let met = office.meet(&mut [&mut a, &mut c]);
    assert!(!office.has_void());
    assert!(office.reasons(&a).iter().all(|reason| *reason == "cancelled"));
    assert_eq!(office.reasons(&a).len(), 4);
    // What began on site is not undone at the desk; a person settles it.
    assert_eq!(met[&visit].shown, Some(json!("arrived")));
    assert!(met[&visit].contested);
    assert_eq!(signed(&c).len(), 1, "a document that was signed stays valid");
}

#[test]
fn an_item_handed_to_another_department_keeps_what_was_done_before_anybody_knew() {
    let mut office = Office::open();
    let (mut a, mut c) = (office.tablet(LEAD), office.tablet(FIRE_LEAD));
    a.set(joint(), 1, &own_item(), json!("nonconforming"));
    let owner = json!({"department": department(2), "reason": "职责划分"});
    office.write(2, vec![Write::new(kind::ITEM, rec(1), field::OWNER, owner)]);
    c.exchange(&mut office.server).unwrap();
    c.set(joint(), 3, &own_item(), json!("conforms"));
    let met = office.meet(&mut [&mut a, &mut c]);
    assert_eq!(office.reasons(&a), ["authority_changed"]);
    assert!(office.reasons(&c).is_empty());
    assert_eq!(met[&own_item()].heads.len(), 2);
    assert_eq!(met[&own_item()].shown, Some(json!("nonconforming")));
    // From now on only the new owner's word counts.
    a.set(joint(), 9, &own_item(), json!("conforms"));
    office.meet(&mut [&mut a, &mut c]);
    assert_eq!(office.reasons(&a), ["authority_changed", "not_owner"]);
}

#[test]
fn a_member_taken_off_the_team_is_still_heard() {
    let mut office = Office::open();
    let (mut a, mut b) = (office.tablet(LEAD), office.tablet(COLLEAGUE));
    b.set(joint(), 1, &own_item(), json!("nonconforming"));
    let gone = RecordId(person(u128::from(COLLEAGUE)).0);
    office.write(2, vec![Write::new(kind::MEMBER, gone, field::SEAT, Value::Null)]);
    let met = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(office.reasons(&b), ["authority_changed"]);
    assert_eq!(met[&own_item()].shown, Some(json!("nonconforming")));
    b.set(joint(), 5, &own_item(), json!("conforms"));
    office.meet(&mut [&mut a, &mut b]);
    assert_eq!(office.reasons(&b), ["authority_changed", "not_member"]);
    assert!(!office.has_void());
}

#[test]
fn work_of_a_tablet_that_was_revoked_or_lost_meanwhile_is_taken_and_marked() {
    let mut office = Office::open();
    let (mut a, mut b) = (office.tablet(LEAD), office.tablet(COLLEAGUE));
    b.set(joint(), 1, &own_item(), json!("nonconforming"));
    let lost = json!({"lost": true, "reason": "遗失"});
    let record = RecordId(replica_id(COLLEAGUE).0);
    office.write(2, vec![Write::new(kind::REPLICA, record, field::REVOKED, lost)]);
    office.revoked.push(COLLEAGUE);
    let met = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(office.reasons(&b), ["revoked"]);
    assert_eq!(met[&own_item()].shown, Some(json!("nonconforming")));
}

#[test]
fn a_library_updated_meanwhile_leaves_the_pinned_catalogue_and_every_answer() {
    let mut office = Office::open();
    let (mut a, mut b) = (office.tablet(LEAD), office.tablet(COLLEAGUE));
    a.set(joint(), 1, &own_item(), json!("nonconforming"));
    let newer = json!({"sha256": "b".repeat(64), "bytes": 1, "items": 3});
    office.write(2, vec![Write::new(kind::TASK, task(), field::PACKAGE, newer.clone())]);
    let met = office.meet(&mut [&mut a, &mut b]);
    let charter = &met[&Register::new(kind::GENESIS, task(), field::CHARTER)];
    assert_eq!(charter.shown.as_ref().unwrap()["catalogue"], "a".repeat(64));
    assert_eq!(met[&Register::new(kind::TASK, task(), field::PACKAGE)].shown, Some(newer));
    assert_eq!(met[&own_item()].shown, Some(json!("nonconforming")));
    assert!(office.verdicts.is_empty());
}

#[test]
fn enterprise_data_found_otherwise_on_site_is_proposed_and_documents_keep_their_snapshot() {
    let mut office = Office::open();
    let enterprise = Register::new(kind::ENTERPRISE, rec(70), "address");
    let registered = json!({"value": "示例路1号", "source": "registry"});
    let write = |value| Write::new(kind::ENTERPRISE, rec(70), "address", value);
    office.write(1, vec![write(registered.clone())]);
    let (mut a, mut b) = (office.tablet(LEAD), office.tablet(COLLEAGUE));
    let found = json!({"value": "示例路2号", "source": "on_site"});
    let proposal = Proposal {
        target: enterprise.clone(),
        heads: vec![],
        value: found.clone(),
        reason: "门牌如此".into(),
    };
    let wish = Write::new(kind::PROPOSAL, rec(71), field::CONTENT, proposal.to_value());
    a.gesture(joint(), 2, vec![wish]);
    b.set(joint(), 3, &enterprise, found.clone());
    let met = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(met[&enterprise].shown, Some(registered.clone()), "nobody writes it on site");
    assert_eq!(office.reasons(&b), ["server_only"]);
    sign(&mut a, 5, rec(60), vec![], None);
    office.meet(&mut [&mut a, &mut b]);
    office.write(9, vec![write(found.clone())]);
    let met = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(met[&enterprise].shown, Some(found));
    assert_eq!(as_signed(&b, &signed(&b)[0], &enterprise), Some(registered));
}

#[test]
fn of_two_deadlines_the_earlier_stands_and_after_signing_only_a_new_document_changes_it() {
    let mut office = Office::open();
    let (mut a, mut b) = (office.tablet(LEAD), office.tablet(COLLEAGUE));
    find(&mut a, 1, rec(30), "general");
    office.meet(&mut [&mut a, &mut b]);
    let deadline = of_finding(rec(30), field::DEADLINE);
    a.set(joint(), 2, &deadline, json!("2026-12-24"));
    b.set(joint(), 3, &deadline, json!("2026-12-03"));
    let met = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(met[&deadline].shown, Some(json!("2026-12-03")));
    assert!(met[&deadline].contested);
    decide(&mut a, 4, 704, &deadline, json!("2026-12-24"));
    office.meet(&mut [&mut a, &mut b]);
    let first = sign(&mut a, 5, rec(60), vec![], None);
    b.set(joint(), 9, &deadline, json!("2026-12-10"));
    office.meet(&mut [&mut a, &mut b]);
    assert_eq!(as_signed(&a, &signed(&a)[0], &deadline), Some(json!("2026-12-24")));
    sign(&mut a, 12, rec(62), vec![first], None);
    office.meet(&mut [&mut a, &mut b]);
    let later = signed(&b).into_iter().find(|d| d.document == rec(62)).unwrap();
    assert_eq!(as_signed(&b, &later, &deadline), Some(json!("2026-12-10")));
}

#[test]
fn two_tablets_that_sign_one_record_differently_are_both_shown_until_a_document_settles_it() {
    let mut office = Office::open();
    let (mut a, mut b) = (office.tablet(LEAD), office.tablet(COLLEAGUE));
    a.set(joint(), 1, &own_item(), json!("conforms"));
    b.set(joint(), 2, &own_item(), json!("nonconforming"));
    let first = sign(&mut a, 10, rec(60), vec![], None);
    let second = sign(&mut b, 11, rec(62), vec![], None);
    office.meet(&mut [&mut a, &mut b]);
    let documents = signed(&a);
    assert_eq!(documents.len(), 2);
    assert_eq!(contested_documents(&documents).len(), 1);
    let said: Vec<_> = documents.iter().map(|d| as_signed(&a, d, &own_item()).unwrap()).collect();
    assert!(said.contains(&json!("conforms")) && said.contains(&json!("nonconforming")));
    decide(&mut a, 20, 705, &own_item(), json!("nonconforming"));
    sign(&mut a, 21, rec(64), vec![first, second], None);
    office.meet(&mut [&mut a, &mut b]);
    assert!(contested_documents(&signed(&b)).is_empty());
    assert_eq!(signed(&b).len(), 3, "the earlier ones stay, as what they were");
}

#[test]
fn what_a_signed_document_relies_on_stays_in_force_though_it_was_voided() {
    let mut office = Office::open();
    let (mut a, mut c) = (office.tablet(LEAD), office.tablet(FIRE_LEAD));
    // Another department's item, answered against the rules and voided…
    c.set(joint(), 1, &own_item(), json!("nonconforming"));
    c.exchange(&mut office.server).unwrap();
    office.judge();
    assert!(office.has_void());
    // …while the lead, who has it from the other tablet and not the void, signs.
    a.chains.extend(c.chains.clone());
    sign(&mut a, 5, rec(60), vec![], None);
    let met = office.meet(&mut [&mut a, &mut c]);
    assert_eq!(met[&own_item()].shown, Some(json!("nonconforming")));
}

#[test]
fn a_clock_that_is_days_off_decides_nothing() {
    let mut office = Office::open();
    let (mut a, mut b) = (office.tablet(LEAD), office.tablet(COLLEAGUE));
    let days = 3 * 24 * 3600 * 1000;
    // Three days ahead, and milder: it does not win.
    a.set(joint(), days, &own_item(), json!("conforms"));
    b.set(joint(), 1, &own_item(), json!("nonconforming"));
    let met = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(met[&own_item()].shown, Some(json!("nonconforming")));
    // A decision by a clock that is behind closes what it saw all the same.
    decide(&mut a, -days, 706, &own_item(), json!("conforms"));
    let settled = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(settled[&own_item()].shown, Some(json!("conforms")));
    assert!(!settled[&own_item()].contested);
    assert!(office.verdicts.is_empty());
}

fn withdraw(tablet: &mut Replica, at: i64, record: u128, kind: &str, target: RecordId) {
    let fields = fields_of(&tablet.fold(joint()).registers(), kind, target);
    let withdrawal = Withdrawal::of(kind, target, &fields, "重复拍摄");
    let write = Write::new(kind::WITHDRAWAL, rec(record), field::CONTENT, withdrawal.to_value());
    tablet.gesture(joint(), at, vec![write]);
}

#[test]
fn evidence_withdrawn_is_hidden_with_a_reason_and_its_hash_stays() {
    let mut office = Office::open();
    let (mut a, mut c) = (office.tablet(LEAD), office.tablet(FIRE_LEAD));
    let file = json!({"subject": rec(1), "sha256": "c".repeat(64), "bytes": 5,
        "media_type": "image/jpeg", "name": "a.jpg"});
    a.gesture(joint(), 1, vec![Write::new(kind::EVIDENCE, rec(80), field::FILE, file.clone())]);
    office.meet(&mut [&mut a, &mut c]);
    withdraw(&mut c, 2, 710, kind::EVIDENCE, rec(80));
    let met = office.meet(&mut [&mut a, &mut c]);
    assert_eq!(office.reasons(&c), ["not_owner"]);
    assert_eq!(Standing::of(&fields_of(&met, kind::EVIDENCE, rec(80))), Standing::Visible);
    withdraw(&mut a, 3, 711, kind::EVIDENCE, rec(80));
    let met = office.meet(&mut [&mut a, &mut c]);
    let fields = fields_of(&met, kind::EVIDENCE, rec(80));
    let Standing::Withdrawn(withdrawal) = Standing::of(&fields) else { panic!("{fields:?}") };
    assert_eq!(withdrawal.reason, "重复拍摄");
    assert_eq!(fields[field::FILE].shown, Some(file), "hash and file remain");
}

#[test]
fn a_statement_that_a_withdrawal_did_not_see_keeps_the_record_visible_and_contested() {
    let mut office = Office::open();
    let (mut a, mut b) = (office.tablet(LEAD), office.tablet(COLLEAGUE));
    find(&mut a, 1, rec(30), "general");
    office.meet(&mut [&mut a, &mut b]);
    withdraw(&mut a, 2, 712, kind::FINDING, rec(30));
    b.set(joint(), 3, &of_finding(rec(30), field::LOCATION), json!("二号车间"));
    let met = office.meet(&mut [&mut a, &mut b]);
    let standing = |registers: &BTreeMap<Register, Resolved>| {
        Standing::of(&fields_of(registers, kind::FINDING, rec(30)))
    };
    assert!(matches!(standing(&met), Standing::Contested(_)));
    // The owner's lead settles it: the finding stands.
    decide(&mut a, 4, 713, &of_finding(rec(30), field::WITHDRAWN), Value::Null);
    let met = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(standing(&met), Standing::Visible);
}

#[test]
fn nobody_takes_a_record_back_by_writing_that_it_is() {
    let mut office = Office::open();
    let (mut a, mut b) = (office.tablet(LEAD), office.tablet(COLLEAGUE));
    find(&mut a, 1, rec(30), "major");
    office.meet(&mut [&mut a, &mut b]);
    let heads: Vec<Value> = vec![];
    let claim = json!({"kind": "finding", "rec": rec(30), "heads": heads, "reason": "x"});
    b.set(joint(), 2, &of_finding(rec(30), field::WITHDRAWN), claim);
    let met = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(Standing::of(&fields_of(&met, kind::FINDING, rec(30))), Standing::Visible);
    assert_eq!(office.reasons(&b), ["server_only"]);
}

#[test]
fn whatever_comes_twice_counts_once() {
    let mut office = Office::open();
    let (mut a, mut b) = (office.tablet(LEAD), office.tablet(COLLEAGUE));
    find(&mut a, 1, rec(30), "major");
    a.set(joint(), 2, &own_item(), json!("nonconforming"));
    let once = office.meet(&mut [&mut a, &mut b]);
    let head = office.server.head(joint(), a.id);
    for _ in 0..3 {
        let span = ledger::holdings::Span {
            ledger: joint(),
            replica: a.id,
            after: 0,
            at: None,
            upto: head.pos,
        };
        assert_eq!(office.server.apply(&a.page(&span)), None);
    }
    assert_eq!(office.server.head(joint(), a.id), head);
    assert_eq!(office.meet(&mut [&mut a, &mut b]), once);
}

#[test]
fn a_visit_goes_forward_by_itself_and_back_by_nobody() {
    let mut office = Office::open();
    let (mut a, mut b) = (office.tablet(LEAD), office.tablet(COLLEAGUE));
    let visit = Register::new(kind::VISIT, task(), field::STATE);
    a.set(joint(), 1, &visit, json!("arrived"));
    b.set(joint(), 2, &visit, json!("recording"));
    let met = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(met[&visit].shown, Some(json!("recording")));
    assert!(!met[&visit].contested);
    // The lead, who saw it, cannot set it back by tapping.
    a.set(joint(), 3, &visit, json!("arrived"));
    let met = office.meet(&mut [&mut a, &mut b]);
    assert_eq!(met[&visit].shown, Some(json!("recording")));
}
