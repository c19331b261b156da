//! Rules on the real system: what a round missed, who was absent again and again; and the same log played again, which says the same.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

use std::{fs, path::Path, process::Output, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use system_tests::{System, until};

const COMMUNITY: &str = "u07";
const WAIT: Duration = Duration::from_secs(30);

/// Minutes ago.
#[expect(clippy::disallowed_methods, reason = "the program under test runs by the real clock")]
fn ago(minutes: i64) -> String {
    (Timestamp::now() - SignedDuration::from_mins(minutes)).to_string()
}

/// Kinds of open alerts, with what they are about.
async fn open(system: &System) -> Vec<String> {
    let alerts = system.get(&format!("/communities/{COMMUNITY}/alerts")).await.unwrap();
    let items = alerts.json["items"].as_array().unwrap_or_else(|| panic!("{}", alerts.text)).clone();
    let active = items.iter().filter(|alert| matches!(alert["state"].as_str(), Some("open" | "acknowledged")));
    active.map(|alert| alert["key"].as_str().unwrap().strip_prefix("u07/").unwrap().to_owned()).collect()
}

async fn until_open(system: &System, key: &str) {
    until(&format!("the alert {key}"), WAIT, async || open(system).await.iter().any(|known| known == key).then_some(())).await;
}

async fn until_over(system: &System, key: &str) {
    until(&format!("the end of {key}"), WAIT, async || (!open(system).await.iter().any(|known| known == key)).then_some(())).await;
}

/// What `rules simulate --json` says of a rule.
fn of<'a>(answer: &'a Value, rule: &str) -> (&'a Value, &'a Value, usize, usize, usize) {
    let of = &answer["rules"][rule];
    let count = |list: &str| of[list].as_array().map_or(0, Vec::len);
    (&of["then"], &of["would_be"], count("new"), count("missing"), count("changed"))
}

fn simulated(system: &System, more: &[&str]) -> Value {
    let asked = ["--community", COMMUNITY, "--json", "rules", "simulate", "--from", "2020-01-01", "--to", "2100-01-01"];
    let output = system.command(&[&asked[..], more].concat()).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_played_again_says_what_alerting_said_and_another_policy_something_else() {
    let mut system = System::start(&[]).await.unwrap();
    system.settle("dianbu", COMMUNITY).await.unwrap();
    let round = json!({"round": "r1", "scope": {"building": "b07"}});
    system.must(COMMUNITY, "round.open", None, round).await.unwrap();
    let absent = json!({"household": "h2", "outcome": "absent", "mode": "door"});
    for minutes in [300, 200, 100] {
        system.must(COMMUNITY, "visit.record", Some(&ago(minutes)), absent.clone()).await.unwrap();
    }
    until_open(&system, "absent_n_times/household/h2").await;
    let fever = json!({"household": "h2", "outcome": "met", "mode": "door", "people": [{"person": "p2", "readings": [{"celsius": 38.5, "site": "axilla"}]}]});
    system.must(COMMUNITY, "visit.record", None, fever).await.unwrap();
    until_open(&system, "fever/person/p2").await;
    until_over(&system, "absent_n_times/household/h2").await;
    // nobody has come to a door in the round: when it is closed, all buildings it is about are judged at once
    system.must(COMMUNITY, "round.close", None, json!({"round": "r1"})).await.unwrap();
    until_open(&system, "door_missed/building/b07").await;

    let same = simulated(&system, &[]);
    for rule in ["fever", "absent_n_times", "door_missed"] {
        assert_eq!(of(&same, rule), (&json!(1), &json!(1), 0, 0, 0), "{rule}: {same:#}");
    }
    for (rule, of_rule) in same["rules"].as_object().unwrap() {
        assert_eq!(of_rule["then"], of_rule["would_be"], "{rule}: {same:#}");
    }
    let folder = tempfile::tempdir().unwrap();
    let (policy, log) = (folder.path().join("policy.json"), folder.path().join("log.ndjson"));
    fs::write(&policy, json!({"fever": {"threshold": 39.0}, "reason": "what if"}).to_string()).unwrap();
    let other = simulated(&system, &["--policy", policy.to_str().unwrap()]);
    assert_eq!(of(&other, "fever"), (&json!(1), &json!(0), 0, 1, 0), "{other:#}");
    fs::write(&log, system.command(&["--community", COMMUNITY, "--json", "events", "export"]).unwrap().stdout).unwrap();
    // the operator may not see what medicine found: the log is played without it, and that is said
    system.must(COMMUNITY, "medical.record", None, json!({"person": "p2", "finding": "other_illness"})).await.unwrap();
    let played = system.command(&["--community", COMMUNITY, "rules", "simulate", "--from", "2020-01-01", "--to", "2100-01-01"]).unwrap();
    let said = String::from_utf8_lossy(&played.stderr);
    assert!(played.status.success() && said.contains("may not see findings"), "{said}");
    system.stop().unwrap();
    let without_a_system = simulated(&system, &["--log", log.to_str().unwrap()]);
    assert_eq!(without_a_system["rules"]["fever"], same["rules"]["fever"]);
    exit_codes(&system, folder.path(), &policy, &log);
}

/// What is typed wrongly, is not there, or is not as expected ends in its own number.
fn exit_codes(system: &System, folder: &Path, policy: &Path, log: &Path) {
    let table = |name: &str, row: &str| {
        let file = folder.join(name);
        fs::write(&file, format!("# 发热\n\n日期 date: 2020-02-06\n规则 rules: fever\n\n| 时间 | 记录 | 警报 |\n|---|---|---|\n{row}\n")).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let right = table("right.txt", "| 09:00 | 走访 h502 见到：p1 38.5 腋下 | 发热 p1 急 |");
    let wrong = table("wrong.txt", "| 09:00 | 走访 h502 见到：p1 36.5 腋下 | 发热 p1 急 |");
    let broken = table("broken.txt", "| 09:00 | 敲门 h502 | 无 |");
    let run = |arguments: &[&str]| -> Output { system.command(arguments).unwrap() };
    let policy = policy.to_str().unwrap();
    let log = log.to_str().unwrap();
    for (arguments, expected) in [
        (vec!["rules", "check", &right], 0),
        (vec!["rules", "check", &right, &wrong], 1),
        (vec!["rules", "check", &right, "--policy", policy], 1),
        (vec!["rules", "check", &broken], 2),
        (vec!["rules", "check", "no-such-file.txt"], 3),
        (vec!["rules", "simulate", "--from", "2020-02-07", "--to", "2020-02-06", "--log", log], 2),
        (vec!["rules", "simulate", "--from", "yesterday", "--to", "2020-02-06", "--log", log], 2),
        (vec!["rules", "simulate", "--from", "2020-02-06", "--to", "2020-02-06", "--log", &right], 2),
        (vec!["rules", "simulate", "--from", "2020-02-06", "--to", "2020-02-06", "--log", "no-such-log"], 3),
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(expected), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let told = String::from_utf8(run(&["rules", "check", &broken]).stderr).unwrap();
    assert!(told.contains("broken.txt:8:11: `敲门`"), "{told}");
    let told = String::from_utf8(run(&["rules", "check", &wrong]).stdout).unwrap();
    assert!(told.contains("wrong.txt:8:") && told.contains("missing: fever p1 critical"), "{told}");
}
