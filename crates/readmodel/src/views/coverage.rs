//! Coverage of a round: which doors were reached, and the names of those that were not.

use domain::{
    Newest,
    coverage::{DoorOf, reaches},
    values::BuildingId,
    visit::Outcome,
};
use serde::{Deserialize, Serialize};

use super::board::count;
use crate::models::{
    building,
    coverage::{self, Attempt},
    round,
};

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

fn coverage_of(door: &DoorOf, round: &round::Row, coverage: Option<&coverage::Row>) -> DoorCoverage {
    let attempts = door.keys().filter_map(|key| coverage?.doors.get(&key));
    attempts.map(|attempts| door_coverage(attempts, round)).max().unwrap_or(DoorCoverage::Missing)
}

/// A door reached once is reached; otherwise the worse of what was found there last counts.
fn door_coverage(attempts: &Newest<Attempt, { coverage::ATTEMPTS_MAX }>, round: &round::Row) -> DoorCoverage {
    if attempts.iter().any(|attempt| reaches(attempt.outcome, attempt.mode, &round.reached_by)) {
        return DoorCoverage::Reached;
    }
    match attempts.latest().map(|attempt| attempt.outcome) {
        Some(Outcome::Refused) => DoorCoverage::Refused,
        Some(_) => DoorCoverage::Absent,
        None => DoorCoverage::Missing,
    }
}

/// How many doors of a building a round has reached.
pub fn coverage_count(file: &building::Row, round: &round::Row, coverage: Option<&coverage::Row>) -> CoverageCount {
    let doors = file.doors().of_round(round.scope.as_ref());
    let reached = doors.iter().filter(|door| coverage_of(door, round, coverage) == DoorCoverage::Reached).count();
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
    file.doors().of_round(round.scope.as_ref()).iter().fold(empty, |mut view, door| {
        view.total += 1;
        match coverage_of(door, round, coverage) {
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
    file.doors().in_scope(round.scope.as_ref(), |id| file.people.keys().any(|person| person.as_str() == id))
}

impl CoverageCount {
    /// Both together.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self { reached: self.reached + more.reached, total: self.total + more.total }
    }
}
