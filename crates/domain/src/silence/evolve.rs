//! What we know of a silence after one more thing happened.

use super::{Silence, State};
use crate::{Event, Evolve, Fact, Header, values::CommandId};

impl Evolve for Silence {
    type Id = CommandId;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<CommandId> {
        match event {
            Event::SilenceStarted(event) => vec![event.silence],
            Event::SilenceEnded(event) => vec![event.silence],
            _ => Vec::new(),
        }
    }

    fn evolve(state: Option<State>, _: &CommandId, fact: &Fact<'_>) -> Option<State> {
        match fact.event {
            Event::SilenceStarted(event) => {
                Some(State { kind: event.kind.clone(), building: event.building.clone(), since: fact.header.recorded_at, until: event.until, ended_at: None })
            }
            Event::SilenceEnded(_) => state.map(|state| State { ended_at: Some(fact.header.recorded_at), ..state }),
            _ => state,
        }
    }
}
