//! A checkpoint opens, is corrected, closes, and opens again.

use super::*;
use testkit::said;

fn open(change: Value) -> Value {
    let mut data = json!({"checkpoint": "c1", "name": "东门", "kind": "gate", "serves": ["e1"]});
    for (name, value) in change.as_object().unwrap() {
        data[name] = value.clone();
    }
    data
}

#[test]
fn a_checkpoint_opens_and_is_corrected() {
    let mut world = World::settled();
    check(
        &world,
        "2020-02-02T08:00",
        &[
            ("a new one", "checkpoint.open", open(json!({"checkpoint": "c2"})), "checkpoint.opened"),
            ("the same", "checkpoint.open", open(json!({})), "unchanged"),
            ("another name", "checkpoint.open", open(json!({"name": "西门"})), "checkpoint.renamed"),
            ("another kind", "checkpoint.open", open(json!({"kind": "road"})), "checkpoint.reassigned"),
            ("other places behind it", "checkpoint.open", open(json!({"serves": []})), "checkpoint.reassigned"),
            ("both", "checkpoint.open", open(json!({"name": "西门", "kind": "road"})), "checkpoint.renamed checkpoint.reassigned"),
            ("closing", "checkpoint.close", json!({"checkpoint": "c1"}), "checkpoint.closed"),
            ("unknown", "checkpoint.close", json!({"checkpoint": "c9"}), "unknown checkpoint c9 /data/checkpoint"),
        ],
    );
    world.record("checkpoint.open", open(json!({"name": "西门", "kind": "road"})), "2020-02-02T08:00");
    check(&world, "2020-02-02T09:00", &[("it stuck", "checkpoint.open", open(json!({"name": "西门", "kind": "road"})), "unchanged")]);
}

#[test]
fn a_closed_checkpoint_opens_again_and_a_late_correction_does_not_open_it() {
    let mut world = World::settled();
    world.record("checkpoint.close", json!({"checkpoint": "c1"}), "2020-02-02T18:00");
    check(
        &world,
        "2020-02-03T08:00",
        &[
            ("closed already", "checkpoint.close", json!({"checkpoint": "c1"}), "unchanged"),
            ("opened again", "checkpoint.open", open(json!({})), "checkpoint.opened"),
        ],
    );
    let late = world.decide_late("checkpoint.open", open(json!({"name": "西门"})), "2020-02-02T10:00", "2020-02-03T08:00");
    assert_eq!(said(&late), "checkpoint.renamed", "it was open at that time: this is a correction");
    world.record("checkpoint.open", open(json!({})), "2020-02-03T08:00");
    check(&world, "2020-02-03T09:00", &[("open", "checkpoint.open", open(json!({})), "unchanged")]);
}
