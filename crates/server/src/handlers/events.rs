//! Server-sent events for tablets that are online: the one event `changed` says
//! that an exchange would bring something. No content, no names.

use crate::app::App;
use crate::error::{Code, ErrorBody, Result};
use crate::usecase::exchange::Device;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use std::convert::Infallible;
use std::time::Duration;

/// Between signs of life while nothing changes. A tablet gives up on a line
/// that is silent for longer than two of them.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Listens; ends when the tablet is revoked or the server stops.
#[utoipa::path(
    get, path = "/v1/events", tag = "device", operation_id = "listen",
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)
    )
)]
pub async fn listen(State(app): State<App>, device: Device) -> Result<impl IntoResponse> {
    if device.revoked {
        return Err(Code::Revoked.into());
    }
    let listening = app.events.listen(device.replica, device.person);
    let rings = stream::unfold(listening, async |mut listening| {
        listening.rung().await?;
        let event = Event::default().event("changed").data("{}");
        Some((Ok::<_, Infallible>(event), listening))
    });
    let heartbeat = KeepAlive::new().interval(HEARTBEAT);
    Ok(([(CACHE_CONTROL, "no-store")], Sse::new(rings).keep_alive(heartbeat)))
}
