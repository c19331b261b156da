//! When somebody who works here is there. Equal facts give an equal presence, in whatever order they come.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{responsibility::LogPlace, values::Timestamp};

/// Most absences of somebody; the one that began first is forgotten first.
const ABSENCES_MAX: usize = 64;

/// When somebody is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Presence {
    /// Until when they work here, by what was said last.
    works_until: Option<(LogPlace, Option<Timestamp>)>,
    /// Ends of absences by their beginnings, each by what was said last.
    absences: BTreeMap<Timestamp, (LogPlace, Timestamp)>,
}

impl Presence {
    /// It was said until when they work here.
    pub fn works_until(&mut self, place: LogPlace, until: Option<Timestamp>) {
        self.works_until = self.works_until.max(Some((place, until)));
    }

    /// They are away for a time.
    pub fn absent(&mut self, place: LogPlace, from: Timestamp, until: Timestamp) {
        let end = self.absences.entry(from).or_insert((place, until));
        *end = (*end).max((place, until));
        while self.absences.len() > ABSENCES_MAX {
            self.absences.pop_first();
        }
    }

    /// Whether they are there at a time.
    pub fn is_there(&self, at: Timestamp) -> bool {
        let works = self.works_until.and_then(|(_, until)| until).is_none_or(|until| at < until);
        works && !self.absences.iter().any(|(from, (_, until))| *from <= at && at < *until)
    }

    /// When they come or go.
    pub fn edges(&self) -> impl Iterator<Item = Timestamp> {
        let absences = self.absences.iter().flat_map(|(from, (_, until))| [*from, *until]);
        absences.chain(self.works_until.and_then(|(_, until)| until))
    }
}
