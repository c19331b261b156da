//! The course of somebody's temperature: every reading of one person, and how things stand after them.
//!
//! Two rules look at it: a fever is alarmed about, and symptoms are not while a fever is. What a thermometer could not read, and
//! a forehead below 35.5, is not a measurement and is not remembered.

use domain::{
    Dated, Event, Fact, Newest,
    community::{Policy, THRESHOLD_TENTHS_CELSIUS_MIN},
    values::{CommandId, EventId, HOUR_MS, Place, Reading, Site, Subject, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{Scope, facts::FACT_BYTES};

/// A contactless reading from here on needs no second one, in tenths of a degree Celsius (alerting.md).
const CERTAIN_TENTHS_CELSIUS: i16 = 380;
/// A forehead below this is cold, not healthy, in tenths of a degree Celsius (alerting.md).
const COLD_FOREHEAD_TENTHS_CELSIUS: i16 = 355;
/// Two clear contact readings at least this far apart end a fever (alerting.md).
const CLEAR_APART_MS: i64 = 4 * HOUR_MS;
/// Most records with a warm reading per person: forgetting one must not end a fever.
const WARM_MAX: usize = 160;
/// A reading from here on is warm, in tenths of a degree Celsius: notices hardly ever call anything lower a fever.
pub(crate) const WARM_TENTHS_CELSIUS: i16 = 370;
/// Most records per person in which the highest was taken without contact, is not warm, and yet may be a fever where a threshold is low.
const DOUBTFUL_MAX: usize = 16;

/// The readings of one person, by record; of those without a warm one the newest `COOL_MAX`. They end a fever, so there must be as
/// many as may be recorded before somebody types in an older fever, and no more: nearly everybody has no others, and every one of
/// them is written again at every visit. A cool reading without contact ends nothing, and is not remembered: gates tell many of them,
/// and they would take the place of those that do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Course<const COOL_MAX: usize> {
    warm: Newest<Measured, WARM_MAX>,
    doubtful: Newest<Measured, DOUBTFUL_MAX>,
    cool: Newest<Measured, COOL_MAX>,
}

/// The readings of one person, to be looked at.
pub(crate) struct Records(Vec<(EventId, Measured)>);

/// The readings of one record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) recorded_at: Timestamp,
    pub(crate) place: Place,
    readings: Vec<Reading>,
}

impl Dated for Measured {
    fn at(&self) -> Timestamp {
        self.readings.iter().map(|reading| reading.at).max().unwrap_or_default()
    }

    fn badness(&self) -> i32 {
        self.highest().into()
    }
}

impl Measured {
    fn highest(&self) -> i16 {
        self.readings.iter().filter_map(|reading| reading.tenths_celsius).max().unwrap_or_default()
    }
}

/// One reading in its record.
#[derive(Clone, Copy)]
pub(crate) struct Taken<'a> {
    pub(crate) id: EventId,
    pub(crate) record: &'a Measured,
    pub(crate) at: Timestamp,
    pub(crate) site: Site,
    pub(crate) tenths: i16,
}

/// How things stand after some readings, in the order in which they were taken.
#[derive(Clone, Default)]
pub(crate) enum Standing<'a> {
    /// Nothing to do.
    #[default]
    Well,
    /// A second reading, taken in time, ended what a first one began.
    NotConfirmed { by: Taken<'a>, deadline: Timestamp, after: Option<[Taken<'a>; 2]> },
    /// Two clear contact readings ended it.
    Over { by: [Taken<'a>; 2] },
    /// Something began and is not over.
    Feverish(Episode<'a>),
}

#[derive(Clone)]
pub(crate) struct Episode<'a> {
    pub(crate) fevers: Vec<Taken<'a>>,
    pub(crate) confirmed: bool,
    /// Until when a second reading counts.
    pub(crate) deadline: Timestamp,
    /// The first clear contact reading since the last fever.
    clear: Option<Taken<'a>>,
    /// What ended the fever before this one, if there was one.
    pub(crate) after: Option<[Taken<'a>; 2]>,
}

/// The people that an event may hold readings of, in its order.
pub(crate) fn people(event: &Event) -> Vec<Scope> {
    match event {
        Event::VisitRecorded(visit) => visit.people.iter().filter_map(|person| Scope::subject(&person.who)).collect(),
        Event::EntryRecorded(entry) => Scope::subject(&entry.who).into_iter().collect(),
        Event::EntrySettled(entry) => Scope::subject(&entry.who).into_iter().collect(),
        Event::QuarantineChecked(checked) => checked.checks.iter().map(|check| Scope::person(&check.person)).collect(),
        _ => Vec::new(),
    }
}

/// What an event says was measured of somebody, and where they are at home.
fn readings<'a>(event: &'a Event, scope: &Scope) -> (Place, Vec<&'a Reading>) {
    match event {
        Event::VisitRecorded(visit) => {
            let ours = visit.people.iter().filter(|person| Scope::subject(&person.who).as_ref() == Some(scope));
            (visit.place.clone(), ours.flat_map(|person| &person.readings).collect())
        }
        Event::EntryRecorded(entry) => (entry.home.clone().unwrap_or_default(), entry.readings.iter().collect()),
        Event::EntrySettled(entry) => (entry.home.clone().unwrap_or_default(), entry.readings.iter().collect()),
        Event::QuarantineChecked(checked) => {
            let ours = || checked.checks.iter().filter(|check| Scope::person(&check.person) == *scope);
            let place = ours().next().map(|check| check.place.clone());
            (place.unwrap_or_default(), ours().flat_map(|check| &check.readings).collect())
        }
        _ => (Place::default(), Vec::new()),
    }
}

/// Whether what an event says was measured of somebody can begin or end a fever: a contact reading, or a contactless one that is
/// not low. Nearly everything that gates measure is neither.
pub(crate) fn can_tell(event: &Event, scope: &Scope) -> bool {
    let tells = |reading: &&Reading| !reading.site.contactless() || reading.tenths_celsius.is_some_and(|tenths| tenths >= THRESHOLD_TENTHS_CELSIUS_MIN);
    readings(event, scope).1.iter().any(tells)
}

/// Whom an event tells a warm reading of, where they are at home, and all that was measured of them there. Nearly always nobody.
pub(crate) fn warm(event: &Event) -> Vec<(Subject, &Place, &[Reading])> {
    let warm = |readings: &[Reading]| readings.iter().any(|reading| reading.tenths_celsius.is_some_and(|tenths| tenths >= WARM_TENTHS_CELSIUS));
    match event {
        Event::VisitRecorded(visit) => {
            let people = visit.people.iter().filter(|person| warm(&person.readings));
            people.map(|person| (person.who.clone(), &visit.place, &person.readings[..])).collect()
        }
        Event::EntryRecorded(entry) if warm(&entry.readings) => entry.home.iter().map(|home| (entry.who.clone(), home, &entry.readings[..])).collect(),
        Event::EntrySettled(entry) if warm(&entry.readings) => entry.home.iter().map(|home| (entry.who.clone(), home, &entry.readings[..])).collect(),
        Event::QuarantineChecked(checked) => {
            let checks = checked.checks.iter().filter(|check| warm(&check.readings));
            checks.map(|check| (Subject::person(check.person.clone()), &check.place, &check.readings[..])).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a fever needs no second reading: it was measured by contact, or is high enough.
pub(crate) fn is_certain(site: Site, tenths_celsius: i16) -> bool {
    !site.contactless() || tenths_celsius >= CERTAIN_TENTHS_CELSIUS
}

impl<const COOL_MAX: usize> Course<COOL_MAX> {
    /// Remembers what an event says was measured of somebody, where it says so.
    pub(crate) fn evolve(&mut self, scope: &Scope, fact: &Fact<'_>) {
        let (place, readings) = readings(fact.event, scope);
        let readings: Vec<Reading> = readings.into_iter().filter(|reading| is_measurement(reading)).cloned().collect();
        if !readings.is_empty() {
            let measured = Measured { recorded_at: fact.header.recorded_at, place, readings };
            if measured.highest() >= WARM_TENTHS_CELSIUS {
                self.warm.keep(fact.id(), measured);
            } else if measured.readings.iter().any(|reading| !reading.site.contactless()) {
                self.cool.keep(fact.id(), measured);
            } else if measured.highest() >= THRESHOLD_TENTHS_CELSIUS_MIN {
                self.doubtful.keep(fact.id(), measured);
            }
        }
    }

    /// Forgets what a command told.
    pub(crate) fn retract(&mut self, command: CommandId) {
        self.warm.take_back(command);
        self.doubtful.take_back(command);
        self.cool.take_back(command);
    }

    /// What it takes of memory, in facts of the usual size.
    pub(crate) fn facts(&self) -> usize {
        (self.warm.bytes() + self.doubtful.bytes() + self.cool.bytes()).div_ceil(FACT_BYTES)
    }

    /// Whether any reading may be one of a fever: nearly always no, and then none is looked at.
    pub(crate) fn may_be_feverish(&self, policy: &Policy) -> bool {
        let lowest = i32::from(policy.lowest_fever_tenths_celsius());
        self.warm.worst().max(self.doubtful.worst()).max(self.cool.worst()).is_some_and(|highest| highest >= lowest)
    }

    /// Every record.
    pub(crate) fn records(&self) -> Records {
        Records([self.warm.newest_first(), self.doubtful.newest_first(), self.cool.newest_first()].concat())
    }
}

impl Records {
    /// How things stand after the readings that count.
    pub(crate) fn standing(&self, policy: &Policy, counts: impl Fn(&Taken<'_>) -> bool) -> Standing<'_> {
        self.taken().into_iter().filter(counts).fold(Standing::default(), |standing, taken| standing.after(taken, policy))
    }

    /// When a record measured last; nothing when it measured nothing.
    pub(crate) fn measured_at(&self, record: &EventId) -> Option<Timestamp> {
        self.0.iter().find(|(id, _)| id == record).map(|(_, measured)| measured.at())
    }

    /// Every reading in the order in which they were taken. Within a record the second of two at the same instant is the
    /// re-measure; of two records at the same instant the worse comes last, and so decides.
    fn taken(&self) -> Vec<Taken<'_>> {
        let mut taken: Vec<_> = self
            .0
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
}

/// What a thermometer could not read is no measurement, and neither is a cold forehead.
fn is_measurement(reading: &Reading) -> bool {
    reading.tenths_celsius.is_some_and(|tenths| reading.site != Site::Forehead || tenths >= COLD_FOREHEAD_TENTHS_CELSIUS)
}

impl<'a> Standing<'a> {
    /// The two clear readings that ended the last fever that was one.
    fn ended_by(&self) -> Option<[Taken<'a>; 2]> {
        match self {
            Self::Over { by } => Some(*by),
            Self::NotConfirmed { after, .. } => *after,
            Self::Well | Self::Feverish(_) => None,
        }
    }

    /// How things stand after one more reading.
    fn after(self, taken: Taken<'a>, policy: &Policy) -> Self {
        let settings = policy.at(taken.at);
        let is_fever = settings.fever.is_fever(taken.site, taken.tenths);
        let certain = is_fever && is_certain(taken.site, taken.tenths);
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
                    return Self::NotConfirmed { by: taken, deadline: episode.deadline, after: episode.after };
                }
                match episode.clear {
                    Some(first) if taken.at.0 - first.at.0 >= CLEAR_APART_MS => Self::Over { by: [first, taken] },
                    Some(_) => Self::Feverish(episode),
                    None => Self::Feverish(Episode { clear: Some(taken), ..episode }),
                }
            }
            before if is_fever => {
                let after = before.ended_by();
                let deadline = taken.at.plus_minutes(i64::from(settings.remeasure_minutes));
                Self::Feverish(Episode { fevers: vec![taken], confirmed: certain, deadline, clear: None, after })
            }
            standing => standing,
        }
    }
}
