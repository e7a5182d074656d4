//! Files named by their hash.

use crate::tests::office::{Office, SECTORS, department};
use crate::tests::tablet::Tablet;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use domain::department::Sector;
use domain::id::RecordId;
use domain::permission::Role;
use domain::record::{field, kind};
use ledger::{Hash, Write};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use uuid::Uuid;

const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0 a picture for a test";

fn path(bytes: &[u8]) -> String {
    format!("/v1/blobs/{}", Hash::of(bytes))
}

/// Writes a record that refers to a file.
async fn refer(office: &Office, tablet: &mut Tablet, bytes: &[u8]) {
    let file = json!({
        "subject": Uuid::now_v7(), "sha256": Hash::of(bytes), "bytes": bytes.len(),
        "media_type": "image/jpeg", "name": "a.jpg",
    });
    let write = Write::new(kind::EVIDENCE, RecordId(Uuid::now_v7()), field::FILE, file);
    tablet.write(tablet.joint(), "evidence.add", vec![write]);
    tablet.exchange(office).await;
}

async fn ready(office: &Office, sector: Sector, index: usize) -> Tablet {
    let mut tablet = office.tablet(sector, index).await;
    tablet.exchange(office).await;
    tablet
}

#[tokio::test]
async fn knowing_a_hash_grants_nothing() {
    let office = Office::open().await;
    office.dispatched().await;
    let mut lead = ready(&office, SECTORS[0], 0).await;
    let mut fire = ready(&office, Sector::Fire, 0).await;
    let stranger = ready(&office, SECTORS[0], 3).await;
    office.hand_in(&lead.token, JPEG).await;
    // Not even who brought it reads it before a ledger speaks of it.
    for token in [&lead.token, &fire.token, &stranger.token] {
        let answer = office.device("GET", &path(JPEG), token, vec![]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    refer(&office, &mut lead, JPEG).await;
    fire.exchange(&office).await;
    let read = office.device("GET", &path(JPEG), &fire.token, vec![]).await;
    assert_eq!((read.status, read.bytes.as_slice()), (StatusCode::OK, JPEG));
    for (method, token) in [("GET", &stranger.token), ("HEAD", &stranger.token)] {
        let answer = office.device(method, &path(JPEG), token, vec![]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn naming_a_foreign_file_in_a_record_of_ones_own_does_not_hand_it_out() {
    let office = Office::open().await;
    office.dispatched().await;
    let stranger = ready(&office, SECTORS[0], 3).await;
    let secret = b"\xFF\xD8\xFF\xE0 of another task";
    office.hand_in(&stranger.token, secret).await;
    let mut fire = ready(&office, Sector::Fire, 0).await;
    refer(&office, &mut fire, secret).await;
    let answer = office.device("GET", &path(secret), &fire.token, vec![]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_record_may_come_before_its_file() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let cookie = office.sign_in(Role::Supervisor).await;
    let evidence = format!("/api/tasks/{task}/evidence/{}", Hash::of(JPEG));
    let unknown = office.get(&evidence, Some(&cookie)).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (StatusCode::NOT_FOUND, "not_found"));
    let mut fire = ready(&office, Sector::Fire, 0).await;
    refer(&office, &mut fire, JPEG).await;
    let early = office.get(&evidence, Some(&cookie)).await;
    assert_eq!((early.status, early.code().as_str()), (StatusCode::NOT_FOUND, "file_not_here_yet"));
    office.hand_in(&fire.token, JPEG).await;
    let there = office.get(&evidence, Some(&cookie)).await;
    assert_eq!((there.status, there.bytes.as_slice()), (StatusCode::OK, JPEG));
    assert_eq!(there.headers[CONTENT_TYPE], "image/jpeg");
    assert!(there.headers[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("sandbox"));
}

#[tokio::test]
async fn a_file_is_read_through_a_reference_only_of_who_brought_it() {
    let office = Office::open().await;
    office.dispatched().await;
    let lead = ready(&office, SECTORS[0], 0).await;
    let mut fire = ready(&office, Sector::Fire, 0).await;
    let mut market = ready(&office, Sector::MarketSupervision, 0).await;
    // Held by a member of the same team, for a reason of his own.
    office.hand_in(&lead.token, JPEG).await;
    refer(&office, &mut fire, JPEG).await;
    for (method, token) in [("GET", &fire.token), ("HEAD", &fire.token), ("GET", &lead.token)] {
        let answer = office.device(method, &path(JPEG), token, vec![]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    // Who refers and holds it is asked for it, and then everybody reads it.
    office.hand_in(&fire.token, JPEG).await;
    let head = office.device("HEAD", &path(JPEG), &fire.token, vec![]).await;
    assert_eq!(head.status, StatusCode::OK);
    market.exchange(&office).await;
    let read = office.device("GET", &path(JPEG), &market.token, vec![]).await;
    assert_eq!((read.status, read.bytes.as_slice()), (StatusCode::OK, JPEG));
    let head = office.device("HEAD", &path(JPEG), &market.token, vec![]).await;
    assert_eq!(head.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_download_goes_on_where_it_broke_off() {
    let office = Office::open().await;
    office.dispatched().await;
    let mut lead = ready(&office, SECTORS[0], 0).await;
    office.hand_in(&lead.token, JPEG).await;
    refer(&office, &mut lead, JPEG).await;
    let ask = async |range: &str| {
        let headers = [("range", range)];
        office.ask("GET", &path(JPEG), &lead.token, &headers, axum::body::Body::empty()).await
    };
    let whole = ask("nonsense").await;
    assert_eq!((whole.status, whole.bytes.as_slice()), (StatusCode::OK, JPEG));
    assert_eq!(whole.headers["accept-ranges"], "bytes");
    let rest = ask("bytes=10-").await;
    assert_eq!((rest.status, rest.bytes.as_slice()), (StatusCode::PARTIAL_CONTENT, &JPEG[10..]));
    let length = JPEG.len();
    assert_eq!(rest.headers["content-range"], format!("bytes 10-{}/{length}", length - 1));
    let outside = ask("bytes=4711-").await;
    assert_eq!(outside.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(outside.headers["content-range"], format!("bytes */{length}"));
    assert_eq!(outside.code(), "range_outside");
}

#[tokio::test]
async fn a_file_of_a_lost_tablet_is_said_to_be_lost() {
    let office = Office::open().await;
    office.dispatched().await;
    let lead = ready(&office, SECTORS[0], 0).await;
    let mut fire = ready(&office, Sector::Fire, 0).await;
    refer(&office, &mut fire, JPEG).await;
    let ask = async || office.device("GET", &path(JPEG), &lead.token, vec![]).await.code();
    assert_eq!(ask().await, "file_not_here_yet");
    revoke(&office, &fire).await;
    assert_eq!(ask().await, "file_lost");
    // What is found after all may still be handed in.
    office.hand_in(&fire.token, JPEG).await;
    let read = office.device("GET", &path(JPEG), &lead.token, vec![]).await;
    assert_eq!((read.status, read.bytes.as_slice()), (StatusCode::OK, JPEG));
}

#[tokio::test]
async fn a_file_of_personal_data_is_read_by_the_departments_it_names_alone() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let cookie = office.sign_in(Role::Supervisor).await;
    let mut lead = ready(&office, SECTORS[0], 0).await;
    let fire = ready(&office, Sector::Fire, 0).await;
    office.hand_in(&lead.token, JPEG).await;
    let sealed = json!({
        "subject": Uuid::now_v7(), "what": "phone", "sha256": Hash::of(JPEG),
        "bytes": JPEG.len(), "readers": [department(SECTORS[0]).id], "keep_until": "2027-11-23",
    });
    let write = Write::new(kind::PERSONAL, RecordId(Uuid::now_v7()), field::SEALED, sealed);
    lead.write(lead.joint(), "test", vec![write]);
    lead.exchange(&office).await;
    for (token, status) in [(&lead.token, StatusCode::OK), (&fire.token, StatusCode::NOT_FOUND)] {
        assert_eq!(office.device("GET", &path(JPEG), token, vec![]).await.status, status);
    }
    let evidence = format!("/api/tasks/{task}/evidence/{}", Hash::of(JPEG));
    let desk = office.get(&evidence, Some(&cookie)).await;
    assert_eq!((desk.status, desk.code().as_str()), (StatusCode::NOT_FOUND, "not_found"));
}

/// The office takes a tablet out of service.
async fn revoke(office: &Office, tablet: &Tablet) {
    use crate::store::tablet::{Column, Entity};
    Entity::update_many()
        .col_expr(Column::RevokedMs, Expr::value(office.app.now_ms()))
        .filter(Column::Replica.eq(tablet.replica.0))
        .exec(&office.app.db)
        .await
        .unwrap();
}
