//! What was measured of somebody and what they were asked: not for those who are neighbours or guards, unless they recorded it.

use domain::{
    Event,
    access::{DEPLOYMENT, Granted, SecretHash, TokenScope},
    alert::{Observed, Raised, Severity},
    checkpoint::{EntryRecorded, EntryResult},
    commit::Role,
    quarantine::{CheckOutcome, Checked},
    silence::Started,
    values::{Place, Site, StaffId, Timestamp},
    visit::{Outcome, PersonFound, Recorded},
};
use serde_json::{Value, json};

use crate::{
    api::raised,
    harness::{Log, Running, event_fact},
    world::{Told, at, check, entry, found, id, place, reading, told, visit},
};

/// Tenths of a degree that were measured: at a door, by a check, at a gate, of whom the leader visited, what an alert is about, and what was taken back.
const AT_THE_DOOR: i16 = 387;
const BY_A_CHECK: i16 = 386;
const AT_THE_GATE: i16 = 385;
const BY_THE_LEADER: i16 = 379;
const IN_THE_ALERT: i16 = 384;
const TAKEN_BACK: i16 = 383;
/// What somebody said they had, and what was written beside it.
const SYMPTOM: &str = "lost-smell";
const NOTE: &str = "咳得厉害";

/// Everybody who reads, and what of [`told_of`] they read: who works for somebody's health or decides about it, all.
const ALL: &[i16] = &[AT_THE_DOOR, BY_A_CHECK, AT_THE_GATE, BY_THE_LEADER, IN_THE_ALERT];
const READERS: [(&str, &[i16]); 6] =
    [("office", ALL), ("nurse", ALL), ("grid", ALL), ("leader-7", &[BY_THE_LEADER]), ("gate", &[AT_THE_GATE]), ("viewer", &[])];

const PATHS: [&str; 16] = [
    "",
    "/buildings",
    "/buildings/b07",
    "/households/h1",
    "/households/h2",
    "/people/p1",
    "/people/p3",
    "/quarantines",
    "/quarantines/q1",
    "/alerts",
    "/checkpoints",
    "/silences",
    "/timeline?building=b07",
    "/timeline?household=h1",
    "/timeline?person=p1",
    "/timeline?quarantine=q1",
];

fn by(told: Told, actor: &str, staff: &[&str]) -> Told {
    let mut told = told;
    (told.header.actor, told.header.by) = (id(actor), staff.iter().map(|staff| id(staff)).collect());
    told
}

/// A visit that found somebody ill.
fn ill(household: &str, person: &str, tenths: i16, when: Timestamp) -> Recorded {
    let person = PersonFound { symptoms: Some(vec![id(SYMPTOM)]), ..found(person, tenths, when) };
    visit(place(household), Outcome::Met, None, vec![person])
}

/// A community in which every door to what was measured has something behind it.
async fn running(folder: &tempfile::TempDir) -> (Log, Running) {
    let mut log = Log::with_community().await;
    log.grant("grid", Role::Grid, TokenScope { community: Some(id("c1")), town: None }).await;
    let staff: Option<StaffId> = Some(id("s-seven"));
    let scope = TokenScope { community: Some(id("c1")), town: None };
    let leader = Granted { token: id("leader-7"), name: id("leader-7"), secret_hash: SecretHash::of("leader-7"), scope, role: Role::Leader, staff };
    log.append(DEPLOYMENT, &told(log.head + 1, at("2020-02-01T08:00"), at("2020-02-01T08:00"), leader)).await;
    let when = at("2020-02-02T09:00");
    let mut noted = event_fact(900, "2020-02-02T09:00", ill("h1", "p1", AT_THE_DOOR, when));
    let private = Some(log.sealed_name("p1", NOTE, noted.header.command).await);
    if let Event::VisitRecorded(visit) = &mut noted.event {
        visit.people[0].private = private;
    }
    let mut checked: Checked = check(CheckOutcome::Reached, BY_A_CHECK, when);
    checked.checks[0].symptoms = Some(vec![id(SYMPTOM)]);
    let passed = EntryRecorded { readings: vec![reading(AT_THE_GATE, when)], ..entry("p1", EntryResult::SentToClinic) };
    let mut fever: Raised = raised(Severity::Critical);
    fever.occurrence.observed = Some(Observed { tenths_celsius: IN_THE_ALERT, site: Site::Axilla, at: when, recorded_at: when });
    let wrong = event_fact(905, "2020-02-02T09:00", ill("h1", "p1", TAKEN_BACK, when));
    let facts = [
        by(noted, "nurse", &["s-nurse"]),
        by(event_fact(901, "2020-02-02T09:00", checked), "grid", &["s-grid"]),
        by(event_fact(902, "2020-02-02T09:00", passed), "gate", &[]),
        by(event_fact(903, "2020-02-02T09:00", ill("h2", "p3", BY_THE_LEADER, when)), "leader-7", &["s-seven"]),
        event_fact(904, "2020-02-02T09:00", fever),
        by(wrong.clone(), "nurse", &["s-nurse"]),
        wrong.retracted(906),
    ];
    log.append_all("c1", &facts).await;
    let running = log.start(folder.path());
    running.reached(log.head).await;
    (log, running)
}

fn tenths(tenths: i16) -> String {
    format!("\"tenths_celsius\":{tenths},")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_measured_is_read_through_no_door_by_neighbours_and_guards_but_by_whoever_recorded_it() {
    let folder = tempfile::tempdir().unwrap();
    let (_log, running) = running(&folder).await;
    let alert = format!("/alerts/{}", raised(Severity::Critical).alert);
    for (token, reads) in READERS {
        let mut told = String::new();
        for path in PATHS.into_iter().chain([alert.as_str()]) {
            told += &String::from_utf8(running.get(token, &format!("/communities/c1{path}")).await.bytes).unwrap();
        }
        let read: Vec<i16> = ALL.iter().copied().filter(|value| told.contains(&tenths(*value))).collect();
        assert_eq!(read, reads, "{token}: {told}");
        let sees = reads.len() == ALL.len();
        // the leader reads the symptom of whom they visited, which is on another door
        let household = String::from_utf8(running.get(token, "/communities/c1/households/h1").await.bytes).unwrap();
        assert_eq!((household.contains(SYMPTOM), told.contains(NOTE)), (sees, sees), "{token}: {household}");
        assert_eq!(told.contains("sent_to_clinic"), sees || token == "gate", "{token}: what a guard did says why: {told}");
    }
    running.projection.stop().await;
}

/// Who is not to read it reads that somebody was there, and that there may be more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_out_is_said_and_what_a_neighbour_needs_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (_log, running) = running(&folder).await;
    for (token, sees) in [("nurse", true), ("leader-7", false), ("gate", false)] {
        let without = if sees { Value::Null } else { json!(["measured"]) };
        for path in ["/households/h1", "/people/p1", "/quarantines/q1"] {
            let shown = running.json(token, &format!("/communities/c1{path}")).await;
            assert_eq!(shown.get("without").cloned().unwrap_or_default(), without, "{token} {path}: {shown}");
        }
        let listed = running.json(token, "/communities/c1/quarantines").await["items"][0].clone();
        assert_eq!(listed.get("without").cloned().unwrap_or_default(), without, "{token}: {listed}");
        let household = running.json(token, "/communities/c1/households/h1").await;
        let outcomes: Vec<&str> = household["observations"].as_array().unwrap().iter().map(|seen| seen["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["met", "reached"], "{token}: who was met, and that a check was made");
        assert_eq!(household["observations"][0]["people"][0]["person"], "p1", "{token}");
        let order = running.json(token, "/communities/c1/quarantines/q1").await;
        assert!(order["slots"].to_string().contains("\"done\""), "{token}: what is owed and what was done: {order}");
        let timeline = running.json(token, "/communities/c1/timeline?household=h1").await["items"].clone();
        let items = timeline.as_array().unwrap();
        assert!(items.iter().all(|item| item.get("without").cloned().unwrap_or_default() == without), "{token}: {timeline}");
        assert!(items.iter().any(|item| item["type"] == "visit.recorded.v1" && item["data"]["outcome"] == "met"), "{token}: {timeline}");
        // a retraction repeats what it takes back, as bytes
        let retraction = items.iter().find(|item| item["type"] == "record.retracted.v1").unwrap();
        let stored = retraction["data"]["events"][0].clone();
        let payload: Vec<u8> = serde_json::from_value(stored["payload"].clone()).unwrap();
        let Event::VisitRecorded(repeated) = Event::decode(stored["name"].as_str().unwrap(), &payload).unwrap() else { panic!("{stored}") };
        let measured = repeated.people[0].readings.iter().any(|reading| reading.tenths_celsius == Some(TAKEN_BACK));
        assert_eq!((measured, repeated.people[0].symptoms.is_some()), (sees, sees), "{token}: {repeated:?}");
    }
    running.projection.stop().await;
}

/// A leader reads of a silence of alerts that say to them only not to go up no more than of these.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_silence_of_alerts_without_reasons_neither_kind_nor_reason_is_told() {
    let mut log = Log::with_community().await;
    let whose = [("fever", Some("fever")), ("all", None), ("report", Some("building_silent"))];
    for (number, (text, kind)) in (900..).zip(whose) {
        let mut told = event_fact(number, "2020-02-02T09:00", visit(Place::default(), Outcome::Met, None, Vec::new()));
        let silence = told.header.command;
        let private = Some(log.sealed_name("p1", &format!("原因{text}"), silence).await);
        told.event = Started { silence, kind: kind.map(id), building: Some(id("b07")), until: at("2020-02-02T20:00"), private }.into();
        log.append("c1", &told).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    let whole = json!([["fever", "原因fever", null], [null, "原因all", null], ["building_silent", "原因report", null]]);
    let left = json!([["do_not_go_up", null, ["reasons"]], [null, null, ["reasons"]], ["building_silent", "原因report", null]]);
    for (token, expected) in [("office", &whole), ("nurse", &whole), ("gate", &whole), ("leader", &left)] {
        let listed = running.json(token, "/communities/c1/silences").await;
        let mut told: Vec<Value> =
            listed["items"].as_array().unwrap().iter().map(|item| json!([item["kind"], item["private"]["name"][0], item.get("without")])).collect();
        told.sort_by_key(|item| expected.as_array().unwrap().iter().position(|one| one == item));
        assert_eq!(json!(told), *expected, "{token}: {listed}");
        let timeline = running.json(token, "/communities/c1/timeline?building=b07").await.to_string();
        for (text, kind) in whose {
            let hidden = token == "leader" && kind != Some("building_silent");
            assert_eq!(timeline.contains(&format!("原因{text}")), !hidden, "{token} {text}: {timeline}");
        }
        assert_eq!(timeline.contains("\"kind\":\"fever\""), token != "leader", "{token}: {timeline}");
    }
    running.projection.stop().await;
}
