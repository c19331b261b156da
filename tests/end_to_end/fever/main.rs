//! A fever, from the nurse's phone to everybody who has to know: outsiders on a topic, the board, the timeline, whoever takes it on.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Foreign, Message, Subscriber, System, until};

const COMMUNITY: &str = "u07";
/// Fevers whose way is timed.
const FEVERS: usize = 20;
/// Fevers that are shown by the printed line, one after the other.
const PASTED_FEVERS: usize = 5;
/// Half of the fevers are to be known within this time.
const LATENCY_P50_MAX: Duration = Duration::from_secs(1);
/// Longest wait for anything that is expected.
const WAIT: Duration = Duration::from_secs(20);

fn fever(door: usize) -> Value {
    let people = json!([{"person":format!("p{door}"),"readings":[{"celsius":38.2,"site":"axilla"}],"symptoms":["cough"]}]);
    json!({"id":uuid::Uuid::now_v7(),"type":"visit.record","data":{"household":format!("h{door}"),"outcome":"met","mode":"door","people":people}})
}

fn cause_of(command: &Value) -> String {
    format!("{}-0", command["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fever_reaches_everybody_who_has_to_know() {
    let mut system = System::start(&[]).await.unwrap();
    system.settle("dianbu", COMMUNITY).await.unwrap();
    let credentials = system.add_consumer("clinic", &["gw.v1.dianbu.u07.alert.fever.>"]).unwrap();
    assert_eq!(credentials["applied"], true);
    let subscriber = Subscriber::start(&credentials).await.unwrap();

    let (commands, messages) = fevers_are_told_at_once(&system, &subscriber).await;
    both_sdks_accept(&messages).await;
    let raised = &messages[0];
    pages_show_it(&system, &commands[0], raised).await;
    the_same_again_changes_nothing(&system, &subscriber, &commands[0]).await;
    somebody_takes_it_on(&system, &subscriber, raised).await;
    drop(subscriber);
    system.stop().unwrap();
}

/// Sends one fever after the other, and times each until a subscriber has it.
async fn fevers_are_told_at_once(system: &System, subscriber: &Subscriber) -> (Vec<Value>, Vec<Message>) {
    let (mut commands, mut messages, mut took) = (Vec::new(), Vec::new(), Vec::new());
    for door in 0..FEVERS {
        let command = fever(door);
        let sent = Instant::now();
        let answer = system.post(COMMUNITY, &command).await.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text);
        let message = subscriber.message(door).await;
        took.push(message.at - sent);
        assert_eq!(message.subject, "gw.v1.dianbu.u07.alert.fever.critical.b07.raised");
        assert_eq!(message.json["data"]["caused_by"], json!([cause_of(&command)]));
        assert_eq!(message.json["data"]["observed"]["celsius"], 38.2);
        assert_eq!(message.json["data"]["person"]["ref"], format!("p{door}"));
        assert!(message.sequence() > answer.json["sequence"].as_u64().unwrap(), "the alert comes after its cause");
        commands.push(command);
        messages.push(message);
    }
    took.sort_unstable();
    let (p50, last) = (took[FEVERS / 2], took[FEVERS - 1]);
    report(&format!("{FEVERS} fevers, from the request to the subscriber: p50 {p50:?}, longest {last:?}"));
    assert!(p50 < LATENCY_P50_MAX, "half of the fevers took longer than {p50:?}");
    let title = messages[0].json["data"]["title"].clone();
    assert_eq!(title["zh-CN"], "阳光小区 7号楼2单元101 发热 38.2℃");
    assert_eq!(title["en"], "Fever 38.2 °C, 阳光小区, building 7, unit 2, door 101");
    assert!(messages.iter().all(|message| !message.body.contains("杨桂") && !message.body.contains("138000000")), "a message names a person");
    (commands, messages)
}

/// Every message is a CloudEvent to the SDKs of two languages, and both read the same in it.
async fn both_sdks_accept(messages: &[Message]) {
    for mut sdk in [Foreign::python("accept.py").unwrap(), Foreign::node("accept.mjs").unwrap()] {
        for (number, message) in messages.iter().enumerate() {
            let content_type = &message.headers["Content-Type"];
            assert_eq!(content_type, "application/cloudevents+json");
            sdk.tell(&json!({"content_type":content_type,"body":message.body})).unwrap();
            let understood = sdk.line(number).await.json;
            assert_eq!(understood["accepted"], true, "{understood}\n{}", message.body);
            assert_eq!(understood["data"], message.json["data"]);
            for attribute in ["specversion", "id", "source", "type", "subject", "datacontenttype", "severity", "sequence", "partitionkey"] {
                assert_eq!(understood["attributes"][attribute], message.json[attribute], "{attribute}");
            }
            assert!(!message.json["id"].as_str().unwrap().contains('.'));
        }
        // an SDK that takes everything proves nothing
        let mut broken = messages[0].json.clone();
        broken.as_object_mut().unwrap().remove("source");
        sdk.tell(&json!({"content_type":"application/cloudevents+json","body":broken.to_string()})).unwrap();
        assert_eq!(sdk.line(messages.len()).await.json["accepted"], false);
    }
}

/// Tile and door are critical, the timeline has the visit and the alert with its cause, the alert names its cause.
async fn pages_show_it(system: &System, command: &Value, raised: &Message) {
    let office = system.token("office", &["--community", COMMUNITY], "office").unwrap();
    let read = async |path: &str| {
        let path = format!("/communities/{COMMUNITY}{path}");
        let answer = until("the office's token", WAIT, async || {
            let answer = system.request_as(&office, Method::GET, &path, None).await.unwrap();
            (answer.status != 401).then_some(answer)
        });
        let answer = answer.await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json
    };
    let after = raised.sequence();
    let building = read(&format!("/buildings/b07?after={after}")).await;
    assert_eq!(building["status"], "critical");
    let doors =
        building["units"].as_array().unwrap().iter().flat_map(|unit| unit["floors"].as_array().unwrap()).flat_map(|floor| floor["doors"].as_array().unwrap());
    let door = doors.clone().find(|door| door["households"] == json!(["h0"])).expect("the door is on the board");
    assert_eq!((&door["state"], &door["door"]), (&json!("critical"), &json!("101")));
    assert!(doors.clone().any(|door| door["households"] == json!(["h23"]) && door["state"] != "critical"), "only doors with a fever are critical");
    let cause = cause_of(command);
    let timeline = read(&format!("/timeline?household=h0&after={after}")).await;
    let entry =
        |kind: &str| timeline["items"].as_array().unwrap().iter().find(|item| item["type"] == kind).cloned().unwrap_or_else(|| panic!("no {kind}: {timeline}"));
    assert_eq!(entry("visit.recorded.v1")["id"], cause);
    assert_eq!(entry("alert.raised.v1")["data"]["occurrence"]["causes"], json!([cause]));
    let alert = read(&format!("/alerts/{}?after={after}", raised.alert())).await;
    assert_eq!((&alert["caused_by"], &alert["state"], &alert["severity"]), (&json!([cause]), &json!("open"), &json!("critical")));
    let household = read("/households/h0").await;
    assert_eq!(household["observations"][0]["people"][0]["readings"][0]["fever"], true);
}

/// A phone that does not know whether it was heard says it again.
async fn the_same_again_changes_nothing(system: &System, subscriber: &Subscriber, command: &Value) {
    let told = subscriber.messages().len();
    let export = || system.command(&["--community", COMMUNITY, "--json", "events", "export"]).unwrap().stdout;
    let before = export();
    let first =
        before.split(|byte| *byte == b'\n').find_map(|line| serde_json::from_slice::<Value>(line).ok().filter(|commit| commit["command"] == command["id"]));
    for _ in 0..3 {
        let again = system.post(COMMUNITY, command).await.unwrap();
        assert_eq!((again.status, &again.json["status"]), (200, &json!("duplicate")), "{}", again.text);
        assert_eq!(again.json["sequence"], first.as_ref().unwrap()["sequence"]);
    }
    let mut other = command.clone();
    other["data"]["people"][0]["readings"][0]["celsius"] = json!(36.5);
    let refused = system.post(COMMUNITY, &other).await.unwrap();
    assert_eq!((refused.status, &refused.json["code"]), (409, &json!("id_reused")));
    assert_eq!(export(), before, "the log is as it was");
    // the next message is that of the next fever: nothing came between
    let next = fever(FEVERS);
    assert_eq!(system.post(COMMUNITY, &next).await.unwrap().status, 201);
    assert_eq!(subscriber.message(told).await.json["data"]["caused_by"], json!([cause_of(&next)]));
}

/// Somebody has it: whoever follows hears so; whoever saw an older state is shown the current one.
async fn somebody_takes_it_on(system: &System, subscriber: &Subscriber, raised: &Message) {
    let told = subscriber.messages().len();
    let (alert, n) = (raised.alert(), raised.json["data"]["n"].as_u64().unwrap());
    let wrong = system.send(COMMUNITY, "alert.acknowledge", None, json!({"alert":alert,"n":n + 1})).await.unwrap();
    assert_eq!((wrong.status, &wrong.json["code"]), (409, &json!("alert_changed")), "{}", wrong.text);
    assert_eq!(wrong.json["current"], json!({"alert":alert,"n":n,"state":"open"}));
    system.must(COMMUNITY, "alert.acknowledge", None, json!({"alert":alert,"n":n})).await.unwrap();
    let message = subscriber.message(told).await;
    assert_eq!((message.action(), message.alert()), ("acknowledged", alert));
    assert_eq!(message.subject, "gw.v1.dianbu.u07.alert.fever.critical.b07.acknowledged");
    assert_eq!((&message.json["data"]["state"], &message.json["data"]["n"]), (&json!("acknowledged"), &json!(n + 1)));
    let shown = system.get(&format!("/communities/{COMMUNITY}/alerts/{alert}?after={}", message.sequence())).await.unwrap();
    assert_eq!((&shown.json["state"], &shown.json["n"]), (&json!("acknowledged"), &json!(n + 1)), "{}", shown.text);
    let late = system.send(COMMUNITY, "alert.acknowledge", None, json!({"alert":alert,"n":n})).await.unwrap();
    assert_eq!((late.status, &late.json["current"]), (409, &json!({"alert":alert,"n":n + 1,"state":"acknowledged"})), "{}", late.text);
}

/// The line that `consumer add` prints, pasted into a shell, shows a fever as it happens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_printed_line_works_when_it_is_pasted() {
    let mut system = System::start(&[]).await.unwrap();
    system.settle("dianbu", COMMUNITY).await.unwrap();
    let output = system.command(&["consumer", "add", "pasted", "--from", "all", "--filter", "gw.v1.dianbu.*.alert.fever.>"]).unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let line = &printed[printed.find("python3 -c").expect("a line to paste")..];
    let shell = Foreign::pasted(line.trim_end()).unwrap();
    assert_eq!(system.post(COMMUNITY, &fever(0)).await.unwrap().status, 201);
    // by now it is connected and waits
    assert!(shell.line(0).await.json.as_str().unwrap().contains("发热 38.2℃"));
    for door in 1..=PASTED_FEVERS {
        let sent = Instant::now();
        assert_eq!(system.post(COMMUNITY, &fever(door)).await.unwrap().status, 201);
        let took = shell.line(door).await.at - sent;
        report(&format!("the printed line: {took:?} from the request to the terminal"));
        assert!(took < LATENCY_P50_MAX, "{took:?}: a subscriber that follows the example hears of a fever late");
    }
    system.stop().unwrap();
}

#[expect(clippy::print_stderr, reason = "figures are shown with --nocapture")]
fn report(text: &str) {
    eprintln!("{text}");
}
