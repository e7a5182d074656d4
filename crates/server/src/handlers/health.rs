//! Whether the server lives.

use crate::view::Health;
use axum::Json;

/// Says that the server answers, and its version.
#[utoipa::path(get, path = "/healthz", tag = "device", responses((status = 200, body = Health)))]
pub async fn healthz() -> Json<Health> {
    Json(Health { ok: true, version: env!("CARGO_PKG_VERSION").to_owned() })
}
