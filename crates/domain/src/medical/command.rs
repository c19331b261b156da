//! What can be asked of medicine.

use serde::Deserialize;

use super::Finding;
use crate::values::{PersonId, Slug, Unregistered};

/// What can be asked of medicine.
#[derive(Clone, Debug)]
pub enum Command {
    /// Record a finding.
    Record(Record),
}

/// `medical.record`: `at` is when the finding was made, not when it was heard of.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// A person with a file,
    pub person: Option<PersonId>,
    /// or somebody without one.
    pub unregistered: Option<Unregistered>,
    /// What was found.
    pub finding: Finding,
    /// Where: a hospital or a clinic, by its slug.
    pub facility: Option<Slug>,
    /// The paper; sealed.
    pub document: Option<String>,
    /// Sealed.
    pub note: Option<String>,
}
