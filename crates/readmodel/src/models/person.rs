//! A person's file: who they are, where they belong and which orders they are under. What was measured stands in their timeline, and
//! nowhere else: a file that held it would be written anew at every visit.

use domain::{
    Event, Evolve, Fact, person,
    values::{PersonId, Private},
};
use serde::{Deserialize, Serialize};

use super::observation::distinct;
use crate::ReadModel;

/// The file of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The person.
    pub person: PersonId,
    /// What decisions know of them too.
    pub state: person::State,
    /// Name, ID number, phones.
    pub private: Option<Private>,
}

/// The read model.
#[derive(Debug)]
pub struct Person;

impl ReadModel for Person {
    const NAME: &'static str = "person";
    const VERSION: u32 = 5;
    type Key = PersonId;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<PersonId> {
        distinct(person::Person::touched(fact.event, fact.header))
    }

    fn evolve(row: Option<Row>, key: &PersonId, fact: &Fact<'_>) -> Option<Row> {
        let (state, private) = row.map_or((None, None), |row| (Some(row.state), row.private));
        let private = match fact.event {
            Event::PersonRegistered(event) => event.private.clone(),
            Event::PersonIdentityCorrected(event) => event.private.clone(),
            _ => private,
        };
        let state = person::Person::evolve(state, key, fact);
        Some(Row { person: key.clone(), state: state.unwrap_or_default(), private })
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
