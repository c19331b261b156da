//! The file of a door, for life.

use super::*;
use testkit::field;

fn household(change: Value) -> Value {
    let mut data = json!({"household": "h502", "building": "b07", "unit": "2", "floor": 5, "door": "502", "label": "杨家"});
    for (name, value) in change.as_object().unwrap() {
        data[name] = value.clone();
    }
    data
}

#[test]
fn a_household_is_registered_where_a_building_stands() {
    let new = |change: Value| {
        let mut data = household(change);
        data["household"] = json!("h9");
        data
    };
    let world = World::settled();
    check(
        &world,
        "2020-02-02T08:00",
        &[
            ("at a shared door", "household.register", new(json!({})), "household.registered"),
            ("below ground", "household.register", new(json!({"floor": -1, "door": "地下"})), "household.registered"),
            ("unknown building", "household.register", new(json!({"building": "b99"})), "unknown building b99 /data/building"),
            ("unknown unit", "household.register", new(json!({"unit": "9"})), "unknown unit 9 /data/unit"),
        ],
    );
    let events = accepted(&world, "household.register", new(json!({})), "2020-02-02T08:00");
    let place = json!({"estate": "e1", "building": "b07", "unit": "2", "floor": 5, "door": "502", "household": "h9"});
    assert_eq!(field(&events[0], "/place"), place);
}

#[test]
fn its_door_and_file_can_be_corrected_and_its_building_never_changes() {
    let mut world = World::settled();
    check(
        &world,
        "2020-02-02T08:00",
        &[
            ("the same", "household.register", household(json!({})), "unchanged"),
            ("another building", "household.register", household(json!({"building": "b08", "unit": null})), "409 building_fixed"),
            ("another door", "household.register", household(json!({"door": "501"})), "household.door_corrected"),
            ("another floor", "household.register", household(json!({"floor": 6})), "household.door_corrected"),
            ("another unit", "household.register", household(json!({"unit": "1"})), "household.door_corrected"),
            ("another label", "household.register", household(json!({"label": "杨宅"})), "household.file_corrected"),
            ("telephones", "household.register", household(json!({"phones": ["0551-1", "0551-2"]})), "household.file_corrected"),
            ("both", "household.register", household(json!({"door": "501", "code": "77"})), "household.door_corrected household.file_corrected"),
        ],
    );
    world.record("household.register", household(json!({"door": "501", "code": "77"})), "2020-02-02T08:00");
    let corrected = &world.commits().last().unwrap().events[0];
    assert_eq!((field(corrected, "/from/door"), field(corrected, "/to/door")), (json!("502"), json!("501")), "folds can move it");
    check(&world, "2020-02-02T09:00", &[("it stuck", "household.register", household(json!({"door": "501", "code": "77"})), "unchanged")]);
}

#[test]
fn every_fact_carries_the_place_as_it_stands_when_it_is_decided() {
    let mut world = World::settled();
    let order = json!({"quarantine": "q1", "person": "p1", "kind": "home", "count_from": {"date": "2020-02-02", "basis": "order"}});
    world.record("quarantine.order", order, "2020-02-02T10:00");
    world.record("estate.register", json!({"estate": "e2", "name": "河畔", "governance": "open"}), "2020-02-03T08:00");
    world.record("building.register", json!({"building": "b07", "name": "7号楼", "estate": "e2"}), "2020-02-03T08:00");
    world.record("household.register", household(json!({"door": "501"})), "2020-02-03T09:00");
    let place = json!({"estate": "e2", "building": "b07", "unit": "2", "floor": 5, "door": "501", "household": "h502"});
    let entry = json!({"checkpoint": "c1", "direction": "in", "person": "p1", "id_checked": true, "pass_checked": true, "result": "admitted"});
    let check = json!({"mode": "door", "checks": [{"quarantine": "q1", "outcome": "reached"}]});
    let visit = json!({"household": "h502", "outcome": "met", "mode": "door"});
    for (kind, data, pointer) in [("entry.record", entry, "/home"), ("quarantine.check", check, "/checks/0/place"), ("visit.record", visit, "/place")] {
        let events = accepted(&world, kind, data, "2020-02-03T10:00");
        assert_eq!(field(&events[0], pointer), place, "{kind}");
    }
}
