//! The exchange brings replicas to the same holdings and the same state, in
//! few turns, whatever the bytes are, and takes nothing that does not verify.

#![allow(clippy::unwrap_used, reason = "a test says by failing what went wrong")]

mod support;

use ledger::exchange::{Caller, PROTOCOL, Request, RequestHeader, ResponseHeader, Step, Stuck};
use ledger::holdings::{Held, Holdings, Span};
use ledger::incoming::Refusal;
use ledger::{Hash, Register, Write};
use proptest::prelude::*;
use serde_json::json;
use support::{Replica, ledger_id, rec, replica_id, uuid};

fn remark(n: u128) -> Register {
    Register::new("item", rec(n), "remark")
}

#[test]
fn two_tablets_agree_through_the_server() {
    let (joint, internal) = (ledger_id(1), ledger_id(2));
    let mut server = Replica::new(0, &[joint, internal]);
    let mut a = Replica::new(1, &[joint, internal]);
    let mut b = Replica::new(2, &[joint]);
    server.set(joint, 0, &remark(0), json!("charter"));
    server.set(internal, 0, &remark(0), json!("charter"));
    a.set(joint, 1, &remark(1), json!("from a"));
    a.set(internal, 1, &remark(1), json!("for our eyes"));
    b.set(joint, 2, &remark(2), json!("from b"));
    a.exchange(&mut server).unwrap();
    b.exchange(&mut server).unwrap();
    a.exchange(&mut server).unwrap();
    let joint_only = [joint];
    assert_eq!(a.holdings_of(&joint_only), b.holdings_of(&joint_only));
    assert_eq!(a.fold(joint).digest(), b.fold(joint).digest());
    assert_eq!(a.fold(internal).digest(), server.fold(internal).digest());
    // Nothing of the internal ledger went to the other department.
    assert!(b.chains.keys().all(|(ledger, _)| *ledger == joint));
}

#[test]
fn with_nothing_new_one_turn_is_enough() {
    let joint = ledger_id(1);
    let mut server = Replica::new(0, &[joint]);
    let mut a = Replica::new(1, &[joint]);
    server.set(joint, 0, &remark(0), json!("charter"));
    a.set(joint, 1, &remark(1), json!("from a"));
    a.exchange(&mut server).unwrap();
    assert_eq!(a.exchange(&mut server), Ok(1));
    a.set(joint, 2, &remark(1), json!("again"));
    assert_eq!(a.exchange(&mut server), Ok(1));
}

#[test]
fn an_answer_lost_on_the_way_is_made_good_by_the_next_exchange() {
    let joint = ledger_id(1);
    let mut server = Replica::new(0, &[joint]);
    let mut a = Replica::new(1, &[joint]);
    server.set(joint, 0, &remark(0), json!("charter"));
    a.set(joint, 1, &remark(1), json!("one"));
    // The server takes the page; its answer never arrives.
    let span = Span { ledger: joint, replica: a.id, after: 0, at: None, upto: 1 };
    let header = RequestHeader::new(uuid(7), a.id, &a.holdings_of(&[joint]), [joint]);
    let request = Request { header, pages: vec![a.page(&span)] };
    server.answer(&request.encode().unwrap(), &[joint]);
    a.set(joint, 2, &remark(1), json!("two"));
    a.exchange(&mut server).unwrap();
    assert_eq!(a.holdings_of(&[joint]), server.holdings_of(&[joint]));
    assert_eq!(server.head(joint, a.id).pos, 2);
}

#[test]
fn bytes_that_nobody_understands_keep_their_position_and_stop_nobody() {
    let joint = ledger_id(1);
    let mut server = Replica::new(0, &[joint]);
    let mut a = Replica::new(1, &[joint]);
    a.set(joint, 1, &remark(1), json!("one"));
    a.append_raw(joint, b"\xff\x00 not a change".to_vec());
    let own = a.id;
    let next = a.head(joint, own).pos + 1;
    a.gesture(joint, 3, vec![Write::new("item", rec(3), "remark", json!("three"))]);
    a.exchange(&mut server).unwrap();
    assert_eq!(server.head(joint, a.id).pos, next);
    assert_eq!(server.fold(joint).resolve(&remark(3)).shown, Some(json!("three")));
}

#[test]
fn one_changed_byte_is_refused_and_what_was_sealed_before_it_is_kept() {
    let joint = ledger_id(1);
    let mut server = Replica::new(0, &[joint]);
    let mut a = Replica::new(1, &[joint]);
    for n in 0..4 {
        a.set(joint, n, &remark(1), json!(format!("text {n}")));
    }
    let mut page = a.page(&Span { ledger: joint, replica: a.id, after: 0, at: None, upto: 4 });
    let last = page.changes[2].len() - 10;
    page.changes[2][last] ^= 1;
    assert_eq!(server.apply(&page), Some(Refusal::Seal(3)));
    assert_eq!(server.head(joint, a.id).pos, 2);
}

#[test]
fn changes_behind_the_last_seal_are_not_taken() {
    let joint = ledger_id(1);
    let mut server = Replica::new(0, &[joint]);
    let mut a = Replica::new(1, &[joint]);
    for n in 0..3 {
        a.set(joint, n, &remark(1), json!(format!("text {n}")));
    }
    let mut page = a.page(&Span { ledger: joint, replica: a.id, after: 0, at: None, upto: 3 });
    page.seals.truncate(2);
    assert_eq!(server.apply(&page), Some(Refusal::Unsealed(2)));
    assert_eq!(server.head(joint, a.id).pos, 2);
}

#[test]
fn a_page_from_the_middle_waits_for_what_is_before_it() {
    let joint = ledger_id(1);
    let mut server = Replica::new(0, &[joint]);
    let mut a = Replica::new(1, &[joint]);
    for n in 0..3 {
        a.set(joint, n, &remark(1), json!(format!("text {n}")));
    }
    let page = a.page(&Span { ledger: joint, replica: a.id, after: 1, at: None, upto: 3 });
    assert_eq!(server.apply(&page), Some(Refusal::Gap { held: 0, after: 1 }));
    assert!(server.holdings_of(&[joint]).0[&joint].is_empty());
}

/// A tablet and its clone, which share what was written before the cloning.
fn cloned(joint: domain::id::LedgerId, shared: i64) -> (Replica, Replica) {
    let mut a = Replica::new(1, &[joint]);
    let mut clone = Replica::new(1, &[joint]);
    for replica in [&mut a, &mut clone] {
        for n in 0..shared {
            replica.set(joint, n, &remark(1), json!(format!("shared {n}")));
        }
    }
    (a, clone)
}

#[test]
fn a_second_history_of_the_same_replica_is_kept_beside_the_first_everywhere() {
    for shared in [0, 1, 3] {
        let joint = ledger_id(1);
        let mut server = Replica::new(0, &[joint]);
        server.set(joint, 0, &remark(0), json!("charter"));
        let (mut a, mut clone) = cloned(joint, shared);
        a.set(joint, 10, &remark(2), json!("one"));
        a.set(joint, 11, &remark(3), json!("two"));
        clone.set(joint, 12, &remark(2), json!("another one"));
        a.exchange(&mut server).unwrap();
        clone.exchange(&mut server).unwrap();
        a.exchange(&mut server).unwrap();
        clone.exchange(&mut server).unwrap();
        let held = server.holdings_of(&[joint]);
        assert_eq!(a.holdings_of(&[joint]), held, "{shared}");
        assert_eq!(clone.holdings_of(&[joint]), held, "{shared}");
        // Neither history's word replaces the other's, and nothing was lost.
        let fold = server.fold(joint);
        assert_eq!(fold.resolve(&remark(2)).heads.len(), 2);
        assert_eq!(fold.resolve(&remark(3)).shown, Some(json!("two")));
        assert_eq!(a.fold(joint).digest(), fold.digest());
        // Both go on writing, each behind its own.
        a.set(joint, 20, &remark(4), json!("a goes on"));
        clone.set(joint, 21, &remark(4), json!("the clone too"));
        for replica in [&mut a, &mut clone] {
            replica.exchange(&mut server).unwrap();
        }
        a.exchange(&mut server).unwrap();
        assert_eq!(a.fold(joint).digest(), server.fold(joint).digest());
        assert_eq!(server.fold(joint).resolve(&remark(4)).heads.len(), 2);
    }
}

#[test]
fn a_third_history_and_a_fork_of_a_branch_are_kept_too() {
    let joint = ledger_id(1);
    let mut server = Replica::new(0, &[joint]);
    let (mut a, mut b) = cloned(joint, 2);
    let (mut c, mut d) = cloned(joint, 1);
    a.set(joint, 10, &remark(2), json!("a"));
    a.set(joint, 11, &remark(3), json!("a"));
    b.set(joint, 10, &remark(2), json!("a"));
    b.set(joint, 12, &remark(3), json!("b"));
    c.set(joint, 13, &remark(4), json!("c"));
    d.set(joint, 14, &remark(5), json!("d"));
    for _ in 0..2 {
        for replica in [&mut a, &mut b, &mut c, &mut d] {
            replica.exchange(&mut server).unwrap();
        }
    }
    for replica in [&a, &b, &c, &d] {
        assert_eq!(replica.holdings_of(&[joint]), server.holdings_of(&[joint]));
        assert_eq!(replica.fold(joint).digest(), server.fold(joint).digest());
    }
    let fold = server.fold(joint);
    assert_eq!(fold.resolve(&remark(3)).heads.len(), 2);
    assert_eq!(fold.resolve(&remark(4)).shown, Some(json!("c")));
    assert_eq!(fold.resolve(&remark(5)).shown, Some(json!("d")));
}

#[test]
fn a_tablet_restored_to_an_earlier_day_takes_its_own_work_back() {
    let joint = ledger_id(1);
    let mut server = Replica::new(0, &[joint]);
    let (mut a, mut restored) = cloned(joint, 2);
    a.set(joint, 10, &remark(2), json!("after the copy"));
    a.exchange(&mut server).unwrap();
    restored.exchange(&mut server).unwrap();
    assert_eq!(restored.holdings_of(&[joint]), server.holdings_of(&[joint]));
    assert_eq!(restored.own_chain(joint), restored.id, "it goes on in its own chain");
    restored.set(joint, 20, &remark(3), json!("goes on"));
    restored.exchange(&mut server).unwrap();
    assert_eq!(server.head(joint, restored.id).pos, 4);
}

#[test]
fn holdings_have_one_digest_and_it_moves_with_any_position_or_hash() {
    let joint = ledger_id(1);
    let mut a = Replica::new(1, &[joint]);
    a.set(joint, 1, &remark(1), json!("one"));
    let holdings = a.holdings_of(&[joint]);
    let mut moved: Holdings = holdings.clone();
    let held = moved.0.get_mut(&joint).and_then(|l| l.get_mut(&replica_id(1))).unwrap();
    *held = Held(held.0 + 1, held.1);
    assert_ne!(holdings.digest(), moved.digest());
    assert_eq!(holdings.digest(), a.holdings_of(&[joint]).digest());
}

/// The server's answer to a caller whose ledgers it will never agree with.
fn never_agreeing(holdings: &Holdings, ask: &[domain::id::LedgerId]) -> ResponseHeader {
    let unasked = holdings.0.keys().filter(|ledger| !ask.contains(ledger));
    ResponseHeader {
        protocol: PROTOCOL,
        epoch: uuid(7),
        time: support::wall(0),
        server: None,
        digest: Hash::of(b"another"),
        ledgers: unasked.map(|ledger| (*ledger, Hash::of(b"another"))).collect(),
        left: vec![],
        wants: vec![],
        refused: vec![],
        receipts: vec![],
        more: false,
        wipe: None,
        lease_days: None,
        kept_days: None,
        version_min: None,
    }
}

#[test]
fn two_ledgers_that_differ_for_good_end_the_exchange_instead_of_taking_turns() {
    let (one, two) = (ledger_id(1), ledger_id(2));
    let mut a = Replica::new(1, &[one, two]);
    a.set(one, 1, &remark(1), json!("one"));
    a.set(two, 2, &remark(1), json!("two"));
    let holdings = a.holdings_of(&[one, two]);
    let span = Span { ledger: one, replica: a.id, after: 0, at: None, upto: 1 };
    let exchange = |refused: bool| {
        let mut caller = Caller::new(a.id, uuid(7), [span]);
        if refused {
            caller.refuse(one, replica_id(9));
        }
        for _ in 0..100 {
            let header = caller.header(&holdings);
            let ask: Vec<_> = header.ask.keys().copied().collect();
            let sent: Vec<Span> = caller.spans().copied().collect();
            match caller.take(&never_agreeing(&holdings, &ask), &sent, &holdings) {
                Ok(Step::Again) => {}
                end => return Some(end),
            }
        }
        None
    };
    assert_eq!(exchange(false), Some(Err(Stuck)));
    // What was refused explains a lasting difference; the rest is done.
    assert_eq!(exchange(true), Some(Ok(Step::Done)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_interleaving_of_gestures_and_exchanges_ends_in_agreement(
        acts in prop::collection::vec((1..4u8, any::<bool>(), 0..6u128), 1..40),
    ) {
        let joint = ledger_id(1);
        let mut server = Replica::new(0, &[joint]);
        server.set(joint, 0, &remark(0), json!("charter"));
        let mut tablets: Vec<Replica> = (1..4).map(|n| Replica::new(n, &[joint])).collect();
        for (at, (who, exchanges, what)) in acts.iter().enumerate() {
            let tablet = &mut tablets[usize::from(*who) - 1];
            if *exchanges {
                tablet.exchange(&mut server).unwrap();
            } else {
                tablet.set(joint, i64::try_from(at).unwrap(), &remark(*what), json!(at));
            }
        }
        for tablet in &mut tablets {
            tablet.exchange(&mut server).unwrap();
        }
        for tablet in &mut tablets {
            tablet.exchange(&mut server).unwrap();
            prop_assert_eq!(tablet.holdings_of(&[joint]), server.holdings_of(&[joint]));
            prop_assert_eq!(tablet.fold(joint).digest(), server.fold(joint).digest());
        }
    }
}
