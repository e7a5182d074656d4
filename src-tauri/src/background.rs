//! The exchange that nobody has to think of: soon after a gesture, otherwise
//! every 20 seconds, less often while the office does not answer, and only once
//! the PIN was entered; a locked screen does not stop it. The first time, the
//! whole store is read through beforehand.

use crate::{CHANGED, Tablet};
use device::view::ErrorCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tauri::{AppHandle, Emitter};
use tokio::sync::Notify;

/// Between exchanges when all is well.
const INTERVAL: Duration = Duration::from_secs(20);
/// The longest pause while the office does not answer.
const INTERVAL_MAX: Duration = Duration::from_secs(300);
/// After a gesture: further ones that follow at once go along.
const DEBOUNCE: Duration = Duration::from_millis(400);

/// Rung by every gesture.
#[derive(Clone, Default)]
pub(crate) struct Bell(Arc<Notify>);

impl Bell {
    /// Something was written that the office should have.
    pub(crate) fn ring(&self) {
        self.0.notify_one();
    }
}

/// Starts exchanging in the background, for as long as the app runs.
pub(crate) fn start(app: AppHandle, tablet: Tablet, bell: Bell) {
    tauri::async_runtime::spawn(async move {
        let mut failures = 0;
        let mut last_error: Option<ErrorCode> = None;
        let mut checked = false;
        loop {
            let pause = jittered(pause_after(failures), jitter_seed());
            tokio::select! {
                () = bell.0.notified() => tokio::time::sleep(DEBOUNCE).await,
                () = tokio::time::sleep(pause) => {}
            }
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
    });
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

/// The pause after so many failures in a row.
fn pause_after(failures: u32) -> Duration {
    INTERVAL.saturating_mul(1 << failures.min(8)).min(INTERVAL_MAX)
}

/// Up to a quarter longer, so that the tablets of a department that lost the
/// network together do not come back in one moment.
fn jittered(pause: Duration, seed: u32) -> Duration {
    pause + pause.mul_f64(f64::from(seed % 256) / 1024.0)
}

fn jitter_seed() -> u32 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |t| t.subsec_nanos() >> 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_with_failures_and_has_a_cap() {
        assert_eq!(pause_after(0), INTERVAL);
        assert_eq!(pause_after(1), INTERVAL * 2);
        assert_eq!(pause_after(40), INTERVAL_MAX);
    }

    #[test]
    fn jitter_lengthens_by_a_quarter_at_most() {
        for seed in [0, 255, 256, u32::MAX] {
            let pause = jittered(INTERVAL, seed);
            assert!(pause >= INTERVAL && pause <= INTERVAL + INTERVAL / 4);
        }
    }
}
