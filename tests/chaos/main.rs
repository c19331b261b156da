//! What may happen to a system, under load: killed, frozen, cut off, told nothing, restored, damaged, without power. Whatever happens, the checker
//! finds every acknowledged command on the log exactly once, each cause in one alert, and stores that equal their fold.
//!
//! `GRIDWARD_KILLS`, `GRIDWARD_POINTS`, `GRIDWARD_ERRORS`, `GRIDWARD_FAULTS`, `GRIDWARD_CUTS`, `GRIDWARD_JUMPS`, `GRIDWARD_RESTORES` and `GRIDWARD_FLIPS` say how many; `GRIDWARD_SEED` repeats a run.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

mod checker;
mod clock;
mod kills;
mod load;
mod past;
mod points;
mod power;
mod wire;

use std::time::{Duration, Instant};

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

/// Says what a run came to, for `docs/RELIABILITY.md`.
#[expect(clippy::print_stderr, reason = "a run by hand is told what it came to")]
fn tell(what: &str) {
    eprintln!("{what}");
}
