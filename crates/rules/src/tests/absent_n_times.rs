//! Doors behind which nobody is found: how often, on which occasions, and what ends it.

use super::*;
use crate::AbsentNTimes;

const DAYS: [&str; 4] = ["2020-02-06T09:00", "2020-02-07T09:00", "2020-02-08T09:00", "2020-02-09T09:00"];

fn household() -> Scope {
    Scope::of(ScopeKind::Household, "h1").unwrap()
}

fn call(number: u64, outcome: Outcome, text: &str) -> Commit {
    recorded(number, outcome, text, text)
}

fn recorded(number: u64, outcome: Outcome, happened: &str, known: &str) -> Commit {
    commit(number, at(happened), at(known), Recorded { outcome, people: Vec::new(), ..visit(found(Vec::new())) })
}

/// Nobody on each of the first days.
fn absent_on(days: usize) -> Vec<Commit> {
    DAYS.iter().take(days).zip(1..).map(|(day, number)| call(number, Outcome::Absent, day)).collect()
}

fn times(policy: &[(&str, u32)], commits: &[Commit]) -> Option<u32> {
    let change = |times| Change { rules: [(word("absent_n_times"), RuleChange { times: Some(times), ..RuleChange::default() })].into(), ..Change::default() };
    let policy = policy.iter().fold(Policy::default(), |policy, (from, times)| policy.changed(at(from), change(*times)));
    let judged = judge_by::<AbsentNTimes>(&memory::<AbsentNTimes>(commits, &household()), &household(), &policy, at(DAYS[3]));
    match judged.verdict {
        Verdict::Firing(firing) => Some(firing.occurrences),
        Verdict::Recovering { .. } | Verdict::Quiet { .. } => None,
    }
}

#[test]
fn three_times_nobody_is_a_caution_that_names_them() {
    assert_eq!([0, 1, 2, 3, 4].map(|days| times(&[], &absent_on(days))), [None, None, None, Some(3), Some(4)]);
    let firing = firing::<AbsentNTimes>(&absent_on(3), &household(), at(DAYS[3])).unwrap();
    assert_eq!((firing.severity, firing.place, firing.person), (Severity::Caution, home(), None));
    assert_eq!((firing.first_at, firing.last_at), (at(DAYS[0]), at(DAYS[2])));
    assert_eq!(firing.causes, [event_id(1), event_id(2), event_id(3)]);
}

#[test]
fn every_outcome_is_an_absence_ends_them_or_says_nothing() {
    for outcome in Outcome::ALL {
        let third = [absent_on(2), vec![call(3, *outcome, DAYS[2])]].concat();
        let between = [absent_on(1), vec![call(2, *outcome, DAYS[1]), call(3, Outcome::Absent, DAYS[2]), call(4, Outcome::NoAnswer, DAYS[3])]].concat();
        let after = [absent_on(3), vec![call(4, *outcome, DAYS[3])]].concat();
        let (as_third, as_between, as_after) = match outcome {
            Outcome::Absent | Outcome::NoAnswer => (Some(3), Some(4), Some(4)),
            Outcome::WrongNumber => (None, Some(3), Some(3)),
            Outcome::Met | Outcome::Away | Outcome::Refused | Outcome::Vacant | Outcome::MovedOut | Outcome::NoSuchDoor => (None, None, None),
        };
        assert_eq!((times(&[], &third), times(&[], &between), times(&[], &after)), (as_third, as_between, as_after), "{outcome}");
    }
}

#[test]
fn a_knock_and_a_call_within_the_hour_are_one_occasion() {
    let third_at = |text| [absent_on(2), vec![call(3, Outcome::NoAnswer, text)]].concat();
    // half past eight began the first occasion, and nine is still of it
    for (third, expected) in [("2020-02-07T09:00", None), ("2020-02-07T09:59", None), ("2020-02-07T10:00", Some(3)), ("2020-02-06T08:30", None)] {
        assert_eq!(times(&[], &third_at(third)), expected, "{third}");
    }
    // an occasion lasts an hour from its beginning, however often somebody tries
    let all_morning: Vec<Commit> =
        (1..=5_u64).map(|number| call(number, Outcome::Absent, &format!("2020-02-06T{:02}:{:02}", 8 + number / 2, number % 2 * 30))).collect();
    assert_eq!(times(&[], &all_morning), Some(3), "08:30, 09:00, 09:30, 10:00, 10:30 are three occasions");
}

#[test]
fn the_number_is_that_of_the_policy_at_the_last_absence() {
    let (early, late) = ("2020-02-01T00:00", "2020-02-08T09:00");
    for (why, policy, expected) in [
        ("two are enough", vec![(early, 2)], Some(3)),
        ("four are needed", vec![(early, 4)], None),
        ("four are needed from the third on", vec![(late, 4)], None),
        ("four are needed after the third", vec![("2020-02-08T09:01", 4)], Some(3)),
        ("three again", vec![(early, 5), (late, 3)], Some(3)),
    ] {
        assert_eq!(times(&policy, &absent_on(3)), expected, "{why}");
    }
}

#[test]
fn of_two_at_once_the_absence_counts_as_the_later_one() {
    let at_once = [absent_on(3), vec![call(4, Outcome::Met, DAYS[2])]].concat();
    assert_eq!(times(&[], &at_once), None, "the two before are over");
    let first = [absent_on(3), vec![call(4, Outcome::Met, DAYS[0])]].concat();
    assert_eq!(times(&[], &first), Some(3), "it was so before the first");
}

#[test]
fn a_visit_recorded_late_ends_it_as_late_and_a_retraction_brings_it_back() {
    let quiet = |by: u64, late| Verdict::Quiet { late, quieted_by: vec![event_id(by)] };
    let judged = |commits: &[Commit]| judge::<AbsentNTimes>(commits, &household(), at(DAYS[3])).verdict;
    let met_before = [absent_on(3), vec![recorded(4, Outcome::Met, "2020-02-07T18:00", DAYS[3])]].concat();
    assert_eq!(judged(&met_before), quiet(4, true), "it had been known on the second day that somebody is there");
    let met_after = [absent_on(3), vec![call(4, Outcome::Met, DAYS[3])]].concat();
    assert_eq!(judged(&met_after), quiet(4, false));
    let taken_back = [met_after.clone(), vec![commit(5, at(DAYS[3]), at(DAYS[3]), retracted(&met_after[3]))]].concat();
    assert_eq!(times(&[], &taken_back), Some(3));
    let one_less = [absent_on(3), vec![commit(4, at(DAYS[3]), at(DAYS[3]), retracted(&absent_on(3)[1]))]].concat();
    assert_eq!(times(&[], &one_less), None);
    let on_paper = [absent_on(2), vec![recorded(3, Outcome::Absent, DAYS[2], "2020-02-08T18:00")]].concat();
    assert!(firing::<AbsentNTimes>(&on_paper, &household(), at(DAYS[3])).unwrap().late);
}

#[test]
fn a_door_without_a_household_has_no_alert() {
    let nobodys = Place { household: None, door: Some("502".to_owned()), ..home() };
    let event = Event::from(Recorded { place: nobodys, outcome: Outcome::Absent, people: Vec::new(), ..visit(found(Vec::new())) });
    assert_eq!(crate::scopes::<AbsentNTimes>(&event, &call(1, Outcome::Absent, DAYS[0]).header).unwrap(), Vec::new());
}
