//! What can be asked about arrivals.

use serde::Deserialize;

use crate::values::{BuildingId, Day, Door, HouseholdId, PersonId, Unregistered};

/// What can be asked about arrivals.
#[derive(Clone, Debug)]
pub enum Command {
    /// Take one down.
    Declare(Declare),
}

/// `arrival.declare`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declare {
    /// A person with a file,
    pub person: Option<PersonId>,
    /// or somebody without one.
    pub unregistered: Option<Unregistered>,
    /// Where they stay: the file of the door,
    pub household: Option<HouseholdId>,
    /// or its building,
    pub building: Option<BuildingId>,
    /// unit,
    pub unit: Option<String>,
    /// floor
    pub floor: Option<i32>,
    /// and door; where they live when all of these are absent.
    pub door: Option<String>,
    /// Where they came from; sealed.
    pub from: Option<String>,
    /// The day on which they arrived.
    pub arrived_on: Day,
}

impl Declare {
    /// The door that is named, if one is.
    pub(super) fn door(&self) -> Option<Door> {
        let door =
            Door { household: self.household.clone(), building: self.building.clone(), unit: self.unit.clone(), floor: self.floor, door: self.door.clone() };
        (door != Door::default()).then_some(door)
    }
}
