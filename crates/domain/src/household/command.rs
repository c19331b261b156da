//! What can be asked of a household.

use serde::Deserialize;

use crate::values::{BuildingId, HouseholdId};

/// What can be asked of a household.
#[derive(Clone, Debug)]
pub enum Command {
    /// Open its file, or correct it.
    Register(Register),
}

/// `household.register`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The household.
    pub household: HouseholdId,
    /// Its building, for ever.
    pub building: BuildingId,
    /// As written on the door of the staircase.
    pub unit: Option<String>,
    /// Negative below ground.
    pub floor: Option<i32>,
    /// As written on the door.
    pub door: Option<String>,
    /// What people call it; sealed.
    pub label: Option<String>,
    /// Which part of a shared door; sealed with the label.
    pub part: Option<String>,
    /// Resident code; sealed.
    pub code: Option<String>,
    /// Sealed.
    #[serde(default)]
    pub phones: Vec<String>,
}
