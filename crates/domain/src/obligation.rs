//! What is owed by a time: the slots of an order, computed from facts. Nobody has to have been running for a slot to exist.
//!
//! A slot is `(order, civil day, name)`. Its state at a given `now` follows from the order's facts, the policy of that day and the
//! checks, whatever the order in which they arrived: `upcoming -> open -> due -> overdue -> done | done_late | missed | waived`.
//! Missed stays missed, unless a check made in time is recorded later. Slots that were due before the order was recorded can be
//! filled in and never alarm (alerting.md). While somebody is in hospital the hospital looks after them: what is due then is not owed here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    Fact,
    community::{Policy, SlotRule},
    values::{Day, EventId, Slug, Timestamp, Zone, coded},
};

/// Longest order, in days from day 0: what a typing error may ask for is bounded.
pub const DAYS_MAX: u16 = 400;
/// Most words on whether somebody is in hospital that are kept per order, the latest: two a day for a month.
const STAYS_MAX: usize = 64;

/// One owed check of an order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotId {
    /// Civil day in the community's zone.
    pub date: Day,
    /// Name of the slot, such as `am`.
    pub name: Slug,
}

/// A check or another record that may fill a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it happened.
    pub at: Timestamp,
    /// When we learned of it.
    pub recorded_at: Timestamp,
    /// Reached, measured (or said why not), and asked for symptoms: only this fills a slot.
    pub complete: bool,
    /// The slot it was meant for, where it said so.
    pub slot: Option<SlotId>,
}

coded! {
    /// What is known of somebody under an order from a moment on.
    Whereabouts {
        /// The order holds in hospital.
        Hospital = 1 "hospital",
        /// It holds elsewhere.
        Elsewhere = 2 "elsewhere",
        /// A check found that they are in hospital; until they are reached again, or the order is moved.
        SaidInHospital = 3 "said_in_hospital",
    }
}

/// Where somebody under an order is from a moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// From when on.
    pub at: Timestamp,
    /// When we learned of it.
    pub recorded_at: Timestamp,
    /// Where.
    pub whereabouts: Whereabouts,
}

/// The facts of one order, as every fold keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The regime, or the default one.
    pub regime: Option<Slug>,
    /// Day 0: the day of last exposure, arrival or order.
    pub day_0: Day,
    /// Days after day 0, where the order does not take the regime's.
    pub days: Option<u16>,
    /// Last day after an extension.
    pub extended_until: Option<Day>,
    /// From when on it is in force.
    pub ordered_at: Timestamp,
    /// When we learned of it.
    pub recorded_at: Timestamp,
    /// When it ended, if it did; the earliest release counts.
    pub released_at: Option<Timestamp>,
    /// Slots that need not be done.
    pub waived: BTreeSet<SlotId>,
    /// Records that may fill slots, by the event that caused them.
    pub attempts: BTreeMap<EventId, Attempt>,
    /// In hospital or not, as far as anything was said of it; add to it with [`Order::stays_at`].
    pub stays: BTreeMap<EventId, Stay>,
}

coded! {
    /// State of a slot at one time.
    SlotState {
        /// Not yet open.
        Upcoming = 1 "upcoming",
        /// May be done.
        Open = 2 "open",
        /// Its time is over, the grace is not.
        Due = 3 "due",
        /// The grace is over, the day is not.
        Overdue = 4 "overdue",
        /// Done in time.
        Done = 5 "done",
        /// Done on its day, after the grace.
        DoneLate = 6 "done_late",
        /// Its day ended without it.
        Missed = 7 "missed",
        /// Need not be done.
        Waived = 8 "waived",
        /// Was due before the order was recorded, or while they were in hospital, and not filled in.
        NotOwed = 9 "not_owed",
    }
}

/// One slot as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Which.
    pub id: SlotId,
    /// When it opens.
    pub opens: Timestamp,
    /// When it is due.
    pub due: Timestamp,
    /// When it becomes overdue.
    pub overdue: Timestamp,
    /// When it becomes missed: the end of its civil day.
    pub ends: Timestamp,
    /// What it is now.
    pub state: SlotState,
    /// The record that filled it.
    pub done_by: Option<EventId>,
    /// It was done in time and recorded only after it had become overdue.
    pub late_entry: bool,
}

/// Counts of an order's slots; `due` counts every slot whose time has begun on the day in question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotCounts {
    /// Slots of today that are open or later.
    pub due: u32,
    /// Of these, done or done late.
    pub done: u32,
    /// Of these, overdue.
    pub overdue: u32,
    /// Slots missed over the whole order.
    pub missed: u32,
}

impl Order {
    /// The last day of the order: its last slot still counts.
    pub fn last_day(&self, policy: &Policy) -> Day {
        let regime_days = policy.at(self.ordered_at).regime(self.regime.as_ref()).map(|regime| regime.days);
        let days = self.days.or(regime_days).unwrap_or(14).min(DAYS_MAX);
        let by_count = self.day_0.plus_days(i32::from(days));
        self.extended_until.map_or(by_count, |until| until.max(by_count).min(self.day_0.plus_days(i32::from(DAYS_MAX))))
    }

    /// Day n of the order on a civil day; day 0 is the day of last exposure.
    pub fn day_number(&self, day: Day) -> i32 {
        day.0.saturating_sub(self.day_0.0)
    }

    /// Takes note of where they are from a moment on. An order that began elsewhere than in hospital needs none.
    pub fn stays_at(&mut self, fact: &Fact<'_>, whereabouts: Whereabouts) {
        self.stays.insert(fact.id(), Stay { at: fact.header.at, recorded_at: fact.header.recorded_at, whereabouts });
        while self.stays.len() > STAYS_MAX {
            // what an order says outlasts what checks say
            let oldest = self.stays.iter().min_by_key(|(id, stay)| (stay.whereabouts != Whereabouts::SaidInHospital, stay.at, **id)).map(|(id, _)| *id);
            oldest.and_then(|id| self.stays.remove(&id));
        }
    }

    /// The stay in hospital at an instant, with the event that told of it. While the order holds there nothing that is said by a check is
    /// asked; while it holds elsewhere, what a check said later counts, until another one reaches them.
    pub fn in_hospital(&self, at: Timestamp) -> Option<(EventId, Stay)> {
        let ordered = self.ordered_stay(at);
        if let Some((id, stay)) = ordered.filter(|(_, stay)| stay.whereabouts == Whereabouts::Hospital) {
            return Some((*id, *stay));
        }
        let since = |stay: &Stay| ordered.is_none_or(|(_, ordered)| stay.at > ordered.at);
        let said = self.stays.iter().filter(|(_, stay)| stay.whereabouts == Whereabouts::SaidInHospital && stay.at <= at && since(stay));
        let (id, stay) = said.max_by_key(|(id, stay)| (stay.at, **id))?;
        let reached = self.attempts.values().any(|attempt| attempt.complete && attempt.at > stay.at && attempt.at <= at);
        (!reached).then_some((*id, *stay))
    }

    /// Where the order holds at an instant, as far as it is about hospitals. Of two at one instant the one that owes more counts.
    fn ordered_stay(&self, at: Timestamp) -> Option<(&EventId, &Stay)> {
        let ordered = self.stays.iter().filter(|(_, stay)| stay.at <= at && stay.whereabouts != Whereabouts::SaidInHospital);
        ordered.max_by_key(|(id, stay)| (stay.at, stay.whereabouts == Whereabouts::Elsewhere, **id))
    }

    /// When, after an instant, it may become known that they are in hospital, or are not: there are such times only while a record
    /// lies ahead of our clock.
    pub fn next_word(&self, after: Timestamp) -> Option<Timestamp> {
        let reached = self.attempts.values().map(|attempt| attempt.at).filter(|_| !self.stays.is_empty());
        self.stays.values().map(|stay| stay.at).chain(reached).filter(|at| *at > after).min()
    }

    /// Every slot of the order as it stands at `now`, oldest first.
    pub fn slots(&self, policy: &Policy, zone: &Zone, now: Timestamp) -> Vec<Slot> {
        let first = zone.day_of(self.ordered_at).0.max(self.day_0.0);
        (first..=self.last_day(policy).0).flat_map(|day| self.slots_of_day(Day(day), policy, zone, now)).collect()
    }

    /// The slots of one civil day as they stand at `now`.
    pub fn slots_of_day(&self, day: Day, policy: &Policy, zone: &Zone, now: Timestamp) -> Vec<Slot> {
        if day < self.day_0 || day > self.last_day(policy) {
            return Vec::new();
        }
        let settings = policy.of_day(day, zone);
        let grace_minutes = i64::from(settings.grace_minutes);
        let rules: &[SlotRule] = settings.regime(self.regime.as_ref()).map_or(&[], |regime| &regime.slots);
        let mut slots: Vec<Slot> = rules
            .iter()
            .map(|rule| {
                let due = zone.at(day, rule.due);
                let ends = zone.end_of(day);
                let id = SlotId { date: day, name: rule.name.clone() };
                let overdue = due.plus_minutes(grace_minutes).min(ends);
                Slot { id, opens: zone.at(day, rule.opens), due, overdue, ends, state: SlotState::Upcoming, done_by: None, late_entry: false }
            })
            .filter(|slot| slot.due >= self.ordered_at)
            .collect();
        self.fill(&mut slots, day, zone);
        slots.retain(|slot| self.released_at.is_none_or(|released_at| slot.due <= released_at || self.was_done_by(slot, released_at)));
        for slot in &mut slots {
            slot.state = self.state_of(slot, now);
        }
        slots
    }

    /// Gives each complete attempt of the day its slot: the one it names, else the oldest open or overdue one at its `at`.
    /// Attempts are taken in the order in which they happened, named or not: so the order of their arrival does not matter, a slot
    /// is filled by the first that was for it, and whatever else is learned, a slot is never filled later than it was.
    fn fill(&self, slots: &mut [Slot], day: Day, zone: &Zone) {
        let mut attempts: Vec<(&EventId, &Attempt)> = self.attempts.iter().filter(|(_, attempt)| attempt.complete && attempt.day(zone) == day).collect();
        attempts.sort_by_key(|(id, attempt)| (attempt.at, attempt.slot.is_none(), attempt.recorded_at, **id));
        for (id, attempt) in attempts {
            // a check recorded for a slot before it opens or after its day is an attempt and fills nothing
            let may_fill = |slot: &Slot| attempt.slot.as_ref().is_none_or(|named| slot.id == *named) && attempt.at >= slot.opens && attempt.at < slot.ends;
            let open = |slot: &Slot| slot.done_by.is_none() && may_fill(slot);
            // what is not owed, because the order held in hospital then, is filled when nothing else is. Only by the order: what a check
            // said may be overtaken by another check, and that must not empty a slot
            let owed = |slot: &Slot| self.ordered_stay(slot.due).is_none_or(|(_, stay)| stay.whereabouts != Whereabouts::Hospital);
            let place = slots.iter().position(|slot| open(slot) && owed(slot)).or_else(|| slots.iter().position(open));
            if let Some(slot) = place.and_then(|place| slots.get_mut(place)) {
                slot.done_by = Some(*id);
                slot.late_entry = attempt.at <= slot.overdue && attempt.recorded_at > slot.overdue;
                slot.state = if attempt.at <= slot.overdue { SlotState::Done } else { SlotState::DoneLate };
            } else if let Some(slot) = slots.iter_mut().find(|slot| may_fill(slot) && attempt.at.max(attempt.recorded_at) <= slot.overdue) {
                // the first check of a slot may be typed late; this one was known in time, so nobody missed it
                slot.late_entry = false;
            }
        }
    }

    /// Whether a slot was filled by then: the evening's check is often made before somebody is released and before it is due.
    fn was_done_by(&self, slot: &Slot, at: Timestamp) -> bool {
        slot.done_by.and_then(|done_by| self.attempts.get(&done_by)).is_some_and(|attempt| attempt.at <= at)
    }

    fn state_of(&self, slot: &Slot, now: Timestamp) -> SlotState {
        if slot.done_by.is_some() {
            slot.state
        } else if self.waived.contains(&slot.id) {
            SlotState::Waived
        } else if slot.due < self.recorded_at || self.in_hospital(slot.due).is_some() {
            SlotState::NotOwed
        } else if now < slot.opens {
            SlotState::Upcoming
        } else if now <= slot.due {
            SlotState::Open
        } else if now <= slot.overdue && now < slot.ends {
            SlotState::Due
        } else if now < slot.ends {
            SlotState::Overdue
        } else {
            SlotState::Missed
        }
    }

    /// Whether the order is in force at an instant: from `ordered_at` until somebody releases, however many days have passed.
    pub fn in_force(&self, at: Timestamp) -> bool {
        self.ordered_at <= at && self.released_at.is_none_or(|released_at| at < released_at)
    }

    /// Whether its days are over and nobody has released yet: never green by itself.
    pub fn release_due(&self, policy: &Policy, zone: &Zone, now: Timestamp) -> bool {
        self.released_at.is_none() && now >= zone.end_of(self.last_day(policy))
    }

    /// Counts at `now`: `due`, `done` and `overdue` of the civil day of `now`, `missed` of the whole order.
    pub fn counts(&self, policy: &Policy, zone: &Zone, now: Timestamp) -> SlotCounts {
        let today = zone.day_of(now);
        self.slots(policy, zone, now).iter().fold(SlotCounts::default(), |mut counts, slot| {
            let begun = u32::from(slot.id.date == today && !matches!(slot.state, SlotState::Upcoming | SlotState::Waived | SlotState::NotOwed));
            counts.due += begun;
            counts.done += begun * u32::from(matches!(slot.state, SlotState::Done | SlotState::DoneLate));
            counts.overdue += begun * u32::from(slot.state == SlotState::Overdue);
            counts.missed += u32::from(slot.state == SlotState::Missed);
            counts
        })
    }

    /// When, by time alone, something about this order changes next after `now`.
    pub fn next_change(&self, policy: &Policy, zone: &Zone, now: Timestamp) -> Option<Timestamp> {
        // what was due before the release is still counted on its day
        if self.released_at.is_some_and(|released_at| zone.end_of(zone.day_of(released_at)) <= now) {
            return None;
        }
        let last = self.last_day(policy);
        let today = zone.day_of(now).max(zone.day_of(self.ordered_at)).max(self.day_0);
        // two days ahead are enough: every day has an end, and the end of a day is a change
        let edges = (today.0..=last.0.min(today.0 + 1)).flat_map(|day| {
            let day = Day(day);
            let slots = self.slots_of_day(day, policy, zone, now);
            // just after `due` and `overdue`: both bounds still belong to the state before
            slots
                .into_iter()
                .flat_map(|slot| [slot.opens, slot.due.plus_ms(1), slot.overdue.plus_ms(1), slot.ends])
                .chain([zone.end_of(day)])
                .collect::<Vec<_>>()
        });
        edges.chain([zone.end_of(last)]).chain(policy.next_change(now)).filter(|edge| *edge > now).chain(self.next_word(now)).min()
    }
}

impl Attempt {
    fn day(&self, zone: &Zone) -> Day {
        self.slot.as_ref().map_or_else(|| zone.day_of(self.at), |slot| slot.date)
    }
}

#[cfg(test)]
#[path = "obligation_tests.rs"]
mod tests;
