//! The midnight after the last day, in the zone of the community, and what ends it: a release, or more days.

use super::*;
use crate::ReleaseDue;

fn scope() -> Scope {
    Scope::of(ScopeKind::Quarantine, "q1").unwrap()
}

/// Last exposed on the 1st: day 14 is the 15th.
fn order() -> Commit {
    commit(1, at("2020-02-03T10:00"), at("2020-02-03T10:00"), ordered(Kind::Home, day("2020-02-01")))
}

fn extend(number: u64, until: &str, happened: &str, recorded: &str) -> Commit {
    commit(number, at(happened), at(recorded), extended(day(until)))
}

fn release(number: u64, happened: &str, recorded: &str) -> Commit {
    commit(number, at(happened), at(recorded), released())
}

fn causes(commits: &[Commit], now: &str) -> Option<Vec<String>> {
    firing::<ReleaseDue>(commits, &scope(), at(now)).map(|firing| firing.causes)
}

fn quiet(commits: &[Commit], now: &str) -> (bool, Vec<String>) {
    match judge::<ReleaseDue>(commits, &scope(), at(now)).verdict {
        Verdict::Recovering { late, quieted_by, .. } | Verdict::Quiet { late, quieted_by } => (late, quieted_by),
        Verdict::Firing(firing) => panic!("firing: {firing:?}"),
    }
}

#[test]
fn fourteen_days_after_day_0_are_over_at_the_midnight_after_the_fourteenth() {
    let midnight = at("2020-02-16T00:00");
    let judged = |now| judge::<ReleaseDue>(&[order()], &scope(), now);
    for before in [at("2020-02-03T10:00"), at("2020-02-15T00:00"), midnight.plus_ms(-1)] {
        assert_eq!(judged(before), Judgement { verdict: Verdict::quiet(), next_change: Some(midnight) }, "{before}");
    }
    for after in [midnight, at("2020-02-16T09:00"), at("2021-01-01T00:00")] {
        let Judgement { verdict: Verdict::Firing(firing), next_change: None } = judged(after) else { panic!("quiet at {after}") };
        assert_eq!((firing.severity, firing.causes, firing.first_at), (Severity::Caution, vec!["q1/2020-02-15".to_owned()], midnight));
        assert_eq!((firing.person, firing.place, firing.late), (Some(subject()), home(), false));
    }
}

#[test]
fn the_day_is_that_of_the_communitys_zone() {
    let memory = memory::<ReleaseDue>(&[order()], &scope());
    for (zone, midnight) in [
        ("Asia/Shanghai", "2020-02-15T16:00:00Z"),
        ("Asia/Kathmandu", "2020-02-15T18:15:00Z"),
        ("UTC", "2020-02-16T00:00:00Z"),
        ("America/New_York", "2020-02-16T05:00:00Z"),
    ] {
        let zone = Zone::named(zone).unwrap();
        let judge = |now| crate::judge::<ReleaseDue>(&memory, &scope(), &Shared { policy: &Policy::default(), zone: &zone, rounds: &Rounds::default() }, now);
        let midnight: Timestamp = midnight.parse().unwrap();
        assert!(judge(midnight.plus_ms(-1)).is_quiet(), "{zone:?}");
        assert!(!judge(midnight).is_quiet(), "{zone:?}");
    }
}

#[test]
fn the_days_are_those_of_the_order_or_of_its_regime_in_the_policy_at_its_time() {
    let of_days = |days| [commit(1, at("2020-02-03T10:00"), at("2020-02-03T10:00"), Ordered { days, ..ordered(Kind::Home, day("2020-02-01")) })];
    for (days, last_day, over_at) in [(Some(0), "01", "2020-02-02T00:00"), (Some(21), "22", "2020-02-23T00:00"), (None, "15", "2020-02-16T00:00")] {
        assert_eq!(causes(&of_days(days), over_at), Some(vec![format!("q1/2020-02-{last_day}")]), "{days:?}");
        assert!(judge::<ReleaseDue>(&of_days(days), &scope(), at(over_at).plus_ms(-1)).is_quiet(), "{days:?}");
    }
    let mut regime = Policy::default().at(at("2020-02-01T00:00")).regime(None).unwrap().clone();
    regime.days = 10;
    let shorter = Change { regimes: [(word("home14"), regime)].into(), ..Change::default() };
    let memory = memory::<ReleaseDue>(&[order()], &scope());
    for (from, expected) in [("2020-02-03T10:00", false), ("2020-02-03T10:01", true)] {
        let policy = Policy::default().changed(at(from), shorter.clone());
        let judged = judge_by::<ReleaseDue>(&memory, &scope(), &policy, at("2020-02-12T00:00"));
        assert_eq!(judged.is_quiet(), expected, "ten days from {from}");
    }
}

#[test]
fn every_kind_of_order_waits_for_a_release() {
    for kind in Kind::ALL {
        let order = commit(1, at("2020-02-03T10:00"), at("2020-02-03T10:00"), ordered(*kind, day("2020-02-01")));
        assert!(causes(&[order], "2020-02-16T00:00").is_some(), "{kind}");
    }
    assert!(judge::<ReleaseDue>(&[release(2, "2020-02-04T09:00", "2020-02-04T09:00")], &scope(), at("2020-03-01T00:00")).is_quiet(), "no order");
}

#[test]
fn only_a_release_ends_it_from_its_time_on() {
    let early = [order(), release(2, "2020-02-05T09:00", "2020-02-05T09:00")];
    assert_eq!(quiet(&early, "2020-02-16T00:00"), (false, vec![event_id(2)]));
    assert_eq!(judge::<ReleaseDue>(&early, &scope(), at("2020-02-16T00:00")).next_change, None);
    let on_the_day = [order(), release(2, "2020-02-16T09:00", "2020-02-16T09:00")];
    assert!(causes(&on_the_day, "2020-02-16T08:59").is_some());
    assert_eq!(judge::<ReleaseDue>(&on_the_day, &scope(), at("2020-02-16T08:59")).next_change, Some(at("2020-02-16T09:00")));
    assert_eq!(quiet(&on_the_day, "2020-02-16T09:00"), (false, vec![event_id(2)]), "done on its day, and no late entry");
    let checks_and_visits = [
        order(),
        commit(2, at("2020-02-16T08:00"), at("2020-02-16T08:00"), checked(CheckOutcome::Reached, vec![reading(Site::Axilla, 365, at("2020-02-16T08:00"))])),
        commit(3, at("2020-02-16T08:30"), at("2020-02-16T08:30"), visit(found(Vec::new()))),
    ];
    assert!(causes(&checks_and_visits, "2020-02-16T09:00").is_some(), "a check is no release");
}

#[test]
fn an_extension_moves_the_day_and_runs_out_in_its_turn() {
    let in_time = [order(), extend(2, "2020-02-18", "2020-02-14T09:00", "2020-02-14T09:00")];
    let before = judge::<ReleaseDue>(&in_time, &scope(), at("2020-02-18T23:59"));
    assert_eq!(before, Judgement { verdict: Verdict::quiet(), next_change: Some(at("2020-02-19T00:00")) });
    assert_eq!(causes(&in_time, "2020-02-19T00:00"), Some(vec!["q1/2020-02-18".to_owned()]));
    let too_late = [order(), extend(2, "2020-02-18", "2020-02-16T09:00", "2020-02-16T09:00")];
    assert_eq!(quiet(&too_late, "2020-02-16T09:00"), (false, vec![event_id(2)]), "it was over, and then it was not");
    let over_already = [order(), extend(2, "2020-02-16", "2020-02-17T09:00", "2020-02-17T09:00")];
    assert_eq!(causes(&over_already, "2020-02-17T09:00"), Some(vec!["q1/2020-02-16".to_owned()]), "more days, and they are over too");
    let twice = [order(), extend(2, "2020-02-20", "2020-02-14T09:00", "2020-02-14T09:00"), extend(3, "2020-02-18", "2020-02-14T08:00", "2020-02-15T09:00")];
    assert_eq!(causes(&twice, "2020-02-19T00:00"), None, "the longest counts");
    let moved_house = [order(), commit(2, at("2020-02-05T09:00"), at("2020-02-05T09:00"), moved(Kind::Facility))];
    assert_eq!(firing::<ReleaseDue>(&moved_house, &scope(), at("2020-02-16T00:00")).map(|firing| firing.place), Some(Place::default()));
}

#[test]
fn what_was_done_in_time_and_typed_later_takes_it_back_as_late() {
    let midnight = "2020-02-16T00:00";
    for (happened, recorded, late) in [
        ("2020-02-15T23:59", "2020-02-15T23:59", false),
        ("2020-02-15T23:59", midnight, true),
        ("2020-02-15T21:00", "2020-02-17T08:00", true),
        (midnight, "2020-02-17T08:00", false),
    ] {
        assert_eq!(quiet(&[order(), release(2, happened, recorded)], "2020-02-17T09:00"), (late, vec![event_id(2)]), "released {happened}, known {recorded}");
        let by = if recorded < midnight { Vec::new() } else { vec![event_id(2)] };
        assert_eq!(quiet(&[order(), extend(2, "2020-02-20", happened, recorded)], "2020-02-17T09:00"), (late, by), "extended {happened}, known {recorded}");
    }
    let second_paper_late =
        [order(), extend(2, "2020-02-18", "2020-02-16T09:00", "2020-02-16T09:00"), extend(3, "2020-02-25", "2020-02-17T09:00", "2020-02-19T09:00")];
    assert_eq!(quiet(&second_paper_late, "2020-02-19T09:00"), (true, vec![event_id(3)]), "the first gap was one, the second was none");
    let order_typed_late = commit(1, at("2020-02-03T10:00"), at("2020-02-20T10:00"), ordered(Kind::Home, day("2020-02-01")));
    assert_eq!(firing::<ReleaseDue>(&[order_typed_late], &scope(), at("2020-02-20T10:00")).map(|firing| firing.late), Some(true));
}
