//! Doors that a round never reached: when they are named, what reaches them, and which rounds are about them.

use domain::{
    building::UnitsChanged,
    household,
    responsibility::{self, ScopeKind as Of},
    round,
    values::BuildingId,
};

use super::*;
use crate::DoorMissed;

const REGISTERED: &str = "2020-02-01T08:00";
/// A round of four days.
const OPENS: &str = "2020-02-03T08:00";
const CLOSES: &str = "2020-02-07T08:00";
/// A day before its end.
const NAMED: &str = "2020-02-06T08:00";

fn here() -> Scope {
    Scope::of(ScopeKind::Building, "b07").unwrap()
}

pub(super) fn opened(round: &str, closes_at: Option<Timestamp>) -> round::Opened {
    round::Opened { round: round.parse().unwrap(), name: None, scope: None, closes_at, reached_by: vec![Mode::Door], questions: Vec::new() }
}

pub(super) fn closed(round: &str) -> round::Closed {
    round::Closed { round: round.parse().unwrap() }
}

pub(super) fn household(household: &str, door: &str) -> household::Registered {
    household::Registered { household: household.parse().unwrap(), place: place(household, door), private: None, file_fingerprint: 0 }
}

fn place(household: &str, door: &str) -> Place {
    Place { household: household.parse().ok(), ..bare(door) }
}

/// A door without a household.
fn bare(door: &str) -> Place {
    Place { building: Some("b07".parse().unwrap()), unit: Some("1".to_owned()), door: Some(door.to_owned()), ..Place::default() }
}

fn listed(doors: &[&str]) -> Unit {
    Unit { unit: "1".to_owned(), name: None, floors: 6, doors: doors.iter().map(|door| (*door).to_owned()).collect() }
}

/// A building with doors 101 and 102, of which household h1 is behind 101, and a round of four days.
fn begun() -> Vec<Commit> {
    let file = Registered { units: vec![listed(&["101", "102"])], ..building(&[]) };
    let told = |number, text, event: Event| commit(number, at(text), at(text), event);
    vec![told(1, REGISTERED, file.into()), told(2, REGISTERED, household("h1", "101").into()), told(3, OPENS, opened("r1", Some(at(CLOSES))).into())]
}

fn reached(number: u64, place: Place, text: &str) -> Commit {
    in_round(number, "r1", place, text, text)
}

fn in_round(number: u64, round: &str, place: Place, happened: &str, known: &str) -> Commit {
    let visit = Recorded { place, round: Some(round.parse().unwrap()), people: Vec::new(), ..visit(found(Vec::new())) };
    commit(number, at(happened), at(known), visit)
}

fn with(more: &[Commit]) -> Vec<Commit> {
    [begun(), more.to_vec()].concat()
}

fn missed(commits: &[Commit], now: &str) -> Vec<String> {
    firing::<DoorMissed>(commits, &here(), at(now)).map(|firing| firing.causes).unwrap_or_default()
}

#[test]
fn doors_are_named_in_the_last_day_of_a_round_and_three_days_after_it() {
    let both = ["r1/b07/1-101", "r1/b07/1-102"];
    for (now, expected) in
        [(OPENS, &both[..0]), ("2020-02-06T07:59", &both[..0]), (NAMED, &both), (CLOSES, &both), ("2020-02-10T07:59", &both), ("2020-02-10T08:00", &both[..0])]
    {
        assert_eq!(missed(&begun(), now), expected, "{now}");
    }
    let changes: Vec<_> = [OPENS, NAMED, "2020-02-10T08:00"].map(|now| judge::<DoorMissed>(&begun(), &here(), at(now)).next_change).into();
    assert_eq!(changes, [Some(at(NAMED)), Some(at("2020-02-10T08:00")), None]);
    let firing = firing::<DoorMissed>(&begun(), &here(), at(NAMED)).unwrap();
    assert_eq!((firing.severity, firing.occurrences, firing.first_at, firing.person), (Severity::Caution, 2, at(NAMED), None));
    assert_eq!((firing.place.building, firing.place.household), (Some("b07".parse::<BuildingId>().unwrap()), None));
}

#[test]
fn a_round_of_a_day_names_nobody_before_its_last_quarter_and_one_that_is_closed_at_its_end() {
    let of_a_day = |closed_at: Option<&str>| {
        let mut commits = begun()[..2].to_vec();
        commits.push(commit(3, at("2020-02-03T08:00"), at("2020-02-03T08:00"), opened("r1", Some(at("2020-02-03T20:00")))));
        commits.extend(closed_at.map(|text| commit(4, at(text), at(text), closed("r1"))));
        commits
    };
    assert!(missed(&of_a_day(None), "2020-02-03T16:59").is_empty());
    assert_eq!(missed(&of_a_day(None), "2020-02-03T17:00").len(), 2);
    assert_eq!(missed(&of_a_day(Some("2020-02-03T10:00")), "2020-02-03T10:00").len(), 2, "it was closed early");
    assert!(missed(&of_a_day(Some("2020-02-03T10:00")), "2020-02-06T10:00").is_empty(), "and is forgotten three days after that");
    assert_eq!(missed(&of_a_day(Some("2020-02-05T10:00")), "2020-02-06T19:59").len(), 2, "it had ended before it was closed");
    let without_end = [begun()[..2].to_vec(), vec![commit(3, at(OPENS), at(OPENS), opened("r1", None))]].concat();
    assert!(missed(&without_end, "2020-03-01T08:00").is_empty());
    let by_hand = [without_end, vec![commit(4, at(CLOSES), at(CLOSES), closed("r1"))]].concat();
    assert!(missed(&by_hand, "2020-02-07T07:59").is_empty());
    assert_eq!(missed(&by_hand, CLOSES).len(), 2);
}

#[test]
fn every_outcome_and_way_reaches_a_door_or_does_not() {
    for outcome in Outcome::ALL {
        for mode in Mode::ALL {
            let visit = Recorded { place: bare("102"), round: Some("r1".parse().unwrap()), outcome: *outcome, mode: *mode, ..visit(found(Vec::new())) };
            let told = matches!(outcome, Outcome::Met | Outcome::Vacant | Outcome::MovedOut | Outcome::NoSuchDoor);
            let expected = if told && *mode == Mode::Door { vec!["r1/b07/1-101"] } else { vec!["r1/b07/1-101", "r1/b07/1-102"] };
            let visit = commit(4, at(OPENS), at(OPENS), visit);
            let scopes = crate::scopes::<DoorMissed>(&visit.events[0], &visit.header).unwrap();
            assert_eq!(!scopes.is_empty(), told, "what tells nothing costs nothing: {outcome}");
            assert_eq!(missed(&with(&[visit]), NAMED), expected, "{outcome} {mode}");
        }
    }
    // a visit that names no round is of none, and costs nothing
    let without = commit(4, at(OPENS), at(OPENS), Recorded { place: bare("102"), ..visit(found(Vec::new())) });
    assert_eq!(crate::scopes::<DoorMissed>(&without.events[0], &without.header).unwrap(), Vec::new());
    let another = in_round(4, "r0", bare("102"), OPENS, OPENS);
    assert_eq!(missed(&with(&[another]), NAMED).len(), 2, "of another round");
}

#[test]
fn which_doors_are_missing_is_told_by_the_hour_and_that_none_is_at_once() {
    let one = with(&[reached(4, place("h1", "101"), "2020-02-06T09:20")]);
    for (now, expected) in [("2020-02-06T09:20", 2), ("2020-02-06T09:59", 2), ("2020-02-06T10:00", 1)] {
        assert_eq!(missed(&one, now).len(), expected, "{now}");
    }
    assert_eq!(judge::<DoorMissed>(&one, &here(), at("2020-02-06T09:20")).next_change, Some(at("2020-02-06T10:00")));
    let both = with(&[reached(4, place("h1", "101"), "2020-02-06T09:20"), reached(5, bare("102"), "2020-02-06T09:30")]);
    let verdict = judge::<DoorMissed>(&both, &here(), at("2020-02-06T09:30")).verdict;
    assert_eq!(verdict, Verdict::Quiet { late: false, quieted_by: vec![event_id(5)] });
    let taken_back = [both.clone(), vec![commit(6, at(NAMED), at(NAMED), retracted(&both[4]))]].concat();
    assert_eq!(missed(&taken_back, "2020-02-06T11:00"), ["r1/b07/1-102"]);
}

#[test]
fn a_visit_that_syncs_late_says_that_the_door_was_not_missed() {
    let before = in_round(5, "r1", bare("102"), "2020-02-05T09:00", "2020-02-08T09:00");
    let late = with(&[reached(4, place("h1", "101"), OPENS), before]);
    assert_eq!(judge::<DoorMissed>(&late, &here(), at("2020-02-08T09:00")).verdict, Verdict::Quiet { late: true, quieted_by: vec![event_id(5)] });
    let in_a_later_round = with(&[reached(4, place("h1", "101"), OPENS), in_round(5, "r2", bare("102"), "2020-02-08T09:00", "2020-02-08T09:00")]);
    let verdict = judge::<DoorMissed>(&in_a_later_round, &here(), at("2020-02-08T09:00")).verdict;
    assert_eq!(verdict, Verdict::Quiet { late: false, quieted_by: vec![event_id(5)] }, "they went there again");
}

#[test]
fn a_door_that_is_known_only_after_the_end_was_not_missed() {
    for (known, expected) in [("2020-02-07T07:59", 3), (CLOSES, 2)] {
        let newcomer = commit(4, at(known), at(known), household("h2", "103"));
        assert_eq!(missed(&with(&[newcomer]), CLOSES).len(), expected, "{known}");
        let units = UnitsChanged { building: "b07".parse().unwrap(), units: vec![listed(&["101", "102", "103"])] };
        assert_eq!(missed(&with(&[commit(4, at(known), at(known), units)]), CLOSES).len(), expected, "listed {known}");
    }
    let fewer = UnitsChanged { building: "b07".parse().unwrap(), units: vec![listed(&["101"])] };
    assert_eq!(missed(&with(&[commit(4, at(NAMED), at(NAMED), fewer)]), CLOSES), ["r1/b07/1-101"]);
    let corrected = household::DoorCorrected { household: "h1".parse().unwrap(), from: place("h1", "101"), to: place("h1", "102") };
    let moved = [reached(4, place("h1", "101"), OPENS), commit(5, at(OPENS), at(OPENS), corrected)];
    assert_eq!(missed(&with(&moved), NAMED), ["r1/b07/1-101"], "it was 102 that was reached");
}

#[test]
fn a_round_is_about_its_part_of_the_community() {
    let of = |kind, id: &str| responsibility::Scope::of(kind, &id);
    let scoped = |scope| {
        let mut commits = begun();
        commits[2] = commit(3, at(OPENS), at(OPENS), round::Opened { scope: Some(scope), ..opened("r1", Some(at(CLOSES))) });
        missed(&commits, NAMED).len()
    };
    for (scope, expected) in [
        (of(Of::Community, "u07"), 2),
        (of(Of::Building, "b07"), 2),
        (of(Of::Building, "b08"), 0),
        (of(Of::Unit, "b07-1"), 2),
        (of(Of::Unit, "b07-2"), 0),
        (of(Of::Estate, "e1"), 0),
        (of(Of::Household, "h1"), 1),
        (of(Of::Person, "p1"), 0),
    ] {
        assert_eq!(scoped(scope.clone()), expected, "{scope:?}");
    }
}

#[test]
fn doors_that_no_file_tells_of_are_remembered_until_there_are_too_many() {
    let visits = (0..400_u64).map(|number| reached(10 + number, bare(&format!("x{number}")), OPENS));
    let remembered = memory::<DoorMissed>(&with(&visits.collect::<Vec<_>>()), &here());
    assert!(crate::Remembered::facts(&remembered) < 600, "{} facts", crate::Remembered::facts(&remembered));
    // one of them is put into the file afterwards: it was reached
    let newcomer = commit(5, at(OPENS), at(OPENS), household("h2", "103"));
    assert_eq!(missed(&with(&[reached(4, bare("103"), OPENS), newcomer]), NAMED), ["r1/b07/1-101", "r1/b07/1-102"]);
}

#[test]
fn many_doors_are_counted_and_some_are_named() {
    let doors: Vec<String> = (100..300).map(|door| door.to_string()).collect();
    let file = Registered { units: vec![listed(&doors.iter().map(String::as_str).collect::<Vec<_>>())], ..building(&[]) };
    let commits = [commit(1, at(REGISTERED), at(REGISTERED), file), commit(3, at(OPENS), at(OPENS), opened("r1", Some(at(CLOSES))))];
    let firing = firing::<DoorMissed>(&commits, &here(), at(NAMED)).unwrap();
    assert_eq!((firing.occurrences, firing.causes.len(), firing.causes[0].as_str()), (200, 64, "r1/b07/1-100"));
}
