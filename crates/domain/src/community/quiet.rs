//! When people sleep.

use super::{QuietHours, Settings};
use crate::values::{TimeOfDay, Timestamp, Zone};

impl QuietHours {
    /// Where nothing else is said: ten in the evening to six in the morning (alerting.md). Level 1 may be seventy-six years old.
    pub const USUAL: Self = Self { from: TimeOfDay::of(22, 0), until: TimeOfDay::of(6, 0) };

    /// When whoever sleeps at a time wakes; nothing when they are awake. Hours that begin when they end are none.
    pub fn asleep_until(self, zone: &Zone, at: Timestamp) -> Option<Timestamp> {
        let Self { from, until } = self;
        let (time, day) = (zone.time_of_day(at), zone.day_of(at));
        let over_midnight = until < from;
        if over_midnight && time >= from {
            return Some(zone.at(day.plus_days(1), until));
        }
        let since = if over_midnight { TimeOfDay(0) } else { from };
        (since <= time && time < until).then(|| zone.at(day, until))
    }
}

impl Settings {
    /// When level 1 wakes that sleeps at a time; nothing when it is awake.
    pub fn asleep_until(&self, zone: &Zone, at: Timestamp) -> Option<Timestamp> {
        self.quiet_hours.unwrap_or(QuietHours::USUAL).asleep_until(zone, at)
    }

    /// When level 1 goes to sleep next after a time.
    pub fn falls_asleep_at(&self, zone: &Zone, after: Timestamp) -> Timestamp {
        let from = self.quiet_hours.unwrap_or(QuietHours::USUAL).from;
        let today = zone.at(zone.day_of(after), from);
        if today > after { today } else { zone.at(zone.day_of(after).plus_days(1), from) }
    }
}
