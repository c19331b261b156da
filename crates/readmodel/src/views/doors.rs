//! A building as it stands: units, floors from the top, doors, each with its state.

use std::collections::BTreeMap;

use domain::{
    coverage::{DoorName, DoorOf},
    values::{HouseholdId, Place, Timestamp},
};
use serde::{Deserialize, Serialize};

use super::{
    AlertCounts, BuildingRows, Moment, Status, StatusRow, Veiled, Veils,
    board::{count, status_row},
};
use crate::models::{Observation, door, household, quarantine, round, watch};

/// The rows of a building's doors.
#[derive(Clone, Copy, Debug)]
pub struct DoorRows<'a> {
    /// Households by id.
    pub households: &'a BTreeMap<HouseholdId, household::Row>,
    /// What was found at doors without a household's file.
    pub doors: &'a [door::Row],
    /// All rounds: a vacancy lasts for its round.
    pub rounds: &'a [round::Row],
}

/// How we know the state of a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownBy {
    /// Somebody was there.
    Seen,
    /// The building's report speaks for it.
    Reported,
}

/// A door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The door, as written on it.
    pub door: Option<String>,
    /// Its unit.
    pub unit: Option<String>,
    /// Its floor.
    pub floor: Option<i32>,
    /// Its worst open matter.
    pub state: Status,
    /// Its households.
    pub households: Vec<HouseholdId>,
    /// People who live or stay there now.
    pub people: u32,
    /// People under an order there now.
    pub quarantined: u32,
    /// Day n of the order that began last,
    pub day: Option<i32>,
    /// of so many.
    pub days: Option<i32>,
    /// Checks that are overdue there.
    pub overdue: u32,
    /// Open alerts there.
    pub alerts: AlertCounts,
    /// How the state is known; absent when it is not.
    pub known_by: Option<KnownBy>,
    /// When somebody last saw how things are.
    pub seen_at: Option<Timestamp>,
    /// What the last visit or check said, such as `absent`, whether or not it told how things are.
    pub last_outcome: Option<String>,
    /// When that was.
    pub last_outcome_at: Option<Timestamp>,
}

/// The doors of one floor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloorView {
    /// The floor; absent where it is not known.
    pub floor: Option<i32>,
    /// Its doors.
    pub doors: Vec<Cell>,
}

/// A unit, its floors from the top.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitView {
    /// As written on the door of the staircase; absent where doors have no unit.
    pub unit: Option<String>,
    /// What it is called, where that differs.
    pub name: Option<String>,
    /// Its floors, from the top.
    pub floors: Vec<FloorView>,
}

/// A building as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildingDetail {
    /// Its status row.
    #[serde(flatten)]
    pub status: StatusRow,
    /// What kind of building.
    pub kind: String,
    /// Its grid.
    pub grid: Option<domain::values::GridId>,
    /// Address.
    pub private: Veiled,
    /// Its units.
    pub units: Vec<UnitView>,
}

impl Veils for BuildingDetail {
    fn each_veiled(&mut self, visit: &mut dyn FnMut(&mut Veiled)) {
        visit(&mut self.private);
    }
}

/// A building as it stands at a moment.
pub fn building_detail(rows: &BuildingRows<'_>, doors: &DoorRows<'_>, moment: &Moment<'_>) -> BuildingDetail {
    let mut units: Vec<UnitView> =
        rows.file.units.iter().map(|unit| UnitView { unit: Some(unit.unit.clone()), name: unit.name.clone(), floors: Vec::new() }).collect();
    for cell in cells(rows, doors, moment) {
        let place = units.iter().position(|unit| unit.unit == cell.unit).unwrap_or_else(|| {
            units.push(UnitView { unit: cell.unit.clone(), name: None, floors: Vec::new() });
            units.len() - 1
        });
        let floors = &mut units[place].floors;
        match floors.iter_mut().find(|floor| floor.floor == cell.floor) {
            Some(floor) => floor.doors.push(cell),
            None => floors.push(FloorView { floor: cell.floor, doors: vec![cell] }),
        }
    }
    units.iter_mut().for_each(|unit| unit.floors.sort_by_key(|floor| std::cmp::Reverse(floor.floor)));
    BuildingDetail {
        status: status_row(rows, moment),
        kind: rows.file.kind.word().to_owned(),
        grid: rows.file.grid.clone(),
        private: rows.file.private.as_ref().into(),
        units,
    }
}

fn cells(rows: &BuildingRows<'_>, doors: &DoorRows<'_>, moment: &Moment<'_>) -> Vec<Cell> {
    let listed = rows.file.doors().all();
    // a visit may have found a door that no file tells of
    let unlisted = doors.doors.iter().filter(|row| row.name.door.is_some() && !listed.iter().any(|door| door.name == row.name));
    let unlisted: Vec<DoorOf> = unlisted
        .map(|row| DoorOf { name: row.name.clone(), floor: row.observations.iter().filter_map(|seen| seen.floor).max(), households: Vec::new() })
        .collect();
    listed.iter().chain(&unlisted).map(|door| cell(door, rows, doors, moment)).collect()
}

fn cell(door: &DoorOf, rows: &BuildingRows<'_>, doors: &DoorRows<'_>, moment: &Moment<'_>) -> Cell {
    let here = |place: &Place| is_at(place, door);
    let orders = rows.orders.iter().filter(|row| here(&row.state.place) && row.state.order.in_force(moment.now));
    let orders: Vec<&quarantine::Row> = orders.collect();
    let overdue = orders.iter().map(|row| row.state.order.counts(moment.policy, moment.zone, moment.now).overdue).sum();
    let alerts = AlertCounts::of(rows.alerts.iter().filter(|alert| here(&alert.state.occurrence.place)));
    let observations = observations_of(door, doors);
    let told = observations.iter().filter(|seen| seen.observed.tells()).max_by_key(|seen| (seen.at, seen.observed.badness()));
    let last = observations.iter().max_by_key(|seen| (seen.at, seen.observed.badness()));
    let vacant = told.is_some_and(|seen| seen.observed.vacancy() && (moment.is_fresh(seen.at) || round_is_open(seen, doors.rounds, moment.now)));
    let known_by = known_by(door, told, vacant, rows.watch, moment);
    let state = if alerts.critical > 0 {
        Status::Critical
    } else if alerts.serious > 0 || overdue > 0 {
        Status::Serious
    } else if known_by.is_none() {
        Status::Unknown
    } else if !orders.is_empty() {
        Status::Duty
    } else if vacant {
        Status::Vacant
    } else {
        Status::Normal
    };
    let youngest = orders.iter().max_by_key(|row| row.state.order.day_0).map(|row| &row.state.order);
    let residents = door.households.iter().filter_map(|household| doors.households.get(household));
    Cell {
        door: door.name.door.clone(),
        unit: door.name.unit.clone(),
        floor: door.floor,
        state,
        households: door.households.clone(),
        people: count(residents.flat_map(|row| row.people.values()).filter(|stays| stays.iter().any(|stay| stay.is_home(moment.now))).count()),
        quarantined: count(orders.len()),
        day: youngest.map(|order| order.day_number(moment.zone.day_of(moment.now))),
        days: youngest.map(|order| order.day_number(order.last_day(moment.policy))),
        overdue,
        alerts,
        known_by,
        seen_at: told.map(|seen| seen.at),
        last_outcome: last.map(|seen| seen.observed.word().to_owned()),
        last_outcome_at: last.map(|seen| seen.at),
    }
}

/// Whether a place is this door: by its household where it has one, else as it is written.
fn is_at(place: &Place, door: &DoorOf) -> bool {
    match &place.household {
        Some(household) => door.households.contains(household),
        None => place.door.is_some() && DoorName::from(place) == door.name,
    }
}

fn observations_of(door: &DoorOf, doors: &DoorRows<'_>) -> Vec<Observation> {
    let households = door.households.iter().filter_map(|household| doors.households.get(household)).flat_map(|row| row.observations.iter());
    let named = doors.doors.iter().filter(|row| row.name.door.is_some() && row.name == door.name).flat_map(|row| row.observations.iter());
    households.chain(named).collect()
}

/// Seen within the time, or spoken for by a report within the time. The last report about a door decides: an exception is not covered.
fn known_by(door: &DoorOf, told: Option<&Observation>, vacant: bool, watch: Option<&watch::Row>, moment: &Moment<'_>) -> Option<KnownBy> {
    if vacant || told.is_some_and(|seen| moment.is_fresh(seen.at)) {
        return Some(KnownBy::Seen);
    }
    let reports = watch?.reports.values().flat_map(|reports| reports.iter());
    let about = reports.filter(|report| report.speaks_for(door.name.unit.as_deref()));
    // of two at one instant the one with the exception counts: it is the worse
    let last = about.max_by_key(|report| (report.at, is_exception(door, report)))?;
    (moment.is_fresh(last.at) && !is_exception(door, &last)).then_some(KnownBy::Reported)
}

fn is_exception(door: &DoorOf, report: &watch::Report) -> bool {
    report.exceptions.iter().any(|exception| match &exception.household {
        Some(household) => door.households.contains(household),
        None => exception.door == door.name,
    })
}

fn round_is_open(seen: &Observation, rounds: &[round::Row], now: Timestamp) -> bool {
    let round = rounds.iter().find(|round| seen.round.as_ref() == Some(&round.round));
    round.is_some_and(|round| round.closed_at.is_none_or(|closed_at| now < closed_at))
}
