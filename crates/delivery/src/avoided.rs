//! Doors that somebody is not to go up to. What they believe is kept beside what holds, and they are told the difference: which doors there is a reason for
//! now, and at which there is none left. No reason is told, nor how many there are.

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
    /// The alerts that are reasons.
    reasons: BTreeMap<String, BTreeSet<String>>,
    /// Where people were told to stay away, and not yet that it is over.
    told: BTreeSet<String>,
    /// What came since they were told last.
    changed: BTreeMap<String, Change>,
    /// When the first of that came.
    since: Option<Timestamp>,
}

/// What came of a door.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Change {
    title: Title,
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

impl Avoided {
    /// An alert is a reason from now on, or none any more; whether that changes anything.
    pub(crate) fn hear(&mut self, message: &Message, is_reason: bool, now: Timestamp) -> bool {
        let Message { alert, place, .. } = message;
        let door = &place.zh_cn;
        let changes = if is_reason {
            let has_room = self.reasons.len() < DOORS_MAX || self.reasons.contains_key(door);
            has_room && self.reasons.entry(door.clone()).or_default().insert(alert.clone())
        } else {
            self.reasons.get_mut(door).is_some_and(|reasons| reasons.remove(alert))
        };
        self.reasons.retain(|_, reasons| !reasons.is_empty());
        // a second reason, and the first of two that is gone, are nothing to whoever stays away
        let holds = self.reasons.contains_key(door);
        if !changes || (holds == self.told.contains(door) && !self.changed.contains_key(door)) {
            return false;
        }
        let change = || Change { title: short(place), messages: 0, at: message.at, exercise: false };
        let change = self.changed.entry(door.clone()).or_insert_with(change);
        (change.messages, change.at, change.exercise) = (change.messages + 1, message.at, change.exercise | message.exercise);
        self.since.get_or_insert(now);
        true
    }

    /// An alert is theirs no more, or lies elsewhere: they are told nothing of it. How many messages come to nothing by that.
    pub(crate) fn leave(&mut self, alert: &str, except: Option<&str>) -> u64 {
        let left = |(door, reasons): &(&String, &BTreeSet<String>)| Some(door.as_str()) != except && reasons.contains(alert);
        let Some(door) = self.reasons.iter().find(left).map(|(door, _)| door.clone()) else { return 0 };
        let others = self.reasons.get_mut(&door).is_some_and(|reasons| reasons.remove(alert) && !reasons.is_empty());
        if others {
            return 0;
        }
        self.reasons.remove(&door);
        self.told.remove(&door);
        self.changed.remove(&door).map_or(0, |change| change.messages)
    }

    /// What people are to be told, once it has waited for more for long enough: as many doors as a text lists, for each is named. The others are due, too.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<Difference> {
        let since = self.since.take_if(|since| since.plus_ms(GROUP_WAIT_MS) <= now)?;
        let (mut pile, mut unneeded) = (Pile::new(since), 0);
        while pile.items.len() < ITEMS_MAX
            && let Some((door, Change { title, messages, at, exercise })) = self.changed.pop_first()
        {
            match (self.reasons.contains_key(&door), self.told.contains(&door)) {
                (true, false) => self.told.insert(door.clone()),
                (false, true) => self.told.remove(&door),
                (true, true) | (false, false) => {
                    unneeded += messages;
                    continue;
                }
            };
            pile.exercise |= exercise;
            let is_over = !self.told.contains(&door);
            pile.add_door((door, title), messages, at, is_over);
        }
        self.since = (!self.changed.is_empty()).then_some(since);
        Some(Difference { pile, unneeded })
    }

    /// Messages that wait to be told.
    pub(crate) fn messages(&self) -> u64 {
        self.changed.values().map(|change| change.messages).sum()
    }
}
