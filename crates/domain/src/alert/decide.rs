//! What happens when something is asked of an alert.

use std::sync::Arc;

use super::{
    Acknowledge, AcknowledgedV2, Act, Alert, AlertId, Close, ClosedV2, Command, Firing, Observe, Occurrence, Raised, RecoveryStarted, ReopenedV2, Resolve,
    ResolvedV2, State, Status, UpdatedV2, UpgradedV2,
    entrust::{decide_assign, decide_entrust, decide_escalate, decide_note},
};
use crate::{
    Context, Decide, Event, Known, Rejection,
    access::Right,
    decide::required,
    values::{HOUR_MS, KeyOwner, Place, PlaceNames, PrivateFields, Subject, field},
};

/// Hours after `resolved` within which a recurrence is the same alert, next episode (alerting.md).
pub const REOPEN_HOURS: i64 = 24;

impl Decide for Alert {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Observe(observe) => Ok(decide_observe(observe, known, context)),
            Command::Acknowledge(acknowledge) => decide_acknowledge(acknowledge, known, context),
            Command::Resolve(resolve) => decide_resolve(resolve, known, context),
            Command::Close(close) => decide_close(close, known, context),
            Command::Entrust(entrust) => decide_entrust(entrust, known),
            Command::Escalate(escalate) => decide_escalate(escalate, known, context),
            Command::Assign(assign) => decide_assign(assign, known, context),
            Command::Note(note) => decide_note(&note, known, context),
        }
    }
}

fn decide_observe(observe: Observe, known: &dyn Known, context: &Context<'_>) -> Vec<Event> {
    let hash = observe.key.hash(context.community);
    let state = known.alert(&hash);
    // a judgement on less than what was judged already: a restart, a replay, a second active instance
    if state.as_ref().is_some_and(|state| observe.basis <= state.basis) {
        return Vec::new();
    }
    let Observe { key, rule_version, basis, firing, late, quieted_by, recovering_until } = observe;
    let course = state.as_deref().map_or(Course::BeginsAnew, |state| Course::of(state, context));
    let firing = firing.and_then(|firing| not_dealt_with(firing, state.as_deref(), course));
    match (state, firing) {
        (None, None) => Vec::new(),
        (None, Some(firing)) => {
            let occurrence = occurrence(firing, rule_version, basis, known);
            vec![Raised { alert: AlertId::new(hash, 1), key, n: 1, episode: 1, occurrence }.into()]
        }
        (Some(state), None) if state.is_active() => {
            let (alert, n, place, person) = next(&state);
            if let Some(until) = recovering_until {
                let known = state.recovering.is_some_and(|recovering| recovering.until == until);
                let started = RecoveryStarted { alert, key, n, place, person, late, quieted_by, until, basis };
                return if known { Vec::new() } else { vec![started.into()] };
            }
            vec![ResolvedV2 { alert, key, n, place, person, by_hand: false, late, quieted_by, basis: Some(basis), private: None }.into()]
        }
        (Some(_), None) => Vec::new(),
        (Some(state), Some(firing)) => {
            let new_cause = firing.causes.iter().any(|cause| !state.causes.contains(cause));
            let occurrence = occurrence(firing, rule_version, basis, known);
            fires_again(&state, occurrence, new_cause, course)
        }
    }
}

/// What a rule that fires now is to its key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Course {
    /// More of the alert that is open or acknowledged.
    GoesOn,
    /// The next episode of the alert that was recovering, or was resolved.
    Recurs,
    /// A new alert, where there is a new cause: it ended too long ago to be the same otherwise.
    BeginsAnew,
}

impl Course {
    fn of(state: &State, context: &Context<'_>) -> Self {
        match &state.status {
            Status::Open | Status::Acknowledged { .. } if state.recovering.is_some() => Self::Recurs,
            Status::Open | Status::Acknowledged { .. } => Self::GoesOn,
            Status::Resolved { at, .. } if context.recorded_at.0 - at.0 <= REOPEN_HOURS * HOUR_MS => Self::Recurs,
            Status::Resolved { .. } | Status::Closed => Self::BeginsAnew,
        }
    }
}

/// Each cause is in exactly one alert. Causes of earlier alerts of the key do not count again, and with no others there is nothing
/// to fire for. Where the next alert will be a new one, only new causes are in it; with none it is the one before that goes on.
fn not_dealt_with(mut firing: Firing, state: Option<&State>, course: Course) -> Option<Firing> {
    let Some(state) = state else { return Some(firing) };
    firing.causes.retain(|cause| !state.past_causes.contains(cause));
    if course == Course::BeginsAnew && firing.causes.iter().any(|cause| !state.causes.contains(cause)) {
        firing.causes.retain(|cause| !state.causes.contains(cause));
    }
    (!firing.causes.is_empty()).then_some(firing)
}

/// A rule fires for a key that has a history.
fn fires_again(state: &State, occurrence: Occurrence, new_cause: bool, course: Course) -> Vec<Event> {
    let (alert, key, n, episode) = (state.alert.clone(), state.key.clone(), state.n + 1, state.episode);
    // whoever folds what is open in that building hears nothing of this alert any more
    let moved_from = state.occurrence.place.building.clone().filter(|building| occurrence.place.building.as_ref() != Some(building));
    match course {
        Course::GoesOn if occurrence.severity > state.severity_peak => vec![UpgradedV2 { alert, key, n, episode, occurrence, moved_from }.into()],
        Course::GoesOn if new_cause || differs(&occurrence, &state.occurrence) => {
            vec![UpdatedV2 { alert, key, n, episode, occurrence, moved_from }.into()]
        }
        Course::GoesOn => Vec::new(),
        // what somebody ended by hand stays ended until there is a new cause
        Course::Recurs | Course::BeginsAnew if state.ended_by_hand() && !new_cause => Vec::new(),
        Course::BeginsAnew if new_cause => {
            let alert = AlertId::new(alert.key_hash().clone(), alert.group() + 1);
            vec![Raised { alert, key, n: 1, episode: 1, occurrence }.into()]
        }
        // the same matter, however long ago it ended: what had quieted it was taken back, or a clock went back
        Course::Recurs | Course::BeginsAnew => vec![ReopenedV2 { alert, key, n, episode: episode + 1, occurrence, moved_from }.into()],
    }
}

/// Whether there is something new to tell.
fn differs(new: &Occurrence, old: &Occurrence) -> bool {
    (new.severity, new.unconfirmed, &new.place, &new.detail, new.occurrences) != (old.severity, old.unconfirmed, &old.place, &old.detail, old.occurrences)
        || new.observed != old.observed
        // fewer, where something was taken back or came out to be another's: in whatever order facts came, the same causes stand in the end
        || new.causes != old.causes
}

fn occurrence(firing: Firing, rule_version: u16, basis: super::Basis, known: &dyn Known) -> Occurrence {
    let names = names(&firing.place, known);
    let Firing { severity, unconfirmed, place, person, observed, detail, causes, first_at, last_at, occurrences, late } = firing;
    Occurrence { severity, unconfirmed, place, names, person, observed, detail, causes, first_at, last_at, occurrences, late, rule_version, basis }
}

/// Names repeat between estates: an alert says the estate's too.
pub(crate) fn names(place: &Place, known: &dyn Known) -> PlaceNames {
    let building = place.building.as_ref().and_then(|building| known.building(building));
    let estate = place.estate.as_ref().or_else(|| building.as_ref().and_then(|building| building.estate.as_ref())).and_then(|estate| known.estate(estate));
    PlaceNames { estate: estate.map(|estate| estate.name.clone()), building: building.map(|building| building.name.clone()) }
}

/// The alert as the sender saw it: the same id and the same `n`. What they may not see is answered as what does not exist: ids can be guessed.
pub(super) fn as_seen(alert: &AlertId, n: u32, known: &dyn Known, context: &Context<'_>) -> Result<Arc<State>, Rejection> {
    let state = required(known.alert(alert.key_hash()), "/data/alert", "alert", alert)?;
    let may_know = !state.key.tells_a_finding() || context.role.may(Right::SeeFindings);
    if !may_know || state.alert.group() < alert.group() {
        return Err(Rejection::unknown("/data/alert", "alert", alert));
    }
    if state.alert != *alert || state.n != n {
        let current = vec![("alert", state.alert.to_string()), ("n", state.n.to_string()), ("state", state.status_word().to_owned())];
        return Err(Rejection::Conflict { code: "alert_changed", reason: "this alert has changed since you saw it: look again".to_owned(), current });
    }
    Ok(state)
}

/// What the next event of an alert says of it: its id, its number, and where and who it was about last.
pub(super) fn next(state: &State) -> (AlertId, u32, Place, Option<Subject>) {
    (state.alert.clone(), state.n + 1, state.occurrence.place.clone(), state.occurrence.person.clone())
}

fn decide_acknowledge(acknowledge: Acknowledge, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let state = as_seen(&acknowledge.alert, acknowledge.n, known, context)?;
    state.allows(Act::Acknowledge)?;
    let (alert, n, place, person) = next(&state);
    Ok(vec![AcknowledgedV2 { alert, key: state.key.clone(), n, place, person, until: acknowledge.until }.into()])
}

fn decide_resolve(resolve: Resolve, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let state = as_seen(&resolve.alert, resolve.n, known, context)?;
    state.allows(Act::Resolve)?;
    let private = PrivateFields::default().with(field::NOTE, resolve.evidence.as_deref()).owned_by(KeyOwner::Command(context.command));
    let (alert, n, place, person) = next(&state);
    let resolved = ResolvedV2 { alert, key: state.key.clone(), n, place, person, by_hand: true, late: false, quieted_by: Vec::new(), basis: None, private };
    Ok(vec![resolved.into()])
}

fn decide_close(close: Close, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let state = as_seen(&close.alert, close.n, known, context)?;
    state.allows(Act::Close)?;
    let (alert, n, place, person) = next(&state);
    Ok(vec![ClosedV2 { alert, key: state.key.clone(), n, place, person, reason: close.reason }.into()])
}
