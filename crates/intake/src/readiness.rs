//! How intake is doing, in words, for readiness and for the operator.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::values::Timestamp;

/// How intake is doing. A clone tells of the same one.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<Reasons>>);

#[derive(Debug, Default)]
struct Reasons {
    /// Why nobody may enter yet, or any more.
    closed: Option<String>,
    /// What the writer waits for, and since when: whoever sends meanwhile is told that the outcome is unknown.
    held_up: Option<(&'static str, Timestamp)>,
}

impl Readiness {
    pub(crate) fn waiting(&self, why: impl Into<String>) {
        *self.reasons() = Reasons { closed: Some(why.into()), held_up: None };
    }

    pub(crate) fn ready(&self) {
        self.reasons().closed = None;
    }

    /// The writer cannot go on, for the same reason as before or for another one.
    pub(crate) fn held_up(&self, why: &'static str, now: Timestamp) {
        let mut reasons = self.reasons();
        if reasons.held_up.is_none_or(|(known, _)| known != why) {
            reasons.held_up = Some((why, now));
        }
    }

    /// It did.
    pub(crate) fn goes_on(&self) {
        self.reasons().held_up = None;
    }

    /// Why it is not ready; nothing when it is.
    pub fn why_not(&self) -> Option<String> {
        let reasons = self.reasons();
        reasons.held_up.map(|(why, since)| format!("{why} (since {since})")).or_else(|| reasons.closed.clone())
    }

    fn reasons(&self) -> MutexGuard<'_, Reasons> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
