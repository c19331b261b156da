//! Somebody is known to have arrived at a door, and by the end of that civil day nobody has taken them down.
//!
//! Arrivals become known by a building report (an exception *arrived*: nobody is named) and by a visit that found somebody *new*. They
//! register with the residents' committee before 24:00 of the day on which they arrived (Xuchang, 21 February 2020), or the policy's
//! hours later. Taken down is who declares it, who gets a residence at that door, and who is ordered to stay there: the same person or
//! the same reference, whenever that was, for who is in the file need not come again because somebody calls them new; for somebody
//! without a file a person who is registered from the beginning of that day on, for no file says that it was theirs; anybody where nobody
//! was named, and whoever was declared the day before, for a report tells of what came after the one before. After fourteen days it is
//! over.
//!
//! A door without a household has no file to stand in: there is no alert for it.

use domain::{
    Event, Fact, Header,
    alert::{Detail, Firing, Severity},
    building::ExceptionKind,
    values::{CommandId, DAY_MS, Day, EventId, HOUR_MS, PersonId, Place, Subject, Timestamp},
    visit::Presence,
};
use serde::{Deserialize, Serialize};

use crate::{
    Judgement, Remembered, Rule, Scope, ScopeKind, Shared, Verdict,
    facts::{Facts, Ranked, recorded_late},
};

/// Days after which nobody asks any more: those of a quarantine.
const OVER_AFTER_DAYS: i64 = 14;
/// Most arrivals per household, newest kept: a family and its guests, told of twice.
const ARRIVALS_MAX: usize = 16;
/// Most registrations per household, newest kept: each of those who arrived has one of their own. Nothing else is remembered of a household
/// where nobody arrived.
const REGISTRATIONS_MAX: usize = 64;

/// The rule.
#[derive(Debug)]
pub struct Arrival;

/// What is remembered of one household.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    arrivals: Facts<Arrived, ARRIVALS_MAX>,
    registrations: Facts<Registered, REGISTRATIONS_MAX>,
}

/// What one record told of arrivals at the door.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Arrived {
    at: Timestamp,
    recorded_at: Timestamp,
    place: Place,
    people: Vec<Newcomer>,
}

/// Somebody who arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Newcomer {
    /// Nothing where nobody was named.
    who: Option<Subject>,
    /// On which day; on that of the record where it did not say so.
    on: Option<Day>,
}

/// Somebody was taken down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Registered {
    at: Timestamp,
    recorded_at: Timestamp,
    who: Subject,
    /// As an arrival.
    declared: bool,
}

impl Ranked for Arrived {
    type Rank = (Timestamp, Timestamp);

    fn rank(&self) -> Self::Rank {
        (self.at, self.recorded_at)
    }
}

impl Ranked for Registered {
    type Rank = (Timestamp, Timestamp);

    fn rank(&self) -> Self::Rank {
        (self.at, self.recorded_at)
    }
}

impl Rule for Arrival {
    const NAME: &'static str = domain::community::ARRIVAL;
    const VERSION: u16 = 2;
    const KINDS: &'static [ScopeKind] = &[ScopeKind::Household];
    type Memory = Memory;

    fn scopes(event: &Event, _: &Header) -> Vec<Scope> {
        let places: Vec<&Place> = match event {
            Event::VisitRecorded(visit) if visit.people.iter().any(|person| person.presence == Presence::New) => vec![&visit.place],
            Event::BuildingReported(report) => {
                report.exceptions.iter().filter(|exception| exception.kind == ExceptionKind::Arrived).map(|exception| &exception.place).collect()
            }
            Event::ArrivalDeclared(event) => event.place.iter().collect(),
            Event::ResidenceStarted(event) => vec![&event.place],
            Event::QuarantineOrdered(event) => vec![&event.place],
            Event::QuarantineMoved(event) => vec![&event.to],
            _ => Vec::new(),
        };
        places.into_iter().filter_map(|place| place.household.as_ref().map(Scope::household)).collect()
    }

    fn evolve(memory: &mut Memory, scope: &Scope, fact: &Fact<'_>) {
        let (id, at, recorded_at) = (fact.id(), fact.header.at, fact.header.recorded_at);
        let here = |place: &Place| place.household.as_ref().map(Scope::household).as_ref() == Some(scope);
        let Memory { arrivals, registrations } = memory;
        let mut took_down = |at, person: &PersonId| {
            registrations.insert(id, Registered { at, recorded_at, who: Subject::person(person.clone()), declared: false });
        };
        match fact.event {
            Event::VisitRecorded(visit) => {
                let new = visit.people.iter().filter(|person| person.presence == Presence::New);
                let newcomer = |person: &domain::visit::PersonFound| {
                    let on = person.exposure.as_ref().and_then(|exposure| exposure.arrived_on);
                    Newcomer { who: Some(person.who.clone()), on }
                };
                arrivals.insert(id, Arrived { at, recorded_at, place: visit.place.clone(), people: new.map(newcomer).collect() });
            }
            Event::BuildingReported(report) => {
                let mut arrived = report.exceptions.iter().filter(|exception| exception.kind == ExceptionKind::Arrived && here(&exception.place));
                if let Some(exception) = arrived.next() {
                    let people = vec![Newcomer { who: None, on: Some(report.for_date) }];
                    arrivals.insert(id, Arrived { at, recorded_at, place: exception.place.clone(), people });
                }
            }
            Event::ArrivalDeclared(event) => registrations.insert(id, Registered { at, recorded_at, who: event.who.clone(), declared: true }),
            Event::ResidenceStarted(event) => took_down(event.from.max(at), &event.person),
            Event::QuarantineOrdered(event) => took_down(at, &event.person),
            Event::QuarantineMoved(event) => took_down(at, &event.person),
            _ => {}
        }
    }

    /// Residences and orders cannot be taken back.
    fn retract(memory: &mut Memory, command: CommandId) {
        memory.arrivals.retract(command);
        memory.registrations.retract(command);
    }

    fn judge(memory: &Memory, _: &Scope, shared: &Shared<'_>, now: Timestamp) -> Judgement {
        // nearly every door: nobody has arrived
        if memory.arrivals.len() == 0 {
            return Judgement { verdict: Verdict::quiet(), next_change: None };
        }
        let known: Vec<Known<'_>> = memory.known(shared);
        let mut open: Vec<&Known<'_>> = known.iter().filter(|known| known.registered.is_none() && now < known.over_at).collect();
        open.sort_by_key(|known| (known.arrived.at, known.id));
        let edges = open.iter().flat_map(|known| [known.due, known.over_at]);
        let next_change = edges.filter(|edge| *edge > now).min();
        open.retain(|known| known.due <= now);
        if let Some(firing) = firing(&open) {
            return Judgement { verdict: Verdict::Firing(firing), next_change };
        }
        let last = known.iter().filter_map(|known| Some((known.registered?, known.due))).max();
        let quiet =
            |((recorded_at, at, by), due): (Registration, Timestamp)| Verdict::Quiet { late: at < due && recorded_at >= due, quieted_by: vec![by.to_string()] };
        Judgement { verdict: last.map_or(Verdict::quiet(), quiet), next_change }
    }
}

/// When we learned that somebody was taken down, when that was, by which event.
type Registration = (Timestamp, Timestamp, EventId);

/// An arrival as it stands.
struct Known<'a> {
    id: EventId,
    arrived: &'a Arrived,
    newcomer: &'a Newcomer,
    /// From here on they should have been taken down.
    due: Timestamp,
    over_at: Timestamp,
    registered: Option<Registration>,
}

impl Remembered for Memory {
    fn facts(&self) -> usize {
        self.arrivals.len() + self.registrations.len()
    }
}

impl Memory {
    fn known(&self, Shared { policy, zone, .. }: &Shared<'_>) -> Vec<Known<'_>> {
        let of = |id: &EventId, arrived| -> Vec<Known<'_>> {
            let Arrived { at, people, .. }: &Arrived = arrived;
            let known = |newcomer| {
                let Newcomer { who, on }: &Newcomer = newcomer;
                let on = on.unwrap_or_else(|| zone.day_of(*at));
                let due = zone.end_of(on).plus_ms(i64::from(policy.at(*at).arrival_hours()) * HOUR_MS);
                let over_at = zone.end_of(on).plus_ms(OVER_AFTER_DAYS * DAY_MS);
                let registered = self.registered(who.as_ref(), (zone.start_of(on.plus_days(-1)), zone.start_of(on)));
                Known { id: *id, arrived, newcomer, due, over_at, registered }
            };
            people.iter().map(known).collect()
        };
        self.arrivals.iter().flat_map(|(id, arrived)| of(id, arrived)).collect()
    }

    /// That somebody was taken down: the first that we learned of. Of the day before and of the day itself it is when they begin.
    fn registered(&self, who: Option<&Subject>, (day_before, day): (Timestamp, Timestamp)) -> Option<Registration> {
        let theirs = |registered: &Registered| match who {
            None => registered.at >= if registered.declared { day_before } else { day },
            Some(who) if *who == registered.who => true,
            Some(who) => who.person.is_none() && registered.who.person.is_some() && registered.at >= day,
        };
        let registered = self.registrations.iter().filter(|(_, registered)| theirs(registered));
        registered.map(|(id, registered)| (registered.recorded_at, registered.at, *id)).min()
    }
}

fn firing(open: &[&Known<'_>]) -> Option<Firing> {
    let (first, last) = (open.first()?, open.last()?);
    let mut causes: Vec<String> = open.iter().map(|known| known.id.to_string()).collect();
    causes.dedup();
    let only = if open.len() == 1 { first.newcomer.who.clone() } else { None };
    Some(Firing {
        severity: Severity::Serious,
        unconfirmed: false,
        place: last.arrived.place.clone(),
        person: only,
        observed: None,
        detail: Detail::default(),
        causes,
        first_at: first.arrived.at,
        last_at: last.arrived.at,
        occurrences: u32::try_from(open.len()).unwrap_or(u32::MAX),
        late: recorded_late(last.arrived.at, last.arrived.recorded_at),
    })
}
