//! Three levels of named people, on a drill clock: who is told when, who has it, and that nobody is told twice or forgotten because the
//! system was killed over a time at which it was to go up.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

use std::time::Duration;

use serde_json::{Value, json};
use system_tests::{Message, Subscriber, System, until};

const COMMUNITY: &str = "u07";
/// Where the drill begins, and how fast it runs: a minute a second.
const CLOCK: &str = "2020-02-06T19:30:00+08:00@60";
/// How fast it runs after it was killed: ten minutes a second.
const FASTER: &str = "2020-02-06T19:30:00+08:00@600";
/// Longest wait for what the drill clock brings.
const WAIT: Duration = Duration::from_secs(30);
const MINUTE_MS: i64 = 60_000;

async fn people(system: &System) {
    for staff in ["s-nurse", "s-leader", "s-office", "s-town"] {
        system.must(COMMUNITY, "staff.register", None, json!({"staff":staff,"name":"李红","roles":[]})).await.unwrap();
    }
    for (scope, duty, level, staff) in [
        (json!({"community":COMMUNITY}), "nurse", 1, "s-nurse"),
        (json!({"building":"b07","unit":"2"}), "leader", 1, "s-leader"),
        (json!({"community":COMMUNITY}), "office", 2, "s-office"),
        (json!({"community":COMMUNITY}), "command", 3, "s-town"),
    ] {
        let data = json!({"scope":scope,"duty":duty,"level":level,"staff":staff,"from":"2020-02-01T00:00:00+08:00"});
        // the unit is known once its building has it
        system.must(COMMUNITY, "responsibility.assign", None, data).await.unwrap();
    }
}

async fn fever(system: &System, door: usize) {
    let people = json!([{"person":format!("p{door}"),"readings":[{"celsius":38.2,"site":"axilla"}],"symptoms":[]}]);
    let visit = json!({"household":format!("h{door}"),"outcome":"met","mode":"door","people":people});
    system.must(COMMUNITY, "visit.record", None, visit).await.unwrap();
}

/// Level, first owner and why, of messages that say whose turn it is.
fn turns(messages: &[Message], kind: &str) -> Vec<(u64, String, String)> {
    let escalated = messages.iter().filter(|message| message.action() == "escalated" && message.json["data"]["kind"] == kind);
    let owner = |message: &Message| message.json["data"]["owner"].clone();
    let word = |value: &Value| value.as_str().unwrap_or("nobody").to_owned();
    escalated.map(owner).map(|owner| (owner["level"].as_u64().unwrap(), word(&owner["staff"]), word(&owner["why"]))).collect()
}

fn line(level: u64, staff: &str, why: &str) -> (u64, String, String) {
    (level, staff.to_owned(), why.to_owned())
}

/// A time of a message, in milliseconds.
fn ms(text: &Value) -> i64 {
    text.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_levels_of_named_people() {
    let mut system = System::start(&["--clock", CLOCK]).await.unwrap();
    system.settle("dianbu", COMMUNITY).await.unwrap();
    let units = json!([{"unit":"2","floors":6,"doors":[]}]);
    system.must(COMMUNITY, "building.register", None, json!({"building":"b07","name":"7号楼","estate":"e1","units":units})).await.unwrap();
    people(&system).await;
    let credentials = system.add_consumer("clinic", &["gw.v1.dianbu.u07.alert.>"]).unwrap();
    let subscriber = Subscriber::start(&credentials).await.unwrap();

    let raised = the_nurse_hears_first_and_the_office_beside_her(&system, &subscriber).await;
    everybody_sees_whose_turn_it_is(&system, &raised).await;
    the_leader_has_only_seen_it_and_it_goes_up(&system, &subscriber, &raised).await;
    drop(subscriber);
    killed_over_the_time_it_is_told_once_and_a_vacant_post_passes_upward(&mut system).await;
    system.stop().unwrap();
}

async fn the_nurse_hears_first_and_the_office_beside_her(system: &System, subscriber: &Subscriber) -> Message {
    fever(system, 0).await;
    let (raised, nurse, office) = (subscriber.message(0).await, subscriber.message(1).await, subscriber.message(2).await);
    assert_eq!([raised.action(), nurse.action(), office.action()], ["raised", "escalated", "escalated"]);
    assert_eq!(raised.json["data"]["owner"], Value::Null, "it is raised before anybody is told");
    assert_eq!(turns(&[nurse.clone(), office.clone()], "fever"), [line(1, "s-nurse", "at_once"), line(2, "s-office", "at_once")]);
    let informed = [&nurse, &office].map(|message| message.json["data"]["owner"]["informed"].clone());
    assert_eq!(informed, [json!([{"staff":"s-leader","share":"do_not_go_up"}]), json!([])], "the leader is only not to go up");
    assert_eq!(nurse.subject, "gw.v1.dianbu.u07.alert.fever.critical.b07.escalated");
    // gapless, and at once
    assert_eq!([&nurse, &office].map(|message| message.json["data"]["n"].clone()), [json!(2), json!(3)]);
    let due_at = &office.json["data"]["owner"]["due_at"];
    assert_eq!(ms(due_at) - ms(&raised.json["time"]), 15 * MINUTE_MS, "{}", office.body);
    raised
}

async fn everybody_sees_whose_turn_it_is(system: &System, raised: &Message) {
    let alert = raised.alert();
    let shown = until("the API says whose turn it is", WAIT, async || {
        let shown = system.get(&format!("/communities/{COMMUNITY}/alerts/{alert}")).await.unwrap();
        (shown.json["turn"]["level"] == 2).then_some(shown)
    })
    .await;
    let (turn, history) = (&shown.json["turn"], shown.json["history"].as_array().unwrap());
    assert_eq!(turn["owners"], json!([{"staff":"s-office","duty":"office","standing":"main","share":"everything"}]));
    assert_eq!((&history[1]["owners"], &history[1]["level"], &history[1]["why"]), (&json!(["s-nurse"]), &json!(1), &json!("at_once")));
    let office = system.token("office", &["--community", COMMUNITY], "office").unwrap();
    let path = format!("/communities/{COMMUNITY}/timeline?household=h0");
    let timeline = system.request_as(&office, reqwest::Method::GET, &path, None).await.unwrap();
    let told = timeline.json["items"].as_array().unwrap().iter().filter(|item| item["type"] == "alert.escalated.v1");
    // newest first; the leader knows not to go up, and no more
    let informed: Vec<&Value> = told.map(|item| &item["data"]["informed"]).collect();
    assert_eq!(informed, [&json!([]), &json!([{"staff":"s-leader","duty":"leader","standing":"main","share":"do_not_go_up"}])]);
    let page = system.page(&office, &format!("/c/{COMMUNITY}/alerts/{alert}")).await.unwrap();
    for words in ["二级", "李红 社区办公室", "该谁处理", "何时上报"] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
}

async fn the_leader_has_only_seen_it_and_it_goes_up(system: &System, subscriber: &Subscriber, raised: &Message) {
    let leader = system.token("leader", &["--community", COMMUNITY, "--staff", "s-leader"], "leader").unwrap();
    let read = format!("/communities/{COMMUNITY}/alerts/{}", raised.alert());
    let read = system.request_as(&leader, reqwest::Method::GET, &read, None).await.unwrap();
    assert_eq!(read.json["for_you"], "do_not_go_up", "{}", read.text);
    let page = system.page(&leader, &format!("/c/{COMMUNITY}/alerts/{}", raised.alert())).await.unwrap().text;
    assert!(page.contains("请不要上楼") && page.contains("社区会派人处理") && !page.contains("陪同就医"), "{page}");
    let seen = json!({"id":uuid::Uuid::now_v7(),"type":"alert.acknowledge","data":{"alert":raised.alert(),"n":3}});
    let path = format!("/communities/{COMMUNITY}/commands");
    let answer = system.request_as(&leader, reqwest::Method::POST, &path, Some(seen.to_string())).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text);
    let acknowledged = subscriber.message(3).await;
    assert_eq!((acknowledged.action(), &acknowledged.json["data"]["state"]), ("acknowledged", &json!("open")), "level 1 can only see it");
    assert_eq!((&acknowledged.json["data"]["acknowledged"], acknowledged.json["data"]["seen"]["by"].is_string()), (&Value::Null, true));
    let town = subscriber.message(4).await;
    assert_eq!(turns(std::slice::from_ref(&town), "fever"), [line(3, "s-town", "unacknowledged")]);
    let (due, told) = (ms(&town.json["data"]["owner"]["since"]), ms(&town.json["time"]));
    assert_eq!(due - ms(&raised.json["time"]), 15 * MINUTE_MS);
    assert!(told >= due, "told before it was due: {}", town.body);
    assert_eq!(town.json["data"]["owner"]["due_at"], Value::Null, "there is nobody above");
}

async fn killed_over_the_time_it_is_told_once_and_a_vacant_post_passes_upward(system: &mut System) {
    // an order that nobody keeps: the evening's check is overdue at half past eight
    let order = json!({"quarantine":"q1","person":"p5","kind":"home","count_from":{"date":"2020-02-06","basis":"exposure"}});
    system.must(COMMUNITY, "quarantine.order", None, order).await.unwrap();
    fever(system, 1).await;
    // of several alerts nobody says which is told first: everything is heard once each of these is
    let all_told = async |system: &System, name: &str, rules: &[&str], count: usize| {
        let credentials = system.add_consumer(name, &["gw.v1.dianbu.u07.alert.>"]).unwrap();
        let subscriber = Subscriber::start(&credentials).await.unwrap();
        until("all is told", WAIT, async || {
            let told = subscriber.messages();
            (told.len() >= count && rules.iter().all(|rule| !turns(&told, rule).is_empty())).then_some(told)
        })
        .await
    };
    // the second fever: raised, level 1, level 2
    all_told(system, "before-the-kill", &["fever"], 8).await;
    system.kill().unwrap();
    system.begin_with(&["--clock", FASTER]).await.unwrap();
    // its third level, the check that is overdue, the office that has it; that a post is vacant, and the office again
    let told = all_told(system, "after-the-kill", &["fever", "check_overdue", "responsibility_gap"], 13).await;
    system.kill().unwrap();
    system.begin_with(&["--clock", FASTER]).await.unwrap();
    fever(system, 2).await;
    let after = all_told(system, "after-two-kills", &["fever", "check_overdue", "responsibility_gap"], 16).await;
    let of_second = |messages: &[Message]| {
        let ours: Vec<Message> = messages.iter().filter(|message| message.json["data"]["key"] == "u07/fever/person/p1").cloned().collect();
        turns(&ours, "fever")
    };
    let expected = [line(1, "s-nurse", "at_once"), line(2, "s-office", "at_once"), line(3, "s-town", "unacknowledged")];
    assert_eq!((of_second(&told), of_second(&after)), (expected.to_vec(), expected.to_vec()));
    assert_eq!(turns(&after, "check_overdue"), [line(2, "s-office", "vacant")]);
    assert_eq!(turns(&after, "responsibility_gap"), [line(2, "s-office", "at_once")]);
    let overdue = after.iter().find(|message| message.action() == "escalated" && message.json["data"]["kind"] == "check_overdue").unwrap();
    assert_eq!(overdue.json["data"]["owner"]["gaps"], json!([{"level":1,"duty":"keeper"}]));
    let order = system.get(&format!("/communities/{COMMUNITY}/quarantines/q1")).await.unwrap();
    assert_eq!(order.json["keepers"], json!([]), "the order says what its alert found: {}", order.text);
    let page = system.page(&system.admin_token().unwrap(), &format!("/c/{COMMUNITY}/alerts/{}", overdue.alert())).await.unwrap();
    assert!(page.text.contains("空缺岗位") && page.text.contains("一级 包保人"), "{}", page.text);
    let stores = system.command(&["rebuild", "--check"]).unwrap();
    assert!(stores.status.success(), "{}", String::from_utf8_lossy(&stores.stdout));
}
