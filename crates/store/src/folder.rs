//! The folder of a store: one generation of rows, and what was put aside.
//!
//! ```text
//! <dir>/lock          held as long as a store is open here
//! <dir>/rows-000007   the rows; of several, the highest number counts
//! <dir>/corrupt-1     a damaged generation, kept for whoever wants to look
//! <dir>/note          what outlives the rows
//! ```
//!
//! To become empty is to begin the next generation: at every moment of that the highest one is whole, the old rows or none.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use domain::log::LogPosition;

use crate::disk::{Content, Disk, FORMAT, OpenError};
use crate::error::StoreError;
use crate::store::Options;
use crate::table::Tables;

const LOCK_FILE: &str = "lock";
/// A lock that was let go may stay held for a moment: by a process that was just started from this one, until it has its own
/// program, or by one that is just ending.
const LOCK_TRIES_MAX: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(10);
const ROWS: &str = "rows-";
const CORRUPT: &str = "corrupt-";
const NOTE: &str = "note";
const NEW_NOTE: &str = "note-new";
/// Damaged generations that are kept; beyond that the oldest goes, so that a failing disk does not fill itself.
const CORRUPT_KEPT_MAX: usize = 3;

/// A store folder that this process holds.
#[derive(Debug)]
pub(crate) struct Folder {
    dir: PathBuf,
    lock: Arc<File>,
    cache_bytes: u64,
    flush_every_ms: u64,
    fingerprint: Vec<u8>,
}

/// A generation that is open, and where it stands.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) number: u64,
    pub(crate) disk: Disk,
    pub(crate) content: Content,
    pub(crate) checkpoint: LogPosition,
}

impl Folder {
    /// Takes hold of a folder, which is made if it is not there.
    pub(crate) fn hold(dir: &Path, options: &Options, tables: &Tables) -> Result<Self, StoreError> {
        fs::create_dir_all(dir).map_err(StoreError::folder)?;
        let lock = File::options().create(true).truncate(false).write(true).open(dir.join(LOCK_FILE));
        let lock = lock.map_err(StoreError::folder)?;
        hold_lock(&lock)?;
        Ok(Self {
            dir: dir.to_owned(),
            lock: Arc::new(lock),
            cache_bytes: options.cache_bytes,
            flush_every_ms: options.flush_every_ms,
            fingerprint: tables.fingerprint(FORMAT),
        })
    }

    /// Opens the rows that are there, or begins anew if they are damaged or of other tables.
    pub(crate) fn open(&self) -> Result<Generation, StoreError> {
        let numbers = self.numbered(ROWS)?;
        let Some((&number, outdated)) = numbers.split_last() else {
            return self.begin(1);
        };
        for &old in outdated {
            fs::remove_dir_all(self.generation(old)).map_err(StoreError::folder)?;
        }
        let (disk, content) = match self.open_generation(number) {
            Ok(found) => found,
            Err(OpenError::Locked) => {
                // ours is the lock on the folder, so this generation is one that failed in this process and was left open
                tracing::warn!("the store failed before in this process: it starts empty and is folded anew");
                return self.begin(number + 1);
            }
            Err(OpenError::Io(error)) => return Err(StoreError::folder(error)),
            Err(OpenError::Damaged(reason)) => {
                return self.begin_instead_of_damaged(number, &reason);
            }
        };
        if content.tables.as_ref() != Some(&self.fingerprint) {
            if content.tables.is_some() || content.rows > 0 {
                tracing::warn!(rows = content.rows, "the store holds other tables: it starts empty and is folded anew");
            }
            let next = self.begin(number + 1)?;
            disk.condemn();
            return Ok(next);
        }
        match content.checkpoint.as_deref().map_or(Ok((LogPosition::default(), [].as_slice())), postcard::take_from_bytes) {
            Ok((checkpoint, [])) => Ok(Generation { number, disk, content, checkpoint }),
            _ => {
                drop(disk);
                self.begin_instead_of_damaged(number, "the checkpoint does not decode")
            }
        }
    }

    /// Begins an empty generation with this number.
    pub(crate) fn begin(&self, number: u64) -> Result<Generation, StoreError> {
        let (disk, content) = self.open_generation(number).map_err(|error| match error {
            OpenError::Locked => StoreError::InUse,
            OpenError::Io(error) => StoreError::folder(error),
            OpenError::Damaged(reason) => StoreError::failed(io::Error::other(reason)),
        })?;
        disk.write_tables(&self.fingerprint)?;
        disk.sync()?;
        // the new name must be on the disk before the old generation goes
        File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(StoreError::folder)?;
        Ok(Generation { number, disk, content, checkpoint: LogPosition::default() })
    }

    fn open_generation(&self, number: u64) -> Result<(Disk, Content), OpenError> {
        Disk::open(&self.generation(number), self.cache_bytes, self.flush_every_ms, Arc::clone(&self.lock))
    }

    fn begin_instead_of_damaged(&self, number: u64, reason: &str) -> Result<Generation, StoreError> {
        self.put_aside(number, reason)?;
        self.begin(number + 1)
    }

    fn put_aside(&self, number: u64, reason: &str) -> Result<(), StoreError> {
        let kept = self.numbered(CORRUPT)?;
        let next = kept.last().map_or(1, |last| last + 1);
        let aside = self.dir.join(format!("{CORRUPT}{next}"));
        tracing::error!(reason, aside = %aside.display(), "the store is damaged: it is put aside, starts empty and is folded anew");
        fs::rename(self.generation(number), aside).map_err(StoreError::folder)?;
        for old in kept.iter().rev().skip(CORRUPT_KEPT_MAX - 1) {
            fs::remove_dir_all(self.dir.join(format!("{CORRUPT}{old}"))).map_err(StoreError::folder)?;
        }
        Ok(())
    }

    /// What was noted last.
    pub(crate) fn note(&self) -> Result<Option<Vec<u8>>, StoreError> {
        match fs::read(self.dir.join(NOTE)) {
            Ok(note) => Ok(Some(note)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::folder(error)),
        }
    }

    /// Notes something in place of what was noted before; on the disk itself when this returns.
    pub(crate) fn set_note(&self, note: &[u8]) -> Result<(), StoreError> {
        let new = self.dir.join(NEW_NOTE);
        let written = File::create(&new).and_then(|mut file| file.write_all(note).and_then(|()| file.sync_all()));
        let named = written.and_then(|()| fs::rename(new, self.dir.join(NOTE)));
        named.and_then(|()| File::open(&self.dir)?.sync_all()).map_err(StoreError::folder)
    }

    fn generation(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{ROWS}{number:06}"))
    }

    /// The numbers after a name, ascending.
    fn numbered(&self, name: &str) -> Result<Vec<u64>, StoreError> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(StoreError::folder)? {
            let entry = entry.map_err(StoreError::folder)?.file_name();
            numbers.extend(entry.to_str().and_then(|text| text.strip_prefix(name)?.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

fn hold_lock(lock: &File) -> Result<(), StoreError> {
    for _ in 0..LOCK_TRIES_MAX {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(StoreError::folder(error)),
        }
    }
    Err(StoreError::InUse)
}
