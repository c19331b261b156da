//! The file of an estate.

use super::*;

#[test]
fn an_estate_is_registered_renamed_and_regoverned() {
    let estate = |name: &str, zone: Option<&str>, governance: &str| json!({"estate": "e1", "name": name, "zone": zone, "governance": governance});
    let world = World::settled();
    check(&World::founded(), "2020-02-02T08:00", &[("the first time", "estate.register", estate("阳光小区", None, "property"), "estate.registered")]);
    check(
        &world,
        "2020-02-02T08:00",
        &[
            ("the same", "estate.register", estate("阳光小区", None, "property"), "unchanged"),
            ("another name", "estate.register", estate("向阳小区", None, "property"), "estate.renamed"),
            ("another zone", "estate.register", estate("阳光小区", Some("north"), "property"), "estate.governance_changed"),
            ("nobody looks after it", "estate.register", estate("阳光小区", None, "none"), "estate.governance_changed"),
            ("everything", "estate.register", estate("向阳小区", Some("north"), "open"), "estate.renamed estate.governance_changed"),
        ],
    );
    let mut changed = world;
    changed.record("estate.register", estate("向阳小区", Some("north"), "open"), "2020-02-02T08:00");
    check(&changed, "2020-02-02T09:00", &[("it stuck", "estate.register", estate("向阳小区", Some("north"), "open"), "unchanged")]);
}
