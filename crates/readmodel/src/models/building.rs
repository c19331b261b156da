//! The file of a building: what it is called, its doors, the households in it and the people who belong to them.

use std::collections::BTreeMap;

use domain::{
    Event, Fact,
    building::{Kind, Unit},
    coverage::{Doors, HouseholdDoor},
    person::ResidenceKind,
    values::{BuildingId, EstateId, GridId, HouseholdId, PersonId, Place, Private, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::ReadModel;

/// One way of belonging to a household of the building.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stay {
    /// The household.
    pub household: HouseholdId,
    /// In what way.
    pub kind: ResidenceKind,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// The ways in which somebody belongs to households, in their order, none twice. Nearly everybody has one: a list with one entry takes what
/// that entry takes, and a set as much as with eleven.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stays(Vec<Stay>);

/// The file of a building.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The building.
    pub building: BuildingId,
    /// What it is called.
    pub name: String,
    /// What kind.
    pub kind: Kind,
    /// The estate it stands in.
    pub estate: Option<EstateId>,
    /// The grid it belongs to.
    pub grid: Option<GridId>,
    /// Its units and doors.
    pub units: Vec<Unit>,
    /// Address.
    pub private: Option<Private>,
    /// When its file was opened, by our clock: reports are owed from the civil day after.
    pub registered_at: Timestamp,
    /// Its households and their doors.
    pub households: BTreeMap<HouseholdId, HouseholdDoor>,
    /// Who belongs to them.
    pub people: BTreeMap<PersonId, Stays>,
}

/// The read model.
#[derive(Debug)]
pub struct Building;

impl Row {
    /// What the file says of doors.
    pub fn doors(&self) -> Doors<'_> {
        Doors { building: &self.building, estate: self.estate.as_ref(), grid: self.grid.as_ref(), units: &self.units, households: &self.households }
    }
}

impl ReadModel for Building {
    const NAME: &'static str = "building";
    const VERSION: u32 = 1;
    type Key = BuildingId;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<BuildingId> {
        let building = match fact.event {
            Event::BuildingRegistered(event) => Some(&event.building),
            Event::BuildingRenamed(event) => Some(&event.building),
            Event::BuildingKindChanged(event) => Some(&event.building),
            Event::BuildingRegrouped(event) => Some(&event.building),
            Event::BuildingUnitsChanged(event) => Some(&event.building),
            Event::BuildingAddressCorrected(event) => Some(&event.building),
            Event::HouseholdRegistered(event) => event.place.building.as_ref(),
            Event::HouseholdDoorCorrected(event) => event.to.building.as_ref(),
            Event::ResidenceStarted(event) => event.place.building.as_ref(),
            Event::ResidenceEnded(event) => event.place.building.as_ref(),
            _ => None,
        };
        building.cloned().into_iter().collect()
    }

    fn evolve(row: Option<Row>, _: &BuildingId, fact: &Fact<'_>) -> Option<Row> {
        if let Event::BuildingRegistered(event) = fact.event {
            let (households, people) = row.map(|row| (row.households, row.people)).unwrap_or_default();
            return Some(Row {
                building: event.building.clone(),
                name: event.name.clone(),
                kind: event.kind,
                estate: event.estate.clone(),
                grid: event.grid.clone(),
                units: event.units.clone(),
                private: event.private.clone(),
                registered_at: fact.header.recorded_at,
                households,
                people,
            });
        }
        let mut row = row?;
        match fact.event {
            Event::BuildingRenamed(event) => row.name.clone_from(&event.name),
            Event::BuildingKindChanged(event) => row.kind = event.kind,
            Event::BuildingRegrouped(event) => {
                row.estate.clone_from(&event.estate);
                row.grid.clone_from(&event.grid);
            }
            Event::BuildingUnitsChanged(event) => row.units.clone_from(&event.units),
            Event::BuildingAddressCorrected(event) => row.private.clone_from(&event.private),
            Event::HouseholdRegistered(event) => {
                row.households.insert(event.household.clone(), (&event.place).into());
            }
            Event::HouseholdDoorCorrected(event) => {
                row.households.insert(event.household.clone(), (&event.to).into());
            }
            Event::ResidenceStarted(event) => start(&mut row.people, &event.person, &event.place, event.kind, event.from),
            Event::ResidenceEnded(event) => end(&mut row.people, &event.person, &event.place, event.kind, event.until),
            _ => {}
        }
        Some(row)
    }

    fn building(key: &BuildingId, _: &Row) -> Option<BuildingId> {
        Some(key.clone())
    }
}

/// Notes that somebody belongs to a household from some time on.
pub(super) fn start(people: &mut BTreeMap<PersonId, Stays>, person: &PersonId, place: &Place, kind: ResidenceKind, from: Timestamp) {
    if let Some(household) = place.household.clone() {
        people.entry(person.clone()).or_default().insert(Stay { household, kind, from, until: None });
    }
}

/// Notes that somebody no longer belongs to a household.
pub(super) fn end(people: &mut BTreeMap<PersonId, Stays>, person: &PersonId, place: &Place, kind: ResidenceKind, until: Timestamp) {
    let Some(stays) = people.get_mut(person) else { return };
    let ends = |stay: &Stay| Some(&stay.household) == place.household.as_ref() && stay.kind == kind && stay.until.is_none();
    let ended = stays.iter().map(|stay| if ends(stay) { Stay { until: Some(until), ..stay.clone() } } else { stay.clone() });
    *stays = ended.collect();
}

impl Stays {
    fn insert(&mut self, stay: Stay) {
        if let Err(place) = self.0.binary_search(&stay) {
            self.0.insert(place, stay);
        }
    }

    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Stay> {
        self.0.iter()
    }
}

impl FromIterator<Stay> for Stays {
    fn from_iter<I: IntoIterator<Item = Stay>>(stays: I) -> Self {
        let mut all = Self::default();
        stays.into_iter().for_each(|stay| all.insert(stay));
        all
    }
}

impl Stay {
    /// Whether it holds at an instant, and makes somebody count among those who are there.
    pub fn is_home(&self, at: Timestamp) -> bool {
        matches!(self.kind, ResidenceKind::Lives | ResidenceKind::Stays) && self.holds(at)
    }

    /// Whether it holds at an instant.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}
