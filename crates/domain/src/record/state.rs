//! What is known of a command that was recorded.

use serde::{Deserialize, Serialize};

/// What is known of a command that was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Keyed hash of its canonical JSON.
    pub content: [u8; 16],
    /// Sequence of its commit.
    pub sequence: u64,
    /// It was taken back.
    pub retracted: bool,
}
