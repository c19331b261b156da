//! A check that somebody under an order is owed was not made in time.
//!
//! It fires for every slot that is overdue today, and for every slot that was missed since the last one that was done: a
//! missed day stays missed in the record, but once somebody has looked in again nobody has to go there for the day that is
//! gone. It is quiet once a later slot was done, the open ones are done or waived, or the order has ended. In hospital nobody
//! here owes a check: it is quiet from then on, also for what was open before, and after the way home it looks at what is due
//! from then on only. The second miss in a row is critical, from when people wake: a day ends at midnight, nobody can look in
//! before the morning, and nobody is woken for that. A slot is its own cause, `{quarantine}/{date}/{slot}`, so each raises
//! once, however often it is judged.

use domain::{
    Event, Fact, Header,
    alert::{Detail, Firing, Severity},
    obligation::{Attempt, Slot, SlotState, Whereabouts},
    quarantine::{CheckFound, CheckOutcome},
    values::{CommandId, DAY_MS, EventId, PersonId, QuarantineId, Subject, Timestamp},
    visit::PersonFound,
};
use serde::{Deserialize, Serialize};

use crate::{
    Judgement, Remembered, Rule, Scope, ScopeKind, Shared, Verdict,
    facts::recorded_late,
    ordered::{self, Ordered},
};

/// Misses in a row from which on it is critical (alerting.md).
const CRITICAL_MISSES_IN_A_ROW: usize = 2;
/// Most complete checks per order: the longest order with two a day, and some to spare.
const ATTEMPTS_MAX: usize = 1024;
/// Most slots listed: more than ten days without a look need no list.
const SLOTS_LISTED_MAX: usize = 32;

/// The rule.
#[derive(Debug)]
pub struct CheckOverdue;

/// What is remembered of one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    ordered: Ordered,
    /// The last waiver that we learned of.
    waived: Option<(Timestamp, EventId)>,
}

impl Rule for CheckOverdue {
    const NAME: &'static str = "check_overdue";
    const VERSION: u16 = 3;
    const KINDS: &'static [ScopeKind] = &[ScopeKind::Quarantine];
    type Memory = Memory;

    fn scopes(event: &Event, _: &Header) -> Vec<Scope> {
        match event {
            Event::QuarantineSlotsWaived(event) => vec![Scope::quarantine(&event.quarantine)],
            Event::QuarantineChecked(event) => event.checks.iter().filter(|check| matters(check)).map(|check| Scope::quarantine(&check.quarantine)).collect(),
            Event::VisitRecorded(event) => {
                event.people.iter().filter(|person| person.is_check()).flat_map(|person| &person.orders).map(Scope::quarantine).collect()
            }
            _ => ordered::scope(event).into_iter().collect(),
        }
    }

    fn evolve(memory: &mut Memory, scope: &Scope, fact: &Fact<'_>) {
        let ours = |quarantine: &QuarantineId| quarantine.as_str() == scope.id.as_str();
        memory.ordered.evolve(fact);
        match fact.event {
            Event::QuarantineExtended(event) => memory.ordered.order.extended_until = memory.ordered.order.extended_until.max(Some(event.until)),
            Event::QuarantineSlotsWaived(event) => {
                memory.ordered.order.waived.extend(event.slots.iter().cloned());
                memory.waived = memory.waived.max(Some((fact.header.recorded_at, fact.id())));
            }
            Event::QuarantineChecked(event) => {
                let check = event.checks.iter().find(|check| ours(&check.quarantine) && matters(check));
                if check.is_some_and(in_hospital) {
                    memory.ordered.order.stays_at(fact, Whereabouts::SaidInHospital);
                }
                let check = check.filter(|check| check.is_complete());
                let attempt = |check: &CheckFound| attempt(fact, check.slot.clone());
                check.map(attempt).into_iter().for_each(|attempt| memory.attempted(fact.id(), attempt));
            }
            Event::VisitRecorded(event) => {
                let checked = |person: &&PersonFound| person.is_check() && person.orders.iter().any(ours);
                if event.people.iter().any(|person| checked(&person)) {
                    memory.attempted(fact.id(), attempt(fact, None));
                }
            }
            _ => {}
        }
    }

    fn retract(memory: &mut Memory, command: CommandId) {
        memory.ordered.order.attempts.retain(|id, _| id.command != command);
        memory.ordered.order.stays.retain(|id, _| id.command != command);
    }

    fn judge(memory: &Memory, scope: &Scope, shared: &Shared<'_>, now: Timestamp) -> Judgement {
        let Shared { policy, zone, .. } = *shared;
        let Some(person) = &memory.ordered.person else {
            return Judgement { verdict: Verdict::quiet(), next_change: None };
        };
        if let Some((released_at, id, _)) = memory.ordered.released
            && released_at <= now
        {
            return Judgement { verdict: Verdict::Quiet { late: false, quieted_by: vec![id.to_string()] }, next_change: None };
        }
        let slots = memory.ordered.order.slots(policy, zone, now);
        // `overdue` itself still belongs to the state before
        let edges = slots.iter().flat_map(|slot| [slot.overdue.plus_ms(1), slot.ends]).chain(memory.ordered.order.released_at);
        let woken = slots.iter().filter(|slot| slot.ends <= now).filter_map(|slot| sleeps_until(slot, shared, now));
        let next_change = edges.filter(|edge| *edge > now).chain(woken).chain(memory.ordered.order.next_word(now)).min();
        if let Some((id, stay)) = memory.ordered.order.in_hospital(now) {
            return Judgement { verdict: Verdict::Quiet { late: recorded_late(stay.at, stay.recorded_at), quieted_by: vec![id.to_string()] }, next_change };
        }
        let open = open_too_long(&slots, memory.last_in_hospital(now));
        let misses = open.iter().filter(|slot| slot.state == SlotState::Missed && sleeps_until(slot, shared, now).is_none()).count();
        let severity = if misses >= CRITICAL_MISSES_IN_A_ROW { Severity::Critical } else { Severity::Serious };
        let firing = memory.firing((scope, person), severity, &slots, &open);
        Judgement { verdict: firing.map_or_else(|| memory.quiet(&slots), Verdict::Firing), next_change }
    }
}

/// When people wake who sleep since the day of a slot was over; nothing when they are awake.
fn sleeps_until(slot: &Slot, shared: &Shared<'_>, now: Timestamp) -> Option<Timestamp> {
    // no night is longer than a day
    let is_near = slot.ends.plus_ms(DAY_MS) > now;
    let until = is_near.then(|| shared.policy.at(slot.ends).asleep_until(shared.zone, slot.ends)).flatten();
    until.filter(|until| *until > now)
}

fn attempt(fact: &Fact<'_>, slot: Option<domain::obligation::SlotId>) -> Attempt {
    Attempt { at: fact.header.at, recorded_at: fact.header.recorded_at, complete: true, slot }
}

/// Whether a check fills a slot, or says that nobody owes it.
fn matters(check: &CheckFound) -> bool {
    check.is_complete() || in_hospital(check)
}

fn in_hospital(check: &CheckFound) -> bool {
    check.outcome == CheckOutcome::Hospital
}

/// The overdue slots, and the missed ones since the last that was done; those only that were due after `since`.
fn open_too_long(slots: &[Slot], since: Option<Timestamp>) -> Vec<&Slot> {
    let slots: Vec<&Slot> = slots.iter().filter(|slot| since.is_none_or(|since| slot.due > since)).collect();
    let last_done = slots.iter().rposition(|slot| matches!(slot.state, SlotState::Done | SlotState::DoneLate));
    let after_it = |place: usize| last_done.is_none_or(|done| place > done);
    let open = |(place, slot): &(usize, &Slot)| slot.state == SlotState::Overdue || slot.state == SlotState::Missed && after_it(*place);
    slots.into_iter().enumerate().filter(open).map(|(_, slot)| slot).collect()
}

impl Remembered for Memory {
    fn facts(&self) -> usize {
        self.ordered.order.attempts.len() + self.ordered.order.waived.len() + self.ordered.order.stays.len()
    }
}

impl Memory {
    /// Only complete checks are remembered: no other fills a slot.
    fn attempted(&mut self, id: EventId, attempt: Attempt) {
        self.ordered.order.attempts.insert(id, attempt);
        while self.ordered.order.attempts.len() > ATTEMPTS_MAX {
            let oldest = self.ordered.order.attempts.iter().min_by_key(|(id, attempt)| (attempt.at, **id)).map(|(id, _)| *id);
            oldest.and_then(|id| self.ordered.order.attempts.remove(&id));
        }
    }

    /// When they were taken to hospital the last time.
    fn last_in_hospital(&self, now: Timestamp) -> Option<Timestamp> {
        let stays = self.ordered.order.stays.values().filter(|stay| stay.whereabouts != Whereabouts::Elsewhere);
        stays.map(|stay| stay.at).filter(|at| *at <= now).max()
    }

    /// What is open too long; nothing when nothing is.
    fn firing(&self, (scope, person): (&Scope, &PersonId), severity: Severity, slots: &[Slot], open: &[&Slot]) -> Option<Firing> {
        let (first_at, last_at) = (open.first()?.overdue, open.last()?.overdue);
        let missed = slots.iter().filter(|slot| slot.state == SlotState::Missed).count();
        let listed = &open[open.len().saturating_sub(SLOTS_LISTED_MAX)..];
        Some(Firing {
            severity,
            unconfirmed: false,
            place: self.ordered.place(),
            person: Some(Subject::person(person.clone())),
            observed: None,
            detail: Detail {
                slots: listed.iter().map(|slot| slot.id.clone()).collect(),
                missed: u32::try_from(missed).unwrap_or(u32::MAX),
                ..Detail::default()
            },
            causes: listed.iter().map(|slot| format!("{}/{}/{}", scope.id, slot.id.date, slot.id.name)).collect(),
            first_at,
            last_at,
            occurrences: u32::try_from(open.len()).unwrap_or(u32::MAX),
            late: false,
        })
    }

    /// Quiet, because of the check or the waiver that we learned of last.
    fn quiet(&self, slots: &[Slot]) -> Verdict {
        let done = slots.iter().filter_map(|slot| {
            let id = slot.done_by?;
            Some((self.ordered.order.attempts.get(&id)?.recorded_at, id, slot.late_entry))
        });
        let waived = self.waived.map(|(recorded_at, id)| (recorded_at, id, false));
        done.chain(waived).max().map_or(Verdict::quiet(), |(_, id, late)| Verdict::Quiet { late, quieted_by: vec![id.to_string()] })
    }
}
