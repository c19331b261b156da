//! What is known of an estate.

use serde::{Deserialize, Serialize};

use super::Governance;
use crate::values::Slug;

/// What is known of an estate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// What it is called.
    pub name: String,
    /// A part of the community.
    pub zone: Option<Slug>,
    /// Who looks after it.
    pub governance: Governance,
}
