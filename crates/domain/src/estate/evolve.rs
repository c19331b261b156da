//! What we know of an estate after one more thing happened.

use super::{Estate, State};
use crate::{Event, Evolve, Fact, Header, values::EstateId};

impl Evolve for Estate {
    type Id = EstateId;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<EstateId> {
        match event {
            Event::EstateRegistered(event) => vec![event.estate.clone()],
            Event::EstateRenamed(event) => vec![event.estate.clone()],
            Event::EstateGovernanceChanged(event) => vec![event.estate.clone()],
            _ => Vec::new(),
        }
    }

    fn evolve(state: Option<State>, _: &EstateId, fact: &Fact<'_>) -> Option<State> {
        match fact.event {
            Event::EstateRegistered(event) => Some(State { name: event.name.clone(), zone: event.zone.clone(), governance: event.governance }),
            Event::EstateRenamed(event) => state.map(|state| State { name: event.name.clone(), ..state }),
            Event::EstateGovernanceChanged(event) => state.map(|state| State { zone: event.zone.clone(), governance: event.governance, ..state }),
            _ => state,
        }
    }
}
