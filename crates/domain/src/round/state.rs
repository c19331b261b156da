//! What is known of a round.

use serde::{Deserialize, Serialize};

use super::Opened;
use crate::values::Timestamp;

/// What is known of a round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// As it was opened: tells another round under its id from the same one.
    pub opened: Opened,
    /// Since when it is closed.
    pub closed_at: Option<Timestamp>,
}
