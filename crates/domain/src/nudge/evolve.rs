//! What we know of nudges after one more thing happened.

use super::{Nudge, State};
use crate::{Event, Evolve, Fact, Header, values::BuildingId};

impl Evolve for Nudge {
    type Id = BuildingId;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<BuildingId> {
        match event {
            Event::ReportNudged(event) => vec![event.building.clone()],
            _ => Vec::new(),
        }
    }

    fn evolve(state: Option<State>, _: &BuildingId, fact: &Fact<'_>) -> Option<State> {
        match fact.event {
            Event::ReportNudged(event) => {
                let before = state.map_or(event.for_date, |state| state.for_date);
                Some(State { for_date: before.max(event.for_date) })
            }
            _ => state,
        }
    }
}
