//! What happens when somebody is to be nudged.

use super::{Command, Give, Nudge, Nudged};
use crate::{Context, Decide, Event, Known, Rejection, alert::names, decide::required, values::Place};

impl Decide for Nudge {
    type Command = Command;

    /// Once a building and civil day, while there is somebody to remind and the report can still be in time. So a restart, a rebuild and a
    /// second instance remind nobody twice.
    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let Command::Give(Give { building, for_date, due_at, leaders }) = command;
        let state = required(known.building(&building), "/data/building", "building", &building)?;
        let was_given = known.nudge(&building).is_some_and(|nudge| for_date <= nudge.for_date);
        if was_given || leaders.is_empty() || due_at <= context.recorded_at {
            return Ok(Vec::new());
        }
        let place = Place { estate: state.estate.clone(), building: Some(building.clone()), ..Place::default() };
        let names = names(&place, known);
        Ok(vec![Nudged { building, place, names, for_date, due_at, leaders }.into()])
    }
}
