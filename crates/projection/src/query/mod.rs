//! The HTTP door: everything that is read (contracts.md). One place decides who may enter, what a parameter means and what is masked.

mod answer;
mod export;
mod operate;
mod params;
mod places;
mod registers;
mod stream;

use std::{path::Path, sync::Arc, time::Duration};

use axum::{Router, extract::RawQuery, http::HeaderMap, routing::get};
use bus::EventLog;
use domain::access::{Right, Scope};
use store::{Comparison, Store};
use tokio::sync::Semaphore;
use web::{Params, Problem};

use crate::{
    check::{CheckError, check_running},
    live::Live,
    opener::{OpenError, Opener},
    reader::{ReadError, Reader},
};
use params::{AFTER, after};

/// How long a read waits for the commit named by `after`.
pub const AFTER_WAIT_MAX: Duration = Duration::from_secs(2);
/// Most requests with an unknown token that wait at once; whoever guesses tokens keeps nobody else waiting.
const STRANGERS_AT_ONCE_MAX: usize = 16;
/// Seconds after which the same read is worth trying again.
const RETRY_AFTER_S: u32 = 1;

/// What every handler needs. A clone is the same.
#[derive(Clone)]
pub(crate) struct Query {
    live: Arc<Live>,
    reader: Reader,
    opener: Opener,
    log: EventLog,
    store: Store,
    /// Room for requests with an unknown token.
    strangers: Arc<Semaphore>,
}

/// A request that was let in.
struct Asked {
    scope: Scope,
    params: Params,
}

impl Query {
    pub(crate) fn new(live: Arc<Live>, reader: Reader, opener: Opener, log: EventLog, store: Store) -> Self {
        Self { live, reader, opener, log, store, strangers: Arc::new(Semaphore::new(STRANGERS_AT_ONCE_MAX)) }
    }

    /// Folds the whole log anew in a folder and compares, while the projection runs.
    pub(crate) async fn check(&self, folder: &Path) -> Result<Comparison, CheckError> {
        check_running(&self.live, &self.log, &self.store, folder).await
    }

    pub(crate) fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Lets a request in: who, with which right; which parameters, none but `known` and `after`; and not before the rows hold what it has seen.
    async fn ask(&self, headers: &HeaderMap, community: &str, right: Right, query: &RawQuery, known: &[&str]) -> Result<Asked, Problem> {
        let scope = self.live.gate.enter(headers, community, right)?;
        let params = Params::parse(query, &[known, &[AFTER]].concat())?;
        self.wait_for(&params).await?;
        Ok(Asked { scope, params })
    }

    async fn wait_for(&self, params: &Params) -> Result<(), Problem> {
        match after(params)? {
            Some(after) if !self.live.reached(after, AFTER_WAIT_MAX).await => Err(Problem::unavailable("not_yet", RETRY_AFTER_S)),
            _ => Ok(()),
        }
    }

    /// Waits until what is on the log now is folded, but not for ever, and not when too many wait already.
    pub(crate) async fn reach_head(self) {
        let Ok(_room) = self.strangers.try_acquire() else { return };
        let reached = async {
            if let Ok(head) = self.log.head().await {
                self.live.reached(head.last_sequence, AFTER_WAIT_MAX).await;
            }
        };
        // what was not reached in time is judged by what is known
        let _in_time = tokio::time::timeout(AFTER_WAIT_MAX, reached).await;
    }

    /// Asks the reader off the runtime's threads.
    async fn read<T: Send + 'static>(&self, read: impl FnOnce(&Reader) -> Result<T, ReadError> + Send + 'static) -> Result<T, Problem> {
        let reader = self.reader.clone();
        let answer = tokio::task::spawn_blocking(move || read(&reader)).await;
        answer.map_err(|_| Problem::unavailable("starting", RETRY_AFTER_S))?.map_err(Problem::from)
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotFound => Self::not_found(),
            ReadError::Cursor => Self::bad_request("?cursor", "cursor_malformed", "use what was handed out as `next` of the same list"),
            ReadError::Store(error) => {
                tracing::warn!(%error, "rows cannot be read");
                Self::unavailable("starting", RETRY_AFTER_S)
            }
        }
    }
}

impl From<OpenError> for Problem {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Away => Self::unavailable("keys_away", RETRY_AFTER_S),
            OpenError::NotRecorded => Self::unavailable("reading_not_recorded", RETRY_AFTER_S),
        }
    }
}

/// The routes of the door, under `/api/v1`.
pub(crate) fn router(query: Query) -> Router {
    let community = Router::new()
        .route("/buildings", get(places::buildings))
        .route("/buildings/{building}", get(places::building))
        .route("/households/{household}", get(registers::household))
        .route("/people", get(registers::people))
        .route("/people/{person}", get(registers::person))
        .route("/quarantines", get(registers::quarantines))
        .route("/quarantines/{quarantine}", get(registers::quarantine))
        .route("/alerts", get(registers::alerts))
        .route("/alerts/{alert}", get(registers::alert))
        .route("/checkpoints", get(places::checkpoints))
        .route("/silences", get(registers::silences))
        .route("/staff", get(registers::staff))
        .route("/duties", get(registers::duties))
        .route("/coverage", get(places::coverage))
        .route("/timeline", get(registers::timeline))
        .route("/stream", get(stream::stream))
        .route("/events", get(export::events));
    Router::new()
        .route("/api/v1/communities", get(places::communities))
        .route("/api/v1/communities/{community}", get(places::community))
        .nest("/api/v1/communities/{community}", community)
        .route("/api/v1/status", get(operate::status))
        .route("/api/v1/verify", get(operate::verify))
        .with_state(query)
}
