//! What was found at doors that have no household's file (yet).

use domain::{
    Fact, Newest,
    coverage::DoorName,
    values::{BuildingId, Place},
};
use serde::{Deserialize, Serialize};

use super::observation::{Observation, distinct, places_of};
use crate::{Part, ReadModel, RowKey};

/// Most observations kept per door.
pub const OBSERVATIONS_MAX: usize = 8;

/// A door of a building.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The building.
    pub building: BuildingId,
    /// The unit; empty where doors have none.
    pub unit: String,
    /// The door; empty for the building as a whole.
    pub door: String,
}

/// What was found at a door.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The door.
    pub name: DoorName,
    /// What was found.
    pub observations: Newest<Observation, OBSERVATIONS_MAX>,
}

/// The read model.
#[derive(Debug)]
pub struct Door;

impl RowKey for Key {
    fn parts(&self) -> Vec<Part> {
        vec![Part::Text(self.building.to_string()), Part::Text(self.unit.clone()), Part::Text(self.door.clone())]
    }
}

/// The key of a place that is a door without a household's file.
fn key_of(place: &Place) -> Option<Key> {
    let building = place.building.clone().filter(|_| place.household.is_none())?;
    Some(Key { building, unit: place.unit.clone().unwrap_or_default(), door: place.door.clone().unwrap_or_default() })
}

impl ReadModel for Door {
    const NAME: &'static str = "door";
    const VERSION: u32 = 3;
    type Key = Key;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<Key> {
        distinct(places_of(fact).into_iter().filter_map(key_of))
    }

    fn evolve(row: Option<Row>, key: &Key, fact: &Fact<'_>) -> Option<Row> {
        let mut row = row.unwrap_or_default();
        let Some(place) = places_of(fact).into_iter().find(|place| key_of(place).as_ref() == Some(key)) else { return Some(row) };
        row.name = place.into();
        if let Some(observation) = Observation::of(fact, |place| key_of(place).as_ref() == Some(key)) {
            row.observations.keep(fact.id(), observation);
        }
        Some(row)
    }

    fn take_back(mut row: Row, _: &Key, fact: &Fact<'_>) -> Option<Row> {
        row.observations.take_back(fact.header.command);
        (!row.observations.is_empty()).then_some(row)
    }

    fn building(key: &Key, _: &Row) -> Option<BuildingId> {
        Some(key.building.clone())
    }
}
