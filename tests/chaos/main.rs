//! What may happen to a system, under load: killed anywhere, frozen, cut off, told nothing, restored, damaged, without power, at the
//! wrong time. Whatever happens, the checker finds every acknowledged command on the log exactly once, each cause in one alert, and stores that equal their fold.
//!
//! `GRIDWARD_KILLS`, `_SERVICE_KILLS`, `_POINTS`, `_ERRORS`, `_FAULTS`, `_CUTS`, `_JUMPS`, `_RESTORES` and `_FLIPS` say how many; `GRIDWARD_SEED` repeats a
//! run.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

mod checker;
mod clock;
mod kills;
mod ledger;
mod load;
mod past;
mod points;
mod power;
mod services;
mod wire;

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

/// How many of something, by the environment.
fn count_of(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

async fn wait_for(mut done: impl FnMut() -> bool, wait: Duration, what: &str) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < wait, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Says what a run came to, and adds a line to the file in `GRIDWARD_LEDGER`: many short runs make a long one, which can be stopped and
/// taken up again with another seed.
#[expect(clippy::print_stderr, reason = "a run by hand is told what it came to")]
fn tell(what: &str) {
    eprintln!("{what}");
    if let Some(ledger) = std::env::var_os("GRIDWARD_LEDGER") {
        let mut ledger = std::fs::OpenOptions::new().create(true).append(true).open(ledger).unwrap();
        writeln!(ledger, "{what}").unwrap();
    }
}
