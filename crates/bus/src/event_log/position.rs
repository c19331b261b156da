//! Comparing a position with the log: sequences are reused after a restore, so a number alone proves nothing.

use domain::log::{CommitHash, LogPosition};

use super::{Head, ResumeError};

/// Compares what the head alone tells. A position that has read nothing fits every log.
pub(super) fn compare_head(position: &LogPosition, head: &Head) -> Result<(), ResumeError> {
    // a reader that names a stream has seen it, even when it was empty
    if !position.stream.is_empty() && position.stream != head.stream {
        return diverged(format!("it has identity {}, not {}", head.stream, position.stream));
    }
    if position.sequence == 0 {
        return Ok(());
    }
    if position.stream.is_empty() {
        return diverged("the position names no stream".to_owned());
    }
    if head.last_sequence < position.sequence {
        return diverged(format!("it ends at {}, before {}", head.last_sequence, position.sequence));
    }
    Ok(())
}

/// Compares the message at the position, when there is one.
pub(super) fn compare_hash(position: &LogPosition, found: Option<CommitHash>) -> Result<(), ResumeError> {
    match found {
        Some(hash) if hash == position.hash => Ok(()),
        Some(_) => diverged(format!("message {} holds other bytes", position.sequence)),
        None => diverged(format!("message {} is gone", position.sequence)),
    }
}

fn diverged(why: String) -> Result<(), ResumeError> {
    Err(ResumeError::Diverged { why })
}
