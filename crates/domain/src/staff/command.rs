//! What can be asked of the file of somebody who works here.

use serde::Deserialize;

use crate::values::{PersonId, Slug, StaffId, Timestamp};

/// What can be asked of the file of somebody who works here.
#[derive(Clone, Debug)]
pub enum Command {
    /// Open it, or correct it.
    Register(Register),
}

/// `staff.register`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Who.
    pub staff: StaffId,
    /// Sealed.
    pub name: String,
    /// What they do, such as `leader` or `nurse`.
    pub roles: Vec<Slug>,
    /// Sealed.
    #[serde(default)]
    pub phones: Vec<String>,
    /// Who sent them.
    pub org: Option<String>,
    /// Their file as a resident.
    pub person: Option<PersonId>,
    /// Until when they work here.
    pub until: Option<Timestamp>,
}
