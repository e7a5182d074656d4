//! The kinds of records a ledger holds and the fields each has: the one list
//! that the ledger's policies, the stores and the screens agree on.
//!
//! A kind or field that is not listed here comes from a newer version: it is
//! kept and passed on, never refused. How two values of a field are settled is
//! `ledger::policy`'s table.

/// Kinds of records, as written in changes.
pub mod kind {
    /// What this ledger is: pinned by the server's first change.
    pub const GENESIS: &str = "genesis";
    /// The joint task's header, package and status.
    pub const TASK: &str = "task";
    /// A department that takes part (one record each).
    pub const PARTY: &str = "party";
    /// A person's seat in the team.
    pub const MEMBER: &str = "member";
    /// A replica that may write here, with its certificate.
    pub const REPLICA: &str = "replica";
    /// The server's judgement on a change.
    pub const JUDGEMENT: &str = "judgement";
    /// A check item's answer.
    pub const ITEM: &str = "item";
    /// A hazard found (隐患).
    pub const FINDING: &str = "finding";
    /// A photo or file that shows something.
    pub const EVIDENCE: &str = "evidence";
    /// Somebody's wish to change what another department owns.
    pub const PROPOSAL: &str = "proposal";
    /// The owner's settlement of a conflict.
    pub const DECISION: &str = "decision";
    /// A note of one department, in its internal ledger.
    pub const NOTE: &str = "note";
    /// A produced statutory document with its manifest.
    pub const DOCUMENT: &str = "document";
    /// A signature under a document, bound to the document's manifest.
    pub const SIGNATURE: &str = "signature";
    /// A record taken back, with every statement on it that was seen.
    pub const WITHDRAWAL: &str = "withdrawal";
    /// How far the visit has come (one record, the task's).
    pub const VISIT: &str = "visit";
    /// A member's word that all of their work is in (one record a person).
    pub const SUBMISSION: &str = "submission";
    /// The lead's word that a member is not waited for.
    pub const WAIVER: &str = "waiver";
    /// Two findings that are the same hazard.
    pub const LINK: &str = "link";
    /// What the office holds to be true of the enterprise, field by field.
    pub const ENTERPRISE: &str = "enterprise";
    /// A piece of personal data, sealed in a file of its own.
    pub const PERSONAL: &str = "personal";
    /// The office's settlement of a change it marked.
    pub const RESOLUTION: &str = "resolution";
}

/// Fields of records, as written in changes.
pub mod field {
    /// `genesis`: [`super::super::task::Genesis`].
    pub const CHARTER: &str = "charter";
    /// `task`: [`super::super::task::Header`].
    pub const HEADER: &str = "header";
    /// `task`: [`super::super::task::PackageRef`].
    pub const PACKAGE: &str = "package";
    /// `task`: [`super::super::task::Status`].
    pub const STATUS: &str = "status";
    /// `task`: [`super::super::task::Cancellation`].
    pub const CANCELLATION: &str = "cancellation";
    /// `party`: [`super::super::task::Party`].
    pub const PARTY: &str = "party";
    /// `member`: [`super::super::task::Seat`].
    pub const SEAT: &str = "seat";
    /// `replica`: a replica certificate (`ledger::certificate`).
    pub const CERTIFICATE: &str = "certificate";
    /// `judgement`: `ledger::fact::Verdict`.
    pub const VERDICT: &str = "verdict";
    /// `item`: [`super::super::finding::Answer`] or null (not checked).
    pub const RESULT: &str = "result";
    /// `item`: a remark, text.
    pub const REMARK: &str = "remark";
    /// `finding`: [`super::super::finding::Origin`].
    pub const ORIGIN: &str = "origin";
    /// `finding`: [`super::super::finding::Assessment`].
    pub const ASSESSMENT: &str = "assessment";
    /// `finding`: where, text.
    pub const LOCATION: &str = "location";
    /// `finding`: what is the case, text: fact, not opinion.
    pub const FACT: &str = "fact";
    /// `finding`: what is required of the enterprise, text.
    pub const REQUIREMENT: &str = "requirement";
    /// `finding`: the date by which it must be put right (Asia/Shanghai).
    pub const DEADLINE: &str = "deadline";
    /// `finding`: [`super::super::finding::Review`], by the server alone.
    pub const REVIEW: &str = "review";
    /// `evidence`: [`super::super::evidence::EvidenceFile`].
    pub const FILE: &str = "file";
    /// `proposal`: `ledger::proposal::Proposal`.
    pub const CONTENT: &str = "content";
    /// `proposal`: `ledger::proposal::Reply`.
    pub const REPLY: &str = "reply";
    /// `decision`: `ledger::decision::Ruling`.
    pub const RULING: &str = "ruling";
    /// `note`: text.
    pub const TEXT: &str = "text";
    /// `document`: [`super::super::document::Manifest`].
    pub const MANIFEST: &str = "manifest";
    /// `visit`: [`super::super::task::VisitState`]; `finding`:
    /// [`super::super::finding::FindingState`]; `document`:
    /// [`super::super::document::DocumentState`].
    pub const STATE: &str = "state";
    /// `item`, `finding`: [`super::super::task::Ownership`], by the office alone.
    pub const OWNER: &str = "owner";
    /// Any record: how it stands with withdrawals; never written directly.
    pub const WITHDRAWN: &str = "withdrawn";
    /// `link`: the finding that counts, of the two.
    pub const PRIMARY: &str = "primary";
    /// `replica`: that it was taken out of service, by the office alone.
    pub const REVOKED: &str = "revoked";
    /// `replica`: how far its clock was off, by the office alone.
    pub const CLOCK: &str = "clock";
    /// `personal`: [`super::super::personal::Sealed`].
    pub const SEALED: &str = "sealed";
    /// `personal`: the key of the sealed file, in the internal ledger.
    pub const KEY: &str = "key";
    /// `personal`: that the file was erased, by the office alone.
    pub const ERASED: &str = "erased";
}
