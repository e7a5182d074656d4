//! A site record as the template reads it: words and numbers ready to print,
//! cleaned of what cannot be drawn, with the pictures beside it.
//!
//! The words of the form itself (labels, set phrases) are in the templates.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use typst::foundations::Bytes;
use typst::visualize::{ExchangeFormat, RasterImage};

use crate::Fonts;
use crate::fonts::{MONO, SANS, SERIF};
use crate::site_record::{
    Agency, Conflict, ConflictOutcome, Evidence, Finding, Level, Manifest, Proposal, ProposalState,
    Section, SiteRecord,
};
use crate::typeset::Warning;
use crate::wording::{Cleaner, day, minute, span};

/// Larger "thumbnails" are originals by mistake and would make the file
/// impossible to send over a field connection.
const THUMBNAIL_BYTES_MAX: usize = 512 * 1024;

/// So many characters of a hash are printed beside a finding; the manifest has
/// all of them.
const SHORT_HASH_CHARS: usize = 12;

/// The template's input.
pub(crate) struct Sheet {
    pub(crate) data: Value,
    /// Pictures by path, `/pictures/0` and so on.
    pub(crate) images: BTreeMap<String, Vec<u8>>,
    pub(crate) warnings: Vec<Warning>,
}

impl Sheet {
    /// Prepares `record`; `with_images` false prints every thumbnail's name in
    /// its place.
    pub(crate) fn of(fonts: &Fonts, record: &SiteRecord, with_images: bool) -> Self {
        let mut pictures = Pictures { with_images, ..Pictures::default() };
        let mut raw = record_value(record, &mut pictures);
        raw["fonts"] = json!({
            "body": fonts.present(&[SERIF, SANS]),
            "heading": [SANS],
            "digest": fonts.present(&[MONO, SANS]),
        });
        let covers = |ch| fonts.covers(ch);
        let mut cleaner = Cleaner::new(&covers);
        let data = cleaner.clean_value(raw);
        let missing =
            cleaner.replaced.iter().map(|(&ch, &times)| Warning::GlyphMissing { ch, times });
        let left_out =
            cleaner.left_out.iter().map(|(&ch, &times)| Warning::ShapelessLeftOut { ch, times });
        let warnings = missing.chain(left_out).chain(pictures.warnings).collect();
        Self { data, images: pictures.images, warnings }
    }
}

#[derive(Default)]
struct Pictures {
    with_images: bool,
    images: BTreeMap<String, Vec<u8>>,
    warnings: Vec<Warning>,
}

impl Pictures {
    /// The number of the picture, or nothing when it cannot be shown.
    fn take(&mut self, evidence: &Evidence) -> Option<usize> {
        let data = evidence.thumbnail.as_ref()?;
        if !self.with_images || !fit_to_print(data) {
            self.warnings.push(Warning::ThumbnailLeftOut { name: evidence.name.clone() });
            return None;
        }
        let number = self.images.len();
        self.images.insert(format!("/pictures/{number}"), data.clone());
        Some(number)
    }
}

/// Whether the picture is small enough and decodes.
fn fit_to_print(data: &[u8]) -> bool {
    if data.len() > THUMBNAIL_BYTES_MAX {
        return false;
    }
    match ExchangeFormat::detect(data) {
        Some(format @ (ExchangeFormat::Jpg | ExchangeFormat::Png | ExchangeFormat::Webp)) => {
            RasterImage::plain(Bytes::new(data.to_vec()), format).is_ok()
        }
        _ => false,
    }
}

fn record_value(record: &SiteRecord, pictures: &mut Pictures) -> Value {
    let sections: Vec<Value> =
        record.sections.iter().map(|section| section_value(section, pictures)).collect();
    json!({
        "doc_no": record.doc_no,
        "task_title": record.task_title,
        "enterprise": {
            "name": record.enterprise.name,
            "uscc": record.enterprise.uscc,
            "address": record.enterprise.address,
            "legal_rep": record.enterprise.legal_rep,
            "principal": record.enterprise.principal,
            "post": record.enterprise.post,
            "phone": record.enterprise.phone,
        },
        "place": record.place,
        "start_at": minute(record.start_at),
        "end_at": record.end_at.map(minute),
        "agencies": record.agencies.iter().map(agency_value).collect::<Vec<_>>(),
        "certificates_shown_at": record.certificates_shown_at.map(minute),
        "sections": sections,
        "conflicts": record.conflicts.iter().map(conflict_value).collect::<Vec<_>>(),
        "proposals": record.proposals.iter().map(proposal_value).collect::<Vec<_>>(),
        "refusal": record.refusal.as_ref().map(|refusal| json!({
            "person": refusal.person,
            "reason": refusal.reason,
            "witness": refusal.witness,
            "at": minute(refusal.at),
        })),
        "enterprise_statement": record.enterprise_statement,
        "clock_warnings": record.clock_warnings.iter().map(|warning| json!({
            "tablet": warning.tablet,
            "department": warning.department,
            "ahead": warning.offset_seconds > 0,
            "span": span(warning.offset_seconds.unsigned_abs()),
        })).collect::<Vec<_>>(),
        "manifest": manifest_value(&record.manifest),
        "generated_at": minute(record.generated_at),
        "software_version": record.software_version,
    })
}

fn agency_value(agency: &Agency) -> Value {
    let officers: Vec<Value> = agency
        .officers
        .iter()
        .map(|officer| json!({ "name": officer.name, "cert_no": officer.cert_no }))
        .collect();
    json!({ "department": agency.department, "officers": officers })
}

fn section_value(section: &Section, pictures: &mut Pictures) -> Value {
    let findings: Vec<Value> =
        section.findings.iter().map(|finding| finding_value(finding, pictures)).collect();
    let majors = section.findings.iter().filter(|f| f.level == Level::Major).count();
    json!({
        "department": section.department,
        "conforms": section.counts.conforms,
        "nonconforming": section.counts.nonconforming,
        "not_applicable": section.counts.not_applicable,
        "unchecked": section.counts.unchecked,
        "majors": majors,
        "findings": findings,
    })
}

fn finding_value(finding: &Finding, pictures: &mut Pictures) -> Value {
    let evidence: Vec<Value> = finding
        .evidence
        .iter()
        .map(|evidence| {
            json!({
                "name": evidence.name,
                "hash": evidence.hash.chars().take(SHORT_HASH_CHARS).collect::<String>(),
                "wanted": evidence.thumbnail.is_some(),
                "picture": pictures.take(evidence),
            })
        })
        .collect();
    json!({
        "number": finding.number,
        "item_code": finding.item_code,
        "item_text": finding.item_text,
        "location": finding.location,
        "fact": finding.fact,
        "major": finding.level == Level::Major,
        "criterion": finding.criterion.as_ref().map(|criterion| json!({
            "code": criterion.code,
            "text": criterion.text,
        })),
        "basis": finding.basis,
        "requirement": finding.requirement,
        "deadline": finding.deadline.map(day),
        "fixed_on_site": finding.fixed_on_site,
        "evidence": evidence,
    })
}

fn conflict_value(conflict: &Conflict) -> Value {
    let values: Vec<Value> = conflict
        .values
        .iter()
        .map(|value| {
            json!({
                "value": value.value,
                "author": value.author,
                "department": value.department,
                "tablet": value.tablet,
                "at": minute(value.at),
            })
        })
        .collect();
    let outcome = match &conflict.outcome {
        ConflictOutcome::Resolved { chosen, decider, department, reason, decided_at } => json!({
            "open": false,
            "chosen": chosen,
            "decider": decider,
            "department": department,
            "reason": reason,
            "decided_at": minute(*decided_at),
        }),
        ConflictOutcome::Open { in_force } => json!({ "open": true, "in_force": in_force }),
    };
    json!({ "subject": conflict.subject, "values": values, "outcome": outcome })
}

fn proposal_value(proposal: &Proposal) -> Value {
    let state = match proposal.state {
        ProposalState::Pending => "待答复",
        ProposalState::Accepted => "已采纳",
        ProposalState::Declined => "未采纳",
    };
    json!({
        "from_department": proposal.from_department,
        "to_department": proposal.to_department,
        "subject": proposal.subject,
        "text": proposal.text,
        "state": state,
        "reason": proposal.reason,
    })
}

fn manifest_value(manifest: &Manifest) -> Value {
    let replicas: Vec<Value> = manifest
        .replicas
        .iter()
        .map(|replica| {
            json!({
                "name": replica.name,
                "department": replica.department,
                "position": replica.position,
            })
        })
        .collect();
    let evidence: Vec<Value> = manifest
        .evidence
        .iter()
        .map(|evidence| {
            json!({
                "name": evidence.name,
                "belongs_to": evidence.belongs_to,
                "size_bytes": evidence.size_bytes,
                "hash": evidence.hash,
            })
        })
        .collect();
    json!({
        "state_digest": manifest.state_digest,
        "holdings_digest": manifest.holdings_digest,
        "replicas": replicas,
        "evidence": evidence,
    })
}
