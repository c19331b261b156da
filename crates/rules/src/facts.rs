//! Facts by what they are kept under, mostly the event that told them: bounded, in no order of arrival, and easy to take back.

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

/// At most `MAX` facts, by the event that told them, or by the order or the alert that they are about, in that order. Nearly everybody has
/// none or one: a list takes what they take, and a map as much as eleven.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Facts<T, const MAX: usize, K: Ord = EventId>(Vec<(K, T)>);

impl<T, const MAX: usize, K: Ord> Default for Facts<T, MAX, K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Ranked, const MAX: usize, K: Ord + Clone> Facts<T, MAX, K> {
    /// Remembers a fact.
    pub(crate) fn insert(&mut self, id: K, fact: T) {
        match self.place_of(&id) {
            Ok(place) => self.0[place].1 = fact,
            Err(place) => self.put(place, (id, fact)),
        }
        self.bound();
    }

    /// Adds to what is known under an id.
    pub(crate) fn change(&mut self, id: &K, change: impl FnOnce(&mut T))
    where
        T: Default,
    {
        let place = self.place_of(id).unwrap_or_else(|place| {
            self.put(place, (id.clone(), T::default()));
            place
        });
        change(&mut self.0[place].1);
        self.bound();
    }

    fn put(&mut self, place: usize, fact: (K, T)) {
        self.0.reserve_exact(1);
        self.0.insert(place, fact);
    }

    fn place_of(&self, id: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(id))
    }

    fn bound(&mut self) {
        while self.0.len() > MAX {
            // of equal ones the lowest id: they stand in the order of their ids
            let lowest = (0..self.0.len()).min_by_key(|place| self.0[*place].1.rank());
            lowest.map(|place| self.0.remove(place));
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Every fact with its id.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &T)> {
        self.0.iter().map(|(id, fact)| (id, fact))
    }

    /// Every fact.
    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.iter().map(|(_, fact)| fact)
    }
}

impl<T, const MAX: usize> Facts<T, MAX> {
    /// Forgets what a command told.
    pub(crate) fn retract(&mut self, command: CommandId) {
        self.0.retain(|(id, _)| id.command != command);
    }
}

impl<T, const MAX: usize, K: Ord> Facts<T, MAX, (EventId, K)> {
    /// Forgets what a command told, of whatever it told it.
    pub(crate) fn retract_each(&mut self, command: CommandId) {
        self.0.retain(|((id, _), _)| id.command != command);
    }
}

/// The smallest of what was told, with the event that told it: the earliest release counts.
pub(crate) fn keep_earliest<T: Ord>(slot: &mut Option<T>, told: T) {
    if slot.as_ref().is_none_or(|known| told < *known) {
        *slot = Some(told);
    }
}
