//! What is known of nudges.

use serde::{Deserialize, Serialize};

use crate::values::Day;

/// What is known of the nudges of a building.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The last civil day of which its leaders were reminded.
    pub for_date: Day,
}
