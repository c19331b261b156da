//! A clock that jumps, forwards and back, as after a dead battery or a wrong zone: libfaketime in front of the program, nats-server with
//! the machine's own. `GRIDWARD_JUMPS` says how often.

use std::{fs, path::Path, sync::Arc};

use system_tests::{Chance, System};
use tokio::sync::RwLock;

use crate::{
    checker::{Run, SETTLE_WAIT, check_out_of_time, export},
    count_of,
    load::{Load, kill, register},
    tell,
    told::Outsider,
    wait_for,
};

/// Where Debian puts it.
const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
/// Farthest jump, in minutes: three days.
const JUMP_MINUTES_MAX: u64 = 3 * 24 * 60;

/// By how much a time on the log may differ from the one that the clock was set to, in seconds: a loaded machine is slow.
const OFF_SECONDS_MAX: i64 = 120;

/// By how many seconds the last commit is off the clock of the machine.
#[expect(clippy::disallowed_methods, reason = "the program under test runs by a clock of its own")]
fn seconds_off(system: &System) -> i64 {
    let last = export(system).last().unwrap()["recorded_at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    last.as_second() - jiff::Timestamp::now().as_second()
}

/// Sets the clock so many minutes off.
fn set(file: &Path, minutes: i64) {
    let whole = file.with_extension("new");
    fs::write(&whole, format!("{minutes:+}m\n")).unwrap();
    fs::rename(whole, file).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_loses_and_doubles_nothing() {
    let Some(jumps) = count_of("GRIDWARD_JUMPS", 4) else { return };
    assert!(Path::new(LIBRARY).exists(), "install faketime: {LIBRARY} is not there");
    let mut chance = Chance::seeded(20_200_214);
    let seed = chance.seed();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clock");
    set(&file, 0);
    let environment =
        [("LD_PRELOAD", LIBRARY), ("FAKETIME_TIMESTAMP_FILE", file.to_str().unwrap()), ("FAKETIME_NO_CACHE", "1"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")];
    let system = System::start_with(&[], &environment).await.unwrap();
    register(&system).await;
    let outsider = Outsider::listening(&system, None).await;
    let system = Arc::new(RwLock::new(system));
    // what was over before alerting looked is counted in commits: sheets would make that many at once
    let load = Load::start_phones(&mut chance, &system);
    for jump in 0..jumps {
        let minutes = i64::try_from(chance.below(2 * JUMP_MINUTES_MAX)).unwrap() - i64::try_from(JUMP_MINUTES_MAX).unwrap();
        set(&file, minutes);
        if chance.below(4) == 0 {
            let mut running = kill(&system).await;
            running.begin().await.unwrap_or_else(|error| panic!("seed {seed}, jump {jump}: {error:#}"));
        }
        let wanted = load.history.acknowledged() + 40;
        wait_for(
            || load.history.acknowledged() >= wanted,
            SETTLE_WAIT,
            &format!("seed {seed}: nothing is acknowledged after jump {jump} by {minutes} minutes"),
        )
        .await;
        // without this a libfaketime that does nothing would pass everything
        let off = seconds_off(&*system.read().await);
        assert!((off - minutes * 60).abs() <= OFF_SECONDS_MAX, "seed {seed}, jump {jump}: set {minutes} minutes off, the log is {off} s off");
    }
    let history = load.stop().await;
    let mut system = Arc::into_inner(system).unwrap().into_inner();
    let came_to = check_out_of_time(Run { system: &system, nats: None, history: &history, outsider, seed }).await;
    tell(seed, &format!("{jumps} jumps of the clock, {came_to}"));
    system.stop().unwrap();
}
