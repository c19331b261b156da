//! Checks of orders.

use super::*;
use quarantine::{order, ordered};
use testkit::{field, said};

fn checked(checks: Value) -> Value {
    json!({"checks": checks, "mode": "door"})
}

fn one(change: Value) -> Value {
    let mut found = json!({"quarantine": "q1", "outcome": "reached", "readings": [{"celsius": 36.5, "site": "axilla"}], "symptoms": []});
    for (name, value) in change.as_object().unwrap() {
        found[name] = value.clone();
    }
    checked(json!([found]))
}

#[test]
fn checks_are_of_orders_that_exist_within_limits() {
    let mut world = ordered();
    world.record("quarantine.order", order(json!({"quarantine": "q2", "person": "p2"})), "2020-02-02T10:00");
    let of = |id: &str| json!({"quarantine": id, "outcome": "no_answer"});
    check(
        &world,
        "2020-02-06T09:00",
        &[
            ("one", "quarantine.check", one(json!({})), "quarantine.checked"),
            ("a family", "quarantine.check", checked(json!([of("q1"), of("q2")])), "quarantine.checked"),
            ("the same order twice", "quarantine.check", checked(json!([of("q1"), of("q1")])), "422 quarantine_twice /data/checks/1/quarantine"),
            ("none", "quarantine.check", checked(json!([])), "422 checks_count /data/checks"),
            ("65", "quarantine.check", checked(repeated(65, |_| of("q1"))), "422 checks_count /data/checks"),
            ("unknown", "quarantine.check", checked(json!([of("q1"), of("q9")])), "unknown quarantine q9 /data/checks/1/quarantine"),
            (
                "too hot",
                "quarantine.check",
                one(json!({"readings": [{"celsius": 50, "site": "ear"}]})),
                "422 temperature_range /data/checks/0/readings/0/celsius",
            ),
            (
                "9 readings",
                "quarantine.check",
                one(json!({"readings": repeated(9, |_| json!({"celsius": 36.5, "site": "ear"}))})),
                "422 too_many /data/checks/0/readings",
            ),
            ("17 symptoms", "quarantine.check", one(json!({"symptoms": repeated(17, |n| json!(format!("s{n}")))})), "422 too_many /data/checks/0/symptoms"),
        ],
    );
    let events = accepted(&world, "quarantine.check", one(json!({})), "2020-02-06T09:00");
    assert_eq!((field(&events[0], "/checks/0/person"), field(&events[0], "/checks/0/place/household")), (json!("p1"), json!("h502")));
}

#[test]
fn a_check_lies_within_its_order() {
    let mut world = ordered();
    world.record("quarantine.release", json!({"quarantine": "q1", "reason": "mistake"}), "2020-02-08T10:00");
    for (at, expected) in [
        ("2020-02-02T09:59", "422 before_order /at"),
        ("2020-02-02T10:00", "quarantine.checked"),
        ("2020-02-08T09:59", "quarantine.checked"),
        ("2020-02-08T10:00", "409 quarantine_released"),
    ] {
        assert_eq!(said(&world.decide_late("quarantine.check", one(json!({})), at, "2020-02-09T10:00")), expected, "{at}");
    }
}

#[test]
fn a_check_may_name_its_slot_if_there_is_one() {
    let slot = |date: &str, name: &str| one(json!({"slot": {"date": date, "name": name}}));
    check(
        &ordered(),
        "2020-02-06T13:00",
        &[
            ("the morning's", "quarantine.check", slot("2020-02-06", "am"), "quarantine.checked"),
            ("of day 0", "quarantine.check", slot("2020-02-02", "am"), "quarantine.checked"),
            ("the last", "quarantine.check", slot("2020-02-16", "pm"), "quarantine.checked"),
            ("after the last", "quarantine.check", slot("2020-02-17", "am"), "422 no_such_slot /data/checks/0/slot"),
            ("before day 0", "quarantine.check", slot("2020-02-01", "pm"), "422 no_such_slot /data/checks/0/slot"),
            ("of no such name", "quarantine.check", slot("2020-02-06", "noon"), "422 no_such_slot /data/checks/0/slot"),
        ],
    );
}

#[test]
fn only_reached_measured_and_asked_is_complete() {
    let world = ordered();
    for (change, complete) in [
        (json!({}), true),
        (json!({"readings": []}), false),
        (json!({"readings": [], "not_measured": "no_thermometer"}), true),
        (json!({"symptoms": null}), false),
        (json!({"outcome": "no_answer"}), false),
        (json!({"outcome": "not_home"}), false),
        (json!({"outcome": "refused"}), false),
        (json!({"symptoms": ["cough"]}), true),
    ] {
        let events = accepted(&world, "quarantine.check", one(change.clone()), "2020-02-06T09:00");
        let Event::QuarantineChecked(checked) = &events[0] else { panic!("{events:?}") };
        assert_eq!(checked.checks[0].is_complete(), complete, "{change}");
    }
}

/// What is said of a check that is recorded: the slot that it is for, or why none.
fn filling(world: &World, data: Value, at: &str, recorded_at: &str) -> String {
    use domain::{Context, commit::Role, quarantine::Fills, values};
    let events = world.decide_late("quarantine.check", data, at, recorded_at).unwrap();
    let context = Context {
        community: world.community_id(),
        command: world.next_id(),
        actor: &"t-office".parse().unwrap(),
        role: Role::Office,
        at: World::time(at),
        clock_offset_ms: 0,
        recorded_at: World::time(recorded_at),
        secret: &values::SecretKey([0; 32]),
        zone: (world as &dyn domain::Known).community().unwrap().zone(),
    };
    let said = domain::quarantine::fillings(&events, world as &dyn domain::Known, &context);
    let words = said.into_iter().map(|filling| match filling.fills {
        Fills::Slot(slot) => format!("{} {} {}", filling.quarantine, slot.date, slot.name),
        other => format!("{} {other:?}", filling.quarantine),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[test]
fn whoever_records_a_check_is_told_which_slot_it_is_for_or_why_none() {
    let world = ordered();
    let slot = |date: &str, name: &str| one(json!({"slot": {"date": date, "name": name}}));
    for (why, data, at, recorded_at, expected) in [
        ("the morning's", one(json!({})), "2020-02-06T09:00", "2020-02-06T09:00", "q1 2020-02-06 am"),
        ("the evening's, or the morning's if that was not made", one(json!({})), "2020-02-06T19:00", "2020-02-06T19:00", "q1 FirstUndone"),
        ("the evening's, by name", slot("2020-02-06", "pm"), "2020-02-06T19:00", "2020-02-06T19:00", "q1 2020-02-06 pm"),
        ("typed days later", one(json!({})), "2020-02-06T09:00", "2020-02-09T21:00", "q1 2020-02-06 am"),
        ("nobody opened", one(json!({"outcome": "no_answer"})), "2020-02-06T09:00", "2020-02-06T09:00", "q1 Attempt"),
        ("nobody was asked", one(json!({"symptoms": null})), "2020-02-06T09:00", "2020-02-06T09:00", "q1 Attempt"),
        ("before the first opens", one(json!({})), "2020-02-06T05:59", "2020-02-06T05:59", "q1 NoneOpen"),
        ("the evening's, in the morning", slot("2020-02-06", "pm"), "2020-02-06T09:00", "2020-02-06T09:00", "q1 NoneOpen"),
        ("yesterday's", slot("2020-02-05", "am"), "2020-02-06T09:00", "2020-02-06T09:00", "q1 NoneOpen"),
        ("the last", one(json!({})), "2020-02-16T11:30", "2020-02-16T11:30", "q1 2020-02-16 am"),
        ("the day after the last", one(json!({})), "2020-02-17T09:00", "2020-02-17T09:00", "q1 DaysOver"),
    ] {
        assert_eq!(filling(&world, data, at, recorded_at), expected, "{why}");
    }
    let mut two = ordered();
    two.record("quarantine.order", order(json!({"quarantine": "q2", "person": "p2"})), "2020-02-02T10:00");
    let both = checked(json!([{"quarantine": "q2", "outcome": "no_answer"}, one(json!({}))["checks"][0]]));
    assert_eq!(filling(&two, both, "2020-02-06T09:00", "2020-02-06T09:00"), "q2 Attempt, q1 2020-02-06 am");
}
