//! Checking: the rows against a fresh fold of the log, and the log against itself.

use std::{collections::HashMap, path::Path, sync::Arc};

use bus::{EventLog, ResumeError, TailError};
use domain::{
    Commit,
    log::{CommitHash, LogPosition},
    values::CommunityId,
};
use serde::Serialize;
use store::{Comparison, DIFFERENCES_MAX, Options, Store, StoreError, compare};

use crate::{
    fold::{FoldError, Folder, Waits},
    live::Live,
    tables::tables,
};

/// Why a check could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The log is another one than the rows know, which is a finding of its own.
    #[error("the log is another one than the rows know: {0}")]
    Diverged(String),
    /// The log could not be read.
    #[error("the log cannot be read: {0}")]
    Log(String),
    /// The fold stopped.
    #[error("the log cannot be folded")]
    Fold(#[from] FoldError),
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
    /// The check itself ended early.
    #[error("the check was interrupted")]
    Interrupted,
}

/// What verifying the log found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Up to which commit.
    pub sequence: u64,
    /// Commits read.
    pub commits: u64,
    /// Sequences of commits that do not decode.
    pub undecodable: Vec<u64>,
    /// Sequences of commits that do not name the one before them in their community.
    pub broken_chain: Vec<u64>,
    /// What ended the reading early, such as a gap.
    pub ended: Option<String>,
}

/// Folds the whole log into a fresh store in `folder`, which must be empty, and compares it with the rows of a projection that stands
/// still meanwhile: one that is not running, whose store the caller has opened.
///
/// # Errors
/// [`CheckError`].
pub async fn check_stopped(log: &EventLog, store: &Store, folder: &Path) -> Result<Comparison, CheckError> {
    let position = store.position()?;
    log.verify(&position).await.map_err(resume_error)?;
    let fresh = Fresh::open(folder).await?;
    let fresh = fresh.fold_to(log, position.sequence).await?;
    fresh.compare(store.clone(), position.sequence).await
}

/// As [`check_stopped`], for a projection that runs: it folds most of the log beside it, then lets it stand still for the comparison.
pub(crate) async fn check_running(live: &Live, log: &EventLog, store: &Store, folder: &Path) -> Result<Comparison, CheckError> {
    let fresh = Fresh::open(folder).await?;
    let fresh = fresh.fold_to(log, live.sequence()).await?;
    let Some((position, resume)) = live.pause().await else { return Err(CheckError::Interrupted) };
    log.verify(&position).await.map_err(resume_error)?;
    let fresh = fresh.fold_to(log, position.sequence).await?;
    let report = fresh.compare(store.clone(), position.sequence).await;
    drop(resume);
    report
}

/// A fold beside the projection.
struct Fresh {
    store: Store,
    folder: Folder,
}

impl Fresh {
    async fn open(folder: &Path) -> Result<Self, CheckError> {
        let folder = folder.to_owned();
        blocking(move || {
            let store = Store::open(&folder, Options::new(tables()))?;
            Ok(Self { folder: Folder::new(store.clone()), store })
        })
        .await
    }

    /// Folds up to a commit, this one included.
    async fn fold_to(self, log: &EventLog, sequence: u64) -> Result<Self, CheckError> {
        let Self { store, folder } = self;
        let position = store.position()?;
        if position.sequence >= sequence {
            return Ok(Self { store, folder });
        }
        let mut tail = log.tail(&position).await.map_err(resume_error)?;
        let mut folder = Some(folder);
        loop {
            let mut messages = tail.next().await.map_err(tail_error)?;
            messages.retain(|message| message.sequence <= sequence);
            let done = messages.last().is_none_or(|last| last.sequence >= sequence);
            let Some(mut taken) = folder.take() else { return Err(CheckError::Interrupted) };
            let waits = if done { Waits::Readers } else { Waits::Nobody };
            let folded = blocking(move || taken.fold(&messages, waits).map(|_| taken).map_err(CheckError::from)).await?;
            if done {
                return Ok(Self { store, folder: folded });
            }
            folder = Some(folded);
        }
    }

    async fn compare(self, live: Store, sequence: u64) -> Result<Comparison, CheckError> {
        blocking(move || {
            let report = compare(&live, &self.store, &tables(), sequence)?;
            self.store.close()?;
            Ok(report)
        })
        .await
    }
}

/// Reads the whole log up to its head of now: every commit decodes, and each names the one before it in its community.
///
/// # Errors
/// [`CheckError`] when it cannot be read at all.
pub async fn verify(log: &EventLog) -> Result<VerifyReport, CheckError> {
    let head = log.head().await.map_err(|error| CheckError::Log(error.to_string()))?.last_sequence;
    let mut report = VerifyReport::default();
    if head == 0 {
        return Ok(report);
    }
    let mut tail = log.tail(&LogPosition::default()).await.map_err(resume_error)?;
    let mut last: HashMap<CommunityId, CommitHash> = HashMap::new();
    while report.sequence < head {
        let messages = match tail.next().await {
            Ok(messages) => Arc::new(messages),
            Err(error) => {
                report.ended = Some(error.to_string());
                return Ok(report);
            }
        };
        for message in messages.iter().filter(|message| message.sequence <= head) {
            report.sequence = message.sequence;
            report.commits += 1;
            let Ok(commit) = Commit::decode(&message.payload) else {
                note(&mut report.undecodable, message.sequence);
                continue;
            };
            let previous = last.insert(commit.header.community, CommitHash::of(&message.payload)).unwrap_or_default();
            if commit.header.previous != previous {
                note(&mut report.broken_chain, message.sequence);
            }
        }
    }
    Ok(report)
}

fn note(found: &mut Vec<u64>, sequence: u64) {
    if found.len() < DIFFERENCES_MAX {
        found.push(sequence);
    }
}

fn resume_error(error: ResumeError) -> CheckError {
    match error {
        ResumeError::Diverged { why } => CheckError::Diverged(why),
        ResumeError::Read(error) => CheckError::Log(error.to_string()),
    }
}

fn tail_error(error: TailError) -> CheckError {
    match error {
        TailError::Diverged { why } => CheckError::Diverged(why),
        TailError::Gap { .. } | TailError::Damaged { .. } | TailError::Missing(_) => CheckError::Log(error.to_string()),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, CheckError> + Send + 'static) -> Result<T, CheckError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(CheckError::Interrupted))
}

#[cfg(test)]
mod tests {
    use bus::event_log::MemoryLog;
    use domain::values::Timestamp;
    use serde_json::json;
    use testkit::{MemoryIntake, World};

    use super::*;

    /// A log of a world with visits of people in two households, and how long it is.
    async fn visited() -> (EventLog, u64) {
        let memory = MemoryLog::new("s1");
        let (log, mut world) = (EventLog::in_memory(&memory), World::settled());
        for minute in 10..40 {
            let (household, person) = if minute % 3 == 0 { ("h101", "p3") } else { ("h502", "p1") };
            let readings = json!([{"site": "axilla", "celsius": 36.0 + f64::from(minute % 20) / 10.0}]);
            let people = json!([{"person": person, "readings": readings, "symptoms": []}]);
            let visit = json!({"household": household, "mode": "door", "outcome": "met", "people": people});
            world.record("visit.record", visit, &format!("2020-02-06T15:{minute}"));
        }
        let sequence = world.sequence();
        MemoryIntake::new(&memory, Arc::new(|| Timestamp(0))).adopt(world).await;
        (log, sequence)
    }

    async fn compared(folder: &Path, log: &EventLog, sequence: u64, other: Store) -> Comparison {
        let all_at_once = Fresh::open(folder).await.unwrap().fold_to(log, sequence).await.unwrap();
        all_at_once.compare(other, sequence).await.unwrap()
    }

    #[tokio::test]
    async fn a_fold_that_rests_after_each_commit_comes_to_the_same_rows() {
        let (log, sequence) = visited().await;
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let mut rests = Fresh::open(folders[1].path()).await.unwrap();
        for message in log.read_many(&(1..=sequence).collect::<Vec<_>>()).await.unwrap() {
            rests.folder.fold(&[message], Waits::Nobody).unwrap();
            rests.folder.rest().unwrap();
        }
        let compared = compared(folders[0].path(), &log, sequence, rests.store).await;
        assert!(compared.rows > 20 && compared.differing == 0, "{compared:?}");
    }

    #[tokio::test]
    async fn a_fold_that_ends_while_rows_are_held_back_goes_on_from_what_was_written() {
        let (log, sequence) = visited().await;
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let Fresh { store, mut folder } = Fresh::open(folders[1].path()).await.unwrap();
        let (mut step, mut lost) = (0_u64, 0);
        while folder.position().unwrap().sequence < sequence {
            let from = folder.position().unwrap().sequence;
            // ever longer, or it would never come to the end
            step += 1;
            let held: Vec<u64> = (from + 1..=sequence.min(from + step)).collect();
            for message in log.read_many(&held).await.unwrap() {
                folder.fold(&[message], Waits::Nobody).unwrap();
            }
            assert_eq!(folder.position().unwrap().sequence, from, "nobody waits, and there is little");
            if step.is_multiple_of(3) {
                folder.write().unwrap();
            } else {
                folder = Folder::new(store.clone());
                lost += held.len();
            }
        }
        assert!(lost > 5, "{lost} commits were folded and lost");
        let compared = compared(folders[0].path(), &log, sequence, store).await;
        assert!(compared.rows > 20 && compared.differing == 0, "{compared:?}");
    }
}
