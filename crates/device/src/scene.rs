//! What is known of a task when a gesture is judged: the tablet asks the same
//! question, with the same function, as the server will.

use crate::device::Open;
use crate::error::DeviceError;
use crate::store::{ledger as ledgers, register};
use domain::id::LedgerId;
use ledger::authority::{FIELDS, Scene};

impl Open {
    /// The scene of a ledger. Team, items and findings are the joint ledger's,
    /// also where an internal ledger is written.
    pub(crate) fn scene(&mut self, ledger: LedgerId) -> Result<Scene, DeviceError> {
        let Some((task, audience)) = ledgers::audience(&self.db, ledger)? else {
            return Ok(Scene::default());
        };
        let joint = ledgers::joint(&self.db, task)?;
        let Some(joint) = joint else { return Ok(Scene::default().within(audience)) };
        let package = self.package(joint)?;
        let items = package.iter().flat_map(|p| &p.items).map(|item| (item.rec, item.department));
        let facts = register::of_fields(&self.db, joint, &FIELDS)?;
        let context = register::context(&self.db, joint)?;
        Ok(Scene::of(&facts, &context, items).within(audience))
    }
}
