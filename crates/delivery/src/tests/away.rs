//! A receiver that takes nothing for a while, or not everything, by day and over the beginning of the night.

use std::collections::BTreeSet;

use domain::alert::Severity::{Critical, Serious};

use super::{nudges::nudge, *};

/// It sleeps from half an hour after the start until two hours after it.
const NIGHT: std::ops::Range<i64> = 1560..7560;

fn sleeping(plan: Plan) -> Plan {
    let hours = QuietHours { from: TimeOfDay::of(15, 30), until: TimeOfDay::of(17, 10) };
    Plan { quiet: Some(Quiet { hours, zone: Zone::default() }), ..plan }
}

/// What was delivered, and when: what it tells of, and whether it says when it was written.
fn delivered(bench: &Bench, since: i64) -> Vec<(i64, Sort, String, bool)> {
    let named = |told: &Notice| told.items.iter().map(|item| item.alert.as_str()).collect::<Vec<_>>().join(" ");
    let told = bench.calls.iter().filter(|(second, _)| *second >= since).filter_map(|(second, send)| Some((*second, notice(send)?)));
    told.map(|(second, told)| (second, told.sort, named(told), told.waited_ms.is_some())).collect()
}

#[test]
fn a_receiver_that_is_away_gets_everything_later_in_order_under_the_same_ids() {
    let mut bench = Bench::new(plan(Channel::Webhook, Class::Work));
    for alert in 0..20 {
        bench.hear(alert, "fever", if alert == 19 { Critical } else { Serious }, "raised", "b07", 0);
    }
    (0..600).for_each(|second| bench.second(second, |_| Outcome::Failed));
    let tries = bench.calls.len();
    assert!((20 * 5..20 * 14).contains(&tries), "{tries} tries in ten minutes");
    assert_eq!(bench.calls[0].1.id, "1-19-1", "the critical first");
    bench.calls.clear();
    bench.run(600..1000);
    let ids: Vec<String> = bench.calls.iter().map(|(_, send)| send.id.clone()).collect();
    let expected: Vec<String> = [19].into_iter().chain(0..19).map(|alert| format!("1-{alert}-1")).collect();
    assert_eq!(ids, expected);
}

#[test]
fn what_is_new_while_a_receiver_is_away_is_tried_at_once_and_comes_in_its_turn() {
    let mut bench = Bench::new(plan(Channel::Webhook, Class::Work));
    bench.hear(1, "fever", Critical, "raised", "b07", 0);
    (0..3600).for_each(|second| bench.second(second, |_| Outcome::Failed));
    bench.calls.clear();
    for (alert, severity) in [(2, Serious), (3, Critical)] {
        bench.hear(alert, "fever", severity, "raised", "b07", 3600);
    }
    bench.second(3600, |_| Outcome::Delivered);
    let ids: Vec<&str> = bench.calls.iter().map(|(_, send)| send.id.as_str()).collect();
    assert_eq!(ids, ["1-1-1", "1-3-1", "1-2-1"]);
}

#[test]
fn one_that_is_refused_when_the_receiver_is_back_holds_up_no_other_and_is_left_alone() {
    let mut bench = Bench::new(plan(Channel::Webhook, Class::Work));
    (0..10).for_each(|alert| bench.hear(alert, "fever", Critical, "raised", "b07", 0));
    (0..120).for_each(|second| bench.second(second, |_| Outcome::Failed));
    bench.calls.clear();
    let refused = |send: &Send| if send.id == "1-0-1" { Outcome::Failed } else { Outcome::Delivered };
    (120..1800).for_each(|second| {
        // there is always something new that gets through
        bench.hear(u32::try_from(second).unwrap(), "fever", Serious, "raised", "b07", second);
        bench.second(second, refused);
    });
    assert_eq!((bench.machine.waiting(), bench.machine.failing()), (1, 1), "all but that one");
    let tries = bench.calls.iter().filter(|(_, send)| send.id == "1-0-1").count();
    assert!((5..15).contains(&tries), "{tries} tries in half an hour");
    let late = |(second, send): &&(i64, Send)| send.number > 10 && *second > 120 + i64::try_from(send.number).unwrap() - 11;
    assert_eq!(bench.calls.iter().find(late), None, "what is new waits for nobody");
}

#[test]
fn one_message_that_is_refused_holds_up_no_other_and_is_given_up_in_the_end() {
    let mut bench = Bench::new(plan(Channel::Webhook, Class::Work));
    bench.hear(1, "fever", Critical, "raised", "b07", 0);
    bench.hear(2, "fever", Serious, "raised", "b07", 0);
    let refused = |send: &Send| if send.id == "1-1-1" { Outcome::Failed } else { Outcome::Delivered };
    (0..24 * 60).for_each(|minute| bench.second(minute * 60, refused));
    assert_eq!((bench.machine.report().delivered, bench.machine.report().given_up), (1, 0));
    (24 * 60..24 * 60 + 10).for_each(|minute| bench.second(minute * 60, refused));
    assert_eq!((bench.machine.report().delivered, bench.machine.report().given_up, bench.machine.waiting()), (1, 1, 0));
}

#[test]
fn whoever_comes_back_at_night_is_woken_by_what_is_critical_and_reads_the_rest_in_the_morning() {
    let mut bench = Bench::new(sleeping(plan(Channel::Wecom, Class::Work)));
    for (alert, severity, building) in [(1, Serious, "b1"), (2, Critical, "b2"), (3, Serious, "b3")] {
        bench.hear(alert, "symptom", severity, "raised", building, 600);
    }
    (600..3000).for_each(|second| bench.second(second, |_| Outcome::Failed));
    bench.hear(4, "symptom", Serious, "raised", "b4", 3000);
    assert!(bench.machine.oldest(at(3000)).is_some(), "a critical waits");
    bench.run(3000..NIGHT.end);
    assert_eq!(bench.machine.oldest(at(NIGHT.end - 1)), None, "what waits for the morning alarms no operator");
    bench.run(NIGHT.end..NIGHT.end + 1200);
    let told = delivered(&bench, 3000);
    let woken: Vec<_> = told.iter().filter(|(second, ..)| NIGHT.contains(second)).collect();
    assert!(woken.iter().all(|(_, _, alerts, _)| alerts == "a2") && woken.len() == 2, "{woken:?}");
    let morning: Vec<_> = told.iter().filter(|(second, sort, ..)| *second >= NIGHT.end && *sort != Sort::Reminder).collect();
    let named: Vec<_> = morning.iter().map(|(_, sort, alerts, is_late)| (*sort, alerts.as_str(), *is_late)).collect();
    assert_eq!(named, [(Sort::News, "a1", true), (Sort::News, "a3", true), (Sort::Digest, "a4", false)]);
}

#[test]
fn a_program_sleeps_never_and_what_is_counted_for_it_is_as_it_is_for_people() {
    for (class, at_night) in [(Class::Work, true), (Class::Public, false)] {
        let mut bench = Bench::new(sleeping(plan(Channel::Webhook, class)));
        bench.hear(1, "symptom", Serious, "raised", "b1", 600);
        (600..3000).for_each(|second| bench.second(second, |_| Outcome::Failed));
        bench.run(3000..NIGHT.end + 10);
        let (second, _) = bench.calls.iter().find(|(second, _)| *second >= 3000).unwrap();
        assert_eq!((NIGHT.contains(second), bench.machine.waiting()), (at_night, 0), "{class:?}");
    }
}

#[test]
fn a_nudge_that_could_not_be_told_waits_through_the_night_while_it_is_of_use() {
    for (until, told) in [(NIGHT.end - 60, 0), (NIGHT.end + 3600, 1)] {
        let mut bench = Bench::new(sleeping(Plan { leaders: vec!["s-li".parse().unwrap()], ..plan(Channel::Wecom, Class::Work) }));
        bench.hear_with(nudge("b1", &["s-li"], json!({"due_at": START.plus_ms(until * 1000)}), 600), &json!({}), 600);
        (600..3000).for_each(|second| bench.second(second, |_| Outcome::Failed));
        bench.run(3000..NIGHT.end + 600);
        let times: Vec<_> = delivered(&bench, 3000).into_iter().map(|(second, sort, ..)| (second, sort)).collect();
        assert_eq!(times, vec![(NIGHT.end, Sort::Nudge); told]);
        let too_old = bench.machine.report().suppressed.get(&Reason::TooOld).copied().unwrap_or_default();
        assert_eq!((too_old, bench.machine.waiting()), (1 - told as u64, 0));
    }
}

#[test]
fn nobody_is_reminded_of_what_they_were_not_told_yet_and_is_half_an_hour_after_they_were() {
    // whenever it comes back, and whichever text finds that out
    for back in (2400..2700).step_by(29) {
        let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
        for (alert, severity, building) in [(1, Serious, "b1"), (2, Critical, "b2"), (3, Critical, "b3")] {
            bench.hear(alert, "symptom", severity, "raised", building, 0);
        }
        (0..back).for_each(|second| bench.second(second, |_| Outcome::Failed));
        bench.run(back..back + 2400);
        let told = delivered(&bench, back);
        let news: BTreeSet<&str> = told[..3].iter().map(|(_, sort, alerts, _)| if *sort == Sort::News { alerts.as_str() } else { "" }).collect();
        assert_eq!(news, ["a1", "a2", "a3"].into(), "back at {back}: {told:?}");
        let last = told[..3].iter().map(|(second, ..)| second).max().unwrap();
        let [(again, Sort::Reminder, alerts, _)] = &told[3..] else { panic!("back at {back}: {told:?}") };
        assert!((last - 10..last + 10).contains(&(again - 1800)) && alerts == "a2 a3 a1", "back at {back}: {told:?}");
    }
}

#[test]
fn whoever_was_away_for_so_long_that_news_are_given_up_is_reminded_of_what_is_open() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    bench.hear(1, "symptom", Critical, "raised", "b1", 0);
    let days = |from: i64, until: i64| (from * 24 * 60..until * 24 * 60).map(|minute| minute * 60);
    days(0, 1).chain([24 * 3600, 24 * 3600 + 600]).for_each(|second| bench.second(second, |_| Outcome::Failed));
    assert_eq!((bench.machine.report().given_up, bench.machine.waiting()), (1, 0));
    bench.run(24 * 3600 + 1200..24 * 3600 + 1300);
    let told: Vec<_> = delivered(&bench, 24 * 3600 + 1200).into_iter().map(|(_, sort, alerts, _)| (sort, alerts)).collect();
    assert_eq!(told, [(Sort::Reminder, "a1".to_owned())]);
}
