//! Signing in and out.

use crate::store::account;
use crate::tests::office::{Office, PASSWORD};
use axum::body::Body;
use axum::http::header::COOKIE;
use axum::http::{Request, StatusCode};
use domain::permission::Role;
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn a_session_says_who_one_is_and_ends_when_signed_out() {
    let office = Office::open().await;
    assert_eq!(office.get("/api/session", None).await.code(), "not_signed_in");
    let cookie = office.sign_in(Role::Supervisor).await;
    let me = office.get("/api/session", Some(&cookie)).await.json();
    assert_eq!(me["role"], "supervisor");
    assert_eq!(me["may"], json!(["read_directories", "read_tasks", "review_findings"]));
    let sign_out = Request::delete("/api/session")
        .header(COOKIE, &cookie)
        .header("x-lianjian", "1")
        .body(Body::empty())
        .unwrap();
    assert_eq!(office.send(sign_out).await.status, StatusCode::NO_CONTENT);
    assert_eq!(office.get("/api/session", Some(&cookie)).await.code(), "not_signed_in");
}

#[tokio::test]
async fn wrong_account_and_wrong_password_are_told_alike() {
    let office = Office::open().await;
    for (account, password) in [("supervisor", "wrong"), ("nobody", PASSWORD)] {
        let body = json!({"account": account, "password": password});
        let answer = office.post("/api/session", None, body).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.code(), "credentials_wrong");
    }
}

#[tokio::test]
async fn who_guesses_passwords_locks_the_account_and_then_the_address() {
    let office = Office::open().await;
    let body = |password: &str| json!({"account": "supervisor", "password": password});
    for _ in 0..5 {
        let answer = office.post("/api/session", None, body("wrong")).await;
        assert_eq!(answer.code(), "credentials_wrong");
    }
    let locked = office.post("/api/session", None, body(PASSWORD)).await;
    assert_eq!(
        (locked.status, locked.code().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "account_locked")
    );
    assert!(locked.headers.contains_key("retry-after"));
    let known = account::by_name(&office.app.db, "supervisor").await.unwrap().unwrap();
    assert!(known.locked_until_ms > 0);
    for _ in 0..3 {
        let other = json!({"account": "nobody", "password": "wrong"});
        office.post("/api/session", None, other).await;
    }
    let other = json!({"account": "administrator", "password": PASSWORD});
    assert_eq!(office.post("/api/session", None, other).await.code(), "too_many_tries");
}

#[tokio::test]
async fn parallel_wrong_guesses_do_not_exceed_the_allowed_number() {
    let office = Arc::new(Office::open().await);
    let guess = |account: &'static str| {
        let office = Arc::clone(&office);
        tokio::spawn(async move {
            let body = json!({"account": account, "password": "wrong"});
            office.post("/api/session", None, body).await.code()
        })
    };
    let codes = async |account: &'static str| {
        let all: Vec<_> = (0..12).map(|_| guess(account)).collect();
        let mut looked_at = 0;
        for one in all {
            looked_at += usize::from(one.await.unwrap() == "credentials_wrong");
        }
        looked_at
    };
    // Five by account, and what is left of eight by address.
    assert_eq!(codes("supervisor").await, 5);
    assert_eq!(codes("nobody").await, 3);
}
