//! What rules remember, decoded and at hand: folded into again and again, judged, and written once a batch.
//!
//! One row a scope, whichever rules look at it: what a visit costs follows from who was met and where, not from how many rules there are.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use domain::{
    Commit, Fact,
    values::{CommunityId, Slug, Timestamp},
};
use rules::{Judgement, Nudge, Scope, Shared};
use serde::{Deserialize, Serialize};
use store::{Store, StoreError, Table, Unit};

use crate::{
    error::AlertingError,
    rows::memory_key,
    runner::{Memory, RuleIndex, Runner, Runners},
};

/// Facts at hand, over all scopes: some 300 bytes each. When there are more, some scopes are forgotten, whichever they
/// are, and read again when they are needed. Were all forgotten at once, all would be read at once, and alerts wait.
const FACTS_MAX: usize = 200_000;
/// Facts at hand while the log is read for the first time, and what is remembered is held back: what is not in the store cannot be forgotten.
const FACTS_HELD_MAX: usize = 3 * FACTS_MAX;
/// Facts that stay at hand when there were too many.
const FACTS_LEFT: usize = FACTS_MAX / 8 * 7;

/// What all rules remember. What the store holds is the same up to the last call of [`Memories::changed`].
pub(crate) struct Memories {
    runners: Arc<Runners>,
    table: Table,
    at_hand: HashMap<(CommunityId, Scope), AtHand>,
    /// Not in the store yet.
    changed: Vec<(CommunityId, Scope)>,
    /// Counts the commits that were folded.
    commits: u64,
    facts: usize,
}

/// What is remembered of one scope.
struct AtHand {
    of_rules: Vec<(RuleIndex, Box<dyn Memory>)>,
    /// The last commit that is in it.
    sequence: u64,
    /// Which call of [`Memories::fold`] that commit came with; none, when it came from the store.
    folded_with: u64,
    changed: bool,
}

/// What one rule remembers of a scope, as it is stored. A row has one for each rule that was told something of the scope.
#[derive(Serialize, Deserialize)]
struct Written {
    rule: RuleIndex,
    #[serde(with = "serde_bytes")]
    memory: Vec<u8>,
}

/// Where it is stored: anew with other rules.
pub(crate) fn table(runners: &Runners) -> Table {
    Table::new("memories", runners.version())
}

impl AtHand {
    /// At which place stands what a rule remembers; nowhere when the rule was told nothing.
    fn place_of(&self, rule: RuleIndex) -> Option<usize> {
        self.of_rules.iter().position(|(of, _)| *of == rule)
    }

    fn of_rule(&mut self, rule: RuleIndex, runner: &dyn Runner) -> &mut dyn Memory {
        let place = self.place_of(rule).unwrap_or(self.of_rules.len());
        if place == self.of_rules.len() {
            self.of_rules.push((rule, runner.nothing()));
        }
        self.of_rules[place].1.as_mut()
    }

    fn facts(&self) -> usize {
        1 + self.of_rules.iter().map(|(_, memory)| memory.facts()).sum::<usize>()
    }
}

impl Memories {
    pub(crate) fn new(runners: Arc<Runners>) -> Self {
        Self { table: table(&runners), runners, at_hand: HashMap::new(), changed: Vec::new(), commits: 0, facts: 0 }
    }

    /// Where they are stored.
    pub(crate) fn table(&self) -> Table {
        self.table
    }

    /// Remembers what a commit says, and shows the scopes of each rule that it is about: those too whose memory held it already, for
    /// whoever remembered it may have ended before they were judged.
    pub(crate) fn fold(&mut self, store: &Store, commit: &Commit, sequence: u64, woken: &mut dyn FnMut(&Slug, Scope)) -> Result<(), AlertingError> {
        let (header, runners) = (&commit.header, Arc::clone(&self.runners));
        self.commits += 1;
        for (rule, runner) in runners.iter() {
            for (index, event) in (0..).zip(&commit.events) {
                for scope in runner.scopes(event, header).map_err(|source| AlertingError::Retraction { sequence, source })? {
                    let fact = Fact { sequence, index, header, event };
                    self.remember(store, (rule, runner), &scope, &fact)?;
                    woken(runner.name(), scope);
                }
            }
        }
        Ok(())
    }

    /// Changes what a rule remembers of a scope by an event of the commit that is being folded, unless that commit is in it already.
    fn remember(&mut self, store: &Store, (rule, runner): (RuleIndex, &dyn Runner), scope: &Scope, fact: &Fact<'_>) -> Result<(), StoreError> {
        let (community, commit) = (&fact.header.community, self.commits);
        let at_hand = self.of(store, community, scope)?;
        // of one commit several events may be about the same scope, and several rules look at each
        if fact.sequence <= at_hand.sequence && at_hand.folded_with != commit {
            return Ok(());
        }
        (at_hand.sequence, at_hand.folded_with) = (fact.sequence, commit);
        let memory = at_hand.of_rule(rule, runner);
        let before = memory.facts();
        memory.evolve(scope, fact);
        let after = memory.facts();
        if !std::mem::replace(&mut at_hand.changed, true) {
            self.changed.push((community.clone(), scope.clone()));
        }
        self.facts = (self.facts + after).saturating_sub(before);
        Ok(())
    }

    /// What a rule says of a scope, and the last commit that tells something of it.
    pub(crate) fn judge(
        &mut self,
        store: &Store,
        (rule, runner): (RuleIndex, &dyn Runner),
        (community, scope): (&CommunityId, &Scope),
        shared: &Shared<'_>,
        now: Timestamp,
    ) -> Result<(u64, Judgement), StoreError> {
        let at_hand = self.of(store, community, scope)?;
        let judgement = match at_hand.place_of(rule) {
            Some(place) => at_hand.of_rules[place].1.judge(scope, shared, now),
            // nothing is remembered that was not told: a fold that judges less often comes to the same rows
            None => runner.nothing().judge(scope, shared, now),
        };
        Ok((at_hand.sequence, judgement))
    }

    /// Whether somebody is to be reminded of a scope before a rule fires for it, and the last commit that this rests on.
    pub(crate) fn nudge(
        &mut self,
        store: &Store,
        rule: RuleIndex,
        (community, scope): (&CommunityId, &Scope),
        shared: &Shared<'_>,
        now: Timestamp,
    ) -> Result<Option<(u64, Nudge)>, StoreError> {
        let at_hand = self.of(store, community, scope)?;
        let nudge = at_hand.place_of(rule).and_then(|place| at_hand.of_rules[place].1.nudge(scope, shared, now));
        Ok(nudge.map(|nudge| (at_hand.sequence, nudge)))
    }

    /// What is remembered of a scope.
    fn of(&mut self, store: &Store, community: &CommunityId, scope: &Scope) -> Result<&mut AtHand, StoreError> {
        if self.facts > FACTS_MAX && self.changed.is_empty() {
            self.forget_some();
        }
        match self.at_hand.entry((community.clone(), scope.clone())) {
            Entry::Occupied(at_hand) => Ok(at_hand.into_mut()),
            Entry::Vacant(missing) => {
                let row = store.folded::<Vec<Written>>(self.table, &memory_key(community, scope))?;
                let of_rules = row.value.into_iter().flatten().map(|written| written.read(&self.runners)).collect::<Option<_>>();
                let of_rules = of_rules.ok_or(StoreError::Undecodable { table: self.table.name })?;
                let at_hand = AtHand { of_rules, sequence: row.sequence, folded_with: 0, changed: false };
                self.facts += at_hand.facts();
                Ok(missing.insert(at_hand))
            }
        }
    }

    /// Whether there is so much at hand that it is to be written.
    pub(crate) fn is_full(&self) -> bool {
        self.facts > FACTS_HELD_MAX
    }

    fn forget_some(&mut self) {
        let facts = &mut self.facts;
        self.at_hand.retain(|_, at_hand| {
            if *facts <= FACTS_LEFT {
                return true;
            }
            *facts = facts.saturating_sub(at_hand.facts());
            false
        });
    }

    /// The rows of what has changed since the last time: to be applied before anything else is asked of this.
    pub(crate) fn changed(&mut self) -> Result<Vec<Unit>, StoreError> {
        let mut units = Vec::with_capacity(self.changed.len());
        for place in self.changed.drain(..) {
            let Some(at_hand) = self.at_hand.get_mut(&place) else { continue };
            at_hand.changed = false;
            let row = at_hand.of_rules.iter().map(|(rule, memory)| memory.write().map(|memory| Written { rule: *rule, memory }));
            let row = row.collect::<Result<Vec<_>, _>>().map_err(|source| StoreError::Unencodable { table: self.table.name, source })?;
            units.push(Unit::new(at_hand.sequence).put(self.table, memory_key(&place.0, &place.1), &row));
        }
        Ok(units)
    }
}

impl Written {
    /// Nothing when it is not of a rule of ours, or not of its type: then it is of another version of the table.
    fn read(&self, runners: &Runners) -> Option<(RuleIndex, Box<dyn Memory>)> {
        Some((self.rule, runners.at(self.rule)?.read(&self.memory).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use domain::{Event, Header, alert::Key, community::Policy, event::DecodeError, values::Zone};
    use rules::{Rounds, ScopeKind, Verdict};
    use store::Options;

    use super::*;

    /// The commits that were told, each as large as a twentieth of what may be at hand.
    struct Heavy {
        name: Slug,
        /// Looks at everybody, or at every other one.
        every: u16,
    }

    struct Told(Vec<u64>);

    fn person(number: i64) -> Scope {
        Scope::of(ScopeKind::Person, &format!("p{number}")).unwrap()
    }

    impl Runner for Heavy {
        fn name(&self) -> &Slug {
            &self.name
        }

        fn version(&self) -> u16 {
            self.every
        }

        fn kinds(&self) -> &'static [ScopeKind] {
            &[ScopeKind::Person]
        }

        fn key(&self, scope: &Scope) -> Key {
            rules::key::<rules::Fever>(scope)
        }

        fn concerns_all(&self, _: &Event) -> bool {
            false
        }

        fn scopes(&self, _: &Event, header: &Header) -> Result<Vec<Scope>, DecodeError> {
            Ok(Some(header.at.0).filter(|number| number % i64::from(self.every) == 0).map(person).into_iter().collect())
        }

        fn nothing(&self) -> Box<dyn Memory> {
            Box::new(Told(Vec::new()))
        }

        fn read(&self, bytes: &[u8]) -> postcard::Result<Box<dyn Memory>> {
            Ok(Box::new(Told(postcard::from_bytes(bytes)?)))
        }
    }

    impl Memory for Told {
        fn evolve(&mut self, _: &Scope, fact: &Fact<'_>) {
            self.0.push(fact.sequence);
        }

        fn judge(&self, _: &Scope, _: &Shared<'_>, _: Timestamp) -> Judgement {
            Judgement { verdict: Verdict::quiet(), next_change: None }
        }

        fn write(&self) -> postcard::Result<Vec<u8>> {
            postcard::to_stdvec(&self.0)
        }

        fn facts(&self) -> usize {
            self.0.len() * (FACTS_MAX / 20)
        }
    }

    fn rules(rules: &[(&str, u16)]) -> Runners {
        let heavy = |(name, every): &(&str, u16)| Box::new(Heavy { name: name.parse().unwrap(), every: *every }) as Box<dyn Runner>;
        Runners::of(rules.iter().map(heavy).collect())
    }

    #[test]
    fn with_other_rules_the_rows_are_others() {
        let usual = table(&rules(&[("each", 1), ("second", 2)]));
        assert_eq!(usual, table(&rules(&[("each", 1), ("second", 2)])));
        for others in [&[("each", 1)][..], &[("each", 1), ("second", 3)], &[("second", 2), ("each", 1)], &[("each", 1), ("other", 2)]] {
            assert_ne!(usual, table(&rules(others)), "{others:?}");
        }
    }

    #[test]
    fn what_is_forgotten_is_read_again_as_it_was() {
        let runners = Arc::new(rules(&[("each", 1), ("second", 2)]));
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Options::new([table(&runners)])).unwrap();
        let mut commit = (*testkit::World::founded().commits()[0]).clone();
        commit.events.truncate(1);
        let mut memories = Memories::new(Arc::clone(&runners));
        for sequence in 1..=120_u64 {
            commit.header.at = Timestamp(i64::try_from(sequence).unwrap() % 20);
            memories.fold(&store, &commit, sequence, &mut |_, _| {}).unwrap();
            store.apply(memories.changed().unwrap()).unwrap();
            // one more scope may come in before some are forgotten
            assert!(memories.facts <= FACTS_MAX + FACTS_MAX / 2 + FACTS_MAX / 10, "{} facts are at hand", memories.facts);
        }
        assert!(memories.at_hand.len() < 20, "all of them are at hand");
        for number in 0..20 {
            let at_hand = memories.of(&store, &commit.header.community, &person(number)).unwrap();
            let written: Vec<Vec<u8>> = at_hand.of_rules.iter().map(|(_, memory)| memory.write().unwrap()).collect();
            let told: Vec<u64> = (1..=120).filter(|sequence| i64::try_from(sequence % 20).unwrap() == number).collect();
            let of_rules = if number % 2 == 0 { 2 } else { 1 };
            assert_eq!(written, vec![postcard::to_stdvec(&told).unwrap(); of_rules]);
        }
    }

    #[test]
    fn judging_leaves_nothing_in_the_rows() {
        let runners = Arc::new(rules(&[("each", 1), ("second", 2)]));
        let (policy, zone, rounds) = (Policy::default(), Zone::default(), Rounds::default());
        let shared = Shared { policy: &policy, zone: &zone, rounds: &rounds };
        let mut commit = (*testkit::World::founded().commits()[0]).clone();
        commit.events.truncate(1);
        commit.header.at = Timestamp(7);
        let rows = [true, false].map(|judged| {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path(), Options::new([table(&runners)])).unwrap();
            let mut memories = Memories::new(Arc::clone(&runners));
            for sequence in [1, 2] {
                memories.fold(&store, &commit, sequence, &mut |_, _| {}).unwrap();
                store.apply(memories.changed().unwrap()).unwrap();
                for rule in runners.iter().filter(|_| judged) {
                    memories.judge(&store, rule, (&commit.header.community, &person(7)), &shared, Timestamp(8)).unwrap();
                }
            }
            store.get_raw(table(&runners), &memory_key(&commit.header.community, &person(7))).unwrap()
        });
        assert!(rows[0].is_some());
        assert_eq!(rows[0], rows[1]);
    }
}
