//! The network of a run: requests are lost, cut, delayed, doubled, come after
//! later ones; answers are lost or end in the middle; pages lose their last seal.

use crate::dice::Dice;
use device::client::LineCall;
use ledger::exchange::{BODY_BYTES_MAX, Response};
use std::io::Read;

/// How bad the network is, in percent of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weather {
    /// Requests lost.
    pub lose_request: u64,
    /// Requests that break off in the middle of their body.
    pub cut_request: u64,
    /// Requests that arrive much later.
    pub delay: u64,
    /// Requests that arrive twice.
    pub double: u64,
    /// Answers lost.
    pub lose_answer: u64,
    /// Answers that end in the middle.
    pub cut_answer: u64,
    /// Answers whose last page lost its seal.
    pub cut_page: u64,
}

impl Weather {
    /// Some weather.
    pub fn of(dice: &mut Dice) -> Self {
        if dice.percent(25) {
            return Self::default();
        }
        let worst = [4, 10, 30][dice.place(3)];
        Self {
            lose_request: dice.below(worst),
            cut_request: dice.below(worst),
            delay: dice.below(worst),
            double: dice.below(worst),
            lose_answer: dice.below(worst),
            cut_answer: dice.below(worst),
            cut_page: dice.below(worst),
        }
    }
}

/// How often each fault really hit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Losses {
    /// Requests carried.
    pub carried: u64,
    /// Requests lost.
    pub lost_requests: u64,
    /// Requests that broke off in the middle.
    pub cut_requests: u64,
    /// Requests lost because the tablet was out of reach.
    pub partitioned: u64,
    /// Requests kept to arrive later.
    pub delayed: u64,
    /// Of these, those that did arrive, after later ones.
    pub late: u64,
    /// Requests that arrived twice.
    pub doubled: u64,
    /// Answers lost.
    pub lost_answers: u64,
    /// Answers that ended in the middle.
    pub cut_answers: u64,
    /// Answers whose last page lost its seal.
    pub cut_pages: u64,
    /// Requests that found no office.
    pub office_down: u64,
}

/// A request that got stuck on its way.
#[derive(Debug, Clone)]
pub struct Stuck {
    /// Whose.
    pub tablet: usize,
    /// The request.
    pub call: LineCall,
}

/// The plain bytes of an exchange's answer; none when it is none.
#[must_use]
pub fn plain(body: &[u8]) -> Option<Vec<u8>> {
    let decoder = zstd::stream::read::Decoder::new(body).ok()?;
    let mut plain = Vec::new();
    decoder.take(BODY_BYTES_MAX as u64).read_to_end(&mut plain).ok()?;
    Some(plain)
}

/// The answer without the last seal of its last page; none when it has none.
#[must_use]
pub fn without_last_seal(body: &[u8]) -> Option<Vec<u8>> {
    let mut response = Response::decode(&plain(body)?).ok()?;
    response.pages.last_mut()?.seals.pop()?;
    let bytes = response.encode().ok()?;
    zstd::encode_all(bytes.as_slice(), 1).ok()
}
