//! What is known of everything one alert key has gone through.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{AlertId, Basis, FEVER, Key, Occurrence, Severity, Turn, level_of};
use crate::{
    commit::Role,
    values::{BuildingId, Slug, Timestamp},
};

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
        /// In which role: says which levels that stops.
        role: Role,
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

/// Its rule is quiet, and it is not over yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovering {
    /// Since when, by our clock.
    pub since: Timestamp,
    /// When it is over, if nothing comes between.
    pub until: Timestamp,
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
    /// It is recovering: whoever has it has it still, and nobody else is asked to take it.
    pub recovering: Option<Recovering>,
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
    /// Whose turn it is.
    pub turn: Turn,
}

impl State {
    /// Open or acknowledged, be it recovering or not.
    pub fn is_active(&self) -> bool {
        matches!(self.status, Status::Open | Status::Acknowledged { .. })
    }

    /// Whether somebody must see to it: it is neither recovering nor over.
    pub fn needs_somebody(&self) -> bool {
        self.is_active() && self.recovering.is_none()
    }

    /// Somebody said that it is over.
    pub fn ended_by_hand(&self) -> bool {
        matches!(self.status, Status::Closed | Status::Resolved { by_hand: true, .. })
    }

    /// The building in whose cluster it may be counted: that of a fever that is confirmed.
    pub fn building_of_cluster(&self) -> Option<&BuildingId> {
        self.occurrence.place.building.as_ref().filter(|_| self.key.rule.as_str() == FEVER && !self.occurrence.unconfirmed)
    }

    /// Whether it rests on one of these causes: a cluster that has them counts it.
    pub fn has_cause_in(&self, causes: &[String]) -> bool {
        self.occurrence.causes.iter().any(|cause| causes.contains(cause))
    }

    /// The level that an acknowledgement stops at a time, with those above; none when nobody has it.
    pub fn stopped_from(&self, now: Timestamp) -> Option<u8> {
        match self.status {
            Status::Acknowledged { role, until, .. } if until.is_none_or(|until| now < until) => Some(level_of(role)),
            Status::Open | Status::Acknowledged { .. } | Status::Resolved { .. } | Status::Closed => None,
        }
    }

    /// When it goes up next, if nothing happens: not before the time is over until which somebody has it.
    pub fn goes_up_at(&self, now: Timestamp) -> Option<Timestamp> {
        let due_at = self.turn.due_at.filter(|_| self.needs_somebody())?;
        let next = self.turn.level().unwrap_or_default() + 1;
        match self.status {
            Status::Acknowledged { until, .. } if self.stopped_from(now).is_some_and(|from| from <= next) => until.map(|until| until.max(due_at)),
            _ => Some(due_at),
        }
    }

    /// Until when somebody had it, where that time is over.
    pub fn expired_at(&self, now: Timestamp) -> Option<Timestamp> {
        match self.status {
            Status::Acknowledged { until, .. } => until.filter(|until| *until <= now),
            Status::Open | Status::Resolved { .. } | Status::Closed => None,
        }
    }

    /// Since when nobody has it, where nobody has and it is not recovering: since its episode was opened, or since whoever had it has it no more.
    pub fn free_since(&self, now: Timestamp) -> Option<Timestamp> {
        let Turn { opened_at, critical_since, seen, freed_at, .. } = &self.turn;
        match self.status {
            _ if self.recovering.is_some() => None,
            Status::Open => {
                // somebody had it who can only see it since it became critical
                let worsened_at = critical_since.filter(|since| seen.as_ref().is_some_and(|seen| seen.at < *since));
                [Some(*opened_at), *freed_at, worsened_at].into_iter().flatten().max()
            }
            Status::Acknowledged { .. } => self.expired_at(now),
            Status::Resolved { .. } | Status::Closed => None,
        }
    }

    /// One word for where it stands at a time: what somebody had until then is open again, for nobody has it (alerting.md).
    pub fn word_at(&self, now: Timestamp) -> &'static str {
        match self.status {
            Status::Acknowledged { until: Some(until), .. } if until <= now && self.recovering.is_none() => "open",
            _ => self.status_word(),
        }
    }

    /// One word for its status, as it was last told.
    pub fn status_word(&self) -> &'static str {
        match self.status {
            Status::Open | Status::Acknowledged { .. } if self.recovering.is_some() => "recovering",
            Status::Open => "open",
            Status::Acknowledged { .. } => "acknowledged",
            Status::Resolved { .. } => "resolved",
            Status::Closed => "closed",
        }
    }
}
