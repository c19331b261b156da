//! What can have happened to a round.

use serde::{Deserialize, Serialize};

use crate::{
    responsibility::Scope,
    values::{RoundId, Slug, Timestamp, without_private},
    visit::Mode,
};

/// It began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// The round.
    pub round: RoundId,
    /// What it is called.
    pub name: Option<String>,
    /// The part of the community it is about.
    pub scope: Option<Scope>,
    /// Until when every door is to be reached.
    pub closes_at: Option<Timestamp>,
    /// The ways in which a door counts as reached.
    pub reached_by: Vec<Mode>,
    /// Questions to ask.
    pub questions: Vec<Slug>,
}

/// It ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closed {
    /// The round.
    pub round: RoundId,
}

without_private!(Opened, Closed);
