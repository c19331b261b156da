//! How often a receiver may be called. Real time, for it is the receiver who counts.

use std::collections::VecDeque;

use domain::values::{MINUTE_MS, Timestamp};
use serde::{Deserialize, Serialize};

/// Of the calls in a minute, how many are kept for criticals and spread over it: the rest may go in one burst, and a critical
/// that comes after it must not wait for the next minute.
const RESERVE: u32 = 5;
/// How long a receiver that shuns them is left alone at the full and the half hour.
const HALF_HOUR_REST_MS: i64 = 20_000;
/// Longest that anything is put off. What lies further ahead was said by a clock that has been set back since.
pub(crate) const AHEAD_MS_MAX: i64 = 60 * MINUTE_MS;
/// Half an hour.
const HALF_HOUR_MS: i64 = 30 * MINUTE_MS;

/// How often a receiver may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Calls in any minute; `None` when it does not count.
    pub per_minute: Option<u32>,
    /// Least time between two calls, in ms.
    pub gap_ms: i64,
    /// It refuses what comes at the full and the half hour.
    pub shuns_half_hours: bool,
}

impl Pace {
    /// As often as one likes.
    pub const FREE: Self = Self { per_minute: None, gap_ms: 0, shuns_half_hours: false };

    /// So many calls in any minute.
    pub const fn per_minute(calls: u32) -> Self {
        Self { per_minute: Some(calls), gap_ms: 250, shuns_half_hours: false }
    }
}

/// The calls that were made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Calls {
    /// Those of the last minute, the oldest first.
    made: VecDeque<Timestamp>,
    /// The receiver said: not before.
    held_until: Option<Timestamp>,
}

impl Calls {
    /// Whether one may be made now.
    pub(crate) fn may(&self, pace: Pace, critical: bool, real: Timestamp) -> bool {
        if self.held_until.is_some_and(|until| lies_ahead(until, real)) {
            return false;
        }
        // a critical is tried all the same: it is refused at worst, and tried again
        if pace.shuns_half_hours && !critical && real.0.rem_euclid(HALF_HOUR_MS) < HALF_HOUR_REST_MS {
            return false;
        }
        let Some(per_minute) = pace.per_minute else { return true };
        let since_last_ms = self.made.iter().rfind(|call| **call <= real).map_or(i64::MAX, |last| real.0.saturating_sub(last.0));
        let room = per_minute.saturating_sub(self.in_last_minute(real));
        if room > RESERVE { since_last_ms >= pace.gap_ms } else { critical && room > 0 && since_last_ms >= MINUTE_MS / i64::from(RESERVE) }
    }

    /// How many more may be made now in one burst.
    pub(crate) fn burst(&self, pace: Pace, real: Timestamp) -> u32 {
        pace.per_minute.map_or(u32::MAX, |per_minute| per_minute.saturating_sub(self.in_last_minute(real)).saturating_sub(RESERVE))
    }

    /// One is made.
    pub(crate) fn make(&mut self, pace: Pace, real: Timestamp) {
        if pace.per_minute.is_some() {
            self.made.retain(|call| is_recent(*call, real));
            self.made.push_back(real);
        }
    }

    /// None is made for so long: the receiver said so.
    pub(crate) fn hold(&mut self, real: Timestamp, hold_ms: i64) {
        self.held_until = self.held_until.max(Some(real.plus_ms(hold_ms)));
    }

    fn in_last_minute(&self, real: Timestamp) -> u32 {
        let recent = self.made.iter().filter(|call| is_recent(**call, real)).count();
        u32::try_from(recent).unwrap_or(u32::MAX)
    }
}

/// Whether a call counts: within the last minute. One that lies ahead was made before the clock was set back.
fn is_recent(call: Timestamp, real: Timestamp) -> bool {
    (0..MINUTE_MS).contains(&real.0.saturating_sub(call.0))
}

/// Whether something is still to be waited for.
pub(crate) fn lies_ahead(at: Timestamp, real: Timestamp) -> bool {
    (1..=AHEAD_MS_MAX).contains(&at.0.saturating_sub(real.0))
}
