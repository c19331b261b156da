//! A person's file: who they are, where they belong, which orders they are under and what medicine found. What was measured stands in their timeline, and
//! nowhere else: a file that held it would be written anew at every visit.

use domain::{
    Dated, Event, Evolve, Fact, Newest,
    medical::Finding,
    person,
    values::{PersonId, Private, Slug, Timestamp},
};
use serde::{Deserialize, Serialize};

use super::observation::distinct;
use crate::ReadModel;

/// Most findings kept per person: the newest.
pub const FINDINGS_MAX: usize = 16;

/// What medicine said of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// What was found.
    pub finding: Finding,
    /// When.
    pub at: Timestamp,
    /// When we learned of it.
    pub recorded_at: Timestamp,
    /// Where.
    pub facility: Option<Slug>,
    /// Document and note.
    pub private: Option<Private>,
}

impl Dated for Found {
    fn at(&self) -> Timestamp {
        self.at
    }

    fn badness(&self) -> i32 {
        i32::from(self.finding.is_case())
    }
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
    /// What medicine found.
    pub findings: Newest<Found, FINDINGS_MAX>,
}

/// The read model.
#[derive(Debug)]
pub struct Person;

impl ReadModel for Person {
    const NAME: &'static str = "person";
    const VERSION: u32 = 7;
    type Key = PersonId;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<PersonId> {
        match fact.event {
            Event::FindingRecorded(event) => event.who.person.iter().cloned().collect(),
            _ => distinct(person::Person::touched(fact.event, fact.header)),
        }
    }

    fn evolve(row: Option<Row>, key: &PersonId, fact: &Fact<'_>) -> Option<Row> {
        let mut row = row.unwrap_or_else(|| Row { person: key.clone(), state: person::State::default(), private: None, findings: Newest::default() });
        match fact.event {
            Event::PersonRegistered(event) => row.private.clone_from(&event.private),
            Event::PersonIdentityCorrected(event) => row.private.clone_from(&event.private),
            Event::FindingRecorded(event) => {
                let (at, recorded_at) = (fact.header.at, fact.header.recorded_at);
                let (facility, private) = (event.facility.clone(), event.private.clone());
                row.findings.keep(fact.id(), Found { finding: event.finding, at, recorded_at, facility, private });
            }
            _ => {}
        }
        row.state = person::Person::evolve(Some(row.state), key, fact).unwrap_or_default();
        Some(row)
    }

    fn take_back(mut row: Row, _: &PersonId, fact: &Fact<'_>) -> Option<Row> {
        row.findings.take_back(fact.header.command);
        Some(row)
    }
}

/// Whom a fact found, told of, let through or says a finding of, as far as they have a file.
pub(super) fn people_of<'a>(fact: &Fact<'a>) -> impl Iterator<Item = &'a PersonId> {
    let (found, checked, passed) = match fact.event {
        Event::VisitRecorded(visit) => (visit.people.as_slice(), [].as_slice(), None),
        Event::QuarantineChecked(checked) => ([].as_slice(), checked.checks.as_slice(), None),
        Event::EntryRecorded(entry) => ([].as_slice(), [].as_slice(), entry.who.person.as_ref()),
        Event::EntrySettled(entry) => ([].as_slice(), [].as_slice(), entry.who.person.as_ref()),
        Event::FindingRecorded(finding) => ([].as_slice(), [].as_slice(), finding.who.person.as_ref()),
        Event::ArrivalDeclared(arrival) => ([].as_slice(), [].as_slice(), arrival.who.person.as_ref()),
        _ => ([].as_slice(), [].as_slice(), None),
    };
    found.iter().filter_map(|found| found.who.person.as_ref()).chain(checked.iter().map(|check| &check.person)).chain(passed)
}
