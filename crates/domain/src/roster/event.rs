//! What can have happened to a roster.

use serde::{Deserialize, Serialize};

use crate::{
    responsibility::Scope,
    values::{Slug, StaffId, Timestamp, without_private},
};

/// Somebody's time on duty: from `from` until just before `until`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// Who.
    pub staff: StaffId,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// It was laid down who is on duty when: all of it, in place of what was laid down before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// What the duty is for.
    pub scope: Scope,
    /// Which duty.
    pub duty: Slug,
    /// 1 nearest to the door, 3 the town.
    pub level: u8,
    /// Who is on duty when; none: there is no roster any more.
    pub shifts: Vec<Shift>,
}

without_private!(Planned);
