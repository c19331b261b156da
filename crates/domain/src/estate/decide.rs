//! What happens when something is asked of an estate.

use super::{Command, Estate, GovernanceChanged, Register, Registered, Renamed};
use crate::{Context, Decide, Event, Known, Rejection};

impl Decide for Estate {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, _: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let Command::Register(Register { estate, name, zone, governance }) = command;
        let Some(state) = known.estate(&estate) else {
            return Ok(vec![Registered { estate, name, zone, governance }.into()]);
        };
        let mut events: Vec<Event> = Vec::new();
        if state.name != name {
            events.push(Renamed { estate: estate.clone(), name }.into());
        }
        if state.zone != zone || state.governance != governance {
            events.push(GovernanceChanged { estate, zone, governance }.into());
        }
        Ok(events)
    }
}
