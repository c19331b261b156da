//! Slots over random lives of an order, in zones with and without clock changes: at night, at midnight, by half an hour.

use std::collections::BTreeSet;

use domain::{
    community::{Change, Policy, Regime, SlotRule},
    obligation::{Attempt, Order, Slot, SlotId, SlotState, Stay, Whereabouts},
    values::{CommandId, DAY_MS, Day, EventId, HOUR_MS, TimeOfDay, Timestamp, Zone},
};
use proptest::prelude::*;
use uuid::Uuid;

/// The first day of every life: clocks change on 8 March in New York, on 22 March in Asunción and on 5 April on Lord Howe Island.
const FIRST: &str = "2020-03-01";
/// Days within which everything happens.
const SPAN_DAYS: i64 = 24;

/// An order, and what surrounds it.
#[derive(Clone, Debug)]
struct Life {
    order: Order,
    policy: Policy,
    zone: Zone,
}

impl Life {
    fn slots(&self, now: Timestamp) -> Vec<Slot> {
        self.order.slots(&self.policy, &self.zone, now)
    }

    fn with(&self, attempts: &[Attempt]) -> Self {
        let mut life = self.clone();
        for attempt in attempts {
            life.order.attempts.insert(id(life.order.attempts.len() as u128), attempt.clone());
        }
        life
    }
}

fn id(number: u128) -> EventId {
    EventId { command: CommandId(Uuid::from_u128(number)), index: 0 }
}

fn first() -> Day {
    FIRST.parse().unwrap()
}

/// An instant of the span: mostly anywhere to the minute, often at the edges of slots and days.
fn instant() -> impl Strategy<Value = Timestamp> {
    let start = Zone::default().start_of(first());
    let edge = prop::sample::select(vec![0, 6 * 60, 12 * 60, 12 * 60 + 30, 20 * 60, 20 * 60 + 30, 24 * 60 - 1]);
    let at_edge = (0..SPAN_DAYS, edge, -1..=1_i64).prop_map(move |(day, minute, nudge_ms)| start.plus_ms(day * DAY_MS + minute * 60_000 + nudge_ms));
    prop_oneof![1 => (0..SPAN_DAYS * 24 * 60).prop_map(move |minute| start.plus_minutes(minute)), 2 => at_edge]
}

fn slot_id() -> impl Strategy<Value = SlotId> {
    (0..30_i32, prop::sample::select(vec!["am", "pm", "noon"])).prop_map(|(day, name)| SlotId { date: first().plus_days(day), name: name.parse().unwrap() })
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let named = (prop::option::weighted(0.5, slot_id()), prop::bool::weighted(0.7));
    (instant(), 0..72 * HOUR_MS, prop::bool::weighted(0.8), named).prop_map(|(at, delay, complete, (slot, of_its_day))| Attempt {
        at,
        recorded_at: at.plus_ms(delay),
        complete,
        // mostly a slot of the day on which it happened: no other is filled
        slot: slot.map(|slot| if of_its_day { SlotId { date: Zone::default().day_of(at), ..slot } } else { slot }),
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let noon = SlotRule { name: "noon".parse().unwrap(), opens: TimeOfDay::of(11, 0), due: TimeOfDay::of(13, 0) };
    let night = SlotRule { name: "pm".parse().unwrap(), opens: TimeOfDay::of(12, 0), due: TimeOfDay::of(23, 50) };
    let strict = Regime { days: 7, slots: vec![noon, night], modes: Vec::new() };
    (prop::option::of(instant()), 0..=600_u32).prop_map(move |(from, grace_minutes)| match from {
        None => Policy::default(),
        Some(from) => Policy::default()
            .changed(from, Change { regimes: [("home14".parse().unwrap(), strict.clone())].into(), grace_minutes: Some(grace_minutes), ..Change::default() }),
    })
}

fn life() -> impl Strategy<Value = Life> {
    let zone = prop::sample::select(vec!["Asia/Shanghai", "America/New_York", "America/Asuncion", "Australia/Lord_Howe"]);
    let ends = (prop::option::of(instant()), prop::option::of(0..40_i32), prop::collection::btree_set(slot_id(), 0..6));
    let attempts = prop::collection::vec(attempt(), 0..24);
    let stay = (instant(), prop::sample::select(Whereabouts::ALL)).prop_map(|(at, whereabouts)| Stay { at, recorded_at: at, whereabouts });
    let attempts = (attempts, prop::collection::vec(stay, 0..4));
    (zone, policy(), instant(), 0..48 * HOUR_MS, 0..5_i32, prop::option::of(0..20_u16), ends, attempts).prop_map(
        |(zone, policy, ordered_at, delay, before, days, (released_at, extension, waived), (attempts, stays))| {
            let zone = Zone::named(zone).unwrap();
            let day_0 = zone.day_of(ordered_at).plus_days(-before);
            let order = Order {
                day_0,
                days,
                extended_until: extension.map(|days| day_0.plus_days(days)),
                ordered_at,
                recorded_at: ordered_at.plus_ms(delay),
                released_at: released_at.filter(|at| *at > ordered_at),
                waived,
                stays: (1000..).map(id).zip(stays).collect(),
                ..Order::default()
            };
            Life { order, policy, zone }.with(&attempts)
        },
    )
}

fn done(slot: &Slot) -> bool {
    matches!(slot.state, SlotState::Done | SlotState::DoneLate)
}

/// How far a slot that nobody filled has come.
fn stage(state: SlotState) -> u8 {
    match state {
        SlotState::Upcoming => 0,
        SlotState::Open => 1,
        SlotState::Due => 2,
        SlotState::Overdue => 3,
        SlotState::Missed => 4,
        SlotState::Done | SlotState::DoneLate | SlotState::Waived | SlotState::NotOwed => 5,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    #[test]
    fn counts_add_up(life in life(), now in instant()) {
        let slots = life.slots(now);
        let counts = life.order.counts(&life.policy, &life.zone, now);
        let today: Vec<&Slot> = slots.iter().filter(|slot| slot.id.date == life.zone.day_of(now)).collect();
        let of = |states: &[SlotState]| today.iter().filter(|slot| states.contains(&slot.state)).count() as u32;
        prop_assert_eq!(counts.done, of(&[SlotState::Done, SlotState::DoneLate]));
        prop_assert_eq!(counts.overdue, of(&[SlotState::Overdue]));
        prop_assert_eq!(counts.due, counts.done + counts.overdue + of(&[SlotState::Open, SlotState::Due]));
        prop_assert_eq!(of(&[SlotState::Missed]), 0, "a day that is not over has nothing missed");
        prop_assert_eq!(counts.missed as usize, slots.iter().filter(|slot| slot.state == SlotState::Missed).count());
        let ids: BTreeSet<&SlotId> = slots.iter().map(|slot| &slot.id).collect();
        prop_assert_eq!(ids.len(), slots.len(), "a slot exists once");
    }

    #[test]
    fn every_slot_lies_within_its_order(life in life(), now in instant()) {
        let last = life.order.last_day(&life.policy);
        for slot in life.slots(now) {
            prop_assert!(slot.id.date >= life.order.day_0 && slot.id.date <= last, "{:?}", slot);
            prop_assert!(slot.opens < slot.due && slot.due <= slot.overdue && slot.overdue <= slot.ends, "{:?}", slot);
            prop_assert!(slot.due >= life.order.ordered_at, "{:?}", slot);
            // what was owed until the release, and what was done until then, though it was owed later
            let done_by = |at| slot.done_by.is_some_and(|by| life.order.attempts[&by].at <= at);
            prop_assert!(life.order.released_at.is_none_or(|released_at| slot.due <= released_at || done_by(released_at)), "{:?}", slot);
        }
    }

    #[test]
    fn a_slot_is_filled_by_one_complete_attempt_of_its_day(life in life(), now in instant()) {
        let mut used = BTreeSet::new();
        for slot in life.slots(now) {
            prop_assert_eq!(done(&slot), slot.done_by.is_some());
            let Some(by) = slot.done_by else { continue };
            let attempt = &life.order.attempts[&by];
            prop_assert!(used.insert(by), "one attempt fills one slot");
            prop_assert!(attempt.complete && attempt.at >= slot.opens && attempt.at < slot.ends, "{:?} by {:?}", slot, attempt);
            prop_assert!(attempt.slot.as_ref().is_none_or(|named| *named == slot.id), "{:?} by {:?}", slot, attempt);
            prop_assert_eq!(slot.state == SlotState::Done, attempt.at <= slot.overdue);
        }
    }

    #[test]
    fn what_is_done_stays_done_whatever_else_is_learned(life in life(), more in prop::collection::vec(attempt(), 1..6), waived in slot_id(), now in instant()) {
        let before: Vec<SlotId> = life.slots(now).into_iter().filter(done).map(|slot| slot.id).collect();
        let missed = life.order.counts(&life.policy, &life.zone, now).missed;
        let mut after = life.with(&more);
        after.order.waived.insert(waived);
        let done_after: BTreeSet<SlotId> = after.slots(now).into_iter().filter(done).map(|slot| slot.id).collect();
        for slot in before {
            prop_assert!(done_after.contains(&slot), "{:?} was done", slot);
        }
        // whoever is reached is no longer in hospital, where a check had said they were: more is owed then
        let said = life.order.stays.values().any(|stay| stay.whereabouts == Whereabouts::SaidInHospital);
        prop_assert!(said || after.order.counts(&after.policy, &after.zone, now).missed <= missed);
        let mut extended = life.clone();
        extended.order.extended_until = Some(life.order.last_day(&life.policy).plus_days(3));
        let longer = extended.slots(now);
        for slot in life.slots(now) {
            prop_assert!(longer.contains(&slot), "{:?} is as it was", slot);
        }
    }

    #[test]
    fn nothing_that_is_learned_turns_done_into_done_late(life in life(), more in prop::collection::vec(attempt(), 1..6), now in instant()) {
        let learned = life.with(&more);
        let slots_after = learned.slots(now);
        for before in life.slots(now) {
            let Some(by) = before.done_by else { continue };
            let after = slots_after.iter().find(|after| after.id == before.id);
            prop_assert!(after.is_some(), "{:?} is gone", before);
            let Some(after) = after else { continue };
            prop_assert!(before.state != SlotState::Done || after.state == SlotState::Done, "{:?} became {:?}", before, after);
            let earlier = |id: EventId| learned.order.attempts[&id].at <= learned.order.attempts[&by].at;
            prop_assert!(after.done_by.is_some_and(earlier), "{:?} was filled before {:?}", before, after);
        }
    }

    #[test]
    fn the_retraction_of_an_attempt_leaves_no_trace(life in life(), more in attempt(), now in instant()) {
        let mut after = life.with(&[more]);
        after.order.attempts.pop_last();
        prop_assert_eq!(after.slots(now), life.slots(now));
    }

    #[test]
    fn neither_ids_nor_the_order_of_arrival_matter(life in life(), seed: u64, now in instant()) {
        let mut attempts: Vec<Attempt> = life.order.attempts.values().cloned().collect();
        let length = attempts.len();
        for place in 1..length {
            attempts.swap(place, (seed.rotate_left(place as u32) % (place as u64 + 1)) as usize);
        }
        let mut shuffled = life.clone();
        shuffled.order.attempts.clear();
        let shuffled = shuffled.with(&attempts);
        let told = |life: &Life| life.slots(now).into_iter().map(|slot| (slot.id, slot.state, slot.late_entry)).collect::<Vec<_>>();
        prop_assert_eq!(told(&shuffled), told(&life));
    }

    #[test]
    fn time_moves_a_slot_forward_only(life in life(), first in instant(), second in instant()) {
        let (earlier, later) = (first.min(second), first.max(second));
        for (before, after) in life.slots(earlier).iter().zip(&life.slots(later)) {
            prop_assert_eq!(&before.id, &after.id);
            prop_assert!(stage(before.state) <= stage(after.state), "{:?} became {:?}", before, after);
        }
    }

    #[test]
    fn every_change_by_time_alone_is_announced(life in life(), now in instant(), part in 0.0..1.0_f64) {
        let next = life.order.next_change(&life.policy, &life.zone, now);
        prop_assert!(next.is_none_or(|next| next > now));
        let until = next.map_or(now.0 + 40 * DAY_MS, |next| next.0 - 1);
        // anywhere before the announced change, and just before it
        for at in [now.0 + ((until - now.0) as f64 * part) as i64, until].map(Timestamp) {
            prop_assert_eq!(life.slots(at), life.slots(now), "changed by {} unannounced, next is {:?}", at, next);
            let due = |at| life.order.release_due(&life.policy, &life.zone, at);
            prop_assert_eq!(due(at), due(now));
        }
    }

    #[test]
    fn no_order_however_odd_makes_it_fall_over(day_0: i32, days: Option<u16>, until: Option<i32>, ordered_at: i64, released_at: Option<i64>, now: i64) {
        let order = Order {
            day_0: Day(day_0),
            days,
            extended_until: until.map(Day),
            ordered_at: Timestamp(ordered_at),
            released_at: released_at.map(Timestamp),
            ..Order::default()
        };
        let (policy, zone, now) = (Policy::default(), Zone::default(), Timestamp(now));
        prop_assert!(order.slots(&policy, &zone, now).len() <= 2 * 401);
        let _all = (order.counts(&policy, &zone, now), order.next_change(&policy, &zone, now), order.release_due(&policy, &zone, now), order.day_number(Day(until.unwrap_or(0))));
    }
}
