//! The invented place: estates, buildings, alerts. Every value passes through the real view type.

use domain::values::Timestamp;
use readmodel::views::{AlertItem, CommunityHeadline, StatusRow};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

pub(crate) const COMMUNITY: &str = "longquan";
pub(crate) const SEQUENCE: u64 = 184_220;

/// Through the real type and back: what the API could not send is not sent here either.
pub(crate) fn typed<T: Serialize + DeserializeOwned>(value: Value) -> Value {
    let text = value.to_string();
    serde_json::to_value(serde_json::from_value::<T>(value).unwrap_or_else(|error| panic!("{error}: {text}"))).unwrap()
}

pub(crate) fn ago(now: &dyn Fn() -> Timestamp, minutes: i64) -> Timestamp {
    now().plus_minutes(-minutes)
}

/// Letter of its ids, name, how many buildings, first number.
const ESTATES: [(&str, &str, u32); 4] = [("y", "阳光小区", 26), ("l", "龙泉家园", 34), ("d", "东苑新村", 28), ("v", "龙泉村", 12)];

fn building_status(id: &str) -> (&'static str, [u32; 3], u32, u32, bool) {
    // status, alerts, people under order, overdue checks, silent
    match id {
        "y07" => ("critical", [1, 3, 0], 2, 1, false),
        "l12" | "d05" => ("serious", [0, 1, 0], 1, 1, false),
        "l30" => ("serious", [0, 1, 1], 6, 0, false),
        "y03" | "l08" | "d19" | "v04" | "d20" => ("unknown", [0, 0, 1], 0, 0, true),
        "y11" | "y19" | "l02" | "l17" | "l25" | "d02" | "d11" | "d26" | "v02" => ("duty", [0, 0, 0], 1, 0, false),
        "d28" | "l34" => ("vacant", [0, 0, 0], 0, 0, false),
        _ => ("normal", [0, 0, 0], 0, 0, false),
    }
}

pub(crate) fn buildings(now: &dyn Fn() -> Timestamp) -> Vec<Value> {
    let ids = ESTATES.iter().flat_map(|(letter, name, count)| (1..=*count).map(move |number| (letter, name, number)));
    ids.map(|(letter, estate, number)| {
        let id = format!("{letter}{number:02}");
        let (status, alerts, quarantined, overdue, silent) = building_status(&id);
        let doors = match id.as_str() {
            "l30" => 144,
            _ if *letter == "v" => 30 + number * 7 % 25,
            _ => 36 + number * 5 % 4 * 6,
        };
        let doors = if status == "vacant" { 0 } else { doors };
        let covered = if status == "unknown" { doors / 4 } else { doors.saturating_sub(number * 3 % 4) };
        let last = if silent { ago(now, 60 * 25 + i64::from(number)) } else { ago(now, 15 + i64::from(number * 13 % 170)) };
        let name = if *letter == "v" { format!("{number}组") } else { format!("{number}号楼") };
        let badges: Vec<&str> = [(quarantined > 0, "duty"), (id == "l17", "release_due")].iter().filter(|(on, _)| *on).map(|(_, badge)| *badge).collect();
        typed::<StatusRow>(json!({
            "building": id, "name": name, "estate": format!("e-{letter}"), "estate_name": estate, "status": status, "households": doors, "doors": doors,
            "covered": covered.min(doors), "people": doors * 5 / 2, "quarantined": quarantined, "badges": badges,
            "checks": { "due": quarantined * 2, "done": quarantined * 2 - overdue, "overdue": overdue, "missed": u32::from(id == "y07") },
            "alerts": { "critical": alerts[0], "serious": alerts[1], "caution": alerts[2] }, "silent": silent,
            "last_report_at": if status == "vacant" { Value::Null } else { json!(last) }, "sequence": SEQUENCE }))
    })
    .collect()
}

/// Id, name, town and its name, status; critical, serious, silent, under order, overdue.
type Other = (&'static str, &'static str, &'static str, &'static str, &'static str, [u32; 5]);

const OTHERS: [Other; 13] = [
    ("fuqiang", "富强社区", "pailou", "牌楼街道", "serious", [0, 3, 1, 19, 0]),
    ("huayuan", "花园社区", "dongqu", "东区街道", "serious", [0, 2, 4, 44, 1]),
    ("u07", "城关第七社区", "dianbu", "店埠镇", "serious", [0, 1, 2, 61, 0]),
    ("u01", "城关第一社区", "dianbu", "店埠镇", "unknown", [0, 0, 3, 38, 0]),
    ("r04", "双墩村", "dianbu", "店埠镇", "unknown", [0, 0, 1, 4, 0]),
    ("u02", "城关第二社区", "dianbu", "店埠镇", "duty", [0, 0, 0, 52, 0]),
    ("u03", "河东社区", "dianbu", "店埠镇", "duty", [0, 0, 0, 17, 0]),
    ("r11", "马桥村", "dianbu", "店埠镇", "normal", [0, 0, 0, 0, 0]),
    ("zushimiao", "祖师庙社区", "jixian", "稷县城区", "duty", [0, 0, 0, 23, 0]),
    ("dongguan", "东关社区", "jixian", "稷县城区", "duty", [0, 0, 0, 12, 0]),
    ("xiaofu", "孝府社区", "jixian", "稷县城区", "normal", [0, 0, 0, 0, 0]),
    ("qiaonan", "桥南社区", "jixian", "稷县城区", "normal", [0, 0, 0, 0, 0]),
    ("xiguan", "西关社区", "jixian", "稷县城区", "vacant", [0, 0, 0, 0, 0]),
];

pub(crate) fn communities(now: &dyn Fn() -> Timestamp) -> Vec<Value> {
    let rows = buildings(now);
    let sum = |field: &str, part: Option<&str>| rows.iter().map(|row| part.map_or(&row[field], |part| &row[field][part]).as_u64().unwrap()).sum::<u64>();
    let own = typed::<CommunityHeadline>(json!({
        "community": COMMUNITY, "name": "龙泉社区", "town": "beijipo", "town_name": "北集坡街道", "time_zone": "Asia/Shanghai", "status": "critical",
        "buildings": rows.len(), "doors": sum("doors", None), "households": sum("households", None), "people": sum("people", None),
        "coverage": { "round": "r3", "reached": sum("covered", None), "total": sum("doors", None) }, "quarantined": sum("quarantined", None),
        "checks": { "due": sum("checks", Some("due")), "done": sum("checks", Some("done")), "overdue": sum("checks", Some("overdue")), "missed": 1 },
        "alerts": { "critical": 1, "serious": 6, "caution": 5 }, "silent": 5, "entries_today": 3412, "sequence": SEQUENCE }));
    let others = OTHERS.iter().map(|(id, name, town, town_name, status, [critical, serious, silent, quarantined, overdue])| {
        typed::<CommunityHeadline>(json!({
            "community": id, "name": name, "town": town, "town_name": town_name, "time_zone": "Asia/Shanghai", "status": status, "buildings": 80, "doors": 4400,
            "households": 4400, "people": 11_300, "coverage": { "round": "r3", "reached": 4400 - silent * 131, "total": 4400 }, "quarantined": quarantined,
            "checks": { "due": quarantined * 2, "done": quarantined * 2 - overdue, "overdue": overdue, "missed": 0 },
            "alerts": { "critical": critical, "serious": serious, "caution": silent }, "silent": silent, "entries_today": 900, "sequence": SEQUENCE }))
    });
    std::iter::once(own).chain(others).collect()
}

/// An alert in short: id, kind, state, severity, building, unit, door, minutes ago, and what differs.
struct Sketch(u32, &'static str, &'static str, &'static str, &'static str, Option<(&'static str, &'static str)>, i64, Value);

pub(crate) fn alert_id(number: u32) -> String {
    // sixteen letters from a to p, as the hash of a key is written
    let letter = char::from(b'a' + u8::try_from(number % 16).unwrap());
    format!("{}-1", letter.to_string().repeat(16))
}

pub(crate) fn alerts(now: &dyn Fn() -> Timestamp) -> Vec<Value> {
    let until = ago(now, -26);
    let observed = |tenths: i32, site: &str, minutes: i64| json!({ "observed": { "tenths_celsius": tenths, "site": site, "at": ago(now, minutes), "recorded_at": ago(now, minutes - 1) } });
    let sketches = [
        Sketch(1, "fever", "open", "critical", "y07", Some(("2", "502")), 12, {
            let mut more = observed(382, "axilla", 12);
            more["seen"] = json!({ "actor": "t-lou", "by": ["s-lou"], "at": ago(now, 9) });
            more["turn"] = turn(now);
            more
        }),
        Sketch(
            2,
            "check_overdue",
            "open",
            "serious",
            "y07",
            Some(("2", "402")),
            34,
            json!({ "detail": { "slots": [{ "date": "2020-02-06", "name": "evening" }], "missed": 1 } }),
        ),
        Sketch(3, "fever", "open", "serious", "l30", Some(("3", "1101")), 21, {
            let mut more = observed(376, "forehead", 21);
            more["unconfirmed"] = json!(true);
            more
        }),
        Sketch(
            4,
            "check_overdue",
            "acknowledged",
            "serious",
            "l12",
            Some(("1", "301")),
            58,
            json!({ "acknowledged": { "actor": "t-wan", "by": ["s-wan"], "at": ago(now, 20), "until": until }, "detail": { "slots": [{ "date": "2020-02-06", "name": "evening" }] } }),
        ),
        Sketch(
            5,
            "symptom",
            "acknowledged",
            "serious",
            "d05",
            Some(("2", "201")),
            95,
            json!({ "acknowledged": { "actor": "t-nurse", "by": [], "at": ago(now, 70), "until": null }, "late": true }),
        ),
        Sketch(6, "building_silent", "open", "caution", "y03", None, 134, json!({ "detail": { "for_date": "2020-02-06" } })),
        Sketch(7, "building_silent", "open", "caution", "l08", None, 134, json!({ "detail": { "for_date": "2020-02-06" } })),
        Sketch(8, "building_silent", "open", "caution", "d19", None, 134, json!({ "detail": { "for_date": "2020-02-06" } })),
        Sketch(9, "building_silent", "open", "caution", "v04", None, 134, json!({ "detail": { "for_date": "2020-02-06" } })),
        Sketch(10, "door_missed", "open", "caution", "l30", None, 80, json!({})),
        Sketch(
            11,
            "quarantine_breach",
            "resolved",
            "critical",
            "l02",
            Some(("1", "601")),
            60 * 9,
            json!({ "detail": { "direction": "out", "stopped": true } }),
        ),
        Sketch(12, "fever", "closed", "serious", "d11", Some(("3", "102")), 60 * 26, observed(374, "forehead", 60 * 26)),
        // two housemates behind one door
        Sketch(13, "exposure_undecided", "open", "serious", "y07", Some(("2", "502")), 50, json!({ "person": { "person": "p7f3b", "unregistered": null } })),
        Sketch(14, "exposure_undecided", "open", "serious", "y07", Some(("2", "502")), 50, json!({ "person": { "person": "p7f3c", "unregistered": null } })),
    ];
    let rows = buildings(now);
    sketches.into_iter().map(|sketch| alert(now, &rows, sketch)).collect()
}

/// The nurse's post is vacant: it is the turn of the office, and goes up in three minutes.
fn turn(now: &dyn Fn() -> Timestamp) -> Value {
    let owner = |staff: &str, duty: &str, share: &str| json!({ "staff": staff, "duty": duty, "standing": "main", "share": share });
    json!({ "level": 2, "owners": [owner("s-wan", "office", "everything")], "informed": [owner("s-lou", "leader", "do_not_go_up")],
        "gaps": [{ "level": 1, "duty": "nurse" }], "why": "vacant", "since": ago(now, 12), "due_at": ago(now, -3) })
}

fn alert(now: &dyn Fn() -> Timestamp, rows: &[Value], Sketch(number, kind, state, severity, building, door, minutes, more): Sketch) -> Value {
    let row = rows.iter().find(|row| row["building"] == building).unwrap();
    let (unit, name) = door.unzip();
    let household = name.map(|name| format!("h-{building}-{}-{name}", unit.unwrap()));
    let happened = |n: u32, action: &str, minutes: i64, by: &str| {
        json!({ "n": n, "action": action, "event": format!("01922f0c-7b1e-7c3a-9f00-{number:08x}{n:04x}-0"), "recorded_at": ago(now, minutes),
            "severity": if action == "acknowledged" { Value::Null } else { json!(severity) }, "actor": by, "by": [], "reason": if action == "closed" { json!("measured_wrong") } else { Value::Null },
            "caused_by": [], "level": null, "owners": [], "gaps": [], "why": null, "private": null })
    };
    let mut history = vec![happened(1, "raised", minutes, "service")];
    if number == 1 {
        history[0]["n"] = json!(0);
        let mut escalated = happened(1, "escalated", minutes, "service");
        (escalated["level"], escalated["owners"], escalated["gaps"], escalated["why"]) =
            (json!(2), json!(["s-wan"]), json!([{ "level": 1, "duty": "nurse" }]), json!("vacant"));
        history.push(escalated);
    }
    match state {
        "open" => history.push(happened(2, "updated", minutes - 4, "service")),
        state => history.push(happened(2, state, minutes / 2, "t-wan")),
    }
    let mut item = json!({
        "alert": alert_id(number), "key": format!("{COMMUNITY}/{kind}/building/{building}"), "kind": kind, "state": state, "severity": severity, "n": 2, "episode": 1,
        "place": { "estate": row["estate"], "building": building, "unit": unit, "floor": name.and_then(|name| name.parse::<i32>().ok()).map(|number| number / 100), "door": name, "household": household },
        "names": { "estate": row["estate_name"], "building": row["name"] }, "person": null, "unconfirmed": false, "observed": null,
        "detail": {}, "first_at": ago(now, minutes), "last_at": ago(now, minutes - 4), "occurrences": 2, "late": false, "acknowledged": null, "rule_version": 3,
        "free_since": (state == "open").then(|| ago(now, minutes)), "your_turn": null, "you_may": [],
        "caused_by": ["01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f50-0", "01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f51-0"], "history": history, "sequence": SEQUENCE });
    for (field, value) in more.as_object().unwrap() {
        item[field] = value.clone();
    }
    typed::<AlertItem>(item)
}
