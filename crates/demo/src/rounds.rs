//! Rounds of door visits: which round a day belongs to, and on which of its days a door is visited.

use serde_json::{Value, json};

use crate::model::Model;
use crate::moment::{Moment, clock, day_after};
use crate::random::label;
use crate::slugs;

const NUMERALS: [&str; 10] = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十"];
/// Doors where nobody opens from the second round on, per thousand: people have learned when the teams come.
const LATER_ABSENT_PERMILLE: u32 = 80;

/// The round of a day of the demo, and the day within it.
pub(crate) fn round_of(model: &Model, day: u32) -> (u32, u32) {
    let days = model.spec.round_days.max(1);
    (day / days, day % days)
}

/// The day within a round on which a building is visited.
pub(crate) fn visited_on(model: &Model, round: u32, building: u32) -> u32 {
    (building + round) % model.spec.round_days.max(1)
}

/// Whether nobody opens when the door is first visited in a round.
pub(crate) fn is_absent(model: &Model, round: u32, household: u32) -> bool {
    let rate = if round == 0 { model.spec.first_round_absent_permille } else { LATER_ABSENT_PERMILLE };
    model.stream(&[label("absent"), u64::from(round), u64::from(household)]).permille(rate)
}

/// The data of `round.open`.
pub(crate) fn open_data(model: &Model, round: u32) -> Value {
    let name = NUMERALS.get(round as usize).map_or_else(|| format!("第{}轮", round + 1), |numeral| format!("第{numeral}轮"));
    let last = day_after(model.start, ((round + 1) * model.spec.round_days.max(1)) as i32 - 1);
    json!({
        "round": slugs::round(round),
        "name": format!("{name}入户排查"),
        "closes_at": Moment::new(last, clock(22, 0)).to_string(),
        "reached_by": ["door", "phone"],
    })
}
