//! Reads while the fold and the writer are at work.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::log::LogPosition;
use store::{Faults, Key, Options, Row, Store, StoreError, Table, Unit};
use tempfile::TempDir;

const ROWS: Table = Table::new("rows", 1);
const ROWS_OF_UNIT: u64 = 40;
const UNITS: u64 = 1500;

fn position(sequence: u64) -> LogPosition {
    LogPosition { stream: "s".into(), sequence, ..LogPosition::default() }
}

fn unit(sequence: u64) -> Unit {
    let key = |number| Key::community("u07").u64(number);
    (0..ROWS_OF_UNIT).fold(Unit::new(sequence), |unit, number| unit.put(ROWS, key(number * 7), &sequence))
}

/// Every unit writes the same number into all rows: a reader that ever sees two numbers saw a torn unit.
#[test]
fn a_scan_sees_all_of_a_unit_or_nothing_of_it() {
    let dir = TempDir::new().unwrap();
    let mut options = Options::new([ROWS]);
    options.flush_every_ms = 1;
    options.faults.batch_ops_max = Some(5);
    let store = Store::open(dir.path(), options).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = || {
            let (mut scans, mut newest) = (0_u64, 0);
            while !done.load(Ordering::Relaxed) {
                let view = store.view().unwrap();
                let prefix = Key::community("u07").prefix();
                let first: Vec<(Key, Row<u64>)> = view.scan(ROWS, &prefix, None, 10_000).unwrap();
                let back: Vec<(Key, Row<u64>)> = view.scan_back(ROWS, &prefix, None, 10_000).unwrap();
                let seen: std::collections::BTreeSet<u64> = first.iter().chain(&back).map(|(_, row)| row.value).collect();
                assert!(seen.len() <= 1, "a torn view: {seen:?}");
                assert!(first.is_empty() || first.len() as u64 == ROWS_OF_UNIT, "{} rows", first.len());
                let now = seen.last().copied().unwrap_or_default();
                assert!(now >= newest, "time went back from {newest} to {now}");
                newest = now;
                scans += 1;
            }
            scans
        };
        let readers = [scope.spawn(reader), scope.spawn(reader)];
        for sequence in 1..=UNITS {
            store.apply([unit(sequence)]).unwrap();
            store.advance(position(sequence)).unwrap();
            if sequence % 100 == 0 {
                store.flush().unwrap();
            }
        }
        done.store(true, Ordering::Relaxed);
        let scans: u64 = readers.map(|reader| reader.join().unwrap()).iter().sum();
        assert!(scans > 0, "nobody read");
    });
    assert_eq!(store.checkpoint().unwrap(), position(UNITS));
}

#[test]
fn a_view_that_is_held_too_long_expires_and_stops_nobody() {
    let dir = TempDir::new().unwrap();
    let mut options = Options::new([ROWS]);
    options.faults = Faults { view_wait_ms: Some(10), ..Faults::default() };
    let store = Store::open(dir.path(), options).unwrap();
    let view = store.view().unwrap();
    let key = Key::community("u07").u64(0);
    assert_eq!(view.get::<u64>(ROWS, &key).unwrap(), None);
    store.apply([unit(1)]).unwrap();
    assert_eq!(view.get::<u64>(ROWS, &key).unwrap(), None, "the unit came later than the view");
    store.flush().unwrap();
    assert!(matches!(view.get::<u64>(ROWS, &key), Err(StoreError::ViewExpired)));
    let scanned = view.scan::<u64>(ROWS, &Key::community("u07").prefix(), None, 10);
    assert!(matches!(scanned, Err(StoreError::ViewExpired)));
    assert_eq!(store.get::<u64>(ROWS, &key).unwrap(), Some(Row { sequence: 1, value: 1 }));
}

#[test]
fn a_view_outlives_clear_and_close() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path(), Options::new([ROWS])).unwrap();
    let prefix = Key::community("u07").prefix();
    store.apply([unit(1)]).unwrap();
    store.flush().unwrap();
    let before = store.view().unwrap();
    store.clear().unwrap();
    assert_eq!(before.scan_keys(ROWS, &prefix, None, 100).unwrap().len() as u64, ROWS_OF_UNIT);
    assert_eq!(store.scan_keys(ROWS, &prefix, None, 100).unwrap(), []);
    drop(before);
    store.close().unwrap();
    assert!(matches!(store.view(), Err(StoreError::Closed)));
    let generations = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(generations, 2, "the lock and one generation are left");
}

/// New views do not hold up the writer, however many there are: they see what it is about to write.
#[test]
fn readers_without_a_pause_do_not_keep_the_writer_waiting() {
    let dir = TempDir::new().unwrap();
    let mut options = Options::new([ROWS]);
    options.faults.view_wait_ms = Some(500);
    let store = Store::open(dir.path(), options).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = || {
            let mut view = store.view().unwrap();
            while !done.load(Ordering::Relaxed) {
                let next = store.view().unwrap();
                view.get::<u64>(ROWS, &Key::community("u07").u64(0)).expect("no view is held for long");
                view = next;
            }
        };
        let reader = scope.spawn(reader);
        for sequence in 1..=20 {
            store.apply([unit(sequence)]).unwrap();
            store.flush().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
}

#[test]
fn a_due_index_gives_what_is_due_by_now_in_every_community() {
    let dir = TempDir::new().unwrap();
    let due = Table::new("due", 1);
    let store = Store::open(dir.path(), Options::new([due])).unwrap();
    let key = |at: i64, community: &str| Key::deployment().i64(at).text(community);
    let entries = [(-5, "u07"), (0, "u08"), (0, "u07"), (9, "u01"), (10, "u07"), (i64::MAX, "u02")];
    store.apply(entries.map(|(at, community)| Unit::new(1).mark(due, key(at, community)))).unwrap();
    let (from, until) = (Key::deployment().i64(i64::MIN), Key::deployment().i64(10));
    let found = store.scan_keys_range(due, &from..&until, 100).unwrap();
    assert_eq!(found, [key(-5, "u07"), key(0, "u07"), key(0, "u08"), key(9, "u01")]);
    let mut reader = found[0].read();
    assert_eq!((reader.deployment(), reader.i64(), reader.text()), (Ok(()), Ok(-5), Ok("u07".into())));
}
