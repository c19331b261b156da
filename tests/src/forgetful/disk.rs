//! What a disk holds now, and what it would hold after a power cut.
//!
//! Names follow the order of a journal, as on ext4: a sync of anything makes all names durable that were made, moved or removed before.
//! Content is durable only by a sync of its own file; of what was written since, any page may have reached the disk, or none.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    time::SystemTime,
};

use fuser::Errno;

use crate::Chance;

/// The folder that everything stands in.
pub(super) const ROOT: u64 = 1;
/// How large it says it is at first, in bytes: nats-server looks before it begins.
const SIZE_BYTES: u64 = 64 << 30;
/// What reaches the disk whole or not at all, in bytes.
pub(super) const PAGE_BYTES: usize = 4096;

/// What a power cut leaves of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remains {
    /// Nothing of it.
    Nothing,
    /// Each page or not, as chance has it.
    SomePages,
}

/// A file or a folder.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) folder: bool,
    pub(super) mode: u16,
    pub(super) modified: SystemTime,
    pub(super) now: Vec<u8>,
    synced: Vec<u8>,
    /// Pages that differ, perhaps.
    dirty: BTreeSet<usize>,
}

type Names = BTreeMap<(u64, OsString), u64>;

/// The disk.
#[derive(Debug)]
pub(super) struct Disk {
    nodes: BTreeMap<u64, Node>,
    names: Names,
    synced_names: Names,
    names_dirty: bool,
    next: u64,
    /// How large it says it is, in bytes. It takes more than that.
    pub(super) size: u64,
}

#[expect(clippy::disallowed_methods, reason = "a file says when it was changed, by the clock of the machine")]
fn now() -> SystemTime {
    SystemTime::now()
}

impl Node {
    fn new(folder: bool, mode: u16) -> Self {
        Self { folder, mode, modified: now(), now: Vec::new(), synced: Vec::new(), dirty: BTreeSet::new() }
    }

    fn touch(&mut self, from: usize, to: usize) {
        self.dirty.extend(from / PAGE_BYTES..to.div_ceil(PAGE_BYTES));
        self.modified = now();
    }

    fn resize(&mut self, bytes: usize) {
        let before = self.now.len();
        self.now.resize(bytes, 0);
        self.touch(before.min(bytes), before.max(bytes));
    }

    fn write(&mut self, offset: usize, data: &[u8]) {
        let end = offset + data.len();
        if end > self.now.len() {
            self.resize(end);
        }
        self.now[offset..end].copy_from_slice(data);
        self.touch(offset, end);
    }

    fn sync(&mut self) {
        self.synced.resize(self.now.len(), 0);
        for page in std::mem::take(&mut self.dirty) {
            self.keep(page);
        }
    }

    /// Brings one page to the disk, as far as the file goes now.
    fn keep(&mut self, page: usize) {
        let (from, to) = (page * PAGE_BYTES, ((page + 1) * PAGE_BYTES).min(self.now.len()));
        if from < to {
            self.synced.resize(self.synced.len().max(to), 0);
            self.synced[from..to].copy_from_slice(&self.now[from..to]);
        }
    }

    fn cut_power(&mut self, remains: Remains, chance: &mut Chance) {
        for page in std::mem::take(&mut self.dirty) {
            if remains == Remains::SomePages && chance.below(2) == 0 {
                self.keep(page);
            }
        }
        self.now.clone_from(&self.synced);
    }
}

impl Default for Disk {
    fn default() -> Self {
        let nodes = BTreeMap::from([(ROOT, Node::new(true, 0o755))]);
        Self { nodes, names: Names::new(), synced_names: Names::new(), names_dirty: false, next: ROOT + 1, size: SIZE_BYTES }
    }
}

impl Disk {
    pub(super) fn node(&self, id: u64) -> Result<&Node, Errno> {
        self.nodes.get(&id).ok_or(Errno::ENOENT)
    }

    pub(super) fn node_mut(&mut self, id: u64) -> Result<&mut Node, Errno> {
        self.nodes.get_mut(&id).ok_or(Errno::ENOENT)
    }

    pub(super) fn find(&self, parent: u64, name: &OsStr) -> Result<u64, Errno> {
        self.names.get(&(parent, name.to_owned())).copied().ok_or(Errno::ENOENT)
    }

    pub(super) fn make(&mut self, parent: u64, name: &OsStr, folder: bool, mode: u16) -> Result<u64, Errno> {
        if self.find(parent, name).is_ok() {
            return Err(Errno::EEXIST);
        }
        let id = self.next;
        self.next += 1;
        self.nodes.insert(id, Node::new(folder, mode));
        self.names.insert((parent, name.to_owned()), id);
        self.names_dirty = true;
        Ok(id)
    }

    /// Takes a name away. Who has the file open goes on with it.
    pub(super) fn remove(&mut self, parent: u64, name: &OsStr) -> Result<(), Errno> {
        let id = self.find(parent, name)?;
        if self.children(id).next().is_some() {
            return Err(Errno::ENOTEMPTY);
        }
        self.names.remove(&(parent, name.to_owned()));
        self.names_dirty = true;
        Ok(())
    }

    pub(super) fn rename(&mut self, from: (u64, &OsStr), to: (u64, &OsStr)) -> Result<(), Errno> {
        let id = self.find(from.0, from.1)?;
        if let Ok(replaced) = self.find(to.0, to.1)
            && replaced != id
            && self.children(replaced).next().is_some()
        {
            return Err(Errno::ENOTEMPTY);
        }
        self.names.remove(&(from.0, from.1.to_owned()));
        self.names.insert((to.0, to.1.to_owned()), id);
        self.names_dirty = true;
        Ok(())
    }

    pub(super) fn children(&self, parent: u64) -> impl Iterator<Item = (&OsString, u64)> {
        self.names.range((parent, OsString::new())..).take_while(move |((of, _), _)| *of == parent).map(|((_, name), id)| (name, *id))
    }

    pub(super) fn resize(&mut self, id: u64, bytes: u64) -> Result<(), Errno> {
        let bytes = usize::try_from(bytes).map_err(|_| Errno::EFBIG)?;
        self.node_mut(id).map(|node| node.resize(bytes))
    }

    pub(super) fn write(&mut self, id: u64, offset: u64, data: &[u8]) -> Result<(), Errno> {
        let offset = usize::try_from(offset).map_err(|_| Errno::EFBIG)?;
        self.node_mut(id).map(|node| node.write(offset, data))
    }

    pub(super) fn read(&self, id: u64, offset: u64, bytes: usize) -> Result<&[u8], Errno> {
        let content = &self.node(id)?.now;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        Ok(&content[from..content.len().min(from.saturating_add(bytes))])
    }

    /// Makes a file, and all names, durable.
    pub(super) fn sync(&mut self, id: u64) -> Result<(), Errno> {
        self.node_mut(id)?.sync();
        if std::mem::take(&mut self.names_dirty) {
            self.synced_names.clone_from(&self.names);
        }
        Ok(())
    }

    pub(super) fn cut_power(&mut self, remains: Remains, chance: &mut Chance) {
        self.names.clone_from(&self.synced_names);
        self.names_dirty = false;
        let named: BTreeSet<u64> = self.names.values().copied().chain([ROOT]).collect();
        self.nodes.retain(|id, _| named.contains(id));
        self.nodes.values_mut().for_each(|node| node.cut_power(remains, chance));
    }

    pub(super) fn bytes(&self) -> u64 {
        self.nodes.values().map(|node| node.now.len() as u64).sum()
    }
}
