//! A living day of one community: what happens is planned in a few bytes per command, written out when it is sent.

mod checks;
mod doors;
mod gates;
mod reports;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use jiff::civil::Date;
use serde_json::json;

use crate::command::{Draft, Sent, Via};
use crate::founding::{keeper_duty, order_data};
use crate::model::Model;
use crate::moment::{Moment, clock, days_between};
use crate::orders::Order;
use crate::random::{Stream, label};
use crate::rounds;
use crate::slugs;

/// Latest second at which anything is sent; leaves the day whole for the services' midnight work.
const SEND_LATEST: u32 = clock(23, 50);
/// From this delay on a command carries the clock of the phone that kept it.
const LATE_SECONDS: u32 = 600;
/// Hours in which a phone has no network, per thousand.
const OFFLINE_PERMILLE: u32 = 45;
/// Phones whose clock is wrong, per thousand.
const WRONG_CLOCK_PERMILLE: u32 = 100;
/// How wrong such a clock is at most, in seconds.
const WRONG_CLOCK_SECONDS_MAX: u32 = 240;

/// How much of the gates' and doors' traffic to make, up to all of it.
///
/// A lower intensity gives a subset of the same commands, so a day may be repeated at another one. Checks of the quarantined,
/// reports, orders and breaches are always complete: leaving them out would not save load but raise alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Intensity(u32);

impl Intensity {
    /// Everything: about 150,000 gate records a day in dianbu.
    pub const FULL: Self = Self(1000);

    /// So many thousandths of the traffic; more than a thousand is a thousand.
    pub fn permille(permille: u32) -> Self {
        Self(permille.min(1000))
    }

    /// Whether the traffic of this household (or visitor) is made.
    fn keeps(self, model: &Model, kind: u64, number: u32) -> bool {
        self.0 >= 1000 || model.stream(&[label("intensity"), kind, u64::from(number)]).permille(self.0)
    }
}

/// What one planned command is about; with two numbers it names the command within its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    RoundClose,
    RoundOpen,
    Release,
    Order,
    Keeper,
    GateOut,
    GateIn,
    Settle,
    Breach,
    Stopped,
    Outsider,
    Visit,
    Check,
    Report,
}

impl What {
    /// The word in command ids; never change one.
    fn word(self) -> &'static str {
        match self {
            Self::RoundClose => "round close",
            Self::RoundOpen => "round open",
            Self::Release => "release",
            Self::Order => "order",
            Self::Keeper => "keeper",
            Self::GateOut => "gate out",
            Self::GateIn => "gate in",
            Self::Settle => "settle",
            Self::Breach => "breach",
            Self::Stopped => "stopped",
            Self::Outsider => "outsider",
            Self::Visit => "visit",
            Self::Check => "check",
            Self::Report => "report",
        }
    }
}

/// One command to be: when it is sent, when it happened, and what about. The order is that of sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Planned {
    send: u32,
    at: u32,
    what: What,
    first: u32,
    second: u32,
}

impl Planned {
    /// Something that reaches the office a few seconds after it happened.
    fn prompt(at: u32, what: What, first: u32, second: u32) -> Self {
        Self { send: (at + 2).min(SEND_LATEST), at: at.min(SEND_LATEST), what, first, second }
    }

    /// The same, sent at another time (never before it happened).
    fn sent(self, send: u32) -> Self {
        Self { send: send.min(SEND_LATEST).max(self.at), ..self }
    }
}

/// The commands of one community on one day, in the order they are sent.
#[derive(Clone, Debug)]
pub struct Day {
    context: Context,
    planned: std::vec::IntoIter<Planned>,
}

/// What all planners and writers of a day know.
#[derive(Clone, Debug)]
struct Context {
    model: Arc<Model>,
    date: Date,
    /// Days since the start of the demo.
    day: u32,
    intensity: Intensity,
    /// Orders that are open this evening, by number.
    open: Vec<Order>,
    /// The order whose afternoon check finds a fever, in a larger community; every scale has one to show.
    fever_order: Option<u32>,
    /// Their households, sorted.
    quarantined_households: Vec<u32>,
}

impl Day {
    /// Plans a day. Days before the start are empty.
    pub(crate) fn of(model: Arc<Model>, date: Date, intensity: Intensity) -> Self {
        let day = days_between(model.start, date);
        let open = model.orders.open_on(day, &model.people);
        let mut quarantined_households: Vec<u32> = open.iter().map(|order| order.household).collect();
        quarantined_households.sort_unstable();
        quarantined_households.dedup();
        let mut context = Context { fever_order: None, model, date, day: day.max(0) as u32, intensity, open, quarantined_households };
        let mut planned = Vec::new();
        if day >= 0 {
            context.fever_order = checks::fever_of_the_day(&context);
            context.plan_office(&mut planned);
            gates::plan(&context, &mut planned);
            doors::plan(&context, &mut planned);
            checks::plan(&context, &mut planned);
            reports::plan(&context, &mut planned);
            planned.sort_unstable();
        }
        Self { context, planned: planned.into_iter() }
    }

    /// When the next command is sent.
    pub fn next_send(&self) -> Option<Moment> {
        self.planned.as_slice().first().map(|planned| self.context.moment(planned.send))
    }
}

impl Iterator for Day {
    type Item = Sent;

    fn next(&mut self) -> Option<Sent> {
        self.planned.next().map(|planned| self.context.write(planned))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.planned.size_hint()
    }
}

impl ExactSizeIterator for Day {}

impl Context {
    fn moment(&self, second: u32) -> Moment {
        Moment::new(self.date, second)
    }

    /// The stream of one thing on this day.
    fn stream(&self, words: [u64; 3]) -> Stream {
        self.model.stream(&[label("day"), u64::from(self.day), words[0], words[1], words[2]])
    }

    /// The stream a planned command is written from.
    fn own_stream(&self, planned: &Planned) -> Stream {
        self.stream([label(planned.what.word()), u64::from(planned.first), u64::from(planned.second)])
    }

    fn id(&self, what: What, first: u32, second: u32) -> uuid::Uuid {
        self.model.id(format_args!("{} {} {first} {second}", self.date, what.word()))
    }

    fn is_quarantined(&self, household: u32) -> bool {
        self.quarantined_households.binary_search(&household).is_ok()
    }

    /// When a phone gets its record of `at` through: soon, or after an hour without network with all the others of that hour.
    fn sent_by_phone(&self, device: u64, number: u32, at: u32) -> u32 {
        let hour = at / 3600;
        let mut stream = self.stream([device, u64::from(number), u64::from(hour)]);
        if !stream.permille(OFFLINE_PERMILLE) {
            return at + 1 + at % 5;
        }
        // the outbox goes out in the order it was filled, an hour of work within three minutes
        let reconnected = (hour + 1 + stream.below(4)) * 3600 + stream.below(1800) + LATE_SECONDS;
        reconnected + (at % 3600) / 20
    }

    /// How far the clock of a phone is ahead (negative: behind), in seconds.
    fn clock_error(&self, by: &[String]) -> i64 {
        let device = by.first().map_or(0, |staff| label(staff));
        let mut stream = self.model.stream(&[label("clock"), device]);
        if !stream.permille(WRONG_CLOCK_PERMILLE) {
            return 0;
        }
        let error = i64::from(stream.between(30, WRONG_CLOCK_SECONDS_MAX));
        if stream.permille(500) { error } else { -error }
    }

    /// Releases in the morning, new orders before noon, and the turn of the rounds.
    fn plan_office(&self, out: &mut Vec<Planned>) {
        let day = self.day as i32;
        let (round, day_of_round) = rounds::round_of(&self.model, self.day);
        if day_of_round == 0 && round > 0 {
            out.push(Planned::prompt(clock(7, 50), What::RoundClose, round - 1, 0));
            out.push(Planned::prompt(clock(7, 55), What::RoundOpen, round, 0));
        }
        for order in self.model.orders.released_on(day, &self.model.people) {
            let second = clock(9, 0) + self.stream([label("release"), u64::from(order.number), 0]).below(3600);
            out.push(Planned::prompt(second, What::Release, order.number, 0));
        }
        for number in self.model.orders.given_on(day) {
            let second = clock(10, 0) + self.stream([label("order"), u64::from(number), 0]).below(3 * 3600);
            out.push(Planned::prompt(second, What::Order, number, 0));
            out.push(Planned::prompt(second + 30, What::Keeper, number, 0));
        }
    }

    fn write(&self, planned: Planned) -> Sent {
        let mut draft = match planned.what {
            What::RoundClose | What::RoundOpen | What::Release | What::Order | What::Keeper => self.write_office(&planned),
            What::GateOut | What::GateIn | What::Settle | What::Breach | What::Stopped | What::Outsider => gates::write(self, &planned),
            What::Visit => doors::write(self, &planned),
            What::Check => checks::write(self, &planned),
            What::Report => reports::write(self, &planned),
        };
        if draft.via == Via::App && planned.send - planned.at > LATE_SECONDS {
            // both times are read off the same clock, so a wrong one cancels out
            let error = self.clock_error(&draft.by);
            let shifted = |second: u32| self.moment((i64::from(second) + error).max(0) as u32);
            draft.at = shifted(planned.at);
            draft.sent_at = Some(shifted(planned.send));
        }
        let id = self.id(planned.what, planned.first, planned.second);
        Sent { send: self.moment(planned.send), community: self.model.spec.slug.clone(), command: draft.with_id(id) }
    }

    fn write_office(&self, planned: &Planned) -> Draft {
        let model = &self.model;
        let number = planned.first;
        let (kind, data) = match planned.what {
            What::RoundClose => ("round.close", json!({"round": slugs::round(number)})),
            What::RoundOpen => ("round.open", rounds::open_data(model, number)),
            What::Release => {
                let slug = model.orders.order(number, &model.people).map_or_else(String::new, |order| order.slug());
                ("quarantine.release", json!({"quarantine": slug, "reason": "completed"}))
            }
            What::Order => ("quarantine.order", order_data(model, number)),
            _ => keeper_duty(model, number),
        };
        Draft::new(kind, self.moment(planned.at), Via::App, data)
    }
}

/// The days of several communities as one stream, in the order of sending; ties go by the order of the communities.
#[derive(Clone, Debug)]
pub struct Days {
    days: Vec<Day>,
    next: BinaryHeap<Reverse<(Moment, usize)>>,
}

impl Days {
    pub(crate) fn of(days: Vec<Day>) -> Self {
        let next = days.iter().enumerate().filter_map(|(index, day)| Some(Reverse((day.next_send()?, index)))).collect();
        Self { days, next }
    }
}

impl Iterator for Days {
    type Item = Sent;

    fn next(&mut self) -> Option<Sent> {
        let Reverse((_, index)) = self.next.pop()?;
        let sent = self.days[index].next();
        if let Some(send) = self.days[index].next_send() {
            self.next.push(Reverse((send, index)));
        }
        sent
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.days.iter().map(ExactSizeIterator::len).sum();
        (left, Some(left))
    }
}

impl ExactSizeIterator for Days {}
