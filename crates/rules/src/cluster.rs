//! Fevers close to one another: two people of a building, of one household or of two, within 72 hours.
//!
//! Who is in it, since when and why follows from the readings that were taken of people of the building, whenever they were told and
//! in whatever order: each no more than 72 hours after the one before it belong together. A reading counts that is a fever by the
//! policy of its time and needs no second one; one without contact where the same person was measured again in time with a fever, or
//! a fever of theirs that counts lies within 72 hours of it. Its causes are the first of each person.
//!
//! The alerts of `fever` say who is still ill: it fires while one of them is open, and is quiet once each is recovering or over. It counts all who had
//! a fever so far, for of some there never was an alert: they were well again before anybody knew. What somebody closed as no fever of ours
//! (a false alarm, a duplicate, measured wrong, not ours) counts for nobody.
//!
//! What is below 37.0 counts for no cluster, whatever a policy calls a fever: buildings remember nothing of healthy people.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use domain::{
    Event, Fact, Header,
    alert::{Alert, AlertId, CLUSTER, Change, CloseReason, Detail, Firing, Occurrence, Severity, Step},
    community::Policy,
    values::{BuildingId, CommandId, EstateId, EventId, HOUR_MS, Place, Site, Subject, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    Fever, Judgement, Remembered, Rule, Scope, ScopeKind, Shared, Verdict,
    course::{self, WARM_TENTHS_CELSIUS},
    facts::{Facts, Ranked, recorded_late},
};

/// What notices usually call a fever, in tenths of a degree Celsius: who is only warm is forgotten before who is ill.
const USUALLY_FEVER_TENTHS_CELSIUS: i16 = 373;
/// Most records of warm readings remembered per building, fevers and the newest kept: 18 sick people for a fortnight of two checks a day.
/// When the first reading of somebody is forgotten, the next one of theirs is a new cause: a cluster that was closed by hand comes back.
const RECORDS_MAX: usize = 512;
/// Most alerts of fevers remembered per building; those that are over and began first are forgotten first.
const FEVERS_MAX: usize = 64;

/// The rule.
#[derive(Debug)]
pub struct Cluster;

impl Cluster {
    /// Time within which two fevers are measured that belong together: 72 hours (alerting.md).
    pub const TOGETHER_MS: i64 = 72 * HOUR_MS;
}

/// What is remembered of one building: nothing, unless somebody there is warm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    records: Facts<Record, RECORDS_MAX, (EventId, Subject)>,
    fevers: Facts<OfFever, FEVERS_MAX, AlertId>,
}

/// What one event told of one person: in order of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Record {
    recorded_at: Timestamp,
    estate: Option<EstateId>,
    warm: Vec<Warm>,
}

/// A reading that may be a fever.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Warm {
    at: Timestamp,
    site: Site,
    tenths_celsius: i16,
}

impl Ranked for Record {
    type Rank = (bool, Option<Timestamp>);

    fn rank(&self) -> Self::Rank {
        let is_fever = self.warm.iter().any(|warm| warm.tenths_celsius >= USUALLY_FEVER_TENTHS_CELSIUS);
        (is_fever, self.warm.iter().map(|warm| warm.at).max())
    }
}

/// What the last event of each kind told of an alert of a fever: by its number there, for events are not told twice in one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct OfFever {
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
}

impl From<&Occurrence> for Seen {
    fn from(occurrence: &Occurrence) -> Self {
        let Occurrence { person, first_at, last_at, unconfirmed, .. } = occurrence;
        Self { who: person.clone(), first_at: *first_at, last_at: *last_at, confirmed: !unconfirmed }
    }
}

impl OfFever {
    fn is_open(&self) -> bool {
        self.seen.as_ref().is_some_and(|(n, _)| self.ended.is_none_or(|ended| *n > ended.n))
    }

    /// Whether somebody closed it as no fever of ours.
    fn was_none(&self) -> bool {
        !self.is_open() && self.ended.is_some_and(|ended| ended.was_none)
    }

    /// How it stood last, where it was confirmed and is one of ours: open, or over.
    fn confirmed(&self) -> Option<&Seen> {
        self.seen.as_ref().map(|(_, seen)| seen).filter(|seen| seen.confirmed && !self.was_none())
    }

    /// How it stood when somebody closed it as no fever of ours.
    fn none(&self) -> Option<&Seen> {
        self.seen.as_ref().map(|(_, seen)| seen).filter(|_| self.was_none())
    }
}

impl Ranked for OfFever {
    type Rank = (bool, Option<Timestamp>);

    fn rank(&self) -> Self::Rank {
        (self.is_open(), self.seen.as_ref().map(|(_, seen)| seen.first_at))
    }
}

impl Seen {
    /// Whether a reading is one of this fever's.
    fn holds(&self, who: &Subject, at: Timestamp) -> bool {
        self.who.as_ref() == Some(who) && (self.first_at..=self.last_at).contains(&at)
    }
}

/// A reading that counts. The order is that in which they were taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Counted<'a> {
    at: Timestamp,
    id: EventId,
    who: &'a Subject,
    estate: Option<&'a EstateId>,
    recorded_at: Timestamp,
}

impl Memory {
    /// The readings that count, in the order in which they were taken.
    fn counted(&self, policy: &Policy) -> Vec<Counted<'_>> {
        let is_fever = |warm: &&Warm| policy.at(warm.at).fever.is_fever(warm.site, warm.tenths_celsius);
        let mut of_person: BTreeMap<&Subject, Vec<(Counted<'_>, &Warm)>> = BTreeMap::new();
        for ((id, who), record) in self.records.iter() {
            let fevers = record.warm.iter().filter(is_fever);
            let (estate, recorded_at) = (record.estate.as_ref(), record.recorded_at);
            let fevers = fevers.map(|warm| (Counted { at: warm.at, id: *id, who, estate, recorded_at }, warm));
            of_person.entry(who).or_default().extend(fevers);
        }
        let was_none = |reading: &Counted<'_>| self.fevers.values().filter_map(OfFever::none).any(|seen| seen.holds(reading.who, reading.at));
        let in_time = |first: &Warm, second: &Warm| second.at <= first.at.plus_minutes(i64::from(policy.at(first.at).remeasure_minutes));
        let mut counted = Vec::new();
        for mut readings in of_person.into_values() {
            readings.sort_by_key(|(reading, _)| *reading);
            let is_certain = |place: usize| {
                let warm = readings[place].1;
                let (before, after) = (place.checked_sub(1).map(|before| readings[before].1), readings.get(place + 1).map(|(_, after)| *after));
                let again = before.is_some_and(|before| in_time(before, warm)) || after.is_some_and(|after| in_time(warm, after));
                course::is_certain(warm.site, warm.tenths_celsius) || again
            };
            let certain: Vec<Timestamp> =
                (0..readings.len()).filter(|place| is_certain(*place) && !was_none(&readings[*place].0)).map(|place| readings[place].0.at).collect();
            // by what was measured and not by what was alarmed about: facts that come in another order make other alerts on the way
            let is_fever = |at: Timestamp| certain.iter().any(|certain| (certain.0 - at.0).abs() <= Cluster::TOGETHER_MS);
            counted.extend(readings.iter().map(|(reading, _)| *reading).filter(|reading| is_fever(reading.at) && !was_none(reading)));
        }
        counted.sort_unstable();
        counted
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
    const NAME: &'static str = CLUSTER;
    const VERSION: u16 = 5;
    const KINDS: &'static [ScopeKind] = &[ScopeKind::Building];
    type Memory = Memory;

    fn scopes(event: &Event, _: &Header) -> Vec<Scope> {
        let told = told_by(event).and_then(|step| step.place?.building.as_ref());
        let measured = course::warm(event).into_iter().filter_map(|(_, place, _)| place.building.as_ref());
        let buildings: BTreeSet<&BuildingId> = told.into_iter().chain(measured).collect();
        buildings.into_iter().map(Scope::building).collect()
    }

    fn evolve(memory: &mut Memory, scope: &Scope, fact: &Fact<'_>) {
        let mut records: BTreeMap<Subject, Record> = BTreeMap::new();
        for (who, place, readings) in course::warm(fact.event) {
            // as alerts write whom they are about
            let who = Scope::subject(&who).and_then(|scope| scope.to_subject());
            let Some(who) = who.filter(|_| place.building.as_ref().map(Scope::building).as_ref() == Some(scope)) else { continue };
            let record = records.entry(who).or_default();
            (record.recorded_at, record.estate) = (fact.header.recorded_at, place.estate.clone());
            let warm = readings.iter().filter_map(|reading| Some(Warm { at: reading.at, site: reading.site, tenths_celsius: reading.tenths_celsius? }));
            record.warm.extend(warm.filter(|warm| warm.tenths_celsius >= WARM_TENTHS_CELSIUS));
        }
        records.into_iter().for_each(|(who, record)| memory.records.insert((fact.id(), who), record));
        let Some(Step { alert, n, change, .. }) = told_by(fact.event) else { return };
        memory.fevers.change(alert, |of| {
            if let Some(occurrence) = change.occurrence()
                && of.seen.as_ref().is_none_or(|(known, _)| *known < n)
            {
                of.seen = Some((n, occurrence.into()));
            }
            let ended = |was_none| Some(Ended { n, recorded_at: fact.header.recorded_at, id: fact.id(), was_none });
            match change {
                Change::RecoveryStarted(_) | Change::Resolved(_) => of.ended = of.ended.max(ended(false)),
                Change::Closed { reason } => of.ended = of.ended.max(ended(was_none(reason))),
                _ => {}
            }
        });
    }

    /// Alerts keep their history.
    fn retract(memory: &mut Memory, command: CommandId) {
        memory.records.retract_each(command);
    }

    fn judge(memory: &Memory, scope: &Scope, shared: &Shared<'_>, _: Timestamp) -> Judgement {
        let open: BTreeSet<&Subject> = memory.fevers.values().filter(|of| of.is_open()).filter_map(|of| of.confirmed()?.who.as_ref()).collect();
        let counted = if open.is_empty() { Vec::new() } else { memory.counted(shared.policy) };
        // what is measured of somebody who is ill now is the last that was
        let last: BTreeMap<&Subject, Timestamp> = counted.iter().map(|reading| (reading.who, reading.at)).collect();
        let is_open = |reading: &Counted<'_>| open.contains(reading.who) && last.get(reading.who) == Some(&reading.at);
        let together = counted.chunk_by(|one, next| next.at.0 - one.at.0 <= Self::TOGETHER_MS).filter(|together| together.iter().any(is_open));
        let members: Vec<Counted<'_>> = together.map(beginnings).filter(|people| people.len() > 1).flatten().collect();
        let verdict = if members.is_empty() {
            let last = memory.fevers.values().filter_map(|of| of.ended).max_by_key(|ended| (ended.recorded_at, ended.id));
            Verdict::Quiet { late: false, quieted_by: last.map(|ended| ended.id.to_string()).into_iter().collect() }
        } else {
            Verdict::Firing(firing(&members, scope))
        };
        Judgement { verdict, next_change: None }
    }
}

impl Remembered for Memory {
    fn facts(&self) -> usize {
        self.records.len() + self.fevers.len()
    }
}

/// The first reading of each person, in the order in which they were taken.
fn beginnings<'a>(together: &[Counted<'a>]) -> Vec<Counted<'a>> {
    let mut people = BTreeSet::new();
    together.iter().filter(|reading| people.insert(reading.who)).copied().collect()
}

fn firing(members: &[Counted<'_>], scope: &Scope) -> Firing {
    let people: BTreeSet<&Subject> = members.iter().map(|reading| reading.who).collect();
    // two people may have been measured at one visit
    let mut causes: Vec<String> = Vec::new();
    for reading in members {
        let id = reading.id.to_string();
        if !causes.contains(&id) {
            causes.push(id);
        }
    }
    // what people learn by it is what was told last: of what was told at once, that which had waited longest
    let told_last = members.iter().max_by_key(|reading| (reading.recorded_at, Reverse(reading.at)));
    Firing {
        severity: Severity::Critical,
        unconfirmed: false,
        place: Place {
            estate: members.iter().rev().find_map(|reading| reading.estate.cloned()),
            building: Some(BuildingId::from(scope.id.clone())),
            ..Place::default()
        },
        person: None,
        observed: None,
        detail: Detail::default(),
        causes,
        first_at: members.iter().map(|reading| reading.at).min().unwrap_or_default(),
        last_at: members.iter().map(|reading| reading.at).max().unwrap_or_default(),
        occurrences: u32::try_from(people.len()).unwrap_or(u32::MAX),
        late: told_last.is_some_and(|reading| recorded_late(reading.at, reading.recorded_at)),
    }
}
