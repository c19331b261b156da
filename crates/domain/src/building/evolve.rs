//! What we know of a building after one more thing happened.

use super::{Building, State};
use crate::{Event, Evolve, Fact, Header, values::BuildingId};

impl Evolve for Building {
    type Id = BuildingId;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<BuildingId> {
        let building = match event {
            Event::BuildingRegistered(event) => &event.building,
            Event::BuildingRenamed(event) => &event.building,
            Event::BuildingKindChanged(event) => &event.building,
            Event::BuildingRegrouped(event) => &event.building,
            Event::BuildingUnitsChanged(event) => &event.building,
            Event::BuildingAddressCorrected(event) => &event.building,
            _ => return Vec::new(),
        };
        vec![building.clone()]
    }

    fn evolve(state: Option<State>, _: &BuildingId, fact: &Fact<'_>) -> Option<State> {
        match fact.event {
            Event::BuildingRegistered(event) => Some(State {
                name: event.name.clone(),
                kind: event.kind,
                estate: event.estate.clone(),
                grid: event.grid.clone(),
                units: event.units.clone(),
                address_fingerprint: event.address_fingerprint,
            }),
            Event::BuildingRenamed(event) => state.map(|state| State { name: event.name.clone(), ..state }),
            Event::BuildingKindChanged(event) => state.map(|state| State { kind: event.kind, ..state }),
            Event::BuildingRegrouped(event) => state.map(|state| State { estate: event.estate.clone(), grid: event.grid.clone(), ..state }),
            Event::BuildingUnitsChanged(event) => state.map(|state| State { units: event.units.clone(), ..state }),
            Event::BuildingAddressCorrected(event) => state.map(|state| State { address_fingerprint: event.address_fingerprint, ..state }),
            _ => state,
        }
    }
}
