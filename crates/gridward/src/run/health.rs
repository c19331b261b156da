//! `/livez`, `/readyz`, `/startupz`, `/metrics`: the same for every process.

use std::{collections::BTreeMap, sync::Arc};

use alerting::DeliveryReport;
use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use bus::Lag;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use store::ParkedList;

/// What is asked of a service.
type Ask<T> = Arc<dyn Fn() -> T + Send + Sync>;

/// How a service is doing.
pub(crate) struct Check {
    name: &'static str,
    /// Why it is not ready, if it is not.
    why_not: Ask<Option<String>>,
    /// What it set aside, if it is one that does.
    parked: Option<Ask<ParkedList>>,
    /// How far it is behind the log, if it folds it.
    lag: Option<Ask<Lag>>,
}

impl Check {
    /// Of what is ready or not.
    pub(crate) fn new(name: &'static str, why_not: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        Self { name, why_not: Arc::new(why_not), parked: None, lag: None }
    }

    /// The same, of what sets commits aside that it cannot read.
    pub(crate) fn with_parked(self, parked: impl Fn() -> ParkedList + Send + Sync + 'static) -> Self {
        Self { parked: Some(Arc::new(parked)), ..self }
    }

    /// The same, of what folds the log.
    pub(crate) fn with_lag(self, lag: impl Fn() -> Lag + Send + Sync + 'static) -> Self {
        Self { lag: Some(Arc::new(lag)), ..self }
    }
}

#[derive(Clone)]
struct Health {
    checks: Arc<Vec<Check>>,
    deliveries: Option<DeliveryReport>,
    metrics: Option<PrometheusHandle>,
}

/// The one recorder of this process. Called before services start, so that it misses nothing.
pub(crate) fn recorder() -> Option<PrometheusHandle> {
    static RECORDER: std::sync::OnceLock<Option<PrometheusHandle>> = std::sync::OnceLock::new();
    RECORDER.get_or_init(|| PrometheusBuilder::new().install_recorder().ok()).clone()
}

/// The health of these services and deliveries.
pub(crate) fn router(checks: Vec<Check>, deliveries: Option<DeliveryReport>) -> Router {
    let health = Health { checks: Arc::new(checks), deliveries, metrics: recorder() };
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/startupz", get(ready))
        .route("/metrics", get(metrics_text))
        .with_state(health)
}

async fn ready(State(health): State<Health>) -> impl IntoResponse {
    answer(&health.checks, health.deliveries.as_ref())
}

fn answer(checks: &[Check], deliveries: Option<&DeliveryReport>) -> (StatusCode, Json<serde_json::Value>) {
    let states: serde_json::Map<String, serde_json::Value> =
        checks.iter().map(|check| (check.name.to_owned(), (check.why_not)().map_or_else(|| "ready".into(), Into::into))).collect();
    // whoever set something aside goes on and is ready; that something is missing must be seen all the same
    let parked: BTreeMap<&str, ParkedList> = checks.iter().filter_map(|check| Some((check.name, check.parked.as_ref()?()))).collect();
    // who has stopped is behind, and who is behind is ready: only the numbers tell how far
    let behind = |lag: Lag| serde_json::json!({ "commits": lag.commits, "seconds": lag.seconds() });
    let lag: BTreeMap<&str, _> = checks.iter().filter_map(|check| Some((check.name, behind(check.lag.as_ref()?())))).collect();
    let all_ready = states.values().all(|state| state == "ready");
    let status = if all_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut body = serde_json::json!({ "ready": all_ready, "services": states, "lag": lag, "parked": parked });
    // a receiver that is away is no fault of ours, and must be seen all the same
    if let Some(deliveries) = deliveries {
        body["deliveries"] = serde_json::to_value(deliveries.statuses()).unwrap_or_default();
    }
    (status, Json(body))
}

async fn metrics_text(State(health): State<Health>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], health.metrics.map(|metrics| metrics.render()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use store::Parked;

    use super::*;

    #[test]
    fn whoever_set_a_commit_aside_or_is_behind_is_ready_and_says_so() {
        let parked = || {
            let mut list = ParkedList::default();
            list.add(Parked { sequence: 5, reason: "commit is damaged: checksum".to_owned() });
            list
        };
        let alerting = Check::new("alerting", || None).with_parked(parked).with_lag(|| Lag { commits: 7, age_ms: 1_500 });
        let mut checks = vec![Check::new("intake", || None), alerting];
        let expected = |ready: bool, intake: &str| {
            let alerting = serde_json::json!({"parked": 1, "parked_last": [{"sequence": 5, "reason": "commit is damaged: checksum"}]});
            let lag = serde_json::json!({"alerting": {"commits": 7, "seconds": 1.5}});
            serde_json::json!({"ready": ready, "services": {"intake": intake, "alerting": "ready"}, "lag": lag, "parked": {"alerting": alerting}})
        };
        let (status, Json(body)) = answer(&checks, None);
        assert_eq!((status, body), (StatusCode::OK, expected(true, "ready")));
        checks[0] = Check::new("intake", || Some("reading the log".to_owned()));
        let (status, Json(body)) = answer(&checks, None);
        assert_eq!((status, body), (StatusCode::SERVICE_UNAVAILABLE, expected(false, "reading the log")));
    }
}
