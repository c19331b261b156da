//! What is refused, and what waits.

use domain::log::LogPosition;
use serde::{Deserialize, Serialize};
use store::{Faults, Folded, Key, Options, ROW_BYTES_MAX, Row, SCAN_ROWS_MAX, Store, StoreError, Table, UNIT_OPS_MAX, Unit};
use tempfile::TempDir;

const ROWS: Table = Table::new("rows", 1);
const NEVER_MS: u64 = 3_600_000;

fn options() -> Options {
    Options { flush_every_ms: NEVER_MS, ..Options::new([ROWS]) }
}

fn key(number: u64) -> Key {
    Key::community("u07").u64(number)
}

fn position(sequence: u64) -> LogPosition {
    LogPosition { stream: "s".into(), sequence, ..LogPosition::default() }
}

#[test]
fn what_is_refused_changes_nothing() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path(), options()).unwrap();
    let good = || Unit::new(1).put(ROWS, key(1), &1_u64);
    let large = vec![0_u8; ROW_BYTES_MAX];
    let many = (0..=UNIT_OPS_MAX as u64).fold(Unit::new(1), |unit, number| unit.mark(ROWS, key(number)));
    let refused = [
        Unit::new(1).put(ROWS, key(2), &large),
        Unit::new(1).mark(ROWS, Key::community(&"x".repeat(2000))),
        Unit::new(1).mark(Table::new("rows", 2), key(2)),
        Unit::new(1).mark(Table::new("others", 1), key(2)),
        many,
    ];
    for unit in refused {
        let error = store.apply([good(), unit]).unwrap_err();
        assert!(matches!(error, StoreError::TooLarge { .. } | StoreError::UnknownTable { .. }), "{error:?}");
        assert_eq!(store.get::<u64>(ROWS, &key(1)).unwrap(), None, "half of a call was applied");
    }
    let page = store.scan::<u64>(ROWS, &key(0).prefix(), None, SCAN_ROWS_MAX + 1);
    assert!(matches!(page, Err(StoreError::TooLarge { .. })));
    let twice = Options::new([ROWS, Table::new("rows", 2)]);
    assert!(matches!(Store::open(&dir.path().join("twice"), twice), Err(StoreError::Tables)));
}

#[test]
fn the_fold_does_not_go_back() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path(), options()).unwrap();
    store.advance(position(7)).unwrap();
    let back = StoreError::Backwards { sequence: 6, position: 7 }.to_string();
    assert_eq!(store.advance(position(6)).unwrap_err().to_string(), back);
    assert_eq!(store.apply([Unit::new(6).mark(ROWS, key(1))]).unwrap_err().to_string(), back);
    store.apply([Unit::new(7).put(ROWS, key(1), &1_u64)]).unwrap();
    let other = LogPosition { stream: "t".into(), ..position(8) };
    assert!(matches!(store.advance(other), Err(StoreError::OtherStream)));
    store.clear().unwrap();
    store.apply([Unit::new(1).put(ROWS, key(1), &1_u64)]).unwrap();
}

#[derive(Debug, Serialize, Deserialize, PartialEq)]
struct Long {
    one: u8,
    two: u8,
}

#[test]
fn rows_of_another_shape_are_refused() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path(), options()).unwrap();
    store.apply([Unit::new(1).put(ROWS, key(1), &Long { one: 1, two: 2 }).put(ROWS, key(2), &1_u8).mark(ROWS, key(3))]).unwrap();
    assert_eq!(store.get(ROWS, &key(1)).unwrap(), Some(Row { sequence: 1, value: Long { one: 1, two: 2 } }));
    assert!(matches!(store.get::<u8>(ROWS, &key(1)), Err(StoreError::Undecodable { table: "rows" })), "bytes left over");
    assert!(matches!(store.get::<Long>(ROWS, &key(2)), Err(StoreError::Undecodable { table: "rows" })), "bytes missing");
    assert!(matches!(store.get::<u8>(ROWS, &key(3)), Err(StoreError::Undecodable { table: "rows" })), "a mark");
}

/// The memory of a deletion lasts until the checkpoint has passed it, also over a restart, and no reader sees it.
#[test]
fn a_deletion_is_remembered_until_the_checkpoint_passes() {
    let dir = TempDir::new().unwrap();
    let reopen = || Store::open(dir.path(), options()).unwrap();
    let store = reopen();
    // the fold stands between applying event 5 and saying so
    store.advance(position(4)).unwrap();
    store.apply([Unit::new(5).delete(ROWS, key(1))]).unwrap();
    for step in ["in memory", "on disk", "after a restart"] {
        let known: Folded<u64> = store.folded(ROWS, &key(1)).unwrap();
        assert_eq!(known, Folded { sequence: 5, value: None }, "{step}");
        assert_eq!((known.folds(5), known.folds(6)), (false, true), "{step}");
        assert_eq!(store.get::<u64>(ROWS, &key(1)).unwrap(), None, "{step}");
        assert_eq!(store.scan_keys(ROWS, &Key::community("u07").prefix(), None, 9).unwrap(), [], "{step}");
        store.flush().unwrap();
    }
    store.close().unwrap();
    drop(store);
    let store = reopen();
    assert_eq!(store.folded::<u64>(ROWS, &key(1)).unwrap(), Folded { sequence: 5, value: None }, "reopened");
    store.advance(position(5)).unwrap();
    store.flush().unwrap();
    assert_eq!(store.folded::<u64>(ROWS, &key(1)).unwrap(), Folded { sequence: 0, value: None }, "passed");
}

#[test]
fn applying_waits_for_room_and_goes_on() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path(), Options { dirty_bytes_max: 10_000, ..options() }).unwrap();
    for number in 1..=2000_u64 {
        store.apply([Unit::new(number).put(ROWS, key(number), &vec![7_u8; 50])]).unwrap();
        let dirty = store.stats().unwrap().bytes_dirty;
        assert!(dirty < 11_000, "{dirty} bytes in memory at {number}");
    }
    store.flush().unwrap();
    assert_eq!(store.scan_keys(ROWS, &Key::community("u07").prefix(), None, 9999).unwrap().len(), 2000);
    assert!(store.stats().unwrap().batch_ops_largest <= 100);
}

/// All units share one key: tied together, but never into a batch without an end.
#[test]
fn units_that_share_a_key_do_not_grow_a_batch_without_end() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path(), options()).unwrap();
    for number in 1..=5000_u64 {
        store.apply([Unit::new(number).put(ROWS, key(0), &number).put(ROWS, key(number), &number)]).unwrap();
    }
    store.flush().unwrap();
    let largest = store.stats().unwrap().batch_ops_largest;
    assert!((1000..1100).contains(&largest), "{largest} operations in one batch");
    assert_eq!(store.scan_keys(ROWS, &Key::community("u07").prefix(), None, 9999).unwrap().len(), 5001);
}

#[test]
fn who_waits_is_told_when_the_writer_fails() {
    let dir = TempDir::new().unwrap();
    let faults = Faults { crash_after_batches: Some(3), ..Faults::default() };
    let store = Store::open(dir.path(), Options { dirty_bytes_max: 10_000, faults, ..options() }).unwrap();
    let failed = (1..=2000_u64).find_map(|number| store.apply([Unit::new(number).put(ROWS, key(number), &number)]).err());
    assert!(matches!(failed, Some(StoreError::Failed(_))), "{failed:?}");
    assert!(matches!(store.flush(), Err(StoreError::Failed(_))));
    assert_eq!(store.checkpoint().unwrap(), LogPosition::default());
    assert_eq!(store.get::<u64>(ROWS, &key(1)).unwrap(), Some(Row { sequence: 1, value: 1 }), "reading goes on");
    store.clear().unwrap();
    assert_eq!(store.get::<u64>(ROWS, &key(1)).unwrap(), None, "clear begins anew");
}

#[test]
fn large_rows_survive() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path(), options()).unwrap();
    let value = |number: u64| vec![number as u8; ROW_BYTES_MAX - 100];
    store.apply((1..=20).map(|number| Unit::new(number).put(ROWS, key(number), &value(number)))).unwrap();
    store.close().unwrap();
    let store = Store::open(dir.path(), options()).unwrap();
    for number in 1..=20 {
        assert_eq!(store.get(ROWS, &key(number)).unwrap(), Some(Row { sequence: number, value: value(number) }));
    }
}
