//! What must be true once faults have stopped and everybody has exchanged: one
//! named function per check, in the order in which they are asked.

use super::reading::{self, Reading, RegisterName};
use super::{BroughtFile, Check, Kept, Memory, Nature, Violation};
use domain::id::{LedgerId, ReplicaId};
use domain::task::Audience;
use ledger::{Register, Resolved};
use std::collections::{BTreeMap, BTreeSet};

/// Everything as it lies, after a quiescence.
pub struct Scene {
    /// What people were told.
    pub memory: Memory,
    /// The office.
    pub office: server::simulation::Peek,
    /// Every replica the office ever wrote with.
    pub office_replicas: BTreeSet<ReplicaId>,
    /// Tablets that are not lost, with their number and their department.
    pub tablets: Vec<Seen>,
    /// Files that the office holds.
    pub office_files: BTreeMap<String, Vec<u8>>,
}

/// A tablet, looked into.
pub struct Seen {
    /// Its number in the run.
    pub number: usize,
    /// What lies in it.
    pub peek: device::simulation::Peek,
    /// What the office grants it.
    pub granted: BTreeSet<LedgerId>,
    /// What it ever did.
    pub ever: BTreeSet<LedgerId>,
    /// Whether it was put back to a copy.
    pub set_back: bool,
    /// Files that it could not show, of those it should.
    pub absent_files: Vec<String>,
}

type Outcome = Result<(), String>;

/// A check and how it is made.
type Checking = (Check, fn(&Scene) -> Outcome);

/// The checks, the most particular first.
const LIST: &[Checking] = &[
    (Check::NoForeignLedger, no_foreign_ledger),
    (Check::ReceiptsHold, receipts_hold),
    (Check::FilesSaidSafeAreThere, files_said_safe_are_there),
    (Check::AppliedIsSealed, applied_is_sealed),
    (Check::UndecodableIsKept, undecodable_is_kept),
    (Check::GesturesReachTheOffice, gestures_reach_the_office),
    (Check::ChainsHold, chains_hold),
    (Check::NobodyForks, nobody_forks),
    (Check::ForeignWritesTakeNoEffect, foreign_writes_take_no_effect),
    (Check::ConflictsCloseByDecision, conflicts_close_by_decision),
    (Check::NothingSaidIsLost, nothing_said_is_lost),
    (Check::ReplacedDoesNotStand, replaced_does_not_stand),
    (Check::SeverestStands, severest_stands),
    (Check::HoldingsAgree, holdings_agree),
    (Check::StatesAgree, states_agree),
    (Check::FilesResolve, files_resolve),
];

/// Asks all of them, or one; the first that fails is told.
///
/// # Errors
/// The violation.
pub fn all(scene: &Scene, only: Option<Check>) -> Result<(), Violation> {
    for (check, ask) in LIST.iter().filter(|(check, _)| only.is_none_or(|only| only == *check)) {
        ask(scene).map_err(|words| Violation { check: *check, words })?;
    }
    Ok(())
}

impl Scene {
    /// Readings of the office's chains.
    fn readings(&self) -> BTreeMap<LedgerId, Reading> {
        let mut readings: BTreeMap<LedgerId, Reading> = BTreeMap::new();
        for change in &self.office.changes {
            let by_office = self.office_replicas.contains(&change.replica);
            let reading = readings.entry(change.ledger).or_default();
            reading.take(&change.id, change.replica, by_office, &change.bytes);
        }
        for ((ledger, chain), base) in &self.office.branches {
            let base_id = reading::id(&base.hash);
            let before = self.office.changes.iter().find(|change| {
                change.ledger == *ledger && change.pos == base.pos && change.id == base_id
            });
            if let Some(before) = before {
                let reading = readings.entry(*ledger).or_default();
                reading.parents.insert(*chain, before.replica);
            }
        }
        readings
    }

    /// Every replica's registers, with a name for it.
    fn registers(&self) -> Vec<(String, LedgerId, &BTreeMap<Register, Resolved>)> {
        let office = self.office.ledgers.iter();
        let mut all: Vec<_> =
            office.map(|(id, held)| ("the office".to_owned(), *id, &held.registers)).collect();
        for seen in &self.tablets {
            let readable = seen.peek.ledgers.iter().filter(|(_, held)| held.granted);
            all.extend(
                readable
                    .map(|(id, held)| (format!("tablet {}", seen.number), *id, &held.registers)),
            );
        }
        all
    }
}

/// Tablets hold ledgers that they are granted, and own chains; nothing else.
fn no_foreign_ledger(scene: &Scene) -> Outcome {
    for seen in &scene.tablets {
        for (ledger, held) in &seen.peek.ledgers {
            if held.granted && !seen.granted.contains(ledger) {
                return Err(format!("tablet {} may read {ledger} and should not", seen.number));
            }
        }
        for change in &seen.peek.changes {
            // What was left stays here for a while.
            let foreign = !seen.ever.contains(&change.ledger);
            if foreign && !seen.peek.own.contains(&(change.ledger, change.replica)) {
                let internal = matches!(
                    seen.peek.ledgers.get(&change.ledger).and_then(|held| held.audience),
                    Some((_, Audience::Internal { .. }))
                );
                return Err(format!(
                    "tablet {} holds {} of {}, internal: {internal}",
                    seen.number, change.id, change.ledger
                ));
            }
        }
    }
    Ok(())
}

/// Who was never put back to a copy has one history.
fn nobody_forks(scene: &Scene) -> Outcome {
    for seen in scene.tablets.iter().filter(|seen| !seen.set_back) {
        let own = |writer| writer == seen.peek.replica;
        if let Some((chain, _)) = scene.office.branches.iter().find(|(_, base)| own(base.writer)) {
            return Err(format!("tablet {} has two histories: {chain:?}", seen.number));
        }
    }
    Ok(())
}

/// Whatever a receipt covers is at the office, with the same history.
pub fn receipts_hold(scene: &Scene) -> Outcome {
    scene.tablets.iter().try_for_each(|seen| receipts_of(seen.number, &seen.peek, &scene.office))
}

/// The same of one tablet.
///
/// # Errors
/// What it calls safe and is not.
pub fn receipts_of(
    number: usize,
    tablet: &device::simulation::Peek,
    office: &server::simulation::Peek,
) -> Outcome {
    if tablet.epoch != office.epoch {
        return Ok(());
    }
    let there: BTreeMap<_, _> =
        office.changes.iter().map(|c| ((c.ledger, c.replica, c.pos), &c.id)).collect();
    for change in &tablet.changes {
        let upto = tablet.receipts.get(&(change.ledger, change.replica)).copied().unwrap_or(0);
        let there = there.get(&(change.ledger, change.replica, change.pos));
        if change.pos <= upto && there != Some(&&change.id) {
            return Err(format!(
                "tablet {number} calls {} (position {} of {}) safe; the office has {there:?}",
                change.id, change.pos, change.ledger
            ));
        }
    }
    Ok(())
}

/// Files called safe are at the office, whole.
pub fn files_said_safe_are_there(scene: &Scene) -> Outcome {
    for seen in scene.tablets.iter().filter(|seen| seen.peek.epoch == scene.office.epoch) {
        for sha256 in &seen.peek.files_at_server {
            if !scene.office_files.contains_key(sha256) {
                return Err(format!("tablet {} calls file {sha256} safe", seen.number));
            }
        }
    }
    Ok(())
}

fn applied_is_sealed(scene: &Scene) -> Outcome {
    for seen in &scene.tablets {
        let mut heads: BTreeMap<(LedgerId, ReplicaId), u64> = BTreeMap::new();
        let own = &seen.peek.own;
        for change in seen.peek.changes.iter().filter(|c| !own.contains(&(c.ledger, c.replica))) {
            let head = heads.entry((change.ledger, change.replica)).or_default();
            *head = (*head).max(change.pos);
        }
        for (chain, head) in heads {
            let sealed = seen.peek.sealed.get(&chain).copied().unwrap_or(0);
            if sealed < head {
                return Err(format!(
                    "tablet {} took {head} of {chain:?}, sealed up to {sealed}",
                    seen.number
                ));
            }
        }
    }
    Ok(())
}

fn missing(scene: &Scene, wanted: impl Fn(Nature) -> bool) -> Outcome {
    let office: BTreeMap<_, _> =
        scene.office.changes.iter().map(|c| ((c.ledger, c.id.as_str()), &c.bytes)).collect();
    let here: BTreeSet<usize> = scene.tablets.iter().map(|seen| seen.number).collect();
    for one in scene.memory.confirmed.iter().filter(|one| wanted(one.nature)) {
        // What was only on a tablet that is lost is named missing, not kept.
        if !here.contains(&one.tablet) || one.kept == Kept::Nowhere {
            continue;
        }
        match office.get(&(one.ledger, one.id.as_str())) {
            Some(bytes) if **bytes == one.bytes => {}
            Some(_) => return Err(format!("{} has other bytes at the office", one.id)),
            None => {
                return Err(format!(
                    "{} of tablet {} (position {}) is not at the office",
                    one.id, one.tablet, one.pos
                ));
            }
        }
    }
    Ok(())
}

fn undecodable_is_kept(scene: &Scene) -> Outcome {
    missing(scene, |nature| nature == Nature::Undecodable)
}

fn gestures_reach_the_office(scene: &Scene) -> Outcome {
    missing(scene, |_| true)
}

/// A branch's base: its position and chain hash.
type Bases = BTreeMap<(LedgerId, ReplicaId), (u64, [u8; 32])>;

fn chain_holds<'a>(
    whose: &str,
    bases: &Bases,
    changes: impl Iterator<Item = (LedgerId, ReplicaId, u64, &'a str, &'a [u8])>,
) -> Outcome {
    let mut at: Option<(LedgerId, ReplicaId, u64, [u8; 32])> = None;
    for (ledger, replica, pos, id, bytes) in changes {
        let (before, hash) = match at {
            Some((l, r, before, hash)) if (l, r) == (ledger, replica) => (before, hash),
            _ => match bases.get(&(ledger, replica)) {
                Some((pos, hash)) => (*pos, *hash),
                None => (0, reading::beginning(ledger, replica)),
            },
        };
        let hash = reading::following(&hash, bytes);
        if pos != before + 1 || reading::id(&hash) != id {
            return Err(format!("{whose}: chain of {replica} in {ledger} breaks at {pos}"));
        }
        at = Some((ledger, replica, pos, hash));
    }
    Ok(())
}

fn chains_hold(scene: &Scene) -> Outcome {
    let office = scene.office.changes.iter();
    let bases = scene.office.branches.iter();
    let bases: Bases = bases.map(|(chain, base)| (*chain, (base.pos, base.hash))).collect();
    chain_holds(
        "the office",
        &bases,
        office.map(|c| (c.ledger, c.replica, c.pos, c.id.as_str(), c.bytes.as_slice())),
    )?;
    for seen in &scene.tablets {
        let changes = seen.peek.changes.iter();
        let bases = seen.peek.branches.iter();
        let bases: Bases = bases.map(|(chain, base)| (*chain, (base.pos, base.hash))).collect();
        chain_holds(
            &format!("tablet {}", seen.number),
            &bases,
            changes.map(|c| (c.ledger, c.replica, c.pos, c.id.as_str(), c.bytes.as_slice())),
        )?;
    }
    Ok(())
}

fn foreign_writes_take_no_effect(scene: &Scene) -> Outcome {
    let foreign = scene.memory.confirmed.iter().filter(|one| one.nature == Nature::Foreign);
    let foreign: BTreeSet<&str> = foreign.map(|one| one.id.as_str()).collect();
    for (whose, _, registers) in scene.registers() {
        for (register, resolved) in registers {
            for head in &resolved.heads {
                if foreign.contains(head.id.change.to_string().as_str()) {
                    return Err(format!("{whose}: {} stands on {register:?}", head.id));
                }
            }
        }
    }
    Ok(())
}

/// Compares what stands by the rules with what a replica has.
fn compare(
    scene: &Scene,
    tell: impl Fn(&RegisterName, &BTreeSet<reading::Name>, &BTreeSet<reading::Name>) -> bool,
) -> Outcome {
    let readings = scene.readings();
    for (whose, ledger, registers) in scene.registers() {
        let Some(reading) = readings.get(&ledger) else { continue };
        let has: BTreeMap<RegisterName, BTreeSet<reading::Name>> = registers
            .iter()
            .map(|(register, resolved)| {
                let name =
                    (register.kind.clone(), register.rec.to_string(), register.field.clone());
                let heads = resolved.heads.iter();
                let heads = heads.map(|h| (h.id.change.to_string(), u64::from(h.id.index)));
                (name, heads.collect())
            })
            .collect();
        for register in reading.statements.keys().filter(|name| reading::is_modelled(name)) {
            let standing: BTreeSet<_> =
                reading.standing(register).iter().map(|one| one.name.clone()).collect();
            let heads = has.get(register).cloned().unwrap_or_default();
            if tell(register, &standing, &heads) {
                return Err(format!(
                    "{whose}: on {register:?} stand {heads:?}, by the rules {standing:?}"
                ));
            }
        }
    }
    Ok(())
}

fn conflicts_close_by_decision(scene: &Scene) -> Outcome {
    compare(scene, |register, standing, heads| {
        reading::guarded(register) && !standing.is_subset(heads)
    })
}

fn nothing_said_is_lost(scene: &Scene) -> Outcome {
    compare(scene, |_, standing, heads| !standing.is_subset(heads))
}

fn replaced_does_not_stand(scene: &Scene) -> Outcome {
    compare(scene, |_, standing, heads| !heads.is_subset(standing))
}

fn severest_stands(scene: &Scene) -> Outcome {
    for (whose, _, registers) in scene.registers() {
        for (register, resolved) in registers {
            let name = (register.kind.clone(), register.rec.to_string(), register.field.clone());
            let grave = |value| reading::severity(&name, value);
            let Some(gravest) = resolved.heads.iter().filter_map(|head| grave(&head.val)).max()
            else {
                continue;
            };
            let shown = resolved.shown.as_ref().and_then(grave).unwrap_or(0);
            if shown < gravest {
                return Err(format!("{whose}: {register:?} shows {:?}", resolved.shown));
            }
        }
    }
    Ok(())
}

fn holdings_agree(scene: &Scene) -> Outcome {
    for seen in &scene.tablets {
        let of_tablet: BTreeSet<_> = seen
            .peek
            .changes
            .iter()
            .filter(|c| seen.granted.contains(&c.ledger))
            .map(|c| (c.ledger, c.replica, c.pos, c.id.as_str()))
            .collect();
        let of_office: BTreeSet<_> = scene
            .office
            .changes
            .iter()
            .filter(|c| seen.granted.contains(&c.ledger))
            .map(|c| (c.ledger, c.replica, c.pos, c.id.as_str()))
            .collect();
        if let Some(one) = of_tablet.symmetric_difference(&of_office).next() {
            return Err(format!("tablet {} and the office differ in {one:?}", seen.number));
        }
    }
    Ok(())
}

fn states_agree(scene: &Scene) -> Outcome {
    for (whose, ledger, registers) in scene.registers() {
        let Some(office) = scene.office.ledgers.get(&ledger) else { continue };
        for (register, resolved) in &office.registers {
            let same = registers.get(register).is_some_and(|own| {
                own.heads == resolved.heads
                    && own.shown == resolved.shown
                    && own.contested == resolved.contested
            });
            if !same {
                let own = registers.get(register);
                return Err(format!("{whose} sees {register:?} as {own:?}, not {resolved:?}"));
            }
        }
        if registers.len() != office.registers.len() {
            return Err(format!("{whose} has registers of {ledger} that the office lacks"));
        }
    }
    Ok(())
}

fn files_resolve(scene: &Scene) -> Outcome {
    let here: BTreeSet<usize> = scene.tablets.iter().map(|seen| seen.number).collect();
    let files = scene.memory.files.iter().filter(|file| file.kept != Kept::Nowhere);
    for file in files.filter(|file| here.contains(&file.tablet)) {
        if scene.office_files.get(&file.sha256) != Some(&file.bytes) {
            return Err(format!(
                "file {} of tablet {} is not at the office",
                file.sha256, file.tablet
            ));
        }
    }
    for seen in &scene.tablets {
        if let Some(sha256) = seen.absent_files.iter().find(|sha256| !is_lost(scene, sha256)) {
            return Err(format!("tablet {} cannot show file {sha256}", seen.number));
        }
    }
    Ok(())
}

/// Whether nobody holds a file any more: its record was handed in, and tablet or
/// office was put back to a copy before the file was. A thumbnail, of which
/// nobody was told, goes with some original.
fn is_lost(scene: &Scene, sha256: &str) -> bool {
    let files = &scene.memory.files;
    let lost = |file: &BroughtFile| file.kept == Kept::Nowhere;
    !scene.office_files.contains_key(sha256)
        && match files.iter().find(|file| file.sha256 == sha256) {
            Some(file) => lost(file),
            None => files.iter().any(lost),
        }
}
