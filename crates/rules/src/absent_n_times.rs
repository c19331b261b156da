//! Nobody was found behind a door several times in a row: three, unless the policy says another number.
//!
//! Absent, and no answer on the telephone: who calls again within the hour is on the same occasion, so a knock and a call after it
//! count once. It ends as soon as somebody is met, or it is known why nobody is: away for longer (they are travelling, and that is
//! no absence), moved out, vacant, no such door. Who refuses is there: that is a matter of its own. A wrong number says nothing. Of
//! two records at the same instant the absence counts as the later one. The number in force at the last absence is the one that
//! counts.
//!
//! A visit to a door without a household has no file to stand in: the coverage of the round names that door.

use domain::{
    Event, Fact, Header,
    alert::{Detail, Firing, Severity},
    community::{ABSENT_N_TIMES, Policy},
    values::{CommandId, EventId, Place, Timestamp},
    visit::Outcome,
};
use serde::{Deserialize, Serialize};

use crate::{
    Judgement, Remembered, Rule, Scope, ScopeKind, Shared, Verdict,
    facts::{Facts, Ranked, recorded_late},
};

/// Most absences per household, newest kept: several occasions a day for as long as anybody would go on trying.
const ABSENCES_MAX: usize = 64;
/// Most times that somebody was met, newest kept: only the last one counts, and some may be taken back. At nearly every door nothing
/// else is remembered.
const ENDED_MAX: usize = 4;
/// Minutes from the beginning of an occasion in which another call still belongs to it.
const SAME_OCCASION_MINUTES: i64 = 60;

/// The rule.
#[derive(Debug)]
pub struct AbsentNTimes;

/// What is remembered of one household.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    absences: Facts<Absence, ABSENCES_MAX>,
    /// When somebody was met, or it was learned why nobody is there.
    ended: Facts<Ended, ENDED_MAX>,
}

/// Nobody was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Absence {
    at: Timestamp,
    recorded_at: Timestamp,
    place: Place,
}

/// What ends a row of absences.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Ended {
    at: Timestamp,
}

impl Ranked for Absence {
    type Rank = Timestamp;

    fn rank(&self) -> Timestamp {
        self.at
    }
}

impl Ranked for Ended {
    type Rank = Timestamp;

    fn rank(&self) -> Timestamp {
        self.at
    }
}

impl Rule for AbsentNTimes {
    const NAME: &'static str = ABSENT_N_TIMES;
    const VERSION: u16 = 1;
    const KINDS: &'static [ScopeKind] = &[ScopeKind::Household];
    type Memory = Memory;

    fn scopes(event: &Event, _: &Header) -> Vec<Scope> {
        let Event::VisitRecorded(visit) = event else { return Vec::new() };
        let household = visit.place.household.as_ref().map(Scope::household);
        household.filter(|_| is_absence(visit.outcome).is_some()).into_iter().collect()
    }

    fn evolve(memory: &mut Memory, _: &Scope, fact: &Fact<'_>) {
        let Event::VisitRecorded(visit) = fact.event else { return };
        let (at, recorded_at) = (fact.header.at, fact.header.recorded_at);
        match is_absence(visit.outcome) {
            Some(true) => memory.absences.insert(fact.id(), Absence { at, recorded_at, place: visit.place.clone() }),
            Some(false) => memory.ended.insert(fact.id(), Ended { at }),
            None => {}
        }
    }

    fn retract(memory: &mut Memory, command: CommandId) {
        memory.absences.retract(command);
        memory.ended.retract(command);
    }

    fn judge(memory: &Memory, _: &Scope, shared: &Shared<'_>, _: Timestamp) -> Judgement {
        let Shared { policy, .. } = *shared;
        let mut ends: Vec<_> = memory.ended.iter().map(|(id, ended)| (ended.at, *id)).collect();
        ends.sort_unstable();
        let last = ends.last().copied();
        let before = ends.len().checked_sub(2).and_then(|index| ends.get(index)).copied();
        let since = |end: Option<(Timestamp, EventId)>| memory.in_a_row(end.map(|(at, _)| at), None);
        let row = since(last);
        if many(&row, policy) {
            return Judgement { verdict: Verdict::Firing(firing(&row)), next_change: None };
        }
        let quieted = |(ended_at, id): (Timestamp, EventId)| {
            // without it there would be many; when it happened there were not: had it been recorded then, nobody would have been alarmed
            let late = many(&since(before), policy) && !many(&memory.in_a_row(before.map(|(at, _)| at), Some(ended_at)), policy);
            Verdict::Quiet { late, quieted_by: vec![id.to_string()] }
        };
        Judgement { verdict: last.map_or(Verdict::quiet(), quieted), next_change: None }
    }
}

/// Whether nobody was found (true), or it is known how things are behind the door (false); nothing where it says nothing.
fn is_absence(outcome: Outcome) -> Option<bool> {
    match outcome {
        Outcome::Absent | Outcome::NoAnswer => Some(true),
        Outcome::Met | Outcome::Away | Outcome::Refused | Outcome::Vacant | Outcome::MovedOut | Outcome::NoSuchDoor => Some(false),
        Outcome::WrongNumber => None,
    }
}

/// Absences one after the other, each with whether it began an occasion.
type Row<'a> = Vec<(&'a EventId, &'a Absence, bool)>;

impl Memory {
    /// The absences from an instant on (itself included: the worse counts as the later), up to another, in their order.
    fn in_a_row(&self, since: Option<Timestamp>, before: Option<Timestamp>) -> Row<'_> {
        let counts = |absence: &Absence| since.is_none_or(|since| absence.at >= since) && before.is_none_or(|before| absence.at < before);
        let mut row: Vec<_> = self.absences.iter().filter(|(_, absence)| counts(absence)).collect();
        row.sort_by_key(|(id, absence)| (absence.at, **id));
        let mut began: Option<Timestamp> = None;
        let occasions = row.into_iter().map(|(id, absence)| {
            let begins = began.is_none_or(|began| absence.at >= began.plus_minutes(SAME_OCCASION_MINUTES));
            began = began.filter(|_| !begins).or(Some(absence.at));
            (id, absence, begins)
        });
        occasions.collect()
    }
}

fn occasions(row: &Row<'_>) -> u32 {
    u32::try_from(row.iter().filter(|(_, _, begins)| *begins).count()).unwrap_or(u32::MAX)
}

fn many(row: &Row<'_>, policy: &Policy) -> bool {
    row.last().is_some_and(|(_, last, _)| occasions(row) >= policy.at(last.at).absent_times())
}

impl Remembered for Memory {
    fn facts(&self) -> usize {
        self.absences.len() + self.ended.len()
    }
}

fn firing(row: &Row<'_>) -> Firing {
    let (first, last) = (row.first().map(|(_, absence, _)| *absence), row.last().map(|(_, absence, _)| *absence));
    Firing {
        severity: Severity::Caution,
        unconfirmed: false,
        place: last.map(|last| last.place.clone()).unwrap_or_default(),
        person: None,
        observed: None,
        detail: Detail::default(),
        causes: row.iter().map(|(id, ..)| id.to_string()).collect(),
        first_at: first.map(|first| first.at).unwrap_or_default(),
        last_at: last.map(|last| last.at).unwrap_or_default(),
        occurrences: occasions(row),
        late: last.is_some_and(|last| recorded_late(last.at, last.recorded_at)),
    }
}
