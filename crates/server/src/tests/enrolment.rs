//! Tablets enrol.

use crate::store::enrolment_code;
use crate::tests::office::{Office, people};
use crate::tests::tablet::{Tablet, enrol};
use crate::usecase::enrolment;
use axum::http::StatusCode;
use domain::department::Sector;
use domain::id::ReplicaId;
use domain::permission::Role;
use ledger::seal::Signer;
use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

fn replica() -> ReplicaId {
    ReplicaId(Uuid::now_v7())
}

#[tokio::test]
async fn a_used_enrolment_code_is_refused() {
    let office = Office::open().await;
    let person = people(Sector::Fire).next().unwrap().person;
    let code = enrolment::issue(&office.app, person, None).await.unwrap().code;
    Tablet::enrol(&office, person, &code).await;
    let key = Signer::from_seed(&[5; 32]).public();
    let answer = enrol(&office, &code, replica(), key).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::CONFLICT, "code_used"));
}

#[tokio::test]
async fn a_wrong_or_old_code_is_refused_and_guessing_is_slowed() {
    let office = Office::open().await;
    let key = Signer::from_seed(&[5; 32]).public();
    let person = people(Sector::Fire).next().unwrap().person;
    let code = enrolment::issue(&office.app, person, None).await.unwrap().code;
    office.app.db.execute_unprepared("UPDATE enrolment_code SET expires_ms = 1").await.unwrap();
    let old = enrol(&office, &code, replica(), key).await;
    assert_eq!((old.status, old.code().as_str()), (StatusCode::GONE, "code_expired"));
    for _ in 0..7 {
        let wrong = enrol(&office, "ABCDE-FGHJK", replica(), key).await;
        assert_eq!((wrong.status, wrong.code().as_str()), (StatusCode::NOT_FOUND, "code_wrong"));
    }
    let slowed = enrol(&office, "ABCDE-FGHJK", replica(), key).await;
    assert_eq!(slowed.code(), "too_many_tries");
}

#[tokio::test]
async fn a_tablet_that_lost_the_answer_may_ask_again() {
    let office = Office::open().await;
    let person = people(Sector::Fire).next().unwrap().person;
    let code = enrolment::issue(&office.app, person, None).await.unwrap().code;
    let tablet = Tablet::enrol(&office, person, &code).await;
    let again = enrol(&office, &code, tablet.replica, tablet.signer.public()).await;
    assert_eq!(again.status, StatusCode::OK);
    let thief = enrol(&office, &code, tablet.replica, Signer::from_seed(&[5; 32]).public()).await;
    assert_eq!(thief.code(), "code_used");
    // Only the token given last is good.
    let old = office.device("POST", "/v1/exchange", &tablet.token, vec![]).await;
    assert_eq!(old.code(), "token_wrong");
}

#[tokio::test]
async fn the_desk_issues_codes_and_sees_the_tablets_they_made() {
    let office = Office::open().await;
    let cookie = office.sign_in(Role::Administrator).await;
    let inspector = people(Sector::Fire).next().unwrap();
    let request = json!({"person": inspector.person});
    let issued = office.post("/api/enrolment-codes", Some(&cookie), request).await;
    assert_eq!(issued.status, StatusCode::CREATED);
    let code = issued.json()["code"].as_str().unwrap().to_owned();
    Tablet::enrol(&office, inspector.person, &code).await;
    let tablets = office.get("/api/tablets", Some(&cookie)).await.json();
    assert_eq!(tablets[0]["name"], "平板 1");
    assert_eq!(tablets[0]["person"], inspector.name);
    assert_eq!(tablets[0]["department"], "消防");
    // The code itself is nowhere kept.
    let stored = enrolment_code::by_hash(&office.app.db, &code).await.unwrap();
    assert!(stored.is_none());
    let unknown = json!({"person": Uuid::now_v7()});
    let refused = office.post("/api/enrolment-codes", Some(&cookie), unknown).await;
    assert_eq!(refused.code(), "inspector_unknown");
}

#[tokio::test]
async fn a_lost_answer_is_not_given_again_for_a_tablet_at_work_or_out_of_service_or_too_late() {
    let office = Office::open().await;
    let person = people(Sector::Fire).next().unwrap().person;
    let code = enrolment::issue(&office.app, person, None).await.unwrap().code;
    let mut tablet = Tablet::enrol(&office, person, &code).await;
    let key = tablet.signer.public();
    let run = async |statement: &str| {
        office.app.db.execute_unprepared(statement).await.unwrap();
    };
    run("UPDATE tablet SET revoked_ms = 1").await;
    assert_eq!(enrol(&office, &code, tablet.replica, key).await.code(), "revoked");
    run("UPDATE tablet SET revoked_ms = NULL").await;
    tablet.exchange(&office).await;
    assert_eq!(enrol(&office, &code, tablet.replica, key).await.code(), "code_used");
    // Its token stayed good.
    tablet.exchange(&office).await;
    run("UPDATE tablet SET last_contact_ms = NULL").await;
    run("UPDATE enrolment_code SET expires_ms = 1").await;
    assert_eq!(enrol(&office, &code, tablet.replica, key).await.code(), "code_expired");
}

#[tokio::test]
async fn no_tablet_enrols_under_the_servers_or_another_replicas_id() {
    let office = Office::open().await;
    office.dispatched().await;
    let other = office.tablet(Sector::Fire, 0).await;
    let person = people(Sector::Fire).nth(1).unwrap().person;
    let code = enrolment::issue(&office.app, person, None).await.unwrap().code;
    let key = Signer::from_seed(&[5; 32]).public();
    for taken in [office.app.keys.replica, other.replica, ReplicaId(Uuid::nil())] {
        let answer = enrol(&office, &code, taken, key).await;
        let told = (answer.status, answer.code());
        assert_eq!(told, (StatusCode::CONFLICT, "replica_taken".to_owned()));
    }
    // The code is still good for a tablet of its own.
    assert_eq!(enrol(&office, &code, replica(), key).await.status, StatusCode::OK);
}
