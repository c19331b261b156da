//! Facts by the event that told them, as many as are worth keeping.

use std::{cmp::Ordering, collections::BTreeMap};

use domain::values::{CommandId, EventId, Timestamp};
use serde::{Deserialize, Serialize};

/// A fact that can be older or newer, better or worse than another.
pub trait Ranked {
    /// When it happened.
    fn at(&self) -> Timestamp;
    /// How bad it is: of two facts at one instant the worse one holds (contracts.md).
    fn badness(&self) -> i32 {
        0
    }
}

/// The newest `MAX` facts. Whatever the order in which they arrive, and however often, the same ones stay.
///
/// A fact that fell out is gone: taking back a newer one does not bring it back. That is the bound of "as if it never happened".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Newest<T, const MAX: usize>(BTreeMap<EventId, T>);

impl<T, const MAX: usize> Default for Newest<T, MAX> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ranked, const MAX: usize> Newest<T, MAX> {
    /// Takes in a fact.
    pub fn keep(&mut self, id: EventId, fact: T) {
        self.0.insert(id, fact);
        while self.0.len() > MAX {
            // the id only decides which of two equals falls out, the same one in every order of arrival
            let oldest = self.0.iter().min_by(|left, right| rank(left.1, right.1).then(left.0.cmp(right.0))).map(|(id, _)| *id);
            if let Some(id) = oldest {
                self.0.remove(&id);
            }
        }
    }

    /// Lets go of what a command told.
    pub fn take_back(&mut self, command: CommandId) {
        self.0.retain(|id, _| id.command != command);
    }

    /// The newest fact; of several at one instant the worst.
    pub fn latest(&self) -> Option<&T> {
        self.latest_of(|_| true)
    }

    /// The newest fact that fits; of several at one instant the worst.
    pub fn latest_of(&self, fits: impl Fn(&T) -> bool) -> Option<&T> {
        self.0.values().filter(|fact| fits(fact)).max_by(|left, right| rank(*left, *right))
    }

    /// All facts, newest first.
    pub fn newest_first(&self) -> Vec<(EventId, &T)> {
        let mut facts: Vec<_> = self.0.iter().map(|(id, fact)| (*id, fact)).collect();
        facts.sort_by(|left, right| rank(right.1, left.1).then(left.0.cmp(&right.0)));
        facts
    }

    /// All facts, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.values()
    }

    /// True when nothing was told.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn rank<T: Ranked>(left: &T, right: &T) -> Ordering {
    (left.at(), left.badness()).cmp(&(right.at(), right.badness()))
}

impl Ranked for Timestamp {
    fn at(&self) -> Timestamp {
        *self
    }
}
