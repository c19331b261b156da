//! What we know of an alert after one more thing happened.

use std::collections::BTreeSet;

use super::{Alert, AlertId, Key, KeyHash, Occurrence, Severity, State, Status, state::CAUSES_MAX};
use crate::{Event, Evolve, Fact, Header};

impl Evolve for Alert {
    type Id = KeyHash;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<KeyHash> {
        alert_of(event).map(|(alert, _)| alert.key_hash().clone()).into_iter().collect()
    }

    fn evolve(state: Option<State>, _: &KeyHash, fact: &Fact<'_>) -> Option<State> {
        match fact.event {
            Event::AlertRaised(event) => Some(State {
                alert: event.alert.clone(),
                key: event.key.clone(),
                status: Status::Open,
                n: event.n,
                episode: event.episode,
                severity_peak: event.occurrence.severity,
                causes: event.occurrence.causes.iter().cloned().collect(),
                past_causes: past_causes(state, &event.occurrence),
                basis: event.occurrence.basis,
                occurrence: event.occurrence.clone(),
            }),
            Event::AlertUpdated(event) => state.map(|state| occurred(state, event.n, &event.occurrence)),
            Event::AlertUpgraded(event) => state.map(|state| occurred(state, event.n, &event.occurrence)),
            Event::AlertReopened(event) => state.map(|state| State {
                status: Status::Open,
                episode: event.episode,
                severity_peak: event.occurrence.severity,
                ..occurred(state, event.n, &event.occurrence)
            }),
            Event::AlertAcknowledged(event) => state.map(|state| State {
                n: event.n,
                status: Status::Acknowledged { actor: fact.header.actor.clone(), at: fact.header.recorded_at, until: event.until },
                ..state
            }),
            Event::AlertResolved(event) => state.map(|state| State {
                n: event.n,
                status: Status::Resolved { at: fact.header.recorded_at, by_hand: event.by_hand },
                basis: event.basis.unwrap_or(state.basis),
                ..state
            }),
            Event::AlertClosed(event) => state.map(|state| State { n: event.n, status: Status::Closed, ..state }),
            _ => state,
        }
    }
}

fn occurred(mut state: State, n: u32, occurrence: &Occurrence) -> State {
    state.causes.extend(occurrence.causes.iter().cloned());
    // the causes of the last occurrence stay, or the same judgement would bring new ones again and again
    while state.causes.len() > CAUSES_MAX
        && let Some(known) = state.causes.iter().find(|cause| !occurrence.causes.contains(cause)).cloned()
    {
        state.causes.remove(&known);
    }
    let severity_peak: Severity = state.severity_peak.max(occurrence.severity);
    State { n, severity_peak, basis: occurrence.basis, occurrence: occurrence.clone(), ..state }
}

/// What the alerts before a new one were about.
fn past_causes(state: Option<State>, occurrence: &Occurrence) -> BTreeSet<String> {
    let before = state.into_iter().flat_map(|state| state.past_causes.into_iter().chain(state.causes));
    let mut past: BTreeSet<String> = before.filter(|cause| !occurrence.causes.contains(cause)).collect();
    while past.len() > CAUSES_MAX {
        past.pop_first();
    }
    past
}

/// The alert of an event of this aggregate, and what it is about.
pub(crate) fn alert_of(event: &Event) -> Option<(&AlertId, &Key)> {
    match event {
        Event::AlertRaised(event) => Some((&event.alert, &event.key)),
        Event::AlertUpdated(event) => Some((&event.alert, &event.key)),
        Event::AlertUpgraded(event) => Some((&event.alert, &event.key)),
        Event::AlertReopened(event) => Some((&event.alert, &event.key)),
        Event::AlertAcknowledged(event) => Some((&event.alert, &event.key)),
        Event::AlertResolved(event) => Some((&event.alert, &event.key)),
        Event::AlertClosed(event) => Some((&event.alert, &event.key)),
        _ => None,
    }
}

impl Alert {
    /// The alert that an event belongs to, and what it is about.
    pub fn of(event: &Event) -> Option<(&AlertId, &Key)> {
        alert_of(event)
    }
}
