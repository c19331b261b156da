//! Timelines: commits as the log has them, each once, and pages of entries that point at them.
//!
//! | table | key | row |
//! |---|---|---|
//! | `timeline_newest` | whose | the newest page |
//! | `timeline` | whose, where it begins | a full page |
//! | `timeline_commits` | sequence / 16, 0 | the commits of a community within 16 sequences |
//! | | sequence / 16, sequence | a commit that is large |
//!
//! A visit concerns a building, a household and a person. It costs one entry more in each of three pages, which most others changed
//! lately too and which are therefore written together, and its bytes once beside those of the commits before it. How it was with a row per
//! timeline and event, and why it is not: `docs/adr/0020`.

use std::collections::{BTreeMap, HashMap, hash_map};

use domain::{Commit, Fact, values::CommunityId};
use readmodel::models::{
    retracted::Retracted,
    timeline::{Entry, Of, Page, concerned},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use store::{Key, Prefix, Store, StoreError, Table, Unit};

use crate::{
    fold::{Change, Decoded, Fold},
    recent::Recent,
    rows::CommunityRows,
    tables::with_parts,
};

/// Newest pages: what is written again and again lies together, apart from what is hardly ever read, or every look at a page would bring
/// its whole past into memory.
pub(crate) const NEWEST: Table = Table::new("timeline_newest", 1);
/// Full pages.
pub(crate) const TIMELINE: Table = Table::new("timeline", 4);
/// What entries point at.
pub(crate) const COMMITS: Table = Table::new("timeline_commits", 1);

/// Sequences of one row of commits.
const COMMITS_PER_ROW: u64 = 16;
/// A larger commit has a row of its own: sled keeps up to 16 rows in a page, and a page of more than half a MiB in a file of its own,
/// which costs more than it saves (docs/adr/0018).
const SHARED_BYTES_MAX: usize = 2 * 1024;
/// Communities whose last row of commits is kept between batches.
const ROWS_KEPT_MAX: usize = 256;
/// Most entries of a timeline that are looked at for what some of them say.
const ENTRIES_LOOKED_AT_MAX: usize = 256;
/// Full pages that are read at once.
const PAGES_PER_READ: usize = 8;

/// A timeline, by its community.
type Whose = (CommunityId, Of);

/// The fold of all timelines.
#[derive(Default)]
pub(crate) struct Timelines {
    timelines: Recent<Whose, Timeline>,
    changed: Vec<Whose>,
    commits: HashMap<CommunityId, Held<CommitRow>>,
    /// Rows of commits that nothing is added to any more.
    done: Vec<Unit>,
}

/// A row, and how far it was folded.
struct Held<T> {
    row: T,
    /// Sequence of the last commit in it.
    folded_to: u64,
    /// The commit that is being folded: all of it goes in, although the row already carries its sequence.
    folding: u64,
    changed: bool,
}

struct Timeline {
    newest: Held<Page>,
    /// Full pages that this batch made or changed, by where they begin.
    full: BTreeMap<Entry, Held<Page>>,
}

/// Commits of a community whose sequences lie together.
#[derive(Clone, Default, Serialize, Deserialize)]
struct CommitRow {
    /// The number of the row: their sequences divided by [`COMMITS_PER_ROW`].
    number: u64,
    commits: Vec<(u64, Raw)>,
}

/// Bytes that are written as they are. As a list of numbers each of them would be written alone.
#[derive(Clone)]
struct Raw(Vec<u8>);

impl<T> Held<T> {
    fn new(row: T, folded_to: u64) -> Self {
        Self { row, folded_to, folding: 0, changed: false }
    }

    /// Whether a commit is still to be folded into the row; then it counts as folded. After a crash some rows are ahead of the checkpoint.
    fn takes(&mut self, sequence: u64) -> bool {
        let takes = self.folded_to < sequence || self.folding == sequence;
        if takes {
            (self.folded_to, self.folding, self.changed) = (sequence, sequence, true);
        }
        takes
    }

    /// A row that was a part of this one until now.
    fn split_off(&self, row: T) -> Self {
        Self { row, folded_to: self.folded_to, folding: self.folding, changed: true }
    }
}

impl Fold for Timelines {
    fn fold(&mut self, store: &Store, decoded: &Decoded<'_>) -> Result<(), StoreError> {
        let community = &decoded.commit.header.community;
        let mut concerns_any = false;
        for fact in decoded.facts() {
            let mut of = concerned(&fact);
            // a retraction stands beside what it took back
            of.extend(decoded.taken_back_by(&fact).flat_map(|original| concerned(&original)));
            let entry = Entry { at: fact.header.at, sequence: fact.sequence, index: fact.index };
            concerns_any |= !of.is_empty();
            of.into_iter().try_for_each(|of| self.add(store, (community.clone(), of), entry))?;
        }
        if concerns_any { self.keep(store, community, decoded) } else { Ok(()) }
    }

    fn drain(&mut self, units: &mut Vec<Unit>, _: &mut Vec<Change>) {
        for whose in self.changed.drain(..) {
            self.timelines.settle(&whose, |timeline| {
                let unit = timeline.unit(&whose);
                let bytes = unit.as_ref().map_or(0, Unit::bytes);
                units.extend(unit);
                bytes
            });
        }
        self.timelines.age();
        units.append(&mut self.done);
        for (community, held) in self.commits.iter_mut().filter(|(_, held)| held.changed) {
            units.push(held.unit(community));
        }
        if self.commits.len() > ROWS_KEPT_MAX {
            self.commits.clear();
        }
    }

    fn drain_done(&mut self, units: &mut Vec<Unit>) {
        units.append(&mut self.done);
    }

    fn is_full(&self) -> bool {
        self.timelines.is_full() || self.commits.len() > 2 * ROWS_KEPT_MAX
    }
}

impl Timelines {
    /// Adds an entry to the page that it belongs to: nearly always the newest one.
    fn add(&mut self, store: &Store, whose: Whose, entry: Entry) -> Result<(), StoreError> {
        let timeline = self.timelines.get_or_read(whose.clone(), |whose| Timeline::read(store, whose))?;
        let was_changed = timeline.is_changed();
        if entry >= timeline.newest.row.from {
            if timeline.newest.takes(entry.sequence) {
                timeline.newest.row.add(entry);
                if let Some(full) = timeline.newest.row.seal() {
                    timeline.full.insert(full.from, timeline.newest.split_off(full));
                }
            }
        } else if let Some(held) = timeline.full_page(store, &whose, entry)?
            && held.takes(entry.sequence)
        {
            held.row.add(entry);
            if let Some(newer) = held.row.halve() {
                let newer = held.split_off(newer);
                timeline.full.insert(newer.row.from, newer);
            }
        }
        if timeline.is_changed() && !was_changed {
            self.changed.push(whose);
        }
        Ok(())
    }

    /// Keeps a commit that entries point at.
    fn keep(&mut self, store: &Store, community: &CommunityId, decoded: &Decoded<'_>) -> Result<(), StoreError> {
        let (sequence, bytes) = (decoded.sequence, &decoded.stored.payload);
        let number = sequence / COMMITS_PER_ROW;
        if bytes.len() > SHARED_BYTES_MAX {
            let row = CommitRow { number, commits: vec![(sequence, Raw(bytes.to_vec()))] };
            self.done.push(Unit::new(sequence).put(COMMITS, row_key(community, number, sequence), &row));
            return Ok(());
        }
        let held = match self.commits.entry(community.clone()) {
            hash_map::Entry::Occupied(known) => known.into_mut(),
            hash_map::Entry::Vacant(unknown) => unknown.insert(Held::read_commits(store, community, number)?),
        };
        if held.row.number != number {
            let next = Held::read_commits(store, community, number)?;
            let mut before = std::mem::replace(held, next);
            self.done.extend(before.changed.then(|| before.unit(community)));
        }
        if held.takes(sequence) {
            held.row.commits.push((sequence, Raw(bytes.to_vec())));
        }
        Ok(())
    }
}

impl Timeline {
    fn read(store: &Store, whose: &Whose) -> Result<Self, StoreError> {
        let found = store.folded::<Page>(NEWEST, &newest_key(&whose.0, &whose.1))?;
        Ok(Self { newest: Held::new(found.value.unwrap_or_default(), found.sequence), full: BTreeMap::new() })
    }

    fn is_changed(&self) -> bool {
        self.newest.changed || !self.full.is_empty()
    }

    /// The full page that an entry belongs to: the last one that does not begin after it, in this batch or in the store.
    fn full_page(&mut self, store: &Store, (community, of): &Whose, entry: Entry) -> Result<Option<&mut Held<Page>>, StoreError> {
        let here = self.full.range(..=entry).next_back().map(|(from, _)| *from);
        let after = Entry { index: entry.index.saturating_add(1), ..entry };
        let pages = page_prefix(community, of);
        let stored = store.scan_back::<Page>(TIMELINE, &pages, Some(&page_key(community, of, after)), 1)?.pop().map(|(_, row)| row);
        if let Some(row) = stored.filter(|row| here.is_none_or(|here| here < row.value.from)) {
            let from = row.value.from;
            return Ok(Some(self.full.entry(from).or_insert(Held::new(row.value, row.sequence))));
        }
        Ok(here.and_then(|here| self.full.get_mut(&here)))
    }

    /// What changed: pages that came of one another reach the disk together, or an entry would be in none of them, or in two.
    fn unit(&mut self, (community, of): &Whose) -> Option<Unit> {
        let newest = std::mem::take(&mut self.newest.changed).then_some((NEWEST, newest_key(community, of), &self.newest));
        let full = std::mem::take(&mut self.full);
        let full = full.iter().map(|(from, held)| (TIMELINE, page_key(community, of, *from), held));
        let changed = newest.into_iter().chain(full).filter(|(.., held)| held.folding != 0);
        changed.map(|(table, key, held)| Unit::new(held.folded_to).put(table, key, &held.row)).reduce(Unit::and)
    }
}

impl Held<CommitRow> {
    fn read_commits(store: &Store, community: &CommunityId, number: u64) -> Result<Self, StoreError> {
        let found = store.folded::<CommitRow>(COMMITS, &row_key(community, number, 0))?;
        let row = found.value.unwrap_or(CommitRow { number, commits: Vec::new() });
        Ok(Self::new(row, found.sequence))
    }

    fn unit(&mut self, community: &CommunityId) -> Unit {
        self.changed = false;
        Unit::new(self.folded_to).put(COMMITS, row_key(community, self.row.number, 0), &self.row)
    }
}

impl CommitRow {
    fn decode(&self, sequence: u64) -> Option<Commit> {
        let (_, Raw(bytes)) = self.commits.iter().find(|(kept, _)| *kept == sequence)?;
        // it was decoded from the log before it came here
        Commit::decode(bytes).ok()
    }
}

impl CommunityRows<'_> {
    /// Entries of a timeline before one of them, or from the end; the newest first.
    pub(crate) fn entries(&self, of: &Of, before: Option<Entry>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let before = before.unwrap_or(Entry::LAST);
        let key = |at| page_key(self.community, of, at);
        let Some(newest) = self.view.get::<Page>(NEWEST, &newest_key(self.community, of))? else { return Ok(Vec::new()) };
        let mut from = newest.value.from.min(before);
        let mut found: Vec<Entry> = newest.value.newest_first(..before).take(limit).collect();
        while found.len() < limit {
            let pages = self.view.scan_back::<Page>(TIMELINE, &page_prefix(self.community, of), Some(&key(from)), PAGES_PER_READ)?;
            let Some((_, oldest)) = pages.last() else { break };
            from = oldest.value.from;
            found.extend(pages.iter().flat_map(|(_, page)| page.value.newest_first(..before)).take(limit - found.len()));
        }
        Ok(found)
    }

    /// The newest facts of a timeline in which `look` sees something, at most `limit`, of those that nobody took back; and the sequence
    /// of the last commit among them. Of a timeline that is about other things only [`ENTRIES_LOOKED_AT_MAX`] entries are looked at.
    pub(crate) fn newest_of<T>(&self, of: &Of, limit: usize, look: impl Fn(&Fact<'_>) -> Option<T>) -> Result<(Vec<T>, u64), StoreError> {
        let (mut found, mut last, mut before, mut looked_at) = (Vec::new(), 0, None, 0);
        while found.len() < limit && looked_at < ENTRIES_LOOKED_AT_MAX {
            let entries = self.entries(of, before, limit)?;
            let commits = self.commits_of(&entries)?;
            for Entry { sequence, index, .. } in entries.iter().copied() {
                let Some(commit) = commits.get(&sequence) else { continue };
                let Some(event) = commit.events.get(usize::from(index)) else { continue };
                let seen = look(&Fact { sequence, index, header: &commit.header, event });
                if let Some(seen) = seen
                    && found.len() < limit
                    && self.get::<Retracted>(&commit.header.command)?.is_none()
                {
                    found.push(seen);
                    last = last.max(sequence);
                }
            }
            before = entries.last().copied();
            looked_at += entries.len();
            if entries.len() < limit {
                break;
            }
        }
        Ok((found, last))
    }

    /// The commits that entries point at, by sequence.
    pub(crate) fn commits_of(&self, entries: &[Entry]) -> Result<BTreeMap<u64, Commit>, StoreError> {
        let mut row = CommitRow::default();
        let mut found = BTreeMap::new();
        for sequence in entries.iter().map(|entry| entry.sequence) {
            let number = sequence / COMMITS_PER_ROW;
            if row.number != number || row.commits.is_empty() {
                row = self.commit_row(number, 0)?.unwrap_or_default();
            }
            let commit = match row.decode(sequence) {
                None => self.commit_row(number, sequence)?.and_then(|row| row.decode(sequence)),
                commit => commit,
            };
            found.extend(commit.map(|commit| (sequence, commit)));
        }
        Ok(found)
    }

    fn commit_row(&self, number: u64, sequence: u64) -> Result<Option<CommitRow>, StoreError> {
        Ok(self.view.get(COMMITS, &row_key(self.community, number, sequence))?.map(|row| row.value))
    }
}

fn newest_key(community: &CommunityId, of: &Of) -> Key {
    with_parts(community, of.parts())
}

fn page_key(community: &CommunityId, of: &Of, at: Entry) -> Key {
    with_parts(community, of.parts().into_iter().chain(at.parts()))
}

fn page_prefix(community: &CommunityId, of: &Of) -> Prefix {
    with_parts(community, of.parts()).prefix()
}

fn row_key(community: &CommunityId, number: u64, sequence: u64) -> Key {
    Key::community(community.as_str()).u64(number).u64(sequence)
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(RawBytes)
    }
}

struct RawBytes;

impl de::Visitor<'_> for RawBytes {
    type Value = Raw;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Raw, E> {
        Ok(Raw(bytes.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use readmodel::models::timeline::PAGE_ENTRIES_MAX;
    use store::{Options, SCAN_ROWS_MAX};

    use super::*;

    fn whose() -> Whose {
        ("c1".parse().unwrap(), Of::Building("b1".parse().unwrap()))
    }

    fn open(folder: &std::path::Path) -> Store {
        Store::open(folder, Options::new(crate::tables())).unwrap()
    }

    /// Folds entries in batches of some size.
    fn fold(store: &Store, entries: &[Entry], batch: usize) {
        let mut timelines = Timelines::default();
        for batch in entries.chunks(batch) {
            batch.iter().for_each(|entry| timelines.add(store, whose(), *entry).unwrap());
            let mut units = Vec::new();
            timelines.drain(&mut units, &mut Vec::new());
            store.apply(units).unwrap();
        }
    }

    fn read(store: &Store, before: Option<Entry>, limit: usize) -> Vec<Entry> {
        let (community, of) = whose();
        CommunityRows::new(store, &community).unwrap().entries(&of, before, limit).unwrap()
    }

    fn rows(store: &Store) -> Vec<(Key, store::RawRow)> {
        let of = |table| store.scan_raw(table, &Prefix::all_communities_of_table(), None, SCAN_ROWS_MAX).unwrap();
        [NEWEST, TIMELINE].into_iter().flat_map(of).collect()
    }

    /// Facts of some days, many of them told late, several at one instant.
    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        prop::collection::vec((0..40i64, any::<bool>()), 1..400).prop_map(|choices| {
            let told = choices.into_iter().zip(1..);
            told.map(|((at, late), sequence)| Entry { at: domain::values::Timestamp(if late { at } else { 1000 + sequence as i64 }), sequence, index: 0 })
                .collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_timeline_is_its_entries_in_order_however_they_came_and_however_often(entries in entries(), batch in 1..50usize, again in 0..400usize, limit in 1..70usize) {
            let folder = tempfile::tempdir().unwrap();
            let store = open(folder.path());
            fold(&store, &entries, batch);
            let whole = rows(&store);
            // after a crash what was folded already is folded again
            fold(&store, &entries[again.min(entries.len())..], 7);
            prop_assert_eq!(&rows(&store), &whole);
            let other = tempfile::tempdir().unwrap();
            let rebuilt = open(other.path());
            fold(&rebuilt, &entries, 1000);
            prop_assert_eq!(&rows(&rebuilt), &whole, "in batches of another size");

            let mut expected = entries.clone();
            expected.sort_unstable_by(|left, right| right.cmp(left));
            let (mut found, mut before) = (Vec::new(), None);
            loop {
                let page = read(&store, before, limit);
                before = page.last().copied();
                found.extend(page);
                if before.is_none() {
                    break;
                }
            }
            prop_assert_eq!(found, expected);
            prop_assert!(whole.len() <= entries.len() / (PAGE_ENTRIES_MAX / 2) + 1, "{} pages of {} entries", whole.len(), entries.len());
            prop_assert!(whole.iter().all(|(_, row)| row.value.len() <= PAGE_ENTRIES_MAX * 18 + 32), "a page is short");
        }
    }
}
