//! Out, stopped, not at home; and what only looks like it.

use super::*;
use crate::QuarantineBreach;

const NOON: &str = "2020-02-06T12:00";

fn order(kind: Kind) -> Commit {
    commit(1, at("2020-02-05T08:00"), at("2020-02-05T08:00"), ordered(kind, day("2020-02-05")))
}

fn passed(number: u64, text: &str, direction: Direction, result: EntryResult) -> Commit {
    commit(number, at(text), at(text), entry(direction, result))
}

fn out(number: u64, text: &str) -> Commit {
    passed(number, text, Direction::Out, EntryResult::Admitted)
}

fn not_home(number: u64, text: &str) -> Commit {
    commit(number, at(text), at(text), checked(CheckOutcome::NotHome, Vec::new()))
}

fn later(commits: &[Commit]) -> Option<Severity> {
    severity::<QuarantineBreach>(commits, &person(), at("2020-02-20T00:00"))
}

#[test]
fn going_out_is_critical_and_being_stopped_is_a_caution() {
    for (direction, result, expected) in [
        (Direction::Out, EntryResult::Admitted, Some(Severity::Critical)),
        (Direction::Out, EntryResult::TurnedBack, Some(Severity::Caution)),
        (Direction::Out, EntryResult::Waiting, Some(Severity::Caution)),
        (Direction::Out, EntryResult::SentToClinic, Some(Severity::Caution)),
        (Direction::In, EntryResult::Admitted, None),
        (Direction::In, EntryResult::Waiting, None),
    ] {
        for kind in [Kind::Home, Kind::Facility, Kind::Hospital] {
            assert_eq!(later(&[order(kind), passed(2, NOON, direction, result)]), expected, "{kind} {direction} {result}");
        }
        assert_eq!(later(&[order(Kind::Watch), passed(2, NOON, direction, result)]), None, "a health watch may go out");
        assert_eq!(later(&[passed(2, NOON, direction, result)]), None, "no order");
    }
}

#[test]
fn a_check_that_finds_them_not_at_home_is_critical() {
    assert_eq!(later(&[order(Kind::Home), not_home(2, NOON)]), Some(Severity::Critical));
    let reached = commit(2, at(NOON), at(NOON), checked(CheckOutcome::NoAnswer, Vec::new()));
    assert_eq!(later(&[order(Kind::Home), reached]), None);
}

#[test]
fn who_waited_and_was_let_out_is_critical_with_both_events_as_causes() {
    let waiting = passed(2, NOON, Direction::Out, EntryResult::Waiting);
    let settlement = |number, text: &str, result| commit(number, at(text), at(text), settled(2, result));
    let commits = [order(Kind::Home), waiting.clone(), settlement(3, "2020-02-06T12:20", EntryResult::Admitted)];
    let let_out = firing::<QuarantineBreach>(&commits, &person(), at("2020-02-06T13:00")).unwrap();
    assert_eq!((let_out.severity, let_out.causes, let_out.detail.stopped), (Severity::Critical, vec![event_id(2), event_id(3)], false));
    assert_eq!(later(&[order(Kind::Home), waiting, settlement(3, "2020-02-06T12:20", EntryResult::TurnedBack)]), Some(Severity::Caution));
}

#[test]
fn an_order_holds_from_its_time_until_its_release() {
    for (text, expected) in [("2020-02-05T07:59", None), ("2020-02-05T08:00", Some(Severity::Critical))] {
        assert_eq!(later(&[order(Kind::Home), out(2, text)]), expected, "{text}");
    }
    let release = |text: &str, recorded: &str| commit(3, at(text), at(recorded), released());
    for (text, expected) in [("2020-02-06T11:59", None), (NOON, None), ("2020-02-06T12:01", Some(Severity::Critical))] {
        assert_eq!(later(&[order(Kind::Home), out(2, NOON), release(text, text)]), expected, "released at {text}");
    }
    let typed_late = [order(Kind::Home), out(2, NOON), release("2020-02-06T09:00", "2020-02-06T15:00")];
    let verdict = judge::<QuarantineBreach>(&typed_late, &person(), at("2020-02-06T16:00")).verdict;
    assert_eq!(verdict, Verdict::Quiet { late: true, quieted_by: vec![event_id(3)] });
    let in_time = [order(Kind::Home), release("2020-02-06T09:00", "2020-02-06T09:00"), out(4, NOON)];
    assert_eq!(judge::<QuarantineBreach>(&in_time, &person(), at("2020-02-06T16:00")).verdict, Verdict::quiet());
    let order_typed_late = commit(5, at("2020-02-05T08:00"), at("2020-02-08T08:00"), ordered(Kind::Home, day("2020-02-05")));
    assert_eq!(later(&[out(2, NOON), order_typed_late]), Some(Severity::Critical));
}

#[test]
fn the_way_home_is_no_breach_but_coming_in_twice_without_going_out_is() {
    let come_in = |number, text| passed(number, text, Direction::In, EntryResult::Admitted);
    let first = || come_in(2, "2020-02-05T09:00");
    for (what, commits, expected) in [
        ("first way home", vec![first()], None),
        ("through two gates", vec![first(), come_in(3, "2020-02-05T15:00")], None),
        ("again, much later", vec![first(), come_in(3, "2020-02-05T15:01")], Some(Severity::Critical)),
        ("turned back the second time", vec![first(), passed(3, NOON, Direction::In, EntryResult::TurnedBack)], None),
        ("after going out, which is the breach", vec![first(), out(3, "2020-02-07T09:00"), come_in(4, "2020-02-07T18:00")], Some(Severity::Critical)),
    ] {
        let commits: Vec<Commit> = [order(Kind::Home)].into_iter().chain(commits).collect();
        assert_eq!(later(&commits), expected, "{what}");
    }
    let returned = [order(Kind::Home), first(), out(3, "2020-02-07T09:00"), come_in(4, "2020-02-07T18:00")];
    assert_eq!(firing::<QuarantineBreach>(&returned, &person(), at("2020-02-20T00:00")).map(|firing| firing.causes), Some(vec![event_id(3)]));
}

#[test]
fn a_move_is_no_breach_and_changes_the_kind() {
    let moved = |number, text: &str, kind| commit(number, at(text), at(text), moved(kind));
    for (text, expected) in [("2020-02-06T06:00", None), ("2020-02-06T18:00", None), ("2020-02-06T05:59", Some(Severity::Critical))] {
        assert_eq!(later(&[order(Kind::Home), moved(2, text, Kind::Facility), out(3, NOON)]), expected, "moved at {text}");
    }
    assert_eq!(later(&[order(Kind::Home), moved(2, "2020-02-05T10:00", Kind::Watch), out(3, NOON)]), None);
    assert_eq!(later(&[order(Kind::Watch), moved(2, "2020-02-05T10:00", Kind::Home), out(3, NOON)]), Some(Severity::Critical));
}

#[test]
fn it_stays_with_the_causes_of_the_last_run_only() {
    let commits = [order(Kind::Home), out(2, "2020-02-06T12:00"), not_home(3, "2020-02-07T12:00"), out(4, "2020-02-08T12:01")];
    let first_two = firing::<QuarantineBreach>(&commits[..3], &person(), at("2021-01-01T00:00")).unwrap();
    assert_eq!((first_two.causes, first_two.occurrences), (vec![event_id(2), event_id(3)], 2));
    let last = firing::<QuarantineBreach>(&commits, &person(), at("2021-01-01T00:00")).unwrap();
    assert_eq!(last.causes, vec![event_id(4)]);
    assert_eq!(judge::<QuarantineBreach>(&commits, &person(), at(NOON)).next_change, None);
}
