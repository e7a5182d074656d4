//! The app: one window onto one tablet. Commands are one-line adapters to
//! `device::Device`; nothing here knows a rule of the trade.
//!
//! Desktop and mobile start at [`run`]. The page reaches Rust through the
//! commands in `commands`, the raw upload in `upload`, the address scheme
//! `evidence`, and hears the one event `changed`.

mod background;
mod bindings;
mod commands;
mod evidence;
mod upload;

pub use bindings::export_bindings;

use device::Device;
use device::clock::SystemClock;
use std::path::PathBuf;
use std::sync::Arc;
use tauri::{App, Manager};

/// The event that tells the page to look again: something came in or became safe.
pub(crate) const CHANGED: &str = "changed";

/// The tablet, shared with commands and background work.
pub(crate) type Tablet = Arc<Device>;

/// Starts the app and returns when its window is closed.
#[cfg_attr(mobile, tauri::mobile_entry_point)]
pub fn run() {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .with_writer(std::io::stderr)
        .init();
    let specta = bindings::builder();
    let typed = specta.invoke_handler();
    let started = tauri::Builder::default()
        .register_asynchronous_uri_scheme_protocol("evidence", evidence::answer)
        .invoke_handler(move |invoke| match invoke.message.command() {
            upload::COMMAND => upload::handler(invoke),
            _ => typed(invoke),
        })
        .setup(set_up)
        .run(tauri::generate_context!());
    if let Err(error) = started {
        tracing::error!(%error, "the app could not start");
        std::process::exit(1);
    }
}

fn set_up(app: &mut App) -> Result<(), Box<dyn std::error::Error>> {
    let home = match std::env::var_os("LIANJIAN_HOME") {
        Some(home) if !home.is_empty() => PathBuf::from(home),
        _ => app.path().app_data_dir()?,
    };
    let device = Device::open(&home, Arc::new(SystemClock))?
        .suggesting(setting("LIANJIAN_ENROL_SERVER"), setting("LIANJIAN_ENROL_CODE"));
    let tablet: Tablet = Arc::new(device);
    app.manage(Arc::clone(&tablet));
    let bell = background::Bell::default();
    app.manage(bell.clone());
    // With `LIANJIAN_SYNC=manual` only the button on the screen exchanges, so
    // that a test decides when.
    if setting("LIANJIAN_SYNC").as_deref() != Some("manual") {
        background::start(app.handle().clone(), tablet, bell);
    }
    Ok(())
}

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
