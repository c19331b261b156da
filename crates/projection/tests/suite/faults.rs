//! Whatever happens to the store or the log: the rows are those of a fresh fold, or the projection says why not.

use axum::http::StatusCode;
use bus::Lag;
use domain::{quarantine::CheckOutcome, visit::Outcome};
use projection::Phase;
use store::Options;

use crate::{
    harness::{Log, assert_equal_to_rebuild, event_fact},
    world::{Told, at, bare_place, check, day, entry, found, id, place, report, visit},
};

/// Field facts of some days, with retractions among them.
fn days() -> Vec<Told> {
    let mut facts = Vec::new();
    for number in 0..40u64 {
        let sequence = 100 + number * 10;
        let when = format!("2020-02-{:02}T{:02}:30", 2 + number / 10, 6 + number % 10);
        let happened = at(&when);
        let warm = 365 + i16::try_from(number % 12).unwrap();
        facts.push(event_fact(sequence, &when, visit(place("h1"), Outcome::Met, Some("r1"), vec![found("p1", warm, happened)])));
        facts.push(event_fact(sequence + 1, &when, visit(bare_place(), Outcome::Absent, Some("r1"), Vec::new())));
        facts.push(event_fact(sequence + 2, &when, check(CheckOutcome::Reached, warm, happened)));
        facts.push(event_fact(sequence + 3, &when, report(&[], day(&when[..10]), None)));
        facts.push(event_fact(sequence + 4, &when, entry("p2", domain::checkpoint::EntryResult::TurnedBack)));
        if number % 5 == 4 {
            let gone = facts[facts.len() - 2].clone();
            facts.push(gone.retracted(sequence + 5));
            let gone = facts[facts.len() - 6].clone();
            facts.push(gone.retracted(sequence + 6));
        }
    }
    facts
}

async fn full_log() -> Log {
    let mut log = Log::with_community().await;
    log.append_all("c1", &days()).await;
    log
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_is_equal_to_what_was_folded_live_also_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::with_community().await;
    let running = log.start(folder.path());
    running.reached(log.head).await;
    for told in days() {
        log.append("c1", &told).await;
    }
    running.reached(log.head).await;
    let fresh = tempfile::tempdir().unwrap();
    let found = running.projection.check(fresh.path()).await.unwrap();
    assert_eq!((found.differing, found.sequence), (0, log.head), "{found:?}");
    // it goes on afterwards
    let next = log.append("c1", &event_fact(9_000, "2020-02-06T09:00", entry("p3", domain::checkpoint::EntryResult::Admitted))).await;
    running.reached(next).await;
    running.projection.stop().await;
    assert_equal_to_rebuild(&log, folder.path(), "live").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_after_any_batch_of_the_disk_is_made_good() {
    let mut left_behind = 0;
    for crash_after in 0..16 {
        let mut log = Log::with_community().await;
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::new(projection::tables());
        options.flush_every_ms = 1;
        options.faults.crash_after_batches = Some(crash_after);
        options.faults.batch_ops_max = Some(64);
        let running = log.start_with(folder.path(), options);
        for chunk in days().chunks(50) {
            log.append_all("c1", chunk).await;
            let readiness = running.projection.readiness();
            // it comes that far, or it stops because its disk is gone
            let head = log.head;
            running.phase(move |phase| matches!(phase, Phase::Stopped(_)) || readiness.sequence() >= head).await;
        }
        running.projection.stop().await;
        let store = store::Store::open(&folder.path().join("rows"), Options::new(projection::tables())).unwrap();
        left_behind += u32::from((1..log.head).contains(&store.position().unwrap().sequence));
        store.close().unwrap();
        let running = log.start(folder.path());
        running.reached(log.head).await;
        running.projection.stop().await;
        assert_equal_to_rebuild(&log, folder.path(), &format!("crash after batch {crash_after}")).await;
    }
    assert!(left_behind > 0, "no crash left the store between its beginning and the head: the test tests nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_store_comes_back_equal_and_answers_are_the_same() {
    let log = full_log().await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    let before = running.get("office", "/communities/c1/buildings/b07").await.bytes;
    running.projection.stop().await;
    std::fs::remove_dir_all(folder.path().join("rows")).unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    assert_eq!(running.get("office", "/communities/c1/buildings/b07").await.bytes, before);
    running.projection.stop().await;
    assert_equal_to_rebuild(&log, folder.path(), "deleted").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_needs_no_history_to_know_who_may_enter() {
    let log = full_log().await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    running.projection.stop().await;
    let running = log.start(folder.path());
    running.reached(log.head).await;
    assert_eq!(running.get("office", "/communities/c1").await.status, StatusCode::OK);
    assert_eq!(running.get("stranger", "/communities/c1").await.status, StatusCode::NOT_FOUND);
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_log_under_the_same_rows_is_noticed_and_folded_from_the_start() {
    let mut log = full_log().await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    let back_to = log.head - 20;
    log.memory.roll_back(back_to);
    log.head = back_to;
    for number in 0..30 {
        let when = "2020-02-06T09:00";
        log.append("c1", &event_fact(20_000 + number, when, visit(place("h2"), Outcome::Met, None, vec![found("p3", 366, at(when))]))).await;
    }
    running.reached(log.head).await;
    let person = running.json("office", &format!("/communities/c1/people/p3?after={}", log.head)).await;
    assert_eq!(person["measured"].as_array().unwrap().len(), 30);
    running.projection.stop().await;
    assert_equal_to_rebuild(&log, folder.path(), "rolled back").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_set_aside_and_shown_and_outlives_a_restart() {
    let mut log = Log::with_community().await;
    let damaged = log.append_bytes("c1", b"GW\x01 this is no commit".to_vec()).await;
    let after = log.append("c1", &event_fact(9_000, "2020-02-02T09:00", entry("p3", domain::checkpoint::EntryResult::Admitted))).await;
    let folder = tempfile::tempdir().unwrap();
    for round in 0..2 {
        let running = log.start(folder.path());
        running.reached(after).await;
        let status = running.json("admin", "/status").await;
        assert_eq!((status["parked"].as_u64(), status["parked_last"][0]["sequence"].as_u64()), (Some(1), Some(damaged)), "start {round}");
        let verify = running.json("admin", "/verify").await;
        assert_eq!(verify["undecodable"], serde_json::json!([damaged]));
        assert_eq!(running.json("office", "/communities/c1").await["entries_today"], 1, "what came after it is folded");
        running.projection.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_a_newer_program_stops_the_fold_before_it() {
    let mut log = Log::with_community().await;
    let known = log.head;
    log.append_bytes("c1", b"GW\x02\0\0\0\0rest".to_vec()).await;
    log.append("c1", &event_fact(9_000, "2020-02-02T09:00", entry("p3", domain::checkpoint::EntryResult::Admitted))).await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.phase(|phase| matches!(phase, Phase::UpgradeNeeded(_))).await;
    assert!(running.projection.readiness().why_not().unwrap().contains(&format!("commit {}", known + 1)));
    assert!(running.projection.readiness().sequence() <= known);
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fold_that_waits_or_has_stopped_says_how_far_it_is_behind() {
    let mut log = Log::with_community().await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    let recorded = at("2020-02-02T09:00");
    let entered = || event_fact(9_000, "2020-02-02T09:00", entry("p3", domain::checkpoint::EntryResult::Admitted));
    // it waits: nothing is handed to it, and the log goes on
    log.memory.hand_out(0);
    for _ in 0..2 {
        log.append("c1", &entered()).await;
    }
    log.set_now(recorded.plus_minutes(2));
    running.behind(Lag { commits: 2, age_ms: 2 * 60_000 }).await;
    log.memory.hand_out(1);
    running.reached(log.head).await;
    running.behind(Lag::default()).await;
    // it has stopped, before a commit that it cannot read
    let newer = log.append_bytes("c1", b"GW\x02\0\0\0\0rest".to_vec()).await;
    running.phase(|phase| matches!(phase, Phase::UpgradeNeeded(_))).await;
    running.behind(Lag { commits: 1, age_ms: 0 }).await;
    log.append("c1", &entered()).await;
    log.set_now(recorded.plus_minutes(5));
    running.behind(Lag { commits: 2, age_ms: 3 * 60_000 }).await;
    assert_eq!(running.projection.readiness().sequence(), newer - 1);
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_export_goes_to_the_head_of_the_log_however_far_the_rows_have_come() {
    let mut log = Log::with_community().await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    log.append_bytes("c1", b"GW\x02\0\0\0\0rest".to_vec()).await;
    let last = log.append("c1", &event_fact(9_000, "2020-02-02T09:00", entry("p3", domain::checkpoint::EntryResult::Admitted))).await;
    running.phase(|phase| matches!(phase, Phase::UpgradeNeeded(_))).await;
    let export = String::from_utf8(running.get("office", "/communities/c1/events").await.bytes).unwrap();
    let line = |back: usize| serde_json::from_str::<serde_json::Value>(export.lines().rev().nth(back).unwrap()).unwrap();
    assert_eq!((&line(0)["sequence"], &line(1)["sequence"]), (&last.into(), &(last - 1).into()));
    assert!(line(1)["error"].is_string() && line(0)["events"][0]["type"] == "entry.recorded.v1", "{export}");
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_export_tells_what_stands_before_a_gap_and_where_that_is() {
    let log = full_log().await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    let whole = String::from_utf8(running.get("office", "/communities/c1/events").await.bytes).unwrap();
    let (lost, sequence) = (log.head - 3, |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["sequence"].as_u64().unwrap());
    log.memory.lose(lost);
    let export = String::from_utf8(running.get("office", "/communities/c1/events").await.bytes).unwrap();
    let before: Vec<&str> = whole.lines().filter(|line| sequence(line) < lost).collect();
    let (told, last) = export.trim_end().rsplit_once('\n').unwrap();
    assert!(before.len() > 20 && told.lines().eq(before), "{told}");
    let last: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!((&last["sequence"], &last["gap"]), (&lost.into(), &true.into()), "{last}");
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_check_finds_what_differs() {
    let log = full_log().await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    running.projection.stop().await;
    let store = store::Store::open(&folder.path().join("rows"), Options::new(projection::tables())).unwrap();
    let table = *projection::tables().iter().find(|table| table.name == "estate").unwrap();
    let surplus = domain::estate::State { name: "x".to_owned(), zone: None, governance: domain::estate::Governance::None };
    store.apply([store::Unit::new(log.head).put(table, store::Key::community("c1").text("e9"), &surplus)]).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let report = projection::check::check_stopped(&log.log, &store, scratch.path()).await.unwrap();
    assert_eq!((report.differing, report.differences[0].kind, report.differences[0].table), (1, "surplus", "estate"));
    let _: domain::values::EstateId = id("e9");
}

#[test]
fn a_projection_that_is_dropped_and_not_stopped_holds_nothing_up() {
    let (done, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let log = Log::with_community().await;
            let running = log.start(folder.path());
            running.reached(log.head).await;
        });
        // waits for every blocking thread
        drop(runtime);
        done.send(()).unwrap();
    });
    ended.recv_timeout(std::time::Duration::from_secs(20)).expect("the folding thread ends with the service that feeds it");
}
