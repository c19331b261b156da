//! A community is the same with and without another, and nothing of the other is ever seen.

use axum::http::StatusCode;
use domain::{access::TokenScope, commit::Role, visit::Outcome};
use serde_json::Value;

use crate::{
    harness::{Log, event_fact},
    world::{at, entry, found, id, place, registrations, visit},
};

const PATHS: [&str; 12] = [
    "/communities/c1",
    "/communities/c1/buildings",
    "/communities/c1/buildings/b07",
    "/communities/c1/households/h1",
    "/communities/c1/people?ids=p1,p2",
    "/communities/c1/people/p1",
    "/communities/c1/quarantines",
    "/communities/c1/checkpoints",
    "/communities/c1/staff",
    "/communities/c1/duties",
    "/communities/c1/coverage?round=r1",
    "/communities/c1/timeline?building=b07",
];

/// The answer without sequences: both communities share one log, so only these may differ.
fn without_sequences(mut value: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.remove("sequence");
                fields.values_mut().for_each(walk);
            }
            Value::Array(items) => items.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut value);
    value
}

async fn answers(with_other: bool) -> Vec<Value> {
    let mut log = Log::new();
    log.grant("office", Role::Office, TokenScope { community: Some(id("c1")), town: None }).await;
    log.append_all("c1", &registrations()).await;
    if with_other {
        // the same ids on purpose: they mean something within a community only
        log.append_all("c2", &registrations()).await;
    }
    for number in 0..10u64 {
        let when = format!("2020-02-02T0{number}:00");
        log.append("c1", &event_fact(500 + number, &when, visit(place("h1"), Outcome::Met, Some("r1"), vec![found("p1", 366, at(&when))]))).await;
        if with_other {
            log.append("c2", &event_fact(500 + number, &when, visit(place("h1"), Outcome::Refused, Some("r1"), vec![found("p1", 399, at(&when))]))).await;
            log.append("c2", &event_fact(700 + number, &when, entry("p1", domain::checkpoint::EntryResult::TurnedBack))).await;
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    let mut answers = Vec::new();
    for path in PATHS {
        answers.push(without_sequences(running.json("office", path).await));
    }
    running.projection.stop().await;
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_community_is_the_same_with_and_without_another() {
    let (alone, beside) = (answers(false).await, answers(true).await);
    for ((path, alone), beside) in PATHS.iter().zip(alone).zip(beside) {
        assert_eq!(alone, beside, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_community_answers_as_one_that_does_not_exist() {
    let log = Log::with_community().await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    for path in PATHS.iter().chain(&["/communities/c1/stream", "/communities/c1/events", "/communities/c1/alerts", "/communities/c1/buildings?limit=0"]) {
        let foreign = running.get("stranger", path).await;
        let nowhere = running.get("stranger", &path.replace("/c1", "/nowhere")).await;
        assert_eq!((foreign.status, &foreign.bytes), (StatusCode::NOT_FOUND, &nowhere.bytes), "{path}");
        let unknown = running.get("nobody", path).await;
        assert_eq!(unknown.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(running.json("stranger", "/communities").await["items"], serde_json::json!([]));
    running.projection.stop().await;
}
