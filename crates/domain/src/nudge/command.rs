//! What can be asked of nudges.

use serde::{Deserialize, Serialize};

use crate::values::{BuildingId, Day, StaffId, Timestamp};

/// What can be asked of nudges.
#[derive(Clone, Debug)]
pub enum Command {
    /// Give one.
    Give(Give),
}

/// `report.nudge`: whose report is missing still, and who is to be reminded of it. Never accepted from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Give {
    /// The building.
    pub building: BuildingId,
    /// The civil day whose report is missing.
    pub for_date: Day,
    /// Until when it is in time.
    pub due_at: Timestamp,
    /// Who is reminded.
    pub leaders: Vec<StaffId>,
}
