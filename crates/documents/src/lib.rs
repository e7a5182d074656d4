//! The statutory forms as PDF/A, typeset offline through Typst as a library.
//!
//! Holds: the forms' input structures, their templates, the fonts and the
//! in-memory typesetting world; `fill` puts a task's board into a form.
//! Deliberately elsewhere: what a board is (`ledger`), document numbers and
//! signatures, and where the finished bytes are kept (`device`, `server`).
//!
//! Invariants:
//! - No clock, no randomness, no network. The only files ever read are the
//!   fonts, once, in [`Fonts::load`].
//! - Equal input gives equal bytes: what two tablets sign is comparable.
//! - What people typed is data and is never read as template language.
//! - No text is lost in silence: what cannot be drawn is named on the page
//!   and in [`Rendered::warnings`].

mod error;
pub mod fill;
mod fonts;
mod sheet;
pub mod site_record;
mod typeset;
mod wording;

pub use error::DocumentError;
pub use fonts::Fonts;
pub use site_record::{SiteRecord, render_site_record, site_record_pdf};
pub use typeset::{Rendered, Warning};
