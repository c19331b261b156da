//! What we know of a household after one more thing happened.

use super::{Household, State};
use crate::{Event, Evolve, Fact, Header, values::HouseholdId};

impl Evolve for Household {
    type Id = HouseholdId;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<HouseholdId> {
        match event {
            Event::HouseholdRegistered(event) => vec![event.household.clone()],
            Event::HouseholdDoorCorrected(event) => vec![event.household.clone()],
            Event::HouseholdFileCorrected(event) => vec![event.household.clone()],
            _ => Vec::new(),
        }
    }

    fn evolve(state: Option<State>, _: &HouseholdId, fact: &Fact<'_>) -> Option<State> {
        match fact.event {
            Event::HouseholdRegistered(event) => Some(State { place: event.place.clone(), file_fingerprint: event.file_fingerprint }),
            Event::HouseholdDoorCorrected(event) => state.map(|state| State { place: event.to.clone(), ..state }),
            Event::HouseholdFileCorrected(event) => state.map(|state| State { file_fingerprint: event.file_fingerprint, ..state }),
            _ => state,
        }
    }
}
