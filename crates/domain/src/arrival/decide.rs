//! What happens when an arrival is declared.

use super::{Arrival, Command, Declared};
use crate::{
    Context, Decide, Event, Known, Rejection,
    household::place_of,
    person::{resolve, subject_fields},
    values::field,
};

impl Decide for Arrival {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let Command::Declare(declare) = command;
        let who = resolve((declare.person.as_ref(), declare.unregistered.as_ref()), known, "/data", context.at, context.command)?;
        let place = match declare.door() {
            Some(door) => Some(place_of(&door, known, "/data")?),
            None => who.home,
        };
        if declare.arrived_on > context.zone.day_of(context.at) {
            return Err(Rejection::invalid("/data/arrived_on", "date_in_future", "an arrival is declared on its day or later"));
        }
        let private = subject_fields(declare.unregistered.as_ref()).with(field::FROM, declare.from.as_deref()).owned_by(who.owner);
        Ok(vec![Declared { who: who.subject, place, arrived_on: declare.arrived_on, private }.into()])
    }
}
