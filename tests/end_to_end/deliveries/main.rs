//! From a fever to whoever subscribed: webhooks that foreign libraries verify, a receiver that is away, a kill in the middle, a storm, a
//! rebuild that tells nobody.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

mod clusters;
mod grids;
mod names;
mod nudges;
mod own;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Foreign, Subscriber, System, until};

const COMMUNITY: &str = "u07";
/// The example of the Standard Webhooks specification.
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Longest wait for anything that is expected.
const WAIT: Duration = Duration::from_secs(40);
/// Fevers of the storm.
const STORM: usize = 500;

fn fever(who: Value, door: usize) -> Value {
    let mut person = json!({"readings":[{"celsius":38.2,"site":"axilla"}],"symptoms":["cough"]});
    person.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
    json!({"id":uuid::Uuid::now_v7(),"type":"visit.record","data":{"household":format!("h{door}"),"outcome":"met","mode":"door","people":[person]}})
}

/// A receiver, and the port where it listens.
async fn receiver(mut foreign: Foreign, given: Value) -> (Foreign, u64) {
    foreign.tell(&given).unwrap();
    let port = foreign.line(0).await.json["port"].as_u64().expect("a port");
    (foreign, port)
}

/// Everything that came to a receiver, once there is as much.
async fn came(receiver: &Foreign, count: usize) -> Vec<Value> {
    receiver.line(count).await;
    all(receiver)
}

fn all(receiver: &Foreign) -> Vec<Value> {
    receiver.said().into_iter().skip(1).map(|line| line.json).collect()
}

/// Writes down who is told, with what that needs beside it.
fn deliveries(folder: &Path, entries: &[(&str, &str, u64, &str)]) -> PathBuf {
    fs::write(folder.join("key"), KEY).unwrap();
    let mut text = "[names]\nu07 = '七里社区'\n".to_owned();
    for (name, channel, port, rest) in entries {
        fs::write(folder.join(format!("{name}.url")), format!("http://127.0.0.1:{port}/hook")).unwrap();
        text += &format!("[[delivery]]\nname = '{name}'\nchannel = '{channel}'\nurl_file = '{name}.url'\n{rest}\nfilter.communities = ['{COMMUNITY}']\n");
        // many fevers in a building are a cluster besides, which is another kind
        text += "filter.kinds = ['fever']\n";
    }
    let file = folder.join("who.toml");
    fs::write(&file, text).unwrap();
    file
}

const WORK: &str = "class = 'work'\nsecret_file = 'key'";

/// How a delivery is doing.
async fn doing(system: &System, name: &str) -> Value {
    let ready: Value = reqwest::get(format!("{}/readyz", system.url().unwrap())).await.unwrap().json().await.unwrap();
    ready["deliveries"][name].clone()
}

async fn until_telling(system: &System, name: &str) {
    until(&format!("{name} tells"), WAIT, async || (doing(system, name).await["state"] == "telling").then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fever_reaches_webhooks_that_foreign_libraries_verify() {
    let folder = tempfile::tempdir().unwrap();
    let (python, python_port) = receiver(Foreign::python("receive.py").unwrap(), json!({"secret":KEY})).await;
    let (node, node_port) = receiver(Foreign::node("receive.mjs").unwrap(), json!({"secret":KEY})).await;
    let public = "secret_file = 'key'";
    let file = deliveries(folder.path(), &[("clinic", "webhook", python_port, WORK), ("police", "webhook", node_port, WORK)]);
    let mut text = fs::read_to_string(&file).unwrap();
    text += &fs::read_to_string(deliveries(folder.path(), &[("press", "webhook", 1, public)])).unwrap().replace("[names]\nu07 = '七里社区'\n", "");
    fs::write(folder.path().join("press.url"), format!("http://127.0.0.1:{python_port}/press")).unwrap();
    fs::write(&file, text).unwrap();
    let mut system = System::start(&["--deliveries", &file.display().to_string()]).await.unwrap();
    for name in ["clinic", "police", "press"] {
        until_telling(&system, name).await;
    }
    system.settle("dianbu", COMMUNITY).await.unwrap();
    let command = fever(json!({"person":"p0"}), 0);
    assert_eq!(system.post(COMMUNITY, &command).await.unwrap().status, 201);
    let cause = json!([format!("{}-0", command["id"].as_str().unwrap())]);
    for (receiver, count) in [(&python, 2), (&node, 1)] {
        let came = came(receiver, count).await;
        assert!(came.iter().all(|call| call["verified"] == true && call["tampered_refused"] == true), "{came:?}");
        assert!(came.iter().all(|call| !call["body"].as_str().unwrap().contains("杨桂")), "a name");
        let work = came.iter().find(|call| call["body"].as_str().unwrap().contains("gridward.alert.raised.v1")).expect("the message");
        let body: Value = serde_json::from_str(work["body"].as_str().unwrap()).unwrap();
        assert_eq!((&body["id"], &body["data"]["caused_by"]), (&work["id"], &cause));
    }
    let counted = all(&python).into_iter().find(|call| call["body"].as_str().unwrap().contains("counted")).expect("the counts");
    let body: Value = serde_json::from_str(counted["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["data"]["counts"], json!([{"community":COMMUNITY,"kind":"fever","severity":"critical","progress":"new","count":1}]));
    assert!(!counted["body"].as_str().unwrap().contains("b07"), "{counted}");
    an_operator_can_look_and_try(&system, &file, &python).await;
    system.stop().unwrap();
}

/// Lists, tests and metrics; nothing of it shows an address or a secret.
async fn an_operator_can_look_and_try(system: &System, file: &Path, python: &Foreign) {
    let file = file.display().to_string();
    let run = |arguments: &[&str]| {
        let output = system.command(&[&["deliveries", "--deliveries", &file], arguments].concat()).unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, listed, _) = run(&["list"]);
    assert!(code == 0 && listed.lines().count() == 3 && listed.contains("telling: of the messages 1 delivered, 0 waiting, 0 given up"), "{listed}");
    let before = all(python).len();
    let (code, said, error) = run(&["test", "clinic"]);
    assert_eq!((code, said.as_str()), (0, "delivered: HTTP 200\nit said: {\"errcode\":0,\"errmsg\":\"ok\"}\n"), "{error}");
    assert!(came(python, before + 1).await[before]["body"].as_str().unwrap().contains("gridward.delivery.tested.v1"));
    assert_eq!(run(&["test", "nobody"]).0, 3);
    let checked = system.command(&["config", "check-deliveries", &file]).unwrap();
    assert!(checked.status.success());
    let metrics = reqwest::get(format!("{}/metrics", system.url().unwrap())).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("gridward_delivery_messages_total{delivery=\"clinic\",outcome=\"delivered\"} 1"), "{metrics}");
    for text in [listed, metrics, system.whole_log()] {
        assert!(!text.contains("/hook") && !text.contains("whsec_"), "an address or a secret is shown");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_between_telling_and_the_mark_tells_again_under_the_same_id_and_a_rebuild_tells_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (mut clinic, port) = receiver(Foreign::python("receive.py").unwrap(), json!({"secret":KEY})).await;
    let file = deliveries(folder.path(), &[("clinic", "webhook", port, WORK)]);
    let mut system = System::start(&["--deliveries", &file.display().to_string()]).await.unwrap();
    until_telling(&system, "clinic").await;
    system.settle("dianbu", COMMUNITY).await.unwrap();
    clinic.tell(&json!({"answer":null})).unwrap();
    assert_eq!(system.post(COMMUNITY, &fever(json!({"person":"p0"}), 0)).await.unwrap().status, 201);
    came(&clinic, 1).await;
    system.kill().unwrap();
    clinic.tell(&json!({"answer":200})).unwrap();
    system.begin().await.unwrap();
    let twice = came(&clinic, 2).await;
    assert_eq!((&twice[0]["id"], &twice[0]["body"]), (&twice[1]["id"], &twice[1]["body"]));
    until("it is done", WAIT, async || (doing(&system, "clinic").await["delivered"] == 1).then_some(())).await;
    // the receiver goes away; others do not wait for it, and it is told when it comes back
    clinic.tell(&json!({"answer":503})).unwrap();
    for door in 1..6 {
        assert_eq!(system.post(COMMUNITY, &fever(json!({"person":format!("p{door}")}), door)).await.unwrap().status, 201);
    }
    let failing = until("it is noticed", WAIT, async || Some(doing(&system, "clinic").await).filter(|doing| doing["failing"] == 5)).await;
    assert_eq!((&failing["state"], &failing["last_failure"]), (&json!("failing"), &json!("HTTP 503")));
    clinic.tell(&json!({"answer":200})).unwrap();
    until("all is told", WAIT, async || (doing(&system, "clinic").await["delivered"] == 6).then_some(())).await;
    let ids: BTreeSet<String> = all(&clinic).iter().map(|call| call["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 6);
    // every store is folded anew: what was told was told
    system.stop().unwrap();
    fs::remove_dir_all(system.data().join("stores")).unwrap();
    let told = all(&clinic).len();
    system.begin().await.unwrap();
    until_telling(&system, "clinic").await;
    assert_eq!(system.post(COMMUNITY, &fever(json!({"person":"p7"}), 7)).await.unwrap().status, 201);
    let after = came(&clinic, told + 1).await;
    assert_eq!(after.len(), told + 1, "only the new one");
    assert!(!ids.contains(after[told]["id"].as_str().unwrap()));
    system.stop().unwrap();
}

/// Numbers of messages that a robot's texts tell of: 警报 N 条, 合并通知：N 条.
fn told(calls: &[Value]) -> usize {
    let count = |call: &Value| {
        let body: Value = serde_json::from_str(call["body"].as_str().unwrap()).unwrap();
        let text = body["text"]["content"].as_str().unwrap().to_owned();
        let head = text.lines().next().unwrap();
        assert!(head.contains("【演练】"), "an exercise says so first: {text}");
        assert!(!text.contains("7号楼") && !text.contains("阳光小区"), "class public says nothing of a place: {text}");
        let digits: String = head.chars().filter(char::is_ascii_digit).collect();
        if head.contains("目前无人接手") { 0 } else { digits.parse::<usize>().unwrap() }
    };
    calls.iter().map(count).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_fevers_is_few_calls_whose_counts_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let (robot, port) = receiver(Foreign::python("receive.py").unwrap(), json!({})).await;
    let file = deliveries(folder.path(), &[("group", "wecom", port, "")]);
    let mut system = System::start(&["--clock", "2020-02-06T10:00:00+08:00@1", "--deliveries", &file.display().to_string()]).await.unwrap();
    until_telling(&system, "group").await;
    system.settle("dianbu", COMMUNITY).await.unwrap();
    let lines: Vec<String> = (0..STORM).map(|number| fever(json!({"unregistered":{"ref":format!("guest-{number}")}}), number % 24).to_string()).collect();
    let token = system.admin_token().unwrap();
    let path = format!("/communities/{COMMUNITY}/commands");
    let answer = system.open(&token, Method::POST, &path, &[("content-type", "application/x-ndjson")], Some(lines.join("\n"))).await.unwrap();
    let answer = answer.text().await.unwrap();
    assert_eq!(answer.lines().filter(|line| line.contains("\"recorded\"")).count(), STORM, "{}", answer.lines().next().unwrap_or_default());
    let doing = until("all is told", WAIT, async || Some(doing(&system, "group").await).filter(|doing| doing["delivered"] == STORM)).await;
    assert_eq!((&doing["failing"], &doing["given_up"], &doing["waiting"]), (&json!(0), &json!(0), &json!(0)));
    let calls = all(&robot);
    assert_eq!(told(&calls), STORM);
    assert!(calls.len() <= 15, "{} calls", calls.len());
    system.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_silenced_is_on_the_topic_and_the_page_and_told_to_programs_and_not_to_people() {
    let folder = tempfile::tempdir().unwrap();
    let (clinic, port) = receiver(Foreign::python("receive.py").unwrap(), json!({"secret":KEY})).await;
    let (robot, robot_port) = receiver(Foreign::python("receive.py").unwrap(), json!({})).await;
    let file = deliveries(folder.path(), &[("clinic", "webhook", port, WORK), ("group", "wecom", robot_port, "class = 'work'")]);
    let mut system = System::start(&["--clock", "2020-02-06T10:00:00+08:00@1", "--deliveries", &file.display().to_string()]).await.unwrap();
    until_telling(&system, "clinic").await;
    until_telling(&system, "group").await;
    system.settle("dianbu", COMMUNITY).await.unwrap();
    let credentials = system.add_consumer("hospital", &["gw.v1.dianbu.u07.alert.fever.>"]).unwrap();
    let subscriber = Subscriber::start(&credentials).await.unwrap();
    let id = uuid::Uuid::now_v7();
    let data = json!({"kind":"fever","building":"b07","until":"2020-02-06T20:00:00+08:00","reason":"演练前的测试"});
    let silence = system.post(COMMUNITY, &json!({"id":id,"type":"alert.silence","data":data})).await.unwrap();
    assert_eq!(silence.status, 201, "{}", silence.text);
    assert_eq!(system.post(COMMUNITY, &fever(json!({"person":"p0"}), 0)).await.unwrap().status, 201);
    assert_eq!(subscriber.message(0).await.json["data"]["suppressed"], json!(["silenced"]));
    until("it is counted", WAIT, async || (doing(&system, "group").await["suppressed"]["silenced"] == 1).then_some(())).await;
    let flagged = came(&clinic, 1).await;
    assert!(flagged[0]["body"].as_str().unwrap().contains("\"suppressed\":[\"silenced\"]"), "{flagged:?}");
    let office = system.token("office", &["--community", COMMUNITY], "office").unwrap();
    let viewer = system.token("viewer", &["--community", COMMUNITY], "viewer").unwrap();
    let page = async |token: &str| {
        until("the token holds", WAIT, async || Some(system.page(token, &format!("/c/{COMMUNITY}/alerts")).await.unwrap()).filter(|page| page.status == 200))
            .await
            .text
    };
    let shown = page(&office).await;
    assert!(shown.contains("静默中") && shown.contains("发热 · 7号楼") && shown.contains("20:00") && shown.contains("演练前的测试"), "{shown}");
    assert!(!page(&viewer).await.contains("演练前的测试"), "why is private");
    system.must(COMMUNITY, "alert.unsilence", None, json!({"silence":id})).await.unwrap();
    assert_eq!(system.post(COMMUNITY, &fever(json!({"person":"p1"}), 1)).await.unwrap().status, 201);
    assert_eq!(subscriber.message(1).await.json["data"]["suppressed"], json!([]));
    let told = came(&robot, 1).await;
    assert!(told.len() == 1 && told[0]["body"].as_str().unwrap().contains("2单元102"), "{told:?}");
    assert_eq!(came(&clinic, 2).await.len(), 2);
    let listed = system.get(&format!("/communities/{COMMUNITY}/silences")).await.unwrap();
    assert_eq!(listed.json["items"], json!([]));
    system.stop().unwrap();
}
