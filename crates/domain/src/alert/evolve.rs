//! What we know of an alert after one more thing happened.

use std::collections::BTreeSet;

use super::{Alert, Change, KeyHash, Occurrence, Recovering, Seen, Severity, State, Status, Step, Turn, is_only_seen, state::CAUSES_MAX};
use crate::{Event, Evolve, Fact, Header, values::Timestamp};

impl Evolve for Alert {
    type Id = KeyHash;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<KeyHash> {
        Self::step(event).map(|step| step.alert.key_hash().clone()).into_iter().collect()
    }

    fn evolve(state: Option<State>, _: &KeyHash, fact: &Fact<'_>) -> Option<State> {
        let Some(Step { alert, key, n, change, .. }) = Self::step(fact.event) else { return state };
        let header = fact.header;
        if let Change::Raised { episode, occurrence } = change {
            return Some(State {
                alert: alert.clone(),
                key: key.clone(),
                status: Status::Open,
                recovering: None,
                n,
                episode,
                severity_peak: occurrence.severity,
                causes: occurrence.causes.iter().cloned().collect(),
                past_causes: past_causes(state, occurrence),
                basis: occurrence.basis,
                turn: Turn::begun(occurrence.severity, header),
                occurrence: occurrence.clone(),
            });
        }
        let state = state?;
        Some(match change {
            Change::Raised { occurrence, .. } | Change::Updated(occurrence) | Change::Upgraded(occurrence) => occurred(state, n, occurrence, header),
            Change::Reopened { episode, occurrence } => State {
                status: Status::Open,
                episode,
                severity_peak: occurrence.severity,
                turn: Turn::begun(occurrence.severity, header),
                ..occurred(state, n, occurrence, header)
            },
            Change::Acknowledged { until } => acknowledged(state, n, until, header),
            Change::Escalated(_) | Change::EscalationRequested { .. } | Change::Assigned { .. } => passed_on(state, n, change, header),
            Change::Noted(_) => State { n, ..state },
            Change::RecoveryStarted(recovery) => {
                let since = state.recovering.map_or(header.recorded_at, |recovering| recovering.since);
                State { n, recovering: Some(Recovering { since, until: recovery.until }), basis: recovery.basis, ..state }
            }
            Change::Resolved(resolution) => State {
                n,
                status: Status::Resolved { at: header.recorded_at, by_hand: resolution.by_hand },
                recovering: None,
                basis: resolution.basis.unwrap_or(state.basis),
                ..state
            },
            Change::Closed { .. } => State { n, status: Status::Closed, recovering: None, ..state },
        })
    }
}

fn occurred(mut state: State, n: u32, occurrence: &Occurrence, header: &Header) -> State {
    state.recovering = None;
    state.causes.extend(occurrence.causes.iter().cloned());
    // the causes of the last occurrence stay, or the same judgement would bring new ones again and again
    while state.causes.len() > CAUSES_MAX
        && let Some(known) = state.causes.iter().find(|cause| !occurrence.causes.contains(cause)).cloned()
    {
        state.causes.remove(&known);
    }
    let severity_peak: Severity = state.severity_peak.max(occurrence.severity);
    let moved = state.occurrence.place.building != occurrence.place.building;
    let turn = if moved { state.turn.moved() } else { state.turn }.worsened(severity_peak, header);
    // whoever has it may be one who can only see it, now that it is critical
    match state.status {
        Status::Acknowledged { actor, role, at, .. } if is_only_seen(role, severity_peak) => {
            let turn = Turn { seen: Some(Seen { actor, at }), ..turn };
            State { n, severity_peak, basis: occurrence.basis, occurrence: occurrence.clone(), status: Status::Open, turn, ..state }
        }
        status => State { n, severity_peak, basis: occurrence.basis, occurrence: occurrence.clone(), status, turn, ..state },
    }
}

/// Seeing it takes it from nobody who has it.
fn acknowledged(state: State, n: u32, until: Option<Timestamp>, header: &Header) -> State {
    let (actor, at) = (header.actor.clone(), header.recorded_at);
    if is_only_seen(header.role, state.severity_peak) {
        return State { n, turn: Turn { seen: Some(Seen { actor, at }), ..state.turn }, ..state };
    }
    State { n, status: Status::Acknowledged { actor, role: header.role, at, until }, ..state }
}

/// It is another's turn. Whoever had it until a time that is over has it no more.
fn passed_on(state: State, n: u32, change: Change<'_>, header: &Header) -> State {
    let expired = state.expired_at(header.recorded_at);
    let status = if expired.is_some() { Status::Open } else { state.status };
    let turn = Turn { freed_at: expired.or(state.turn.freed_at), ..state.turn };
    State { n, status, turn: turn.after(change, header), ..state }
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
