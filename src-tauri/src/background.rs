//! The exchange that nobody has to think of: soon after a gesture, at once when
//! the office tells of news or the network returns, otherwise now and then, less
//! often while the office does not answer, and only once the PIN was entered; a
//! locked screen does not stop it. The first time, the whole store is read
//! through beforehand. The rules of waiting are `device::schedule`'s.

use crate::{CHANGED, Tablet};
use device::events::Heard;
use device::schedule::{DEBOUNCE, jittered, listen_again_after, pause_after};
use device::view::ErrorCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tauri::{AppHandle, Emitter};
use tokio::sync::watch;

/// How often a closed tablet is looked at, for somebody to listen again.
const CLOSED_GLANCE: Duration = Duration::from_secs(2);

/// Rung by every gesture, and by the office's news.
#[derive(Clone)]
pub(crate) struct Bell(Arc<watch::Sender<u64>>);

impl Default for Bell {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Bell {
    /// Something was written that the office should have, or the office has
    /// something for us.
    pub(crate) fn ring(&self) {
        self.0.send_modify(|rings| *rings = rings.wrapping_add(1));
    }

    fn hearer(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

/// Starts exchanging and listening in the background, for as long as the app runs.
pub(crate) fn start(app: AppHandle, tablet: Tablet, bell: Bell) {
    let listening = watch::Sender::new(false);
    let told = listening.subscribe();
    tauri::async_runtime::spawn(exchange(app, Tablet::clone(&tablet), bell.hearer(), told));
    tauri::async_runtime::spawn(listen(tablet, bell, listening));
}

async fn exchange(
    app: AppHandle,
    tablet: Tablet,
    mut rung: watch::Receiver<u64>,
    told: watch::Receiver<bool>,
) {
    let mut failures = 0;
    let mut last_error: Option<ErrorCode> = None;
    let mut checked = false;
    loop {
        let pause = jittered(pause_after(failures, *told.borrow()), jitter_seed());
        tokio::select! {
            // The bell outlives the app's window; without it only time is left.
            Ok(()) = rung.changed() => tokio::time::sleep(DEBOUNCE).await,
            () = tokio::time::sleep(pause) => {}
        }
        // What rang during the pause goes along.
        rung.mark_unchanged();
        if !tablet.is_open() {
            checked = false;
            continue;
        }
        if !checked {
            checked = true;
            look_through(&app, &tablet).await;
        }
        let worker = Tablet::clone(&tablet);
        let exchange = tauri::async_runtime::spawn_blocking(move || worker.exchange());
        let (changed, error) = match exchange.await {
            Ok(Ok(changed)) => (changed, None),
            Ok(Err(error)) => (false, Some(error.code)),
            Err(_) => (false, Some(ErrorCode::Internal)),
        };
        failures = if error.is_some() { failures + 1 } else { 0 };
        if (changed || error != last_error)
            && let Err(error) = app.emit(CHANGED, ())
        {
            tracing::warn!(%error, "the page could not be told of a change");
        }
        last_error = error;
    }
}

/// Reads the whole store through and tells the page when it is damaged.
async fn look_through(app: &AppHandle, tablet: &Tablet) {
    let worker = Tablet::clone(tablet);
    let check = tauri::async_runtime::spawn_blocking(move || worker.check_store()).await;
    if let Ok(Ok(check)) = check
        && !check.sound
        && let Err(error) = app.emit(CHANGED, ())
    {
        tracing::warn!(%error, "the page could not be told of a damaged store");
    }
}

/// Listens while the tablet is open. A line that stands again after it broke is
/// how the network's return is noticed: it rings like news.
async fn listen(tablet: Tablet, bell: Bell, listening: watch::Sender<bool>) {
    let mut failures: u32 = 0;
    loop {
        if !tablet.is_open() {
            tokio::time::sleep(CLOSED_GLANCE).await;
            failures = 0;
            continue;
        }
        let (worker, ringer, told) = (Tablet::clone(&tablet), bell.clone(), listening.clone());
        let line = tauri::async_runtime::spawn_blocking(move || {
            let mut stood = false;
            let mut hear = |heard| {
                stood |= heard == Heard::Connected;
                told.send_replace(true);
                ringer.ring();
            };
            let ended = worker.listen(&mut hear, &|| true);
            (stood, ended.err().map(|error| error.code))
        });
        let (stood, error) = line.await.unwrap_or((false, Some(ErrorCode::Internal)));
        listening.send_replace(false);
        failures = if stood { 1 } else { failures.saturating_add(1) };
        if error == Some(ErrorCode::Revoked) {
            // Nothing will be told; the exchange goes on to hand work in.
            failures = u32::MAX;
        }
        let pause = jittered(listen_again_after(failures), jitter_seed());
        tokio::time::sleep(pause).await;
    }
}

fn jitter_seed() -> u32 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |t| t.subsec_nanos() >> 10)
}
