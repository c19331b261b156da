//! Answers about one building, household or person, and the lists behind the numbers.

use domain::values::Timestamp;
use readmodel::views::{
    BuildingDetail, CheckpointItem, CoverageDoors, DutyItem, HouseholdView, PersonItem, PersonView, QuarantineItem, SilenceItem, StaffItem, TimelineItem,
};
use serde_json::{Value, json};

use super::place::{SEQUENCE, ago, buildings, typed};

/// Units, floors, doors on a floor.
fn shape(building: &str) -> (u32, i32, i32) {
    match building {
        "l30" => (4, 18, 2),
        _ => (3, 6, 2),
    }
}

fn cell(now: &dyn Fn() -> Timestamp, building: &str, unit: u32, floor: i32, door: i32) -> Value {
    let name = format!("{floor}{door:02}");
    let household = format!("h-{building}-{unit}-{name}");
    let known = |state: &str, minutes: i64| (state.to_owned(), Some("seen"), Some(ago(now, minutes)));
    let (state, known_by, seen_at) = match (building, unit, name.as_str()) {
        ("y07", 2, "502") => known("critical", 12),
        ("y07", 2, "402") | ("l30", 3, "1101") => known("serious", 60 * 11),
        ("y07", 3, "402") | ("l30", 1, "902" | "701") => ("unknown".to_owned(), None, Some(ago(now, 60 * 26))),
        ("l30", 2, "301" | "1602" | "1402") | ("l30", 4, "1201" | "502") => known("duty", 240),
        (_, 3, "601") | ("l30", 4, "1801" | "1701") => known("vacant", 60 * 30),
        _ => ("normal".to_owned(), Some("reported"), None),
    };
    let ordered = state == "duty" || (building == "y07" && name == "402" && unit == 2);
    json!({ "door": name, "unit": unit.to_string(), "floor": floor, "state": state, "households": [household], "people": if state == "vacant" { 0 } else { 2 + (door + floor) % 3 },
        "quarantined": u32::from(ordered), "day": ordered.then_some(8), "days": ordered.then_some(14), "overdue": u32::from(building == "y07" && ordered),
        "alerts": { "critical": u32::from(state == "critical"), "serious": u32::from(state == "serious"), "caution": 0 }, "known_by": known_by, "seen_at": seen_at,
        "last_outcome": "met", "last_outcome_at": seen_at })
}

fn village_cell(now: &dyn Fn() -> Timestamp, building: &str, number: u32) -> Value {
    let state = match number {
        5 => "duty",
        9 | 17 => "unknown",
        12 => "vacant",
        _ => "normal",
    };
    let known_by = if state == "unknown" { Value::Null } else { json!("seen") };
    json!({ "door": null, "unit": null, "floor": null, "state": state, "households": [format!("h-{building}-{number:02}")], "people": 3, "quarantined": u32::from(number == 5),
        "day": (number == 5).then_some(3), "days": (number == 5).then_some(14), "overdue": 0, "alerts": { "critical": 0, "serious": 0, "caution": 0 }, "known_by": known_by,
        "seen_at": ago(now, 300), "last_outcome": null, "last_outcome_at": null })
}

pub(crate) fn building(now: &dyn Fn() -> Timestamp, building: &str) -> Option<Value> {
    let mut row = buildings(now).into_iter().find(|row| row["building"] == building)?;
    let village = building.starts_with('v');
    let units = if village {
        let doors: Vec<Value> = (1..=row["doors"].as_u64()?).map(|number| village_cell(now, building, u32::try_from(number).unwrap())).collect();
        json!([{ "unit": null, "name": null, "floors": [{ "floor": null, "doors": doors }] }])
    } else if row["doors"] == 0 {
        json!([])
    } else {
        let (units, floors, doors) = shape(building);
        let floor =
            |unit: u32, floor: i32| json!({ "floor": floor, "doors": (1..=doors).map(|door| cell(now, building, unit, floor, door)).collect::<Vec<_>>() });
        (1..=units)
            .map(|unit| json!({ "unit": unit.to_string(), "name": null, "floors": (1..=floors).rev().map(|level| floor(unit, level)).collect::<Vec<_>>() }))
            .collect()
    };
    row["kind"] = json!(if village { "village_group" } else { "block" });
    row["grid"] = json!("g-03");
    row["private"] = json!({ "address": ["龙泉路18号"] });
    row["units"] = units;
    Some(typed::<BuildingDetail>(row))
}

fn place(household: &str) -> Option<Value> {
    let mut parts = household.strip_prefix("h-")?.split('-');
    let (building, unit, door) = (parts.next()?, parts.next()?, parts.next());
    let floor = door.and_then(|door| door.parse::<i32>().ok()).map(|door| door / 100);
    let estate = format!("e-{}", &building[..1]);
    Some(json!({ "estate": estate, "building": building, "unit": door.map(|_| unit), "floor": floor, "door": door, "household": household }))
}

pub(crate) fn household(now: &dyn Fn() -> Timestamp, household: &str, personal: bool) -> Option<Value> {
    let place = place(household)?;
    buildings(now).iter().find(|row| row["building"] == place["building"])?;
    let resident = |person: &str, kind: &str| json!({ "person": person, "kind": kind, "from": ago(now, 60 * 24 * 900), "until": null });
    let orders: Vec<Value> =
        quarantines(now).into_iter().filter(|order| order["place"]["household"] == household).map(|order| order["quarantine"].clone()).collect();
    Some(typed::<HouseholdView>(json!({
        "household": household, "estate": place["estate"], "place": place, "private": if personal { json!({ "label": ["<b>王家</b>"], "phone": ["0538-555-0142"] }) } else { Value::Null },
        "people": [resident("p7f3a", "lives"), resident("p7f3b", "lives"), resident("p7f3c", "stays")], "orders": orders, "observations": [], "sequence": SEQUENCE })))
}

pub(crate) fn person(now: &dyn Fn() -> Timestamp, person: &str, personal: bool) -> Option<Value> {
    let (name, sex, born, fever) = match person {
        "p7f3a" => ("王建国", "m", 1948, true),
        "p7f3b" => ("李秀兰", "f", 1951, false),
        "p7f3c" => ("王若彤", "f", 2009, false),
        _ => return None,
    };
    let reading =
        |tenths: i32, minutes: i64| json!({ "tenths_celsius": tenths, "unreadable": null, "site": "axilla", "at": ago(now, minutes), "fever": tenths >= 373 });
    let measured = json!([{ "event": "01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f51-0", "at": ago(now, 12), "recorded_at": ago(now, 11), "source": "visit",
        "readings": [reading(if fever { 382 } else { 366 }, 12)], "symptoms": [] }]);
    let findings = json!([{ "event": "01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f52-0", "finding": if fever { "suspected" } else { "not_infected" }, "at": ago(now, 5),
        "recorded_at": ago(now, 4), "facility": "f-clinic", "private": Value::Null }]);
    let stay = json!({ "quarantine": "q-y07-502", "since": ago(now, 60 * 3), "event": "01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f53-0" });
    Some(typed::<PersonView>(json!({
        "person": person, "private": if personal { json!({ "name": [name], "phone": ["0538-555-0142"] }) } else { Value::Null }, "birth_year": personal.then_some(born),
        "sex": personal.then_some(sex), "categories": [], "home": null, "residences": [], "orders": [], "measured": if personal { measured } else { json!([]) },
        "findings": if personal { findings } else { json!([]) }, "in_hospital": if personal && person == "p7f3b" { stay } else { Value::Null }, "sequence": SEQUENCE })))
}

/// What somebody is called, as the list of people says it.
pub(crate) fn named(person: &str) -> Option<Value> {
    let name = match person {
        "p7f3a" => "王建国",
        "p7f3b" => "李秀兰",
        "p7f3c" => "王若彤",
        _ => return None,
    };
    Some(typed::<PersonItem>(json!({ "person": person, "private": { "name": [name] }, "household": "h-y07-2-502", "sequence": SEQUENCE })))
}

pub(crate) fn quarantines(now: &dyn Fn() -> Timestamp) -> Vec<Value> {
    let doors = [
        ("y07", "2", "402", 8, "overdue"),
        ("l30", "2", "1602", 8, "done"),
        ("l30", "2", "1402", 3, "done"),
        ("l30", "4", "1201", 8, "due"),
        ("l30", "4", "502", 11, "done"),
        ("l30", "2", "301", 8, "done_late"),
        ("l12", "1", "301", 6, "overdue"),
        ("l17", "1", "502", 14, "done"),
        ("d02", "3", "101", 1, "done"),
    ];
    // one-to-one in building 7, by the grid in estate l, nobody elsewhere
    let keepers = |building: &str| match &building[..1] {
        "y" => json!([{ "staff": "s-lou", "standing": "main", "scope": "quarantine" }, { "staff": "s-yang", "standing": null, "scope": "quarantine" }]),
        "l" => json!([{ "staff": "s-li", "standing": "main", "scope": "grid" }]),
        _ => json!([]),
    };
    let slot = |name: &str, state: &str, hour: &str| {
        json!({ "date": "2020-02-06", "name": name, "opens_at": format!("2020-02-06T{hour}:00:00+08:00"), "due_at": format!("2020-02-06T{hour}:30:00+08:00"),
            "state": state, "done_by": null, "late_entry": false })
    };
    let order = |(building, unit, door, day, evening): (&str, &str, &str, i32, &str)| {
        let place = place(&format!("h-{building}-{unit}-{door}")).unwrap();
        let overdue = u32::from(evening == "overdue");
        typed::<QuarantineItem>(json!({
            "quarantine": format!("q-{building}-{door}"), "person": "p7f3a", "kind": "home", "status": if overdue > 0 { "serious" } else { "duty" }, "place": place, "facility": null,
            "room": null, "regime": null, "basis": "exposure", "day_0": "2020-01-29", "day": day, "days": 14, "last_day": "2020-02-12", "release_due": day == 14,
            "ordered_at": ago(now, 60 * 24 * 8), "released_at": null, "released": null, "keepers": keepers(building), "checks": { "due": 2, "done": 2 - overdue, "overdue": overdue, "missed": overdue },
            "slots": [slot("morning", "done", "09"), slot("evening", evening, "19")],
            "findings": [{ "event": "01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f60-0", "at": ago(now, 60 * 11), "recorded_at": ago(now, 60 * 11), "outcome": "reached", "mode": "video", "complete": true,
                "readings": [{ "tenths_celsius": 366, "unreadable": null, "site": "axilla", "at": ago(now, 660), "fever": false }], "symptoms": [], "by": ["s-yang"] }], "sequence": SEQUENCE }))
    };
    doors.into_iter().map(order).collect()
}

pub(crate) fn checkpoints(now: &dyn Fn() -> Timestamp) -> Vec<Value> {
    let gates = [
        ("c1", "阳光小区南门", "gate", 1204, 3, true),
        ("c2", "阳光小区北门", "gate", 0, 0, false),
        ("c3", "龙泉家园东门", "gate", 988, 1, true),
        ("c4", "东苑路口", "street", 871, 0, true),
        ("c5", "龙泉村口", "village", 349, 0, true),
    ];
    let gate = |(id, name, kind, today, abnormal, open): (&str, &str, &str, u32, u32, bool)| {
        typed::<CheckpointItem>(
            json!({ "checkpoint": id, "name": name, "kind": kind, "serves": ["e-y"], "open": open, "closed_at": if open { Value::Null } else { json!(ago(now, 3000)) },
            "entries_today": today, "abnormal_today": abnormal, "entries_yesterday": today + 87, "last_seen_at": ago(now, if open { 2 } else { 3000 }), "sequence": SEQUENCE }),
        )
    };
    gates.into_iter().map(gate).collect()
}

pub(crate) fn silences(now: &dyn Fn() -> Timestamp, personal: bool) -> Vec<Value> {
    let private = if personal { json!({ "reason": ["停电<b>"] }) } else { Value::Null };
    vec![typed::<SilenceItem>(
        json!({ "silence": "01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f70", "kind": "building_silent", "building": null, "since": ago(now, 30), "until": ago(now, -90),
            "actor": "office", "by": ["s-yang"], "private": private, "sequence": SEQUENCE }),
    )]
}

pub(crate) fn staff(personal: bool) -> Vec<Value> {
    let people = [
        ("s-gone", "nurse", "孙静", Some("2020-02-01T00:00:00+08:00")),
        ("s-li", "grid_worker", "李建军", None),
        ("s-lou", "leader", "娄<b>桂兰", None),
        ("s-wan", "office", "万敏", None),
        ("s-yang", "leader", "杨秀英", None),
        ("s-zhao", "guard", "赵强", None),
    ];
    let item = |(staff, role, name, until): (&str, &str, &str, Option<&str>)| {
        let private = if personal { json!({ "name": [name], "phone": ["0538-555-0177"] }) } else { Value::Null };
        typed::<StaffItem>(json!({ "staff": staff, "roles": [role], "org": null, "until": until, "private": private, "sequence": SEQUENCE }))
    };
    people.into_iter().map(item).collect()
}

/// The nurse's post is vacant, her deputy away; a shift of the office goes on; building 7 has a leader, unit 2 of building 30 has none.
pub(crate) fn duties(now: &dyn Fn() -> Timestamp) -> Vec<Value> {
    let person = |staff: &str, standing: Option<&str>, on_duty: bool, away: bool| {
        let until = standing.is_none().then(|| ago(now, -120));
        json!({ "staff": staff, "standing": standing, "since": ago(now, 60 * 24 * 3), "until": until, "on_duty": on_duty, "away": away })
    };
    let item = |scope: &str, id: &str, building: Option<(&str, &str, &str)>, duty: &str, level: u8, people: Vec<Value>| {
        let (building, name, estate) = building.map_or((None, None, None), |(building, name, estate)| (Some(building), Some(name), Some(estate)));
        let vacant = people.iter().all(|person| person["on_duty"] == false);
        typed::<DutyItem>(json!({ "scope": scope, "id": id, "name": name, "estate_name": estate, "building": building, "duty": duty, "level": level,
            "vacant": vacant, "people": people }))
    };
    vec![
        item("community", "longquan", None, "nurse", 1, vec![person("s-li", Some("deputy"), false, true)]),
        item("unit", "l30-2", Some(("l30", "30号楼", "龙泉家园")), "leader", 1, vec![]),
        item("community", "longquan", None, "office", 2, vec![person("s-wan", None, true, false), person("s-zhao", Some("main"), false, false)]),
        item("grid", "g-03", None, "grid", 1, vec![person("s-li", Some("main"), true, false)]),
        item("building", "y07", Some(("y07", "7号楼", "阳光小区")), "leader", 1, vec![person("s-lou", Some("main"), true, false)]),
    ]
}

pub(crate) fn coverage(now: &dyn Fn() -> Timestamp) -> Vec<Value> {
    let named = |count: u64, unit: u64| (0..count).map(|index| format!("{}-{}0{}", unit + index % 2, 1 + index % 6, 1 + index % 2)).collect::<Vec<_>>();
    let doors = |row: &Value| {
        let (covered, total) = (row["covered"].as_u64().unwrap(), row["doors"].as_u64().unwrap());
        let open = total - covered;
        let (absent, refused) = (open / 2, u64::from(open > 2));
        typed::<CoverageDoors>(json!({ "building": row["building"], "name": row["name"], "reached": covered, "total": total, "absent": named(absent, 1),
            "refused": named(refused, 3), "missing": named(open - absent - refused, 2) }))
    };
    buildings(now).iter().map(doors).collect()
}

pub(crate) fn timeline(now: &dyn Fn() -> Timestamp, household: &str, personal: bool) -> Vec<Value> {
    let at = place(household);
    let item = |tail: u32, kind: &str, minutes: i64, delay: i64, by: &str, via: Option<&str>, retracted: bool, data: Value| {
        let mut item = typed::<TimelineItem>(json!({
            "id": format!("01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f{tail}-0"), "type": kind, "at": ago(now, minutes), "recorded_at": ago(now, minutes - delay), "late": delay > 60,
            "actor": "t-office", "by": if by.is_empty() { json!([]) } else { json!([by]) }, "via": via, "retracted_by": retracted.then_some("01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f99"), "sequence": SEQUENCE }));
        item["data"] = if personal { data } else { Value::Null };
        item
    };
    let reading = |site: &str, tenths: i32| json!({ "site": site, "tenths_celsius": tenths, "unreadable": null, "at": ago(now, 10) });
    let visit = |site: &str, tenths: i32, symptoms: Value| {
        let note = if tenths == 382 { json!({ "note": ["昨晚起发冷 <script>alert(1)</script>"] }) } else { Value::Null };
        json!({ "place": at, "round": "r3", "outcome": "met", "mode": "door", "people": [{ "who": { "person": "p7f3a", "unregistered": null }, "basis": "seen", "presence": "here",
            "readings": [reading(site, tenths)], "not_measured": null, "symptoms": symptoms, "exposure": null, "orders": [], "private": note }], "call_back_at": null, "private": null })
    };
    let mut items = vec![
        item(
            52,
            "alert.raised.v1",
            11,
            0,
            "",
            None,
            false,
            json!({ "key": { "rule": "fever" }, "occurrence": { "severity": "critical", "place": at, "causes": ["01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f51-0"] } }),
        ),
        item(51, "visit.recorded.v1", 12, 1, "s-yang", Some("app"), false, visit("axilla", 382, json!(["cough"]))),
        item(50, "visit.recorded.v1", 21, 1, "s-yang", Some("app"), false, visit("forehead", 381, json!([]))),
        item(48, "visit.recorded.v1", 60 * 7, 60 * 5, "s-li", Some("paper"), false, visit("forehead", 364, json!([]))),
        item(47, "visit.recorded.v1", 60 * 9, 2, "s-li", Some("app"), true, visit("forehead", 390, json!([]))),
        item(
            46,
            "entry.recorded.v1",
            60 * 30,
            0,
            "s-zhao",
            Some("app"),
            false,
            json!({ "checkpoint": "c1", "direction": "in", "readings": [reading("forehead", 365)], "result": "admitted" }),
        ),
        item(
            54,
            "arrival.declared.v1",
            60 * 31,
            0,
            "s-zhao",
            Some("phone"),
            false,
            json!({ "who": { "person": null, "unregistered": "v1" }, "place": at, "arrived_on": "2020-02-05", "private": { "name": ["赵六"], "from": ["武汉"], "phone": ["0538-555-0142"] } }),
        ),
        item(
            53,
            "household.exposed.v1",
            60 * 32,
            0,
            "",
            None,
            false,
            json!({ "person": "p7f3a", "quarantine": "q1", "place": at, "housemates": ["p7f3b", "p7f3c"] }),
        ),
        item(45, "residence.started.v1", 60 * 24 * 900, 60, "", Some("import"), false, json!({ "kind": "lives" })),
        item(44, "household.registered.v1", 60 * 24 * 901, 60, "", Some("import"), false, json!({ "household": household })),
    ];
    // who was left behind by somebody in hospital is told to those who may see findings
    items.retain(|item| personal || item["type"] != "household.exposed.v1");
    items
}
