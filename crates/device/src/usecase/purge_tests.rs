//! Claims about ledgers that a tablet was taken off: they stay as long as they
//! may be needed, then they are gone, and come back whole.

use super::tests::{code, draft};
use crate::error::DeviceError;
use crate::evidence::hash_of;
use crate::picture::tests::jpeg;
use crate::store::chain;
use crate::testing::{Fault, JOINT, LEAD, Office, TASK, Tablet};
use crate::view::ErrorCode;
use domain::id::ReplicaId;

const DAY: i64 = 24 * 60 * 60;

fn replica(tablet: &Tablet) -> ReplicaId {
    tablet.device.try_with(|open| Ok::<_, DeviceError>(open.replica)).unwrap()
}

/// Rows of the joint ledger's chains, and whether a file is on the disk.
fn held(tablet: &Tablet, sha256: &str) -> (i64, bool) {
    let rows = tablet.device.try_with(|open| {
        let count = "SELECT (SELECT count(*) FROM change WHERE ledger = ?1)
            + (SELECT count(*) FROM register WHERE ledger = ?1)";
        Ok::<_, DeviceError>(open.db.query_row(count, [JOINT.to_string()], |row| row.get(0))?)
    });
    (rows.unwrap(), tablet.home.path().join("blobs").join(sha256).exists())
}

/// A finding with a photo; answers the photo's hash.
fn work(tablet: &Tablet) -> String {
    let rec = tablet.device.create_finding(TASK, &draft("事实")).unwrap().rec;
    let photo = jpeg(300, 200);
    tablet.device.put_evidence(TASK, rec, "a.jpg", &photo).unwrap();
    hash_of(&photo)
}

#[test]
fn what_was_left_stays_a_month_after_all_was_safe_and_then_is_gone() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    let photo = work(&lead);
    lead.device.exchange().unwrap();
    office.sends_away(replica(&lead));
    lead.device.exchange().unwrap();
    assert_eq!(code(lead.device.board(TASK)), ErrorCode::NoSuchTask);
    office.days_pass(29);
    // That its own clock runs ahead clears nothing away.
    lead.clock.forward(400 * DAY);
    lead.device.exchange().unwrap();
    let (rows, file) = held(&lead, &photo);
    assert!(rows > 0 && file);
    office.days_pass(2);
    lead.device.exchange().unwrap();
    assert_eq!(held(&lead, &photo), (0, false));
    assert_eq!(lead.device.sync_status().unwrap().unsent_changes, 0);
}

#[test]
fn what_is_not_safe_is_never_cleared_away() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    let photo = work(&lead);
    office.sends_away(replica(&lead));
    office.set_fault(Fault::LosesFiles);
    assert_eq!(code(lead.device.exchange()), ErrorCode::ServerTrouble);
    office.days_pass(100);
    assert_eq!(code(lead.device.exchange()), ErrorCode::ServerTrouble);
    assert!(held(&lead, &photo).1, "the photo is only here");
    // It is handed in although the task is not to be read any more.
    office.set_fault(Fault::None);
    lead.device.exchange().unwrap();
    assert!(office.blobs().contains(&photo));
    lead.device.exchange().unwrap();
    assert_eq!(held(&lead, &photo), (0, false));
}

#[test]
fn a_ledger_that_comes_back_goes_on_where_this_tablet_stopped() {
    let office = Office::open();
    let lead = office.ready(LEAD);
    let photo = work(&lead);
    lead.device.exchange().unwrap();
    let own = |tablet: &Tablet| {
        let replica = replica(tablet);
        let own = tablet.device.try_with(|open| chain::own(&open.db, JOINT, replica));
        own.unwrap().1
    };
    let before = own(&lead);
    office.sends_away(replica(&lead));
    lead.device.exchange().unwrap();
    office.days_pass(31);
    lead.device.exchange().unwrap();
    assert_eq!(held(&lead, &photo), (0, false));
    assert_eq!(own(&lead), before, "where it wrote is remembered");
    office.takes_back(replica(&lead));
    lead.device.exchange().unwrap();
    assert!(held(&lead, &photo).1, "files come back too");
    assert_eq!(lead.device.board(TASK).unwrap().findings.len(), 1);
    assert_eq!(lead.device.sync_status().unwrap().unsent_changes, 0);
    work(&lead);
    assert_eq!(own(&lead).pos, before.pos + 2);
    lead.device.exchange().unwrap();
    assert_eq!(lead.device.board(TASK).unwrap().findings.len(), 2);
}
