//! Claims about the ways out: a forgotten PIN, a lease that ended, a tablet out
//! of service, a damaged store, and the rescue pack through all of them.

use super::tests::{code, draft};
use crate::Device;
use crate::client::ResetRequest;
use crate::error::DeviceError;
use crate::picture::tests::jpeg;
use crate::recovery::Recovery;
use crate::testing::{Fault, ITEM, LEAD, Office, PIN, SECOND, TASK, Tablet};
use crate::view::{ErrorCode, Gate};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::ReplicaId;
use domain::time::Wall;
use ledger::pack::{Decoder, Missing, Opening, Record};
use ledger::recovery::{unwrap_text, wrap_text};
use ledger::seal::Signer;
use ledger::wipe::{SignedWipe, Wipe};
use rusqlite::Connection;
use std::fs;
use std::path::Path;

const DAY: i64 = 24 * 3600;

fn replica(tablet: &Tablet) -> ReplicaId {
    Recovery::wanted(tablet.home.path(), &tablet.device.around).unwrap().replica
}

fn unsent(device: &Device) -> (u32, u32) {
    let status = device.sync_status().unwrap();
    (status.unsent_changes, status.unsent_files)
}

/// Work that is only here: two changes, a photo and its thumbnail.
fn work(device: &Device) {
    let rec = device.create_finding(TASK, &draft("只在本机")).unwrap().rec;
    device.put_evidence(TASK, rec, "a.jpg", &jpeg(500, 400)).unwrap();
}

/// The tablet after its process ended, locked.
fn stopped(tablet: Tablet) -> Tablet {
    let Tablet { device, home, clock } = tablet;
    drop(device);
    let device = Device::open(home.path(), clock.clone()).unwrap();
    Tablet { device, home, clock }
}

/// What the office does for a good code.
fn as_the_office(office: &Office, request: &ResetRequest<'_>, key: Option<[u8; 32]>) -> String {
    let wrapped = URL_SAFE_NO_PAD.decode(request.wrapped_key).unwrap();
    let text = age::decrypt(&office.recovery(), &wrapped).unwrap();
    let real = unwrap_text(&text, request.replica).unwrap();
    let recipient: age::x25519::Recipient = request.recipient.parse().unwrap();
    let text = wrap_text(request.replica, &key.unwrap_or(real));
    URL_SAFE_NO_PAD.encode(age::encrypt(&recipient, &text).unwrap())
}

/// The records of a pack, as the office reads them.
pub(super) fn records(office: &Office, pack: &str) -> Vec<Record> {
    let plain = age::decrypt(&office.recovery(), &fs::read(pack).unwrap()).unwrap();
    let mut decoder = Decoder::default();
    decoder.push(&zstd::stream::decode_all(plain.as_slice()).unwrap());
    let mut records = Vec::new();
    while let Some(record) = decoder.next_record().unwrap() {
        records.push(record);
    }
    decoder.finish().unwrap();
    records
}

/// How many changes, whole files and missing parts a pack holds.
fn held(records: &[Record]) -> (usize, usize, Vec<Missing>) {
    let mut held = (0, 0, Vec::new());
    for record in records {
        match record {
            Record::Page(page) => held.0 += page.changes.len(),
            Record::File { .. } => held.1 += 1,
            Record::Missing(missing) => held.2.push(missing.clone()),
            _ => {}
        }
    }
    held
}

#[test]
fn a_forgotten_pin_is_set_anew_and_no_unsent_work_is_lost() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    work(&tablet.device);
    let before = (tablet.device.board(TASK).unwrap(), unsent(&tablet.device));
    let tablet = stopped(tablet);
    for _ in 0..10 {
        let _ = tablet.device.unlock("000000");
    }
    assert_eq!(code(tablet.device.unlock(PIN)), ErrorCode::PinWait);
    let ask = |_: &Recovery, request: &ResetRequest<'_>| Ok(as_the_office(&office, request, None));
    tablet.device.reset_pin_by("ABCDE-FGHJK", "246800", ask).unwrap();
    let status = tablet.device.status();
    assert_eq!((status.gate, status.wrong_pins, status.wait_seconds), (Gate::Open, 0, 0));
    assert_eq!((tablet.device.board(TASK).unwrap(), unsent(&tablet.device)), before);
    let tablet = stopped(tablet);
    assert_eq!(code(tablet.device.unlock(PIN)), ErrorCode::PinWrong);
    assert_eq!(tablet.device.unlock("246800").unwrap().gate, Gate::Open);
    tablet.device.exchange().unwrap();
    assert_eq!(unsent(&tablet.device), (0, 0));
}

#[test]
fn an_answer_with_another_key_changes_nothing() {
    let office = Office::open();
    let tablet = stopped(office.ready(LEAD));
    for bad in [Some("no base64!".to_owned()), Some(String::new()), None] {
        let ask = |_: &Recovery, request: &ResetRequest<'_>| {
            Ok(bad.clone().unwrap_or_else(|| as_the_office(&office, request, Some([9; 32]))))
        };
        let result = tablet.device.reset_pin_by("ABCDE-FGHJK", "246800", ask);
        assert_eq!(code(result.map_err(DeviceError::into_app)), ErrorCode::NotAnOffice);
    }
    let weak = tablet.device.reset_pin("ABCDE-FGHJK", "123");
    assert_eq!(code(weak), ErrorCode::PinWeak);
    assert_eq!(tablet.device.unlock(PIN).unwrap().gate, Gate::Open);
}

#[test]
fn a_damaged_vault_is_opened_again_through_the_office() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    work(&tablet.device);
    let tablet = stopped(tablet);
    for name in ["vault.json", "device.secret"] {
        fs::write(tablet.home.path().join(name), b"{").unwrap();
    }
    assert_eq!(code(tablet.device.unlock(PIN)), ErrorCode::StoreDamaged);
    let ask = |_: &Recovery, request: &ResetRequest<'_>| Ok(as_the_office(&office, request, None));
    tablet.device.reset_pin_by("ABCDE-FGHJK", PIN, ask).unwrap();
    assert_eq!(unsent(&tablet.device), (2, 2));
}

#[test]
fn a_new_pin_is_set_by_who_knows_the_old_one() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    assert_eq!(code(tablet.device.change_pin("000000", "246800")), ErrorCode::PinWrong);
    assert_eq!(code(tablet.device.change_pin(PIN, "1234")), ErrorCode::PinWeak);
    let before = Recovery::wanted(tablet.home.path(), &tablet.device.around).unwrap().wrapped_key;
    tablet.device.change_pin(PIN, "246800").unwrap();
    assert_ne!(
        Recovery::wanted(tablet.home.path(), &tablet.device.around).unwrap().wrapped_key,
        before
    );
    let tablet = stopped(tablet);
    assert_eq!(code(tablet.device.unlock(PIN)), ErrorCode::PinWrong);
    assert_eq!(tablet.device.unlock("246800").unwrap().gate, Gate::Open);
    let _ = tablet.device.lock();
    assert_eq!(code(tablet.device.change_pin("246800", PIN)), ErrorCode::Locked);
}

#[test]
fn a_locked_screen_shows_nothing_and_hands_in_all_the_same() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    work(&tablet.device);
    assert_eq!(tablet.device.lock().gate, Gate::Locked);
    assert!(tablet.device.exchange().unwrap());
    assert_eq!(code(tablet.device.board(TASK)), ErrorCode::Locked);
    assert_eq!(code(tablet.device.make_site_record(TASK)), ErrorCode::Locked);
    tablet.device.unlock(PIN).unwrap();
    assert_eq!(unsent(&tablet.device), (0, 0));
}

#[test]
fn a_lease_that_ended_closes_viewing_and_never_the_rescue_pack() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    work(&tablet.device);
    tablet.clock.forward(13 * DAY);
    assert_eq!(tablet.device.status().lease_days_left, Some(1));
    tablet.clock.forward(DAY);
    assert_eq!(tablet.device.status().gate, Gate::LeaseEnded);
    // Setting the clock back does not open it, nor does a restart.
    tablet.clock.forward(-14 * DAY);
    let tablet = stopped(tablet);
    assert_eq!(tablet.device.unlock(PIN).unwrap().gate, Gate::LeaseEnded);
    assert_eq!(code(tablet.device.board(TASK)), ErrorCode::LeaseEnded);
    assert_eq!(code(tablet.device.add_note(TASK, "备注")), ErrorCode::LeaseEnded);
    let status = tablet.device.sync_status().unwrap();
    assert_eq!((status.unsent_changes, status.pending.len()), (2, 0));
    let out = tempfile::tempdir().unwrap();
    let pack = tablet.device.rescue_pack(out.path(), false, None).unwrap();
    assert_eq!((pack.changes, pack.files, pack.missing), (2, 2, 0));
    tablet.device.exchange().unwrap();
    assert_eq!(tablet.device.status().gate, Gate::Open);
    assert!(tablet.device.board(TASK).is_ok());
}

#[test]
fn the_office_may_set_a_shorter_lease() {
    let office = Office::open();
    office.set_lease_days(2);
    let tablet = office.ready(LEAD);
    tablet.clock.forward(2 * DAY);
    assert_eq!(tablet.device.status().gate, Gate::LeaseEnded);
}

#[test]
fn an_order_to_wipe_now_destroys_everything_and_says_so_at_the_next_start() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    work(&tablet.device);
    office.order(replica(&tablet), Wipe::WipeNow);
    assert_eq!(code(tablet.device.exchange()), ErrorCode::Wiped);
    assert_eq!(office.wiped(), 1);
    let left: Vec<_> =
        fs::read_dir(tablet.home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["wiped.json"]);
    assert_eq!(code(tablet.device.board(TASK)), ErrorCode::Wiped);
    let tablet = stopped(tablet);
    let status = tablet.device.status();
    assert_eq!(status.gate, Gate::Wiped);
    assert_eq!(status.wiped.unwrap().order, Wipe::WipeNow);
    assert_eq!(code(tablet.device.unlock(PIN)), ErrorCode::NotEnrolled);
    assert_eq!(tablet.device.forget_wipe().unwrap().gate, Gate::Unenrolled);
    office.enrol(&tablet.device, LEAD).unwrap();
    assert_eq!(tablet.device.status().gate, Gate::Open);
}

#[test]
fn an_order_to_wipe_after_handing_in_waits_until_everything_is_at_the_office() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    work(&tablet.device);
    office.order(replica(&tablet), Wipe::WipeAfterPush);
    // The order arrives, photos do not get through.
    office.set_fault(Fault::LosesFiles);
    assert_eq!(code(tablet.device.exchange()), ErrorCode::ServerTrouble);
    assert_eq!(tablet.device.status().gate, Gate::Withdrawn);
    assert_eq!(code(tablet.device.board(TASK)), ErrorCode::Withdrawn);
    let tablet = stopped(tablet);
    assert_eq!(tablet.device.unlock(PIN).unwrap().gate, Gate::Withdrawn);
    assert_eq!(unsent(&tablet.device).1, 2);
    let before = office.blobs().len();
    office.set_fault(Fault::None);
    assert_eq!(code(tablet.device.exchange()), ErrorCode::Wiped);
    assert_eq!(office.blobs().len(), before + 2);
    assert_eq!((tablet.device.status().gate, office.wiped()), (Gate::Wiped, 1));
}

#[test]
fn nobody_but_the_office_can_make_a_tablet_destroy_anything() {
    let office = Office::open();
    let (lead, second) = (office.ready(LEAD), office.ready(SECOND));
    work(&lead.device);
    let at = Wall::new(crate::testing::NOW.parse().unwrap());
    let stranger = Signer::from_seed(&[77; 32]);
    office.pass_on(SignedWipe::sign(&stranger, replica(&lead), Wipe::WipeNow, at));
    lead.device.exchange().unwrap();
    // Another tablet's order, in the server's own hand.
    office.order(replica(&second), Wipe::WipeNow);
    lead.device.exchange().unwrap();
    // Being refused orders nothing either.
    office.set_fault(Fault::Refuses);
    assert_eq!(code(lead.device.exchange()), ErrorCode::Revoked);
    assert_eq!(lead.device.status().gate, Gate::Open);
    assert_eq!(lead.device.board(TASK).unwrap().findings.len(), 1);
}

#[test]
fn an_order_taken_just_before_the_power_went_is_carried_out_when_the_pin_is_entered() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    let at = Wall::new(crate::testing::NOW.parse().unwrap());
    let server = Signer::from_seed(&[2; 32]);
    let order = SignedWipe::sign(&server, replica(&tablet), Wipe::WipeNow, at);
    tablet.device.try_with(|open| open.take_order(&order)).unwrap();
    let tablet = stopped(tablet);
    assert_eq!(tablet.device.unlock(PIN).unwrap().gate, Gate::Wiped);
}

#[test]
fn a_rescue_pack_holds_what_the_office_lacks_and_only_the_office_opens_it() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    work(&tablet.device);
    tablet.device.exchange().unwrap();
    work(&tablet.device);
    let out = tempfile::tempdir().unwrap();
    let pack = tablet.device.rescue_pack(out.path(), false, None).unwrap();
    assert_eq!((pack.changes, pack.files, pack.missing), (2, 0, 0), "the photo is there already");
    let bytes = fs::read(&pack.path).unwrap();
    assert_eq!(pack.sha256, crate::evidence::hash_of(&bytes));
    assert_eq!(pack.bytes, bytes.len() as u64);
    assert!(pack.name.starts_with("联检救援包-平板1-") && pack.name.ends_with(".ljpack"));
    assert!(age::decrypt(&age::x25519::Identity::generate(), &bytes).is_err());
    let records = records(&office, &pack.path);
    assert_eq!(held(&records), (2, 0, vec![]));
    let Record::Page(page) = &records[1] else { panic!("no page") };
    assert_eq!(page.after, 2);
    assert_eq!(page.seals.last().unwrap().pos, 4);
    let Record::Opening(opening) = &records[0] else { panic!("no opening") };
    let office_key = Signer::from_seed(&[1; 32]).public();
    let opening: Opening = opening.verify(&office_key).unwrap();
    assert_eq!((opening.replica, opening.store_damaged), (replica(&tablet), false));

    let file = out.path().join("all.ljpack");
    let all = tablet.device.rescue_pack(&file, true, None).unwrap();
    assert_eq!((all.changes, all.files), (4, 2));
    // Nothing was sent by writing a pack.
    assert_eq!(unsent(&tablet.device), (2, 0));
    let names: Vec<_> = fs::read_dir(out.path()).unwrap().collect();
    assert_eq!(names.len(), 2, "nothing half written is left behind");
}

#[test]
fn a_locked_tablet_gives_a_rescue_pack_for_its_pin_alone() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    work(&tablet.device);
    let tablet = stopped(tablet);
    let out = tempfile::tempdir().unwrap();
    let pack = |pin| tablet.device.rescue_pack(out.path(), false, pin);
    assert_eq!(code(pack(None)), ErrorCode::Locked);
    assert_eq!(code(pack(Some("000000"))), ErrorCode::PinWrong);
    assert_eq!(pack(Some(PIN)).unwrap().changes, 2);
    assert_eq!(tablet.device.status().gate, Gate::Locked);
    let nowhere = tablet.device.rescue_pack(Path::new("/no/such/folder/x"), false, Some(PIN));
    assert_eq!(code(nowhere), ErrorCode::FolderUnusable);
}

/// Damages every page of the store whose number `pick` picks; answers how many.
fn damage(home: &Path, pick: impl Fn(usize, usize) -> bool) -> usize {
    let path = home.join("store.db");
    let mut bytes = fs::read(&path).unwrap();
    let pages = bytes.len() / 4096;
    let mut damaged = 0;
    for page in (0..pages).filter(|page| pick(*page, pages)) {
        bytes[page * 4096 + 2000] ^= 0xFF;
        damaged += 1;
    }
    fs::write(&path, bytes).unwrap();
    damaged
}

/// Puts the log into the database, so that its pages can be damaged.
fn checkpointed(tablet: &Tablet) {
    let checkpoint =
        |db: &Connection| db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    tablet.device.try_with(|open| Ok(checkpoint(&open.db)?)).unwrap();
}

#[test]
fn a_store_with_damaged_pages_still_gives_what_can_be_read() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    work(&tablet.device);
    let target = ledger::Register::new("item", ITEM, "remark");
    for n in 0..120 {
        let text = crate::view::ChosenValue::Text(format!("{n} {}", "备注".repeat(200)));
        let board = tablet.device.board(TASK).unwrap();
        let item = board.items.iter().find(|item| item.rec == ITEM).unwrap();
        let heads: Vec<String> = item.remark.heads.iter().map(|head| head.id.clone()).collect();
        tablet.device.edit_field(TASK, target.clone(), &text, &heads).unwrap();
    }
    checkpointed(&tablet);
    // Pages that lead to others take what is behind them along; here it is about
    // pages that hold changes themselves.
    let picked: Vec<usize> = tablet
        .device
        .try_with(|open| {
            let sql = "SELECT pageno FROM dbstat WHERE name = 'change' AND pagetype <> 'internal'";
            let mut select = open.db.prepare(sql)?;
            let pages: Vec<u32> =
                select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok(pages.into_iter().map(|page| page as usize).step_by(9).collect())
        })
        .unwrap();
    let tablet = stopped(tablet);
    let damaged = damage(tablet.home.path(), |page, _| picked.contains(&(page + 1)));
    assert!(damaged > 3 && damaged == picked.len(), "{damaged}");
    assert_eq!(tablet.device.unlock(PIN).unwrap().gate, Gate::StoreDamaged);
    assert_eq!(code(tablet.device.board(TASK)), ErrorCode::StoreDamaged);
    let out = tempfile::tempdir().unwrap();
    let pack = tablet.device.rescue_pack(out.path(), false, None).unwrap();
    let read = held(&records(&office, &pack.path));
    let missing: u64 = read
        .2
        .iter()
        .map(|missing| match missing {
            Missing::Changes { from, upto: Some(upto), .. } => upto - from + 1,
            _ => 0,
        })
        .sum();
    assert!(read.0 > 40 && pack.missing > 0, "{read:?}");
    if !read.2.iter().any(|missing| matches!(missing, Missing::List { .. })) {
        assert_eq!(read.0 as u64 + missing, 122, "each change is there or named");
    }
    assert_eq!(read.1, 2, "files lie beside the store");

    // The store stays where it is until somebody decides; then a new tablet begins.
    assert_eq!(tablet.device.start_anew().unwrap().gate, Gate::Unenrolled);
    office.enrol(&tablet.device, LEAD).unwrap();
    tablet.device.exchange().unwrap();
    assert!(tablet.device.board(TASK).is_ok());
    let aside = fs::read_dir(tablet.home.path()).unwrap().flatten();
    let aside = aside.filter(|e| e.file_name().to_string_lossy().starts_with("aside-"));
    assert_eq!(aside.count(), 1);
}

#[test]
fn a_store_of_which_nothing_can_be_read_still_gives_its_files() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    work(&tablet.device);
    checkpointed(&tablet);
    let tablet = stopped(tablet);
    damage(tablet.home.path(), |_, _| true);
    assert_eq!(tablet.device.unlock(PIN).unwrap().gate, Gate::StoreDamaged);
    let out = tempfile::tempdir().unwrap();
    let pack = tablet.device.rescue_pack(out.path(), false, None).unwrap();
    let read = held(&records(&office, &pack.path));
    // The task's package is among the files then.
    assert_eq!((read.0, read.1), (0, 3));
    assert_eq!(read.2, [Missing::List { name: "ledgers".into() }]);
}

#[test]
fn damage_that_comes_to_light_at_work_closes_the_store_before_more_is_written() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    work(&tablet.device);
    checkpointed(&tablet);
    assert!(tablet.device.check_store().unwrap().sound);
    damage(tablet.home.path(), |page, _| page > 3);
    assert!(!tablet.device.check_store().unwrap().sound);
    assert_eq!(tablet.device.status().gate, Gate::StoreDamaged);
    assert_eq!(code(tablet.device.add_note(TASK, "备注")), ErrorCode::StoreDamaged);
    assert_eq!(tablet.device.lock().gate, Gate::Locked);
    assert_eq!(code(tablet.device.start_anew()), ErrorCode::Locked);
    assert_eq!(tablet.device.unlock(PIN).unwrap().gate, Gate::StoreDamaged);
}

#[test]
fn a_sound_store_is_not_set_aside() {
    let office = Office::open();
    let tablet = office.ready(LEAD);
    assert_eq!(code(tablet.device.start_anew()), ErrorCode::AlreadyEnrolled);
    assert_eq!(code(tablet.device.forget_wipe()), ErrorCode::AlreadyEnrolled);
}
