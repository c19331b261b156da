//! The files of people, sealed as they lie in the log: who is to be named on topics is looked up here, and opened only on the way out.

use domain::{
    Commit, Event,
    alert::State,
    values::{CommunityId, PersonId, Private},
};
use store::{Key, Store, StoreError, Unit};

use crate::{publish::Named, rows::NAMES};

fn name_key(community: &CommunityId, person: &PersonId) -> Key {
    Key::community(community.as_str()).text(person.as_str())
}

/// The rows of what a commit says of people's files: the newest counts, as in their file.
pub(crate) fn fold(store: &Store, commit: &Commit, sequence: u64) -> Result<Vec<Unit>, StoreError> {
    let mut units = Vec::new();
    for event in &commit.events {
        let (person, private) = match event {
            Event::PersonRegistered(event) => (&event.person, &event.private),
            Event::PersonIdentityCorrected(event) => (&event.person, &event.private),
            _ => continue,
        };
        let key = name_key(&commit.header.community, person);
        if store.folded::<Option<Private>>(NAMES, &key)?.folds(sequence) {
            units.push(Unit::new(sequence).put(NAMES, key, private));
        }
    }
    Ok(units)
}

/// The file of the person whom an alert is about, sealed; nothing when they have none.
pub(crate) fn of(store: &Store, community: &CommunityId, alert: &State) -> Result<Option<Named>, StoreError> {
    let Some(person) = alert.occurrence.person.as_ref().and_then(|subject| subject.person.as_ref()) else { return Ok(None) };
    let row = store.get::<Option<Private>>(NAMES, &name_key(community, person))?;
    Ok(match row.and_then(|row| row.value) {
        Some(Private::Sealed(file)) => Some(Named { community: community.clone(), file }),
        // the log holds nothing plain
        Some(Private::Plain { .. }) | None => None,
    })
}
