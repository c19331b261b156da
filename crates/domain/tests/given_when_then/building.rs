//! The file of a building, and its daily report.

use super::*;
use testkit::field;

fn building(change: Value) -> Value {
    let units = json!([{"unit": "1", "floors": 6, "doors": ["101", "102"]}, {"unit": "2", "floors": 6, "doors": ["501", "502"]}]);
    let mut data = json!({"building": "b07", "name": "7号楼", "estate": "e1", "grid": "g1", "units": units});
    for (name, value) in change.as_object().unwrap() {
        data[name] = value.clone();
    }
    data
}

fn report(change: Value) -> Value {
    let mut data = json!({"scopes": [{"building": "b07"}], "basis": "seen"});
    for (name, value) in change.as_object().unwrap() {
        data[name] = value.clone();
    }
    data
}

fn unit(name: &str, doors: usize) -> Value {
    json!({"unit": name, "floors": 1, "doors": repeated(doors, |door| json!(door.to_string()))})
}

#[test]
fn a_building_is_registered_within_its_limits() {
    let new = |change: Value| {
        let mut data = building(change);
        data["building"] = json!("b99");
        data
    };
    let unit_twice = json!({"units": [unit("1", 1), unit("2", 1), unit("1", 1)]});
    check(
        &World::settled(),
        "2020-02-02T08:00",
        &[
            ("all of it", "building.register", new(json!({})), "building.registered"),
            ("no more than a name", "building.register", json!({"building": "b99", "name": "9"}), "building.registered"),
            ("an unknown estate", "building.register", new(json!({"estate": "e99"})), "unknown estate e99 /data/estate"),
            ("64 units", "building.register", new(json!({"units": repeated(64, |n| unit(&n.to_string(), 1))})), "building.registered"),
            ("65 units", "building.register", new(json!({"units": repeated(65, |n| unit(&n.to_string(), 1))})), "422 too_many /data/units"),
            ("500 doors", "building.register", new(json!({"units": [unit("1", 500)]})), "building.registered"),
            ("501 doors", "building.register", new(json!({"units": [unit("1", 1), unit("2", 501)]})), "422 too_many /data/units/1/doors"),
            ("a unit twice", "building.register", new(unit_twice), "422 unit_twice /data/units/2/unit"),
        ],
    );
    let events = accepted(&World::settled(), "building.register", json!({"building": "b99", "name": "9"}), "2020-02-02T08:00");
    assert_eq!(field(&events[0], "/kind"), "block");
}

#[test]
fn registering_again_says_what_is_other_than_before() {
    let all = json!({"name": "七号楼", "kind": "row", "grid": "g2", "units": [unit("1", 1)], "address": "阳光路 7"});
    let everything = "building.renamed building.kind_changed building.regrouped building.units_changed building.address_corrected";
    let mut world = World::settled();
    check(
        &world,
        "2020-02-02T08:00",
        &[
            ("the same", "building.register", building(json!({})), "unchanged"),
            ("absent fields say nothing", "building.register", json!({"building": "b07", "name": "7号楼"}), "unchanged"),
            ("its name", "building.register", building(json!({"name": "七号楼"})), "building.renamed"),
            ("its kind", "building.register", building(json!({"kind": "row"})), "building.kind_changed"),
            ("the kind it has", "building.register", building(json!({"kind": "block"})), "unchanged"),
            ("its grid", "building.register", building(json!({"grid": "g2"})), "building.regrouped"),
            ("its units", "building.register", building(json!({"units": [unit("1", 1)]})), "building.units_changed"),
            ("its address", "building.register", building(json!({"address": "阳光路 7"})), "building.address_corrected"),
            ("all of it", "building.register", building(all.clone()), everything),
            ("limits hold here too", "building.register", building(json!({"units": [unit("1", 501)]})), "422 too_many /data/units/0/doors"),
        ],
    );
    world.record("building.register", building(all.clone()), "2020-02-02T08:00");
    check(&world, "2020-02-02T09:00", &[("it stuck", "building.register", building(all), "unchanged")]);
}

#[test]
fn a_report_names_what_it_speaks_for() {
    check(
        &World::settled(),
        "2020-02-06T18:00",
        &[
            ("a building", "building.report", report(json!({})), "building.reported"),
            ("a unit", "building.report", report(json!({"scopes": [{"building": "b07", "unit": "2"}]})), "building.reported"),
            ("any unit where none are known", "building.report", report(json!({"scopes": [{"building": "b08", "unit": "9"}]})), "building.reported"),
            ("nothing", "building.report", report(json!({"scopes": []})), "422 scopes_count /data/scopes"),
            ("100", "building.report", report(json!({"scopes": repeated(100, |_| json!({"building": "b07"}))})), "building.reported"),
            ("101", "building.report", report(json!({"scopes": repeated(101, |_| json!({"building": "b07"}))})), "422 scopes_count /data/scopes"),
            (
                "unknown",
                "building.report",
                report(json!({"scopes": [{"building": "b07"}, {"building": "b99"}]})),
                "unknown building b99 /data/scopes/1/building",
            ),
            ("unknown unit", "building.report", report(json!({"scopes": [{"building": "b07", "unit": "3"}]})), "unknown unit 3 /data/scopes/0/unit"),
            ("yesterday", "building.report", report(json!({"for_date": "2020-02-05"})), "building.reported"),
            ("today", "building.report", report(json!({"for_date": "2020-02-06"})), "building.reported"),
            ("tomorrow", "building.report", report(json!({"for_date": "2020-02-07"})), "422 date_in_future /data/for_date"),
        ],
    );
    let late = accepted(&World::settled(), "building.report", report(json!({})), "2020-02-06T23:59");
    assert_eq!(field(&late[0], "/for_date"), "2020-02-06", "the day in the community's zone");
}

#[test]
fn an_exception_is_at_a_door_that_exists() {
    let with = |exceptions: Value| report(json!({"exceptions": exceptions}));
    let stranger = json!({"building": "b07", "unit": "2", "kind": "stranger", "note": "on the stairs"});
    let world = World::settled();
    check(
        &world,
        "2020-02-06T18:00",
        &[
            ("a household", "building.report", with(json!([{"household": "h502", "kind": "ill"}])), "building.reported"),
            ("a stair", "building.report", with(json!([stranger])), "building.reported"),
            ("200", "building.report", with(repeated(200, |_| stranger.clone())), "building.reported"),
            ("201", "building.report", with(repeated(201, |_| stranger.clone())), "422 too_many /data/exceptions"),
            ("no door", "building.report", with(json!([stranger, {"kind": "ill"}])), "422 door_missing /data/exceptions/1"),
            ("unknown", "building.report", with(json!([{"household": "h9", "kind": "ill"}])), "unknown household h9 /data/exceptions/0/household"),
        ],
    );
    let of_units = |units: Value, exception: Value| json!({"scopes": units, "basis": "seen", "exceptions": [exception]});
    let unit = |unit: &str| json!({"building": "b07", "unit": unit});
    let (household, stairs) = (json!({"household": "h502", "kind": "ill"}), |building: &str| json!({"building": building, "unit": "1", "kind": "ill"}));
    check(
        &world,
        "2020-02-06T18:00",
        &[
            (
                "in another building",
                "building.report",
                with(json!([household, {"household": "h101", "kind": "ill"}])),
                "422 outside_scopes /data/exceptions/1/household",
            ),
            ("on other stairs", "building.report", with(json!([stairs("b08")])), "422 outside_scopes /data/exceptions/0/building"),
            ("in the unit", "building.report", of_units(json!([unit("2")]), household.clone()), "building.reported"),
            ("in one of the units", "building.report", of_units(json!([unit("1"), unit("2")]), household.clone()), "building.reported"),
            ("in another unit", "building.report", of_units(json!([unit("1")]), household.clone()), "422 outside_scopes /data/exceptions/0/household"),
            (
                "in no unit",
                "building.report",
                of_units(json!([unit("1")]), json!({"building": "b07", "kind": "ill"})),
                "422 outside_scopes /data/exceptions/0/building",
            ),
            ("in both buildings", "building.report", of_units(json!([{"building": "b07"}, {"building": "b08"}]), stairs("b08")), "building.reported"),
        ],
    );
    let events = accepted(&world, "building.report", with(json!([{"household": "h502", "kind": "ill"}])), "2020-02-06T18:00");
    let place = json!({"estate": "e1", "building": "b07", "unit": "2", "floor": 5, "door": "502", "household": "h502"});
    assert_eq!(field(&events[0], "/exceptions/0/place"), place, "intake writes the whole place into the fact");
}
