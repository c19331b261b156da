//! Silences that no message tells of: they are asked about before people are reminded, and an answer never tells anything.

use domain::alert::Severity::{Caution, Critical, Serious};

use super::*;

/// A critical that was told at the start and that nobody takes, and what is answered of it.
fn told(silences: impl Fn(i64) -> Answer + 'static) -> Bench {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    bench.silences = Box::new(move |second, _| silences(second));
    bench.hear(1, "fever", Critical, "raised", "b07", 0);
    bench
}

/// When people were reminded.
fn reminders(bench: &Bench) -> Vec<i64> {
    bench.sorts().into_iter().filter(|(_, sort, _)| *sort == Sort::Reminder).map(|(second, ..)| second).collect()
}

#[test]
fn what_was_told_before_its_silence_is_reminded_of_when_that_is_over() {
    // from 600 until 6000
    let mut bench = told(|second| Some((600..6000).contains(&second).then_some(6000)));
    bench.run(0..10_000);
    assert_eq!(reminders(&bench), [6000, 7800, 9600]);
    let asked: Vec<i64> = bench.asked.iter().map(|(second, _)| *second).collect();
    assert_eq!(asked, [1800, 3600, 5400, 6000, 7800, 9600], "once each time it would be told, and never between");
}

#[test]
fn a_silence_that_is_ended_by_hand_ends_the_quiet_within_half_an_hour() {
    // until 36,000, ended at 4000
    let mut bench = told(|second| Some((600..4000).contains(&second).then_some(36_000)));
    bench.run(0..6000);
    assert_eq!(reminders(&bench), [5400]);
    // one that the message itself spoke of
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    bench.silences = Box::new(|second, _| Some((second < 2000).then_some(36_000)));
    let silenced = json!({"suppressed": ["silenced"], "silenced_until": at(36_000).clock});
    bench.hear_with(payload(1, 1, "fever", Critical, "raised", "b07", 0), &silenced, 0);
    bench.run(0..6000);
    assert_eq!((bench.sorts().len(), reminders(&bench)), (2, vec![3600, 5400]));
}

#[test]
fn while_nobody_answers_people_are_reminded_by_what_was_last_known() {
    let mut bench = told(|_| None);
    bench.run(0..4000);
    assert_eq!(reminders(&bench), [1800, 3600], "nothing is known of a silence");
    assert_eq!(bench.asked.len(), 2);
    // answered once, and what was answered outlives a crash
    let mut bench = told(|second| (second < 1801).then_some(Some(7000)));
    bench.run(0..2000);
    let written = serde_json::to_vec(bench.machine.state()).unwrap();
    bench.machine = Machine::resume(bench.machine.plan().clone(), serde_json::from_slice(&written).unwrap());
    bench.run(2000..9000);
    assert_eq!(reminders(&bench), [7000, 8800], "not for ever");
    // of what a message spoke of, as long as that said
    let mut bench = told(|_| None);
    bench.run(0..100);
    let silenced = json!({"suppressed": ["silenced"], "silenced_until": at(5000).clock});
    bench.hear_with(payload(1, 2, "fever", Critical, "updated", "b07", 100), &silenced, 100);
    bench.run(100..6000);
    assert_eq!(reminders(&bench), [5000]);
}

#[test]
fn of_several_only_what_is_silenced_is_left_out() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    // the critical, and one that would only go along
    bench.silences = Box::new(|_, alert| Some(["a1", "a3"].contains(&alert).then_some(36_000)));
    bench.hear(1, "fever", Critical, "raised", "b07", 0);
    bench.hear(2, "symptom", Serious, "raised", "b08", 0);
    bench.run(0..400);
    bench.hear(3, "symptom", Serious, "raised", "b09", 400);
    bench.hear(4, "symptom", Serious, "raised", "b10", 400);
    bench.run(400..1900);
    let (_, last) = bench.calls.last().unwrap();
    let reminder = notice(last).unwrap();
    let alerts: Vec<&str> = reminder.items.iter().map(|item| item.alert.as_str()).collect();
    assert_eq!((reminder.sort, alerts, last.critical), (Sort::Reminder, vec!["a2", "a4"], false), "and it is no critical any more");
}

#[test]
fn nobody_is_asked_about_what_people_are_not_reminded_of_now() {
    let hours = QuietHours { from: TimeOfDay::of(0, 0), until: TimeOfDay::of(23, 59) };
    let mut bench = Bench::new(Plan { quiet: Some(Quiet { hours, zone: Zone::default() }), ..plan(Channel::Wecom, Class::Work) });
    bench.hear(1, "check_overdue", Caution, "raised", "b07", 0);
    bench.hear(2, "fever", Critical, "raised", "b08", 0);
    bench.run(0..4000);
    assert_eq!(bench.asked, [(1800, "a2".to_owned()), (3600, "a2".to_owned())], "people sleep, but for the critical");
    let mut bench = Bench::new(plan(Channel::Webhook, Class::Work));
    bench.hear(1, "fever", Critical, "raised", "b07", 0);
    bench.run(0..4000);
    assert!(bench.asked.is_empty(), "programs read the flag for themselves");
}
