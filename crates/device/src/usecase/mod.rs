//! What a person can do with a tablet, one file per noun of the trade. Each
//! gesture is checked, committed, and answered with the board as it then is.

mod board;
mod decision;
mod document;
mod enrolment;
mod evidence;
mod files;
mod finding;
mod gate;
mod item;
mod note;
mod proposal;
pub(crate) mod recovery;
mod reference;
mod rescue;
mod sync;
mod text;
mod visit;
pub(crate) mod withdrawal;

pub use board::LedgerDigest;
pub use document::SiteRecord;
pub use evidence::{FileHere, FilePiece};
pub use finding::FindingCreated;

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod file_tests;
#[cfg(test)]
mod purge_tests;
#[cfg(test)]
mod rescue_tests;
#[cfg(test)]
mod tests;
