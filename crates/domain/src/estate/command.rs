//! What can be asked of an estate.

use serde::Deserialize;

use super::Governance;
use crate::values::{EstateId, Slug};

/// What can be asked of an estate.
#[derive(Clone, Debug)]
pub enum Command {
    /// Open its file, or correct it.
    Register(Register),
}

/// `estate.register`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The estate.
    pub estate: EstateId,
    /// What it is called.
    pub name: String,
    /// A part of the community.
    pub zone: Option<Slug>,
    /// Who looks after it.
    pub governance: Governance,
}
