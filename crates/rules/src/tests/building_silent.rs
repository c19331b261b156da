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
    assert_eq!(judge::<BuildingSilent>(&[registered(&[])], &scope(), at("2020-02-05T12:00")).next_change, Some(at("2020-02-06T18:00").plus_ms(1)));
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
