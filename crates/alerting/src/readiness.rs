//! How the service is doing: what it waits for, what was set aside, how far it came.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bus::Lag;
use store::{Parked, ParkedList};

/// The part that folds and judges.
pub(crate) const JUDGING: &str = "judging";

/// How the service is doing, for readiness and for the operator.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    reasons: Arc<Mutex<BTreeMap<&'static str, String>>>,
    parked: Arc<Mutex<ParkedList>>,
    /// Sequence of the last commit that was folded.
    pub(crate) folded: Arc<AtomicU64>,
    lag: Arc<Mutex<Lag>>,
}

impl Readiness {
    pub(crate) fn waiting(&self, part: &'static str, why: impl Into<String>) {
        lock(&self.reasons).insert(part, why.into());
    }

    pub(crate) fn ready(&self, part: &'static str) {
        lock(&self.reasons).remove(part);
    }

    pub(crate) fn take_up(&self, parked: ParkedList) {
        *lock(&self.parked) = parked;
    }

    pub(crate) fn set_aside(&self, parked: Vec<Parked>) {
        parked.into_iter().for_each(|parked| lock(&self.parked).add(parked));
    }

    pub(crate) fn set_folded(&self, sequence: u64) {
        self.folded.store(sequence, Ordering::Relaxed);
        metrics::gauge!("gridward_alerting_sequence").set(sequence as f64);
    }

    pub(crate) fn set_lag(&self, lag: Lag) {
        metrics::gauge!("gridward_alerting_pending").set(lag.commits as f64);
        metrics::gauge!("gridward_alerting_lag_seconds").set(lag.seconds());
        *lock(&self.lag) = lag;
    }

    /// How far judging is behind the log, as it was a second ago at most while the log answers.
    pub fn lag(&self) -> Lag {
        *lock(&self.lag)
    }

    /// Whether all that the log tells is folded, as far as is known.
    pub(crate) fn is_judging(&self) -> bool {
        !lock(&self.reasons).contains_key(JUDGING)
    }

    /// What was set aside so far: it is judged without that.
    pub fn parked(&self) -> ParkedList {
        lock(&self.parked).clone()
    }

    /// Why it is not ready; nothing when it is.
    pub fn why_not(&self) -> Option<String> {
        let reasons = lock(&self.reasons);
        (!reasons.is_empty()).then(|| reasons.iter().map(|(part, why)| format!("{part}: {why}")).collect::<Vec<_>>().join("; "))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
