//! Which check must catch which planted bug, and within how many seeds.

use crate::oracle::Check;
use crate::run;
use anyhow::Result;
use ledger::planted::Planted;

/// A planted bug with the check that is its name.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The bug.
    pub bug: Planted,
    /// The check that must catch it.
    pub check: Check,
}

const fn case(bug: Planted, check: Check) -> Case {
    Case { bug, check }
}

/// The cases.
pub const CASES: &[Case] = &[
    case(Planted::AckBeforeCommit, Check::ConfirmedIsWritten),
    case(Planted::ForgetUnsent, Check::UnsentIsCounted),
    case(Planted::ForgetFile, Check::ExchangeEnds),
    case(Planted::DeleteHead, Check::ConflictsCloseByDecision),
    case(Planted::CompareByClock, Check::ConflictsCloseByDecision),
    case(Planted::LoseProposal, Check::NothingSaidIsLost),
    case(Planted::ApplyBeyondSeal, Check::AppliedIsSealed),
    case(Planted::LeakInternal, Check::NoForeignLedger),
    case(Planted::DropUndecodable, Check::UndecodableIsKept),
    case(Planted::SkipFsyncOnTablet, Check::ConfirmedSurvivesEnding),
    case(Planted::SkipFsyncAtOffice, Check::ReceiptsHold),
    case(Planted::DecisionClosesUnseen, Check::ConflictsCloseByDecision),
    case(Planted::VoidDeletesBytes, Check::GesturesReachTheOffice),
    case(Planted::SevererLoses, Check::SeverestStands),
    case(Planted::RecordWithoutFile, Check::FilesResolve),
    case(Planted::CallFileSafe, Check::FilesSaidSafeAreThere),
    case(Planted::SkipJudgement, Check::ForeignWritesTakeNoEffect),
    case(Planted::SupersedeOthers, Check::ConflictsCloseByDecision),
    case(Planted::SkipForkCheck, Check::ChainsHold),
    case(Planted::KeepReceiptsOverEpoch, Check::ReceiptsHold),
    case(Planted::PurgeBeforeReceipt, Check::GesturesReachTheOffice),
];

/// The first seed of so many in which the named check catches the bug.
///
/// # Errors
/// When no world can be made.
pub fn caught(case: &Case, seeds: std::ops::Range<u64>) -> Result<Option<u64>> {
    for seed in seeds {
        if run::hunt(seed, case.bug, case.check)?.violation.is_some() {
            return Ok(Some(seed));
        }
    }
    Ok(None)
}
