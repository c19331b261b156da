//! What is known of a silence.

use serde::{Deserialize, Serialize};

use crate::values::{BuildingId, Slug, Timestamp};

/// What is known of a silence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The kind of alerts; every kind when absent.
    pub kind: Option<Slug>,
    /// The building; every building when absent.
    pub building: Option<BuildingId>,
    /// Since when, by our clock.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// When it was ended by hand.
    pub ended_at: Option<Timestamp>,
}

impl State {
    /// Whether it holds at a time, that before an end by hand included.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.since <= now && now < self.over_at()
    }

    /// When it is over, as far as is known: at its time, or when somebody ended it before.
    pub fn over_at(&self) -> Timestamp {
        self.ended_at.map_or(self.until, |ended| ended.min(self.until))
    }

    /// Whether it is about alerts of a kind in a building.
    pub fn is_about(&self, kind: &Slug, building: Option<&BuildingId>) -> bool {
        self.kind.as_ref().is_none_or(|silenced| silenced == kind) && self.building.as_ref().is_none_or(|silenced| building == Some(silenced))
    }
}
