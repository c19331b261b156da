//! What is known of everything one alert key has gone through.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{AlertId, Basis, Key, Occurrence, Severity};
use crate::values::{Slug, Timestamp};

/// Most causes remembered per alert, and of the alerts before it. An alert that outlives so many is known well enough to somebody.
pub const CAUSES_MAX: usize = 512;

/// Where an alert stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Status {
    /// Nobody has it.
    Open,
    /// Somebody has it.
    Acknowledged {
        /// Who.
        actor: Slug,
        /// Since when.
        at: Timestamp,
        /// Until when.
        until: Option<Timestamp>,
    },
    /// It is over.
    Resolved {
        /// Since when, by our clock.
        at: Timestamp,
        /// Somebody said so.
        by_hand: bool,
    },
    /// It is not followed up.
    Closed,
}

/// What is known of an alert key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The latest alert of this key.
    pub alert: AlertId,
    /// What it is about.
    pub key: Key,
    /// Where it stands.
    pub status: Status,
    /// Gapless per alert.
    pub n: u32,
    /// Counts the times it was opened.
    pub episode: u32,
    /// The worst of this episode: it never goes down.
    pub severity_peak: Severity,
    /// Every cause of this alert so far.
    pub causes: BTreeSet<String>,
    /// Causes of the alerts of this key before it.
    pub past_causes: BTreeSet<String>,
    /// What the last judgement rested on.
    pub basis: Basis,
    /// How things were last.
    pub occurrence: Occurrence,
}

impl State {
    /// Open or acknowledged.
    pub fn is_active(&self) -> bool {
        matches!(self.status, Status::Open | Status::Acknowledged { .. })
    }

    /// Somebody said that it is over.
    pub fn ended_by_hand(&self) -> bool {
        matches!(self.status, Status::Closed | Status::Resolved { by_hand: true, .. })
    }

    /// One word for where it stands at a time: what somebody had until then is open again, for nobody has it (alerting.md).
    pub fn word_at(&self, now: Timestamp) -> &'static str {
        match self.status {
            Status::Acknowledged { until: Some(until), .. } if until <= now => "open",
            _ => self.status_word(),
        }
    }

    /// One word for its status, as it was last told.
    pub fn status_word(&self) -> &'static str {
        match self.status {
            Status::Open => "open",
            Status::Acknowledged { .. } => "acknowledged",
            Status::Resolved { .. } => "resolved",
            Status::Closed => "closed",
        }
    }
}
