//! A real process is killed while it folds; whoever comes next finds rows, index and checkpoint that fit together.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use store::Store;
use tempfile::TempDir;

use crate::ledger::{self, Deed, Event};

const DIR: &str = "GRIDWARD_STORE_KILL_DIR";
const EVENTS: u64 = 24_000;
const EVENTS_PER_LINE: u64 = 200;
const ROUNDS: u64 = 8;

/// The same log in every process: a small generator with a fixed seed.
fn log() -> Vec<(u64, Event, u32)> {
    let mut state = 0x5DEE_CE66_D1CE_4E5B_u64;
    let mut next = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let events = (0..EVENTS).map(|_| {
        let deed = match next(20) {
            0..10 => Deed::Add(next(19) as i32 - 9),
            10..16 => Deed::Retag(next(5) as u8),
            16..19 => Deed::Take(next(60) as u8),
            _ => Deed::Delete,
        };
        Event { owner: next(900) as u16, deed }
    });
    ledger::log(events.collect::<Vec<_>>()).collect()
}

fn open(dir: &std::path::Path) -> Store {
    let mut options = ledger::options();
    options.flush_every_ms = 3;
    Store::open(dir, options).unwrap()
}

fn fold_on(store: &Store, log: &[(u64, Event, u32)], mut told: impl FnMut(u64)) {
    let from = usize::try_from(store.position().unwrap().sequence).unwrap();
    for entry in &log[from..] {
        ledger::fold(store, *entry).unwrap();
        if entry.0 % EVENTS_PER_LINE == 0 {
            told(entry.0);
        }
    }
}

#[test]
#[ignore = "started and killed by the test below"]
fn the_process_that_is_killed() {
    let dir = PathBuf::from(std::env::var_os(DIR).unwrap());
    let store = open(&dir);
    let mut out = std::io::stdout();
    fold_on(&store, &log(), |sequence| writeln!(out, "folded {sequence}").unwrap());
    store.close().unwrap();
}

#[test]
fn a_killed_process_never_tears_rows_from_index_or_checkpoint() {
    let dir = TempDir::new().unwrap();
    let log = log();
    let mut checkpoints = Vec::new();
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::the_process_that_is_killed", "--ignored", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // the more lines are read, the later the kill; the moment within the writer's work is left to the machine
        let wanted = usize::try_from(1 + round * 3 % 11).unwrap();
        let read = lines.map_while(Result::ok).filter(|line| line.contains("folded")).take(wanted).count();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(read, wanted, "round {round}: the child ended by itself");

        let store = open(dir.path());
        let when = format!("round {round}, checkpoint {}", store.checkpoint().unwrap().sequence);
        ledger::assert_whole(&store, &when);
        ledger::assert_not_behind(&store, &log, &when);
        checkpoints.push(store.checkpoint().unwrap().sequence);
    }
    assert!(checkpoints.is_sorted(), "a checkpoint went back: {checkpoints:?}");
    assert!(checkpoints.last() > Some(&0), "no checkpoint was ever written: {checkpoints:?}");

    let store = open(dir.path());
    fold_on(&store, &log, |_| {});
    let calm_dir = TempDir::new().unwrap();
    let calm = open(calm_dir.path());
    fold_on(&calm, &log, |_| {});
    assert_eq!(ledger::dump(&store), ledger::dump(&calm), "killed at {checkpoints:?}");
    ledger::assert_whole(&store, "at the end");
}
