//! The days of an order are over, and nobody has released.
//!
//! The last slot of the last day still counts, so it fires from the first instant of the civil day after it: an order of 14
//! days that counts from the 1st has its last day on the 15th, and is to be released on the 16th. An order is never over by
//! itself: only a release ends this, or an extension to a day that is not over. It is a caution, to be done that day.
//!
//! The cause is the last day, `{quarantine}/{date}`: an extension that runs out in its turn is another cause. A release or an
//! extension that was made in time and typed later takes it back (`late`).

use domain::{
    Event, Fact, Header,
    alert::{Detail, Firing, Severity},
    community::Policy,
    obligation::Order,
    values::{CommandId, Day, EventId, PersonId, Subject, Timestamp, Zone},
};
use serde::{Deserialize, Serialize};

use crate::{
    Judgement, Remembered, Rule, Scope, ScopeKind, Shared, Verdict,
    facts::{Facts, Ranked, recorded_late},
    ordered::{self, Ordered},
};

/// Most extensions per order; the longest are kept.
const EXTENSIONS_MAX: usize = 32;

/// The rule.
#[derive(Debug)]
pub struct ReleaseDue;

/// What is remembered of one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    ordered: Ordered,
    extensions: Facts<Extension, EXTENSIONS_MAX>,
}

/// The order was given more days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Extension {
    until: Day,
    at: Timestamp,
    recorded_at: Timestamp,
}

impl Ranked for Extension {
    type Rank = (Day, Timestamp);

    fn rank(&self) -> Self::Rank {
        (self.until, self.recorded_at)
    }
}

/// Something that may have come in time, or too late.
struct Step {
    id: EventId,
    at: Timestamp,
    recorded_at: Timestamp,
    /// The new last day of an extension; nothing for a release.
    until: Option<Day>,
}

impl Rule for ReleaseDue {
    const NAME: &'static str = "release_due";
    const VERSION: u16 = 2;
    const KINDS: &'static [ScopeKind] = &[ScopeKind::Quarantine];
    type Memory = Memory;

    fn scopes(event: &Event, _: &Header) -> Vec<Scope> {
        ordered::scope(event).into_iter().collect()
    }

    fn evolve(memory: &mut Memory, _: &Scope, fact: &Fact<'_>) {
        memory.ordered.evolve(fact);
        if let Event::QuarantineExtended(event) = fact.event {
            let (at, recorded_at) = (fact.header.at, fact.header.recorded_at);
            memory.extensions.insert(fact.id(), Extension { until: event.until, at, recorded_at });
        }
    }

    /// Orders, extensions and releases cannot be taken back.
    fn retract(_: &mut Memory, _: CommandId) {}

    fn judge(memory: &Memory, scope: &Scope, shared: &Shared<'_>, now: Timestamp) -> Judgement {
        let Shared { policy, zone, .. } = *shared;
        let Some(person) = &memory.ordered.person else {
            return Judgement { verdict: Verdict::quiet(), next_change: None };
        };
        let released = memory.ordered.released.filter(|(released_at, ..)| *released_at <= now);
        let last_day = memory.extended_to(memory.extensions.iter().map(|(_, extension)| extension.until).max()).last_day(policy);
        let over_at = zone.end_of(last_day);
        let to_come = memory.ordered.released.map(|(released_at, ..)| released_at).filter(|released_at| *released_at > now);
        if released.is_none() && now >= over_at {
            let firing = memory.firing((scope, person), last_day, over_at);
            return Judgement { verdict: Verdict::Firing(firing), next_change: to_come };
        }
        let next_change = if released.is_some() { None } else { to_come.into_iter().chain([over_at]).min() };
        Judgement { verdict: memory.quiet(released, policy, zone), next_change }
    }
}

impl Remembered for Memory {
    fn facts(&self) -> usize {
        self.extensions.len()
    }
}

impl Memory {
    /// The order as it stands with this extension.
    fn extended_to(&self, extended_until: Option<Day>) -> Order {
        Order { extended_until, ..self.ordered.order.clone() }
    }

    /// Quiet, because of the release, or of the last extension that came when the days were over.
    fn quiet(&self, released: Option<(Timestamp, EventId, Timestamp)>, policy: &Policy, zone: &Zone) -> Verdict {
        let steps = || {
            let extensions = self.extensions.iter().map(|(id, extension)| Step {
                id: *id,
                at: extension.at,
                recorded_at: extension.recorded_at,
                until: Some(extension.until),
            });
            extensions.chain(released.map(|(at, id, recorded_at)| Step { id, at, recorded_at, until: None }))
        };
        let as_recorded = self.too_late(steps(), |step| step.recorded_at, policy, zone);
        let as_it_was = self.too_late(steps(), |step| step.at, policy, zone);
        let by = released.map(|(_, id, _)| id).or_else(|| as_recorded.last().copied());
        by.map_or(Verdict::quiet(), |id| Verdict::Quiet { late: as_recorded.contains(&id) && !as_it_was.contains(&id), quieted_by: vec![id.to_string()] })
    }

    /// The steps that found the days over, had each been known from the time on that `known` gives.
    fn too_late(&self, steps: impl Iterator<Item = Step>, known: impl Fn(&Step) -> Timestamp, policy: &Policy, zone: &Zone) -> Vec<EventId> {
        let mut steps: Vec<Step> = steps.collect();
        steps.sort_by_key(|step| (known(step), step.id));
        let mut extended_until = None;
        let mut too_late = Vec::new();
        for step in steps {
            if known(&step) >= zone.end_of(self.extended_to(extended_until).last_day(policy)) {
                too_late.push(step.id);
            }
            extended_until = extended_until.max(step.until);
        }
        too_late
    }

    fn firing(&self, (scope, person): (&Scope, &PersonId), last_day: Day, over_at: Timestamp) -> Firing {
        Firing {
            severity: Severity::Caution,
            unconfirmed: false,
            place: self.ordered.place(),
            person: Some(Subject::person(person.clone())),
            observed: None,
            detail: Detail::default(),
            causes: vec![format!("{}/{last_day}", scope.id)],
            first_at: over_at,
            last_at: over_at,
            occurrences: 1,
            late: recorded_late(over_at, self.ordered.order.recorded_at),
        }
    }
}
