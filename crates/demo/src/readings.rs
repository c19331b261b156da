//! Temperatures and symptoms as people really bring them: nearly all normal, now and then a cold forehead, rarely a fever.

use serde_json::{Value, json};

use crate::random::Stream;

/// Fever threshold in tenths of a degree, as in the policy of the founding.
pub(crate) const FEVER_TENTHS: u32 = 373;
/// Contactless readings that are fevers, per ten thousand.
const FEVER_PER_10_000: u32 = 5;
/// Foreheads too cold to count as measured, per thousand: it is February.
const COLD_PERMILLE: u32 = 8;
/// Fevers at the forehead that are measured again by another site at once, per thousand.
const REMEASURED_PERMILLE: u32 = 850;
/// Re-measures that are normal after all (a hat, a run up the stairs), per thousand.
const FALSE_FEVER_PERMILLE: u32 = 600;
/// Answers to the question about symptoms that name one, per thousand.
const SYMPTOM_PERMILLE: u32 = 3;

const SYMPTOMS: [&str; 5] = ["cough", "fatigue", "sore_throat", "diarrhoea", "shortness_of_breath"];

/// A reading of a thermometer. Tenths keep the one decimal exact.
pub(crate) fn reading(tenths: u32, site: &str) -> Value {
    json!({"celsius": f64::from(tenths) / 10.0, "site": site})
}

/// What a thermometer at the forehead shows, with what is done about it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measured {
    /// The readings in the order they were taken.
    pub(crate) readings: Vec<Value>,
    /// A contact reading, or else the last one, is a fever.
    pub(crate) is_fever: bool,
}

/// Measures somebody at a gate or a door, without contact.
pub(crate) fn contactless(stream: &mut Stream) -> Measured {
    if stream.below(10_000) < FEVER_PER_10_000 {
        return suspicious(stream);
    }
    if stream.permille(COLD_PERMILLE) {
        let first = match stream.below(3) {
            0 => json!({"unreadable": "low", "site": "forehead"}),
            _ => reading(stream.between(342, 354), "forehead"),
        };
        return Measured { readings: vec![first, reading(stream.between(361, 369), "ear")], is_fever: false };
    }
    let site = if stream.permille(80) { "thermal" } else { "forehead" };
    Measured { readings: vec![reading(stream.between(360, 369), site)], is_fever: false }
}

/// A forehead at or above the threshold, mostly with a second reading by ear or axilla.
pub(crate) fn suspicious(stream: &mut Stream) -> Measured {
    let first = stream.between(FEVER_TENTHS, 389);
    let mut readings = vec![reading(first, "forehead")];
    if !stream.permille(REMEASURED_PERMILLE) {
        return Measured { readings, is_fever: true };
    }
    let site = *stream.pick(&["ear", "axilla"]);
    let is_fever = !stream.permille(FALSE_FEVER_PERMILLE);
    let second = if is_fever { stream.between(FEVER_TENTHS, first.max(FEVER_TENTHS + 3)) } else { stream.between(364, 371) };
    readings.push(reading(second, site));
    Measured { readings, is_fever }
}

/// The answer to "any cough, any fever?": mostly none.
pub(crate) fn symptoms(stream: &mut Stream) -> Vec<&'static str> {
    if stream.permille(SYMPTOM_PERMILLE) { some_symptoms(stream) } else { Vec::new() }
}

/// One or two symptoms.
pub(crate) fn some_symptoms(stream: &mut Stream) -> Vec<&'static str> {
    let first = stream.below(SYMPTOMS.len() as u32);
    let mut named = vec![SYMPTOMS[first as usize]];
    if stream.permille(300) {
        named.push(SYMPTOMS[(first as usize + 1) % SYMPTOMS.len()]);
    }
    named
}
