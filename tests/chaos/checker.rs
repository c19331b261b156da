//! What must hold whatever happened: every acknowledged command on the log once, each cause in one alert, folds without a difference.

use std::{
    collections::BTreeMap,
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
    check_alerts(system, seed).await;
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

pub(crate) fn check_folds(system: &System, seed: u64) {
    for arguments in [&["rebuild", "--check"][..], &["verify"]] {
        let output = system.command(arguments).unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "seed {seed}: gridward {arguments:?} found something:\n{said}");
    }
}
