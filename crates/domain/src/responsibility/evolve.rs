//! What we know of a responsibility after one more thing happened.

use super::{Id, Responsibility, State};
use crate::{Event, Evolve, Fact, Header};

impl Evolve for Responsibility {
    type Id = Id;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<Id> {
        match event {
            Event::ResponsibilityAssigned(event) => {
                vec![Id { scope: event.scope.clone(), duty: event.duty.clone(), level: event.level, staff: event.staff.clone() }]
            }
            Event::ResponsibilityReleased(event) => {
                vec![Id { scope: event.scope.clone(), duty: event.duty.clone(), level: event.level, staff: event.staff.clone() }]
            }
            _ => Vec::new(),
        }
    }

    fn evolve(state: Option<State>, _: &Id, fact: &Fact<'_>) -> Option<State> {
        match fact.event {
            Event::ResponsibilityAssigned(event) => Some(State { standing: event.standing, from: event.from, until: event.until }),
            Event::ResponsibilityReleased(event) => state.map(|state| State { until: Some(event.until), ..state }),
            _ => state,
        }
    }
}
