//! What checks found of where somebody under an order is: in hospital, or reached. Only this of checks is needed for a decision: who
//! is known to be in hospital exposes nobody again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::CheckOutcome;
use crate::{
    Event, Evolve, Fact, Header,
    obligation::{Attempt, Order, Stay, Whereabouts},
    values::{EventId, QuarantineId, Timestamp},
};

/// Most sightings that are kept of an order, the latest: two a day for more than a week.
const SEEN_MAX: usize = 16;

/// The sightings of an order: an entity of its own, so that checks leave the order as it is.
#[derive(Debug)]
pub struct Sightings;

/// The latest sightings, by the event that told of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SightingsState {
    seen: BTreeMap<EventId, Seen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    at: Timestamp,
    recorded_at: Timestamp,
    in_hospital: bool,
}

impl SightingsState {
    /// Whether they are known to be in hospital at an instant, by these and by where their order held.
    pub fn in_hospital(&self, order: &Order, at: Timestamp) -> bool {
        let mut order = order.clone();
        for (id, Seen { at, recorded_at, in_hospital }) in &self.seen {
            if *in_hospital {
                order.stays.insert(*id, Stay { at: *at, recorded_at: *recorded_at, whereabouts: Whereabouts::SaidInHospital });
            } else {
                order.attempts.insert(*id, Attempt { at: *at, recorded_at: *recorded_at, complete: true, slot: None });
            }
        }
        order.in_hospital(at).is_some()
    }
}

/// Of whom an event tells where they are, and whether that is in hospital.
fn told_by(event: &Event) -> Vec<(&QuarantineId, bool)> {
    match event {
        Event::QuarantineChecked(event) => {
            let in_hospital = |outcome| outcome == CheckOutcome::Hospital;
            let told = event.checks.iter().filter(|check| in_hospital(check.outcome) || check.is_complete());
            told.map(|check| (&check.quarantine, in_hospital(check.outcome))).collect()
        }
        Event::VisitRecorded(event) => {
            event.people.iter().filter(|person| person.is_check()).flat_map(|person| &person.orders).map(|order| (order, false)).collect()
        }
        _ => Vec::new(),
    }
}

impl Evolve for Sightings {
    type Id = QuarantineId;
    type State = SightingsState;

    fn touched(event: &Event, _: &Header) -> Vec<QuarantineId> {
        let of = |event: &Event| told_by(event).into_iter().map(|(order, _)| order.clone()).collect::<Vec<_>>();
        match event {
            Event::RecordRetracted(event) => event.facts().unwrap_or_default().iter().flat_map(of).collect(),
            event => of(event),
        }
    }

    fn evolve(state: Option<SightingsState>, id: &QuarantineId, fact: &Fact<'_>) -> Option<SightingsState> {
        let mut state = state.unwrap_or_default();
        if let Event::RecordRetracted(event) = fact.event {
            state.seen.retain(|seen, _| seen.command != event.command);
        }
        if let Some((_, in_hospital)) = told_by(fact.event).into_iter().find(|(order, _)| *order == id) {
            state.seen.insert(fact.id(), Seen { at: fact.header.at, recorded_at: fact.header.recorded_at, in_hospital });
        }
        if state.seen.len() > SEEN_MAX {
            let first = state.seen.iter().min_by_key(|(id, seen)| (seen.at, **id)).map(|(id, _)| *id);
            first.and_then(|id| state.seen.remove(&id));
        }
        Some(state)
    }
}
