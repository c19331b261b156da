//! Times: instants in UTC, civil days and times of day in a community's zone. Nothing here asks what time it is.

use std::{fmt, str::FromStr};

use jiff::{civil, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::coded;

/// Milliseconds in a minute.
pub const MINUTE_MS: i64 = 60_000;
/// Milliseconds in an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds in 24 hours. A civil day may be shorter or longer; see [`Zone`].
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// Months as English texts abbreviate them.
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Why a text is not a time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTime {
    /// Not RFC 3339 with an offset.
    #[error("not a time with an offset, such as 2020-02-06T15:04:00+08:00")]
    Timestamp,
    /// Not a civil date.
    #[error("not a date, such as 2020-02-06")]
    Day,
    /// Not a time of day.
    #[error("not a time of day, such as 08:30")]
    TimeOfDay,
    /// Not an IANA time zone.
    #[error("not a time zone, such as Asia/Shanghai")]
    Zone,
}

/// An instant: milliseconds since 1970-01-01T00:00:00Z. RFC 3339 in JSON (any offset in, UTC out).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This instant moved by some milliseconds; stays inside what can be written down.
    pub fn plus_ms(self, delta_ms: i64) -> Self {
        Self(self.0.saturating_add(delta_ms))
    }

    /// This instant moved by some minutes.
    pub fn plus_minutes(self, minutes: i64) -> Self {
        self.plus_ms(minutes.saturating_mul(MINUTE_MS))
    }

    fn jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTime;
    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        text.parse::<jiff::Timestamp>().map(|instant| Self(instant.as_millisecond())).map_err(|_| InvalidTime::Timestamp)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.jiff().fmt(formatter)
    }
}

/// How a service asks what time it is: a value that tests and drills control. Nothing in this crate calls it.
pub type Now = std::sync::Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A civil date: days since 1970-01-01. `2020-02-06` in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(pub i32);

impl Day {
    /// This day moved by some days.
    pub fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Its year.
    pub fn year(self) -> i16 {
        self.civil().year()
    }

    /// As people say it, in Chinese and in English, without its year: `2月6日`, `6 Feb`.
    pub fn in_words(self) -> (String, String) {
        let civil = self.civil();
        let (month, date) = (civil.month(), civil.day());
        let name = usize::try_from(month - 1).ok().and_then(|month| MONTHS.get(month)).copied().unwrap_or_default();
        (format!("{month}月{date}日"), format!("{date} {name}"))
    }

    fn civil(self) -> civil::Date {
        let epoch = civil::date(1970, 1, 1);
        epoch.checked_add(jiff::Span::new().try_days(self.0).unwrap_or_default()).unwrap_or(civil::Date::MAX)
    }

    fn of(date: civil::Date) -> Self {
        let days = date.duration_since(civil::date(1970, 1, 1)).as_hours() / 24;
        Self(i32::try_from(days).unwrap_or(i32::MAX))
    }
}

impl FromStr for Day {
    type Err = InvalidTime;
    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        // the length keeps out a date with a time, which jiff would cut down to its date
        if text.len() != 10 {
            return Err(InvalidTime::Day);
        }
        text.parse::<civil::Date>().map(Self::of).map_err(|_| InvalidTime::Day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.civil().fmt(formatter)
    }
}

/// A time of day: minutes since midnight, 0 to 1439. `08:30` in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimeOfDay(pub u16);

impl TimeOfDay {
    /// Of hours (0 to 23) and minutes (0 to 59).
    pub const fn of(hours: u16, minutes: u16) -> Self {
        Self(hours * 60 + minutes)
    }
}

impl FromStr for TimeOfDay {
    type Err = InvalidTime;
    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let parsed = text.split_once(':').and_then(|(hours, minutes)| {
            (hours.len() == 2 && minutes.len() == 2).then_some(())?;
            Some((hours.parse::<u16>().ok()?, minutes.parse::<u16>().ok()?))
        });
        match parsed {
            Some((hours, minutes)) if hours < 24 && minutes < 60 => Ok(Self::of(hours, minutes)),
            _ => Err(InvalidTime::TimeOfDay),
        }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

macro_rules! text_or_number {
    ($($name:ident: $number:ty),+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                    text.parse().map_err(D::Error::custom)
                } else {
                    <$number>::deserialize(deserializer).map(Self)
                }
            }
        }
    )+};
}
text_or_number!(Timestamp: i64, Day: i32, TimeOfDay: u16);

coded! {
    /// How exactly `at` is known: a paper sheet often says only "morning".
    Precision {
        /// To the minute.
        Minute = 1 "minute",
        /// Morning or afternoon.
        HalfDay = 2 "half_day",
        /// The day.
        Day = 3 "day",
    }
}

/// A community's time zone. The rules are compiled in; nothing is read from the machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self::named("Asia/Shanghai").unwrap_or(Self(TimeZone::UTC))
    }
}

impl Zone {
    /// The zone of an IANA name.
    ///
    /// # Errors
    /// [`InvalidTime::Zone`] when there is none of that name.
    pub fn named(name: &str) -> Result<Self, InvalidTime> {
        TimeZone::get(name).map(Self).map_err(|_| InvalidTime::Zone)
    }

    /// The civil day of an instant.
    pub fn day_of(&self, at: Timestamp) -> Day {
        Day::of(at.jiff().to_zoned(self.0.clone()).date())
    }

    /// The time of day of an instant, to the minute.
    pub fn time_of_day(&self, at: Timestamp) -> TimeOfDay {
        let time = at.jiff().to_zoned(self.0.clone()).time();
        TimeOfDay(u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs()))
    }

    /// The instant of a time of day on a civil day. A time that a clock change skips is taken as the moment after the gap.
    pub fn at(&self, day: Day, time: TimeOfDay) -> Timestamp {
        let hour = i8::try_from(time.0 / 60).unwrap_or(23);
        let minute = i8::try_from(time.0 % 60).unwrap_or(59);
        let local = day.civil().to_datetime(civil::time(hour, minute, 0, 0));
        local.to_zoned(self.0.clone()).map(|zoned| Timestamp(zoned.timestamp().as_millisecond())).unwrap_or_default()
    }

    /// The first instant of a civil day.
    pub fn start_of(&self, day: Day) -> Timestamp {
        self.at(day, TimeOfDay(0))
    }

    /// The first instant after a civil day.
    pub fn end_of(&self, day: Day) -> Timestamp {
        self.start_of(day.plus_days(1))
    }

    /// Date and time to the minute as people here read it: `2020-02-06 15:04`.
    pub fn local(&self, at: Timestamp) -> String {
        format!("{} {}", self.day_of(at), self.time_of_day(at))
    }

    /// The same in a text for people, in Chinese and in English, without its year: `2月6日 15:04`, `6 Feb 15:04`.
    pub fn in_words(&self, at: Timestamp) -> (String, String) {
        let ((day_zh, day_en), time) = (self.day_of(at).in_words(), self.time_of_day(at));
        (format!("{day_zh} {time}"), format!("{day_en} {time}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_days_are_those_of_the_zone() {
        let zone = Zone::default();
        let just_before: Timestamp = "2020-02-06T23:59:59+08:00".parse().unwrap();
        let midnight: Timestamp = "2020-02-07T00:00:00+08:00".parse().unwrap();
        assert_eq!(zone.day_of(just_before).to_string(), "2020-02-06");
        assert_eq!(zone.day_of(midnight).to_string(), "2020-02-07");
        assert_eq!(zone.end_of("2020-02-06".parse().unwrap()), midnight);
        assert_eq!(zone.at("2020-02-06".parse().unwrap(), TimeOfDay::of(8, 30)).to_string(), "2020-02-06T00:30:00Z");
        assert_eq!(zone.local(midnight), "2020-02-07 00:00");
    }

    #[test]
    fn days_are_said_as_people_say_them() {
        let said = |day: &str| day.parse::<Day>().unwrap().in_words();
        for (day, zh, en) in [("2020-01-31", "1月31日", "31 Jan"), ("2020-02-06", "2月6日", "6 Feb"), ("2019-12-01", "12月1日", "1 Dec")] {
            assert_eq!(said(day), (zh.to_owned(), en.to_owned()));
        }
        assert_eq!(Zone::default().in_words("2020-02-05T16:04:59Z".parse().unwrap()), ("2月6日 00:04".to_owned(), "6 Feb 00:04".to_owned()));
        assert_eq!("2019-12-31".parse::<Day>().map(Day::year), Ok(2019));
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        for text in ["2020-02-06", "2020-02-06T15:04:00", "noon", ""] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTime::Timestamp), "{text}");
        }
        for text in ["2020-02-30", "2020-2-6", "2020-02-06T00:00"] {
            assert_eq!(text.parse::<Day>(), Err(InvalidTime::Day), "{text}");
        }
        for text in ["24:00", "8:30", "08:60", "0830"] {
            assert_eq!(text.parse::<TimeOfDay>(), Err(InvalidTime::TimeOfDay), "{text}");
        }
    }
}
