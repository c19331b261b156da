//! Who is told from a level on.

use domain::alert::Severity::Critical;

use super::*;

fn turn(level: u8, why: &str) -> serde_json::Value {
    json!({"owner": {"level": level, "staff": null, "also": [], "since": START, "gaps": [], "why": why}, "level": level})
}

/// A fever that goes up to the level given, and ends.
fn life(from_level: Option<u8>, up_to: u8, channel: Channel) -> Bench {
    let mut bench = Bench::new(Plan { filter: Filter { from_level, ..Filter::default() }, ..plan(channel, Class::Work) });
    bench.hear(1, "fever", Critical, "raised", "b07", 0);
    bench.run(0..1);
    for (level, why, second) in [(1, "at_once", 1), (2, "at_once", 2), (3, "unacknowledged", 900)] {
        if level <= up_to {
            bench.hear_with(payload(1, 2, "fever", Critical, "escalated", "b07", second), &turn(level, why), second);
        }
        bench.run(second..second + 100);
    }
    bench.hear_with(payload(1, 5, "fever", Critical, "resolved", "b07", 1000), &json!({"owner": null, "level": up_to}), 1000);
    bench.run(1000..5000);
    bench
}

#[test]
fn whoever_is_told_from_a_level_on_hears_of_an_alert_when_its_turn_comes_so_far_and_of_its_end() {
    let times = |from, up_to| life(from, up_to, Channel::Wecom).sorts().into_iter().map(|(second, ..)| second).collect::<Vec<_>>();
    assert_eq!(times(None, 3), [0, 900, 1060], "everybody is told when it begins, and when it goes up");
    assert_eq!(times(Some(2), 3), [2, 900, 1060], "the office is told at once, in parallel");
    assert_eq!(times(Some(3), 3), [900, 1060]);
    assert_eq!(times(Some(3), 2), [0; 0], "the town is woken for nothing that the office has");
    assert_eq!(life(Some(3), 3, Channel::Webhook).calls.len(), 2, "and so are programs");
    let office = life(Some(3), 2, Channel::Wecom);
    assert_eq!(office.machine.report().suppressed.get(&Reason::Filtered), Some(&4), "what is not told is counted");
}

#[test]
fn that_others_are_on_duty_at_the_level_is_no_news_to_it() {
    let mut bench = Bench::new(Plan { filter: Filter { from_level: Some(2), ..Filter::default() }, ..plan(Channel::Wecom, Class::Work) });
    for (second, why) in [(0, "at_once"), (100, "duty_changed")] {
        bench.hear_with(payload(1, 2, "fever", Critical, "escalated", "b07", second), &turn(2, why), second);
        bench.run(second..second + 50);
    }
    assert_eq!(bench.sorts(), [(0, Sort::News, 1)]);
}
