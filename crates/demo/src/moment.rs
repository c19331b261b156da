//! Field times: a civil day and a second of it, in the zone all five towns share.

use std::fmt;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

/// The zone of every community in the demo.
pub const TIME_ZONE: &str = "Asia/Shanghai";
/// Its offset, without daylight saving since 1991.
const OFFSET_SECONDS: i64 = 8 * 3600;
/// Seconds of a civil day.
pub(crate) const DAY_SECONDS: u32 = 86_400;

/// A second of a civil day in [`TIME_ZONE`]. `Display` writes RFC 3339 with the offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// The civil day.
    pub date: Date,
    /// The second of that day, 0 to 86,399.
    pub second: u32,
}

impl Moment {
    /// A second of a day; seconds past midnight stay at the last second of the day.
    pub fn new(date: Date, second: u32) -> Self {
        Self { date, second: second.min(DAY_SECONDS - 1) }
    }

    /// The same instant as a timestamp, to pace the sending by.
    pub fn timestamp(self) -> Timestamp {
        let days = self.date.duration_since(Date::constant(1970, 1, 1)).as_secs();
        // only the first and last days a date can name have no timestamp
        Timestamp::from_second(days + i64::from(self.second) - OFFSET_SECONDS).unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, rest) = (self.second / 3600, self.second % 3600);
        write!(f, "{}T{hours:02}:{:02}:{:02}+08:00", self.date, rest / 60, rest % 60)
    }
}

/// Days from `from` to `to`; negative when `to` is earlier.
pub(crate) fn days_between(from: Date, to: Date) -> i32 {
    to.duration_since(from).as_secs().div_euclid(i64::from(DAY_SECONDS)) as i32
}

/// The day `days` after `date` (before, when negative).
pub(crate) fn day_after(date: Date, days: i32) -> Date {
    date.saturating_add(days.days())
}

/// The second of the day of a clock time.
pub(crate) const fn clock(hours: u32, minutes: u32) -> u32 {
    hours * 3600 + minutes * 60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_and_its_timestamp_agree() {
        for (second, text) in [(0, "2020-02-06T00:00:00+08:00"), (clock(15, 4), "2020-02-06T15:04:00+08:00"), (90_000, "2020-02-06T23:59:59+08:00")] {
            let moment = Moment::new(Date::constant(2020, 2, 6), second);
            assert_eq!(moment.to_string(), text);
            assert_eq!(text.parse::<Timestamp>().expect("a valid time"), moment.timestamp());
        }
    }

    #[test]
    fn days_are_counted_over_months_and_leap_days() {
        let start = Date::constant(2020, 2, 27);
        for days in -400..400 {
            assert_eq!(days_between(start, day_after(start, days)), days);
        }
    }
}
