//! Doors that somebody is not to go up to. What they believe is kept beside what holds, and they are told the difference: which doors there is a reason for
//! now, and at which there is none left. No reason is told, nor how many there are. Whoever is not to go up in a building at all is told nothing of its
//! doors besides.

use std::collections::{BTreeMap, BTreeSet};

use domain::values::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    GROUP_WAIT_MS,
    message::{Message, Title},
    pile::{ITEMS_MAX, Pile, short},
};

/// Most doors that there may be reasons for at once; of those beyond nobody is told.
const DOORS_MAX: usize = 1_000;

/// The doors of a receiver, each by what it is called.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Avoided {
    /// Those that there is a reason for, with the alerts that are reasons.
    reasons: BTreeMap<String, (Door, BTreeSet<String>)>,
    /// Where people were told to stay away, and not yet that it is over.
    told: BTreeSet<String>,
    /// What came since they were told last.
    changed: BTreeMap<String, Change>,
    /// When the first of that came.
    since: Option<Timestamp>,
}

/// A door, or all of a building.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Door {
    title: Title,
    building: Option<String>,
    is_building: bool,
}

/// What came of a door.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Change {
    door: Door,
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

impl Door {
    fn of(message: &Message) -> Self {
        Self { title: short(&message.place), building: message.building.clone(), is_building: message.is_of_building }
    }
}

impl Avoided {
    /// An alert is a reason from now on, or none any more; whether that changes anything.
    pub(crate) fn hear(&mut self, message: &Message, is_reason: bool, now: Timestamp) -> bool {
        let (alert, name) = (&message.alert, &message.place.zh_cn);
        let changes = if is_reason {
            let has_room = self.reasons.len() < DOORS_MAX || self.reasons.contains_key(name);
            has_room && self.reasons.entry(name.clone()).or_insert_with(|| (Door::of(message), BTreeSet::new())).1.insert(alert.clone())
        } else {
            self.reasons.get_mut(name).is_some_and(|(_, alerts)| alerts.remove(alert))
        };
        self.reasons.retain(|_, (_, alerts)| !alerts.is_empty());
        // a second reason, and the first of two that is gone, are nothing to whoever stays away
        let holds = self.reasons.contains_key(name);
        if !changes || (holds == self.told.contains(name) && !self.changed.contains_key(name)) {
            return false;
        }
        self.change(name.clone(), Door::of(message), message).messages += 1;
        if message.is_of_building && !holds {
            self.uncover(message.building.as_deref(), message);
        }
        self.since.get_or_insert(now);
        true
    }

    fn change(&mut self, name: String, door: Door, message: &Message) -> &mut Change {
        let change = self.changed.entry(name).or_insert(Change { door, messages: 0, at: message.at, exercise: false });
        (change.at, change.exercise) = (message.at, change.exercise | message.exercise);
        change
    }

    /// A building is none to stay away from any more: of its doors that are, they may not have been told.
    fn uncover(&mut self, building: Option<&str>, message: &Message) {
        let untold = |(name, (door, _)): &(&String, &(Door, _))| door.building.as_deref() == building && !self.told.contains(*name);
        let doors: Vec<_> = self.reasons.iter().filter(untold).map(|(name, (door, _))| (name.clone(), door.clone())).collect();
        for (name, door) in doors {
            self.change(name, door, message);
        }
    }

    /// Whether it is a door of a building that they are to stay away from.
    fn is_covered(&self, door: &Door) -> bool {
        let covers = |other: &Door| other.is_building && other.building == door.building;
        !door.is_building && door.building.is_some() && self.reasons.values().any(|(other, _)| covers(other))
    }

    /// An alert is theirs no more, or lies elsewhere: they are told nothing of it. How many messages come to nothing by that.
    pub(crate) fn leave(&mut self, message: &Message, except: Option<&str>, now: Timestamp) -> u64 {
        let alert = &message.alert;
        let left = |(name, (_, alerts)): &(&String, &(Door, BTreeSet<String>))| Some(name.as_str()) != except && alerts.contains(alert);
        let Some(name) = self.reasons.iter().find(left).map(|(name, _)| name.clone()) else { return 0 };
        if self.reasons.get_mut(&name).is_some_and(|(_, alerts)| alerts.remove(alert) && !alerts.is_empty()) {
            return 0;
        }
        self.told.remove(&name);
        if let Some((door, _)) = self.reasons.remove(&name).filter(|(door, _)| door.is_building) {
            self.uncover(door.building.as_deref(), message);
            self.since.get_or_insert(now);
        }
        self.changed.remove(&name).map_or(0, |change| change.messages)
    }

    /// What people are to be told, once it has waited for more for long enough: as many doors as a text lists, for each is named. The others are due, too.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<Difference> {
        let since = self.since.take_if(|since| since.plus_ms(GROUP_WAIT_MS) <= now)?;
        let (mut pile, mut unneeded) = (Pile::new(since), 0);
        while pile.items.len() < ITEMS_MAX
            && let Some((name, Change { door, messages, at, exercise })) = self.changed.pop_first()
        {
            let (holds, is_covered) = (self.reasons.contains_key(&name), self.is_covered(&door));
            let changes = if holds { !is_covered && self.told.insert(name.clone()) } else { self.told.remove(&name) && !is_covered };
            if changes {
                pile.exercise |= exercise;
                pile.add_door((name, door.title), messages, at, !holds);
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
