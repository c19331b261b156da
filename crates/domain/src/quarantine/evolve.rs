//! What we know of a quarantine order after one more thing happened.

use super::{Kind, Quarantine, State};
use crate::{
    Event, Evolve, Fact, Header,
    obligation::{Order, Whereabouts},
    values::QuarantineId,
};

impl Evolve for Quarantine {
    type Id = QuarantineId;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<QuarantineId> {
        match event {
            Event::QuarantineOrdered(event) => vec![event.quarantine.clone()],
            Event::QuarantineMoved(event) => vec![event.quarantine.clone()],
            Event::QuarantineExtended(event) => vec![event.quarantine.clone()],
            Event::QuarantineSlotsWaived(event) => vec![event.quarantine.clone()],
            Event::QuarantineReleased(event) => vec![event.quarantine.clone()],
            _ => Vec::new(),
        }
    }

    fn evolve(state: Option<State>, _: &QuarantineId, fact: &Fact<'_>) -> Option<State> {
        if let Event::QuarantineOrdered(event) = fact.event {
            let mut order = Order {
                regime: event.regime.clone(),
                day_0: event.day_0,
                days: event.days,
                ordered_at: fact.header.at,
                recorded_at: fact.header.recorded_at,
                ..Order::default()
            };
            if event.kind == Kind::Hospital {
                order.stays_at(fact, Whereabouts::Hospital);
            }
            return Some(State {
                person: event.person.clone(),
                kind: event.kind,
                place: event.place.clone(),
                facility: event.facility.clone(),
                room: event.room.clone(),
                order,
            });
        }
        let mut state = state?;
        match fact.event {
            Event::QuarantineMoved(event) => {
                state.kind = event.kind;
                state.order.stays_at(fact, event.kind.whereabouts());
                state.place.clone_from(&event.to);
                state.facility.clone_from(&event.facility);
                state.room.clone_from(&event.room);
            }
            Event::QuarantineExtended(event) => state.order.extended_until = state.order.extended_until.max(Some(event.until)),
            Event::QuarantineSlotsWaived(event) => state.order.waived.extend(event.slots.iter().cloned()),
            Event::QuarantineReleased(_) => {
                let released_at = state.order.released_at.map_or(fact.header.at, |earlier| earlier.min(fact.header.at));
                state.order.released_at = Some(released_at);
            }
            _ => {}
        }
        Some(state)
    }
}
