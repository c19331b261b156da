//! People by name: for those who may read names, recorded before it is opened, and nobody of another community.

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use domain::{
    person::IdentityCorrected,
    values::{CommandId, Private},
};
use projection::{Audit, AuditRefused, Opening};
use serde_json::{Value, json};
use store::Options;

use crate::harness::{Log, event_fact};
use crate::world::{Told, day, id, registrations, report};

const PEOPLE: &str = "/communities/c1/people";

fn named(person: &str, private: Option<Private>, told: &Told) -> Told {
    let event = IdentityCorrected { person: id(person), birth_year: Some(1950), sex: None, private, identity_fingerprint: 1 };
    Told { event: event.into(), ..told.clone() }
}

/// A log in which p1 has a name; p2 and p3 have none.
async fn with_a_name() -> Log {
    let mut log = Log::with_community().await;
    let told = event_fact(900, "2020-02-02T09:00", report(&[], day("2020-02-02"), None));
    let command: CommandId = told.header.command;
    let private = Some(log.sealed_name("p1", "杨桂英", command).await);
    log.append("c1", &named("p1", private, &told)).await;
    log
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_people_are_called_by_name_for_those_who_may_read_names_and_nobody_is_for_the_others() {
    let log = with_a_name().await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    for token in ["office", "nurse", "leader", "gate"] {
        // asked for twice, or unknown, in whatever order
        let answer = running.json(token, &format!("{PEOPLE}?ids=p3,p1,nobody,p1")).await;
        let expected = json!([
            { "person": "p1", "private": { "name": ["杨桂英"] }, "household": "h1", "sequence": log.head },
            { "person": "p3", "private": null, "household": "h2", "sequence": answer["items"][1]["sequence"] },
        ]);
        assert_eq!(answer, json!({ "items": expected, "next": null, "sequence": log.head }), "{token}");
    }
    for token in ["viewer", "admin"] {
        let refused = running.get(token, &format!("{PEOPLE}?ids=p1")).await;
        assert_eq!((refused.status, &refused.json()["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")), "{token}");
    }
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_people_than_are_answered_at_once_and_what_is_no_id_are_refused_with_their_place() {
    let log = Log::with_community().await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    // the longest ids there are: the query still fits
    let many = |count: usize| (0..count).map(|number| format!("{number:064}")).collect::<Vec<_>>().join(",").replace('0', "a");
    for (query, pointer, code) in [
        (String::new(), "?ids", "wrong_shape"),
        ("?ids=".to_owned(), "?ids", "wrong_shape"),
        ("?ids=p1,,p2".to_owned(), "?ids/1", "wrong_shape"),
        ("?ids=p1,p2,%E6%9D%A8".to_owned(), "?ids/2", "wrong_shape"),
        (format!("?ids={}", many(web::PEOPLE_AT_ONCE_MAX + 1)), "?ids", "too_many"),
        ("?ids=p1&limit=1".to_owned(), "?", "unknown_parameter"),
    ] {
        let refused = running.get("office", &format!("{PEOPLE}{query}")).await;
        let param = refused.json()["invalid_params"][0].clone();
        assert_eq!((refused.status, &param["pointer"], &param["code"]), (StatusCode::BAD_REQUEST, &json!(pointer), &json!(code)), "{query}: {param}");
        assert!(!String::from_utf8(refused.bytes).unwrap().contains('杨'), "what was sent is not repeated");
    }
    assert_eq!(running.json("office", &format!("{PEOPLE}?ids={}", many(web::PEOPLE_AT_ONCE_MAX))).await["items"], json!([]));
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_one_community_are_unknown_to_another() {
    let mut log = with_a_name().await;
    log.append_all("c2", &registrations()).await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    let foreign = running.get("stranger", &format!("{PEOPLE}?ids=p1")).await;
    let nowhere = running.get("stranger", "/communities/nowhere/people?ids=p1").await;
    assert_eq!((foreign.status, foreign.bytes), (StatusCode::NOT_FOUND, nowhere.bytes));
    // the same id is somebody else there
    let theirs = running.json("stranger", "/communities/c2/people?ids=p1").await;
    assert_eq!((&theirs["items"][0]["person"], &theirs["items"][0]["private"]), (&json!("p1"), &Value::Null));
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_names_are_read_is_recorded_first_and_once_for_all_of_them() {
    let log = with_a_name().await;
    let seen: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let told = Arc::clone(&seen);
    let audit: Audit = Arc::new(move |opening: &Opening<'_>| {
        let mut told = told.lock().unwrap();
        told.push((opening.what.to_owned(), opening.id.to_owned()));
        // the second time nothing can be recorded
        if told.len() == 1 { Ok(()) } else { Err(AuditRefused) }
    });
    let folder = tempfile::tempdir().unwrap();
    let running = log.start_recorded(folder.path(), Options::new(projection::tables()), Some(audit));
    running.reached(log.head).await;
    assert_eq!(running.get("viewer", &format!("{PEOPLE}?ids=p1,p2")).await.status, StatusCode::FORBIDDEN);
    assert!(seen.lock().unwrap().is_empty(), "who may not read names reads none");
    assert_eq!(running.json("office", &format!("{PEOPLE}?ids=p2,p1,nobody")).await["items"][0]["private"], json!({ "name": ["杨桂英"] }));
    assert_eq!(*seen.lock().unwrap(), [("people".to_owned(), "p1,p2".to_owned())]);
    let refused = running.get("office", &format!("{PEOPLE}?ids=p1")).await;
    assert_eq!((refused.status, &refused.json()["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("reading_not_recorded")), "not recorded, not read");
    running.projection.stop().await;
}
