//! A household would not open or answer, or somebody under an order would not be checked.
//!
//! Of a household visits tell, at the door and by telephone: a caution. Of somebody under an order checks tell: serious, for
//! nobody knows how they are. It is quiet again once somebody was met there, or there turned out to be nobody (vacant, moved out,
//! no such door; for an order: in hospital, or released). That nobody was at home or took the call says nothing, so it stays;
//! what a check finds not at home is a breach, and a matter of its own. Of two records at the same instant the worse counts.
//!
//! A visit to a door without a household has no file to stand in: the coverage of the round names that door.

use domain::{
    Event, Fact, Header,
    alert::{Detail, Firing, Severity},
    quarantine::CheckOutcome,
    values::{CommandId, EventId, Place, QuarantineId, Subject, Timestamp},
    visit::{Outcome, Presence},
};
use serde::{Deserialize, Serialize};

use crate::{
    Judgement, Remembered, Rule, Scope, ScopeKind, Shared, Verdict,
    facts::{Facts, Ranked, keep_earliest, recorded_late},
};

/// Most refusals per household or order, newest kept: a month of two a day.
const REFUSALS_MAX: usize = 64;
/// Most times that somebody was met, newest kept: only the last one counts, and some may be taken back. At nearly every door nothing
/// else is remembered, and it is written again at every visit.
const MET_MAX: usize = 4;

/// The rule.
#[derive(Debug)]
pub struct Refused;

/// What is remembered of one household or one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    refusals: Facts<Refusal, REFUSALS_MAX>,
    /// When somebody was met, or it was found that there is nobody.
    met: Facts<Timestamp, MET_MAX>,
    /// The earliest release of an order: its time, its event, when we learned of it.
    released: Option<(Timestamp, EventId, Timestamp)>,
}

/// Somebody called and was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Refusal {
    at: Timestamp,
    recorded_at: Timestamp,
    place: Place,
    /// Whom the order binds.
    person: Option<Subject>,
}

impl Ranked for Refusal {
    type Rank = Timestamp;

    fn rank(&self) -> Timestamp {
        self.at
    }
}

impl Rule for Refused {
    const NAME: &'static str = "refused";
    const VERSION: u16 = 2;
    const KINDS: &'static [ScopeKind] = &[ScopeKind::Household, ScopeKind::Quarantine];
    type Memory = Memory;

    fn scopes(event: &Event, _: &Header) -> Vec<Scope> {
        let of_household = match event {
            Event::VisitRecorded(visit) => visit.place.household.as_ref().map(Scope::household),
            _ => None,
        };
        let orders: Vec<&QuarantineId> = match event {
            Event::VisitRecorded(visit) => visit.people.iter().flat_map(|person| &person.orders).collect(),
            Event::QuarantineChecked(checked) => checked.checks.iter().map(|check| &check.quarantine).collect(),
            Event::QuarantineReleased(released) => vec![&released.quarantine],
            _ => Vec::new(),
        };
        let scopes = of_household.into_iter().chain(orders.into_iter().map(Scope::quarantine));
        let released = matches!(event, Event::QuarantineReleased(_));
        scopes.filter(|scope| released || found(event, scope).is_some()).collect()
    }

    fn evolve(memory: &mut Memory, scope: &Scope, fact: &Fact<'_>) {
        let (at, recorded_at) = (fact.header.at, fact.header.recorded_at);
        if let Event::QuarantineReleased(_) = fact.event {
            keep_earliest(&mut memory.released, (at, fact.id(), recorded_at));
        } else if let Some((refused, place, person)) = found(fact.event, scope) {
            if refused {
                memory.refusals.insert(fact.id(), Refusal { at, recorded_at, place: place.clone(), person });
            } else {
                memory.met.insert(fact.id(), at);
            }
        }
    }

    fn retract(memory: &mut Memory, command: CommandId) {
        memory.refusals.retract(command);
        memory.met.retract(command);
    }

    fn judge(memory: &Memory, _: &Scope, _: &Shared<'_>, now: Timestamp) -> Judgement {
        let met = memory.met.iter().max_by_key(|(id, at)| (**at, **id));
        // at the same instant the worse counts: the refusal is the later one
        let mut refusals: Vec<_> = memory.refusals.iter().filter(|(_, refusal)| met.is_none_or(|(_, met_at)| refusal.at >= *met_at)).collect();
        refusals.sort_by_key(|(id, refusal)| (refusal.at, **id));
        let (Some((_, first)), Some((_, last))) = (refusals.first(), refusals.last()) else {
            let by = met.map(|(id, _)| id.to_string());
            return Judgement { verdict: Verdict::Quiet { late: false, quieted_by: by.into_iter().collect() }, next_change: None };
        };
        match memory.released {
            Some((released_at, id, recorded_at)) if released_at <= now => {
                // who was free already had nothing to refuse, had it been known
                let late = released_at <= first.at && first.recorded_at < recorded_at;
                Judgement { verdict: Verdict::Quiet { late, quieted_by: vec![id.to_string()] }, next_change: None }
            }
            released => Judgement { verdict: Verdict::Firing(firing(&refusals, (first, last))), next_change: released.map(|(at, ..)| at) },
        }
    }
}

/// Whether an event says of a scope that somebody refused (or that they did not), where, and who is bound by the order.
fn found<'a>(event: &'a Event, scope: &Scope) -> Option<(bool, &'a Place, Option<Subject>)> {
    let ours = |quarantine: &QuarantineId| Scope::quarantine(quarantine) == *scope;
    match event {
        Event::VisitRecorded(visit) if visit.place.household.as_ref().map(Scope::household).as_ref() == Some(scope) => {
            let refused = match visit.outcome {
                Outcome::Refused => true,
                Outcome::Met | Outcome::Vacant | Outcome::MovedOut | Outcome::NoSuchDoor => false,
                Outcome::Absent | Outcome::Away | Outcome::NoAnswer | Outcome::WrongNumber => return None,
            };
            Some((refused, &visit.place, None))
        }
        Event::VisitRecorded(visit) => {
            let met = visit.people.iter().find(|person| person.presence == Presence::Here && person.orders.iter().any(ours))?;
            Some((false, &visit.place, Some(met.who.clone())))
        }
        Event::QuarantineChecked(checked) => {
            let check = checked.checks.iter().find(|check| ours(&check.quarantine))?;
            let refused = match check.outcome {
                CheckOutcome::Refused => true,
                CheckOutcome::Reached | CheckOutcome::Hospital => false,
                CheckOutcome::NoAnswer | CheckOutcome::NotHome => return None,
            };
            Some((refused, &check.place, Some(Subject::person(check.person.clone()))))
        }
        _ => None,
    }
}

impl Remembered for Memory {
    fn facts(&self) -> usize {
        self.refusals.len() + self.met.len()
    }
}

fn firing(refusals: &[(&EventId, &Refusal)], (first, last): (&Refusal, &Refusal)) -> Firing {
    Firing {
        severity: if last.person.is_some() { Severity::Serious } else { Severity::Caution },
        unconfirmed: false,
        place: last.place.clone(),
        person: last.person.clone(),
        observed: None,
        detail: Detail::default(),
        causes: refusals.iter().map(|(id, _)| id.to_string()).collect(),
        first_at: first.at,
        last_at: last.at,
        occurrences: u32::try_from(refusals.len()).unwrap_or(u32::MAX),
        late: recorded_late(last.at, last.recorded_at),
    }
}
