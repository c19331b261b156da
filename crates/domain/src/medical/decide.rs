//! What happens when a finding is recorded.

use super::{Command, FindingRecorded, Medical, Record};
use crate::{
    Context, Decide, Event, Known, Rejection,
    household::housemates,
    person::{resolve, subject_fields},
    values::field,
};

impl Decide for Medical {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let Command::Record(Record { person, unregistered, finding, facility, document, note }) = command;
        let who = resolve((person.as_ref(), unregistered.as_ref()), known, "/data", context.at, context.command)?;
        let private = subject_fields(unregistered.as_ref()).with(field::DOCUMENT, document.as_deref()).with(field::NOTE, note.as_deref()).owned_by(who.owner);
        let housemates = housemates(person.as_ref(), who.home.as_ref(), known, context.at);
        Ok(vec![FindingRecorded { who: who.subject, finding, home: who.home, housemates, facility, private }.into()])
    }
}
