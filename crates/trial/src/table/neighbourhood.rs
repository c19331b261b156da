//! The neighbourhood in which every table plays, registered on the evening before.

use serde_json::{Value, json};

/// Its community.
pub(super) const COMMUNITY: &str = "u07";

/// The estate 阳光小区 with buildings b07 (7号楼: doors 101, 102 in unit 1 and 501, 502 in unit 2) and b08 (8号楼: door 101); households h101,
/// h501, h502 in b07 and h801 in b08; people p1 and p2 in h502, p3 in h501, p4 in h801; a gate c1; staff s1, s2, s3.
pub(super) fn commands() -> Vec<(&'static str, Value)> {
    let units = json!([{"unit": "1", "floors": 6, "doors": ["101", "102"]}, {"unit": "2", "floors": 6, "doors": ["501", "502"]}]);
    let household = |id: &str, building: &str, unit: Option<&str>, door: &str| json!({"household": id, "building": building, "unit": unit, "door": door});
    let person = |id: &str, household: &str| json!({"person": id, "name": id, "household": household});
    let staff = |id: &str| json!({"staff": id, "name": id, "roles": []});
    vec![
        ("community.found", json!({"town": "t1", "community": COMMUNITY, "name": "阳光社区"})),
        ("estate.register", json!({"estate": "e1", "name": "阳光小区", "governance": "property"})),
        ("building.register", json!({"building": "b07", "name": "7号楼", "estate": "e1", "units": units})),
        ("building.register", json!({"building": "b08", "name": "8号楼", "estate": "e1"})),
        ("household.register", household("h101", "b07", Some("1"), "101")),
        ("household.register", household("h501", "b07", Some("2"), "501")),
        ("household.register", household("h502", "b07", Some("2"), "502")),
        ("household.register", household("h801", "b08", None, "101")),
        ("person.register", person("p1", "h502")),
        ("person.register", person("p2", "h502")),
        ("person.register", person("p3", "h501")),
        ("person.register", person("p4", "h801")),
        ("checkpoint.open", json!({"checkpoint": "c1", "name": "东门", "kind": "gate", "serves": ["e1"]})),
        ("staff.register", staff("s1")),
        ("staff.register", staff("s2")),
        ("staff.register", staff("s3")),
    ]
}
