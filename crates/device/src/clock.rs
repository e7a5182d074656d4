//! The clock that everything on the tablet reads, handed in so that tests
//! decide the time and nobody sleeps. What the office's clock says is measured
//! by the exchange (`client`), never adopted.

use chrono::{DateTime, Utc};
use domain::time::Wall;

/// Tells the time of this tablet.
pub trait Clock: Send + Sync {
    /// Now, by the tablet's own clock.
    fn now(&self) -> DateTime<Utc>;

    /// Now, as it is written into changes.
    fn wall(&self) -> Wall {
        Wall::new(self.now())
    }
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        // The one place on the tablet where the system's clock is read.
        Utc::now()
    }
}

#[cfg(test)]
pub(crate) mod hand {
    //! A clock moved by hand.

    use super::{Clock, DateTime, Utc};
    use std::sync::Mutex;

    /// Stands still until told otherwise.
    pub(crate) struct HandClock(Mutex<DateTime<Utc>>);

    impl HandClock {
        pub(crate) fn at(text: &str) -> Self {
            Self(Mutex::new(text.parse().unwrap()))
        }

        pub(crate) fn forward(&self, seconds: i64) {
            *self.0.lock().unwrap() += chrono::Duration::seconds(seconds);
        }
    }

    impl Clock for HandClock {
        fn now(&self) -> DateTime<Utc> {
            *self.0.lock().unwrap()
        }
    }
}
