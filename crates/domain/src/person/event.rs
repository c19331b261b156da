//! What can have happened to a person's file.

use serde::{Deserialize, Serialize};

use crate::values::{PersonId, Personal, Place, Private, Slug, Timestamp, coded, without_private};

coded! {
    /// As on the paper shown.
    Sex {
        /// Female.
        Female = 1 "f",
        /// Male.
        Male = 2 "m",
    }
}

coded! {
    /// In what way somebody belongs to a household.
    ResidenceKind {
        /// Lives there.
        Lives = 1 "lives",
        /// Is registered there and lives elsewhere.
        RegisteredOnly = 2 "registered_only",
        /// Works there.
        Works = 3 "works",
        /// Stays there for a while.
        Stays = 4 "stays",
    }
}

/// The file was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    /// The person.
    pub person: PersonId,
    /// Year of birth.
    pub birth_year: Option<u16>,
    /// As on the paper shown.
    pub sex: Option<Sex>,
    /// Categories of the community.
    pub categories: Vec<Slug>,
    /// Name, ID number, phones.
    pub private: Option<Private>,
    /// Tells a changed identity from the same one.
    pub identity_fingerprint: u64,
}

/// Name, ID number, phones, year of birth or sex were other than was thought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdentityCorrected {
    /// The person.
    pub person: PersonId,
    /// Year of birth.
    pub birth_year: Option<u16>,
    /// As on the paper shown.
    pub sex: Option<Sex>,
    /// Name, ID number, phones.
    pub private: Option<Private>,
    /// Tells a changed identity from the same one.
    pub identity_fingerprint: u64,
}

/// They belong to other categories now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoriesChanged {
    /// The person.
    pub person: PersonId,
    /// Before.
    pub from: Vec<Slug>,
    /// Now.
    pub to: Vec<Slug>,
}

/// They live, work or stay somewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResidenceStarted {
    /// The person.
    pub person: PersonId,
    /// Where, with the household.
    pub place: Place,
    /// In what way.
    pub kind: ResidenceKind,
    /// From when on.
    pub from: Timestamp,
    /// Why.
    pub private: Option<Private>,
}

/// They no longer live, work or stay there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResidenceEnded {
    /// The person.
    pub person: PersonId,
    /// Where, with the household.
    pub place: Place,
    /// In what way.
    pub kind: ResidenceKind,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub private: Option<Private>,
}

without_private!(CategoriesChanged);

macro_rules! with_private {
    ($($name:ty),+) => {$(
        impl Personal for $name {
            fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) { self.private.each_private(visit); }
        }
    )+};
}
with_private!(Registered, IdentityCorrected, ResidenceStarted, ResidenceEnded);
