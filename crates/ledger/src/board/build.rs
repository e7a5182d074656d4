//! Builds a board, part by part.

use super::parts::{Cast, records, shown_value, target, value, values};
use super::view::{
    Access, Board, Byline, CancellationView, ClockView, ConflictView, DecisionView, DocumentView,
    EvidenceView, FindingView, HistoryEntry, ItemView, JudgementView, NoteView, PartyView,
    ProposalView, ReplyView, ResolutionView, ReviewView, SeatView, ShownValue,
};
use super::{BoardInput, Judged};
use crate::change::Change;
use crate::decision::Ruling;
use crate::fact::{Verdict, VerdictKind};
use crate::id::{ChangeId, Register};
use crate::policy::{Head, Policy, Resolved, is_known, policy};
use crate::proposal::{Proposal, Reply};
use crate::resolution::Resolution;
use domain::document::Manifest;
use domain::evidence::EvidenceFile;
use domain::finding::{Origin, Review};
use domain::id::{DepartmentId, RecordId, ReplicaId};
use domain::package::PackageItem;
use domain::record::{field, kind};
use domain::task::{Cancellation, ClockNote, Header, Ownership, Seat, Status};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A clock that is off by more is told.
const CLOCK_NOTABLE_SECONDS: u32 = 5 * 60;

/// What the building works with.
struct Stage<'a> {
    input: BoardInput<'a>,
    cast: Cast,
    /// The viewer's seat.
    seat: Option<Seat>,
    /// Findings in the order of writing, with owner and creating head.
    findings: Vec<(RecordId, Origin, &'a Head)>,
}

impl Board {
    /// The board of a task; none until its header is known.
    #[must_use]
    pub fn build(input: BoardInput<'_>) -> Option<Self> {
        let header: Header = values(input.registers, kind::TASK, field::HEADER).next()?;
        let (task, _) = records(input.registers, kind::TASK, field::HEADER).next()?;
        let status = value(input.registers, kind::TASK, task, field::STATUS);
        let cast = Cast::read(input.registers);
        let seat = input.viewer.and_then(|p| cast.seat(p)).cloned();
        let findings = numbered_findings(input.registers);
        let stage = Stage { input, cast, seat, findings };
        let items = stage.items();
        Some(Self {
            ledger: input.ledger,
            task: domain::id::TaskId(task.0),
            title: header.title,
            number: header.number,
            status: status.unwrap_or(Status::Draft),
            visit_date: header.visit_date.to_string(),
            cancellation: stage.cancellation(task),
            announced: header.announced,
            enterprise: header.enterprise,
            parties: stage.parties(&items),
            team: stage.team(),
            findings: stage.finding_views(),
            conflicts: stage.conflicts(),
            proposals: stage.proposals(),
            decisions: stage.decisions(),
            notes: stage.notes(),
            judgements: stage.judgements(),
            clocks: stage.clocks(),
            documents: stage.documents(),
            from_newer_version: stage.unknown(),
            items,
        })
    }

    /// The history of a task, newest first.
    #[must_use]
    pub fn history(
        input: &BoardInput<'_>,
        changes: &[(ChangeId, ReplicaId, Change)],
        verdicts: &BTreeMap<ChangeId, VerdictKind>,
    ) -> Vec<HistoryEntry> {
        let cast = Cast::read(input.registers);
        let seat = input.viewer.and_then(|p| cast.seat(p)).cloned();
        let findings = numbered_findings(input.registers);
        let stage = Stage { input: *input, cast, seat, findings };
        let mut sorted: Vec<_> = changes.iter().collect();
        sorted.sort_by_key(|(id, _, change)| Reverse((change.wall, change.n, *id)));
        let entry = |(id, replica, change): &(ChangeId, ReplicaId, Change)| HistoryEntry {
            change: id.to_string(),
            intent: change.intent.clone(),
            title: change.writes.first().map(|w| stage.subject(w)).unwrap_or_default(),
            reason: change
                .writes
                .iter()
                .find_map(|w| Some(w.val.get("reason")?.as_str()?.to_owned())),
            by: stage.actor(change, *replica),
            verdict: verdicts.get(id).map(|v| match v {
                VerdictKind::Void => "void".to_owned(),
                VerdictKind::Review => "review".to_owned(),
            }),
        };
        sorted.into_iter().map(entry).collect()
    }
}

/// Findings by time of creation. The number may move while tablets have not
/// met; it is fixed by the document that prints it.
fn numbered_findings(registers: &BTreeMap<Register, Resolved>) -> Vec<(RecordId, Origin, &Head)> {
    let mut findings: Vec<_> = records(registers, kind::FINDING, field::ORIGIN)
        .filter_map(|(rec, resolved)| {
            let origin = serde_json::from_value(resolved.shown.clone()?).ok()?;
            Some((rec, origin, resolved.heads.first()?))
        })
        .collect();
    findings.sort_by_key(|(rec, _, head)| (head.wall, head.id, *rec));
    findings
}

impl Stage<'_> {
    /// Who made a change. Who acts at the desk has no seat and says the name in
    /// what is written.
    fn actor(&self, change: &Change, replica: ReplicaId) -> Byline {
        let mut by = self.cast.byline(change.author, replica, change.wall);
        if by.name.is_empty() {
            let said = change.writes.iter().find_map(|w| {
                let name = w.val.get("by").or_else(|| w.val.get("reviewer"))?;
                name.as_str().map(str::to_owned)
            });
            by.name = said.unwrap_or_default();
        }
        by
    }

    fn access(&self, owner: DepartmentId) -> Access {
        match &self.seat {
            None => Access::Read,
            Some(seat) if seat.department == owner => Access::Own,
            Some(_) => Access::Propose,
        }
    }

    fn decides(&self, owner: DepartmentId) -> bool {
        self.seat.as_ref().is_some_and(|s| s.department == owner && s.decides())
    }

    fn package_item(&self, rec: RecordId) -> Option<&PackageItem> {
        self.input.package.and_then(|p| p.item(rec))
    }

    fn finding(&self, rec: RecordId) -> Option<(usize, &Origin)> {
        let index = self.findings.iter().position(|(r, ..)| *r == rec)?;
        Some((index + 1, &self.findings[index].1))
    }

    fn owner(&self, register: &Register) -> Option<DepartmentId> {
        let (of, rec) = (register.kind.as_str(), register.rec);
        let first = match of {
            kind::ITEM => self.package_item(rec).map(|i| i.department),
            kind::FINDING => self.finding(rec).map(|(_, origin)| origin.department),
            _ => None,
        };
        Some(self.owner_now(of, rec, first?))
    }

    /// Whose a record is: its first owner's, unless the office handed it on.
    fn owner_now(&self, of: &str, rec: RecordId, first: DepartmentId) -> DepartmentId {
        let handed_on: Option<Ownership> = value(self.input.registers, of, rec, field::OWNER);
        handed_on.map_or(first, |owner| owner.department)
    }

    /// What a register is about, for a heading: the item's text or the finding's fact.
    fn title(&self, register: &Register) -> String {
        match register.kind.as_str() {
            kind::ITEM => self
                .package_item(register.rec)
                .map(|i| format!("{} {}", i.code, i.text))
                .unwrap_or_default(),
            kind::FINDING => {
                let fact: String =
                    value(self.input.registers, kind::FINDING, register.rec, field::FACT)
                        .unwrap_or_default();
                match self.finding(register.rec) {
                    Some((number, _)) => format!("{number}. {fact}"),
                    None => fact,
                }
            }
            _ => String::new(),
        }
    }

    /// What a write is about, for a line of history.
    fn subject(&self, write: &crate::change::Write) -> String {
        let register = &write.register;
        if register.is(kind::DECISION, field::RULING) {
            return Ruling::from_value(&write.val)
                .map(|r| self.title(&r.target))
                .unwrap_or_default();
        }
        if register.is(kind::PROPOSAL, field::CONTENT) {
            let proposal = Proposal::from_value(&write.val);
            return proposal.map(|p| self.title(&p.target)).unwrap_or_default();
        }
        if register.is(kind::EVIDENCE, field::FILE) {
            let file: Option<EvidenceFile> = serde_json::from_value(write.val.clone()).ok();
            let subject = file.map(|f| Register::new(kind::FINDING, f.subject, field::FACT));
            return subject.map(|s| self.title(&s)).unwrap_or_default();
        }
        self.title(register)
    }

    fn items(&self) -> Vec<ItemView> {
        let Some(package) = self.input.package else { return Vec::new() };
        let owner = |item: &PackageItem| self.owner_now(kind::ITEM, item.rec, item.department);
        let view = |item: &PackageItem| ItemView {
            rec: item.rec,
            department: owner(item),
            access: self.access(owner(item)),
            code: item.code.clone(),
            section: item.section.clone(),
            text: item.text.clone(),
            how_to: item.how_to.clone(),
            methods: item.methods.clone(),
            violated: item.violated.clone(),
            penalty: item.penalty.clone(),
            severity_default: item.severity_default,
            criterion: item.criterion.clone(),
            evidence_required: item.evidence_required,
            result: self
                .cast
                .field(&self.input, Register::new(kind::ITEM, item.rec, field::RESULT)),
            remark: self
                .cast
                .field(&self.input, Register::new(kind::ITEM, item.rec, field::REMARK)),
        };
        package.items.iter().map(view).collect()
    }

    fn parties(&self, items: &[ItemView]) -> Vec<PartyView> {
        let answered = |item: &&ItemView| {
            matches!(item.result.shown, Some(ShownValue::Answer(Some(_)) | ShownValue::Other(_)))
        };
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let view = |party: &domain::task::Party| {
            let own = || items.iter().filter(|i| i.department == party.department);
            PartyView {
                department: party.department,
                name: party.name.clone(),
                short_name: party.short_name.clone(),
                lead: party.lead,
                answered: count(own().filter(answered).count()),
                items: count(own().count()),
                own: self.seat.as_ref().is_some_and(|s| s.department == party.department),
            }
        };
        self.cast.parties.iter().map(view).collect()
    }

    fn team(&self) -> Vec<SeatView> {
        let view = |seat: &Seat| SeatView {
            person: seat.person,
            name: seat.name.clone(),
            cert_no: seat.cert_no.clone(),
            department: seat.department,
            role: seat.role,
            tablets: self
                .cast
                .certificates
                .values()
                .filter(|c| c.person == Some(seat.person))
                .map(|c| c.name.clone())
                .collect(),
        };
        self.cast.seats.iter().filter(|seat| seat.is_held()).map(view).collect()
    }

    fn evidence_of(&self, subject: RecordId) -> Vec<EvidenceView> {
        let mut files: Vec<EvidenceView> =
            records(self.input.registers, kind::EVIDENCE, field::FILE)
                .filter_map(|(rec, resolved)| {
                    let file: EvidenceFile =
                        serde_json::from_value(resolved.shown.clone()?).ok()?;
                    let head = resolved.heads.first()?;
                    (file.subject == subject).then(|| EvidenceView {
                        rec,
                        subject,
                        sha256: file.sha256,
                        bytes: u32::try_from(file.bytes).unwrap_or(u32::MAX),
                        media_type: file.media_type,
                        name: file.name,
                        thumbnail: file.thumbnail,
                        by: self.cast.byline(head.author, head.replica, head.wall),
                    })
                })
                .collect();
        files.sort_by(|a, b| (&a.by.wall, a.rec).cmp(&(&b.by.wall, b.rec)));
        files
    }

    fn finding_views(&self) -> Vec<FindingView> {
        let view = |(index, (rec, origin, head)): (usize, &(RecordId, Origin, &Head))| {
            let field_view =
                |name| self.cast.field(&self.input, Register::new(kind::FINDING, *rec, name));
            let owner = self.owner_now(kind::FINDING, *rec, origin.department);
            FindingView {
                rec: *rec,
                number: u32::try_from(index + 1).unwrap_or(u32::MAX),
                department: owner,
                access: self.access(owner),
                item: origin.item,
                assessment: field_view(field::ASSESSMENT),
                location: field_view(field::LOCATION),
                fact: field_view(field::FACT),
                requirement: field_view(field::REQUIREMENT),
                deadline: field_view(field::DEADLINE),
                evidence: self.evidence_of(*rec),
                review: self.review(*rec),
                by: self.cast.byline(head.author, head.replica, head.wall),
            }
        };
        self.findings.iter().enumerate().map(view).collect()
    }

    fn review(&self, rec: RecordId) -> Option<ReviewView> {
        let register = Register::new(kind::FINDING, rec, field::REVIEW);
        let resolved = self.input.registers.get(&register)?;
        let review: Review = serde_json::from_value(resolved.shown.clone()?).ok()?;
        Some(ReviewView {
            state: review.state,
            comment: review.comment,
            reviewer: review.reviewer,
            wall: resolved.heads.first()?.wall.to_string(),
        })
    }

    fn conflicts(&self) -> Vec<ConflictView> {
        let contested = self.input.registers.iter().filter(|(_, resolved)| resolved.contested);
        let view = |(register, _): (&Register, &Resolved)| {
            let department = self.owner(register)?;
            Some(ConflictView {
                field: self.cast.field(&self.input, register.clone()),
                title: self.title(register),
                department,
                shown_because: match policy(register) {
                    Policy::Severest => "severest",
                    Policy::Earliest => "earliest",
                    Policy::Lifecycle => "furthest",
                    Policy::Single | Policy::Latest | Policy::KeepBoth => "newest",
                }
                .to_owned(),
                may_decide: self.decides(department),
            })
        };
        contested.filter_map(view).collect()
    }

    fn proposals(&self) -> Vec<ProposalView> {
        let view = |(rec, resolved): (RecordId, &Resolved)| {
            let head = resolved.heads.first()?;
            let proposal = Proposal::from_value(resolved.shown.as_ref()?)?;
            let department = self.owner(&proposal.target)?;
            let reply_register = Register::new(kind::PROPOSAL, rec, field::REPLY);
            let reply = self.input.registers.get(&reply_register).and_then(|r| {
                let reply: Reply = serde_json::from_value(r.shown.clone()?).ok()?;
                let by = r.heads.first()?;
                Some(ReplyView {
                    accepted: reply.accepted,
                    reason: reply.reason,
                    by: self.cast.byline(by.author, by.replica, by.wall),
                })
            });
            Some(ProposalView {
                rec,
                target: target(&proposal.target),
                title: self.title(&proposal.target),
                department,
                value: shown_value(&proposal.target, &proposal.value),
                reason: proposal.reason,
                by: self.cast.byline(head.author, head.replica, head.wall),
                may_reply: reply.is_none() && self.decides(department),
                reply,
            })
        };
        let all = records(self.input.registers, kind::PROPOSAL, field::CONTENT);
        let mut proposals: Vec<ProposalView> = all.filter_map(view).collect();
        proposals.sort_by(|a, b| {
            (a.reply.is_some(), &a.by.wall, a.rec).cmp(&(b.reply.is_some(), &b.by.wall, b.rec))
        });
        proposals
    }

    fn decisions(&self) -> Vec<DecisionView> {
        let view = |(rec, resolved): (RecordId, &Resolved)| {
            let head = resolved.heads.first()?;
            let ruling = Ruling::from_value(resolved.shown.as_ref()?)?;
            let on_the_table = self
                .input
                .facts
                .iter()
                .filter(|f| f.register == ruling.target && ruling.heads.contains(&f.id));
            Some(DecisionView {
                rec,
                target: target(&ruling.target),
                title: self.title(&ruling.target),
                department: self.owner(&ruling.target)?,
                values: on_the_table.map(|f| self.cast.stated(f)).collect(),
                chosen: shown_value(&ruling.target, &ruling.value),
                reason: ruling.reason,
                by: self.cast.byline(head.author, head.replica, head.wall),
            })
        };
        let all = records(self.input.registers, kind::DECISION, field::RULING);
        let mut decisions: Vec<DecisionView> = all.filter_map(view).collect();
        decisions.sort_by(|a, b| (&b.by.wall, b.rec).cmp(&(&a.by.wall, a.rec)));
        decisions
    }

    fn notes(&self) -> Vec<NoteView> {
        let view = |(rec, resolved): (RecordId, &Resolved)| {
            let head = resolved.heads.first()?;
            Some(NoteView {
                rec,
                text: self.cast.field(&self.input, Register::new(kind::NOTE, rec, field::TEXT)),
                by: self.cast.byline(head.author, head.replica, head.wall),
            })
        };
        let all = records(self.input.registers, kind::NOTE, field::TEXT);
        let mut notes: Vec<NoteView> = all.filter_map(view).collect();
        notes.sort_by(|a, b| (&b.by.wall, b.rec).cmp(&(&a.by.wall, a.rec)));
        notes
    }

    fn judgements(&self) -> Vec<JudgementView> {
        let settled: BTreeMap<ChangeId, Resolution> =
            records(self.input.registers, kind::RESOLUTION, field::CONTENT)
                .filter_map(|(_, resolved)| Resolution::from_value(resolved.shown.as_ref()?))
                .map(|resolution| (resolution.change, resolution))
                .collect();
        let view = |verdict: Verdict| {
            let settlement = settled.get(&verdict.change);
            let told_by_settlement = settlement.is_some() && verdict.verdict == VerdictKind::Void;
            if told_by_settlement {
                return None;
            }
            let Judged { intent, author, replica, wall } =
                self.input.judged.get(&verdict.change)?;
            Some(JudgementView {
                change: verdict.change.to_string(),
                resolution: settlement.map(|one| ResolutionView {
                    accepted: one.accepted,
                    reason: one.reason.clone(),
                    reviewer: one.reviewer.clone(),
                }),
                verdict: match verdict.verdict {
                    VerdictKind::Void => "void".to_owned(),
                    VerdictKind::Review => "review".to_owned(),
                },
                reason: verdict.reason,
                intent: intent.clone(),
                by: self.cast.byline(*author, *replica, *wall),
            })
        };
        values(self.input.registers, kind::JUDGEMENT, field::VERDICT).filter_map(view).collect()
    }

    fn cancellation(&self, task: RecordId) -> Option<CancellationView> {
        let said: Cancellation =
            value(self.input.registers, kind::TASK, task, field::CANCELLATION)?;
        Some(CancellationView { reason: said.reason, by: said.by })
    }

    fn clocks(&self) -> Vec<ClockView> {
        let all = records(self.input.registers, kind::REPLICA, field::CLOCK);
        let view = |(rec, resolved): (RecordId, &Resolved)| {
            let note: ClockNote = serde_json::from_value(resolved.shown.clone()?).ok()?;
            let certificate = self.cast.certificates.get(&ReplicaId(rec.0))?;
            let ahead_seconds = i32::try_from(note.ahead_ms / 1000).unwrap_or(i32::MAX);
            let department = certificate.department.map(|one| self.cast.short_name(one));
            let off = ahead_seconds.unsigned_abs() > CLOCK_NOTABLE_SECONDS;
            off.then(|| ClockView {
                tablet: certificate.name.clone(),
                department: department.unwrap_or_default(),
                ahead_seconds,
            })
        };
        let mut clocks: Vec<ClockView> = all.filter_map(view).collect();
        clocks.sort_by(|a, b| (&a.department, &a.tablet).cmp(&(&b.department, &b.tablet)));
        clocks
    }

    fn documents(&self) -> Vec<DocumentView> {
        let view = |(rec, resolved): (RecordId, &Resolved)| {
            let head = resolved.heads.first()?;
            let manifest: Manifest = serde_json::from_value(resolved.shown.clone()?).ok()?;
            Some(DocumentView {
                rec,
                pdf_sha256: manifest.pdf_sha256,
                bytes: u32::try_from(manifest.pdf_bytes).unwrap_or(u32::MAX),
                by: self.cast.byline(head.author, head.replica, head.wall),
            })
        };
        let all = records(self.input.registers, kind::DOCUMENT, field::MANIFEST);
        let mut documents: Vec<DocumentView> = all.filter_map(view).collect();
        documents.sort_by(|a, b| (&b.by.wall, b.rec).cmp(&(&a.by.wall, a.rec)));
        documents
    }

    fn unknown(&self) -> u32 {
        let unknown = self.input.registers.keys().filter(|r| !is_known(r)).count();
        u32::try_from(unknown).unwrap_or(u32::MAX)
    }
}
