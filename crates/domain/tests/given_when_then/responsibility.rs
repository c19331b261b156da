//! Named responsibility.

use super::*;

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
