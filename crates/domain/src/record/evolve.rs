//! What we know of a recorded command after one more thing happened.

use super::{Record, State};
use crate::{Event, Evolve, Fact, Header, values::CommandId};

impl Evolve for Record {
    type Id = CommandId;
    type State = State;

    /// Every event proves that its command was recorded.
    fn touched(event: &Event, header: &Header) -> Vec<CommandId> {
        match event {
            Event::RecordRetracted(event) => vec![header.command, event.command],
            _ => vec![header.command],
        }
    }

    fn evolve(state: Option<State>, id: &CommandId, fact: &Fact<'_>) -> Option<State> {
        match fact.event {
            Event::RecordRetracted(event) if event.command == *id => state.map(|state| State { retracted: true, ..state }),
            _ => state.or(Some(State { content: fact.header.content, sequence: fact.sequence, retracted: false })),
        }
    }
}
