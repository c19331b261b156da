//! The disk refuses a write: the store says so and ends, and neither its close nor another store of the process waits for it.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use domain::log::LogPosition;
use store::{Key, Options, Store, Table, Unit};
use tempfile::TempDir;

const DIR: &str = "GRIDWARD_STORE_FULL_DIR";
const ROWS: Table = Table::new("rows", 1);
const ROW_BYTES: usize = 200 * 1024;
/// Blocks of a file, of 512 or 1024 bytes as the shell has it.
const FILE_BLOCKS: u32 = 12 * 1024;
const PATIENCE: Duration = Duration::from_secs(60);

fn open(dir: &std::path::Path) -> Store {
    let mut options = Options::new([ROWS]);
    options.flush_every_ms = 5;
    options.dirty_bytes_max = 2 * 1012 * 1024;
    Store::open(dir, options).unwrap()
}

fn row(store: &Store, number: u64, bytes: usize) -> Result<(), store::StoreError> {
    store.apply([Unit::new(number).put(ROWS, Key::community("u07").u64(number), &"y".repeat(bytes))])?;
    store.advance(LogPosition { stream: "s".into(), sequence: number, ..LogPosition::default() })
}

/// Every file of this process may hold so much and not more, which a disk that is full does to the largest first.
#[test]
#[ignore = "started by the test below, with a limit on its files"]
fn the_process_whose_disk_is_full() {
    let dir = PathBuf::from(std::env::var_os(DIR).unwrap());
    let other = open(&dir.join("other"));
    row(&other, 1, 100).unwrap();
    let full = open(&dir.join("full"));
    let refused = (1..10_000).find_map(|number| row(&full, number, ROW_BYTES).err());
    assert!(refused.is_some(), "the limit was never met");
    assert!(full.close().is_err(), "what could not be written is told");
    // the other store of the process goes on
    row(&other, 2, 100).unwrap();
    other.flush().unwrap();
    other.close().unwrap();
    // and so does the folder, from its beginning
    let again = open(&dir.join("full"));
    assert_eq!(again.position().unwrap().sequence, 0);
    row(&again, 1, 100).unwrap();
    again.close().unwrap();
    assert_eq!(open(&dir.join("full")).position().unwrap().sequence, 1);
}

#[test]
fn a_store_whose_disk_is_full_says_so_and_stops_nobody_else() {
    let dir = TempDir::new().unwrap();
    // an ignored signal stays ignored in the program that takes the shell's place, so that the write fails instead
    let limited = format!("trap '' XFSZ; ulimit -f {FILE_BLOCKS}; exec \"$0\" \"$@\"");
    let mut child = Command::new("sh")
        .args(["-c", &limited])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "disk_full::the_process_whose_disk_is_full", "--ignored", "--nocapture"])
        .env(DIR, dir.path())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let ended = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if began.elapsed() > PATIENCE => break None,
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    if ended.is_none() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(ended.expect("it waits for a disk that will not answer").success());
}
