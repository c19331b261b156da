//! A rule with the rows it remembers in: the one place that knows a rule's type.

use domain::{
    Commit, Event, Fact,
    alert::Key,
    values::{CommunityId, Slug, Timestamp},
};
use rules::{Judgement, Rule, Scope, Shared, Visitor};
use store::{Store, StoreError, Table, Unit};

use crate::{error::AlertingError, memories::Memories};

/// What the engine asks of a rule.
pub(crate) trait Runner: Send {
    /// Its name, as it stands in alert keys.
    fn name(&self) -> &Slug;

    /// Counts changes of what the rule says.
    fn version(&self) -> u16;

    /// Where it remembers.
    fn table(&self) -> Table;

    /// The alert of a scope.
    fn key(&self, scope: &Scope) -> Key;

    /// Whether every scope of the community is to be judged anew after an event.
    fn concerns_all(&self, event: &Event) -> bool;

    /// Remembers what a commit says, and shows the scopes that it is about: those too whose memory held it already, for whoever
    /// remembered it may have ended before they were judged.
    fn fold(&mut self, store: &Store, commit: &Commit, sequence: u64, woken: &mut dyn FnMut(Scope)) -> Result<(), AlertingError>;

    /// The rows of what was remembered since the last time: to be applied before the rule is asked anything else.
    fn changed(&mut self) -> Vec<Unit>;

    /// What the rule says of a scope, and the sequence its memory was folded to.
    fn judge(&mut self, store: &Store, of: (&CommunityId, &Scope), shared: &Shared<'_>, now: Timestamp) -> Result<(u64, Judgement), StoreError>;
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
        self.0.iter().map(|runner| runner.table()).collect()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Box<dyn Runner>> {
        self.0.iter_mut()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &dyn Runner> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The rule of a name. An alert of a rule that this program does not know is left as it is.
    pub(crate) fn named(&mut self, rule: &Slug) -> Option<&mut Box<dyn Runner>> {
        self.iter_mut().find(|runner| runner.name() == rule)
    }
}

impl Visitor for Runners {
    fn visit<R: Rule>(&mut self) {
        self.0.push(Box::new(Of::<R> { name: rules::name::<R>(), memories: Memories::new(Of::<R>::TABLE) }));
    }
}

struct Of<R: Rule> {
    name: Slug,
    memories: Memories<R::Memory>,
}

impl<R: Rule> Of<R> {
    const TABLE: Table = Table::new(R::NAME, R::VERSION as u32);
}

impl<R: Rule> Runner for Of<R> {
    fn name(&self) -> &Slug {
        &self.name
    }

    fn version(&self) -> u16 {
        R::VERSION
    }

    fn table(&self) -> Table {
        Self::TABLE
    }

    fn key(&self, scope: &Scope) -> Key {
        rules::key::<R>(scope)
    }

    fn concerns_all(&self, event: &Event) -> bool {
        rules::concerns_all::<R>(event)
    }

    fn fold(&mut self, store: &Store, commit: &Commit, sequence: u64, woken: &mut dyn FnMut(Scope)) -> Result<(), AlertingError> {
        let header = &commit.header;
        self.memories.begin_commit();
        for (index, event) in (0..).zip(&commit.events) {
            let scopes = rules::scopes::<R>(event, header).map_err(|source| AlertingError::Retraction { sequence, source })?;
            for scope in scopes {
                let remember = |memory: &mut R::Memory| rules::evolve::<R>(memory, &scope, &Fact { sequence, index, header, event });
                self.memories.fold(store, (&header.community, &scope), sequence, remember)?;
                woken(scope);
            }
        }
        Ok(())
    }

    fn changed(&mut self) -> Vec<Unit> {
        self.memories.changed()
    }

    fn judge(&mut self, store: &Store, of: (&CommunityId, &Scope), shared: &Shared<'_>, now: Timestamp) -> Result<(u64, Judgement), StoreError> {
        let at_hand = self.memories.of(store, of.0, of.1)?;
        Ok((at_hand.sequence, rules::judge::<R>(&at_hand.memory, of.1, shared, now)))
    }
}
