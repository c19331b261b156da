//! What can be asked of a round.

use serde::Deserialize;

use crate::{
    responsibility::ScopeInput,
    values::{RoundId, Slug, Timestamp},
    visit::Mode,
};

/// What can be asked of a round.
#[derive(Clone, Debug)]
pub enum Command {
    /// Begin it.
    Open(Open),
    /// End it.
    Close(Close),
}

/// `round.open`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// The round.
    pub round: RoundId,
    /// What it is called.
    pub name: Option<String>,
    /// The part of the community it is about; all of it when absent.
    pub scope: Option<ScopeInput>,
    /// Until when every door is to be reached.
    pub closes_at: Option<Timestamp>,
    /// The ways in which a door counts as reached; at the door when absent.
    pub reached_by: Option<Vec<Mode>>,
    /// Questions to ask, by name.
    #[serde(default)]
    pub questions: Vec<Slug>,
}

/// `round.close`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// The round.
    pub round: RoundId,
}
