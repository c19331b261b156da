//! Within a community: of a neighbour who may be ill a leader reads that they are not to go up, and through no other door why.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Answer, System, until};
use uuid::Uuid;

use crate::{OWN, doors::token, fever};

/// By day: at night only who is on shift is told.
const CLOCK: &str = "2020-02-06T10:00:00+08:00@1";
/// Longest wait for an alert.
const WAIT: Duration = Duration::from_secs(20);
/// What says of the alert why it is: its kind, what was measured, of whom, by which rule, and what was written about it.
const REASONS: [&str; 10] = ["发热", "Fever", "fever", "38.6", "tenths_celsius\":", "p0", "杨桂0", "腋下", "体温计坏了", "measured_wrong"];
/// Lists, the alert itself and timelines, with `{alert}` for its id.
const LISTS: [&str; 3] = ["/alerts", "/alerts?state=ended", "/alerts/{alert}"];
const TIMELINES: [&str; 3] = ["/timeline?building=b07", "/timeline?household=h0", "/timeline?person=p0"];
const PAGES: [&str; 4] = ["/b/b07", "/alerts", "/alerts?state=ended", "/alerts/{alert}"];

/// Whose each token is, and their role: the neighbour of whoever is ill, that of somebody else, and those who go to them.
const STAFF: [(&str, &str); 4] = [("s-seven", "leader"), ("s-eight", "leader"), ("s-nurse", "nurse"), ("s-office", "office")];

struct Somebody {
    staff: &'static str,
    token: String,
}

impl Somebody {
    async fn ask(&self, system: &System, path: &str) -> Answer {
        system.request_as(&self.token, Method::GET, &format!("/communities/{OWN}{path}"), None).await.unwrap()
    }

    async fn send(&self, system: &System, kind: &str, data: Value) -> Answer {
        let command = json!({"id": Uuid::now_v7(), "type": kind, "data": data}).to_string();
        let answer = system.request_as(&self.token, Method::POST, &format!("/communities/{OWN}/commands"), Some(command)).await.unwrap();
        assert_eq!(answer.status, 201, "{}: {}", self.staff, answer.text);
        answer
    }

    /// Types of the events of alerts that they read in a timeline.
    async fn events_of_alerts(&self, system: &System, timeline: &str) -> Vec<String> {
        let told = self.ask(system, timeline).await;
        assert_eq!(told.status, 200, "{}", told.text);
        let types = told.json["items"].as_array().unwrap().iter().map(|item| item["type"].as_str().unwrap().to_owned());
        types.filter(|kind| kind.starts_with("alert.")).collect()
    }

    /// What is to be done on the front page.
    async fn to_do(&self, system: &System) -> String {
        let page = system.page(&self.token, &format!("/c/{OWN}")).await.unwrap().text;
        let (_, to_do) = page.split_once("id=\"part-todo\"").unwrap();
        to_do.split_once("</aside>").unwrap().0.to_owned()
    }
}

/// Who they are, with their duties and tokens.
async fn people(system: &System) -> [Somebody; 4] {
    system.must(OWN, "building.register", None, json!({"building":"b08","name":"8号楼","estate":"e1"})).await.unwrap();
    let scopes = [json!({"building":"b07"}), json!({"building":"b08"}), json!({"community":OWN}), json!({"community":OWN})];
    let mut people = Vec::new();
    for ((staff, role), scope) in STAFF.into_iter().zip(scopes) {
        system.must(OWN, "staff.register", None, json!({"staff":staff,"name":"李红","roles":[]})).await.unwrap();
        let level = if role == "office" { 2 } else { 1 };
        let duty = json!({"scope":scope,"duty":role,"level":level,"staff":staff,"from":"2020-02-01T00:00:00+08:00"});
        system.must(OWN, "responsibility.assign", None, duty).await.unwrap();
        let token = token(system, &format!("t-{staff}"), &["--community", OWN, "--staff", staff], role).await;
        people.push(Somebody { staff, token });
    }
    people.try_into().ok().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_neighbour_who_may_be_ill_a_leader_reads_not_to_go_up_and_nothing_of_why() {
    let mut system = System::start(&["--clock", CLOCK]).await.unwrap();
    system.settle("dianbu", OWN).await.unwrap();
    let [seven, eight, nurse, office] = people(&system).await;
    fever(&system, OWN, "h0", "p0").await;
    let alert = until("it is the turn of the nurse and the office", WAIT, async || {
        let alerts = office.ask(&system, "/alerts").await.json;
        alerts["items"].as_array()?.iter().find(|item| item["kind"] == "fever" && item["turn"]["level"] == 2).cloned()
    })
    .await;
    let id = alert["alert"].as_str().unwrap();
    assert_eq!(alert["turn"]["informed"][0]["staff"], "s-seven", "{alert}");
    nurse.send(&system, "alert.note", json!({"alert":id,"n":alert["n"],"note":"体温计坏了"})).await;
    for leader in [&seven, &eight] {
        reads_that_they_are_not_to_go_up(&system, leader, id).await;
        reads_nothing_of_why(&system, leader, id).await;
    }
    for other in [&nurse, &office] {
        reads_all(&system, other, id).await;
    }

    // to have seen it is taken from whoever asks, and changes nothing of what they read
    let n = seven.ask(&system, &format!("/alerts/{id}")).await.json["n"].clone();
    seven.send(&system, "alert.acknowledge", json!({"alert":id,"n":n})).await;
    let n = until("it is seen", WAIT, async || {
        let shown = seven.ask(&system, &format!("/alerts/{id}")).await.json;
        shown["seen"].is_object().then(|| shown["n"].clone())
    })
    .await;
    // what they wrote themselves they read again
    seven.send(&system, "alert.note", json!({"alert":id,"n":n,"note":"门口有哭声"})).await;
    until("their own note is there", WAIT, async || seven.ask(&system, &format!("/alerts/{id}")).await.text.contains("门口有哭声").then_some(())).await;
    assert!(!eight.ask(&system, &format!("/alerts/{id}")).await.text.contains("门口有哭声"), "a note of somebody else");
    reads_nothing_of_why(&system, &seven, id).await;
    let n = nurse.ask(&system, &format!("/alerts/{id}")).await.json["n"].clone();
    nurse.send(&system, "alert.close", json!({"alert":id,"n":n,"reason":"measured_wrong"})).await;
    let over = async || (office.ask(&system, &format!("/alerts/{id}")).await.json["state"] == "closed").then_some(());
    until("it is over", WAIT, over).await;
    for leader in [&seven, &eight] {
        let ended = leader.ask(&system, "/alerts?state=ended").await.json;
        assert_eq!((&ended["items"][0]["alert"], &ended["items"][0]["for_you"]), (&json!(id), &Value::Null), "{}: {ended}", leader.staff);
        reads_nothing_of_why(&system, leader, id).await;
        let page = system.page(&leader.token, &format!("/c/{OWN}/alerts/{id}")).await.unwrap().text;
        assert!(page.contains("提醒结束，上门前请先问社区"), "{}: {page}", leader.staff);
    }
    for other in [&nurse, &office] {
        reads_all(&system, other, id).await;
    }
    system.stop().unwrap();
}

/// Where, since when, whose turn it is and that they are to stay away is told.
async fn reads_that_they_are_not_to_go_up(system: &System, leader: &Somebody, id: &str) {
    let whole = leader.ask(system, &format!("/alerts/{id}")).await;
    let listed = leader.ask(system, "/alerts").await.json["items"][0].clone();
    for item in [&whole.json, &listed] {
        let told = [&item["kind"], &item["key"], &item["state"], &item["severity"], &item["for_you"], &item["place"]["door"], &item["turn"]["level"]];
        let key = format!("{OWN}/do_not_go_up/alert/{id}");
        let expected = [json!("do_not_go_up"), json!(key), json!("open"), json!("critical"), json!("do_not_go_up"), json!("101"), json!(2)];
        assert_eq!(told.map(Clone::clone), expected, "{}: {item}", leader.staff);
        assert_eq!(item["you_may"], json!(["alert.escalate", "alert.note"]), "{}: {item}", leader.staff);
    }
    assert_eq!((&whole.json["without"], &listed["without"]), (&json!(["reasons", "notes"]), &json!(["reasons"])), "{}", whole.text);
    let page = system.page(&leader.token, &format!("/c/{OWN}/alerts/{id}")).await.unwrap().text;
    let pages = [page, system.page(&leader.token, &format!("/c/{OWN}/alerts")).await.unwrap().text, leader.to_do(system).await];
    for page in pages {
        assert!(page.contains("请不要上楼") && page.contains("社区会派人处理") && page.contains("2单元 101"), "{}: {page}", leader.staff);
        assert!(!page.contains(&format!("/alerts/{id}/acknowledge")), "{} is offered to have it: {page}", leader.staff);
    }
}

async fn reads_nothing_of_why(system: &System, leader: &Somebody, id: &str) {
    let mut told = vec![("to do".to_owned(), leader.to_do(system).await)];
    for path in LISTS {
        told.push((path.to_owned(), leader.ask(system, &path.replace("{alert}", id)).await.text));
    }
    for path in PAGES {
        let page = system.page(&leader.token, &format!("/c/{OWN}{}", path.replace("{alert}", id))).await.unwrap();
        assert_eq!(page.status, 200, "{path}");
        told.push((format!("page {path}"), page.text));
    }
    let file = system.data().with_file_name(format!("{}.token", leader.staff));
    std::fs::write(&file, &leader.token).unwrap();
    let commands: [&[&str]; 2] = [&["alerts", "list"], &["alerts", "show", id]];
    for command in commands {
        let printed = system.command(&[&["--community", OWN, "--token-file", file.to_str().unwrap()], command].concat()).unwrap();
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        told.push((command.join(" "), String::from_utf8(printed.stdout).unwrap()));
    }
    for (way, told) in told {
        let why: Vec<&str> = REASONS.into_iter().filter(|reason| told.contains(reason)).collect();
        assert!(why.is_empty(), "{} reads {why:?} by {way}: {told}", leader.staff);
    }
    for timeline in TIMELINES {
        assert_eq!(leader.events_of_alerts(system, timeline).await, Vec::<String>::new(), "{} {timeline}", leader.staff);
    }
}

async fn reads_all(system: &System, reader: &Somebody, id: &str) {
    let whole = reader.ask(system, &format!("/alerts/{id}")).await;
    assert_eq!((&whole.json["kind"], &whole.json["person"]["person"]), (&json!("fever"), &json!("p0")), "{}: {}", reader.staff, whole.text);
    assert_eq!((&whole.json["observed"]["tenths_celsius"], whole.json.get("without")), (&json!(386), None), "{}: {}", reader.staff, whole.text);
    assert!(whole.text.contains("体温计坏了"), "{}: {}", reader.staff, whole.text);
    let page = system.page(&reader.token, &format!("/c/{OWN}/alerts/{id}")).await.unwrap().text;
    assert!(page.contains("发热 38.6℃ 腋下") && page.contains("体温计坏了"), "{}: {page}", reader.staff);
    for timeline in TIMELINES {
        let told = reader.events_of_alerts(system, timeline).await;
        assert!(told.iter().any(|kind| kind == "alert.raised.v1"), "{} {timeline}: {told:?}", reader.staff);
    }
}
