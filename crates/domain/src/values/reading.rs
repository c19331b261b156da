//! Temperatures: what a thermometer said, where it was held, and when nothing could be read.

use serde::{Deserialize, Serialize};

use super::{Timestamp, coded};
use crate::{Context, rejection::Rejection};

/// Lowest temperature that is a reading of a person, in tenths of a degree Celsius (contracts.md).
pub const TENTHS_CELSIUS_MIN: i16 = 340;
/// Highest temperature that is a reading of a person, in tenths of a degree Celsius (contracts.md).
pub const TENTHS_CELSIUS_MAX: i16 = 425;
/// Most readings in one record: a reading and its re-measures.
pub const READINGS_MAX: usize = 8;

coded! {
    /// Where the thermometer was held. Forehead and thermal are contactless and read too low in the cold.
    Site {
        /// Contactless, at the forehead.
        Forehead = 1 "forehead",
        /// In the ear.
        Ear = 2 "ear",
        /// Under the arm.
        Axilla = 3 "axilla",
        /// In the mouth.
        Oral = 4 "oral",
        /// Contactless, a camera.
        Thermal = 5 "thermal",
    }
}

impl Site {
    /// True for sites that need a second reading before a fever is believed, and that never prove the absence of one.
    pub const fn contactless(self) -> bool {
        matches!(self, Self::Forehead | Self::Thermal)
    }
}

coded! {
    /// What the thermometer showed instead of a number.
    Unreadable {
        /// `Lo`: below its range, usually a cold forehead.
        Low = 1 "low",
        /// `Hi`: above its range.
        High = 2 "high",
    }
}

/// A reading as it is sent: a number or the word the thermometer showed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadingInput {
    /// Degrees Celsius with at most one decimal.
    pub celsius: Option<f64>,
    /// What the thermometer showed instead of a number.
    pub unreadable: Option<Unreadable>,
    /// Where it was held.
    pub site: Site,
    /// When, if not at the record's `at`.
    pub at: Option<Timestamp>,
    /// Which thermometer.
    pub device: Option<String>,
}

/// A reading as it is kept: exactly one of the two measures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Where it was held.
    pub site: Site,
    /// Tenths of a degree Celsius, 340 to 425.
    pub tenths_celsius: Option<i16>,
    /// What the thermometer showed instead of a number.
    pub unreadable: Option<Unreadable>,
    /// When it was taken.
    pub at: Timestamp,
}

impl ReadingInput {
    /// The reading, if it says one thing and that thing can be a person's temperature.
    ///
    /// # Errors
    /// 422 with the path when it says nothing, two things, more than one decimal, lies outside 34.0-42.5 °C, or in the future.
    pub fn accept(&self, pointer: &str, context: &Context<'_>) -> Result<Reading, Rejection> {
        // the clock that told the record's `at` told this one, too
        let at = self.at.map_or(context.at, |at| at.plus_ms(context.clock_offset_ms));
        context.check_happened(at, &format!("{pointer}/at"))?;
        let reading = |tenths_celsius, unreadable| Reading { site: self.site, tenths_celsius, unreadable, at };
        match (self.celsius, self.unreadable) {
            (Some(celsius), None) => Ok(reading(Some(tenths(celsius, pointer)?), None)),
            (None, Some(word)) => Ok(reading(None, Some(word))),
            (Some(_), Some(_)) => Err(Rejection::invalid(pointer, "reading_ambiguous", "a reading has either celsius or unreadable, not both")),
            (None, None) => Err(Rejection::invalid(pointer, "reading_empty", "a reading needs celsius, or unreadable: low or high")),
        }
    }
}

fn tenths(celsius: f64, pointer: &str) -> Result<i16, Rejection> {
    let pointer = format!("{pointer}/celsius");
    let scaled = celsius * 10.0;
    if !scaled.is_finite() || (scaled - scaled.round()).abs() > 1e-6 {
        return Err(Rejection::invalid(&pointer, "temperature_precision", "give at most one decimal, such as 37.3"));
    }
    let tenths = scaled.round();
    if tenths < f64::from(TENTHS_CELSIUS_MIN) || tenths > f64::from(TENTHS_CELSIUS_MAX) {
        return Err(Rejection::invalid(&pointer, "temperature_range", "a temperature is between 34.0 and 42.5 °C"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked to lie between 340 and 425")]
    Ok(tenths as i16)
}

/// Accepts a list of readings; the pointer is that of the list.
///
/// # Errors
/// As [`ReadingInput::accept`], or 422 when there are more than [`READINGS_MAX`].
pub(crate) fn accept_all(readings: &[ReadingInput], pointer: &str, context: &Context<'_>) -> Result<Vec<Reading>, Rejection> {
    if readings.len() > READINGS_MAX {
        return Err(Rejection::invalid(pointer, "too_many", "a record holds at most 8 readings"));
    }
    readings.iter().enumerate().map(|(index, reading)| reading.accept(&format!("{pointer}/{index}"), context)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(celsius: f64) -> Result<i16, &'static str> {
        tenths(celsius, "/data/readings/0").map_err(|rejection| rejection.code())
    }

    #[test]
    fn temperatures_at_the_edges() {
        assert_eq!(accept(34.0), Ok(340));
        assert_eq!(accept(42.5), Ok(425));
        assert_eq!(accept(37.3), Ok(373));
        assert_eq!(accept(33.9), Err("temperature_range"));
        assert_eq!(accept(42.6), Err("temperature_range"));
        assert_eq!(accept(98.6), Err("temperature_range"));
        assert_eq!(accept(37.35), Err("temperature_precision"));
        assert_eq!(accept(f64::NAN), Err("temperature_precision"));
    }
}
