//! Forgotten PINs, tablets out of service, and rescue packs.

use crate::store::{chain, tablet};
use crate::tests::office::{Answer, Office, SECTORS};
use crate::tests::tablet::{Tablet, bare};
use age::x25519;
use axum::body::Body;
use axum::http::header::COOKIE;
use axum::http::{Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::{RecordId, ReplicaId};
use domain::permission::Role;
use domain::record::{field, kind};
use domain::time::Wall;
use ledger::pack::{Close, Encoder, MAGIC, Missing, Opening, Record, SignedOpening};
use ledger::recovery::{SignedRecovery, unwrap_text, wrap_text};
use ledger::wipe::Wipe;
use ledger::{Hash, Write};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use std::io::Write as _;
use uuid::Uuid;

const KEY: [u8; 32] = [42; 32];

/// A tablet that holds its task, with one change that is only there.
async fn working(office: &Office) -> Tablet {
    office.dispatched().await;
    let mut tablet = office.tablet(SECTORS[0], 0).await;
    tablet.exchange(office).await;
    note(&mut tablet);
    tablet
}

fn note(tablet: &mut Tablet) {
    let note = Write::new(kind::NOTE, RecordId(Uuid::now_v7()), field::TEXT, json!("一条备注"));
    tablet.write(tablet.internal(), "note.add", vec![note]);
}

fn recipient(office: &Office) -> x25519::Recipient {
    office.app.keys.recovery_recipient.recipient.parse().unwrap()
}

fn wrapped(office: &Office, replica: ReplicaId) -> String {
    let text = wrap_text(replica, &KEY);
    URL_SAFE_NO_PAD.encode(age::encrypt(&recipient(office), &text).unwrap())
}

async fn reset_code(office: &Office, replica: ReplicaId) -> String {
    let cookie = office.sign_in(Role::Administrator).await;
    let path = format!("/api/tablets/{replica}/reset-codes");
    let answer = office.post(&path, Some(&cookie), json!({})).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    answer.json()["code"].as_str().unwrap().to_owned()
}

async fn reset(
    office: &Office,
    code: &str,
    replica: ReplicaId,
    wrapped: &str,
) -> (Answer, x25519::Identity) {
    let own = x25519::Identity::generate();
    let body = json!({
        "code": code, "replica": replica, "wrapped_key": wrapped,
        "recipient": own.to_public().to_string(),
    });
    (office.post("/v1/pin-reset", None, body).await, own)
}

async fn revoke(office: &Office, replica: ReplicaId, body: Value) -> Answer {
    let cookie = office.sign_in(Role::CommitteeOffice).await;
    office.post(&format!("/api/tablets/{replica}/revoke"), Some(&cookie), body).await
}

#[tokio::test]
async fn a_tablet_learns_the_recovery_recipient_in_the_offices_hand() {
    let office = Office::open().await;
    let person = crate::tests::office::people(SECTORS[0]).next().unwrap().person;
    let code = crate::usecase::enrolment::issue(&office.app, person, None).await.unwrap().code;
    let key = ledger::seal::Signer::from_seed(&[5; 32]).public();
    let answer = crate::tests::tablet::enrol(&office, &code, ReplicaId(Uuid::now_v7()), key).await;
    let signed: SignedRecovery = serde_json::from_value(answer.json()["recovery"].clone()).unwrap();
    let recipient = signed.verify(&office.app.keys.office.public()).unwrap();
    assert_eq!(recipient, office.app.keys.recovery.identity().to_public().to_string());
}

#[tokio::test]
async fn a_reset_code_gives_a_key_back_once_and_to_its_own_tablet_alone() {
    let office = Office::open().await;
    let (one, two) = (office.tablet(SECTORS[0], 0).await, office.tablet(SECTORS[0], 1).await);
    let code = reset_code(&office, one.replica).await;
    let stolen = wrapped(&office, one.replica);
    // Another tablet with this code, this tablet with a key that is another's.
    let (answer, _) = reset(&office, &code, two.replica, &stolen).await;
    assert_eq!(answer.code(), "reset_code_wrong");
    let other = reset_code(&office, two.replica).await;
    let (answer, _) = reset(&office, &other, two.replica, &stolen).await;
    assert_eq!(answer.code(), "wrap_foreign");
    for junk in ["", "!", "AAAA", &"A".repeat(5000)] {
        let (answer, _) = reset(&office, &code, one.replica, junk).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "wrap_foreign"));
    }
    // None of that used the code up.
    let typed = code.to_lowercase().replace('-', " ");
    let (answer, own) = reset(&office, &typed, one.replica, &stolen).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let sealed = URL_SAFE_NO_PAD.decode(answer.json()["key"].as_str().unwrap()).unwrap();
    let text = age::decrypt(&own, &sealed).unwrap();
    assert_eq!(unwrap_text(&text, one.replica), Some(KEY));
    let (again, _) = reset(&office, &code, one.replica, &stolen).await;
    assert_eq!((again.status, again.code().as_str()), (StatusCode::CONFLICT, "reset_code_used"));
}

#[tokio::test]
async fn an_old_reset_code_is_refused_and_guessing_is_slowed() {
    let office = Office::open().await;
    let tablet = office.tablet(SECTORS[0], 0).await;
    let code = reset_code(&office, tablet.replica).await;
    let wrapped = wrapped(&office, tablet.replica);
    office.app.db.execute_unprepared("UPDATE reset_code SET expires_ms = 1").await.unwrap();
    let (old, _) = reset(&office, &code, tablet.replica, &wrapped).await;
    assert_eq!((old.status, old.code().as_str()), (StatusCode::GONE, "reset_code_expired"));
    for _ in 0..7 {
        let (wrong, _) = reset(&office, "ABCDE-FGHJK", tablet.replica, &wrapped).await;
        assert_eq!(wrong.code(), "reset_code_wrong");
    }
    let (slowed, _) = reset(&office, "ABCDE-FGHJK", tablet.replica, &wrapped).await;
    assert_eq!(slowed.code(), "too_many_tries");
}

#[tokio::test]
async fn a_tablet_that_is_to_destroy_its_data_gets_no_key() {
    let office = Office::open().await;
    let tablet = office.tablet(SECTORS[0], 0).await;
    let code = reset_code(&office, tablet.replica).await;
    let order = json!({"reason": "遗失", "lost": true, "wipe": "wipe_now"});
    assert_eq!(revoke(&office, tablet.replica, order).await.status, StatusCode::NO_CONTENT);
    let (answer, _) =
        reset(&office, &code, tablet.replica, &wrapped(&office, tablet.replica)).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "revoked"));
    let cookie = office.sign_in(Role::Administrator).await;
    let path = format!("/api/tablets/{}/reset-codes", tablet.replica);
    assert_eq!(office.post(&path, Some(&cookie), json!({})).await.code(), "revoked");
}

#[tokio::test]
async fn a_tablet_out_of_service_hands_in_reads_nothing_and_learns_its_order_signed() {
    let office = Office::open().await;
    let mut tablet = working(&office).await;
    let replica = tablet.replica;
    assert_eq!(revoke(&office, replica, json!({"reason": " "})).await.code(), "reason_missing");
    let nobody = revoke(&office, ReplicaId(Uuid::now_v7()), json!({"reason": "x"})).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    let order = json!({"reason": "人员调离", "wipe": "wipe_after_push"});
    assert_eq!(revoke(&office, replica, order).await.status, StatusCode::NO_CONTENT);

    let pages = tablet.pages();
    let response = tablet.turn(&office, bare(&tablet, pages)).await;
    assert_eq!(response.header.refused, []);
    assert_eq!(response.header.receipts.len(), 1, "its work is taken");
    assert!(response.pages.is_empty(), "it reads nothing");
    let order = response.header.wipe.unwrap();
    assert_eq!(order.verify(&tablet.server.key, replica), Ok(Wipe::WipeAfterPush));

    let cookie = office.sign_in(Role::Administrator).await;
    let listed = office.get("/api/tablets", Some(&cookie)).await.json();
    let shown = &listed[0]["out_of_service"];
    assert_eq!((&shown["reason"], &shown["wipe"]), (&json!("人员调离"), &json!("wipe_after_push")));
    assert!(shown["told_at"].is_string() && shown["wiped_at"].is_null(), "{shown}");
    // It was told: the order becomes graver, never lighter.
    let lighter = revoke(&office, replica, json!({"reason": "算了"})).await;
    assert_eq!(
        (lighter.status, lighter.code().as_str()),
        (StatusCode::CONFLICT, "order_delivered")
    );
    let graver = json!({"reason": "被盗", "lost": true, "wipe": "wipe_now"});
    assert_eq!(revoke(&office, replica, graver).await.status, StatusCode::NO_CONTENT);

    let done = office.device("POST", "/v1/wiped", &tablet.token, vec![]).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    let listed = office.get("/api/tablets", Some(&cookie)).await.json();
    assert!(listed[0]["out_of_service"]["wiped_at"].is_string(), "{listed}");
    let dead = tablet.raw(&office, &bare(&tablet, vec![])).await;
    assert_eq!((dead.status, dead.code().as_str()), (StatusCode::UNAUTHORIZED, "token_wrong"));
}

#[tokio::test]
async fn a_tablet_in_service_is_ordered_nothing_and_cannot_say_it_was_wiped() {
    let office = Office::open().await;
    let mut tablet = working(&office).await;
    let response = tablet.turn(&office, bare(&tablet, vec![])).await;
    assert_eq!(response.header.wipe, None);
    let said = office.device("POST", "/v1/wiped", &tablet.token, vec![]).await;
    assert_eq!(said.status, StatusCode::NOT_FOUND);
    tablet.exchange(&office).await;
}

/// The records of a pack as a tablet writes them.
async fn records(office: &Office, tablet: &Tablet, files: &[&[u8]]) -> Vec<Record> {
    let row = tablet::by_replica(&office.app.db, tablet.replica).await.unwrap().unwrap();
    let opening = Opening {
        replica: tablet.replica,
        made_at: Wall::new(chrono::Utc::now()),
        app_version: "0.1.0".into(),
        everything: false,
        store_damaged: false,
        certificate: row.certificate().unwrap(),
    };
    let mut records = vec![Record::Opening(SignedOpening::sign(&tablet.signer, &opening).unwrap())];
    let pages = tablet.pages();
    let changes = pages.iter().map(|page| page.changes.len() as u64).sum();
    records.extend(pages.into_iter().map(Record::Page));
    for bytes in files {
        records.push(Record::File { sha256: Hash::of(bytes), bytes: bytes.len() as u64 });
        records.extend(bytes.chunks(1000).map(|part| Record::Part(part.to_vec())));
    }
    records.push(Record::Close(Close { changes, files: files.len() as u64 }));
    records
}

fn stream(records: &[Record]) -> Vec<u8> {
    let mut encoder = Encoder::default();
    let mut bytes = MAGIC.to_vec();
    for record in records {
        bytes.extend(encoder.record(record).unwrap());
    }
    bytes
}

fn sealed(recipient: &x25519::Recipient, stream: &[u8]) -> Vec<u8> {
    age::encrypt(recipient, &zstd::encode_all(stream, 3).unwrap()).unwrap()
}

async fn hand_in(office: &Office, pack: Vec<u8>) -> Answer {
    let cookie = office.sign_in(Role::Administrator).await;
    let request = Request::post("/api/packs").header("x-lianjian", "1").header(COOKIE, cookie);
    office.send(request.body(Body::from(pack)).unwrap()).await
}

async fn held(office: &Office, tablet: &Tablet) -> u64 {
    chain::head(&office.app.db, tablet.internal(), tablet.replica).await.unwrap().pos
}

fn counts(report: &Value) -> [u64; 6] {
    ["changes_new", "changes_known", "changes_refused", "files_new", "files_known", "files_refused"]
        .map(|name| report[name].as_u64().unwrap())
}

#[tokio::test]
async fn a_pack_brings_what_an_exchange_would_and_a_second_time_nothing_new() {
    let office = Office::open().await;
    let mut tablet = working(&office).await;
    note(&mut tablet);
    let photo = vec![7u8; 5000];
    let pack =
        sealed(&recipient(&office), &stream(&records(&office, &tablet, &[&photo, b""]).await));
    let answer = hand_in(&office, pack.clone()).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let report = answer.json();
    assert_eq!(counts(&report), [2, 0, 0, 2, 0, 0]);
    assert_eq!((&report["whole"], &report["ended"]), (&json!(true), &Value::Null));
    assert_eq!(report["sha256"], Hash::of(&pack).to_string());
    assert_eq!(report["bytes"], pack.len() as u64);
    assert_eq!(office.app.files.length(&Hash::of(&photo)).await.unwrap(), Some(5000));
    let again = hand_in(&office, pack).await.json();
    assert_eq!(counts(&again), [0, 2, 0, 0, 2, 0]);
    // The tablet that comes online later finds its work taken and judged.
    tablet.exchange(&office).await;
    assert_eq!(tablet.receipts.last().unwrap().upto, 2);
    assert_eq!(tablet.refused, Vec::<String>::new());
    let cookie = office.sign_in(Role::CommitteeOffice).await;
    let listed = office.get("/api/packs", Some(&cookie)).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(counts(&listed[0]), counts(&again));
}

#[tokio::test]
async fn a_pack_of_a_tablet_out_of_service_is_taken() {
    let office = Office::open().await;
    let tablet = working(&office).await;
    let pack = sealed(&recipient(&office), &stream(&records(&office, &tablet, &[b"x"]).await));
    let order = json!({"reason": "遗失", "lost": true, "wipe": "wipe_now"});
    revoke(&office, tablet.replica, order).await;
    office.device("POST", "/v1/wiped", &tablet.token, vec![]).await;
    assert_eq!(counts(&hand_in(&office, pack).await.json()), [1, 0, 0, 1, 0, 0]);
    assert_eq!(held(&office, &tablet).await, 1);
}

#[tokio::test]
async fn a_pack_that_was_cut_or_changed_gives_what_verifies_and_says_so() {
    let office = Office::open().await;
    let tablet = working(&office).await;
    // Random bytes do not shrink: the file spans several of age's chunks.
    let mut photo = vec![0u8; 300_000];
    getrandom::fill(&mut photo).unwrap();
    let mut all = records(&office, &tablet, &[&photo]).await;
    let whole = sealed(&recipient(&office), &stream(&all));
    let cut = hand_in(&office, whole[..whole.len() / 2].to_vec()).await.json();
    assert_eq!((counts(&cut), &cut["ended"]), ([1, 0, 0, 0, 0, 0], &json!("cut_off")));
    assert_eq!(cut["whole"], false);
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    let damaged = hand_in(&office, changed).await.json();
    assert_eq!((counts(&damaged), &damaged["ended"]), ([0, 1, 0, 0, 0, 0], &json!("damaged")));
    assert_eq!(office.app.files.length(&Hash::of(&photo)).await.unwrap(), None);
    // What the tablet itself could not read is named.
    let missing = Missing::Changes { ledger: tablet.internal(), from: 4, upto: Some(9) };
    all.insert(2, Record::Missing(missing));
    let report = hand_in(&office, sealed(&recipient(&office), &stream(&all))).await.json();
    assert_eq!((counts(&report), &report["whole"]), ([0, 1, 0, 1, 0, 0], &json!(false)));
    assert_eq!(report["missing"][0]["from"], 4);
}

#[tokio::test]
async fn a_file_under_a_wrong_name_and_a_foreign_chain_are_refused_and_the_rest_is_taken() {
    let office = Office::open().await;
    let tablet = working(&office).await;
    let mut other = office.tablet(SECTORS[0], 1).await;
    other.exchange(&office).await;
    note(&mut other);
    let mut all = records(&office, &tablet, &[b"right"]).await;
    let close = all.pop().unwrap();
    all.extend(other.pages().into_iter().map(Record::Page));
    all.push(Record::File { sha256: Hash::of(b"wrong"), bytes: 5 });
    all.push(Record::Part(b"worse".to_vec()));
    all.push(close);
    let report = hand_in(&office, sealed(&recipient(&office), &stream(&all))).await.json();
    assert_eq!(counts(&report), [1, 0, 1, 1, 0, 1]);
    assert_eq!(report["refused"][0]["reason"], "foreign");
    assert_eq!(held(&office, &other).await, 0);
    assert_eq!(office.app.files.length(&Hash::of(b"wrong")).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_no_pack_of_a_tablet_of_this_office_is_refused_in_words() {
    let office = Office::open().await;
    let tablet = working(&office).await;
    let good = stream(&records(&office, &tablet, &[]).await);
    let ours = recipient(&office);
    let stranger = x25519::Identity::generate().to_public();
    // A tablet that signs its own certificate, or signs with another key.
    let mut forged = tablet.signer.sign(b"x");
    forged.0[0] ^= 1;
    let mut unsigned = records(&office, &tablet, &[]).await;
    if let Record::Opening(opening) = &mut unsigned[0] {
        opening.signature = forged;
    }
    let cases: [(&str, Vec<u8>); 8] = [
        ("not_a_pack", vec![]),
        ("not_a_pack", b"a letter, not a pack".to_vec()),
        ("not_a_pack", sealed(&ours, b"")),
        ("not_a_pack", sealed(&ours, b"lianjian-pack-v9\nrest")),
        ("not_a_pack", age::encrypt(&ours, b"no zstd").unwrap()),
        ("not_a_pack", [b"age-encryption.org/v1\n-> ".as_slice(), &[b'a'; 300_000]].concat()),
        ("pack_foreign", sealed(&stranger, &good)),
        ("pack_unknown", sealed(&ours, &stream(&unsigned))),
    ];
    for (code, pack) in cases {
        let answer = hand_in(&office, pack).await;
        let told = (answer.status, answer.code());
        assert_eq!(told, (StatusCode::UNPROCESSABLE_ENTITY, code.to_owned()));
    }
    assert_eq!(held(&office, &tablet).await, 0);
    let nobody = office.send(Request::post("/api/packs").body(Body::from(good)).unwrap()).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_pack_that_unpacks_without_end_is_given_up() {
    let office = Office::open().await;
    let tablet = working(&office).await;
    let all = records(&office, &tablet, &[]).await;
    // One record too long to be one, and a file of zeros beyond any limit.
    let huge = [stream(&all[..2]), vec![2], u32::MAX.to_le_bytes().to_vec()].concat();
    let report = hand_in(&office, sealed(&recipient(&office), &huge)).await.json();
    assert_eq!((counts(&report)[0], &report["ended"]), (1, &json!("too_large")));
    let mut bomb = zstd::Encoder::new(Vec::new(), 1).unwrap();
    let mut encoder = Encoder::default();
    bomb.write_all(MAGIC).unwrap();
    let opening = all[0].clone();
    for record in [opening, Record::File { sha256: Hash::of(b"0"), bytes: u64::MAX }] {
        bomb.write_all(&encoder.record(&record).unwrap()).unwrap();
    }
    for _ in 0..1400 {
        bomb.write_all(&encoder.record(&Record::Part(vec![0; 256 * 1024])).unwrap()).unwrap();
    }
    let bomb = age::encrypt(&recipient(&office), &bomb.finish().unwrap()).unwrap();
    assert!(bomb.len() < 600_000, "{}", bomb.len());
    let report = hand_in(&office, bomb).await.json();
    assert_eq!(report["ended"], "too_large");
    assert_eq!(counts(&report)[3], 0);
}
