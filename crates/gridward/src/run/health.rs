//! `/livez`, `/readyz`, `/startupz`, `/metrics`: the same for every process.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// A service's name and why it is not ready, if it is not.
pub(crate) type Check = (&'static str, Arc<dyn Fn() -> Option<String> + Send + Sync>);

#[derive(Clone)]
struct Health {
    checks: Arc<Vec<Check>>,
    metrics: Option<PrometheusHandle>,
}

/// The one recorder of this process. Called before services start, so that it misses nothing.
pub(crate) fn recorder() -> Option<PrometheusHandle> {
    static RECORDER: std::sync::OnceLock<Option<PrometheusHandle>> = std::sync::OnceLock::new();
    RECORDER.get_or_init(|| PrometheusBuilder::new().install_recorder().ok()).clone()
}

/// The health of these services.
pub(crate) fn router(checks: Vec<Check>) -> Router {
    let health = Health { checks: Arc::new(checks), metrics: recorder() };
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/startupz", get(ready))
        .route("/metrics", get(metrics_text))
        .with_state(health)
}

async fn ready(State(health): State<Health>) -> impl IntoResponse {
    let states: serde_json::Map<String, serde_json::Value> =
        health.checks.iter().map(|(name, why_not)| ((*name).to_owned(), why_not().map_or_else(|| "ready".into(), Into::into))).collect();
    let all_ready = states.values().all(|state| state == "ready");
    let status = if all_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(serde_json::json!({ "ready": all_ready, "services": states })))
}

async fn metrics_text(State(health): State<Health>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], health.metrics.map(|metrics| metrics.render()).unwrap_or_default())
}
