//! What a tablet's change may do: the same judgement at the tablet, before it
//! commits, and at the server, on receipt.
//!
//! The server never turns a verified change away. It voids what was not
//! allowed and marks for review what only a person can judge.

use crate::certificate::Certificate;
use crate::change::{Change, Write};
use crate::decision::Ruling;
use crate::fact::VerdictKind;
use crate::id::Register;
use crate::policy::{policy, server_only};
use crate::proposal::Proposal;
use domain::finding::Origin;
use domain::id::{DepartmentId, PersonId, RecordId};
use domain::record::{field, kind};
use domain::task::{Audience, Seat};
use std::collections::BTreeMap;

/// Why a change is not simply taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The author is not the person the tablet is enrolled for.
    WrongAuthor,
    /// The tablet's certificate did not cover the day.
    CertificateExpired,
    /// The person has no seat in the team.
    NotMember,
    /// Another department owns the record.
    NotOwner,
    /// Only the owner's site lead or deputy may do this.
    NotDecider,
    /// Only the office writes this.
    ServerOnly,
    /// It does not belong into this ledger.
    WrongLedger,
    /// The record is not known here.
    UnknownRecord,
    /// The value has not the form its field wants.
    WrongForm,
    /// The bytes cannot be read.
    Malformed,
}

impl Reason {
    /// The code in judgements and receipts.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::WrongAuthor => "wrong_author",
            Self::CertificateExpired => "certificate_expired",
            Self::NotMember => "not_member",
            Self::NotOwner => "not_owner",
            Self::NotDecider => "not_decider",
            Self::ServerOnly => "server_only",
            Self::WrongLedger => "wrong_ledger",
            Self::UnknownRecord => "unknown_record",
            Self::WrongForm => "wrong_form",
            Self::Malformed => "malformed",
        }
    }

    /// What the server says for this reason: what depends on time and
    /// membership is for a person to judge, the rest takes no effect.
    #[must_use]
    pub fn verdict(self) -> VerdictKind {
        match self {
            Self::CertificateExpired | Self::NotMember | Self::UnknownRecord => VerdictKind::Review,
            _ => VerdictKind::Void,
        }
    }
}

/// What is known of a task when a change to it is judged.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    /// Who may read the ledger; none when its genesis is not known.
    pub audience: Option<Audience>,
    /// The team.
    pub seats: BTreeMap<PersonId, Seat>,
    /// Who owns each check item.
    pub items: BTreeMap<RecordId, DepartmentId>,
    /// Who owns each finding.
    pub findings: BTreeMap<RecordId, DepartmentId>,
    /// What each proposal wants to change.
    pub proposals: BTreeMap<RecordId, Register>,
    /// Whose each piece of evidence, document, proposal and decision is: the
    /// department of the person who wrote the register first.
    pub authors: BTreeMap<Register, DepartmentId>,
}

impl Scene {
    /// The department that owns what a register belongs to.
    #[must_use]
    pub fn owner(&self, register: &Register) -> Option<DepartmentId> {
        match register.kind.as_str() {
            kind::ITEM => self.items.get(&register.rec).copied(),
            kind::FINDING => self.findings.get(&register.rec).copied(),
            _ => None,
        }
    }
}

/// Judges a change; none when it may be taken as it is. The gravest reason
/// counts: void before review.
#[must_use]
pub fn judge(by: &Certificate, change: &Change, scene: &Scene) -> Option<Reason> {
    if by.person != Some(change.author) {
        return Some(Reason::WrongAuthor);
    }
    let mut reasons: Vec<Reason> = Vec::new();
    let day = change.wall.shanghai_date();
    if day < by.valid_from || day > by.valid_to {
        reasons.push(Reason::CertificateExpired);
    }
    let Some(seat) = scene.seats.get(&change.author) else {
        // What a stranger saw is kept for a person to judge; what only a lead may
        // settle takes no effect meanwhile.
        let settles = |w: &Write| {
            w.register.is(kind::DECISION, field::RULING)
                || w.register.is(kind::PROPOSAL, field::REPLY)
        };
        let settled = change.writes.iter().any(settles);
        return Some(if settled { Reason::NotDecider } else { Reason::NotMember });
    };
    let created = created_findings(change);
    reasons.extend(change.writes.iter().filter_map(|w| judge_write(w, seat, scene, &created)));
    reasons.into_iter().min_by_key(|r| (r.verdict() != VerdictKind::Void, *r))
}

/// Findings that the change itself creates, with their owners.
fn created_findings(change: &Change) -> BTreeMap<RecordId, DepartmentId> {
    let origins = change.writes.iter().filter(|w| w.register.is(kind::FINDING, field::ORIGIN));
    origins
        .filter_map(|w| {
            let origin: Origin = serde_json::from_value(w.val.clone()).ok()?;
            Some((w.register.rec, origin.department))
        })
        .collect()
}

fn judge_write(
    write: &Write,
    seat: &Seat,
    scene: &Scene,
    created: &BTreeMap<RecordId, DepartmentId>,
) -> Option<Reason> {
    let register = &write.register;
    if server_only(register) {
        return Some(Reason::ServerOnly);
    }
    let owns = |owner: Option<DepartmentId>| match owner {
        Some(owner) if owner == seat.department => None,
        Some(_) => Some(Reason::NotOwner),
        None => Some(Reason::UnknownRecord),
    };
    let decides = |owner: Option<DepartmentId>| match owner {
        Some(owner) if owner == seat.department && seat.decides() => None,
        Some(_) => Some(Reason::NotDecider),
        None => Some(Reason::UnknownRecord),
    };
    match (register.kind.as_str(), register.field.as_str()) {
        (kind::NOTE, _) => {
            let own = Audience::Internal { department: seat.department };
            (scene.audience != Some(own)).then_some(Reason::WrongLedger)
        }
        _ if scene.audience != Some(Audience::Joint) => Some(Reason::WrongLedger),
        (kind::ITEM, _) => owns(scene.owner(register)),
        (kind::FINDING, field::ORIGIN) => {
            // A finding is created once, by its owner; nobody hands it on by writing this again.
            match scene.findings.get(&register.rec) {
                Some(owner) if *owner != seat.department => Some(Reason::NotOwner),
                _ => match created.get(&register.rec) {
                    Some(owner) if *owner == seat.department => None,
                    Some(_) => Some(Reason::NotOwner),
                    None => Some(Reason::WrongForm),
                },
            }
        }
        (kind::FINDING, _) => {
            owns(scene.owner(register).or_else(|| created.get(&register.rec).copied()))
        }
        (kind::EVIDENCE, field::FILE)
        | (kind::DOCUMENT, field::MANIFEST)
        | (kind::PROPOSAL, field::CONTENT)
        | (kind::DECISION, field::RULING)
            if scene.authors.get(register).is_some_and(|owner| *owner != seat.department) =>
        {
            Some(Reason::NotOwner)
        }
        (kind::PROPOSAL, field::CONTENT) => match Proposal::from_value(&write.val) {
            Some(proposal) if server_only(&proposal.target) => Some(Reason::ServerOnly),
            Some(_) => None,
            None => Some(Reason::WrongForm),
        },
        (kind::PROPOSAL, field::REPLY) => {
            let target = scene.proposals.get(&register.rec);
            decides(target.and_then(|target| scene.owner(target)))
        }
        (kind::DECISION, field::RULING) => match Ruling::from_value(&write.val) {
            Some(ruling) if server_only(&ruling.target) => Some(Reason::ServerOnly),
            // Only what can be in conflict can be decided: nobody decides where a
            // finding comes from, or a photo away.
            Some(ruling) if !policy(&ruling.target).is_guarded() => Some(Reason::WrongForm),
            Some(ruling) => decides(scene.owner(&ruling.target)),
            None => Some(Reason::WrongForm),
        },
        // Evidence, documents and kinds of a newer version: any member may add them.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::ReplicaRole;
    use crate::id::{ChangeId, WriteId};
    use crate::seal::Signer;
    use domain::id::ReplicaId;
    use domain::task::TeamRole;
    use domain::time::Wall;
    use serde_json::{Value, json};
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
                (LEAD, seat(LEAD, TeamRole::SiteLead)),
                (INSPECTOR, seat(INSPECTOR, TeamRole::Inspector)),
            ]),
            items: BTreeMap::from([(OUR_ITEM, OURS), (THEIR_ITEM, THEIRS)]),
            findings: BTreeMap::from([(OUR_FINDING, OURS), (THEIR_FINDING, THEIRS)]),
            proposals: BTreeMap::from([(
                PROPOSAL_TO_US,
                Register::new(kind::FINDING, OUR_FINDING, field::ASSESSMENT),
            )]),
            authors: BTreeMap::from([
                (Register::new(kind::EVIDENCE, THEIR_PHOTO, field::FILE), THEIRS),
                (Register::new(kind::EVIDENCE, OUR_PHOTO, field::FILE), OURS),
            ]),
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

    fn judged(
        author: PersonId,
        kind: &str,
        rec: RecordId,
        field: &str,
        val: Value,
    ) -> Option<Reason> {
        judge(&certificate(author), &change(author, kind, rec, field, val), &scene())
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
        let replied =
            |who| judged(who, kind::PROPOSAL, PROPOSAL_TO_US, field::REPLY, reply.clone());
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
        let created = |rec, department| {
            judged(INSPECTOR, kind::FINDING, rec, field::ORIGIN, origin(department))
        };
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
        assert_eq!(judge(&certificate, &note, &internal), None);
        let answer = change(LEAD, kind::ITEM, OUR_ITEM, field::RESULT, json!("conforms"));
        assert_eq!(judge(&certificate, &answer, &internal), Some(Reason::WrongLedger));
    }

    #[test]
    fn time_and_membership_are_for_a_person_to_judge_and_lose_nothing() {
        let mut late = change(INSPECTOR, kind::ITEM, OUR_ITEM, field::RESULT, json!("conforms"));
        late.wall = Wall::parse("2027-01-05T02:00:00.000Z").unwrap();
        let reason = judge(&certificate(INSPECTOR), &late, &scene());
        assert_eq!(reason, Some(Reason::CertificateExpired));
        let stranger = judged(STRANGER, kind::ITEM, OUR_ITEM, field::RESULT, json!("conforms"));
        assert_eq!(stranger, Some(Reason::NotMember));
        let decides = judged(STRANGER, kind::DECISION, NEW, field::RULING, ruling_on(OUR_ITEM));
        assert_eq!(decides, Some(Reason::NotDecider));
        for reason in [Reason::CertificateExpired, Reason::NotMember] {
            assert_eq!(reason.verdict(), VerdictKind::Review);
        }
        let forged = change(LEAD, kind::ITEM, OUR_ITEM, field::RESULT, json!("conforms"));
        let reason = judge(&certificate(INSPECTOR), &forged, &scene());
        assert_eq!(reason, Some(Reason::WrongAuthor));
        assert_eq!(Reason::WrongAuthor.verdict(), VerdictKind::Void);
    }
}
