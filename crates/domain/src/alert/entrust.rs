//! What happens when it is somebody's turn: as the alerting service says, or by hand.

use super::{
    Act, Assign, Assigned, Entrust, Escalate, Escalated, EscalationRequested, Note, Noted, Stage,
    decide::{as_seen, next},
};
use crate::{
    Context, Event, Known, Rejection,
    decide::required,
    responsibility::check_level,
    values::{KeyOwner, PrivateFields, field},
};

/// Longest note, in characters.
const NOTE_CHARS_MAX: usize = 2_000;

/// The turn of a level. It rests on the alert as it was at `n`: of two that rest on the same, or on less than is known, the later
/// says nothing, and whoever judges looks again.
pub(super) fn decide_entrust(entrust: Entrust, known: &dyn Known) -> Result<Vec<Event>, Rejection> {
    check_level("/data/stage/level", entrust.stage.level)?;
    let current = known.alert(entrust.alert.key_hash()).filter(|state| state.alert == entrust.alert && state.n == entrust.n && state.is_active());
    let Some(state) = current else { return Ok(Vec::new()) };
    let Entrust { basis, stage: Stage { level, owners, informed, gaps, why, since, due_at }, .. } = entrust;
    let (alert, n, place, person) = next(&state);
    Ok(vec![Escalated { alert, key: state.key.clone(), n, place, person, level, owners, informed, gaps, why, since, due_at, basis }.into()])
}

pub(super) fn decide_escalate(escalate: Escalate, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let state = as_seen(&escalate.alert, escalate.n, known, context)?;
    state.allows(Act::Escalate)?;
    let level = state.goes_up_to()?;
    let (alert, n, place, person) = next(&state);
    Ok(vec![EscalationRequested { alert, key: state.key.clone(), n, place, person, level }.into()])
}

pub(super) fn decide_assign(assign: Assign, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let state = as_seen(&assign.alert, assign.n, known, context)?;
    state.allows(Act::Assign)?;
    required(known.staff(&assign.staff), "/data/staff", "staff", &assign.staff)?;
    let level = state.turn.level().unwrap_or(1);
    if state.turn.given_to.as_ref().is_some_and(|given| given.level == level && given.staff == assign.staff) {
        return Ok(Vec::new());
    }
    let (alert, n, place, person) = next(&state);
    Ok(vec![Assigned { alert, key: state.key.clone(), n, place, person, level, staff: assign.staff }.into()])
}

pub(super) fn decide_note(note: &Note, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let state = as_seen(&note.alert, note.n, known, context)?;
    state.allows(Act::Note)?;
    if note.note.trim().is_empty() {
        return Err(Rejection::invalid("/data/note", "note_empty", "write a few words"));
    }
    if note.note.chars().count() > NOTE_CHARS_MAX {
        return Err(Rejection::invalid("/data/note", "note_long", format!("at most {NOTE_CHARS_MAX} characters")));
    }
    let private = PrivateFields::default().with(field::NOTE, Some(&note.note)).owned_by(KeyOwner::Command(context.command));
    let (alert, n, place, person) = next(&state);
    Ok(vec![Noted { alert, key: state.key.clone(), n, place, person, private }.into()])
}
