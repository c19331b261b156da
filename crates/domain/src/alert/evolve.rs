//! What we know of an alert after one more thing happened.

use std::collections::BTreeSet;

use super::{Alert, Change, KeyHash, Occurrence, Severity, State, Status, Step, state::CAUSES_MAX};
use crate::{Event, Evolve, Fact, Header};

impl Evolve for Alert {
    type Id = KeyHash;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<KeyHash> {
        Self::step(event).map(|step| step.alert.key_hash().clone()).into_iter().collect()
    }

    fn evolve(state: Option<State>, _: &KeyHash, fact: &Fact<'_>) -> Option<State> {
        let Some(Step { alert, key, n, change, .. }) = Self::step(fact.event) else { return state };
        if let Change::Raised { episode, occurrence } = change {
            return Some(State {
                alert: alert.clone(),
                key: key.clone(),
                status: Status::Open,
                n,
                episode,
                severity_peak: occurrence.severity,
                causes: occurrence.causes.iter().cloned().collect(),
                past_causes: past_causes(state, occurrence),
                basis: occurrence.basis,
                occurrence: occurrence.clone(),
            });
        }
        let state = state?;
        Some(match change {
            Change::Raised { occurrence, .. } | Change::Updated(occurrence) | Change::Upgraded(occurrence) => occurred(state, n, occurrence),
            Change::Reopened { episode, occurrence } => {
                State { status: Status::Open, episode, severity_peak: occurrence.severity, ..occurred(state, n, occurrence) }
            }
            Change::Acknowledged { until } => {
                State { n, status: Status::Acknowledged { actor: fact.header.actor.clone(), at: fact.header.recorded_at, until }, ..state }
            }
            Change::Resolved(resolution) => State {
                n,
                status: Status::Resolved { at: fact.header.recorded_at, by_hand: resolution.by_hand },
                basis: resolution.basis.unwrap_or(state.basis),
                ..state
            },
            Change::Closed { .. } => State { n, status: Status::Closed, ..state },
        })
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
