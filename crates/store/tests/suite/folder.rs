//! The folder: one process at a time, other tables, damage, deletion.

use std::fs;
use std::path::{Path, PathBuf};

use domain::log::LogPosition;
use proptest::prelude::*;
use store::{Key, Options, Prefix, RawRow, Store, StoreError, Table, Unit};
use tempfile::TempDir;

use crate::ledger;

const ROWS: Table = Table::new("rows", 1);
const COUNT: u64 = 300;

fn options() -> Options {
    let mut options = Options::new([ROWS]);
    options.cache_bytes = 1 << 20;
    options
}

fn key(number: u64) -> Key {
    Key::community("u07").u64(number)
}

fn position() -> LogPosition {
    LogPosition { stream: "s".into(), sequence: COUNT, ..LogPosition::default() }
}

fn fill(store: &Store) {
    let units = (1..=COUNT).map(|number| Unit::new(number).put(ROWS, key(number), &vec![number; 20]));
    store.apply(units).unwrap();
    store.advance(position()).unwrap();
}

fn rows(store: &Store) -> Vec<(Key, RawRow)> {
    store.scan_raw(ROWS, &Prefix::all_communities_of_table(), None, 10_000).unwrap()
}

fn assert_empty(store: &Store) {
    assert_eq!(rows(store), []);
    assert_eq!(store.position().unwrap(), LogPosition::default());
    assert_eq!(store.checkpoint().unwrap(), LogPosition::default());
}

fn inside(dir: &Path, name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(name)).collect()
}

#[test]
fn a_folder_is_held_by_one_store_at_a_time() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path(), options()).unwrap();
    assert!(matches!(Store::open(dir.path(), options()), Err(StoreError::InUse)));
    store.clear().unwrap();
    assert!(matches!(Store::open(dir.path(), options()), Err(StoreError::InUse)), "also after it was cleared");
    store.close().unwrap();
    let again = Store::open(dir.path(), options()).unwrap();
    drop(again);
    Store::open(dir.path(), options()).unwrap();
}

#[test]
fn other_tables_start_empty() {
    let dir = TempDir::new().unwrap();
    let open = |tables: &[Table]| {
        let store = Store::open(dir.path(), Options { tables: tables.to_vec(), ..options() }).unwrap();
        let found = rows(&store).len() as u64;
        store.clear().unwrap();
        fill(&store);
        store.close().unwrap();
        found
    };
    let more = Table::new("more", 1);
    assert_eq!(open(&[ROWS]), 0);
    assert_eq!(open(&[ROWS]), COUNT, "the same tables");
    assert_eq!(open(&[ROWS, more]), 0, "one more");
    assert_eq!(open(&[more, ROWS]), COUNT, "in another order");
    assert_eq!(open(&[ROWS]), 0, "one less");
    let store = Store::open(dir.path(), Options { tables: vec![Table::new("rows", 2)], ..options() }).unwrap();
    assert_eq!(store.position().unwrap(), LogPosition::default(), "another version");
    drop(store);
    assert_eq!(inside(dir.path(), "rows-").len(), 1, "outdated generations are gone");
}

#[test]
fn a_deleted_folder_comes_back_empty() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("deeper").join("still");
    let store = Store::open(&path, options()).unwrap();
    fill(&store);
    store.close().unwrap();
    fs::remove_dir_all(&path).unwrap();
    let store = Store::open(&path, options()).unwrap();
    assert_empty(&store);
    fill(&store);
    store.flush().unwrap();
    assert_eq!(rows(&store).len() as u64, COUNT);
}

/// A crash in the middle of `clear`: the next generation is there, the old one not yet gone.
#[test]
fn of_several_generations_the_newest_counts() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path(), options()).unwrap();
    fill(&store);
    store.close().unwrap();
    fs::create_dir(dir.path().join("rows-000002")).unwrap();
    let store = Store::open(dir.path(), options()).unwrap();
    assert_empty(&store);
    drop(store);
    let left = inside(dir.path(), "rows-");
    assert_eq!(left.len(), 1, "{left:?}");
    fs::create_dir_all(dir.path().join("rows-000009")).unwrap();
    fs::write(dir.path().join("rows-000009/conf"), b"torn").unwrap();
    assert_empty(&Store::open(dir.path(), options()).unwrap());
}

#[test]
fn damaged_folders_are_put_aside_and_only_a_few_are_kept() {
    let dir = TempDir::new().unwrap();
    for round in 0..6 {
        let store = Store::open(dir.path(), options()).unwrap();
        assert_empty(&store);
        fill(&store);
        store.close().unwrap();
        let generation = inside(dir.path(), "rows-").pop().unwrap();
        let data = generation.join("db");
        let length = fs::metadata(&data).unwrap().len();
        fs::write(&data, vec![0xA5; usize::try_from(length).unwrap()]).unwrap();
        fs::write(generation.join("conf"), vec![0xA5; 40]).unwrap();
        drop(Store::open(dir.path(), options()).unwrap());
        let aside = inside(dir.path(), "corrupt-").len();
        assert_eq!(aside, (round + 1).min(3), "round {round}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_the_operators() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    assert!(matches!(Store::open(&file.join("rows"), options()), Err(StoreError::Folder(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever bytes of whatever file are changed: what is there afterwards is whole and not behind its checkpoint, and the
    /// fold makes of it what it would have been.
    #[test]
    fn damage_is_never_taken_for_rows(
        events in prop::collection::vec(ledger::event(60), 200..900),
        flush_every in 20..300_usize,
        file in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 1..2000),
    ) {
        let log: Vec<_> = ledger::log(events).collect();
        let dir = TempDir::new().unwrap();
        let store = Store::open(dir.path(), ledger::options()).unwrap();
        for (entry, count) in log.iter().zip(1..) {
            ledger::fold(&store, *entry).unwrap();
            if count % flush_every == 0 {
                store.flush().unwrap();
            }
        }
        store.flush().unwrap();
        let calm = ledger::dump(&store);
        store.close().unwrap();

        let place = damage(dir.path(), file, place, &bytes);

        let store = Store::open(dir.path(), ledger::options()).unwrap();
        let when = format!("{place}, checkpoint {}", store.checkpoint().unwrap().sequence);
        ledger::assert_whole(&store, &when);
        ledger::assert_not_behind(&store, &log, &when);
        let from = usize::try_from(store.position().unwrap().sequence).unwrap();
        for entry in &log[from..] {
            ledger::fold(&store, *entry).unwrap();
        }
        prop_assert_eq!(ledger::dump(&store), calm, "{}", when);
    }
}

/// Writes bytes over a place of a file of the rows, and says where.
fn damage(dir: &Path, file: prop::sample::Index, place: prop::sample::Index, bytes: &[u8]) -> String {
    let generation = inside(dir, "rows-").pop().unwrap();
    let mut files: Vec<_> = inside(&generation, "").into_iter().filter(|path| path.is_file()).collect();
    files.sort();
    let file = &files[file.index(files.len())];
    let mut content = fs::read(file).unwrap();
    let used = content.iter().rposition(|byte| *byte != 0).map_or(1, |last| last + 1);
    let place = place.index(used);
    let end = (place + bytes.len()).min(content.len());
    content[place..end].copy_from_slice(&bytes[..end - place]);
    fs::write(file, content).unwrap();
    format!("{} at {place} of {used}", file.file_name().unwrap().display())
}
