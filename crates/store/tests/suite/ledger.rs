//! A small fold that notices every mistake of a store: events counted twice, rows without their index, lost deletions.

use std::collections::BTreeSet;

use domain::log::{CommitHash, LogPosition};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use store::{Folded, Key, Options, Prefix, RawRow, Row, Store, StoreError, Table, Unit};

pub(crate) const OWNERS: Table = Table::new("owners", 1);
pub(crate) const BY_TAG: Table = Table::new("owners_by_tag", 1);
pub(crate) const SLOTS: Table = Table::new("slots", 1);
pub(crate) const TOTALS: Table = Table::new("totals", 1);
const TABLES: [Table; 4] = [OWNERS, BY_TAG, SLOTS, TOTALS];
const COMMUNITY: &str = "u07";
const ROWS_MAX: usize = 10_000;

/// What happens to an owner; `None` as a deed deletes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) owner: u16,
    pub(crate) deed: Deed,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Add(i32),
    Retag(u8),
    /// Takes a slot away from whoever has it: two owners and the slot change together.
    Take(u8),
    Delete,
}

/// An owner; the number of its events is checked against the log, as an aggregate's version is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Owner {
    events: u32,
    total: i64,
    tag: u8,
    slots: BTreeSet<u8>,
    /// Makes rows large enough for a few hundred of them to fill several segments of the disk's log.
    padding: Vec<u8>,
}

const PADDING_BYTES: usize = 1500;

pub(crate) fn event(owners: u16) -> impl Strategy<Value = Event> {
    let deed = prop_oneof![
        6 => (-9..10).prop_map(Deed::Add),
        4 => (0..5_u8).prop_map(Deed::Retag),
        2 => (0..60_u8).prop_map(Deed::Take),
        1 => Just(Deed::Delete),
    ];
    (0..owners, deed).prop_map(|(owner, deed)| Event { owner, deed })
}

/// The log: every event with the number of earlier events of its owner since the owner began.
pub(crate) fn log(events: impl IntoIterator<Item = Event>) -> impl Iterator<Item = (u64, Event, u32)> {
    let mut counts = std::collections::HashMap::new();
    (1..).zip(events).map(move |(sequence, event)| {
        let count = counts.entry(event.owner).or_insert(0);
        let before = *count;
        *count = if matches!(event.deed, Deed::Delete) { 0 } else { before + 1 };
        (sequence, event, before)
    })
}

pub(crate) fn options() -> Options {
    let mut options = Options::new(TABLES);
    options.cache_bytes = 1 << 20;
    options
}

pub(crate) fn position(sequence: u64) -> LogPosition {
    LogPosition { stream: "events".into(), sequence, hash: CommitHash::of(&sequence.to_be_bytes()) }
}

/// Folds one event and says that it is applied.
pub(crate) fn fold(store: &Store, (sequence, event, before): (u64, Event, u32)) -> Result<(), StoreError> {
    let mut units = Vec::new();
    units.extend(fold_owner(store, sequence, event, before)?);
    units.extend(fold_total(store, sequence, event)?);
    store.apply(units)?;
    store.advance(position(sequence))
}

fn owner_key(owner: u16) -> Key {
    Key::community(COMMUNITY).u64(owner.into())
}

fn tag_key(tag: u8, owner: u16) -> Key {
    Key::community(COMMUNITY).u8(tag).u64(owner.into())
}

fn slot_key(slot: u8) -> Key {
    Key::community(COMMUNITY).u8(slot)
}

fn fold_owner(store: &Store, sequence: u64, event: Event, before: u32) -> Result<Option<Unit>, StoreError> {
    let key = owner_key(event.owner);
    let known: Folded<Owner> = store.folded(OWNERS, &key)?;
    if !known.folds(sequence) {
        if let Deed::Take(slot) = event.deed {
            let taken: Folded<u16> = store.folded(SLOTS, &slot_key(slot))?;
            assert!(!taken.folds(sequence), "event {sequence}: its owner was written without its slot");
        }
        return Ok(None);
    }
    let old_tag = known.value.as_ref().map(|owner| owner.tag);
    let mut owner = known.value.unwrap_or_default();
    assert_eq!(owner.events, before, "event {sequence}: folded twice, or lost");
    owner.events += 1;
    owner.padding = (0..PADDING_BYTES).map(|place| (sequence as usize ^ place) as u8).collect();
    let mut unit = Unit::new(sequence);
    match event.deed {
        Deed::Add(amount) => owner.total += i64::from(amount),
        Deed::Retag(tag) => owner.tag = tag,
        Deed::Take(slot) => {
            unit = take_slot(store, unit, event.owner, slot)?;
            owner.slots.insert(slot);
        }
        Deed::Delete => {
            let unit = owner.slots.iter().fold(unit, |unit, slot| unit.delete(SLOTS, slot_key(*slot)));
            let unit = unit.delete(OWNERS, key);
            return Ok(Some(old_tag.into_iter().fold(unit, |unit, tag| unit.unmark(BY_TAG, tag_key(tag, event.owner)))));
        }
    }
    if let Some(old) = old_tag.filter(|old| *old != owner.tag) {
        unit = unit.unmark(BY_TAG, tag_key(old, event.owner));
    }
    Ok(Some(unit.mark(BY_TAG, tag_key(owner.tag, event.owner)).put(OWNERS, key, &owner)))
}

fn take_slot(store: &Store, unit: Unit, owner: u16, slot: u8) -> Result<Unit, StoreError> {
    let taken: Folded<u16> = store.folded(SLOTS, &slot_key(slot))?;
    assert!(taken.folds(unit.sequence()), "event {}: a slot was written without its owner", unit.sequence());
    let mut unit = unit;
    if let Some(holder) = taken.value.filter(|holder| *holder != owner) {
        let row: Option<Row<Owner>> = store.get(OWNERS, &owner_key(holder))?;
        let mut row = row.expect("the holder of a slot exists");
        assert!(row.folds(unit.sequence()), "event {}: the holder was written without its slot", unit.sequence());
        row.value.slots.remove(&slot);
        unit = unit.put(OWNERS, owner_key(holder), &row.value);
    }
    Ok(unit.put(SLOTS, slot_key(slot), &owner))
}

/// A row of its own, which depends on the events only.
fn fold_total(store: &Store, sequence: u64, event: Event) -> Result<Option<Unit>, StoreError> {
    let Deed::Add(amount) = event.deed else {
        return Ok(None);
    };
    let key = Key::community(COMMUNITY).u8((event.owner % 7) as u8);
    let known: Folded<i64> = store.folded(TOTALS, &key)?;
    let total = known.value.unwrap_or_default() + i64::from(amount);
    Ok(known.folds(sequence).then(|| Unit::new(sequence).put(TOTALS, key, &total)))
}

/// Everything in the store.
pub(crate) fn dump(store: &Store) -> Vec<(&'static str, Vec<(Key, RawRow)>)> {
    let all = Prefix::all_communities_of_table();
    let view = store.view().unwrap();
    TABLES.into_iter().map(|table| (table.name, view.scan_raw(table, &all, None, ROWS_MAX).unwrap())).collect()
}

/// Rows and index entries say the same, whatever moment the store stands at.
pub(crate) fn assert_whole(store: &Store, when: &str) {
    let all = Prefix::all_communities_of_table();
    let view = store.view().unwrap();
    let owners: Vec<(Key, Row<Owner>)> = view.scan(OWNERS, &all, None, ROWS_MAX).unwrap();
    let number = |key: &Key| {
        let mut reader = key.read();
        reader.community().unwrap();
        u16::try_from(reader.u64().unwrap()).unwrap()
    };
    let mut tags: Vec<Key> = owners.iter().map(|(key, owner)| tag_key(owner.value.tag, number(key))).collect();
    tags.sort();
    assert_eq!(view.scan_keys(BY_TAG, &all, None, ROWS_MAX).unwrap(), tags, "{when}: index entries are not those of the rows");
    let mut held: Vec<(Key, u16)> = Vec::new();
    for (key, owner) in &owners {
        held.extend(owner.value.slots.iter().map(|slot| (slot_key(*slot), number(key))));
    }
    held.sort();
    let slots: Vec<(Key, Row<u16>)> = view.scan(SLOTS, &all, None, ROWS_MAX).unwrap();
    let slots: Vec<(Key, u16)> = slots.into_iter().map(|(key, holder)| (key, holder.value)).collect();
    assert_eq!(slots, held, "{when}: slots are not those of their owners");
}

/// No row may be older than the checkpoint says: all events up to it are in the rows.
pub(crate) fn assert_not_behind(store: &Store, events: &[(u64, Event, u32)], when: &str) {
    let checkpoint = store.checkpoint().unwrap().sequence;
    let mut last_of_owner = std::collections::BTreeMap::new();
    for (sequence, event, _) in events.iter().take_while(|(sequence, ..)| *sequence <= checkpoint) {
        last_of_owner.insert(event.owner, (*sequence, matches!(event.deed, Deed::Delete)));
    }
    for (owner, (sequence, deleted)) in last_of_owner {
        let row: Folded<Owner> = store.folded(OWNERS, &owner_key(owner)).unwrap();
        let holds = row.sequence >= sequence || (deleted && row.value.is_none());
        assert!(holds, "{when}: checkpoint {checkpoint}, but owner {owner} is at {} and not {sequence}", row.sequence);
    }
}
