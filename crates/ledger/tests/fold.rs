//! The fold is a function of sets: the same state whatever arrives first, how
//! often, or by which way; and no standing value is lost.

#![allow(clippy::unwrap_used, reason = "a test says by failing what went wrong")]

mod support;

use ledger::decision::Ruling;
use ledger::fact::{Verdict, VerdictKind};
use ledger::{ChangeId, Fold, Register, Write};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use support::{Replica, ledger_id, rec};

fn answer() -> Register {
    Register::new("item", rec(1), "result")
}
fn registers() -> Vec<Register> {
    vec![
        answer(),
        Register::new("item", rec(1), "remark"),
        Register::new("finding", rec(2), "assessment"),
        Register::new("finding", rec(2), "fact"),
        Register::new("finding", rec(2), "deadline"),
        Register::new("weather", rec(3), "sky"),
    ]
}
fn value(register: &Register, pick: u8) -> Value {
    match (register.field.as_str(), pick % 3) {
        ("result", 0) => json!("conforms"),
        ("result", 1) => json!("nonconforming"),
        ("assessment", 0) => json!({"level": "general", "basis": []}),
        ("assessment", 1) => json!({"level": "major", "basis": []}),
        ("deadline", n @ 0..2) => json!(format!("2026-12-0{}", n + 1)),
        (_, n @ 0..2) => json!(format!("text {n}")),
        _ => Value::Null,
    }
}

/// A random act: who, on what, which value, and how.
#[derive(Debug, Clone)]
enum Act {
    Set { by: usize, register: Index, pick: u8 },
    Decide { by: usize, register: Index, pick: u8 },
    Void { change: Index },
    Pull { by: usize, from: usize },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..3usize, any::<Index>(), any::<u8>())
            .prop_map(|(by, register, pick)| Act::Set { by, register, pick }),
        2 => (0..3usize, any::<Index>(), any::<u8>())
            .prop_map(|(by, register, pick)| Act::Decide { by, register, pick }),
        1 => any::<Index>().prop_map(|change| Act::Void { change }),
        3 => (0..3usize, 0..3usize).prop_map(|(by, from)| Act::Pull { by, from }),
    ]
}

/// Every change written, in the order of writing, with what a fold needs.
fn play(acts: &[Act]) -> Vec<(ledger::ChainHead, domain::id::ReplicaId, ledger::Change)> {
    let ledger = ledger_id(1);
    let mut replicas: Vec<Replica> = (1..4).map(|n| Replica::new(n, &[ledger])).collect();
    let mut server = Replica::new(0, &[ledger]);
    let mut written: Vec<ChangeId> = Vec::new();
    for (at, act) in acts.iter().enumerate() {
        let at = i64::try_from(at / 2).unwrap();
        let registers = registers();
        match act {
            Act::Set { by, register, pick } => {
                let register = register.get(&registers);
                replicas[*by].set(ledger, at, register, value(register, *pick));
                let own = replicas[*by].id;
                written.push(replicas[*by].head(ledger, own).change_id());
            }
            Act::Decide { by, register, pick } => {
                let register = register.get(&registers);
                let heads = replicas[*by].fold(ledger).resolve(register).heads;
                let ruling = Ruling {
                    target: register.clone(),
                    heads: heads.iter().map(|h| h.id).collect(),
                    value: value(register, *pick),
                    reason: "看过现场".into(),
                };
                let record = rec(100 + u128::try_from(written.len()).unwrap());
                let write = Write::new("decision", record, "ruling", ruling.to_value());
                written.push(replicas[*by].gesture(ledger, at, vec![write]).change_id());
            }
            Act::Void { change } if !written.is_empty() => {
                let verdict = Verdict {
                    change: *change.get(&written),
                    verdict: VerdictKind::Void,
                    reason: "not_owner".into(),
                };
                let record = rec(500 + u128::try_from(at).unwrap());
                server.gesture(
                    ledger,
                    at,
                    vec![Write::new("judgement", record, "verdict", verdict.to_value())],
                );
            }
            Act::Void { .. } => {}
            Act::Pull { by, from } => {
                let theirs = replicas[*from].chains.clone();
                for ((l, replica), chain) in theirs {
                    let held = replicas[*by].head(l, replica).pos;
                    if chain.heads.last().is_some_and(|head| head.pos > held) {
                        replicas[*by].chains.insert((l, replica), chain);
                    }
                }
            }
        }
    }
    let mut all = Vec::new();
    for replica in replicas.iter().chain([&server]) {
        let chain = replica.chains.get(&(ledger, replica.id));
        for (bytes, head) in chain.iter().flat_map(|c| c.changes.iter().zip(&c.heads)) {
            let change = ledger::Change::decode(bytes, ledger::Limits::SERVER).unwrap();
            all.push((*head, replica.id, change));
        }
    }
    all
}

fn fold_of<'a>(
    changes: impl IntoIterator<Item = &'a (ledger::ChainHead, domain::id::ReplicaId, ledger::Change)>,
) -> Fold {
    let mut fold = Fold::default();
    for (head, replica, change) in changes {
        let role = if *replica == support::replica_id(0) {
            ledger::certificate::ReplicaRole::Server
        } else {
            ledger::certificate::ReplicaRole::Tablet
        };
        let place = ledger::Place { ledger: ledger_id(1), replica: *replica, role };
        fold.insert(place, head, change);
    }
    fold
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_state_does_not_depend_on_the_order_or_number_of_arrivals(
        acts in prop::collection::vec(act(), 1..40),
        order in prop::collection::vec(any::<Index>(), 80),
    ) {
        let changes = play(&acts);
        let straight = fold_of(&changes);
        let mut shuffled: Vec<_> = changes.iter().collect();
        for (i, pick) in order.iter().enumerate() {
            if !shuffled.is_empty() {
                let (a, b) = (i % shuffled.len(), pick.index(shuffled.len()));
                shuffled.swap(a, b);
            }
        }
        let twice = fold_of(shuffled.iter().copied().chain(shuffled.iter().rev().copied()));
        prop_assert_eq!(straight.registers(), twice.registers());
        prop_assert_eq!(straight.digest(), twice.digest());
    }

    #[test]
    fn folds_merge_like_sets(
        acts in prop::collection::vec(act(), 1..30),
        split in any::<Index>(),
    ) {
        let changes = play(&acts);
        let at = split.index(changes.len().max(1)).min(changes.len());
        let (left, right) = changes.split_at(at);
        let (left, right) = (fold_of(left), fold_of(right));
        let mut left_first = left.clone();
        left_first.merge(&right);
        let mut right_first = right.clone();
        right_first.merge(&left);
        right_first.merge(&left);
        prop_assert_eq!(left_first.digest(), right_first.digest());
        prop_assert_eq!(left_first.digest(), fold_of(&changes).digest());
    }

    #[test]
    fn a_guarded_value_vanishes_only_by_its_author_a_decision_or_a_void(
        acts in prop::collection::vec(act(), 1..40),
    ) {
        let changes = play(&acts);
        let fold = fold_of(&changes);
        let voided = fold.voided();
        let facts: Vec<_> = changes
            .iter()
            .flat_map(|(head, replica, change)| {
                let role = ledger::certificate::ReplicaRole::Tablet;
                let place = ledger::Place { ledger: ledger_id(1), replica: *replica, role };
                ledger::fact::facts(place, head, change)
            })
            .filter(|f| f.register == answer())
            .collect();
        let standing = fold.resolve(&answer());
        for fact in &facts {
            let stands = standing.heads.iter().any(|h| h.id == fact.id);
            let explained = voided.contains(&fact.id.change) || facts.iter().any(|other| {
                !voided.contains(&other.id.change)
                    && other.id != fact.id
                    && (other.sup.contains(&fact.id) || other.replica == fact.replica)
                    && (other.author == fact.author || other.nature == ledger::fact::Nature::Decision)
            });
            prop_assert!(stands || explained, "{:?} vanished", fact.id);
        }
    }
}

/// Two tablets that never met, and a third that sees both.
fn two_answers() -> (Replica, Replica, Replica) {
    let ledger = ledger_id(1);
    let mut a = Replica::new(1, &[ledger]);
    let mut b = Replica::new(2, &[ledger]);
    a.set(ledger, 100, &answer(), json!("conforms"));
    b.set(ledger, 50, &answer(), json!("nonconforming"));
    let mut c = Replica::new(3, &[ledger]);
    c.chains.extend(a.chains.clone());
    c.chains.extend(b.chains.clone());
    (a, b, c)
}

#[test]
fn the_severer_answer_stands_though_it_is_older() {
    let (_, _, c) = two_answers();
    let resolved = c.fold(ledger_id(1)).resolve(&answer());
    assert_eq!(resolved.shown, Some(json!("nonconforming")));
    assert!(resolved.contested);
    assert_eq!(resolved.heads.len(), 2);
}

#[test]
fn a_tap_by_a_third_person_who_saw_both_does_not_close_a_conflict() {
    let (_, _, mut c) = two_answers();
    c.set(ledger_id(1), 200, &answer(), json!("conforms"));
    let resolved = c.fold(ledger_id(1)).resolve(&answer());
    assert_eq!(resolved.shown, Some(json!("nonconforming")));
    assert!(resolved.contested);
    assert_eq!(resolved.heads.len(), 3);
}

#[test]
fn a_decision_closes_the_conflict_that_it_saw_and_nothing_it_did_not_see() {
    let (_, mut b, mut c) = two_answers();
    let ledger = ledger_id(1);
    let seen: Vec<_> = c.fold(ledger).resolve(&answer()).heads.iter().map(|h| h.id).collect();
    let ruling = Ruling {
        target: answer(),
        heads: seen,
        value: json!("conforms"),
        reason: "复查现场，遮挡已移除".into(),
    };
    c.gesture(ledger, 300, vec![Write::new("decision", rec(9), "ruling", ruling.to_value())]);
    let closed = c.fold(ledger).resolve(&answer());
    assert_eq!(closed.shown, Some(json!("conforms")));
    assert!(!closed.contested);

    // Meanwhile b states it anew, unseen by the decider: the conflict opens again.
    b.set(ledger, 310, &answer(), json!("not_applicable"));
    b.set(ledger, 320, &answer(), json!("nonconforming"));
    c.chains.extend(b.chains.clone());
    let reopened = c.fold(ledger).resolve(&answer());
    assert_eq!(reopened.shown, Some(json!("nonconforming")));
    assert!(reopened.contested);
}

#[test]
fn equal_answers_never_conflict_and_a_cleared_one_is_no_statement() {
    let ledger = ledger_id(1);
    let mut a = Replica::new(1, &[ledger]);
    let mut b = Replica::new(2, &[ledger]);
    a.set(ledger, 1, &answer(), json!("conforms"));
    b.set(ledger, 2, &answer(), json!("conforms"));
    a.chains.extend(b.chains.clone());
    assert!(!a.fold(ledger).resolve(&answer()).contested);
    a.set(ledger, 3, &answer(), Value::Null);
    let resolved = a.fold(ledger).resolve(&answer());
    assert_eq!(resolved.shown, Some(json!("conforms")));
    assert!(!resolved.contested);
}

#[test]
fn an_answer_of_a_newer_version_does_not_hide_behind_a_known_one() {
    let ledger = ledger_id(1);
    let mut a = Replica::new(1, &[ledger]);
    let mut b = Replica::new(2, &[ledger]);
    a.set(ledger, 1, &answer(), json!("imminent_danger"));
    b.set(ledger, 2, &answer(), json!("nonconforming"));
    a.chains.extend(b.chains.clone());
    let resolved = a.fold(ledger).resolve(&answer());
    assert_eq!(resolved.shown, Some(json!("imminent_danger")));
    assert!(resolved.contested);
}

#[test]
fn what_was_written_over_a_voided_value_comes_back_beside_it() {
    let ledger = ledger_id(1);
    let mut a = Replica::new(1, &[ledger]);
    let remark = Register::new("item", rec(1), "remark");
    a.set(ledger, 1, &remark, json!("first"));
    let mut b = Replica::new(2, &[ledger]);
    b.chains.extend(a.chains.clone());
    b.set(ledger, 2, &remark, json!("second"));
    let own = b.id;
    let verdict = Verdict {
        change: b.head(ledger, own).change_id(),
        verdict: VerdictKind::Void,
        reason: "not_owner".into(),
    };
    let mut server = Replica::new(0, &[ledger]);
    server.chains.extend(b.chains.clone());
    server.gesture(ledger, 3, vec![Write::new("judgement", rec(8), "verdict", verdict.to_value())]);
    assert_eq!(server.fold(ledger).resolve(&remark).shown, Some(json!("first")));
}

#[test]
fn a_tablet_that_writes_what_only_the_office_writes_has_no_effect() {
    let ledger = ledger_id(1);
    let mut a = Replica::new(1, &[ledger]);
    a.set(ledger, 1, &answer(), json!("nonconforming"));
    let id = a.id;
    let target = a.head(ledger, id).change_id();
    let mut b = Replica::new(2, &[ledger]);
    let verdict =
        Verdict { change: target, verdict: VerdictKind::Void, reason: "not_owner".into() };
    let review = json!({"state": "approved", "comment": "", "reviewer": "x"});
    b.gesture(
        ledger,
        2,
        vec![
            Write::new("judgement", rec(8), "verdict", verdict.to_value()),
            Write::new("finding", rec(2), "review", review),
        ],
    );
    a.chains.extend(b.chains.clone());
    let fold = a.fold(ledger);
    assert_eq!(fold.resolve(&answer()).shown, Some(json!("nonconforming")));
    assert_eq!(fold.resolve(&Register::new("finding", rec(2), "review")).shown, None);
}

#[test]
fn the_earliest_deadline_holds_until_the_owner_decides() {
    let ledger = ledger_id(1);
    let deadline = Register::new("finding", rec(2), "deadline");
    let mut a = Replica::new(1, &[ledger]);
    let mut b = Replica::new(2, &[ledger]);
    a.set(ledger, 1, &deadline, json!("2026-12-03"));
    b.set(ledger, 2, &deadline, json!("2026-12-24"));
    a.chains.extend(b.chains.clone());
    let resolved = a.fold(ledger).resolve(&deadline);
    assert_eq!(resolved.shown, Some(json!("2026-12-03")));
    assert!(resolved.contested);
}
