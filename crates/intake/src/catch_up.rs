//! Reading on in the log until its head: at the start, and when somebody else was faster.

use bus::{EventLog, ReadError, ResumeError, TailError};
use domain::{
    Commit, Fact,
    commit::CommitError,
    log::{CommitHash, LogPosition},
};
use store::StoreError;
use web::Gate;

use crate::world::World;

/// Why the head could not be reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatchUpError {
    /// The log does not answer: try again.
    #[error("the log does not answer")]
    Away(#[source] ReadError),
    /// The log is another one than the store was folded from: start over.
    #[error("the log was replaced or rolled back: {0}")]
    Diverged(String),
    /// A message is missing, or is none that this program can read: an operator must look.
    #[error("the log cannot be read at {sequence}: {what}")]
    Unreadable {
        /// Where.
        sequence: u64,
        /// What.
        what: String,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Folds what was appended since the store's position into the world and the gate. Returns the head that was reached.
pub(crate) async fn catch_up(log: &EventLog, world: &mut World, gate: &Gate) -> Result<LogPosition, CatchUpError> {
    let mut position = world.store().position()?;
    let mut tail = log.tail(&position).await.map_err(|error| match error {
        ResumeError::Diverged { why } => CatchUpError::Diverged(why),
        ResumeError::Read(error) => CatchUpError::Away(error),
    })?;
    if position.stream.is_empty() {
        position.stream = log.head().await.map_err(CatchUpError::Away)?.stream;
    }
    while !tail.caught_up() {
        for stored in tail.next().await.map_err(tail_error)? {
            let commit = Commit::decode(&stored.payload).map_err(|error| unreadable(stored.sequence, &error))?;
            let next = stored.position();
            world.absorb(&commit, stored.sequence, next.hash)?;
            for (index, event) in (0..).zip(&commit.events) {
                gate.apply(&Fact { sequence: stored.sequence, index, header: &commit.header, event });
            }
            world.store().advance(next.clone())?;
            position = next;
        }
    }
    Ok(position)
}

fn tail_error(error: TailError) -> CatchUpError {
    match error {
        TailError::Gap { expected, found } => {
            metrics::counter!("gridward_log_gaps_total", "service" => "intake").increment(1);
            CatchUpError::Unreadable { sequence: expected, what: format!("a gap up to {found}: messages are missing from the log") }
        }
        TailError::Damaged { sequence } => {
            metrics::counter!("gridward_log_gaps_total", "service" => "intake").increment(1);
            CatchUpError::Unreadable { sequence, what: error.to_string() }
        }
        TailError::Diverged { why } => CatchUpError::Diverged(why),
        // away, or not set up yet: what is known stays known
        TailError::Missing(why) => CatchUpError::Away(ReadError::Missing(why)),
    }
}

fn unreadable(sequence: u64, error: &CommitError) -> CatchUpError {
    CatchUpError::Unreadable { sequence, what: error.to_string() }
}

/// The position after a commit of ours.
pub(crate) fn position_after(before: &LogPosition, sequence: u64, hash: CommitHash) -> LogPosition {
    LogPosition { stream: before.stream.clone(), sequence, hash }
}
