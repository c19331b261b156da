//! A round of door-to-door screening.

use super::*;
use testkit::{field, said};

fn open(change: Value) -> Value {
    let mut data = json!({"round": "r1", "name": "第一轮", "closes_at": "2020-02-08T18:00:00+08:00"});
    for (name, value) in change.as_object().unwrap() {
        data[name] = value.clone();
    }
    data
}

#[test]
fn a_round_opens_once_and_closes_once() {
    let mut world = World::settled();
    check(
        &world,
        "2020-02-06T08:00",
        &[
            ("everywhere", "round.open", open(json!({})), "round.opened"),
            ("in an estate", "round.open", open(json!({"scope": {"estate": "e1"}})), "round.opened"),
            ("in an unknown one", "round.open", open(json!({"scope": {"estate": "e9"}})), "unknown estate e9 /data/scope/estate"),
            ("in two places", "round.open", open(json!({"scope": {"estate": "e1", "building": "b07"}})), "422 scope_single /data/scope"),
            ("in no place", "round.open", open(json!({"scope": {}})), "422 scope_single /data/scope"),
            ("over before it begins", "round.open", open(json!({"closes_at": "2020-02-06T08:00:00+08:00"})), "422 closes_before_open /data/closes_at"),
            ("unknown", "round.close", json!({"round": "r1"}), "unknown round r1 /data/round"),
        ],
    );
    let events = accepted(&world, "round.open", open(json!({"reached_by": []})), "2020-02-06T08:00");
    assert_eq!(field(&events[0], "/reached_by"), json!(["door"]));
    world.record("round.open", open(json!({})), "2020-02-06T08:00");
    check(
        &world,
        "2020-02-06T09:00",
        &[
            ("open", "round.open", open(json!({})), "unchanged"),
            ("what stands for an absent field", "round.open", open(json!({"reached_by": ["door"], "questions": []})), "unchanged"),
            ("of another name", "round.open", open(json!({"name": "第二轮"})), "409 round_exists"),
            ("elsewhere", "round.open", open(json!({"scope": {"estate": "e1"}})), "409 round_exists"),
            ("with another end", "round.open", open(json!({"closes_at": "2020-02-09T18:00:00+08:00"})), "409 round_exists"),
            ("without end", "round.open", open(json!({"closes_at": null})), "409 round_exists"),
            ("reached by telephone", "round.open", open(json!({"reached_by": ["door", "phone"]})), "409 round_exists"),
            ("with other questions", "round.open", open(json!({"questions": ["travel"]})), "409 round_exists"),
            ("over", "round.close", json!({"round": "r1"}), "round.closed"),
        ],
    );
    check(&world, "2020-02-08T19:00", &[("the same, after its time", "round.open", open(json!({})), "unchanged")]);
    world.record("round.close", json!({"round": "r1"}), "2020-02-08T18:00");
    check(
        &world,
        "2020-02-08T19:00",
        &[("closed", "round.close", json!({"round": "r1"}), "unchanged"), ("not again", "round.open", open(json!({})), "409 round_closed")],
    );
}

#[test]
fn a_visit_belongs_to_a_round_that_was_open_at_its_time() {
    let mut world = World::settled();
    world.record("round.open", open(json!({})), "2020-02-06T08:00");
    world.record("round.close", json!({"round": "r1"}), "2020-02-08T18:00");
    let visit = json!({"household": "h502", "round": "r1", "outcome": "met", "mode": "door"});
    for (at, expected) in [("2020-02-08T17:59", "visit.recorded"), ("2020-02-08T18:00", "409 round_closed")] {
        assert_eq!(said(&world.decide_late("visit.record", visit.clone(), at, "2020-02-09T08:00")), expected, "{at}: judged at its time, not at its arrival");
    }
}
