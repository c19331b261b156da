//! Which doors of a building a round has come to, and what it found there.

use std::collections::BTreeMap;

use domain::{
    Dated, Event, Fact, Newest,
    coverage::DoorKey,
    values::{BuildingId, RoundId, Timestamp},
    visit::{Mode, Outcome},
};
use serde::{Deserialize, Serialize};

use super::observation::Observed;
use crate::{Part, ReadModel, RowKey};

/// Most attempts kept per door and round.
pub const ATTEMPTS_MAX: usize = 6;

/// A round in a building.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The round.
    pub round: RoundId,
    /// The building.
    pub building: BuildingId,
}

/// Somebody came to a door, or called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// When.
    pub at: Timestamp,
    /// What was found.
    pub outcome: Outcome,
    /// How.
    pub mode: Mode,
}

/// What a round found in a building.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// By door.
    pub doors: BTreeMap<DoorKey, Newest<Attempt, ATTEMPTS_MAX>>,
}

/// The read model.
#[derive(Debug)]
pub struct Coverage;

impl RowKey for Key {
    fn parts(&self) -> Vec<Part> {
        vec![Part::Text(self.round.as_str().to_owned()), Part::Text(self.building.as_str().to_owned())]
    }
}

impl Dated for Attempt {
    fn at(&self) -> Timestamp {
        self.at
    }

    fn badness(&self) -> i32 {
        Observed::Visit(self.outcome).badness()
    }
}

impl ReadModel for Coverage {
    const NAME: &'static str = "coverage";
    const VERSION: u32 = 3;
    type Key = Key;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<Key> {
        match fact.event {
            Event::VisitRecorded(visit) => {
                visit.round.clone().zip(visit.place.building.clone()).map(|(round, building)| Key { round, building }).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn evolve(row: Option<Row>, _: &Key, fact: &Fact<'_>) -> Option<Row> {
        let mut row = row.unwrap_or_default();
        if let Event::VisitRecorded(visit) = fact.event {
            let attempt = Attempt { at: fact.header.at, outcome: visit.outcome, mode: visit.mode };
            row.doors.entry((&visit.place).into()).or_default().keep(fact.id(), attempt);
        }
        Some(row)
    }

    fn take_back(mut row: Row, _: &Key, fact: &Fact<'_>) -> Option<Row> {
        row.doors.values_mut().for_each(|attempts| attempts.take_back(fact.header.command));
        row.doors.retain(|_, attempts| !attempts.is_empty());
        (!row.doors.is_empty()).then_some(row)
    }

    fn building(key: &Key, _: &Row) -> Option<BuildingId> {
        Some(key.building.clone())
    }
}
