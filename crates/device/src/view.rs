//! The shapes that the app's screens receive, beside the task's board
//! (`ledger::board`). Plain data; types for the UI are generated from here.

use domain::id::{LedgerId, TaskId};
use ledger::board::TaskCard;
use ledger::wipe::Wipe;
use serde::{Deserialize, Serialize};
use specta::Type;

/// What stands between the person and the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// This tablet belongs to nobody yet.
    Unenrolled,
    /// The PIN is wanted.
    Locked,
    /// Open.
    Open,
    /// Too long without the office: nothing is shown until it was reached.
    LeaseEnded,
    /// Out of service: work is handed in, then everything is destroyed.
    Withdrawn,
    /// The store cannot be read; a rescue pack can be written.
    StoreDamaged,
    /// Everything was destroyed by the office's order.
    Wiped,
}

/// What a person should know of the space on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Space {
    /// Enough.
    Plenty,
    /// Some should be freed soon.
    Low,
    /// Nothing more can be recorded; handing in and rescue packs still work.
    Full,
}

/// What happened to a tablet that was wiped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct WipedView {
    /// What the office had ordered.
    pub order: Wipe,
    /// When it was ordered, RFC 3339 UTC.
    pub ordered_at: String,
    /// When it was done, RFC 3339 UTC.
    pub at: String,
}

/// A folder that a rescue pack can be written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct RescuePlace {
    /// Its path.
    pub path: String,
    /// Whether it is on a medium that can be taken out.
    pub removable: bool,
    /// Bytes left there.
    #[specta(type = Option<f64>)]
    pub free_bytes: Option<u64>,
}

/// A rescue pack that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct RescuePack {
    /// Where it lies.
    pub path: String,
    /// Its name.
    pub name: String,
    /// SHA-256 of the file, for the paper.
    pub sha256: String,
    /// How large it is.
    #[specta(type = f64)]
    pub bytes: u64,
    /// Changes in it.
    pub changes: u32,
    /// Files in it.
    pub files: u32,
    /// Parts that should be in it and could not be read.
    pub missing: u32,
}

/// What looking through the whole store brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
pub struct StoreCheck {
    /// Whether everything read back.
    pub sound: bool,
}

/// The state of the tablet as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct AppStatus {
    /// What stands between the person and the work.
    pub gate: Gate,
    /// The person enrolled, once known.
    pub person: Option<PersonCard>,
    /// Seconds until the next PIN is taken; 0 when one may be tried.
    pub wait_seconds: u32,
    /// Wrong PINs in a row so far.
    pub wrong_pins: u32,
    /// Version of the app.
    pub version: String,
    /// Number of this tablet, such as `平板 2`, also while locked: the office asks
    /// for it.
    pub tablet: Option<String>,
    /// Days that are left without the office, while open.
    pub lease_days_left: Option<u32>,
    /// What happened, on a tablet that was wiped.
    pub wiped: Option<WipedView>,
    /// Whether a forgotten PIN can be reset through the office.
    pub recoverable: bool,
    /// Space on the disk.
    pub space: Space,
    /// Suggested office address for enrolment, when one was configured.
    pub suggested_server: Option<String>,
    /// Suggested one-time code for enrolment, when one was configured.
    pub suggested_code: Option<String>,
}

/// The certificate card (亮证).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct PersonCard {
    /// Name.
    pub name: String,
    /// Department.
    pub department: String,
    /// Short name of the department.
    pub department_short: String,
    /// Certificate number.
    pub cert_no: String,
    /// Last day of validity, `YYYY-MM-DD`.
    pub valid_to: String,
    /// Number of this tablet, such as `平板 2`.
    pub tablet: String,
}

/// A task in the list of visits, with its readiness for offline work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct Visit {
    /// The task.
    pub card: TaskCard,
    /// What is still missing on this tablet; empty means ready for offline.
    pub missing: Vec<Missing>,
}

/// Something a visit needs that is not on the tablet yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The task's header or team.
    Task,
    /// Checklist and law texts.
    Package,
}

/// How the exchange with the office stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct SyncStatus {
    /// Whether one is running now.
    pub running: bool,
    /// Changes that are only on this tablet.
    pub unsent_changes: u32,
    /// Files that are only on this tablet.
    pub unsent_files: u32,
    /// Their bytes.
    #[specta(type = f64)]
    pub unsent_bytes: u64,
    /// Last successful contact, RFC 3339 UTC.
    pub last_contact: Option<String>,
    /// The last failure since then.
    pub last_error: Option<AppError>,
    /// What is only here, newest first (at most 200).
    pub pending: Vec<PendingChange>,
    /// Files that are still to travel, or became safe since the app was started:
    /// the one on its way first, then own ones, then those to come (at most 200).
    pub files: Vec<FileStatus>,
    /// Milliseconds this tablet's clock is ahead of the office's; none before contact.
    #[specta(type = Option<f64>)]
    pub clock_ahead_ms: Option<i64>,
    /// Bytes left on the disk, where the system says so.
    #[specta(type = Option<f64>)]
    pub free_bytes: Option<u64>,
    /// What that means.
    pub space: Space,
    /// Days that are left without the office.
    pub lease_days_left: u32,
}

/// A change or file that is only on this tablet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct PendingChange {
    /// The joint or internal ledger it belongs to.
    pub ledger: LedgerId,
    /// Enterprise's name, for the person.
    pub enterprise: String,
    /// What was done: an intent such as `item.answer`, or `file`.
    pub intent: String,
    /// When, RFC 3339 UTC.
    pub wall: String,
    /// Bytes of a file; 0 for a change.
    #[specta(type = f64)]
    pub bytes: u64,
}

/// How one file stands between this tablet and the office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct FileStatus {
    /// Its hash.
    pub sha256: String,
    /// What it is for.
    pub kind: FileKind,
    /// What people call it; empty for what nobody named.
    pub name: String,
    /// The task it belongs to, once known.
    pub task: Option<TaskId>,
    /// Enterprise's name, for the person.
    pub enterprise: String,
    /// Its bytes; 0 where not known yet.
    #[specta(type = f64)]
    pub bytes: u64,
    /// Of these, confirmed by the office on the way up, or written here on the
    /// way down.
    #[specta(type = f64)]
    pub sent_bytes: u64,
    /// Where it is.
    pub state: FileState,
    /// Why it does not travel, where something is known against it.
    pub reason: Option<MissingReason>,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Checklist and law texts of a task.
    Package,
    /// A small picture of a photo.
    Thumbnail,
    /// An original, as the camera made it.
    Original,
    /// A produced document.
    Document,
    /// Anything else.
    Other,
}

/// Where a file is. Only the office's word that it has all of it makes a file safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// On this tablet alone, or not yet whole at the office.
    OnlyHere,
    /// On its way to the office now.
    Sending,
    /// The office has confirmed all of it.
    AtServer,
    /// At the office, not here yet.
    ToFetch,
    /// On its way here now.
    Fetching,
    /// Neither here nor to be had now; `reason` says why.
    Missing,
}

/// Why a file does not travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum MissingReason {
    /// The record came; the file is still on the tablet that took it.
    NotAtOffice,
    /// The tablet that took it is out of service.
    TabletLost,
    /// It was here and cannot be read any more.
    DamagedHere,
}

/// A legal basis or criterion as the reader shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct Article {
    /// Code.
    pub code: String,
    /// Title of the law or source of the criterion.
    pub title: String,
    /// Article, such as 第三十六条第三款; empty for criteria.
    pub article: String,
    /// Gist or criterion text.
    pub text: String,
    /// First day of effect, `YYYY-MM-DD`.
    pub effective_from: Option<String>,
    /// Whether the reference has not been verified against the text of the law.
    pub uncertain: bool,
}

/// A new finding as the screen hands it over.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
pub struct FindingDraft {
    /// The item it was found at, if any.
    pub item: Option<domain::id::RecordId>,
    /// What is the case.
    pub fact: String,
    /// Where.
    pub location: String,
    /// 一般 or 重大.
    pub level: domain::finding::Level,
    /// Criterion for 重大.
    pub criterion: Option<String>,
    /// Codes of legal bases.
    pub basis: Vec<String>,
    /// What is required.
    pub requirement: String,
    /// Working days to put it right; none sets no deadline.
    pub deadline_workdays: Option<u32>,
}

/// A value the person chose for a register.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum ChosenValue {
    /// An item's answer; `null` is 未查.
    Answer(Option<domain::finding::Answer>),
    /// A finding's assessment.
    Assessment {
        /// 一般 or 重大.
        level: domain::finding::Level,
        /// Criterion.
        criterion: Option<String>,
        /// Legal bases.
        basis: Vec<String>,
    },
    /// Text.
    Text(String),
    /// A date, `YYYY-MM-DD`.
    Date(String),
}

/// What the app tells the person when something did not work. The words are
/// the UI's, by code; `detail` holds numbers or names that belong into them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct AppError {
    /// The closed list of causes.
    pub code: ErrorCode,
    /// Something to name, such as a file name or a number of seconds; never
    /// personal data.
    pub detail: Option<String>,
}

/// Why something did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// No network, or the office does not answer.
    Offline,
    /// The office answered in the middle, or with something unreadable.
    ServerTrouble,
    /// The address is not an office of this system.
    NotAnOffice,
    /// The enrolment code is wrong.
    CodeWrong,
    /// The enrolment code was used already.
    CodeUsed,
    /// The enrolment code is too old.
    CodeExpired,
    /// This tablet was taken out of service by the office.
    Revoked,
    /// This app is too old to sign or decide.
    TooOld,
    /// The task was cleared away and is coming back; it can be written to when
    /// it is complete.
    StillArriving,
    /// The PIN is wrong.
    PinWrong,
    /// Too many wrong PINs; `detail` is the number of seconds to wait.
    PinWait,
    /// The PIN is too short or not made of digits.
    PinWeak,
    /// The app is locked.
    Locked,
    /// The tablet is already enrolled.
    AlreadyEnrolled,
    /// The tablet is not enrolled.
    NotEnrolled,
    /// The file is empty.
    FileEmpty,
    /// The file is larger than allowed; `detail` is the limit in MiB.
    FileTooLarge,
    /// The file is not a picture of a known kind.
    FileUnknown,
    /// The picture is damaged.
    FileDamaged,
    /// A file is not on this tablet (yet).
    FileAbsent,
    /// There is no such task on this tablet.
    NoSuchTask,
    /// There is no such item or finding.
    NoSuchRecord,
    /// Another department owns it; a proposal is the way.
    NotOwner,
    /// Only the owner's site lead or deputy decides.
    NotDecider,
    /// There is no conflict (any more).
    NoConflict,
    /// A reason is wanted.
    ReasonMissing,
    /// A text is empty where one is wanted.
    TextMissing,
    /// What was entered is too long.
    TooLong,
    /// What was entered does not have the right form.
    Malformed,
    /// The disk is full.
    DiskFull,
    /// The store cannot be read.
    StoreDamaged,
    /// Too long without the office; `detail` is empty.
    LeaseEnded,
    /// Out of service: work is handed in, nothing is shown.
    Withdrawn,
    /// Everything was destroyed by the office's order.
    Wiped,
    /// The PIN reset code is wrong or another tablet's.
    ResetCodeWrong,
    /// The PIN reset code was used already.
    ResetCodeUsed,
    /// The PIN reset code is too old.
    ResetCodeExpired,
    /// This tablet was enrolled before the office could help in this.
    NoRecovery,
    /// The folder cannot be written to.
    FolderUnusable,
    /// The fonts for documents are not installed.
    FontsMissing,
    /// Something that should not happen; it is in the log.
    Internal,
}
