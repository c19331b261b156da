//! The state of one generation between its opening and the next `clear`: what readers, the fold and the writer share.
//!
//! **How a view sees one moment.** Every call of `apply` has a version, and the dirty layers keep what open views still read.
//! The disk keeps no versions: so before the writer puts a layer there, it waits until every view that does not see all of
//! that layer is gone, and after [`VIEW_WAIT_MAX`] it goes on and such a view expires. Readers never wait for the
//! writer, except that a read that reaches the disk waits for the one batch that sled is applying just then.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use domain::log::LogPosition;

use crate::dirty::{Layer, OpenViews};
use crate::disk::Disk;
use crate::error::StoreError;
use crate::unit::{Change, TreeKey};

/// How long the writer waits for a view that is in its way.
pub(crate) const VIEW_WAIT_MAX: Duration = Duration::from_secs(5);
/// Units applied under one hold of the lock, so that readers get their turn.
const UNITS_PER_HOLD: usize = 64;
/// Operations that may be tied together before the layer is written; a batch of the disk is about this size at most.
pub(crate) const GROUP_OPS_MAX: usize = 1000;
/// Dirty entries a scan copies under one hold of the lock.
const ENTRIES_PER_HOLD: usize = 256;

/// One generation of rows, in memory and on disk.
#[derive(Debug)]
pub(crate) struct Era {
    pub(crate) disk: Disk,
    pub(crate) number: u64,
    pub(crate) limits: Limits,
    state: Mutex<State>,
    /// Something for the writer: rows, a wish to flush, a view that went, the end.
    pub(crate) work: Condvar,
    /// Something for those who wait for the writer: room, a finished flush, the end.
    pub(crate) progress: Condvar,
}

/// When the writer has to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) dirty_bytes_max: usize,
    pub(crate) write_every: Duration,
    pub(crate) view_wait: Duration,
    pub(crate) batch_ops_max: usize,
}

/// What the lock protects.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) dirty: Layer,
    pub(crate) writing: Option<Arc<Layer>>,
    /// Counts the changes of what a view would see.
    pub(crate) version: u64,
    pub(crate) views: OpenViews,
    /// Views at this version or below lost the rows they read.
    pub(crate) expired: Option<u64>,
    pub(crate) position: LogPosition,
    pub(crate) checkpoint: LogPosition,
    pub(crate) unwritten_since: Option<Instant>,
    pub(crate) flushes_wanted: u64,
    pub(crate) flushes_done: u64,
    pub(crate) last_write: Duration,
    pub(crate) batch_ops_largest: usize,
    pub(crate) end: Option<StoreError>,
}

/// Dirty changes of a span of keys, and how far they speak for it.
pub(crate) struct Overlay {
    pub(crate) changes: Vec<(TreeKey, Change)>,
    /// Where to go on, if the span holds more: the first key after (forwards) or the last before (backwards, excluded).
    pub(crate) edge: Option<Vec<u8>>,
}

impl State {
    pub(crate) fn has_work(&self) -> bool {
        !self.dirty.is_empty() || self.position != self.checkpoint
    }

    fn bytes(&self) -> usize {
        self.dirty.bytes() + self.writing.as_ref().map_or(0, |layer| layer.bytes())
    }

    pub(crate) fn has_room(&self, limits: Limits) -> bool {
        self.bytes() <= limits.dirty_bytes_max && self.dirty.group_ops_largest() <= GROUP_OPS_MAX
    }

    /// Whether the writer should not wait for more to come together.
    pub(crate) fn is_urgent(&self, limits: Limits) -> bool {
        self.flushes_wanted > self.flushes_done || self.dirty.bytes() > limits.dirty_bytes_max / 2 || self.dirty.group_ops_largest() > GROUP_OPS_MAX
    }

    /// What lies dirty under the key at a version; nothing if the disk has to say.
    fn dirty_at(&self, key: &[u8], version: u64) -> Option<Change> {
        let dirty = self.dirty.at(key, version);
        dirty.or_else(|| self.writing.as_ref()?.at(key, version)).cloned()
    }

    fn check_view(&self, version: u64) -> Result<(), StoreError> {
        if self.expired.is_some_and(|expired| version <= expired) { Err(StoreError::ViewExpired) } else { Ok(()) }
    }
}

impl Era {
    pub(crate) fn new(disk: Disk, number: u64, limits: Limits, checkpoint: LogPosition) -> Self {
        let state = State { position: checkpoint.clone(), checkpoint, ..State::default() };
        Self { disk, number, limits, state: Mutex::new(state), work: Condvar::new(), progress: Condvar::new() }
    }

    /// The state. A panic of another thread under this lock may have left half a unit there: then nothing is read or written.
    pub(crate) fn lock(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        self.state.lock().map_err(|_| broken_lock())
    }

    /// The state, if more may be written into it.
    fn lock_open(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.lock()?;
        state.end.clone().map_or(Ok(state), Err)
    }

    /// Ends this era; those who wait are told why. The first reason stays.
    pub(crate) fn end(&self, reason: StoreError) {
        if let Ok(mut state) = self.state.lock() {
            state.end.get_or_insert(reason);
        }
        self.work.notify_all();
        self.progress.notify_all();
    }

    /// Waits until there is room, then applies; several times if there are many units.
    pub(crate) fn apply(&self, units: Vec<Vec<(TreeKey, Change)>>) -> Result<(), StoreError> {
        let mut units = units.into_iter().peekable();
        while units.peek().is_some() {
            let mut guard = self.wait_for_room()?;
            let state = &mut *guard;
            let idle = !state.has_work();
            state.version += 1;
            state.unwritten_since.get_or_insert_with(Instant::now);
            for unit in units.by_ref().take(UNITS_PER_HOLD) {
                state.dirty.apply(unit, state.version, &state.views);
            }
            self.wake_writer(guard, idle);
        }
        Ok(())
    }

    /// Waits until the writer made room.
    pub(crate) fn wait_for_room(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let full = |state: &mut State| state.end.is_none() && !state.has_room(self.limits);
        let state = self.progress.wait_while(self.lock()?, full).map_err(|_| broken_lock())?;
        state.end.clone().map_or(Ok(state), Err)
    }

    pub(crate) fn advance(&self, position: LogPosition) -> Result<(), StoreError> {
        let mut state = self.lock_open()?;
        let known = &state.position;
        if !known.stream.is_empty() && known.stream != position.stream {
            return Err(StoreError::OtherStream);
        }
        if position.sequence < known.sequence {
            return Err(StoreError::Backwards { sequence: position.sequence, position: known.sequence });
        }
        let idle = !state.has_work();
        state.position = position;
        state.unwritten_since.get_or_insert_with(Instant::now);
        self.wake_writer(state, idle);
        Ok(())
    }

    /// Tells the writer, if it sleeps without an end or must not wait any longer; else it wakes by itself in time.
    fn wake_writer(&self, state: MutexGuard<'_, State>, idle: bool) {
        let wake = idle || state.is_urgent(self.limits);
        drop(state);
        if wake {
            self.work.notify_one();
        }
    }

    /// Waits until the writer has put everything that is applied now onto the disk itself.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        let mut state = self.lock_open()?;
        state.flushes_wanted += 1;
        let mine = state.flushes_wanted;
        self.work.notify_one();
        let waits = |state: &mut State| state.end.is_none() && state.flushes_done < mine;
        let state = self.progress.wait_while(state, waits).map_err(|_| broken_lock())?;
        if state.flushes_done >= mine { Ok(()) } else { Err(state.end.clone().unwrap_or(StoreError::Closed)) }
    }

    /// Opens a view at this moment.
    pub(crate) fn open_view(&self) -> Result<u64, StoreError> {
        let mut state = self.lock()?;
        let version = state.version;
        *state.views.entry(version).or_insert(0) += 1;
        Ok(version)
    }

    /// Closes a view.
    pub(crate) fn close_view(&self, version: u64) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        if let Some(count) = state.views.get_mut(&version) {
            *count -= 1;
            if *count == 0 {
                state.views.remove(&version);
            }
        }
        drop(state);
        self.work.notify_one();
    }

    /// What lies under the key now. No view is needed: one key is always whole.
    pub(crate) fn get_now(&self, key: &[u8]) -> Result<Change, StoreError> {
        let dirty = self.lock()?.dirty_at(key, u64::MAX);
        dirty.map_or_else(|| self.disk.get(key), Ok)
    }

    /// What lay under the key when the view was opened.
    pub(crate) fn get_at(&self, key: &[u8], version: u64) -> Result<Change, StoreError> {
        let dirty = self.lock()?.dirty_at(key, version);
        let found = dirty.map_or_else(|| self.disk.get(key), Ok)?;
        self.check_view(version)?;
        Ok(found)
    }

    /// Refuses what a view read from the disk if the writer may have changed it meanwhile: asked after reading.
    pub(crate) fn check_view(&self, version: u64) -> Result<(), StoreError> {
        self.lock()?.check_view(version)
    }

    /// Copies dirty changes of a span of keys, as many as one hold of the lock allows.
    pub(crate) fn overlay(&self, from: &[u8], to: &[u8], backwards: bool, version: u64) -> Result<Overlay, StoreError> {
        let state = self.lock()?;
        let mut changes = std::collections::BTreeMap::new();
        let mut edge: Option<Vec<u8>> = None;
        // the older layer first, so that the newer one replaces what it says
        for layer in state.writing.as_deref().into_iter().chain([&state.dirty]) {
            for (walked, (key, change)) in layer.walk(from, to, backwards, version).enumerate() {
                if let Some(change) = change {
                    changes.insert(TreeKey::clone(key), change.clone());
                }
                if walked + 1 == ENTRIES_PER_HOLD {
                    edge = Some(nearer(edge, edge_at(key, backwards), backwards));
                    break;
                }
            }
        }
        drop(state);
        if let Some(edge) = &edge {
            changes.retain(|key, _| (key.as_ref() < edge.as_slice()) != backwards);
        }
        let mut changes: Vec<_> = changes.into_iter().collect();
        if backwards {
            changes.reverse();
        }
        Ok(Overlay { changes, edge })
    }
}

/// Where a walk goes on after this key.
fn edge_at(key: &[u8], backwards: bool) -> Vec<u8> {
    let mut edge = key.to_vec();
    if !backwards {
        edge.push(0);
    }
    edge
}

fn nearer(edge: Option<Vec<u8>>, other: Vec<u8>, backwards: bool) -> Vec<u8> {
    match edge {
        None => other,
        Some(edge) if backwards => edge.max(other),
        Some(edge) => edge.min(other),
    }
}

fn broken_lock() -> StoreError {
    StoreError::failed(std::io::Error::other("a thread panicked while it changed the rows"))
}
