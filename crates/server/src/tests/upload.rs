//! Files on their way up (tus 1.0), as any client sends them.

use crate::store::upload::{Column, Entity};
use crate::tests::office::{Answer, DEVICE_BYTES_MAX, Office, SECTORS};
use crate::tests::tablet::Tablet;
use crate::usecase::expiry::{self, UNREFERENCED_MS};
use crate::usecase::upload::PARTIAL_MS;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::department::Sector;
use domain::evidence::FILE_BYTES_MAX;
use domain::id::RecordId;
use domain::record::{field, kind};
use futures_util::stream;
use ledger::{Hash, Write};
use sea_orm::EntityTrait;
use sea_orm::sea_query::Expr;
use serde_json::json;
use sha1::{Digest, Sha1};
use uuid::Uuid;

const PIECE: (&str, &str) = ("content-type", "application/offset+octet-stream");
const TUS: (&str, &str) = ("tus-resumable", "1.0.0");
const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0 a picture for a test that is longer than what is looked at";

async fn tablet(office: &Office) -> Tablet {
    office.tablet(Sector::Fire, 0).await
}

fn metadata(sha256: &Hash, filetype: &str) -> String {
    let sha256 = STANDARD.encode(sha256.to_string());
    format!("sha256 {sha256},filetype {}", STANDARD.encode(filetype))
}

async fn create(office: &Office, token: &str, length: u64, metadata: &str) -> Answer {
    let length = length.to_string();
    let headers = [TUS, ("upload-length", length.as_str()), ("upload-metadata", metadata)];
    office.ask("POST", "/v1/files", token, &headers, Body::empty()).await
}

/// An upload for these bytes; answers its path.
async fn begin(office: &Office, token: &str, bytes: &[u8]) -> String {
    let text = metadata(&Hash::of(bytes), "");
    let answer = create(office, token, bytes.len() as u64, &text).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    assert_eq!(answer.headers["tus-resumable"], "1.0.0");
    assert!(answer.headers.contains_key("upload-expires"));
    let place = answer.headers["location"].to_str().unwrap();
    format!("/v1/{place}")
}

async fn patch(
    office: &Office,
    token: &str,
    path: &str,
    at: usize,
    body: impl Into<Body>,
) -> Answer {
    let at = at.to_string();
    office.ask("PATCH", path, token, &[TUS, PIECE, ("upload-offset", at.as_str())], body).await
}

async fn offset(office: &Office, token: &str, path: &str) -> Option<String> {
    let answer = office.ask("HEAD", path, token, &[TUS], Body::empty()).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let offset = answer.headers.get("upload-offset")?;
    Some(offset.to_str().unwrap().to_owned())
}

async fn is_held(office: &Office, token: &str, bytes: &[u8]) -> bool {
    let path = format!("/v1/blobs/{}", Hash::of(bytes));
    office.device("HEAD", &path, token, vec![]).await.status == StatusCode::OK
}

/// A body that breaks off.
fn broken(bytes: &'static [u8]) -> Body {
    let cut = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    Body::from_stream(stream::iter([Ok(Bytes::from_static(bytes)), Err(cut)]))
}

/// Objects in the store that belong to uploads.
fn pieces(office: &Office) -> usize {
    let folder = office.app.data.join("blobs").join("uploads");
    let mut left = vec![folder];
    let mut count = 0;
    while let Some(path) = left.pop() {
        match std::fs::read_dir(&path) {
            Ok(entries) => left.extend(entries.map(|entry| entry.unwrap().path())),
            Err(_) => count += usize::from(path.is_file()),
        }
    }
    count
}

#[tokio::test]
async fn a_server_says_what_it_can_do_to_anybody() {
    let office = Office::open().await;
    let answer = office.ask("OPTIONS", "/v1/files", "nobody", &[], Body::empty()).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(answer.headers["tus-version"], "1.0.0");
    assert_eq!(answer.headers["tus-max-size"], FILE_BYTES_MAX.to_string());
    assert_eq!(answer.headers["tus-checksum-algorithm"], "sha1,sha256");
    for word in ["creation", "creation-with-upload", "checksum", "expiration", "termination"] {
        let all = answer.headers["tus-extension"].to_str().unwrap();
        assert!(all.split(',').any(|one| one == word), "{word}");
    }
}

#[tokio::test]
async fn a_file_comes_in_pieces_and_is_there_only_when_it_is_whole() {
    let office = Office::open().await;
    let lead = tablet(&office).await;
    let path = begin(&office, &lead.token, JPEG).await;
    for at in [0, 30] {
        assert_eq!(offset(&office, &lead.token, &path).await.unwrap(), at.to_string());
        assert!(!is_held(&office, &lead.token, JPEG).await);
        let end = JPEG.len().min(at + 30);
        let answer = patch(&office, &lead.token, &path, at, JPEG[at..end].to_vec()).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
        assert_eq!(answer.headers["upload-offset"], end.to_string());
    }
    let answer = patch(&office, &lead.token, &path, 60, JPEG[60..].to_vec()).await;
    assert_eq!(answer.headers["upload-offset"], JPEG.len().to_string());
    assert!(!answer.headers.contains_key("upload-expires"));
    assert!(is_held(&office, &lead.token, JPEG).await);
    assert_eq!(offset(&office, &lead.token, &path).await.unwrap(), JPEG.len().to_string());
    assert_eq!(pieces(&office), 0);
    let kept = office.app.files.read(&Hash::of(JPEG)).await.unwrap().unwrap();
    assert_eq!(kept, JPEG);
}

#[tokio::test]
async fn the_first_piece_may_come_with_the_creation_and_be_all() {
    let office = Office::open().await;
    let lead = tablet(&office).await;
    office.hand_in(&lead.token, JPEG).await;
    office.hand_in(&lead.token, JPEG).await;
    office.hand_in(&lead.token, b"").await;
    assert!(is_held(&office, &lead.token, JPEG).await);
    assert!(is_held(&office, &lead.token, b"").await);
    assert_eq!(pieces(&office), 0);
}

#[tokio::test]
async fn what_came_before_a_line_broke_counts() {
    let office = Office::open().await;
    let lead = tablet(&office).await;
    let path = begin(&office, &lead.token, JPEG).await;
    patch(&office, &lead.token, &path, 0, broken(&JPEG[..20])).await;
    assert_eq!(offset(&office, &lead.token, &path).await.unwrap(), "20");
    patch(&office, &lead.token, &path, 20, broken(b"")).await;
    assert_eq!(offset(&office, &lead.token, &path).await.unwrap(), "20");
    let answer = patch(&office, &lead.token, &path, 20, JPEG[20..].to_vec()).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(is_held(&office, &lead.token, JPEG).await);
}

#[tokio::test]
async fn a_piece_with_a_promised_checksum_counts_whole_or_not_at_all() {
    let office = Office::open().await;
    let lead = tablet(&office).await;
    let path = begin(&office, &lead.token, JPEG).await;
    let sha1 = format!("sha1 {}", STANDARD.encode(Sha1::digest(&JPEG[..20])));
    let headers = [TUS, PIECE, ("upload-offset", "0"), ("upload-checksum", sha1.as_str())];
    let wrong = office.ask("PATCH", &path, &lead.token, &headers, JPEG[..19].to_vec()).await;
    assert_eq!((wrong.status.as_u16(), wrong.code().as_str()), (460, "checksum_mismatch"));
    office.ask("PATCH", &path, &lead.token, &headers, broken(&JPEG[..20])).await;
    assert_eq!(offset(&office, &lead.token, &path).await.unwrap(), "0");
    assert_eq!(pieces(&office), 0);
    let right = office.ask("PATCH", &path, &lead.token, &headers, JPEG[..20].to_vec()).await;
    assert_eq!(right.headers["upload-offset"], "20");
    let md5 = [TUS, PIECE, ("upload-offset", "20"), ("upload-checksum", "md5 AAAA")];
    let odd = office.ask("PATCH", &path, &lead.token, &md5, JPEG[20..].to_vec()).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn bytes_of_another_hash_are_discarded_with_their_upload() {
    let office = Office::open().await;
    let lead = tablet(&office).await;
    let wrong = vec![b'x'; JPEG.len()];
    for pieces_of in [JPEG.len(), 40] {
        let path = begin(&office, &lead.token, JPEG).await;
        let mut last = None;
        for (n, piece) in wrong.chunks(pieces_of).enumerate() {
            let answer = patch(&office, &lead.token, &path, n * pieces_of, piece.to_vec()).await;
            last = Some(answer);
        }
        let last = last.unwrap();
        assert_eq!(last.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(last.code(), "hash_mismatch");
        assert_eq!(offset(&office, &lead.token, &path).await, None);
        assert!(!is_held(&office, &lead.token, JPEG).await);
        assert_eq!(pieces(&office), 0);
    }
}

#[tokio::test]
async fn a_claimed_type_that_contradicts_the_content_is_refused() {
    let office = Office::open().await;
    let lead = tablet(&office).await;
    for (claimed, bytes, taken) in [
        ("image/jpeg", JPEG, true),
        ("image/jpg", JPEG, true),
        ("application/octet-stream", JPEG, true),
        ("application/x-sealed", b"no signature at all".as_slice(), true),
        ("image/png", JPEG, false),
        ("text/html", JPEG, false),
        ("image/jpeg", b"<html>no picture</html>", false),
    ] {
        for size in [bytes.len(), 7] {
            let text = metadata(&Hash::of(bytes), claimed);
            let answer = create(&office, &lead.token, bytes.len() as u64, &text).await;
            let path = format!("/v1/{}", answer.headers["location"].to_str().unwrap());
            let mut last = answer;
            for (n, piece) in bytes.chunks(size).enumerate() {
                last = patch(&office, &lead.token, &path, n * size, piece.to_vec()).await;
            }
            if taken {
                assert_eq!(last.status, StatusCode::NO_CONTENT, "{claimed} {last:?}");
            } else {
                assert_eq!(last.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{claimed}");
                assert_eq!(last.code(), "type_contradicts");
                assert_eq!(offset(&office, &lead.token, &path).await, None);
            }
        }
    }
    assert_eq!(pieces(&office), 0);
}

#[tokio::test]
async fn of_two_pieces_at_one_place_one_counts_and_nothing_is_mixed() {
    let office = Office::open().await;
    let lead = tablet(&office).await;
    let bytes: Vec<u8> = (0..400_000u32).map(|n| (n % 251) as u8).collect();
    for _ in 0..5 {
        let path = begin(&office, &lead.token, &bytes).await;
        let first = patch(&office, &lead.token, &path, 0, bytes[..300_000].to_vec());
        let second = patch(&office, &lead.token, &path, 0, vec![0xAA; 200_000]);
        let third = patch(&office, &lead.token, &path, 0, bytes[..100_000].to_vec());
        let (first, second, third) = tokio::join!(first, second, third);
        let all = [first.status, second.status, third.status];
        let taken = all.iter().filter(|status| **status == StatusCode::NO_CONTENT).count();
        let late = all.iter().filter(|status| **status == StatusCode::CONFLICT).count();
        assert_eq!((taken, late), (1, 2), "{all:?}");
        let at = offset(&office, &lead.token, &path).await.unwrap();
        assert!(["300000", "200000", "100000"].contains(&at.as_str()), "{at}");
        assert_eq!(pieces(&office), 1);
        let end = office.ask("DELETE", &path, &lead.token, &[TUS], Body::empty()).await;
        assert_eq!(end.status, StatusCode::NO_CONTENT);
        assert_eq!((offset(&office, &lead.token, &path).await, pieces(&office)), (None, 0));
    }
    // The last piece as well: one ends the upload, and the file is right.
    let path = begin(&office, &lead.token, &bytes).await;
    patch(&office, &lead.token, &path, 0, bytes[..1000].to_vec()).await;
    let one = patch(&office, &lead.token, &path, 1000, bytes[1000..].to_vec());
    let two = patch(&office, &lead.token, &path, 1000, bytes[1000..].to_vec());
    let (one, two) = tokio::join!(one, two);
    let mut all = [one.status.as_u16(), two.status.as_u16()];
    all.sort_unstable();
    assert_eq!(all, [204, 409]);
    let kept = office.app.files.read(&Hash::of(&bytes)).await.unwrap().unwrap();
    assert_eq!(kept, bytes);
    assert_eq!(pieces(&office), 0);
}

#[tokio::test]
async fn an_upload_whose_pieces_were_lost_is_gone_and_begun_anew() {
    let office = Office::open().await;
    let lead = tablet(&office).await;
    let path = begin(&office, &lead.token, JPEG).await;
    patch(&office, &lead.token, &path, 0, &JPEG[..40]).await;
    std::fs::remove_dir_all(office.app.data.join("blobs").join("uploads")).unwrap();
    let rest = patch(&office, &lead.token, &path, 40, &JPEG[40..]).await;
    assert_eq!((rest.status, rest.code().as_str()), (StatusCode::GONE, "upload_gone"));
    assert_eq!(offset(&office, &lead.token, &path).await, None);
    office.hand_in(&lead.token, JPEG).await;
    assert!(is_held(&office, &lead.token, JPEG).await);
}

#[tokio::test]
async fn an_upload_belongs_to_the_tablet_that_began_it() {
    let office = Office::open().await;
    let lead = tablet(&office).await;
    let other = office.tablet(Sector::Fire, 1).await;
    let path = begin(&office, &lead.token, JPEG).await;
    assert_eq!(offset(&office, &other.token, &path).await, None);
    let foreign = patch(&office, &other.token, &path, 0, JPEG.to_vec()).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    let end = office.ask("DELETE", &path, &other.token, &[TUS], Body::empty()).await;
    assert_eq!(end.status, StatusCode::NOT_FOUND);
    let nobody = patch(&office, "nobody", &path, 0, JPEG.to_vec()).await;
    assert_eq!((nobody.status, nobody.code().as_str()), (StatusCode::UNAUTHORIZED, "token_wrong"));
    assert_eq!(offset(&office, &lead.token, &path).await.unwrap(), "0");
}

#[tokio::test]
async fn what_is_too_much_is_refused_with_a_reason() {
    let office = Office::open().await;
    let lead = tablet(&office).await;
    let text = metadata(&Hash::of(JPEG), "");
    let huge = create(&office, &lead.token, FILE_BYTES_MAX + 1, &text).await;
    assert_eq!((huge.status, huge.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "too_large"));
    let path = begin(&office, &lead.token, JPEG).await;
    let longer = patch(&office, &lead.token, &path, 0, [JPEG, JPEG].concat()).await;
    assert_eq!(longer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let said: [Result<Bytes, std::io::Error>; 2] =
        [Ok(Bytes::from_static(JPEG)), Ok(Bytes::from_static(JPEG))];
    let unsaid = Body::from_stream(stream::iter(said));
    let longer = patch(&office, &lead.token, &path, 0, unsaid).await;
    assert_eq!(longer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(offset(&office, &lead.token, &path).await.unwrap(), "0");
    // What lies about unfinished and unreferenced counts for each tablet alone.
    office.hand_in(&lead.token, &[1; 1000]).await;
    let left = DEVICE_BYTES_MAX - JPEG.len() as u64 - 1000;
    let full = create(&office, &lead.token, left + 1, &text).await;
    assert_eq!((full.status.as_u16(), full.code().as_str()), (507, "quota_reached"));
    let other = office.tablet(Sector::Fire, 1).await;
    assert_eq!(create(&office, &other.token, left + 1, &text).await.status, StatusCode::CREATED);
    assert_eq!(create(&office, &lead.token, left, &text).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn garbage_is_refused_and_breaks_nothing() {
    let office = Office::open().await;
    let lead = tablet(&office).await;
    let path = begin(&office, &lead.token, JPEG).await;
    let good = metadata(&Hash::of(JPEG), "");
    type Headers<'a> = [(&'a str, &'a str)];
    let cases: &[(&str, &str, &Headers<'_>, u16)] = &[
        ("POST", "/v1/files", &[("upload-length", "5"), ("upload-metadata", &good)], 412),
        ("POST", "/v1/files", &[TUS], 400),
        ("POST", "/v1/files", &[TUS, ("upload-length", "-5"), ("upload-metadata", &good)], 400),
        ("POST", "/v1/files", &[TUS, ("upload-length", "5"), ("upload-metadata", "sha256 x")], 400),
        ("POST", "/v1/files", &[TUS, ("upload-defer-length", "1")], 400),
        ("PATCH", &path, &[PIECE, ("upload-offset", "0")], 412),
        ("PATCH", &path, &[TUS, ("upload-offset", "0")], 415),
        ("PATCH", &path, &[TUS, PIECE], 400),
        ("PATCH", &path, &[TUS, PIECE, ("upload-offset", "1")], 409),
        ("PATCH", &path, &[TUS, PIECE, ("upload-offset", "99999999999999999999")], 400),
        ("PATCH", "/v1/files/x", &[TUS, PIECE, ("upload-offset", "0")], 404),
        ("HEAD", "/v1/files/x", &[TUS], 404),
        ("POST", &path, &[TUS], 405),
        ("PUT", &path, &[TUS], 405),
    ];
    for (method, path, headers, status) in cases {
        let answer = office.ask(method, path, &lead.token, headers, "").await;
        assert_eq!(answer.status.as_u16(), *status, "{method} {path} {headers:?}");
        assert_eq!(answer.headers["tus-resumable"], "1.0.0");
    }
    assert_eq!(offset(&office, &lead.token, &path).await.unwrap(), "0");
    let headers = [TUS, PIECE, ("upload-offset", "0"), ("x-http-method-override", "PATCH")];
    let over = office.ask("POST", &path, &lead.token, &headers, JPEG.to_vec()).await;
    assert_eq!(over.status, StatusCode::NO_CONTENT);
    assert!(is_held(&office, &lead.token, JPEG).await);
}

#[tokio::test]
async fn an_upload_without_a_byte_for_a_fortnight_is_gone() {
    let office = Office::open().await;
    let lead = tablet(&office).await;
    let path = begin(&office, &lead.token, JPEG).await;
    patch(&office, &lead.token, &path, 0, JPEG[..10].to_vec()).await;
    let now = office.app.now_ms();
    let early = expiry::sweep(&office.app, now + PARTIAL_MS - 60_000).await.unwrap();
    assert_eq!((early.uploads, pieces(&office)), (0, 1));
    Entity::update_many()
        .col_expr(Column::TouchedMs, Expr::value(now - PARTIAL_MS - 1))
        .exec(&office.app.db)
        .await
        .unwrap();
    let head = office.ask("HEAD", &path, &lead.token, &[TUS], Body::empty()).await;
    assert_eq!(head.status, StatusCode::GONE);
    let late = patch(&office, &lead.token, &path, 10, JPEG[10..].to_vec()).await;
    assert_eq!((late.status, late.code().as_str()), (StatusCode::GONE, "upload_gone"));
    // Several servers look at the same time; one of them removes it.
    let (one, two) = tokio::join!(expiry::sweep(&office.app, now), expiry::sweep(&office.app, now));
    assert_eq!((one.unwrap().uploads + two.unwrap().uploads, pieces(&office)), (1, 0));
    let head = office.ask("HEAD", &path, &lead.token, &[TUS], Body::empty()).await;
    assert_eq!(head.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_file_that_nobody_refers_to_stays_ninety_days_and_any_other_for_ever() {
    let office = Office::open().await;
    office.dispatched().await;
    let mut lead = office.tablet(SECTORS[0], 0).await;
    lead.exchange(&office).await;
    let stray = b"nobody speaks of it".as_slice();
    for bytes in [stray, JPEG] {
        office.hand_in(&lead.token, bytes).await;
    }
    let file = json!({
        "subject": Uuid::now_v7(), "sha256": Hash::of(JPEG), "bytes": JPEG.len(),
        "media_type": "image/jpeg", "name": "a.jpg",
    });
    let write = Write::new(kind::EVIDENCE, RecordId(Uuid::now_v7()), field::FILE, file);
    lead.write(lead.joint(), "evidence.add", vec![write]);
    lead.exchange(&office).await;
    let package = lead.package_ref().sha256.parse().unwrap();

    let now = office.app.now_ms();
    let early = expiry::sweep(&office.app, now + UNREFERENCED_MS - 60_000).await.unwrap();
    assert_eq!(early.files, 0);
    assert!(is_held(&office, &lead.token, stray).await);
    let after = now + UNREFERENCED_MS + 60_000;
    let (one, two) =
        tokio::join!(expiry::sweep(&office.app, after), expiry::sweep(&office.app, after));
    assert_eq!(one.unwrap().files + two.unwrap().files, 1);
    assert!(!is_held(&office, &lead.token, stray).await);
    assert_eq!(office.app.files.length(&Hash::of(stray)).await.unwrap(), None);
    assert!(is_held(&office, &lead.token, JPEG).await);
    assert!(office.app.files.length(&package).await.unwrap().is_some());
    // Brought again it is here again.
    office.hand_in(&lead.token, stray).await;
    assert!(is_held(&office, &lead.token, stray).await);
}

#[tokio::test]
async fn a_file_that_a_crash_left_unnoted_goes_with_its_upload() {
    let office = Office::open().await;
    let lead = tablet(&office).await;
    begin(&office, &lead.token, JPEG).await;
    // Put in place, and then the power went.
    let hash = office.app.files.put(JPEG.to_vec()).await.unwrap();
    let after = office.app.now_ms() + PARTIAL_MS + 60_000;
    assert_eq!(expiry::sweep(&office.app, after).await.unwrap().uploads, 1);
    assert_eq!(office.app.files.length(&hash).await.unwrap(), None);
    // But not a file that somebody has brought.
    begin(&office, &lead.token, JPEG).await;
    office.hand_in(&lead.token, JPEG).await;
    assert_eq!(expiry::sweep(&office.app, after).await.unwrap().uploads, 2);
    assert!(is_held(&office, &lead.token, JPEG).await);
}

#[tokio::test]
async fn no_file_that_any_record_speaks_of_is_ever_taken_for_nobodys() {
    let office = Office::open().await;
    office.dispatched().await;
    let mut lead = office.tablet(SECTORS[0], 0).await;
    lead.exchange(&office).await;
    let rec = || RecordId(Uuid::now_v7());
    let names: Vec<String> = (0..8u8).map(|n| Hash::of(&[n; 40]).to_string()).collect();
    let [photo, small, pdf, earlier, sealed, newer, deep, stray] = names.as_slice() else {
        panic!("not eight")
    };
    for n in 0..8u8 {
        office.hand_in(&lead.token, &[n; 40]).await;
    }
    let subject = Uuid::now_v7();
    let evidence = json!({
        "subject": subject, "sha256": photo, "bytes": 40, "media_type": "image/jpeg",
        "name": "a.jpg", "thumbnail": small,
    });
    let manifest = json!({
        "form": "site_record", "pdf_sha256": pdf, "pdf_bytes": 40, "holdings": "", "state": "",
        "supplements": {"document": subject, "pdf_sha256": earlier},
    });
    let personal = json!({
        "subject": subject, "what": "phone", "sha256": sealed, "bytes": 40, "readers": [],
        "keep_until": "2027-11-23",
    });
    let writes = vec![
        Write::new(kind::EVIDENCE, rec(), field::FILE, evidence),
        Write::new(kind::DOCUMENT, rec(), field::MANIFEST, manifest),
        Write::new(kind::PERSONAL, rec(), field::SEALED, personal),
        Write::new("sample", rec(), "photos", json!([newer, {"of": {"a": deep}}])),
    ];
    lead.write(lead.joint(), "test", writes);
    lead.exchange(&office).await;
    let after = office.app.now_ms() + UNREFERENCED_MS + 60_000;
    assert_eq!(expiry::sweep(&office.app, after).await.unwrap().files, 1);
    for (n, name) in names.iter().enumerate() {
        let held = office.app.files.length(&name.parse().unwrap()).await.unwrap().is_some();
        assert_eq!(held, name != stray, "{n}");
    }
}
