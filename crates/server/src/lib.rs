//! The central server: the desk's console and the tablets' exchange over one
//! database. Thin: what the trade and the ledger say is decided in `domain`
//! and `ledger`; here it is loaded, asked and written down.
//!
//! `router` shows every route; `handlers` speak HTTP; `usecase` puts the steps
//! of a piece of work in order; `store` holds the SQL, one file per noun.

mod app;
mod archive;
mod db;
mod error;
mod events;
mod extract;
mod files;
mod guard;
mod handlers;
mod keys;
mod openapi;
mod restore;
mod router;
mod serve;
#[cfg(feature = "simulation")]
pub mod simulation;
mod store;
pub mod surroundings;
mod throttle;
mod tus;
mod usecase;
mod view;

pub use app::{App, Settings};
pub use error::{Code, Refusal, Result, ServerError};
pub use guard::Needs;
pub use openapi::openapi_json;
pub use restore::{Restored, restore};
pub use router::{DESK, Route, router};
pub use serve::{
    Digests, demo_accounts, digests, export_task, import_demo, import_pack, issue_code,
    open_demo_task, serve, tree_heads,
};
pub use usecase::bundle::Extent;
pub use usecase::demo_city::DemoAccount;
pub use usecase::pack::PackReport;
pub use view::CodeIssued;

#[cfg(test)]
mod tests;
