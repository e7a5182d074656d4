//! The daily tree heads.

use crate::store::{acceptance, chain, membership};
use crate::tests::office::{Office, SECTORS};
use crate::usecase::tree;
use axum::http::StatusCode;
use chrono::{DateTime, Duration, NaiveDate};
use domain::id::{LedgerId, RecordId, ReplicaId};
use domain::time::{Wall, shanghai_day_end_ms};
use ledger::tree::{Acceptance, SignedTreeHead, Tree, TreeHead};
use ledger::{Hash, Write};
use serde_json::{Value, json};
use uuid::Uuid;

fn acceptance_at(ms: i64) -> Acceptance {
    Acceptance {
        ledger: LedgerId(Uuid::from_u128(1)),
        replica: ReplicaId(Uuid::from_u128(2)),
        from: 1,
        upto: 2,
        hash: Hash::of(&ms.to_be_bytes()),
        at: Wall::new(DateTime::from_timestamp_millis(ms).unwrap()),
    }
}

async fn accept(office: &Office, ms: i64) {
    acceptance::append(&office.app.db, office.app.new_id().unwrap(), &acceptance_at(ms))
        .await
        .unwrap();
}

async fn heads(office: &Office) -> Vec<SignedTreeHead> {
    let stored = acceptance::heads(&office.app.db, NaiveDate::MIN, 100).await.unwrap();
    stored.into_iter().map(|one| one.head).collect()
}

fn read(office: &Office, head: &SignedTreeHead) -> TreeHead {
    head.verify(&office.app.keys.server.public()).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[tokio::test]
async fn every_change_held_is_under_an_acceptance() {
    let office = Office::open().await;
    office.dispatched().await;
    let mut tablet = office.tablet(SECTORS[0], 0).await;
    tablet.exchange(&office).await;
    let joint = tablet.joint();
    for text in ["one", "two"] {
        let write = Write::new("memo", RecordId(office.app.new_id().unwrap()), "text", json!(text));
        tablet.write(joint, "memo.write", vec![write]);
    }
    tablet.exchange(&office).await;
    for ledger in membership::all_ledgers(&office.app.db).await.unwrap() {
        let rows = acceptance::of_ledger(&office.app.db, ledger).await.unwrap();
        let leaves: Vec<Acceptance> =
            rows.iter().map(|row| serde_json::from_str(&row.leaf).unwrap()).collect();
        let holdings = chain::holdings(&office.app.db, [ledger]).await.unwrap();
        for replica in holdings.0[&ledger].keys() {
            let head = chain::head(&office.app.db, ledger, *replica).await.unwrap();
            let of_chain = leaves.iter().filter(|leaf| leaf.replica == *replica);
            let end = of_chain.fold(0, |end, leaf| {
                assert_eq!(leaf.from, end + 1);
                leaf.upto
            });
            assert_eq!(end, head.pos);
            assert!(leaves.iter().any(|leaf| leaf.hash == head.hash));
        }
    }
}

#[tokio::test]
async fn a_day_that_is_over_has_one_head_whoever_makes_it() {
    let office = Office::open().await;
    let midnight = shanghai_day_end_ms(day("2026-03-01"));
    for ms in [midnight - 2, midnight - 1, midnight, midnight + 5] {
        accept(&office, ms).await;
    }
    let today = day("2026-03-03");
    let (one, two, three) =
        tokio::join!(tree::make(&office.app, today), tree::make(&office.app, today), async {
            tree::make(&office.app, today).await
        });
    one.and(two).and(three).unwrap();
    let made = heads(&office).await;
    let [first, second] = made.as_slice() else { panic!("{made:?}") };
    let (first_read, second_read) = (read(&office, first), read(&office, second));
    assert_eq!((first_read.day, first_read.size), (day("2026-03-01"), 2));
    assert_eq!((second_read.day, second_read.size), (day("2026-03-02"), 2));
    assert_eq!(first_read.previous, None);
    assert_eq!(second_read.previous, Some(first.hash()));
    assert!(!second_read.interim);
}

#[tokio::test]
async fn what_is_committed_too_late_for_its_day_goes_under_the_next_and_no_head_changes() {
    let office = Office::open().await;
    let midnight = shanghai_day_end_ms(day("2026-03-01"));
    accept(&office, midnight - 2).await;
    tree::make(&office.app, day("2026-03-02")).await.unwrap();
    let before = heads(&office).await;
    accept(&office, midnight - 1).await;
    tree::make(&office.app, day("2026-03-02")).await.unwrap();
    assert_eq!(heads(&office).await, before);
    tree::make(&office.app, day("2026-03-03")).await.unwrap();
    let after = heads(&office).await;
    assert_eq!(after[..1], before);
    assert_eq!((after.len(), read(&office, &after[1]).size), (2, 1));
    assert_eq!(read(&office, &after[1]).day, day("2026-03-02"));
}

#[tokio::test]
async fn every_acceptance_of_a_day_is_proved_under_its_head() {
    let office = Office::open().await;
    let midnight = shanghai_day_end_ms(day("2026-03-01"));
    for back in 1..=20 {
        // Several within one millisecond, and not in order.
        accept(&office, midnight - (back * 7) % 5 - 1).await;
    }
    tree::make(&office.app, day("2026-03-02")).await.unwrap();
    let head = read(&office, &heads(&office).await[0]);
    let places = acceptance::places(&office.app.db, Some(head.day)).await.unwrap();
    let leaves: Vec<Hash> = places.iter().map(|(_, hash)| *hash).collect();
    assert_eq!(leaves.len(), 20);
    let tree = Tree::new(leaves.clone());
    for (index, leaf) in leaves.iter().enumerate() {
        assert!(tree.inclusion(index).unwrap().holds(leaf, head.size, &head.root));
    }
}

#[tokio::test]
async fn the_next_acceptance_makes_the_head_of_the_day_before() {
    let office = Office::open().await;
    office.dispatched().await;
    let yesterday = office.app.shanghai_today() - Duration::days(1);
    accept(&office, shanghai_day_end_ms(yesterday) - 1).await;
    assert!(heads(&office).await.is_empty());
    let mut tablet = office.tablet(SECTORS[0], 0).await;
    tablet.exchange(&office).await;
    assert_eq!(read(&office, &heads(&office).await[0]).day, yesterday);
}

#[tokio::test]
async fn anybody_may_read_the_heads_and_learns_no_more_than_hashes() {
    let office = Office::open().await;
    let midnight = shanghai_day_end_ms(day("2026-03-01"));
    accept(&office, midnight - 1).await;
    accept(&office, midnight + 1).await;
    tree::make(&office.app, day("2026-03-03")).await.unwrap();
    let answer = office.get("/v1/tree-heads", None).await;
    assert_eq!(answer.status, StatusCode::OK);
    let shown = answer.json();
    assert_eq!(shown["heads"].as_array().unwrap().len(), 2);
    assert_eq!(shown["certificates"].as_array().unwrap().len(), 1);
    let text: Value = serde_json::from_str(shown["heads"][1]["text"].as_str().unwrap()).unwrap();
    let members: Vec<&String> = text.as_object().unwrap().keys().collect();
    assert_eq!(members, ["by", "day", "previous", "root", "size"]);
    let body = String::from_utf8(answer.bytes).unwrap();
    assert!(!body.contains(&acceptance_at(0).ledger.to_string()));
    let later = office.get("/v1/tree-heads?from=2026-03-02", None).await.json();
    assert_eq!(later["heads"].as_array().unwrap().len(), 1);
    let nonsense = office.get("/v1/tree-heads?from=yesterday", None).await;
    assert_eq!((nonsense.status, nonsense.code()), (StatusCode::BAD_REQUEST, "malformed".into()));
}

#[tokio::test]
async fn the_running_days_head_says_that_it_is_none_for_good() {
    let office = Office::open().await;
    office.dispatched().await;
    let today = office.app.shanghai_today();
    let interim = tree::interim(&office.app, today).await.unwrap();
    let head = read(&office, &interim);
    assert!(head.interim && head.size > 0);
    assert!(heads(&office).await.is_empty());
}
