//! What must hold of whatever bytes come in. A target is one call from here;
//! the fuzzer finds the bytes, `crates/ledger/tests/fuzz.rs` tries some of them
//! without one.

use domain::id::{LedgerId, PersonId, RecordId, ReplicaId};
use domain::time::Wall;
use ledger::certificate::{Certificate, ReplicaRole, SignedCertificate};
use ledger::exchange::{Request, RequestHeader, Response};
use ledger::holdings::{Held, Holdings};
use ledger::receipt::{Receipt, SignedReceipt};
use ledger::seal::{PublicKey, Seal, Signature, Signer};
use ledger::tree::{SignedTreeHead, TreeHead};
use ledger::{Change, Hash, Limits, Write, WriteId};
use serde_json::json;

/// A change: what is read means the same when it is written and read again.
pub fn change(bytes: &[u8]) {
    if let Ok(change) = Change::decode(bytes, Limits::SERVER) {
        // A change read from others may be larger than what is written here.
        if let Ok(again) = change.encode(Limits::SERVER) {
            assert_eq!(Change::decode(&again, Limits::SERVER).as_ref(), Ok(&change));
        }
    }
}

/// A message of the exchange, either way.
pub fn message(bytes: &[u8]) {
    if let Ok(request) = Request::decode(bytes) {
        let carried: usize = request.pages.iter().flat_map(|p| &p.changes).map(Vec::len).sum();
        assert!(carried <= bytes.len());
        let again = request.encode().expect("what was read can be written");
        assert_eq!(Request::decode(&again).as_ref(), Ok(&request));
    }
    if let Ok(response) = Response::decode(bytes) {
        let again = response.encode().expect("what was read can be written");
        assert_eq!(Response::decode(&again).as_ref(), Ok(&response));
    }
}

/// Keys, seals and signed texts: read or refused, and never taken for genuine.
pub fn signed(bytes: &[u8]) {
    let office = Signer::from_seed(&[7; 32]).public();
    if let Ok(certificate) = serde_json::from_slice::<SignedCertificate>(bytes) {
        assert!(certificate.verify(&office).is_err());
    }
    if let Ok(receipt) = serde_json::from_slice::<SignedReceipt>(bytes) {
        assert!(receipt.verify(&office).is_err());
    }
    if let Ok(head) = serde_json::from_slice::<SignedTreeHead>(bytes) {
        assert!(head.verify(&office).is_err());
    }
    let _ = serde_json::from_slice::<Seal>(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = text.parse::<Signature>();
        if let Ok(key) = text.parse::<PublicKey>() {
            assert_eq!(key.to_string().parse(), Ok(key));
            let _ = key.verify(b"message", &Signature([1; 64]));
        }
    }
}

/// Valid inputs for each target.
pub fn seeds() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let change = a_change();
    vec![
        ("change", vec![change.clone(), b"{}".to_vec()]),
        ("message", messages(&change)),
        ("signed", signed_texts()),
        ("headers", header_lines()),
    ]
}

/// The headers of an upload's requests and of a download's, as lines.
fn header_lines() -> Vec<Vec<u8>> {
    // `sha256` and `filetype` with their values in base64.
    let sha256 =
        "ODhkNDI2NmZkNGU2MzM4ZDEzYjg0NWZjZjI4OTU3OWQyMDljODk3ODIzYjkyMTdkYTNlMTYxOTM2ZjAzMTU4OQ==";
    let creation = format!(
        "tus-resumable: 1.0.0\nupload-length: 4\n\
         upload-metadata: sha256 {sha256},filetype aW1hZ2UvanBlZw==,filename 5b2x5YOP\n"
    );
    let piece = "tus-resumable: 1.0.0\ncontent-type: application/offset+octet-stream\n\
                 upload-offset: 65536\ncontent-length: 12\n\
                 upload-checksum: sha1 Lve95gjOVATpfV8EL5X4nxwjKHE=\n";
    let sha256 = "upload-checksum: sha256 f4OxZX/x/FO5LcGBSKHWXfwtSx+j1ncoSt3SABJtkGk=\n";
    let with_creation = format!("{creation}content-type: application/offset+octet-stream\n");
    [&creation, &piece.to_owned(), &format!("{with_creation}upload-offset: 0\n{sha256}")]
        .into_iter()
        .map(String::as_str)
        .chain(["range: bytes=0-99", "range: bytes=-5\nif-range: \"x\"", "range: bytes=7-"])
        .map(|lines| lines.as_bytes().to_vec())
        .collect()
}

fn a_change() -> Vec<u8> {
    let id = |n| uuid::Uuid::from_u128(n);
    let assessment = json!({"level": "major", "criterion": "gm-11-1", "basis": ["AF-36-3"]});
    let write = |n, field, val| Write::new("finding", RecordId(id(n)), field, val);
    let change = Change {
        pos: 17,
        author: PersonId(id(1)),
        wall: wall(),
        n: 7,
        seen: 412,
        intent: "finding.create".into(),
        writes: vec![
            write(2, "assessment", assessment)
                .superseding([WriteId { change: ledger::ChangeId([7; 16]), index: 3 }]),
            write(2, "fact", json!("通道堆物 \u{1f600} \"\\")),
            write(3, "more", json!({"a": [1, -2, null, true, {"b": {}}]})),
        ],
    };
    change.encode(Limits::DEVICE).expect("a valid change")
}

fn wall() -> Wall {
    Wall::parse("2026-11-23T02:11:05.123Z").expect("a moment")
}

fn messages(change: &[u8]) -> Vec<Vec<u8>> {
    let (ledger, replica) =
        (LedgerId(uuid::Uuid::from_u128(4)), ReplicaId(uuid::Uuid::from_u128(5)));
    let signer = Signer::from_seed(&[1; 32]);
    let head = ledger::ChainHead::empty(ledger, replica).next(change);
    let mut page = json!({
        "ledger": ledger, "replica": replica, "after": 0, "lengths": [change.len()],
        "seals": [signer.seal(ledger, replica, &head)],
    });
    let mut holdings = Holdings::default();
    holdings.0.entry(ledger).or_default().insert(replica, Held::from(&head));
    let request = RequestHeader::new(uuid::Uuid::nil(), replica, &holdings, [ledger]);
    let answer = json!({
        "protocol": 1, "epoch": uuid::Uuid::nil(), "time": wall(), "digest": holdings.digest(),
        "ledgers": {(ledger.to_string()): holdings.digest()}, "left": [ledger],
        "wants": [{"ledger": ledger, "replica": replica, "after": 3}],
        "refused": [{"ledger": ledger, "replica": replica, "reason": "seal"}],
        "receipts": [a_receipt(&signer)], "more": true, "version_min": "0.2.0",
    });
    let mut frames = Vec::new();
    for header in [json!(request), answer] {
        frames.push(frame(header.clone(), json!([]), b""));
        frames.push(frame(header.clone(), json!([page]), change));
        page["after"] = json!(9);
        frames.push(frame(header, json!([page, page]), &[change, change].concat()));
    }
    frames
}

fn frame(mut header: serde_json::Value, pages: serde_json::Value, bytes: &[u8]) -> Vec<u8> {
    header["pages"] = pages;
    let json = header.to_string();
    let length = u32::try_from(json.len()).expect("a short header").to_le_bytes();
    [length.as_slice(), json.as_bytes(), bytes].concat()
}

fn a_receipt(server: &Signer) -> SignedReceipt {
    let receipt = Receipt {
        ledger: LedgerId(uuid::Uuid::from_u128(4)),
        replica: ReplicaId(uuid::Uuid::from_u128(5)),
        upto: 5,
        hash: Hash::of(b"x"),
        voided: vec![3],
        review: vec![4],
        at: wall(),
        by: ReplicaId(uuid::Uuid::from_u128(6)),
    };
    SignedReceipt::sign(server, &receipt).expect("plain data")
}

fn signed_texts() -> Vec<Vec<u8>> {
    let signer = Signer::from_seed(&[1; 32]);
    let replica = ReplicaId(uuid::Uuid::from_u128(5));
    let day = wall().shanghai_date();
    let certificate = Certificate {
        replica,
        key: signer.public(),
        role: ReplicaRole::Tablet,
        person: Some(PersonId(uuid::Uuid::from_u128(6))),
        department: None,
        name: "平板 1".into(),
        epoch: 0,
        valid_from: day,
        valid_to: day,
    };
    let head = TreeHead {
        day,
        size: 3,
        root: Hash::of(b"x"),
        previous: Some(Hash::of(b"y")),
        by: replica,
        interim: true,
    };
    let certificate = SignedCertificate::sign(&signer, &certificate).expect("plain data");
    let head = SignedTreeHead::sign(&signer, &head).expect("plain data");
    let seal = signer.seal(
        LedgerId(uuid::Uuid::from_u128(4)),
        replica,
        &ledger::ChainHead::empty(LedgerId(uuid::Uuid::from_u128(4)), replica),
    );
    vec![
        json!(certificate).to_string().into_bytes(),
        json!(a_receipt(&signer)).to_string().into_bytes(),
        json!(head).to_string().into_bytes(),
        json!(seal).to_string().into_bytes(),
        signer.public().to_string().into_bytes(),
    ]
}
