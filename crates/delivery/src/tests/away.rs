//! A receiver that takes nothing for a while, or not everything.

use domain::alert::Severity::{Critical, Serious};

use super::*;

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
