//! Somebody who works here, as a list shows them.

use domain::values::{Slug, StaffId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Veiled, Veils};
use crate::models::staff;

/// Somebody who works here. Their file as a resident is none of a list's business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffItem {
    /// Who.
    pub staff: StaffId,
    /// What they do.
    pub roles: Vec<Slug>,
    /// Who sent them.
    pub org: Option<String>,
    /// Until when they work here; those who no longer do stay in the list, for what they did stands on pages.
    pub until: Option<Timestamp>,
    /// Name, phones.
    pub private: Veiled,
    /// Sequence of the last commit in it.
    pub sequence: u64,
}

impl Veils for StaffItem {
    fn each_veiled(&mut self, visit: &mut dyn FnMut(&mut Veiled)) {
        visit(&mut self.private);
    }
}

/// Somebody who works here, as a list shows them.
pub fn staff_item(row: &staff::Row, sequence: u64) -> StaffItem {
    StaffItem {
        staff: row.staff.clone(),
        roles: row.state.roles.clone(),
        org: row.state.org.clone(),
        until: row.state.until,
        private: row.private.as_ref().into(),
        sequence,
    }
}
