//! Nobody has reported a building for a civil day by the time its report is due.
//!
//! Reports are owed from the civil day after we learned of the building. Once a day is silent it stays so until the building
//! is reported for that day or a later one; every silent day since the last report is a cause, `{building}/{date}`. A report
//! for one unit covers that unit only: the building is reported for a day when all its units are.
//!
//! Before that, once a day, its leaders are nudged: `nudge_at` of the policy, while the report is missing and still in time. Of a building
//! that is silent already they have an alert, and are not nudged besides.

use std::collections::BTreeSet;

use domain::{
    Event, Fact, Header,
    alert::{Detail, Firing, Severity},
    building::Unit,
    values::{BuildingId, CommandId, Day, EstateId, EventId, Place, Timestamp, Zone},
};
use serde::{Deserialize, Serialize};

use crate::{
    Judgement, Nudge, Remembered, Rule, Scope, ScopeKind, Shared, Verdict,
    facts::{Facts, Ranked},
};

/// Most reports per building: a month of two a day.
const REPORTS_MAX: usize = 64;
/// Most silent days listed as causes: a month.
const DAYS_LISTED_MAX: i32 = 31;

/// The rule.
#[derive(Debug)]
pub struct BuildingSilent;

/// What is remembered of one building.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// When we learned of it.
    registered: Option<Timestamp>,
    /// Its units, by the last event that told: places in the log do not depend on who reads it when.
    units: Option<(u64, u16, BTreeSet<String>)>,
    estate: Option<(u64, u16, Option<EstateId>)>,
    reports: Facts<Report, REPORTS_MAX>,
    /// The last day of which its leaders were nudged.
    nudged: Option<Day>,
}

/// What one report says of the building.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Report {
    for_date: Day,
    at: Timestamp,
    recorded_at: Timestamp,
    /// The units it speaks for; all of the building when absent.
    units: Option<BTreeSet<String>>,
}

impl Ranked for Report {
    type Rank = (Day, bool, Timestamp);

    fn rank(&self) -> Self::Rank {
        (self.for_date, self.units.is_none(), self.recorded_at)
    }
}

/// A day that is reported.
struct Covered {
    day: Day,
    /// When we learned the last that was needed.
    recorded_at: Timestamp,
    by: Vec<EventId>,
}

impl Rule for BuildingSilent {
    const NAME: &'static str = "building_silent";
    const VERSION: u16 = 3;
    const KINDS: &'static [ScopeKind] = &[ScopeKind::Building];
    type Memory = Memory;

    fn scopes(event: &Event, _: &Header) -> Vec<Scope> {
        let of = |building: &BuildingId| vec![Scope::building(building)];
        match event {
            Event::BuildingRegistered(event) => of(&event.building),
            Event::BuildingRegrouped(event) => of(&event.building),
            Event::BuildingUnitsChanged(event) => of(&event.building),
            Event::ReportNudged(event) => of(&event.building),
            Event::BuildingReported(event) => event.scopes.iter().map(|scope| Scope::building(&scope.building)).collect(),
            _ => Vec::new(),
        }
    }

    fn evolve(memory: &mut Memory, scope: &Scope, fact: &Fact<'_>) {
        match fact.event {
            Event::BuildingRegistered(event) => {
                memory.registered = Some(fact.header.recorded_at);
                memory.units_are(fact, &event.units);
                memory.estate_is(fact, event.estate.clone());
            }
            Event::BuildingRegrouped(event) => memory.estate_is(fact, event.estate.clone()),
            Event::BuildingUnitsChanged(event) => memory.units_are(fact, &event.units),
            Event::ReportNudged(event) => memory.nudged = memory.nudged.max(Some(event.for_date)),
            Event::BuildingReported(event) => {
                let ours = event.scopes.iter().filter(|reported| reported.building.as_str() == scope.id.as_str());
                // one scope without a unit speaks for the whole building
                let units: Option<BTreeSet<String>> = ours.map(|reported| reported.unit.clone()).collect();
                memory.reports.insert(fact.id(), Report { for_date: event.for_date, at: fact.header.at, recorded_at: fact.header.recorded_at, units });
            }
            _ => {}
        }
    }

    fn retract(memory: &mut Memory, command: CommandId) {
        memory.reports.retract(command);
    }

    fn nudge(memory: &Memory, scope: &Scope, shared: &Shared<'_>, now: Timestamp) -> Option<Nudge> {
        let today = shared.zone.day_of(now);
        let (nudge_at, due_at) = hours_of(today, shared);
        // of what has been silent for longer there is an alert
        let is_due = memory.nudged_next(shared) == Some(today) && nudge_at <= now && now < due_at;
        is_due.then(|| Nudge { building: BuildingId::from(scope.id.clone()), units: memory.units_missing(today), for_date: today, due_at })
    }

    fn judge(memory: &Memory, scope: &Scope, shared: &Shared<'_>, now: Timestamp) -> Judgement {
        let Shared { policy, zone, .. } = *shared;
        let Some(registered) = memory.registered else {
            return Judgement { verdict: Verdict::quiet(), next_change: None };
        };
        // the due time itself is still in time
        let silent_from = |day: Day| zone.at(day, policy.of_day(day, zone).report_due).plus_ms(1);
        let today = zone.day_of(now);
        let first_owed = first_owed(registered, zone);
        let last_due = if silent_from(today) <= now { today } else { today.plus_days(-1) };
        let next_change = Some(silent_from(last_due.plus_days(1).max(first_owed)));
        let covered = memory.covered();
        let first_silent = first_silent(first_owed, covered.as_ref());
        if first_silent <= last_due {
            let due = |day: Day| silent_from(day).plus_ms(-1);
            let firing = memory.firing(scope, (first_silent, last_due), (due(first_silent), due(last_due)));
            return Judgement { verdict: Verdict::Firing(firing), next_change };
        }
        let quiet = |covered: Covered| {
            let silent_from = silent_from(covered.day);
            let known_late = covered.day >= first_owed && covered.recorded_at >= silent_from;
            // a report that was made too late was rightly missed: only one that was made in time and recorded later is a late entry
            let late = known_late && memory.covered_on(covered.day, |report| report.at < silent_from).is_some();
            Verdict::Quiet { late, quieted_by: covered.by.iter().map(EventId::to_string).collect() }
        };
        let nudge_at = memory.nudged_next(shared).map(|day| hours_of(day, shared)).filter(|(nudge_at, due_at)| now < *nudge_at && nudge_at < due_at);
        let next_change = nudge_at.map(|(nudge_at, _)| nudge_at).into_iter().chain(next_change).min();
        Judgement { verdict: covered.map_or(Verdict::quiet(), quiet), next_change }
    }
}

/// The first day of which a report is owed.
fn first_owed(registered: Timestamp, zone: &Zone) -> Day {
    zone.day_of(registered).plus_days(1)
}

/// The first day that is not reported.
fn first_silent(first_owed: Day, covered: Option<&Covered>) -> Day {
    covered.map_or(first_owed, |covered| covered.day.plus_days(1).max(first_owed))
}

/// When leaders are nudged on a day, and until when its report is in time.
fn hours_of(day: Day, Shared { policy, zone, .. }: &Shared<'_>) -> (Timestamp, Timestamp) {
    let settings = policy.of_day(day, zone);
    (zone.at(day, settings.nudge_at()), zone.at(day, settings.report_due))
}

impl Remembered for Memory {
    fn facts(&self) -> usize {
        self.reports.len()
    }
}

impl Memory {
    fn units_are(&mut self, fact: &Fact<'_>, units: &[Unit]) {
        let told = (fact.sequence, fact.index);
        if self.units.as_ref().is_none_or(|(sequence, index, _)| (*sequence, *index) < told) {
            self.units = Some((told.0, told.1, units.iter().map(|unit| unit.unit.clone()).collect()));
        }
    }

    fn estate_is(&mut self, fact: &Fact<'_>, estate: Option<EstateId>) {
        let told = (fact.sequence, fact.index);
        if self.estate.as_ref().is_none_or(|(sequence, index, _)| (*sequence, *index) < told) {
            self.estate = Some((told.0, told.1, estate));
        }
    }

    /// The last day that is reported for the whole building.
    fn covered(&self) -> Option<Covered> {
        let days: BTreeSet<Day> = self.reports.iter().map(|(_, report)| report.for_date).collect();
        days.into_iter().rev().find_map(|day| self.covered_on(day, |_| true))
    }

    /// Whether the reports of a day that `counts` speak for the whole building, and since when we know.
    fn covered_on(&self, day: Day, counts: impl Fn(&Report) -> bool) -> Option<Covered> {
        let mut of_day: Vec<_> = self.reports.iter().filter(|(_, report)| report.for_date == day && counts(report)).collect();
        of_day.sort_by_key(|(id, report)| (report.recorded_at, **id));
        let whole = of_day.iter().find(|(_, report)| report.units.is_none());
        let whole = whole.map(|(id, report)| Covered { day, recorded_at: report.recorded_at, by: vec![**id] });
        let by_units = self.covered_by_units(day, &of_day);
        whole.into_iter().chain(by_units).min_by_key(|covered| covered.recorded_at)
    }

    /// The day of which leaders may be nudged next: the first that is not reported, unless they were.
    fn nudged_next(&self, shared: &Shared<'_>) -> Option<Day> {
        let silent = first_silent(first_owed(self.registered?, shared.zone), self.covered().as_ref());
        Some(silent).filter(|day| self.nudged < Some(*day))
    }

    /// The units that nobody reported for a day, where somebody reported others; none where all of the building is missing.
    fn units_missing(&self, day: Day) -> BTreeSet<String> {
        let of_day = self.reports.iter().filter(|(_, report)| report.for_date == day);
        let reported: BTreeSet<&String> = of_day.flat_map(|(_, report)| report.units.iter().flatten()).collect();
        let units = self.units.as_ref().map(|(_, _, units)| units).filter(|_| !reported.is_empty());
        units.into_iter().flatten().filter(|unit| !reported.contains(unit)).cloned().collect()
    }

    fn covered_by_units(&self, day: Day, of_day: &[(&EventId, &Report)]) -> Option<Covered> {
        let mut missing = self.units.as_ref().map(|(_, _, units)| units.clone()).filter(|units| !units.is_empty())?;
        let mut by = Vec::new();
        for (id, report) in of_day {
            let before = missing.len();
            report.units.iter().flatten().for_each(|unit| {
                missing.remove(unit);
            });
            if missing.len() < before {
                by.push(**id);
            }
            if missing.is_empty() {
                return Some(Covered { day, recorded_at: report.recorded_at, by });
            }
        }
        None
    }

    fn firing(&self, scope: &Scope, (first, last): (Day, Day), (first_at, last_at): (Timestamp, Timestamp)) -> Firing {
        let listed = first.max(last.plus_days(1 - DAYS_LISTED_MAX)).0..=last.0;
        let place = Place {
            estate: self.estate.as_ref().and_then(|(_, _, estate)| estate.clone()),
            building: Some(BuildingId::from(scope.id.clone())),
            ..Place::default()
        };
        Firing {
            severity: Severity::Caution,
            unconfirmed: false,
            place,
            person: None,
            observed: None,
            detail: Detail { for_date: Some(last), ..Detail::default() },
            causes: listed.map(|day| format!("{}/{}", scope.id, Day(day))).collect(),
            first_at,
            last_at,
            occurrences: u32::try_from(last.0 - first.0 + 1).unwrap_or_default(),
            late: false,
        }
    }
}
