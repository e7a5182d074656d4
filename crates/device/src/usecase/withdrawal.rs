//! Out of service by the office's order: believed only with the server's
//! signature over this very tablet, kept until it was carried out. `wipe_now`
//! is carried out at once; `wipe_after_push` when nothing of this tablet's is
//! only here. Being refused by the office orders nothing.

use crate::client::Client;
use crate::device::{Device, Open};
use crate::error::DeviceError;
use crate::store::{blob, receipt, setting};
use crate::view::{AppError, AppStatus, ErrorCode};
use crate::wipe;
use ledger::wipe::{SignedWipe, Wipe};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

const ORDER: &str = "wipe_order";

/// An order as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) wipe: Wipe,
    /// When the office gave it, RFC 3339 UTC.
    pub(crate) at: String,
}

/// The order that is to be carried out, if there is one.
pub(crate) fn standing(db: &Connection) -> Result<Option<Order>, DeviceError> {
    let text = setting::get(db, ORDER)?;
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
}

impl Open {
    /// Takes an order that came with an answer, if it is the server's and for
    /// this tablet. A graver one is not taken back by a lighter one.
    pub(crate) fn take_order(&mut self, signed: &SignedWipe) -> Result<(), DeviceError> {
        let Ok(wipe) = signed.verify(&self.server_certificate.key, self.replica) else {
            tracing::warn!("an order to destroy data is not the office's and was not taken");
            return Ok(());
        };
        let graver = self
            .order
            .as_ref()
            .is_none_or(|known| known.wipe == Wipe::WipeAfterPush && wipe == Wipe::WipeNow);
        if graver {
            let order = Order { wipe, at: signed.at.to_string() };
            setting::put(&self.db, ORDER, &serde_json::to_string(&order)?)?;
            tracing::warn!(order = wipe.word(), "the office has taken this tablet out of service");
            self.order = Some(order);
        }
        Ok(())
    }

    /// Whether an order stands and is due.
    fn due_order(&self) -> Result<Option<Order>, DeviceError> {
        let Some(order) = &self.order else { return Ok(None) };
        let due = match order.wipe {
            Wipe::WipeNow => true,
            Wipe::WipeAfterPush => {
                receipt::without(&self.db)?.is_empty() && blob::only_here(&self.db)? == 0
            }
        };
        Ok(due.then(|| order.clone()))
    }
}

impl Device {
    /// Whether everything is to be destroyed without waiting for anything.
    pub(crate) fn must_wipe_now(&self) -> bool {
        let open = self.lock_open();
        let order = open.as_ref().and_then(|open| open.order.as_ref());
        order.is_some_and(|order| order.wipe == Wipe::WipeNow)
    }

    /// Carries out an order that is due. Answers whether there was one.
    ///
    /// # Errors
    /// The disk's; what was begun goes on at the next start.
    pub(crate) fn follow_order(&self) -> Result<bool, DeviceError> {
        let mut slot = self.lock_open();
        let Some(open) = slot.as_ref() else { return Ok(false) };
        let Some(order) = open.due_order()? else { return Ok(false) };
        let client =
            Client::new(&open.server, Some(open.enrolled.token.clone()), open.around.line.as_ref());
        // Key and database are let go of before their files are.
        *slot = None;
        drop(slot);
        wipe::destroy(&self.home, order.wipe, &order.at, &self.clock.wall().to_string())?;
        // Only for the office's list: nothing depends on its being heard.
        if let Err(error) = client.and_then(|client| client.wiped()) {
            tracing::warn!(%error, "the office could not be told that the data is gone");
        }
        Ok(true)
    }

    /// A person has read that everything was destroyed; the tablet may be
    /// enrolled anew.
    ///
    /// # Errors
    /// [`ErrorCode::Internal`] when the disk does not let it.
    pub fn forget_wipe(&self) -> Result<AppStatus, AppError> {
        if self.vault.exists() {
            return Err(ErrorCode::AlreadyEnrolled.into());
        }
        wipe::forget(&self.home, &self.around).map_err(DeviceError::into_app)?;
        Ok(self.status())
    }
}
