//! Fevers close to one another: two people of a building, of one household or of two, within 72 hours.
//!
//! It counts alerts of `fever` and not readings: what is alarmed about and confirmed. One whose fever is over counts for those that
//! came within the time, and one that was no fever (closed as a false alarm, a duplicate, measured wrong, not ours) for nobody. It is
//! quiet once none of them is open: each is recovering or over. Its causes are the events that opened those alerts.
//!
//! A fever that turns out to be of another building counts in both until it is over.

use std::collections::BTreeSet;

use domain::{
    Event, Fact, Header,
    alert::{Alert, AlertId, Change, CloseReason, Detail, Firing, Occurrence, Severity, Step},
    values::{BuildingId, CommandId, EstateId, EventId, HOUR_MS, Place, Subject, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    Fever, Judgement, Remembered, Rule, Scope, ScopeKind, Shared, Verdict,
    facts::{Facts, Ranked},
};

/// Most fevers remembered per building; those that are over and began first are forgotten first.
const FEVERS_MAX: usize = 64;

/// The rule.
#[derive(Debug)]
pub struct Cluster;

impl Cluster {
    /// Time within which two fevers begin that belong together: 72 hours (alerting.md).
    pub const TOGETHER_MS: i64 = 72 * HOUR_MS;
}

/// What is remembered of one building.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    fevers: Facts<OfFever, FEVERS_MAX, AlertId>,
}

/// What the last event of each kind told of an alert of a fever: by its number there, for events are not told twice in one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct OfFever {
    opened: Option<(u32, EventId)>,
    seen: Option<(u32, Seen)>,
    ended: Option<Ended>,
}

/// How it came that a fever is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Ended {
    n: u32,
    recorded_at: Timestamp,
    id: EventId,
    /// It was no fever, or none of ours.
    was_none: bool,
}

/// How a fever stood when it was told of last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    who: Option<Subject>,
    first_at: Timestamp,
    last_at: Timestamp,
    confirmed: bool,
    estate: Option<EstateId>,
}

impl From<&Occurrence> for Seen {
    fn from(occurrence: &Occurrence) -> Self {
        Self {
            who: occurrence.person.clone(),
            first_at: occurrence.first_at,
            last_at: occurrence.last_at,
            confirmed: !occurrence.unconfirmed,
            estate: occurrence.place.estate.clone(),
        }
    }
}

impl OfFever {
    fn is_open(&self) -> bool {
        self.opened.is_some_and(|(n, _)| self.ended.is_none_or(|ended| n > ended.n))
    }

    /// How it stands, with the event that opened it, if it is one that counts.
    fn counts(&self) -> Option<(EventId, &Seen)> {
        let was_none = self.ended.is_some_and(|ended| ended.was_none);
        let (Some((_, opened)), Some((_, seen))) = (self.opened, &self.seen) else { return None };
        (seen.confirmed && (self.is_open() || !was_none)).then_some((opened, seen))
    }
}

impl Ranked for OfFever {
    type Rank = (bool, Option<Timestamp>);

    fn rank(&self) -> Self::Rank {
        (self.is_open(), self.seen.as_ref().map(|(_, seen)| seen.first_at))
    }
}

/// What an event tells of an alert of a fever: how it stands, or that it is over.
fn told_by(event: &Event) -> Option<Step<'_>> {
    let step = Alert::step(event).filter(|step| step.key.rule.as_str() == Fever::NAME)?;
    (step.change.occurrence().is_some() || matches!(step.change, Change::RecoveryStarted(_) | Change::Resolved(_) | Change::Closed { .. })).then_some(step)
}

/// Whether an alert that was closed for this reason was none of a fever here.
fn was_none(reason: CloseReason) -> bool {
    match reason {
        CloseReason::FalseAlarm | CloseReason::Duplicate | CloseReason::MeasuredWrong | CloseReason::NotOurs => true,
        CloseReason::HandedOver | CloseReason::Moved | CloseReason::Died => false,
    }
}

impl Rule for Cluster {
    const NAME: &'static str = "cluster";
    const VERSION: u16 = 2;
    const KINDS: &'static [ScopeKind] = &[ScopeKind::Building];
    type Memory = Memory;

    fn scopes(event: &Event, _: &Header) -> Vec<Scope> {
        let building = told_by(event).and_then(|step| step.place?.building.as_ref());
        building.and_then(Scope::building).into_iter().collect()
    }

    fn evolve(memory: &mut Memory, _: &Scope, fact: &Fact<'_>) {
        let Some(Step { alert, n, change, .. }) = told_by(fact.event) else { return };
        memory.fevers.change(alert, |of| {
            if let Some(occurrence) = change.occurrence()
                && of.seen.as_ref().is_none_or(|(known, _)| *known < n)
            {
                of.seen = Some((n, occurrence.into()));
            }
            let ended = |was_none| Some(Ended { n, recorded_at: fact.header.recorded_at, id: fact.id(), was_none });
            match change {
                Change::Raised { .. } | Change::Reopened { .. } => of.opened = of.opened.max(Some((n, fact.id()))),
                Change::RecoveryStarted(_) | Change::Resolved(_) => of.ended = of.ended.max(ended(false)),
                Change::Closed { reason } => of.ended = of.ended.max(ended(was_none(reason))),
                _ => {}
            }
        });
    }

    /// Alerts keep their history.
    fn retract(_: &mut Memory, _: CommandId) {}

    fn judge(memory: &Memory, scope: &Scope, _: &Shared<'_>, _: Timestamp) -> Judgement {
        let fevers: Vec<(&OfFever, EventId, &Seen)> = memory.fevers.values().filter_map(|of| of.counts().map(|(opened, seen)| (of, opened, seen))).collect();
        let together = |one: &Seen, other: &Seen| one.who != other.who && (one.first_at.0 - other.first_at.0).abs() <= Self::TOGETHER_MS;
        let belongs = |(_, _, seen): &&(&OfFever, EventId, &Seen)| fevers.iter().any(|(_, _, other)| together(seen, other));
        let mut members: Vec<_> = fevers.iter().filter(belongs).collect();
        members.sort_by_key(|(_, opened, seen)| (seen.first_at, *opened));
        let verdict = if members.iter().any(|(of, ..)| of.is_open()) {
            Verdict::Firing(firing(&members.iter().map(|(_, opened, seen)| (*opened, *seen)).collect::<Vec<_>>(), scope))
        } else {
            let last = memory.fevers.values().filter_map(|of| of.ended).max_by_key(|ended| (ended.recorded_at, ended.id));
            Verdict::Quiet { late: false, quieted_by: last.map(|ended| ended.id.to_string()).into_iter().collect() }
        };
        Judgement { verdict, next_change: None }
    }
}

impl Remembered for Memory {
    fn facts(&self) -> usize {
        self.fevers.len()
    }
}

fn firing(members: &[(EventId, &Seen)], scope: &Scope) -> Firing {
    let people: BTreeSet<Scope> = members.iter().filter_map(|(_, seen)| Scope::subject(seen.who.as_ref()?)).collect();
    let times = |time: fn(&Seen) -> Timestamp| members.iter().map(move |(_, seen)| time(seen));
    Firing {
        severity: Severity::Critical,
        unconfirmed: false,
        place: Place {
            estate: members.iter().rev().find_map(|(_, seen)| seen.estate.clone()),
            building: Some(BuildingId::from(scope.id.clone())),
            ..Place::default()
        },
        person: None,
        observed: None,
        detail: Detail::default(),
        causes: members.iter().map(|(opened, _)| opened.to_string()).collect(),
        first_at: times(|seen| seen.first_at).min().unwrap_or_default(),
        last_at: times(|seen| seen.last_at).max().unwrap_or_default(),
        occurrences: u32::try_from(people.len()).unwrap_or(u32::MAX),
        late: false,
    }
}
