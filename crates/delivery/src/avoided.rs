//! Doors that somebody is not to go up to. What they believe is kept beside what holds, and they are told the difference: which doors there is a reason for
//! now, and at which there is none left. No reason is told, nor how many there are. Whoever is not to go up in a building at all is told nothing of its
//! doors besides.

use std::collections::{BTreeMap, BTreeSet};

use domain::values::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    GROUP_WAIT_MS,
    message::{Message, Title},
    pile::{ITEMS_MAX, Pile, within},
};

/// Most places that there may be reasons for at once; of those beyond nobody is told.
const PLACES_MAX: usize = 1_000;
/// Longest name that is told, in bytes of UTF-8: as many places as a text lists fit into the shortest text that a robot takes.
const NAME_BYTES_MAX: usize = 120;

/// The doors of a receiver, and the buildings of which they are all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Avoided {
    /// Those that there is a reason for, with the alerts that are reasons.
    reasons: BTreeMap<String, (Place, BTreeSet<String>)>,
    /// Where people were told to stay away, and not yet that it is over.
    told: BTreeSet<String>,
    /// What came since they were told last.
    changed: BTreeMap<String, Change>,
    /// When the first of that came.
    since: Option<Timestamp>,
}

/// A door, or all of a building.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    name: Title,
    building: Option<String>,
    is_building: bool,
}

/// What came of a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Change {
    place: Place,
    messages: u64,
    /// When the last of it was recorded.
    at: Timestamp,
    exercise: bool,
}

/// What people are to be told.
pub(crate) struct Difference {
    /// Nothing, when it is as they believe.
    pub(crate) pile: Pile,
    /// Messages that come to nothing.
    pub(crate) unneeded: u64,
}

impl Place {
    fn of(message: &Message) -> Self {
        Self { name: within(&message.place_name, NAME_BYTES_MAX), building: message.building.clone(), is_building: message.is_of_building }
    }

    /// A building is no door of it, though both may be called the same.
    fn key(&self) -> String {
        let building = self.building.as_deref().unwrap_or("_");
        if self.is_building { building.to_owned() } else { format!("{building}/{}", self.name.zh_cn) }
    }
}

impl Avoided {
    /// An alert is a reason from now on, or none any more; whether that changes anything.
    pub(crate) fn hear(&mut self, message: &Message, is_reason: bool, now: Timestamp) -> bool {
        let (alert, place) = (&message.alert, Place::of(message));
        let key = place.key();
        let changes = if is_reason {
            let has_room = self.reasons.len() < PLACES_MAX || self.reasons.contains_key(&key);
            has_room && self.reasons.entry(key.clone()).or_insert_with(|| (place.clone(), BTreeSet::new())).1.insert(alert.clone())
        } else {
            self.reasons.get_mut(&key).is_some_and(|(_, alerts)| alerts.remove(alert))
        };
        self.reasons.retain(|_, (_, alerts)| !alerts.is_empty());
        // a second reason, and the first of two that is gone, are nothing to whoever stays away
        let holds = self.reasons.contains_key(&key);
        if !changes || (holds == self.told.contains(&key) && !self.changed.contains_key(&key)) {
            return false;
        }
        self.change(key, place, message).messages += 1;
        if message.is_of_building && !holds {
            self.uncover(message.building.as_deref(), message);
        }
        self.since.get_or_insert(now);
        true
    }

    fn change(&mut self, key: String, place: Place, message: &Message) -> &mut Change {
        let change = self.changed.entry(key).or_insert(Change { place, messages: 0, at: message.at, exercise: false });
        (change.at, change.exercise) = (message.at, change.exercise | message.exercise);
        change
    }

    /// A building is none to stay away from any more: of its doors that are, they may not have been told.
    fn uncover(&mut self, building: Option<&str>, message: &Message) {
        let untold = |(key, (door, _)): &(&String, &(Place, _))| door.building.as_deref() == building && !self.told.contains(*key);
        let doors: Vec<_> = self.reasons.iter().filter(untold).map(|(key, (door, _))| (key.clone(), door.clone())).collect();
        for (key, door) in doors {
            self.change(key, door, message);
        }
    }

    /// Whether it is a door of a building that they are to stay away from.
    fn is_covered(&self, door: &Place) -> bool {
        let covers = |other: &Place| other.is_building && other.building == door.building;
        !door.is_building && door.building.is_some() && self.reasons.values().any(|(other, _)| covers(other))
    }

    /// An alert is theirs no more, or lies elsewhere by now: they are told nothing of it. How many messages come to nothing by that.
    pub(crate) fn leave(&mut self, message: &Message, lies_here: bool, now: Timestamp) -> u64 {
        let here = lies_here.then(|| Place::of(message).key());
        let left = |(key, (_, alerts)): &(&String, &(Place, BTreeSet<String>))| here.as_ref() != Some(key) && alerts.contains(&message.alert);
        let Some(key) = self.reasons.iter().find(left).map(|(key, _)| key.clone()) else { return 0 };
        let Some((place, alerts)) = self.reasons.get_mut(&key) else { return 0 };
        alerts.remove(&message.alert);
        if !alerts.is_empty() {
            return 0;
        }
        let uncovered = place.is_building.then(|| place.building.clone());
        self.reasons.remove(&key);
        self.told.remove(&key);
        if let Some(building) = uncovered {
            self.uncover(building.as_deref(), message);
            self.since.get_or_insert(now);
        }
        self.changed.remove(&key).map_or(0, |change| change.messages)
    }

    /// What people are to be told, once it has waited for more for long enough: as many doors as a text lists, for each is named. The others are due, too.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<Difference> {
        let since = self.since.take_if(|since| since.plus_ms(GROUP_WAIT_MS) <= now)?;
        let (mut pile, mut unneeded) = (Pile::new(since), 0);
        while pile.items.len() < ITEMS_MAX
            && let Some((key, Change { place, messages, at, exercise })) = self.changed.pop_first()
        {
            let (holds, is_covered) = (self.reasons.contains_key(&key), self.is_covered(&place));
            let changes = if holds { !is_covered && self.told.insert(key.clone()) } else { self.told.remove(&key) && !is_covered };
            if changes {
                pile.exercise |= exercise;
                pile.add_door((key, place.name), messages, at, !holds);
            } else {
                unneeded += messages;
            }
        }
        self.since = (!self.changed.is_empty()).then_some(since);
        Some(Difference { pile, unneeded })
    }

    /// Messages that wait to be told.
    pub(crate) fn messages(&self) -> u64 {
        self.changed.values().map(|change| change.messages).sum()
    }
}
