//! The disk as a file system of Linux.

use std::{
    ffi::OsStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner, OpenFlags, RenameFlags, ReplyAttr,
    ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use super::disk::{Disk, Node, PAGE_BYTES};

/// How long the kernel may keep what it was told of names and sizes: nothing changes but through it.
const KEEP: Duration = Duration::from_secs(1);
/// Files get the same generation for ever: no number is used twice.
const GENERATION: Generation = Generation(0);

/// A disk, mounted.
pub(super) struct Mounted(pub(super) Arc<Mutex<Disk>>);

fn attributes(id: u64, node: &Node) -> FileAttr {
    let size = node.now.len() as u64;
    FileAttr {
        ino: INodeNo(id),
        size,
        blocks: size.div_ceil(512),
        atime: node.modified,
        mtime: node.modified,
        ctime: node.modified,
        crtime: node.modified,
        kind: kind(node),
        perm: node.mode,
        nlink: 1,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: PAGE_BYTES as u32,
        flags: 0,
    }
}

fn kind(node: &Node) -> FileType {
    if node.folder { FileType::Directory } else { FileType::RegularFile }
}

fn permissions(mode: u32) -> u16 {
    // the lower bits are permissions, the rest says what it is
    (mode & 0o7777) as u16
}

impl Mounted {
    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make(&self, parent: INodeNo, name: &OsStr, folder: bool, mode: u32) -> Result<FileAttr, Errno> {
        let mut disk = self.disk();
        let id = disk.make(parent.0, name, folder, permissions(mode))?;
        disk.node(id).map(|node| attributes(id, node))
    }
}

fn done(result: Result<(), Errno>, reply: ReplyEmpty) {
    match result {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

fn entry(result: Result<FileAttr, Errno>, reply: ReplyEntry) {
    match result {
        Ok(attributes) => reply.entry(&KEEP, &attributes, GENERATION),
        Err(error) => reply.error(error),
    }
}

impl Filesystem for Mounted {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let disk = self.disk();
        entry(disk.find(parent.0, name).and_then(|id| disk.node(id).map(|node| attributes(id, node))), reply);
    }

    fn getattr(&self, _: &Request, id: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.disk().node(id.0) {
            Ok(node) => reply.attr(&KEEP, &attributes(id.0, node)),
            Err(error) => reply.error(error),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        id: INodeNo,
        mode: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut disk = self.disk();
        let changed = size.map_or(Ok(()), |size| disk.resize(id.0, size)).and_then(|()| {
            let node = disk.node_mut(id.0)?;
            node.mode = mode.map_or(node.mode, permissions);
            Ok(attributes(id.0, node))
        });
        match changed {
            Ok(attributes) => reply.attr(&KEEP, &attributes),
            Err(error) => reply.error(error),
        }
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        entry(self.make(parent, name, true, mode & !umask), reply);
    }

    fn create(&self, _: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, _: i32, reply: ReplyCreate) {
        match self.make(parent, name, false, mode & !umask) {
            Ok(attributes) => reply.created(&KEEP, &attributes, GENERATION, FileHandle(0), FopenFlags::empty()),
            Err(error) => reply.error(error),
        }
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        done(self.disk().remove(parent.0, name), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        done(self.disk().remove(parent.0, name), reply);
    }

    fn rename(&self, _: &Request, parent: INodeNo, name: &OsStr, into: INodeNo, new: &OsStr, _: RenameFlags, reply: ReplyEmpty) {
        done(self.disk().rename((parent.0, name), (into.0, new)), reply);
    }

    fn read(&self, _: &Request, id: INodeNo, _: FileHandle, offset: u64, size: u32, _: OpenFlags, _: Option<LockOwner>, reply: ReplyData) {
        match self.disk().read(id.0, offset, size as usize) {
            Ok(data) => reply.data(data),
            Err(error) => reply.error(error),
        }
    }

    fn write(&self, _: &Request, id: INodeNo, _: FileHandle, offset: u64, data: &[u8], _: WriteFlags, _: OpenFlags, _: Option<LockOwner>, reply: ReplyWrite) {
        match self.disk().write(id.0, offset, data) {
            // the kernel never sends more at once than fits into 32 bits
            Ok(()) => reply.written(data.len() as u32),
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        // closing a file makes nothing durable
        reply.ok();
    }

    fn fsync(&self, _: &Request, id: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        done(self.disk().sync(id.0), reply);
    }

    fn fsyncdir(&self, _: &Request, id: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        done(self.disk().sync(id.0), reply);
    }

    fn readdir(&self, _: &Request, id: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let disk = self.disk();
        let own = [(".".into(), id.0), ("..".into(), id.0)];
        let all = own.into_iter().chain(disk.children(id.0).map(|(name, child)| (name.clone(), child)));
        for (place, (name, child)) in (1..).zip(all).skip(usize::try_from(offset).unwrap_or(usize::MAX)) {
            let Ok(node) = disk.node(child) else { continue };
            if reply.add(INodeNo(child), place, kind(node), name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let block = PAGE_BYTES as u64;
        let disk = self.disk();
        let (size, free) = (disk.size / block, disk.size.saturating_sub(disk.bytes()) / block);
        reply.statfs(size, free, free, u64::from(u32::MAX), u64::from(u32::MAX), PAGE_BYTES as u32, 255, PAGE_BYTES as u32);
    }
}
