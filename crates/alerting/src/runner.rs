//! Rules and what they remember, whatever their types: the one place that knows a rule's type.

use std::marker::PhantomData;

use domain::{
    Event, Fact, Header,
    alert::Key,
    event::DecodeError,
    values::{Slug, Timestamp},
};
use rules::{Judgement, Nudge, Remembered, Rule, Scope, ScopeKind, Shared, Visitor};

/// What the engine asks of a rule.
pub(crate) trait Runner: Send + Sync {
    /// Its name, as it stands in alert keys.
    fn name(&self) -> &Slug;

    /// Counts changes of what the rule says.
    fn version(&self) -> u16;

    /// The kinds of scope it looks at.
    fn kinds(&self) -> &'static [ScopeKind];

    /// The alert of a scope.
    fn key(&self, scope: &Scope) -> Key;

    /// Whether every scope of the community is to be judged anew after an event.
    fn concerns_all(&self, event: &Event) -> bool;

    /// The scopes that an event is about.
    fn scopes(&self, event: &Event, header: &Header) -> Result<Vec<Scope>, DecodeError>;

    /// What it remembers of a scope of which nothing was told.
    fn nothing(&self) -> Box<dyn Memory>;

    /// What it remembers of a scope, as it was written.
    fn read(&self, bytes: &[u8]) -> postcard::Result<Box<dyn Memory>>;
}

/// What one rule remembers of one scope.
pub(crate) trait Memory: Send {
    /// Remembers what an event tells of the scope.
    fn evolve(&mut self, scope: &Scope, fact: &Fact<'_>);

    /// What the rule says of the scope.
    fn judge(&self, scope: &Scope, shared: &Shared<'_>, now: Timestamp) -> Judgement;

    /// Whether somebody is to be reminded of the scope before the rule fires.
    fn nudge(&self, _: &Scope, _: &Shared<'_>, _now: Timestamp) -> Option<Nudge> {
        None
    }

    /// What [`Runner::read`] reads.
    fn write(&self) -> postcard::Result<Vec<u8>>;

    /// How many facts it holds.
    fn facts(&self) -> usize;
}

/// Every rule, by its place in the register.
pub(crate) struct Runners(Vec<Box<dyn Runner>>);

/// The place of a rule in the register: what stands for it in rows.
pub(crate) type RuleIndex = u8;

impl Runners {
    /// Every rule there is.
    pub(crate) fn all() -> Self {
        let mut runners = Self(Vec::new());
        rules::register(&mut runners);
        runners
    }

    #[cfg(test)]
    pub(crate) fn of(runners: Vec<Box<dyn Runner>>) -> Self {
        Self(runners)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (RuleIndex, &dyn Runner)> {
        (0..).zip(self.0.iter().map(AsRef::as_ref))
    }

    /// The rule at a place.
    pub(crate) fn at(&self, index: RuleIndex) -> Option<&dyn Runner> {
        self.0.get(usize::from(index)).map(AsRef::as_ref)
    }

    /// The rule of a name. An alert of a rule that this program does not know is left as it is.
    pub(crate) fn named(&self, rule: &Slug) -> Option<(RuleIndex, &dyn Runner)> {
        self.iter().find(|(_, runner)| runner.name() == rule)
    }

    /// Another one when a rule comes, goes, moves in the register or says something else.
    pub(crate) fn version(&self) -> u32 {
        let rules: String = self.iter().map(|(_, runner)| format!("{} {}\n", runner.name(), runner.version())).collect();
        crc32fast::hash(rules.as_bytes())
    }
}

impl Visitor for Runners {
    fn visit<R: Rule>(&mut self) {
        self.0.push(Box::new(Of::<R> { name: rules::name::<R>(), rule: PhantomData }));
    }
}

struct Of<R> {
    name: Slug,
    rule: PhantomData<fn() -> R>,
}

impl<R: Rule> Runner for Of<R> {
    fn name(&self) -> &Slug {
        &self.name
    }

    fn version(&self) -> u16 {
        R::VERSION
    }

    fn kinds(&self) -> &'static [ScopeKind] {
        R::KINDS
    }

    fn key(&self, scope: &Scope) -> Key {
        rules::key::<R>(scope)
    }

    fn concerns_all(&self, event: &Event) -> bool {
        rules::concerns_all::<R>(event)
    }

    fn scopes(&self, event: &Event, header: &Header) -> Result<Vec<Scope>, DecodeError> {
        rules::scopes::<R>(event, header)
    }

    fn nothing(&self) -> Box<dyn Memory> {
        Box::new(MemoryOf::<R>(R::Memory::default()))
    }

    fn read(&self, bytes: &[u8]) -> postcard::Result<Box<dyn Memory>> {
        match postcard::take_from_bytes(bytes)? {
            (memory, []) => Ok(Box::new(MemoryOf::<R>(memory))),
            // postcard would ignore what is left over
            _ => Err(postcard::Error::DeserializeBadEncoding),
        }
    }
}

struct MemoryOf<R: Rule>(R::Memory);

impl<R: Rule> Memory for MemoryOf<R> {
    fn evolve(&mut self, scope: &Scope, fact: &Fact<'_>) {
        rules::evolve::<R>(&mut self.0, scope, fact);
    }

    fn judge(&self, scope: &Scope, shared: &Shared<'_>, now: Timestamp) -> Judgement {
        rules::judge::<R>(&self.0, scope, shared, now)
    }

    fn nudge(&self, scope: &Scope, shared: &Shared<'_>, now: Timestamp) -> Option<Nudge> {
        rules::nudge::<R>(&self.0, scope, shared, now)
    }

    fn write(&self) -> postcard::Result<Vec<u8>> {
        postcard::to_stdvec(&self.0)
    }

    fn facts(&self) -> usize {
        self.0.facts()
    }
}
