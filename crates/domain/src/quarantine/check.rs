//! What happens when checks are recorded.

use super::{Check, CheckFound, CheckInput, Checked, decide::place_now};
use crate::{Context, Event, Known, Rejection, decide::required, values::accept_readings, visit::SYMPTOMS_MAX};

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
    let checks = check.checks.into_iter().enumerate().map(|(index, input)| found(input, index, known, context)).collect::<Result<_, _>>()?;
    Ok(vec![Checked { checks, mode: check.mode }.into()])
}

fn found(input: CheckInput, index: usize, known: &dyn Known, context: &Context<'_>) -> Result<CheckFound, Rejection> {
    let pointer = format!("/data/checks/{index}");
    let state = required(known.quarantine(&input.quarantine), &format!("{pointer}/quarantine"), "quarantine", &input.quarantine)?;
    if context.at < state.order.ordered_at {
        return Err(Rejection::invalid("/at", "before_order", format!("this order is in force from {} on", state.order.ordered_at)));
    }
    if state.order.released_at.is_some_and(|released_at| released_at <= context.at) {
        return Err(Rejection::conflict("quarantine_released", "this order had ended at that time"));
    }
    if let Some(slot) = &input.slot {
        let policy = known.community().map(|community| community.policy.clone()).unwrap_or_default();
        let exists = state.order.slots_of_day(slot.date, &policy, &context.zone, context.recorded_at).iter().any(|known| known.id == *slot);
        if !exists {
            return Err(Rejection::invalid(&format!("{pointer}/slot"), "no_such_slot", "this order has no slot of that name on that day"));
        }
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
