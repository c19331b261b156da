//! What happens when a silence is asked for.

use super::{Begin, Command, End, Ended, Silence, Started};
use crate::{
    Context, Decide, Event, Known, Rejection, alert,
    decide::{check_reason, required},
    values::{HOUR_MS, KeyOwner, PrivateFields, field},
};

/// Longest silence, in hours: one that is forgotten ends before the next day's work does.
pub const SILENCE_HOURS_MAX: i64 = 24;

impl Decide for Silence {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Begin(begin) => decide_begin(begin, known, context),
            Command::End(End { silence }) => {
                let state = required(known.silence(&silence), "/data/silence", "silence", &silence)?;
                // one that is over needs no end
                Ok(if state.holds_at(context.recorded_at) { vec![Ended { silence }.into()] } else { Vec::new() })
            }
        }
    }
}

fn decide_begin(begin: Begin, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let Begin { kind, building, until, reason } = begin;
    check_reason(&reason)?;
    if kind.is_none() && building.is_none() {
        return Err(Rejection::invalid("/data", "silence_too_wide", "name a kind of alert, a building, or both: a whole community is never silenced"));
    }
    if let Some(kind) = &kind
        && alert::Kind::of(kind.as_str()).is_none()
    {
        return Err(Rejection::unknown("/data/kind", "kind", kind));
    }
    if let Some(building) = &building {
        required(known.building(building), "/data/building", "building", building)?;
    }
    if until <= context.recorded_at {
        return Err(Rejection::invalid("/data/until", "silence_over", "a silence ends in the future"));
    }
    if until.0 - context.recorded_at.0 > SILENCE_HOURS_MAX * HOUR_MS {
        return Err(Rejection::invalid("/data/until", "silence_too_long", "a silence lasts at most 24 hours; ask again when it is over"));
    }
    let private = PrivateFields::default().with(field::REASON, Some(&reason)).owned_by(KeyOwner::Command(context.command));
    Ok(vec![Started { silence: context.command, kind, building, until, private }.into()])
}
