//! Silences that no message tells of: they are asked about before people are told or reminded, and an answer never tells anything.

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
    assert_eq!(asked, [0, 1800, 3600, 5400, 6000, 7800, 9600], "once each time it would be told, and never between");
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
    assert_eq!(bench.asked.len(), 3);
    // answered once, and what was answered outlives a crash
    let mut bench = told(|second| (1..1801).contains(&second).then_some(Some(7000)));
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
    bench.silences = Box::new(|second, alert| Some((second > 0 && ["a1", "a3"].contains(&alert)).then_some(36_000)));
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

/// How many messages were not told because they were silenced.
fn silenced(bench: &Bench) -> u64 {
    bench.machine.report().suppressed.get(&Reason::Silenced).copied().unwrap_or_default()
}

#[test]
fn what_waits_when_its_silence_begins_is_not_told_and_is_reminded_of_when_that_is_over() {
    let until_6500 = |from: i64| move |second: i64, alert: &str| Some((alert == "a1" && (from..6500).contains(&second)).then_some(6500));
    for class in [Class::Work, Class::Public] {
        let mut bench = Bench::new(plan(Channel::Wecom, class));
        bench.silences = Box::new(until_6500(30));
        for (alert, action) in [(1, "raised"), (2, "raised"), (1, "upgraded")] {
            bench.hear(alert, "symptom", Serious, action, "b07", 0);
        }
        bench.run(0..6600);
        let told: Vec<_> = bench.calls.iter().filter_map(|(second, send)| notice(send).map(|told| (*second, told.sort, told.alerts(), told.count()))).collect();
        assert_eq!(told[..2], [(60, Sort::News, 1, 1), (1860, Sort::Reminder, 1, 1)], "only of the other");
        assert_eq!((told.last().map(|last| (last.1, last.2)), silenced(&bench)), (Some((Sort::Reminder, 2)), 2), "{told:?}");
    }
    // all of it is silenced, or is over by then: nobody is told, and nothing is left of it
    for (ends, reminded) in [(false, vec![6500]), (true, Vec::new())] {
        let mut bench = Bench::new(plan(Channel::Ntfy, Class::Work));
        bench.silences = Box::new(until_6500(30));
        bench.hear(1, "symptom", Serious, "raised", "b07", 0);
        if ends {
            bench.hear(1, "symptom", Serious, "resolved", "b07", 20);
        }
        bench.run(0..6600);
        assert_eq!((reminders(&bench), bench.calls.len(), silenced(&bench)), (reminded.clone(), reminded.len(), 1 + u64::from(ends)));
        assert_eq!(bench.asked.iter().find(|(second, _)| *second <= 60), Some(&(60, "a1".to_owned())));
    }
    // what is critical waits for a receiver that wants to be left alone
    let mut bench = Bench::new(plan(Channel::Dingtalk, Class::Work));
    bench.silences = Box::new(until_6500(300));
    bench.hear(3, "fever", Critical, "raised", "b09", 0);
    bench.second(0, |_| Outcome::Limited { hold_ms: 600_000 });
    for alert in [1, 2] {
        bench.hear(alert, "fever", Critical, "raised", &format!("b{alert}"), 10);
    }
    bench.run(1..700);
    let after: u64 = bench.sorts()[1..].iter().filter(|(_, sort, _)| *sort != Sort::Reminder).map(|(.., count)| count).sum();
    assert_eq!((after, silenced(&bench)), (2, 1), "{:?}", bench.sorts());
}

#[test]
fn what_waits_through_the_night_asks_in_the_morning_and_without_an_answer_goes_by_what_was_last_known() {
    let (evening, morning) = (8 * 3600, 8 * 3600 + 7 * 3600 - 240);
    let hours = QuietHours { from: TimeOfDay::of(22, 0), until: TimeOfDay::of(6, 0) };
    let quiet = Quiet { hours, zone: Zone::default() };
    assert!(
        quiet.asleep_until(at(evening).clock).is_some()
            && quiet.asleep_until(at(morning - 1).clock).is_some()
            && quiet.asleep_until(at(morning).clock).is_none()
    );
    let night = |answers: bool| {
        let mut bench = Bench::new(Plan { quiet: Some(quiet.clone()), ..plan(Channel::Wecom, Class::Work) });
        let until = morning + 7200;
        bench.silences = Box::new(move |second, alert| answers.then_some((alert == "a1" && second < until).then_some(until)));
        for alert in [1, 2, 3] {
            bench.hear(alert, "check_overdue", Serious, "raised", &format!("b{alert}"), evening);
        }
        // of the third a message says it, which is no news by itself
        let flag = json!({"suppressed": ["silenced"], "silenced_until": at(until).clock});
        bench.hear_with(payload(3, 2, "check_overdue", Serious, "updated", "b3", evening), &flag, evening);
        (evening..until + 60).step_by(30).for_each(|second| bench.second(second, |_| Outcome::Delivered));
        let of = |sort| bench.calls.iter().filter_map(|(_, send)| notice(send)).find(|told| told.sort == sort).unwrap().alerts();
        (of(Sort::Digest), silenced(&bench), bench.sorts().last().map(|(.., sort, count)| (*sort, *count)))
    };
    // who answers says that the third is not silenced any more, and the first is
    assert_eq!(night(true), (2, 2, Some((Sort::Reminder, 3))));
    assert_eq!(night(false), (2, 2, Some((Sort::Reminder, 3))));
}

#[test]
fn nobody_is_asked_about_what_people_are_not_reminded_of_now() {
    let hours = QuietHours { from: TimeOfDay::of(0, 0), until: TimeOfDay::of(23, 59) };
    let mut bench = Bench::new(Plan { quiet: Some(Quiet { hours, zone: Zone::default() }), ..plan(Channel::Wecom, Class::Work) });
    bench.hear(1, "check_overdue", Caution, "raised", "b07", 0);
    bench.hear(2, "fever", Critical, "raised", "b08", 0);
    bench.run(0..4000);
    assert_eq!(bench.asked, [0, 1800, 3600].map(|second| (second, "a2".to_owned())), "people sleep, but for the critical");
    let mut bench = Bench::new(plan(Channel::Webhook, Class::Work));
    bench.hear(1, "fever", Critical, "raised", "b07", 0);
    bench.run(0..4000);
    assert!(bench.asked.is_empty(), "programs read the flag for themselves");
}

#[test]
fn what_waited_under_a_program_that_knew_no_alerts_apart_is_told_and_counted() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    bench.silences = Box::new(|_, _| Some(Some(36_000)));
    for alert in [1, 2] {
        bench.hear(alert, "symptom", Serious, "raised", "b07", 0);
    }
    let mut written = serde_json::to_value(bench.machine.state()).unwrap();
    let pile = written["groups"].as_object_mut().unwrap().values_mut().next().unwrap().as_object_mut().unwrap();
    assert!(pile.remove("known").is_some() && pile.remove("overnight").is_some());
    pile.insert("counted".to_owned(), json!({"2166136261": 0, "84696351": 0}));
    bench.machine = Machine::resume(bench.machine.plan().clone(), serde_json::from_value(written).unwrap());
    bench.hear(3, "symptom", Serious, "raised", "b07", 10);
    bench.run(10..100);
    assert_eq!((bench.sorts(), silenced(&bench)), (vec![(60, Sort::News, 2)], 1), "nobody can be asked about the first two");
}
