//! Somebody was exposed, or is a case, and nobody has decided what is to become of them.
//!
//! Exposed is who tells of it at a visit, and whoever lives with somebody who is found suspected or confirmed or is taken to hospital.
//! People have some hours to decide (the policy's at that time). An order that is in force then or is given later decides, and so does
//! a finding made at or after the exposure that says anything but *suspected* or *confirmed*; an order that was a mistake decides
//! nothing. Whose housemate turns out not to be infected is exposed no more by them. After fourteen days, the days of a quarantine, an
//! exposure is over.
//!
//! Serious. For a case only a site or a hospital decides, for suspected cases may not stay at home (notices of February 2020): they
//! are critical, at once, and that does not end by time.

use domain::{
    Event, Fact, Header,
    alert::{Detail, Firing, Severity},
    medical::Finding,
    quarantine::{Kind, ReleaseReason},
    values::{CommandId, DAY_MS, EventId, HOUR_MS, PersonId, Place, QuarantineId, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    Judgement, Remembered, Rule, Scope, ScopeKind, Shared, Verdict,
    care::Found,
    facts::{Facts, Ranked, recorded_late},
};

/// Days for which an exposure is a matter: those of a quarantine.
const EXPOSURE_DAYS: i64 = 14;
/// Most exposures per person, newest kept: a check every half day may tell of a housemate in hospital.
const EXPOSURES_MAX: usize = 32;
/// Most findings of a person, or of those they live with, newest kept.
const FINDINGS_MAX: usize = 32;
/// Most orders per person, and most moves.
const ORDERS_MAX: usize = 16;

/// The rule.
#[derive(Debug)]
pub struct ExposureUndecided;

/// What is remembered of one person: nothing, unless they were exposed, or there is a finding or an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    exposures: Facts<Exposure, EXPOSURES_MAX>,
    /// Their own findings.
    findings: Facts<Found, FINDINGS_MAX>,
    /// Who of those they live with turned out not to be infected.
    cleared: Facts<Cleared, FINDINGS_MAX>,
    orders: Facts<UnderOrder, ORDERS_MAX, QuarantineId>,
    /// Where their orders held, and hold.
    holds: Facts<Holds, ORDERS_MAX>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Exposure {
    at: Timestamp,
    recorded_at: Timestamp,
    place: Place,
    by: Source,
}

/// Why somebody counts as exposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Source {
    /// They told of it.
    Told,
    /// They live with somebody.
    Housemate(PersonId),
    /// They are a case themselves.
    Own,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Cleared {
    at: Timestamp,
    recorded_at: Timestamp,
    person: PersonId,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct UnderOrder {
    /// When it was given, when we learned of it, by which event.
    given: Option<(Timestamp, Timestamp, EventId)>,
    until: Option<Timestamp>,
    mistake: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Holds {
    quarantine: QuarantineId,
    at: Timestamp,
    recorded_at: Timestamp,
    /// At a site or in hospital, and not where they live.
    away: bool,
}

/// What decided, and when we learned of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Decision {
    recorded_at: Timestamp,
    at: Timestamp,
    by: EventId,
}

macro_rules! ranked_by_time {
    ($($name:ty),+) => {$(
        impl Ranked for $name {
            type Rank = Timestamp;

            fn rank(&self) -> Timestamp { self.at }
        }
    )+};
}
ranked_by_time!(Exposure, Cleared, Holds);

impl Ranked for UnderOrder {
    type Rank = Option<Timestamp>;

    fn rank(&self) -> Self::Rank {
        self.given.map(|(at, ..)| at).max(self.until)
    }
}

impl Rule for ExposureUndecided {
    const NAME: &'static str = domain::community::EXPOSURE_UNDECIDED;
    const VERSION: u16 = 3;
    const KINDS: &'static [ScopeKind] = &[ScopeKind::Person, ScopeKind::Unregistered];
    type Memory = Memory;

    fn scopes(event: &Event, _: &Header) -> Vec<Scope> {
        let people = |people: &[PersonId]| people.iter().map(Scope::person).collect::<Vec<_>>();
        match event {
            Event::VisitRecorded(visit) => {
                visit.people.iter().filter(|person| person.exposure.is_some()).filter_map(|person| Scope::subject(&person.who)).collect()
            }
            Event::FindingRecorded(event) => Scope::subject(&event.who).into_iter().chain(people(&event.housemates)).collect(),
            Event::HouseholdExposed(event) => people(&event.housemates),
            Event::QuarantineOrdered(event) => vec![Scope::person(&event.person)],
            Event::QuarantineMoved(event) => vec![Scope::person(&event.person)],
            Event::QuarantineReleased(event) => vec![Scope::person(&event.person)],
            _ => Vec::new(),
        }
    }

    fn evolve(memory: &mut Memory, scope: &Scope, fact: &Fact<'_>) {
        let (id, at, recorded_at) = (fact.id(), fact.header.at, fact.header.recorded_at);
        let exposure = |place: Option<&Place>, by| Exposure { at, recorded_at, place: place.cloned().unwrap_or_default(), by };
        match fact.event {
            Event::VisitRecorded(visit) => memory.exposures.insert(id, exposure(Some(&visit.place), Source::Told)),
            Event::HouseholdExposed(event) => memory.exposures.insert(id, exposure(Some(&event.place), Source::Housemate(event.person.clone()))),
            Event::FindingRecorded(event) if Scope::subject(&event.who).as_ref() == Some(scope) => {
                memory.findings.insert(id, Found { at, recorded_at, finding: event.finding });
                if event.finding.is_case() {
                    memory.exposures.insert(id, exposure(event.home.as_ref(), Source::Own));
                }
            }
            Event::FindingRecorded(event) => {
                let Some(person) = event.who.person.clone() else { return };
                if event.finding.is_case() {
                    memory.exposures.insert(id, exposure(event.home.as_ref(), Source::Housemate(person)));
                } else if event.finding.excludes() {
                    memory.cleared.insert(id, Cleared { at, recorded_at, person });
                }
            }
            Event::QuarantineOrdered(event) => {
                memory.orders.change(&event.quarantine, |order| order.given = Some((at, recorded_at, id)));
                memory.holds.insert(id, Holds { quarantine: event.quarantine.clone(), at, recorded_at, away: is_away(event.kind) });
            }
            Event::QuarantineMoved(event) => {
                memory.holds.insert(id, Holds { quarantine: event.quarantine.clone(), at, recorded_at, away: is_away(event.kind) });
            }
            Event::QuarantineReleased(event) => {
                memory.orders.change(&event.quarantine, |order| {
                    order.until = Some(order.until.map_or(at, |until| until.min(at)));
                    order.mistake |= event.reason == ReleaseReason::Mistake;
                });
                let (quarantine, away) = (event.quarantine.clone(), event.reason == ReleaseReason::Hospital);
                memory.holds.insert(id, Holds { quarantine, at, recorded_at, away });
                if event.reason == ReleaseReason::Died {
                    memory.findings.insert(id, Found { at, recorded_at, finding: Finding::Died });
                }
            }
            _ => {}
        }
    }

    /// Orders, moves and releases cannot be taken back.
    fn retract(memory: &mut Memory, command: CommandId) {
        memory.exposures.retract(command);
        memory.findings.retract(command);
        memory.cleared.retract(command);
    }

    fn judge(memory: &Memory, scope: &Scope, shared: &Shared<'_>, now: Timestamp) -> Judgement {
        let decided = memory.exposures.iter().filter_map(|(_, exposure)| Some((exposure, memory.decision(exposure)?)));
        let last = decided.max_by_key(|(_, decision)| *decision);
        let late = |exposure: &Exposure, decision: &Decision| decision.at <= due(exposure, shared) && decision.recorded_at > due(exposure, shared);
        let quiet =
            last.map_or(Verdict::quiet(), |(exposure, decision)| Verdict::Quiet { late: late(exposure, &decision), quieted_by: vec![decision.by.to_string()] });
        let mut open: Vec<_> = memory.exposures.iter().filter(|(_, exposure)| memory.decision(exposure).is_none() && !is_over(exposure, now)).collect();
        open.sort_by_key(|(id, exposure)| (exposure.at, **id));
        let ends = open.iter().filter(|(_, exposure)| exposure.by != Source::Own).map(|(_, exposure)| ends(exposure));
        let next_change = open.iter().map(|(_, exposure)| due(exposure, shared)).chain(ends).filter(|edge| *edge > now).min();
        let overdue = open.iter().any(|(_, exposure)| due(exposure, shared) <= now);
        let verdict = if overdue { firing(&open, scope).map_or(quiet, Verdict::Firing) } else { quiet };
        Judgement { verdict, next_change }
    }
}

/// Whether an order of a kind holds elsewhere than where people live.
const fn is_away(kind: Kind) -> bool {
    match kind {
        Kind::Facility | Kind::Hospital => true,
        Kind::Home | Kind::Watch => false,
    }
}

/// Until when somebody is to decide about an exposure: a case does not wait.
fn due(exposure: &Exposure, shared: &Shared<'_>) -> Timestamp {
    if exposure.by == Source::Own {
        return exposure.at;
    }
    exposure.at.plus_ms(i64::from(shared.policy.at(exposure.at).decided_within_hours()) * HOUR_MS)
}

fn ends(exposure: &Exposure) -> Timestamp {
    exposure.at.plus_ms(EXPOSURE_DAYS * DAY_MS)
}

/// Whether the time in which an exposure can show is over; that of a case never is by itself.
fn is_over(exposure: &Exposure, now: Timestamp) -> bool {
    exposure.by != Source::Own && ends(exposure) <= now
}

impl Remembered for Memory {
    fn facts(&self) -> usize {
        self.exposures.len() + self.findings.len() + self.cleared.len() + self.orders.len() + self.holds.len()
    }
}

impl Memory {
    /// The first decision about an exposure that we learned of; nothing while there is none.
    fn decision(&self, exposure: &Exposure) -> Option<Decision> {
        let findings = self.findings.iter().filter(|(_, found)| found.at >= exposure.at && !found.finding.is_case());
        let findings = findings.map(|(id, found)| Decision { recorded_at: found.recorded_at, at: found.at, by: *id });
        let elsewhere: Option<Decision> = match &exposure.by {
            Source::Told => self.order_about(exposure),
            Source::Housemate(person) => {
                let cleared = self.cleared.iter().filter(|(_, cleared)| cleared.person == *person && cleared.at >= exposure.at);
                cleared.map(|(id, cleared)| Decision { recorded_at: cleared.recorded_at, at: cleared.at, by: *id }).chain(self.order_about(exposure)).min()
            }
            Source::Own => self.taken_away(exposure),
        };
        findings.chain(elsewhere).min()
    }

    /// An order that was in force at an exposure, or was given later.
    fn order_about(&self, exposure: &Exposure) -> Option<Decision> {
        let orders = self.orders.values().filter(|order| !order.mistake && order.until.is_none_or(|until| until > exposure.at));
        orders.filter_map(|order| order.given).map(|(at, recorded_at, by)| Decision { recorded_at, at, by }).min()
    }

    /// That a case is, or was later taken, to a site or to hospital.
    fn taken_away(&self, exposure: &Exposure) -> Option<Decision> {
        let mistaken = |holds: &Holds| self.orders.iter().any(|(quarantine, order)| *quarantine == holds.quarantine && order.mistake);
        let holds = || self.holds.iter().filter(|(_, holds)| !mistaken(holds));
        // the last of each order; of two at one instant the one that leaves more to do counts
        let rank = |(id, holds): (&EventId, &Holds)| (holds.at, !holds.away, *id);
        let then = |(_, holds): &(&EventId, &Holds)| holds.at <= exposure.at;
        let overtaken = |(id, of): (&EventId, &Holds)| holds().filter(then).any(|other| other.1.quarantine == of.quarantine && rank(other) > rank((id, of)));
        let before = holds().filter(then).filter(|holds| !overtaken(*holds));
        let later = holds().filter(|holds| !then(holds));
        let away = before.chain(later).filter(|(_, holds)| holds.away);
        away.map(|(id, holds)| Decision { recorded_at: holds.recorded_at, at: holds.at, by: *id }).min()
    }
}

fn firing(open: &[(&EventId, &Exposure)], scope: &Scope) -> Option<Firing> {
    let ((_, first), (_, last)) = (open.first()?, open.last()?);
    let own = open.iter().any(|(_, exposure)| exposure.by == Source::Own);
    let placed = open.iter().rev().map(|(_, exposure)| &exposure.place).find(|place| place.building.is_some());
    Some(Firing {
        severity: if own { Severity::Critical } else { Severity::Serious },
        unconfirmed: false,
        place: placed.cloned().unwrap_or_default(),
        person: scope.to_subject(),
        observed: None,
        detail: Detail::default(),
        causes: open.iter().map(|(id, _)| id.to_string()).collect(),
        first_at: first.at,
        last_at: last.at,
        occurrences: u32::try_from(open.len()).unwrap_or(u32::MAX),
        late: recorded_late(last.at, last.recorded_at),
    })
}
