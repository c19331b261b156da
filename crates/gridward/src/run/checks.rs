//! `/checks/{service}`: the stores of this process against a fresh fold of the log.

use std::{path::PathBuf, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, RawQuery, State},
    http::HeaderMap,
    routing::post,
};
use store::Comparison;
use tokio::sync::Mutex;
use web::{Gate, Problem, no_parameters};

use super::services::Services;

/// The services whose stores are folds.
pub(crate) const SERVICES: [&str; 3] = ["projection", "intake", "alerting"];

/// What checking needs.
pub(crate) struct Checks {
    pub(crate) gate: Gate,
    pub(crate) services: Arc<Services>,
    /// A folder for stores of the checks' own; one check at a time.
    pub(crate) scratch: Mutex<PathBuf>,
}

/// The route.
pub(crate) fn router(checks: Arc<Checks>) -> Router {
    Router::new().route("/api/v1/checks/{service}", post(check)).with_state(checks)
}

async fn check(State(checks): State<Arc<Checks>>, Path(service): Path<String>, headers: HeaderMap, query: RawQuery) -> Result<Json<Comparison>, Problem> {
    checks.gate.operator_for_change(&headers)?;
    no_parameters(&query)?;
    // the name is one of ours before it becomes part of a path
    let Some(name) = SERVICES.into_iter().find(|known| *known == service) else { return Err(Problem::not_found()) };
    let Ok(scratch) = checks.scratch.try_lock() else { return Err(Problem::too_many(5)) };
    let folder = scratch.join(name);
    // what an earlier check may have left
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(failed)?;
    }
    let services = &checks.services;
    let found = match (name, &services.projection, &services.intake, &services.alerting) {
        ("projection", Some(projection), _, _) => projection.check(&folder).await.map_err(|error| failed(anyhow::Error::from(error)))?,
        ("intake", _, Some(intake), _) => intake.check(&folder).await.map_err(failed)?,
        ("alerting", _, _, Some(alerting)) => alerting.check(&folder).await.map_err(failed)?,
        _ => return Err(Problem::not_found()),
    };
    std::fs::remove_dir_all(&folder).map_err(failed)?;
    Ok(Json(found))
}

fn failed(error: impl std::fmt::Display) -> Problem {
    // with what caused it: nobody else is told
    tracing::warn!(error = %format_args!("{error:#}"), "a check was not made");
    Problem::unavailable("check_failed", 5).with_detail("the check could not be made just now; why stands in the log of this program")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_inside_is_not_told_outside() {
        let told = serde_json::to_string(&failed("permission denied: /var/lib/gridward/stores")).unwrap();
        assert!(told.contains("check_failed") && told.contains("the log of this program") && !told.contains("/var/lib"), "{told}");
    }
}
