//! What is known of an absence.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::values::{StaffId, Timestamp};

/// What tells one absence from another: who, and from when on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    /// Who.
    pub staff: StaffId,
    /// From when on.
    pub from: Timestamp,
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.staff, self.from.0)
    }
}

/// What is known of an absence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Until when.
    pub until: Timestamp,
}
