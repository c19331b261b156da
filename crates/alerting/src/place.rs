//! A community as it is judged: its name, its zone, its policy and its rounds, which all its scopes share.

use domain::{
    Commit, Evolve, Fact,
    community::{self, Community, own_id},
    values::{CommunityId, Zone},
};
use rules::{Rounds, Shared};
use store::{Key, Store, StoreError, Unit};

use crate::rows::{COMMUNITIES, ROUNDS};

/// A community as it is judged.
pub(crate) struct Place {
    /// The last commit that is in it.
    pub(crate) sequence: u64,
    pub(crate) state: community::State,
    pub(crate) zone: Zone,
    rounds: Rounds,
}

impl Place {
    /// A community as the store has it; nothing while it is not founded.
    pub(crate) fn read(store: &Store, community: &CommunityId) -> Result<Option<Self>, StoreError> {
        let key = Key::community(community.as_str());
        let Some(row) = store.get::<community::State>(COMMUNITIES, &key)? else { return Ok(None) };
        let rounds = store.folded::<Rounds>(ROUNDS, &key)?;
        let (sequence, zone) = (row.sequence.max(rounds.sequence), row.value.zone());
        Ok(Some(Self { sequence, state: row.value, zone, rounds: rounds.value.unwrap_or_default() }))
    }

    /// What all its scopes are judged by.
    pub(crate) fn shared(&self) -> Shared<'_> {
        Shared { policy: &self.state.policy, zone: &self.zone, rounds: &self.rounds }
    }
}

/// The rows that a commit changes; empty for nearly every commit.
pub(crate) fn fold(store: &Store, commit: &Commit, sequence: u64) -> Result<Unit, StoreError> {
    let header = &commit.header;
    let key = Key::community(header.community.as_str());
    let facts = || (0..).zip(&commit.events).map(|(index, event)| Fact { sequence, index, header, event });
    let of_itself = |fact: &Fact<'_>| !Community::touched(fact.event, header).is_empty();
    let mut unit = Unit::new(sequence);
    if facts().any(|fact| of_itself(&fact)) {
        let row = store.folded::<community::State>(COMMUNITIES, &key)?;
        if row.folds(sequence)
            && let Some(state) = facts().filter(of_itself).fold(row.value, |state, fact| Community::evolve(state, &own_id(), &fact))
        {
            unit = unit.put(COMMUNITIES, key.clone(), &state);
        }
    }
    if facts().any(|fact| Rounds::tells(fact.event)) {
        let row = store.folded::<Rounds>(ROUNDS, &key)?;
        if row.folds(sequence) {
            let mut rounds = row.value.unwrap_or_default();
            facts().for_each(|fact| rounds.evolve(&fact));
            unit = unit.put(ROUNDS, key, &rounds);
        }
    }
    Ok(unit)
}
