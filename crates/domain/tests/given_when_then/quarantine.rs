//! An order: begun, moved, extended, waived, ended.

use super::*;
use domain::Known;
use testkit::{field, said};

pub(crate) fn order(change: Value) -> Value {
    let mut data = json!({"quarantine": "q1", "person": "p1", "kind": "home", "count_from": {"date": "2020-02-02", "basis": "exposure"}});
    for (name, value) in change.as_object().unwrap() {
        data[name] = value.clone();
    }
    data
}

/// A settled world in which `p1` is under the order `q1` since 2 February at 10:00; its last day is the 16th.
pub(crate) fn ordered() -> World {
    let mut world = World::settled();
    world.record("quarantine.order", order(json!({})), "2020-02-02T10:00");
    world
}

fn about(change: Value) -> Value {
    let mut data = json!({"quarantine": "q1"});
    for (name, value) in change.as_object().unwrap() {
        data[name] = value.clone();
    }
    data
}

#[test]
fn an_order_needs_a_person_a_place_and_a_regime() {
    check(
        &World::settled(),
        "2020-02-06T10:00",
        &[
            ("at home", "quarantine.order", order(json!({})), "quarantine.ordered"),
            ("unknown person", "quarantine.order", order(json!({"person": "p77"})), "unknown person p77 /data/person"),
            ("no known home", "quarantine.order", order(json!({"person": "p9"})), "422 place_missing /data/household"),
            ("in a named household", "quarantine.order", order(json!({"person": "p9", "household": "h101"})), "quarantine.ordered"),
            ("in an unknown one", "quarantine.order", order(json!({"household": "h9"})), "unknown household h9 /data/household"),
            ("watched without a home", "quarantine.order", order(json!({"person": "p9", "kind": "watch"})), "422 place_missing /data/household"),
            ("at a site without a name", "quarantine.order", order(json!({"kind": "facility"})), "422 place_missing /data/facility"),
            ("at a site", "quarantine.order", order(json!({"person": "p9", "kind": "facility", "facility": "hotel-1"})), "quarantine.ordered"),
            ("in hospital", "quarantine.order", order(json!({"person": "p9", "kind": "hospital"})), "quarantine.ordered"),
            ("an unknown regime", "quarantine.order", order(json!({"regime": "strict"})), "unknown regime strict /data/regime"),
            ("day 0 today", "quarantine.order", order(json!({"count_from": {"date": "2020-02-06", "basis": "order"}})), "quarantine.ordered"),
            (
                "day 0 tomorrow",
                "quarantine.order",
                order(json!({"count_from": {"date": "2020-02-07", "basis": "order"}})),
                "422 date_in_future /data/count_from/date",
            ),
            ("400 days", "quarantine.order", order(json!({"days": 400})), "quarantine.ordered"),
            ("401 days", "quarantine.order", order(json!({"days": 401})), "422 too_large /data/days"),
        ],
    );
    let events = accepted(&World::settled(), "quarantine.order", order(json!({})), "2020-02-06T10:00");
    assert_eq!((field(&events[0], "/place/household"), field(&events[0], "/place/building")), (json!("h502"), json!("b07")));
}

#[test]
fn a_person_is_under_one_order_at_a_time() {
    let mut world = ordered();
    check(
        &world,
        "2020-02-06T10:00",
        &[
            ("the same again", "quarantine.order", order(json!({})), "unchanged"),
            ("the same, with its household", "quarantine.order", order(json!({"household": "h502"})), "unchanged"),
            ("another under this id", "quarantine.order", order(json!({"days": 7})), "409 quarantine_exists"),
            ("another person", "quarantine.order", order(json!({"person": "p2"})), "409 quarantine_exists"),
            ("another place", "quarantine.order", order(json!({"household": "h101"})), "409 quarantine_exists"),
            ("a place that is not known", "quarantine.order", order(json!({"household": "h9"})), "409 quarantine_exists"),
            ("a person who is not known", "quarantine.order", order(json!({"person": "p77"})), "409 quarantine_exists"),
            ("another kind", "quarantine.order", order(json!({"kind": "watch"})), "409 quarantine_exists"),
            ("a second order", "quarantine.order", order(json!({"quarantine": "q2"})), "409 already_under_order quarantine=q1"),
            ("of a housemate", "quarantine.order", order(json!({"quarantine": "q2", "person": "p2"})), "quarantine.ordered"),
        ],
    );
    let before = json!({"quarantine": "q2", "count_from": {"date": "2020-02-01", "basis": "order"}});
    let late = world.decide_late("quarantine.order", order(before), "2020-02-01T10:00", "2020-02-06T10:00");
    assert_eq!(said(&late), "409 already_under_order quarantine=q1", "an order typed late would run into the one that is known");
    world.record("quarantine.release", about(json!({"reason": "mistake"})), "2020-02-06T10:00");
    check(&world, "2020-02-06T10:00", &[("after its end", "quarantine.order", order(json!({"quarantine": "q2"})), "quarantine.ordered")]);
}

#[test]
fn an_order_moves() {
    let hotel = json!({"kind": "facility", "facility": "hotel-1", "room": "302"});
    let mut world = ordered();
    check(
        &world,
        "2020-02-06T10:00",
        &[
            ("where it is", "quarantine.move", about(json!({"household": "h502"})), "unchanged"),
            ("to another household", "quarantine.move", about(json!({"household": "h101"})), "quarantine.moved"),
            ("to an unknown one", "quarantine.move", about(json!({"household": "h9"})), "unknown household h9 /data/household"),
            ("to nowhere", "quarantine.move", about(json!({})), "422 place_missing /data/household"),
            ("to a site", "quarantine.move", about(hotel.clone()), "quarantine.moved"),
            ("to a site without a name", "quarantine.move", about(json!({"kind": "facility"})), "422 place_missing /data/facility"),
            ("unknown", "quarantine.move", json!({"quarantine": "q9", "household": "h101"}), "unknown quarantine q9 /data/quarantine"),
        ],
    );
    world.record("quarantine.move", about(hotel.clone()), "2020-02-06T10:00");
    let moved = &world.commits().last().unwrap().events[0];
    assert_eq!((field(moved, "/from/household"), field(moved, "/to/household"), field(moved, "/room")), (json!("h502"), Value::Null, json!("302")));
    check(&world, "2020-02-06T11:00", &[("there already", "quarantine.move", about(hotel), "unchanged")]);
}

#[test]
fn an_order_at_a_site_or_in_hospital_holds_at_no_door() {
    let hotel = json!({"kind": "facility", "facility": "hotel-1", "room": "302"});
    for elsewhere in [hotel.clone(), json!({"kind": "facility", "facility": "hotel-1", "household": "h502"}), json!({"kind": "hospital"})] {
        let mut world = World::settled();
        world.record("quarantine.order", order(elsewhere.clone()), "2020-02-06T10:00");
        let ordered = &world.commits().last().unwrap().events[0];
        assert_eq!((field(ordered, "/place/household"), field(ordered, "/place/building")), (Value::Null, Value::Null), "{elsewhere}");
        check(&world, "2020-02-06T11:00", &[("the same again", "quarantine.order", order(elsewhere), "unchanged")]);
        let looked = json!({"mode": "door", "checks": [{"quarantine": "q1", "outcome": "reached"}]});
        let events = accepted(&world, "quarantine.check", looked, "2020-02-06T11:00");
        assert_eq!(field(&events[0], "/checks/0/place/building"), Value::Null, "nobody looked at their door at home");
        world.record("quarantine.move", about(json!({"kind": "home", "household": "h502"})), "2020-02-07T10:00");
        let moved = &world.commits().last().unwrap().events[0];
        assert_eq!((field(moved, "/from/household"), field(moved, "/to/household")), (Value::Null, json!("h502")));
    }
    let mut named = hotel;
    named["household"] = json!("h502");
    let events = accepted(&ordered(), "quarantine.move", about(named), "2020-02-06T10:00");
    assert_eq!(field(&events[0], "/to/household"), Value::Null, "a move to a site is a move away from the door");
}

#[test]
fn an_order_is_extended_and_never_shortened() {
    let mut world = ordered();
    let until = |day: &str| about(json!({"until": day}));
    check(
        &world,
        "2020-02-06T10:00",
        &[
            ("its last day", "quarantine.extend", until("2020-02-16"), "unchanged"),
            ("a day more", "quarantine.extend", until("2020-02-17"), "quarantine.extended"),
            ("a day less", "quarantine.extend", until("2020-02-15"), "422 until_range /data/until"),
            ("400 days after day 0", "quarantine.extend", until("2021-03-08"), "quarantine.extended"),
            ("401 days after day 0", "quarantine.extend", until("2021-03-09"), "422 until_range /data/until"),
            ("unknown", "quarantine.extend", json!({"quarantine": "q9", "until": "2020-02-20"}), "unknown quarantine q9 /data/quarantine"),
        ],
    );
    world.record("quarantine.extend", until("2020-02-20"), "2020-02-06T10:00");
    check(
        &world,
        "2020-02-06T11:00",
        &[
            ("the same", "quarantine.extend", until("2020-02-20"), "unchanged"),
            ("back", "quarantine.extend", until("2020-02-19"), "422 until_range /data/until"),
            ("further", "quarantine.extend", until("2020-02-21"), "quarantine.extended"),
        ],
    );
}

#[test]
fn slots_that_exist_can_be_waived() {
    let slots = |slots: Value| about(json!({"slots": slots, "reason": "snow"}));
    let slot = |date: &str, name: &str| json!({"date": date, "name": name});
    let mut world = ordered();
    check(
        &world,
        "2020-02-06T10:00",
        &[
            ("two of them", "quarantine.waive", slots(json!([slot("2020-02-07", "am"), slot("2020-02-07", "pm")])), "quarantine.slots_waived"),
            ("the last", "quarantine.waive", slots(json!([slot("2020-02-16", "pm")])), "quarantine.slots_waived"),
            ("after the last", "quarantine.waive", slots(json!([slot("2020-02-07", "am"), slot("2020-02-17", "am")])), "422 no_such_slot /data/slots/1"),
            ("before the first", "quarantine.waive", slots(json!([slot("2020-02-01", "am")])), "422 no_such_slot /data/slots/0"),
            ("of no such name", "quarantine.waive", slots(json!([slot("2020-02-07", "noon")])), "422 no_such_slot /data/slots/0"),
            ("none", "quarantine.waive", slots(json!([])), "422 slots_count /data/slots"),
            (
                "without reason",
                "quarantine.waive",
                json!({"quarantine": "q1", "slots": [slot("2020-02-07", "am")], "reason": ""}),
                "422 reason_required /data/reason",
            ),
            ("101", "quarantine.waive", slots(repeated(101, |_| slot("2020-02-07", "am"))), "422 slots_count /data/slots"),
        ],
    );
    world.record("quarantine.waive", slots(json!([slot("2020-02-07", "am")])), "2020-02-06T10:00");
    check(
        &world,
        "2020-02-08T00:00",
        &[
            ("a day that is over", "quarantine.waive", slots(json!([slot("2020-02-08", "am"), slot("2020-02-07", "pm")])), "422 slot_over /data/slots/1"),
            ("waived in time", "quarantine.waive", slots(json!([slot("2020-02-07", "am")])), "unchanged"),
        ],
    );
    check(&world, "2020-02-06T11:00", &[("waived already", "quarantine.waive", slots(json!([slot("2020-02-07", "am")])), "unchanged")]);
    let events = accepted(&world, "quarantine.waive", slots(json!([slot("2020-02-07", "am"), slot("2020-02-07", "pm")])), "2020-02-06T11:00");
    assert_eq!(field(&events[0], "/slots"), json!([slot("2020-02-07", "pm")]), "only what is new");
}

#[test]
fn an_order_ends_when_somebody_says_so_and_why() {
    let release = |reason: &str| about(json!({"reason": reason}));
    let world = ordered();
    for (at, reason, expected) in [
        ("2020-02-15T23:59", "completed", "422 not_completed /data/reason"),
        ("2020-02-16T00:00", "completed", "quarantine.released"),
        ("2020-03-16T00:00", "completed", "quarantine.released"),
        ("2020-02-06T10:00", "hospital", "quarantine.released household.exposed"),
        ("2020-02-06T10:00", "mistake", "quarantine.released"),
        ("2020-02-02T10:00", "mistake", "quarantine.released"),
        ("2020-02-02T09:59", "mistake", "422 before_order /at"),
    ] {
        assert_eq!(said(&world.decide("quarantine.release", release(reason), at)), expected, "{reason} at {at}");
    }
    check(
        &world,
        "2020-02-06T10:00",
        &[("unknown", "quarantine.release", json!({"quarantine": "q9", "reason": "died"}), "unknown quarantine q9 /data/quarantine")],
    );
}

#[test]
fn the_earliest_release_counts() {
    let release = |reason: &str| about(json!({"reason": reason}));
    let mut world = ordered();
    world.record("quarantine.release", release("hospital"), "2020-02-08T10:00");
    check(&world, "2020-02-08T10:00", &[("the same time", "quarantine.release", release("hospital"), "unchanged")]);
    check(&world, "2020-02-09T10:00", &[("later", "quarantine.release", release("died"), "unchanged")]);
    world.record_late("quarantine.release", release("hospital"), "2020-02-07T20:00", "2020-02-09T10:00");
    let known = &world as &dyn Known;
    assert_eq!(known.quarantine(&"q1".parse().unwrap()).unwrap().order.released_at, Some(World::time("2020-02-07T20:00")));
    let orders = |at: &str| known.person(&"p1".parse().unwrap()).unwrap().orders_at(World::time(at));
    assert_eq!((orders("2020-02-07T19:59").len(), orders("2020-02-07T20:00").len()), (1, 0), "the person's file agrees");
}

#[test]
fn what_has_ended_changes_no_more_and_what_happened_before_its_end_is_recorded() {
    let mut world = ordered();
    world.record("quarantine.release", about(json!({"reason": "mistake"})), "2020-02-08T10:00");
    for (kind, data, earlier) in [
        ("quarantine.move", about(json!({"household": "h101"})), "2020-02-08T09:59"),
        ("quarantine.extend", about(json!({"until": "2020-02-20"})), "2020-02-08T09:59"),
        ("quarantine.waive", about(json!({"slots": [{"date": "2020-02-07", "name": "am"}], "reason": "snow"})), "2020-02-07T09:59"),
    ] {
        assert_eq!(said(&world.decide_late(kind, data.clone(), "2020-02-08T10:00", "2020-02-09T10:00")), "409 quarantine_released", "{kind}");
        let before = said(&world.decide_late(kind, data, earlier, "2020-02-09T10:00"));
        assert!(before.starts_with("quarantine."), "{kind}: {before}");
    }
}
