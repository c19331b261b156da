//! What happens when something is asked of the file of somebody who works here.

use super::{Command, FileCorrected, Registered, RolesChanged, Staff};
use crate::{
    Context, Decide, Event, Known, Rejection,
    decide::required,
    values::{KeyOwner, PrivateFields, field},
};

impl Decide for Staff {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let Command::Register(register) = command;
        if let Some(person) = &register.person {
            required(known.person(person), "/data/person", "person", person)?;
        }
        let file_fingerprint = context.fingerprint(&[register.name.clone(), register.phones.join(",")]);
        let private = PrivateFields::default()
            .with(field::NAME, Some(&register.name))
            .with_all(field::PHONE, &register.phones)
            .owned_by(KeyOwner::Staff(register.staff.clone()));
        let (staff, roles, org, person, until) = (register.staff, register.roles, register.org, register.person, register.until);
        let Some(state) = known.staff(&staff) else {
            return Ok(vec![Registered { staff, roles, org, person, until, private, file_fingerprint }.into()]);
        };
        let mut events: Vec<Event> = Vec::new();
        if state.roles != roles {
            events.push(RolesChanged { staff: staff.clone(), roles }.into());
        }
        if state.file_fingerprint != file_fingerprint || state.org != org || state.person != person || state.until != until {
            events.push(FileCorrected { staff, org, person, until, private, file_fingerprint }.into());
        }
        Ok(events)
    }
}
