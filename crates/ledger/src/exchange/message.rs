//! What is said: a JSON header, then the changes' bytes verbatim, so that a
//! change is never re-encoded on its way.
//!
//! `length of the header (4 bytes, little endian) ‖ header ‖ change ‖ change …`;
//! the header's pages say how long each change is. Compression is the
//! transport's business.

use crate::certificate::SignedCertificate;
use crate::holdings::{Holdings, LedgerHoldings};
use crate::id::{Hash, Hash8};
use crate::incoming::Page;
use crate::receipt::SignedReceipt;
use crate::seal::Seal;
use crate::wipe::SignedWipe;
use domain::id::{LedgerId, ReplicaId};
use domain::time::Wall;
use domain::version::Version;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The version of the exchange.
pub const PROTOCOL: u32 = 1;

/// Most changes in one message, far more than fit at their smallest: a header
/// of endless zeros as lengths would otherwise cost much memory for few bytes.
const CHANGES_MAX: usize = 65_536;

/// Why a body is not a message. Names no content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Shorter than it says.
    #[error("the body ends too early")]
    Short,
    /// The header is not what it should be.
    #[error("the header cannot be read")]
    Header,
    /// Bytes are left over.
    #[error("the body is longer than it says")]
    Long,
}

/// The header of a page; the bytes follow the header of the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PageHeader {
    ledger: LedgerId,
    replica: ReplicaId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<ReplicaId>,
    after: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prev: Option<Hash8>,
    lengths: Vec<u32>,
    seals: Vec<Seal>,
}

/// What the caller says beside its pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestHeader {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// The server's epoch that the caller knows.
    pub epoch: Uuid,
    /// The caller.
    pub replica: ReplicaId,
    /// One digest over everything the caller holds, the pages sent included.
    pub digest: Hash,
    /// Its clock when it asked; what it writes bears this clock's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Wall>,
    /// What it holds of the ledgers it asks about, the pages sent included.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ask: BTreeMap<LedgerId, LedgerHoldings>,
}

/// What the caller says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The header.
    pub header: RequestHeader,
    /// Changes for the one who answers.
    pub pages: Vec<Page>,
}

/// A chain of which the one who answers lacks something that the caller holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Want {
    /// The ledger.
    pub ledger: LedgerId,
    /// Whose chain.
    pub replica: ReplicaId,
    /// The last position already there.
    pub after: u64,
    /// The chain hash there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Hash8>,
}

/// A page that was not taken whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The ledger.
    pub ledger: LedgerId,
    /// Whose chain.
    pub replica: ReplicaId,
    /// Why: `seal`, `gap`, `unsealed`, `unknown_replica` or `not_granted`.
    pub reason: String,
}

/// What the one who answers says beside its pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseHeader {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// The server's epoch.
    pub epoch: Uuid,
    /// The server's clock.
    pub time: Wall,
    /// The server's certificate, for a caller that knows another epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<SignedCertificate>,
    /// One digest over everything granted to the caller.
    pub digest: Hash,
    /// Where digests differ: the digest of each granted ledger not asked about.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ledgers: BTreeMap<LedgerId, Hash>,
    /// Ledgers asked about that the caller may not read (any more).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<LedgerId>,
    /// What should be sent next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wants: Vec<Want>,
    /// What was not taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// What is durably held of the caller's chains.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<SignedReceipt>,
    /// Whether more was to be said than fitted.
    #[serde(default)]
    pub more: bool,
    /// To a tablet out of service: what to do with its data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wipe: Option<SignedWipe>,
    /// Days without contact after which a tablet shows nothing, where the office
    /// wants other than the usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_days: Option<u32>,
    /// Days for which a tablet keeps a ledger it left after all was safe, where
    /// the office wants other than the usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_days: Option<u32>,
    /// The oldest version that may sign and decide, where the caller's is older:
    /// it goes on reading and handing in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_min: Option<Version>,
}

/// What the one who answers says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The header.
    pub header: ResponseHeader,
    /// Changes for the caller, the server's chains first.
    pub pages: Vec<Page>,
}

impl Request {
    /// The body.
    ///
    /// # Errors
    /// [`BodyError::Header`] when something is too long for its length field.
    pub fn encode(&self) -> Result<Vec<u8>, BodyError> {
        encode(&self.header, &self.pages)
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`BodyError`]; nothing of a broken body is taken.
    pub fn decode(body: &[u8]) -> Result<Self, BodyError> {
        let (header, pages) = decode(body)?;
        Ok(Self { header, pages })
    }
}

impl Response {
    /// The body.
    ///
    /// # Errors
    /// [`BodyError::Header`] when something is too long for its length field.
    pub fn encode(&self) -> Result<Vec<u8>, BodyError> {
        encode(&self.header, &self.pages)
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`BodyError`]; nothing of a broken body is taken.
    pub fn decode(body: &[u8]) -> Result<Self, BodyError> {
        let (header, pages) = decode(body)?;
        Ok(Self { header, pages })
    }
}

#[derive(Serialize, Deserialize)]
struct Envelope<H> {
    #[serde(flatten)]
    header: H,
    #[serde(default)]
    pages: Vec<PageHeader>,
}

pub(crate) fn encode<H: Serialize + Clone>(
    header: &H,
    pages: &[Page],
) -> Result<Vec<u8>, BodyError> {
    let mut page_headers = Vec::with_capacity(pages.len());
    for page in pages {
        let lengths = page.changes.iter().map(|c| u32::try_from(c.len()));
        page_headers.push(PageHeader {
            ledger: page.ledger,
            replica: page.replica,
            of: page.of,
            after: page.after,
            prev: page.prev,
            lengths: lengths.collect::<Result<_, _>>().map_err(|_| BodyError::Header)?,
            seals: page.seals.clone(),
        });
    }
    let envelope = Envelope { header: header.clone(), pages: page_headers };
    let json = serde_json::to_vec(&envelope).map_err(|_| BodyError::Header)?;
    let length = u32::try_from(json.len()).map_err(|_| BodyError::Header)?;
    let mut body = length.to_le_bytes().to_vec();
    body.extend_from_slice(&json);
    for change in pages.iter().flat_map(|p| &p.changes) {
        body.extend_from_slice(change);
    }
    Ok(body)
}

pub(crate) fn decode<H: DeserializeOwned>(body: &[u8]) -> Result<(H, Vec<Page>), BodyError> {
    let (length, rest) = body.split_first_chunk::<4>().ok_or(BodyError::Short)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (json, mut rest) = rest.split_at_checked(length).ok_or(BodyError::Short)?;
    let envelope: Envelope<H> = serde_json::from_slice(json).map_err(|_| BodyError::Header)?;
    if envelope.pages.iter().map(|page| page.lengths.len()).sum::<usize>() > CHANGES_MAX {
        return Err(BodyError::Header);
    }
    let mut pages = Vec::with_capacity(envelope.pages.len());
    for page in envelope.pages {
        let mut changes = Vec::with_capacity(page.lengths.len());
        for length in page.lengths {
            let (change, after) = rest.split_at_checked(length as usize).ok_or(BodyError::Short)?;
            changes.push(change.to_vec());
            rest = after;
        }
        pages.push(Page {
            ledger: page.ledger,
            replica: page.replica,
            of: page.of,
            after: page.after,
            prev: page.prev,
            changes,
            seals: page.seals,
        });
    }
    if rest.is_empty() { Ok((envelope.header, pages)) } else { Err(BodyError::Long) }
}

impl RequestHeader {
    /// A header that says what the caller holds, and asks about some ledgers.
    #[must_use]
    pub fn new(
        epoch: Uuid,
        replica: ReplicaId,
        holdings: &Holdings,
        ask: impl IntoIterator<Item = LedgerId>,
    ) -> Self {
        let held = |ledger| (ledger, holdings.0.get(&ledger).cloned().unwrap_or_default());
        Self {
            protocol: PROTOCOL,
            epoch,
            replica,
            digest: holdings.digest(),
            time: None,
            ask: ask.into_iter().map(held).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Request {
        let ledger = LedgerId(Uuid::from_u128(1));
        let replica = ReplicaId(Uuid::from_u128(2));
        Request {
            header: RequestHeader::new(Uuid::nil(), replica, &Holdings::default(), [ledger]),
            pages: vec![Page {
                ledger,
                replica,
                of: None,
                after: 3,
                prev: Some(Hash8([7; 8])),
                changes: vec![b"{not even json".to_vec(), vec![0xff, 0x00]],
                seals: vec![],
            }],
        }
    }

    #[test]
    fn changes_travel_byte_for_byte() {
        let body = sample().encode().unwrap();
        assert_eq!(Request::decode(&body), Ok(sample()));
    }

    #[test]
    fn a_cut_or_padded_body_is_refused_whole() {
        let body = sample().encode().unwrap();
        for cut in 0..body.len() {
            assert!(Request::decode(&body[..cut]).is_err(), "{cut}");
        }
        let padded = [body.as_slice(), b"x"].concat();
        assert_eq!(Request::decode(&padded), Err(BodyError::Long));
    }

    #[test]
    fn a_header_of_endless_empty_changes_is_refused() {
        let mut request = sample();
        request.pages[0].changes = vec![vec![]; CHANGES_MAX];
        assert!(Request::decode(&request.encode().unwrap()).is_ok());
        request.pages.push(request.pages[0].clone());
        assert_eq!(Request::decode(&request.encode().unwrap()), Err(BodyError::Header));
    }

    #[test]
    fn an_exchange_with_nothing_to_say_stays_under_600_bytes() {
        let request =
            RequestHeader::new(Uuid::nil(), ReplicaId(Uuid::nil()), &Holdings::default(), []);
        let response = ResponseHeader {
            protocol: PROTOCOL,
            epoch: Uuid::nil(),
            time: Wall::parse("2026-11-23T02:11:05.123Z").unwrap(),
            server: None,
            digest: request.digest,
            ledgers: BTreeMap::new(),
            left: vec![],
            wants: vec![],
            refused: vec![],
            receipts: vec![],
            more: false,
            wipe: None,
            lease_days: None,
            kept_days: None,
            version_min: None,
        };
        let up = Request { header: request, pages: vec![] }.encode().unwrap().len();
        let down = Response { header: response, pages: vec![] }.encode().unwrap().len();
        assert!(up + down <= 600, "{up} + {down}");
    }

    proptest! {
        #[test]
        fn any_body_is_read_without_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Request::decode(&body);
            let _ = Response::decode(&body);
        }
    }
}
