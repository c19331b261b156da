//! Who is reminded of a report that is missing still: its leaders, and only while they are awake.

use domain::values::{Place, StaffId, Timestamp};

use super::Around;
use crate::{Nudge, word};

/// The duty of those who report a building.
const LEADER: &str = "leader";
/// The level at which they have it.
const LEVEL: u8 = 1;

/// Who is to be reminded, and until when that answer holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nudged {
    /// Who; nobody when nobody has the duty, or is there, or is awake: a reminder wakes nobody, not even on a shift.
    pub leaders: Vec<StaffId>,
    /// When that can next change by time alone.
    pub next_change: Option<Timestamp>,
}

/// Who is to be reminded at `now`: the leaders that are nearest to what is missing, as of its alert.
pub fn nudged(nudge: &Nudge, around: &Around<'_>, now: Timestamp) -> Nudged {
    if let Some(wakes_at) = around.policy.at(now).asleep_until(around.zone, now) {
        return Nudged { next_change: Some(wakes_at), ..Nudged::default() };
    }
    let place = Place { building: Some(nudge.building.clone()), ..Place::default() };
    let units = Some(&nudge.units).filter(|units| !units.is_empty());
    let path = around.duties.path_of_place(&place, units, around.community);
    let on_duty = around.duties.on_duty(&path, LEVEL, &word(LEADER), now);
    let mut leaders: Vec<StaffId> = on_duty.people.into_iter().map(|(staff, _)| staff).collect();
    leaders.sort_unstable();
    leaders.dedup();
    Nudged { leaders, next_change: on_duty.edges.into_iter().filter(|edge| now < *edge).min() }
}
