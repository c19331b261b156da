//! Facts by what they are kept under, mostly the event that told them: bounded, in no order of arrival, and easy to take back.

use std::collections::BTreeMap;

use domain::values::{CommandId, EventId, Timestamp};
use serde::{Deserialize, Serialize};

/// Minutes between an event and its record beyond which what it says counts as recorded late.
pub(crate) const LATE_AFTER_MINUTES: i64 = 60;
/// What a fact takes of memory, usually.
pub(crate) const FACT_BYTES: usize = 300;

/// Whether something was recorded long after it had happened.
pub(crate) fn recorded_late(at: Timestamp, recorded_at: Timestamp) -> bool {
    recorded_at > at.plus_minutes(LATE_AFTER_MINUTES)
}

/// Which fact goes first when there are too many: the one with the lowest rank, then the lowest id. A total order, so what is
/// kept does not depend on the order of arrival.
pub(crate) trait Ranked {
    /// What is compared.
    type Rank: Ord;

    /// The higher, the longer it is kept.
    fn rank(&self) -> Self::Rank;
}

impl Ranked for Timestamp {
    type Rank = Self;

    fn rank(&self) -> Self {
        *self
    }
}

/// At most `MAX` facts, by the event that told them, or by the order or the alert that they are about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Facts<T, const MAX: usize, K: Ord = EventId>(BTreeMap<K, T>);

impl<T, const MAX: usize, K: Ord> Default for Facts<T, MAX, K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ranked, const MAX: usize, K: Ord + Clone> Facts<T, MAX, K> {
    /// Remembers a fact.
    pub(crate) fn insert(&mut self, id: K, fact: T) {
        self.0.insert(id, fact);
        self.bound();
    }

    /// Adds to what is known under an id.
    pub(crate) fn change(&mut self, id: &K, change: impl FnOnce(&mut T))
    where
        T: Default,
    {
        change(self.0.entry(id.clone()).or_default());
        self.bound();
    }

    fn bound(&mut self) {
        while self.0.len() > MAX {
            let lowest = self.0.iter().min_by_key(|(id, fact)| (fact.rank(), (*id).clone())).map(|(id, _)| id.clone());
            lowest.and_then(|id| self.0.remove(&id));
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Every fact with its id.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &T)> {
        self.0.iter()
    }

    /// Every fact.
    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.values()
    }
}

impl<T, const MAX: usize> Facts<T, MAX> {
    /// Forgets what a command told.
    pub(crate) fn retract(&mut self, command: CommandId) {
        self.0.retain(|id, _| id.command != command);
    }
}

/// The smallest of what was told, with the event that told it: the earliest release counts.
pub(crate) fn keep_earliest<T: Ord>(slot: &mut Option<T>, told: T) {
    if slot.as_ref().is_none_or(|known| told < *known) {
        *slot = Some(told);
    }
}
