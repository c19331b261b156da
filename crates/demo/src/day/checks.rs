//! Checks of the quarantined, twice a day: mostly done, some unanswered, some on paper until the evening, some forgotten.

use serde_json::{Value, json};

use super::{Context, Planned, What};
use crate::command::{Draft, Via};
use crate::founding::keeper_of;
use crate::moment::clock;
use crate::orders::Order;
use crate::random::{Stream, label};
use crate::readings;
use crate::staff::{Role, staff_slug};

/// Windows in which keepers come, and names, of the two slots; inside the regime of the policy.
const SLOTS: [(&str, u32, u32); 2] = [("am", clock(8, 10), clock(11, 40)), ("pm", clock(14, 10), clock(19, 20))];
/// The slot in which the fever of the day is found: the afternoon.
const FEVER_SLOT: usize = 1;
/// Readings of quarantined people that are fevers, per thousand.
const FEVER_PERMILLE: u32 = 6;

/// What becomes of one slot of one household.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Reached,
    /// Done after it was due.
    Late,
    /// On a paper sheet, typed in the evening.
    Paper,
    /// Nobody answered; perhaps somebody does an hour later.
    NoAnswer {
        tried_again: bool,
    },
    Refused,
    /// Not in the flat: a breach.
    NotHome,
    /// Nobody came.
    Forgotten,
}

/// How often, per thousand; the rest is reached in time.
const FATES: [(Fate, u32); 8] = [
    (Fate::Forgotten, 45),
    (Fate::Paper, 40),
    (Fate::NoAnswer { tried_again: true }, 45),
    (Fate::NoAnswer { tried_again: false }, 25),
    (Fate::Late, 40),
    (Fate::Refused, 4),
    (Fate::NotHome, 1),
    (Fate::Reached, 800),
];

/// The slot and the attempt (0, 1) as the second number of a planned check.
fn second(slot: usize, attempt: u32) -> u32 {
    slot as u32 * 2 + attempt
}

impl Context {
    fn slot_stream(&self, first: u32, slot: usize) -> Stream {
        self.stream([label("slot"), u64::from(first), slot as u64])
    }

    fn fate(&self, first: u32, slot: usize) -> Fate {
        let weights = FATES.map(|(_, weight)| weight);
        FATES[self.slot_stream(first, slot).weighted(&weights)].0
    }

    /// The orders of one household that owe this slot: checked in one go, named by the first of them.
    fn checked_together(&self, first: u32, slot: usize) -> &[Order] {
        let start = self.open.partition_point(|order| order.number < first);
        let household = self.open.get(start).map(|order| order.household);
        let owing = |order: &&Order| Some(order.household) == household && self.owes_slot(order, slot);
        let count = self.open[start..].iter().take_while(owing).count();
        &self.open[start..start + count]
    }

    /// An order given before noon owes the afternoon only.
    fn owes_slot(&self, order: &Order, slot: usize) -> bool {
        let day = self.day as i32;
        self.model.orders.owes_checks(order, day) && (order.given_on < day || slot == 1)
    }
}

/// Somebody whose household is reached in the afternoon, chosen anew every day.
pub(super) fn fever_of_the_day(context: &Context) -> Option<u32> {
    if !context.model.spec.breaches {
        return None;
    }
    let slot = FEVER_SLOT;
    let mut reached: Vec<u32> = Vec::new();
    let mut first = None;
    for order in context.open.iter().filter(|order| context.owes_slot(order, slot)) {
        if first.map(|first: &Order| first.household) != Some(order.household) {
            first = Some(order);
        }
        if first.is_some_and(|first| context.fate(first.number, slot) == Fate::Reached) {
            reached.push(order.number);
        }
    }
    let mut stream = context.stream([label("fever of the day"), 0, 0]);
    (!reached.is_empty()).then(|| *stream.pick(&reached))
}

pub(super) fn plan(context: &Context, out: &mut Vec<Planned>) {
    for slot in 0..SLOTS.len() {
        let mut previous = None;
        for order in context.open.iter().filter(|order| context.owes_slot(order, slot)) {
            if previous != Some(order.household) {
                plan_slot(context, order.number, slot, out);
            }
            previous = Some(order.household);
        }
    }
}

fn plan_slot(context: &Context, first: u32, slot: usize, out: &mut Vec<Planned>) {
    let (_, opens, closes) = SLOTS[slot];
    let mut stream = context.slot_stream(first, slot);
    stream.next_word(); // the first draw decided the fate
    let at = stream.between(opens, closes);
    let keeper = context.open.iter().find(|order| order.number == first).map_or(0, |order| keeper_of(&context.model, order.household));
    let send = |at| context.sent_by_phone(label("keeper"), keeper, at);
    let check = |at: u32, attempt: u32| Planned::prompt(at, What::Check, first, second(slot, attempt));
    match context.fate(first, slot) {
        Fate::Forgotten => {}
        Fate::Paper => {
            let typed = if slot == 0 { clock(19, 30) } else { clock(20, 40) } + stream.below(5400);
            out.push(check(at, 0).sent(typed));
        }
        Fate::Late => {
            let late = closes + stream.between(50, 150) * 60;
            out.push(check(late, 0).sent(send(late)));
        }
        Fate::NoAnswer { tried_again } => {
            out.push(check(at, 0));
            if tried_again {
                let again = at + stream.between(40, 90) * 60;
                out.push(check(again, 1).sent(send(again)));
            }
        }
        Fate::Reached | Fate::Refused | Fate::NotHome => out.push(check(at, 0).sent(send(at))),
    }
}

pub(super) fn write(context: &Context, planned: &Planned) -> Draft {
    let (slot, attempt) = ((planned.second / 2) as usize, planned.second % 2);
    let fate = context.fate(planned.first, slot);
    let mut stream = context.own_stream(planned);
    let outcome = match fate {
        Fate::NoAnswer { .. } if attempt == 0 => "no_answer",
        Fate::Refused => "refused",
        Fate::NotHome => "not_home",
        _ => "reached",
    };
    let mode = match (fate, stream.weighted(&[60, 25, 15])) {
        (Fate::Paper | Fate::NotHome | Fate::Refused, _) | (_, 0) => "door",
        (_, 1) => "phone",
        _ => "video",
    };
    let orders = context.checked_together(planned.first, slot);
    let household = orders.first().map_or(0, |order| order.household);
    let checks: Vec<Value> = orders
        .iter()
        .map(|order| {
            let mut check = json!({"quarantine": order.slug(), "outcome": outcome});
            if outcome == "reached" {
                let is_fever = context.fever_order == Some(order.number) && slot == FEVER_SLOT;
                measure(&mut check, is_fever, &mut stream);
            }
            if fate == Fate::Paper {
                check["slot"] = json!({"date": context.date.to_string(), "name": SLOTS[slot].0});
            }
            check
        })
        .collect();
    let data = json!({"checks": checks, "mode": mode});
    let keeper = staff_slug(keeper_of(&context.model, household));
    let mut draft = Draft::new("quarantine.check", context.moment(planned.at), Via::App, data).by([keeper]);
    if fate == Fate::Paper {
        draft.via = Via::Paper;
        draft.paper = Some(format!("{:02}-{:03}", context.day + 1, stream.between(1, 240)));
    }
    if fate == Fate::Late {
        // somebody else stepped in
        draft.by = vec![staff_slug(context.model.staff.one(Role::Nurse, household))];
    }
    draft
}

/// A reading and the answer about symptoms; without both a check is not done.
fn measure(check: &mut Value, is_fever: bool, stream: &mut Stream) {
    if is_fever || stream.permille(FEVER_PERMILLE) {
        let first = stream.between(readings::FEVER_TENTHS, 389);
        check["readings"] = json!([readings::reading(first, "ear"), readings::reading(first.min(387) + 2, "axilla")]);
        check["symptoms"] = readings::some_symptoms(stream).into();
        return;
    }
    let site = ["axilla", "ear", "forehead", "oral"][stream.weighted(&[600, 250, 140, 10])];
    check["readings"] = json!([readings::reading(stream.between(360, 370), site)]);
    check["symptoms"] = readings::symptoms(stream).into();
}
