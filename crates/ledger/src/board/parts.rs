//! The small parts a board is made of: bylines, shown values, fields and the
//! names by which people know a register.

use super::BoardInput;
use super::view::{AssessmentView, Byline, FieldView, HeadView, ShownValue, Target};
use crate::certificate::{Certificate, SignedCertificate};
use crate::fact::{Fact, Nature};
use crate::id::Register;
use crate::policy::{Head, Resolved};
use domain::finding::Assessment;
use domain::id::{DepartmentId, PersonId, RecordId, ReplicaId};
use domain::record::{field, kind};
use domain::task::{Party, Seat};
use domain::time::Wall;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// Who is who in the task, read once.
pub(super) struct Cast {
    pub(super) seats: Vec<Seat>,
    pub(super) parties: Vec<Party>,
    pub(super) certificates: BTreeMap<ReplicaId, Certificate>,
}

impl Cast {
    pub(super) fn read(registers: &BTreeMap<Register, Resolved>) -> Self {
        let mut seats: Vec<Seat> = values(registers, kind::MEMBER, field::SEAT).collect();
        seats.sort_by(|a, b| (a.department, a.role, &a.name).cmp(&(b.department, b.role, &b.name)));
        seats.dedup();
        let mut parties: Vec<Party> = values(registers, kind::PARTY, field::PARTY).collect();
        parties.sort_by(|a, b| (!a.lead, &a.name).cmp(&(!b.lead, &b.name)));
        let signed = values::<SignedCertificate>(registers, kind::REPLICA, field::CERTIFICATE);
        // Verified when they were taken in; here they only give names.
        let certificates = signed
            .filter_map(|s| serde_json::from_str::<Certificate>(&s.text).ok())
            .map(|c| (c.replica, c))
            .collect();
        Self { seats, parties, certificates }
    }

    pub(super) fn seat(&self, person: PersonId) -> Option<&Seat> {
        self.seats.iter().find(|s| s.person == person)
    }

    pub(super) fn short_name(&self, department: DepartmentId) -> String {
        let party = self.parties.iter().find(|p| p.department == department);
        party.map(|p| p.short_name.clone()).unwrap_or_default()
    }

    pub(super) fn byline(&self, person: PersonId, replica: ReplicaId, wall: Wall) -> Byline {
        let seat = self.seat(person);
        Byline {
            person,
            name: seat.map(|s| s.name.clone()).unwrap_or_default(),
            department: seat.map(|s| self.short_name(s.department)).unwrap_or_default(),
            tablet: self.certificates.get(&replica).map(|c| c.name.clone()).unwrap_or_default(),
            wall: wall.to_string(),
        }
    }

    pub(super) fn head(&self, register: &Register, head: &Head) -> HeadView {
        HeadView {
            id: head.id.to_string(),
            value: shown_value(register, &head.val),
            by: self.byline(head.author, head.replica, head.wall),
            decided: head.nature == Nature::Decision,
        }
    }

    pub(super) fn stated(&self, fact: &Fact) -> HeadView {
        HeadView {
            id: fact.id.to_string(),
            value: shown_value(&fact.register, &fact.val),
            by: self.byline(fact.author, fact.replica, fact.wall),
            decided: fact.nature == Nature::Decision,
        }
    }

    pub(super) fn field(&self, input: &BoardInput<'_>, register: Register) -> FieldView {
        let nothing = Resolved::default();
        let resolved = input.registers.get(&register).unwrap_or(&nothing);
        FieldView {
            shown: resolved.shown.as_ref().map(|v| shown_value(&register, v)),
            heads: resolved.heads.iter().map(|h| self.head(&register, h)).collect(),
            contested: resolved.contested,
            target: target(&register),
        }
    }
}

/// A register as views name it.
pub(super) fn target(register: &Register) -> Target {
    Target { kind: register.kind.clone(), rec: register.rec, field: register.field.clone() }
}

/// Every shown value of a field, over all records of a kind.
pub(super) fn values<'a, T: DeserializeOwned + 'a>(
    registers: &'a BTreeMap<Register, Resolved>,
    kind: &'a str,
    field: &'a str,
) -> impl Iterator<Item = T> + 'a {
    let of_kind = registers.iter().filter(move |(r, _)| r.is(kind, field));
    of_kind.filter_map(|(_, resolved)| serde_json::from_value(resolved.shown.clone()?).ok())
}

/// The records of a kind that have a field, with what it amounts to.
pub(super) fn records<'a>(
    registers: &'a BTreeMap<Register, Resolved>,
    kind: &'a str,
    field: &'a str,
) -> impl Iterator<Item = (RecordId, &'a Resolved)> + 'a {
    registers.iter().filter(move |(r, _)| r.is(kind, field)).map(|(r, resolved)| (r.rec, resolved))
}

/// One field of one record.
pub(super) fn value<T: DeserializeOwned>(
    registers: &BTreeMap<Register, Resolved>,
    kind: &str,
    rec: RecordId,
    field: &str,
) -> Option<T> {
    let resolved = registers.get(&Register::new(kind, rec, field))?;
    serde_json::from_value(resolved.shown.clone()?).ok()
}

/// A wire value in the shape that its field has.
pub(super) fn shown_value(register: &Register, value: &Value) -> ShownValue {
    let other = || ShownValue::Other(value.to_string());
    match (register.kind.as_str(), register.field.as_str()) {
        (kind::ITEM, field::RESULT) => {
            serde_json::from_value(value.clone()).map_or_else(|_| other(), ShownValue::Answer)
        }
        (kind::FINDING, field::ASSESSMENT) => {
            let assessment: Result<Assessment, _> = serde_json::from_value(value.clone());
            assessment.map_or_else(
                |_| other(),
                |a| {
                    ShownValue::Assessment(AssessmentView {
                        level: a.level,
                        criterion: a.criterion,
                        basis: a.basis,
                    })
                },
            )
        }
        (kind::FINDING, field::DEADLINE) => {
            value.as_str().map_or_else(other, |d| ShownValue::Date(d.to_owned()))
        }
        _ => match value {
            Value::String(text) => ShownValue::Text(text.clone()),
            Value::Null => ShownValue::Text(String::new()),
            _ => other(),
        },
    }
}
