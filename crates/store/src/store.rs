//! The door: open, read, apply, flush, clear, close.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::log::LogPosition;
use serde::de::DeserializeOwned;

use crate::era::{Era, Limits, VIEW_WAIT_MAX};
use crate::error::StoreError;
use crate::folder::{Folder, Generation};
use crate::key::{Key, Prefix};
use crate::row::{self, Folded, RawRow, Row};
use crate::table::{Table, Tables};
use crate::unit::{self, Unit};
use crate::view::{View, visible};
use crate::writer::{self, BATCH_OPS_MAX};

const CACHE_BYTES: u64 = 256 * 1024 * 1024;
/// Rows that change again soon, such as the newest page of a list, are written once in this time and not at every change.
const FLUSH_EVERY_MS: u64 = 5_000;
/// Reached in floods only: what people enter in five seconds is far less.
const DIRTY_BYTES_MAX: usize = 128 * 1024 * 1024;

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Memory that sled may use as a cache; the working set is a good size.
    pub cache_bytes: u64,
    /// How long a change may stay in memory only, and then again with the kernel only, in milliseconds. What is lost by a crash is
    /// folded again, so this trades work at the next start for writes saved by changing the same row twice.
    pub flush_every_ms: u64,
    /// Bytes of changes in memory beyond which `apply` waits.
    pub dirty_bytes_max: usize,
    /// All tables of this store.
    pub tables: Vec<Table>,
    /// For tests only.
    #[doc(hidden)]
    pub faults: Faults,
}

/// What tests bend, so that they need no luck and no waiting.
#[doc(hidden)]
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// The power fails after so many batches: nothing is written any more, and `apply` reports it.
    pub crash_after_batches: Option<u32>,
    /// Operations of one batch of the disk.
    pub batch_ops_max: Option<usize>,
    /// How long the writer waits for a view, in milliseconds.
    pub view_wait_ms: Option<u64>,
}

impl Options {
    /// The usual options: 256 MiB of cache, five seconds, 128 MiB of changes in memory.
    pub fn new(tables: impl Into<Vec<Table>>) -> Self {
        Self { cache_bytes: CACHE_BYTES, flush_every_ms: FLUSH_EVERY_MS, dirty_bytes_max: DIRTY_BYTES_MAX, tables: tables.into(), faults: Faults::default() }
    }
}

/// How a store is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Rows, marks and removals that are not on disk yet.
    pub rows_dirty: usize,
    /// Those of them that the writer has taken.
    pub rows_writing: usize,
    /// Memory they take, roughly, in bytes.
    pub bytes_dirty: usize,
    /// Size of the folder's rows, in bytes.
    pub disk_bytes: u64,
    /// How long the last round of writing took, in milliseconds.
    pub last_write_ms: u64,
    /// Operations of the largest batch since opening. Far above 100, too many units share a key.
    pub batch_ops_largest: usize,
}

/// A cache of folded rows. Cheap to clone; all clones are the same store.
///
/// One thread folds (`apply`, `advance`, `flush`, `clear`); any thread reads. All calls may block for a moment: keep them off an
/// async runtime's threads. Dropping the last clone stops without writing what is in memory, which is harmless;
/// [`Store::close`] writes it first.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    tables: Arc<Tables>,
    options: Options,
    era: RwLock<Option<Arc<Era>>>,
    /// The writer of the era, and the folder while the store is open.
    writer: Mutex<Option<(JoinHandle<()>, Folder)>>,
}

impl Store {
    /// Opens the rows in a folder, which is made if it is not there. A folder that is damaged, or was written with other
    /// tables, starts empty, and the log says so; the fold then begins at the start, as [`Store::position`] tells it.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Folder`], [`StoreError::Tables`].
    pub fn open(dir: &Path, options: Options) -> Result<Self, StoreError> {
        let tables = Tables::new(options.tables.clone())?;
        let folder = Folder::hold(dir, &options, &tables)?;
        let generation = folder.open()?;
        let (era, writer) = start(generation, &options)?;
        Ok(Self { inner: Arc::new(Inner { tables: Arc::new(tables), options, era: RwLock::new(Some(era)), writer: Mutex::new(Some((writer, folder))) }) })
    }

    /// The row under a key.
    pub fn get<T: DeserializeOwned>(&self, table: Table, key: &Key) -> Result<Option<Row<T>>, StoreError> {
        let found = self.era()?.get_now(&unit::tree_key(&self.inner.tables, table, key.as_bytes())?)?;
        visible(&found).map(|stored| row::decode(table, stored)).transpose()
    }

    /// What the fold finds under a key: with the memory of a row that was deleted after the checkpoint.
    pub fn folded<T: DeserializeOwned>(&self, table: Table, key: &Key) -> Result<Folded<T>, StoreError> {
        let found = self.era()?.get_now(&unit::tree_key(&self.inner.tables, table, key.as_bytes())?)?;
        row::decode_folded(table, found.as_deref())
    }

    /// The row or mark under a key as it is stored.
    pub fn get_raw(&self, table: Table, key: &Key) -> Result<Option<RawRow>, StoreError> {
        let found = self.era()?.get_now(&unit::tree_key(&self.inner.tables, table, key.as_bytes())?)?;
        visible(&found).map(|stored| row::raw(table, stored)).transpose()
    }

    /// Opens a view, for several reads that must fit together.
    pub fn view(&self) -> Result<View, StoreError> {
        View::open(self.era()?, Arc::clone(&self.inner.tables))
    }

    /// [`View::scan`] on a view of its own.
    pub fn scan<T: DeserializeOwned>(&self, table: Table, prefix: &Prefix, after: Option<&Key>, limit: usize) -> Result<Vec<(Key, Row<T>)>, StoreError> {
        self.view()?.scan(table, prefix, after, limit)
    }

    /// [`View::scan_back`] on a view of its own.
    pub fn scan_back<T: DeserializeOwned>(&self, table: Table, prefix: &Prefix, before: Option<&Key>, limit: usize) -> Result<Vec<(Key, Row<T>)>, StoreError> {
        self.view()?.scan_back(table, prefix, before, limit)
    }

    /// [`View::scan_range`] on a view of its own.
    pub fn scan_range<T: DeserializeOwned>(&self, table: Table, keys: Range<&Key>, limit: usize) -> Result<Vec<(Key, Row<T>)>, StoreError> {
        self.view()?.scan_range(table, keys, limit)
    }

    /// [`View::scan_keys`] on a view of its own.
    pub fn scan_keys(&self, table: Table, prefix: &Prefix, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, StoreError> {
        self.view()?.scan_keys(table, prefix, after, limit)
    }

    /// [`View::scan_keys_range`] on a view of its own.
    pub fn scan_keys_range(&self, table: Table, keys: Range<&Key>, limit: usize) -> Result<Vec<Key>, StoreError> {
        self.view()?.scan_keys_range(table, keys, limit)
    }

    /// [`View::scan_raw`] on a view of its own.
    pub fn scan_raw(&self, table: Table, prefix: &Prefix, after: Option<&Key>, limit: usize) -> Result<Vec<(Key, RawRow)>, StoreError> {
        self.view()?.scan_raw(table, prefix, after, limit)
    }

    /// Makes changes visible, each unit at once, and has them written later. Waits while too much is in memory.
    ///
    /// # Errors
    /// If any unit is refused, none of them is applied.
    pub fn apply(&self, units: impl IntoIterator<Item = Unit>) -> Result<(), StoreError> {
        let era = self.era()?;
        let position = era.lock()?.position.sequence;
        let mut resolved = Vec::new();
        for unit in units {
            if unit.sequence() < position {
                return Err(StoreError::Backwards { sequence: unit.sequence(), position });
            }
            resolved.push(unit.resolve(&self.inner.tables)?);
        }
        era.apply(resolved)
    }

    /// Says that everything up to a position has been applied.
    pub fn advance(&self, position: LogPosition) -> Result<(), StoreError> {
        self.era()?.advance(position)
    }

    /// Whether changes may be applied now without waiting for the disk.
    pub fn has_room(&self) -> Result<bool, StoreError> {
        let era = self.era()?;
        let limits = era.limits;
        Ok(era.lock()?.has_room(limits))
    }

    /// Waits until changes may be applied without waiting.
    pub fn wait_for_room(&self) -> Result<(), StoreError> {
        self.era()?.wait_for_room().map(drop)
    }

    /// How far the fold came: after opening, where it has to go on.
    pub fn position(&self) -> Result<LogPosition, StoreError> {
        Ok(self.era()?.lock()?.position.clone())
    }

    /// How far the rows on disk came. Never ahead of them.
    pub fn checkpoint(&self) -> Result<LogPosition, StoreError> {
        Ok(self.era()?.lock()?.checkpoint.clone())
    }

    /// Waits until everything that is applied now is on the disk itself, fsync included.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.era()?.flush()
    }

    /// Becomes empty, for a fold from the start. A crash in the middle leaves the old rows whole, or none.
    ///
    /// Views that are open keep reading the rows they were opened on.
    pub fn clear(&self) -> Result<(), StoreError> {
        let mut slot = self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.era()?;
        let (writer, folder) = slot.take().ok_or(StoreError::Closed)?;
        stop(&old, writer);
        let begun = folder.begin(old.number + 1).and_then(|generation| start(generation, &self.inner.options));
        let mut era = self.inner.era.write().unwrap_or_else(PoisonError::into_inner);
        match begun {
            Ok((fresh, writer)) => {
                *era = Some(fresh);
                *slot = Some((writer, folder));
                old.disk.condemn();
                Ok(())
            }
            Err(error) => {
                *era = None;
                Err(error)
            }
        }
    }

    /// What was noted last.
    ///
    /// # Errors
    /// [`StoreError::Closed`], [`StoreError::Folder`].
    pub fn note(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.with_folder(Folder::note)
    }

    /// Notes something that must outlive the rows, for [`Store::clear`] takes all of them. It is on the disk itself when this returns.
    ///
    /// # Errors
    /// [`StoreError::Closed`], [`StoreError::Folder`].
    pub fn set_note(&self, note: &[u8]) -> Result<(), StoreError> {
        self.with_folder(|folder| folder.set_note(note))
    }

    fn with_folder<T>(&self, work: impl FnOnce(&Folder) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let slot = self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().map_or(Err(StoreError::Closed), |(_, folder)| work(folder))
    }

    /// Writes what is in memory, then closes: every clone answers [`StoreError::Closed`] from now on, and the folder is free when
    /// the last open view is gone.
    pub fn close(&self) -> Result<(), StoreError> {
        let flushed = self.flush();
        self.inner.stop();
        flushed
    }

    /// How the store is doing.
    pub fn stats(&self) -> Result<Stats, StoreError> {
        let era = self.era()?;
        let disk_bytes = era.disk.size_bytes()?;
        let state = era.lock()?;
        let layers = || state.writing.as_deref().into_iter().chain([&state.dirty]);
        Ok(Stats {
            rows_dirty: layers().map(|layer| layer.rows()).sum(),
            rows_writing: state.writing.as_ref().map_or(0, |layer| layer.rows()),
            bytes_dirty: layers().map(|layer| layer.bytes()).sum(),
            disk_bytes,
            last_write_ms: u64::try_from(state.last_write.as_millis()).unwrap_or(u64::MAX),
            batch_ops_largest: state.batch_ops_largest,
        })
    }

    fn era(&self) -> Result<Arc<Era>, StoreError> {
        let era = self.inner.era.read().unwrap_or_else(PoisonError::into_inner);
        era.clone().ok_or(StoreError::Closed)
    }
}

impl Inner {
    fn take_era(&self) -> Option<Arc<Era>> {
        self.era.write().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn stop(&self) {
        let mut slot = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some((writer, _folder)), Some(era)) = (slot.take(), self.take_era()) {
            stop(&era, writer);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

fn start(generation: Generation, options: &Options) -> Result<(Arc<Era>, JoinHandle<()>), StoreError> {
    let limits = Limits {
        dirty_bytes_max: options.dirty_bytes_max,
        write_every: Duration::from_millis(options.flush_every_ms),
        view_wait: options.faults.view_wait_ms.map_or(VIEW_WAIT_MAX, Duration::from_millis),
        batch_ops_max: options.faults.batch_ops_max.unwrap_or(BATCH_OPS_MAX),
    };
    let era = Arc::new(Era::new(generation.disk, generation.number, limits, generation.checkpoint));
    let writer = writer::spawn(Arc::clone(&era), generation.content.graves, options.faults.crash_after_batches)?;
    Ok((era, writer))
}

fn stop(era: &Era, writer: JoinHandle<()>) {
    era.end(StoreError::Closed);
    if writer.join().is_err() {
        tracing::error!("the writer of the store panicked");
    }
}
