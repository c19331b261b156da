//! Places and people as a record points at them, and as a fact carries them once intake has looked them up.

use serde::{Deserialize, Serialize};

use super::{BuildingId, EstateId, HouseholdId, PersonId, Slug};

/// Where something happened, resolved when it was decided: folds never look anything up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The estate the building stands in.
    pub estate: Option<EstateId>,
    /// The building.
    pub building: Option<BuildingId>,
    /// The unit (单元), as written on the door: a string.
    pub unit: Option<String>,
    /// The floor; negative below ground.
    pub floor: Option<i32>,
    /// The door, as written on it: a string.
    pub door: Option<String>,
    /// The household's file, where the door has one.
    pub household: Option<HouseholdId>,
}

/// What people call a place: names repeat between estates, so the estate's name is always there when there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceNames {
    /// Name of the estate or street.
    pub estate: Option<String>,
    /// Name of the building, such as 7号楼.
    pub building: Option<String>,
}

/// The part of a record that names a door: a household's file, or a place in a building.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Door {
    /// The file of the door.
    pub household: Option<HouseholdId>,
    /// Or its building,
    pub building: Option<BuildingId>,
    /// unit,
    pub unit: Option<String>,
    /// floor
    pub floor: Option<i32>,
    /// and door.
    pub door: Option<String>,
}

/// Somebody without a file, described by what they said. `ref` is an id of the client's choosing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unregistered {
    /// Id of the client's choosing, so that a second record can mean the same person.
    pub r#ref: Slug,
    /// Sealed.
    pub name: Option<String>,
    /// `f` or `m`.
    pub sex: Option<crate::person::Sex>,
    /// Year of birth.
    pub birth_year: Option<u16>,
    /// Sealed.
    pub phone: Option<String>,
    /// Sealed.
    pub id_number: Option<String>,
    /// Where from; sealed.
    pub from: Option<String>,
}

/// Whom a fact is about: a registered person, or a client's reference to one who is not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    /// The registered person.
    pub person: Option<PersonId>,
    /// The client's reference.
    pub unregistered: Option<Slug>,
}

impl Subject {
    /// A registered person.
    pub fn person(id: PersonId) -> Self {
        Self { person: Some(id), unregistered: None }
    }

    /// The kind and the id, for keys and titles.
    pub fn key(&self) -> (&'static str, &str) {
        match (&self.person, &self.unregistered) {
            (Some(person), _) => ("person", person.as_str()),
            (None, Some(reference)) => ("unregistered", reference.as_str()),
            (None, None) => ("unregistered", "_"),
        }
    }
}
