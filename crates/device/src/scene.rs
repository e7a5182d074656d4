//! What is known of a task when a gesture is judged: the tablet asks the same
//! question, with the same function, as the server will.

use crate::device::Open;
use crate::error::DeviceError;
use crate::store::{ledger as ledgers, register};
use domain::finding::Origin;
use domain::id::{LedgerId, PersonId};
use domain::record::{field, kind};
use domain::task::Seat;
use ledger::Register;
use ledger::authority::Scene;
use ledger::proposal::Proposal;

impl Open {
    /// The scene of a ledger. Team, items and findings are the joint ledger's,
    /// also where an internal ledger is written.
    pub(crate) fn scene(&mut self, ledger: LedgerId) -> Result<Scene, DeviceError> {
        let Some((task, audience)) = ledgers::audience(&self.db, ledger)? else {
            return Ok(Scene::default());
        };
        let mut scene = Scene { audience: Some(audience), ..Scene::default() };
        let Some(joint) = ledgers::joint(&self.db, task)? else { return Ok(scene) };
        if let Some(package) = self.package(joint)? {
            scene.items = package.items.iter().map(|i| (i.rec, i.department)).collect();
        }
        let registers = register::all(&self.db, joint)?;
        let written = registers.iter().filter(|(register, _)| has_one_author(register));
        // Who wrote is told by the heads; what was voided has no author to protect.
        let authors: Vec<(Register, PersonId)> = written
            .filter_map(|(register, resolved)| {
                Some((register.clone(), resolved.heads.last()?.author))
            })
            .collect();
        for (register, resolved) in registers {
            let Some(value) = resolved.shown else { continue };
            match (register.kind.as_str(), register.field.as_str()) {
                (kind::MEMBER, field::SEAT) => {
                    if let Ok(seat) = serde_json::from_value::<Seat>(value) {
                        scene.seats.insert(seat.person, seat);
                    }
                }
                (kind::FINDING, field::ORIGIN) => {
                    if let Ok(origin) = serde_json::from_value::<Origin>(value) {
                        scene.findings.insert(register.rec, origin.department);
                    }
                }
                (kind::PROPOSAL, field::CONTENT) => {
                    if let Some(proposal) = Proposal::from_value(&value) {
                        scene.proposals.insert(register.rec, proposal.target);
                    }
                }
                _ => {}
            }
        }
        for (register, author) in authors {
            if let Some(seat) = scene.seats.get(&author) {
                scene.authors.insert(register, seat.department);
            }
        }
        Ok(scene)
    }
}

/// Whether a register is nobody's but the department's whose person wrote it.
fn has_one_author(register: &Register) -> bool {
    matches!(
        (register.kind.as_str(), register.field.as_str()),
        (kind::EVIDENCE, field::FILE)
            | (kind::DOCUMENT, field::MANIFEST)
            | (kind::PROPOSAL, field::CONTENT)
            | (kind::DECISION, field::RULING)
    )
}
