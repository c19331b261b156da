//! Who is nudged: the nearest leaders, who are there and awake.

use std::collections::BTreeSet;

use super::*;
use crate::{Nudge, escalation::nudged};

fn leaders(events: Vec<Event>, units: &[&str], policy: &Policy, now: &str) -> (Vec<String>, Option<Timestamp>) {
    let duties = duties_of((1..).zip(events));
    let units: BTreeSet<String> = units.iter().map(|unit| (*unit).to_owned()).collect();
    let nudge = Nudge { building: "b07".parse().unwrap(), units, for_date: day("2020-02-06"), due_at: at("2020-02-06T18:00") };
    let found = nudged(&nudge, &Around { community: &here(), duties: &duties, policy, zone: &Zone::default() }, at(now));
    (found.leaders.iter().map(ToString::to_string).collect(), found.next_change)
}

fn of_unit(unit: &str) -> DutyScope {
    DutyScope::of_unit(&"b07".parse().unwrap(), unit)
}

#[test]
fn the_nearest_leaders_of_what_is_missing_who_are_there_and_awake() {
    let usual = Policy::default();
    let each = || vec![lies_in_grid().into(), assigned(of_unit("1"), "leader", 1, "s-one").into(), assigned(of_unit("2"), "leader", 1, "s-two").into()];
    let and = |event: Event| each().into_iter().chain([event]).collect::<Vec<_>>();
    let own = || and(assigned(in_building(), "leader", 1, "s-own").into());
    let away = || and(absent("s-two", "2020-02-06T08:00", "2020-02-06T17:20").into());
    for (what, events, units, expected) in [
        ("nobody has the duty", vec![lies_in_grid().into()], vec![], vec![]),
        ("each unit has one", each(), vec![], vec!["s-one", "s-two"]),
        ("one unit is missing", each(), vec!["2"], vec!["s-two"]),
        ("the building has one", own(), vec!["2"], vec!["s-own"]),
        ("one is away", away(), vec![], vec!["s-one"]),
        ("the one is away", away(), vec!["2"], vec![]),
        ("a nurse is none", vec![lies_in_grid().into(), assigned(in_building(), "nurse", 1, "s-nurse").into()], vec![], vec![]),
    ] {
        assert_eq!(leaders(events, &units, &usual, "2020-02-06T17:00").0, expected, "{what}");
    }
    let back = leaders(away(), &["2"], &usual, "2020-02-06T17:00").1;
    assert_eq!(back, Some(at("2020-02-06T17:20")), "who comes back is nudged then");
    let early = Change { quiet_hours: Some(QuietHours { from: TimeOfDay::of(16, 0), until: TimeOfDay::of(17, 30) }), ..Change::default() };
    let quiet = usual.changed(at("2020-02-01T00:00"), early);
    assert_eq!(leaders(each(), &[], &quiet, "2020-02-06T17:00"), (vec![], Some(at("2020-02-06T17:30"))), "nobody is woken by a reminder");
    let shift = planned(in_building(), "leader", 1, &[("s-late", "2020-02-06T16:00", "2020-02-06T20:00")]);
    assert_eq!(leaders(and(shift.into()), &[], &quiet, "2020-02-06T17:00").0, Vec::<String>::new(), "nor on a shift");
}
