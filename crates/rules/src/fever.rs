//! Somebody has a fever, or may have one and nobody has measured again.
//!
//! A reading is compared with the threshold of its site in the policy at the time of the reading. A contact reading, or any of
//! 38.0 or more, is a fever at once. A contactless one below 38.0 is pending: a second reading in time confirms it (fever
//! again, or a contact reading with fever), a normal contact reading in time ends it, and when none comes it is raised
//! `unconfirmed`. Once raised, only two clear contact readings at least 4 h apart with no fever since end it; a single one that
//! comes after the time for the second measurement is only the first of those two. What a thermometer could not read, and a
//! forehead below 35.5, is not a measurement: it raises nothing and ends nothing.

use std::collections::BTreeMap;

use domain::{
    Event, Fact, Header,
    alert::{Detail, Firing, Observed, Severity},
    community::Policy,
    values::{CommandId, DAY_MS, EventId, HOUR_MS, Place, QuarantineId, Reading, Site, Subject, Timestamp, Zone},
};
use serde::{Deserialize, Serialize};

use crate::{
    Judgement, Remembered, Rule, Scope, Verdict,
    facts::{Facts, Ranked, keep_earliest, recorded_late},
};

/// A contactless reading from here on needs no second one, in tenths of a degree Celsius (alerting.md).
const CERTAIN_TENTHS_CELSIUS: i16 = 380;
/// A forehead below this is cold, not healthy, in tenths of a degree Celsius (alerting.md).
const COLD_FOREHEAD_TENTHS_CELSIUS: i16 = 355;
/// Two clear contact readings at least this far apart end a fever (alerting.md).
const CLEAR_APART_MS: i64 = 4 * HOUR_MS;
/// An exposure counts for a fever that begins within so many days after it was reported: the days of a quarantine.
const EXPOSURE_DAYS: i64 = 14;
/// Most records with readings per person: two months of three a day.
const RECORDS_MAX: usize = 192;
/// A record from here on is forgotten last, in tenths of a degree Celsius: forgetting must not end a fever.
const KEPT_LONGEST_TENTHS_CELSIUS: i16 = 370;
/// Most exposures per person.
const EXPOSURES_MAX: usize = 16;
/// Most orders per person.
const ORDERS_MAX: usize = 16;

/// The rule.
#[derive(Debug)]
pub struct Fever;

/// What is remembered of one person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    records: Facts<Measured, RECORDS_MAX>,
    exposures: Facts<Exposed, EXPOSURES_MAX>,
    orders: BTreeMap<QuarantineId, UnderOrder>,
}

/// The readings of one record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Measured {
    recorded_at: Timestamp,
    place: Place,
    readings: Vec<Reading>,
}

impl Ranked for Measured {
    type Rank = (bool, Timestamp, i16);

    fn rank(&self) -> Self::Rank {
        let highest = self.readings.iter().filter_map(|reading| reading.tenths_celsius).max().unwrap_or_default();
        let last = self.readings.iter().map(|reading| reading.at).max().unwrap_or_default();
        (highest >= KEPT_LONGEST_TENTHS_CELSIUS, last, highest)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Exposed {
    at: Timestamp,
}

impl Ranked for Exposed {
    type Rank = Timestamp;

    fn rank(&self) -> Timestamp {
        self.at
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct UnderOrder {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// One reading in its record.
#[derive(Clone, Copy)]
struct Taken<'a> {
    id: EventId,
    record: &'a Measured,
    at: Timestamp,
    site: Site,
    tenths: i16,
}

/// How things stand after some readings, in the order in which they were taken.
#[derive(Clone, Default)]
enum Standing<'a> {
    /// Nothing to do.
    #[default]
    Well,
    /// A second reading, taken in time, ended what a first one began.
    NotConfirmed { by: Taken<'a>, deadline: Timestamp },
    /// Two clear contact readings ended it.
    Over { by: [Taken<'a>; 2] },
    /// Something began and is not over.
    Feverish(Episode<'a>),
}

#[derive(Clone)]
struct Episode<'a> {
    fevers: Vec<Taken<'a>>,
    confirmed: bool,
    /// Until when a second reading counts.
    deadline: Timestamp,
    /// The first clear contact reading since the last fever.
    clear: Option<Taken<'a>>,
}

impl Rule for Fever {
    const NAME: &'static str = "fever";
    const VERSION: u16 = 1;
    type Memory = Memory;

    fn scopes(event: &Event, _: &Header) -> Vec<Scope> {
        match event {
            Event::VisitRecorded(visit) => visit.people.iter().filter_map(|person| Scope::subject(&person.who)).collect(),
            Event::EntryRecorded(entry) => Scope::subject(&entry.who).into_iter().collect(),
            Event::EntrySettled(entry) => Scope::subject(&entry.who).into_iter().collect(),
            Event::QuarantineChecked(checked) => checked.checks.iter().filter_map(|check| Scope::person(&check.person)).collect(),
            Event::QuarantineOrdered(ordered) => Scope::person(&ordered.person).into_iter().collect(),
            Event::QuarantineReleased(released) => Scope::person(&released.person).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn evolve(memory: &mut Memory, scope: &Scope, fact: &Fact<'_>) {
        let about = |who: &Subject| Scope::subject(who).as_ref() == Some(scope);
        match fact.event {
            Event::VisitRecorded(visit) => {
                let people: Vec<_> = visit.people.iter().filter(|person| about(&person.who)).collect();
                let readings = people.iter().flat_map(|person| &person.readings);
                memory.measured(fact, &visit.place, readings);
                if people.iter().any(|person| person.exposure.is_some()) {
                    memory.exposures.insert(fact.id(), Exposed { at: fact.header.at });
                }
            }
            Event::EntryRecorded(entry) => memory.measured(fact, entry.home.as_ref().unwrap_or(&Place::default()), &entry.readings),
            Event::EntrySettled(entry) => memory.measured(fact, entry.home.as_ref().unwrap_or(&Place::default()), &entry.readings),
            Event::QuarantineChecked(checked) => {
                let checks: Vec<_> = checked.checks.iter().filter(|check| Scope::person(&check.person).as_ref() == Some(scope)).collect();
                if let Some(check) = checks.first() {
                    memory.measured(fact, &check.place, checks.iter().flat_map(|check| &check.readings));
                }
            }
            Event::QuarantineOrdered(ordered) => memory.order(&ordered.quarantine, |order| order.from = Some(fact.header.at)),
            Event::QuarantineReleased(released) => memory.order(&released.quarantine, |order| keep_earliest(&mut order.until, fact.header.at)),
            _ => {}
        }
    }

    fn retract(memory: &mut Memory, command: CommandId) {
        memory.records.retract(command);
        memory.exposures.retract(command);
    }

    fn judge(memory: &Memory, scope: &Scope, policy: &Policy, _: &Zone, now: Timestamp) -> Judgement {
        // nearly everybody: without a fever nothing else counts
        if !memory.has_fever(policy) {
            return Judgement { verdict: Verdict::quiet(), next_change: None };
        }
        let standing = memory.taken().into_iter().fold(Standing::default(), |standing, taken| standing.after(taken, policy));
        match standing {
            Standing::Well => Judgement { verdict: Verdict::quiet(), next_change: None },
            Standing::NotConfirmed { by, deadline } => {
                Judgement { verdict: Verdict::Quiet { late: by.record.recorded_at > deadline, quieted_by: vec![by.id.to_string()] }, next_change: None }
            }
            Standing::Over { by: [first, second] } => {
                let mut quieted_by = vec![first.id.to_string(), second.id.to_string()];
                quieted_by.dedup();
                Judgement { verdict: Verdict::Quiet { late: recorded_late(second.at, second.record.recorded_at), quieted_by }, next_change: None }
            }
            Standing::Feverish(episode) if !episode.confirmed && now <= episode.deadline => {
                Judgement { verdict: Verdict::quiet(), next_change: Some(episode.deadline.plus_ms(1)) }
            }
            Standing::Feverish(episode) => Judgement { verdict: memory.firing(&episode, scope), next_change: None },
        }
    }
}

impl Remembered for Memory {
    fn facts(&self) -> usize {
        self.records.len() + self.exposures.len() + self.orders.len()
    }
}

impl Memory {
    fn measured<'a>(&mut self, fact: &Fact<'_>, place: &Place, readings: impl IntoIterator<Item = &'a Reading>) {
        let readings: Vec<Reading> = readings.into_iter().filter(|reading| is_measurement(reading)).cloned().collect();
        if !readings.is_empty() {
            self.records.insert(fact.id(), Measured { recorded_at: fact.header.recorded_at, place: place.clone(), readings });
        }
    }

    fn order(&mut self, quarantine: &QuarantineId, change: impl FnOnce(&mut UnderOrder)) {
        change(self.orders.entry(quarantine.clone()).or_default());
        while self.orders.len() > ORDERS_MAX {
            let oldest = self.orders.iter().min_by_key(|(id, order)| (order.from.max(order.until), (*id).clone())).map(|(id, _)| id.clone());
            oldest.and_then(|id| self.orders.remove(&id));
        }
    }

    /// Whether any reading was one of a fever.
    fn has_fever(&self, policy: &Policy) -> bool {
        let mut readings = self.records.iter().flat_map(|(_, record)| &record.readings);
        readings.any(|reading| reading.tenths_celsius.is_some_and(|tenths| policy.at(reading.at).fever.is_fever(reading.site, tenths)))
    }

    /// Every reading in the order in which they were taken. Within a record the second of two at the same instant is the
    /// re-measure; of two records at the same instant the worse comes last, and so decides.
    fn taken(&self) -> Vec<Taken<'_>> {
        let mut taken: Vec<_> = self
            .records
            .iter()
            .flat_map(|(id, record)| {
                let worst_at = |at| record.readings.iter().filter(|reading| reading.at == at).filter_map(|reading| reading.tenths_celsius).max();
                let taken = |(place, reading): (usize, &Reading)| {
                    let taken = Taken { id: *id, record, at: reading.at, site: reading.site, tenths: reading.tenths_celsius? };
                    Some(((reading.at, worst_at(reading.at), *id, place), taken))
                };
                record.readings.iter().enumerate().filter_map(taken).collect::<Vec<_>>()
            })
            .collect();
        taken.sort_by_key(|(order, _)| *order);
        taken.into_iter().map(|(_, taken)| taken).collect()
    }

    /// Under an order at some time since the fever began, or exposed not long before.
    fn at_risk(&self, since: Timestamp) -> bool {
        let under_order = |order: &UnderOrder| order.from.is_some() && order.until.is_none_or(|until| until > since);
        let exposed = |exposed: &Exposed| exposed.at.plus_ms(EXPOSURE_DAYS * DAY_MS) >= since;
        self.orders.values().any(under_order) || self.exposures.iter().any(|(_, fact)| exposed(fact))
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

/// What a thermometer could not read is no measurement, and neither is a cold forehead.
fn is_measurement(reading: &Reading) -> bool {
    reading.tenths_celsius.is_some_and(|tenths| reading.site != Site::Forehead || tenths >= COLD_FOREHEAD_TENTHS_CELSIUS)
}

impl<'a> Standing<'a> {
    /// How things stand after one more reading.
    fn after(self, taken: Taken<'a>, policy: &Policy) -> Self {
        let settings = policy.at(taken.at);
        let is_fever = settings.fever.is_fever(taken.site, taken.tenths);
        let certain = is_fever && (!taken.site.contactless() || taken.tenths >= CERTAIN_TENTHS_CELSIUS);
        let clear = !is_fever && !taken.site.contactless() && taken.tenths < settings.fever.clear_below_tenths_celsius;
        match self {
            Self::Feverish(mut episode) => {
                if is_fever {
                    episode.fevers.push(taken);
                    // whatever the second one was measured with: two fevers are no accident of one thermometer
                    episode.confirmed = true;
                    episode.clear = None;
                    return Self::Feverish(episode);
                }
                if !clear {
                    return Self::Feverish(episode);
                }
                if !episode.confirmed && taken.at <= episode.deadline {
                    return Self::NotConfirmed { by: taken, deadline: episode.deadline };
                }
                match episode.clear {
                    Some(first) if taken.at.0 - first.at.0 >= CLEAR_APART_MS => Self::Over { by: [first, taken] },
                    Some(_) => Self::Feverish(episode),
                    None => Self::Feverish(Episode { clear: Some(taken), ..episode }),
                }
            }
            _ if is_fever => {
                let deadline = taken.at.plus_minutes(i64::from(settings.remeasure_minutes));
                Self::Feverish(Episode { fevers: vec![taken], confirmed: certain, deadline, clear: None })
            }
            standing => standing,
        }
    }
}
