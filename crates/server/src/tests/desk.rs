//! What the desk looks up, and how it opens tasks.

use crate::tests::office::{Office, SECTORS, city, day, department, people, year};
use axum::http::StatusCode;
use domain::permission::Role;
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn enterprises_are_searched_filtered_and_paged_by_the_server() {
    let office = Office::open().await;
    let cookie = office.sign_in(Role::Supervisor).await;
    let all = office.get("/api/enterprises?size=7&page=1", Some(&cookie)).await.json();
    assert_eq!((&all["total"], &all["size"]), (&json!(50), &json!(7)));
    assert_eq!(all["rows"].as_array().unwrap().len(), 7);
    let uscc = city().showcase().uscc.to_string();
    let one = office.get(&format!("/api/enterprises?q={uscc}"), Some(&cookie)).await.json();
    assert_eq!((&one["total"], &one["rows"][0]["uscc"]), (&json!(1), &json!(uscc)));
    // Signs with a meaning to the database are only signs.
    for q in ["%25", "_", "%27%3B"] {
        let none = office.get(&format!("/api/enterprises?q={q}"), Some(&cookie)).await.json();
        assert_eq!(none["total"], 0, "{q}");
    }
    let wrong = office.get("/api/enterprises?risk=none", Some(&cookie)).await;
    assert_eq!(wrong.code(), "malformed");
}

#[tokio::test]
async fn a_checklist_is_proposed_sector_by_sector() {
    let office = Office::open().await;
    let cookie = office.sign_in(Role::CommitteeOffice).await;
    let id = city().showcase().id;
    let path = format!("/api/check-items?sectors=fire,emergency_management&enterprise={id}");
    let items = office.get(&path, Some(&cookie)).await.json();
    let sectors: Vec<&str> =
        items.as_array().unwrap().iter().map(|item| item["sector"].as_str().unwrap()).collect();
    let fire = sectors.iter().filter(|sector| **sector == "fire").count();
    assert!(fire > 0 && sectors.len() > fire);
    assert!(sectors[..fire].iter().all(|sector| *sector == "fire"));
}

#[tokio::test]
async fn a_task_without_its_people_items_or_departments_is_refused() {
    let office = Office::open().await;
    let cookie = office.sign_in(Role::CommitteeOffice).await;
    let good = Office::task_request();
    let invalid = people(SECTORS[0]).find(|one| !one.certificate.is_valid_on(day()));
    let invalid = invalid.unwrap().person;
    let lead = good["parties"][0]["site_lead"].clone();
    let stranger = people(SECTORS[1]).next().unwrap().person;
    let mut only_fire: Vec<&str> = Vec::new();
    for item in &city().check_items {
        if item.sector == SECTORS[1] {
            only_fire.push(&item.code);
        }
    }
    let cases: Vec<(&str, &str, Value)> = vec![
        ("/parties/0/inspectors", "too_few_inspectors", json!([lead])),
        ("/parties/0/inspectors", "too_few_inspectors", json!([lead, lead])),
        ("/parties/0/inspectors", "certificate_invalid", json!([lead, invalid])),
        ("/parties/0/inspectors", "inspector_unknown", json!([lead, stranger])),
        ("/parties/0/site_lead", "site_lead_not_in_team", json!(stranger)),
        ("/parties/1/department", "department_unknown", json!(department(SECTORS[0]).id)),
        ("/item_codes", "checklist_empty", json!([])),
        ("/item_codes", "item_unknown", json!(["none"])),
        ("/item_codes", "department_without_item", json!(only_fire)),
        ("/item_codes", "item_without_department", json!([foreign_item()])),
        ("/enterprise", "enterprise_unknown", json!(lead)),
        ("/lead", "lead_not_party", json!(lead)),
    ];
    for (pointer, code, value) in cases {
        let mut request = good.clone();
        *request.pointer_mut(pointer).unwrap() = value;
        let answer = office.post("/api/tasks", Some(&cookie), request).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{code}");
        assert_eq!(answer.code(), code);
    }
    let none = office.get("/api/tasks", Some(&cookie)).await.json();
    assert_eq!(none["total"], 0);
}

/// An item of a sector that takes no part.
fn foreign_item() -> &'static str {
    let foreign = city().check_items.iter().find(|item| !SECTORS.contains(&item.sector));
    foreign.unwrap().code.as_str()
}

#[tokio::test]
async fn a_draft_is_listed_shown_without_answers_and_dispatched_once() {
    let office = Office::open().await;
    let cookie = office.sign_in(Role::CommitteeOffice).await;
    let opened = office.post("/api/tasks", Some(&cookie), Office::task_request()).await.json();
    let path = format!("/api/tasks/{}", opened["task"].as_str().unwrap());
    let drafts = office.get("/api/tasks?status=draft", Some(&cookie)).await.json();
    let card = drafts["rows"][0].clone();
    assert_eq!(card["number"], format!("联检〔{}〕1号", year()));
    assert_eq!(card["departments"].as_array().unwrap().len(), 3);
    assert_eq!(card["departments"][0], "应急");
    assert!(card["items"].as_u64().unwrap() >= 40);
    let draft = office.get(&path, Some(&cookie)).await.json();
    assert_eq!((&draft["status"], draft["team"].as_array().unwrap().len()), (&json!("draft"), 6));
    let approve = office.sign_in(Role::Supervisor).await;
    let early = office.post(&format!("{path}/approve"), Some(&approve), json!({})).await;
    assert_eq!(early.code(), "still_a_draft");

    let sent = office.post(&format!("{path}/dispatch"), Some(&cookie), json!({})).await;
    assert_eq!(sent.json()["status"], "dispatched");
    let twice = office.post(&format!("{path}/dispatch"), Some(&cookie), json!({})).await;
    assert_eq!((twice.status, twice.code().as_str()), (StatusCode::CONFLICT, "not_a_draft"));
    let board = office.get(&path, Some(&cookie)).await.json();
    assert_eq!(board["status"], "dispatched");
    // The checklist that was seen is the one that was sent.
    assert_eq!(board["items"], draft["items"]);
    let history = office.get(&format!("{path}/history"), Some(&cookie)).await.json();
    assert_eq!(history[0]["intent"], "task.dispatch");
    let all = office.get("/api/tasks", Some(&cookie)).await.json();
    assert_eq!(all["total"], 1);
    let found = office.get("/api/overview", Some(&cookie)).await.json();
    assert_eq!(found["tasks_by_status"], json!({"dispatched": 1}));
}

#[tokio::test]
async fn every_code_an_item_cites_has_its_words_before_and_after_dispatch() {
    let office = Office::open().await;
    let cookie = office.sign_in(Role::CommitteeOffice).await;
    let opened = office.post("/api/tasks", Some(&cookie), Office::task_request()).await.json();
    let path = format!("/api/tasks/{}", opened["task"].as_str().unwrap());
    let words = async || {
        let answer = office.get(&format!("{path}/articles"), Some(&cookie)).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json()
    };
    let draft = words().await;
    office.post(&format!("{path}/dispatch"), Some(&cookie), json!({})).await;
    let sent = words().await;
    assert_eq!(sent, draft);

    let board = office.get(&path, Some(&cookie)).await.json();
    let items = board["items"].as_array().unwrap();
    let bases = items.iter().flat_map(|item| [&item["violated"], &item["penalty"]]);
    let bases = bases.flat_map(|codes| codes.as_array().unwrap());
    let criteria = items.iter().map(|item| &item["criterion"]).filter(|code| !code.is_null());
    let find = |code: &Value| {
        let mut found = sent.as_array().unwrap().iter().filter(|one| one["code"] == *code);
        let article = found.next().unwrap_or_else(|| panic!("{code} has no words"));
        assert!(found.next().is_none(), "{code} is there twice");
        article
    };
    let basis = find(bases.clone().next().unwrap());
    let criterion = find(criteria.clone().next().unwrap());
    assert!(basis["effective_from"].is_string() && basis["article"] != "", "{basis}");
    assert!(criterion["effective_from"].is_null() && criterion["article"] == "", "{criterion}");
    for code in bases.chain(criteria) {
        let article = find(code);
        assert!(article["title"] != "" && article["text"] != "", "{article}");
        assert!(article["uncertain"].is_boolean(), "{article}");
    }

    let nowhere = format!("/api/tasks/{}/articles", Uuid::now_v7());
    assert_eq!(office.get(&nowhere, Some(&cookie)).await.code(), "not_found");
}
