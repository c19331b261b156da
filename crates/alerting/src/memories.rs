//! What one rule remembers, decoded and at hand: folded into again and again, judged, and written once a batch.

use std::collections::HashMap;

use domain::values::CommunityId;
use rules::{Remembered, Scope};
use store::{Store, StoreError, Table, Unit};

use crate::rows::memory_key;

/// Facts at hand, over all scopes of a rule: some 300 bytes each. When there are more, some memories are forgotten, whichever they
/// are, and read again when they are needed. Were all forgotten at once, all would be read at once, and alerts wait.
const FACTS_MAX: usize = 200_000;
/// Of so many memories one is forgotten.
const FORGOTTEN_OF: usize = 8;

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
            let mut place = 0_usize;
            self.at_hand.retain(|_, _| {
                place += 1;
                !place.is_multiple_of(FORGOTTEN_OF)
            });
            self.facts = self.at_hand.values().map(|at_hand| 1 + at_hand.memory.facts()).sum();
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
