//! Where a reader stands in the log, in a form that survives restarts and tells a restored log from the one it knew.

use serde::{Deserialize, Serialize};

/// Bytes of a commit hash: the first half of a BLAKE3 hash, enough to tell two histories apart.
pub const COMMIT_HASH_BYTES: usize = 16;

/// Hash of one commit exactly as it is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CommitHash(pub [u8; COMMIT_HASH_BYTES]);

impl CommitHash {
    /// Hashes the stored bytes of a commit. Never hash re-encoded bytes: postcard accepts more than one form of a number.
    pub fn of(stored: &[u8]) -> Self {
        let mut hash = [0; COMMIT_HASH_BYTES];
        hash.copy_from_slice(&blake3::hash(stored).as_bytes()[..COMMIT_HASH_BYTES]);
        Self(hash)
    }
}

/// A place in one particular history of one particular stream.
///
/// A sequence number alone is not a position: restoring a stream reuses numbers. A reader therefore remembers which stream
/// it read, and the hash of the commit it stopped at, and compares all of it before it goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPosition {
    /// Identity of the stream: made once, when the stream is made, and kept in its metadata.
    pub stream: String,
    /// Sequence of the last commit that was read; 0 when none was.
    pub sequence: u64,
    /// Hash of that commit; zeros when none was read.
    pub hash: CommitHash,
}
