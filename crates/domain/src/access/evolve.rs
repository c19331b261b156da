//! What we know of a token after one more thing happened.

use serde::{Deserialize, Serialize};

use super::{Access, Granted};
use crate::{Event, Evolve, Fact, Header, values::TokenId};

/// What is known of a token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// How it was granted.
    pub granted: Granted,
    /// It was ended.
    pub revoked: bool,
}

impl Evolve for Access {
    type Id = TokenId;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<TokenId> {
        match event {
            Event::TokenGranted(event) => vec![event.token.clone()],
            Event::TokenRevoked(event) => vec![event.token.clone()],
            _ => Vec::new(),
        }
    }

    fn evolve(state: Option<State>, _: &TokenId, fact: &Fact<'_>) -> Option<State> {
        match fact.event {
            Event::TokenGranted(event) => Some(State { granted: event.clone(), revoked: false }),
            Event::TokenRevoked(_) => state.map(|state| State { revoked: true, ..state }),
            _ => state,
        }
    }
}
