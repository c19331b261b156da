//! What is known of a household.

use serde::{Deserialize, Serialize};

use crate::values::Place;

/// What is known of a household.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Where it is.
    pub place: Place,
    /// Tells a changed file from the same one.
    pub file_fingerprint: u64,
}
