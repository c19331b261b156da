//! The status of buildings and doors at every edge, and that every change by time alone is announced.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

mod world;

use std::collections::BTreeMap;

use domain::{
    community::Policy,
    quarantine::CheckOutcome,
    responsibility::{Scope, ScopeId, ScopeKind},
    values::{HouseholdId, Timestamp, Zone},
    visit::Outcome,
};
use proptest::prelude::*;
use readmodel::{
    models::{building, coverage, door, household, quarantine, round, watch},
    views::{
        BuildingDetail, BuildingRows, Cell, DoorRows, KnownBy, Moment, Status, StatusRow, building_detail, coverage_count, coverage_doors, in_scope,
        next_change, status_row,
    },
};
use world::{Told, at, bare_place, check, day, id, place, registrations, report, rows_of, told, visit};

struct World {
    file: building::Row,
    watch: Option<watch::Row>,
    orders: Vec<quarantine::Row>,
    round: round::Row,
    coverage: Option<coverage::Row>,
    households: BTreeMap<HouseholdId, household::Row>,
    doors: Vec<door::Row>,
}

fn world(facts: &[Told]) -> World {
    let all: Vec<Told> = registrations().into_iter().chain(facts.iter().cloned()).collect();
    World {
        file: rows_of::<building::Building>(&all).remove(&id("b07")).unwrap(),
        watch: rows_of::<watch::Watch>(&all).remove(&id("b07")),
        orders: rows_of::<quarantine::Quarantine>(&all).into_values().collect(),
        round: rows_of::<round::Round>(&all).remove(&id("r1")).unwrap(),
        coverage: rows_of::<coverage::Coverage>(&all).into_values().next(),
        households: rows_of::<household::Household>(&all).into_iter().map(|(key, row)| (key.household, row)).collect(),
        doors: rows_of::<door::Door>(&all).into_values().collect(),
    }
}

impl World {
    fn rows(&self) -> BuildingRows<'_> {
        BuildingRows {
            file: &self.file,
            estate_name: None,
            watch: self.watch.as_ref(),
            orders: &self.orders,
            alerts: &[],
            round: Some((&self.round, self.coverage.as_ref())),
            sequence: 1,
        }
    }

    fn status(&self, now: Timestamp) -> StatusRow {
        status_row(&self.rows(), &Moment { policy: &Policy::default(), zone: &Zone::default(), now })
    }

    fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        next_change(&self.rows(), &Moment { policy: &Policy::default(), zone: &Zone::default(), now })
    }

    fn detail(&self, now: Timestamp) -> BuildingDetail {
        let rounds = std::slice::from_ref(&self.round);
        let doors = DoorRows { households: &self.households, doors: &self.doors, rounds };
        building_detail(&self.rows(), &doors, &Moment { policy: &Policy::default(), zone: &Zone::default(), now })
    }

    fn cell(&self, unit: &str, door: &str, now: Timestamp) -> Cell {
        let cells = self.detail(now).units.into_iter().flat_map(|unit| unit.floors).flat_map(|floor| floor.doors);
        let here = |cell: &Cell| cell.unit.as_deref() == Some(unit) && cell.door.as_deref() == Some(door);
        cells.into_iter().find(here).expect("the door is listed")
    }
}

fn reported(sequence: u64, date: &str, happened: &str) -> Told {
    told(sequence, at(happened), at(happened), report(&[], day(date), None))
}

/// Checks of the order's slots of a day, both in time.
fn checked(sequence: u64, date: &str) -> [Told; 2] {
    ["T08:00", "T13:00"].map(|time| {
        let happened = at(&format!("{date}{time}"));
        told(sequence + u64::from(time == "T13:00"), happened, happened, check(CheckOutcome::Reached, 366, happened))
    })
}

#[test]
fn a_building_nobody_looked_at_is_unknown_and_never_normal() {
    let mut empty = world(&[]);
    empty.orders.clear();
    for now in ["2020-02-01T09:00", "2020-02-01T23:59", "2020-02-02T05:00"] {
        assert_eq!(empty.status(at(now)).status, Status::Unknown, "{now}");
    }
}

#[test]
fn a_report_is_owed_from_the_day_after_registration_and_silence_begins_after_the_minute_it_is_due() {
    let empty = world(&[]);
    for (now, silent) in [
        ("2020-02-01T18:01", false),
        ("2020-02-02T00:00", false),
        ("2020-02-02T18:00", false),
        ("2020-02-02T18:01", true),
        ("2020-02-03T00:00", true),
        ("2020-02-03T17:59", true),
    ] {
        assert_eq!(empty.status(at(now)).silent, silent, "{now}");
    }
    let once = world(&[reported(100, "2020-02-02", "2020-02-02T17:00")]);
    for (now, silent) in [("2020-02-02T18:01", false), ("2020-02-03T18:00", false), ("2020-02-03T18:01", true)] {
        assert_eq!(once.status(at(now)).silent, silent, "{now}");
    }
    assert_eq!(once.status(at("2020-02-02T18:01")).last_report_at, Some(at("2020-02-02T17:00")));
}

#[test]
fn a_report_of_one_unit_does_not_speak_for_the_building_and_both_together_do() {
    let now = at("2020-02-02T18:01");
    let half = told(100, at("2020-02-02T17:00"), at("2020-02-02T17:00"), report(&["1"], day("2020-02-02"), None));
    let rest = told(101, at("2020-02-02T17:30"), at("2020-02-02T17:30"), report(&["2"], day("2020-02-02"), None));
    assert!(world(std::slice::from_ref(&half)).status(now).silent);
    assert!(!world(&[half, rest]).status(now).silent);
}

#[test]
fn status_goes_from_duty_to_serious_when_the_grace_is_over_and_back_with_a_late_entry() {
    let mut facts = vec![reported(100, "2020-02-02", "2020-02-02T07:00")];
    facts.extend(checked(110, "2020-02-01"));
    let morning = world(&facts);
    for (now, status) in
        [("2020-02-02T12:00", Status::Duty), ("2020-02-02T12:30", Status::Duty), ("2020-02-02T12:31", Status::Serious), ("2020-02-02T17:00", Status::Serious)]
    {
        let row = morning.status(at(now));
        assert_eq!((row.status, row.quarantined), (status, 1), "{now}");
    }
    facts.push(told(120, at("2020-02-02T11:00"), at("2020-02-02T16:00"), check(CheckOutcome::Reached, 366, at("2020-02-02T11:00"))));
    let row = world(&facts).status(at("2020-02-02T16:00"));
    assert_eq!((row.status, row.checks.done, row.checks.due), (Status::Duty, 1, 2));
    assert_eq!(row.badges, ["duty"]);
}

#[test]
fn what_was_seen_is_known_for_so_many_hours_and_an_unanswered_door_tells_nothing() {
    let seen = at("2020-02-02T08:00");
    let visited = world(&[told(100, seen, seen, visit(place("h2"), Outcome::Met, None, Vec::new()))]);
    let cell = |now| visited.cell("1", "201", at(now));
    assert_eq!((cell("2020-02-05T07:59").state, cell("2020-02-05T07:59").known_by), (Status::Normal, Some(KnownBy::Seen)));
    assert_eq!((cell("2020-02-05T08:00").state, cell("2020-02-05T08:00").known_by), (Status::Unknown, None));
    let knocked = world(&[told(100, seen, seen, visit(place("h2"), Outcome::Absent, None, Vec::new()))]);
    let door = knocked.cell("1", "201", at("2020-02-02T09:00"));
    assert_eq!((door.state, door.last_outcome.as_deref(), door.seen_at), (Status::Unknown, Some("absent"), None));
}

#[test]
fn a_report_covers_the_doors_not_in_its_exceptions_as_reported_not_as_seen() {
    let happened = at("2020-02-02T17:00");
    let facts = [told(100, happened, happened, report(&[], day("2020-02-02"), Some(place("h2"))))];
    let covered = world(&facts);
    let now = at("2020-02-02T17:30");
    assert_eq!((covered.cell("2", "101", now).state, covered.cell("2", "101", now).known_by), (Status::Normal, Some(KnownBy::Reported)));
    assert_eq!((covered.cell("1", "201", now).state, covered.cell("1", "201", now).known_by), (Status::Unknown, None));
    assert_eq!(covered.cell("1", "101", now).state, Status::Serious, "the order's morning check is overdue, whatever was reported");
}

#[test]
fn a_vacancy_lasts_for_its_round() {
    let seen = at("2020-02-02T08:00");
    let vacant = |round| told(100, seen, seen, visit(place("h2"), Outcome::Vacant, round, Vec::new()));
    let much_later = at("2020-02-09T08:00");
    assert_eq!(world(&[vacant(Some("r1"))]).cell("1", "201", much_later).state, Status::Vacant);
    assert_eq!(world(&[vacant(None)]).cell("1", "201", much_later).state, Status::Unknown);
    let closing = told(101, at("2020-02-08T08:00"), at("2020-02-08T08:00"), domain::round::Closed { round: id("r1") });
    assert_eq!(world(&[vacant(Some("r1")), closing]).cell("1", "201", much_later).state, Status::Unknown);
}

#[test]
fn doors_show_floors_from_the_top_and_the_day_of_the_order() {
    let detail = world(&[]).detail(at("2020-02-04T10:00"));
    let floors: Vec<Option<i32>> = detail.units[0].floors.iter().map(|floor| floor.floor).collect();
    assert_eq!(floors, [Some(2), Some(1)]);
    let cell = &detail.units[0].floors[1].doors[0];
    assert_eq!((cell.day, cell.days, cell.quarantined), (Some(3), Some(14), 1));
    assert_eq!((detail.status.doors, detail.status.households, detail.status.people), (4, 3, 4));
}

#[test]
fn a_door_without_a_file_is_covered_under_its_own_name() {
    let seen = at("2020-02-02T08:00");
    let facts = [
        told(100, seen, seen, visit(bare_place(), Outcome::Met, Some("r1"), Vec::new())),
        told(101, seen, seen, visit(place("h1"), Outcome::Absent, Some("r1"), Vec::new())),
        told(102, seen, seen, visit(place("h2"), Outcome::Refused, Some("r1"), Vec::new())),
    ];
    let world = world(&facts);
    let doors = coverage_doors(&world.file, &world.round, world.coverage.as_ref());
    assert_eq!((doors.reached, doors.total), (1, 4));
    assert_eq!((doors.absent, doors.refused, doors.missing), (vec!["1-101".to_owned()], vec!["1-201".to_owned()], vec!["2-101".to_owned()]));
    assert_eq!(world.status(seen).covered, 1);
}

#[test]
fn a_round_in_a_unit_is_about_the_doors_of_that_unit() {
    let seen = at("2020-02-02T08:00");
    let facts = [
        told(100, seen, seen, visit(bare_place(), Outcome::Met, Some("r1"), Vec::new())),
        told(101, seen, seen, visit(place("h1"), Outcome::Absent, Some("r1"), Vec::new())),
    ];
    let mut world = world(&facts);
    let scoped = |building: &str, unit: &str| Some(Scope { kind: ScopeKind::Unit, id: ScopeId::of_unit(&id(building), unit) });
    world.round.scope = scoped("b07", "2");
    assert!(in_scope(&world.round, &world.file));
    let doors = coverage_doors(&world.file, &world.round, world.coverage.as_ref());
    assert_eq!((doors.reached, doors.total, doors.absent, doors.missing), (1, 2, vec![], vec!["2-101".to_owned()]));
    let count = coverage_count(&world.file, &world.round, world.coverage.as_ref());
    assert_eq!((count.reached, count.total), (1, 2), "the other unit is not missing: nobody was to go there");
    // unit 2 of a building `b07-1` is no unit of this one
    for elsewhere in [scoped("b07-1", "2"), scoped("b08", "2"), scoped("b07", "3")] {
        world.round.scope = elsewhere;
        assert!(!in_scope(&world.round, &world.file), "{:?}", world.round.scope);
    }
}

#[test]
fn of_two_outcomes_at_one_instant_the_worse_holds() {
    let seen = at("2020-02-02T08:00");
    let vacant = told(100, seen, seen, visit(place("h2"), Outcome::Vacant, None, Vec::new()));
    let met = told(101, seen, seen, visit(place("h2"), Outcome::Met, None, Vec::new()));
    for facts in [[vacant.clone(), met.clone()], [met, vacant]] {
        assert_eq!(world(&facts).cell("1", "201", seen).state, Status::Normal);
    }
}

proptest! {
    #[test]
    fn every_change_by_time_alone_is_announced(
        minutes in 0i64..(20 * 24 * 60),
        reports in prop::collection::vec((0i32..5, 0u16..24), 0..4),
        checks in prop::collection::vec(0i64..(5 * 24 * 60), 0..6),
    ) {
        let mut facts = Vec::new();
        for ((days, hour), sequence) in reports.into_iter().zip(100..) {
            let date = day("2020-02-02").plus_days(days);
            let happened = Zone::default().at(date, domain::values::TimeOfDay::of(hour, 0));
            facts.push(told(sequence, happened, happened, report(&[], date, None)));
        }
        for (offset, sequence) in checks.into_iter().zip(200..) {
            let happened = at("2020-02-01T10:00").plus_minutes(offset);
            facts.push(told(sequence, happened, happened, check(CheckOutcome::Reached, 366, happened)));
        }
        let world = world(&facts);
        let now = at("2020-02-01T09:00").plus_minutes(minutes);
        if let Some(next) = world.next_change(now) {
            prop_assert_eq!(world.status(now), world.status(next.plus_ms(-1)), "between {} and {}", now, next);
        }
    }

    #[test]
    fn unknown_is_never_shown_as_normal(minutes in 0i64..(20 * 24 * 60), visits in prop::collection::vec((0i64..(10 * 24 * 60), 0usize..6), 0..5)) {
        let outcomes = [Outcome::Met, Outcome::Absent, Outcome::Refused, Outcome::Vacant, Outcome::NoAnswer, Outcome::WrongNumber];
        let facts: Vec<Told> = visits.iter().zip(100..).map(|((offset, outcome), sequence)| {
            let happened = at("2020-02-01T09:00").plus_minutes(*offset);
            told(sequence, happened, happened, visit(place("h3"), outcomes[*outcome], None, Vec::new()))
        }).collect();
        let world = world(&facts);
        let now = at("2020-02-01T09:00").plus_minutes(minutes);
        let telling = visits.iter().filter(|(_, outcome)| matches!(outcomes[*outcome], Outcome::Met | Outcome::Vacant));
        let fresh = telling.map(|(offset, _)| at("2020-02-01T09:00").plus_minutes(*offset)).any(|seen| now.0 < seen.0 + 72 * 3_600_000);
        let row = world.status(now);
        let bright = |status| matches!(status, Status::Normal | Status::Duty | Status::Vacant);
        prop_assert!(!bright(row.status) || (fresh && !row.silent), "{:?} at {}", row, now);
        prop_assert!(!bright(world.cell("2", "101", now).state) || fresh, "door at {}", now);
    }
}
