//! A quarantine order: who, where, from when, what it owes, what was found.

use domain::{
    Dated, Event, Evolve, Fact, Newest,
    obligation::{Attempt, Whereabouts},
    quarantine::{self, CheckFound, CheckOutcome, CountBasis, ReleaseReason},
    values::{BuildingId, EventId, QuarantineId, Reading, Slug, StaffId, Timestamp},
    visit::{Mode, PersonFound},
};
use serde::{Deserialize, Serialize};

use super::observation::distinct;
use crate::{Mark, Part, ReadModel};

/// The index of orders that nobody has released, by building; those at no building stand under the empty one.
pub const ACTIVE_BY_BUILDING: &str = "quarantine_active";
/// Most findings kept per order for people to look at.
pub const FINDINGS_MAX: usize = 16;
/// Most records kept per order that may fill slots: several a day over the longest order that is usual.
pub const ATTEMPTS_MAX: usize = 256;

/// What was found when somebody looked after the person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// When.
    pub at: Timestamp,
    /// When we learned of it.
    pub recorded_at: Timestamp,
    /// Whether they were reached; a visit reaches whom it finds.
    pub outcome: CheckOutcome,
    /// How.
    pub mode: Mode,
    /// Whether it may fill a slot.
    pub complete: bool,
    /// Temperatures.
    pub readings: Vec<Reading>,
    /// Empty = asked, none; absent = not asked.
    pub symptoms: Option<Vec<Slug>>,
    /// Who looked.
    pub by: Vec<StaffId>,
}

/// A quarantine order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The order.
    pub quarantine: QuarantineId,
    /// Who, where, what it owes; with the attempts that may fill slots.
    pub state: quarantine::State,
    /// What happened on day 0.
    pub basis: CountBasis,
    /// Why it ended.
    pub released: Option<ReleaseReason>,
    /// What was found lately.
    pub findings: Newest<Finding, FINDINGS_MAX>,
}

/// The read model.
#[derive(Debug)]
pub struct Quarantine;

impl Dated for Finding {
    fn at(&self) -> Timestamp {
        self.at
    }

    fn badness(&self) -> i32 {
        i32::from(self.outcome != CheckOutcome::Reached)
    }
}

impl ReadModel for Quarantine {
    const NAME: &'static str = "quarantine";
    const VERSION: u32 = 4;
    type Key = QuarantineId;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<QuarantineId> {
        match fact.event {
            Event::QuarantineChecked(checked) => distinct(checked.checks.iter().map(|check| check.quarantine.clone())),
            Event::VisitRecorded(visit) => distinct(visit.people.iter().flat_map(|found| found.orders.iter().cloned())),
            _ => quarantine::Quarantine::touched(fact.event, fact.header),
        }
    }

    fn evolve(row: Option<Row>, key: &QuarantineId, fact: &Fact<'_>) -> Option<Row> {
        if let Event::QuarantineOrdered(event) = fact.event {
            let state = quarantine::Quarantine::evolve(None, key, fact)?;
            let findings = row.map(|row| row.findings).unwrap_or_default();
            return Some(Row { quarantine: key.clone(), state, basis: event.basis, released: None, findings });
        }
        let mut row = row?;
        if let Event::QuarantineReleased(event) = fact.event {
            row.released = Some(event.reason);
        }
        if let Some((finding, attempt)) = finding_of(fact, key) {
            if finding.outcome == CheckOutcome::Hospital {
                row.state.order.stays_at(fact, Whereabouts::SaidInHospital);
            }
            row.findings.keep(fact.id(), finding);
            row.state.order.attempts.insert(fact.id(), attempt);
            bound(&mut row.state.order.attempts);
            return Some(row);
        }
        row.state = quarantine::Quarantine::evolve(Some(row.state), key, fact)?;
        Some(row)
    }

    fn take_back(mut row: Row, _: &QuarantineId, fact: &Fact<'_>) -> Option<Row> {
        row.findings.take_back(fact.header.command);
        row.state.order.attempts.retain(|id, _| id.command != fact.header.command);
        row.state.order.stays.retain(|id, _| id.command != fact.header.command);
        Some(row)
    }

    fn marks(key: &QuarantineId, row: &Row) -> Vec<Mark> {
        if row.state.order.released_at.is_some() {
            return Vec::new();
        }
        let building = row.state.place.building.as_ref().map(ToString::to_string).unwrap_or_default();
        vec![Mark { index: ACTIVE_BY_BUILDING, parts: vec![Part::Text(building), Part::Text(key.to_string())] }]
    }

    fn building(_: &QuarantineId, row: &Row) -> Option<BuildingId> {
        row.state.place.building.clone()
    }
}

fn bound(attempts: &mut std::collections::BTreeMap<EventId, Attempt>) {
    while attempts.len() > ATTEMPTS_MAX {
        let oldest = attempts.iter().min_by_key(|(id, attempt)| (attempt.complete, attempt.at, **id)).map(|(id, _)| *id);
        oldest.and_then(|id| attempts.remove(&id));
    }
}

/// What a fact found of an order. Two checks of one order in one command are one finding: the complete one.
fn finding_of(fact: &Fact<'_>, key: &QuarantineId) -> Option<(Finding, Attempt)> {
    match fact.event {
        Event::QuarantineChecked(checked) => {
            let here = checked.checks.iter().filter(|check| check.quarantine == *key);
            here.max_by_key(|check| check.is_complete()).map(|check| check_finding(check, checked.mode, fact))
        }
        Event::VisitRecorded(visit) => {
            let here = visit.people.iter().filter(|found| found.orders.contains(key));
            here.max_by_key(|found| found.is_check()).map(|found| visit_finding(found, visit.mode, fact))
        }
        _ => None,
    }
}

fn check_finding(check: &CheckFound, mode: Mode, fact: &Fact<'_>) -> (Finding, Attempt) {
    let (at, recorded_at, complete) = (fact.header.at, fact.header.recorded_at, check.is_complete());
    let (readings, symptoms, by) = (check.readings.clone(), check.symptoms.clone(), fact.header.by.clone());
    let finding = Finding { at, recorded_at, outcome: check.outcome, mode, complete, readings, symptoms, by };
    (finding, Attempt { at, recorded_at, complete, slot: check.slot.clone() })
}

fn visit_finding(found: &PersonFound, mode: Mode, fact: &Fact<'_>) -> (Finding, Attempt) {
    let (at, recorded_at, complete) = (fact.header.at, fact.header.recorded_at, found.is_check());
    let (readings, symptoms, by) = (found.readings.clone(), found.symptoms.clone(), fact.header.by.clone());
    let here = matches!(found.presence, domain::visit::Presence::Here | domain::visit::Presence::New);
    let outcome = if here { CheckOutcome::Reached } else { CheckOutcome::NotHome };
    let finding = Finding { at, recorded_at, outcome, mode, complete, readings, symptoms, by };
    (finding, Attempt { at, recorded_at, complete, slot: None })
}
