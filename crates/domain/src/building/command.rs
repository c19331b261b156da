//! What can be asked of a building.

use serde::Deserialize;

use super::{ExceptionKind, Kind, ReportBasis, ReportScope, Unit};
use crate::values::{BuildingId, Day, Door, EstateId, GridId, HouseholdId};

/// What can be asked of a building.
#[derive(Clone, Debug)]
pub enum Command {
    /// Open its file, or correct it.
    Register(Register),
    /// Report the day.
    Report(Report),
}

/// `building.register`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The building.
    pub building: BuildingId,
    /// What it is called, such as 7号楼.
    pub name: String,
    /// A block when absent.
    pub kind: Option<Kind>,
    /// The estate it stands in.
    pub estate: Option<EstateId>,
    /// The grid it belongs to.
    pub grid: Option<GridId>,
    /// Sealed.
    pub address: Option<String>,
    /// Its units and doors, as they stand.
    #[serde(default)]
    pub units: Vec<Unit>,
}

/// `building.report`: one tap, or one telephone call, for a whole building.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The buildings or units it speaks for.
    pub scopes: Vec<ReportScope>,
    /// The day it is about; the day of `at` when absent.
    pub for_date: Option<Day>,
    /// How the reporter knows.
    pub basis: ReportBasis,
    /// What is not as usual.
    #[serde(default)]
    pub exceptions: Vec<ExceptionInput>,
}

/// One door that is not as usual.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExceptionInput {
    /// The file of the door,
    pub household: Option<HouseholdId>,
    /// or its building,
    pub building: Option<BuildingId>,
    /// unit,
    pub unit: Option<String>,
    /// floor,
    pub floor: Option<i32>,
    /// door,
    pub door: Option<String>,
    /// and what people call it; sealed.
    pub label: Option<String>,
    /// What is not as usual.
    pub kind: ExceptionKind,
    /// Where somebody came from; sealed.
    pub from: Option<String>,
    /// Sealed.
    pub note: Option<String>,
}

impl ExceptionInput {
    pub(super) fn door(&self) -> Door {
        Door { household: self.household.clone(), building: self.building.clone(), unit: self.unit.clone(), floor: self.floor, door: self.door.clone() }
    }
}
