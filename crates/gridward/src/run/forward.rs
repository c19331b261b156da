//! Commands to an intake in another process, over NATS: what is clicked on the pages of a projection that runs alone.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use bus::{AskError, Headers, Requests};
use domain::access::Right;
use web::{COMMAND_BYTES_MAX, Gate, Problem};

/// Longest wait: a little more than intake's own.
const ANSWER_WAIT: Duration = Duration::from_secs(6);

#[derive(Clone)]
struct Forward {
    gate: Gate,
    requests: Requests,
}

/// The route of single commands.
pub(crate) fn router(gate: Gate, requests: Requests) -> Router {
    Router::new().route("/api/v1/communities/{community}/commands", post(send)).with_state(Forward { gate, requests })
}

async fn send(State(forward): State<Forward>, Path(community): Path<String>, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    let scope = forward.gate.enter_for_change(&headers, &community, Right::See)?;
    if body.len() > COMMAND_BYTES_MAX {
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large"));
    }
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let subject = format!("gw.v1.{}.{}.command", scope.town(), scope.community());
    let asked = forward.requests.ask(&subject, Headers::default().with("Authorization", bearer), body, ANSWER_WAIT).await;
    let answer = asked.map_err(|error| match error {
        AskError::NobodyListens => Problem::unavailable("starting", 1),
        _ => Problem::unavailable("outcome_unknown", 1),
    })?;
    let status = answer.headers.get("Gridward-Status").and_then(|text| text.parse().ok()).unwrap_or(StatusCode::BAD_GATEWAY);
    let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
    Ok((status, [(header::CONTENT_TYPE, kind)], Body::from(answer.payload)).into_response())
}
