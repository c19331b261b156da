//! What must hold whatever happened: every acknowledged command on the log once, each cause in one alert, folds without a difference.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use serde_json::Value;
use system_tests::{Attempt, History, System};

use crate::load::COMMUNITY;

/// Longest wait for everything to settle after the last fault.
pub(crate) const SETTLE_WAIT: Duration = Duration::from_secs(60);

/// Checks all of it.
pub(crate) async fn check(system: &System, history: &History, seed: u64) {
    check_log(system, history, seed);
    let told = every_fever_is_told(system, seed).await;
    check_alerts(&told, seed);
    check_folds(system, seed);
}

/// As [`check`], where the clock jumped: a fever that was typed after readings that say it was over by then is none to tell.
pub(crate) fn check_out_of_time(system: &System, history: &History, seed: u64) {
    check_log(system, history, seed);
    check_alerts(&Told::of(&export(system)), seed);
    check_folds(system, seed);
}

/// Every line of the exported log.
pub(crate) fn export(system: &System) -> Vec<Value> {
    let output = system.command(&["--community", COMMUNITY, "--json", "events", "export"]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn check_log(system: &System, history: &History, seed: u64) {
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

/// What the log says of fevers and alerts.
#[derive(Default)]
struct Told {
    /// Visits that found a fever.
    fevers: Vec<String>,
    /// How often each alert was raised.
    raised: BTreeMap<String, u32>,
    /// The alerts of people that each cause stands in. A cluster, which is about nobody, says once more what their fevers say.
    causes: BTreeMap<String, BTreeSet<String>>,
}

impl Told {
    fn of(commits: &[Value]) -> Self {
        let mut told = Self::default();
        for event in commits.iter().flat_map(|commit| commit["events"].as_array().into_iter().flatten()) {
            let (kind, alert) = (event["type"].as_str(), event["data"]["alert"].as_str().unwrap_or_default().to_owned());
            if kind == Some("visit.recorded.v1") && event["data"]["people"][0]["readings"][0]["tenths_celsius"].as_i64() >= Some(373) {
                told.fevers.push(event["id"].as_str().unwrap().to_owned());
            }
            if kind == Some("alert.raised.v1") {
                *told.raised.entry(alert.clone()).or_default() += 1;
            }
            let occurrence = &event["data"]["occurrence"];
            for cause in occurrence["causes"].as_array().filter(|_| !occurrence["person"].is_null()).into_iter().flatten() {
                told.causes.entry(cause.as_str().unwrap().to_owned()).or_default().insert(alert.clone());
            }
        }
        told
    }
}

/// Waits until every fever stands in the causes of an alert.
async fn every_fever_is_told(system: &System, seed: u64) -> Told {
    let begun = Instant::now();
    loop {
        let told = Told::of(&export(system));
        let missing = told.fevers.iter().filter(|fever| !told.causes.contains_key(*fever)).count();
        if missing == 0 {
            return told;
        }
        assert!(begun.elapsed() < SETTLE_WAIT, "seed {seed}: {missing} of {} fevers were never alerted", told.fevers.len());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Each cause stands in one alert, and each alert was raised once.
fn check_alerts(told: &Told, seed: u64) {
    assert!(!told.fevers.is_empty() && !told.raised.is_empty(), "seed {seed}: no fever was recorded, or none was told");
    assert!(told.raised.values().all(|times| *times == 1), "seed {seed}: raised twice: {:?}", told.raised);
    let doubled: Vec<_> = told.causes.iter().filter(|(_, alerts)| alerts.len() > 1).collect();
    assert!(doubled.is_empty(), "seed {seed}: a cause in two alerts: {doubled:?}");
}

pub(crate) fn check_folds(system: &System, seed: u64) {
    for arguments in [&["rebuild", "--check"][..], &["verify"]] {
        let output = system.command(arguments).unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "seed {seed}: gridward {arguments:?} found something:\n{said}");
    }
}
