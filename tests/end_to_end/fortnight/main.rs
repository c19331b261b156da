//! Fourteen days at home, on the drill clock: every check as it was (in time, late, on paper, missed, waived), whose turn an overdue one
//! was, and the end that only a release brings. The system is stopped or killed again and again, and down over times at which something
//! falls due: everything is told once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use system_tests::{Subscriber, System, until};

const COMMUNITY: &str = "u07";
/// Longest wait for what a new time brings.
const WAIT: Duration = Duration::from_secs(30);
/// Where the drill begins, and how fast it runs wherever it goes on: ten seconds a second, so that a slow machine changes nothing.
const BEGIN: &str = "2020-02-06T11:00";
const RATE: u32 = 10;

/// What is told of an order that is not kept, and of its end.
const OF_THE_ORDER: [&str; 2] = ["check_overdue", "release_due"];

/// How the system goes down before the drill goes on at another time.
#[derive(Clone, Copy)]
enum Down {
    Stopped,
    Killed,
}

fn at(time: &str) -> String {
    format!("{time}:00+08:00")
}

/// Goes on at a later time: what falls due before it falls due while nobody runs.
async fn go_on(system: &mut System, time: &str, down: Down) {
    match down {
        Down::Stopped => system.stop().unwrap(),
        Down::Killed => system.kill().unwrap(),
    }
    system.begin_with(&["--clock", &format!("{}@{RATE}", at(time))]).await.unwrap();
}

async fn begin() -> System {
    let system = System::start(&["--clock", &format!("{}@{RATE}", at(BEGIN))]).await.unwrap();
    system.settle("dianbu", COMMUNITY).await.unwrap();
    let order = json!({"quarantine":"q1","person":"p1","kind":"home","count_from":{"date":"2020-02-06","basis":"exposure"}});
    system.must(COMMUNITY, "quarantine.order", Some(&at(BEGIN)), order).await.unwrap();
    for (staff, duty, level, scope) in [
        ("s-keeper", "keeper", 1, json!({"quarantine":"q1"})),
        ("s-office", "office", 2, json!({"community":COMMUNITY})),
        ("s-town", "command", 3, json!({"community":COMMUNITY})),
    ] {
        system.must(COMMUNITY, "staff.register", None, json!({"staff":staff,"name":"李红","roles":[]})).await.unwrap();
        let data = json!({"scope":scope,"duty":duty,"level":level,"staff":staff,"from":"2020-02-01T00:00:00+08:00"});
        system.must(COMMUNITY, "responsibility.assign", None, data).await.unwrap();
    }
    system
}

/// A whole check: now, or as a paper list says that was typed in later.
async fn check(system: &System, on_paper: Option<&str>) {
    let data = json!({"checks":[{"quarantine":"q1","outcome":"reached","readings":[{"celsius":36.6,"site":"axilla"}],"symptoms":[]}],"mode":"door"});
    system.must(COMMUNITY, "quarantine.check", on_paper.map(at).as_deref(), data).await.unwrap();
}

/// The alert of a kind that is not over, once it stands at this level.
async fn open(system: &System, kind: &str, level: u64) -> Value {
    until(&format!("{kind} at level {level}"), WAIT, async || {
        let alerts = system.get(&format!("/communities/{COMMUNITY}/alerts?state=active")).await.ok()?;
        let alert = alerts.json["items"].as_array()?.iter().find(|alert| alert["kind"] == kind && alert["turn"]["level"] == level)?;
        let whole = system.get(&format!("/communities/{COMMUNITY}/alerts/{}", alert["alert"].as_str()?)).await.ok()?;
        Some(whole.json)
    })
    .await
}

async fn none_open(system: &System, kind: &str) {
    until(&format!("no {kind}"), WAIT, async || {
        let alerts = system.get(&format!("/communities/{COMMUNITY}/alerts?state=active")).await.ok()?;
        (!alerts.json["items"].as_array()?.iter().any(|alert| alert["kind"] == kind)).then_some(())
    })
    .await;
}

/// The slots of the order as they are shown: `02-06 am done`.
async fn slots(system: &System) -> Vec<String> {
    let shown = system.get(&format!("/communities/{COMMUNITY}/quarantines/q1")).await.unwrap();
    let slots = shown.json["slots"].as_array().unwrap_or_else(|| panic!("{}", shown.text)).iter();
    let word = |slot: &Value, key: &str| slot[key].as_str().unwrap().to_owned();
    let late = |slot: &Value| if slot["late_entry"] == true { ", recorded late" } else { "" };
    slots.map(|slot| format!("{} {} {}{}", &word(slot, "date")[5..], word(slot, "name"), word(slot, "state"), late(slot))).collect()
}

/// Every event of alerts of a kind on the log: what, why whose turn it was, because of which slots.
fn told_by_the_log(system: &System, kind: &str) -> Vec<String> {
    let export = system.command(&["--community", COMMUNITY, "--json", "events", "export"]).unwrap();
    let commits = String::from_utf8(export.stdout).unwrap();
    let events = commits.lines().flat_map(|line| serde_json::from_str::<Value>(line).unwrap()["events"].as_array().unwrap().clone());
    let of_kind = events.filter(|event| event["data"]["key"]["rule"] == kind);
    of_kind.map(|event| line(event["type"].as_str().unwrap(), &event["data"])).collect()
}

/// `raised serious: am 02-06`, `escalated 2 unacknowledged`.
fn line(kind: &str, data: &Value) -> String {
    let word = kind.strip_prefix("alert.").unwrap().split('.').next().unwrap();
    let occurrence = &data["occurrence"];
    match (&data["level"], occurrence["severity"].as_str()) {
        (Value::Number(level), _) => format!("{word} {level} {}", data["why"].as_str().unwrap()),
        (_, Some(severity)) => {
            let causes = occurrence["causes"].as_array().unwrap().iter().map(|cause| cause.as_str().unwrap());
            format!("{word} {severity}: {}", causes.map(|cause| cause.trim_start_matches("q1/2020-")).collect::<Vec<_>>().join(" "))
        }
        (_, None) => word.to_owned(),
    }
}

/// The ids of all messages that the topic ever carried about the order, in order. Whatever is told twice is told before the fever
/// of somebody else.
async fn told_on_the_topic(system: &System, name: &str, door: usize) -> Vec<String> {
    let credentials = system.add_consumer(name, &["gw.v1.dianbu.u07.alert.>"]).unwrap();
    let subscriber = Subscriber::start(&credentials).await.unwrap();
    let people = json!([{"person":format!("p{door}"),"readings":[{"celsius":38.2,"site":"axilla"}]}]);
    system.must(COMMUNITY, "visit.record", None, json!({"household":format!("h{door}"),"outcome":"met","mode":"door","people":people})).await.unwrap();
    let key = format!("{COMMUNITY}/fever/person/p{door}");
    let told = until("the fever on the topic", WAIT, async || {
        let told = subscriber.messages();
        told.iter().any(|message| message.json["data"]["key"] == key.as_str()).then_some(told)
    });
    // the others are about the fevers, or about posts that nobody holds
    let of_the_order = told.await.into_iter().filter(|message| OF_THE_ORDER.iter().any(|kind| message.json["data"]["kind"] == *kind));
    of_the_order.map(|message| message.json["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fourteen_days_at_home() {
    let mut system = begin().await;
    the_first_evening_is_late_and_goes_up(&mut system).await;
    a_day_that_nobody_saw(&mut system).await;
    days_that_are_waived_and_days_in_time(&mut system).await;
    the_last_day_counts_and_only_a_release_ends_it(&mut system).await;
    it_is_all_there_and_was_told_once(&mut system).await;
    system.stop().unwrap();
}

/// The morning is done; in the evening nobody comes before half past eight, nor in the half hour after it.
async fn the_first_evening_is_late_and_goes_up(system: &mut System) {
    check(system, None).await;
    go_on(system, "2020-02-06T20:31", Down::Killed).await;
    let overdue = open(system, "check_overdue", 1).await;
    assert_eq!(overdue["turn"]["owners"][0]["staff"], "s-keeper", "{overdue}");
    assert_eq!(slots(system).await[..2], ["02-06 am done", "02-06 pm overdue"]);
    go_on(system, "2020-02-06T21:02", Down::Killed).await;
    let office = open(system, "check_overdue", 2).await;
    assert_eq!(office["turn"]["owners"][0]["staff"], "s-office", "{office}");
    check(system, None).await;
    none_open(system, "check_overdue").await;
    assert_eq!(slots(system).await[..2], ["02-06 am done", "02-06 pm done_late"]);
}

/// Down from the evening before until the morning after. One of the two checks had been made, and written on paper.
async fn a_day_that_nobody_saw(system: &mut System) {
    go_on(system, "2020-02-08T09:00", Down::Stopped).await;
    let overdue = open(system, "check_overdue", 3).await;
    assert_eq!(overdue["severity"], "critical", "the second miss in a row, which all three levels hear of at once: {overdue}");
    assert_eq!(slots(system).await[2..4], ["02-07 am missed", "02-07 pm missed"]);
    check(system, Some("2020-02-07T10:00")).await;
    check(system, None).await;
    none_open(system, "check_overdue").await;
    assert_eq!(slots(system).await[2..5], ["02-07 am done, recorded late", "02-07 pm missed", "02-08 am done"]);
}

/// On the evening of the 8th nobody opens, and later somebody does; from the 9th to the 18th a clinic has them; on the 19th all is well.
async fn days_that_are_waived_and_days_in_time(system: &mut System) {
    go_on(system, "2020-02-08T18:00", Down::Killed).await;
    let attempt = json!({"checks":[{"quarantine":"q1","outcome":"no_answer"}],"mode":"phone"});
    system.must(COMMUNITY, "quarantine.check", None, attempt).await.unwrap();
    assert_eq!(slots(system).await[5], "02-08 pm open", "an attempt is no check");
    check(system, None).await;
    let days = (9..=18).flat_map(|day| ["am", "pm"].map(|name| json!({"date":format!("2020-02-{day:02}"),"name":name})));
    let waive = json!({"quarantine":"q1","slots":days.collect::<Vec<_>>(),"reason":"住院观察"});
    system.must(COMMUNITY, "quarantine.waive", None, waive).await.unwrap();
    for (time, down) in [("2020-02-19T09:00", Down::Killed), ("2020-02-19T17:00", Down::Stopped), ("2020-02-20T09:00", Down::Killed)] {
        go_on(system, time, down).await;
        check(system, None).await;
    }
    none_open(system, "check_overdue").await;
}

/// Day 0 is the 6th, so the 20th is the last day.
async fn the_last_day_counts_and_only_a_release_ends_it(system: &mut System) {
    go_on(system, "2020-02-20T19:00", Down::Killed).await;
    check(system, None).await;
    none_open(system, "release_due").await;
    go_on(system, "2020-02-20T23:58", Down::Stopped).await;
    none_open(system, "release_due").await;
    go_on(system, "2020-02-21T00:01", Down::Killed).await;
    let due = until("a release is due", WAIT, async || {
        let alerts = system.get(&format!("/communities/{COMMUNITY}/alerts?state=active")).await.ok()?;
        alerts.json["items"].as_array()?.iter().find(|alert| alert["kind"] == "release_due").cloned()
    })
    .await;
    assert_eq!(due["first_at"], "2020-02-20T16:00:00Z", "when the last day was over: {due}");
    // no day of theirs makes anybody free
    go_on(system, "2020-02-24T10:00", Down::Killed).await;
    let later = system.get(&format!("/communities/{COMMUNITY}/alerts/{}", due["alert"].as_str().unwrap())).await.unwrap();
    assert!(matches!(later.json["state"].as_str(), Some("open")), "{}", later.text);
    let order = system.get(&format!("/communities/{COMMUNITY}/quarantines/q1")).await.unwrap();
    assert_eq!((&order.json["release_due"], &order.json["last_day"]), (&json!(true), &json!("2020-02-20")), "{}", order.text);
    system.must(COMMUNITY, "quarantine.release", None, json!({"quarantine":"q1","reason":"completed"})).await.unwrap();
    none_open(system, "release_due").await;
}

async fn it_is_all_there_and_was_told_once(system: &mut System) {
    let mut expected = ["02-06 am done", "02-06 pm done_late", "02-07 am done, recorded late", "02-07 pm missed", "02-08 am done", "02-08 pm done"]
        .map(str::to_owned)
        .to_vec();
    expected.extend((9..=18).flat_map(|day| ["am", "pm"].map(|name| format!("02-{day:02} {name} waived"))));
    expected.extend(["02-19 am done", "02-19 pm done", "02-20 am done", "02-20 pm done"].map(str::to_owned));
    assert_eq!(slots(system).await, expected);
    let overdue = told_by_the_log(system, "check_overdue");
    let once = ["raised serious: 02-06/pm", "escalated 1 at_once", "escalated 2 unacknowledged", "resolved"];
    assert_eq!(overdue[..4], once, "{overdue:#?}");
    for slot in ["02-07/am", "02-07/pm"] {
        let opening = overdue.iter().filter(|line| (line.starts_with("raised") || line.starts_with("reopened")) && line.contains(slot)).count();
        assert_eq!(opening, 1, "{slot}: {overdue:#?}");
    }
    assert_eq!(overdue.iter().filter(|line| *line == "resolved").count(), 2, "{overdue:#?}");
    let release = told_by_the_log(system, "release_due");
    assert_eq!(release.iter().filter(|line| line.starts_with("raised") || line.starts_with("reopened")).collect::<Vec<_>>(), ["raised caution: 02-20"]);
    let stores = system.command(&["rebuild", "--check"]).unwrap();
    assert!(stores.status.success(), "{}", String::from_utf8_lossy(&stores.stdout));
    a_whole_replay_tells_nothing(system).await;
}

async fn a_whole_replay_tells_nothing(system: &mut System) {
    let on_log: usize = OF_THE_ORDER.iter().map(|kind| told_by_the_log(system, kind).len()).sum();
    let told = told_on_the_topic(system, "before", 0).await;
    assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), told.len(), "told twice");
    assert_eq!(told.len(), on_log);
    system.stop().unwrap();
    std::fs::remove_dir_all(system.data().join("stores")).unwrap();
    system.begin().await.unwrap();
    assert_eq!(told_on_the_topic(system, "after", 2).await, told, "a replay told something");
}
