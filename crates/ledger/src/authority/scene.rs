//! What is known of a task when a change to it is judged, read from what was
//! stated: the same on the tablet and at the server.

use super::History;
use super::rules::{first_field, is_authored};
use crate::certificate::{Certificate, ReplicaRole, SignedCertificate, seen};
use crate::change::Change;
use crate::fact::Fact;
use crate::id::{ChangeId, Register};
use crate::policy::{Context, policy, resolve};
use crate::proposal::Proposal;
use crate::signature::{signed_changes, signed_documents};
use domain::finding::Origin;
use domain::id::{DepartmentId, PersonId, RecordId, ReplicaId};
use domain::record::{field, kind};
use domain::task::{Audience, Genesis, Ownership, Party, Seat, Status, VisitState};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// Fields that a scene is read from in full: of these there are few records.
pub const FIELDS: [(&str, &str); 9] = [
    (kind::GENESIS, field::CHARTER),
    (kind::TASK, field::STATUS),
    (kind::PARTY, field::PARTY),
    (kind::MEMBER, field::SEAT),
    (kind::REPLICA, field::REVOKED),
    (kind::REPLICA, field::CERTIFICATE),
    (kind::VISIT, field::STATE),
    (kind::DOCUMENT, field::MANIFEST),
    (kind::SIGNATURE, field::CONTENT),
];

/// Fields of which there may be very many records. A scene needs them of those
/// that the change judged speaks of ([`super::mentioned`]), and of those that
/// these speak of in turn: a reply names a proposal, which names a finding.
pub const FIELDS_OF_MANY: [(&str, &str); 11] = [
    (kind::ITEM, field::OWNER),
    (kind::FINDING, field::ORIGIN),
    (kind::FINDING, field::OWNER),
    (kind::EVIDENCE, field::FILE),
    (kind::PERSONAL, field::SEALED),
    (kind::DECISION, field::RULING),
    (kind::PROPOSAL, field::CONTENT),
    (kind::WITHDRAWAL, field::CONTENT),
    (kind::WAIVER, field::CONTENT),
    (kind::LINK, field::CONTENT),
    (kind::SUBMISSION, field::CONTENT),
];

/// What is known of a task when a change to it is judged.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    /// Who may read the ledger; none when its genesis is not known.
    pub audience: Option<Audience>,
    /// The leading department.
    pub lead: Option<DepartmentId>,
    /// The seats that everybody has had; none: the seat was given up.
    pub seats: BTreeMap<PersonId, History<Option<Seat>>>,
    /// Who owns each check item.
    pub items: BTreeMap<RecordId, History<DepartmentId>>,
    /// Who owns each finding.
    pub findings: BTreeMap<RecordId, History<DepartmentId>>,
    /// What each proposal wants to change.
    pub proposals: BTreeMap<RecordId, Register>,
    /// Whose each piece of evidence, document, proposal and so on is: the
    /// department of the person who wrote the register first.
    pub authors: BTreeMap<Register, DepartmentId>,
    /// Replicas taken out of service.
    pub revoked: BTreeSet<ReplicaId>,
    /// Whether the office called the visit off.
    pub cancelled: bool,
    /// Whether the site record was signed.
    pub sealed: bool,
    /// Changes that signed documents rely on.
    pub signed: BTreeSet<ChangeId>,
}

impl Scene {
    /// The scene of a task.
    ///
    /// `facts` are the statements on [`FIELDS`] in the joint ledger, and those on
    /// [`FIELDS_OF_MANY`] of the records at stake, in order of their arrival where
    /// that is known; `items` are the checklist's.
    #[must_use]
    pub fn of(
        facts: &[Fact],
        context: &Context,
        items: impl IntoIterator<Item = (RecordId, DepartmentId)>,
    ) -> Self {
        let in_force: Vec<&Fact> =
            facts.iter().filter(|f| !context.is_void(f.id.change, f.role)).collect();
        let mut scene = Self {
            items: items.into_iter().map(|(rec, own)| (rec, History::always(own))).collect(),
            ..Self::default()
        };
        let epochs = epochs(&in_force);
        for fact in in_force.iter().filter(|f| f.register.is(kind::MEMBER, field::SEAT)) {
            let person = PersonId(fact.register.rec.0);
            let seat: Option<Seat> = read(fact);
            let person = seat.as_ref().map_or(person, |seat| seat.person);
            let seat = seat.filter(Seat::is_held);
            scene.seats.entry(person).or_default().set(server_pos(fact, &epochs), seat);
        }
        for fact in in_force {
            scene.take(fact, &epochs);
        }
        scene.sealed = state::<VisitState>(facts, context, kind::VISIT, field::STATE)
            .any(|state| state == VisitState::Sealed);
        scene.cancelled = state::<Status>(facts, context, kind::TASK, field::STATUS)
            .any(|status| status == Status::Cancelled);
        scene.signed = signed_changes(&signed_documents(facts, &context.voided));
        scene
    }

    fn take(&mut self, fact: &Fact, epochs: &Epochs) {
        let rec = fact.register.rec;
        match (fact.register.kind.as_str(), fact.register.field.as_str()) {
            (kind::GENESIS, field::CHARTER) => {
                if let Some(genesis) = read::<Genesis>(fact) {
                    self.audience = Some(genesis.audience);
                }
            }
            (kind::PARTY, field::PARTY) => {
                if let Some(party) = read::<Party>(fact).filter(|party| party.lead) {
                    self.lead = Some(party.department);
                }
            }
            (kind::REPLICA, field::REVOKED) if !fact.val.is_null() => {
                self.revoked.insert(ReplicaId(rec.0));
            }
            (kind::FINDING, field::ORIGIN) => {
                if let Some(origin) = read::<Origin>(fact) {
                    let owners = self.findings.entry(rec);
                    owners.or_insert_with(|| History::always(origin.department));
                }
            }
            (kind::ITEM, field::OWNER) => {
                if let Some(owner) = read::<Ownership>(fact) {
                    let owners = self.items.entry(rec).or_default();
                    owners.set(server_pos(fact, epochs), owner.department);
                }
            }
            (kind::FINDING, field::OWNER) => {
                if let Some(owner) = read::<Ownership>(fact) {
                    let owners = self.findings.entry(rec).or_default();
                    owners.set(server_pos(fact, epochs), owner.department);
                }
            }
            (kind::PROPOSAL, field::CONTENT) => {
                if let Some(proposal) = Proposal::from_value(&fact.val) {
                    self.proposals.entry(rec).or_insert(proposal.target);
                }
            }
            _ => {}
        }
        if is_authored(&fact.register)
            && let Some(department) = self.any_department(fact.author)
        {
            self.authors.entry(fact.register.clone()).or_insert(department);
        }
    }

    /// A department that a person has acted for in this task; what the office
    /// wrote is no department's.
    fn any_department(&self, person: PersonId) -> Option<DepartmentId> {
        let seats = self.seats.get(&person)?;
        seats.since(0).flatten().next().map(|seat| seat.department)
    }

    /// Adds what a change creates, where its author may create it and it is not
    /// there yet: what comes together knows each other.
    pub fn introduce(&mut self, by: &Certificate, change: &Change) {
        let Some(department) = self.any_department(change.author) else { return };
        if by.person != Some(change.author) {
            return;
        }
        for write in &change.writes {
            let (register, rec) = (&write.register, write.register.rec);
            if is_authored(register) {
                self.authors.entry(register.clone()).or_insert(department);
            }
            if register.is(kind::FINDING, field::ORIGIN) {
                let origin: Option<Origin> = serde_json::from_value(write.val.clone()).ok();
                if origin.is_some_and(|origin| origin.department == department) {
                    let owners = self.findings.entry(rec);
                    owners.or_insert_with(|| History::always(department));
                }
            } else if register.is(kind::PROPOSAL, field::CONTENT)
                && let Some(proposal) = Proposal::from_value(&write.val)
            {
                self.proposals.entry(rec).or_insert(proposal.target);
            }
        }
    }

    /// The same task seen from one of its internal ledgers.
    #[must_use]
    pub fn within(mut self, audience: Audience) -> Self {
        self.audience = Some(audience);
        self
    }

    /// The departments that may have owned what a register belongs to, for
    /// somebody who had seen the server's chain up to a position.
    #[must_use]
    pub fn owners(&self, register: &Register, seen: u64) -> Vec<DepartmentId> {
        let by = |owners: &BTreeMap<RecordId, History<DepartmentId>>| {
            owners.get(&register.rec).map(|o| o.since(seen).copied().collect()).unwrap_or_default()
        };
        match register.kind.as_str() {
            kind::ITEM => by(&self.items),
            kind::FINDING => by(&self.findings),
            kind::LINK => self.lead.into_iter().collect(),
            other => {
                let first = first_field(other).map(|name| Register::new(other, register.rec, name));
                first.and_then(|first| self.authors.get(&first).copied()).into_iter().collect()
            }
        }
    }

    /// The department that owns what a register belongs to now.
    #[must_use]
    pub fn owner(&self, register: &Register) -> Option<DepartmentId> {
        self.owners(register, u64::MAX).pop()
    }

    /// The seat of a person now.
    #[must_use]
    pub fn seat(&self, person: PersonId) -> Option<&Seat> {
        self.seats.get(&person)?.now()?.as_ref()
    }
}

/// Which epoch each of the server's replicas writes in.
type Epochs = BTreeMap<ReplicaId, u32>;

/// As the server's replicas introduce themselves and each other.
fn epochs(facts: &[&Fact]) -> Epochs {
    let introduced = facts.iter().filter(|fact| {
        fact.role == ReplicaRole::Server && fact.register.is(kind::REPLICA, field::CERTIFICATE)
    });
    introduced
        .filter_map(|fact| {
            let signed: SignedCertificate = read(fact)?;
            // Whoever verified the chain it stands in believed the server.
            let certificate: Certificate = serde_json::from_str(&signed.text).ok()?;
            let is_server = certificate.role == ReplicaRole::Server;
            is_server.then_some((certificate.replica, certificate.epoch))
        })
        .collect()
}

/// Where in the server's chains, as `seen` counts; what a tablet said when it
/// opened the ledger held from the beginning.
fn server_pos(fact: &Fact, epochs: &Epochs) -> u64 {
    if fact.role == ReplicaRole::Server {
        seen(epochs.get(&fact.replica).copied().unwrap_or(0), fact.pos)
    } else {
        0
    }
}

fn read<T: DeserializeOwned>(fact: &Fact) -> Option<T> {
    serde_json::from_value(fact.val.clone()).ok()
}

/// What each register of a field shows.
fn state<'a, T: DeserializeOwned>(
    facts: &'a [Fact],
    context: &'a Context,
    kind: &'a str,
    field: &'a str,
) -> impl Iterator<Item = T> + 'a {
    let mut by_register: BTreeMap<&Register, Vec<Fact>> = BTreeMap::new();
    for fact in facts.iter().filter(|f| f.register.is(kind, field)) {
        by_register.entry(&fact.register).or_default().push(fact.clone());
    }
    by_register.into_iter().filter_map(|(register, facts)| {
        let shown = resolve(policy(register), &facts, context).shown?;
        serde_json::from_value(shown).ok()
    })
}
