//! What can have happened to an absence.

use serde::{Deserialize, Serialize};

use crate::values::{Personal, Private, StaffId, Timestamp};

/// Somebody is away from `from` until just before `until`. Said again with the same beginning, the last end counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Declared {
    /// Who.
    pub staff: StaffId,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub private: Option<Private>,
}

impl Personal for Declared {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}
