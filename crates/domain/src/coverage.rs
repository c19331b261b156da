//! The doors of a building, and what a round has to do with them: one truth for those who show coverage and for the rule that names
//! the doors that were missed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    building::Unit,
    responsibility::{Scope, ScopeKind},
    values::{BuildingId, EstateId, GridId, HouseholdId, Place},
    visit::{Mode, Outcome},
};

/// A door as it is written: unit and door.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DoorName {
    /// The unit, as written on the door of the staircase.
    pub unit: Option<String>,
    /// The door, as written on it.
    pub door: Option<String>,
}

/// Where a household is, within its building.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HouseholdDoor {
    /// Its door.
    pub name: DoorName,
    /// Its floor.
    pub floor: Option<i32>,
}

/// A door, by its household where it has one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DoorKey {
    /// By its household.
    Household(HouseholdId),
    /// As it is written.
    Named(DoorName),
}

/// A door of a building with its households.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DoorOf {
    /// How it is written.
    pub name: DoorName,
    /// Its floor, where that is known.
    pub floor: Option<i32>,
    /// Who lives behind it.
    pub households: Vec<HouseholdId>,
}

/// What the file of a building says of its doors, and of the parts of the community that it lies in.
#[derive(Clone, Copy, Debug)]
pub struct Doors<'a> {
    /// The building.
    pub building: &'a BuildingId,
    /// The estate it stands in.
    pub estate: Option<&'a EstateId>,
    /// The grid it belongs to.
    pub grid: Option<&'a GridId>,
    /// Its units and the doors that are listed for them.
    pub units: &'a [Unit],
    /// Its households and their doors.
    pub households: &'a BTreeMap<HouseholdId, HouseholdDoor>,
}

impl From<&Place> for DoorName {
    fn from(place: &Place) -> Self {
        Self { unit: place.unit.clone(), door: place.door.clone() }
    }
}

impl From<&Place> for HouseholdDoor {
    fn from(place: &Place) -> Self {
        Self { name: place.into(), floor: place.floor }
    }
}

impl From<&Place> for DoorKey {
    fn from(place: &Place) -> Self {
        place.household.clone().map_or_else(|| Self::Named(place.into()), Self::Household)
    }
}

impl DoorOf {
    /// What people call it: unit and door, or the household where a door has no name.
    pub fn title(&self) -> String {
        match (&self.name.unit, &self.name.door) {
            (Some(unit), Some(door)) => format!("{unit}-{door}"),
            (None, Some(door)) => door.clone(),
            (_, None) => self.households.first().map(ToString::to_string).unwrap_or_default(),
        }
    }

    /// Under what visits to it are told: its households, and its name where it has one.
    pub fn keys(&self) -> impl Iterator<Item = DoorKey> {
        let named = std::iter::once(DoorKey::Named(self.name.clone())).filter(|_| self.name.door.is_some());
        self.households.iter().cloned().map(DoorKey::Household).chain(named)
    }
}

impl Doors<'_> {
    /// Every door, in walking order of the file: those listed, then those that only households tell of.
    pub fn all(&self) -> Vec<DoorOf> {
        let mut by_name: BTreeMap<DoorName, DoorOf> = BTreeMap::new();
        let mut without_name = Vec::new();
        for (household, at) in self.households {
            if at.name.door.is_none() {
                // village houses: each household is a door of its own
                without_name.push(DoorOf { name: at.name.clone(), floor: at.floor, households: vec![household.clone()] });
                continue;
            }
            let door = by_name.entry(at.name.clone()).or_insert_with(|| DoorOf { name: at.name.clone(), ..DoorOf::default() });
            door.floor = door.floor.or(at.floor);
            door.households.push(household.clone());
        }
        let mut doors = Vec::new();
        for unit in self.units {
            for (index, door) in unit.doors.iter().enumerate() {
                let name = DoorName { unit: Some(unit.unit.clone()), door: Some(door.clone()) };
                let known = by_name.remove(&name);
                let floor = known.as_ref().and_then(|known| known.floor).or_else(|| floor_of(unit, index, door));
                doors.push(DoorOf { name, floor, households: known.map(|known| known.households).unwrap_or_default() });
            }
        }
        doors.into_iter().chain(by_name.into_values()).chain(without_name).collect()
    }

    /// The doors that a round is about: of a round in one unit, those of that unit; of one for a household, its door.
    pub fn of_round(&self, scope: Option<&Scope>) -> Vec<DoorOf> {
        let unit = scope.filter(|scope| scope.kind == ScopeKind::Unit).and_then(|scope| scope.id.unit_of(self.building));
        let household = scope.filter(|scope| scope.kind == ScopeKind::Household).map(|scope| scope.id.as_str());
        let in_unit = |door: &DoorOf| unit.is_none_or(|unit| door.name.unit.as_deref() == Some(unit));
        let theirs = |door: &DoorOf| household.is_none_or(|household| door.households.iter().any(|here| here.as_str() == household));
        self.all().into_iter().filter(|door| in_unit(door) && theirs(door)).collect()
    }

    /// Whether a round is about this building; of a round for a person, `has_person` says whether they belong to it.
    pub fn in_scope(&self, scope: Option<&Scope>, has_person: impl Fn(&str) -> bool) -> bool {
        let Some(scope) = scope else { return true };
        let is = |id: Option<&str>| id == Some(scope.id.as_str());
        match scope.kind {
            ScopeKind::Community => true,
            ScopeKind::Estate => is(self.estate.map(EstateId::as_str)),
            ScopeKind::Grid => is(self.grid.map(GridId::as_str)),
            ScopeKind::Building => is(Some(self.building.as_str())),
            // another building's unit may begin like this building: only one of its own units counts
            ScopeKind::Unit => scope.id.unit_of(self.building).is_some_and(|unit| {
                self.units.iter().any(|known| known.unit == unit) || self.households.values().any(|at| at.name.unit.as_deref() == Some(unit))
            }),
            ScopeKind::Household => self.households.keys().any(|household| is(Some(household.as_str()))),
            ScopeKind::Person => has_person(scope.id.as_str()),
            // an area is a list that nobody keeps yet: nothing is left out
            ScopeKind::Area => true,
            ScopeKind::Quarantine | ScopeKind::Checkpoint | ScopeKind::Facility => false,
        }
    }
}

/// The floor of a listed door: `502` is on the fifth; else doors are listed from the lowest floor up, as many on each.
fn floor_of(unit: &Unit, index: usize, door: &str) -> Option<i32> {
    if unit.floors <= 0 {
        return None;
    }
    let by_name = door.parse::<i32>().ok().map(|number| number / 100).filter(|floor| (1..=unit.floors).contains(floor));
    let per_floor = unit.doors.len().div_ceil(usize::try_from(unit.floors).unwrap_or(1)).max(1);
    by_name.or_else(|| i32::try_from(index / per_floor + 1).ok())
}

/// Whether it is known of a door how things are behind it: somebody was met, or it was seen that nobody lives there.
pub fn tells(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Met | Outcome::Vacant | Outcome::MovedOut | Outcome::NoSuchDoor => true,
        Outcome::Absent | Outcome::Away | Outcome::Refused | Outcome::NoAnswer | Outcome::WrongNumber => false,
    }
}

/// Whether a visit reaches its door: it tells, and was made in one of the ways that count.
pub fn reaches(outcome: Outcome, mode: Mode, reached_by: &[Mode]) -> bool {
    tells(outcome) && reached_by.contains(&mode)
}
