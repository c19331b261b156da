//! Somebody under an order left, tried to leave, or was not found at home.
//!
//! Critical: they went out through a checkpoint, or a check found them not at home. Caution: they came to a checkpoint and were
//! stopped. Orders for a health watch may go out. What counts is the order in force at the time of the event, by what is known
//! now: an order typed late makes a breach of what had happened, a release typed late takes it back (`late`).
//!
//! No breach: coming in (that is where the order wants them), unless they had come in before under this order and nobody saw
//! them go out since; going out close to a move of the order to another place.
//!
//! A breach stays until somebody decides. The rule therefore never becomes quiet by time: it keeps firing for the last run of
//! breaches (no more than a day between one and the next) with the same causes, and an alert that was ended by hand does not
//! reopen without a new cause.

use domain::{
    Event, Fact, Header,
    alert::{Detail, Firing, QUARANTINE_BREACH, Severity},
    checkpoint::{Direction, EntryResult},
    quarantine::{CheckOutcome, Kind},
    values::{CheckpointId, CommandId, EventId, HOUR_MS, Place, QuarantineId, Subject, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    Judgement, Remembered, Rule, Scope, ScopeKind, Shared, Verdict,
    facts::{Facts, Ranked, keep_earliest, recorded_late},
};

/// Passages within this time are one way: home through two gates, or out to the place an order was moved to.
const ONE_WAY_MS: i64 = 6 * HOUR_MS;
/// Breaches with more than this between them are different matters, as for reopening an alert (alerting.md).
const RUN_GAP_MS: i64 = domain::alert::REOPEN_HOURS * HOUR_MS;
/// Most passages per person, newest kept.
const PASSAGES_MAX: usize = 32;
/// Most checks without success per person, newest kept.
const ABSENCES_MAX: usize = 32;
/// Most orders per person.
const ORDERS_MAX: usize = 16;
/// Most moves per person.
const MOVES_MAX: usize = 32;

/// The rule.
#[derive(Debug)]
pub struct QuarantineBreach;

/// What is remembered of one person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    orders: Facts<UnderOrder, ORDERS_MAX, QuarantineId>,
    moves: Facts<Moved, MOVES_MAX>,
    passages: Facts<Passage, PASSAGES_MAX>,
    settlements: Facts<Settlement, PASSAGES_MAX>,
    absences: Facts<Absence, ABSENCES_MAX>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct UnderOrder {
    /// When it was ordered, as what, where; nothing until the order itself is known.
    ordered: Option<(Timestamp, Kind, Place)>,
    /// The earliest release: its time, its event, when we learned of it.
    released: Option<(Timestamp, EventId, Timestamp)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Moved {
    quarantine: QuarantineId,
    at: Timestamp,
    kind: Kind,
    to: Place,
}

/// Somebody came to a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Passage {
    at: Timestamp,
    recorded_at: Timestamp,
    checkpoint: CheckpointId,
    direction: Direction,
    result: EntryResult,
}

/// Somebody who waited at a checkpoint was let through, or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Settlement {
    entry: CommandId,
    at: Timestamp,
    recorded_at: Timestamp,
    result: EntryResult,
}

/// A check found somebody not at home.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Absence {
    at: Timestamp,
    recorded_at: Timestamp,
}

/// A passage with what became of it in the end.
struct Settled<'a> {
    passage: &'a Passage,
    result: EntryResult,
    at: Timestamp,
    recorded_at: Timestamp,
    causes: Vec<String>,
}

struct Breach {
    severity: Severity,
    at: Timestamp,
    recorded_at: Timestamp,
    place: Place,
    causes: Vec<String>,
    detail: Detail,
}

macro_rules! ranked_by_time {
    ($($name:ident),+) => {$(
        impl Ranked for $name {
            type Rank = Timestamp;

            fn rank(&self) -> Timestamp {
                self.at
            }
        }
    )+};
}
ranked_by_time!(Moved, Passage, Settlement, Absence);

impl Ranked for UnderOrder {
    type Rank = Option<Timestamp>;

    fn rank(&self) -> Self::Rank {
        self.ordered.as_ref().map(|(at, ..)| *at).max(self.released.map(|(at, ..)| at))
    }
}

impl Rule for QuarantineBreach {
    const NAME: &'static str = QUARANTINE_BREACH;
    const VERSION: u16 = 1;
    const KINDS: &'static [ScopeKind] = &[ScopeKind::Person];
    type Memory = Memory;

    fn scopes(event: &Event, _: &Header) -> Vec<Scope> {
        let registered = |who: &Subject| who.person.as_ref().map(Scope::person).into_iter().collect();
        match event {
            Event::QuarantineOrdered(event) => vec![Scope::person(&event.person)],
            Event::QuarantineMoved(event) => vec![Scope::person(&event.person)],
            Event::QuarantineReleased(event) => vec![Scope::person(&event.person)],
            Event::EntryRecorded(event) => registered(&event.who),
            Event::EntrySettled(event) => registered(&event.who),
            Event::QuarantineChecked(event) => {
                event.checks.iter().filter(|check| check.outcome == CheckOutcome::NotHome).map(|check| Scope::person(&check.person)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn evolve(memory: &mut Memory, _: &Scope, fact: &Fact<'_>) {
        let (at, recorded_at) = (fact.header.at, fact.header.recorded_at);
        match fact.event {
            Event::QuarantineOrdered(event) => {
                memory.orders.change(&event.quarantine, |order| order.ordered = Some((at, event.kind, event.place.clone())));
            }
            Event::QuarantineMoved(event) => {
                memory.moves.insert(fact.id(), Moved { quarantine: event.quarantine.clone(), at, kind: event.kind, to: event.to.clone() });
            }
            Event::QuarantineReleased(event) => {
                memory.orders.change(&event.quarantine, |order| keep_earliest(&mut order.released, (at, fact.id(), recorded_at)));
            }
            Event::EntryRecorded(event) => {
                let (checkpoint, direction, result) = (event.checkpoint.clone(), event.direction, event.result);
                memory.passages.insert(fact.id(), Passage { at, recorded_at, checkpoint, direction, result });
            }
            Event::EntrySettled(event) => memory.settlements.insert(fact.id(), Settlement { entry: event.entry, at, recorded_at, result: event.result }),
            Event::QuarantineChecked(_) => memory.absences.insert(fact.id(), Absence { at, recorded_at }),
            _ => {}
        }
    }

    fn retract(memory: &mut Memory, command: CommandId) {
        memory.passages.retract(command);
        memory.settlements.retract(command);
        memory.absences.retract(command);
    }

    fn judge(memory: &Memory, scope: &Scope, _: &Shared<'_>, _: Timestamp) -> Judgement {
        let mut breaches = memory.breaches(false);
        breaches.sort_by(|one, other| (one.at, one.severity, &one.causes).cmp(&(other.at, other.severity, &other.causes)));
        let verdict = match breaches.last() {
            Some(last) => Verdict::Firing(firing(last_run(&breaches), last, scope)),
            None => memory.taken_back(),
        };
        Judgement { verdict, next_change: None }
    }
}

impl Remembered for Memory {
    fn facts(&self) -> usize {
        self.orders.len() + self.moves.len() + self.passages.len() + self.settlements.len() + self.absences.len()
    }
}

impl Memory {
    /// The order that kept somebody in their place at an instant, since when, and where that is. With `ignore_releases`, as if
    /// nothing had been released.
    fn confined_at(&self, at: Timestamp, ignore_releases: bool) -> Option<(&QuarantineId, Timestamp, &Place)> {
        let mut confining = self.orders.iter().filter_map(|(id, order)| {
            let (from, kind, place) = order.ordered.as_ref()?;
            let in_force = *from <= at && (ignore_releases || order.released.is_none_or(|(released_at, ..)| at < released_at));
            let moved = self.moves.iter().filter(|(_, moved)| moved.quarantine == *id && moved.at <= at).max_by_key(|(id, moved)| (moved.at, **id));
            let (kind, place) = moved.map_or((*kind, place), |(_, moved)| (moved.kind, &moved.to));
            (in_force && kind != Kind::Watch).then_some((id, *from, place))
        });
        confining.next()
    }

    /// Passages with their settlement: the last one counts, and of two at the same instant the worse.
    fn settled(&self) -> Vec<Settled<'_>> {
        let mut settled: Vec<_> = self
            .passages
            .iter()
            .map(|(id, passage)| {
                let settlements = self.settlements.iter().filter(|(_, settlement)| settlement.entry == id.command && passage.result == EntryResult::Waiting);
                let last = settlements.max_by_key(|(id, settlement)| (settlement.at, settlement.result == EntryResult::Admitted, **id));
                let mut causes = vec![id.to_string()];
                causes.extend(last.map(|(id, _)| id.to_string()));
                let last = last.map(|(_, settlement)| settlement);
                Settled {
                    passage,
                    result: last.map_or(passage.result, |settlement| settlement.result),
                    at: last.map_or(passage.at, |settlement| settlement.at),
                    recorded_at: last.map_or(passage.recorded_at, |settlement| settlement.recorded_at),
                    causes,
                }
            })
            .collect();
        settled.sort_by(|one, other| (one.at, &one.causes).cmp(&(other.at, &other.causes)));
        settled
    }

    fn breaches(&self, ignore_releases: bool) -> Vec<Breach> {
        let settled = self.settled();
        let passages = settled.iter().enumerate().filter_map(|(place, passage)| self.breach_of(&settled[..place], passage, ignore_releases));
        let absences = self.absences.iter().filter_map(|(id, absence)| {
            let (_, _, place) = self.confined_at(absence.at, ignore_releases)?;
            let (at, recorded_at, causes) = (absence.at, absence.recorded_at, vec![id.to_string()]);
            Some(Breach { severity: Severity::Critical, at, recorded_at, place: place.clone(), causes, detail: Detail::default() })
        });
        passages.chain(absences).collect()
    }

    fn breach_of(&self, before: &[Settled<'_>], now: &Settled<'_>, ignore_releases: bool) -> Option<Breach> {
        let (quarantine, from, place) = self.confined_at(now.at, ignore_releases)?;
        let admitted = now.result == EntryResult::Admitted;
        let is_breach = match now.passage.direction {
            Direction::Out => !self.is_moving(quarantine, now.at),
            Direction::In => admitted && went_out_unseen(before, from, now.at),
        };
        is_breach.then(|| Breach {
            severity: if admitted { Severity::Critical } else { Severity::Caution },
            at: now.at,
            recorded_at: now.recorded_at,
            place: place.clone(),
            causes: now.causes.clone(),
            detail: Detail {
                checkpoint: Some(now.passage.checkpoint.clone()),
                direction: Some(now.passage.direction),
                stopped: !admitted,
                ..Detail::default()
            },
        })
    }

    /// On the way to where the order was moved.
    fn is_moving(&self, quarantine: &QuarantineId, at: Timestamp) -> bool {
        self.moves.iter().any(|(_, moved)| moved.quarantine == *quarantine && (moved.at.0 - at.0).abs() <= ONE_WAY_MS)
    }

    /// Quiet; late when only a release that was typed after the event makes it so.
    fn taken_back(&self) -> Verdict {
        let would_be = self.breaches(true);
        let releases = self.orders.values().filter_map(|order| order.released);
        let typed_late = |(released_at, _, recorded_at): &(Timestamp, EventId, Timestamp)| {
            would_be.iter().any(|breach| *released_at <= breach.at && breach.recorded_at < *recorded_at)
        };
        releases
            .filter(typed_late)
            .max_by_key(|(_, id, recorded_at)| (*recorded_at, *id))
            .map_or(Verdict::quiet(), |(_, id, _)| Verdict::Quiet { late: true, quieted_by: vec![id.to_string()] })
    }
}

/// Somebody comes in who had come in before under this order, some time ago, and nobody saw them go out.
fn went_out_unseen(before: &[Settled<'_>], from: Timestamp, at: Timestamp) -> bool {
    let passed = before.iter().rev().find(|passage| passage.result == EntryResult::Admitted && passage.at >= from);
    passed.is_some_and(|passage| passage.passage.direction == Direction::In && at.0 - passage.at.0 > ONE_WAY_MS)
}

/// The breaches with no more than a day between one and the next, up to the last.
fn last_run(breaches: &[Breach]) -> &[Breach] {
    let gap = breaches.windows(2).rposition(|pair| pair[1].at.0 - pair[0].at.0 > RUN_GAP_MS);
    &breaches[gap.map_or(0, |place| place + 1)..]
}

fn firing(run: &[Breach], last: &Breach, scope: &Scope) -> Firing {
    // what is said of it is what was worst, and of that the latest
    let worst = run.iter().max_by_key(|breach| (breach.severity, breach.at)).unwrap_or(last);
    Firing {
        severity: worst.severity,
        unconfirmed: false,
        place: worst.place.clone(),
        person: scope.to_subject(),
        observed: None,
        detail: worst.detail.clone(),
        causes: run.iter().flat_map(|breach| breach.causes.iter().cloned()).collect(),
        first_at: run.first().unwrap_or(last).at,
        last_at: last.at,
        occurrences: u32::try_from(run.len()).unwrap_or(u32::MAX),
        late: recorded_late(last.at, last.recorded_at),
    }
}
