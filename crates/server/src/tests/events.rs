//! Tablets that listen.

use crate::store::tablet;
use crate::tests::office::{Office, SECTORS};
use crate::tests::tablet::Tablet;
use crate::usecase::watch::{Looked, look, watch};
use axum::body::{Body, BodyDataStream};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Request, StatusCode};
use axum::response::Response;
use domain::id::{LedgerId, RecordId};
use domain::record::{field, kind};
use futures_util::StreamExt;
use ledger::Write;
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;
use serde_json::json;
use std::task::{Context, Waker};
use std::time::Duration;
use uuid::Uuid;

/// Long enough for a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(30);

async fn listen(office: &Office, token: &str) -> Response {
    let request = Request::get("/v1/events").header(AUTHORIZATION, format!("Bearer {token}"));
    office.respond(request.body(Body::empty()).unwrap()).await
}

async fn stream(office: &Office, tablet: &Tablet) -> BodyDataStream {
    let response = listen(office, &tablet.token).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
    response.into_body().into_data_stream()
}

/// The next piece of a stream; none at its end.
async fn next(stream: &mut BodyDataStream) -> Option<String> {
    let piece = tokio::time::timeout(PATIENCE, stream.next()).await.expect("in time")?;
    Some(String::from_utf8(piece.unwrap().to_vec()).unwrap())
}

/// Whether a stream has something to say right now.
async fn is_silent(stream: &mut BodyDataStream) -> bool {
    stream.poll_next_unpin(&mut Context::from_waker(Waker::noop())).is_pending()
}

fn note() -> Vec<Write> {
    vec![Write::new(kind::NOTE, RecordId(Uuid::now_v7()), field::TEXT, json!("询问要点"))]
}

fn ledger_of(tablet: &Tablet, joint: bool) -> LedgerId {
    if joint {
        return tablet.joint();
    }
    let ledgers = tablet.ledgers();
    ledgers.into_iter().map(|(ledger, _)| ledger).find(|one| *one != tablet.joint()).unwrap()
}

/// Three tablets that hold the task: two of one department, one of another.
async fn tablets(office: &Office) -> [Tablet; 3] {
    office.dispatched().await;
    let mut tablets = [
        office.tablet(SECTORS[0], 0).await,
        office.tablet(SECTORS[0], 1).await,
        office.tablet(SECTORS[1], 0).await,
    ];
    for tablet in &mut tablets {
        tablet.exchange(office).await;
    }
    tablets
}

/// A look that has seen everything so far.
async fn seen_all(office: &Office) -> Looked {
    let mut looked = Looked::default();
    look(&office.app, &mut looked).await.unwrap();
    looked
}

#[tokio::test]
async fn news_ring_for_those_who_may_read_them_and_not_for_their_author() {
    let office = Office::open().await;
    let [mut one, colleague, other] = tablets(&office).await;
    let mut looked = seen_all(&office).await;
    let mut author = stream(&office, &one).await;
    let mut near = stream(&office, &colleague).await;
    let mut far = stream(&office, &other).await;

    let internal = ledger_of(&one, false);
    one.write(internal, "note.add", note());
    one.exchange(&office).await;
    look(&office.app, &mut looked).await.unwrap();
    let heard = next(&mut near).await.unwrap();
    assert_eq!(heard, "event: changed\ndata: {}\n\n");
    assert!(!heard.contains(&internal.to_string()));
    assert!(is_silent(&mut far).await, "another department's ledger rang");
    assert!(is_silent(&mut author).await, "one's own work rang");

    one.write(ledger_of(&one, true), "note.add", note());
    one.exchange(&office).await;
    look(&office.app, &mut looked).await.unwrap();
    assert!(next(&mut near).await.is_some() && next(&mut far).await.is_some());

    // The same is told once.
    look(&office.app, &mut looked).await.unwrap();
    assert!(is_silent(&mut near).await && is_silent(&mut far).await);
}

#[tokio::test]
async fn what_another_instance_took_in_rings_here_too() {
    let office = Office::open().await;
    let [mut one, colleague, _] = tablets(&office).await;
    let watching = tokio::spawn(watch(office.app.clone()));
    let mut near = stream(&office, &colleague).await;
    // What is recent rings once when somebody comes.
    next(&mut near).await.unwrap();
    let second = office.second_instance().await;
    one.write(ledger_of(&one, true), "note.add", note());
    one.exchange(&second).await;
    assert_eq!(next(&mut near).await.unwrap(), "event: changed\ndata: {}\n\n");
    watching.abort();
}

#[tokio::test]
async fn a_revoked_tablet_hears_nothing_more_and_its_stream_ends() {
    let office = Office::open().await;
    let [mut one, colleague, _] = tablets(&office).await;
    let mut looked = seen_all(&office).await;
    let mut near = stream(&office, &colleague).await;
    one.write(ledger_of(&one, true), "note.add", note());
    one.exchange(&office).await;
    let row = tablet::ActiveModel {
        replica: Set(colleague.replica.0),
        revoked_ms: Set(Some(1)),
        ..Default::default()
    };
    tablet::Entity::update(row).exec(&office.app.db).await.unwrap();
    look(&office.app, &mut looked).await.unwrap();
    assert_eq!(next(&mut near).await, None);
    let again = listen(&office, &colleague.token).await;
    assert_eq!(again.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn nobody_listens_without_a_token() {
    let office = Office::open().await;
    assert_eq!(listen(&office, "guessed").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(office.get("/v1/events", None).await.status, StatusCode::UNAUTHORIZED);
    assert!(office.app.events.is_quiet());
}

#[tokio::test]
async fn a_stream_that_was_let_go_is_forgotten() {
    let office = Office::open().await;
    let [one, ..] = tablets(&office).await;
    let open = stream(&office, &one).await;
    assert!(!office.app.events.is_quiet());
    drop(open);
    assert!(office.app.events.is_quiet());
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_open_streams() {
    let office = Office::open().await;
    let [one, ..] = tablets(&office).await;
    let (ready, address) = tokio::sync::oneshot::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(crate::serve::serve(
        office.app.clone(),
        "127.0.0.1:0".parse().unwrap(),
        move |address| ready.send(address).unwrap(),
        async move { stopped.await.unwrap() },
    ));
    let address = address.await.unwrap();
    let mut line = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /v1/events HTTP/1.1\r\nHost: office\r\nAuthorization: Bearer {}\r\n\r\n",
        one.token
    );
    tokio::io::AsyncWriteExt::write_all(&mut line, request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    tokio::io::AsyncReadExt::read_exact(&mut line, &mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    stop.send(()).unwrap();
    let ended = tokio::time::timeout(PATIENCE, serving).await;
    ended.expect("an open stream holds the server").unwrap().unwrap();
}
