//! What happens when something is asked about rosters.

use super::{Command, Id, Planned, Roster, SHIFTS_MAX, Set};
use crate::{
    Context, Decide, Event, Known, Rejection,
    decide::required,
    responsibility::{check_level, scope},
};

impl Decide for Roster {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let Command::Set(Set { scope: input, duty, level, shifts }) = command;
        let scope = scope(input, known, context)?;
        check_level("/data/level", level)?;
        if shifts.len() > SHIFTS_MAX {
            return Err(Rejection::invalid("/data/shifts", "too_many", format!("at most {SHIFTS_MAX} shifts: send the next weeks only")));
        }
        for (index, shift) in shifts.iter().enumerate() {
            let pointer = format!("/data/shifts/{index}");
            required(known.staff(&shift.staff), &format!("{pointer}/staff"), "staff", &shift.staff)?;
            if shift.until <= shift.from {
                return Err(Rejection::invalid(&format!("{pointer}/until"), "ends_before_start", "a shift ends after it begins"));
            }
        }
        let id = Id { scope, duty, level };
        let before = known.roster(&id);
        if before.map_or(shifts.is_empty(), |state| state.shifts == shifts) {
            return Ok(Vec::new());
        }
        let Id { scope, duty, level } = id;
        Ok(vec![Planned { scope, duty, level, shifts }.into()])
    }
}
