//! What we know of a person after one more thing happened.

use super::{Person, Residence, State, UnderOrder};
use crate::{Event, Evolve, Fact, Header, values::PersonId};

impl Evolve for Person {
    type Id = PersonId;
    type State = State;

    fn touched(event: &Event, _: &Header) -> Vec<PersonId> {
        let person = match event {
            Event::PersonRegistered(event) => &event.person,
            Event::PersonIdentityCorrected(event) => &event.person,
            Event::PersonCategoriesChanged(event) => &event.person,
            Event::ResidenceStarted(event) => &event.person,
            Event::ResidenceEnded(event) => &event.person,
            Event::QuarantineOrdered(event) => &event.person,
            Event::QuarantineReleased(event) => &event.person,
            _ => return Vec::new(),
        };
        vec![person.clone()]
    }

    fn evolve(state: Option<State>, _: &PersonId, fact: &Fact<'_>) -> Option<State> {
        let mut state = state.unwrap_or_default();
        match fact.event {
            Event::PersonRegistered(event) => {
                state.birth_year = event.birth_year;
                state.sex = event.sex;
                state.categories.clone_from(&event.categories);
                state.identity_fingerprint = event.identity_fingerprint;
            }
            Event::PersonIdentityCorrected(event) => {
                state.birth_year = event.birth_year;
                state.sex = event.sex;
                state.identity_fingerprint = event.identity_fingerprint;
            }
            Event::PersonCategoriesChanged(event) => state.categories.clone_from(&event.to),
            Event::ResidenceStarted(event) => {
                state.residences.push(Residence { place: event.place.clone(), kind: event.kind, from: event.from, until: None });
            }
            Event::ResidenceEnded(event) => {
                let ended = |residence: &&mut Residence| {
                    residence.place.household == event.place.household && residence.kind == event.kind && residence.until.is_none()
                };
                state.residences.iter_mut().filter(ended).for_each(|residence| residence.until = Some(event.until));
            }
            Event::QuarantineOrdered(event) => {
                state.orders.push(UnderOrder { quarantine: event.quarantine.clone(), from: fact.header.at, until: None });
            }
            Event::QuarantineReleased(event) => {
                let released = |order: &&mut UnderOrder| order.quarantine == event.quarantine;
                state.orders.iter_mut().filter(released).for_each(|order| order.until = Some(fact.header.at));
            }
            _ => {}
        }
        Some(state)
    }
}
