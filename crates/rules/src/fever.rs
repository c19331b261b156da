//! Somebody has a fever, or may have one and nobody has measured again.
//!
//! A reading is compared with the threshold of its site in the policy at the time of the reading. A contact reading, or any of
//! 38.0 or more, is a fever at once. A contactless one below 38.0 is pending: a second reading in time confirms it (fever
//! again, or a contact reading with fever), a normal contact reading in time ends it, and when none comes it is raised
//! `unconfirmed`. Once raised, only two clear contact readings at least 4 h apart with no fever since let it recover, and it is over
//! when no fever has come for a day after them; a single one that comes after the time for the second measurement is only the first
//! of those two. A medical finding that was made at or after the last of its readings ends it at once, except for *suspected* and
//! *confirmed*: those make it critical, for a sick person at home who may be infected is the worst there is. So does the way to hospital:
//! what is measured there is the hospital's, and what is measured at a door or a gate after it is another fever. What a thermometer could not read, and a forehead below 35.5, is not a measurement: it raises nothing and ends
//! nothing.

use domain::{
    Event, Fact, Header,
    alert::{Detail, FEVER, Firing, Observed, Severity},
    values::{CommandId, DAY_MS, HOUR_MS, QuarantineId, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    Judgement, Remembered, Rule, Scope, ScopeKind, Shared, Verdict,
    care::{self, Care, Ended},
    course::{self, Course, Episode, Standing, Taken},
    facts::{Facts, Ranked, keep_earliest, recorded_late},
};

/// An exposure counts for a fever that begins within so many days after it was reported: the days of a quarantine.
const EXPOSURE_DAYS: i64 = 14;
/// Hours after the second clear reading until a fever is over: as long as a recurrence is another episode of the same alert.
const RECOVERY_HOURS: i64 = domain::alert::REOPEN_HOURS;
/// Most exposures per person.
const EXPOSURES_MAX: usize = 16;
/// Most orders per person.
const ORDERS_MAX: usize = 16;
/// Most records without a warm reading per person, newest kept: two of them, hours apart, end a fever that somebody types in late. Nearly all
/// that alerting remembers are these, and every visit writes them again.
const COOL_MAX: usize = 8;

/// The rule.
#[derive(Debug)]
pub struct Fever;

/// What is remembered of one person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    course: Course<COOL_MAX>,
    /// When one was reported.
    exposures: Facts<Timestamp, EXPOSURES_MAX>,
    orders: Facts<UnderOrder, ORDERS_MAX, QuarantineId>,
    care: Care,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct UnderOrder {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Ranked for UnderOrder {
    type Rank = Option<Timestamp>;

    fn rank(&self) -> Self::Rank {
        self.from.max(self.until)
    }
}

impl Rule for Fever {
    const NAME: &'static str = FEVER;
    const VERSION: u16 = 6;
    const KINDS: &'static [ScopeKind] = &[ScopeKind::Person, ScopeKind::Unregistered];
    type Memory = Memory;

    fn scopes(event: &Event, _: &Header) -> Vec<Scope> {
        match event {
            Event::QuarantineOrdered(ordered) => vec![Scope::person(&ordered.person)],
            Event::QuarantineReleased(released) => vec![Scope::person(&released.person)],
            _ => {
                let measured = course::people(event).into_iter().filter(|scope| course::can_tell(event, scope) || exposed(event, scope));
                measured.chain(care::people(event)).collect()
            }
        }
    }

    fn evolve(memory: &mut Memory, scope: &Scope, fact: &Fact<'_>) {
        memory.course.evolve(scope, fact);
        memory.care.evolve(scope, fact);
        match fact.event {
            Event::VisitRecorded(_) if exposed(fact.event, scope) => memory.exposures.insert(fact.id(), fact.header.at),
            Event::QuarantineOrdered(ordered) => memory.orders.change(&ordered.quarantine, |order| order.from = Some(fact.header.at)),
            Event::QuarantineReleased(released) => memory.orders.change(&released.quarantine, |order| keep_earliest(&mut order.until, fact.header.at)),
            _ => {}
        }
    }

    fn retract(memory: &mut Memory, command: CommandId) {
        memory.course.retract(command);
        memory.exposures.retract(command);
        memory.care.retract(command);
    }

    fn judge(memory: &Memory, scope: &Scope, shared: &Shared<'_>, now: Timestamp) -> Judgement {
        let Shared { policy, .. } = *shared;
        // nearly everybody: without a fever nothing else counts
        if !memory.course.may_be_feverish(policy) {
            return Judgement { verdict: Verdict::quiet(), next_change: None };
        }
        let ended = memory.care.ended();
        match memory.course.records().standing(policy, |taken| memory.care.leaves_to_us(ended, taken.at, &taken.record.place)) {
            Standing::Well => Judgement { verdict: Ended::quiet(ended), next_change: None },
            Standing::NotConfirmed { by, deadline, after } => {
                let quiet = Verdict::Quiet { late: by.record.recorded_at > deadline, quieted_by: vec![by.id.to_string()] };
                recovering(after, now).unwrap_or(Judgement { verdict: quiet, next_change: None })
            }
            Standing::Over { by } => recovering(Some(by), now).unwrap_or_else(|| {
                let (late, quieted_by) = over(&by);
                Judgement { verdict: Verdict::Quiet { late, quieted_by }, next_change: None }
            }),
            // what may be another fever ends none that is not over yet
            Standing::Feverish(episode) if !episode.confirmed && now <= episode.deadline => {
                let judged_again = episode.deadline.plus_ms(1);
                let before = recovering(episode.after, now).unwrap_or(Judgement { verdict: Verdict::quiet(), next_change: None });
                Judgement { next_change: before.next_change.into_iter().chain([judged_again]).min(), ..before }
            }
            Standing::Feverish(episode) => Judgement { verdict: memory.firing(&episode, scope), next_change: None },
        }
    }
}

/// A fever that two clear readings ended is recovering for a day after the second of them; nothing once it is over.
fn recovering(ended_by: Option<[Taken<'_>; 2]>, now: Timestamp) -> Option<Judgement> {
    let by = ended_by?;
    let until = by[1].at.plus_ms(RECOVERY_HOURS * HOUR_MS);
    let (late, quieted_by) = over(&by);
    (now < until).then_some(Judgement { verdict: Verdict::Recovering { late, quieted_by, until }, next_change: Some(until) })
}

/// Whether the readings that ended a fever were recorded late, and the events that tell of them.
fn over([first, second]: &[Taken<'_>; 2]) -> (bool, Vec<String>) {
    let mut quieted_by = vec![first.id.to_string(), second.id.to_string()];
    quieted_by.dedup();
    (recorded_late(second.at, second.record.recorded_at), quieted_by)
}

/// Whether a visit tells of an exposure of somebody.
fn exposed(event: &Event, scope: &Scope) -> bool {
    let Event::VisitRecorded(visit) = event else { return false };
    let mut ours = visit.people.iter().filter(|person| Scope::subject(&person.who).as_ref() == Some(scope));
    ours.any(|person| person.exposure.is_some())
}

impl Remembered for Memory {
    fn facts(&self) -> usize {
        self.course.facts() + self.exposures.len() + self.orders.len() + self.care.facts()
    }
}

impl Memory {
    /// Under an order at some time since the fever began, exposed not long before, or found to be infected as far as is known.
    fn at_risk(&self, since: Timestamp) -> bool {
        let under_order = |order: &UnderOrder| order.from.is_some() && order.until.is_none_or(|until| until > since);
        let exposed = |reported_at: &Timestamp| reported_at.plus_ms(EXPOSURE_DAYS * DAY_MS) >= since;
        self.orders.values().any(under_order) || self.exposures.iter().any(|(_, reported_at)| exposed(reported_at)) || self.care.is_case()
    }

    fn firing(&self, episode: &Episode<'_>, scope: &Scope) -> Verdict {
        let (Some(first), Some(last)) = (episode.fevers.first(), episode.fevers.last()) else { return Verdict::quiet() };
        let worst = episode.fevers.iter().max_by_key(|taken| (taken.tenths, taken.at)).unwrap_or(last);
        let mut causes: Vec<String> = Vec::new();
        for taken in &episode.fevers {
            let id = taken.id.to_string();
            if !causes.contains(&id) {
                causes.push(id);
            }
        }
        let severity = if episode.confirmed || self.at_risk(first.at) { Severity::Critical } else { Severity::Serious };
        let place = episode.fevers.iter().rev().map(|taken| &taken.record.place).find(|place| place.building.is_some()).unwrap_or(&last.record.place);
        Verdict::Firing(Firing {
            severity,
            unconfirmed: !episode.confirmed,
            place: place.clone(),
            person: scope.to_subject(),
            observed: Some(Observed { tenths_celsius: worst.tenths, site: worst.site, at: worst.at, recorded_at: worst.record.recorded_at }),
            detail: Detail::default(),
            occurrences: u32::try_from(causes.len()).unwrap_or(u32::MAX),
            causes,
            first_at: first.at,
            last_at: last.at,
            late: recorded_late(last.at, last.record.recorded_at),
        })
    }
}
