//! What ends the service: an operator must look.

use std::error::Error;

use domain::{commit::CommitError, event::DecodeError};
use store::{KeyMismatch, StoreError};

/// Why the service stopped.
#[derive(Debug, thiserror::Error)]
pub enum AlertingError {
    /// A message is missing from a log that deletes none.
    #[error("messages are missing from the log between {expected} and {found}")]
    Gap {
        /// Sequence of the first message that is missing.
        expected: u64,
        /// Sequence of the message that came instead.
        found: u64,
    },
    /// A message of the log is counted and cannot be read.
    #[error("message {sequence} of the log is damaged or missing")]
    Damaged {
        /// Its sequence.
        sequence: u64,
    },
    /// A message of the log was written by a newer program: this one must be upgraded before it reads on.
    #[error("the commit at {sequence} cannot be read")]
    Unreadable {
        /// Where.
        sequence: u64,
        /// Why.
        #[source]
        source: CommitError,
    },
    /// A retraction repeats an event that this program cannot read.
    #[error("the retraction at {sequence} cannot be read")]
    Retraction {
        /// Where.
        sequence: u64,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// A key in the store is none of ours: the folder is of another version, or damaged. It can be deleted.
    #[error("the store holds a key of another shape")]
    Key(#[from] KeyMismatch),
    /// A message could not be written down.
    #[error("a message cannot be written down")]
    Message(#[from] serde_json::Error),
    /// The work was interrupted inside the program.
    #[error("a task of the service ended unexpectedly")]
    Task,
}

/// An error with everything that caused it, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
