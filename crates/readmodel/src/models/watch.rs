//! When a building was last seen, and what was reported of it day by day.

use std::collections::BTreeMap;

use domain::{
    Dated, Event, Fact, Newest,
    building::{ExceptionKind, ReportBasis, Reported},
    coverage::DoorName,
    values::{BuildingId, Day, HouseholdId, Private, StaffId, Timestamp},
};
use serde::{Deserialize, Serialize};

use super::observation::{Observed, distinct, places_of};
use crate::ReadModel;

/// Most observations kept per building: enough to know the last one after some are taken back.
pub const SEEN_MAX: usize = 8;
/// Most days of reports kept.
pub const REPORT_DAYS_MAX: usize = 14;
/// Most reports kept per day: one per unit, and corrections.
pub const REPORTS_PER_DAY_MAX: usize = 64;
/// Most exceptions kept per report.
pub const EXCEPTIONS_MAX: usize = 200;

/// Reports of one day.
pub type DayReports = Newest<Report, REPORTS_PER_DAY_MAX>;

/// What was reported of a building for one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// When.
    pub at: Timestamp,
    /// When we learned of it.
    pub recorded_at: Timestamp,
    /// The units it speaks for; all when absent.
    pub units: Option<Vec<String>>,
    /// How the reporter knows.
    pub basis: ReportBasis,
    /// What was not as usual, in this building.
    pub exceptions: Vec<NotAsUsual>,
    /// Who reported.
    pub by: Vec<StaffId>,
}

/// A door that was not as usual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotAsUsual {
    /// The household, where the door has one.
    pub household: Option<HouseholdId>,
    /// The door.
    pub door: DoorName,
    /// What.
    pub kind: ExceptionKind,
    /// Label, from, note.
    pub private: Option<Private>,
}

/// How a building was watched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// When somebody saw how things are at one of its doors.
    pub seen: Newest<Timestamp, SEEN_MAX>,
    /// Reports by the day they are about.
    pub reports: BTreeMap<Day, DayReports>,
}

/// The read model.
#[derive(Debug)]
pub struct Watch;

impl Dated for Report {
    fn at(&self) -> Timestamp {
        self.at
    }

    fn badness(&self) -> i32 {
        i32::try_from(self.exceptions.len()).unwrap_or(i32::MAX)
    }
}

impl ReadModel for Watch {
    const NAME: &'static str = "watch";
    const VERSION: u32 = 3;
    type Key = BuildingId;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<BuildingId> {
        match fact.event {
            Event::BuildingReported(report) => distinct(report.scopes.iter().map(|scope| scope.building.clone())),
            _ => distinct(places_of(fact).into_iter().filter_map(|place| place.building.clone())),
        }
    }

    fn evolve(row: Option<Row>, key: &BuildingId, fact: &Fact<'_>) -> Option<Row> {
        let mut row = row.unwrap_or_default();
        if let Event::BuildingReported(report) = fact.event {
            row.reports.entry(report.for_date).or_default().keep(fact.id(), report_of(report, key, fact));
            while row.reports.len() > REPORT_DAYS_MAX {
                row.reports.pop_first();
            }
        }
        let here = Observed::of(fact, |place| place.building.as_ref() == Some(key));
        if here.is_some_and(Observed::tells) {
            row.seen.keep(fact.id(), fact.header.at);
        }
        row.or_none()
    }

    fn take_back(mut row: Row, _: &BuildingId, fact: &Fact<'_>) -> Option<Row> {
        row.seen.take_back(fact.header.command);
        row.reports.values_mut().for_each(|reports| reports.take_back(fact.header.command));
        row.reports.retain(|_, reports| !reports.is_empty());
        row.or_none()
    }

    fn building(key: &BuildingId, _: &Row) -> Option<BuildingId> {
        Some(key.clone())
    }
}

impl Row {
    /// A row that holds nothing is no row: taking back the only fact leaves what was there before it.
    fn or_none(self) -> Option<Self> {
        (!self.seen.is_empty() || !self.reports.is_empty()).then_some(self)
    }
}

fn report_of(report: &Reported, building: &BuildingId, fact: &Fact<'_>) -> Report {
    let scopes: Vec<_> = report.scopes.iter().filter(|scope| scope.building == *building).collect();
    let whole = scopes.iter().any(|scope| scope.unit.is_none());
    let exceptions = report.exceptions.iter().filter(|exception| exception.place.building.as_ref() == Some(building));
    Report {
        at: fact.header.at,
        recorded_at: fact.header.recorded_at,
        units: (!whole).then(|| distinct(scopes.iter().filter_map(|scope| scope.unit.clone()))),
        basis: report.basis,
        exceptions: exceptions
            .take(EXCEPTIONS_MAX)
            .map(|exception| NotAsUsual {
                household: exception.place.household.clone(),
                door: (&exception.place).into(),
                kind: exception.kind,
                private: exception.private.clone(),
            })
            .collect(),
        by: fact.header.by.clone(),
    }
}

impl Report {
    /// Whether it speaks for a unit; a door without a unit is spoken for by whole reports only.
    pub fn speaks_for(&self, unit: Option<&str>) -> bool {
        match (&self.units, unit) {
            (None, _) => true,
            (Some(units), Some(unit)) => units.iter().any(|known| known == unit),
            (Some(_), None) => false,
        }
    }
}
