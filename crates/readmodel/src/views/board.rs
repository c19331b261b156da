//! The status row of a building: its worst open matter, and counts.

use std::collections::BTreeSet;

use domain::{
    alert::Severity,
    values::{BuildingId, Day, EstateId, Timestamp},
};
use serde::{Deserialize, Serialize};

use super::{CheckCounts, Moment, Status, add_checks, coverage_count};
use crate::models::{alert, building, coverage, quarantine, round, watch};

/// Badge of a building with an order in force.
const BADGE_DUTY: &str = "duty";
/// Badge of a building with an order whose days are over and that nobody has released.
const BADGE_RELEASE_DUE: &str = "release_due";

/// Counts of open and acknowledged alerts by severity. What recovers is to be looked at today, whatever it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertCounts {
    /// At once.
    pub critical: u32,
    /// Soon.
    pub serious: u32,
    /// Today.
    pub caution: u32,
}

/// The status of a building, as contracts.md has it, with its estate: numbers of buildings repeat between estates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRow {
    /// The building.
    pub building: BuildingId,
    /// What it is called.
    pub name: String,
    /// The estate it stands in.
    pub estate: Option<EstateId>,
    /// What the estate is called.
    pub estate_name: Option<String>,
    /// Its worst open matter.
    pub status: Status,
    /// Households with a file.
    pub households: u32,
    /// Doors, listed or told of by a household's file.
    pub doors: u32,
    /// Doors that the current round has reached; 0 when there is none.
    pub covered: u32,
    /// People who live or stay there now.
    pub people: u32,
    /// People under an order there now.
    pub quarantined: u32,
    /// Lasting signs: `duty`, `release_due`.
    pub badges: Vec<String>,
    /// Owed checks.
    pub checks: CheckCounts,
    /// Open alerts.
    pub alerts: AlertCounts,
    /// An owed daily report is missing.
    pub silent: bool,
    /// When it was last reported of.
    pub last_report_at: Option<Timestamp>,
    /// Sequence of the last commit that is in this row.
    pub sequence: u64,
}

/// All rows that the status of a building follows from.
#[derive(Clone, Copy, Debug)]
pub struct BuildingRows<'a> {
    /// Its file.
    pub file: &'a building::Row,
    /// What its estate is called.
    pub estate_name: Option<&'a str>,
    /// How it was watched.
    pub watch: Option<&'a watch::Row>,
    /// The orders at its doors that nobody has released.
    pub orders: &'a [quarantine::Row],
    /// The alerts at its doors that are open or acknowledged.
    pub alerts: &'a [alert::Row],
    /// The current round, and what it found here; only if it is about this building.
    pub round: Option<(&'a round::Row, Option<&'a coverage::Row>)>,
    /// The last sequence of all these.
    pub sequence: u64,
}

impl AlertCounts {
    /// Counts alerts by the worst of their episode.
    pub fn of<'a>(alerts: impl IntoIterator<Item = &'a alert::Row>) -> Self {
        alerts.into_iter().fold(Self::default(), |mut counts, alert| {
            match (alert.state.recovering, alert.state.severity_peak) {
                (None, Severity::Critical) => counts.critical += 1,
                (None, Severity::Serious) => counts.serious += 1,
                (None, Severity::Caution) | (Some(_), _) => counts.caution += 1,
            }
            counts
        })
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self { critical: self.critical + more.critical, serious: self.serious + more.serious, caution: self.caution + more.caution }
    }
}

/// The status of a building at a moment.
pub fn status_row(rows: &BuildingRows<'_>, moment: &Moment<'_>) -> StatusRow {
    let in_force: Vec<&quarantine::Row> = rows.orders.iter().filter(|row| row.state.order.in_force(moment.now)).collect();
    let orders = in_force.iter().map(|row| &row.state.order);
    let checks = orders.clone().map(|order| order.counts(moment.policy, moment.zone, moment.now)).fold(CheckCounts::default(), add_checks);
    let release_due = orders.clone().any(|order| order.release_due(moment.policy, moment.zone, moment.now));
    let alerts = AlertCounts::of(rows.alerts);
    let silent = is_silent(rows, moment);
    let doors = door_total(rows.file);
    let people = people_home(rows.file, moment.now);
    let inputs = Inputs { silent, doors, people, duty: !in_force.is_empty() };
    let badge = |on: bool, badge: &str| on.then(|| badge.to_owned());
    StatusRow {
        building: rows.file.building.clone(),
        name: rows.file.name.clone(),
        estate: rows.file.estate.clone(),
        estate_name: rows.estate_name.map(str::to_owned),
        status: status(rows, moment, alerts, checks, &inputs),
        households: count(rows.file.households.len()),
        doors,
        covered: rows.round.map_or(0, |(round, coverage)| coverage_count(rows.file, round, coverage).reached),
        people,
        quarantined: count(in_force.iter().map(|row| &row.state.person).collect::<BTreeSet<_>>().len()),
        badges: badge(inputs.duty, BADGE_DUTY).into_iter().chain(badge(release_due, BADGE_RELEASE_DUE)).collect(),
        checks,
        alerts,
        silent,
        last_report_at: last_report_at(rows.watch),
        sequence: rows.sequence,
    }
}

struct Inputs {
    silent: bool,
    duty: bool,
    doors: u32,
    people: u32,
}

fn status(rows: &BuildingRows<'_>, moment: &Moment<'_>, alerts: AlertCounts, checks: CheckCounts, inputs: &Inputs) -> Status {
    let stale = last_known_at(rows.watch).is_none_or(|seen| !moment.is_fresh(seen));
    if alerts.critical > 0 {
        Status::Critical
    } else if alerts.serious > 0 || checks.overdue > 0 {
        Status::Serious
    } else if inputs.silent || stale {
        Status::Unknown
    } else if inputs.duty {
        Status::Duty
    } else if inputs.doors == 0 && inputs.people == 0 {
        Status::Vacant
    } else {
        Status::Normal
    }
}

/// When, by time alone, the status row changes next after the moment.
pub fn next_change(rows: &BuildingRows<'_>, moment: &Moment<'_>) -> Option<Timestamp> {
    let now = moment.now;
    let today = moment.zone.day_of(now);
    let orders = rows.orders.iter().map(|row| &row.state.order);
    let slots = orders.clone().filter_map(|order| order.next_change(moment.policy, moment.zone, now));
    let limits = orders.flat_map(|order| [Some(order.ordered_at), order.released_at]).flatten();
    let reports = [today, today.plus_days(1)].map(|day| report_due(day, moment).plus_ms(1));
    let stays = rows.file.people.values().flat_map(building::Stays::iter).flat_map(|stay| [Some(stay.from), stay.until]).flatten();
    let stale = last_known_at(rows.watch).map(|seen| moment.stale_at(seen));
    slots.chain(limits).chain(reports).chain(stays).chain(stale).chain(moment.policy.next_change(now)).filter(|edge| *edge > now).min()
}

/// The number of doors: those listed, and those that only a household's file tells of.
pub fn door_total(file: &building::Row) -> u32 {
    count(file.doors().all().len())
}

pub(crate) fn people_home(file: &building::Row, now: Timestamp) -> u32 {
    count(file.people.values().filter(|stays| stays.iter().any(|stay| stay.is_home(now))).count())
}

pub(crate) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn last_report_at(watch: Option<&watch::Row>) -> Option<Timestamp> {
    watch?.reports.values().flat_map(|reports| reports.iter()).map(|report| report.at).max()
}

/// When somebody last said how things are: at a door, or for the building as a whole.
fn last_known_at(watch: Option<&watch::Row>) -> Option<Timestamp> {
    last_report_at(watch).max(watch.and_then(|watch| watch.seen.latest()))
}

fn report_due(day: Day, moment: &Moment<'_>) -> Timestamp {
    moment.zone.at(day, moment.policy.of_day(day, moment.zone).report_due)
}

/// Whether the report owed last is missing: today's once it is due, before that yesterday's. Owed from the civil day after registration.
fn is_silent(rows: &BuildingRows<'_>, moment: &Moment<'_>) -> bool {
    let today = moment.zone.day_of(moment.now);
    let owed = if moment.now > report_due(today, moment) { today } else { today.plus_days(-1) };
    if owed <= moment.zone.day_of(rows.file.registered_at) {
        return false;
    }
    let later = rows.watch.into_iter().flat_map(|watch| watch.reports.range(owed..));
    !later.into_iter().any(|(_, reports)| is_whole(reports, rows.file))
}

/// Whether the reports of one day speak for the whole building.
fn is_whole(reports: &watch::DayReports, file: &building::Row) -> bool {
    let speaks_for = |unit: &str| reports.iter().any(|report| report.speaks_for(Some(unit)));
    // where no units are known, a report of one unit tells nothing of the others
    if file.units.is_empty() { reports.iter().any(|report| report.speaks_for(None)) } else { file.units.iter().all(|unit| speaks_for(&unit.unit)) }
}

#[cfg(test)]
mod tests {
    use domain::alert::{self, AlertId, Basis, Detail, Key, Occurrence, Recovering, Status as Stands, Turn};

    use super::*;

    #[test]
    fn what_recovers_counts_as_caution_whatever_it_was() -> Result<(), Box<dyn std::error::Error>> {
        let key = Key { rule: "fever".parse()?, subject_kind: "person".parse()?, subject_id: "p1".parse()? };
        let occurrence = Occurrence {
            severity: Severity::Critical,
            unconfirmed: false,
            place: domain::values::Place::default(),
            names: domain::values::PlaceNames::default(),
            person: None,
            observed: None,
            detail: Detail::default(),
            causes: Vec::new(),
            first_at: Timestamp(0),
            last_at: Timestamp(0),
            occurrences: 1,
            late: false,
            rule_version: 1,
            basis: Basis::default(),
        };
        let counted = |recovering, severity_peak| {
            let state = alert::State {
                alert: AlertId::new(key.hash(&"u07".parse()?), 1),
                key: key.clone(),
                status: Stands::Open,
                recovering,
                n: 1,
                episode: 1,
                severity_peak,
                causes: BTreeSet::new(),
                past_causes: BTreeSet::new(),
                basis: Basis::default(),
                occurrence: occurrence.clone(),
                turn: Turn::default(),
            };
            let counts = AlertCounts::of(&[crate::models::alert::Row { state, history: Default::default() }]);
            Ok::<_, Box<dyn std::error::Error>>((counts.critical, counts.serious, counts.caution))
        };
        let recovering = Some(Recovering { since: Timestamp(0), until: Timestamp(1) });
        assert_eq!(counted(None, Severity::Critical)?, (1, 0, 0));
        assert_eq!(counted(recovering, Severity::Critical)?, (0, 0, 1));
        assert_eq!(counted(recovering, Severity::Serious)?, (0, 0, 1));
        Ok(())
    }
}
