//! What may happen to a system, under load: killed anywhere, frozen, cut off, told nothing, restored, damaged, without power, at the
//! wrong time. Whatever happens, the checker finds every acknowledged command on the log exactly once, each cause in one alert, and stores that equal their fold.
//!
//! `GRIDWARD_KILLS`, `_SERVICE_KILLS`, `_POINTS`, `_ERRORS`, `_FAULTS`, `_FULL_DISKS`, `_CUTS`, `_JUMPS`, `_RESTORES` and `_FLIPS` say how many, 0 leaves
//! that part out; `GRIDWARD_SEED` repeats a run.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

mod checker;
mod clock;
mod disk;
mod kills;
mod ledger;
mod load;
mod past;
mod points;
mod power;
mod services;
mod told;
mod wire;

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

/// How many of something, by the environment; nothing when there is to be none, and the part that asks has nothing to do.
fn count_of(variable: &str, otherwise: u64) -> Option<u64> {
    let count = std::env::var(variable).ok().map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")));
    (count > 0).then_some(count)
}

/// Says that a part could not be run here.
#[expect(clippy::print_stderr, reason = "whoever runs this is told what was not tried")]
fn pass_over(what: &str) {
    eprintln!("passed over: {what}");
}

async fn wait_for(mut done: impl FnMut() -> bool, wait: Duration, what: &str) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < wait, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Says what a run came to, and adds a line to the file in `GRIDWARD_LEDGER`: many short runs make a long one, which can be stopped and
/// taken up again with another seed. `GRIDWARD_COMMIT` is the program that ran.
#[expect(clippy::print_stderr, reason = "a run by hand is told what it came to")]
fn tell(seed: u64, what: &str) {
    let commit = std::env::var("GRIDWARD_COMMIT").map_or_else(|_| String::new(), |commit| format!(" at {commit}"));
    let line = format!("seed {seed}{commit}: {what}");
    eprintln!("{line}");
    if let Some(ledger) = std::env::var_os("GRIDWARD_LEDGER") {
        let mut ledger = std::fs::OpenOptions::new().create(true).append(true).open(ledger).unwrap();
        writeln!(ledger, "{line}").unwrap();
    }
}
