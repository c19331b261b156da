//! The file of somebody who works here.

use super::*;

#[test]
fn staff_are_registered_and_their_file_is_corrected() {
    let staff = |id: &str, change: Value| {
        let mut data = json!({"staff": id, "name": "杨立", "roles": ["leader"]});
        for (name, value) in change.as_object().unwrap() {
            data[name] = value.clone();
        }
        data
    };
    let mut world = World::settled();
    check(
        &world,
        "2020-02-02T08:00",
        &[
            ("somebody new", "staff.register", staff("s-li", json!({})), "staff.registered"),
            ("a resident", "staff.register", staff("s-li", json!({"person": "p1"})), "staff.registered"),
            ("an unknown resident", "staff.register", staff("s-li", json!({"person": "p77"})), "unknown person p77 /data/person"),
            ("the same", "staff.register", staff("s-yang", json!({})), "unchanged"),
            ("other roles", "staff.register", staff("s-yang", json!({"roles": ["grid"]})), "staff.roles_changed"),
            ("another name", "staff.register", staff("s-yang", json!({"name": "杨力"})), "staff.file_corrected"),
            ("an end", "staff.register", staff("s-yang", json!({"until": "2020-03-01T00:00:00+08:00"})), "staff.file_corrected"),
            ("both", "staff.register", staff("s-yang", json!({"roles": [], "org": "hospital-2"})), "staff.roles_changed staff.file_corrected"),
        ],
    );
    world.record("staff.register", staff("s-yang", json!({"roles": [], "org": "hospital-2"})), "2020-02-02T08:00");
    check(&world, "2020-02-02T09:00", &[("it stuck", "staff.register", staff("s-yang", json!({"roles": [], "org": "hospital-2"})), "unchanged")]);
}
