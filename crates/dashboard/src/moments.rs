//! Times as people in a community read them.

use domain::values::{DAY_MS, Day, HOUR_MS, MINUTE_MS, Timestamp, Zone};

use crate::{language::Language, words::Words};

/// A place's zone, the time, and the language to say it in.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    pub(crate) zone: Zone,
    pub(crate) now: Timestamp,
    pub(crate) words: Words,
}

impl Clock {
    /// `20:14` today, `昨天 20:14` yesterday, else `2月6日 20:14`.
    pub(crate) fn short(&self, at: Timestamp) -> String {
        let time = self.zone.time_of_day(at);
        match self.zone.day_of(self.now).0 - self.zone.day_of(at).0 {
            0 => time.to_string(),
            1 => format!("{} {time}", self.words.of("time.yesterday")),
            _ => self.long(at),
        }
    }

    /// `2月6日 20:14`
    pub(crate) fn long(&self, at: Timestamp) -> String {
        format!("{} {}", self.day(self.zone.day_of(at)), self.zone.time_of_day(at))
    }

    /// `2月6日`; with its year when that is not this year.
    pub(crate) fn day(&self, day: Day) -> String {
        let (chinese, english) = day.in_words();
        let year = day.year();
        match (self.words.language(), year != self.zone.day_of(self.now).year()) {
            (Language::Chinese, false) => chinese,
            (Language::Chinese, true) => format!("{year}年{chinese}"),
            (Language::English, false) => english,
            (Language::English, true) => format!("{english} {year}"),
        }
    }

    /// Now, to the second: `20:14:05`.
    pub(crate) fn with_seconds(&self) -> String {
        format!("{}:{:02}", self.zone.time_of_day(self.now), self.now.0.div_euclid(1000).rem_euclid(60))
    }

    /// How long ago: `12 分钟`, `3 小时`, `2 天`.
    pub(crate) fn age(&self, at: Timestamp) -> String {
        let elapsed_ms = (self.now.0 - at.0).max(0);
        let (key, count) = match elapsed_ms {
            ..MINUTE_MS => return self.words.of("time.just_now").to_owned(),
            MINUTE_MS..HOUR_MS => ("time.minutes", elapsed_ms / MINUTE_MS),
            HOUR_MS..DAY_MS => ("time.hours", elapsed_ms / HOUR_MS),
            _ => ("time.days", elapsed_ms / DAY_MS),
        };
        self.words.with(key, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(now: &str, language: Language) -> Clock {
        Clock { zone: Zone::default(), now: now.parse().unwrap(), words: Words::new(language) }
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let chinese = clock("2020-02-06T20:14:05+08:00", Language::Chinese);
        assert_eq!(chinese.with_seconds(), "20:14:05");
        assert_eq!(chinese.short(at("2020-02-06T00:00:00+08:00")), "00:00");
        assert_eq!(chinese.short(at("2020-02-05T23:59:00+08:00")), "昨天 23:59");
        assert_eq!(chinese.short(at("2020-02-04T08:05:00+08:00")), "2月4日 08:05");
        assert_eq!(chinese.long(at("2019-12-31T08:05:00+08:00")), "2019年12月31日 08:05");
        assert_eq!(clock("2020-02-06T20:14:05+08:00", Language::English).long(at("2020-02-04T08:05:00+08:00")), "4 Feb 08:05");
    }

    #[test]
    fn an_age_has_one_unit() {
        let chinese = clock("2020-02-06T20:14:05+08:00", Language::Chinese);
        let ages = [59, 60, 3599, 3600, 86_399, 86_400].map(|seconds: i64| chinese.age(chinese.now.plus_ms(-seconds * 1000)));
        assert_eq!(ages, ["刚刚", "1 分钟", "59 分钟", "1 小时", "23 小时", "1 天"]);
        assert_eq!(chinese.age(chinese.now.plus_minutes(5)), "刚刚", "a field clock may run ahead");
    }
}
