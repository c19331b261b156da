//! What is known of a building.

use serde::{Deserialize, Serialize};

use super::{Kind, Unit};
use crate::values::{EstateId, GridId};

/// What is known of a building.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// What it is called.
    pub name: String,
    /// What kind.
    pub kind: Kind,
    /// The estate it stands in.
    pub estate: Option<EstateId>,
    /// The grid it belongs to.
    pub grid: Option<GridId>,
    /// Its units and doors.
    pub units: Vec<Unit>,
    /// Tells a changed address from the same one.
    pub address_fingerprint: Option<u64>,
}

impl State {
    /// Whether a unit of this name stands in it. Where no units are known, every name may be right.
    pub fn has_unit(&self, unit: &str) -> bool {
        self.units.is_empty() || self.units.iter().any(|known| known.unit == unit)
    }
}
