//! Somebody stood at a door, or called.

use super::*;
use testkit::field;

fn visit(change: Value) -> Value {
    let mut data = json!({"household": "h502", "outcome": "met", "mode": "door"});
    for (name, value) in change.as_object().unwrap() {
        data[name] = value.clone();
    }
    data
}

fn met(person: Value) -> Value {
    visit(json!({"people": [person]}))
}

#[test]
fn a_door_is_a_households_file_or_a_place_in_a_building() {
    let door = |change: Value| {
        let mut data = visit(change);
        if data.get("building").is_some() && data["household"] == "h502" {
            data["household"] = Value::Null;
        }
        data
    };
    check(
        &World::settled(),
        "2020-02-06T15:04",
        &[
            ("a household", "visit.record", visit(json!({})), "visit.recorded"),
            ("a door without a file", "visit.record", door(json!({"building": "b07", "unit": "1", "floor": 6, "door": "601"})), "visit.recorded"),
            ("where no units are known", "visit.record", door(json!({"building": "b08", "unit": "甲"})), "visit.recorded"),
            ("household and its building", "visit.record", json!({"household": "h502", "building": "b07", "outcome": "met", "mode": "door"}), "visit.recorded"),
            (
                "household and another building",
                "visit.record",
                json!({"household": "h502", "building": "b08", "outcome": "met", "mode": "door"}),
                "422 door_ambiguous /data/building",
            ),
            ("no door", "visit.record", visit(json!({"household": null})), "422 door_missing /data"),
            ("unknown household", "visit.record", visit(json!({"household": "h9"})), "unknown household h9 /data/household"),
            ("unknown building", "visit.record", door(json!({"building": "b99"})), "unknown building b99 /data/building"),
            ("unknown unit", "visit.record", door(json!({"building": "b07", "unit": "9"})), "unknown unit 9 /data/unit"),
            ("unknown round", "visit.record", visit(json!({"round": "r9"})), "unknown round r9 /data/round"),
        ],
    );
    let events = accepted(&World::settled(), "visit.record", door(json!({"building": "b07", "unit": "1", "floor": 6, "door": "601"})), "2020-02-06T15:04");
    let place = json!({"estate": "e1", "building": "b07", "unit": "1", "floor": 6, "door": "601", "household": null});
    assert_eq!(field(&events[0], "/place"), place);
}

#[test]
fn people_are_registered_or_described() {
    let stranger = json!({"ref": "x1", "name": "张三", "sex": "m", "birth_year": 1990});
    check(
        &World::settled(),
        "2020-02-06T15:04",
        &[
            ("nobody", "visit.record", visit(json!({"people": []})), "visit.recorded"),
            ("a resident", "visit.record", met(json!({"person": "p1"})), "visit.recorded"),
            ("a stranger", "visit.record", met(json!({"unregistered": stranger})), "visit.recorded"),
            (
                "a stranger whose number is mistyped",
                "visit.record",
                met(json!({"unregistered": {"ref": "x1", "id_number": "11010519491231012X"}})),
                "422 id_number_malformed /data/people/0/unregistered/id_number",
            ),
            ("both", "visit.record", met(json!({"person": "p1", "unregistered": stranger})), "422 who_ambiguous /data/people/0"),
            ("neither", "visit.record", visit(json!({"people": [{"person": "p1"}, {"note": "?"}]})), "422 who_missing /data/people/1"),
            ("unknown", "visit.record", visit(json!({"people": [{"person": "p1"}, {"person": "p77"}]})), "unknown person p77 /data/people/1/person"),
            ("the same twice", "visit.record", visit(json!({"people": [{"person": "p1"}, {"person": "p1"}]})), "422 person_twice /data/people/1"),
            ("32", "visit.record", visit(json!({"people": repeated(32, |n| json!({"unregistered": {"ref": format!("x{n}")}}))})), "visit.recorded"),
            ("33", "visit.record", visit(json!({"people": repeated(33, |n| json!({"unregistered": {"ref": format!("x{n}")}}))})), "422 too_many /data/people"),
        ],
    );
}

#[test]
fn what_is_found_of_somebody_has_limits() {
    let fever = json!({"celsius": 37.8, "site": "forehead"});
    let read = |reading: Value| met(json!({"person": "p1", "readings": [fever, reading]}));
    check(
        &World::settled(),
        "2020-02-06T15:04",
        &[
            ("measured again", "visit.record", read(json!({"celsius": 38.2, "site": "axilla"})), "visit.recorded"),
            ("the lowest", "visit.record", read(json!({"celsius": 34.0, "site": "axilla"})), "visit.recorded"),
            ("the highest", "visit.record", read(json!({"celsius": 42.5, "site": "axilla"})), "visit.recorded"),
            ("lower", "visit.record", read(json!({"celsius": 33.9, "site": "axilla"})), "422 temperature_range /data/people/0/readings/1/celsius"),
            ("in Fahrenheit", "visit.record", read(json!({"celsius": 98.6, "site": "oral"})), "422 temperature_range /data/people/0/readings/1/celsius"),
            ("two decimals", "visit.record", read(json!({"celsius": 37.35, "site": "ear"})), "422 temperature_precision /data/people/0/readings/1/celsius"),
            ("Lo", "visit.record", read(json!({"unreadable": "low", "site": "forehead"})), "visit.recorded"),
            (
                "both",
                "visit.record",
                read(json!({"unreadable": "low", "celsius": 36.5, "site": "forehead"})),
                "422 reading_ambiguous /data/people/0/readings/1",
            ),
            ("neither", "visit.record", read(json!({"site": "forehead"})), "422 reading_empty /data/people/0/readings/1"),
            ("9 readings", "visit.record", met(json!({"person": "p1", "readings": repeated(9, |_| fever.clone())})), "422 too_many /data/people/0/readings"),
            ("16 symptoms", "visit.record", met(json!({"person": "p1", "symptoms": repeated(16, |n| json!(format!("s{n}")))})), "visit.recorded"),
            (
                "17 symptoms",
                "visit.record",
                met(json!({"person": "p1", "symptoms": repeated(17, |n| json!(format!("s{n}")))})),
                "422 too_many /data/people/0/symptoms",
            ),
            ("64 answers", "visit.record", visit(json!({"answers": answers(64)})), "visit.recorded"),
            ("65 answers", "visit.record", visit(json!({"answers": answers(65)})), "422 too_many /data/answers"),
        ],
    );
}

#[test]
fn a_reading_has_happened_by_the_clock_that_told_the_visit() {
    let world = World::settled();
    let asked = |envelope: Value, read_at: &str| {
        let readings = json!([{"celsius": 36.5, "site": "ear"}, {"celsius": 36.6, "site": "ear", "at": read_at}]);
        let mut command = json!({"type": "visit.record", "at": "2020-02-06T15:04:00+08:00", "data": met(json!({"person": "p1", "readings": readings}))});
        for (name, value) in envelope.as_object().unwrap() {
            command[name] = value.clone();
        }
        world.decide_command(&command, "2020-02-06T15:04")
    };
    let ahead = "422 at_in_future /data/people/0/readings/1/at";
    for (why, read_at, expected) in [
        ("before the visit", "2020-02-06T14:50:00+08:00", "visit.recorded"),
        ("10 minutes ahead", "2020-02-06T15:14:00+08:00", "visit.recorded"),
        ("11 minutes ahead", "2020-02-06T15:15:00+08:00", ahead),
        ("a year ahead", "2021-02-06T15:04:00+08:00", ahead),
    ] {
        assert_eq!(testkit::said(&asked(json!({}), read_at)), expected, "{why}");
    }
    // the phone is an hour fast, and so is the time of the reading
    let fast = json!({"at": "2020-02-06T16:04:00+08:00", "sent_at": "2020-02-06T16:04:00+08:00"});
    let events = asked(fast.clone(), "2020-02-06T16:03:00+08:00").unwrap();
    assert_eq!(field(&events[0], "/people/0/readings/1/at"), json!("2020-02-06T07:03:00Z"));
    assert_eq!(testkit::said(&asked(fast, "2020-02-06T16:15:00+08:00")), ahead);
}

fn answers(count: usize) -> Value {
    (0..count).map(|n| (format!("q{n}"), json!("yes"))).collect::<serde_json::Map<_, _>>().into()
}

#[test]
fn asked_and_none_is_not_the_same_as_not_asked() {
    let world = World::settled();
    let symptoms = |person: Value| field(&accepted(&world, "visit.record", met(person), "2020-02-06T15:04")[0], "/people/0/symptoms");
    assert_eq!(symptoms(json!({"person": "p1", "symptoms": []})), json!([]));
    assert_eq!(symptoms(json!({"person": "p1"})), Value::Null);
}

#[test]
fn a_visit_carries_the_orders_of_its_time_and_seals_what_is_personal() {
    let mut world = World::settled();
    let order = json!({"quarantine": "q1", "person": "p1", "kind": "home", "count_from": {"date": "2020-02-03", "basis": "order"}});
    world.record("quarantine.order", order, "2020-02-03T10:00");
    let person = json!({"person": "p1", "note": "独居", "exposure": {"place": "华南市场", "left_on": "2020-01-20", "contact": "王某"}});
    let data = visit(json!({"people": [person], "label": "杨家", "answers": {"travel": "武汉"}}));
    world.record("visit.record", data, "2020-02-06T15:04");
    let commit = world.commits().last().unwrap();
    let event = &commit.events[0];
    assert_eq!((field(event, "/people/0/orders"), field(event, "/people/0/exposure/left_on")), (json!(["q1"]), json!("2020-01-20")));
    let bytes = commit.encode().unwrap();
    for text in ["独居", "华南市场", "王某", "杨家", "武汉"] {
        assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text} stands on the log");
    }
    assert_eq!(testkit::private_parts(event), 2, "the visit's and the person's");
}
