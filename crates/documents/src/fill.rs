//! Fills the forms from a task's board, in the same way on the tablet and at
//! the desk: equal boards give equal records.
//!
//! What stands and who owns it was settled by the fold; here it is only put
//! into the words of the form.

use crate::site_record::{
    Agency, ClockWarning, Conflict, ConflictOutcome, ConflictValue, Criterion, Enterprise,
    Evidence, Finding, Level, Manifest, ManifestEvidence, Officer, Proposal, ProposalState,
    Replica, ResultCounts, Section, SiteRecord,
};
use chrono::{DateTime, FixedOffset};
use domain::finding::{Answer, Level as DomainLevel};
use domain::id::DepartmentId;
use domain::package::Package;
use domain::time::Wall;
use ledger::board::{
    Board, ClockView, ConflictView, DecisionView, EvidenceView, FieldView, FindingView, HeadView,
    ProposalView, ShownValue,
};

/// What a document says about its own making, beside the board.
pub struct Making<'a> {
    /// Number of the document.
    pub doc_no: String,
    /// When, by the clock of the replica that makes it.
    pub made_at: Wall,
    /// Version of the program.
    pub software_version: String,
    /// Digest of the folded state, hex.
    pub state: String,
    /// Digest of the holdings, hex.
    pub holdings: String,
    /// Replica name and last position of each chain held.
    pub chains: Vec<(String, u64)>,
    /// The thumbnail with this hash, where it is at hand.
    pub thumbnail: &'a dyn Fn(&str) -> Option<Vec<u8>>,
}

/// The 现场检查记录 of a task as it stands.
#[must_use]
pub fn site_record(board: &Board, package: Option<&Package>, making: &Making<'_>) -> SiteRecord {
    let filler = Filler { board, package, making };
    let (start_at, end_at) = filler.span();
    SiteRecord {
        doc_no: making.doc_no.clone(),
        task_title: board.title.clone(),
        enterprise: Enterprise {
            name: board.enterprise.name.clone(),
            uscc: board.enterprise.uscc.clone(),
            address: board.enterprise.address.clone(),
            legal_rep: board.enterprise.legal_rep.clone(),
            principal: board.enterprise.principal.clone(),
            post: "主要负责人".to_owned(),
            phone: String::new(),
        },
        place: board.enterprise.address.clone(),
        start_at,
        end_at,
        agencies: filler.agencies(),
        certificates_shown_at: None,
        sections: board.parties.iter().map(|p| filler.section(p.department, &p.name)).collect(),
        conflicts: filler.conflicts(),
        proposals: board.proposals.iter().map(|p| filler.proposal(p)).collect(),
        refusal: None,
        enterprise_statement: None,
        clock_warnings: board.clocks.iter().map(clock_warning).collect(),
        manifest: filler.manifest(),
        generated_at: making.made_at.shanghai(),
        software_version: making.software_version.clone(),
    }
}

fn clock_warning(clock: &ClockView) -> ClockWarning {
    ClockWarning {
        tablet: clock.tablet.clone(),
        department: clock.department.clone(),
        offset_seconds: i64::from(clock.ahead_seconds),
    }
}

struct Filler<'a> {
    board: &'a Board,
    package: Option<&'a Package>,
    making: &'a Making<'a>,
}

impl Filler<'_> {
    /// The first and the last act on site that still stands; the moment of
    /// making where there is none.
    fn span(&self) -> (DateTime<FixedOffset>, Option<DateTime<FixedOffset>>) {
        let items = self.board.items.iter().flat_map(|i| &i.result.heads).map(|h| &h.by.wall);
        let findings = self.board.findings.iter().map(|f| &f.by.wall);
        let walls: Vec<Wall> = items.chain(findings).filter_map(|w| Wall::parse(w)).collect();
        let first = walls.iter().min().copied().unwrap_or(self.making.made_at);
        (first.shanghai(), walls.iter().max().map(|w| w.shanghai()))
    }

    fn agencies(&self) -> Vec<Agency> {
        let of = |department: DepartmentId| {
            let seats = self.board.team.iter().filter(move |s| s.department == department);
            seats.map(|s| Officer { name: s.name.clone(), cert_no: s.cert_no.clone() }).collect()
        };
        let parties = self.board.parties.iter();
        parties.map(|p| Agency { department: p.name.clone(), officers: of(p.department) }).collect()
    }

    fn section(&self, department: DepartmentId, name: &str) -> Section {
        let mut counts = ResultCounts::default();
        for item in self.board.items.iter().filter(|i| i.department == department) {
            match item.result.shown {
                Some(ShownValue::Answer(Some(Answer::Conforms))) => counts.conforms += 1,
                Some(ShownValue::Answer(Some(Answer::NotApplicable))) => counts.not_applicable += 1,
                // What a newer version calls it, this one counts as the gravest.
                Some(ShownValue::Answer(Some(Answer::Nonconforming)) | ShownValue::Other(_)) => {
                    counts.nonconforming += 1;
                }
                _ => counts.unchecked += 1,
            }
        }
        let findings = self.board.findings.iter().filter(|f| f.department == department);
        Section {
            department: name.to_owned(),
            counts,
            findings: findings.map(|f| self.finding(f)).collect(),
        }
    }

    fn finding(&self, finding: &FindingView) -> Finding {
        let item = finding.item.and_then(|rec| self.board.items.iter().find(|i| i.rec == rec));
        let assessment = match &finding.assessment.shown {
            Some(ShownValue::Assessment(assessment)) => Some(assessment),
            _ => None,
        };
        let level = match assessment.map(|a| a.level) {
            Some(DomainLevel::General) => Level::General,
            // An assessment that cannot be read must not be printed as a light one.
            Some(DomainLevel::Major) | None => Level::Major,
        };
        let codes = assessment.map(|a| a.basis.as_slice()).unwrap_or_default();
        Finding {
            number: finding.number,
            item_code: item.map(|i| i.code.clone()).unwrap_or_default(),
            item_text: item.map(|i| i.text.clone()).unwrap_or_default(),
            location: text(&finding.location),
            fact: text(&finding.fact),
            level,
            criterion: assessment.and_then(|a| a.criterion.as_deref()).map(|c| self.criterion(c)),
            basis: codes.iter().map(|code| self.citation(code)).collect(),
            requirement: text(&finding.requirement),
            deadline: text(&finding.deadline).parse().ok(),
            fixed_on_site: false,
            evidence: finding.evidence.iter().map(|e| self.evidence(e)).collect(),
        }
    }

    fn evidence(&self, evidence: &EvidenceView) -> Evidence {
        Evidence {
            name: evidence.name.clone(),
            hash: evidence.sha256.clone(),
            thumbnail: evidence.thumbnail.as_deref().and_then(|t| (self.making.thumbnail)(t)),
        }
    }

    fn criterion(&self, code: &str) -> Criterion {
        let known = self.package.and_then(|p| p.criteria.iter().find(|c| c.code == code));
        Criterion { code: code.to_owned(), text: known.map(|c| c.text.clone()).unwrap_or_default() }
    }

    fn citation(&self, code: &str) -> String {
        match self.package.and_then(|p| p.laws.iter().find(|l| l.code == code)) {
            Some(law) => format!("《{}》{}", law.law, law.article),
            None => code.to_owned(),
        }
    }

    fn conflicts(&self) -> Vec<Conflict> {
        let open = self.board.conflicts.iter().map(|c| self.open(c));
        let settled = self.board.decisions.iter().map(|d| self.settled(d));
        open.chain(settled).collect()
    }

    fn open(&self, conflict: &ConflictView) -> Conflict {
        let shown = conflict.field.shown.as_ref();
        Conflict {
            subject: self.subject(&conflict.title, &conflict.field.target.field),
            values: conflict.field.heads.iter().map(|h| self.value(h)).collect(),
            outcome: ConflictOutcome::Open {
                in_force: shown.map(|v| self.words(v)).unwrap_or_default(),
            },
        }
    }

    fn settled(&self, decision: &DecisionView) -> Conflict {
        Conflict {
            subject: self.subject(&decision.title, &decision.target.field),
            values: decision.values.iter().map(|h| self.value(h)).collect(),
            outcome: ConflictOutcome::Resolved {
                chosen: self.words(&decision.chosen),
                decider: decision.by.name.clone(),
                department: decision.by.department.clone(),
                // The form goes on after it; its own full stop would stand twice.
                reason: decision.reason.trim_end_matches(['。', '.', '；']).to_owned(),
                decided_at: self.moment(&decision.by.wall),
            },
        }
    }

    fn value(&self, head: &HeadView) -> ConflictValue {
        ConflictValue {
            value: self.words(&head.value),
            author: head.by.name.clone(),
            department: head.by.department.clone(),
            tablet: head.by.tablet.clone(),
            at: self.moment(&head.by.wall),
        }
    }

    fn proposal(&self, proposal: &ProposalView) -> Proposal {
        let owner = self.board.parties.iter().find(|p| p.department == proposal.department);
        let reply = proposal.reply.as_ref();
        Proposal {
            from_department: proposal.by.department.clone(),
            to_department: owner.map(|p| p.short_name.clone()).unwrap_or_default(),
            subject: self.subject(&proposal.title, &proposal.target.field),
            text: format!("{}（理由：{}）", self.words(&proposal.value), proposal.reason),
            state: match reply.map(|r| r.accepted) {
                None => ProposalState::Pending,
                Some(true) => ProposalState::Accepted,
                Some(false) => ProposalState::Declined,
            },
            reason: reply.map(|r| r.reason.clone()).unwrap_or_default(),
        }
    }

    fn manifest(&self) -> Manifest {
        let of_finding = |finding: &FindingView| {
            let number = finding.number;
            finding
                .evidence
                .iter()
                .map(move |e| ManifestEvidence {
                    name: e.name.clone(),
                    belongs_to: format!("问题{number}"),
                    size_bytes: u64::from(e.bytes),
                    hash: e.sha256.clone(),
                })
                .collect::<Vec<_>>()
        };
        Manifest {
            state_digest: self.making.state.clone(),
            holdings_digest: self.making.holdings.clone(),
            replicas: self
                .making
                .chains
                .iter()
                .map(|(name, position)| Replica {
                    name: name.clone(),
                    department: self.department_of_tablet(name),
                    position: *position,
                })
                .collect(),
            evidence: self.board.findings.iter().flat_map(of_finding).collect(),
        }
    }

    fn department_of_tablet(&self, name: &str) -> String {
        let seat = self.board.team.iter().find(|s| s.tablets.iter().any(|t| t == name));
        let party =
            seat.and_then(|s| self.board.parties.iter().find(|p| p.department == s.department));
        party.map(|p| p.short_name.clone()).unwrap_or_default()
    }

    fn subject(&self, title: &str, field: &str) -> String {
        let what = match field {
            "result" => "检查结果",
            "assessment" => "隐患等级",
            "fact" => "事实描述",
            "requirement" => "整改要求",
            "deadline" => "整改期限",
            "location" => "位置",
            "remark" => "备注",
            other => other,
        };
        format!("{title} · {what}")
    }

    fn words(&self, value: &ShownValue) -> String {
        match value {
            ShownValue::Answer(answer) => match answer {
                Some(Answer::Conforms) => "符合",
                Some(Answer::Nonconforming) => "不符合",
                Some(Answer::NotApplicable) => "不适用",
                None => "未查",
            }
            .to_owned(),
            ShownValue::Assessment(assessment) => {
                let level = match assessment.level {
                    DomainLevel::General => "一般隐患",
                    DomainLevel::Major => "重大隐患",
                };
                match &assessment.criterion {
                    Some(code) => format!("{level}（判定标准 {code}）"),
                    None => level.to_owned(),
                }
            }
            ShownValue::Text(text) | ShownValue::Date(text) | ShownValue::Other(text) => {
                text.clone()
            }
        }
    }

    fn moment(&self, wall: &str) -> DateTime<FixedOffset> {
        Wall::parse(wall).unwrap_or(self.making.made_at).shanghai()
    }
}

fn text(field: &FieldView) -> String {
    match &field.shown {
        Some(ShownValue::Text(text) | ShownValue::Date(text) | ShownValue::Other(text)) => {
            text.clone()
        }
        _ => String::new(),
    }
}
