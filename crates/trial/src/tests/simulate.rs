//! Another policy over a log.

use domain::values::Timestamp;
use serde_json::json;
use testkit::World;

use crate::{
    Line,
    simulate::{Answer, Question, SimulateError, simulate},
};

/// The log of a world, as an export writes it and as it is read again.
fn lines(world: &World) -> Vec<Line> {
    let line = |(sequence, commit): (u64, &std::sync::Arc<domain::Commit>)| {
        let header = &commit.header;
        let events = commit
            .events
            .iter()
            .zip(0..)
            .map(|(event, index)| json!({"id": header.event_id(index), "type": event.name(), "subject": "ev", "data": testkit::payload(event)}));
        let line = json!({"sequence": sequence, "community": header.community, "command": header.command, "at": header.at,
            "recorded_at": header.recorded_at, "actor": header.actor, "events": events.collect::<Vec<_>>()});
        Line::read(&line.to_string()).unwrap()
    };
    (1..).zip(world.commits()).map(line).collect()
}

fn fever(world: &mut World, celsius: f64, at: &str) {
    let reading = json!({"celsius": celsius, "site": "axilla"});
    world.record("visit.record", json!({"household": "h502", "outcome": "met", "mode": "door", "people": [{"person": "p1", "readings": [reading]}]}), at);
}

fn at(text: &str) -> Timestamp {
    World::time(text)
}

fn ask(world: &World, policy: serde_json::Value) -> Result<Answer, SimulateError> {
    let policy = (!policy.is_null()).then(|| serde_json::from_value(policy).unwrap());
    simulate(&lines(world), &Question { from: at("2020-02-05T00:00"), to: at("2020-02-07T00:00"), policy })
}

#[test]
fn a_log_is_read_as_it_is_exported_without_what_is_private() {
    let world = World::settled();
    for (line, commit) in lines(&world).iter().zip(world.commits()) {
        let names = |commit: &domain::Commit| commit.events.iter().map(domain::Event::name).collect::<Vec<_>>();
        assert_eq!(names(&line.commit), names(commit));
    }
    for (text, says) in [("{}", "no line of `gridward events export`"), (r#"{"sequence": 3, "error": "damaged"}"#, "could not be read at 3: damaged")] {
        let said = Line::read(text).unwrap_err().to_string();
        assert!(said.contains(says), "{said}");
    }
    let tomorrow = json!({"sequence": 1, "community": "u07", "command": world.commits()[0].header.command, "at": at("2020-02-05T00:00"),
        "recorded_at": at("2020-02-05T00:00"), "actor": "t", "events": [{"id": "x", "type": "comet.seen.v1", "subject": "ev", "data": {}}]});
    assert!(Line::read(&tomorrow.to_string()).unwrap_err().to_string().contains("comet.seen.v1"));
    // what its reader may not see is left out, and that is said
    let mut findings = tomorrow;
    (findings["events"], findings["without"]) = (json!([]), json!(["findings"]));
    let read = Line::read(&findings.to_string()).unwrap();
    assert!(read.lacks_findings && read.commit.events.is_empty() && lines(&world).iter().all(|line| !line.lacks_findings));
}

#[test]
fn every_event_comes_back_from_its_payload_without_what_is_private() {
    for (name, seed) in domain::Event::NAMES.iter().zip(0..) {
        let event = testkit::event_of(name, &mut testkit::Source::full(seed)).unwrap();
        let told = |event: &domain::Event| {
            let mut payload = testkit::payload(event);
            crate::history::without_private(&mut payload);
            payload
        };
        let read = domain::Event::deserialize_payload(name, told(&event)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read.as_ref().map(told), Some(told(&event)), "{name}");
    }
    assert_eq!(domain::Event::deserialize_payload("comet.seen.v1", json!({})).unwrap(), None);
}

#[test]
fn a_higher_threshold_would_have_raised_less_and_a_lower_one_more() {
    let mut world = World::settled();
    fever(&mut world, 37.4, "2020-02-06T09:00");
    let with = |threshold: f64| ask(&world, json!({"fever": {"threshold": threshold}})).unwrap();
    // no alert stands on this log: whoever wrote it had no rules
    let fevers = |answer: &Answer| answer.rules.iter().find(|(rule, _)| rule.as_str() == "fever").map(|(_, of)| (of.then, of.would_be, of.new.len()));
    assert_eq!(fevers(&with(37.3)), Some((0, 1, 1)));
    assert_eq!(fevers(&with(37.5)), None);
    let new = &with(37.4).rules.into_iter().find(|(rule, _)| rule.as_str() == "fever").unwrap().1.new[0];
    assert_eq!((new.at, new.place.door.as_deref(), new.names.building.as_deref()), (at("2020-02-06T09:00"), Some("502"), Some("7号楼")));
}

#[test]
fn the_other_policy_holds_from_its_date_on_and_not_before() {
    let mut world = World::settled();
    fever(&mut world, 37.4, "2020-02-04T09:00");
    fever(&mut world, 37.4, "2020-02-06T09:00");
    let answer = ask(&world, json!({"fever": {"threshold": 37.5}})).unwrap();
    assert!(!answer.rules.keys().any(|rule| rule.as_str() == "fever"), "it was open already: {answer:?}");
    assert!(matches!(ask(&world, json!({"grace_minutes": 99_999})), Err(SimulateError::Policy(_))));
    let policy = serde_json::from_value(json!({"fever": {"threshold": 37.5}})).unwrap();
    let before_all = Question { from: at("2019-01-01T00:00"), to: at("2020-02-07T00:00"), policy: Some(policy) };
    let answer = simulate(&lines(&world), &before_all).unwrap();
    assert!(!answer.rules.keys().any(|rule| rule.as_str() == "fever"), "from its founding on: {answer:?}");
}

#[test]
fn a_log_without_its_beginning_or_out_of_order_is_refused() {
    let world = World::settled();
    let question = Question { from: at("2020-02-01T00:00"), to: at("2020-02-07T00:00"), policy: None };
    let mut log = lines(&world);
    log.swap(2, 3);
    assert!(matches!(simulate(&log, &question), Err(SimulateError::Disordered { line: 4, .. })));
    assert!(matches!(simulate(&lines(&world)[1..], &question), Err(SimulateError::NoBeginning)));
    assert!(matches!(simulate(&[], &question), Err(SimulateError::NoBeginning)));
}
