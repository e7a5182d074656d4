//! The oracle: what people were told is kept, and what must be true because of
//! it. It never asks the fold; [`reading`] works registers out again from the
//! bytes, by the rules as the design states them.

pub mod checks;
pub mod reading;

use domain::id::{LedgerId, ReplicaId};
use serde_json::Value;
use std::fmt;

/// What is checked. A planted bug names the one that must catch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// A gesture that the screen confirmed is in the tablet's chain, as meant.
    ConfirmedIsWritten,
    /// After any ending, a tablet opens and holds every confirmed gesture.
    ConfirmedSurvivesEnding,
    /// After any ending, the office starts again.
    OfficeStartsAgain,
    /// Nothing fails without a fault that explains it.
    FailuresHaveCauses,
    /// No tablet is sent a ledger of another department, or a word of it.
    NoForeignLedger,
    /// What a receipt calls safe is at the office, also after its ending.
    ReceiptsHold,
    /// A file called safe is at the office.
    FilesSaidSafeAreThere,
    /// What the screen counts as unsent is what has no receipt.
    UnsentIsCounted,
    /// Once faults stop, exchanges end and find nothing left to do.
    ExchangeEnds,
    /// What cannot be read is kept at its position, and keeps nothing else back.
    UndecodableIsKept,
    /// Every confirmed gesture is at the office, byte for byte.
    GesturesReachTheOffice,
    /// Every chain's hashes follow from its bytes, without gaps.
    ChainsHold,
    /// A tablet that nobody put back or copied writes one history.
    NobodyForks,
    /// Nothing is taken that no seal covers.
    AppliedIsSealed,
    /// What a person may not write takes no effect.
    ForeignWritesTakeNoEffect,
    /// No standing value is replaced but by its author or a decision that saw it.
    ConflictsCloseByDecision,
    /// No statement is lost that nothing replaced.
    NothingSaidIsLost,
    /// What was replaced or voided does not stand.
    ReplacedDoesNotStand,
    /// Of several answers or assessments the severest is shown.
    SeverestStands,
    /// Office and tablets hold the same of what both may read.
    HoldingsAgree,
    /// Who holds the same sees the same.
    StatesAgree,
    /// Every file that a record speaks of is at the office and at its readers.
    FilesResolve,
}

impl Check {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::ConfirmedIsWritten,
        Self::ConfirmedSurvivesEnding,
        Self::OfficeStartsAgain,
        Self::FailuresHaveCauses,
        Self::NoForeignLedger,
        Self::ReceiptsHold,
        Self::FilesSaidSafeAreThere,
        Self::UnsentIsCounted,
        Self::ExchangeEnds,
        Self::UndecodableIsKept,
        Self::GesturesReachTheOffice,
        Self::ChainsHold,
        Self::NobodyForks,
        Self::AppliedIsSealed,
        Self::ForeignWritesTakeNoEffect,
        Self::ConflictsCloseByDecision,
        Self::NothingSaidIsLost,
        Self::ReplacedDoesNotStand,
        Self::SeverestStands,
        Self::HoldingsAgree,
        Self::StatesAgree,
        Self::FilesResolve,
    ];
}

/// A check that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub check: Check,
    /// What was found.
    pub words: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.check, self.words)
    }
}

/// What a change must contain to be the gesture that was made.
#[derive(Debug, Clone)]
pub struct Meant {
    /// Kind and field written.
    pub register: (&'static str, &'static str),
    /// The record, where it is known beforehand.
    pub rec: Option<String>,
    /// What the value is, or a member of it.
    pub value: Value,
}

impl Meant {
    /// Whether one of a change's writes is what was meant.
    #[must_use]
    pub fn is_in(&self, change: &Value) -> bool {
        let writes = change["writes"].as_array().map(Vec::as_slice).unwrap_or_default();
        writes.iter().any(|write| {
            write["kind"] == self.register.0
                && write["field"] == self.register.1
                && self.rec.as_ref().is_none_or(|rec| write["rec"] == rec.as_str())
                && holds(&write["val"], &self.value)
        })
    }
}

/// Whether a value is another, or has all its members.
fn holds(value: &Value, wanted: &Value) -> bool {
    match wanted {
        Value::Object(members) => {
            members.iter().all(|(name, wanted)| holds(&value[name.as_str()], wanted))
        }
        plain => value == plain,
    }
}

/// What kind of gesture a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// Honest work.
    Work,
    /// Not to be read by this version.
    Undecodable,
    /// Not allowed.
    Foreign,
}

/// Where something confirmed must still be: a tablet that was put back to an
/// older copy has lost what it held since, but for what was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// On its tablet, and in the end at the office.
    Everywhere,
    /// At the office.
    AtOffice,
    /// Nowhere: it was only on the disk that is gone.
    Nowhere,
}

/// A gesture that the screen confirmed.
#[derive(Debug, Clone)]
pub struct Confirmed {
    /// The tablet's number in the run.
    pub tablet: usize,
    /// The ledger.
    pub ledger: LedgerId,
    /// Whose chain.
    pub replica: ReplicaId,
    /// Where in it.
    pub pos: u64,
    /// The change's id.
    pub id: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What kind of gesture.
    pub nature: Nature,
    /// Where it must still be.
    pub kept: Kept,
}

/// A file that a confirmed gesture brought.
#[derive(Debug, Clone)]
pub struct BroughtFile {
    /// The tablet's number in the run.
    pub tablet: usize,
    /// Its hash.
    pub sha256: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Where it must still be.
    pub kept: Kept,
}

/// What the people of a run were told.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// Gestures confirmed, in order.
    pub confirmed: Vec<Confirmed>,
    /// Files confirmed.
    pub files: Vec<BroughtFile>,
}
