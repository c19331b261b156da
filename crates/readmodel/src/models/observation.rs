//! What was found at a door: by a visit, or by a check of somebody who lives there.

use domain::{
    Dated, Event, Fact,
    quarantine::{CheckFound, CheckOutcome, Checked},
    values::{Place, Private, Reading, RoundId, Slug, StaffId, Subject, Timestamp},
    visit::{Mode, Outcome, PersonFound, Presence, Recorded},
};
use serde::{Deserialize, Serialize};

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Observed {
    /// By a visit.
    Visit(Outcome),
    /// By a check.
    Check(CheckOutcome),
}

/// Somebody who was found, or told of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Who.
    pub who: Subject,
    /// Whether they were there; a check says it by its outcome.
    pub presence: Option<Presence>,
    /// Temperatures.
    pub readings: Vec<Reading>,
    /// Empty = asked, none; absent = not asked.
    pub symptoms: Option<Vec<Slug>>,
    /// Note; name and papers of somebody without a file.
    pub private: Option<Private>,
}

/// Somebody stood at a door, or called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// When.
    pub at: Timestamp,
    /// When we learned of it.
    pub recorded_at: Timestamp,
    /// What was found.
    pub observed: Observed,
    /// How.
    pub mode: Mode,
    /// The round it belongs to.
    pub round: Option<RoundId>,
    /// The floor, as it was said or known.
    pub floor: Option<i32>,
    /// When to call again.
    pub call_back_at: Option<Timestamp>,
    /// Who was there.
    pub people: Vec<Found>,
    /// Who did it.
    pub by: Vec<StaffId>,
    /// Label and answers.
    pub private: Option<Private>,
}

impl Observed {
    /// Whether this tells how things are at the door. An unanswered door or call tells nothing.
    pub const fn tells(self) -> bool {
        match self {
            Self::Visit(outcome) => matches!(outcome, Outcome::Met | Outcome::Away | Outcome::Vacant | Outcome::MovedOut | Outcome::NoSuchDoor),
            Self::Check(outcome) => matches!(outcome, CheckOutcome::Reached | CheckOutcome::NotHome | CheckOutcome::Hospital),
        }
    }

    /// What a fact tells of the doors for which `here` holds: the worst of it.
    pub(crate) fn of(fact: &Fact<'_>, here: impl Fn(&Place) -> bool) -> Option<Self> {
        match fact.event {
            Event::VisitRecorded(visit) => here(&visit.place).then_some(Self::Visit(visit.outcome)),
            Event::QuarantineChecked(checked) => {
                let here = checked.checks.iter().filter(|check| here(&check.place));
                here.map(|check| Self::Check(check.outcome)).max_by_key(|observed| observed.badness())
            }
            _ => None,
        }
    }

    /// Whether nobody lives there.
    pub const fn vacancy(self) -> bool {
        matches!(self, Self::Visit(Outcome::Vacant | Outcome::MovedOut | Outcome::NoSuchDoor))
    }

    /// The word of its outcome.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Visit(outcome) => outcome.word(),
            Self::Check(outcome) => outcome.word(),
        }
    }

    /// How bad: of two at one instant the worse one holds.
    pub const fn badness(self) -> i32 {
        match self {
            Self::Visit(Outcome::NoSuchDoor) => 0,
            Self::Visit(Outcome::Vacant) => 1,
            Self::Visit(Outcome::MovedOut) => 2,
            Self::Visit(Outcome::Met) | Self::Check(CheckOutcome::Reached) => 3,
            Self::Visit(Outcome::Away) | Self::Check(CheckOutcome::Hospital) => 4,
            Self::Visit(Outcome::WrongNumber) => 5,
            Self::Visit(Outcome::NoAnswer) | Self::Check(CheckOutcome::NoAnswer) => 6,
            Self::Visit(Outcome::Absent) => 7,
            Self::Visit(Outcome::Refused) | Self::Check(CheckOutcome::Refused) => 8,
            Self::Check(CheckOutcome::NotHome) => 9,
        }
    }
}

impl Dated for Observation {
    fn at(&self) -> Timestamp {
        self.at
    }

    fn badness(&self) -> i32 {
        self.observed.badness()
    }
}

impl From<&PersonFound> for Found {
    fn from(person: &PersonFound) -> Self {
        Self {
            who: person.who.clone(),
            presence: Some(person.presence),
            readings: person.readings.clone(),
            symptoms: person.symptoms.clone(),
            private: person.private.clone(),
        }
    }
}

impl From<&CheckFound> for Found {
    fn from(check: &CheckFound) -> Self {
        let who = Subject::person(check.person.clone());
        Self { who, presence: None, readings: check.readings.clone(), symptoms: check.symptoms.clone(), private: None }
    }
}

impl Observation {
    /// What a fact tells of the doors for which `here` holds: one observation, however many people of a family were checked.
    pub(crate) fn of(fact: &Fact<'_>, here: impl Fn(&Place) -> bool) -> Option<Self> {
        match fact.event {
            Event::VisitRecorded(visit) if here(&visit.place) => Some(Self::of_visit(visit, fact)),
            Event::QuarantineChecked(checked) => Self::of_checks(checked, fact, here),
            _ => None,
        }
    }

    fn of_visit(visit: &Recorded, fact: &Fact<'_>) -> Self {
        Self {
            at: fact.header.at,
            recorded_at: fact.header.recorded_at,
            observed: Observed::Visit(visit.outcome),
            mode: visit.mode,
            round: visit.round.clone(),
            floor: visit.place.floor,
            call_back_at: visit.call_back_at,
            people: visit.people.iter().map(Found::from).collect(),
            by: fact.header.by.clone(),
            private: visit.private.clone(),
        }
    }

    fn of_checks(checked: &Checked, fact: &Fact<'_>, here: impl Fn(&Place) -> bool) -> Option<Self> {
        let checks: Vec<&CheckFound> = checked.checks.iter().filter(|check| here(&check.place)).collect();
        let worst = checks.iter().map(|check| Observed::Check(check.outcome)).max_by_key(|observed| observed.badness())?;
        Some(Self {
            at: fact.header.at,
            recorded_at: fact.header.recorded_at,
            observed: worst,
            mode: checked.mode,
            round: None,
            floor: checks.first().and_then(|check| check.place.floor),
            call_back_at: None,
            people: checks.into_iter().map(Found::from).collect(),
            by: fact.header.by.clone(),
            private: None,
        })
    }
}

/// The places that a fact observes.
pub(crate) fn places_of<'a>(fact: &Fact<'a>) -> Vec<&'a Place> {
    match fact.event {
        Event::VisitRecorded(visit) => vec![&visit.place],
        Event::QuarantineChecked(checked) => checked.checks.iter().map(|check| &check.place).collect(),
        _ => Vec::new(),
    }
}

/// Keys without repetition, in their order.
pub(crate) fn distinct<K: Ord>(keys: impl IntoIterator<Item = K>) -> Vec<K> {
    let mut keys: Vec<K> = keys.into_iter().collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
