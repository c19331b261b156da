//! A command that was taken back: timelines show what it told, and say so.

use domain::{Event, Fact, values::CommandId};

use crate::ReadModel;

/// The read model: the command that took another one back, under the one that was taken back.
#[derive(Debug)]
pub struct Retracted;

impl ReadModel for Retracted {
    const NAME: &'static str = "retracted";
    const VERSION: u32 = 1;
    type Key = CommandId;
    type Row = CommandId;

    fn keys(fact: &Fact<'_>) -> Vec<CommandId> {
        match fact.event {
            Event::RecordRetracted(event) => vec![event.command],
            _ => Vec::new(),
        }
    }

    fn evolve(_: Option<CommandId>, _: &CommandId, fact: &Fact<'_>) -> Option<CommandId> {
        Some(fact.header.command)
    }
}
