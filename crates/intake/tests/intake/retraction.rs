//! `record.retract` and `replaces`.

use domain::Event;
use serde_json::{Value as Json, json};

use crate::harness::{House, building, fresh, household, visit};

fn retract(command: &Json) -> Json {
    fresh("record.retract", json!({"command": command["id"], "reason": "打错了"}))
}

/// What a retraction repeats must be what stands on the log, seals included.
async fn assert_repeats(house: &House, retraction: &Json, retracted: &Json) {
    let original = house.commits_of(retracted).await.remove(0).commit;
    let commit = house.commits_of(retraction).await.remove(0).commit;
    let Event::RecordRetracted(event) = &commit.events[0] else { panic!("{commit:?}") };
    assert_eq!(event.facts().unwrap(), original.events);
    assert_eq!(event.at, original.header.at);
    assert_eq!(event.command, original.header.command);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_of_the_same_body_and_one_of_long_ago_can_be_taken_back() {
    let mut house = House::open().await;
    let noted = |note: &str| {
        fresh(
            "visit.record",
            json!({"household": "h1", "outcome": "met", "mode": "door", "people": [{"unregistered": {"ref": "r1", "name": "甲"}, "note": note}]}),
        )
    };
    let (old, new) = (noted("旧"), noted("新"));
    house.record(&[building("b07", "7号楼"), household("h1", "b07"), old.clone()]).await;
    house.restart_from_the_log().await;
    let (of_old, of_new) = (retract(&old), retract(&new));
    house.record(&[visit("h1"), new.clone(), of_new.clone(), of_old.clone(), visit("h1")]).await;
    assert_repeats(&house, &of_old, &old).await;
    assert_repeats(&house, &of_new, &new).await;
    let again: Vec<String> =
        house.lines(&[of_old.clone(), retract(&old), retract(&new)]).await.iter().map(|told| told["status"].as_str().unwrap().to_owned()).collect();
    assert_eq!(again, ["duplicate", "unchanged", "unchanged"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_recorded_or_is_no_fact_of_the_field_cannot_be_taken_back() {
    let house = House::open().await;
    let (register, visited) = (building("b07", "7号楼"), visit("h1"));
    house.record(&[register.clone(), household("h1", "b07"), visited.clone()]).await;
    let retraction = retract(&visited);
    house.record(std::slice::from_ref(&retraction)).await;
    assert_eq!(house.send(&retract(&visit("h1"))).await.told(), (422, "unknown_reference".to_owned()));
    assert_eq!(house.send(&retract(&register)).await.told(), (422, "not_retractable".to_owned()));
    assert_eq!(house.send(&retract(&retraction)).await.told(), (422, "not_retractable".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_stands_for_what_was_taken_back_only() {
    let house = House::open().await;
    let wrong = visit("h1");
    house.record(&[building("b07", "7号楼"), household("h1", "b07"), wrong.clone()]).await;
    let mut right = visit("h1");
    right["replaces"] = wrong["id"].clone();
    assert_eq!(house.send(&right).await.told(), (409, "not_retracted".to_owned()));
    house.record(&[retract(&wrong), right.clone()]).await;
    let replaces = house.commits_of(&right).await[0].commit.header.replaces.map(|id| id.to_string());
    assert_eq!(replaces.as_deref(), wrong["id"].as_str());
    let mut stray = visit("h1");
    stray["replaces"] = json!(uuid::Uuid::now_v7());
    let told = house.send(&stray).await;
    assert_eq!(told.told(), (422, "unknown_reference".to_owned()));
    assert_eq!(told.json()["invalid_params"][0]["pointer"], "/replaces");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retraction_waits_for_a_log_that_does_not_answer() {
    let house = House::open().await;
    let wrong = visit("h1");
    house.record(&[building("b07", "7号楼"), household("h1", "b07"), wrong.clone()]).await;
    house.memory.set_available(false);
    let retraction = retract(&wrong);
    let mut asked = std::pin::pin!(house.send(&retraction));
    assert!(tokio::time::timeout(std::time::Duration::from_millis(100), &mut asked).await.is_err(), "answered without reading what is retracted");
    house.memory.set_available(true);
    assert_eq!(asked.await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_and_cannot_be_read_is_not_called_unknown() {
    let house = House::open().await;
    let (damaged, lost, taken_back) = (visit("h1"), visit("h1"), visit("h1"));
    house.record(&[building("b07", "7号楼"), household("h1", "b07"), damaged.clone(), lost.clone(), taken_back.clone()]).await;
    let first = retract(&taken_back);
    house.record(std::slice::from_ref(&first)).await;
    let of = async |command: &Json| house.commits_of(command).await[0].sequence;
    let (damaged_at, lost_at, taken_back_at) = (of(&damaged).await, of(&lost).await, of(&taken_back).await);
    house.memory.damage(damaged_at);
    house.memory.damage(taken_back_at);
    house.memory.lose(lost_at);
    for command in [&damaged, &lost] {
        assert_eq!(house.send(&retract(command)).await.told(), (503, "log_unreadable".to_owned()));
    }
    // nothing needs to be read to say these
    assert_eq!(house.send(&first).await.told(), (200, "duplicate".to_owned()));
    assert_eq!(house.send(&retract(&taken_back)).await.told(), (200, "unchanged".to_owned()));
    let told = house.lines(&[visit("h1"), retract(&damaged), visit("h1")]).await;
    let codes: Vec<&str> = told.iter().map(|told| told["problem"]["code"].as_str().or(told["status"].as_str()).unwrap()).collect();
    assert_eq!(codes, ["recorded", "log_unreadable", "recorded"]);
    assert_eq!(house.why_not(), None, "others are served");
}
