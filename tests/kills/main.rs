//! Random `kill -9` under load: every acknowledged command is on the log exactly once, each cause is alerted once, the stores equal
//! their fold, and the log's chain holds. `GRIDWARD_KILLS` says how many kills, `GRIDWARD_SEED` repeats a run.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Attempt, Chance, History, System};
use tokio::sync::RwLock;

const COMMUNITY: &str = "u07";
/// Clients that send at the same time.
const CLIENTS: u64 = 6;
/// Households, and people in them, one each.
const DOORS: u64 = 40;
/// Every so-manieth visit finds a fever.
const FEVER_EVERY: u64 = 25;
/// Longest wait for everything to settle after the last kill.
const SETTLE_WAIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_nothing_is_doubled() {
    let kills: u64 = std::env::var("GRIDWARD_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let mut chance = Chance::seeded(20_200_206);
    let seed = chance.seed();
    let system = System::start(&[]).await.unwrap();
    register(&system).await;
    let system = Arc::new(RwLock::new(system));
    let history = History::default();
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> =
        (0..CLIENTS).map(|client| tokio::spawn(keep_sending(client, chance.bits(), Arc::clone(&system), history.clone(), Arc::clone(&stop)))).collect();

    for kill in 0..kills {
        let before = history.acknowledged();
        let wanted = before + 20 + usize::try_from(chance.below(200)).unwrap();
        wait_for(|| history.acknowledged() >= wanted, SETTLE_WAIT, &format!("seed {seed}: nothing is acknowledged before kill {kill}")).await;
        if chance.below(2) == 0 {
            let mut running = system.write().await;
            running.kill().unwrap();
            running.begin().await.unwrap_or_else(|error| panic!("seed {seed}, kill {kill}: {error:#}"));
        } else {
            system.read().await.kill_nats().unwrap();
        }
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    let mut system = Arc::into_inner(system).unwrap().into_inner();
    check_log(&system, &history, seed).await;
    check_alerts(&system, seed).await;
    check_folds(&system, seed);
    system.stop().unwrap();
}

async fn register(system: &System) {
    system.must(COMMUNITY, "community.found", None, json!({"town":"dianbu","community":COMMUNITY,"name":"七里"})).await.unwrap();
    system.must(COMMUNITY, "building.register", None, json!({"building":"b07","name":"7号楼"})).await.unwrap();
    for door in 0..DOORS {
        let household =
            json!({"household":format!("h{door}"),"building":"b07","unit":"1","floor":door / 4 + 1,"door":format!("{}{:02}", door / 4 + 1, door % 4 + 1)});
        system.must(COMMUNITY, "household.register", None, household).await.unwrap();
        system
            .must(COMMUNITY, "person.register", None, json!({"person":format!("p{door}"),"name":format!("住户{door}"),"household":format!("h{door}")}))
            .await
            .unwrap();
    }
}

/// A phone: it keeps a command until there is an answer that settles it, and sends it again under the same id.
async fn keep_sending(client: u64, seed: u64, system: Arc<RwLock<System>>, history: History, stop: Arc<AtomicBool>) {
    let mut chance = Chance::seeded(seed).clone();
    for count in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let id = uuid::Uuid::now_v7().to_string();
        let door = chance.below(DOORS);
        let fever = (client + count * CLIENTS).is_multiple_of(FEVER_EVERY);
        let reading = if fever { json!({"celsius":38.4,"site":"axilla"}) } else { json!({"celsius":36.5,"site":"axilla"}) };
        let people = json!([{"person":format!("p{door}"),"readings":[reading],"symptoms":[]}]);
        let command = json!({"id":id,"type":"visit.record","data":{"household":format!("h{door}"),"outcome":"met","mode":"door","people":people}}).to_string();
        loop {
            let answer = system.read().await.request(Method::POST, &format!("/communities/{COMMUNITY}/commands"), Some(command.clone())).await;
            let attempt = match answer {
                Ok(answer) if matches!(answer.status, 200 | 201) => Attempt::Acknowledged(answer.json["sequence"].as_u64().unwrap()),
                Ok(answer) if (400..500).contains(&answer.status) && answer.status != 429 => panic!("a good command was refused: {}", answer.text),
                _ => Attempt::Unknown,
            };
            history.note(&id, attempt);
            if attempt != Attempt::Unknown {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn wait_for(mut done: impl FnMut() -> bool, wait: Duration, what: &str) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < wait, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Every line of the exported log.
fn export(system: &System) -> Vec<Value> {
    let output = system.command(&["--community", COMMUNITY, "--json", "events", "export"]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn check_log(system: &System, history: &History, seed: u64) {
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for commit in export(system) {
        found.entry(commit["command"].as_str().unwrap().to_owned()).or_default().push(commit["sequence"].as_u64().unwrap());
    }
    let all = history.all();
    assert!(all.len() > 100, "seed {seed}: only {} commands were sent", all.len());
    for (id, attempt) in all {
        let stands = found.get(&id).cloned().unwrap_or_default();
        match attempt {
            Attempt::Acknowledged(sequence) => assert_eq!(stands, [sequence], "seed {seed}: command {id} was acknowledged at {sequence}"),
            Attempt::Refused => assert!(stands.is_empty(), "seed {seed}: command {id} was refused and stands at {stands:?}"),
            Attempt::Unknown => assert!(stands.len() <= 1, "seed {seed}: command {id} stands at {stands:?}"),
        }
    }
}

/// Each fever stands in the causes of exactly one alert, and each alert was raised once.
async fn check_alerts(system: &System, seed: u64) {
    let fevers = |commits: &[Value]| -> Vec<String> {
        let visits = commits.iter().flat_map(|commit| commit["events"].as_array().cloned().unwrap_or_default());
        let hot =
            visits.filter(|event| event["type"] == "visit.recorded.v1" && event["data"]["people"][0]["readings"][0]["tenths_celsius"].as_i64() >= Some(373));
        hot.map(|event| event["id"].as_str().unwrap().to_owned()).collect()
    };
    let begun = Instant::now();
    loop {
        let commits = export(system);
        let mut raised: BTreeMap<String, u32> = BTreeMap::new();
        let mut causes: BTreeMap<String, std::collections::BTreeSet<String>> = BTreeMap::new();
        for event in commits.iter().flat_map(|commit| commit["events"].as_array().cloned().unwrap_or_default()) {
            let kind = event["type"].as_str().unwrap_or_default().to_owned();
            let alert = event["data"]["alert"].as_str().unwrap_or_default().to_owned();
            if kind == "alert.raised.v1" {
                *raised.entry(alert.clone()).or_default() += 1;
            }
            for cause in event["data"]["occurrence"]["causes"].as_array().into_iter().flatten() {
                causes.entry(cause.as_str().unwrap().to_owned()).or_default().insert(alert.clone());
            }
        }
        let fevers = fevers(&commits);
        let missing = fevers.iter().filter(|fever| !causes.contains_key(*fever)).count();
        if missing == 0 {
            assert!(!fevers.is_empty(), "seed {seed}: no fever was recorded");
            assert!(raised.values().all(|times| *times == 1), "seed {seed}: raised twice: {raised:?}");
            let doubled: Vec<_> = causes.iter().filter(|(_, alerts)| alerts.len() > 1).collect();
            assert!(doubled.is_empty(), "seed {seed}: a cause in two alerts: {doubled:?}");
            return;
        }
        assert!(begun.elapsed() < SETTLE_WAIT, "seed {seed}: {missing} of {} fevers were never alerted", fevers.len());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn check_folds(system: &System, seed: u64) {
    for arguments in [&["rebuild", "--check"][..], &["verify"]] {
        let output = system.command(arguments).unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "seed {seed}: gridward {arguments:?} found something:\n{said}");
    }
}
