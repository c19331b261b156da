//! What can be asked of a person's file.

use serde::Deserialize;

use super::{ResidenceKind, Sex};
use crate::values::{HouseholdId, PersonId, Slug, Timestamp};

/// What can be asked of a person's file.
#[derive(Clone, Debug)]
pub enum Command {
    /// Open it, or correct it.
    Register(Register),
    /// They live, work or stay somewhere.
    StartResidence(StartResidence),
    /// They no longer do.
    EndResidence(EndResidence),
}

/// `person.register`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The person.
    pub person: PersonId,
    /// Sealed.
    pub name: String,
    /// Where they live, from `at` on.
    pub household: Option<HouseholdId>,
    /// Sealed.
    pub id_number: Option<String>,
    /// Sealed.
    #[serde(default)]
    pub phones: Vec<String>,
    /// Year of birth.
    pub birth_year: Option<u16>,
    /// `f` or `m`.
    pub sex: Option<Sex>,
    /// Categories of the community (四类人员); unchanged when absent.
    pub categories: Option<Vec<Slug>>,
}

/// `residence.start`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartResidence {
    /// The person.
    pub person: PersonId,
    /// Where.
    pub household: HouseholdId,
    /// In what way.
    pub kind: ResidenceKind,
    /// From when on; from `at` when absent.
    pub from: Option<Timestamp>,
    /// Why; sealed.
    pub reason: Option<String>,
}

/// `residence.end`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndResidence {
    /// The person.
    pub person: PersonId,
    /// Where.
    pub household: HouseholdId,
    /// In what way; every way when absent.
    pub kind: Option<ResidenceKind>,
    /// Until when; until `at` when absent.
    pub until: Option<Timestamp>,
    /// Why; sealed.
    pub reason: Option<String>,
}
