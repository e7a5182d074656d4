//! The list of visits.

use crate::device::Device;
use crate::store::task;
use crate::view::{AppError, Missing, Visit};

impl Device {
    /// Every task on this tablet, by day of visit, with what is still missing.
    ///
    /// # Errors
    /// [`crate::view::ErrorCode::Locked`] and the store's.
    pub fn visits(&self) -> Result<Vec<Visit>, AppError> {
        self.with(|open| {
            let mut visits = Vec::new();
            for card in task::cards(&open.db)? {
                let mut missing = Vec::new();
                if card.departments.is_empty() {
                    missing.push(Missing::Task);
                }
                if open.package(card.ledger)?.is_none() {
                    missing.push(Missing::Package);
                }
                visits.push(Visit { card, missing });
            }
            Ok(visits)
        })
    }
}
