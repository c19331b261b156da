//! Doors that stay shut and checks that are refused; what says that somebody was met, and what says nothing.

use super::*;
use crate::Refused;

const NINE: &str = "2020-02-06T09:00";
const TEN: &str = "2020-02-06T10:00";

fn household() -> Scope {
    Scope::of(ScopeKind::Household, "h1").unwrap()
}

fn order() -> Scope {
    Scope::of(ScopeKind::Quarantine, "q1").unwrap()
}

fn call(number: u64, outcome: Outcome, text: &str) -> Commit {
    commit(number, at(text), at(text), Recorded { outcome, people: Vec::new(), ..visit(found(Vec::new())) })
}

fn check(number: u64, outcome: CheckOutcome, text: &str) -> Commit {
    commit(number, at(text), at(text), checked(outcome, Vec::new()))
}

fn causes(commits: &[Commit], scope: &Scope) -> Option<Vec<String>> {
    firing::<Refused>(commits, scope, at("2020-02-20T00:00")).map(|firing| firing.causes)
}

fn of(numbers: &[u64]) -> Option<Vec<String>> {
    Some(numbers.iter().map(|number| event_id(*number)).collect())
}

#[test]
fn a_door_that_stays_shut_is_a_caution_and_a_check_that_is_refused_is_serious() {
    let door = firing::<Refused>(&[call(1, Outcome::Refused, NINE)], &household(), at(NINE)).unwrap();
    assert_eq!((door.severity, door.place, door.person, door.causes), (Severity::Caution, home(), None, vec![event_id(1)]));
    let refused = [check(1, CheckOutcome::Refused, NINE)];
    let bound = firing::<Refused>(&refused, &order(), at(NINE)).unwrap();
    assert_eq!((bound.severity, bound.place, bound.person, bound.causes), (Severity::Serious, home(), Some(subject()), vec![event_id(1)]));
    assert_eq!(causes(&refused, &household()), None, "one alert for one refusal");
    for outcome in Outcome::ALL {
        let expected = (*outcome == Outcome::Refused).then(|| vec![event_id(1)]);
        assert_eq!(causes(&[call(1, *outcome, NINE)], &household()), expected, "{outcome}");
    }
    for outcome in CheckOutcome::ALL {
        let expected = (*outcome == CheckOutcome::Refused).then(|| vec![event_id(1)]);
        assert_eq!(causes(&[check(1, *outcome, NINE)], &order()), expected, "{outcome}");
    }
}

#[test]
fn it_ends_when_somebody_is_met_and_not_when_nobody_answers() {
    for outcome in Outcome::ALL {
        let commits = [call(1, Outcome::Refused, NINE), call(2, *outcome, TEN)];
        let expected = match outcome {
            Outcome::Met | Outcome::Vacant | Outcome::MovedOut | Outcome::NoSuchDoor => None,
            Outcome::Refused => of(&[1, 2]),
            Outcome::Absent | Outcome::Away | Outcome::NoAnswer | Outcome::WrongNumber => of(&[1]),
        };
        assert_eq!(causes(&commits, &household()), expected, "{outcome}");
    }
    for outcome in CheckOutcome::ALL {
        let commits = [check(1, CheckOutcome::Refused, NINE), check(2, *outcome, TEN)];
        let expected = match outcome {
            CheckOutcome::Reached | CheckOutcome::Hospital => None,
            CheckOutcome::Refused => of(&[1, 2]),
            CheckOutcome::NoAnswer | CheckOutcome::NotHome => of(&[1]),
        };
        assert_eq!(causes(&commits, &order()), expected, "{outcome}");
    }
    let met = [call(1, Outcome::Refused, NINE), call(2, Outcome::Met, TEN)];
    let verdict = judge::<Refused>(&met, &household(), at(TEN)).verdict;
    assert_eq!(verdict, Verdict::Quiet { late: false, quieted_by: vec![event_id(2)] });
}

#[test]
fn a_visit_that_meets_somebody_under_an_order_ends_the_refusal_of_a_check() {
    let met = |presence| PersonFound { presence, orders: vec!["q1".parse().unwrap()], ..found(Vec::new()) };
    for (presence, expected) in [(Presence::Here, None), (Presence::Away, of(&[1]))] {
        let commits = [check(1, CheckOutcome::Refused, NINE), commit(2, at(TEN), at(TEN), visit(met(presence)))];
        assert_eq!(causes(&commits, &order()), expected, "{presence}");
    }
    let somebody_else = [check(1, CheckOutcome::Refused, NINE), commit(2, at(TEN), at(TEN), visit(found(Vec::new())))];
    assert_eq!(causes(&somebody_else, &order()), of(&[1]));
}

#[test]
fn the_last_call_decides_by_when_it_was_and_of_two_at_once_the_worse() {
    for (met_at, expected) in [("2020-02-06T08:59", of(&[1])), (NINE, of(&[1])), ("2020-02-06T09:01", None)] {
        assert_eq!(causes(&[call(1, Outcome::Refused, NINE), call(2, Outcome::Met, met_at)], &household()), expected, "met at {met_at}");
    }
    let again = [call(1, Outcome::Refused, NINE), call(2, Outcome::Met, TEN), call(3, Outcome::Refused, "2020-02-07T09:00")];
    assert_eq!(causes(&again, &household()), of(&[3]), "what was dealt with is over");
    let twice = [call(1, Outcome::Refused, NINE), call(2, Outcome::Absent, TEN), call(3, Outcome::Refused, "2020-02-09T09:00")];
    let firing = firing::<Refused>(&twice, &household(), at("2020-02-20T00:00")).unwrap();
    assert_eq!((firing.first_at, firing.last_at, firing.occurrences, firing.causes), (at(NINE), at("2020-02-09T09:00"), 2, vec![event_id(1), event_id(3)]));
    let retraction = commit(4, at(TEN), at(TEN), retracted(&again[0]));
    assert_eq!(causes(&[again[0].clone(), retraction], &household()), None);
    for (recorded, late) in [(TEN, false), ("2020-02-06T10:01", true)] {
        let paper = Commit { header: Header { recorded_at: at(recorded), ..again[0].header.clone() }, events: again[0].events.clone() };
        assert_eq!(super::firing::<Refused>(&[paper], &household(), at(recorded)).map(|firing| firing.late), Some(late), "{recorded}");
    }
}

#[test]
fn a_release_ends_the_refusal_of_a_check_from_its_time_on() {
    let release = |happened: &str, recorded: &str| commit(2, at(happened), at(recorded), released());
    let refused = || check(1, CheckOutcome::Refused, NINE);
    let before = judge::<Refused>(&[refused(), release(TEN, TEN)], &order(), at(TEN).plus_ms(-1));
    assert!(!before.is_quiet());
    assert_eq!(before.next_change, Some(at(TEN)));
    for (happened, recorded, late) in [(TEN, TEN, false), (NINE, TEN, true), ("2020-02-06T09:01", TEN, false), ("2020-02-06T08:00", "2020-02-06T08:00", false)]
    {
        let verdict = judge::<Refused>(&[refused(), release(happened, recorded)], &order(), at(TEN)).verdict;
        assert_eq!(verdict, Verdict::Quiet { late, quieted_by: vec![event_id(2)] }, "released {happened}, known {recorded}");
    }
}

#[test]
fn a_door_without_a_household_has_no_alert() {
    let nobodys = Place { household: None, door: Some("502".to_owned()), ..home() };
    let event = Event::from(Recorded { place: nobodys, outcome: Outcome::Refused, people: Vec::new(), ..visit(found(Vec::new())) });
    assert_eq!(crate::scopes::<Refused>(&event, &call(1, Outcome::Refused, NINE).header).unwrap(), Vec::new());
}
