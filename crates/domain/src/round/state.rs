//! What is known of a round.

use serde::{Deserialize, Serialize};

use crate::values::Timestamp;

/// What is known of a round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Since when it is closed.
    pub closed_at: Option<Timestamp>,
}
