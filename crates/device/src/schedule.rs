//! When a tablet exchanges and listens again: pure, so that the app, the
//! headless program and tests wait by the same rules. Nobody waits here.

use std::time::Duration;

/// Between exchanges when all is well and nobody tells of news.
const INTERVAL: Duration = Duration::from_secs(20);
/// The same while the office would tell: what is not told, such as a file that
/// has arrived, still comes.
const INTERVAL_LISTENING: Duration = Duration::from_secs(120);
/// The longest pause while the office does not answer.
const INTERVAL_MAX: Duration = Duration::from_secs(300);
/// Before listening again for the first time after a line broke.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);
/// The longest pause before listening again. Short, since it is by listening
/// that a tablet notices the network's return.
const LISTEN_AGAIN_MAX: Duration = Duration::from_secs(30);
/// After a gesture: further ones that follow at once go along.
pub const DEBOUNCE: Duration = Duration::from_millis(400);

/// The pause before the next exchange, after so many failures in a row.
#[must_use]
pub fn pause_after(failures: u32, listening: bool) -> Duration {
    let base = if listening && failures == 0 { INTERVAL_LISTENING } else { INTERVAL };
    doubled(base, failures, INTERVAL_MAX)
}

/// The pause before listening again, after so many failures in a row; at least
/// one, or there would be nothing to begin again.
#[must_use]
pub fn listen_again_after(failures: u32) -> Duration {
    doubled(LISTEN_AGAIN, failures.saturating_sub(1), LISTEN_AGAIN_MAX)
}

fn doubled(base: Duration, times: u32, max: Duration) -> Duration {
    base.saturating_mul(1 << times.min(16)).min(max)
}

/// Up to a quarter longer, so that the tablets of a department that lost the
/// network together do not come back in one moment.
#[must_use]
pub fn jittered(pause: Duration, seed: u32) -> Duration {
    pause + pause.mul_f64(f64::from(seed % 256) / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_with_failures_and_has_a_cap() {
        assert_eq!(pause_after(0, false), INTERVAL);
        assert_eq!(pause_after(1, false), INTERVAL * 2);
        for failures in [40, u32::MAX] {
            assert_eq!(pause_after(failures, false), INTERVAL_MAX);
            assert_eq!(listen_again_after(failures), LISTEN_AGAIN_MAX);
        }
    }

    #[test]
    fn who_is_told_of_news_asks_less_often_unless_asking_fails() {
        assert!(pause_after(0, true) > pause_after(0, false));
        assert_eq!(pause_after(1, true), pause_after(1, false));
    }

    #[test]
    fn listening_again_is_never_at_once() {
        for failures in 0..20 {
            assert!(listen_again_after(failures) >= LISTEN_AGAIN);
        }
        assert_eq!(listen_again_after(1), LISTEN_AGAIN);
        assert_eq!(listen_again_after(3), LISTEN_AGAIN * 4);
    }

    #[test]
    fn jitter_lengthens_by_a_quarter_at_most() {
        for seed in [0, 255, 256, u32::MAX] {
            let pause = jittered(INTERVAL, seed);
            assert!(pause >= INTERVAL && pause <= INTERVAL + INTERVAL / 4);
        }
    }
}
