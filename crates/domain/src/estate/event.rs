//! What can have happened to an estate.

use serde::{Deserialize, Serialize};

use crate::values::{EstateId, Slug, coded, without_private};

coded! {
    /// Who looks after an estate.
    Governance {
        /// A property company.
        Property = 1 "property",
        /// Nobody.
        None = 2 "none",
        /// Open streets, no wall.
        Open = 3 "open",
        /// A village.
        Village = 4 "village",
        /// An employer.
        Workplace = 5 "workplace",
    }
}

/// Its file was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    /// The estate.
    pub estate: EstateId,
    /// What it is called.
    pub name: String,
    /// A part of the community.
    pub zone: Option<Slug>,
    /// Who looks after it.
    pub governance: Governance,
}

/// It is called something else now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Renamed {
    /// The estate.
    pub estate: EstateId,
    /// What it is called.
    pub name: String,
}

/// It lies in another part of the community, or somebody else looks after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GovernanceChanged {
    /// The estate.
    pub estate: EstateId,
    /// A part of the community.
    pub zone: Option<Slug>,
    /// Who looks after it.
    pub governance: Governance,
}

without_private!(Registered, Renamed, GovernanceChanged);
