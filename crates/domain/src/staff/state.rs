//! What is known of somebody who works here.

use serde::{Deserialize, Serialize};

use crate::values::{PersonId, Slug, Timestamp};

/// What is known of somebody who works here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// What they do.
    pub roles: Vec<Slug>,
    /// Who sent them.
    pub org: Option<String>,
    /// Their file as a resident.
    pub person: Option<PersonId>,
    /// Until when they work here.
    pub until: Option<Timestamp>,
    /// Tells a changed file from the same one.
    pub file_fingerprint: u64,
}
