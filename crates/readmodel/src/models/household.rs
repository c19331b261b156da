//! The file of a household: where it is, who belongs to it, and what was found at its door.
//!
//! Its key begins with its building, which a household has for life: the doors of a building lie beside each other, whether somebody looks at
//! the building or walks through it. Who has only the id of a household finds its building in an index.

use std::collections::BTreeMap;

use domain::{
    Event, Fact, Newest,
    values::{BuildingId, HouseholdId, PersonId, Place, Private},
};
use serde::{Deserialize, Serialize};

use super::{
    building::{Stays, end, start},
    observation::{Observation, distinct, places_of},
};
use crate::{Mark, Part, ReadModel, RowKey};

/// Index of households with the building of each.
pub const BUILDING_OF: &str = "household_building";
/// Most observations kept per household.
pub const OBSERVATIONS_MAX: usize = 8;

/// A household, by its building.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The building.
    pub building: BuildingId,
    /// The household.
    pub household: HouseholdId,
}

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
    pub people: BTreeMap<PersonId, Stays>,
    /// What was found at its door.
    pub observations: Newest<Observation, OBSERVATIONS_MAX>,
}

/// The read model.
#[derive(Debug)]
pub struct Household;

impl RowKey for Key {
    fn parts(&self) -> Vec<Part> {
        vec![Part::Text(self.building.to_string()), Part::Text(self.household.to_string())]
    }
}

/// The key of a place that is a household's.
fn key_of(place: &Place) -> Option<Key> {
    Some(Key { building: place.building.clone()?, household: place.household.clone()? })
}

impl ReadModel for Household {
    const NAME: &'static str = "household";
    const VERSION: u32 = 4;
    type Key = Key;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<Key> {
        match fact.event {
            Event::HouseholdRegistered(event) => key_of(&event.place).into_iter().collect(),
            Event::HouseholdDoorCorrected(event) => key_of(&event.to).into_iter().collect(),
            Event::HouseholdFileCorrected(event) => key_of(&event.place).into_iter().collect(),
            Event::ResidenceStarted(event) => key_of(&event.place).into_iter().collect(),
            Event::ResidenceEnded(event) => key_of(&event.place).into_iter().collect(),
            _ => distinct(places_of(fact).into_iter().filter_map(key_of)),
        }
    }

    fn evolve(row: Option<Row>, key: &Key, fact: &Fact<'_>) -> Option<Row> {
        if let Event::HouseholdRegistered(event) = fact.event {
            let (people, observations) = row.map(|row| (row.people, row.observations)).unwrap_or_default();
            let (place, private) = (event.place.clone(), event.private.clone());
            return Some(Row { household: key.household.clone(), place, private, people, observations });
        }
        let mut row = row?;
        match fact.event {
            Event::HouseholdDoorCorrected(event) => row.place.clone_from(&event.to),
            Event::HouseholdFileCorrected(event) => row.private.clone_from(&event.private),
            Event::ResidenceStarted(event) => start(&mut row.people, &event.person, &event.place, event.kind, event.from),
            Event::ResidenceEnded(event) => end(&mut row.people, &event.person, &event.place, event.kind, event.until),
            _ => {
                if let Some(observation) = Observation::of(fact, |place| key_of(place).as_ref() == Some(key)) {
                    row.observations.keep(fact.id(), observation);
                }
            }
        }
        Some(row)
    }

    fn take_back(mut row: Row, _: &Key, fact: &Fact<'_>) -> Option<Row> {
        row.observations.take_back(fact.header.command);
        Some(row)
    }

    fn marks(key: &Key, _: &Row) -> Vec<Mark> {
        vec![Mark { index: BUILDING_OF, parts: vec![Part::Text(key.household.to_string()), Part::Text(key.building.to_string())] }]
    }

    fn building(key: &Key, _: &Row) -> Option<BuildingId> {
        Some(key.building.clone())
    }
}
