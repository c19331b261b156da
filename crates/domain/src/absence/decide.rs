//! What happens when something is asked about absences.

use super::{Absence, Command, Declare, Declared, Id};
use crate::{
    Context, Decide, Event, Known, Rejection,
    decide::required,
    values::{KeyOwner, PrivateFields, field},
};

impl Decide for Absence {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let Command::Declare(Declare { staff, from, until, reason }) = command;
        required(known.staff(&staff), "/data/staff", "staff", &staff)?;
        let from = from.unwrap_or(context.at);
        if until < from {
            return Err(Rejection::invalid("/data/until", "ends_before_start", "an absence ends after it begins; with the same time it is taken back"));
        }
        let id = Id { staff, from };
        let before = known.absence(&id);
        // what was never said needs not be taken back
        if before.map_or(until == from, |state| state.until == until) {
            return Ok(Vec::new());
        }
        let private = PrivateFields::default().with(field::REASON, reason.as_deref()).owned_by(KeyOwner::Staff(id.staff.clone()));
        Ok(vec![Declared { staff: id.staff, from, until, private }.into()])
    }
}
