//! What happens when something is asked of a checkpoint.

use super::{Checkpoint, Close, Closed, Command, Open, Opened, Reassigned, Renamed, entry};
use crate::{Context, Decide, Event, Known, Rejection, decide::required};

impl Decide for Checkpoint {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Open(open) => Ok(decide_open(open, known, context)),
            Command::Close(close) => decide_close(close, known),
            Command::RecordEntry(entry) => entry::decide_record(entry, known, context),
            Command::SettleEntry(settle) => entry::decide_settle(settle, known, context),
        }
    }
}

fn decide_open(open: Open, known: &dyn Known, context: &Context<'_>) -> Vec<Event> {
    let Open { checkpoint, name, kind, serves } = open;
    // a correction that syncs after the closing does not open it again
    let Some(state) = known.checkpoint(&checkpoint).filter(|state| state.closed_at.is_none_or(|closed_at| context.at < closed_at)) else {
        return vec![Opened { checkpoint, name, kind, serves }.into()];
    };
    let mut events: Vec<Event> = Vec::new();
    if state.name != name {
        events.push(Renamed { checkpoint: checkpoint.clone(), name }.into());
    }
    if state.kind != kind || state.serves != serves {
        events.push(Reassigned { checkpoint, kind, serves }.into());
    }
    events
}

fn decide_close(close: Close, known: &dyn Known) -> Result<Vec<Event>, Rejection> {
    let state = required(known.checkpoint(&close.checkpoint), "/data/checkpoint", "checkpoint", &close.checkpoint)?;
    Ok(if state.closed_at.is_some() { Vec::new() } else { vec![Closed { checkpoint: close.checkpoint }.into()] })
}
