//! Owed checks at the minute, over midnight, and what ends them. Slots of the default regime: until 12:00 and 20:00, 30 minutes' grace.

use super::*;
use crate::CheckOverdue;

fn scope() -> Scope {
    Scope::of(ScopeKind::Quarantine, "q1").unwrap()
}

/// Ordered on the evening of the 1st: the first slot is the morning of the 2nd.
fn order() -> Commit {
    commit(1, at("2020-02-01T21:00"), at("2020-02-01T21:00"), ordered(Kind::Home, day("2020-02-01")))
}

fn check(number: u64, text: &str, recorded: &str) -> Commit {
    commit(number, at(text), at(recorded), checked(CheckOutcome::Reached, vec![reading(Site::Axilla, 365, at(text))]))
}

fn summary(commits: &[Commit], now: &str) -> Option<(Severity, Vec<String>, u32)> {
    firing::<CheckOverdue>(commits, &scope(), at(now)).map(|firing| (firing.severity, firing.causes, firing.detail.missed))
}

fn slots(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("q1/2020-02-{name}")).collect()
}

#[test]
fn it_fires_after_the_grace_counts_at_midnight_and_is_critical_in_the_morning_after_the_second_miss_in_a_row() {
    for (now, expected) in [
        ("2020-02-02T12:30", None),
        ("2020-02-02T12:31", Some((Severity::Serious, slots(&["02/am"]), 0))),
        ("2020-02-02T20:30", Some((Severity::Serious, slots(&["02/am"]), 0))),
        ("2020-02-02T20:31", Some((Severity::Serious, slots(&["02/am", "02/pm"]), 0))),
        ("2020-02-03T00:00", Some((Severity::Serious, slots(&["02/am", "02/pm"]), 2))),
        ("2020-02-03T05:59", Some((Severity::Serious, slots(&["02/am", "02/pm"]), 2))),
        ("2020-02-03T06:00", Some((Severity::Critical, slots(&["02/am", "02/pm"]), 2))),
        ("2020-02-03T12:31", Some((Severity::Critical, slots(&["02/am", "02/pm", "03/am"]), 2))),
    ] {
        assert_eq!(summary(&[order()], now), expected, "{now}");
    }
}

#[test]
fn what_is_overdue_and_what_was_missed_are_two_counts_and_no_check_is_in_both() {
    for (now, expected) in [
        ("2020-02-02T12:31", (1, 0)),
        ("2020-02-02T20:31", (2, 0)),
        ("2020-02-02T23:59", (2, 0)),
        ("2020-02-03T00:00", (0, 2)),
        ("2020-02-03T12:30", (0, 2)),
        ("2020-02-03T12:31", (1, 2)),
        ("2020-02-04T00:00", (0, 4)),
    ] {
        let detail = firing::<CheckOverdue>(&[order()], &scope(), at(now)).unwrap().detail;
        let not_made = detail.not_made(day(&now[..10]));
        assert_eq!((not_made.overdue, not_made.missed), expected, "{now}");
    }
    // until it is judged anew, which is at midnight
    let yesterday = firing::<CheckOverdue>(&[order()], &scope(), at("2020-02-02T23:59")).unwrap().detail.not_made(day("2020-02-03"));
    assert_eq!((yesterday.overdue, yesterday.missed), (0, 2));
}

#[test]
fn a_later_check_ends_it_and_what_was_missed_stays_in_the_count() {
    let checked_on_the_third = [order(), check(2, "2020-02-03T09:00", "2020-02-03T09:00")];
    let quiet = judge::<CheckOverdue>(&checked_on_the_third, &scope(), at("2020-02-03T10:00")).verdict;
    assert_eq!(quiet, Verdict::Quiet { late: false, quieted_by: vec![event_id(2)] });
    assert_eq!(summary(&checked_on_the_third, "2020-02-03T20:31"), Some((Severity::Serious, slots(&["03/pm"]), 2)));
    assert_eq!(summary(&checked_on_the_third, "2020-02-04T00:00"), Some((Severity::Serious, slots(&["03/pm"]), 3)), "one miss since the last check");
}

#[test]
fn a_check_in_time_that_is_recorded_late_takes_it_back_as_late() {
    let late = [order(), check(2, "2020-02-02T11:00", "2020-02-02T22:00"), check(3, "2020-02-02T19:00", "2020-02-02T22:05")];
    let verdict = judge::<CheckOverdue>(&late, &scope(), at("2020-02-02T22:10")).verdict;
    assert_eq!(verdict, Verdict::Quiet { late: true, quieted_by: vec![event_id(3)] });
    let done_late = [order(), check(2, "2020-02-02T15:00", "2020-02-02T15:00")];
    let verdict = judge::<CheckOverdue>(&done_late, &scope(), at("2020-02-02T15:00")).verdict;
    assert_eq!(verdict, Verdict::Quiet { late: false, quieted_by: vec![event_id(2)] }, "done after the grace is no late entry");
}

#[test]
fn a_slot_of_today_is_open_even_when_a_later_one_is_done() {
    let named = |number, text: &str, name: &str| {
        let mut checked = checked(CheckOutcome::Reached, vec![reading(Site::Axilla, 365, at(text))]);
        checked.checks[0].slot = Some(domain::obligation::SlotId { date: day("2020-02-02"), name: name.parse().unwrap() });
        commit(number, at(text), at(text), checked)
    };
    let commits = [order(), named(2, "2020-02-02T13:00", "pm")];
    assert_eq!(summary(&commits, "2020-02-02T14:00"), Some((Severity::Serious, slots(&["02/am"]), 0)));
    assert_eq!(summary(&commits, "2020-02-03T00:00"), None, "over at midnight: a later one was done");
}

#[test]
fn a_visit_counts_no_answer_does_not_and_a_retracted_check_never_was() {
    let seen = PersonFound { orders: vec!["q1".parse().unwrap()], ..found(vec![reading(Site::Forehead, 364, at("2020-02-02T09:00"))]) };
    let not_asked = PersonFound { symptoms: None, ..seen.clone() };
    let noon = "2020-02-02T12:31";
    let commit_of = |event: Event| commit(2, at("2020-02-02T09:00"), at("2020-02-02T09:00"), event);
    assert_eq!(summary(&[order(), commit_of(visit(seen).into())], noon), None);
    for incomplete in [visit(not_asked).into(), checked(CheckOutcome::NoAnswer, Vec::new()).into()] {
        assert!(summary(&[order(), commit_of(incomplete)], noon).is_some());
    }
    let check = check(2, "2020-02-02T09:00", "2020-02-02T09:00");
    let retraction = commit(3, at("2020-02-02T10:00"), at("2020-02-02T10:00"), retracted(&check));
    assert!(summary(&[order(), check, retraction], noon).is_some());
}

#[test]
fn a_release_and_a_waiver_end_it_and_what_was_due_before_the_order_was_known_never_alarms() {
    let release = commit(2, at("2020-02-02T22:00"), at("2020-02-02T22:00"), released());
    let verdict = judge::<CheckOverdue>(&[order(), release], &scope(), at("2020-02-02T22:00")).verdict;
    assert_eq!(verdict, Verdict::Quiet { late: false, quieted_by: vec![event_id(2)] });
    let waived = commit(2, at("2020-02-02T13:00"), at("2020-02-02T13:00"), waived(&[(day("2020-02-02"), "am")]));
    let verdict = judge::<CheckOverdue>(&[order(), waived], &scope(), at("2020-02-02T14:00")).verdict;
    assert_eq!(verdict, Verdict::Quiet { late: false, quieted_by: vec![event_id(2)] });
    let typed_late = commit(1, at("2020-02-01T21:00"), at("2020-02-03T13:00"), ordered(Kind::Home, day("2020-02-01")));
    assert_eq!(summary(std::slice::from_ref(&typed_late), "2020-02-03T20:30"), None);
    assert_eq!(summary(&[typed_late], "2020-02-03T20:31"), Some((Severity::Serious, slots(&["03/pm"]), 0)));
}

#[test]
fn after_the_last_day_it_stays_until_somebody_releases() {
    let (_, causes, missed) = summary(&[order()], "2020-03-20T00:00").unwrap();
    assert_eq!((causes.len(), missed), (28, 28), "two a day from the 2nd to the 15th, day 14");
    assert_eq!(judge::<CheckOverdue>(&[order()], &scope(), at("2020-03-20T00:00")).next_change, None);
}

#[test]
fn in_hospital_nobody_here_owes_a_check_and_after_it_only_what_is_due_then() {
    let move_to = |number, text: &str, kind| commit(number, at(text), at(text), moved(kind));
    let taken = [order(), move_to(2, "2020-02-02T13:00", Kind::Hospital)];
    assert_eq!(summary(&taken, "2020-02-02T12:59"), Some((Severity::Serious, slots(&["02/am"]), 0)));
    let verdict = judge::<CheckOverdue>(&taken, &scope(), at("2020-02-05T13:00")).verdict;
    assert_eq!(verdict, Verdict::Quiet { late: false, quieted_by: vec![event_id(2)] }, "for days");
    let back = [&taken[..], &[move_to(3, "2020-02-04T15:00", Kind::Home)]].concat();
    assert_eq!(summary(&back, "2020-02-04T20:30"), None, "the morning of the 2nd was the hospital's from 13:00 on");
    assert_eq!(summary(&back, "2020-02-04T20:31"), Some((Severity::Serious, slots(&["04/pm"]), 1)));
    let straight_there = [commit(1, at("2020-02-01T21:00"), at("2020-02-01T21:00"), ordered(Kind::Hospital, day("2020-02-01")))];
    assert_eq!(summary(&straight_there, "2020-02-05T13:00"), None);
}

#[test]
fn a_check_that_found_them_in_hospital_holds_until_they_are_reached_or_moved() {
    let found_there = commit(2, at("2020-02-02T12:45"), at("2020-02-02T12:45"), checked(CheckOutcome::Hospital, Vec::new()));
    assert_eq!(summary(&[order(), found_there.clone()], "2020-02-03T12:31"), None);
    let reached = [order(), found_there.clone(), check(3, "2020-02-03T11:00", "2020-02-03T11:00")];
    assert_eq!(summary(&reached, "2020-02-03T20:31"), Some((Severity::Serious, slots(&["03/pm"]), 1)));
    let home = [order(), found_there.clone(), commit(3, at("2020-02-03T11:00"), at("2020-02-03T11:00"), moved(Kind::Home))];
    assert_eq!(summary(&home, "2020-02-03T12:31"), Some((Severity::Serious, slots(&["03/am"]), 1)));
    let taken_back = commit(4, at("2020-02-03T08:00"), at("2020-02-03T08:00"), retracted(&found_there));
    assert_eq!(summary(&[order(), found_there, taken_back], "2020-02-02T12:50").map(|(_, slots, _)| slots), Some(slots(&["02/am"])));
}
