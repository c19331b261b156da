//! Who works here: by name for those who may read names, as ids and posts for the others, and for nobody elsewhere.

use axum::http::StatusCode;
use domain::{
    alert::Acknowledged,
    quarantine::{ReleaseReason, Released},
    responsibility::{Assigned, Scope, ScopeKind, Standing},
    staff::{FileCorrected, Registered, RolesChanged},
    values::Private,
};
use serde_json::{Value, json};

use crate::harness::{Log, event_fact};
use crate::world::{at, day, id, place, registrations, report};

fn registered(staff: &str, private: Option<Private>) -> Registered {
    Registered { staff: id(staff), roles: vec![id("leader")], org: None, person: Some(id("p1")), until: None, private, file_fingerprint: 1 }
}

/// A log in which `s1` was registered under one name and corrected to another, and then became a nurse; `s2` works here too.
async fn with_staff() -> Log {
    let mut log = Log::with_community().await;
    let mut first = event_fact(900, "2020-02-02T08:00", report(&[], day("2020-02-02"), None));
    let name = log.sealed_name("p1", "王方", first.header.command).await;
    first.event = registered("s1", Some(name)).into();
    let mut corrected = event_fact(901, "2020-02-02T08:10", report(&[], day("2020-02-02"), None));
    let name = log.sealed_name("p1", "王芳", corrected.header.command).await;
    let until = Some(at("2020-03-31T00:00"));
    corrected.event =
        FileCorrected { staff: id("s1"), org: Some("县医院".to_owned()), person: Some(id("p1")), until, private: Some(name), file_fingerprint: 2 }.into();
    let nurse = event_fact(902, "2020-02-02T08:20", RolesChanged { staff: id("s1"), roles: vec![id("nurse")] });
    let second = event_fact(903, "2020-02-02T08:30", registered("s2", None));
    log.append_all("c1", &[first, corrected, nurse, second]).await;
    log
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_staff_are_for_those_who_may_read_names() {
    let log = with_staff().await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    for (token, may) in [("office", true), ("nurse", true), ("leader", true), ("gate", true), ("viewer", false), ("admin", false)] {
        let answer = running.get(token, "/communities/c1/staff").await;
        let items = answer.json()["items"].clone();
        let private = if may { json!({"name": ["王芳"]}) } else { Value::Null };
        let expected =
            json!({ "staff": "s1", "roles": ["nurse"], "org": "县医院", "until": "2020-03-30T16:00:00Z", "private": private, "sequence": log.head - 1 });
        assert_eq!(items[0], expected, "{token}");
        assert_eq!((&items[1]["staff"], &items[1]["private"], items.as_array().unwrap().len()), (&json!("s2"), &Value::Null, 2), "{token}");
        let text = String::from_utf8(answer.bytes).unwrap();
        assert!(!text.contains("王方") && !text.contains("p1") && !text.contains("sealed"), "neither old names nor files of residents: {token} {text}");
    }
    let first = running.json("office", "/communities/c1/staff?limit=1").await;
    assert_eq!((&first["items"][0]["staff"], &first["next"]), (&json!("s1"), &json!("s1")));
    assert_eq!(running.json("office", "/communities/c1/staff?limit=1&cursor=s1").await["items"][0]["staff"], "s2");
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_of_one_community_are_unknown_to_another() {
    let mut log = with_staff().await;
    log.append_all("c2", &registrations()).await;
    log.append("c2", &event_fact(904, "2020-02-02T08:40", registered("s3", None))).await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    let foreign = running.get("stranger", "/communities/c1/staff").await;
    let nowhere = running.get("stranger", "/communities/nowhere/staff").await;
    assert_eq!((foreign.status, foreign.bytes), (StatusCode::NOT_FOUND, nowhere.bytes));
    let ids = |page: &Value| page["items"].as_array().unwrap().iter().map(|item| item["staff"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&running.json("office", "/communities/c1/staff").await), ["s1", "s2"]);
    assert_eq!(ids(&running.json("stranger", "/communities/c2/staff").await), ["s3"]);
    running.projection.stop().await;
}

fn leader(unit: &str, staff: &str) -> Assigned {
    let (scope, from) = (Scope::of_unit(&id("b07"), unit), at("2020-02-01T08:00"));
    Assigned { scope, duty: id("leader"), level: 1, staff: id(staff), standing: Standing::Main, from, until: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn duties_tell_where_nobody_is_found_and_nothing_of_another_community() {
    let mut log = with_staff().await;
    log.append("c1", &event_fact(910, "2020-02-02T08:50", leader("1", "s1"))).await;
    log.append_all("c2", &registrations()).await;
    // a unit is called as its door is, whatever stands there
    log.append("c2", &event_fact(911, "2020-02-02T08:50", leader("2~东", "s-other"))).await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    let short =
        |item: &Value| format!("{} {} {} {}", item["scope"].as_str().unwrap(), item["id"].as_str().unwrap(), item["duty"].as_str().unwrap(), item["vacant"]);
    let all = running.json("viewer", "/communities/c1/duties").await;
    let expected = [
        "community c1 command true",
        "community c1 nurse true",
        "community c1 office true",
        "building b07 grid true",
        "unit b07-2 leader true",
        "unit b07-1 leader false",
    ];
    assert_eq!(all["items"].as_array().unwrap().iter().map(short).collect::<Vec<_>>(), expected);
    let holder = json!({ "staff": "s1", "standing": "main", "since": "2020-02-01T00:00:00Z", "until": null, "on_duty": true, "away": false });
    assert_eq!(all["items"][5]["people"], json!([holder]));
    // page by page the same, whoever asks; in the other community, too
    for (token, community) in [("office", "c1"), ("stranger", "c2")] {
        let (whole, mut paged, mut cursor) = (running.json(token, &format!("/communities/{community}/duties")).await, Vec::new(), String::new());
        for _ in 0..8 {
            let page = running.json(token, &format!("/communities/{community}/duties?limit=1{cursor}")).await;
            paged.extend(page["items"].as_array().unwrap().clone());
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={}", next.replace('东', "%E4%B8%9C"));
        }
        assert_eq!(json!(paged), whole["items"], "{community}");
        assert_eq!(whole.to_string().contains("s-other"), community == "c2");
    }
    assert_eq!(running.get("office", "/communities/c1/duties?cursor=x").await.status, StatusCode::BAD_REQUEST);
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_says_who_has_it_and_not_only_with_which_token() {
    let mut log = with_staff().await;
    let raised = crate::api::raised(domain::alert::Severity::Serious);
    let (alert, key) = (raised.alert.clone(), raised.key.clone());
    let mut taken = event_fact(911, "2020-02-02T09:10", Acknowledged { alert: alert.clone(), key, n: 2, until: None });
    taken.header.actor = id("t-office");
    taken.header.by = vec![id("s1")];
    log.append_all("c1", &[event_fact(910, "2020-02-02T09:00", raised), taken]).await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    for path in ["/communities/c1/alerts".to_owned(), format!("/communities/c1/alerts/{alert}")] {
        let answer = running.json("viewer", &path).await;
        let item = answer.get("items").map_or(&answer, |items| &items[0]);
        assert_eq!((&item["acknowledged"]["actor"], &item["acknowledged"]["by"]), (&json!("t-office"), &json!(["s1"])), "{path}: {answer}");
    }
    running.projection.stop().await;
}

fn keeper(kind: ScopeKind, of: &str, level: u8, staff: &str) -> Assigned {
    let (scope, from) = (Scope::of(kind, &of), at("2020-02-01T08:00"));
    Assigned { scope, duty: id("keeper"), level, staff: id(staff), standing: Standing::Main, from, until: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_says_who_keeps_it_in_its_list_and_by_itself() {
    let mut log = with_staff().await;
    log.append_all("c2", &registrations()).await;
    log.append("c2", &event_fact(920, "2020-02-02T08:50", keeper(ScopeKind::Quarantine, "q1", 1, "s-other"))).await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    let kept = async |after: u64| {
        let list = running.json("viewer", &format!("/communities/c1/quarantines?after={after}")).await["items"][0].clone();
        let one = running.json("viewer", "/communities/c1/quarantines/q1").await;
        assert_eq!((&list["quarantine"], &list["keepers"]), (&json!("q1"), &one["keepers"]));
        one["keepers"].clone()
    };
    assert_eq!(kept(log.head).await, json!([]), "nobody was given it here, whoever keeps an order of that id elsewhere");
    for (number, kind, of, level, staff, expected) in [
        (930, ScopeKind::Building, "b07", 1, "s1", json!([{ "staff": "s1", "standing": "main", "scope": "building" }])),
        (931, ScopeKind::Household, "h1", 1, "s2", json!([{ "staff": "s2", "standing": "main", "scope": "household" }])),
        (932, ScopeKind::Person, "p1", 1, "s1", json!([{ "staff": "s1", "standing": "main", "scope": "person" }])),
        (933, ScopeKind::Quarantine, "q1", 2, "s1", json!([{ "staff": "s1", "standing": "main", "scope": "person" }])),
        (934, ScopeKind::Quarantine, "q1", 1, "s2", json!([{ "staff": "s2", "standing": "main", "scope": "quarantine" }])),
    ] {
        let head = log.append("c1", &event_fact(number, "2020-02-02T09:00", keeper(kind, of, level, staff))).await;
        assert_eq!(kept(head).await, expected, "{of} {level}");
    }
    let duties = running.json("viewer", "/communities/c1/duties").await.to_string();
    assert!(duties.contains("\"keeper\"") && !duties.contains("\"person\"") && !duties.contains("\"quarantine\""), "places only: {duties}");
    let released = Released { quarantine: id("q1"), person: id("p1"), place: place("h1"), reason: ReleaseReason::Mistake, private: None };
    let head = log.append("c1", &event_fact(935, "2020-02-02T09:30", released)).await;
    let over = running.json("viewer", &format!("/communities/c1/quarantines/q1?after={head}")).await;
    assert_eq!((&over["released"], &over["keepers"]), (&json!("mistake"), &json!([])), "nobody keeps what is over");
    running.projection.stop().await;
}
