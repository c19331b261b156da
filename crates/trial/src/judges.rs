//! Rules with their memories: the one place that knows a rule's type.

use std::collections::HashMap;

use domain::{
    Commit, Event, Fact,
    alert::Key,
    event::DecodeError,
    values::{Slug, Timestamp},
};
use rules::{Judgement, Rule, Scope, Shared, Visitor};

/// What a trial asks of a rule.
pub(crate) trait Judge {
    fn name(&self) -> &Slug;
    fn version(&self) -> u16;
    fn key(&self, scope: &Scope) -> Key;
    /// Remembers what a commit says, and shows the scopes that it is about.
    fn fold(&mut self, commit: &Commit, sequence: u64, woken: &mut dyn FnMut(Scope)) -> Result<(), DecodeError>;
    fn concerns_all(&self, event: &Event) -> bool;
    /// Every scope of which something is remembered.
    fn scopes(&self) -> Vec<Scope>;
    fn judge(&self, scope: &Scope, shared: &Shared<'_>, now: Timestamp) -> Judgement;
}

/// Every rule there is, remembering nothing yet.
pub(crate) fn every_rule() -> Vec<Box<dyn Judge>> {
    let mut judges = Judges(Vec::new());
    rules::register(&mut judges);
    judges.0
}

struct Judges(Vec<Box<dyn Judge>>);

impl Visitor for Judges {
    fn visit<R: Rule>(&mut self) {
        self.0.push(Box::new(Of::<R> { name: rules::name::<R>(), memories: HashMap::new() }));
    }
}

struct Of<R: Rule> {
    name: Slug,
    memories: HashMap<Scope, R::Memory>,
}

impl<R: Rule> Judge for Of<R> {
    fn name(&self) -> &Slug {
        &self.name
    }

    fn version(&self) -> u16 {
        R::VERSION
    }

    fn key(&self, scope: &Scope) -> Key {
        rules::key::<R>(scope)
    }

    fn fold(&mut self, commit: &Commit, sequence: u64, woken: &mut dyn FnMut(Scope)) -> Result<(), DecodeError> {
        let header = &commit.header;
        for (index, event) in (0..).zip(&commit.events) {
            for scope in rules::scopes::<R>(event, header)? {
                let memory = self.memories.entry(scope.clone()).or_default();
                rules::evolve::<R>(memory, &scope, &Fact { sequence, index, header, event });
                woken(scope);
            }
        }
        Ok(())
    }

    fn concerns_all(&self, event: &Event) -> bool {
        rules::concerns_all::<R>(event)
    }

    fn scopes(&self) -> Vec<Scope> {
        self.memories.keys().cloned().collect()
    }

    fn judge(&self, scope: &Scope, shared: &Shared<'_>, now: Timestamp) -> Judgement {
        // an alert may be of a scope of which nothing is remembered any more
        match self.memories.get(scope) {
            Some(memory) => rules::judge::<R>(memory, scope, shared, now),
            None => rules::judge::<R>(&R::Memory::default(), scope, shared, now),
        }
    }
}
