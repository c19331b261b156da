//! Alerts that say what medicine found, and what people wrote about alerts. For those who may not see findings such an alert does not exist: not
//! one byte of any answer differs from that of a community in which it never was.

use std::time::Duration;

use bus::LastValues;
use domain::{
    alert::{AcknowledgedV2, AlertId, Key, Noted, Raised, ResolvedV2, Severity},
    medical::{Finding, FindingRecorded},
    values::{Place, Subject},
};
use serde_json::{Value, json};

use crate::{
    api::raised,
    harness::{Log, Running, event_fact},
    live_pages,
    world::{Told, day, finding, id, place, report},
};

/// Those who may not see findings, and those who may.
const OTHERS: [&str; 4] = ["admin", "leader", "gate", "viewer"];
const SEE: [&str; 2] = ["office", "nurse"];

/// An alert about somebody of whom nothing was decided.
fn undecided(person: &str, place: Place, severity: Severity) -> Raised {
    let fever = raised(severity);
    let key = Key { rule: id("exposure_undecided"), subject_id: id(person), ..fever.key };
    let mut occurrence = fever.occurrence;
    (occurrence.place, occurrence.person) = (place, Some(Subject::person(id(person))));
    Raised { alert: AlertId::new(key.hash(&id("c1")), 1), key, occurrence, ..fever }
}

/// A note about an alert, by whoever holds a token.
async fn note(log: &Log, number: u64, (alert, n): (&Raised, u32), (by, text): (&str, &str)) -> Told {
    let mut told = event_fact(number, "2020-02-02T09:30", report(&[], day("2020-02-02"), None));
    told.header.actor = id(by);
    let private = Some(log.sealed_name("p3", text, told.header.command).await);
    let (place, person) = (alert.occurrence.place.clone(), alert.occurrence.person.clone());
    told.event = Noted { alert: alert.alert.clone(), key: alert.key.clone(), n, place, person, private }.into();
    told
}

/// What happens to three alerts of findings: one at a door, one at no building, and one that is over.
async fn life(log: &Log) -> Vec<Told> {
    let behind_a_door = undecided("p3", place("h2"), Severity::Critical);
    let elsewhere = undecided("p4", Place::default(), Severity::Critical);
    let over = undecided("p1", place("h1"), Severity::Serious);
    let (alert, key, place, person) = (over.alert.clone(), over.key.clone(), over.occurrence.place.clone(), over.occurrence.person.clone());
    let taken = AcknowledgedV2 { alert: alert.clone(), key: key.clone(), n: 2, place: place.clone(), person: person.clone(), until: None };
    let resolved = ResolvedV2 { alert, key, n: 3, place, person, by_hand: false, late: false, quieted_by: vec![], basis: None, private: None };
    let noted = note(log, 904, (&behind_a_door, 2), ("nurse", "确诊")).await;
    let told = |number, event: domain::Event| event_fact(number, "2020-02-02T09:20", event);
    let alerts = [told(901, behind_a_door.into()), told(902, elsewhere.into()), told(903, over.into())];
    alerts.into_iter().chain([noted, told(905, taken.into()), told(906, resolved.into())]).collect()
}

/// A community with a fever, and with alerts of findings besides or, in as many commits, with findings of somebody without a file.
async fn community(folder: &std::path::Path, with: bool) -> (Log, Running) {
    let mut log = Log::with_community().await;
    log.append("c1", &event_fact(900, "2020-02-02T09:00", raised(Severity::Serious))).await;
    let nobody = FindingRecorded { home: None, ..finding("p9", Finding::Suspected) };
    for told in life(&log).await {
        let told = if with { told } else { Told { event: nobody.clone().into(), ..told } };
        log.append("c1", &told).await;
    }
    log.append("c1", &event_fact(907, "2020-02-02T09:50", report(&[], day("2020-02-02"), None))).await;
    let running = log.start(folder);
    running.reached(log.head).await;
    (log, running)
}

/// Every path on which an alert could show.
fn paths() -> Vec<String> {
    let alerts = ["p3", "p4", "p1"].map(|person| format!("/alerts/{}", undecided(person, Place::default(), Severity::Serious).alert));
    let whole = ["", "/buildings", "/buildings/b07", "/alerts", "/alerts?state=ended", "/households/h1", "/households/h2", "/people/p3", "/quarantines"];
    let timelines = ["building=b07", "household=h1", "household=h2", "person=p1", "person=p3", "person=p4"];
    let timelines = timelines.iter().flat_map(|of| [format!("/timeline?{of}"), format!("/timeline?{of}&limit=1"), format!("/timeline?{of}&limit=2")]);
    let pages = ["/alerts?limit=1", "/alerts?state=ended&limit=1", "/events"];
    whole.into_iter().chain(pages).map(str::to_owned).chain(timelines).chain(alerts).collect()
}

/// An answer with everything on the pages after it.
async fn read(running: &Running, token: &str, path: &str) -> Vec<(u16, String)> {
    let (mut answers, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = running.get(token, &format!("/communities/c1{path}{cursor}")).await;
        let text = String::from_utf8(answer.bytes).unwrap();
        let next = serde_json::from_str::<Value>(&text).ok().and_then(|json| json["next"].as_str().map(str::to_owned));
        answers.push((answer.status.as_u16(), text));
        let Some(next) = next else { return answers };
        cursor = format!("{}cursor={next}", if path.contains('?') { '&' } else { '?' });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_that_says_what_medicine_found_does_not_exist_for_those_who_may_not_see_that() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (_log, with) = community(folders[0].path(), true).await;
    let (_control, without) = community(folders[1].path(), false).await;
    for path in paths() {
        for token in OTHERS {
            assert_eq!(read(&with, token, &path).await, read(&without, token, &path).await, "{token} {path}");
        }
    }
    for token in OTHERS {
        assert_eq!(with.get(token, "/communities").await.bytes, without.get(token, "/communities").await.bytes, "{token}");
    }
    // those who may see findings see them, or all of this would prove nothing
    for token in SEE {
        let items = with.json(token, "/communities/c1/alerts").await["items"].clone();
        let kinds: Vec<&str> = items.as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["exposure_undecided", "exposure_undecided", "fever"], "{token}");
        assert_eq!(with.json(token, "/communities/c1/alerts?state=ended").await["items"].as_array().unwrap().len(), 1, "{token}");
        let counts = |value: &Value| [value["alerts"]["critical"].clone(), value["alerts"]["serious"].clone()];
        assert_eq!(counts(&with.json(token, "/communities/c1").await), [2, 1].map(|count| json!(count)), "{token}");
        let building = with.json(token, "/communities/c1/buildings/b07").await;
        assert_eq!((&building["status"], counts(&building)), (&json!("critical"), [1, 1].map(|count| json!(count))), "{token}");
        assert_eq!(counts(&building["units"][0]["floors"][0]["doors"][0]), [1, 1].map(|count| json!(count)), "{token}");
        let timeline = with.json(token, "/communities/c1/timeline?person=p3").await.to_string();
        assert!(timeline.contains("exposure_undecided") && timeline.contains("确诊"), "{token}: {timeline}");
    }
    assert_eq!(counts_of(&with, "viewer").await, (0, 1));
    for running in [with, without] {
        running.projection.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outsiders_are_told_how_a_building_stands_without_such_alerts() {
    let (mut log, folder, values) = (Log::with_community().await, tempfile::tempdir().unwrap(), LastValues::in_memory());
    log.append("c1", &event_fact(900, "2020-02-02T09:00", undecided("p3", place("h2"), Severity::Critical))).await;
    let head = log.append("c1", &event_fact(901, "2020-02-02T09:50", report(&[], day("2020-02-02"), None))).await;
    let running = log.start_telling(folder.path(), values.clone());
    let told = async {
        loop {
            let row = values.get("gw.v1.t1.c1.status.b07").await.unwrap().map(|row| serde_json::from_slice::<Value>(&row).unwrap());
            match row {
                Some(row) if row["sequence"] == head => return row,
                _ => tokio::task::yield_now().await,
            }
        }
    };
    let row = tokio::time::timeout(Duration::from_secs(20), told).await.unwrap();
    assert_eq!((&row["status"], &row["alerts"]), (&json!("duty"), &json!({"critical": 0, "serious": 0, "caution": 0})), "{row}");
    assert_eq!(running.json("nurse", "/communities/c1/buildings/b07").await["status"], "critical");
    running.projection.stop().await;
}

async fn counts_of(running: &Running, token: &str) -> (u64, u64) {
    let headline = running.json(token, "/communities/c1").await;
    (headline["alerts"]["critical"].as_u64().unwrap(), headline["alerts"]["serious"].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_page_is_told_of_such_an_alert_only_where_it_exists() {
    let mut log = Log::with_community().await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    let mut others = Vec::new();
    for token in OTHERS {
        others.push((token, live_pages::open_as(&running, token, None).await));
    }
    let mut nurse = live_pages::open_as(&running, "nurse", None).await;
    let hidden = log.append("c1", &event_fact(900, "2020-02-02T09:00", undecided("p3", place("h2"), Severity::Critical))).await;
    running.reached(hidden).await;
    let seen = log.append("c1", &event_fact(901, "2020-02-02T09:10", report(&[], day("2020-02-02"), None))).await;
    running.reached(seen).await;
    for (token, page) in &mut others {
        assert_eq!(page.next().await.1, seen, "{token}");
    }
    assert_eq!((nurse.next().await.1, nurse.next().await.1), (hidden, seen));
    drop((others, nurse));
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_about_an_alert_is_read_by_those_who_may_see_findings_and_by_who_wrote_it() {
    let mut log = Log::with_community().await;
    let fever = raised(Severity::Serious);
    log.append("c1", &event_fact(900, "2020-02-02T09:00", fever.clone())).await;
    let by_the_nurse = note(&log, 901, (&fever, 2), ("nurse", "核酸阳性")).await;
    let at_the_gate = note(&log, 902, (&fever, 3), ("gate", "门口有哭声")).await;
    let mut over = note(&log, 903, (&fever, 4), ("nurse", "已转定点医院")).await;
    let domain::Event::AlertNoted(Noted { alert, key, n, place, person, private }) = over.event else { panic!("a note") };
    over.event = ResolvedV2 { alert, key, n, place, person, by_hand: true, late: false, quieted_by: vec![], basis: None, private }.into();
    log.append_all("c1", &[by_the_nurse, at_the_gate, over]).await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    let texts = ["核酸阳性", "门口有哭声", "已转定点医院"];
    for (token, reads) in
        [("nurse", [true; 3]), ("office", [true; 3]), ("gate", [false, true, false]), ("leader", [false; 3]), ("viewer", [false; 3]), ("admin", [false; 3])]
    {
        let alert = running.json(token, &format!("/communities/c1/alerts/{}", fever.alert)).await;
        let timeline = running.json(token, "/communities/c1/timeline?person=p3").await;
        for shown in [&alert, &timeline] {
            let shown = shown.to_string();
            assert_eq!(texts.map(|text| shown.contains(text)), reads, "{token}: {shown}");
        }
        let history = alert["history"].as_array().unwrap();
        let who: Vec<_> = history.iter().map(|happened| (happened["action"].as_str().unwrap(), happened["actor"].as_str().unwrap())).collect();
        assert_eq!(who, [("raised", "office"), ("noted", "nurse"), ("noted", "gate"), ("resolved", "nurse")], "that there is one, and whose: {token}");
        // a leader is not to go up to a fever, and timelines tell them nothing of it
        let (without, noted) = match token {
            "leader" => (json!(["reasons", "notes"]), 0),
            token if SEE.contains(&token) => (Value::Null, 2),
            "gate" | "viewer" => (json!(["measured", "notes"]), 2),
            _ => (json!(["notes"]), 2),
        };
        let told = timeline["items"].as_array().unwrap().iter().filter(|item| item["type"] == "alert.noted.v1").count();
        assert_eq!((&alert["without"], told), (&without, noted), "{token}");
    }
    running.projection.stop().await;
}
