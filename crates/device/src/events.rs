//! Hearing from the office that something changed. The stream is read here;
//! what follows from an event, an exchange, is the caller's, and when to listen
//! again `schedule`'s. The line itself is `client`'s.

use crate::client::Client;
use crate::device::Device;
use crate::error::DeviceError;
use crate::view::{AppError, ErrorCode};
use std::time::Duration;

/// The office gives a sign of life every 15 seconds; a line silent for longer
/// than two of them is dead.
pub(crate) const SILENCE_MAX: Duration = Duration::from_secs(35);

/// How often it is asked whether to go on listening.
pub(crate) const GLANCE: Duration = Duration::from_secs(1);

/// The longest line of the stream; longer ones are no office's.
const LINE_BYTES_MAX: usize = 1024;

/// What is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// The line stands: what happened before is to be asked for.
    Connected,
    /// Something changed that an exchange would bring.
    Changed,
}

impl Device {
    /// Listens until the line breaks, the tablet is locked or `go_on` says no;
    /// it is asked about once a second. `hear` is called on this thread and
    /// should not take long.
    ///
    /// # Errors
    /// [`ErrorCode::Offline`], [`ErrorCode::Revoked`],
    /// [`ErrorCode::ServerTrouble`], [`ErrorCode::Locked`].
    pub fn listen(
        &self,
        hear: &mut dyn FnMut(Heard),
        go_on: &dyn Fn() -> bool,
    ) -> Result<(), AppError> {
        let client = self
            .try_with(|open| {
                let token = Some(open.enrolled.token.clone());
                Client::new(&open.server, token, open.around.line.as_ref())
            })
            .map_err(DeviceError::into_app)?;
        let go_on = || go_on() && self.is_open();
        client.listen(hear, &go_on).map_err(DeviceError::into_app)
    }
}

/// The events in a stream of bytes, however it is cut.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    line: Vec<u8>,
    /// The event's name so far; it counts at the empty line behind it.
    changed: bool,
}

impl Lines {
    /// Takes the next bytes; answers whether a `changed` ended in them.
    ///
    /// # Errors
    /// [`ErrorCode::ServerTrouble`] when this is no such stream.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<bool, DeviceError> {
        let mut heard = false;
        for byte in bytes {
            if *byte != b'\n' {
                if self.line.len() == LINE_BYTES_MAX {
                    return Err(ErrorCode::ServerTrouble.into());
                }
                self.line.push(*byte);
                continue;
            }
            let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
            if line.is_empty() {
                heard |= std::mem::take(&mut self.changed);
            } else if let Some(name) = line.strip_prefix(b"event:") {
                self.changed = name.trim_ascii() == b"changed";
            }
            // Data and remarks say nothing; events of a newer office neither.
            self.line.clear();
        }
        Ok(heard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_heard_at_its_end_however_the_stream_is_cut() {
        let stream = b": hello\n\nevent: changed\ndata: {}\n\n: alive\n\nevent:changed\r\n\r\n";
        let whole = Lines::default().take(stream).unwrap();
        assert!(whole);
        for cut in 0..stream.len() {
            let mut lines = Lines::default();
            let (one, two) = stream.split_at(cut);
            let first = lines.take(one).unwrap();
            let second = lines.take(two).unwrap();
            assert!(first || second, "{cut}");
        }
        assert!(!Lines::default().take(b"event: changed\ndata: {}\n").unwrap());
    }

    #[test]
    fn signs_of_life_and_events_of_a_newer_office_ring_no_bell() {
        let mut lines = Lines::default();
        assert!(
            !lines.take(b":\n\n: alive\n\nevent: news\ndata: changed\n\ndata: {}\n\n").unwrap()
        );
    }

    #[test]
    fn a_line_without_end_is_no_stream_and_takes_no_memory() {
        let mut lines = Lines::default();
        let more = vec![b'x'; LINE_BYTES_MAX];
        assert!(lines.take(&more).is_ok());
        assert!(lines.take(&more).is_err());
        assert!(lines.line.capacity() <= 2 * LINE_BYTES_MAX);
    }
}
