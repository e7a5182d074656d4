//! Judging what tablets wrote. The rules are `ledger::authority`'s; here the
//! scene is set from what was known before the changes came, so that no change
//! can be its own permission.

use crate::app::App;
use crate::error::Result;
use crate::store::{chain, fact};
use crate::usecase::package;
use domain::id::{LedgerId, PersonId, RecordId, ReplicaId};
use domain::record::{field, kind};
use ledger::authority::{Act, FIELDS, FIELDS_OF_MANY, Reason, Scene, judge, mentioned};
use ledger::certificate::Certificate;
use ledger::incoming::{Append, Page};
use ledger::planted::{self, Planted};
use ledger::{ChangeId, Fact, Verdict, Write};
use sea_orm::ConnectionTrait;
use std::collections::BTreeSet;

/// A tablet's change that was just taken, with whose it is.
#[derive(Debug)]
pub struct Taken {
    /// The tablet.
    pub certificate: Certificate,
    /// The change.
    pub append: Append,
}

/// What is known of a ledger's task, as far as some pages need it.
pub async fn scene(
    app: &App,
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    package_sha256: &str,
    pages: &[Page],
) -> Result<Scene> {
    let at_stake = at_stake(db, ledger, pages).await?;
    scene_with(app, db, ledger, package_sha256, at_stake).await
}

/// The same from everything there is: what simulated offices compare with.
#[cfg(feature = "simulation")]
pub async fn whole_scene(
    app: &App,
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    package_sha256: &str,
) -> Result<Scene> {
    let all = fact::of_fields(db, ledger, &FIELDS_OF_MANY).await?;
    scene_with(app, db, ledger, package_sha256, all).await
}

async fn scene_with(
    app: &App,
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    package_sha256: &str,
    at_stake: Vec<Fact>,
) -> Result<Scene> {
    let package = package::shared(app, package_sha256).await?;
    let mut facts = fact::of_fields(db, ledger, &FIELDS).await?;
    facts.extend(at_stake);
    // First is what reached this server first: a tablet's own clock could be set
    // back.
    let ids: BTreeSet<ChangeId> = facts.iter().map(|fact| fact.id.change).collect();
    let received = chain::received(db, ledger, ids).await?;
    facts.sort_by_key(|f| (received.get(&f.id.change).copied(), f.wall, f.n, f.id));
    let context = fact::context(db, ledger).await?;
    let items = package.items.iter().map(|item| (item.rec, item.department));
    Ok(Scene::of(&facts, &context, items))
}

/// What was stated on the records that some pages speak of, and on those that
/// these speak of in turn.
async fn at_stake(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    pages: &[Page],
) -> Result<Vec<Fact>> {
    let kinds: BTreeSet<&str> = FIELDS_OF_MANY.iter().map(|(kind, _)| *kind).collect();
    let kinds: Vec<&str> = kinds.into_iter().collect();
    let mut known = BTreeSet::new();
    for bytes in pages.iter().flat_map(|page| &page.changes) {
        mentioned(bytes, &mut known);
    }
    let mut facts = Vec::new();
    let mut next = known.clone();
    for _ in 0..2 {
        let mut found = fact::of_records(db, ledger, &kinds, next).await?;
        found.retain(|fact| FIELDS_OF_MANY.iter().any(|(k, f)| fact.register.is(k, f)));
        let mut further = BTreeSet::new();
        for fact in &found {
            mentioned(&serde_json::to_vec(&fact.val)?, &mut further);
        }
        next = further.difference(&known).copied().collect();
        known.append(&mut further);
        facts.append(&mut found);
    }
    Ok(facts)
}

/// Judges changes that came together. Records that one of them creates are
/// known to all the others: the pages of two tablets come in no order.
#[must_use]
pub fn judge_all(ledger: LedgerId, mut scene: Scene, taken: &[Taken]) -> Vec<Verdict> {
    for one in taken {
        if let Ok(change) = &one.append.change {
            scene.introduce(&one.certificate, change);
        }
    }
    let mut verdicts = Vec::new();
    if planted::is(Planted::SkipJudgement) {
        return verdicts;
    }
    for one in taken {
        let (id, by) = (one.append.head.change_id(), &one.certificate);
        let reason = match &one.append.change {
            Ok(change) => judge(Act { ledger, id, by, change }, &scene),
            Err(_) => Some(Reason::Malformed),
        };
        if let Some(reason) = reason {
            verdicts.push(Verdict {
                change: id,
                verdict: reason.verdict(),
                reason: reason.code().to_owned(),
            });
        }
    }
    verdicts
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
    use domain::id::DepartmentId;
    use domain::task::{Audience, Seat, TeamRole};
    use domain::time::Wall;
    use ledger::authority::History;
    use ledger::certificate::ReplicaRole;
    use ledger::seal::Signer;
    use ledger::{ChainHead, Change, Register};
    use serde_json::json;
    use std::collections::BTreeMap;
    use uuid::Uuid;

    const PERSON: PersonId = PersonId(Uuid::from_u128(1));
    const OWN: DepartmentId = DepartmentId(Uuid::from_u128(2));
    const OTHER: DepartmentId = DepartmentId(Uuid::from_u128(3));
    const LEDGER: LedgerId = LedgerId(Uuid::from_u128(8));
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
            seats: BTreeMap::from([(PERSON, History::always(Some(seat)))]),
            ..Scene::default()
        }
    }

    fn taken(pos: u64, field: &str, val: serde_json::Value) -> Taken {
        let (ledger, replica) = (LEDGER, ReplicaId(Uuid::from_u128(9)));
        let certificate = Certificate {
            replica,
            key: Signer::from_seed(&[1; 32]).public(),
            role: ReplicaRole::Tablet,
            person: Some(PERSON),
            department: Some(OWN),
            name: "平板 1".into(),
            epoch: 0,
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
        assert!(judge_all(LEDGER, scene(), &[edit, create]).is_empty());
    }

    #[test]
    fn a_finding_of_another_department_is_not_taken_over_by_writing_its_origin() {
        let mut scene = scene();
        scene.findings.insert(FINDING, History::always(OTHER));
        let steal = taken(1, field::ORIGIN, json!({"department": OWN}));
        let edit = taken(2, field::LOCATION, json!("别处"));
        let verdicts = judge_all(LEDGER, scene, &[steal, edit]);
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
        let verdicts = judge_all(LEDGER, scene, &[mine]);
        assert_eq!(verdicts[0].reason, "not_owner");
    }
}
