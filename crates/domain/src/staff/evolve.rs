//! What we know of somebody who works here after one more thing happened.

use super::{Staff, State};
use crate::{Event, Evolve, Fact, Header, values::StaffId};

impl Evolve for Staff {
    type Id = StaffId;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<StaffId> {
        match event {
            Event::StaffRegistered(event) => vec![event.staff.clone()],
            Event::StaffFileCorrected(event) => vec![event.staff.clone()],
            Event::StaffRolesChanged(event) => vec![event.staff.clone()],
            _ => Vec::new(),
        }
    }

    fn evolve(state: Option<State>, _: &StaffId, fact: &Fact<'_>) -> Option<State> {
        match fact.event {
            Event::StaffRegistered(event) => Some(State {
                roles: event.roles.clone(),
                org: event.org.clone(),
                person: event.person.clone(),
                until: event.until,
                file_fingerprint: event.file_fingerprint,
            }),
            Event::StaffFileCorrected(event) => state.map(|state| State {
                org: event.org.clone(),
                person: event.person.clone(),
                until: event.until,
                file_fingerprint: event.file_fingerprint,
                ..state
            }),
            Event::StaffRolesChanged(event) => state.map(|state| State { roles: event.roles.clone(), ..state }),
            _ => state,
        }
    }
}
