//! `gridward bench` measures a real system from outside. What it measures is no business of a test; that it measures is.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

use std::process::Command;

use bus::server::{SERVER_ENV, find_binary};
use serde_json::Value;

fn bench(only: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(system_tests::program().unwrap())
        .args(["bench", "--json", "--seconds", "1", "--runs", "1", "--doors", "44", "--history", "3000", "--only", only])
        // it works in a folder from which ours is not found
        .env(SERVER_ENV, find_binary().unwrap())
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the folders of the measurement are gone");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn figures<'a>(report: &'a Value, name: &str) -> Vec<&'a Value> {
    report["figures"].as_array().unwrap().iter().filter(|figure| figure["name"] == name).collect()
}

#[test]
fn posts_and_alerts_are_measured_beside_their_ceilings() {
    let report = bench("B3,B4");
    assert!(report["machine"]["cores"].as_u64().unwrap() > 0);
    assert_eq!(report["machine"]["optimised"], !cfg!(debug_assertions));
    let [p50, p99] = figures(&report, "B3")[..] else { panic!("{report}") };
    assert!(p50["value"].as_f64().unwrap() > 0.0 && p50["value"].as_f64() <= p99["value"].as_f64(), "{report}");
    let [alone] = figures(&report, "B4")[..] else { panic!("{report}") };
    // an answer comes after a durable publish, so it cannot be faster than half of one on the same machine
    assert!(alone["value"].as_f64().unwrap() > alone["ceiling"]["value"].as_f64().unwrap() / 2.0, "{report}");
}

#[test]
fn what_is_due_is_measured_when_it_is_due() {
    let report = bench("B7");
    let [few, again, many] = figures(&report, "B7")[..] else { panic!("{report}") };
    assert_eq!((few["what"].as_str(), few["unit"].as_str()), (Some("44 of 1496 checks due: the look that finds them"), Some("ms")));
    assert_eq!(many["what"].as_str(), Some("308 of 1496 checks overdue at once, all raised"));
    assert!(few["value"].as_f64().unwrap() > 0.0 && few["value"].as_f64() < again["value"].as_f64(), "{report}");
    assert!(many["value"].as_f64().unwrap() > 0.0, "{report}");
}

#[test]
fn what_is_no_figure_is_refused_with_those_that_are() {
    let output = Command::new(system_tests::program().unwrap()).args(["bench", "--only", "B77"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("B1, B2, B3"), "{}", String::from_utf8_lossy(&output.stderr));
}
