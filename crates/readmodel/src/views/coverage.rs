//! Coverage of a round: which doors were reached, and the names of those that were not.

use std::collections::BTreeMap;

use domain::{
    Newest,
    responsibility::ScopeKind,
    values::{BuildingId, HouseholdId},
    visit::Outcome,
};
use serde::{Deserialize, Serialize};

use super::board::count;
use crate::models::{
    building::{self, DoorName},
    coverage::{self, Attempt, DoorKey},
    round,
};

/// A door of a building with its households.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DoorOf {
    pub(crate) name: DoorName,
    pub(crate) floor: Option<i32>,
    pub(crate) households: Vec<HouseholdId>,
}

/// How many doors a round has reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageCount {
    /// Doors reached.
    pub reached: u32,
    /// Doors.
    pub total: u32,
}

/// The doors of a building in a round, each in one of the lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageDoors {
    /// The building.
    pub building: BuildingId,
    /// What it is called.
    pub name: String,
    /// How many doors were reached.
    pub reached: u32,
    /// How many doors there are.
    pub total: u32,
    /// Doors where nobody was found.
    pub absent: Vec<String>,
    /// Doors where nobody opened or answered.
    pub refused: Vec<String>,
    /// Doors that nobody has come to.
    pub missing: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum DoorCoverage {
    Missing,
    Absent,
    Refused,
    Reached,
}

/// Every door of a building, in walking order of its file: those listed, then those that only households tell of.
pub(crate) fn doors_of(file: &building::Row) -> Vec<DoorOf> {
    let mut by_name: BTreeMap<DoorName, DoorOf> = BTreeMap::new();
    let mut without_name = Vec::new();
    for (household, at) in &file.households {
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
    for unit in &file.units {
        for (index, door) in unit.doors.iter().enumerate() {
            let name = DoorName { unit: Some(unit.unit.clone()), door: Some(door.clone()) };
            let known = by_name.remove(&name);
            let floor = known.as_ref().and_then(|known| known.floor).or_else(|| floor_of(unit, index, door));
            doors.push(DoorOf { name, floor, households: known.map(|known| known.households).unwrap_or_default() });
        }
    }
    doors.into_iter().chain(by_name.into_values()).chain(without_name).collect()
}

/// The floor of a listed door: `502` is on the fifth; else doors are listed from the lowest floor up, as many on each.
fn floor_of(unit: &domain::building::Unit, index: usize, door: &str) -> Option<i32> {
    if unit.floors <= 0 {
        return None;
    }
    let by_name = door.parse::<i32>().ok().map(|number| number / 100).filter(|floor| (1..=unit.floors).contains(floor));
    let per_floor = unit.doors.len().div_ceil(usize::try_from(unit.floors).unwrap_or(1)).max(1);
    by_name.or_else(|| i32::try_from(index / per_floor + 1).ok())
}

impl DoorOf {
    /// What people call it: unit and door, or the household where a door has no name.
    pub(crate) fn title(&self) -> String {
        match (&self.name.unit, &self.name.door) {
            (Some(unit), Some(door)) => format!("{unit}-{door}"),
            (None, Some(door)) => door.clone(),
            (_, None) => self.households.first().map(ToString::to_string).unwrap_or_default(),
        }
    }

    fn coverage(&self, round: &round::Row, coverage: Option<&coverage::Row>) -> DoorCoverage {
        let named = std::iter::once(DoorKey::Named(self.name.clone())).filter(|_| self.name.door.is_some());
        let keys = self.households.iter().cloned().map(DoorKey::Household).chain(named);
        let attempts = keys.filter_map(|key| coverage?.doors.get(&key));
        attempts.map(|attempts| door_coverage(attempts, round)).max().unwrap_or(DoorCoverage::Missing)
    }
}

/// A door reached once is reached; otherwise the worse of what was found there last counts.
fn door_coverage(attempts: &Newest<Attempt, { coverage::ATTEMPTS_MAX }>, round: &round::Row) -> DoorCoverage {
    if attempts.iter().any(|attempt| reaches(&attempt, round)) {
        return DoorCoverage::Reached;
    }
    match attempts.latest().map(|attempt| attempt.outcome) {
        Some(Outcome::Refused) => DoorCoverage::Refused,
        Some(_) => DoorCoverage::Absent,
        None => DoorCoverage::Missing,
    }
}

/// Somebody was met in one of the ways that count, or it was seen that nobody lives there.
fn reaches(attempt: &Attempt, round: &round::Row) -> bool {
    let told = matches!(attempt.outcome, Outcome::Met | Outcome::Vacant | Outcome::MovedOut | Outcome::NoSuchDoor);
    told && round.reached_by.contains(&attempt.mode)
}

/// The doors of a building that a round is about: of a round in one unit, those of that unit.
fn doors_in(round: &round::Row, file: &building::Row) -> Vec<DoorOf> {
    let scope = round.scope.as_ref().filter(|scope| scope.kind == ScopeKind::Unit);
    let unit = scope.and_then(|scope| scope.id.unit_of(&file.building));
    doors_of(file).into_iter().filter(|door| unit.is_none_or(|unit| door.name.unit.as_deref() == Some(unit))).collect()
}

/// How many doors of a building a round has reached.
pub fn coverage_count(file: &building::Row, round: &round::Row, coverage: Option<&coverage::Row>) -> CoverageCount {
    let doors = doors_in(round, file);
    let reached = doors.iter().filter(|door| door.coverage(round, coverage) == DoorCoverage::Reached).count();
    CoverageCount { reached: count(reached), total: count(doors.len()) }
}

/// The doors of a building in a round, by name.
pub fn coverage_doors(file: &building::Row, round: &round::Row, coverage: Option<&coverage::Row>) -> CoverageDoors {
    let empty = CoverageDoors {
        building: file.building.clone(),
        name: file.name.clone(),
        reached: 0,
        total: 0,
        absent: Vec::new(),
        refused: Vec::new(),
        missing: Vec::new(),
    };
    doors_in(round, file).iter().fold(empty, |mut view, door| {
        view.total += 1;
        match door.coverage(round, coverage) {
            DoorCoverage::Reached => view.reached += 1,
            DoorCoverage::Absent => view.absent.push(door.title()),
            DoorCoverage::Refused => view.refused.push(door.title()),
            DoorCoverage::Missing => view.missing.push(door.title()),
        }
        view
    })
}

/// Whether a round is about a building.
pub fn in_scope(round: &round::Row, file: &building::Row) -> bool {
    let Some(scope) = &round.scope else { return true };
    let is = |id: Option<&str>| id == Some(scope.id.as_str());
    match scope.kind {
        ScopeKind::Community => true,
        ScopeKind::Estate => is(file.estate.as_ref().map(|id| id.as_str())),
        ScopeKind::Grid => is(file.grid.as_ref().map(|id| id.as_str())),
        ScopeKind::Building => is(Some(file.building.as_str())),
        // another building's unit may begin like this building: only one of its own units counts
        ScopeKind::Unit => scope
            .id
            .unit_of(&file.building)
            .is_some_and(|unit| file.units.iter().any(|known| known.unit == unit) || file.households.values().any(|at| at.name.unit.as_deref() == Some(unit))),
        ScopeKind::Household => file.households.keys().any(|household| is(Some(household.as_str()))),
        ScopeKind::Person => file.people.keys().any(|person| is(Some(person.as_str()))),
        // an area is a list that nobody keeps yet: nothing is left out
        ScopeKind::Area => true,
        ScopeKind::Quarantine | ScopeKind::Checkpoint | ScopeKind::Facility => false,
    }
}

impl CoverageCount {
    /// Both together.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self { reached: self.reached + more.reached, total: self.total + more.total }
    }
}
