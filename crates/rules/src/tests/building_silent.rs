//! The daily report at the minute, over midnight, and by unit. Due at 18:00 in the default policy.

use super::*;
use crate::BuildingSilent;

fn scope() -> Scope {
    Scope::of(ScopeKind::Building, "b07").unwrap()
}

fn registered(units: &[&str]) -> Commit {
    commit(1, at("2020-02-01T10:00"), at("2020-02-05T10:00"), building(units))
}

fn reported(number: u64, text: &str, for_date: &str, unit: Option<&str>) -> Commit {
    commit(number, at(text), at(text), report(day(for_date), unit))
}

fn causes(commits: &[Commit], now: &str) -> Option<Vec<String>> {
    firing::<BuildingSilent>(commits, &scope(), at(now)).map(|firing| firing.causes)
}

fn days(days: &[&str]) -> Option<Vec<String>> {
    Some(days.iter().map(|day| format!("b07/2020-02-{day}")).collect())
}

#[test]
fn it_is_owed_from_the_day_after_we_learned_of_the_building() {
    for (now, expected) in [
        ("2020-02-05T23:59", None),
        ("2020-02-06T18:00", None),
        ("2020-02-06T18:01", days(&["06"])),
        ("2020-02-07T00:00", days(&["06"])),
        ("2020-02-07T18:00", days(&["06"])),
        ("2020-02-07T18:01", days(&["06", "07"])),
    ] {
        assert_eq!(causes(&[registered(&[])], now), expected, "{now}");
    }
    assert_eq!(judge::<BuildingSilent>(&[registered(&[])], &scope(), at("2020-02-05T12:00")).next_change, Some(at("2020-02-06T17:00")));
    assert_eq!(severity::<BuildingSilent>(&[registered(&[])], &scope(), at("2020-02-07T00:00")), Some(Severity::Caution));
}

#[test]
fn a_report_for_that_day_or_a_later_one_quiets_it_and_late_says_when_it_came() {
    let paper = |happened: &str, recorded: &str| commit(2, at(happened), at(recorded), report(day("2020-02-06"), None));
    for (what, commit, now, late) in [
        ("in time", reported(2, "2020-02-06T17:00", "2020-02-06", None), "2020-02-06T18:01", false),
        ("at the minute", reported(2, "2020-02-06T18:00", "2020-02-06", None), "2020-02-06T18:01", false),
        ("after it was due", reported(2, "2020-02-06T19:00", "2020-02-06", None), "2020-02-06T19:00", false),
        ("the next morning", reported(2, "2020-02-07T09:00", "2020-02-06", None), "2020-02-07T09:00", false),
        ("made in time, typed when it was due", paper("2020-02-06T17:00", "2020-02-06T18:00"), "2020-02-06T18:01", false),
        ("made in time, typed in the evening", paper("2020-02-06T17:00", "2020-02-06T20:00"), "2020-02-06T20:00", true),
        ("made at the minute, typed in the evening", paper("2020-02-06T18:00", "2020-02-06T20:00"), "2020-02-06T20:00", true),
        ("made late, typed later", paper("2020-02-06T18:01", "2020-02-06T20:00"), "2020-02-06T20:00", false),
        ("for the next day", reported(2, "2020-02-07T09:00", "2020-02-07", None), "2020-02-07T09:00", false),
    ] {
        let verdict = judge::<BuildingSilent>(&[registered(&[]), commit], &scope(), at(now)).verdict;
        assert_eq!(verdict, Verdict::Quiet { late, quieted_by: vec![event_id(2)] }, "{what}");
    }
    let of_the_sixth = [registered(&[]), reported(2, "2020-02-06T17:00", "2020-02-06", None)];
    assert_eq!(causes(&of_the_sixth, "2020-02-07T18:01"), days(&["07"]));
    let earlier_day = [registered(&[]), reported(2, "2020-02-07T17:00", "2020-02-05", None)];
    assert_eq!(causes(&earlier_day, "2020-02-07T18:01"), days(&["06", "07"]));
}

#[test]
fn reports_for_units_are_a_late_entry_when_all_of_them_were_made_in_time() {
    let of_unit = |number: u64, unit: &str, happened: &str| commit(number, at(happened), at("2020-02-06T20:00"), report(day("2020-02-06"), Some(unit)));
    for (second, late) in [("2020-02-06T17:30", true), ("2020-02-06T18:40", false)] {
        let history = [registered(&["1", "2"]), of_unit(2, "1", "2020-02-06T17:00"), of_unit(3, "2", second)];
        let verdict = judge::<BuildingSilent>(&history, &scope(), at("2020-02-06T20:00")).verdict;
        assert_eq!(verdict, Verdict::Quiet { late, quieted_by: vec![event_id(2), event_id(3)] }, "the second at {second}");
    }
}

#[test]
fn reports_for_units_quiet_the_building_when_all_its_units_are_reported() {
    let by_unit = |units: &[&str]| {
        let reports = units.iter().zip(2..).map(|(unit, number)| reported(number, "2020-02-06T12:00", "2020-02-06", Some(unit)));
        [registered(&["1", "2"])].into_iter().chain(reports).collect::<Vec<_>>()
    };
    assert_eq!(causes(&by_unit(&["1"]), "2020-02-06T18:01"), days(&["06"]));
    assert_eq!(causes(&by_unit(&["1", "1"]), "2020-02-06T18:01"), days(&["06"]));
    assert_eq!(causes(&by_unit(&["1", "2"]), "2020-02-06T18:01"), None);
    let unknown_units = [registered(&[]), reported(2, "2020-02-06T12:00", "2020-02-06", Some("1"))];
    assert_eq!(causes(&unknown_units, "2020-02-06T18:01"), days(&["06"]));
    let two_days =
        [registered(&["1", "2"]), reported(2, "2020-02-06T12:00", "2020-02-06", Some("1")), reported(3, "2020-02-07T12:00", "2020-02-07", Some("2"))];
    assert_eq!(causes(&two_days, "2020-02-07T18:01"), days(&["06", "07"]));
}

#[test]
fn a_retracted_report_never_came() {
    let report = reported(2, "2020-02-06T12:00", "2020-02-06", None);
    let retraction = commit(3, at("2020-02-06T13:00"), at("2020-02-06T13:00"), retracted(&report));
    assert_eq!(causes(&[registered(&[]), report, retraction], "2020-02-06T18:01"), days(&["06"]));
}

fn nudged(commits: &[Commit], policy: &Policy, now: &str) -> Option<crate::Nudge> {
    let memory = memory::<BuildingSilent>(commits, &scope());
    crate::nudge::<BuildingSilent>(&memory, &scope(), &Shared { policy, zone: &Zone::default(), rounds: &Rounds::default() }, at(now))
}

fn given(number: u64, text: &str) -> Commit {
    let place = Place { building: Some("b07".parse().unwrap()), ..Place::default() };
    let (for_date, due_at) = (day(&text[..10]), at("2020-02-06T18:00"));
    let leaders = vec!["s-li".parse().unwrap()];
    let nudged = domain::nudge::Nudged { building: "b07".parse().unwrap(), place, names: Default::default(), for_date, due_at, leaders };
    commit(number, at(text), at(text), nudged)
}

#[test]
fn leaders_are_nudged_while_a_report_is_missing_and_still_in_time() {
    let setting = |nudge_at| {
        let rules = [(word("building_silent"), RuleChange { nudge_at: Some(nudge_at), ..RuleChange::default() })].into();
        Policy::default().changed(at("2020-02-01T00:00"), Change { rules, ..Change::default() })
    };
    let off = Change { rules: [(word("building_silent"), RuleChange { enabled: Some(false), ..RuleChange::default() })].into(), ..Change::default() };
    let (usual, off) = (Policy::default(), Policy::default().changed(at("2020-02-01T00:00"), off));
    let of = |hour, minute| setting(domain::values::TimeOfDay::of(hour, minute));
    let missing = vec![registered(&[])];
    let with = |commit: Commit| vec![registered(&[]), commit];
    for (what, commits, policy, now, is_due) in [
        ("the day of its registration", &missing, &usual, "2020-02-05T17:30", false),
        ("before five", &missing, &usual, "2020-02-06T16:59", false),
        ("at five", &missing, &usual, "2020-02-06T17:00", true),
        ("a minute before it is due", &missing, &usual, "2020-02-06T17:59", true),
        ("when it is due", &missing, &usual, "2020-02-06T18:00", false),
        ("when there is an alert", &missing, &usual, "2020-02-06T18:01", false),
        ("of a building that is silent since yesterday", &missing, &usual, "2020-02-07T17:30", false),
        ("reported", &with(reported(2, "2020-02-06T09:00", "2020-02-06", None)), &usual, "2020-02-06T17:00", false),
        ("reported yesterday", &with(reported(2, "2020-02-06T09:00", "2020-02-06", None)), &usual, "2020-02-07T17:00", true),
        ("reported for the day before", &with(reported(2, "2020-02-06T09:00", "2020-02-05", None)), &usual, "2020-02-06T17:00", true),
        ("given", &with(given(2, "2020-02-06T17:00")), &usual, "2020-02-06T17:30", false),
        ("another time", &missing, &of(16, 0), "2020-02-06T16:00", true),
        ("not before it is due, so never", &missing, &of(18, 0), "2020-02-06T18:00", false),
        ("a rule that is not enabled", &missing, &off, "2020-02-06T17:30", false),
    ] {
        assert_eq!(nudged(commits, policy, now).is_some(), is_due, "{what}");
    }
    let nudge = nudged(&missing, &usual, "2020-02-06T17:00").unwrap();
    assert_eq!((nudge.for_date, nudge.due_at, nudge.units.len()), (day("2020-02-06"), at("2020-02-06T18:00"), 0));
}

#[test]
fn it_is_judged_again_when_leaders_are_to_be_nudged() {
    let next = |commits: &[Commit], now: &str| judge::<BuildingSilent>(commits, &scope(), at(now)).next_change;
    let missing = [registered(&[])];
    let reported = [registered(&[]), reported(2, "2020-02-06T09:00", "2020-02-06", None)];
    assert_eq!(next(&missing, "2020-02-06T09:00"), Some(at("2020-02-06T17:00")));
    assert_eq!(next(&missing, "2020-02-06T17:00"), Some(at("2020-02-06T18:00").plus_ms(1)));
    assert_eq!(next(&reported, "2020-02-06T18:01"), Some(at("2020-02-07T17:00")));
    assert_eq!(next(&[registered(&[]), given(2, "2020-02-06T17:00")], "2020-02-06T17:00"), Some(at("2020-02-06T18:00").plus_ms(1)));
}

#[test]
fn only_units_that_are_missing_are_nudged_about() {
    let one = [registered(&["1", "2", "3"]), reported(2, "2020-02-06T12:00", "2020-02-06", Some("2"))];
    let units = |commits: &[Commit]| nudged(commits, &Policy::default(), "2020-02-06T17:00").unwrap().units.into_iter().collect::<Vec<_>>();
    assert_eq!(units(&one), ["1", "3"]);
    assert_eq!(units(&one[..1]), Vec::<String>::new(), "all of it");
}
