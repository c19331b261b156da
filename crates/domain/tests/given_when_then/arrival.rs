//! Somebody came from elsewhere.

use super::*;
use testkit::field;

const DECLARE: &str = "arrival.declare";

#[test]
fn an_arrival_is_of_somebody_at_a_door_on_a_day_that_has_come() {
    let stranger = |day: &str| json!({"unregistered": {"ref": "v1", "name": "王芳"}, "household": "h502", "arrived_on": day});
    check(
        &World::settled(),
        "2020-02-06T15:04",
        &[
            ("today", DECLARE, stranger("2020-02-06"), "arrival.declared"),
            ("days ago", DECLARE, stranger("2020-02-01"), "arrival.declared"),
            ("tomorrow", DECLARE, stranger("2020-02-07"), "422 date_in_future /data/arrived_on"),
            ("a resident", DECLARE, json!({"person": "p1", "arrived_on": "2020-02-06"}), "arrival.declared"),
            ("nobody", DECLARE, json!({"arrived_on": "2020-02-06"}), "422 who_missing /data"),
            ("unknown door", DECLARE, json!({"person": "p1", "household": "h9", "arrived_on": "2020-02-06"}), "unknown household h9 /data/household"),
            ("no door", DECLARE, json!({"person": "p1", "unit": "2", "arrived_on": "2020-02-06"}), "422 door_missing /data"),
        ],
    );
}

#[test]
fn it_stands_at_the_door_that_is_named_or_where_they_live_and_seals_where_they_came_from() {
    let world = World::settled();
    let declared = |data| accepted(&world, DECLARE, data, "2020-02-06T15:04");
    let home = declared(json!({"person": "p1", "from": "武汉", "arrived_on": "2020-02-06"}));
    assert_eq!(field(&home[0], "/place/household"), json!("h502"));
    assert_eq!(testkit::private_parts(&home[0]), 1);
    let elsewhere = declared(json!({"person": "p1", "household": "h101", "arrived_on": "2020-02-06"}));
    assert_eq!(field(&elsewhere[0], "/place/household"), json!("h101"));
    let unknown = declared(json!({"unregistered": {"ref": "v1"}, "arrived_on": "2020-02-06"}));
    assert_eq!(field(&unknown[0], "/place"), Value::Null);
}
