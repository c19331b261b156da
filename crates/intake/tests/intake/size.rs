//! What is larger than it may be is refused; it never ends the service.

use std::time::Duration;

use bus::event_log::BATCH_BYTES_MAX;
use intake::Limits;
use serde_json::{Value as Json, json};

use crate::harness::{House, building, fresh, visit};

/// Nearly the largest text that a command can hold.
fn long() -> String {
    "x".repeat(60_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_is_larger_than_a_commit_is_refused_and_those_beside_it_are_recorded() {
    let mut house = House::open().await;
    let household = fresh("household.register", json!({"household": "h1", "building": "b07", "door": long()}));
    house.record(&[building("b07", "7号楼"), household]).await;
    // each exception repeats the place of its household
    let exceptions = |count: usize| vec![json!({"household": "h1", "kind": "other"}); count];
    let report = |count: usize| fresh("building.report", json!({"scopes": [{"building": "b07"}], "basis": "seen", "exceptions": exceptions(count)}));
    let told = house.lines(&[visit("h1"), report(12), building("b08", "8号楼"), report(12), report(4)]).await;
    let codes: Vec<&str> = told.iter().map(|told| told["problem"]["code"].as_str().or(told["status"].as_str()).unwrap()).collect();
    assert_eq!(codes, ["recorded", "too_large", "recorded", "too_large", "recorded"]);
    assert_eq!(told[1]["problem"]["status"], 422);
    house.restart_from_the_log().await;
    house.record(&[building("b09", "9号楼")]).await;
    assert_eq!(house.why_not(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_would_outgrow_the_store_is_refused_before_it_is_on_the_log() {
    let mut house = House::open().await;
    // every change of the policy is kept
    let policy = |n: usize| {
        fresh(
            "policy.set",
            json!({"regimes": {format!("r{n}"): {"days": 14, "slots": (0..500).map(|slot| json!({"name": format!("{n}-{slot}-{}", "y".repeat(50)), "opens": "08:00", "due": "09:00"})).collect::<Vec<_>>()}}}),
        )
    };
    let mut codes: Vec<String> = Vec::new();
    for n in 0..20 {
        let reply = house.send(&policy(n)).await;
        codes.push(reply.told().1);
        if codes.last().is_some_and(|code| code != "recorded") {
            break;
        }
    }
    assert_eq!(codes.last().map(String::as_str), Some("too_large"), "{codes:?}");
    assert!(codes.len() > 2);
    house.restart_from_the_log().await;
    house.record(&[building("b07", "7号楼")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_more_than_one_append_carries_travels_in_parts() {
    let house = House::with(Limits { outcome_wait: Duration::from_secs(600), ..Limits::default() }).await;
    // small commands that become large commits: each repeats the place of its household
    let household = fresh("household.register", json!({"household": "h1", "building": "b07", "door": long()}));
    house.record(&[building("b07", "7号楼"), household]).await;
    house.memory.set_available(false);
    // the first waits for the log, so that the others gather behind it
    let visits: Vec<Json> = (0..700).map(|_| visit("h1")).collect();
    let mut recorded = std::pin::pin!(house.record(&visits));
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut recorded).await.is_err());
    house.memory.set_available(true);
    recorded.await;
    let log = house.log().await;
    assert_eq!(log.len(), 2 + 2 + 700);
    let bytes: usize = log.iter().map(|on_log| on_log.payload.len()).sum();
    assert!(bytes > BATCH_BYTES_MAX, "{bytes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_at_once_may_be_more_than_is_read_at_once() {
    let house = House::with(Limits { outcome_wait: Duration::from_secs(600), ..Limits::default() }).await;
    let household = fresh("household.register", json!({"household": "h1", "building": "b07", "door": long()}));
    house.record(&[building("b07", "7号楼"), household]).await;
    let visits: Vec<Json> = (0..400).map(|_| visit("h1")).collect();
    house.record(&visits).await;
    // small commands that repeat 24 MiB: they are recalled, decided and appended in parts
    let retractions: Vec<Json> = visits.iter().map(|visit| fresh("record.retract", json!({"command": visit["id"], "reason": "打错了"}))).collect();
    house.record(&retractions).await;
    assert_eq!(house.log().await.len(), 2 + 2 + 800);
}
