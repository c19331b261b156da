//! Door to door: teams or leaders walk their stairs from the top down, call the absent in the evening, come back next day.

use serde_json::{Value, json};

use super::{Context, Planned, What};
use crate::command::{Draft, Via};
use crate::model::OUTSIDERS;
use crate::moment::{clock, day_after};
use crate::random::{Stream, label};
use crate::readings;
use crate::rounds;
use crate::slugs;
use crate::staff::{Role, staff_slug};

/// Longest time a team spends from one door to the next, in seconds.
const DOOR_SECONDS_MAX: u32 = 170;
/// What an afternoon of a team has, in seconds.
const AFTERNOON_SECONDS: u32 = 4 * 3600 + 1800;
/// Doors that are opened and closed again, per thousand.
const REFUSED_PERMILLE: u32 = 6;
/// Evening calls that reach somebody, per thousand.
const CALL_MET_PERMILLE: u32 = 600;
/// Evening calls that find a wrong number, per thousand.
const CALL_WRONG_NUMBER_PERMILLE: u32 = 50;
/// Doors still missing the next morning that are tried again, per thousand.
const REVISIT_PERMILLE: u32 = 700;
/// People who are at home when the door opens, per thousand.
const HERE_PERMILLE: u32 = 800;
/// Doors with a visitor nobody registered, per thousand.
const STRANGER_PERMILLE: u32 = 3;
/// People who say they were somewhere of concern, per thousand.
const EXPOSURE_PERMILLE: u32 = 1;
/// Days back of such a journey at most.
const EXPOSURE_DAYS_MAX: u32 = 9;

/// First visit, evening call, next morning's visit: the attempts at a door in a round.
const FIRST: u32 = 0;
const CALL: u32 = 1;
const AGAIN: u32 = 2;

const PLACES: [&str; 5] = ["湖北武汉", "湖北孝感", "浙江温州", "河南信阳", "广东深圳"];

impl Context {
    /// How the evening call to a door without an answer ends.
    fn call_outcome(&self, round: u32, household: u32) -> &'static str {
        let mut stream = self.model.stream(&[label("call"), u64::from(round), u64::from(household)]);
        match stream.below(1000) {
            draw if draw < CALL_MET_PERMILLE => "met",
            draw if draw < CALL_MET_PERMILLE + CALL_WRONG_NUMBER_PERMILLE => "wrong_number",
            _ => "no_answer",
        }
    }

    /// Whether nobody opens; the quarantined are at home.
    fn is_absent(&self, round: u32, household: u32) -> bool {
        rounds::is_absent(&self.model, round, household) && !self.is_vacant(household) && !self.is_quarantined(household)
    }

    fn is_vacant(&self, household: u32) -> bool {
        self.model.people.of_household(household).is_empty()
    }

    /// The team of a building: its number stands for the phone it records with.
    fn team(&self, building: u32) -> u32 {
        if self.model.spec.teams > 0 { building % self.model.spec.teams } else { building }
    }
}

pub(super) fn plan(context: &Context, out: &mut Vec<Planned>) {
    let model = &context.model;
    let (round, day) = rounds::round_of(model, context.day);
    let count = model.spec.blocks + model.spec.village_groups;
    let today = |building: &u32| rounds::visited_on(model, round, *building) == day;
    if model.spec.teams > 0 {
        for team in 0..model.spec.teams {
            let route: Vec<u32> = (team..count).step_by(model.spec.teams as usize).filter(today).collect();
            plan_route(context, round, &route, clock(13, 30), out);
        }
    } else {
        for building in (0..count).filter(today) {
            let mut stream = context.stream([label("route"), u64::from(building), 0]);
            let start = *stream.pick(&[clock(8, 40), clock(9, 10), clock(13, 40), clock(14, 10)]) + stream.below(1200);
            plan_route(context, round, &[building], start, out);
        }
    }
    if day > 0 {
        let yesterday = |building: &u32| rounds::visited_on(model, round, *building) == day - 1;
        (0..count).filter(yesterday).for_each(|building| plan_again(context, round, building, out));
    }
}

/// A walk past every door of some buildings, with the calls of the evening.
fn plan_route(context: &Context, round: u32, buildings: &[u32], start: u32, out: &mut Vec<Planned>) {
    let model = &context.model;
    let doors: u32 = buildings.iter().map(|building| model.places.buildings[*building as usize].doors).sum();
    let pace = (AFTERNOON_SECONDS / doors.max(1)).clamp(1, DOOR_SECONDS_MAX);
    let mut at = start;
    for building in buildings {
        let own = &model.places.buildings[*building as usize];
        let device = context.team(*building);
        for household in (own.first_door..own.first_door + own.doors).rev() {
            at += pace;
            if !context.intensity.keeps(model, label("door"), household) {
                continue;
            }
            let send = context.sent_by_phone(label("team"), device, at);
            out.push(Planned::prompt(at, What::Visit, household, FIRST).sent(send));
            if context.is_absent(round, household) {
                let mut stream = context.stream([label("call at"), u64::from(household), 0]);
                out.push(Planned::prompt(clock(18, 40) + stream.below(2 * 3600), What::Visit, household, CALL));
            }
        }
    }
}

/// The doors that neither opened nor answered yesterday.
fn plan_again(context: &Context, round: u32, building: u32, out: &mut Vec<Planned>) {
    let model = &context.model;
    let own = &model.places.buildings[building as usize];
    for household in own.first_door..own.first_door + own.doors {
        let missing = context.is_absent(round, household) && context.call_outcome(round, household) != "met";
        let mut stream = context.stream([label("again"), u64::from(household), 0]);
        if missing && stream.permille(REVISIT_PERMILLE) && context.intensity.keeps(model, label("door"), household) {
            let at = clock(9, 0) + stream.below(9000);
            let send = context.sent_by_phone(label("team"), context.team(building), at);
            out.push(Planned::prompt(at, What::Visit, household, AGAIN).sent(send));
        }
    }
}

pub(super) fn write(context: &Context, planned: &Planned) -> Draft {
    let household = planned.first;
    let (round, _) = rounds::round_of(&context.model, context.day);
    let mut stream = context.own_stream(planned);
    let outcome = match planned.second {
        CALL => context.call_outcome(round, household),
        _ if context.is_vacant(household) => "vacant",
        FIRST if context.is_absent(round, household) => "absent",
        AGAIN if stream.permille(250) => "absent",
        _ if stream.permille(REFUSED_PERMILLE) => "refused",
        _ => "met",
    };
    let mode = if planned.second == CALL { "phone" } else { "door" };
    let mut data = json!({
        "household": slugs::household(household),
        "round": slugs::round(round),
        "outcome": outcome,
        "mode": mode,
    });
    if outcome == "met" {
        data["people"] = people(context, household, mode == "door", &mut stream).into();
    }
    if outcome == "absent" && stream.permille(150) {
        data["call_back_at"] = context.moment(clock(19, 30)).to_string().into();
    }
    let by = visitors(context, planned, &mut stream);
    Draft::new("visit.record", context.moment(planned.at), Via::App, data).by(by)
}

/// Who knocked or called: a team of three, the leader with a grid worker, or somebody in the office.
fn visitors(context: &Context, planned: &Planned, stream: &mut Stream) -> Vec<String> {
    let staff = &context.model.staff;
    let building = context.model.door(planned.first).building;
    if planned.second == CALL {
        return vec![staff_slug(staff.one(Role::Office, building))];
    }
    if context.model.spec.teams > 0 {
        let first = 3 * context.team(building);
        return (first..first + 3).map(|member| staff_slug(staff.one(Role::Volunteer, member))).collect();
    }
    let leader = staff_slug(staff.one(Role::BuildingLeader, building));
    if stream.permille(400) { vec![leader, staff_slug(staff.one(Role::GridWorker, building))] } else { vec![leader] }
}

fn people(context: &Context, household: u32, at_door: bool, stream: &mut Stream) -> Vec<Value> {
    // somebody under an order who is away would be a breach, and those are planned at the gates
    let stays_in = context.is_quarantined(household);
    let mut people: Vec<Value> = context
        .model
        .people
        .of_household(household)
        .enumerate()
        .map(|(place, person)| {
            let here = place == 0 || stays_in || stream.permille(HERE_PERMILLE);
            let mut told = json!({
                "person": slugs::person(person),
                "basis": if at_door && here { "seen" } else { "told" },
                "presence": if here { "here" } else { "away" },
            });
            if at_door && here {
                told["readings"] = readings::contactless(stream).readings.into();
            }
            if here && stream.permille(950) {
                told["symptoms"] = readings::symptoms(stream).into();
            }
            if stream.permille(EXPOSURE_PERMILLE) {
                told["exposure"] = exposure(context, stream);
            }
            told
        })
        .collect();
    if at_door && stream.permille(STRANGER_PERMILLE) {
        people.push(stranger(context, stream));
    }
    people
}

fn exposure(context: &Context, stream: &mut Stream) -> Value {
    let arrived = day_after(context.date, -(stream.between(0, EXPOSURE_DAYS_MAX) as i32));
    let left = day_after(arrived, -1);
    let mut told = json!({
        "place": *stream.pick(&PLACES),
        "left_on": left.to_string(),
        "arrived_on": arrived.to_string(),
    });
    if stream.permille(100) {
        // with whom, in words: whoever asks writes down what is said
        told["contact"] = "同车有人发热".into();
    }
    told
}

fn stranger(context: &Context, stream: &mut Stream) -> Value {
    let number = stream.below(OUTSIDERS);
    let outsider = context.model.outsider(number);
    json!({
        "unregistered": {
            "ref": format!("x{:03}", number + 1), "name": outsider.name, "sex": outsider.sex.letter(),
            "phone": outsider.phone, "from": *stream.pick(&PLACES),
        },
        "basis": "seen",
        "presence": "new",
        "readings": readings::contactless(stream).readings,
        "symptoms": readings::symptoms(stream),
    })
}
