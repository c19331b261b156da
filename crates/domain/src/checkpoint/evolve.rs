//! What we know of a checkpoint after one more thing happened.

use super::{Checkpoint, Entry, EntryResult, EntrySettled, EntryState, State};
use crate::{
    Event, Evolve, Fact, Header,
    record::Retracted,
    values::{CheckpointId, CommandId},
};

impl Evolve for Checkpoint {
    type Id = CheckpointId;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<CheckpointId> {
        match event {
            Event::CheckpointOpened(event) => vec![event.checkpoint.clone()],
            Event::CheckpointRenamed(event) => vec![event.checkpoint.clone()],
            Event::CheckpointReassigned(event) => vec![event.checkpoint.clone()],
            Event::CheckpointClosed(event) => vec![event.checkpoint.clone()],
            _ => Vec::new(),
        }
    }

    fn evolve(state: Option<State>, _: &CheckpointId, fact: &Fact<'_>) -> Option<State> {
        match fact.event {
            Event::CheckpointOpened(event) => Some(State { name: event.name.clone(), kind: event.kind, serves: event.serves.clone(), closed_at: None }),
            Event::CheckpointRenamed(event) => state.map(|state| State { name: event.name.clone(), ..state }),
            Event::CheckpointReassigned(event) => state.map(|state| State { kind: event.kind, serves: event.serves.clone(), ..state }),
            Event::CheckpointClosed(_) => state.map(|state| State { closed_at: Some(fact.header.at), ..state }),
            _ => state,
        }
    }
}

/// The settlements that a retraction takes back.
fn settlements(retracted: &Retracted) -> impl Iterator<Item = EntrySettled> {
    retracted.facts().unwrap_or_default().into_iter().filter_map(|event| match event {
        Event::EntrySettled(settled) => Some(settled),
        _ => None,
    })
}

impl Evolve for Entry {
    type Id = CommandId;
    type State = EntryState;

    fn touched(event: &Event, header: &Header) -> Vec<CommandId> {
        match event {
            Event::EntryRecorded(event) if event.result == EntryResult::Waiting => vec![header.command],
            Event::EntrySettled(event) => vec![event.entry],
            Event::RecordRetracted(event) => settlements(event).map(|settled| settled.entry).chain([event.command]).collect(),
            _ => Vec::new(),
        }
    }

    fn evolve(state: Option<EntryState>, id: &CommandId, fact: &Fact<'_>) -> Option<EntryState> {
        match fact.event {
            Event::EntryRecorded(event) => Some(EntryState {
                checkpoint: event.checkpoint.clone(),
                direction: event.direction,
                who: event.who.clone(),
                home: event.home.clone(),
                orders: event.orders.clone(),
            }),
            // settled but still waiting: a second measurement that did not decide
            Event::EntrySettled(event) if event.result == EntryResult::Waiting => state,
            Event::EntrySettled(_) => None,
            // a settlement that was taken back leaves them waiting, as it found them
            Event::RecordRetracted(event) => settlements(event).find(|settled| settled.entry == *id).map(|settled| EntryState {
                checkpoint: settled.checkpoint,
                direction: settled.direction,
                who: settled.who,
                home: settled.home,
                orders: settled.orders,
            }),
            _ => state,
        }
    }
}
