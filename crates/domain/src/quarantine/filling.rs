//! Which slot a check is for, as whoever records it is told.
//!
//! A decision knows an order and not its checks: they are a fold that only readers need. So what is said here rests on the order and this
//! check alone. That it fills no slot is certain: other checks only take slots away. That it is for one holds unless another check of that
//! slot was made before it, and then it may be for the next.

use super::{CheckFound, State};
use crate::{
    Context, Event, Known,
    community::Policy,
    obligation::{Attempt, Order, Slot, SlotId},
    values::{EventId, QuarantineId},
};

/// What a check is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filling {
    /// The order.
    pub quarantine: QuarantineId,
    /// Its slot, or why none.
    pub fills: Fills,
}

/// The slot that a check is for, or why it fills none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fills {
    /// This one, unless a check that was made before it does.
    Slot(SlotId),
    /// It names none, and several of the day were open: the first of them that no other check is for.
    FirstUndone,
    /// None: it was an attempt. Nobody was reached, or they were not measured and not said why, or not asked for symptoms.
    Attempt,
    /// None: the days of the order are over.
    DaysOver,
    /// None: no slot of the day, or not the one that it names, was open then.
    NoneOpen,
}

/// What the checks among events that were just decided are for, in their order.
pub fn fillings(events: &[Event], known: &dyn Known, context: &Context<'_>) -> Vec<Filling> {
    let mut fillings = Vec::new();
    for (index, event) in (0..).zip(events) {
        let Event::QuarantineChecked(checked) = event else { continue };
        let Some(community) = known.community() else { continue };
        let id = EventId { command: context.command, index };
        for check in &checked.checks {
            let Some(state) = known.quarantine(&check.quarantine) else { continue };
            fillings.push(Filling { quarantine: check.quarantine.clone(), fills: fills(check, id, &state, &community.policy, context) });
        }
    }
    fillings
}

fn fills(check: &CheckFound, id: EventId, state: &State, policy: &Policy, context: &Context<'_>) -> Fills {
    if !check.is_complete() {
        return Fills::Attempt;
    }
    let attempt = Attempt { at: context.at, recorded_at: context.recorded_at, complete: true, slot: check.slot.clone() };
    let day = check.slot.as_ref().map_or_else(|| context.zone.day_of(context.at), |slot| slot.date);
    if day > state.order.last_day(policy) {
        return Fills::DaysOver;
    }
    let alone = Order { attempts: [(id, attempt)].into(), ..state.order.clone() };
    let slots = alone.slots_of_day(day, policy, &context.zone, context.recorded_at);
    let was_open = |slot: &&Slot| (slot.opens..slot.ends).contains(&context.at);
    if check.slot.is_none() && slots.iter().filter(was_open).count() > 1 {
        return Fills::FirstUndone;
    }
    slots.into_iter().find(|slot| slot.done_by == Some(id)).map_or(Fills::NoneOpen, |slot| Fills::Slot(slot.id))
}
