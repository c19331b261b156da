//! The evening before the first day: a community is set up, in an order in which nothing refers to what comes later.

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::command::{Draft, Sent, Via};
use crate::model::{Leader, Model};
use crate::moment::{Moment, TIME_ZONE, clock, day_after};
use crate::orders::{REGIME, REGIME_DAYS};
use crate::places::BuildingKind;
use crate::random::label;
use crate::rounds;
use crate::slugs;
use crate::staff::{Role, staff_slug};

/// Building reports are due at this time; afterwards a building is silent.
pub(crate) const REPORT_DUE: &str = "18:00";
/// Households that gave a phone for the whole household, per thousand.
const HOUSEHOLD_PHONE_PERMILLE: u32 = 600;

/// One step of the founding: how many commands it has, when on the evening before, and how each is made.
struct Step {
    count: fn(&Model) -> u32,
    second: u32,
    make: fn(&Model, u32) -> (&'static str, Value),
}

const STEPS: [Step; 14] = [
    Step { count: |_| 1, second: clock(8, 0), make: community },
    Step { count: |_| 1, second: clock(8, 5), make: policy },
    Step { count: |model| model.places.estates.len() as u32, second: clock(8, 30), make: estate },
    Step { count: |model| model.places.buildings.len() as u32, second: clock(9, 0), make: building },
    Step { count: |model| model.spec.service_staff(), second: clock(9, 30), make: service_staff },
    Step { count: |model| model.places.checkpoints.len() as u32, second: clock(10, 0), make: checkpoint },
    Step { count: |model| model.spec.service_staff(), second: clock(10, 30), make: service_duty },
    Step { count: |model| model.spec.doors, second: clock(11, 0), make: household },
    Step { count: |model| model.people.count(), second: clock(14, 0), make: person },
    Step { count: |model| model.leaders.len() as u32, second: clock(17, 0), make: leader },
    Step { count: |model| model.leaders.len() as u32, second: clock(17, 30), make: leader_duty },
    // after the evening slot was due: the first checks are owed the next morning
    Step { count: |model| model.orders.founding(), second: clock(20, 30), make: order },
    Step { count: |model| model.orders.founding(), second: clock(20, 40), make: keeper },
    Step { count: |_| 1, second: clock(21, 0), make: first_round },
];

/// The commands that found one community, in dependency order. Made one at a time; `len` is exact.
#[derive(Clone, Debug)]
pub struct Founding {
    model: Arc<Model>,
    step: usize,
    index: u32,
    counter: u32,
    left: usize,
}

impl Founding {
    pub(crate) fn of(model: Arc<Model>) -> Self {
        let left = STEPS.iter().map(|step| (step.count)(&model) as usize).sum();
        Self { model, step: 0, index: 0, counter: 0, left }
    }
}

impl Iterator for Founding {
    type Item = Sent;

    fn next(&mut self) -> Option<Sent> {
        let model = &self.model;
        let mut step = STEPS.get(self.step)?;
        while self.index >= (step.count)(model) {
            self.step += 1;
            self.index = 0;
            step = STEPS.get(self.step)?;
        }
        let at = Moment::new(eve(model.start), step.second);
        let (kind, data) = (step.make)(model, self.index);
        let command = Draft::new(kind, at, Via::Import, data).with_id(model.id(format_args!("founding {}", self.counter)));
        self.index += 1;
        self.counter += 1;
        self.left -= 1;
        Some(Sent { send: at, community: model.spec.slug.clone(), command })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Founding {}

fn eve(start: Date) -> Date {
    day_after(start, -1)
}

fn community(model: &Model, _: u32) -> (&'static str, Value) {
    let spec = &model.spec;
    let data = json!({
        "town": spec.town.slug, "town_name": spec.town.name, "community": spec.slug, "name": spec.name, "time_zone": TIME_ZONE,
    });
    ("community.found", data)
}

/// The regime every order names, and what this community does differently.
fn policy(model: &Model, _: u32) -> (&'static str, Value) {
    let mut stream = model.stream(&[label("policy")]);
    let data = json!({
        "fever": {"threshold": 37.3, "comparator": ">=", "clear_below": 37.3},
        "regimes": {REGIME: {"days": REGIME_DAYS, "slots": [
            {"name": "am", "opens": "08:00", "due": "12:00"},
            {"name": "pm", "opens": "14:00", "due": "20:00"},
        ]}},
        "grace_minutes": *stream.pick(&[30, 30, 60]),
        "remeasure_minutes": *stream.pick(&[30, 30, 45]),
        "report_due": REPORT_DUE,
        "stale_after_hours": 48,
    });
    ("policy.set", data)
}

fn estate(model: &Model, index: u32) -> (&'static str, Value) {
    let estate = &model.places.estates[index as usize];
    ("estate.register", json!({"estate": slugs::estate(index), "name": estate.name, "governance": estate.governance.word()}))
}

fn building(model: &Model, index: u32) -> (&'static str, Value) {
    let building = &model.places.buildings[index as usize];
    let mut data = Map::new();
    data.insert("building".into(), slugs::building(index).into());
    data.insert("name".into(), building.name.clone().into());
    data.insert("kind".into(), building.kind.word().into());
    if let Some(estate) = building.estate {
        data.insert("estate".into(), slugs::estate(estate).into());
    }
    if let Some(grid) = building.grid {
        data.insert("grid".into(), slugs::grid(grid).into());
    }
    let mut door = building.first_door;
    let mut units = Vec::with_capacity(building.units.len());
    for (number, unit) in building.units.iter().enumerate() {
        let labels: Vec<String> = (door..door + unit.doors).map(|door| model.door(door).label).collect();
        door += unit.doors;
        units.push(unit_shape(number as u32, building.kind, unit.floors, labels));
    }
    if !units.is_empty() {
        data.insert("units".into(), units.into());
    }
    ("building.register", Value::Object(data))
}

/// The one place that knows how a unit is written: `floors` is the number of floors, `doors` their names from the bottom up.
fn unit_shape(number: u32, kind: BuildingKind, floors: u32, doors: Vec<String>) -> Value {
    match kind {
        BuildingKind::VillageGroup => {
            json!({"unit": slugs::unit(number), "name": "全组", "floors": floors, "doors": doors})
        }
        _ => json!({"unit": slugs::unit(number), "floors": floors, "doors": doors}),
    }
}

fn staff_data(model: &Model, staff: u32, name: String, person: Option<u32>) -> Value {
    let (role, _) = model.staff.role(staff);
    let mut data = Map::new();
    data.insert("staff".into(), staff_slug(staff).into());
    data.insert("name".into(), name.into());
    data.insert("roles".into(), json!([role.word()]));
    data.insert("phones".into(), json!([model.staff.phone(staff)]));
    if let Some(organisation) = role.organisation() {
        data.insert("org".into(), organisation.into());
    }
    if let Some(person) = person {
        data.insert("person".into(), slugs::person(person).into());
    }
    Value::Object(data)
}

fn service_staff(model: &Model, index: u32) -> (&'static str, Value) {
    ("staff.register", staff_data(model, index, model.staff.name(index), None))
}

fn leader(model: &Model, index: u32) -> (&'static str, Value) {
    let leader = model.leaders[index as usize];
    let name = leader.person.map_or_else(|| model.staff.name(leader.staff), |person| model.people.person(person).name);
    ("staff.register", staff_data(model, leader.staff, name, leader.person))
}

fn checkpoint(model: &Model, index: u32) -> (&'static str, Value) {
    let post = &model.places.checkpoints[index as usize];
    ("checkpoint.open", json!({"checkpoint": slugs::checkpoint(index), "name": post.name, "kind": post.kind}))
}

fn duty(scope: Value, duty: &str, level: u32, staff: u32, main: bool) -> (&'static str, Value) {
    let standing = if main { "main" } else { "deputy" };
    let data = json!({"scope": scope, "duty": duty, "level": level, "staff": staff_slug(staff), "standing": standing});
    ("responsibility.assign", data)
}

/// What each of the service staff answers for. The first of a scope holds it, the others stand in.
fn service_duty(model: &Model, staff: u32) -> (&'static str, Value) {
    let spec = &model.spec;
    let community = json!({"community": spec.slug});
    let (role, place) = model.staff.role(staff);
    match role {
        // the secretary is the community's voice in the town command
        Role::Office if place == 0 => duty(community, "command", 3, staff, true),
        Role::Office => duty(community, "office", 2, staff, place == 1),
        Role::Nurse => duty(community, "nurse", 1, staff, place == 0),
        Role::Volunteer => duty(community, "visits", 1, staff, place == 0),
        Role::GridWorker => grid_duty(model, staff, place),
        Role::HotelStaff => {
            let first = spec.blocks + spec.village_groups;
            let hotel = first + place % spec.hotels.max(1);
            duty(json!({"building": slugs::building(hotel)}), "leader", 1, staff, place < spec.hotels)
        }
        _ => {
            let posts = spec.posts.max(1);
            duty(json!({"checkpoint": slugs::checkpoint(place % posts)}), "guard", 1, staff, place < posts)
        }
    }
}

fn grid_duty(model: &Model, staff: u32, place: u32) -> (&'static str, Value) {
    let spec = &model.spec;
    let estates = model.places.estates.len() as u32;
    let (scope, scopes) = if spec.grids > 0 {
        (json!({"grid": slugs::grid(place % spec.grids)}), spec.grids)
    } else if spec.grid_workers_in_first_estate {
        let first = model.places.buildings.iter().filter(|building| building.estate == Some(0)).count().max(1) as u32;
        (json!({"building": slugs::building(place % first)}), first)
    } else if estates > 0 {
        (json!({"estate": slugs::estate(place % estates)}), estates)
    } else {
        (json!({"building": slugs::building(place % spec.village_groups.max(1))}), spec.village_groups)
    };
    duty(scope, "grid", 1, staff, place < scopes)
}

fn leader_duty(model: &Model, index: u32) -> (&'static str, Value) {
    let leader = model.leaders[index as usize];
    duty(leader_scope(&leader), "leader", 1, leader.staff, true)
}

/// The building of a leader, with the unit of a unit leader.
pub(crate) fn leader_scope(leader: &Leader) -> Value {
    match leader.unit {
        Some(unit) => {
            json!({"building": slugs::building(leader.building), "unit": slugs::unit(unit)})
        }
        None => json!({"building": slugs::building(leader.building)}),
    }
}

fn household(model: &Model, index: u32) -> (&'static str, Value) {
    let door = model.door(index);
    let mut data = json!({
        "household": slugs::household(index),
        "building": slugs::building(door.building),
        "unit": slugs::unit(door.unit),
        "floor": door.floor,
        "door": door.label,
    });
    let mut stream = model.stream(&[label("household phone"), u64::from(index)]);
    let mut people = model.people.of_household(index);
    if let Some(phone) = people.next().and_then(|head| model.people.person(head).phone)
        && stream.permille(HOUSEHOLD_PHONE_PERMILLE)
    {
        data["phones"] = json!([phone]);
    }
    ("household.register", data)
}

fn person(model: &Model, index: u32) -> (&'static str, Value) {
    let person = model.people.person(index);
    let mut data = json!({
        "person": slugs::person(index),
        "name": person.name,
        "household": slugs::household(person.household),
        "id_number": person.id_number,
        "birth_year": person.birth_year,
        "sex": person.sex.letter(),
    });
    if let Some(phone) = person.phone {
        data["phones"] = json!([phone]);
    }
    if let Some(category) = model.orders.category(index) {
        data["categories"] = json!([category]);
    }
    ("person.register", data)
}

fn order(model: &Model, index: u32) -> (&'static str, Value) {
    ("quarantine.order", order_data(model, index))
}

fn keeper(model: &Model, index: u32) -> (&'static str, Value) {
    keeper_duty(model, index)
}

/// The data of an order; empty when the number does not exist.
pub(crate) fn order_data(model: &Model, number: u32) -> Value {
    let Some(order) = model.orders.order(number, &model.people) else {
        return json!({});
    };
    json!({
        "quarantine": order.slug(),
        "person": slugs::person(order.person),
        "kind": "home",
        "household": slugs::household(order.household),
        "regime": REGIME,
        "count_from": {"date": order.count_from.to_string(), "basis": order.basis},
    })
}

/// Who keeps the person of an order, one to one: nurses and grid workers in turn, the same for a whole household.
pub(crate) fn keeper_of(model: &Model, household: u32) -> u32 {
    let role = if household.is_multiple_of(3) { Role::Nurse } else { Role::GridWorker };
    model.staff.one(role, household)
}

/// The responsibility of the keeper of an order.
pub(crate) fn keeper_duty(model: &Model, number: u32) -> (&'static str, Value) {
    let order = model.orders.order(number, &model.people);
    let (slug, household) = order.map_or_else(Default::default, |order| (order.slug(), order.household));
    duty(json!({"quarantine": slug}), "keeper", 1, keeper_of(model, household), true)
}

fn first_round(model: &Model, _: u32) -> (&'static str, Value) {
    ("round.open", rounds::open_data(model, 0))
}
