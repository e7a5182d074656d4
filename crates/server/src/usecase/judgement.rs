//! Judging what tablets wrote. The rules are `ledger::authority`'s; here the
//! scene is set from what was known before the changes came, so that no change
//! can be its own permission.

use crate::app::App;
use crate::error::Result;
use crate::store::{chain, fact, membership, register};
use crate::usecase::package;
use domain::finding::Origin;
use domain::id::{DepartmentId, LedgerId, PersonId, RecordId, ReplicaId};
use domain::record::{field, kind};
use domain::task::{Genesis, Seat};
use ledger::authority::{Reason, Scene, judge};
use ledger::certificate::Certificate;
use ledger::incoming::Append;
use ledger::planted::{self, Planted};
use ledger::proposal::Proposal;
use ledger::{Change, ChangeId, Register, Resolved, Verdict, Write};
use sea_orm::ConnectionTrait;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// A tablet's change that was just taken, with whose it is.
#[derive(Debug)]
pub struct Taken {
    /// The tablet.
    pub certificate: Certificate,
    /// The change.
    pub append: Append,
}

/// What is known of a ledger's task.
pub async fn scene(
    app: &App,
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    package_sha256: &str,
) -> Result<Scene> {
    let registers = register::all(db, ledger).await?;
    let package = package::read(app, package_sha256).await?;
    let genesis = shown::<Genesis>(&registers, kind::GENESIS, field::CHARTER).next();
    Ok(Scene {
        audience: genesis.map(|(_, genesis)| genesis.audience),
        seats: shown::<Seat>(&registers, kind::MEMBER, field::SEAT)
            .map(|(_, seat)| (seat.person, seat))
            .collect(),
        items: package.items.iter().map(|item| (item.rec, item.department)).collect(),
        findings: shown::<Origin>(&registers, kind::FINDING, field::ORIGIN)
            .map(|(rec, origin)| (rec, origin.department))
            .collect(),
        proposals: registers
            .iter()
            .filter(|(register, _)| register.is(kind::PROPOSAL, field::CONTENT))
            .filter_map(|(register, resolved)| {
                let proposal = Proposal::from_value(resolved.shown.as_ref()?)?;
                Some((register.rec, proposal.target))
            })
            .collect(),
        authors: authors(db, ledger).await?,
    })
}

/// Registers that belong to the department of whoever wrote them first.
const AUTHORED: [(&str, &str); 4] = [
    (kind::EVIDENCE, field::FILE),
    (kind::DOCUMENT, field::MANIFEST),
    (kind::PROPOSAL, field::CONTENT),
    (kind::DECISION, field::RULING),
];

fn is_authored(register: &Register) -> bool {
    AUTHORED.iter().any(|(kind, field)| register.is(kind, field))
}

/// Whose each authored register is. First is what reached this server first:
/// a tablet's own clock could be set back. What was voided makes nobody an
/// author.
async fn authors(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
) -> Result<BTreeMap<Register, DepartmentId>> {
    let facts = fact::of_fields(db, ledger, &AUTHORED).await?;
    let voided = fact::voided(db, ledger).await?;
    let ids: BTreeSet<ChangeId> = facts.iter().map(|fact| fact.id.change).collect();
    let received = chain::received(db, ledger, ids).await?;
    let departments = membership::departments(db, ledger).await?;
    let mut firsts = BTreeMap::new();
    for fact in facts.iter().filter(|fact| !voided.contains(&fact.id.change)) {
        // What the office wrote is no department's.
        let Some(department) = departments.get(&fact.author) else { continue };
        let at = (received.get(&fact.id.change).copied(), fact.wall, fact.n, fact.id);
        let first = firsts.entry(fact.register.clone()).or_insert((at, *department));
        if at < first.0 {
            *first = (at, *department);
        }
    }
    Ok(firsts.into_iter().map(|(register, (_, department))| (register, department)).collect())
}

fn shown<'a, T: DeserializeOwned + 'a>(
    registers: &'a BTreeMap<Register, Resolved>,
    kind: &'a str,
    field: &'a str,
) -> impl Iterator<Item = (RecordId, T)> + 'a {
    let of_field = registers.iter().filter(move |(register, _)| register.is(kind, field));
    of_field.filter_map(|(register, resolved)| {
        Some((register.rec, serde_json::from_value(resolved.shown.clone()?).ok()?))
    })
}

/// Judges changes that came together. Records that one of them creates are
/// known to all the others: the pages of two tablets come in no order.
#[must_use]
pub fn judge_all(mut scene: Scene, taken: &[Taken]) -> Vec<Verdict> {
    for one in taken {
        if let Ok(change) = &one.append.change {
            introduce(&mut scene, &one.certificate, change);
        }
    }
    let mut verdicts = Vec::new();
    if planted::is(Planted::SkipJudgement) {
        return verdicts;
    }
    for one in taken {
        let reason = match &one.append.change {
            Ok(change) => judge(&one.certificate, change, &scene),
            Err(_) => Some(Reason::Malformed),
        };
        if let Some(reason) = reason {
            verdicts.push(Verdict {
                change: one.append.head.change_id(),
                verdict: reason.verdict(),
                reason: reason.code().to_owned(),
            });
        }
    }
    verdicts
}

/// Adds what a change creates, where its author may create it and it is not
/// there yet.
fn introduce(scene: &mut Scene, by: &Certificate, change: &Change) {
    let Some(seat) = scene.seats.get(&change.author) else { return };
    let department: DepartmentId = seat.department;
    if by.person != Some(change.author) {
        return;
    }
    for write in &change.writes {
        let rec = write.register.rec;
        if is_authored(&write.register) {
            scene.authors.entry(write.register.clone()).or_insert(department);
        }
        if write.register.is(kind::FINDING, field::ORIGIN) {
            let origin: Option<Origin> = serde_json::from_value(write.val.clone()).ok();
            if origin.is_some_and(|origin| origin.department == department) {
                scene.findings.entry(rec).or_insert(department);
            }
        } else if write.register.is(kind::PROPOSAL, field::CONTENT)
            && let Some(proposal) = Proposal::from_value(&write.val)
        {
            scene.proposals.entry(rec).or_insert(proposal.target);
        }
    }
}

/// Verdicts as writes of the server's chain.
///
/// # Errors
/// When there are no random bytes for ids.
pub fn writes(app: &App, verdicts: &[Verdict]) -> Result<Vec<Write>> {
    verdicts
        .iter()
        .map(|verdict| {
            let rec = RecordId(app.new_id()?);
            Ok(Write::new(kind::JUDGEMENT, rec, field::VERDICT, verdict.to_value()))
        })
        .collect()
}

/// A replica as the one who writes judgements: the office, no person.
#[must_use]
pub fn office(replica: ReplicaId) -> PersonId {
    PersonId(replica.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::task::{Audience, TeamRole};
    use domain::time::Wall;
    use ledger::ChainHead;
    use ledger::certificate::ReplicaRole;
    use ledger::seal::Signer;
    use serde_json::json;
    use uuid::Uuid;

    const PERSON: PersonId = PersonId(Uuid::from_u128(1));
    const OWN: DepartmentId = DepartmentId(Uuid::from_u128(2));
    const OTHER: DepartmentId = DepartmentId(Uuid::from_u128(3));
    const FINDING: RecordId = RecordId(Uuid::from_u128(4));

    fn scene() -> Scene {
        let seat = Seat {
            person: PERSON,
            name: "示例".into(),
            cert_no: "1".into(),
            department: OWN,
            role: TeamRole::Inspector,
        };
        Scene {
            audience: Some(Audience::Joint),
            seats: BTreeMap::from([(PERSON, seat)]),
            ..Scene::default()
        }
    }

    fn taken(pos: u64, field: &str, val: serde_json::Value) -> Taken {
        let (ledger, replica) = (LedgerId(Uuid::from_u128(8)), ReplicaId(Uuid::from_u128(9)));
        let certificate = Certificate {
            replica,
            key: Signer::from_seed(&[1; 32]).public(),
            role: ReplicaRole::Tablet,
            person: Some(PERSON),
            department: Some(OWN),
            name: "平板 1".into(),
            valid_from: "2026-01-01".parse().unwrap(),
            valid_to: "2026-12-31".parse().unwrap(),
        };
        let change = Change {
            pos,
            author: PERSON,
            wall: Wall::parse("2026-11-23T02:11:05.123Z").unwrap(),
            n: pos,
            seen: 1,
            intent: "finding.edit".into(),
            writes: vec![Write::new(kind::FINDING, FINDING, field, val)],
        };
        let head = ChainHead { pos, ..ChainHead::empty(ledger, replica).next(&[1]) };
        Taken { certificate, append: Append { head, bytes: vec![], change: Ok(change) } }
    }

    #[test]
    fn an_edit_that_comes_before_the_finding_it_edits_is_taken() {
        let edit = taken(1, field::LOCATION, json!("二号车间"));
        let create = taken(2, field::ORIGIN, json!({"department": OWN}));
        assert!(judge_all(scene(), &[edit, create]).is_empty());
    }

    #[test]
    fn a_finding_of_another_department_is_not_taken_over_by_writing_its_origin() {
        let mut scene = scene();
        scene.findings.insert(FINDING, OTHER);
        let steal = taken(1, field::ORIGIN, json!({"department": OWN}));
        let edit = taken(2, field::LOCATION, json!("别处"));
        let verdicts = judge_all(scene, &[steal, edit]);
        assert_eq!(verdicts.len(), 2);
        assert!(verdicts.iter().all(|verdict| verdict.reason == "not_owner"));
    }

    #[test]
    fn evidence_of_another_department_is_not_written_over() {
        let mut scene = scene();
        let mine = taken(1, field::FILE, json!({}));
        let mut foreign = mine.append.change.clone().unwrap();
        foreign.writes[0].register = Register::new(kind::EVIDENCE, FINDING, field::FILE);
        let mut mine = mine;
        mine.append.change = Ok(foreign);
        scene.authors.insert(Register::new(kind::EVIDENCE, FINDING, field::FILE), OTHER);
        let verdicts = judge_all(scene, &[mine]);
        assert_eq!(verdicts[0].reason, "not_owner");
    }
}
