//! Who arrived, how it became known, and what counts as taken down; at midnight, late, taken back.

use super::*;
use crate::Arrival;
use domain::{
    arrival::Declared,
    building::{Exception, ExceptionKind},
    person::{ResidenceKind, ResidenceStarted},
};

const MORNING: &str = "2020-02-06T10:00";
const LAST_MINUTE: &str = "2020-02-06T23:59";
const MIDNIGHT: &str = "2020-02-07T00:00";
const LATER: &str = "2020-02-09T00:00";

fn household() -> Scope {
    Scope::of(ScopeKind::Household, "h1").unwrap()
}

fn of(person: &str) -> Subject {
    Subject::person(person.parse().unwrap())
}

fn stranger() -> Subject {
    Subject { person: None, unregistered: Some("v1".parse().unwrap()) }
}

/// Told by a report when nobody is named, else by a visit.
pub(super) fn arrived(person: Option<&str>, day: Day) -> Event {
    let Some(person) = person else {
        let exception = Exception { place: home(), kind: ExceptionKind::Arrived, private: None };
        return Reported { exceptions: vec![exception], ..report(day, None) }.into();
    };
    visit(PersonFound { who: of(person), presence: Presence::New, ..found(Vec::new()) }).into()
}

pub(super) fn declared(person: &str, day: Day) -> Declared {
    Declared { who: of(person), place: Some(home()), arrived_on: day, private: None }
}

pub(super) fn moved_in(person: &str, from: Timestamp) -> ResidenceStarted {
    ResidenceStarted { person: person.parse().unwrap(), place: home(), kind: ResidenceKind::Stays, from, private: None }
}

fn told(number: u64, text: &str, event: impl Into<Event>) -> Commit {
    commit(number, at(text), at(text), event)
}

fn today() -> Day {
    day("2020-02-06")
}

fn causes(commits: &[Commit], now: &str) -> Option<Vec<String>> {
    firing::<Arrival>(commits, &household(), at(now)).map(|firing| firing.causes)
}

#[test]
fn it_fires_when_the_day_of_the_arrival_is_over_or_the_policys_hours_later() {
    for (what, event) in [("a report", arrived(None, today())), ("a visit", arrived(Some("p9"), today()))] {
        let commits = [told(1, MORNING, event)];
        assert_eq!((causes(&commits, LAST_MINUTE), causes(&commits, MIDNIGHT)), (None, Some(vec![event_id(1)])), "{what}");
        assert_eq!((causes(&commits, "2020-02-20T23:59"), causes(&commits, "2020-02-21T00:00")), (Some(vec![event_id(1)]), None), "{what}");
        let more = Change { rules: [(word("arrival"), RuleChange { hours: Some(12), ..RuleChange::default() })].into(), ..Change::default() };
        let policy = Policy::default().changed(at("2020-02-01T00:00"), more);
        let memory = memory::<Arrival>(&commits, &household());
        let quiet = |now| judge_by::<Arrival>(&memory, &household(), &policy, at(now)).is_quiet();
        assert_eq!((quiet("2020-02-07T11:59"), quiet("2020-02-07T12:00")), (true, false), "{what}");
    }
    let nobody_new = told(1, MORNING, visit(found(Vec::new())));
    assert_eq!(causes(&[nobody_new], LATER), None);
    let since_days =
        PersonFound { presence: Presence::New, exposure: Some(Exposure { left_on: None, arrived_on: Some(day("2020-02-04")) }), ..found(Vec::new()) };
    assert_eq!(causes(&[told(1, MORNING, visit(since_days))], MORNING), Some(vec![event_id(1)]), "that day is over already");
}

#[test]
fn whoever_is_declared_registered_or_ordered_to_stay_is_taken_down() {
    let person = |subject: Subject| visit(PersonFound { who: subject, presence: Presence::New, ..found(Vec::new()) });
    let (anybody, p9, v1): (Event, Event, Event) = (arrived(None, today()), person(of("p9")).into(), person(stranger()).into());
    let order = |name: &str| Ordered { person: name.parse().unwrap(), ..ordered(Kind::Home, today()) };
    let by_reference = Declared { who: stranger(), ..declared("p9", today()) };
    for (what, arrival, registration, taken_down) in [
        ("nobody named, declared", &anybody, Event::from(declared("p9", today())), true),
        ("nobody named, a residence", &anybody, moved_in("p9", at("2020-02-06T18:00")).into(), true),
        ("the same person declared", &p9, declared("p9", today()).into(), true),
        ("the same person lives there now", &p9, moved_in("p9", at("2020-02-06T18:00")).into(), true),
        ("the same person ordered", &p9, order("p9").into(), true),
        ("another person", &p9, declared("p8", today()).into(), false),
        ("another person ordered", &p9, order("p8").into(), false),
        ("somebody without a file, by reference", &v1, by_reference.clone().into(), true),
        ("somebody without a file gets one", &v1, moved_in("p9", at("2020-02-06T18:00")).into(), true),
        ("a reference is no person", &p9, by_reference.into(), false),
    ] {
        let commits = [told(1, MORNING, arrival.clone()), told(2, "2020-02-06T18:00", registration.clone())];
        assert_eq!(causes(&commits, LATER).is_none(), taken_down, "{what}");
    }
}

#[test]
fn whoever_was_taken_down_before_need_not_come_again() {
    let person = |subject: Subject| Event::from(visit(PersonFound { who: subject, presence: Presence::New, ..found(Vec::new()) }));
    let by_reference = |day| Declared { who: stranger(), ..declared("p9", day) };
    for (what, arrival, when, registration, taken_down) in [
        ("declared in the evening, reported the next day", arrived(None, today()), "2020-02-05T20:00", declared("p9", day("2020-02-05")).into(), true),
        ("lives there since the day before, reported", arrived(None, today()), "2020-02-05T20:00", moved_in("p9", at("2020-02-05T20:00")).into(), false),
        ("reported two days later", arrived(None, today()), "2020-02-04T23:59", Event::from(declared("p9", day("2020-02-04"))), false),
        ("found again by the same reference", person(stranger()), "2020-02-05T10:00", by_reference(day("2020-02-05")).into(), true),
        ("lives there, and is called new", person(of("p9")), "2020-02-03T10:00", moved_in("p9", at("2020-02-03T10:00")).into(), true),
        ("somebody else lives there", person(of("p9")), "2020-02-03T10:00", moved_in("p8", at("2020-02-03T10:00")).into(), false),
        (
            "a reference, and somebody who lives there since before",
            person(stranger()),
            "2020-02-05T23:59",
            moved_in("p9", at("2020-02-05T23:59")).into(),
            false,
        ),
    ] {
        let commits = [told(1, when, registration), told(2, MORNING, arrival)];
        assert_eq!(causes(&commits, LATER).is_none(), taken_down, "{what}");
    }
}

#[test]
fn late_entries_are_told_as_late_and_what_is_taken_back_never_was() {
    let arrival = told(1, MORNING, arrived(None, today()));
    let on_paper = commit(2, at("2020-02-06T18:00"), at("2020-02-07T09:00"), declared("p9", today()));
    let verdict = |registration: &Commit| judge::<Arrival>(&[arrival.clone(), registration.clone()], &household(), at(LATER)).verdict;
    assert_eq!(verdict(&on_paper), Verdict::Quiet { late: true, quieted_by: vec![event_id(2)] });
    assert_eq!(verdict(&told(2, "2020-02-07T09:00", declared("p9", today()))), Verdict::Quiet { late: false, quieted_by: vec![event_id(2)] });
    let taken_back = |commit_: &Commit| commit(9, at("2020-02-08T00:00"), at("2020-02-08T00:00"), retracted(commit_));
    assert_eq!(causes(&[arrival.clone(), taken_back(&arrival)], LATER), None);
    assert_eq!(causes(&[arrival.clone(), on_paper.clone(), taken_back(&on_paper)], LATER), Some(vec![event_id(1)]));
}
