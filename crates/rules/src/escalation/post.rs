//! One post, a duty for a scope at a level, and one of those who work here: who holds it, who is there.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    responsibility::Standing,
    roster::Shift,
    values::{StaffId, Timestamp},
};
use serde::{Deserialize, Serialize};

use super::duties::LogPlace;

/// Most people of whom a post remembers that they hold or held it; whoever was named longest ago is forgotten first.
pub const HOLDERS_MAX: usize = 256;
/// Most times that a post was given to somebody or taken from them; what was said longest ago is forgotten first.
pub const SAID_MAX: usize = 8;
/// Most absences of somebody; the one that began first is forgotten first.
const ABSENCES_MAX: usize = 64;

/// What was said of somebody and a post. Of what holds at a time, that counts which was said last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Said {
    Holds { standing: Standing, from: Timestamp, until: Option<Timestamp> },
    HoldsNoMore { from: Timestamp },
}

impl Said {
    fn from(&self) -> Timestamp {
        match self {
            Self::Holds { from, .. } | Self::HoldsNoMore { from } => *from,
        }
    }

    fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Holds { until, .. } => *until,
            Self::HoldsNoMore { .. } => None,
        }
    }
}

/// Who has a duty: for good, and by the roster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// By what was said last.
    roster: Option<(LogPlace, Vec<Shift>)>,
    holders: BTreeMap<StaffId, BTreeMap<LogPlace, Said>>,
}

impl Post {
    pub(super) fn planned(&mut self, place: LogPlace, shifts: &[Shift]) {
        if self.roster.as_ref().is_none_or(|(before, _)| *before < place) {
            self.roster = Some((place, shifts.to_vec()));
        }
    }

    pub(super) fn assigned(&mut self, place: LogPlace, staff: &StaffId, standing: Standing, (from, until): (Timestamp, Option<Timestamp>)) {
        self.said(place, staff, Said::Holds { standing, from, until });
    }

    pub(super) fn released(&mut self, place: LogPlace, staff: &StaffId, from: Timestamp) {
        self.said(place, staff, Said::HoldsNoMore { from });
    }

    fn said(&mut self, place: LogPlace, staff: &StaffId, said: Said) {
        let of_staff = self.holders.entry(staff.clone()).or_default();
        of_staff.insert(place, said);
        while of_staff.len() > SAID_MAX {
            of_staff.pop_first();
        }
        while self.holders.len() > HOLDERS_MAX {
            let longest_ago = self.holders.iter().min_by_key(|(_, said)| said.last_key_value().map(|(place, _)| *place)).map(|(staff, _)| staff.clone());
            longest_ago.and_then(|staff| self.holders.remove(&staff));
        }
    }

    /// In what standing somebody holds it at a time, by what was said of them.
    fn standing(said: &BTreeMap<LogPlace, Said>, at: Timestamp) -> Option<Standing> {
        match said.values().rev().find(|said| said.from() <= at)? {
            Said::Holds { standing, until, .. } => until.is_none_or(|until| at < until).then_some(*standing),
            Said::HoldsNoMore { .. } => None,
        }
    }

    /// Who is on shift at a time.
    pub(super) fn on_shift(&self, at: Timestamp) -> BTreeSet<StaffId> {
        let shifts = self.roster.iter().flat_map(|(_, shifts)| shifts);
        shifts.filter(|shift| shift.from <= at && at < shift.until).map(|shift| shift.staff.clone()).collect()
    }

    /// Who holds it at a time, and in what standing.
    pub(super) fn holders(&self, at: Timestamp) -> impl Iterator<Item = (&StaffId, Standing)> {
        self.holders.iter().filter_map(move |(staff, said)| Some((staff, Self::standing(said, at)?)))
    }

    /// Everybody it is or was ever about.
    pub(super) fn everybody(&self) -> BTreeSet<&StaffId> {
        let on_roster = self.roster.iter().flat_map(|(_, shifts)| shifts).map(|shift| &shift.staff);
        self.holders.keys().chain(on_roster).collect()
    }

    /// When something begins or ends.
    pub(super) fn edges(&self) -> impl Iterator<Item = Timestamp> {
        let shifts = self.roster.iter().flat_map(|(_, shifts)| shifts).flat_map(|shift| [shift.from, shift.until]);
        let said = self.holders.values().flat_map(BTreeMap::values).flat_map(|said| [Some(said.from()), said.until()]).flatten();
        shifts.chain(said)
    }
}

/// When somebody is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Presence {
    /// Until when they work here, by what was said last.
    works_until: Option<(LogPlace, Option<Timestamp>)>,
    /// Ends of absences by their beginnings, each by what was said last.
    absences: BTreeMap<Timestamp, (LogPlace, Timestamp)>,
}

impl Presence {
    pub(super) fn works_until(&mut self, place: LogPlace, until: Option<Timestamp>) {
        self.works_until = self.works_until.max(Some((place, until)));
    }

    pub(super) fn absent(&mut self, place: LogPlace, from: Timestamp, until: Timestamp) {
        let end = self.absences.entry(from).or_insert((place, until));
        *end = (*end).max((place, until));
        while self.absences.len() > ABSENCES_MAX {
            self.absences.pop_first();
        }
    }

    /// Whether they are there at a time.
    pub(super) fn is_there(&self, at: Timestamp) -> bool {
        let works = self.works_until.and_then(|(_, until)| until).is_none_or(|until| at < until);
        works && !self.absences.iter().any(|(from, (_, until))| *from <= at && at < *until)
    }

    /// When they come or go.
    pub(super) fn edges(&self) -> impl Iterator<Item = Timestamp> {
        let absences = self.absences.iter().flat_map(|(from, (_, until))| [*from, *until]);
        absences.chain(self.works_until.and_then(|(_, until)| until))
    }
}
