//! What can have happened to a responsibility.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::values::{BuildingId, Slug, StaffId, Timestamp, coded, without_private};

coded! {
    /// What kind of thing a duty is for.
    ScopeKind {
        /// The whole community.
        Community = 1 "community",
        /// A part of it.
        Area = 2 "area",
        /// An estate.
        Estate = 3 "estate",
        /// A grid.
        Grid = 4 "grid",
        /// A building.
        Building = 5 "building",
        /// A unit of a building, as `building-unit`.
        Unit = 6 "unit",
        /// A household.
        Household = 7 "household",
        /// A person.
        Person = 8 "person",
        /// A quarantine order.
        Quarantine = 9 "quarantine",
        /// A checkpoint.
        Checkpoint = 10 "checkpoint",
        /// A facility.
        Facility = 11 "facility",
    }
}

coded! {
    /// In what standing somebody has a duty.
    Standing {
        /// It is theirs.
        Main = 1 "main",
        /// They stand in for another.
        Deputy = 2 "deputy",
        /// They have it for the time being.
        Acting = 3 "acting",
    }
}

/// Which thing a duty is for: its id; of a unit, which has none of its own, `building-unit` with the unit as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScopeId(String);

impl ScopeId {
    /// Of a unit of a building.
    pub fn of_unit(building: &BuildingId, unit: &str) -> Self {
        Self(format!("{building}-{unit}"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The unit, if this is one of that building.
    pub fn unit_of(&self, building: &BuildingId) -> Option<&str> {
        self.0.strip_prefix(building.as_str())?.strip_prefix('-')
    }
}

impl From<Slug> for ScopeId {
    fn from(slug: Slug) -> Self {
        Self(slug.to_string())
    }
}

impl fmt::Display for ScopeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a duty is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Scope {
    /// What kind of thing.
    pub kind: ScopeKind,
    /// Which.
    pub id: ScopeId,
}

impl Scope {
    /// A thing that has an id.
    pub fn of(kind: ScopeKind, id: &impl fmt::Display) -> Self {
        Self { kind, id: ScopeId(id.to_string()) }
    }

    /// A unit of a building.
    pub fn of_unit(building: &BuildingId, unit: &str) -> Self {
        Self { kind: ScopeKind::Unit, id: ScopeId::of_unit(building, unit) }
    }
}

/// Somebody was given a duty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assigned {
    /// What it is for.
    pub scope: Scope,
    /// Which duty.
    pub duty: Slug,
    /// 1 nearest to the door, 3 the town.
    pub level: u8,
    /// Who.
    pub staff: StaffId,
    /// In what standing.
    pub standing: Standing,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// Somebody no longer has a duty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Released {
    /// What it was for.
    pub scope: Scope,
    /// Which duty.
    pub duty: Slug,
    /// At which level.
    pub level: u8,
    /// Who.
    pub staff: StaffId,
    /// Until when they had it.
    pub until: Timestamp,
}

without_private!(Assigned, Released);
