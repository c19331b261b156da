//! Rosters and absences: who is on duty when, and who is away.

use super::*;
use domain::roster::SHIFTS_MAX;
use testkit::field;

fn at(day: u32, hour: u32) -> String {
    format!("2020-02-{day:02}T{hour:02}:00:00+08:00")
}

fn shift(staff: &str, from: &str, until: &str) -> Value {
    json!({"staff": staff, "from": from, "until": until})
}

fn roster(shifts: Value) -> Value {
    json!({"scope": {"community": "u07"}, "duty": "nurse", "level": 1, "shifts": shifts})
}

#[test]
fn a_roster_is_laid_down_as_a_whole() {
    let mut world = World::settled();
    let (morning, evening) = (shift("s-yang", &at(3, 8), &at(3, 16)), shift("s-yang", &at(3, 16), &at(4, 0)));
    let with = |pointer: &str, value: Value| {
        let mut data = roster(json!([morning, evening]));
        *data.pointer_mut(pointer).unwrap() = value;
        data
    };
    let many = |count| roster(repeated(count, |_| morning.clone()));
    check(
        &world,
        "2020-02-02T08:00",
        &[
            ("two shifts", "roster.set", roster(json!([morning, evening])), "roster.planned"),
            ("none, as before", "roster.set", roster(json!([])), "unchanged"),
            ("an unknown scope", "roster.set", with("/scope", json!({"building": "b99"})), "unknown building b99 /data/scope/building"),
            ("level 4", "roster.set", with("/level", json!(4)), "422 level_range /data/level"),
            ("unknown staff", "roster.set", with("/shifts/1/staff", json!("s-x")), "unknown staff s-x /data/shifts/1/staff"),
            ("ends when it begins", "roster.set", with("/shifts/0/until", json!(at(3, 8))), "422 ends_before_start /data/shifts/0/until"),
            ("as many as there may be", "roster.set", many(SHIFTS_MAX), "roster.planned"),
            ("too many", "roster.set", many(SHIFTS_MAX + 1), "422 too_many /data/shifts"),
        ],
    );
    world.record("roster.set", roster(json!([morning, evening])), "2020-02-02T08:00");
    check(
        &world,
        "2020-02-02T09:00",
        &[
            ("the same", "roster.set", roster(json!([morning, evening])), "unchanged"),
            ("another", "roster.set", roster(json!([evening])), "roster.planned"),
            ("at another level it is another roster", "roster.set", with("/level", json!(2)), "roster.planned"),
            ("ended", "roster.set", roster(json!([])), "roster.planned"),
        ],
    );
}

#[test]
fn an_absence_has_a_beginning_an_end_and_a_sealed_reason() {
    let mut world = World::settled();
    let absent = |from: u32, until: u32| json!({"staff": "s-yang", "from": at(from, 8), "until": at(until, 8)});
    check(
        &world,
        "2020-02-02T08:00",
        &[
            ("for two days", "staff.absent", absent(3, 5), "staff.absence_declared"),
            ("unknown staff", "staff.absent", json!({"staff": "s-x", "until": at(5, 8)}), "unknown staff s-x /data/staff"),
            ("ends before it begins", "staff.absent", absent(5, 3), "422 ends_before_start /data/until"),
            ("nothing to take back", "staff.absent", absent(3, 3), "unchanged"),
        ],
    );
    let events = accepted(&world, "staff.absent", json!({"staff": "s-yang", "until": at(5, 8), "reason": "发热"}), "2020-02-02T08:00");
    assert_eq!(field(&events[0], "/from"), "2020-02-02T00:00:00Z", "from now on");
    assert_eq!(field(&events[0], "/private/reason"), json!(["发热"]));
    world.record("staff.absent", absent(3, 5), "2020-02-02T08:00");
    check(
        &world,
        "2020-02-02T09:00",
        &[
            ("the same", "staff.absent", absent(3, 5), "unchanged"),
            ("back earlier", "staff.absent", absent(3, 4), "staff.absence_declared"),
            ("taken back", "staff.absent", absent(3, 3), "staff.absence_declared"),
            ("another one", "staff.absent", absent(4, 6), "staff.absence_declared"),
        ],
    );
}
