//! What is known of a roster.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Shift;
use crate::{responsibility::Scope, values::Slug};

/// What tells one roster from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    /// What the duty is for.
    pub scope: Scope,
    /// Which duty.
    pub duty: Slug,
    /// At which level.
    pub level: u8,
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}/{}", self.scope.kind, self.scope.id, self.duty, self.level)
    }
}

/// What is known of a roster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Who is on duty when.
    pub shifts: Vec<Shift>,
}
