//! Who lives or stays in a household: what happens to one of them may concern the others. Kept apart from the file of the door, which
//! is looked up at every visit.

use serde::{Deserialize, Serialize};

use super::{Exposed, as_it_stands};
use crate::{
    Event, Evolve, Fact, Header, Known,
    person::ResidenceKind,
    values::{HouseholdId, PersonId, Place, QuarantineId, Timestamp},
};

/// Most residences kept of a household: of more, those that ended first are forgotten.
const RESIDENCES_MAX: usize = 128;
/// Most people that an event names as living with somebody, by their ids: a hall of more is not a household.
const HOUSEMATES_MAX: usize = 64;

/// The people of a household, as a fold of its own.
#[derive(Debug)]
pub struct Residents;

/// What is known of the people of a household.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResidentsState {
    /// Who lives or stays there, or did; in the order of the log.
    pub residences: Vec<Resident>,
}

/// Somebody who lives or stays in a household.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resident {
    /// Who.
    pub person: PersonId,
    /// In what way.
    pub kind: ResidenceKind,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// Whether people who belong to a household in this way sleep there.
const fn sleeps_there(kind: ResidenceKind) -> bool {
    match kind {
        ResidenceKind::Lives | ResidenceKind::Stays => true,
        ResidenceKind::Works | ResidenceKind::RegisteredOnly => false,
    }
}

impl Evolve for Residents {
    type Id = HouseholdId;
    type State = ResidentsState;

    fn touched(event: &Event, _: &Header) -> Vec<HouseholdId> {
        let (place, kind) = match event {
            Event::ResidenceStarted(event) => (&event.place, event.kind),
            Event::ResidenceEnded(event) => (&event.place, event.kind),
            _ => return Vec::new(),
        };
        place.household.iter().filter(|_| sleeps_there(kind)).cloned().collect()
    }

    fn evolve(state: Option<ResidentsState>, _: &HouseholdId, fact: &Fact<'_>) -> Option<ResidentsState> {
        let mut state = state.unwrap_or_default();
        match fact.event {
            Event::ResidenceStarted(event) => state.add(Resident { person: event.person.clone(), kind: event.kind, until: None }),
            Event::ResidenceEnded(event) => {
                let ended = |resident: &&mut Resident| resident.person == event.person && resident.kind == event.kind && resident.until.is_none();
                state.residences.iter_mut().filter(ended).for_each(|resident| resident.until = Some(event.until));
            }
            _ => {}
        }
        Some(state)
    }
}

impl ResidentsState {
    fn add(&mut self, resident: Resident) {
        self.residences.push(resident);
        if self.residences.len() > RESIDENCES_MAX {
            let first = self.residences.iter().enumerate().filter_map(|(place, resident)| Some((resident.until?, place))).min();
            first.into_iter().for_each(|(_, place)| drop(self.residences.remove(place)));
        }
    }
}

/// Those who live with somebody who is in hospital by an order; nothing when nobody does. `place` is where the order held before.
pub(crate) fn exposed(person: &PersonId, quarantine: &QuarantineId, place: &Place, known: &dyn Known, at: Timestamp) -> Option<Exposed> {
    let home = || known.person(person).and_then(|state| state.home_at(at).map(|home| as_it_stands(home, known)));
    let place = Some(place.clone()).filter(|place| place.household.is_some()).or_else(home)?;
    let housemates = housemates(Some(person), Some(&place), known, at);
    (!housemates.is_empty()).then(|| Exposed { person: person.clone(), quarantine: quarantine.clone(), place, housemates })
}

/// Who lives or stays at the home of somebody with them at `at`. Whoever moved in later counts, too: a file is often opened only when
/// the household becomes a matter, and one person too many is asked after sooner than one too few.
pub(crate) fn housemates(person: Option<&PersonId>, home: Option<&Place>, known: &dyn Known, at: Timestamp) -> Vec<PersonId> {
    let state = home.and_then(|home| home.household.as_ref()).and_then(|household| known.residents(household));
    let there = |resident: &&Resident| resident.until.is_none_or(|until| at < until) && Some(&resident.person) != person;
    let mut people: Vec<PersonId> = state.iter().flat_map(|state| &state.residences).filter(there).map(|resident| resident.person.clone()).collect();
    people.sort_unstable();
    people.dedup();
    people.truncate(HOUSEMATES_MAX);
    people
}
