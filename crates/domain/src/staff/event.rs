//! What can have happened to the file of somebody who works here.

use serde::{Deserialize, Serialize};

use crate::values::{PersonId, Personal, Private, Slug, StaffId, Timestamp, without_private};

/// The file was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    /// Who.
    pub staff: StaffId,
    /// What they do.
    pub roles: Vec<Slug>,
    /// Who sent them.
    pub org: Option<String>,
    /// Their file as a resident.
    pub person: Option<PersonId>,
    /// Until when they work here.
    pub until: Option<Timestamp>,
    /// Name, phones.
    pub private: Option<Private>,
    /// Tells a changed file from the same one.
    pub file_fingerprint: u64,
}

/// Name, phones, organisation, person or end were other than was thought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileCorrected {
    /// Who.
    pub staff: StaffId,
    /// Who sent them.
    pub org: Option<String>,
    /// Their file as a resident.
    pub person: Option<PersonId>,
    /// Until when they work here.
    pub until: Option<Timestamp>,
    /// Name, phones.
    pub private: Option<Private>,
    /// Tells a changed file from the same one.
    pub file_fingerprint: u64,
}

/// They do something else now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RolesChanged {
    /// Who.
    pub staff: StaffId,
    /// What they do.
    pub roles: Vec<Slug>,
}

without_private!(RolesChanged);

impl Personal for Registered {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}

impl Personal for FileCorrected {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}
