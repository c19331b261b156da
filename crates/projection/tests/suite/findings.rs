//! What medicine found, and what tells of nothing else: who was left behind by somebody in hospital. For the nurse and the office only.

use domain::{
    household::Exposed,
    medical::Finding,
    quarantine::CheckOutcome,
    record::{Retracted, StoredEvent},
    values::CommandId,
};
use serde_json::{Value, json};

use crate::harness::{Log, Running, event_fact};
use crate::world::{Told, at, check, day, finding, id, place, report};

/// Who sees findings, and who does not.
const ROLES: [(&str, bool); 6] = [("office", true), ("nurse", true), ("leader", false), ("gate", false), ("viewer", false), ("admin", false)];

fn exposed(number: u64) -> Told {
    event_fact(number, "2020-02-02T09:20", Exposed { person: id("p1"), quarantine: id("q1"), place: place("h1"), housemates: vec![id("p2")] })
}

fn stored(told: &Told) -> StoredEvent {
    StoredEvent { name: told.event.name().to_owned(), payload: told.event.encode().unwrap() }
}

/// A log in which p1 was found to be in hospital and p2 lives with them, and in which that, and a finding, were taken back: an exposure and
/// the finding alone, and the check with its exposure.
async fn running(folder: &tempfile::TempDir) -> (Log, Running) {
    let mut log = Log::with_community().await;
    let there = event_fact(900, "2020-02-02T09:20", check(CheckOutcome::Hospital, 0, at("2020-02-02T09:20")));
    let (left_behind, again, found) = (exposed(901), exposed(902), event_fact(903, "2020-02-02T09:30", finding("p1", Finding::Suspected)));
    let events = vec![stored(&there), stored(&left_behind)];
    let both = Retracted { command: there.header.command, at: there.header.at, events, private: None };
    let taken_back = [again.retracted(904), found.retracted(905), event_fact(906, "2020-02-02T09:40", both)];
    log.append_all("c1", &[there, left_behind, again, found]).await;
    log.append_all("c1", &taken_back).await;
    let running = log.start(folder.path());
    running.reached(log.head).await;
    (log, running)
}

async fn timeline(running: &Running, token: &str, whose: &str) -> Value {
    running.json(token, &format!("/communities/c1/timeline?{whose}")).await["items"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_left_behind_by_somebody_in_hospital_is_told_to_those_who_may_see_findings() {
    let folder = tempfile::tempdir().unwrap();
    let (_log, running) = running(&folder).await;
    // of the housemate, of the door and of its building: an entry is there or it is not
    for (whose, exposures, findings) in [("person=p2", 2, 0), ("household=h1", 2, 1), ("building=b07", 2, 1)] {
        for (token, sees) in ROLES {
            let items = timeline(&running, token, whose).await;
            let count = |kind: &str| items.as_array().unwrap().iter().filter(|item| item["type"] == kind).count();
            let told = [count("household.exposed.v1"), count("medical.finding_recorded.v1"), count("record.retracted.v1")];
            // a retraction repeats what it takes back, so it is told to those who knew of that, and as far as they did
            let expected = if sees { [exposures, findings, 2 + findings] } else { [0, 0, 1] };
            assert_eq!(told, expected, "{token} {whose}: {items}");
            let text = items.to_string();
            assert!(sees || !(text.contains("household.exposed") || text.contains("finding_recorded")), "{token} {whose}: {text}");
        }
    }
    for (token, _) in ROLES {
        let whole = timeline(&running, token, "quarantine=q1").await.to_string();
        assert!(
            whole.contains("quarantine.ordered.v1") && whole.contains("record.retracted.v1"),
            "the order, and that the door is under quarantine, is for all: {token}"
        );
        let door = running.json(token, "/communities/c1/buildings/b07").await["units"][0]["floors"][1]["doors"][0].clone();
        assert_eq!((&door["quarantined"], &door["door"]), (&json!(1), &json!("101")), "{token}: {door}");
        assert_eq!(running.json(token, "/communities/c1/quarantines").await["items"][0]["place"]["household"], "h1", "{token}");
    }
    running.projection.stop().await;
}

/// A finding changes the row of its person: that something changed, and when, would say of whom there is one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_a_person_was_found_to_be_anything_is_not_told_by_a_number_either() {
    let folder = tempfile::tempdir().unwrap();
    let (mut log, running) = running(&folder).await;
    // the last is about neither of them
    let reported = event_fact(907, "2020-02-02T10:00", report(&["1"], day("2020-02-02"), None));
    log.append_all("c1", &[reported]).await;
    running.reached(log.head).await;
    for (token, sees) in ROLES {
        for path in ["/communities/c1/people/p1", "/communities/c1/people/p2"] {
            let person = running.json(token, path).await;
            assert_eq!(person["sequence"] == log.head, !sees, "{token} {path}: {person}");
        }
    }
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_leaves_out_what_its_reader_may_not_see_and_says_so_in_every_line() {
    let folder = tempfile::tempdir().unwrap();
    let (log, running) = running(&folder).await;
    for (token, sees) in [("office", true), ("admin", false)] {
        let export = running.get(token, "/communities/c1/events").await;
        let lines: Vec<Value> = String::from_utf8(export.bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let events = |line: &Value| line["events"].as_array().unwrap().clone();
        let of = |command: CommandId| lines.iter().find(|line| line["command"] == json!(command)).map(events).unwrap();
        for number in [901, 902, 903, 904, 905] {
            let there = of(exposed(number).header.command);
            assert_eq!(there.len(), usize::from(sees), "{token} {number}: the commit stands in its place, with what may be told of it: {there:?}");
            assert!(there.iter().all(|event| event["data"].is_object()), "{there:?}");
        }
        assert_eq!(of(exposed(900).header.command)[0]["type"], "quarantine.checked.v1", "{token}");
        let repeated: Vec<Value> = of(exposed(906).header.command)[0]["data"]["events"].as_array().unwrap().iter().map(|fact| fact["name"].clone()).collect();
        let expected = if sees { vec!["quarantine.checked.v1", "household.exposed.v1"] } else { vec!["quarantine.checked.v1"] };
        assert_eq!(json!(repeated), json!(expected), "{token}");
        let without = if sees { Value::Null } else { json!(["findings"]) };
        assert!(lines.iter().all(|line| line.get("without").cloned().unwrap_or_default() == without), "{token}: the same in every line");
        assert_eq!(lines.last().unwrap()["sequence"], log.head, "{token}");
    }
    running.projection.stop().await;
}
