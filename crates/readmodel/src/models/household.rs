//! The file of a household: where it is, who belongs to it, and what was found at its door.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Event, Fact, Newest,
    values::{BuildingId, HouseholdId, PersonId, Place, Private},
};
use serde::{Deserialize, Serialize};

use super::{
    building::{Stay, end, start},
    observation::{Observation, distinct, places_of},
};
use crate::ReadModel;

/// Most observations kept per household.
pub const OBSERVATIONS_MAX: usize = 8;

/// The file of a household.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The household.
    pub household: HouseholdId,
    /// Where it is; nothing but its id before it was registered.
    pub place: Place,
    /// Label, part, code, phones.
    pub private: Option<Private>,
    /// Who belongs to it.
    pub people: BTreeMap<PersonId, BTreeSet<Stay>>,
    /// What was found at its door.
    pub observations: Newest<Observation, OBSERVATIONS_MAX>,
}

/// The read model.
#[derive(Debug)]
pub struct Household;

impl ReadModel for Household {
    const NAME: &'static str = "household";
    const VERSION: u32 = 3;
    type Key = HouseholdId;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<HouseholdId> {
        match fact.event {
            Event::HouseholdRegistered(event) => vec![event.household.clone()],
            Event::HouseholdDoorCorrected(event) => vec![event.household.clone()],
            Event::HouseholdFileCorrected(event) => vec![event.household.clone()],
            Event::ResidenceStarted(event) => event.place.household.iter().cloned().collect(),
            Event::ResidenceEnded(event) => event.place.household.iter().cloned().collect(),
            _ => distinct(places_of(fact).into_iter().filter_map(|place| place.household.clone())),
        }
    }

    fn evolve(row: Option<Row>, key: &HouseholdId, fact: &Fact<'_>) -> Option<Row> {
        if let Event::HouseholdRegistered(event) = fact.event {
            let (people, observations) = row.map(|row| (row.people, row.observations)).unwrap_or_default();
            let (place, private) = (event.place.clone(), event.private.clone());
            return Some(Row { household: key.clone(), place, private, people, observations });
        }
        let mut row = row?;
        match fact.event {
            Event::HouseholdDoorCorrected(event) => row.place.clone_from(&event.to),
            Event::HouseholdFileCorrected(event) => row.private.clone_from(&event.private),
            Event::ResidenceStarted(event) => start(&mut row.people, &event.person, &event.place, event.kind, event.from),
            Event::ResidenceEnded(event) => end(&mut row.people, &event.person, &event.place, event.kind, event.until),
            _ => {
                if let Some(observation) = Observation::of(fact, |place| place.household.as_ref() == Some(key)) {
                    row.observations.keep(fact.id(), observation);
                }
            }
        }
        Some(row)
    }

    fn take_back(mut row: Row, _: &HouseholdId, fact: &Fact<'_>) -> Option<Row> {
        row.observations.take_back(fact.header.command);
        Some(row)
    }

    fn building(_: &HouseholdId, row: &Row) -> Option<BuildingId> {
        row.place.building.clone()
    }
}
