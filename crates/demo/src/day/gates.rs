//! The gates: one person per household every second day, out and back, everybody measured; outsiders turned away; a breach.

use serde_json::{Value, json};

use super::{Context, Planned, What};
use crate::command::{Draft, Via};
use crate::model::OUTSIDERS;
use crate::moment::clock;
use crate::orders::Order;
use crate::people::ADULT_AGE_YEARS;
use crate::random::{Stream, label};
use crate::readings::{self, Measured};
use crate::slugs;
use crate::staff::{Role, staff_slug};

/// Households per outsider at the gates on a day.
const DOORS_PER_OUTSIDER: u32 = 20;
/// Outings whose return nobody recorded, per thousand.
const NO_RETURN_PERMILLE: u32 = 5;
/// Households with somebody who goes to work every day besides the shopping, per thousand.
const WORKER_PERMILLE: u32 = 25;
/// Records in which the pass was not looked at, per thousand.
const PASS_UNCHECKED_PERMILLE: u32 = 15;
/// Outsiders that are let in, per thousand.
const OUTSIDER_ADMITTED_PERMILLE: u32 = 300;
/// Outsiders that come by vehicle, per thousand.
const VEHICLE_PERMILLE: u32 = 250;
/// How long a fever waits in the tent before it is settled, in seconds.
const SETTLE_SECONDS: u32 = 480;

const PURPOSES: [&str; 6] = ["送快递", "送药", "维修水管", "送菜", "看望老人", "燃气检修"];
const ORIGINS: [&str; 6] = ["邻镇", "县城", "合肥", "六安", "外省", "南京"];

/// One outing of a household: who, when, by which post.
struct Outing {
    person: u32,
    out_at: u32,
    in_at: Option<u32>,
    post: u32,
}

impl Context {
    /// Whether somebody of a household goes out today: the shopper every second day, a worker every day.
    fn goes_out(&self, household: u32) -> bool {
        let mut phase = self.model.stream(&[label("phase"), u64::from(household)]);
        let odd = phase.below(2);
        let works = phase.permille(WORKER_PERMILLE);
        works || (self.day + odd).is_multiple_of(2)
    }

    fn outing(&self, household: u32) -> Option<Outing> {
        let mut stream = self.stream([label("outing"), u64::from(household), 0]);
        let person = self.model.adult_of(household, &mut stream)?;
        // two thirds of a day's records fall into four hours
        let out_at = match stream.weighted(&[45, 25, 30]) {
            0 => clock(7, 0) + stream.below(2 * 3600),
            1 => clock(15, 30) + stream.below(2 * 3600),
            _ => clock(6, 30) + stream.below(12 * 3600),
        };
        let in_at = (!stream.permille(NO_RETURN_PERMILLE)).then(|| out_at + stream.between(25, 115) * 60 + stream.below(60));
        let post = *stream.pick(self.model.places.posts(self.model.door(household).building));
        Some(Outing { person, out_at, in_at, post })
    }

    /// What the thermometer at the gate shows; the same when the record is written and when it is settled.
    fn measured_at_gate(&self, what: What, household: u32) -> Measured {
        readings::contactless(&mut self.stream([label("gate reading"), what as u64, u64::from(household)]))
    }

    fn guard(&self, post: u32, second: u32) -> String {
        // three shifts a day share a post's phone
        let shift = second / (8 * 3600);
        staff_slug(self.model.staff.one(Role::Guard, post + shift * self.model.spec.posts))
    }
}

pub(super) fn plan(context: &Context, out: &mut Vec<Planned>) {
    for household in 0..context.model.spec.doors {
        let stays_in = context.is_quarantined(household) || context.model.orders.is_listed_household(household);
        if stays_in || !context.goes_out(household) || !context.intensity.keeps(&context.model, label("gate"), household) {
            continue;
        }
        let Some(outing) = context.outing(household) else {
            continue;
        };
        let send = |at| context.sent_by_phone(label("post"), outing.post, at);
        let mut pass = |what: What, at: u32| {
            let entry = Planned::prompt(at, what, household, 0).sent(send(at));
            out.push(entry);
            if context.measured_at_gate(what, household).is_fever {
                let settled = at + SETTLE_SECONDS;
                let direction = u32::from(what == What::GateIn);
                let settle = Planned::prompt(settled, What::Settle, household, direction);
                out.push(settle.sent(send(settled).max(entry.send + 1)));
            }
        };
        pass(What::GateOut, outing.out_at);
        if let Some(in_at) = outing.in_at {
            pass(What::GateIn, in_at);
        }
    }
    plan_outsiders(context, out);
    plan_breaches(context, out);
}

fn plan_outsiders(context: &Context, out: &mut Vec<Planned>) {
    for visit in 0..context.model.spec.doors / DOORS_PER_OUTSIDER {
        if !context.intensity.keeps(&context.model, label("outsider"), visit) {
            continue;
        }
        let mut stream = context.stream([label("outsider at"), u64::from(visit), 0]);
        let at = clock(7, 30) + stream.below(13 * 3600);
        for seat in 0..outsider_trip(context, visit).occupants {
            out.push(Planned::prompt(at + 25 * seat, What::Outsider, visit, seat));
        }
    }
}

/// One quarantined person walks out and is let through; another is stopped.
fn plan_breaches(context: &Context, out: &mut Vec<Planned>) {
    if !context.model.spec.breaches {
        return;
    }
    let mut stream = context.stream([label("breach"), 0, 0]);
    let mut candidates: Vec<&Order> =
        context.open.iter().filter(|order| order.given_on < context.day as i32 && context.model.orders.owes_checks(order, context.day as i32)).collect();
    stream.shuffle(&mut candidates);
    // children do not walk out alone
    candidates.sort_by_key(|order| context.model.people.age_years(order.person) < ADULT_AGE_YEARS);
    let mut candidates = candidates.into_iter();
    if let Some(order) = candidates.next() {
        let at = clock(9, 0) + stream.below(9 * 3600);
        out.push(Planned::prompt(at, What::Breach, order.number, 0));
        out.push(Planned::prompt(at + stream.between(20, 70) * 60, What::Breach, order.number, 1));
    }
    if let Some(order) = candidates.next() {
        out.push(Planned::prompt(clock(8, 0) + stream.below(10 * 3600), What::Stopped, order.number, 0));
    }
}

pub(super) fn write(context: &Context, planned: &Planned) -> Draft {
    match planned.what {
        What::Settle => write_settle(context, planned),
        What::Breach | What::Stopped => write_breach(context, planned),
        What::Outsider => write_outsider(context, planned),
        _ => write_passage(context, planned),
    }
}

/// An entry with both papers looked at (or not), as the post's phone records it.
fn entry(context: &Context, planned: &Planned, post: u32, direction: &str, mut fields: Value) -> Draft {
    let mut stream = context.own_stream(planned);
    fields["checkpoint"] = slugs::checkpoint(post).into();
    fields["direction"] = direction.into();
    fields["id_checked"] = true.into();
    fields["pass_checked"] = (!stream.permille(PASS_UNCHECKED_PERMILLE)).into();
    let guard = context.guard(post, planned.at);
    Draft::new("entry.record", context.moment(planned.at), Via::App, fields).by([guard])
}

fn write_passage(context: &Context, planned: &Planned) -> Draft {
    let household = planned.first;
    let direction = if planned.what == What::GateIn { "in" } else { "out" };
    let measured = context.measured_at_gate(planned.what, household);
    let (person, post) = context.outing(household).map_or((0, 0), |outing| (outing.person, outing.post));
    let result = if measured.is_fever { "waiting" } else { "admitted" };
    let fields = json!({"person": slugs::person(person), "readings": measured.readings, "result": result});
    entry(context, planned, post, direction, fields)
}

/// Eight minutes in the tent later: measured again by the axilla, then to the clinic or home.
fn write_settle(context: &Context, planned: &Planned) -> Draft {
    let household = planned.first;
    let what = if planned.second == 1 { What::GateIn } else { What::GateOut };
    let mut stream = context.own_stream(planned);
    let still = stream.permille(600);
    let tenths = if still { stream.between(readings::FEVER_TENTHS, 389) } else { stream.between(365, 371) };
    let post = context.outing(household).map_or(0, |outing| outing.post);
    let data = json!({
        "entry": context.id(what, household, 0).to_string(),
        "result": if still { "sent_to_clinic" } else { "admitted" },
        "readings": [readings::reading(tenths, "axilla")],
    });
    let guard = context.guard(post, planned.at);
    Draft::new("entry.settle", context.moment(planned.at), Via::App, data).by([guard])
}

fn write_breach(context: &Context, planned: &Planned) -> Draft {
    let model = &context.model;
    let (person, household) = model.orders.order(planned.first, &model.people).map_or((0, 0), |order| (order.person, order.household));
    let posts = model.places.posts(model.door(household).building);
    let post = posts[planned.first as usize % posts.len()];
    let mut stream = context.own_stream(planned);
    let reading = readings::reading(stream.between(361, 369), "forehead");
    let mut fields = json!({"person": slugs::person(person), "readings": [reading], "result": "admitted"});
    if planned.what == What::Stopped {
        fields["result"] = "turned_back".into();
        fields["reason"] = "居家隔离未到期".into();
    }
    entry(context, planned, post, if planned.second == 1 { "in" } else { "out" }, fields)
}

/// An outsider's arrival: on foot, or several in one vehicle.
struct Trip {
    by_vehicle: bool,
    occupants: u32,
    outsider: u32,
    post: u32,
    admitted: bool,
}

fn outsider_trip(context: &Context, visit: u32) -> Trip {
    let mut stream: Stream = context.stream([label("trip"), u64::from(visit), 0]);
    let by_vehicle = stream.permille(VEHICLE_PERMILLE);
    Trip {
        by_vehicle,
        occupants: if by_vehicle { stream.between(1, 2) } else { 1 },
        outsider: stream.below(OUTSIDERS - 1),
        post: stream.below(context.model.spec.posts),
        admitted: stream.permille(OUTSIDER_ADMITTED_PERMILLE),
    }
}

fn write_outsider(context: &Context, planned: &Planned) -> Draft {
    let trip = outsider_trip(context, planned.first);
    let mut stream = context.own_stream(planned);
    let number = trip.outsider + planned.second;
    let outsider = context.model.outsider(number);
    let mut who = json!({"ref": format!("x{:03}", number + 1), "name": outsider.name, "sex": outsider.sex.letter()});
    who["phone"] = outsider.phone.into();
    who["from"] = (*stream.pick(&ORIGINS)).into();
    if stream.permille(700) {
        who["id_number"] = outsider.id_number.into();
    }
    let measured = vec![readings::reading(stream.between(360, 369), "forehead")];
    let mut fields = json!({"unregistered": who, "readings": measured});
    if trip.admitted {
        fields["result"] = "admitted".into();
        fields["host"] = slugs::household(stream.below(context.model.spec.doors)).into();
        fields["purpose"] = (*stream.pick(&PURPOSES)).into();
    } else {
        fields["result"] = "turned_back".into();
        fields["reason"] = "无出入证".into();
    }
    if trip.by_vehicle {
        let plate = context.model.outsider(trip.outsider).plate;
        fields["trip"] = format!("t{:02}{:05}", context.day, planned.first).into();
        fields["vehicle"] = json!({"plate": plate, "occupants": trip.occupants});
    }
    entry(context, planned, trip.post, "in", fields)
}
