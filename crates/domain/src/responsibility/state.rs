//! What is known of a responsibility.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Scope, Standing};
use crate::values::{Slug, StaffId, Timestamp};

/// What tells one responsibility from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    /// What it is for.
    pub scope: Scope,
    /// Which duty.
    pub duty: Slug,
    /// At which level.
    pub level: u8,
    /// Who.
    pub staff: StaffId,
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}/{}/{}", self.scope.kind, self.scope.id, self.duty, self.level, self.staff)
    }
}

/// What is known of a responsibility.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// In what standing.
    pub standing: Standing,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
}
