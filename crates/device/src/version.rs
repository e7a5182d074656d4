//! What an app may do that the office calls too old: read, record and hand in,
//! but not sign or decide, since what is signed or decided with it could rest on
//! a rule it does not know. The office says so in its answers (`version_min`);
//! what it said last counts until it says otherwise or the app is newer.

use crate::error::DeviceError;
use crate::store::setting;
use crate::view::ErrorCode;
use domain::record::{field, kind};
use domain::version::Version;
use ledger::Write;
use rusqlite::Connection;

/// Notes what the office said.
pub(crate) fn note(db: &Connection, oldest: Option<Version>) -> Result<(), DeviceError> {
    match oldest {
        Some(oldest) => setting::put(db, setting::VERSION_MIN, &oldest.to_string()),
        None => setting::clear(db, setting::VERSION_MIN),
    }
}

/// Refuses what an app that is too old may not write.
pub(crate) fn check(db: &Connection, writes: &[Write]) -> Result<(), DeviceError> {
    if writes.iter().any(binds) { check_own(db) } else { Ok(()) }
}

/// Refuses when this app is too old to sign or decide.
///
/// # Errors
/// [`ErrorCode::TooOld`] with the version that is wanted.
pub(crate) fn check_own(db: &Connection) -> Result<(), DeviceError> {
    let oldest = setting::get(db, setting::VERSION_MIN)?;
    let oldest: Option<Version> = oldest.and_then(|text| text.parse().ok());
    match oldest.filter(|oldest| is_older(env!("CARGO_PKG_VERSION"), *oldest)) {
        Some(oldest) => Err(DeviceError::refused(ErrorCode::TooOld, oldest)),
        None => Ok(()),
    }
}

fn is_older(own: &str, oldest: Version) -> bool {
    own.parse::<Version>().is_ok_and(|own| own < oldest)
}

/// Whether a write settles or signs something.
fn binds(write: &Write) -> bool {
    let register = &write.register;
    register.kind == kind::DECISION
        || register.kind == kind::DOCUMENT
        || register.is(kind::PROPOSAL, field::REPLY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FIREMAN, ITEM, LEAD, Office, TASK};
    use domain::finding::Answer;

    #[test]
    fn an_update_lifts_what_the_office_said_to_the_old_app() {
        assert!(is_older("0.1.0", Version(0, 2, 0)));
        assert!(!is_older("0.2.0", Version(0, 2, 0)));
        assert!(!is_older("0.10.0", Version(0, 2, 0)));
    }

    #[test]
    fn an_app_that_is_too_old_records_and_hands_in_but_neither_decides_nor_signs() {
        let office = Office::open();
        let lead = office.ready(LEAD);
        office.wants_version(Some(Version(9, 0, 0)));
        lead.device.exchange().unwrap();
        lead.device.answer_item(TASK, ITEM, Some(Answer::Conforms), &[]).unwrap();
        let refused = lead.device.make_site_record(TASK).unwrap_err();
        assert_eq!((refused.code, refused.detail.as_deref()), (ErrorCode::TooOld, Some("9.0.0")));
        let record = domain::id::RecordId(uuid::Uuid::from_u128(1));
        for (kind, field) in [
            (kind::DECISION, field::RULING),
            (kind::DOCUMENT, field::MANIFEST),
            (kind::PROPOSAL, field::REPLY),
        ] {
            let write = Write::new(kind, record, field, serde_json::json!({}));
            let refused = lead.device.with(|open| {
                let joint = open.joint(TASK)?;
                open.commit(joint, "test", vec![write], &[])
            });
            assert_eq!(refused.unwrap_err().code, ErrorCode::TooOld, "{kind}");
        }
        lead.device.exchange().unwrap();
        assert_eq!(lead.device.sync_status().unwrap().unsent_changes, 0);

        // It is remembered over a restart, and ends when the office says no more of it.
        let lead = lead.restarted();
        let refused = lead.device.make_site_record(TASK).unwrap_err();
        assert_eq!(refused.code, ErrorCode::TooOld);
        office.wants_version(None);
        lead.device.exchange().unwrap();
        assert!(lead.device.with(|open| check_own(&open.db)).is_ok());
        // Others were never told.
        let fireman = office.ready(FIREMAN);
        assert!(fireman.device.with(|open| check_own(&open.db)).is_ok());
    }
}
