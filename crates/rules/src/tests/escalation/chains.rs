//! The table of alerting.md, cell by cell, with what changes it.

use domain::{
    community::{Escalation, QuietHours},
    values::TimeOfDay,
};

use super::*;

const CRITICAL: Severity = Severity::Critical;
const SERIOUS: Severity = Severity::Serious;
const CAUTION: Severity = Severity::Caution;
const TOMORROW: &str = "2020-02-07T12:00";

fn fever(severity: Severity, raised_at: &str) -> Play {
    Play::of(everybody(), "fever", severity, raised_at)
}

#[test]
fn a_critical_fever_goes_to_level_1_and_2_at_once_and_to_3_after_15_minutes() {
    let all = ["06 15:00 L1 s-nurse+s-keeper at_once s-leader:do_not_go_up", "06 15:00 L2 s-office at_once", "06 15:15 L3 s-town+s-clinic unacknowledged"];
    fever(CRITICAL, "2020-02-06T15:00").until(TOMORROW).tells(&all);
    // whoever of level 1 is no nurse has only seen it
    fever(CRITICAL, "2020-02-06T15:00").taken("2020-02-06T15:05", Role::Leader, None).until(TOMORROW).tells(&all);
    fever(CRITICAL, "2020-02-06T15:00").taken("2020-02-06T15:05", Role::Grid, Some(60)).until(TOMORROW).tells(&all);
    for role in [Role::Nurse, Role::Office, Role::Admin, Role::Command] {
        fever(CRITICAL, "2020-02-06T15:00").taken("2020-02-06T15:05", role, None).until(TOMORROW).tells(&all[..2]);
    }
    let expired = [all[0], all[1], "06 15:45 L3 s-town+s-clinic expired"];
    fever(CRITICAL, "2020-02-06T15:00").taken("2020-02-06T15:05", Role::Nurse, Some(40)).until(TOMORROW).tells(&expired);
}

#[test]
fn an_acknowledgement_stops_its_level_and_those_above_only() {
    // the town took it before the office was told
    fever(SERIOUS, "2020-02-06T15:00")
        .taken("2020-02-06T15:05", Role::Command, None)
        .until(TOMORROW)
        .tells(&["06 15:00 L1 s-nurse+s-keeper at_once s-leader:do_not_go_up", "06 15:30 L2 s-office unacknowledged"]);
    fever(SERIOUS, "2020-02-06T15:00")
        .taken("2020-02-06T15:05", Role::Leader, None)
        .until(TOMORROW)
        .tells(&["06 15:00 L1 s-nurse+s-keeper at_once s-leader:do_not_go_up"]);
}

#[test]
fn what_expires_when_all_were_told_is_told_to_the_highest_again_each_time_once() {
    let play = fever(CRITICAL, "2020-02-06T15:00").taken("2020-02-06T15:20", Role::Office, Some(30));
    let play = play.taken("2020-02-06T16:00", Role::Office, Some(30)).until(TOMORROW);
    assert_eq!(play.told[3..], ["06 15:50 L3 s-town+s-clinic expired", "06 16:30 L3 s-town+s-clinic expired"]);
}

#[test]
fn what_expires_tells_the_same_people_and_nobody_a_second_time() {
    let vacant = Play::of(everybody_but(&["s-nurse", "s-keeper"]), "fever", SERIOUS, "2020-02-06T15:00");
    vacant
        .taken("2020-02-06T15:05", Role::Office, Some(30))
        .until(TOMORROW)
        .tells(&["06 15:00 L2 s-office vacant s-leader:do_not_go_up gap:1/nurse", "06 15:35 L2 s-office expired s-leader:do_not_go_up gap:1/nurse"]);
}

#[test]
fn a_fever_that_may_be_one_waits_and_goes_up_when_it_is_one() {
    let first = "06 15:00 L1 s-nurse+s-keeper at_once s-leader:do_not_go_up";
    fever(SERIOUS, "2020-02-06T15:00").until(TOMORROW).tells(&[first, "06 15:30 L2 s-office unacknowledged"]);
    fever(SERIOUS, "2020-02-06T15:00").worse("2020-02-06T15:10").until(TOMORROW).tells(&[
        first,
        "06 15:10 L2 s-office worse",
        "06 15:25 L3 s-town+s-clinic unacknowledged",
    ]);
}

#[test]
fn a_check_overdue_goes_to_the_keeper_then_the_office_and_with_names_to_the_town_at_the_second_miss() {
    let overdue = || Play::of(everybody(), "check_overdue", SERIOUS, "2020-02-06T12:30");
    let two = ["06 12:30 L1 s-keeper at_once", "06 13:00 L2 s-office unacknowledged"];
    overdue().until(TOMORROW).tells(&two);
    overdue().taken("2020-02-06T12:59", Role::Grid, None).until(TOMORROW).tells(&two[..1]);
    overdue().worse("2020-02-07T00:00").until(TOMORROW).tells(&[two[0], two[1], "07 00:00 L3 s-town worse"]);
    // where the policy has the town told earlier, it hears counts until then
    let escalation = [(word("check_overdue"), Escalation { level_2_after_minutes: 10, level_3_after_minutes: 60 })].into_iter().collect();
    let policy = Policy::default().changed(at("2020-02-01T00:00"), Change { escalation, ..Change::default() });
    let times = ("2020-02-06T12:30", "2020-02-06T12:30");
    let play = Play::from(duties_of((1..).zip(everybody())), policy, ("check_overdue", SERIOUS), times).worse("2020-02-07T00:00").until(TOMORROW);
    play.tells(&[two[0], "06 12:40 L2 s-office unacknowledged", "06 13:30 L3 s-town unacknowledged counts", "07 00:00 L3 s-town worse"]);
}

#[test]
fn a_silent_building_goes_to_the_leader_to_the_office_in_the_evening_and_to_the_town_in_the_morning() {
    let silent = |raised_at| {
        let duties = duties_of((1..).zip(everybody()));
        Play::from(duties, Policy::default(), ("building_silent", CAUTION), ("2020-02-06T18:00", raised_at))
    };
    silent("2020-02-06T18:00").until(TOMORROW).tells(&["06 18:00 L1 s-leader at_once", "06 20:00 L2 s-office hour", "07 08:30 L3 s-town hour"]);
    // raised late: what was not known was nobody's turn
    silent("2020-02-06T21:00").until(TOMORROW).tells(&["06 21:00 L1 s-leader at_once", "06 21:00 L2 s-office hour", "07 08:30 L3 s-town hour"]);
}

#[test]
fn the_other_rules_have_chains_too() {
    for (rule, severity, expected) in [
        ("symptom", SERIOUS, vec!["06 15:00 L1 s-nurse+s-keeper at_once s-leader:do_not_go_up", "06 15:30 L2 s-office unacknowledged"]),
        ("quarantine_breach", CRITICAL, vec!["06 15:00 L1 s-keeper+s-grid at_once", "06 15:00 L2 s-office at_once", "06 15:15 L3 s-town unacknowledged"]),
        ("quarantine_breach", CAUTION, vec!["06 15:00 L1 s-keeper+s-grid at_once", "06 16:00 L2 s-office unacknowledged"]),
        ("refused", SERIOUS, vec!["06 15:00 L1 s-grid+s-leader at_once", "06 16:00 L2 s-office unacknowledged"]),
        ("release_due", CAUTION, vec!["06 15:00 L1 s-nurse+s-keeper at_once", "07 08:30 L2 s-office hour"]),
        ("of_tomorrow", SERIOUS, vec!["06 15:00 L1 s-grid+s-leader at_once", "06 15:30 L2 s-office unacknowledged"]),
    ] {
        Play::of(everybody(), rule, severity, "2020-02-06T15:00").until(TOMORROW).tells(&expected);
    }
}

#[test]
fn level_1_sleeps_and_what_cannot_wait_goes_to_the_office() {
    fever(CRITICAL, "2020-02-06T23:00").until(TOMORROW).tells(&[
        "06 23:00 L2 s-office at_once",
        "06 23:15 L3 s-town+s-clinic unacknowledged",
        "07 06:00 L1 s-nurse+s-keeper at_once s-leader:do_not_go_up",
    ]);
    // what can wait wakes nobody: minutes count from when somebody is awake
    Play::of(everybody(), "check_overdue", SERIOUS, "2020-02-06T22:30")
        .until(TOMORROW)
        .tells(&["07 06:00 L1 s-keeper at_once", "07 06:30 L2 s-office unacknowledged"]);
    // told in the evening is told
    Play::of(everybody(), "check_overdue", SERIOUS, "2020-02-06T21:45")
        .until(TOMORROW)
        .tells(&["06 21:45 L1 s-keeper at_once", "06 22:15 L2 s-office unacknowledged"]);
}

#[test]
fn whoever_is_on_shift_by_the_roster_is_awake() {
    let mut duties = everybody();
    duties.push(planned(in_community(), "nurse", 1, &[("s-night", "2020-02-06T20:00", "2020-02-07T08:00")]).into());
    Play::of(duties, "fever", CRITICAL, "2020-02-06T23:00").until(TOMORROW).tells(&[
        "06 23:00 L1 s-night at_once",
        "06 23:00 L2 s-office at_once",
        "06 23:15 L3 s-town+s-clinic unacknowledged",
        "07 06:00 L1 s-night+s-keeper duty_changed s-leader:do_not_go_up",
        "07 08:00 L1 s-nurse+s-keeper duty_changed s-leader:do_not_go_up",
    ]);
}

#[test]
fn whoever_goes_off_shift_at_night_has_it_no_more_though_those_who_follow_sleep() {
    let mut duties = everybody_but(&["s-keeper"]);
    duties.push(planned(in_community(), "nurse", 1, &[("s-night", "2020-02-06T20:00", "2020-02-07T02:00")]).into());
    Play::of(duties.clone(), "fever", CRITICAL, "2020-02-06T23:00").until(TOMORROW).tells(&[
        "06 23:00 L1 s-night at_once",
        "06 23:00 L2 s-office at_once",
        "06 23:15 L3 s-town+s-clinic unacknowledged",
        "07 02:00 L1 nobody duty_changed",
        "07 06:00 L1 s-nurse duty_changed s-leader:do_not_go_up",
    ]);
    // what can wait waits for them, and wakes nobody above
    Play::of(duties, "symptom", SERIOUS, "2020-02-06T23:00").until("2020-02-07T06:01").tells(&[
        "06 23:00 L1 s-night at_once",
        "07 02:00 L1 nobody duty_changed",
        "07 06:00 L1 s-nurse duty_changed s-leader:do_not_go_up",
    ]);
}

#[test]
fn quiet_hours_and_minutes_are_those_of_the_policy() {
    let quiet_hours = Some(QuietHours { from: TimeOfDay::of(14, 0), until: TimeOfDay::of(16, 0) });
    let escalation = [(word("fever"), Escalation { level_2_after_minutes: 10, level_3_after_minutes: 20 })].into_iter().collect();
    let policy = Policy::default().changed(at("2020-02-01T00:00"), Change { quiet_hours, escalation, ..Change::default() });
    let raised = |raised_at| Play::from(duties_of((1..).zip(everybody())), policy.clone(), ("fever", CRITICAL), (raised_at, raised_at)).until(TOMORROW);
    raised("2020-02-06T12:00").tells(&[
        "06 12:00 L1 s-nurse+s-keeper at_once s-leader:do_not_go_up",
        "06 12:10 L2 s-office unacknowledged",
        "06 12:20 L3 s-town+s-clinic unacknowledged",
    ]);
    raised("2020-02-06T15:00").tells(&[
        "06 15:00 L2 s-office quiet_hours",
        "06 15:20 L3 s-town+s-clinic unacknowledged",
        "06 16:00 L1 s-nurse+s-keeper at_once s-leader:do_not_go_up",
    ]);
    let none = Some(QuietHours { from: TimeOfDay::of(22, 0), until: TimeOfDay::of(22, 0) });
    let awake = Policy::default().changed(at("2020-02-01T00:00"), Change { quiet_hours: none, ..Change::default() });
    let times = ("2020-02-06T23:00", "2020-02-06T23:00");
    let play = Play::from(duties_of((1..).zip(everybody())), awake, ("check_overdue", SERIOUS), times).until(TOMORROW);
    play.tells(&["06 23:00 L1 s-keeper at_once", "06 23:30 L2 s-office unacknowledged"]);
}

#[test]
fn a_vacant_level_passes_upward_at_once_and_is_a_gap() {
    let overdue = |without: &[&str]| Play::of(everybody_but(without), "check_overdue", SERIOUS, "2020-02-06T12:30");
    overdue(&["s-keeper"]).until(TOMORROW).tells(&["06 12:30 L2 s-office vacant gap:1/keeper"]);
    overdue(&["s-keeper", "s-office"]).until(TOMORROW).tells(&["06 12:30 L3 s-town vacant counts gap:1/keeper gap:2/office"]);
    overdue(&["s-office"]).until(TOMORROW).tells(&["06 12:30 L1 s-keeper at_once", "06 13:00 L3 s-town vacant counts gap:2/office"]);
    // there is nobody above: the office keeps it, and is told so
    Play::of(everybody_but(&["s-town", "s-clinic"]), "fever", CRITICAL, "2020-02-06T15:00").until(TOMORROW).tells(&[
        "06 15:00 L1 s-nurse+s-keeper at_once s-leader:do_not_go_up",
        "06 15:00 L2 s-office at_once",
        "06 15:15 L2 s-office vacant gap:3/command",
    ]);
    // whoever had it left, and there is nobody at all
    let left = Play::of(everybody_but(&["s-office", "s-town"]), "check_overdue", SERIOUS, "2020-02-06T12:30");
    left.duty("2020-02-06T12:40", absent("s-keeper", "2020-02-06T12:40", "2020-02-09T00:00"))
        .until(TOMORROW)
        .tells(&["06 12:30 L1 s-keeper at_once", "06 12:40 L3 nobody vacant gap:1/keeper gap:2/office gap:3/command"]);
    let town = assigned(in_community(), "command", 3, "s-new");
    let found = Play::of(everybody_but(&["s-town", "s-clinic"]), "fever", CRITICAL, "2020-02-06T15:00").duty("2020-02-06T15:20", town).until(TOMORROW);
    assert_eq!(found.told[3..], ["06 15:20 L3 s-new duty_changed since:06 15:15"]);
    assert!(found.state.turn.told[&2].gaps.is_empty());
    let away = ["s-keeper", "s-office", "s-town"].map(|id| absent(id, "2020-02-06T00:00", "2020-02-09T00:00").into());
    let nobody = Play::of(everybody().into_iter().chain(away).collect(), "check_overdue", SERIOUS, "2020-02-06T12:30").until(TOMORROW);
    nobody.tells(&["06 12:30 L3 nobody vacant gap:1/keeper gap:2/office gap:3/command"]);
    // who is told not to go up is told all the same
    Play::of(everybody_but(&["s-nurse", "s-keeper"]), "fever", SERIOUS, "2020-02-06T15:00")
        .until(TOMORROW)
        .tells(&["06 15:00 L2 s-office vacant s-leader:do_not_go_up gap:1/nurse"]);
    // one of two posts is not a vacant level
    Play::of(everybody_but(&["s-nurse"]), "fever", SERIOUS, "2020-02-06T15:00")
        .until("2020-02-06T15:10")
        .tells(&["06 15:00 L1 s-keeper at_once s-leader:do_not_go_up gap:1/nurse"]);
    let filled = overdue(&["s-keeper"]).duty("2020-02-06T12:40", assigned(of_order(), "keeper", 1, "s-new"));
    let filled = filled.until(TOMORROW);
    filled.tells(&["06 12:30 L2 s-office vacant gap:1/keeper", "06 12:40 L1 s-new duty_changed since:06 12:30"]);
    assert!(filled.state.turn.told[&2].gaps.is_empty(), "the post is filled");
}

#[test]
fn what_is_vacant_is_told_of_each_building_that_an_alert_moves_to() {
    let overdue = |without: &[&str]| Play::of(everybody_but(without), "check_overdue", SERIOUS, "2020-02-06T12:30");
    let vacant = overdue(&["s-keeper"]).moved("2020-02-06T12:40", "b08");
    vacant.until(TOMORROW).tells(&["06 12:30 L2 s-office vacant gap:1/keeper", "06 12:40 L2 s-office vacant gap:1/keeper since:06 12:30"]);
    // who has it has it there too, and is not told a second time
    overdue(&[]).moved("2020-02-06T12:40", "b08").until("2020-02-06T12:50").tells(&["06 12:30 L1 s-keeper at_once"]);
}

#[test]
fn where_nobody_was_ever_given_a_duty_of_the_chain_there_is_none() {
    let mut duties = vec![lies_in_grid().into(), ordered(Kind::Home, day("2020-02-01")).into()];
    // a guard and a leader: neither of them owns a fever
    duties.extend([assigned(in_community(), "guard", 1, "s-guard").into(), assigned(in_building(), "leader", 1, "s-leader").into()]);
    let play = Play::of(duties.clone(), "fever", CRITICAL, "2020-02-06T15:00");
    assert_eq!(play.judged(at("2020-02-06T18:00")), Judged::default());
    Play::of(duties, "building_silent", CAUTION, "2020-02-06T18:00").until("2020-02-06T19:00").tells(&["06 18:00 L1 s-leader at_once"]);
}

#[test]
fn a_post_that_is_left_while_it_has_an_alert_passes_it_on() {
    let overdue = Play::of(everybody(), "check_overdue", SERIOUS, "2020-02-06T12:30");
    let left = overdue.duty("2020-02-06T12:40", absent("s-keeper", "2020-02-06T12:40", "2020-02-06T12:50")).until(TOMORROW);
    left.tells(&[
        "06 12:30 L1 s-keeper at_once",
        "06 12:40 L2 s-office vacant gap:1/keeper",
        // back again: the office had it meanwhile
        "06 12:50 L1 s-keeper duty_changed",
    ]);
}

#[test]
fn by_hand_it_goes_up_now_even_if_somebody_has_it_and_to_whom_somebody_says() {
    let first = "06 15:00 L1 s-nurse+s-keeper at_once s-leader:do_not_go_up";
    let asked = fever(SERIOUS, "2020-02-06T15:00").taken("2020-02-06T15:02", Role::Nurse, None).asked_up("2020-02-06T15:05");
    asked.asked_up("2020-02-06T15:09").until(TOMORROW).tells(&[first, "06 15:05 L2 s-office by_hand", "06 15:09 L3 s-town+s-clinic by_hand"]);
    let given = fever(SERIOUS, "2020-02-06T15:00").given_to("2020-02-06T15:05", "s-li").until(TOMORROW);
    given.tells(&[first, "06 15:30 L2 s-office unacknowledged"]);
    assert_eq!(given.state.turn.told[&1].owners[0].staff.as_str(), "s-li");
    // when they leave it is whose duty it is
    let left = given.duty("2020-02-07T13:00", absent("s-li", "2020-02-07T13:00", "2020-02-09T00:00")).until("2020-02-07T18:00");
    assert_eq!(left.told[2..], ["07 13:00 L1 s-nurse+s-keeper duty_changed s-leader:do_not_go_up"]);
}

#[test]
fn what_fell_due_while_nobody_was_running_is_told_once_in_order_with_its_true_times() {
    let overdue = || Play::of(everybody(), "check_overdue", SERIOUS, "2020-02-06T12:30");
    overdue()
        .down_until("2020-02-06T14:00")
        .until(TOMORROW)
        .tells(&["06 14:00 L1 s-keeper at_once since:06 12:30", "06 14:00 L2 s-office unacknowledged since:06 13:00"]);
    let duties = duties_of((1..).zip(everybody()));
    let silent = Play::from(duties, Policy::default(), ("building_silent", CAUTION), ("2020-02-06T18:00", "2020-02-06T18:00"));
    silent.down_until("2020-02-07T09:00").until(TOMORROW).tells(&[
        "07 09:00 L1 s-leader at_once since:06 18:00",
        "07 09:00 L2 s-office hour since:06 20:00",
        "07 09:00 L3 s-town hour since:07 08:30",
    ]);
}

#[test]
fn what_recovers_is_nobodys_turn_and_begins_anew_when_it_is_back() {
    let raised = Play::of(everybody(), "fever", Severity::Critical, "2020-02-06T10:00");
    let up = raised.until("2020-02-06T10:20");
    assert!(up.told.iter().any(|line| line.contains(" L3 ")), "{:#?}", up.told);
    let recovering = Play::of(everybody(), "fever", Severity::Critical, "2020-02-06T10:00").recovering("2020-02-06T10:05").until("2020-02-07T10:00");
    assert_eq!(recovering.told.len(), 2, "level 3 is not called for somebody who is well: {:#?}", recovering.told);
    assert_eq!((recovering.judged(recovering.now), recovering.state.goes_up_at(recovering.now)), (Judged::default(), None));
    let back = recovering.reopened("2020-02-07T10:00").until("2020-02-07T10:20");
    assert_eq!(back.told.len(), 5, "all three levels again: {:#?}", back.told);
}
