//! Who is listed in a category and who is under an order of home quarantine, on any day.

use jiff::civil::Date;

use crate::catalogue::CommunitySpec;
use crate::moment::{day_after, days_between};
use crate::people::People;
use crate::random::{Stream, label};

/// The regime all orders of the demo follow.
pub const REGIME: &str = "home14";
/// Days of that regime; the day it is counted from is day 0, the last slots of this day count.
pub const REGIME_DAYS: i32 = 14;
/// Oldest exposure among the orders of the first day; leaves at least four days to run.
const EXPOSED_DAYS_AGO_MAX: u32 = 10;
/// Releases that are typed a day or two after they were due, per thousand.
const LATE_RELEASE_PERMILLE: u32 = 150;
/// Days such a release is late at most.
const RELEASE_DAYS_LATE_MAX: i32 = 2;
/// People who can come under an order on later days: a year's worth.
const RESERVE_DAYS: usize = 365;

/// The four categories of the time (四类人员) and how often they occur beside contacts under an order.
const CATEGORIES: [(&str, u32); 4] = [("contact", 700), ("fever", 220), ("suspected", 60), ("confirmed", 20)];

/// One order of home quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Number in the community, from 0; `q00001` is number 0.
    pub number: u32,
    /// The person, by place in the community's list.
    pub person: u32,
    /// The person's household.
    pub household: u32,
    /// Day of the demo it was given on; the orders of the founding have day -1.
    pub given_on: i32,
    /// The day 0 of the fourteen.
    pub count_from: Date,
    /// `exposure` or `arrival`.
    pub basis: &'static str,
    /// Day of the demo on whose morning it is released.
    pub released_on: i32,
}

impl Order {
    /// Its slug.
    pub fn slug(&self) -> String {
        format!("q{:05}", self.number + 1)
    }
}

/// The lists of one community.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    seed: u64,
    start: Date,
    /// People under an order on the first day, then the other listed ones.
    listed: Vec<u32>,
    /// Households of `listed`, sorted, for a quick look.
    listed_households: Vec<u32>,
    founding: u32,
    /// People who come under an order on later days, in that order.
    reserve: Vec<u32>,
    per_day: u32,
}

impl Orders {
    pub(crate) fn of(spec: &CommunitySpec, seed: u64, start: Date, people: &People) -> Self {
        let mut households: Vec<u32> = (0..spec.doors).collect();
        Stream::of(seed, &[label("listed")]).shuffle(&mut households);
        // a household is listed whole before the next one begins: the contacts of a case live with it
        // the oldest leader's household stays free: she is the one who goes round
        let leader = people.oldest_leader().map(|person| people.household_of(person));
        households.retain(|household| leader != Some(*household));
        let mut candidates = households.iter().flat_map(|household| people.of_household(*household));
        let mut listed = Vec::with_capacity(spec.listed as usize);
        listed.extend(candidates.by_ref().take(spec.listed as usize));
        let mut listed_households: Vec<u32> = listed.iter().map(|person| people.household_of(*person)).collect();
        listed_households.sort_unstable();
        listed_households.dedup();
        let per_day = spec.orders.div_ceil(REGIME_DAYS as u32 * 2);
        let free = |person: &u32| listed_households.binary_search(&people.household_of(*person)).is_err();
        let reserve = candidates.filter(free).take(per_day as usize * RESERVE_DAYS).collect();
        Self { seed, start, listed, listed_households, founding: spec.orders.min(spec.listed), reserve, per_day }
    }

    /// Orders of the founding.
    pub(crate) fn founding(&self) -> u32 {
        self.founding
    }

    /// The category of a person on the first day.
    pub(crate) fn category(&self, person: u32) -> Option<&'static str> {
        let place = self.listed.iter().position(|listed| *listed == person)?;
        if (place as u32) < self.founding {
            return Some("contact");
        }
        let mut stream = Stream::of(self.seed, &[label("category"), u64::from(person)]);
        Some(CATEGORIES[stream.weighted(&CATEGORIES.map(|(_, weight)| weight))].0)
    }

    /// Whether somebody in this household is listed from the first day on.
    pub(crate) fn is_listed_household(&self, household: u32) -> bool {
        self.listed_households.binary_search(&household).is_ok()
    }

    /// The order with this number; `None` when no such person is left.
    pub(crate) fn order(&self, number: u32, people: &People) -> Option<Order> {
        let mut stream = Stream::of(self.seed, &[label("order"), u64::from(number)]);
        let (person, given_on, count_from, basis) = if number < self.founding {
            // members of a household share their exposure
            let household = people.household_of(self.listed[number as usize]);
            let mut shared = Stream::of(self.seed, &[label("exposure"), u64::from(household)]);
            let ago = shared.between(1, EXPOSED_DAYS_AGO_MAX) as i32;
            (self.listed[number as usize], -1, day_after(self.start, -ago), "exposure")
        } else {
            let place = number - self.founding;
            let day = (place / self.per_day) as i32;
            (*self.reserve.get(place as usize)?, day, day_after(self.start, day), "arrival")
        };
        let household = people.household_of(person);
        let ends_after = days_between(self.start, count_from) + REGIME_DAYS;
        let late = if stream.permille(LATE_RELEASE_PERMILLE) { stream.between(1, RELEASE_DAYS_LATE_MAX as u32) as i32 } else { 0 };
        Some(Order { number, person, household, given_on, count_from, basis, released_on: ends_after + 1 + late })
    }

    /// Numbers of the orders given on a day of the demo.
    pub(crate) fn given_on(&self, day: i32) -> std::ops::Range<u32> {
        let Ok(day) = u32::try_from(day) else {
            return self.founding..self.founding;
        };
        let first = day.saturating_mul(self.per_day).min(self.reserve.len() as u32);
        let last = first.saturating_add(self.per_day).min(self.reserve.len() as u32);
        self.founding + first..self.founding + last
    }

    /// Orders that are not yet released on the evening of a day, sorted by number.
    pub(crate) fn open_on(&self, day: i32, people: &People) -> Vec<Order> {
        let oldest = day - REGIME_DAYS - RELEASE_DAYS_LATE_MAX - 1;
        let later = self.given_on(oldest.max(0)).start..self.given_on(day).end;
        (0..self.founding)
            .chain(later)
            .filter_map(|number| self.order(number, people))
            .filter(|order| order.given_on <= day && day < order.released_on)
            .collect()
    }

    /// Orders released on the morning of a day.
    pub(crate) fn released_on(&self, day: i32, people: &People) -> Vec<Order> {
        let mut orders = self.open_on(day - 1, people);
        orders.retain(|order| order.released_on == day);
        orders
    }

    /// Whether checks are owed on a day: up to and with day 14, from the order on.
    pub(crate) fn owes_checks(&self, order: &Order, day: i32) -> bool {
        order.given_on <= day && day <= days_between(self.start, order.count_from) + REGIME_DAYS
    }
}
