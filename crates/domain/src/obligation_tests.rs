//! Slots at every edge: midnight, the first and the last slot, late entries, release in the middle.

use super::*;
use crate::values::CommandId;

fn at(text: &str) -> Timestamp {
    format!("{text}:00+08:00").parse().unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn order() -> Order {
    Order { day_0: day("2020-02-01"), ordered_at: at("2020-02-01T10:00"), recorded_at: at("2020-02-01T10:00"), ..Order::default() }
}

fn with_check(mut order: Order, number: u128, happened: &str, recorded: &str) -> Order {
    let id = EventId { command: CommandId(uuid::Uuid::from_u128(number)), index: 0 };
    order.attempts.insert(id, Attempt { at: at(happened), recorded_at: at(recorded), complete: true, slot: None });
    order
}

fn state(order: &Order, date: &str, name: &str, now: &str) -> Option<SlotState> {
    let slots = order.slots(&Policy::default(), &Zone::default(), at(now));
    slots.into_iter().find(|slot| slot.id.date == day(date) && slot.id.name.as_str() == name).map(|slot| slot.state)
}

#[test]
fn a_slot_goes_through_its_states_at_the_minute() {
    let order = order();
    for (now, expected) in [
        ("2020-02-02T05:59", SlotState::Upcoming),
        ("2020-02-02T06:00", SlotState::Open),
        ("2020-02-02T12:00", SlotState::Open),
        ("2020-02-02T12:01", SlotState::Due),
        ("2020-02-02T12:30", SlotState::Due),
        ("2020-02-02T12:31", SlotState::Overdue),
        ("2020-02-02T23:59", SlotState::Overdue),
        ("2020-02-03T00:00", SlotState::Missed),
        ("2020-02-20T00:00", SlotState::Missed),
    ] {
        assert_eq!(state(&order, "2020-02-02", "am", now), Some(expected), "{now}");
    }
}

#[test]
fn every_change_by_time_alone_is_announced() {
    let order = with_check(order(), 1, "2020-02-03T09:00", "2020-02-03T09:00");
    let (policy, zone) = (Policy::default(), Zone::default());
    let mut now = at("2020-02-01T10:00");
    let end = at("2020-02-18T00:00");
    let mut announced = 0;
    while let Some(next) = order.next_change(&policy, &zone, now).filter(|next| *next < end) {
        let before = order.slots(&policy, &zone, now);
        let just_before_next = order.slots(&policy, &zone, next.plus_ms(-1));
        assert_eq!(before, just_before_next, "something changed between {now} and {next} unannounced");
        now = next;
        announced += 1;
    }
    assert!(announced > 100, "only {announced}");
    assert!(order.release_due(&policy, &zone, now));
}

#[test]
fn the_last_slot_of_day_14_counts_and_then_a_release_is_due() {
    let order = order();
    let slots = order.slots(&Policy::default(), &Zone::default(), at("2020-02-01T10:00"));
    assert_eq!(slots.last().map(|slot| (slot.id.date, slot.id.name.as_str().to_owned())), Some((day("2020-02-15"), "pm".to_owned())));
    assert_eq!(slots.len(), 2 * 15, "two slots on each of day 0 to day 14");
    let due = |now| order.release_due(&Policy::default(), &Zone::default(), at(now));
    assert_eq!([due("2020-02-15T23:59"), due("2020-02-16T00:00"), due("2020-03-01T00:00")], [false, true, true]);
}

#[test]
fn a_check_made_in_time_and_entered_late_turns_missed_into_done() {
    let late = with_check(order(), 1, "2020-02-02T11:00", "2020-02-03T21:00");
    let slots = late.slots(&Policy::default(), &Zone::default(), at("2020-02-03T22:00"));
    let slot = slots.iter().find(|slot| slot.id.date == day("2020-02-02") && slot.id.name.as_str() == "am").unwrap();
    assert_eq!((slot.state, slot.late_entry), (SlotState::Done, true));
}

#[test]
fn a_check_after_the_grace_is_late_and_a_check_of_the_next_day_is_not_this_days() {
    assert_eq!(state(&with_check(order(), 1, "2020-02-02T12:30", "2020-02-02T12:30"), "2020-02-02", "am", "2020-02-02T13:00"), Some(SlotState::Done));
    assert_eq!(state(&with_check(order(), 1, "2020-02-02T12:31", "2020-02-02T12:31"), "2020-02-02", "am", "2020-02-02T13:00"), Some(SlotState::DoneLate));
    assert_eq!(state(&with_check(order(), 1, "2020-02-03T00:00", "2020-02-03T00:00"), "2020-02-02", "pm", "2020-02-03T01:00"), Some(SlotState::Missed));
}

#[test]
fn checks_fill_the_oldest_slot_first_in_the_order_they_happened() {
    let morning_then_evening = with_check(with_check(order(), 1, "2020-02-02T09:00", "2020-02-02T09:00"), 2, "2020-02-02T13:00", "2020-02-02T13:00");
    assert_eq!(state(&morning_then_evening, "2020-02-02", "am", "2020-02-02T14:00"), Some(SlotState::Done));
    assert_eq!(state(&morning_then_evening, "2020-02-02", "pm", "2020-02-02T14:00"), Some(SlotState::Done));
    let two_in_the_afternoon = with_check(with_check(order(), 1, "2020-02-02T14:00", "2020-02-02T14:00"), 2, "2020-02-02T15:00", "2020-02-02T15:00");
    assert_eq!(state(&two_in_the_afternoon, "2020-02-02", "am", "2020-02-02T16:00"), Some(SlotState::DoneLate));
    assert_eq!(state(&two_in_the_afternoon, "2020-02-02", "pm", "2020-02-02T16:00"), Some(SlotState::Done));
}

#[test]
fn slots_due_before_the_order_was_recorded_never_alarm_and_can_be_filled_in() {
    let late_order = Order { recorded_at: at("2020-02-03T13:00"), ..order() };
    assert_eq!(state(&late_order, "2020-02-02", "am", "2020-02-04T00:00"), Some(SlotState::NotOwed));
    assert_eq!(state(&late_order, "2020-02-03", "pm", "2020-02-04T00:00"), Some(SlotState::Missed));
    let filled = with_check(late_order, 1, "2020-02-02T11:00", "2020-02-03T14:00");
    assert_eq!(state(&filled, "2020-02-02", "am", "2020-02-04T00:00"), Some(SlotState::Done));
}

#[test]
fn a_release_ends_what_is_owed_and_keeps_what_was() {
    let released = Order { released_at: Some(at("2020-02-05T13:00")), ..order() };
    assert_eq!(state(&released, "2020-02-05", "am", "2020-02-06T00:00"), Some(SlotState::Missed));
    assert_eq!(state(&released, "2020-02-05", "pm", "2020-02-06T00:00"), None);
    assert_eq!(released.next_change(&Policy::default(), &Zone::default(), at("2020-02-06T00:00")), None);
    // the evening's check was made at six, before the release and before it was due
    let morning = || with_check(Order { released_at: Some(at("2020-02-05T19:00")), ..order() }, 1, "2020-02-05T10:00", "2020-02-05T10:00");
    let evening = |checked: &str| with_check(morning(), 2, checked, checked);
    let pm = |checked: &str| state(&evening(checked), "2020-02-05", "pm", "2020-02-06T00:00");
    assert_eq!((pm("2020-02-05T18:00"), pm("2020-02-05T19:30")), (Some(SlotState::Done), None));
}

#[test]
fn a_check_for_a_named_slot_fills_it_from_its_opening_to_the_end_of_its_day() {
    let named = |happened: Timestamp| {
        let mut order = order();
        let slot = Some(SlotId { date: day("2020-02-02"), name: "am".parse().unwrap() });
        let id = EventId { command: CommandId(uuid::Uuid::from_u128(1)), index: 0 };
        order.attempts.insert(id, Attempt { at: happened, recorded_at: happened, complete: true, slot });
        state(&order, "2020-02-02", "am", "2020-02-04T00:00")
    };
    assert_eq!(named(at("2020-02-02T06:00").plus_ms(-1)), Some(SlotState::Missed), "before it opens: an attempt");
    assert_eq!(named(at("2020-02-02T06:00")), Some(SlotState::Done));
    assert_eq!(named(at("2020-02-03T00:00").plus_ms(-1)), Some(SlotState::DoneLate));
    assert_eq!(named(at("2020-02-03T00:00")), Some(SlotState::Missed), "after its day: an attempt");
}

#[test]
fn a_check_that_names_its_slot_does_not_displace_one_that_was_made_before() {
    let morning = with_check(order(), 1, "2020-02-02T09:00", "2020-02-02T09:00");
    assert_eq!(state(&morning, "2020-02-02", "am", "2020-02-04T00:00"), Some(SlotState::Done));
    let named = |mut order: Order, happened: &str| {
        let slot = Some(SlotId { date: day("2020-02-02"), name: "am".parse().unwrap() });
        let id = EventId { command: CommandId(uuid::Uuid::from_u128(2)), index: 0 };
        order.attempts.insert(id, Attempt { at: at(happened), recorded_at: at("2020-02-03T21:00"), complete: true, slot });
        order
    };
    let and_named = named(morning, "2020-02-02T15:00");
    assert_eq!(state(&and_named, "2020-02-02", "am", "2020-02-04T00:00"), Some(SlotState::Done), "a paper of the afternoon, typed a day later");
    assert_eq!(state(&and_named, "2020-02-02", "pm", "2020-02-04T00:00"), Some(SlotState::Missed), "it names the morning and is not the evening's");
    let then_unnamed = with_check(named(order(), "2020-02-02T12:20"), 1, "2020-02-02T13:00", "2020-02-02T13:00");
    for (slot, expected) in [("am", SlotState::Done), ("pm", SlotState::Done)] {
        assert_eq!(state(&then_unnamed, "2020-02-02", slot, "2020-02-04T00:00"), Some(expected), "{slot}: what was named first is not taken twice");
    }
}

#[test]
fn a_slot_that_was_known_in_time_is_no_late_entry_when_an_earlier_check_is_typed_late() {
    let late_entry = |order: &Order| {
        let slots = order.slots(&Policy::default(), &Zone::default(), at("2020-02-04T00:00"));
        slots.iter().find(|slot| slot.id.date == day("2020-02-02") && slot.id.name.as_str() == "am").map(|slot| (slot.state, slot.late_entry))
    };
    let typed_late = with_check(order(), 1, "2020-02-02T08:00", "2020-02-02T21:00");
    assert_eq!(late_entry(&typed_late), Some((SlotState::Done, true)));
    let known = |happened: &str, recorded: &str| late_entry(&with_check(typed_late.clone(), 2, happened, recorded));
    assert_eq!(known("2020-02-02T09:00", "2020-02-02T12:30"), Some((SlotState::Done, false)), "known in time");
    assert_eq!(known("2020-02-02T09:00", "2020-02-02T12:31"), Some((SlotState::Done, true)), "typed late as well");
}

#[test]
fn what_was_due_before_a_release_still_changes_on_its_day_and_that_is_announced() {
    let released = Order { released_at: Some(at("2020-02-05T12:10")), ..order() };
    let next = |now| released.next_change(&Policy::default(), &Zone::default(), now);
    assert_eq!(next(at("2020-02-05T12:10")), Some(at("2020-02-05T12:30").plus_ms(1)), "overdue");
    assert_eq!(next(at("2020-02-05T12:31")), Some(at("2020-02-06T00:00")), "missed");
    assert_eq!(next(at("2020-02-06T00:00")), None);
}

#[test]
fn what_is_due_in_hospital_is_not_owed_here() {
    let stays = |list: &[(u128, &str, Whereabouts)]| {
        let stay = |(number, text, whereabouts): &(u128, &str, Whereabouts)| {
            let id = EventId { command: CommandId(uuid::Uuid::from_u128(*number)), index: 0 };
            (id, Stay { at: at(text), recorded_at: at(text), whereabouts: *whereabouts })
        };
        Order { stays: list.iter().map(stay).collect(), ..order() }
    };
    let now = "2020-02-10T00:00";
    let there = stays(&[(1, "2020-02-03T12:00", Whereabouts::Hospital), (2, "2020-02-05T19:59", Whereabouts::Elsewhere)]);
    for (date, slot, expected) in [
        ("2020-02-02", "pm", SlotState::Missed),
        ("2020-02-03", "am", SlotState::NotOwed),
        ("2020-02-05", "am", SlotState::NotOwed),
        ("2020-02-05", "pm", SlotState::Missed),
    ] {
        assert_eq!(state(&there, date, slot, now), Some(expected), "{date} {slot}");
    }
    let checked_there = with_check(there, 3, "2020-02-04T09:00", "2020-02-04T09:00");
    assert_eq!(state(&checked_there, "2020-02-04", "am", now), Some(SlotState::Done), "somebody made it all the same");
    assert_eq!(state(&checked_there, "2020-02-04", "pm", now), Some(SlotState::NotOwed));
    let told = with_check(stays(&[(1, "2020-02-03T11:00", Whereabouts::SaidInHospital)]), 2, "2020-02-05T09:00", "2020-02-05T09:00");
    for (date, slot, expected) in [("2020-02-04", "pm", SlotState::NotOwed), ("2020-02-05", "am", SlotState::Done), ("2020-02-05", "pm", SlotState::Missed)] {
        assert_eq!(state(&told, date, slot, now), Some(expected), "{date} {slot}");
    }
    let said_too = stays(&[(1, "2020-02-03T11:00", Whereabouts::Hospital), (2, "2020-02-04T09:00", Whereabouts::SaidInHospital)]);
    let reached_there = with_check(said_too, 3, "2020-02-04T18:00", "2020-02-04T18:00");
    assert_eq!(state(&reached_there, "2020-02-05", "am", now), Some(SlotState::NotOwed), "the order holds there, whatever a check said");
    let at_once = stays(&[(1, "2020-02-03T11:00", Whereabouts::Hospital), (2, "2020-02-03T11:00", Whereabouts::Elsewhere)]);
    assert_eq!(state(&at_once, "2020-02-03", "am", now), Some(SlotState::Missed), "of two words at one instant the one that owes more counts");
}
