//! A nudge: once a building and day, while the report can still be in time.

use super::*;
use domain::{Event, nudge::Nudged};

fn nudge(change: Value) -> Value {
    let mut data = json!({"building": "b07", "for_date": "2020-02-06", "due_at": "2020-02-06T18:00:00+08:00", "leaders": ["s-yang"]});
    data.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    data
}

#[test]
fn it_is_given_once_a_building_and_day_and_never_when_it_is_of_no_use() {
    let mut world = World::settled();
    check(
        &world,
        "2020-02-06T17:00",
        &[
            ("the first", "report.nudge", nudge(json!({})), "report.nudged"),
            ("nobody to remind", "report.nudge", nudge(json!({"leaders": []})), "unchanged"),
            ("it is due already", "report.nudge", nudge(json!({"due_at": "2020-02-06T17:00:00+08:00"})), "unchanged"),
            ("an unknown building", "report.nudge", nudge(json!({"building": "b99"})), "unknown building b99 /data/building"),
        ],
    );
    world.record("report.nudge", nudge(json!({})), "2020-02-06T17:00");
    let Event::ReportNudged(Nudged { place, names, leaders, .. }) = world.commits().last().unwrap().events[0].clone() else { panic!("a nudge") };
    assert_eq!((place.building.unwrap().as_str(), leaders[0].as_str()), ("b07", "s-yang"));
    assert_eq!((names.estate.as_deref(), names.building.as_deref()), (Some("阳光小区"), Some("7号楼")), "what people call it stands in the fact");
    check(
        &world,
        "2020-02-06T17:30",
        &[
            ("again", "report.nudge", nudge(json!({})), "unchanged"),
            ("somebody else", "report.nudge", nudge(json!({"leaders": ["s-li"]})), "unchanged"),
            ("an earlier day", "report.nudge", nudge(json!({"for_date": "2020-02-05"})), "unchanged"),
            ("another building", "report.nudge", nudge(json!({"building": "b08"})), "report.nudged"),
        ],
    );
    let tomorrow = nudge(json!({"for_date": "2020-02-07", "due_at": "2020-02-07T18:00:00+08:00"}));
    check(&world, "2020-02-07T17:00", &[("the next day", "report.nudge", tomorrow, "report.nudged")]);
}
