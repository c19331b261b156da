//! For the operator: how the projection is doing, and whether log and rows are sound.

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use serde::Serialize;
use store::ParkedList;
use web::{Problem, no_parameters};

use super::{Query, answer::one};
use crate::{
    check::{self, CheckError},
    live::Phase,
    service::chain,
};

/// How the projection is doing.
#[derive(Serialize)]
struct StatusAnswer {
    service: &'static str,
    ready: bool,
    #[serde(flatten)]
    phase: Phase,
    /// Sequence of the last commit that reads show.
    sequence: u64,
    /// Sequence of the last commit of the log; nothing when it cannot be reached.
    head: Option<u64>,
    /// How many are still to come.
    lag: Option<u64>,
    #[serde(flatten)]
    parked: ParkedList,
    store: StoreAnswer,
}

#[derive(Default, Serialize)]
struct StoreAnswer {
    rows_dirty: usize,
    bytes_dirty: usize,
    disk_bytes: u64,
    last_write_ms: u64,
}

/// `GET /status`.
pub(super) async fn status(State(query): State<Query>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    query.live.gate.operator(&headers)?;
    no_parameters(&raw)?;
    let head = query.log.head().await.ok().map(|head| head.last_sequence);
    let store = query.store.clone();
    let stats = tokio::task::spawn_blocking(move || store.stats()).await.ok().and_then(Result::ok);
    let (phase, sequence) = (query.live.phase(), query.live.sequence());
    let answer = StatusAnswer {
        service: "projection",
        ready: phase == Phase::Following,
        phase,
        sequence,
        head,
        lag: head.map(|head| head.saturating_sub(sequence)),
        parked: query.live.parked(),
        store: stats.map_or_else(StoreAnswer::default, |stats| StoreAnswer {
            rows_dirty: stats.rows_dirty,
            bytes_dirty: stats.bytes_dirty,
            disk_bytes: stats.disk_bytes,
            last_write_ms: stats.last_write_ms,
        }),
    };
    one(&answer, sequence)
}

/// `GET /verify`: reads the whole log.
pub(super) async fn verify(State(query): State<Query>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    query.live.gate.operator(&headers)?;
    no_parameters(&raw)?;
    let report = check::verify(&query.log).await.map_err(|error| problem(&error))?;
    one(&report, report.sequence)
}

fn problem(error: &CheckError) -> Problem {
    tracing::warn!(error = %chain(error), "a check was not made");
    // what was found is told; what a library said of it stands in the log
    let found = match error {
        CheckError::Diverged(_) => "the log is another one than the rows know",
        CheckError::Log(_) => "the log cannot be read",
        CheckError::Fold(_) => "the log cannot be folded",
        CheckError::Store(_) => "a store failed",
        CheckError::Interrupted => "the check was interrupted",
    };
    Problem::unavailable("check_failed", 5).with_detail(format!("{found}; why stands in the log of this program"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_inside_is_not_told_outside() {
        for (error, found) in [
            (CheckError::Log("no route to 10.1.2.3".to_owned()), "the log cannot be read"),
            (CheckError::Diverged("stream 10.1.2.3".to_owned()), "another one"),
        ] {
            let told = serde_json::to_string(&problem(&error)).unwrap();
            assert!(told.contains("check_failed") && told.contains(found) && !told.contains("10.1.2.3"), "{told}");
        }
    }
}
