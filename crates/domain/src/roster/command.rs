//! What can be asked about rosters.

use serde::Deserialize;

use super::Shift;
use crate::{responsibility::ScopeInput, values::Slug};

/// Most shifts of a roster: a month of three shifts a day with four people each, and some to spare.
pub const SHIFTS_MAX: usize = 400;

/// What can be asked about rosters.
#[derive(Clone, Debug)]
pub enum Command {
    /// Lay down who is on duty when.
    Set(Set),
}

/// `roster.set`: the whole roster of a duty; it takes the place of the one before.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// What the duty is for.
    pub scope: ScopeInput,
    /// Which duty, such as `nurse` or `office`.
    pub duty: Slug,
    /// 1 nearest to the door, 3 the town.
    pub level: u8,
    /// At most [`SHIFTS_MAX`]; none ends the roster.
    pub shifts: Vec<Shift>,
}
