//! The thread that takes the dirty layer to the disk: rows first, the checkpoint last.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use domain::log::LogPosition;

use crate::dirty::{Grouped, Layer};
use crate::era::{Era, State};
use crate::error::StoreError;
use crate::row;
use crate::unit::{Change, TreeKey};

/// Operations of one batch of the disk; only a group that belongs together may be larger.
pub(crate) const BATCH_OPS_MAX: usize = 100;

/// Longest pause between some rows and the next ones.
const STEP_ASIDE_MAX: Duration = Duration::from_millis(10);

/// What one round takes to the disk.
struct Round {
    layer: Arc<Layer>,
    /// Everything up to here is in this layer or already on the disk.
    position: LogPosition,
    checkpoint: LogPosition,
    flushes: Option<u64>,
}

struct Writer {
    era: Arc<Era>,
    /// Graves on the disk that the checkpoint has not passed.
    graves: BTreeMap<TreeKey, u64>,
    /// For tests: batches that may still be written before the power fails.
    batches_left: Option<u32>,
}

/// Starts the writer of an era; it ends when the era ends.
pub(crate) fn spawn(era: Arc<Era>, graves: BTreeMap<TreeKey, u64>, batches_left: Option<u32>) -> Result<JoinHandle<()>, StoreError> {
    let mut writer = Writer { era, graves, batches_left };
    thread::Builder::new().name("store-writer".into()).spawn(move || writer.run()).map_err(StoreError::folder)
}

impl Writer {
    fn run(&mut self) {
        // whatever ends this thread, a panic of sled too, must be told to those who wait for it
        let _ends = EndOnDrop(Arc::clone(&self.era));
        loop {
            let result = match self.next_round() {
                Ok(Some(round)) => self.write(round),
                Ok(None) => return,
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                if !matches!(error, StoreError::Closed) {
                    tracing::error!(%error, "the store stops writing: rows in memory will be folded again");
                }
                self.era.end(error);
                return;
            }
        }
    }

    /// Waits until there is something to write and takes it; nothing when the era ended.
    fn next_round(&self) -> Result<Option<Round>, StoreError> {
        let limits = self.era.limits;
        let mut state = self.era.lock()?;
        loop {
            if state.end.is_some() {
                return Ok(None);
            }
            let due = state.unwritten_since.map(|since| since + limits.write_every);
            let wait = match due {
                _ if state.is_urgent(limits) => break,
                Some(due) if state.has_work() => due.saturating_duration_since(Instant::now()),
                _ => Duration::MAX,
            };
            if wait.is_zero() {
                break;
            }
            state = if wait == Duration::MAX { self.era.work.wait(state).map_err(broken)? } else { self.era.work.wait_timeout(state, wait).map_err(broken)?.0 };
        }
        let round = take_round(&mut state);
        let taken_at = state.version;
        // views opened from here on see all of the layer
        state.version += 1;
        self.wait_for_views(state, taken_at)?;
        Ok(Some(round))
    }

    /// Waits for the views that do not see all of what is about to reach the disk.
    fn wait_for_views(&self, state: std::sync::MutexGuard<'_, State>, taken_at: u64) -> Result<(), StoreError> {
        let in_the_way = |state: &mut State| state.end.is_none() && state.views.range(..=taken_at).next().is_some();
        let waited = self.era.work.wait_timeout_while(state, self.era.limits.view_wait, in_the_way);
        let (mut state, result) = waited.map_err(broken)?;
        if result.timed_out() {
            tracing::warn!("a view of the store was held too long and expires");
            state.expired = Some(taken_at);
        }
        Ok(())
    }

    fn write(&mut self, round: Round) -> Result<(), StoreError> {
        let began = Instant::now();
        let largest = self.write_layer(&round.layer)?;
        if round.position != round.checkpoint {
            // last: were it first, a crash would leave rows behind that nobody folds again
            let bytes = postcard::to_stdvec(&round.position).map_err(StoreError::failed)?;
            self.before_batch()?;
            self.era.disk.write_checkpoint(&bytes)?;
            self.bury(round.position.sequence)?;
        }
        if round.flushes.is_some() {
            self.era.disk.sync()?;
        }
        let mut state = self.era.lock()?;
        state.writing = None;
        state.checkpoint = round.position;
        state.flushes_done = round.flushes.unwrap_or(state.flushes_done);
        state.last_write = began.elapsed();
        state.batch_ops_largest = state.batch_ops_largest.max(largest);
        drop(state);
        self.era.progress.notify_all();
        Ok(())
    }

    /// Writes rows that stand alone one by one, and packs the others into batches. A group is never split: its row would say
    /// "folded" while its index entry is missing. A batch is for those that need one: while sled applies it, every other read
    /// and write of the process waits, in the stores of other services too.
    fn write_layer(&mut self, layer: &Layer) -> Result<usize, StoreError> {
        let Grouped { alone, together } = layer.by_group();
        for rows in alone.chunks(self.era.limits.batch_ops_max) {
            let began = Instant::now();
            self.write_rows(rows)?;
            self.step_aside(began.elapsed())?;
        }
        let mut largest = 0;
        let mut batch: Vec<(&TreeKey, &Change)> = Vec::new();
        for group in together {
            if !batch.is_empty() && batch.len() + group.len() > self.era.limits.batch_ops_max {
                largest = largest.max(batch.len());
                self.write_batch(&batch)?;
                batch.clear();
            }
            batch.extend(group);
        }
        if !batch.is_empty() {
            largest = largest.max(batch.len());
            self.write_batch(&batch)?;
        }
        Ok(largest)
    }

    /// Leaves the processor to others for as long as some rows took, unless somebody waits for the disk or changes pile up: a layer that is
    /// written in one go is a second in which every fold waits, and so do alerts.
    fn step_aside(&self, took: Duration) -> Result<(), StoreError> {
        let limits = self.era.limits;
        let nobody_waits = |state: &mut State| state.end.is_none() && !state.is_urgent(limits);
        let waited = self.era.work.wait_timeout_while(self.era.lock()?, took.min(STEP_ASIDE_MAX), nobody_waits);
        waited.map(drop).map_err(broken)
    }

    fn write_rows(&mut self, rows: &[(&TreeKey, &Change)]) -> Result<(), StoreError> {
        self.before_batch()?;
        for (key, change) in rows {
            self.era.disk.write_row(key, change)?;
        }
        self.remember_graves(rows);
        Ok(())
    }

    fn write_batch(&mut self, batch: &[(&TreeKey, &Change)]) -> Result<(), StoreError> {
        self.before_batch()?;
        self.era.disk.write_batch(batch.iter().copied())?;
        self.remember_graves(batch);
        Ok(())
    }

    fn remember_graves(&mut self, written: &[(&TreeKey, &Change)]) {
        for (key, change) in written {
            match change.as_deref().and_then(row::grave) {
                Some(sequence) => self.graves.insert(TreeKey::clone(key), sequence),
                None => self.graves.remove(*key),
            };
        }
    }

    /// Removes the graves that the checkpoint has passed: no event before it will be folded again.
    fn bury(&mut self, checkpoint: u64) -> Result<(), StoreError> {
        let passed: Vec<TreeKey> = self.graves.iter().filter(|(_, sequence)| **sequence <= checkpoint).map(|(key, _)| Arc::clone(key)).collect();
        for batch in passed.chunks(self.era.limits.batch_ops_max) {
            self.before_batch()?;
            self.era.disk.write_batch(batch.iter().map(|key| (key, &None)))?;
            for key in batch {
                self.graves.remove(key);
            }
        }
        Ok(())
    }

    /// Stops between two batches when the era ended, or where a test lets the power fail.
    fn before_batch(&mut self) -> Result<(), StoreError> {
        match &mut self.batches_left {
            Some(0) => {
                return Err(StoreError::failed(std::io::Error::other("the power failed in a test")));
            }
            Some(left) => *left -= 1,
            None => {}
        }
        self.era.lock()?.end.clone().map_or(Ok(()), Err)
    }
}

fn take_round(state: &mut State) -> Round {
    let layer = Arc::new(std::mem::take(&mut state.dirty));
    state.writing = Some(Arc::clone(&layer));
    state.unwritten_since = None;
    Round {
        layer,
        position: state.position.clone(),
        checkpoint: state.checkpoint.clone(),
        flushes: (state.flushes_wanted > state.flushes_done).then_some(state.flushes_wanted),
    }
}

fn broken<T>(_: std::sync::PoisonError<T>) -> StoreError {
    StoreError::failed(std::io::Error::other("a thread panicked while it changed the rows"))
}

struct EndOnDrop(Arc<Era>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end(StoreError::failed(std::io::Error::other("the writer of the store ended")));
    }
}
