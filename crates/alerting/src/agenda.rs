//! Who is to be judged when. The agenda is in memory, by target and by time; a mark in the store for each entry outlives the process.
//!
//! On it stands what must not be forgotten: times to come, and what is to be judged at once and was not, because intake has too much
//! on its way or the head of the log is not reached. What is judged right after the fold that woke it never gets here. So it is as
//! long as there is something that time alone will change, and a tick costs what is due.

use std::collections::{BTreeSet, HashMap};

use domain::values::Timestamp;
use store::{Key, Prefix, Store, Unit};

use crate::{
    error::AlertingError,
    rows::{DUE, Target},
};

/// The time of what is to be judged at once, because the log told something of it.
pub(crate) const AT_ONCE: Timestamp = Timestamp(i64::MIN);
/// Marks read at once at the start.
const PAGE_MARKS: usize = 10_000;

/// The agenda. One task owns it. It has no bound of its own: an entry for each open order, building, and fever that waits, whoever they are of.
#[derive(Default)]
pub(crate) struct Agenda {
    times: HashMap<Target, Timestamp>,
    by_time: BTreeSet<(Timestamp, Target)>,
}

impl Agenda {
    /// As the store has it.
    pub(crate) fn load(store: &Store) -> Result<Self, AlertingError> {
        let mut agenda = Self::default();
        let mut after: Option<Key> = None;
        loop {
            let keys = store.scan_keys(DUE, &Prefix::all_of_deployment_table(), after.as_ref(), PAGE_MARKS)?;
            for key in &keys {
                let (at, target) = Target::of_due_key(key)?;
                // ascending, and each once: were one there twice, the first would count
                if !agenda.times.contains_key(&target) {
                    agenda.times.insert(target.clone(), at);
                    agenda.by_time.insert((at, target));
                }
            }
            match keys.into_iter().next_back() {
                Some(last) => after = Some(last),
                None => return Ok(agenda),
            }
        }
    }

    /// Since when it is time to judge this, of which the log told something: what came due before that is not forgotten, for an
    /// observation that time caused counts for more than one of the same facts without it.
    pub(crate) fn due_since(&self, target: &Target, now: Timestamp) -> Timestamp {
        self.times.get(target).copied().filter(|at| *at <= now).unwrap_or(AT_ONCE)
    }

    /// Adds to a unit: this is to be judged at a time, or not before the log tells something of it again.
    pub(crate) fn schedule(&mut self, unit: Unit, target: &Target, at: Option<Timestamp>) -> Unit {
        let before = match at {
            Some(at) => self.times.insert(target.clone(), at),
            None => self.times.remove(target),
        };
        if before == at {
            return unit;
        }
        let unit = match before {
            Some(before) => {
                self.by_time.remove(&(before, target.clone()));
                unit.unmark(DUE, target.due_key(before))
            }
            None => unit,
        };
        match at {
            Some(at) => {
                self.by_time.insert((at, target.clone()));
                unit.mark(DUE, target.due_key(at))
            }
            None => unit,
        }
    }

    /// What is due at `now` and not left out, longest due first, at most `limit`.
    pub(crate) fn due(&self, now: Timestamp, limit: usize, is_left_out: impl Fn(&Target) -> bool) -> Vec<(Timestamp, Target)> {
        self.by_time.iter().take_while(|(at, _)| *at <= now).filter(|(_, target)| !is_left_out(target)).take(limit).cloned().collect()
    }

    /// When something is due first that is not left out, if ever.
    pub(crate) fn first(&self, is_left_out: impl Fn(&Target) -> bool) -> Option<Timestamp> {
        self.by_time.iter().find(|(_, target)| !is_left_out(target)).map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use rules::{Scope, ScopeKind};

    use super::*;

    #[test]
    fn what_is_left_out_takes_no_place_of_what_is_due() {
        let target = |person: &str| {
            let scope = Scope::of(ScopeKind::Person, person).unwrap();
            Target { community: "u07".parse().unwrap(), rule: "fever".parse().unwrap(), scope }
        };
        let mut agenda = Agenda::default();
        for (person, at) in [("p1", 1), ("p2", 2), ("p3", 3), ("p4", 9)] {
            agenda.schedule(Unit::new(1), &target(person), Some(Timestamp(at)));
        }
        let due = |limit, left_out: &str| {
            let left_out = target(left_out);
            agenda.due(Timestamp(5), limit, |target| *target == left_out).into_iter().map(|(at, _)| at.0).collect::<Vec<_>>()
        };
        assert_eq!((due(2, "p1"), due(2, "p9"), due(9, "p2")), (vec![2, 3], vec![1, 2], vec![1, 3]));
        assert_eq!(agenda.first(|other| *other == target("p1")), Some(Timestamp(2)));
    }
}
