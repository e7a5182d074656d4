//! The shapes in which a task's folded state is shown, on the tablet and on
//! the desk alike. Built by [`super::Board::build`]; plain data, no rules.

use domain::enterprise::Risk;
use domain::evidence::MediaType;
use domain::finding::{Answer, Level, ReviewState};
use domain::id::{DepartmentId, LedgerId, PersonId, RecordId, TaskId};
use domain::matter::Method;
use domain::task::{EnterpriseSnapshot, Status, TeamRole};
use serde::Serialize;

/// Declares a view: plain data that both generated clients know.
macro_rules! views {
    ($($(#[$meta:meta])* $vis:vis $what:ident $name:ident $body:tt)+) => {$(
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[cfg_attr(feature = "specta", derive(specta::Type))]
        #[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
        $(#[$meta])*
        $vis $what $name $body
    )+};
}

views! {
    /// The register a view was read from; sent back with an edit.
    #[derive(serde::Deserialize)]
    pub struct Target {
        /// Kind of record.
        pub kind: String,
        /// The record.
        pub rec: RecordId,
        /// The field.
        pub field: String,
    }

    /// A value, in the shape its field has.
    #[serde(tag = "type", content = "value", rename_all = "snake_case")]
    pub enum ShownValue {
        /// An item's answer; `null` is 未查.
        Answer(Option<Answer>),
        /// A finding's assessment.
        Assessment(AssessmentView),
        /// Text.
        Text(String),
        /// A date in Asia/Shanghai, `YYYY-MM-DD`.
        Date(String),
        /// A value this version does not know, as JSON text.
        Other(String),
    }

    /// A finding's assessment.
    pub struct AssessmentView {
        /// 一般 or 重大.
        pub level: Level,
        /// Code of the criterion.
        pub criterion: Option<String>,
        /// Codes of the legal bases violated.
        pub basis: Vec<String>,
    }

    /// Who wrote something, where and when.
    pub struct Byline {
        /// The person.
        pub person: PersonId,
        /// Name, as on the certificate.
        pub name: String,
        /// Short name of the department acted for; empty for the office.
        pub department: String,
        /// Number of the tablet in its enrolment, such as `平板 2`; `服务器` for the office.
        pub tablet: String,
        /// The tablet's own clock, RFC 3339 UTC.
        pub wall: String,
    }

    /// A value that nothing has superseded.
    pub struct HeadView {
        /// `change id:index`, to be sent back as seen.
        pub id: String,
        /// The value.
        pub value: ShownValue,
        /// Who wrote it.
        pub by: Byline,
        /// Whether it is the value of a decision.
        pub decided: bool,
    }

    /// A register as it is shown.
    pub struct FieldView {
        /// Where it is.
        pub target: Target,
        /// What the policy shows; `null` when nothing was written.
        pub shown: Option<ShownValue>,
        /// Every standing value, the shown one first.
        pub heads: Vec<HeadView>,
        /// Whether standing values differ.
        pub contested: bool,
    }

    /// What the viewer may do with a record.
    #[serde(rename_all = "snake_case")]
    pub enum Access {
        /// Owns it: may edit.
        Own,
        /// Another department owns it: may propose.
        Propose,
        /// May only read.
        Read,
    }

    /// A department at the table.
    pub struct PartyView {
        /// The department.
        pub department: DepartmentId,
        /// Full name.
        pub name: String,
        /// Short name.
        pub short_name: String,
        /// Whether it leads.
        pub lead: bool,
        /// Items answered.
        pub answered: u32,
        /// Items altogether.
        pub items: u32,
        /// Whether it is the viewer's own.
        pub own: bool,
    }

    /// A seat in the team.
    pub struct SeatView {
        /// The person.
        pub person: PersonId,
        /// Name.
        pub name: String,
        /// Certificate number.
        pub cert_no: String,
        /// The department.
        pub department: DepartmentId,
        /// Role.
        pub role: TeamRole,
        /// Tablets that may write for the person.
        pub tablets: Vec<String>,
    }

    /// A check item with its answer.
    pub struct ItemView {
        /// The record.
        pub rec: RecordId,
        /// Owner.
        pub department: DepartmentId,
        /// What the viewer may do.
        pub access: Access,
        /// Code in the library.
        pub code: String,
        /// Heading.
        pub section: String,
        /// What is checked.
        pub text: String,
        /// How.
        pub how_to: String,
        /// Ways of checking.
        pub methods: Vec<Method>,
        /// Codes of what it would violate.
        pub violated: Vec<String>,
        /// Codes of the penalty.
        pub penalty: Vec<String>,
        /// Level a finding here starts with.
        pub severity_default: Level,
        /// Criterion that would make it major.
        pub criterion: Option<String>,
        /// Whether a nonconformity wants a photo.
        pub evidence_required: bool,
        /// The answer.
        pub result: FieldView,
        /// The remark.
        pub remark: FieldView,
    }

    /// A file that shows something.
    pub struct EvidenceView {
        /// The record.
        pub rec: RecordId,
        /// What it shows.
        pub subject: RecordId,
        /// SHA-256 of the original.
        pub sha256: String,
        /// Bytes of the original.
        pub bytes: u32,
        /// What it is.
        pub media_type: MediaType,
        /// Name.
        pub name: String,
        /// SHA-256 of the thumbnail.
        pub thumbnail: Option<String>,
        /// Who took it.
        pub by: Byline,
    }

    /// The office's review of a finding.
    pub struct ReviewView {
        /// Outcome.
        pub state: ReviewState,
        /// Comment.
        pub comment: String,
        /// Reviewer's name.
        pub reviewer: String,
        /// When, RFC 3339 UTC.
        pub wall: String,
    }

    /// A finding.
    pub struct FindingView {
        /// The record.
        pub rec: RecordId,
        /// Number within the task, from 1, in the order of writing.
        pub number: u32,
        /// Owner.
        pub department: DepartmentId,
        /// What the viewer may do.
        pub access: Access,
        /// The item it was found at.
        pub item: Option<RecordId>,
        /// Level, criterion, basis.
        pub assessment: FieldView,
        /// Where.
        pub location: FieldView,
        /// What is the case.
        pub fact: FieldView,
        /// What is required.
        pub requirement: FieldView,
        /// Until when.
        pub deadline: FieldView,
        /// Photos and files.
        pub evidence: Vec<EvidenceView>,
        /// The office's review.
        pub review: Option<ReviewView>,
        /// Who created it.
        pub by: Byline,
    }

    /// A conflict that waits for its owner.
    pub struct ConflictView {
        /// The register with its standing values.
        pub field: FieldView,
        /// What it is about, for a heading.
        pub title: String,
        /// Owner.
        pub department: DepartmentId,
        /// Why the shown value is shown: `severest`, `newest` or `earliest`.
        pub shown_because: String,
        /// Whether the viewer may decide it.
        pub may_decide: bool,
    }

    /// A wish to change what another department owns.
    pub struct ProposalView {
        /// The record.
        pub rec: RecordId,
        /// What it wants to change.
        pub target: Target,
        /// What that is about, for a heading.
        pub title: String,
        /// The owner, who replies.
        pub department: DepartmentId,
        /// The value wished for.
        pub value: ShownValue,
        /// Why.
        pub reason: String,
        /// Who proposed.
        pub by: Byline,
        /// The owner's reply.
        pub reply: Option<ReplyView>,
        /// Whether the viewer may reply.
        pub may_reply: bool,
    }

    /// The owner's reply to a proposal.
    pub struct ReplyView {
        /// Taken over or not.
        pub accepted: bool,
        /// Why.
        pub reason: String,
        /// Who replied.
        pub by: Byline,
    }

    /// A conflict that was settled, with all that was on the table.
    pub struct DecisionView {
        /// The record.
        pub rec: RecordId,
        /// What was settled.
        pub target: Target,
        /// What that is about, for a heading.
        pub title: String,
        /// The owner.
        pub department: DepartmentId,
        /// The values that stood against each other.
        pub values: Vec<HeadView>,
        /// The chosen value.
        pub chosen: ShownValue,
        /// Why.
        pub reason: String,
        /// Who decided.
        pub by: Byline,
    }

    /// A note of the viewer's own department.
    pub struct NoteView {
        /// The record.
        pub rec: RecordId,
        /// The text.
        pub text: FieldView,
        /// Who wrote it.
        pub by: Byline,
    }

    /// How a change that was marked for review was settled.
    pub struct ResolutionView {
        /// Whether it stands.
        pub accepted: bool,
        /// Why.
        pub reason: String,
        /// Who settled it.
        pub reviewer: String,
    }

    /// A change that the server judged: without effect, or for a person to settle.
    pub struct JudgementView {
        /// The change.
        pub change: String,
        /// `void` or `review`.
        pub verdict: String,
        /// Reason code.
        pub reason: String,
        /// What the change was.
        pub intent: String,
        /// Who made it.
        pub by: Byline,
        /// How it was settled, where it was for review and somebody did.
        pub resolution: Option<ResolutionView>,
    }

    /// One gesture in the history of a task.
    pub struct HistoryEntry {
        /// The change.
        pub change: String,
        /// What was done, such as `item.answer`.
        pub intent: String,
        /// What it was about, for a line of text.
        pub title: String,
        /// The reason given, where one was.
        pub reason: Option<String>,
        /// Who did it.
        pub by: Byline,
        /// `void` or `review`, where the server judged it.
        pub verdict: Option<String>,
    }

    /// That the visit was called off.
    pub struct CancellationView {
        /// Why.
        pub reason: String,
        /// By whom.
        pub by: String,
    }

    /// A tablet whose clock was off when it last handed work in.
    pub struct ClockView {
        /// The tablet's name.
        pub tablet: String,
        /// Its department's short name.
        pub department: String,
        /// Seconds that it was ahead of the office; negative: behind.
        pub ahead_seconds: i32,
    }

    /// A document that was produced.
    pub struct DocumentView {
        /// The record.
        pub rec: RecordId,
        /// SHA-256 of the PDF.
        pub pdf_sha256: String,
        /// Bytes.
        pub bytes: u32,
        /// Who produced it.
        pub by: Byline,
    }

    /// Everything about one task, for one viewer.
    pub struct Board {
        /// The joint ledger.
        pub ledger: LedgerId,
        /// The task.
        pub task: TaskId,
        /// Title.
        pub title: String,
        /// Number.
        pub number: String,
        /// Status.
        pub status: Status,
        /// Why and by whom the visit was called off, where it was.
        pub cancellation: Option<CancellationView>,
        /// Day of the visit, `YYYY-MM-DD`.
        pub visit_date: String,
        /// Whether the enterprise knows.
        pub announced: bool,
        /// Enterprise as of dispatch.
        pub enterprise: EnterpriseSnapshot,
        /// Departments, the lead first, then by name.
        pub parties: Vec<PartyView>,
        /// The team.
        pub team: Vec<SeatView>,
        /// Checklist, in its order.
        pub items: Vec<ItemView>,
        /// Findings, by number.
        pub findings: Vec<FindingView>,
        /// Open conflicts.
        pub conflicts: Vec<ConflictView>,
        /// Proposals, open ones first.
        pub proposals: Vec<ProposalView>,
        /// Settled conflicts, newest first.
        pub decisions: Vec<DecisionView>,
        /// Notes of the viewer's department.
        pub notes: Vec<NoteView>,
        /// What the server did not let take effect.
        pub judgements: Vec<JudgementView>,
        /// Tablets whose clock was off, by name.
        pub clocks: Vec<ClockView>,
        /// Documents produced.
        pub documents: Vec<DocumentView>,
        /// Registers written by a newer version, kept but not understood.
        pub from_newer_version: u32,
    }

    /// A task in a list.
    pub struct TaskCard {
        /// The joint ledger.
        pub ledger: LedgerId,
        /// The task.
        pub task: TaskId,
        /// Title.
        pub title: String,
        /// Number.
        pub number: String,
        /// Status.
        pub status: Status,
        /// Enterprise's name.
        pub enterprise: String,
        /// Its address.
        pub address: String,
        /// Its risk.
        pub risk: Risk,
        /// Day of the visit, `YYYY-MM-DD`.
        pub visit_date: String,
        /// Short names of the departments, the lead first.
        pub departments: Vec<String>,
        /// Items answered.
        pub answered: u32,
        /// Items altogether.
        pub items: u32,
        /// Findings.
        pub findings: u32,
        /// Of them major.
        pub major: u32,
        /// Open conflicts.
        pub conflicts: u32,
        /// Findings returned by the office.
        pub returned: u32,
    }
}
