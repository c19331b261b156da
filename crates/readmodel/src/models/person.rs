//! A person's file: who they are, where they belong, which orders they are under, and what was measured.

use domain::{
    Event, Evolve, Fact, Newest, Ranked, person,
    values::{PersonId, Private, Reading, Slug, Subject, Timestamp},
};
use serde::{Deserialize, Serialize};

use super::observation::distinct;
use crate::ReadModel;

/// Most measurements kept per person: two weeks of two a day, and some.
pub const MEASUREMENTS_MAX: usize = 32;

/// What was measured and asked at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// When.
    pub at: Timestamp,
    /// When we learned of it.
    pub recorded_at: Timestamp,
    /// Temperatures.
    pub readings: Vec<Reading>,
    /// Empty = asked, none; absent = not asked.
    pub symptoms: Option<Vec<Slug>>,
    /// The event that told it: `visit`, `check` or `entry`.
    pub source: Source,
}

/// Where something was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// At the door.
    Visit,
    /// By a quarantine check.
    Check,
    /// At a checkpoint.
    Entry,
}

/// The file of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The person.
    pub person: PersonId,
    /// What decisions know of them too.
    pub state: person::State,
    /// Name, ID number, phones.
    pub private: Option<Private>,
    /// What was measured.
    pub measured: Newest<Measured, MEASUREMENTS_MAX>,
}

/// The read model.
#[derive(Debug)]
pub struct Person;

impl Ranked for Measured {
    fn at(&self) -> Timestamp {
        self.at
    }

    fn badness(&self) -> i32 {
        let warmest = self.readings.iter().filter_map(|reading| reading.tenths_celsius).max();
        i32::from(warmest.unwrap_or_default())
    }
}

impl ReadModel for Person {
    const NAME: &'static str = "person";
    const VERSION: u32 = 4;
    type Key = PersonId;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<PersonId> {
        let files = person::Person::touched(fact.event, fact.header);
        distinct(files.into_iter().chain(people_of(fact).cloned()))
    }

    fn evolve(row: Option<Row>, key: &PersonId, fact: &Fact<'_>) -> Option<Row> {
        let (state, private, mut measured) = row.map_or((None, None, Newest::default()), |row| (Some(row.state), row.private, row.measured));
        let private = match fact.event {
            Event::PersonRegistered(event) => event.private.clone(),
            Event::PersonIdentityCorrected(event) => event.private.clone(),
            _ => private,
        };
        if let Some(fresh) = measured_of(fact, key) {
            measured.keep(fact.id(), fresh);
        }
        let is_file = person::Person::touched(fact.event, fact.header).contains(key);
        let state = if is_file { person::Person::evolve(state, key, fact) } else { state };
        Some(Row { person: key.clone(), state: state.unwrap_or_default(), private, measured })
    }

    fn take_back(mut row: Row, _: &PersonId, fact: &Fact<'_>) -> Option<Row> {
        row.measured.take_back(fact.header.command);
        Some(row)
    }
}

/// Whom a fact found, told of or let through, as far as they have a file.
pub(super) fn people_of<'a>(fact: &Fact<'a>) -> impl Iterator<Item = &'a PersonId> {
    let (found, checked, passed) = match fact.event {
        Event::VisitRecorded(visit) => (visit.people.as_slice(), [].as_slice(), None),
        Event::QuarantineChecked(checked) => ([].as_slice(), checked.checks.as_slice(), None),
        Event::EntryRecorded(entry) => ([].as_slice(), [].as_slice(), entry.who.person.as_ref()),
        Event::EntrySettled(entry) => ([].as_slice(), [].as_slice(), entry.who.person.as_ref()),
        _ => ([].as_slice(), [].as_slice(), None),
    };
    found.iter().filter_map(|found| found.who.person.as_ref()).chain(checked.iter().map(|check| &check.person)).chain(passed)
}

fn measured_of(fact: &Fact<'_>, person: &PersonId) -> Option<Measured> {
    let is = |who: &Subject| who.person.as_ref() == Some(person);
    let (source, readings, symptoms): (_, Vec<&Reading>, Option<Vec<Slug>>) = match fact.event {
        Event::VisitRecorded(visit) => {
            let found = || visit.people.iter().filter(|found| is(&found.who));
            (Source::Visit, found().flat_map(|found| &found.readings).collect(), all_asked(found().map(|found| found.symptoms.as_ref())))
        }
        Event::QuarantineChecked(checked) => {
            let found = || checked.checks.iter().filter(|check| check.person == *person);
            (Source::Check, found().flat_map(|check| &check.readings).collect(), all_asked(found().map(|check| check.symptoms.as_ref())))
        }
        Event::EntryRecorded(entry) if is(&entry.who) => (Source::Entry, entry.readings.iter().collect(), None),
        Event::EntrySettled(entry) if is(&entry.who) => (Source::Entry, entry.readings.iter().collect(), None),
        _ => return None,
    };
    if readings.is_empty() && symptoms.is_none() {
        return None;
    }
    let readings = readings.into_iter().cloned().collect();
    Some(Measured { at: fact.header.at, recorded_at: fact.header.recorded_at, readings, symptoms, source })
}

/// Every symptom that was named; nothing when nobody asked.
fn all_asked<'a>(answers: impl Iterator<Item = Option<&'a Vec<Slug>>>) -> Option<Vec<Slug>> {
    let asked: Vec<&Vec<Slug>> = answers.flatten().collect();
    (!asked.is_empty()).then(|| distinct(asked.into_iter().flatten().cloned()))
}
