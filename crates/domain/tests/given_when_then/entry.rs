//! Somebody comes to a checkpoint.

use super::*;
use testkit::{field, said};

fn entry(change: Value) -> Value {
    let mut data = json!({"checkpoint": "c1", "direction": "in", "person": "p1", "id_checked": true, "pass_checked": true, "result": "admitted"});
    for (name, value) in change.as_object().unwrap() {
        data[name] = value.clone();
    }
    data
}

fn stranger() -> Value {
    json!({"ref": "x1", "name": "张三", "phone": "13812345678", "from": "武汉"})
}

#[test]
fn an_entry_is_recorded_within_limits() {
    let car = |occupants: u8| json!({"vehicle": {"plate": "皖A12345", "occupants": occupants}, "trip": "t1"});
    let fever = json!({"celsius": 37.8, "site": "forehead"});
    check(
        &World::settled(),
        "2020-02-06T15:04",
        &[
            ("a resident", "entry.record", entry(json!({})), "entry.recorded"),
            ("a stranger", "entry.record", entry(json!({"person": null, "unregistered": stranger()})), "entry.recorded"),
            ("both", "entry.record", entry(json!({"unregistered": stranger()})), "422 who_ambiguous /data"),
            ("nobody", "entry.record", entry(json!({"person": null})), "422 who_missing /data"),
            ("unknown person", "entry.record", entry(json!({"person": "p77"})), "unknown person p77 /data/person"),
            ("unknown checkpoint", "entry.record", entry(json!({"checkpoint": "c9"})), "unknown checkpoint c9 /data/checkpoint"),
            ("an empty car", "entry.record", entry(car(0)), "422 occupants_range /data/vehicle/occupants"),
            ("a driver", "entry.record", entry(car(1)), "entry.recorded"),
            ("a bus", "entry.record", entry(car(80)), "entry.recorded"),
            ("two buses", "entry.record", entry(car(81)), "422 occupants_range /data/vehicle/occupants"),
            ("measured twice", "entry.record", entry(json!({"readings": [fever, {"celsius": 36.9, "site": "ear"}]})), "entry.recorded"),
            ("8 readings", "entry.record", entry(json!({"readings": repeated(8, |_| fever.clone())})), "entry.recorded"),
            ("9 readings", "entry.record", entry(json!({"readings": repeated(9, |_| fever.clone())})), "422 too_many /data/readings"),
            (
                "too hot",
                "entry.record",
                entry(json!({"readings": [fever, {"celsius": 42.6, "site": "ear"}]})),
                "422 temperature_range /data/readings/1/celsius",
            ),
        ],
    );
}

#[test]
fn a_checkpoint_that_was_closed_at_that_time_records_nothing_and_what_syncs_late_is_kept() {
    let mut world = World::settled();
    world.record("checkpoint.close", json!({"checkpoint": "c1"}), "2020-02-06T18:00");
    for (at, expected) in [("2020-02-06T17:59", "entry.recorded"), ("2020-02-06T18:00", "409 checkpoint_closed"), ("2020-02-06T18:01", "409 checkpoint_closed")]
    {
        assert_eq!(said(&world.decide_late("entry.record", entry(json!({})), at, "2020-02-07T09:00")), expected, "{at}");
    }
}

#[test]
fn an_entry_carries_the_home_and_the_orders_of_its_time() {
    let mut world = World::settled();
    let order = json!({"quarantine": "q1", "person": "p1", "kind": "home", "count_from": {"date": "2020-02-03", "basis": "order"}});
    world.record("quarantine.order", order, "2020-02-03T10:00");
    world.record("quarantine.release", json!({"quarantine": "q1", "reason": "mistake"}), "2020-02-05T10:00");
    for (at, orders) in
        [("2020-02-03T09:59", json!([])), ("2020-02-03T10:00", json!(["q1"])), ("2020-02-05T09:59", json!(["q1"])), ("2020-02-05T10:00", json!([]))]
    {
        let events = world.decide_late("entry.record", entry(json!({})), at, "2020-02-06T09:00").unwrap();
        assert_eq!((field(&events[0], "/orders"), field(&events[0], "/home/household")), (orders, json!("h502")), "{at}");
    }
    let events = accepted(&world, "entry.record", entry(json!({"person": "p9"})), "2020-02-06T09:00");
    assert_eq!(field(&events[0], "/home"), Value::Null);
}

#[test]
fn what_is_said_of_a_stranger_is_sealed() {
    let mut world = World::settled();
    world.record("entry.record", entry(json!({"person": null, "unregistered": stranger(), "host": "杨家", "purpose": "送菜"})), "2020-02-06T15:04");
    let bytes = world.commits().last().unwrap().encode().unwrap();
    for text in ["张三", "13812345678", "武汉", "杨家", "送菜"] {
        assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text} stands on the log");
    }
}

#[test]
fn who_waits_is_settled_once() {
    let mut world = World::settled();
    let settle = |id: Value, result: &str| json!({"entry": id, "result": result, "readings": [{"celsius": 36.8, "site": "ear"}]});
    let admitted = json!(world.record("entry.record", entry(json!({})), "2020-02-06T15:00"));
    let waiting = json!(world.record("entry.record", entry(json!({"person": "p2", "result": "waiting"})), "2020-02-06T15:04"));
    let unknown = json!("00000000-0000-0000-0000-0000000000ff");
    check(
        &world,
        "2020-02-06T15:20",
        &[
            ("never waited", "entry.settle", settle(admitted, "admitted"), "409 not_waiting"),
            ("unknown", "entry.settle", settle(unknown, "admitted"), "unknown entry 00000000-0000-0000-0000-0000000000ff /data/entry"),
            ("waits", "entry.settle", settle(waiting.clone(), "admitted"), "entry.settled"),
        ],
    );
    world.record("entry.settle", settle(waiting.clone(), "waiting"), "2020-02-06T15:20");
    check(&world, "2020-02-06T15:25", &[("a second measurement that did not decide", "entry.settle", settle(waiting.clone(), "admitted"), "entry.settled")]);
    world.record("entry.settle", settle(waiting.clone(), "sent_to_clinic"), "2020-02-06T15:30");
    let settled = &world.commits().last().unwrap().events[0];
    assert_eq!((field(settled, "/who/person"), field(settled, "/home/household"), field(settled, "/checkpoint")), (json!("p2"), json!("h502"), json!("c1")));
    check(&world, "2020-02-06T15:31", &[("settled already", "entry.settle", settle(waiting, "admitted"), "409 not_waiting")]);
}

#[test]
fn a_retracted_settlement_leaves_them_waiting_and_a_retracted_entry_does_not() {
    let mut world = World::settled();
    let waiting = json!(world.record("entry.record", entry(json!({"result": "waiting"})), "2020-02-06T15:04"));
    let settle = json!({"entry": waiting, "result": "admitted"});
    let settlement = json!(world.record("entry.settle", settle.clone(), "2020-02-06T15:20"));
    world.record("record.retract", json!({"command": settlement, "reason": "another car"}), "2020-02-06T15:30");
    check(&world, "2020-02-06T15:31", &[("waits again", "entry.settle", settle.clone(), "entry.settled")]);
    let again = json!(world.record("entry.settle", settle.clone(), "2020-02-06T15:32"));
    world.record("record.retract", json!({"command": waiting, "reason": "nobody came"}), "2020-02-06T15:40");
    check(&world, "2020-02-06T15:41", &[("the entry is gone", "entry.settle", settle.clone(), "409 not_waiting")]);
    world.record("record.retract", json!({"command": again, "reason": "nobody came"}), "2020-02-06T15:45");
    check(&world, "2020-02-06T15:46", &[("and stays gone", "entry.settle", settle, "409 not_waiting")]);
}
