//! What is said on NATS against asyncapi.yaml, read and judged by programs that are not ours: messages of every action and every class,
//! heartbeats, commands and their answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::{Value, json};
use system_tests::{Foreign, Message, Subscriber, System, until};

use crate::{
    COMMUNITY,
    asking::{Asking, acknowledge, subject},
    consumer, token,
};

/// Where the drill begins, and how fast it runs: an hour a second.
const CLOCK: &str = "2020-02-06T11:00:00+08:00@3600";
/// Real time until a heartbeat must have come.
const HEARTBEAT_WITHIN: Duration = Duration::from_secs(40);
/// Longest wait for what the drill clock brings.
const WAIT: Duration = Duration::from_secs(60);

/// The parser and the validator.
struct Contract {
    judge: Foreign,
    judged: usize,
    _folder: tempfile::TempDir,
}

impl Contract {
    /// Reads the contracts as they are served.
    async fn read() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("openapi.json"), web::OPENAPI).unwrap();
        let file = folder.path().join("asyncapi.yaml");
        std::fs::write(&file, web::ASYNCAPI).unwrap();
        let mut judge = Foreign::node("contract.mjs").unwrap();
        judge.tell_text(&file.display().to_string()).unwrap();
        assert_eq!(judge.line(0).await.json, json!({"complaints":[]}), "the parser does not take asyncapi.yaml");
        Self { judge, judged: 0, _folder: folder }
    }

    /// The channel that a message belongs to, and what is wrong with it.
    async fn judge(&mut self, message: &Value) -> (String, Vec<String>) {
        self.judge.tell(message).unwrap();
        self.judged += 1;
        let said = self.judge.line(self.judged).await.json;
        let complaints = said["complaints"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect();
        (said["channel"].as_str().unwrap_or_default().to_owned(), complaints)
    }

    async fn accepts(&mut self, channel: &str, message: &Value) {
        assert_eq!(self.judge(message).await, (channel.to_owned(), Vec::new()), "{message}");
    }
}

fn shown(message: &Message) -> Value {
    json!({"subject":message.subject,"headers":message.headers,"body":message.body})
}

async fn must(system: &System, kind: &str, data: Value) {
    system.must(COMMUNITY, kind, None, data).await.unwrap();
}

/// Brings up every kind of alert that one afternoon can.
async fn an_afternoon(system: &System) {
    must(system, "staff.register", json!({"staff":"s-office","name":"王红","roles":["office"]})).await;
    let duty = json!({"scope":{"community":COMMUNITY},"duty":"office","level":2,"staff":"s-office","from":"2020-02-01T00:00:00+08:00"});
    must(system, "responsibility.assign", duty).await;
    let today = Some("2020-02-06T11:00:00+08:00");
    for (order, person, from) in [("q1", "p1", "2020-02-06"), ("q2", "p2", "2020-01-20")] {
        let data = json!({"quarantine":order,"person":person,"kind":"home","count_from":{"date":from,"basis":"exposure"}});
        system.must(COMMUNITY, "quarantine.order", today, data).await.unwrap();
    }
    for (door, celsius, symptoms) in [(3, 38.2, json!([])), (4, 38.6, json!([])), (6, 36.5, json!(["cough"]))] {
        let people = json!([{"person":format!("p{door}"),"readings":[{"celsius":celsius,"site":"axilla"}],"symptoms":symptoms}]);
        must(system, "visit.record", json!({"household":format!("h{door}"),"outcome":"met","mode":"door","people":people})).await;
    }
    for result in ["turned_back", "admitted"] {
        let entry = json!({"checkpoint":"c1","direction":"out","person":"p1","id_checked":true,"pass_checked":false,"result":result});
        must(system, "entry.record", entry).await;
    }
    for _ in 0..3 {
        must(system, "visit.record", json!({"household":"h5","outcome":"refused","mode":"door"})).await;
    }
}

/// Somebody's fever goes down: below the threshold twice, four hours apart, when the drill has come that far.
async fn a_fever_goes_down(system: &System) {
    for (time, celsius) in [("11:05", 38.1), ("11:30", 36.8), ("15:45", 36.6)] {
        let people = json!([{"person":"p8","readings":[{"celsius":celsius,"site":"axilla"}],"symptoms":[]}]);
        let visit = json!({"household":"h8","outcome":"met","mode":"door","people":people});
        let at = format!("2020-02-06T{time}:00+08:00");
        let recorded = async || (system.send(COMMUNITY, "visit.record", Some(&at), visit.clone()).await.unwrap().status == 201).then_some(());
        until("that time of the drill", WAIT, recorded).await;
    }
}

/// Does by hand what can be done to an alert, and lets it come back.
async fn everything_by_hand(system: &System, told: &Subscriber) {
    let fever = |person: &'static str| {
        move |message: &Message| message.action() == "raised" && message.json["data"]["kind"] == "fever" && message.json["data"]["person"]["ref"] == person
    };
    let raised = async |person: &'static str| until("a fever", WAIT, async || told.messages().into_iter().find(fever(person))).await;
    let by_hand = async |alert: &str, kind: &str, mut more: Value| {
        // whatever happened to it in between, n is the newest
        let taken = async || {
            let shown = system.get(&format!("/communities/{COMMUNITY}/alerts/{alert}")).await.unwrap();
            (more["alert"], more["n"]) = (json!(alert), shown.json["n"].clone());
            let answer = system.send(COMMUNITY, kind, None, more.clone()).await.unwrap();
            assert!(answer.status < 300 || answer.status == 409, "{kind}: {} {}", answer.status, answer.text);
            (answer.status < 300).then_some(())
        };
        until(kind, WAIT, taken).await;
    };
    let (third, fourth) = (raised("p3").await, raised("p4").await);
    by_hand(third.alert(), "alert.note", json!({"note":"已电话联系"})).await;
    by_hand(third.alert(), "alert.assign", json!({"staff":"s-office"})).await;
    by_hand(third.alert(), "alert.escalate", json!({})).await;
    by_hand(third.alert(), "alert.acknowledge", json!({})).await;
    by_hand(third.alert(), "alert.resolve", json!({"evidence":"医院排除"})).await;
    by_hand(fourth.alert(), "alert.close", json!({"reason":"measured_wrong"})).await;
    for celsius in [38.4, 38.9] {
        let people = json!([{"person":"p3","readings":[{"celsius":celsius,"site":"axilla"}],"symptoms":[]}]);
        must(system, "visit.record", json!({"household":"h3","outcome":"met","mode":"door","people":people})).await;
    }
}

/// The words of a token of the subjects, with a message for each.
fn by_token(messages: &[Message], place: usize) -> BTreeMap<String, &Message> {
    messages.iter().map(|message| (message.subject.split('.').nth(place).unwrap().to_owned(), message)).collect()
}

/// The words that asyncapi.yaml has for a parameter.
fn words(parameter: &str) -> BTreeSet<String> {
    let (_, from) = web::ASYNCAPI.split_once(&format!("\n    {parameter}:\n      description:")).unwrap();
    let line = from.lines().find_map(|line| line.trim().strip_prefix("enum: [")).unwrap();
    line.trim_end_matches(']').split(", ").map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_is_what_the_contract_says() {
    let mut contract = Contract::read().await;
    let mut system = System::start(&["--clock", CLOCK, "--names-on-topics"]).await.unwrap();
    system.settle("dianbu", COMMUNITY).await.unwrap();
    let office = consumer(&system, "office", "gw.v1.dianbu.*.alert.>", &["--command", "dianbu.u07"]);
    let screen = consumer(&system, "screen", "gw-public.v1.dianbu.*.alert.>", &["--class", "public"]);
    let clinic = consumer(&system, "clinic", "gw-full.v1.dianbu.*.alert.>", &["--class", "full"]);
    let hears_names = Subscriber::start(&clinic).await.unwrap();
    let (hears, hears_counts) = (Subscriber::start(&office).await.unwrap(), Subscriber::start(&screen).await.unwrap());
    let mut listening = Foreign::python("attempt.py").unwrap();
    listening.tell(&office).unwrap();
    listening.tell(&json!({"do":"subscribe","subject":"gw.v1.dianbu.u07.heartbeat","patience_s":HEARTBEAT_WITHIN.as_secs()})).unwrap();
    an_afternoon(&system).await;
    everything_by_hand(&system, &hears).await;
    a_fever_goes_down(&system).await;
    until("every action was told, and that a building is silent since six of the next day", WAIT, async || {
        let told = hears.messages();
        let (kinds, actions) = (by_token(&told, 5), by_token(&told, 8));
        (words("action").iter().all(|word| actions.contains_key(word)) && kinds.contains_key("building_silent")).then_some(())
    })
    .await;
    let heard = until("a heartbeat", HEARTBEAT_WITHIN, async || listening.said().get(1).cloned()).await.json;
    let (beat, body) = heard["answer"].as_str().and_then(|answer| answer.split_once(' ')).unwrap_or_else(|| panic!("{heard}"));

    let (told, counted) = (hears.messages(), hears_counts.messages());
    let named = until("as many with names", WAIT, async || Some(hears_names.messages()).filter(|named| named.len() >= told.len())).await;
    drop((hears, hears_names, hears_counts, listening));
    for message in &told {
        contract.accepts("alerts", &shown(message)).await;
    }
    for message in &named {
        contract.accepts("alertsFull", &shown(message)).await;
    }
    for message in &counted {
        contract.accepts("alertsPublic", &shown(message)).await;
    }
    let kinds: BTreeSet<String> = by_token(&told, 5).into_keys().collect();
    assert!(kinds.is_subset(&words("kind")) && kinds.len() >= 9, "{kinds:?}");
    assert!(by_token(&counted, 8).len() >= 4, "{:?}", by_token(&counted, 8).keys());
    contract.accepts("heartbeat", &json!({"subject":beat,"headers":{},"body":body})).await;
    commands_and_answers(&system, &mut contract, &office, &told[0]).await;
    a_validator_that_takes_everything_proves_nothing(&mut contract, &told[0], &counted[0]).await;
    system.stop().unwrap();
}

async fn commands_and_answers(system: &System, contract: &mut Contract, office: &Value, message: &Message) {
    let nurse = token(system, COMMUNITY, "nurse").await;
    let mut asking = Asking::as_consumer(office).await;
    let command = acknowledge(message.alert(), 1_000_000);
    contract.accepts("command", &json!({"subject":subject(COMMUNITY),"headers":{"Authorization":"Bearer x"},"body":command.to_string()})).await;
    let visit = json!({"id":uuid::Uuid::now_v7(),"type":"visit.record","data":{"household":"h7","outcome":"absent","mode":"door"}});
    for (token, command, status) in [(None, &command, "401"), (Some(nurse.as_str()), &command, "409"), (Some(nurse.as_str()), &visit, "201")] {
        let came = asking.command(COMMUNITY, token, command).await;
        assert_eq!(came.status, status, "{came:?}");
        contract.accepts("commandReply", &json!({"channel":"commandReply","headers":came.headers,"body":came.json.to_string()})).await;
    }
}

async fn a_validator_that_takes_everything_proves_nothing(contract: &mut Contract, told: &Message, counted: &Message) {
    for (change, word) in [
        ("/data/action", json!("vanished")),
        ("/data/first_at", json!("yesterday")),
        ("/data/n", json!("1")),
        ("/id", json!("1.2")),
        ("/partitionkey", json!("")),
    ] {
        let mut broken = told.json.clone();
        *broken.pointer_mut(change).unwrap() = word;
        let (_, complaints) = contract.judge(&json!({"subject":told.subject,"headers":told.headers,"body":broken.to_string()})).await;
        assert!(!complaints.is_empty(), "{change} may be anything");
    }
    let mut door = counted.json.clone();
    door["data"]["place"]["building"] = json!("b07");
    for (subject, headers, body) in [
        (counted.subject.clone(), &counted.headers, door.to_string()),
        (told.subject.replace(".raised", ".vanished"), &told.headers, told.body.clone()),
        (told.subject.clone(), &json!({}), told.body.clone()),
        ("gw.v1.dianbu.u07.gossip".to_owned(), &told.headers, told.body.clone()),
    ] {
        let (_, complaints) = contract.judge(&json!({"subject":subject,"headers":headers,"body":body})).await;
        assert!(!complaints.is_empty(), "{subject} {headers} {body}");
    }
}
