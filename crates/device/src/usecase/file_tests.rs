//! Claims about files on their way: nothing is sent twice, nothing is called
//! safe that is not, and whatever breaks goes on where it stopped.

use super::tests::{code, draft};
use crate::client::{Appended, Client, Fetched};
use crate::device::Brought;
use crate::error::DeviceError;
use crate::evidence::hash_of;
use crate::picture::tests::jpeg;
use crate::testing::{Fault, LEAD, Office, SECOND, TASK, Tablet};
use crate::view::{ErrorCode, FileKind, FileState, FileStatus, MissingReason};
use domain::record::{field, kind};
use ledger::Write;
use ledger::pack::Record;
use serde_json::json;

/// A film of so many bytes.
fn film(bytes: usize) -> Vec<u8> {
    let mut film = b"\0\0\0\x18ftypisom\0\0\0\0isommp42".to_vec();
    film.extend((film.len()..bytes).map(|n| (n * 7 % 253) as u8));
    film
}

fn with_film(tablet: &Tablet, bytes: &[u8]) {
    let rec = tablet.device.create_finding(TASK, &draft("事实")).unwrap().rec;
    tablet.device.put_evidence(TASK, rec, "DCIM/影像 1.mp4", bytes).unwrap();
}

fn file(tablet: &Tablet, sha256: &str) -> Option<FileStatus> {
    let status = tablet.device.sync_status().unwrap();
    status.files.into_iter().find(|file| file.sha256 == sha256)
}

fn stands(tablet: &Tablet, sha256: &str) -> (FileState, u64) {
    let file = file(tablet, sha256).unwrap();
    (file.state, file.sent_bytes)
}

#[test]
fn a_line_that_breaks_again_and_again_costs_no_byte_twice() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    let bytes = film(1_500_000);
    let name = hash_of(&bytes);
    with_film(&lead, &bytes);
    assert_eq!(stands(&lead, &name), (FileState::OnlyHere, 0));
    office.set_fault(Fault::BreaksUploads(200_000));
    let mut tablet = lead;
    for n in 1..=4 {
        assert_eq!(code(tablet.device.exchange()), ErrorCode::Offline);
        // The app may be killed as well.
        tablet = tablet.restarted();
        let file = file(&tablet, &name).unwrap();
        assert_eq!(file.state, FileState::OnlyHere, "part of it is not safe");
        assert_eq!(file.sent_bytes, (n - 1) * 200_000, "what the office last confirmed");
        assert!(!office.blobs().contains(&name));
    }
    office.set_fault(Fault::None);
    tablet.device.exchange().unwrap();
    assert!(office.blobs().contains(&name));
    assert_eq!(office.carried().0, bytes.len());
    assert_eq!(stands(&tablet, &name), (FileState::AtServer, bytes.len() as u64));
    assert_eq!(tablet.device.sync_status().unwrap().unsent_files, 0);
    // After a restart what is safe is not listed any more.
    assert_eq!(file(&tablet.restarted(), &name), None);
}

#[test]
fn an_upload_that_the_office_forgot_is_begun_anew() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    let bytes = film(700_000);
    with_film(&lead, &bytes);
    office.set_fault(Fault::BreaksUploads(300_000));
    assert_eq!(code(lead.device.exchange()), ErrorCode::Offline);
    office.forget_uploads();
    office.set_fault(Fault::None);
    lead.device.exchange().unwrap();
    assert!(office.blobs().contains(&hash_of(&bytes)));
    assert_eq!(office.carried().0, 300_000 + bytes.len());
}

#[test]
fn a_file_says_what_it_is_and_to_what_it_belongs() {
    let office = Office::open();
    let (lead, second) = (office.ready(LEAD), office.ready(SECOND));
    with_film(&lead, &film(900_000));
    let rec = lead.device.create_finding(TASK, &draft("事实")).unwrap().rec;
    lead.device.put_evidence(TASK, rec, "a.jpg", &jpeg(500, 400)).unwrap();
    let status = lead.device.sync_status().unwrap();
    let kinds: Vec<(FileKind, &str)> =
        status.files.iter().map(|file| (file.kind, file.name.as_str())).collect();
    assert_eq!(
        kinds,
        [
            (FileKind::Thumbnail, "a.jpg"),
            (FileKind::Original, "a.jpg"),
            (FileKind::Original, "影像 1.mp4"),
        ]
    );
    assert!(status.files.iter().all(|file| {
        file.task == Some(TASK) && file.enterprise == "示例精密涂装有限公司"
    }));
    assert_eq!(status.unsent_files, 3);
    assert_eq!(status.unsent_bytes, status.files.iter().map(|file| file.bytes).sum::<u64>());
    lead.device.exchange().unwrap();
    second.device.exchange().unwrap();
    let board = second.device.board(TASK).unwrap();
    let film = board.findings.iter().flat_map(|f| &f.evidence).find(|e| e.name == "影像 1.mp4");
    assert_eq!(film.unwrap().thumbnail, None);
}

#[test]
fn a_download_goes_on_where_it_stopped() {
    let office = Office::open();
    let (lead, second) = (office.ready(LEAD), office.ready(SECOND));
    let bytes = film(1_000_000);
    let name = hash_of(&bytes);
    with_film(&lead, &bytes);
    lead.device.exchange().unwrap();
    let before = office.carried().1;
    // Some of it came before the app was killed.
    second.device.try_with(|open| open.blobs.fetching(&name)?.write(&bytes[..600_000])).unwrap();
    office.set_fault(Fault::BreaksDownloads(1));
    assert!(second.device.exchange().is_err());
    assert_ne!(file(&second, &name).unwrap().state, FileState::AtServer);
    office.set_fault(Fault::None);
    let second = second.restarted();
    second.device.exchange().unwrap();
    assert_eq!(second.device.file(&name).unwrap().1, bytes);
    let carried = office.carried().1 - before;
    assert_eq!(carried, 1 + bytes.len() - 9 * 65_536, "what was here was not fetched again");
    assert_eq!(file(&second, &name), None);
    let piece = second.device.file_piece(&name, 65_530, 12).unwrap();
    assert_eq!((piece.total, piece.bytes.as_slice()), (1_000_000, &bytes[65_530..65_542]));
}

#[test]
fn a_record_before_its_file_is_said_to_wait_for_it() {
    let office = Office::open();
    let (lead, second) = (office.ready(LEAD), office.ready(SECOND));
    let bytes = film(90_000);
    let name = hash_of(&bytes);
    with_film(&lead, &bytes);
    lead.device.exchange().unwrap();
    office.set_blob(&name, None);
    second.device.exchange().unwrap();
    let waiting = file(&second, &name).unwrap();
    assert_eq!(waiting.state, FileState::Missing);
    assert_eq!(waiting.reason, Some(MissingReason::NotAtOffice));
    // Not what its name says: not taken, and asked for again.
    office.set_blob(&name, Some(vec![1; 90_000]));
    let wrong = second.device.exchange().unwrap_err();
    assert_eq!(wrong.detail.as_deref(), Some("hash_mismatch"));
    assert_eq!(code(second.device.file(&name)), ErrorCode::FileAbsent);
    office.set_blob(&name, Some(bytes.clone()));
    second.device.exchange().unwrap();
    assert_eq!(second.device.file(&name).unwrap().1, bytes);
}

#[test]
fn a_file_damaged_here_is_named_and_keeps_no_other_back() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    let (bad, good) = (film(80_000), film(90_000));
    with_film(&lead, &bad);
    with_film(&lead, &good);
    let path = lead.home.path().join("blobs").join(hash_of(&bad));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[70_000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(code(lead.device.exchange()), ErrorCode::StoreDamaged);
    assert!(office.blobs().contains(&hash_of(&good)));
    let damaged = file(&lead, &hash_of(&bad)).unwrap();
    assert_eq!(damaged.state, FileState::Missing);
    assert_eq!(damaged.reason, Some(MissingReason::DamagedHere));
    assert_eq!(lead.device.sync_status().unwrap().unsent_files, 1);
}

#[test]
fn the_clients_words_are_the_offices() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    let (client, bytes) = lead
        .device
        .try_with(|open| {
            let token = Some(open.enrolled.token.clone());
            Ok((Client::new(&open.server, token, None)?, film(70_000)))
        })
        .unwrap();
    let sha256 = hash_of(&bytes);
    let new =
        crate::client::NewUpload { sha256: &sha256, bytes: 70_000, media_type: None, first: &[] };
    let upload = client.create_upload(&new).unwrap();
    assert_eq!(upload.offset, 0);
    let append = |at, part: &[u8]| client.append(&upload.url, at, part.to_vec()).unwrap();
    assert_eq!(append(0, &bytes[..1000]), Appended::At(1000));
    assert_eq!(append(0, &bytes[..1000]), Appended::Elsewhere);
    assert_eq!(client.upload_offset(&upload.url).unwrap(), Some(1000));
    office.forget_uploads();
    assert_eq!(append(1000, &bytes[1000..2000]), Appended::Gone);
    assert_eq!(client.upload_offset(&upload.url).unwrap(), None);
    client.terminate(&upload.url).unwrap();
    let absent = client.get_range(&sha256, 0, 100).unwrap();
    assert_eq!(absent, Fetched::Absent { lost: false });
}

#[test]
fn personal_data_go_to_the_office_and_nobody_fetches_them_ahead() {
    let office = Office::open();
    let (lead, second) = (office.ready(LEAD), office.ready(SECOND));
    let commit = |kind: &str, field: &str, sealed: &[u8]| {
        lead.device.try_with(|open| {
            let sha256 = open.blobs.put(sealed)?;
            let val = json!({
                "subject": open.new_record()?, "what": "phone", "sha256": sha256,
                "bytes": sealed.len(), "readers": [], "keep_until": "2027-11-23",
            });
            let (ledger, rec) = (open.joint(TASK)?, open.new_record()?);
            let file = Brought { sha256: sha256.clone(), bytes: sealed.len() as u64 };
            open.commit(ledger, "test", vec![Write::new(kind, rec, field, val)], &[file])?;
            Ok::<String, DeviceError>(sha256)
        })
    };
    let names = [
        commit(kind::PERSONAL, field::SEALED, b"a sealed number").unwrap(),
        commit("sample", "photos", b"of a newer version").unwrap(),
    ];
    lead.device.exchange().unwrap();
    assert!(names.iter().all(|name| office.blobs().contains(name)));
    let before = office.carried().1;
    second.device.exchange().unwrap();
    assert_eq!(office.carried().1, before);
    assert!(names.iter().all(|name| file(&second, name).is_none()), "nothing is missed either");
    assert_eq!(file(&lead, &names[0]).unwrap().kind, FileKind::Other);
}

#[test]
fn after_a_restore_no_file_is_called_safe_before_the_office_says_so_again() {
    let office = Office::open();
    let (lead, second) = (office.ready(LEAD), office.ready(SECOND));
    let bytes = film(90_000);
    with_film(&lead, &bytes);
    lead.device.exchange().unwrap();
    second.device.exchange().unwrap();
    let safe = |tablet: &Tablet| {
        let files = tablet.device.files().unwrap();
        let film = files.into_iter().find(|file| file.sha256 == hash_of(&bytes)).unwrap();
        assert!(film.here);
        film.at_server
    };
    assert!(safe(&lead) && safe(&second));
    let replica = lead.device.try_with(|open| Ok::<_, DeviceError>(open.replica)).unwrap();
    office.restored_without(replica, &[hash_of(&bytes)].into());
    office.set_fault(Fault::LosesFiles);
    assert_eq!(code(second.device.exchange()), ErrorCode::ServerTrouble);
    assert!(!safe(&second), "the office has lost it");
    let status = second.device.sync_status().unwrap();
    let film = status.files.iter().find(|file| file.sha256 == hash_of(&bytes)).unwrap();
    assert_eq!((film.state, film.sent_bytes), (FileState::OnlyHere, 0));
    office.set_fault(Fault::None);
    lead.device.exchange().unwrap();
    assert!(safe(&lead) && office.blobs().contains(&hash_of(&bytes)));
    let carried = office.carried().0;
    second.device.exchange().unwrap();
    assert!(safe(&second));
    assert_eq!(second.device.sync_status().unwrap().unsent_files, 0);
    assert_eq!(office.carried().0, carried, "what its maker brought again nobody else sends");
}

#[test]
fn after_a_restore_a_tablet_brings_what_others_made_and_the_package_before_all() {
    let office = Office::open();
    let (lead, second) = (office.ready(LEAD), office.ready(SECOND));
    let bytes = film(90_000);
    with_film(&lead, &bytes);
    lead.device.exchange().unwrap();
    second.device.exchange().unwrap();
    let before = office.blobs();
    let replica = lead.device.try_with(|open| Ok::<_, DeviceError>(open.replica)).unwrap();
    office.restored_without(replica, &before);
    assert!(office.blobs().is_empty());
    second.device.exchange().unwrap();
    assert_eq!(office.blobs(), before);
    let package = before.iter().find(|name| **name != hash_of(&bytes)).unwrap();
    assert_eq!(office.uploaded().first(), Some(package));
}

#[test]
fn a_rescue_pack_takes_films_in_parts_and_names_the_damaged_one() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    let (good, bad) = (film(900_000), film(800_000));
    with_film(&lead, &good);
    with_film(&lead, &bad);
    let path = lead.home.path().join("blobs").join(hash_of(&bad));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[700_000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let out = tempfile::tempdir().unwrap();
    let pack = lead.device.rescue_pack(out.path(), false, None).unwrap();
    assert_eq!((pack.files, pack.missing), (1, 1));
    let records = super::rescue_tests::records(&office, &pack.path);
    let parts: Vec<&Vec<u8>> = records
        .iter()
        .filter_map(|record| if let Record::Part(part) = record { Some(part) } else { None })
        .collect();
    assert!(parts.len() > 3);
    assert_eq!(parts.into_iter().flatten().copied().collect::<Vec<u8>>(), good);
}
