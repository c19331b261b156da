//! A round is about to end, or has ended, and doors of a building were never reached in it: one alert for the building, which names them.
//!
//! It says so in the last 24 hours of a round, of a short one in its last quarter, and for three days after its end (as planned, or
//! closed by hand before that). A door is reached as coverage has it: somebody was met or it was seen that nobody lives there, in a
//! visit that names the round, in a way that counts for it. After the end a visit of a later round reaches it too. It is quiet as soon
//! as no door is missing; which doors are missing is told anew once an hour, so that not every visit is news. Doors that we learned of
//! after the end were not missed.
//!
//! Its causes are the doors, `{round}/{building}/{door}`. Visits without a round cost nothing here, and a round without an end ends by `round.close`.
//! A round for one person is about no door.

use std::collections::BTreeMap;

use domain::{
    Event, Fact, Header,
    alert::{Detail, Firing, Severity},
    building::Unit,
    coverage::{DoorKey, DoorName, DoorOf, Doors, HouseholdDoor, reaches, tells},
    values::{BuildingId, CommandId, EstateId, EventId, GridId, HOUR_MS, HouseholdId, Place, RoundId, Timestamp},
    visit::{Mode, Outcome},
};
use serde::{Deserialize, Serialize};

use crate::{
    Judgement, Remembered, Rounds, Rule, Scope, ScopeKind, Shared, Verdict,
    facts::{Facts, Ranked, keep_earliest},
    rounds::Opened,
};

/// Hours before the end of a round in which doors are named that were not reached (alerting.md).
const BEFORE_END_HOURS: i64 = 24;
/// Which part of a round that is shorter than four days: before that, that doors are missing is no news to anybody.
const SHORT_PART: i64 = 4;
/// Hours after the end of a round for which they are: then the next round is what counts.
const AFTER_END_HOURS: i64 = 72;
/// Most visits remembered per door, newest kept: one in each of several rounds at a time.
const REACHED_MAX: usize = 3;
/// Most doors remembered that were visited and that no file tells of (yet): typing errors, mostly. The others are as many as the file
/// of the building has.
const UNLISTED_MAX: usize = 256;
/// Most doors named.
const DOORS_NAMED_MAX: usize = 64;

/// The rule.
#[derive(Debug)]
pub struct DoorMissed;

/// What is remembered of one building: its file as far as doors go, and which were reached in rounds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// By the last event that told: places in the log do not depend on who reads it when.
    units: Option<(Told, Vec<Unit>)>,
    belongs: Option<(Told, Option<EstateId>, Option<GridId>)>,
    households: BTreeMap<HouseholdId, HouseholdDoor>,
    doors: BTreeMap<DoorKey, Known>,
}

/// Sequence and index of an event.
type Told = (u64, u16);

/// What is remembered of one door.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Known {
    /// When we learned of it, where a file tells of it.
    since: Option<Timestamp>,
    /// Which event told last where its household is.
    placed: Option<Told>,
    reached: Facts<Reached, REACHED_MAX>,
}

/// A visit of a round that told how things are behind a door.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Reached {
    round: RoundId,
    outcome: Outcome,
    mode: Mode,
    at: Timestamp,
    recorded_at: Timestamp,
}

impl Ranked for Reached {
    type Rank = Timestamp;

    fn rank(&self) -> Timestamp {
        self.at
    }
}

/// A round at the time when its doors are looked at.
struct Ending<'a> {
    id: &'a RoundId,
    opened: &'a Opened,
    from: Timestamp,
    ends_at: Timestamp,
}

impl Ending<'_> {
    fn until(&self) -> Timestamp {
        self.ends_at.plus_ms(AFTER_END_HOURS * HOUR_MS)
    }

    /// The last full hour since it began to be looked at.
    fn hour(&self, now: Timestamp) -> Timestamp {
        self.from.plus_ms((now.0 - self.from.0) / HOUR_MS * HOUR_MS)
    }

    fn counts(&self, reached: &Reached) -> bool {
        let of_this_or_later = reached.round == *self.id || reached.at >= self.ends_at;
        of_this_or_later && reaches(reached.outcome, reached.mode, &self.opened.reached_by)
    }
}

impl Rule for DoorMissed {
    const NAME: &'static str = "door_missed";
    const VERSION: u16 = 1;
    const KINDS: &'static [ScopeKind] = &[ScopeKind::Building];
    type Memory = Memory;

    fn scopes(event: &Event, _: &Header) -> Vec<Scope> {
        let building = match event {
            Event::BuildingRegistered(event) => Some(&event.building),
            Event::BuildingRegrouped(event) => Some(&event.building),
            Event::BuildingUnitsChanged(event) => Some(&event.building),
            Event::HouseholdRegistered(event) => event.place.building.as_ref(),
            Event::HouseholdDoorCorrected(event) => event.to.building.as_ref(),
            Event::VisitRecorded(visit) => visit.place.building.as_ref().filter(|_| visit.round.is_some() && tells(visit.outcome)),
            _ => None,
        };
        building.map(Scope::building).into_iter().collect()
    }

    fn evolve(memory: &mut Memory, _: &Scope, fact: &Fact<'_>) {
        match fact.event {
            Event::BuildingRegistered(event) => {
                memory.units_are(fact, &event.units);
                memory.belongs_to(fact, event.estate.as_ref(), event.grid.as_ref());
            }
            Event::BuildingRegrouped(event) => memory.belongs_to(fact, event.estate.as_ref(), event.grid.as_ref()),
            Event::BuildingUnitsChanged(event) => memory.units_are(fact, &event.units),
            Event::HouseholdRegistered(event) => memory.lives_at(fact, &event.household, &event.place),
            Event::HouseholdDoorCorrected(event) => memory.lives_at(fact, &event.household, &event.to),
            Event::VisitRecorded(visit) => {
                let Some(round) = visit.round.clone() else { return };
                let (at, recorded_at) = (fact.header.at, fact.header.recorded_at);
                let reached = Reached { round, outcome: visit.outcome, mode: visit.mode, at, recorded_at };
                let known = memory.doors.entry((&visit.place).into()).or_default();
                known.reached.insert(fact.id(), reached);
                if known.since.is_none() {
                    memory.bound();
                }
            }
            _ => {}
        }
    }

    fn retract(memory: &mut Memory, command: CommandId) {
        memory.doors.values_mut().for_each(|known| known.reached.retract(command));
        memory.doors.retain(|_, known| known.since.is_some() || known.reached.len() > 0);
    }

    fn concerns_all(event: &Event) -> bool {
        Rounds::tells(event)
    }

    fn judge(memory: &Memory, scope: &Scope, shared: &Shared<'_>, now: Timestamp) -> Judgement {
        let building = BuildingId::from(scope.id.clone());
        let rounds = memory.ending(&building, shared.rounds);
        let later = rounds.iter().filter(|round| now < round.from).map(|round| round.from);
        let looked_at: Vec<&Ending<'_>> = rounds.iter().filter(|round| round.from <= now && now < round.until()).collect();
        let mut next_change = later.chain(looked_at.iter().map(|round| round.until())).min();
        let (mut named, mut missing) = (Vec::new(), Vec::new());
        let mut reached = Vec::new();
        for round in &looked_at {
            for door in memory.file(&building).of_round(round.opened.scope.as_ref()) {
                let Some(first) = memory.owed(&door, round) else { continue };
                // as things stood at the last full hour
                if first.is_none_or(|(_, first)| first.recorded_at >= round.hour(now)) {
                    named.push((*round, door.title()));
                }
                match first {
                    None => missing.push(*round),
                    Some((id, first)) => reached.push((*round, id, first)),
                }
            }
        }
        if missing.is_empty() {
            return Judgement { verdict: quiet(&reached), next_change };
        }
        // what is named although it was reached is left out at the next full hour
        let stale = reached.iter().filter(|(round, _, first)| first.recorded_at >= round.hour(now)).map(|(round, ..)| round.hour(now).plus_ms(HOUR_MS));
        next_change = next_change.into_iter().chain(stale).min();
        Judgement { verdict: Verdict::Firing(memory.firing(building, &named)), next_change }
    }
}

/// Quiet because of the last visit that was needed, where there is one; late when all of them were made before anybody was told.
fn quiet(reached: &[(&Ending<'_>, &EventId, &Reached)]) -> Verdict {
    let last = reached.iter().max_by_key(|(_, id, first)| (first.recorded_at, **id));
    let in_time = |(round, _, first): &(&Ending<'_>, &EventId, &Reached)| first.at < round.from;
    let late = last.is_some_and(|(round, _, last)| last.recorded_at >= round.from) && reached.iter().all(in_time);
    Verdict::Quiet { late, quieted_by: last.map(|(_, id, _)| id.to_string()).into_iter().collect() }
}

impl Remembered for Memory {
    fn facts(&self) -> usize {
        let listed = self.units.iter().flat_map(|(_, units)| units).map(|unit| unit.doors.len());
        let doors = self.doors.values().map(|known| 1 + known.reached.len());
        // a door in a map takes as much as a fact does
        listed.chain(doors).sum::<usize>() + self.households.len()
    }
}

impl Memory {
    /// Forgets of the doors that no file tells of those where nobody has been for longest.
    fn bound(&mut self) {
        let unlisted = |doors: &BTreeMap<DoorKey, Known>| doors.values().filter(|known| known.since.is_none()).count();
        while unlisted(&self.doors) > UNLISTED_MAX {
            let last = |known: &Known| known.reached.values().map(|reached| reached.at).max();
            let oldest = self.doors.iter().filter(|(_, known)| known.since.is_none()).min_by_key(|(door, known)| (last(known), (*door).clone()));
            oldest.map(|(door, _)| door.clone()).and_then(|door| self.doors.remove(&door));
        }
    }

    fn units_are(&mut self, fact: &Fact<'_>, units: &[Unit]) {
        let told = (fact.sequence, fact.index);
        for unit in units {
            for door in &unit.doors {
                let name = DoorName { unit: Some(unit.unit.clone()), door: Some(door.clone()) };
                self.known_since(DoorKey::Named(name), fact.header.recorded_at);
            }
        }
        if self.units.as_ref().is_none_or(|(known, _)| *known < told) {
            self.units = Some((told, units.to_vec()));
        }
    }

    fn belongs_to(&mut self, fact: &Fact<'_>, estate: Option<&EstateId>, grid: Option<&GridId>) {
        let told = (fact.sequence, fact.index);
        if self.belongs.as_ref().is_none_or(|(known, ..)| *known < told) {
            self.belongs = Some((told, estate.cloned(), grid.cloned()));
        }
    }

    fn lives_at(&mut self, fact: &Fact<'_>, household: &HouseholdId, place: &Place) {
        let told = (fact.sequence, fact.index);
        let known = self.known_since(DoorKey::Household(household.clone()), fact.header.recorded_at);
        if known.placed.is_none_or(|placed| placed < told) {
            known.placed = Some(told);
            self.households.insert(household.clone(), place.into());
        }
    }

    fn known_since(&mut self, door: DoorKey, recorded_at: Timestamp) -> &mut Known {
        let known = self.doors.entry(door).or_default();
        keep_earliest(&mut known.since, recorded_at);
        known
    }

    fn file<'a>(&'a self, building: &'a BuildingId) -> Doors<'a> {
        let (estate, grid) = self.belongs.as_ref().map_or((None, None), |(_, estate, grid)| (estate.as_ref(), grid.as_ref()));
        Doors { building, estate, grid, units: self.units.as_ref().map_or(&[], |(_, units)| units.as_slice()), households: &self.households }
    }

    /// The rounds that are about the building and have an end, with the time from which their doors are looked at.
    fn ending<'a>(&self, building: &BuildingId, rounds: &'a Rounds) -> Vec<Ending<'a>> {
        let file = self.file(building);
        let ending = |(id, round): (&'a RoundId, &'a crate::Round)| {
            let (opened, ends_at) = round.ends()?;
            let warned = |planned: Timestamp| planned.plus_ms(-(BEFORE_END_HOURS * HOUR_MS).min((planned.0 - opened.at.0) / SHORT_PART));
            let from = opened.closes_at.map_or(ends_at, |planned| warned(planned).min(ends_at));
            file.in_scope(opened.scope.as_ref(), |_| false).then_some(Ending { id, opened, from, ends_at })
        };
        rounds.iter().filter_map(ending).collect()
    }

    /// Whether a door was to be reached in a round; and then the visit through which we first knew that it was, if it was.
    fn owed<'a>(&'a self, door: &DoorOf, round: &Ending<'_>) -> Option<Option<(&'a EventId, &'a Reached)>> {
        let known: Vec<&Known> = door.keys().filter_map(|key| self.doors.get(&key)).collect();
        let since = known.iter().filter_map(|known| known.since).min()?;
        let visits = known.iter().flat_map(|known| known.reached.iter()).filter(|(_, reached)| round.counts(reached));
        let first = visits.min_by_key(|(id, reached)| (reached.recorded_at, **id));
        (since < round.ends_at).then_some(first)
    }

    fn firing(&self, building: BuildingId, named: &[(&Ending<'_>, String)]) -> Firing {
        let estate = self.belongs.as_ref().and_then(|(_, estate, _)| estate.clone());
        let times = || named.iter().map(|(round, _)| round.from);
        Firing {
            severity: Severity::Caution,
            unconfirmed: false,
            place: Place { estate, building: Some(building.clone()), ..Place::default() },
            person: None,
            observed: None,
            detail: Detail::default(),
            causes: named.iter().take(DOORS_NAMED_MAX).map(|(round, door)| format!("{}/{building}/{door}", round.id)).collect(),
            first_at: times().min().unwrap_or_default(),
            last_at: times().max().unwrap_or_default(),
            occurrences: u32::try_from(named.len()).unwrap_or(u32::MAX),
            late: false,
        }
    }
}
