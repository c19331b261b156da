//! Changes that are applied but not yet on disk, with as many past versions as open views need.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use crate::unit::{Change, TreeKey};

/// What an entry costs besides its bytes: its places in hash and order and the counts of shared pointers, roughly.
const ENTRY_OVERHEAD_BYTES: usize = 192;

/// Open views by the version they read at, with how many there are.
pub(crate) type OpenViews = BTreeMap<u64, usize>;

/// The dirty rows of one generation.
///
/// Most changes are of rows that changed a moment ago: they are found by a hash. Only a key that is new to the layer takes its place in
/// the order that walks and the writer need.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    entries: Vec<Entry>,
    places: HashMap<TreeKey, usize>,
    order: BTreeMap<TreeKey, usize>,
    groups: Groups,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    version: u64,
    change: Change,
    /// Changes that were replaced while a view could still see them, oldest first.
    older: Vec<(u64, Change)>,
    group: u32,
}

impl Entry {
    fn at(&self, version: u64) -> Option<&Change> {
        if self.version <= version {
            return Some(&self.change);
        }
        self.older.iter().rev().find(|(since, _)| *since <= version).map(|(_, change)| change)
    }

    /// Replaces the change, and keeps the replaced ones that an open view reads.
    fn replace(&mut self, version: u64, change: Change, views: &OpenViews) {
        if self.version < version {
            let replaced = std::mem::replace(&mut self.change, change);
            if !views.is_empty() {
                self.older.push((self.version, replaced));
            }
            self.version = version;
        } else {
            self.change = change;
        }
        let mut until = self.version;
        for place in (0..self.older.len()).rev() {
            let since = self.older[place].0;
            if views.range(since..until).next().is_none() {
                self.older.remove(place);
            }
            until = since;
        }
    }

    fn bytes(&self) -> usize {
        let size = |change: &Change| change.as_ref().map_or(0, |bytes| bytes.len());
        size(&self.change) + self.older.iter().map(|(_, change)| size(change) + ENTRY_OVERHEAD_BYTES).sum::<usize>()
    }
}

impl Layer {
    /// Applies what belongs together. Everything that shares a key with it belongs to the same group from now on.
    pub(crate) fn apply(&mut self, ops: Vec<(TreeKey, Change)>, version: u64, views: &OpenViews) {
        let mut group = None;
        for (key, change) in ops {
            if let Some(entry) = self.places.get(&key).and_then(|place| self.entries.get_mut(*place)) {
                self.bytes -= entry.bytes();
                entry.replace(version, change, views);
                self.bytes += entry.bytes();
                group = Some(self.groups.join(group, entry.group));
            } else {
                let into = self.groups.add(group);
                group = Some(into);
                let entry = Entry { version, change, older: Vec::new(), group: into };
                self.bytes += entry.bytes() + key.len() + ENTRY_OVERHEAD_BYTES;
                self.places.insert(TreeKey::clone(&key), self.entries.len());
                self.order.insert(key, self.entries.len());
                self.entries.push(entry);
            }
        }
    }

    /// What a reader at this version sees under the key; nothing if this layer does not say.
    pub(crate) fn at(&self, key: &[u8], version: u64) -> Option<&Change> {
        self.entries.get(*self.places.get(key)?)?.at(version)
    }

    /// Walks keys from `from` up to but without `to`, in either direction, with what a reader at this version sees there.
    /// Keys that this version does not see are walked too, with nothing, so that the caller can bound its work.
    pub(crate) fn walk<'a>(&'a self, from: &[u8], to: &[u8], backwards: bool, version: u64) -> impl Iterator<Item = (&'a TreeKey, Option<&'a Change>)> {
        let mut range = self.order.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
        let walked = std::iter::from_fn(move || if backwards { range.next_back() } else { range.next() });
        walked.map(move |(key, place)| (key, self.entries.get(*place).and_then(|entry| entry.at(version))))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn rows(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Operations of the largest group, which will be one batch.
    pub(crate) fn group_ops_largest(&self) -> usize {
        self.groups.largest
    }

    /// The newest changes: those that stand alone, and the others group by group; groups in the order of their lowest keys, keys in
    /// order within.
    pub(crate) fn by_group(&self) -> Grouped<'_> {
        let mut place_of: HashMap<u32, usize> = HashMap::new();
        let mut found = Grouped { alone: Vec::with_capacity(self.entries.len()), together: Vec::new() };
        for (key, entry) in self.order.iter().filter_map(|(key, place)| Some((key, self.entries.get(*place)?))) {
            let root = self.groups.root(entry.group);
            if self.groups.ops[root as usize] == 1 {
                found.alone.push((key, &entry.change));
                continue;
            }
            let place = *place_of.entry(root).or_insert_with(|| {
                found.together.push(Vec::new());
                found.together.len() - 1
            });
            found.together[place].push((key, &entry.change));
        }
        found
    }
}

/// What a layer takes to the disk.
pub(crate) struct Grouped<'a> {
    /// Changes that nothing else belongs to.
    pub(crate) alone: Vec<(&'a TreeKey, &'a Change)>,
    /// Changes that belong together.
    pub(crate) together: Vec<Vec<(&'a TreeKey, &'a Change)>>,
}

/// Which entries are written together: disjoint sets that only ever join.
#[derive(Debug, Default)]
struct Groups {
    parents: Vec<u32>,
    ops: Vec<usize>,
    largest: usize,
}

impl Groups {
    /// Counts a new entry into a group, or begins one.
    fn add(&mut self, group: Option<u32>) -> u32 {
        let root = match group {
            Some(group) => self.root(group),
            None => {
                // a layer is swapped out long before it holds 2^32 entries: its bytes are bounded
                self.parents.push(self.parents.len() as u32);
                self.ops.push(0);
                self.parents.len() as u32 - 1
            }
        };
        self.ops[root as usize] += 1;
        self.largest = self.largest.max(self.ops[root as usize]);
        root
    }

    /// Makes one group of two; the smaller one moves, so that chains stay short.
    fn join(&mut self, group: Option<u32>, other: u32) -> u32 {
        let other = self.root(other);
        let Some(group) = group.map(|group| self.root(group)) else {
            return other;
        };
        if group == other {
            return group;
        }
        let (small, large) = if self.ops[group as usize] < self.ops[other as usize] { (group, other) } else { (other, group) };
        self.parents[small as usize] = large;
        self.ops[large as usize] += self.ops[small as usize];
        self.largest = self.largest.max(self.ops[large as usize]);
        large
    }

    fn root(&self, mut group: u32) -> u32 {
        while self.parents[group as usize] != group {
            group = self.parents[group as usize];
        }
        group
    }
}
