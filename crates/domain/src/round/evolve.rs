//! What we know of a round after one more thing happened.

use super::{Round, State};
use crate::{Event, Evolve, Fact, Header, values::RoundId};

impl Evolve for Round {
    type Id = RoundId;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<RoundId> {
        match event {
            Event::RoundOpened(event) => vec![event.round.clone()],
            Event::RoundClosed(event) => vec![event.round.clone()],
            _ => Vec::new(),
        }
    }

    fn evolve(state: Option<State>, _: &RoundId, fact: &Fact<'_>) -> Option<State> {
        match fact.event {
            Event::RoundOpened(event) => Some(State { opened: event.clone(), closed_at: None }),
            Event::RoundClosed(_) => state.map(|state| State { closed_at: Some(fact.header.at), ..state }),
            _ => state,
        }
    }
}
