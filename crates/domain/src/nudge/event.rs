//! What can have happened to nudges.

use serde::{Deserialize, Serialize};

use crate::values::{BuildingId, Day, Place, PlaceNames, StaffId, Timestamp, without_private};

/// The leaders of a building were to be reminded of its daily report, before it was due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nudged {
    /// The building.
    pub building: BuildingId,
    /// Where it stands.
    pub place: Place,
    /// What people call it.
    pub names: PlaceNames,
    /// The civil day whose report was missing.
    pub for_date: Day,
    /// Until when it is in time.
    pub due_at: Timestamp,
    /// Who was to be reminded.
    pub leaders: Vec<StaffId>,
}

without_private!(Nudged);
