//! What can go wrong with the log, sorted by what the caller can do about it.

use std::time::Duration;

/// Why an append did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The head was not the expected one. Nothing was stored by this try, though one before it behind the same guard may have been: read on,
    /// and decide again on the new head.
    #[error("another message was appended first")]
    Conflict,
    /// Only the first of its messages are stored, the others are not and will not be: look how many, and decide the others again.
    #[error("only the first messages were appended")]
    Torn,
    /// Nobody knows whether it was stored, or how many of the first messages were. Tail and look; the guard makes a second try harmless.
    #[error("unknown whether it was appended: {0}")]
    Unknown(UnknownOutcome),
    /// Nothing was stored, and the same try will be refused again, unless an operator makes room.
    #[error("append refused: {0}")]
    Refused(Refusal),
}

/// How the answer to an append was lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownOutcome {
    /// There was no connection, so this append was not sent.
    #[error("no connection: {0}")]
    NotConnected(String),
    /// No answer came in time. It may still be stored later.
    #[error("no acknowledgement within {0:?}")]
    NoAck(Duration),
    /// The connection broke.
    #[error("connection broken: {0}")]
    Broken(String),
    /// No stream listens on the subject: during a start or a change of leader that passes.
    #[error("no stream answers")]
    NoResponders,
    /// The server answered with something that does not settle it.
    #[error("unclear answer: {0}")]
    Strange(String),
}

/// Why an append is of no use as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No message at all.
    #[error("no message")]
    Empty,
    /// More messages than one append takes.
    #[error("too many messages for one append")]
    TooMany,
    /// A message, or all of them together, are too large.
    #[error("too large")]
    TooLarge,
    /// A subject is not made of plain tokens, or is not one of this stream.
    #[error("subject not allowed")]
    BadSubject,
    /// The stream or the disk is full: an operator has to make room.
    #[error("stream full: {0}")]
    Full(String),
    /// The stream is not set up as it has to be.
    #[error("stream not set up for this: {0}")]
    Protocol(String),
}

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The stream does not exist, or is none of ours: it has to be provisioned.
    #[error("{0}")]
    Missing(String),
    /// No answer, or a failure that may pass: try again.
    #[error("stream unavailable: {0}")]
    Unavailable(String),
}

/// Why a tail could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResumeError {
    /// The log is another one, or was rolled back: rebuild from the beginning.
    #[error("the log is not the one that was read: {why}")]
    Diverged {
        /// What differs, for a human.
        why: String,
    },
    /// The log could not be asked.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// What ends a tail for good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TailError {
    /// Messages are missing from a log that deletes none: an incident. Nothing after the gap is handed out.
    #[error("gap in the log: expected message {expected}, found {found}")]
    Gap {
        /// Sequence of the first message that is missing.
        expected: u64,
        /// Sequence of the message that came instead.
        found: u64,
    },
    /// A message is counted by the log and cannot be read: an incident. Nothing after it is handed out.
    #[error("message {sequence} of the log is damaged or missing: it is counted, and cannot be read")]
    Damaged {
        /// Its sequence.
        sequence: u64,
    },
    /// The log was exchanged or rolled back while it was read.
    #[error("the log is not the one that was read: {why}")]
    Diverged {
        /// What differs, for a human.
        why: String,
    },
    /// The stream is gone or is none of ours.
    #[error("{0}")]
    Missing(String),
}
