//! Who was named as left behind by somebody under an order who is in hospital, and when that somebody was reached since. Only this of
//! checks is needed for a decision: whoever was named for a stay is not named for it again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    Event, Evolve, Fact, Header,
    obligation::{Order, Whereabouts},
    values::{EventId, PersonId, QuarantineId, Timestamp},
};

/// Most facts of either kind that are kept of an order, the latest. Of more, somebody is named once too often.
const KEPT_MAX: usize = 16;

/// The sightings of an order: an entity of its own, so that checks leave the order as it is.
#[derive(Debug)]
pub struct Sightings;

/// The latest of them, by the event that told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SightingsState {
    named: BTreeMap<EventId, (Timestamp, Vec<PersonId>)>,
    reached: BTreeMap<EventId, Timestamp>,
}

impl SightingsState {
    /// Who was named, up to an instant, since they were reached last or their order brought them home.
    pub fn named(&self, order: &Order, at: Timestamp) -> BTreeSet<&PersonId> {
        let brought_home = order.stays.values().filter(|stay| stay.whereabouts == Whereabouts::Elsewhere).map(|stay| stay.at);
        let home = self.reached.values().copied().chain(brought_home).filter(|home| *home <= at).max();
        let since = self.named.values().filter(|(named, _)| *named <= at && home.is_none_or(|home| home < *named));
        since.flat_map(|(_, people)| people).collect()
    }
}

/// The orders whose people an event tells were reached and measured: they were not in hospital.
fn reached(event: &Event) -> Vec<&QuarantineId> {
    match event {
        Event::QuarantineChecked(event) => event.checks.iter().filter(|check| check.is_complete()).map(|check| &check.quarantine).collect(),
        Event::VisitRecorded(event) => event.people.iter().filter(|person| person.is_check()).flat_map(|person| &person.orders).collect(),
        _ => Vec::new(),
    }
}

/// The orders that an event tells something of.
fn told(event: &Event) -> Vec<QuarantineId> {
    match event {
        Event::HouseholdExposed(event) => vec![event.quarantine.clone()],
        event => reached(event).into_iter().cloned().collect(),
    }
}

impl Evolve for Sightings {
    type Id = QuarantineId;
    type State = SightingsState;

    fn touched(event: &Event, _: &Header) -> Vec<QuarantineId> {
        match event {
            Event::RecordRetracted(event) => event.facts().unwrap_or_default().iter().flat_map(told).collect(),
            event => told(event),
        }
    }

    fn evolve(state: Option<SightingsState>, id: &QuarantineId, fact: &Fact<'_>) -> Option<SightingsState> {
        let mut state = state.unwrap_or_default();
        let at = fact.header.at;
        match fact.event {
            Event::RecordRetracted(event) => {
                state.named.retain(|seen, _| seen.command != event.command);
                state.reached.retain(|seen, _| seen.command != event.command);
            }
            Event::HouseholdExposed(event) => {
                state.named.insert(fact.id(), (at, event.housemates.clone()));
            }
            event if reached(event).contains(&id) => {
                state.reached.insert(fact.id(), at);
            }
            _ => {}
        }
        keep_latest(&mut state.named, |(at, _)| *at);
        keep_latest(&mut state.reached, |at| *at);
        Some(state)
    }
}

fn keep_latest<T>(facts: &mut BTreeMap<EventId, T>, at: impl Fn(&T) -> Timestamp) {
    while facts.len() > KEPT_MAX {
        let first = facts.iter().min_by_key(|(id, fact)| (at(fact), **id)).map(|(id, _)| *id);
        first.and_then(|id| facts.remove(&id));
    }
}
