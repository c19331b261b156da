//! What happens when something is asked of a round.

use super::{Close, Closed, Command, Open, Opened, Round};
use crate::{Context, Decide, Event, Known, Rejection, decide::required, responsibility::scope, visit::Mode};

impl Decide for Round {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Open(open) => decide_open(open, known, context),
            Command::Close(Close { round }) => {
                let state = required(known.round(&round), "/data/round", "round", &round)?;
                Ok(if state.closed_at.is_some() { Vec::new() } else { vec![Closed { round }.into()] })
            }
        }
    }
}

fn decide_open(open: Open, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let state = known.round(&open.round);
    if state.as_ref().is_some_and(|state| state.closed_at.is_some()) {
        return Err(Rejection::conflict("round_closed", "this round is over; open a new one with an id of its own"));
    }
    let scope = open.scope.map(|input| scope(input, known, context)).transpose()?;
    let reached_by = open.reached_by.filter(|modes| !modes.is_empty()).unwrap_or_else(|| vec![Mode::Door]);
    let opened = Opened { round: open.round, name: open.name, scope, closes_at: open.closes_at, reached_by, questions: open.questions };
    match state {
        // "unchanged" would tell the sender that what they asked for is so
        Some(state) if state.opened != opened => {
            Err(Rejection::conflict("round_exists", "a round with this id is open and is about something else: choose a new id, or close that one"))
        }
        Some(_) => Ok(Vec::new()),
        None if opened.closes_at.is_some_and(|closes_at| closes_at <= context.at) => {
            Err(Rejection::invalid("/data/closes_at", "closes_before_open", "a round closes after it opens"))
        }
        None => Ok(vec![opened.into()]),
    }
}
