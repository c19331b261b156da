//! Taking back what was recorded.

use super::*;
use testkit::{field, said};

const VISIT: &str = "visit.record";

fn visit() -> Value {
    json!({"household": "h502", "outcome": "met", "mode": "door", "people": [{"person": "p1", "note": "独居"}]})
}

fn retract(command: &Value) -> Value {
    json!({"command": command, "reason": "wrong door"})
}

#[test]
fn field_facts_can_be_taken_back_once() {
    let mut world = World::settled();
    let order = json!({"quarantine": "q1", "person": "p1", "kind": "home", "count_from": {"date": "2020-02-02", "basis": "order"}});
    let entry = json!({"checkpoint": "c1", "direction": "in", "person": "p1", "id_checked": true, "pass_checked": true, "result": "waiting"});
    let registered = json!(world.commits()[1].header.command);
    let ordered = json!(world.record("quarantine.order", order, "2020-02-02T10:00"));
    let visited = json!(world.record(VISIT, visit(), "2020-02-03T10:00"));
    let reported = json!(world.record("building.report", json!({"scopes": [{"building": "b07"}], "basis": "seen"}), "2020-02-03T10:00"));
    let entered = json!(world.record("entry.record", entry, "2020-02-03T10:00"));
    let settled = json!(world.record("entry.settle", json!({"entry": entered, "result": "admitted"}), "2020-02-03T10:10"));
    let checked = json!(world.record("quarantine.check", json!({"mode": "door", "checks": [{"quarantine": "q1", "outcome": "reached"}]}), "2020-02-03T10:00"));
    let found = json!(world.record("medical.record", json!({"person": "p1", "finding": "not_infected"}), "2020-02-03T10:00"));
    for (command, expected) in [
        (&found, "record.retracted"),
        (&visited, "record.retracted"),
        (&reported, "record.retracted"),
        (&entered, "record.retracted"),
        (&settled, "record.retracted"),
        (&checked, "record.retracted"),
        (&ordered, "422 not_retractable /data/command"),
        (&registered, "422 not_retractable /data/command"),
    ] {
        check(&world, "2020-02-03T11:00", &[("retract", "record.retract", retract(command), expected)]);
    }
    for reason in ["", " \n"] {
        let data = json!({"command": visited, "reason": reason});
        check(&world, "2020-02-03T11:00", &[("without reason", "record.retract", data, "422 reason_required /data/reason")]);
    }
    let unknown = json!("00000000-0000-0000-0000-0000000000ff");
    check(
        &world,
        "2020-02-03T11:00",
        &[("unknown", "record.retract", retract(&unknown), "unknown command 00000000-0000-0000-0000-0000000000ff /data/command")],
    );
    let retraction = json!(world.record("record.retract", retract(&visited), "2020-02-03T11:00"));
    check(
        &world,
        "2020-02-03T12:00",
        &[
            ("again", "record.retract", retract(&visited), "unchanged"),
            ("a retraction stays", "record.retract", retract(&retraction), "422 not_retractable /data/command"),
        ],
    );
}

#[test]
fn a_retraction_repeats_the_facts_it_takes_back() {
    let mut world = World::settled();
    let id = world.record(VISIT, visit(), "2020-02-03T10:00");
    let original = world.commits().last().unwrap().clone();
    world.record("record.retract", retract(&json!(id)), "2020-02-04T11:00");
    let Event::RecordRetracted(retracted) = &world.commits().last().unwrap().events[0] else { panic!("not retracted") };
    assert_eq!(retracted.facts().unwrap(), original.events);
    assert_eq!((retracted.command, retracted.at), (original.header.command, original.header.at));
    assert!(field(&world.commits().last().unwrap().events[0], "/private/sealed").is_string(), "the reason is sealed");
}

#[test]
fn who_waited_by_a_retracted_entry_waits_no_more() {
    let mut world = World::settled();
    let entry = json!({"checkpoint": "c1", "direction": "in", "person": "p1", "id_checked": true, "pass_checked": true, "result": "waiting"});
    let entered = json!(world.record("entry.record", entry, "2020-02-03T10:00"));
    world.record("record.retract", retract(&entered), "2020-02-03T10:05");
    assert_eq!(said(&world.decide("entry.settle", json!({"entry": entered, "result": "admitted"}), "2020-02-03T10:10")), "409 not_waiting");
}
