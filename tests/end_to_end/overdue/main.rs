//! Checks that are owed by a time, on a drill clock: nobody comes and somebody is told; a paper list that is typed in later puts it right;
//! what fell due while the system was down is told afterwards, once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

use std::time::Duration;

use serde_json::{Value, json};
use system_tests::{Message, Subscriber, System, until};

const COMMUNITY: &str = "u07";
/// Where the drill begins, and how fast it runs: ten minutes a second.
const CLOCK: &str = "2020-02-06T11:00:00+08:00@600";
/// Slow enough to be stopped long before anything is overdue: a minute a second.
const SLOWER: &str = "2020-02-06T11:00:00+08:00@60";
/// How fast it runs after a restart: an hour a second.
const FASTER: &str = "2020-02-06T11:00:00+08:00@3600";
/// The morning's check is due at 12:00, with half an hour of grace.
const MORNING_OVERDUE: &str = "2020-02-06T04:30:00Z";
/// From here on a killed drill, which goes on up to three hours later, wakes up after 20:30 and before midnight.
const KILL_FROM: &str = "2020-02-06T10:40:00Z";
const EVENING_OVERDUE: &str = "2020-02-06T12:30:00Z";
const MIDNIGHT: &str = "2020-02-06T16:00:00Z";
/// Longest wait for what the drill clock brings.
const WAIT: Duration = Duration::from_secs(30);

/// A whole check: reached, measured, asked.
fn check(quarantine: &str) -> Value {
    json!({"checks":[{"quarantine":quarantine,"outcome":"reached","readings":[{"celsius":36.6,"site":"axilla"}],"symptoms":[]}],"mode":"door"})
}

/// Who lives behind which door, and their orders: q0 of p0, and so on.
async fn order(system: &System, quarantine: &str, person: &str) {
    let data = json!({"quarantine":quarantine,"person":person,"kind":"home","count_from":{"date":"2020-02-06","basis":"exposure"}});
    // when the drill begins, however long the machine took to come this far
    system.must(COMMUNITY, "quarantine.order", Some("2020-02-06T11:00:00+08:00"), data).await.unwrap();
}

/// A slot as it is shown.
async fn slot(system: &System, quarantine: &str, name: &str, after: u64) -> Value {
    let shown = system.get(&format!("/communities/{COMMUNITY}/quarantines/{quarantine}?after={after}")).await.unwrap();
    let slots = shown.json["slots"].as_array().unwrap_or_else(|| panic!("{}", shown.text));
    slots.iter().find(|slot| slot["date"] == "2020-02-06" && slot["name"] == name).cloned().unwrap()
}

/// What the drill clock says: the time at which it records that nobody opened.
async fn drill_time(system: &System) -> String {
    let attempt = json!({"checks":[{"quarantine":"q1","outcome":"no_answer"}],"mode":"phone"});
    let answer = system.must(COMMUNITY, "quarantine.check", None, attempt).await.unwrap();
    let shown = system.get(&format!("/communities/{COMMUNITY}/quarantines/q1?after={}", answer.json["sequence"])).await.unwrap();
    shown.json["findings"][0]["recorded_at"].as_str().unwrap().to_owned()
}

/// All messages that were ever told, by a consumer of their own.
async fn all_told(system: &System, name: &str, count: usize) -> Vec<Message> {
    let credentials = system.add_consumer(name, &["gw.v1.dianbu.u07.alert.>"]).unwrap();
    let subscriber = Subscriber::start(&credentials).await.unwrap();
    subscriber.message(count - 1).await;
    subscriber.messages()
}

/// Messages and events of the log that open an alert because of a slot.
fn opened(system: &System, messages: &[Message], slot: &str) -> (usize, usize) {
    let export = system.command(&["--community", COMMUNITY, "--json", "events", "export"]).unwrap();
    let commits = String::from_utf8(export.stdout).unwrap();
    let events = commits.lines().flat_map(|line| serde_json::from_str::<Value>(line).unwrap()["events"].as_array().unwrap().clone());
    let opens = |word: &str| matches!(word, "raised" | "reopened" | "alert.raised.v1" | "alert.reopened.v2");
    let names = |causes: &Value| causes.as_array().is_some_and(|causes| causes.iter().any(|cause| cause == slot));
    let on_log = events.filter(|event| opens(event["type"].as_str().unwrap()) && names(&event["data"]["occurrence"]["causes"])).count();
    let told = messages.iter().filter(|message| opens(message.action()) && names(&message.json["data"]["caused_by"])).count();
    (on_log, told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_forgotten() {
    let mut system = System::start(&["--clock", CLOCK]).await.unwrap();
    system.settle("dianbu", COMMUNITY).await.unwrap();
    let credentials = system.add_consumer("clinic", &["gw.v1.dianbu.u07.alert.check_overdue.>"]).unwrap();
    let subscriber = Subscriber::start(&credentials).await.unwrap();
    for (quarantine, person) in [("q1", "p1"), ("q2", "p2")] {
        order(&system, quarantine, person).await;
    }
    // q2 is looked after in time, q1 by nobody
    system.must(COMMUNITY, "quarantine.check", Some("2020-02-06T11:01:00+08:00"), check("q2")).await.unwrap();

    let raised = the_morning_is_overdue(&system, &subscriber).await;
    paper_puts_it_right(&system, &subscriber, &raised).await;
    drop(subscriber);
    what_fell_due_while_it_was_down(&mut system).await;
    system.stop().unwrap();
}

/// A service that ends well has written all it knows: at the next start nothing is folded, and what is to come is read from its store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_to_come_is_remembered_by_a_service_that_was_stopped() {
    let mut system = System::start(&["--clock", SLOWER]).await.unwrap();
    system.settle("dianbu", COMMUNITY).await.unwrap();
    order(&system, "q1", "p1").await;
    let stopped_at = drill_time(&system).await;
    assert!(stopped_at.as_str() < MORNING_OVERDUE, "stopped at {stopped_at}, when it was overdue already");
    system.stop().unwrap();
    system.begin_with(&["--clock", FASTER]).await.unwrap();
    // the log gets nothing that would wake the rule
    let told = all_told(&system, "after-a-stop", 1).await;
    assert_eq!((told[0].action(), &told[0].json["data"]["caused_by"]), ("raised", &json!(["q1/2020-02-06/am"])));
    assert!(told[0].json["time"].as_str().unwrap() > MORNING_OVERDUE, "{}", told[0].body);
    system.stop().unwrap();
}

async fn the_morning_is_overdue(system: &System, subscriber: &Subscriber) -> Message {
    let raised = subscriber.message(0).await;
    assert_eq!((raised.action(), &raised.json["data"]["caused_by"]), ("raised", &json!(["q1/2020-02-06/am"])));
    assert_eq!(raised.subject, "gw.v1.dianbu.u07.alert.check_overdue.serious.b07.raised");
    let told_at = raised.json["time"].as_str().unwrap();
    assert!(told_at > MORNING_OVERDUE, "told at {told_at}, before the grace was over");
    assert_eq!((&raised.json["data"]["exercise"], &raised.json["data"]["late"]), (&json!(true), &json!(false)));
    assert!(raised.json["data"]["title"]["zh-CN"].as_str().unwrap().starts_with("【演练】阳光小区 7号楼2单元102"), "{}", raised.body);
    assert_eq!(slot(system, "q1", "am", raised.sequence()).await["state"], "overdue");
    assert_eq!(slot(system, "q2", "am", raised.sequence()).await["state"], "done");
    let building = system.get(&format!("/communities/{COMMUNITY}/buildings/b07")).await.unwrap();
    assert_eq!(building.json["status"], "serious", "{}", building.text);
    raised
}

/// The check was made at half past eleven, and written on paper.
async fn paper_puts_it_right(system: &System, subscriber: &Subscriber, raised: &Message) {
    let command =
        json!({"id":uuid::Uuid::now_v7(),"type":"quarantine.check","at":"2020-02-06T11:30:00+08:00","via":"paper","paper":"sheet-3","data":check("q1")});
    let answer = system.post(COMMUNITY, &command).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text);
    let resolved = subscriber.message(1).await;
    assert_eq!((resolved.action(), resolved.alert()), ("resolved", raised.alert()));
    assert_eq!((&resolved.json["data"]["late"], &resolved.json["data"]["state"]), (&json!(true), &json!("resolved")));
    let entry = format!("{}-0", command["id"].as_str().unwrap());
    assert_eq!(resolved.json["data"]["caused_by"], json!([entry]));
    let shown = slot(system, "q1", "am", resolved.sequence()).await;
    assert_eq!((&shown["state"], &shown["late_entry"], &shown["done_by"]), (&json!("done"), &json!(true), &json!(entry)));
    for whose in ["quarantine=q1", "person=p1", "building=b07"] {
        let timeline = system.get(&format!("/communities/{COMMUNITY}/timeline?{whose}&after={}", resolved.sequence())).await.unwrap();
        let kinds: Vec<_> = timeline.json["items"].as_array().unwrap().iter().map(|item| item["type"].as_str().unwrap()).collect();
        assert!(kinds.contains(&"alert.raised.v1") && kinds.contains(&"alert.resolved.v2"), "{whose}: {}", timeline.text);
    }
    // q2 was due at the same time: had it raised anything, it would stand before this
    assert_eq!(subscriber.messages().len(), 2);
}

async fn what_fell_due_while_it_was_down(system: &mut System) {
    system.kill().unwrap();
    system.begin_with(&["--clock", FASTER]).await.unwrap();
    until("the drill clock before the evening's check is overdue", WAIT, async || (drill_time(system).await.as_str() >= KILL_FROM).then_some(())).await;
    system.kill().unwrap();
    system.begin_with(&["--clock", CLOCK]).await.unwrap();
    let woke_at = drill_time(system).await;
    assert!(woke_at.as_str() > EVENING_OVERDUE && woke_at.as_str() < MIDNIGHT, "the drill woke up at {woke_at}");
    // q1 was resolved today, so it is opened again; q2 is new
    let told = all_told(system, "after-one-kill", 4).await;
    for quarantine in ["q1", "q2"] {
        assert_eq!(opened(system, &told, &format!("{quarantine}/2020-02-06/pm")), (1, 1), "{told:#?}");
    }
    // killed again, now that it is told: nobody is told twice
    system.kill().unwrap();
    system.begin_with(&["--clock", CLOCK]).await.unwrap();
    for quarantine in ["q1", "q2"] {
        system.must(COMMUNITY, "quarantine.check", None, check(quarantine)).await.unwrap();
    }
    let told = all_told(system, "after-two-kills", 6).await;
    let actions: Vec<_> = told.iter().map(|message| (message.action(), message.json["data"]["key"].as_str().unwrap())).collect();
    let (first, second) = ("u07/check_overdue/quarantine/q1", "u07/check_overdue/quarantine/q2");
    assert_eq!(actions[..2], [("raised", first), ("resolved", first)]);
    assert_eq!(actions.iter().filter(|(action, _)| *action == "resolved").count(), 3, "{actions:?}");
    for (quarantine, key) in [("q1", first), ("q2", second)] {
        assert_eq!(opened(system, &told, &format!("{quarantine}/2020-02-06/pm")), (1, 1), "{actions:?}");
        let last = told.iter().rfind(|message| message.json["data"]["key"] == key).unwrap();
        assert_eq!((last.action(), &last.json["data"]["late"]), ("resolved", &json!(false)));
        assert_eq!(slot(system, quarantine, "pm", last.sequence()).await["state"], "done_late");
    }
    let stores = system.command(&["rebuild", "--check"]).unwrap();
    assert!(stores.status.success(), "{}", String::from_utf8_lossy(&stores.stdout));
}
