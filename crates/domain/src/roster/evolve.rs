//! What we know of a roster after one more thing happened.

use super::{Id, Roster, State};
use crate::{Event, Evolve, Fact, Header};

impl Evolve for Roster {
    type Id = Id;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<Id> {
        match event {
            Event::RosterPlanned(event) => vec![Id { scope: event.scope.clone(), duty: event.duty.clone(), level: event.level }],
            _ => Vec::new(),
        }
    }

    fn evolve(state: Option<State>, _: &Id, fact: &Fact<'_>) -> Option<State> {
        match fact.event {
            Event::RosterPlanned(event) => Some(State { shifts: event.shifts.clone() }),
            _ => state,
        }
    }
}
