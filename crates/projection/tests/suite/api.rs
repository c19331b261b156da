//! The HTTP contract: shapes, lists, limits, parameters, masking.

use axum::http::StatusCode;
use domain::{
    alert::{AlertId, Basis, Detail, Key, Occurrence, Raised, Severity},
    medical::{Finding, FindingRecorded},
    person::IdentityCorrected,
    quarantine::CheckOutcome,
    values::{Place, PlaceNames, Subject},
    visit::Outcome,
};
use serde_json::{Value, json};

use crate::{
    harness::{Log, Running, event_fact},
    world::{at, check, day, found, id, place, report, visit},
};

async fn running(log: &Log, folder: &tempfile::TempDir) -> Running {
    let running = log.start(folder.path());
    running.reached(log.head).await;
    running
}

pub(crate) fn raised(severity: Severity) -> Raised {
    let key = Key { rule: id("fever"), subject_kind: id("person"), subject_id: id("p3") };
    let hash = key.hash(&id("c1"));
    let occurrence = Occurrence {
        severity,
        unconfirmed: false,
        place: Place { household: Some(id("h2")), ..place("h2") },
        names: PlaceNames::default(),
        person: Some(Subject::person(id("p3"))),
        observed: None,
        detail: Detail::default(),
        causes: vec!["cause-0".to_owned()],
        first_at: at("2020-02-02T09:00"),
        last_at: at("2020-02-02T09:00"),
        occurrences: 1,
        late: false,
        rule_version: 1,
        basis: Basis { sequence: 1, due: None },
    };
    Raised { alert: AlertId::new(hash, 1), key, n: 1, episode: 1, occurrence }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_row_has_the_shape_of_the_contract() {
    let mut log = Log::with_community().await;
    let head = log.append("c1", &event_fact(900, "2020-02-02T09:00", report(&[], day("2020-02-02"), None))).await;
    let folder = tempfile::tempdir().unwrap();
    let running = running(&log, &folder).await;
    let answer = running.get("viewer", "/communities/c1/buildings").await;
    assert_eq!(answer.headers["gridward-sequence"], head.to_string());
    let expected = json!({
        "building": "b07", "name": "7号楼", "estate": null, "estate_name": null, "status": "duty", "households": 3, "doors": 4, "covered": 0, "people": 4,
        "quarantined": 1, "badges": ["duty"], "checks": {"due": 1, "done": 0, "overdue": 0, "missed": 2}, "alerts": {"critical": 0, "serious": 0, "caution": 0},
        "silent": false, "last_report_at": "2020-02-02T01:00:00Z", "sequence": head,
    });
    assert_eq!(answer.json(), json!({"items": [expected], "next": null, "sequence": head}));
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_headline_sums_and_communities_come_worst_first() {
    let mut log = Log::with_community().await;
    log.append_all("c2", &crate::world::registrations()).await;
    log.append("c2", &event_fact(900, "2020-02-02T09:00", raised(Severity::Critical))).await;
    let visited = visit(place("h2"), Outcome::Met, Some("r1"), vec![found("p3", 366, at("2020-02-02T09:00"))]);
    let head = log.append("c1", &event_fact(901, "2020-02-02T09:00", visited)).await;
    let folder = tempfile::tempdir().unwrap();
    let running = running(&log, &folder).await;
    let headline = running.json("office", "/communities/c1").await;
    let expected = json!({"round": "r1", "reached": 1, "total": 4});
    assert_eq!((&headline["coverage"], &headline["people"], &headline["sequence"]), (&expected, &json!(4), &json!(head)));
    let list = running.json("admin", "/communities").await;
    let order: Vec<&str> = list["items"].as_array().unwrap().iter().map(|item| item["community"].as_str().unwrap()).collect();
    assert_eq!(order, ["c2", "c1"]);
    let first = running.json("admin", "/communities?limit=1").await;
    assert_eq!(first["next"], "c2");
    assert_eq!(running.json("admin", "/communities?limit=1&cursor=c2").await["items"][0]["community"], "c1");
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parameters_that_are_not_known_are_refused_and_never_ignored() {
    let log = Log::with_community().await;
    let folder = tempfile::tempdir().unwrap();
    let running = running(&log, &folder).await;
    for (query, code) in [
        ("as_of=2020-02-02T00:00:00Z", "unsupported_parameter"),
        ("known_at=2020-02-02T00:00:00Z", "unsupported_parameter"),
        ("colour=red", "unknown_parameter"),
        ("limit=0", "limit_range"),
        ("limit=201", "limit_range"),
        ("limit=many", "wrong_shape"),
        ("limit=1&limit=2", "parameter_twice"),
        ("after=soon", "wrong_shape"),
        ("cursor=%E6%A5%BC", "cursor_malformed"),
    ] {
        let answer = running.get("office", &format!("/communities/c1/buildings?{query}")).await;
        assert_eq!((answer.status, answer.json()["invalid_params"][0]["code"].as_str()), (StatusCode::BAD_REQUEST, Some(code)), "{query}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{query}");
    }
    for cursor in ["x", "b07~", "1~2~3~4~5", "~"] {
        for list in ["quarantines", "alerts", "timeline?person=p1"] {
            let separator = if list.contains('?') { '&' } else { '?' };
            let answer = running.get("office", &format!("/communities/c1/{list}{separator}cursor={cursor}")).await;
            assert!(matches!(answer.status, StatusCode::BAD_REQUEST | StatusCode::OK), "{list} {cursor}: {}", answer.status);
        }
    }
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_waits_for_the_commit_and_says_when_it_does_not_come() {
    let mut log = Log::with_community().await;
    let folder = tempfile::tempdir().unwrap();
    let running = running(&log, &folder).await;
    let path = format!("/communities/c1/buildings?after={}", log.head + 1);
    let answer = running.get("office", &path).await;
    assert_eq!((answer.status, answer.headers["retry-after"].to_str().unwrap()), (StatusCode::SERVICE_UNAVAILABLE, "1"));
    let (answer, head) = tokio::join!(running.get("office", &path), async {
        log.append("c1", &event_fact(900, "2020-02-02T09:00", report(&[], day("2020-02-02"), None))).await
    });
    assert_eq!((answer.status, answer.json()["sequence"].as_u64()), (StatusCode::OK, Some(head)));
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sealed_text_is_opened_for_those_who_may_see_it_and_null_for_the_others() {
    let mut log = Log::with_community().await;
    let mut told = event_fact(900, "2020-02-02T09:00", report(&[], day("2020-02-02"), None));
    let private = Some(log.sealed_name("p1", "杨桂英", told.header.command).await);
    told.event = IdentityCorrected { person: id("p1"), birth_year: Some(1950), sex: None, private, identity_fingerprint: 1 }.into();
    log.append("c1", &told).await;
    let mut found = event_fact(901, "2020-02-02T09:10", report(&[], day("2020-02-02"), None));
    let private = Some(log.sealed_name("p1", "杨桂英", found.header.command).await);
    let (who, finding) = (Subject::person(id("p1")), Finding::Suspected);
    found.event = FindingRecorded { who, finding, home: None, housemates: Vec::new(), facility: None, private }.into();
    log.append("c1", &found).await;
    let folder = tempfile::tempdir().unwrap();
    let running = running(&log, &folder).await;
    let seen = running.json("office", "/communities/c1/people/p1").await;
    assert_eq!((&seen["findings"][0]["finding"], &seen["findings"][0]["private"]), (&json!("suspected"), &json!({"name": ["杨桂英"]})));
    assert_eq!((&seen["private"], &seen["birth_year"]), (&json!({"name": ["杨桂英"]}), &json!(1950)));
    let timeline = running.json("office", "/communities/c1/timeline?person=p1").await;
    assert_eq!(timeline["items"][0]["data"]["finding"], json!("suspected"));
    assert_eq!(timeline["items"][1]["data"]["private"], json!({"name": ["杨桂英"]}));
    for path in ["/communities/c1/people/p1", "/communities/c1/timeline?person=p1"] {
        for token in ["viewer", "admin"] {
            let masked = running.get(token, path).await;
            let text = String::from_utf8(masked.bytes.clone()).unwrap();
            assert!(
                masked.status.is_success() && !text.contains('杨') && !text.contains("1950") && !text.contains("suspected") && !text.contains("sealed"),
                "{token} {path}: {text}"
            );
        }
    }
    // what medicine found is for those who work for somebody's health, whoever else may see names
    for (token, sees) in [("nurse", true), ("leader", false), ("gate", false)] {
        let person = running.json(token, "/communities/c1/people/p1").await;
        let timeline = running.json(token, "/communities/c1/timeline?person=p1").await;
        assert_eq!(person["private"], json!({"name": ["杨桂英"]}), "{token}");
        assert!(timeline.to_string().contains("杨桂英"), "{token}");
        assert_eq!((person.to_string().contains("suspected"), timeline.to_string().contains("finding")), (sees, sees), "{token}");
    }
    let export = |token| running.get(token, "/communities/c1/events");
    let (operator, office) = (export("admin").await, export("office").await);
    let told = |answer: &crate::harness::Answer| String::from_utf8(answer.bytes.clone()).unwrap().contains("suspected");
    assert_eq!((told(&operator), told(&office)), (false, true), "who may export the log may not see every finding");
    // the key is destroyed: nobody reads it again, and no error is made of it
    let key = domain::values::KeyOwner::Person(id("p1")).key_id(&crate::harness::secrets().key_ids, &id("c1"));
    assert!(log.keys.destroy(&key.to_string()).await.unwrap());
    running.projection.stop().await;
    let running = log.start(folder.path());
    running.reached(log.head).await;
    assert_eq!(running.json("office", "/communities/c1/people/p1").await["private"], Value::Null);
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_show_in_building_list_and_history() {
    let mut log = Log::with_community().await;
    let alert = raised(Severity::Critical);
    log.append("c1", &event_fact(900, "2020-02-02T09:00", alert.clone())).await;
    let folder = tempfile::tempdir().unwrap();
    let running = running(&log, &folder).await;
    let building = running.json("viewer", "/communities/c1/buildings/b07").await;
    assert_eq!((&building["status"], &building["alerts"]["critical"]), (&json!("critical"), &json!(1)));
    let door = &building["units"][0]["floors"][0]["doors"][0];
    assert_eq!((&door["door"], &door["state"]), (&json!("201"), &json!("critical")));
    assert_eq!(running.json("viewer", "/communities/c1/alerts").await["items"][0]["alert"], alert.alert.to_string());
    let one = running.json("viewer", &format!("/communities/c1/alerts/{}", alert.alert)).await;
    assert_eq!((&one["caused_by"], &one["history"][0]["action"], &one["n"]), (&json!(["cause-0"]), &json!("raised"), &json!(1)));
    assert_eq!(running.json("viewer", "/communities/c1/buildings").await["items"][0]["alerts"]["critical"], 1);
    assert_eq!(running.json("viewer", "/communities/c1").await["alerts"]["critical"], 1);
    let closed = domain::alert::Closed { alert: alert.alert.clone(), key: alert.key, n: 2, reason: domain::alert::CloseReason::FalseAlarm };
    let head = log.append("c1", &event_fact(901, "2020-02-02T09:30", closed)).await;
    assert_eq!(running.json("viewer", &format!("/communities/c1/alerts?after={head}")).await["items"], json!([]));
    assert_eq!(running.json("viewer", "/communities/c1/alerts?state=ended").await["items"][0]["state"], "closed");
    assert_eq!(running.json("viewer", "/communities/c1/buildings").await["items"][0]["alerts"]["critical"], 0);
    assert_eq!(running.json("viewer", "/communities/c1").await["alerts"]["critical"], 0);
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_cut_into_pages_that_lose_and_repeat_nothing() {
    let mut log = Log::with_community().await;
    for number in 0..25u64 {
        let when = format!("2020-02-02T{:02}:{:02}", 1 + number / 5, (number % 5) * 10);
        log.append("c1", &event_fact(900 + number, &when, visit(place("h2"), Outcome::Met, None, Vec::new()))).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let running = running(&log, &folder).await;
    let whole = running.json("office", "/communities/c1/timeline?household=h2&limit=200").await;
    let ids = |value: &Value| value["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = running.json("office", &format!("/communities/c1/timeline?household=h2&limit=4{cursor}")).await;
        seen.extend(ids(&page));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ids(&whole));
    assert_eq!(seen.len(), 27, "25 visits, the registration, a residence");
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_export_is_a_line_per_commit_of_one_community() {
    let mut log = Log::with_community().await;
    log.append_all("c2", &crate::world::registrations()).await;
    let folder = tempfile::tempdir().unwrap();
    let running = running(&log, &folder).await;
    assert_eq!(running.get("viewer", "/communities/c1/events").await.status, StatusCode::FORBIDDEN);
    let export = running.get("office", "/communities/c1/events").await;
    assert_eq!(export.headers["content-type"], "application/x-ndjson");
    let lines: Vec<Value> = String::from_utf8(export.bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), crate::world::registrations().len());
    assert!(lines.iter().all(|line| line["community"] == "c1"));
    assert_eq!(lines[0]["events"][0]["type"], "community.founded.v1");
    let from = lines[3]["sequence"].as_u64().unwrap();
    let rest = running.get("office", &format!("/communities/c1/events?from={from}")).await;
    assert_eq!(String::from_utf8(rest.bytes).unwrap().lines().count(), lines.len() - 3);
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_operator_sees_is_for_the_operator() {
    let log = Log::with_community().await;
    let folder = tempfile::tempdir().unwrap();
    let running = running(&log, &folder).await;
    for path in ["/status", "/verify"] {
        assert_eq!(running.get("office", path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    for path in ["/status", "/verify"] {
        for query in ["after=1", "zhangsan=1"] {
            let answer = running.get("admin", &format!("{path}?{query}")).await;
            let refused = answer.json();
            assert_eq!((answer.status, &refused["invalid_params"][0]["code"]), (StatusCode::BAD_REQUEST, &json!("unknown_parameter")), "{path} {query}");
            assert!(!refused.to_string().contains("zhangsan"), "{refused}");
        }
    }
    let status = running.json("admin", "/status").await;
    assert_eq!((&status["phase"], &status["sequence"], &status["lag"]), (&json!("following"), &json!(log.head), &json!(0)));
    let verify = running.json("admin", "/verify").await;
    assert_eq!((&verify["commits"], &verify["broken_chain"]), (&json!(log.head), &json!([])));
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_good_at_this_door_as_soon_as_it_was_made_at_the_other() {
    let mut log = Log::with_community().await;
    let folder = tempfile::tempdir().unwrap();
    let running = running(&log, &folder).await;
    for number in 0..30 {
        let secret = format!("new-{number}");
        log.grant(&secret, domain::Role::Viewer, domain::access::TokenScope::default()).await;
        assert_eq!(running.get(&secret, "/communities/c1").await.status, StatusCode::OK, "{secret}");
    }
    assert_eq!(running.get("nobody", "/communities/c1").await.status, StatusCode::UNAUTHORIZED);
    log.memory.set_available(false);
    assert_eq!(running.get("nobody", "/communities/c1").await.status, StatusCode::UNAUTHORIZED, "without the log, too");
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_community_of_which_nothing_is_recorded_is_unknown_and_not_vacant() {
    let mut log = Log::with_community().await;
    log.append_all("c2", &crate::world::registrations()[..1]).await;
    let folder = tempfile::tempdir().unwrap();
    let running = running(&log, &folder).await;
    let headline = running.json("admin", "/communities/c2").await;
    assert_eq!((&headline["status"], &headline["buildings"]), (&json!("unknown"), &json!(0)), "{headline}");
    let list = running.json("admin", "/communities").await;
    let found = list["items"].as_array().unwrap().iter().find(|item| item["community"] == "c2").map(|item| item["status"].clone());
    assert_eq!(found, Some(json!("unknown")));
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_measured_of_somebody_is_the_newest_that_was_not_taken_back() {
    let mut log = Log::with_community().await;
    let taken = |number: u64| {
        let when = format!("2020-02-{:02}T{:02}:00", 3 + number / 12, 8 + number % 12);
        event_fact(900 + number, &when, visit(place("h2"), Outcome::Met, None, vec![found("p3", 360 + number as i16, at(&when))]))
    };
    for number in 0..40 {
        log.append("c1", &taken(number)).await;
        // what tells of them without measuring takes no place from what does
        let absent = visit(place("h2"), Outcome::Absent, None, Vec::new());
        log.append("c1", &event_fact(1_000 + number, "2020-02-20T09:00", absent)).await;
    }
    let head = log.append("c1", &taken(38).retracted(950)).await;
    let folder = tempfile::tempdir().unwrap();
    let running = running(&log, &folder).await;
    let person = running.json("office", &format!("/communities/c1/people/p3?after={head}")).await;
    let tenths: Vec<i64> = person["measured"].as_array().unwrap().iter().map(|one| one["readings"][0]["tenths_celsius"].as_i64().unwrap()).collect();
    let expected: Vec<i64> = (0..40).rev().filter(|number| *number != 38).take(32).map(|number| 360 + number).collect();
    assert_eq!(tenths, expected);
    assert_eq!(person["measured"][0]["source"], "visit");
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_in_hospital_is_told_to_those_who_may_see_findings_until_they_are_reached_again() {
    let mut log = Log::with_community().await;
    let happened = at("2020-02-02T09:20");
    let mut there = event_fact(900, "2020-02-02T09:20", report(&[], day("2020-02-02"), None));
    there.event = check(CheckOutcome::Hospital, 0, happened).into();
    let event = format!("{}-0", there.header.command);
    log.append("c1", &there).await;
    let folder = tempfile::tempdir().unwrap();
    let running = running(&log, &folder).await;
    let stay = json!({ "quarantine": "q1", "since": happened, "event": event });
    for (token, sees) in [("office", true), ("nurse", true), ("leader", false), ("gate", false), ("viewer", false), ("admin", false)] {
        let person = running.json(token, "/communities/c1/people/p1").await;
        assert_eq!(person["in_hospital"], if sees { stay.clone() } else { Value::Null }, "{token}");
    }
    let housemate = running.json("nurse", "/communities/c1/people/p2").await;
    assert_eq!(housemate["in_hospital"], Value::Null, "only who is there is there");
    let mut back = event_fact(901, "2020-02-02T09:40", report(&[], day("2020-02-02"), None));
    back.event = check(CheckOutcome::Reached, 366, at("2020-02-02T09:40")).into();
    let head = log.append("c1", &back).await;
    running.reached(head).await;
    assert_eq!(running.json("nurse", "/communities/c1/people/p1").await["in_hospital"], Value::Null);
    running.projection.stop().await;
}
