//! What happens when checks are recorded.

use super::{
    Check, CheckFound, CheckInput, CheckOutcome, Checked,
    decide::{check_begun, check_slot, holds_at_home, in_force, left_behind, place_now, policy},
};
use crate::{Context, Event, Known, Rejection, values::accept_readings, visit::SYMPTOMS_MAX};

/// Most checks in one command: a floor of a quarantine site.
const CHECKS_MAX: usize = 64;

pub(super) fn decide_check(check: Check, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    if check.checks.is_empty() || check.checks.len() > CHECKS_MAX {
        return Err(Rejection::invalid("/data/checks", "checks_count", format!("1 to {CHECKS_MAX} checks")));
    }
    let order = |index: usize| &check.checks[index].quarantine;
    if let Some(index) = (0..check.checks.len()).find(|index| (0..*index).any(|earlier| order(earlier) == order(*index))) {
        let pointer = format!("/data/checks/{index}/quarantine");
        return Err(Rejection::invalid(&pointer, "quarantine_twice", "an order stands in a command once; a second measurement is a second reading"));
    }
    let checks: Vec<CheckFound> = check.checks.into_iter().enumerate().map(|(index, input)| found(input, index, known, context)).collect::<Result<_, _>>()?;
    let in_hospital = checks.iter().filter(|check| check.outcome == CheckOutcome::Hospital);
    let exposed = in_hospital.filter_map(|check| {
        let state = known.quarantine(&check.quarantine).filter(|state| holds_at_home(state.kind))?;
        left_behind(&check.quarantine, &state, &check.place, known, context.at).map(Event::from)
    });
    let exposed: Vec<Event> = exposed.collect();
    Ok(std::iter::once(Checked { checks, mode: check.mode }.into()).chain(exposed).collect())
}

fn found(input: CheckInput, index: usize, known: &dyn Known, context: &Context<'_>) -> Result<CheckFound, Rejection> {
    let pointer = format!("/data/checks/{index}");
    let state = in_force(&input.quarantine, &format!("{pointer}/quarantine"), known, context)?;
    check_begun(&state, context)?;
    if let Some(slot) = &input.slot {
        check_slot(slot, &format!("{pointer}/slot"), &state, &policy(known), context)?;
    }
    if input.symptoms.as_ref().is_some_and(|symptoms| symptoms.len() > SYMPTOMS_MAX) {
        return Err(Rejection::invalid(&format!("{pointer}/symptoms"), "too_many", format!("at most {SYMPTOMS_MAX} symptoms")));
    }
    let readings = accept_readings(&input.readings, &format!("{pointer}/readings"), context)?;
    Ok(CheckFound {
        quarantine: input.quarantine,
        person: state.person.clone(),
        place: place_now(&state, known),
        outcome: input.outcome,
        readings,
        not_measured: input.not_measured,
        symptoms: input.symptoms,
        slot: input.slot,
    })
}
