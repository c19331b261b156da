//! Within a community: an alert that says who is a case exists for the nurse and the office, and nowhere else.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Answer, Subscriber, System, until};
use uuid::Uuid;

use crate::{OWN, fever};

/// Longest wait for an alert.
const WAIT: Duration = Duration::from_secs(20);
/// Roles that may not see findings, and roles that may.
const OTHERS: [&str; 6] = ["admin", "command", "grid", "leader", "gate", "viewer"];
const SEE: [&str; 2] = ["office", "nurse"];
/// How nobody is to be told of it.
const KIND: &str = "exposure_undecided";

/// An answer to a token, about the community.
async fn ask(system: &System, token: &str, path: &str) -> Answer {
    system.request_as(token, Method::GET, &format!("/communities/{OWN}{path}"), None).await.unwrap()
}

async fn send(system: &System, token: &str, kind: &str, data: Value) -> Answer {
    let command = json!({"id": Uuid::now_v7(), "type": kind, "data": data}).to_string();
    system.request_as(token, Method::POST, &format!("/communities/{OWN}/commands"), Some(command)).await.unwrap()
}

/// The open alert of a kind, once a token sees one.
async fn open(system: &System, token: &str, kind: &str) -> Value {
    until(&format!("an alert of {kind}"), WAIT, async || {
        let alerts = ask(system, token, "/alerts").await.json;
        alerts["items"].as_array()?.iter().find(|alert| alert["kind"] == kind).cloned()
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_a_case_is_told_to_the_nurse_and_the_office_and_through_no_other_door() {
    let mut system = System::start(&[]).await.unwrap();
    system.settle("dianbu", OWN).await.unwrap();
    let token = |role: &str| system.token(&format!("t-{role}"), &["--community", OWN], role).unwrap();
    let (others, see) = (OTHERS.map(|role| (role, token(role))), SEE.map(|role| (role, token(role))));
    let police = Subscriber::start(&system.add_consumer("police", &["gw.v1.dianbu.*.alert.>"]).unwrap()).await.unwrap();
    let screen = ["consumer", "add", "screen", "--class", "public", "--from", "all", "--filter", "gw-public.v1.dianbu.*.alert.>"];
    let screen = Subscriber::start(&system.json_of(&screen).unwrap()).await.unwrap();

    let found = send(&system, &see[1].1, "medical.record", json!({"person": "p0", "finding": "confirmed"})).await;
    assert_eq!(found.status, 201, "{}", found.text);
    let alert = open(&system, &see[1].1, KIND).await;
    assert_eq!((&alert["severity"], &alert["person"]["person"]), (&json!("critical"), &json!("p0")));
    let (id, n) = (alert["alert"].as_str().unwrap(), &alert["n"]);
    for (role, token) in &see {
        assert_eq!(ask(&system, token, &format!("/alerts/{id}")).await.status, 200, "{role}");
        assert_eq!(ask(&system, token, "").await.json["alerts"]["critical"], 1, "{role}");
        let page = system.page(token, &format!("/c/{OWN}/alerts/{id}")).await.unwrap();
        assert_eq!(page.status, 200, "{role}: {}", page.text);
    }
    let begun: jiff::Timestamp = alert["first_at"].as_str().unwrap().parse().unwrap();
    let an_hour_later = (begun + jiff::SignedDuration::from_hours(1)).to_string();
    let silenced = send(&system, &see[0].1, "alert.silence", json!({"kind": KIND, "until": an_hour_later, "reason": "已在处理"})).await;
    for (role, token) in &see {
        let is_shown = async || ask(&system, token, "/silences").await.text.contains(KIND).then_some(());
        until(&format!("{role} reads the silence: {}", silenced.text), WAIT, is_shown).await;
    }
    for (role, token) in &others {
        assert_eq!(ask(&system, token, "/silences").await.json["items"], json!([]), "{role}");
        let take_back = async |command: &Value| {
            let answer = send(&system, token, "record.retract", json!({"command": command, "reason": "x"})).await;
            (answer.status, answer.text.replace(command.as_str().unwrap(), "…"))
        };
        let unknown = json!("01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f50");
        if *role != "admin" {
            assert_eq!(take_back(&found.json["id"]).await, take_back(&unknown).await, "{role}");
        }
        let absent = ask(&system, token, "/alerts/abcdefghijklmnop-1").await;
        let hidden = ask(&system, token, &format!("/alerts/{id}")).await;
        assert_eq!((hidden.status, &hidden.text), (404, &absent.text), "{role}");
        assert_eq!(ask(&system, token, "/alerts").await.json["items"], json!([]), "{role}");
        for path in ["", "/buildings/b07"] {
            assert_eq!(ask(&system, token, path).await.json["alerts"], json!({"critical": 0, "serious": 0, "caution": 0}), "{role} {path}");
        }
        for path in ["/timeline?person=p0", "/timeline?household=h0", "/timeline?building=b07", "/events"] {
            let told = ask(&system, token, path).await.text;
            assert!(!told.contains(KIND) && !told.contains("alert.raised") && !told.contains(id), "{role} {path}: {told}");
        }
        for page in ["", "/alerts", "/b/b07", "/h/h0"] {
            let page = system.page(token, &format!("/c/{OWN}{page}")).await.unwrap().text;
            assert!(!page.contains(id) && !page.contains("病例或接触者"), "{role}: {page}");
        }
        assert_eq!(system.page(token, &format!("/c/{OWN}/alerts/{id}")).await.unwrap().status, 404, "{role}");
        // whoever may send commands about alerts learns nothing by sending one, with the right n or a wrong one
        for (kind, more) in [("alert.acknowledge", json!({})), ("alert.note", json!({"note": "x"})), ("alert.close", json!({"reason": "moved"}))] {
            let answers = [(id, n.clone()), (id, json!(99)), ("abcdefghijklmnop-1", json!(1))].map(|(alert, n)| {
                let mut data = more.clone();
                (data["alert"], data["n"]) = (json!(alert), n);
                data
            });
            let mut told = Vec::new();
            for data in answers {
                let answer = send(&system, token, kind, data).await;
                told.push((answer.status, answer.text.replace(id, "abcdefghijklmnop-1")));
            }
            assert!(told[0].0 == 422 || told[0].0 == 403, "{role} {kind}: {told:?}");
            assert!(told.iter().all(|answer| *answer == told[0]), "{role} {kind}: {told:#?}");
        }
    }
    let listed = system.command(&["--community", OWN, "--json", "alerts", "list"]).unwrap();
    assert!(listed.status.success() && !String::from_utf8_lossy(&listed.stdout).contains(KIND), "{}", String::from_utf8_lossy(&listed.stdout));

    // had a topic been told of it, it would stand before this one
    fever(&system, OWN, "h1", "p1").await;
    assert_eq!(police.message(0).await.subject, format!("gw.v1.dianbu.{OWN}.alert.fever.critical.b07.raised"));
    let counted = screen.message(0).await;
    assert_eq!(counted.subject, format!("gw-public.v1.dianbu.{OWN}.alert.fever.critical._.raised"));
    assert_eq!(counted.json["data"]["open"], json!([{"kind": "fever", "severity": "critical", "count": 1}]));
    assert_eq!(ask(&system, &see[0].1, "").await.json["alerts"]["critical"], 2, "the office counts both");
    drop((police, screen));
    system.stop().unwrap();
}
