//! A rule with the rows it remembers in: the one place that knows a rule's type.

use std::marker::PhantomData;

use domain::{
    Commit, Fact,
    alert::Key,
    community,
    values::{CommunityId, Slug, Timestamp, Zone},
};
use rules::{Judgement, Rule, Scope, Visitor};
use store::{Store, StoreError, Table, Unit};

use crate::{error::AlertingError, rows::memory_key};

/// What the engine asks of a rule.
pub(crate) trait Runner: Send + Sync {
    /// Counts changes of what the rule says.
    fn version(&self) -> u16;

    /// Where it remembers.
    fn table(&self) -> Table;

    /// The alert of a scope.
    fn key(&self, scope: &Scope) -> Key;

    /// The scopes that a commit changes, each with the change of its memory. A memory that already holds the commit is skipped.
    fn fold(&self, store: &Store, commit: &Commit, sequence: u64) -> Result<Vec<(Scope, Unit)>, AlertingError>;

    /// What the rule says of a scope, and the sequence its memory was folded to.
    fn judge(
        &self,
        store: &Store,
        of: (&CommunityId, &Scope),
        community: &community::State,
        zone: &Zone,
        now: Timestamp,
    ) -> Result<(u64, Judgement), StoreError>;
}

/// Every rule.
pub(crate) struct Runners(Vec<Box<dyn Runner>>);

impl Runners {
    /// Every rule there is.
    pub(crate) fn all() -> Self {
        let mut runners = Self(Vec::new());
        rules::register(&mut runners);
        runners
    }

    pub(crate) fn tables(&self) -> Vec<Table> {
        self.iter().map(|runner| runner.table()).collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &dyn Runner> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The rule at a place; nothing after the last.
    pub(crate) fn at(&self, place: u16) -> Option<&dyn Runner> {
        self.0.get(usize::from(place)).map(AsRef::as_ref)
    }

    /// The rule of a name. An alert of a rule that this program does not know is left as it is.
    pub(crate) fn named(&self, rule: &Slug) -> Option<&dyn Runner> {
        self.iter().find(|runner| runner.table().name == rule.as_str())
    }
}

impl Visitor for Runners {
    fn visit<R: Rule>(&mut self) {
        self.0.push(Box::new(Of::<R>(PhantomData)));
    }
}

struct Of<R>(PhantomData<R>);

impl<R: Rule> Of<R> {
    const TABLE: Table = Table::new(R::NAME, R::VERSION as u32);
}

impl<R: Rule> Runner for Of<R> {
    fn version(&self) -> u16 {
        R::VERSION
    }

    fn table(&self) -> Table {
        Self::TABLE
    }

    fn key(&self, scope: &Scope) -> Key {
        rules::key::<R>(scope)
    }

    fn fold(&self, store: &Store, commit: &Commit, sequence: u64) -> Result<Vec<(Scope, Unit)>, AlertingError> {
        let unreadable = |source| AlertingError::Retraction { sequence, source };
        let header = &commit.header;
        let of_events = commit.events.iter().map(|event| rules::scopes::<R>(event, header)).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
        let mut scopes: Vec<&Scope> = of_events.iter().flatten().collect();
        scopes.sort_unstable();
        scopes.dedup();
        let mut folded = Vec::new();
        for scope in scopes {
            let key = memory_key(&header.community, scope);
            let row = store.folded::<R::Memory>(Self::TABLE, &key)?;
            if !row.folds(sequence) {
                continue;
            }
            let mut memory = row.value.unwrap_or_default();
            for ((index, event), touched) in (0..).zip(&commit.events).zip(&of_events) {
                if touched.contains(scope) {
                    rules::evolve::<R>(&mut memory, scope, &Fact { sequence, index, header, event });
                }
            }
            folded.push((scope.clone(), Unit::new(sequence).put(Self::TABLE, key, &memory)));
        }
        Ok(folded)
    }

    fn judge(
        &self,
        store: &Store,
        of: (&CommunityId, &Scope),
        community: &community::State,
        zone: &Zone,
        now: Timestamp,
    ) -> Result<(u64, Judgement), StoreError> {
        let row = store.folded::<R::Memory>(Self::TABLE, &memory_key(of.0, of.1))?;
        let memory = row.value.unwrap_or_default();
        Ok((row.sequence, rules::judge::<R>(&memory, of.1, &community.policy, zone, now)))
    }
}
