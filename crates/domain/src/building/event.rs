//! What can have happened to a building.

use serde::{Deserialize, Serialize};

use crate::values::{BuildingId, Day, EstateId, GridId, Personal, Place, Private, coded, without_private};

coded! {
    /// What kind of building.
    Kind {
        /// A block of flats.
        Block = 1 "block",
        /// A row of houses.
        Row = 2 "row",
        /// A village group.
        VillageGroup = 3 "village_group",
        /// A dormitory.
        Dormitory = 4 "dormitory",
        /// A workplace.
        Workplace = 5 "workplace",
        /// A quarantine site.
        Site = 6 "site",
    }
}

coded! {
    /// How a reporter knows what is reported.
    ReportBasis {
        /// With their own eyes.
        Seen = 1 "seen",
        /// By telephone.
        Phoned = 2 "phoned",
        /// From neighbours.
        Heard = 3 "heard",
    }
}

coded! {
    /// What is not as usual at a door.
    ExceptionKind {
        /// Somebody arrived.
        Arrived = 1 "arrived",
        /// Somebody left.
        Left = 2 "left",
        /// A stranger.
        Stranger = 3 "stranger",
        /// Somebody is ill.
        Ill = 4 "ill",
        /// Nobody is there.
        Absent = 5 "absent",
        /// Something else.
        Other = 6 "other",
    }
}

/// A unit (单元): a staircase and its doors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// As written on the door of the staircase.
    pub unit: String,
    /// What it is called, where that differs.
    #[serde(default)]
    pub name: Option<String>,
    /// The highest floor; 0 where floors mean nothing, as in a village.
    pub floors: i32,
    /// Doors as written on them, from the lowest floor up.
    pub doors: Vec<String>,
}

/// Its file was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    /// The building.
    pub building: BuildingId,
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
    /// Address.
    pub private: Option<Private>,
    /// Tells a changed address from the same one.
    pub address_fingerprint: Option<u64>,
}

/// It is called something else now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Renamed {
    /// The building.
    pub building: BuildingId,
    /// What it is called.
    pub name: String,
}

/// It is another kind of building than was thought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KindChanged {
    /// The building.
    pub building: BuildingId,
    /// What kind.
    pub kind: Kind,
}

/// It belongs to another estate or grid now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regrouped {
    /// The building.
    pub building: BuildingId,
    /// The estate it stands in.
    pub estate: Option<EstateId>,
    /// The grid it belongs to.
    pub grid: Option<GridId>,
}

/// Its units or doors are other than was thought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitsChanged {
    /// The building.
    pub building: BuildingId,
    /// Its units and doors.
    pub units: Vec<Unit>,
}

/// Its address is another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AddressCorrected {
    /// The building.
    pub building: BuildingId,
    /// Address.
    pub private: Option<Private>,
    /// Tells a changed address from the same one.
    pub address_fingerprint: Option<u64>,
}

/// A building, or one unit of it, that a report speaks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportScope {
    /// The building.
    pub building: BuildingId,
    /// One unit of it.
    #[serde(default)]
    pub unit: Option<String>,
}

/// One door that was not as usual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exception {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: ExceptionKind,
    /// Label, from, note.
    pub private: Option<Private>,
}

/// The day was reported for one or several buildings: as told, not as seen. It covers the doors not in its exceptions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    /// What it speaks for.
    pub scopes: Vec<ReportScope>,
    /// The civil day.
    pub for_date: Day,
    /// How the reporter knows.
    pub basis: ReportBasis,
    /// What was not as usual.
    pub exceptions: Vec<Exception>,
}

without_private!(Renamed, KindChanged, Regrouped, UnitsChanged);

impl Personal for Registered {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}

impl Personal for AddressCorrected {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}

impl Personal for Reported {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.exceptions.iter_mut().for_each(|exception| exception.private.each_private(visit));
    }
}
