//! What the office says of a task that is out: its team, whether it takes place,
//! who owns what, and what becomes of changes that were marked.

use crate::tests::office::{Office, SECTORS, department, people};
use crate::tests::tablet::{Tablet, bare};
use axum::http::StatusCode;
use domain::department::Sector;
use domain::finding::Answer;
use domain::id::{LedgerId, RecordId};
use domain::permission::Role;
use domain::record::{field, kind};
use domain::time::Wall;
use ledger::exchange::{Request, RequestHeader};
use ledger::{Register, Write};
use serde_json::{Value, json};
use uuid::Uuid;

async fn ready(office: &Office, sector: Sector, index: usize) -> Tablet {
    let mut tablet = office.tablet(sector, index).await;
    tablet.exchange(office).await;
    tablet
}

async fn say(office: &Office, role: Role, path: &str, body: Value) -> (StatusCode, String) {
    let cookie = office.sign_in(role).await;
    let answer = office.post(path, Some(&cookie), body).await;
    let code = if answer.status == StatusCode::NO_CONTENT { String::new() } else { answer.code() };
    (answer.status, code)
}

async fn done(office: &Office, role: Role, path: &str, body: Value) {
    assert_eq!(say(office, role, path, body).await, (StatusCode::NO_CONTENT, String::new()));
}

/// The first item of a department, by the office's board.
async fn item(office: &Office, task: &str, of: Sector) -> RecordId {
    let owner = json!(department(of).id);
    let board = office.board(task).await;
    let items = board["items"].as_array().unwrap();
    let own = items.iter().find(|item| item["department"] == owner).unwrap();
    serde_json::from_value(own["rec"].clone()).unwrap()
}

fn answer(tablet: &mut Tablet, rec: RecordId, says: Answer) -> Register {
    let one = Register::new(kind::ITEM, rec, field::RESULT);
    let value = serde_json::to_value(says).unwrap();
    let write = Write::new(kind::ITEM, rec, field::RESULT, value).superseding(tablet.heads(&one));
    tablet.write(tablet.joint(), "item.answer", vec![write]);
    one
}

/// One turn with what was not sent yet, asking for all that is held.
async fn hand_in(office: &Office, tablet: &mut Tablet) {
    let (pages, holdings) = (tablet.pages(), tablet.holdings());
    let ask: Vec<LedgerId> = holdings.0.keys().copied().collect();
    let header = RequestHeader::new(tablet.epoch, tablet.replica, &holdings, ask);
    tablet.turn(office, Request { header, pages }).await;
}

async fn judged(office: &Office, task: &str) -> Vec<(String, String)> {
    let board = office.board(task).await;
    let all = board["judgements"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.map(|one| (text(&one["verdict"]), text(&one["reason"]))).collect()
}

#[tokio::test]
async fn who_takes_a_seat_reads_and_who_gives_it_up_does_not_and_loses_nothing() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let [lead, second, third] = [0, 1, 2].map(|n| people(SECTORS[0]).nth(n).unwrap().person);
    let mut leaves = ready(&office, SECTORS[0], 1).await;
    let mut comes = office.tablet(SECTORS[0], 2).await;
    comes.exchange(&office).await;
    assert!(comes.holdings().0.is_empty());
    let (joint, internal) = (leaves.joint(), leaves.internal());
    let own = item(&office, &task, SECTORS[0]).await;
    answer(&mut leaves, own, Answer::Conforms);

    let path = format!("/api/tasks/{task}/team");
    let asked = json!({"department": department(SECTORS[0]).id, "site_lead": lead,
                       "inspectors": [lead, third], "deputy": third});
    done(&office, Role::LeadDepartment, &path, asked.clone()).await;
    done(&office, Role::LeadDepartment, &path, asked).await;
    hand_in(&office, &mut leaves).await;
    assert!(leaves.left.contains(&joint) && leaves.left.contains(&internal));
    // What was written with the old seat in view was handed in after it was gone.
    assert_eq!(judged(&office, &task).await, [("review".into(), "authority_changed".into())]);
    comes.exchange(&office).await;
    assert_eq!(comes.joint(), joint);
    let shown = comes.resolved(&Register::new(kind::ITEM, own, field::RESULT)).shown;
    assert_eq!(shown, Some(json!("conforms")));
    let seat = Register::new(kind::MEMBER, RecordId(second.0), field::SEAT);
    // The name stays, for what was written under it.
    let given_up = comes.resolved(&seat).shown.unwrap();
    assert_eq!((&given_up["role"], &given_up["person"]), (&json!("former"), &json!(second)));
    let seat = Register::new(kind::MEMBER, RecordId(third.0), field::SEAT);
    assert_eq!(comes.resolved(&seat).shown.unwrap()["role"], "deputy");

    // And back again: the tablet that left reads all it missed.
    let back = json!({"department": department(SECTORS[0]).id, "site_lead": lead,
                      "inspectors": [lead, second]});
    done(&office, Role::CommitteeOffice, &path, back).await;
    leaves.exchange(&office).await;
    assert_eq!(leaves.holdings().0[&joint], {
        hand_in(&office, &mut comes).await;
        assert!(comes.left.contains(&joint));
        leaves.holdings().0[&joint].clone()
    });
    assert_eq!(leaves.resolved(&seat).shown.unwrap()["role"], "former");
}

#[tokio::test]
async fn a_team_keeps_two_people_and_those_who_settle_are_of_it() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let path = format!("/api/tasks/{task}/team");
    let crew: Vec<_> = people(SECTORS[0]).take(3).map(|one| one.person).collect();
    let stranger = people(Sector::Fire).next().unwrap().person;
    let of = department(SECTORS[0]).id;
    let wrong = [
        (
            json!({"department": of, "site_lead": crew[0], "inspectors": [crew[0]]}),
            "too_few_inspectors",
        ),
        (
            json!({"department": of, "site_lead": crew[2], "inspectors": [crew[0], crew[1]]}),
            "site_lead_not_in_team",
        ),
        (
            json!({"department": of, "site_lead": crew[0], "inspectors": [crew[0], crew[1]], "deputy": crew[0]}),
            "site_lead_not_in_team",
        ),
        (
            json!({"department": of, "site_lead": crew[0], "inspectors": [crew[0], stranger]}),
            "inspector_unknown",
        ),
        (
            json!({"department": Uuid::now_v7(), "site_lead": crew[0], "inspectors": crew}),
            "department_unknown",
        ),
    ];
    for (asked, code) in wrong {
        let said = say(&office, Role::CommitteeOffice, &path, asked).await;
        assert_eq!(said, (StatusCode::UNPROCESSABLE_ENTITY, code.to_owned()));
    }
    let nowhere = format!("/api/tasks/{}/team", Uuid::now_v7());
    let asked = json!({"department": of, "site_lead": crew[0], "inspectors": crew});
    let said = say(&office, Role::CommitteeOffice, &nowhere, asked).await;
    assert_eq!(said, (StatusCode::NOT_FOUND, "not_found".to_owned()));
}

#[tokio::test]
async fn what_was_done_while_a_visit_was_called_off_is_kept_and_marked() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let mut tablet = ready(&office, SECTORS[0], 0).await;
    let own = item(&office, &task, SECTORS[0]).await;
    let one = answer(&mut tablet, own, Answer::Nonconforming);
    let path = format!("/api/tasks/{task}/cancel");
    let silent = say(&office, Role::LeadDepartment, &path, json!({"reason": " "})).await;
    assert_eq!(silent.1, "reason_missing");
    let why = json!({"reason": "企业停产"});
    done(&office, Role::LeadDepartment, &path, why.clone()).await;
    assert_eq!(say(&office, Role::LeadDepartment, &path, why).await.1, "visit_over");
    tablet.exchange(&office).await;
    assert_eq!(judged(&office, &task).await, [("review".into(), "cancelled".into())]);
    assert_eq!(tablet.resolved(&one).shown, Some(json!("nonconforming")));
    let of_task = |field| Register::new(kind::TASK, RecordId(task.parse().unwrap()), field);
    assert_eq!(tablet.resolved(&of_task(field::STATUS)).shown, Some(json!("cancelled")));
    assert_eq!(tablet.resolved(&of_task(field::CANCELLATION)).shown.unwrap()["reason"], "企业停产");
    let board = office.board(&task).await;
    assert_eq!(
        (&board["status"], &board["cancellation"]["reason"]),
        (&json!("cancelled"), &json!("企业停产"))
    );
    assert!(!board["cancellation"]["by"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn an_item_that_was_handed_on_is_its_new_owners() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let mut old = ready(&office, SECTORS[0], 0).await;
    let mut new = ready(&office, Sector::Fire, 0).await;
    let own = item(&office, &task, SECTORS[0]).await;
    let path = format!("/api/tasks/{task}/records/{own}/owner");
    let to = json!({"department": department(Sector::Fire).id, "reason": "属消防职责"});
    assert_eq!(say(&office, Role::LeadDepartment, &path, to.clone()).await.1, "forbidden");
    done(&office, Role::CommitteeOffice, &path, to.clone()).await;
    let unknown = format!("/api/tasks/{task}/records/{}/owner", Uuid::now_v7());
    assert_eq!(say(&office, Role::CommitteeOffice, &unknown, to).await.1, "not_found");
    old.exchange(&office).await;
    new.exchange(&office).await;
    let one = answer(&mut new, own, Answer::Nonconforming);
    new.exchange(&office).await;
    assert!(judged(&office, &task).await.is_empty());
    old.exchange(&office).await;
    answer(&mut old, own, Answer::Conforms);
    old.exchange(&office).await;
    assert_eq!(judged(&office, &task).await, [("void".into(), "not_owner".into())]);
    assert_eq!(old.resolved(&one).shown, Some(json!("nonconforming")));
    let board = office.board(&task).await;
    let row = board["items"].as_array().unwrap().iter().find(|item| item["rec"] == json!(own));
    assert_eq!(row.unwrap()["department"], json!(department(Sector::Fire).id));
}

#[tokio::test]
async fn a_marked_change_is_settled_once_and_set_aside_only_if_nobody_signed_upon_it() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let mut tablet = ready(&office, SECTORS[0], 0).await;
    let own = item(&office, &task, SECTORS[0]).await;
    done(
        &office,
        Role::LeadDepartment,
        &format!("/api/tasks/{task}/cancel"),
        json!({"reason": "改期"}),
    )
    .await;
    let one = answer(&mut tablet, own, Answer::Nonconforming);
    tablet.exchange(&office).await;
    let remark = Write::new(kind::ITEM, own, field::REMARK, json!("已到现场"));
    tablet.write(tablet.joint(), "item.remark", vec![remark]);
    tablet.exchange(&office).await;
    let board = office.board(&task).await;
    let changes: Vec<String> = board["judgements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["change"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(changes.len(), 2);
    let path = |change: &str| format!("/api/tasks/{task}/changes/{change}/settle");
    let answered = board["judgements"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["intent"] == "item.answer")
        .unwrap()["change"]
        .as_str()
        .unwrap();
    let noted = changes.iter().find(|one| *one != answered).unwrap();
    let aside = json!({"accepted": false, "reason": "未到现场，误记"});
    let stands = json!({"accepted": true, "reason": "企业确认已到现场"});
    assert_eq!(
        say(&office, Role::LeadDepartment, &path(noted), stands.clone()).await.1,
        "forbidden"
    );
    done(&office, Role::Supervisor, &path(noted), stands.clone()).await;
    done(&office, Role::Supervisor, &path(answered), aside.clone()).await;
    for change in [noted.as_str(), answered] {
        assert_eq!(
            say(&office, Role::Supervisor, &path(change), stands.clone()).await.1,
            "already_settled"
        );
    }
    let nobody = "AAAAAAAAAAAAAAAAAAAAAA";
    assert_eq!(say(&office, Role::Supervisor, &path(nobody), stands).await.1, "not_found");
    tablet.exchange(&office).await;
    assert_eq!(tablet.resolved(&one).shown, None, "set aside");
    let remark = Register::new(kind::ITEM, own, field::REMARK);
    assert_eq!(tablet.resolved(&remark).shown, Some(json!("已到现场")));
    let board = office.board(&task).await;
    let settled: Vec<(&Value, &Value)> = board["judgements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["change"], &one["resolution"]["accepted"]))
        .collect();
    assert_eq!(settled.len(), 2, "each is listed once, with how it was settled");
    assert!(settled.contains(&(&json!(noted), &json!(true))));
    assert!(settled.contains(&(&json!(answered), &json!(false))));
}

#[tokio::test]
async fn what_comes_of_a_tablet_out_of_service_is_kept_and_marked_and_colleagues_know() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let mut lost = ready(&office, SECTORS[0], 0).await;
    let mut colleague = ready(&office, SECTORS[0], 1).await;
    let own = item(&office, &task, SECTORS[0]).await;
    let one = answer(&mut lost, own, Answer::Nonconforming);
    let path = format!("/api/tablets/{}/revoke", lost.replica);
    done(&office, Role::CommitteeOffice, &path, json!({"reason": "遗失", "lost": true})).await;
    hand_in(&office, &mut lost).await;
    assert_eq!(judged(&office, &task).await, [("review".into(), "revoked".into())]);
    colleague.exchange(&office).await;
    assert_eq!(colleague.resolved(&one).shown, Some(json!("nonconforming")));
    let said = Register::new(kind::REPLICA, RecordId(lost.replica.0), field::REVOKED);
    assert_eq!(colleague.resolved(&said).shown.unwrap()["lost"], true);
}

#[tokio::test]
async fn a_page_put_aside_is_listed_with_who_brought_it() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let mut fire = ready(&office, Sector::Fire, 0).await;
    let own = item(&office, &task, Sector::Fire).await;
    answer(&mut fire, own, Answer::Conforms);
    let mut pages = fire.pages();
    let text = String::from_utf8(pages[0].changes[0].clone()).unwrap();
    pages[0].changes[0] = text.replace("conforms", "conformz").into_bytes();
    let request = bare(&fire, pages);
    fire.turn(&office, request).await;
    let cookie = office.sign_in(Role::CommitteeOffice).await;
    let rows = office.get("/api/quarantine", Some(&cookie)).await.json();
    let row = &rows.as_array().unwrap()[0];
    let name = &people(Sector::Fire).next().unwrap().name;
    assert!(row["delivered_by"].as_str().unwrap().ends_with(name.as_str()), "{row}");
    assert_eq!((&row["claims"], &row["reason"]), (&row["delivered_by"], &json!("seal")));
    let page = format!("/api/quarantine/{}", row["sha256"].as_str().unwrap());
    let page = office.get(&page, Some(&cookie)).await;
    assert_eq!(
        (page.status, page.bytes.len() as u64),
        (StatusCode::OK, row["bytes"].as_u64().unwrap())
    );
}

#[tokio::test]
async fn a_clock_that_is_off_is_stated_beside_what_came_and_taken_back_when_it_is_right() {
    let office = Office::open().await;
    let task = office.dispatched().await;
    let mut fire = ready(&office, Sector::Fire, 0).await;
    let own = item(&office, &task, Sector::Fire).await;
    let said = Register::new(kind::REPLICA, RecordId(fire.replica.0), field::CLOCK);
    let hand_in_at = async |fire: &mut Tablet, minutes| {
        answer(fire, own, Answer::Conforms);
        let mut request = bare(fire, fire.pages());
        let time = chrono::Utc::now() + chrono::Duration::minutes(minutes);
        request.header.time = Some(Wall::new(time));
        fire.turn(&office, request).await;
        fire.exchange(&office).await;
        fire.resolved(&said).shown.map(|note| note["ahead_ms"].as_i64().unwrap() / 60_000)
    };
    assert_eq!(hand_in_at(&mut fire, 3).await, None);
    let behind = hand_in_at(&mut fire, -90).await.unwrap();
    assert!((-91..=-89).contains(&behind));
    assert_eq!(hand_in_at(&mut fire, -92).await, Some(behind), "nothing new");
    let board = office.board(&task).await;
    assert_eq!(board["clocks"].as_array().unwrap().len(), 1);
    assert_eq!(hand_in_at(&mut fire, 0).await, Some(0));
    let board = office.board(&task).await;
    assert_eq!(board["clocks"], json!([]));
}
