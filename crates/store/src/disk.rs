//! The one file that names sled: an ordered map of bytes with atomic batches.
//!
//! What was measured about sled 0.34.7, and is the reason for what stands here: `flush` is not an fsync (it asks the kernel to
//! start writing), only its own flush thread syncs; batches of 1000 random keys let the memory explode, 100 do not; one tree;
//! it may panic on a damaged file; while a batch is applied, reads of sled wait for it, which bounds what a batch may hold; after
//! a write that failed it may wait for ever when it is flushed or dropped, and all other databases of the process with it
//! (docs/adr/0018): such a one is never asked to write again, and is left to the end of the process.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::error::StoreError;
use crate::row;
use crate::table::TABLE_BYTE_OF_STORE;
use crate::unit::{Change, TreeKey};

/// Format of the rows and of what the store writes about itself; another format starts empty.
pub(crate) const FORMAT: u32 = 1;

/// The file in which sled keeps the log of its pages.
const DATA_FILE: &str = "db";
const KEY_TABLES: [u8; 2] = [TABLE_BYTE_OF_STORE, 1];
const KEY_CHECKPOINT: [u8; 2] = [TABLE_BYTE_OF_STORE, 2];
/// sled puts a page of more than a quarter of this into a file of its own, and forgets to remove some of those files: with this
/// size a page holds two of the largest rows before that. A power of two.
const SEGMENT_BYTES: usize = 2 * 1024 * 1024;
/// How often sled's own thread syncs what was written: while it syncs, so long waits the log for its own sync, and with it every command. Of five
/// seconds of rows at once that is tens of milliseconds.
const SYNC_EVERY_MS: u64 = 200;
/// A store of this process that was just closed may hold sled's lock for a moment longer than ours.
const LOCK_TRIES_MAX: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// An open sled folder. Dropping it closes it; a condemned one is then removed.
#[derive(Debug)]
pub(crate) struct Disk {
    db: Option<sled::Db>,
    folder: PathBuf,
    condemned: AtomicBool,
    /// sled failed once.
    broken: AtomicBool,
    /// Ours, on the whole store folder; held until sled has let go of its own.
    _lock: Arc<File>,
}

/// What a folder holds when it is opened.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// The tables it was written with; nothing in a new folder.
    pub(crate) tables: Option<Vec<u8>>,
    /// The encoded checkpoint, if one was written.
    pub(crate) checkpoint: Option<Vec<u8>>,
    /// Deleted rows whose graves are still there, with the sequence of the deletion.
    pub(crate) graves: BTreeMap<TreeKey, u64>,
    /// Rows, marks and graves.
    pub(crate) rows: u64,
}

/// One step of a walk over what is on the disk.
pub(crate) type OnDisk = Result<(TreeKey, Arc<[u8]>), StoreError>;

/// Why a folder could not be opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// sled's lock is held by somebody.
    Locked,
    /// The file system refused; the content may be fine.
    Io(io::Error),
    /// sled refused the content, or panicked on it.
    Damaged(String),
}

impl Disk {
    /// Opens a folder and reads everything in it once, on a thread of its own, so that damage is found now and not by a reader.
    pub(crate) fn open(folder: &Path, cache_bytes: u64, flush_every_ms: u64, lock: Arc<File>) -> Result<(Self, Content), OpenError> {
        let sync_every_ms = flush_every_ms.min(SYNC_EVERY_MS);
        let config = sled::Config::new().path(folder).cache_capacity(cache_bytes).flush_every_ms(Some(sync_every_ms)).segment_size(SEGMENT_BYTES);
        let opener = thread::Builder::new().name("store-open".into()).spawn(move || {
            let db = open_unlocked(&config)?;
            let content = read_everything(&db).map_err(tell_apart)?;
            Ok((db, content))
        });
        // a panic of sled ends that thread, and arrives here as an error
        let opened = opener.map_err(OpenError::Io)?.join();
        let (db, content) = opened.unwrap_or_else(|panic| Err(OpenError::Damaged(panic_text(panic.as_ref()))))?;
        let disk = Self { db: Some(db), folder: folder.to_owned(), condemned: AtomicBool::new(false), broken: AtomicBool::new(false), _lock: lock };
        Ok((disk, content))
    }

    /// The folder is removed when the last reader lets go.
    pub(crate) fn condemn(&self) {
        self.condemned.store(true, Ordering::Release);
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Change, StoreError> {
        let found = self.db()?.get(key).map_err(|error| self.failed(error))?;
        Ok(found.map(|bytes| Arc::from(bytes.as_ref())))
    }

    /// Walks the keys from `from` up to but without `to`, in either direction.
    pub(crate) fn walk(&self, from: &[u8], to: &[u8], backwards: bool) -> Result<impl Iterator<Item = OnDisk> + use<>, StoreError> {
        let mut range = self.db()?.range(from..to);
        let found = std::iter::from_fn(move || if backwards { range.next_back() } else { range.next() });
        Ok(found.map(|pair| {
            let (key, value) = pair.map_err(StoreError::failed)?;
            Ok((TreeKey::from(key.as_ref()), Arc::from(value.as_ref())))
        }))
    }

    /// Writes changes so that after a crash either all of them are there or none.
    pub(crate) fn write_batch<'a>(&self, changes: impl IntoIterator<Item = (&'a TreeKey, &'a Change)>) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for (key, change) in changes {
            match change {
                Some(bytes) => batch.insert(key.as_ref(), bytes.as_ref()),
                None => batch.remove(key.as_ref()),
            }
        }
        self.db()?.apply_batch(batch).map_err(|error| self.failed(error))
    }

    /// Writes one change, which after a crash is there or not.
    pub(crate) fn write_row(&self, key: &TreeKey, change: &Change) -> Result<(), StoreError> {
        match change {
            Some(bytes) => self.insert(key, bytes),
            None => self.db()?.remove(key.as_ref()).map(|_| ()).map_err(|error| self.failed(error)),
        }
    }

    pub(crate) fn write_tables(&self, tables: &[u8]) -> Result<(), StoreError> {
        self.insert(&KEY_TABLES, tables)
    }

    pub(crate) fn write_checkpoint(&self, checkpoint: &[u8]) -> Result<(), StoreError> {
        self.insert(&KEY_CHECKPOINT, checkpoint)
    }

    /// Returns when everything written before is on the disk itself.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.db()?.flush().map_err(|error| self.failed(error))?;
        // sled's flush leaves the bytes with the kernel; an fsync on any handle of the file takes them to the disk
        let data = File::open(self.folder.join(DATA_FILE)).map_err(StoreError::folder)?;
        data.sync_all().map_err(StoreError::folder)
    }

    /// Bytes on the disk.
    pub(crate) fn size_bytes(&self) -> Result<u64, StoreError> {
        self.db()?.size_on_disk().map_err(StoreError::failed)
    }

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.db()?.insert(key, value).map(|_| ()).map_err(|error| self.failed(error))
    }

    /// After the first failure nothing reaches sled any more.
    fn db(&self) -> Result<&sled::Db, StoreError> {
        if self.broken.load(Ordering::Acquire) {
            return Err(StoreError::failed(io::Error::other("the store failed before")));
        }
        self.db.as_ref().ok_or(StoreError::Closed)
    }

    fn failed(&self, error: sled::Error) -> StoreError {
        self.broken.store(true, Ordering::Release);
        StoreError::failed(error)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let db = self.db.take();
        if self.broken.load(Ordering::Acquire) {
            tracing::error!("a store that failed is not closed: its files stay open until this process ends");
            std::mem::forget(db);
        } else {
            drop(db);
        }
        if self.condemned.load(Ordering::Acquire)
            && let Err(error) = std::fs::remove_dir_all(&self.folder)
        {
            // a leftover is not mistaken for rows: the next opening takes the newest generation and removes the others
            tracing::warn!(%error, "an outdated store generation could not be removed yet");
        }
    }
}

fn open_unlocked(config: &sled::Config) -> Result<sled::Db, OpenError> {
    for _ in 1..LOCK_TRIES_MAX {
        match config.open().map_err(tell_apart) {
            Err(OpenError::Locked) => thread::sleep(LOCK_PAUSE),
            result => return result,
        }
    }
    config.open().map_err(tell_apart)
}

fn read_everything(db: &sled::Db) -> sled::Result<Content> {
    let mut content = Content::default();
    for pair in db.iter() {
        let (key, value) = pair?;
        if key.first() != Some(&TABLE_BYTE_OF_STORE) {
            content.rows += 1;
            if let Some(sequence) = row::grave(&value) {
                content.graves.insert(TreeKey::from(key.as_ref()), sequence);
            }
        } else if key.as_ref() == KEY_TABLES {
            content.tables = Some(value.to_vec());
        } else if key.as_ref() == KEY_CHECKPOINT {
            content.checkpoint = Some(value.to_vec());
        }
    }
    Ok(content)
}

/// Tells what the operator must repair from what a fresh folder repairs.
fn tell_apart(error: sled::Error) -> OpenError {
    match error {
        sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => OpenError::Locked,
        // what sled itself finds wrong with the bytes has no number of the operating system, and other kinds than these
        sled::Error::Io(error) if error.raw_os_error().is_some() || is_refusal(error.kind()) => OpenError::Io(error),
        error => OpenError::Damaged(error.to_string()),
    }
}

/// Kinds by which the file system refuses; sled loses the number when it copies an error.
fn is_refusal(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as Kind;
    matches!(kind, Kind::PermissionDenied | Kind::StorageFull | Kind::ReadOnlyFilesystem | Kind::NotFound | Kind::QuotaExceeded)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("panic: {}", text.unwrap_or("without a text"))
}
