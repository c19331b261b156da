//! What one rule remembers, decoded and at hand: folded into again and again, judged, and written once a batch.

use std::collections::HashMap;

use domain::values::CommunityId;
use rules::{Remembered, Scope};
use store::{Store, StoreError, Table, Unit};

use crate::rows::memory_key;

/// Facts at hand, over all scopes of a rule: some 300 bytes each. When there are more, some memories are forgotten, whichever they
/// are, and read again when they are needed. Were all forgotten at once, all would be read at once, and alerts wait.
const FACTS_MAX: usize = 200_000;
/// Facts that stay at hand when there were too many.
const FACTS_LEFT: usize = FACTS_MAX / 8 * 7;

/// The memories of one rule. What the store holds is the same up to the last call of [`Memories::changed`].
pub(crate) struct Memories<M> {
    table: Table,
    at_hand: HashMap<(CommunityId, Scope), AtHand<M>>,
    /// Not in the store yet.
    changed: Vec<(CommunityId, Scope)>,
    /// Counts the commits that were begun.
    commits: u64,
    facts: usize,
}

/// One memory.
pub(crate) struct AtHand<M> {
    pub(crate) memory: M,
    /// The last commit that is in it.
    pub(crate) sequence: u64,
    /// Which call of [`Memories::begin_commit`] that commit came with; none, when it came from the store.
    folded_with: u64,
    changed: bool,
}

impl<M: Remembered> Memories<M> {
    pub(crate) fn new(table: Table) -> Self {
        Self { table, at_hand: HashMap::new(), changed: Vec::new(), commits: 0, facts: 0 }
    }

    /// The memory of a scope.
    pub(crate) fn of(&mut self, store: &Store, community: &CommunityId, scope: &Scope) -> Result<&mut AtHand<M>, StoreError> {
        use std::collections::hash_map::Entry;
        if self.facts > FACTS_MAX && self.changed.is_empty() {
            let facts = &mut self.facts;
            self.at_hand.retain(|_, at_hand| {
                if *facts <= FACTS_LEFT {
                    return true;
                }
                *facts = facts.saturating_sub(1 + at_hand.memory.facts());
                false
            });
        }
        match self.at_hand.entry((community.clone(), scope.clone())) {
            Entry::Occupied(at_hand) => Ok(at_hand.into_mut()),
            Entry::Vacant(missing) => {
                let row = store.folded::<M>(self.table, &memory_key(community, scope))?;
                let memory = row.value.unwrap_or_default();
                self.facts += 1 + memory.facts();
                Ok(missing.insert(AtHand { memory, sequence: row.sequence, folded_with: 0, changed: false }))
            }
        }
    }

    /// What is folded from now on is of another commit.
    pub(crate) fn begin_commit(&mut self) {
        self.commits += 1;
    }

    /// Changes the memory of a scope by an event of a commit, unless it holds that commit already.
    pub(crate) fn fold(
        &mut self,
        store: &Store,
        (community, scope): (&CommunityId, &Scope),
        sequence: u64,
        change: impl FnOnce(&mut M),
    ) -> Result<(), StoreError> {
        let commit = self.commits;
        let at_hand = self.of(store, community, scope)?;
        // of one commit, several events may be about the same scope
        if sequence <= at_hand.sequence && at_hand.folded_with != commit {
            return Ok(());
        }
        let before = at_hand.memory.facts();
        change(&mut at_hand.memory);
        let after = at_hand.memory.facts();
        (at_hand.sequence, at_hand.folded_with) = (sequence, commit);
        if !std::mem::replace(&mut at_hand.changed, true) {
            self.changed.push((community.clone(), scope.clone()));
        }
        self.facts = (self.facts + after).saturating_sub(before);
        Ok(())
    }

    /// The rows of what has changed since the last time: to be applied before anything else is asked of this.
    pub(crate) fn changed(&mut self) -> Vec<Unit> {
        let mut units = Vec::with_capacity(self.changed.len());
        for place in self.changed.drain(..) {
            if let Some(at_hand) = self.at_hand.get_mut(&place) {
                at_hand.changed = false;
                units.push(Unit::new(at_hand.sequence).put(self.table, memory_key(&place.0, &place.1), &at_hand.memory));
            }
        }
        units
    }
}

#[cfg(test)]
mod tests {
    use domain::values::PersonId;
    use serde::{Deserialize, Serialize};
    use store::Options;

    use super::*;

    const TABLE: Table = Table::new("heavy", 1);

    /// The numbers that were told, each as large as a tenth of what may be at hand.
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Heavy(Vec<u64>);

    impl Remembered for Heavy {
        fn facts(&self) -> usize {
            self.0.len() * (FACTS_MAX / 10)
        }
    }

    #[test]
    fn what_is_forgotten_is_read_again_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Options::new([TABLE])).unwrap();
        let community: CommunityId = "u07".parse().unwrap();
        let scope = |person: u64| Scope::person(&format!("p{person}").parse::<PersonId>().unwrap()).unwrap();
        let mut memories = Memories::<Heavy>::new(TABLE);
        for sequence in 1..=60 {
            memories.begin_commit();
            memories.fold(&store, (&community, &scope(sequence % 20)), sequence, |memory| memory.0.push(sequence)).unwrap();
            store.apply(memories.changed()).unwrap();
            assert!(memories.facts <= FACTS_MAX + FACTS_MAX / 2, "{} facts are at hand", memories.facts);
        }
        assert!(memories.at_hand.len() < 20, "all of them are at hand");
        for person in 0..20 {
            let told: Vec<u64> = (1..=60).filter(|sequence| sequence % 20 == person).collect();
            assert_eq!(memories.of(&store, &community, &scope(person)).unwrap().memory.0, told);
        }
    }
}
