//! Judging what tablets wrote. The rules are `ledger::authority`'s; here the
//! scene is set from what was known before the changes came, so that no change
//! can be its own permission.

use crate::app::{App, new_id};
use crate::error::Result;
use crate::store::register;
use crate::usecase::package;
use domain::finding::Origin;
use domain::id::{DepartmentId, LedgerId, RecordId, ReplicaId};
use domain::record::{field, kind};
use domain::task::{Genesis, Seat};
use ledger::authority::{Reason, Scene, judge};
use ledger::certificate::Certificate;
use ledger::incoming::Append;
use ledger::proposal::Proposal;
use ledger::{Change, Register, Resolved, Verdict, Write};
use sea_orm::ConnectionTrait;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

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
    })
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
#[must_use]
pub fn writes(verdicts: &[Verdict]) -> Vec<Write> {
    verdicts
        .iter()
        .map(|verdict| {
            let rec = RecordId(new_id());
            Write::new(kind::JUDGEMENT, rec, field::VERDICT, verdict.to_value())
        })
        .collect()
}

/// A replica as the one who writes judgements: the office, no person.
#[must_use]
pub fn office(replica: ReplicaId) -> domain::id::PersonId {
    domain::id::PersonId(replica.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::PersonId;
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
}
