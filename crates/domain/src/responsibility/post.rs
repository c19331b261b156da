//! One post, a duty for a scope at a level: who holds it, and who is on duty by its roster. Equal facts give an equal post, in whatever
//! order they come.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Standing;
use crate::{
    roster::Shift,
    values::{StaffId, Timestamp},
};

/// Sequence of a commit and the place in it: what was said later has a greater one, whoever reads it when.
pub type LogPlace = (u64, u16);

/// Most people of whom a post remembers that they hold or held it; whoever was named longest ago is forgotten first.
const HOLDERS_MAX: usize = 256;
/// Most times that a post was given to somebody or taken from them; what was said longest ago is forgotten first.
const SAID_MAX: usize = 8;

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

/// How somebody holds a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// In what standing.
    pub standing: Standing,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// Who has a duty: for good, and by the roster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// By what was said last.
    roster: Option<(LogPlace, Vec<Shift>)>,
    holders: BTreeMap<StaffId, BTreeMap<LogPlace, Said>>,
}

impl Post {
    /// Its roster was laid down.
    pub fn planned(&mut self, place: LogPlace, shifts: &[Shift]) {
        if self.roster.as_ref().is_none_or(|(before, _)| *before < place) {
            self.roster = Some((place, shifts.to_vec()));
        }
    }

    /// It was given to somebody.
    pub fn assigned(&mut self, place: LogPlace, staff: &StaffId, standing: Standing, (from, until): (Timestamp, Option<Timestamp>)) {
        self.said(place, staff, Said::Holds { standing, from, until });
    }

    /// It was taken from somebody.
    pub fn released(&mut self, place: LogPlace, staff: &StaffId, from: Timestamp) {
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

    /// How somebody holds it at a time, by what was said of them.
    fn held(said: &BTreeMap<LogPlace, Said>, at: Timestamp) -> Option<Held> {
        match said.values().rev().find(|said| said.from() <= at)? {
            Said::Holds { standing, from, until } => until.is_none_or(|until| at < until).then_some(Held { standing: *standing, since: *from, until: *until }),
            Said::HoldsNoMore { .. } => None,
        }
    }

    /// The shifts that go on at a time.
    pub fn shifts(&self, at: Timestamp) -> impl Iterator<Item = &Shift> {
        self.roster.iter().flat_map(|(_, shifts)| shifts).filter(move |shift| shift.from <= at && at < shift.until)
    }

    /// Who holds it at a time, and how.
    pub fn holders(&self, at: Timestamp) -> impl Iterator<Item = (&StaffId, Held)> {
        self.holders.iter().filter_map(move |(staff, said)| Some((staff, Self::held(said, at)?)))
    }

    /// Who is on duty at a time, of those who are there: whoever is on shift, in no standing; else whose post it is; else who stands in.
    pub fn on_duty(&self, at: Timestamp, is_there: impl Fn(&StaffId) -> bool) -> Vec<(StaffId, Option<Standing>)> {
        let on_shift: BTreeSet<&StaffId> = self.shifts(at).map(|shift| &shift.staff).filter(|staff| is_there(staff)).collect();
        if !on_shift.is_empty() {
            return on_shift.into_iter().map(|staff| (staff.clone(), None)).collect();
        }
        let in_standing = |wanted: &[Standing]| -> Vec<(StaffId, Option<Standing>)> {
            let there = self.holders(at).filter(|(staff, held)| wanted.contains(&held.standing) && is_there(staff));
            there.map(|(staff, held)| (staff.clone(), Some(held.standing))).collect()
        };
        let own = in_standing(&[Standing::Main, Standing::Acting]);
        if own.is_empty() { in_standing(&[Standing::Deputy]) } else { own }
    }

    /// Everybody it is or was ever about.
    pub fn everybody(&self) -> BTreeSet<&StaffId> {
        let on_roster = self.roster.iter().flat_map(|(_, shifts)| shifts).map(|shift| &shift.staff);
        self.holders.keys().chain(on_roster).collect()
    }

    /// When something begins or ends.
    pub fn edges(&self) -> impl Iterator<Item = Timestamp> {
        let shifts = self.roster.iter().flat_map(|(_, shifts)| shifts).flat_map(|shift| [shift.from, shift.until]);
        let said = self.holders.values().flat_map(BTreeMap::values).flat_map(|said| [Some(said.from()), said.until()]).flatten();
        shifts.chain(said)
    }
}
