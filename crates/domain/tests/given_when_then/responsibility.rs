//! Named responsibility.

use super::*;
use testkit::field;

fn duty(scope: Value, change: Value) -> Value {
    let mut data = json!({"scope": scope, "duty": "leader", "level": 1, "staff": "s-yang"});
    for (name, value) in change.as_object().unwrap() {
        data[name] = value.clone();
    }
    data
}

fn of_b07(change: Value) -> Value {
    duty(json!({"building": "b07"}), change)
}

#[test]
fn a_duty_is_for_exactly_one_thing_that_exists() {
    let mut world = World::settled();
    let order = json!({"quarantine": "q1", "person": "p1", "kind": "home", "count_from": {"date": "2020-02-01", "basis": "order"}});
    world.record("quarantine.order", order, "2020-02-01T10:00");
    for (scope, expected) in [
        (json!({"community": "u07"}), "responsibility.assigned"),
        (json!({"community": "u08"}), "unknown community u08 /data/scope/community"),
        (json!({"estate": "e1"}), "responsibility.assigned"),
        (json!({"estate": "e9"}), "unknown estate e9 /data/scope/estate"),
        (json!({"building": "b07"}), "responsibility.assigned"),
        (json!({"building": "b99"}), "unknown building b99 /data/scope/building"),
        (json!({"unit": "b07-2"}), "responsibility.assigned"),
        (json!({"unit": "b07-3"}), "unknown unit b07-3 /data/scope/unit"),
        (json!({"unit": "b99-1"}), "unknown unit b99-1 /data/scope/unit"),
        (json!({"building": "b07", "unit": "2"}), "responsibility.assigned"),
        (json!({"building": "b07", "unit": "9"}), "unknown unit 9 /data/scope/unit"),
        (json!({"building": "b99", "unit": "2"}), "unknown building b99 /data/scope/building"),
        (json!({"building": "b07", "unit": "2", "estate": "e1"}), "422 scope_single /data/scope"),
        (json!({"household": "h502"}), "responsibility.assigned"),
        (json!({"household": "h9"}), "unknown household h9 /data/scope/household"),
        (json!({"person": "p1"}), "responsibility.assigned"),
        (json!({"person": "p77"}), "unknown person p77 /data/scope/person"),
        (json!({"quarantine": "q1"}), "responsibility.assigned"),
        (json!({"quarantine": "q9"}), "unknown quarantine q9 /data/scope/quarantine"),
        (json!({"checkpoint": "c1"}), "responsibility.assigned"),
        (json!({"checkpoint": "c9"}), "unknown checkpoint c9 /data/scope/checkpoint"),
        (json!({"grid": "g1"}), "responsibility.assigned"),
        (json!({"facility": "hotel-1"}), "responsibility.assigned"),
        (json!({}), "422 scope_single /data/scope"),
        (json!({"building": "b07", "person": "p1"}), "422 scope_single /data/scope"),
    ] {
        check(&world, "2020-02-02T08:00", &[("scope", "responsibility.assign", duty(scope, json!({})), expected)]);
    }
    let shape = world.shape_error("responsibility.assign", duty(json!({"planet": "x"}), json!({})));
    assert!(shape.is_some_and(|error| error.contains("planet")), "an unknown kind of thing is a wrong shape");
}

#[test]
fn a_unit_is_named_as_its_building_has_it() {
    let mut world = World::settled();
    let units = json!([{"unit": "一单元", "floors": 6, "doors": []}, {"unit": "2-A", "floors": 6, "doors": []}]);
    world.record("building.register", json!({"building": "b-9", "name": "9号楼", "units": units}), "2020-02-01T10:00");
    for (scope, id) in [
        (json!({"building": "b-9", "unit": "一单元"}), "b-9-一单元"),
        (json!({"unit": "b-9-一单元"}), "b-9-一单元"),
        (json!({"building": "b-9", "unit": "2-A"}), "b-9-2-A"),
        (json!({"unit": "b-9-2-A"}), "b-9-2-A"),
        (json!({"building": "b07", "unit": "2"}), "b07-2"),
    ] {
        let events = accepted(&world, "responsibility.assign", duty(scope.clone(), json!({})), "2020-02-02T08:00");
        assert_eq!((field(&events[0], "/scope/kind"), field(&events[0], "/scope/id")), (json!("unit"), json!(id)), "{scope}");
        let round = accepted(&world, "round.open", json!({"round": "r1", "scope": scope}), "2020-02-02T08:00");
        assert_eq!(field(&round[0], "/scope/id"), json!(id), "a round is about the same");
    }
    let unknown = duty(json!({"building": "b-9", "unit": "三单元"}), json!({}));
    check(&world, "2020-02-02T08:00", &[("none of its units", "responsibility.assign", unknown, "unknown unit 三单元 /data/scope/unit")]);
    world.record("responsibility.assign", duty(json!({"building": "b-9", "unit": "一单元"}), json!({})), "2020-02-02T08:00");
    let again = duty(json!({"unit": "b-9-一单元"}), json!({}));
    check(
        &world,
        "2020-02-02T09:00",
        &[("the same", "responsibility.assign", again.clone(), "unchanged"), ("taken", "responsibility.release", again, "responsibility.released")],
    );
    let shape = world.shape_error("responsibility.assign", duty(json!({"building": "七号楼"}), json!({})));
    assert!(shape.is_some_and(|error| error.contains("slug_malformed")), "whatever has an id of its own is named by it");
}

#[test]
fn a_duty_is_given_changed_and_taken() {
    let mut world = World::settled();
    check(
        &world,
        "2020-02-02T08:00",
        &[
            ("level 0", "responsibility.assign", of_b07(json!({"level": 0})), "422 level_range /data/level"),
            ("level 4", "responsibility.assign", of_b07(json!({"level": 4})), "422 level_range /data/level"),
            ("unknown staff", "responsibility.assign", of_b07(json!({"staff": "s-x"})), "unknown staff s-x /data/staff"),
            ("never given", "responsibility.release", of_b07(json!({})), "unknown responsibility building/b07/leader/1/s-yang /data/staff"),
        ],
    );
    world.record("responsibility.assign", of_b07(json!({})), "2020-02-02T08:00");
    check(
        &world,
        "2020-02-03T08:00",
        &[
            ("the same", "responsibility.assign", of_b07(json!({})), "unchanged"),
            ("in another standing", "responsibility.assign", of_b07(json!({"standing": "deputy"})), "responsibility.assigned"),
            ("with an end", "responsibility.assign", of_b07(json!({"until": "2020-03-01T00:00:00+08:00"})), "responsibility.assigned"),
            ("from another day", "responsibility.assign", of_b07(json!({"from": "2020-02-01T08:00:00+08:00"})), "responsibility.assigned"),
            ("at another level", "responsibility.assign", of_b07(json!({"level": 2})), "responsibility.assigned"),
            ("taken", "responsibility.release", of_b07(json!({})), "responsibility.released"),
        ],
    );
    world.record("responsibility.release", of_b07(json!({})), "2020-02-04T08:00");
    check(
        &world,
        "2020-02-05T08:00",
        &[
            ("taken already", "responsibility.release", of_b07(json!({})), "unchanged"),
            ("given again", "responsibility.assign", of_b07(json!({})), "responsibility.assigned"),
            ("taken earlier, typed late", "responsibility.release", of_b07(json!({"until": "2020-02-03T08:00:00+08:00"})), "responsibility.released"),
        ],
    );
}
