//! The daily tree heads, for anybody who wants to write them down: hashes,
//! counts and signatures, no content and no names.

use crate::app::App;
use crate::error::{ErrorBody, Result};
use crate::extract::InQuery;
use crate::store::acceptance::{self, StoredHead};
use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
use ledger::tree::SignedTreeHead;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Most heads in one answer: a year of them.
const HEADS_MAX: u64 = 366;

/// Which heads are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HeadsQuery {
    /// The first day, `YYYY-MM-DD`; without it the first of all.
    pub from: Option<NaiveDate>,
}

/// A signature of the server's as JSON shows it: the text signed, verbatim, and
/// the signature over `"lianjian-tree-v1"` followed by the text.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeadShown {
    /// JSON of day, size, root, previous and by; `interim` where the day is not over.
    pub text: String,
    /// Base64url without padding.
    pub signature: String,
}

impl From<&SignedTreeHead> for HeadShown {
    fn from(head: &SignedTreeHead) -> Self {
        Self { text: head.text.clone(), signature: head.signature.to_string() }
    }
}

/// A certificate as the office signed it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CertificateShown {
    /// JSON, verbatim.
    pub text: String,
    /// The office's signature over `"lianjian-certificate-v1"` followed by the text.
    pub signature: String,
}

/// Heads and whose keys signed them.
#[derive(Debug, Serialize, ToSchema)]
pub struct TreeHeads {
    /// Oldest first.
    pub heads: Vec<HeadShown>,
    /// The certificates of the server replicas that signed them.
    pub certificates: Vec<CertificateShown>,
}

impl From<&[StoredHead]> for TreeHeads {
    fn from(stored: &[StoredHead]) -> Self {
        let mut certificates = BTreeMap::new();
        for StoredHead { certificate, .. } in stored {
            certificates.insert(certificate.text.clone(), certificate.signature.to_string());
        }
        let shown = certificates.into_iter();
        Self {
            heads: stored.iter().map(|one| (&one.head).into()).collect(),
            certificates: shown
                .map(|(text, signature)| CertificateShown { text, signature })
                .collect(),
        }
    }
}

/// The signed heads from a day on, oldest first, a year's worth at a time.
#[utoipa::path(
    get, path = "/v1/tree-heads", tag = "public", operation_id = "tree_heads", params(HeadsQuery),
    responses((status = 200, body = TreeHeads), (status = 400, body = ErrorBody))
)]
pub async fn heads(
    State(app): State<App>,
    InQuery(query): InQuery<HeadsQuery>,
) -> Result<Json<TreeHeads>> {
    let from = query.from.unwrap_or(NaiveDate::MIN);
    let heads = acceptance::heads(&app.db, from, HEADS_MAX).await?;
    Ok(Json(heads.as_slice().into()))
}
