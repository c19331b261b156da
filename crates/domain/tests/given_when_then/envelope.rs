//! What is true of every command, whatever it asks.

use super::*;
use testkit::{field, said};

fn visit(change: Value) -> Value {
    let mut command = json!({"type": "visit.record", "at": "2020-02-06T15:04:00+08:00", "data": {"household": "h502", "outcome": "met", "mode": "door"}});
    for (name, value) in change.as_object().unwrap() {
        command[name] = value.clone();
    }
    command
}

#[test]
fn nothing_happens_more_than_ten_minutes_ahead() {
    let world = World::settled();
    for (recorded_at, expected) in
        [("2020-02-06T14:54", "visit.recorded"), ("2020-02-06T14:53", "422 at_in_future /at"), ("2020-03-06T14:53", "visit.recorded")]
    {
        assert_eq!(said(&world.decide_command(&visit(json!({})), recorded_at)), expected, "recorded at {recorded_at}");
    }
}

#[test]
fn a_phone_with_a_wrong_clock_is_corrected_before_it_is_judged() {
    let mut world = World::settled();
    // the phone is an hour fast
    let fast = visit(json!({"sent_at": "2020-02-06T15:10:00+08:00"}));
    world.record_command(&fast, "2020-02-06T14:10");
    assert_eq!(world.commits().last().unwrap().header.at, World::time("2020-02-06T14:04"));
    // an offset within a minute is the network's
    let on_time = visit(json!({"sent_at": "2020-02-06T15:10:00+08:00"}));
    world.record_command(&on_time, "2020-02-06T15:11");
    assert_eq!(world.commits().last().unwrap().header.at, World::time("2020-02-06T15:04"));
    for (sent_at, expected) in [("2020-02-06T14:54:00+08:00", "visit.recorded"), ("2020-02-06T14:53:00+08:00", "422 at_in_future /at")] {
        let ahead_of_itself = visit(json!({"sent_at": sent_at}));
        assert_eq!(said(&world.decide_command(&ahead_of_itself, "2020-02-06T18:00")), expected, "sent at {sent_at}");
    }
}

#[test]
fn without_a_time_it_happens_now() {
    let mut world = World::settled();
    let command = json!({"type": "building.report", "data": {"scopes": [{"building": "b07"}], "basis": "seen"}});
    world.record_command(&command, "2020-02-06T17:30");
    let commit = world.commits().last().unwrap();
    assert_eq!((commit.header.at, field(&commit.events[0], "/for_date")), (World::time("2020-02-06T17:30"), json!("2020-02-06")));
}

#[test]
fn who_did_it_must_be_known() {
    let world = World::settled();
    for (by, expected) in [(json!(["s-yang"]), "visit.recorded"), (json!(["s-yang", "s-x"]), "unknown staff s-x /by/1")] {
        assert_eq!(said(&world.decide_command(&visit(json!({"by": by})), "2020-02-06T16:00")), expected);
    }
}

#[test]
fn a_command_replaces_only_what_was_retracted() {
    let mut world = World::settled();
    let first = json!(world.record_command(&visit(json!({})), "2020-02-06T16:00"));
    let replacing = visit(json!({"replaces": first}));
    assert_eq!(said(&world.decide_command(&replacing, "2020-02-06T16:10")), "409 not_retracted");
    world.record("record.retract", json!({"command": first, "reason": "wrong door"}), "2020-02-06T16:05");
    let id = world.record_command(&replacing, "2020-02-06T16:10");
    assert_eq!(world.commits().last().unwrap().header.replaces.map(|id| json!(id)), Some(first));
    assert_eq!(world.commits().last().unwrap().header.command, id);
    let unknown = visit(json!({"replaces": "00000000-0000-0000-0000-0000000000ff"}));
    assert_eq!(said(&world.decide_command(&unknown, "2020-02-06T16:10")), "unknown command 00000000-0000-0000-0000-0000000000ff /replaces");
}

#[test]
fn a_community_that_was_not_founded_knows_nothing() {
    let command = visit(json!({}));
    assert_eq!(said(&World::empty("u99").decide_command(&command, "2020-02-06T16:00")), "unknown community u99");
}

#[test]
fn unknown_fields_and_types_and_ids_that_mean_somebody_are_wrong_shapes() {
    let world = World::settled();
    for (kind, data, part) in [
        ("visit.record", json!({"household": "h502", "outcome": "met", "mode": "door", "mood": "good"}), "mood"),
        ("visit.record", json!({"household": "h502", "outcome": "happy", "mode": "door"}), "happy"),
        ("visit.record", json!({"household": "h502", "mode": "door"}), "outcome"),
        ("visit.record", json!({"household": "13812345678", "outcome": "met", "mode": "door"}), "slug_personal"),
        ("visit.record", json!({"household": "楼", "outcome": "met", "mode": "door"}), "slug_malformed"),
        ("visit.recall", json!({}), "visit.recall"),
    ] {
        let error = world.shape_error(kind, data.clone()).unwrap_or_else(|| panic!("{kind} {data} was taken"));
        assert!(error.contains(part), "{kind} {data}: {error}");
    }
}

#[test]
fn every_type_of_the_contract_is_there() {
    let contract = [
        "community.found",
        "policy.set",
        "estate.register",
        "building.register",
        "building.report",
        "household.register",
        "person.register",
        "residence.start",
        "residence.end",
        "staff.register",
        "responsibility.assign",
        "responsibility.release",
        "roster.set",
        "staff.absent",
        "checkpoint.open",
        "checkpoint.close",
        "round.open",
        "round.close",
        "visit.record",
        "entry.record",
        "entry.settle",
        "arrival.declare",
        "medical.record",
        "quarantine.order",
        "quarantine.check",
        "quarantine.move",
        "quarantine.extend",
        "quarantine.waive",
        "quarantine.release",
        "alert.acknowledge",
        "alert.resolve",
        "alert.close",
        "alert.escalate",
        "alert.assign",
        "alert.note",
        "alert.silence",
        "alert.unsilence",
        "record.retract",
    ];
    let missing: Vec<_> = contract.iter().filter(|kind| !domain::Command::TYPES.contains(kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let world = World::settled();
    let outside = domain::Command::TYPES.iter().filter(|kind| !contract.contains(kind));
    assert_eq!(outside.copied().collect::<Vec<_>>(), ["history.restore", "alert.observe", "alert.entrust", "report.nudge", "token.grant", "token.revoke"]);
    assert!(world.shape_error("no.such", json!({})).is_some());
}

#[test]
fn commits_of_a_community_are_a_chain() {
    let world = World::settled();
    let mut previous = domain::log::CommitHash::default();
    for commit in world.commits() {
        assert_eq!(commit.header.previous, previous);
        previous = domain::log::CommitHash::of(&commit.encode().unwrap());
    }
}
