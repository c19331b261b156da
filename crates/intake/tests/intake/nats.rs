//! The same commands by request and reply, and what our own services observe.

use std::time::Duration;

use bus::{Answer, Headers};
use domain::{
    Event,
    alert::{Basis, Detail, Firing, Key, Observe, Severity},
    values::Place,
};
use serde_json::{Value as Json, json};
use web::COMMAND_BYTES_MAX;

use crate::harness::{ADMIN, HERE, House, building, command, fresh, until};

pub(crate) async fn ask(house: &House, subject: &str, secret: &str, payload: String) -> (u16, Json) {
    let headers = if secret.is_empty() { Headers::default() } else { Headers::default().with("Authorization", format!("Bearer {secret}")) };
    let Answer { headers, payload } = house.requests.ask(subject, headers, payload.into(), Duration::from_secs(30)).await.unwrap();
    (headers.get("Gridward-Status").unwrap().parse().unwrap(), serde_json::from_slice(&payload).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_as_over_http() {
    let house = House::open().await;
    let subject = "gw.v1.dianbu.u07.command";
    let register = building("b07", "7号楼");
    assert_eq!(ask(&house, subject, ADMIN, register.to_string()).await, (201, json!({"id": register["id"], "status": "recorded", "sequence": 3})));
    for body in [
        register.to_string(),
        "{".to_owned(),
        fresh("household.register", json!({"household": "h1", "building": "b99"})).to_string(),
        json!({"id": 1}).to_string(),
    ] {
        let http = house.post(HERE, ADMIN, &body).await;
        assert_eq!(ask(&house, subject, ADMIN, body).await, (http.status, http.json()));
    }
    for (subject, secret, body, expected) in [
        (subject, "", register.to_string(), (401, "unauthenticated")),
        (subject, "gw_nobody", register.to_string(), (401, "unauthenticated")),
        ("gw.v1.dianbu.u99.command", ADMIN, register.to_string(), (404, "not_found")),
        ("gw.v1.sanhe.u07.command", ADMIN, register.to_string(), (404, "not_found")),
        (subject, ADMIN, " ".repeat(COMMAND_BYTES_MAX + 1), (413, "too_large")),
        (subject, ADMIN, fresh("alert.observe", json!({})).to_string(), (400, "unknown_type")),
    ] {
        let (status, body) = ask(&house, subject, secret, body).await;
        assert_eq!((status, body["code"].as_str().unwrap()), expected);
    }
}

pub(crate) fn observation(id: uuid::Uuid, sequence: u64) -> Json {
    let at = "2020-02-06T15:00:00+08:00".parse().unwrap();
    let firing = Firing {
        severity: Severity::Critical,
        unconfirmed: false,
        place: Place { building: Some("b07".parse().unwrap()), ..Place::default() },
        person: None,
        observed: None,
        detail: Detail::default(),
        causes: vec![format!("{id}-0")],
        first_at: at,
        last_at: at,
        occurrences: 1,
        late: false,
    };
    let key = Key { rule: "fever".parse().unwrap(), subject_kind: "building".parse().unwrap(), subject_id: "b07".parse().unwrap() };
    let observe = Observe {
        key,
        rule_version: 1,
        basis: Basis { sequence, due: None },
        firing: Some(firing),
        late: false,
        quieted_by: Vec::new(),
        recovering_until: None,
    };
    json!({"community": HERE, "id": id, "command": observe})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_rules_observe_raises_an_alert_once() {
    let house = House::open().await;
    house.record(&[building("b07", "7号楼")]).await;
    let (first, second) = (uuid::Uuid::now_v7(), uuid::Uuid::now_v7());
    let told = ask(&house, "svc.intake.observe", "", observation(first, 3).to_string()).await;
    assert_eq!((told.0, &told.1["status"]), (201, &json!("recorded")), "{told:?}");
    let raised = house.log().await.last().unwrap().commit.clone();
    assert!(matches!(raised.events[0], Event::AlertRaised(_)), "{raised:?}");
    assert_eq!((raised.header.actor.as_str(), raised.header.role), ("service", domain::Role::Service));
    assert_eq!(ask(&house, "svc.intake.observe", "", observation(first, 3).to_string()).await.1["status"], "duplicate");
    assert_eq!(ask(&house, "svc.intake.observe", "", observation(second, 3).to_string()).await.1["status"], "unchanged");
    let wrong = ask(&house, "svc.intake.observe", "", json!({"community": HERE}).to_string()).await;
    assert_eq!((wrong.0, wrong.1["code"].as_str()), (400, Some("wrong_shape")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_observation_is_not_taken_from_outside() {
    let house = House::open().await;
    let observed = observation(uuid::Uuid::now_v7(), 3);
    let command = command(uuid::Uuid::now_v7(), "alert.observe", observed["command"].clone());
    let reply = house.send(&command).await;
    assert_eq!(reply.told(), (400, "unknown_type".to_owned()));
    assert_eq!(house.lines(&[command]).await[0]["problem"]["code"], "unknown_type");
    assert_eq!(house.log().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_stop_nobody_listens() {
    let mut house = House::open().await;
    house.stop().await;
    let asked = async || house.requests.ask("gw.v1.dianbu.u07.command", Headers::default(), bytes::Bytes::new(), Duration::from_secs(1)).await;
    until("nobody listens", async || matches!(asked().await, Err(bus::AskError::NobodyListens))).await;
}
