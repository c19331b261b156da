//! What medicine found of somebody.

use super::*;
use testkit::field;

const RECORD: &str = "medical.record";

#[test]
fn a_finding_is_of_a_person_or_of_somebody_described() {
    check(
        &World::settled(),
        "2020-02-06T15:04",
        &[
            ("a person", RECORD, json!({"person": "p1", "finding": "confirmed"}), "medical.finding_recorded"),
            ("somebody without a file", RECORD, json!({"unregistered": {"ref": "v1", "name": "王芳"}, "finding": "not_infected"}), "medical.finding_recorded"),
            ("nobody", RECORD, json!({"finding": "confirmed"}), "422 who_missing /data"),
            ("both", RECORD, json!({"person": "p1", "unregistered": {"ref": "v1"}, "finding": "confirmed"}), "422 who_ambiguous /data"),
            ("unknown", RECORD, json!({"person": "p77", "finding": "confirmed"}), "unknown person p77 /data/person"),
        ],
    );
    let error = World::settled().shape_error(RECORD, json!({"person": "p1", "finding": "healthy"})).unwrap();
    assert!(error.contains("not_infected") && error.contains("confirmed"), "{error}");
}

#[test]
fn it_names_home_and_housemates_and_seals_what_is_written() {
    let mut world = World::settled();
    world.record("household.register", json!({"household": "h9", "building": "b08"}), "2020-02-02T09:00");
    for (person, kind) in [("p10", "lives"), ("p11", "stays"), ("p12", "works"), ("p13", "lives")] {
        world.record("person.register", json!({"person": person, "name": person}), "2020-02-02T09:00");
        world.record("residence.start", json!({"person": person, "household": "h9", "kind": kind}), "2020-02-02T09:00");
    }
    world.record("residence.end", json!({"person": "p13", "household": "h9"}), "2020-02-04T09:00");
    let found = |at| accepted(&world, RECORD, json!({"person": "p10", "finding": "confirmed", "facility": "f1", "document": "12号", "note": "咳"}), at);
    let housemates = |events: &[Event]| field(&events[0], "/housemates");
    let events = found("2020-02-05T09:00");
    assert_eq!(field(&events[0], "/home/household"), json!("h9"));
    assert_eq!(housemates(&events), json!(["p11"]), "those who sleep there, and not the case");
    assert_eq!((field(&events[0], "/facility"), field(&events[0], "/finding")), (json!("f1"), json!("confirmed")));
    assert_eq!(testkit::private_parts(&events[0]), 1);
    assert_eq!(housemates(&found("2020-02-03T09:00")), json!(["p11", "p13"]), "as it was at that time");
    assert_eq!(housemates(&found("2020-02-01T20:00")), json!(["p11", "p13"]), "before the files were opened");
    let stranger = accepted(&world, RECORD, json!({"unregistered": {"ref": "v1"}, "finding": "suspected"}), "2020-02-05T09:00");
    assert_eq!((field(&stranger[0], "/home"), housemates(&stranger)), (Value::Null, json!([])));
}

#[test]
fn whoever_is_taken_to_hospital_leaves_people_behind_who_are_named() {
    let mut world = World::settled();
    world.record("household.register", json!({"household": "h9", "building": "b08"}), "2020-02-02T09:00");
    for person in ["p10", "p11"] {
        world.record("person.register", json!({"person": person, "name": person, "household": "h9"}), "2020-02-02T09:00");
    }
    let order = |kind: &str| json!({"quarantine": "q9", "person": "p10", "kind": kind, "count_from": {"date": "2020-02-03", "basis": "order"}});
    let exposed = |events: &[Event]| events.get(1).map(|event| (event.name(), field(event, "/housemates"), field(event, "/place/household")));
    let named = Some(("household.exposed.v1", json!(["p11"]), json!("h9")));
    assert_eq!(exposed(&accepted(&world, "quarantine.order", order("hospital"), "2020-02-03T09:00")), named, "ordered straight there");
    assert_eq!(exposed(&accepted(&world, "quarantine.order", order("home"), "2020-02-03T09:00")), None);
    world.record("quarantine.order", order("home"), "2020-02-03T09:00");
    for (kind, data, expected) in [
        ("quarantine.move", json!({"quarantine": "q9", "kind": "hospital"}), named.clone()),
        ("quarantine.move", json!({"quarantine": "q9", "kind": "facility", "facility": "f1"}), None),
        ("quarantine.release", json!({"quarantine": "q9", "reason": "hospital"}), named.clone()),
        ("quarantine.release", json!({"quarantine": "q9", "reason": "moved"}), None),
        ("quarantine.check", json!({"checks": [{"quarantine": "q9", "outcome": "hospital"}], "mode": "phone"}), named),
        ("quarantine.check", json!({"checks": [{"quarantine": "q9", "outcome": "no_answer"}], "mode": "phone"}), None),
    ] {
        assert_eq!(exposed(&accepted(&world, kind, data.clone(), "2020-02-04T09:00")), expected, "{kind} {data}");
    }
    let check = json!(world.record("quarantine.check", json!({"checks": [{"quarantine": "q9", "outcome": "hospital"}], "mode": "phone"}), "2020-02-04T09:00"));
    let retract = json!({"command": check, "reason": "another person"});
    assert_eq!(said(&world.decide("record.retract", retract, "2020-02-04T10:00")), "record.retracted");
}

#[test]
fn whoever_is_known_to_be_in_hospital_exposes_nobody_again_until_they_were_reached_at_home() {
    let mut world = World::settled();
    world.record("household.register", json!({"household": "h9", "building": "b08"}), "2020-02-02T09:00");
    for person in ["p10", "p11"] {
        world.record("person.register", json!({"person": person, "name": person, "household": "h9"}), "2020-02-02T09:00");
    }
    let data = json!({"quarantine": "q9", "person": "p10", "kind": "home", "count_from": {"date": "2020-02-03", "basis": "order"}});
    world.record("quarantine.order", data, "2020-02-03T09:00");
    let check = |outcome: &str| match outcome {
        "reached" => {
            json!({"checks": [{"quarantine": "q9", "outcome": outcome, "readings": [{"celsius": 36.5, "site": "axilla"}], "symptoms": []}], "mode": "door"})
        }
        _ => json!({"checks": [{"quarantine": "q9", "outcome": outcome}], "mode": "phone"}),
    };
    let exposes = |world: &World, kind: &str, data: Value, at: &str| accepted(world, kind, data, at).len() == 2;
    let first = world.record("quarantine.check", check("hospital"), "2020-02-04T09:00");
    let there = json!({"quarantine": "q9", "kind": "hospital"});
    let release = json!({"quarantine": "q9", "reason": "hospital"});
    for (kind, data) in [("quarantine.check", check("hospital")), ("quarantine.move", there.clone()), ("quarantine.release", release)] {
        assert!(!exposes(&world, kind, data.clone(), "2020-02-04T16:00"), "{kind}: they are known to be there");
        assert!(exposes(&world, kind, data, "2020-02-04T08:00"), "{kind}: they were not there yet");
    }
    let mut back = world.clone();
    back.record("quarantine.check", check("no_answer"), "2020-02-05T09:00");
    assert!(!exposes(&back, "quarantine.check", check("hospital"), "2020-02-05T16:00"), "nobody answered: they are there still");
    back.record("quarantine.check", check("reached"), "2020-02-06T09:00");
    assert!(exposes(&back, "quarantine.check", check("hospital"), "2020-02-06T16:00"), "they were at home again");
    let mut joined = world.clone();
    joined.record("person.register", json!({"person": "p12", "name": "p12", "household": "h9"}), "2020-02-04T12:00");
    let named = |events: &[Event]| field(&events[1], "/housemates");
    assert_eq!(named(&accepted(&joined, "quarantine.move", there.clone(), "2020-02-04T16:00")), json!(["p12"]), "whose file was opened since");
    world.record("quarantine.check", check("hospital"), "2020-02-04T16:30");
    world.record("record.retract", json!({"command": first, "reason": "another person"}), "2020-02-04T17:00");
    assert!(exposes(&world, "quarantine.move", there, "2020-02-04T18:00"), "what was taken back counts for nothing");
}

#[test]
fn who_may_not_record_a_finding_takes_none_back() {
    use domain::Role;
    for (role, taken_back) in [(Role::Office, true), (Role::Nurse, true), (Role::Grid, false), (Role::Leader, false)] {
        let mut world = World::settled();
        world.asked_by("t-one", Role::Nurse);
        let command = world.record(RECORD, json!({"person": "p1", "finding": "confirmed"}), "2020-02-06T15:04");
        world.asked_by("t-one", role);
        let take_back = |command: &str| world.decide("record.retract", json!({"command": command, "reason": "写错了人"}), "2020-02-06T16:00");
        let (command, unknown) = (command.to_string(), "00000000-0000-0000-0000-0000000000ff");
        let (known, none) = (take_back(&command), take_back(unknown).unwrap_err());
        assert_eq!(known.is_ok(), taken_back, "{role}");
        let answer = |refused: &dyn std::fmt::Debug, command: &str| format!("{refused:?}").replace(command, "…");
        let told = known.err().map(|refused| answer(&refused, &command));
        assert_eq!(told, (!taken_back).then(|| answer(&none, unknown)), "that there is a finding is not told: {role}");
    }
}
