//! Facts by the event that told them, as many as are worth keeping.

use std::{cmp::Ordering, collections::BTreeMap};

use domain::values::{CommandId, EventId, Timestamp};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};

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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    left.at().cmp(&right.at()).then_with(|| left.badness().cmp(&right.badness()))
}

impl<T: Serialize, const MAX: usize> Serialize for Newest<T, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(id, fact)| (IdBytes(*id), fact)))
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Newest<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let facts = BTreeMap::<IdBytes, T>::deserialize(deserializer)?;
        Ok(Self(facts.into_iter().map(|(IdBytes(id), fact)| (id, fact)).collect()))
    }
}

/// An id that is written by a copy: a row holds dozens, and is written at every fact.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct IdBytes(EventId);

impl Serialize for IdBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0.to_bytes())
    }
}

impl<'de> Deserialize<'de> for IdBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(IdVisitor)
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = IdBytes;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the bytes of an event's id")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<IdBytes, E> {
        bytes.try_into().map(|bytes| IdBytes(EventId::from_bytes(bytes))).map_err(E::custom)
    }
}

impl Ranked for Timestamp {
    fn at(&self) -> Timestamp {
        *self
    }
}
