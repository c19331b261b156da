//! A community begins once, in one town and one zone for ever.

use super::*;
use testkit::field;

fn found(town: &str, community: &str, name: &str) -> Value {
    json!({"town": town, "community": community, "name": name})
}

#[test]
fn a_community_begins_under_its_own_name_in_a_zone_that_exists() {
    let world = World::empty("u07");
    let mut elsewhere = found("dianbu", "u07", "阳光社区");
    elsewhere["time_zone"] = json!("Mars/Olympus");
    check(
        &world,
        "2020-02-01T08:00",
        &[
            ("the first time", "community.found", found("dianbu", "u07", "阳光社区"), "community.founded"),
            ("path and data differ", "community.found", found("dianbu", "u08", "阳光社区"), "422 community_mismatch /data/community"),
            ("a zone that does not exist", "community.found", elsewhere, "422 time_zone /data/time_zone"),
            ("nothing else comes before", "estate.register", json!({"estate": "e1", "name": "x", "governance": "open"}), "unknown community u07"),
            ("not even a policy", "policy.set", json!({"grace_minutes": 5}), "unknown community u07"),
        ],
    );
    let events = accepted(&world, "community.found", found("dianbu", "u07", "阳光社区"), "2020-02-01T08:00");
    assert_eq!(field(&events[0], "/time_zone"), "Asia/Shanghai");
    assert_eq!(field(&events[0], "/town_name"), "dianbu", "a town without a name is called by its slug");
}

#[test]
fn the_deployment_is_no_community() {
    let answer = World::empty("deployment").decide("community.found", found("dianbu", "deployment", "x"), "2020-02-01T08:00");
    assert_eq!(said(&answer), "422 community_reserved /data/community");
}

#[test]
fn founding_again_renames_and_never_moves() {
    let mut other_zone = found("dianbu", "u07", "阳光社区");
    other_zone["time_zone"] = json!("Asia/Urumqi");
    let mut same_zone = found("dianbu", "u07", "阳光社区");
    same_zone["time_zone"] = json!("Asia/Shanghai");
    let mut town = found("dianbu", "u07", "阳光社区");
    town["town_name"] = json!("店埠");
    check(
        &World::founded(),
        "2020-02-02T08:00",
        &[
            ("the same again", "community.found", found("dianbu", "u07", "阳光社区"), "unchanged"),
            ("the same, with its zone", "community.found", same_zone, "unchanged"),
            ("another name", "community.found", found("dianbu", "u07", "向阳社区"), "community.renamed"),
            ("another name of the town", "community.found", town, "community.renamed"),
            ("another town", "community.found", found("feidong", "u07", "阳光社区"), "409 town_fixed"),
            ("another zone", "community.found", other_zone, "409 time_zone_fixed"),
        ],
    );
}

#[test]
fn a_rename_keeps_the_name_of_the_town() {
    let mut world = World::founded();
    world.record("community.found", found("dianbu", "u07", "向阳社区"), "2020-02-02T08:00");
    let events = &world.commits()[1].events;
    assert_eq!((field(&events[0], "/name"), field(&events[0], "/town_name")), (json!("向阳社区"), json!("店埠镇")));
    check(&world, "2020-02-02T09:00", &[("it stuck", "community.found", found("dianbu", "u07", "向阳社区"), "unchanged")]);
}

#[test]
fn a_restore_is_recorded_once_per_epoch() {
    let mut world = World::founded();
    let restore = |epoch: u32| json!({"epoch": epoch, "restored_to_sequence": 100});
    check(
        &world,
        "2020-02-02T08:00",
        &[("a new epoch", "history.restore", restore(2), "history.restored"), ("this one", "history.restore", restore(1), "unchanged")],
    );
    world.record("history.restore", restore(2), "2020-02-02T08:00");
    check(
        &world,
        "2020-02-02T09:00",
        &[("again", "history.restore", restore(2), "unchanged"), ("the next", "history.restore", restore(3), "history.restored")],
    );
}
