//! What we know of an absence after one more thing happened.

use super::{Absence, Id, State};
use crate::{Event, Evolve, Fact, Header};

impl Evolve for Absence {
    type Id = Id;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<Id> {
        match event {
            Event::StaffAbsenceDeclared(event) => vec![Id { staff: event.staff.clone(), from: event.from }],
            _ => Vec::new(),
        }
    }

    fn evolve(state: Option<State>, _: &Id, fact: &Fact<'_>) -> Option<State> {
        match fact.event {
            Event::StaffAbsenceDeclared(event) => Some(State { until: event.until }),
            _ => state,
        }
    }
}
