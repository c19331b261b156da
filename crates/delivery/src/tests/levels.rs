//! Who is told from a level on.

use domain::alert::Severity::{Critical, Serious};

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
fn whoever_was_told_hears_of_the_end_though_the_level_fell_or_the_alert_began_anew() {
    for back in ["fell", "reopened"] {
        let mut bench = Bench::new(Plan { filter: Filter { from_level: Some(3), ..Filter::default() }, ..plan(Channel::Wecom, Class::Work) });
        bench.hear_with(payload(1, 2, "fever", Critical, "escalated", "b07", 0), &turn(3, "unacknowledged"), 0);
        bench.run(0..1000);
        if back == "fell" {
            // nobody is on duty at level 3 any more
            bench.hear_with(payload(1, 3, "fever", Critical, "escalated", "b07", 1000), &turn(2, "vacant"), 1000);
        } else {
            bench.hear_with(payload(1, 3, "fever", Critical, "recovery_started", "b07", 1000), &json!({"state": "recovering", "level": 3}), 1000);
            bench.hear_with(payload(1, 4, "fever", Critical, "reopened", "b07", 1100), &json!({"level": null}), 1100);
        }
        bench.run(1000..1500);
        bench.hear_with(payload(1, 5, "fever", Critical, "resolved", "b07", 1500), &json!({"state": "resolved", "level": 2}), 1500);
        bench.run(1500..8000);
        let told: Vec<_> =
            bench.calls.iter().filter_map(|(second, send)| notice(send).map(|told| (*second, told.sort, told.alerts_at(Progress::Over)))).collect();
        assert_eq!(told.last(), Some(&(1560, Sort::News, 1)), "{back}: {told:?}");
    }
}

#[test]
fn what_comes_and_goes_is_damped_whichever_level_is_told() {
    let calls = |from_level| {
        let mut bench = Bench::new(Plan { filter: Filter { from_level, ..Filter::default() }, ..plan(Channel::Feishu, Class::Work) });
        for turns in 0..10 {
            let second = turns * 1000;
            bench.hear_with(payload(1, 1, "symptom", Serious, if turns == 0 { "raised" } else { "reopened" }, "b07", second), &json!({"level": null}), second);
            bench.hear_with(payload(1, 2, "symptom", Serious, "escalated", "b07", second), &turn(2, "at_once"), second);
            bench.run(second..second + 500);
            bench.hear_with(payload(1, 3, "symptom", Serious, "resolved", "b07", second + 500), &json!({"state": "resolved", "level": 2}), second + 500);
            bench.run(second + 500..second + 1000);
        }
        bench.sorts().len()
    };
    assert_eq!((calls(None), calls(Some(2))), (9, 9), "four turns with their ends, and that it comes and goes");
}

#[test]
fn it_went_past_a_level_only_where_nobody_of_it_was_told() {
    for (told, zh) in [(json!([]), "1、2级岗位空缺，已上报至3级："), (json!([{"level": 1, "why": "at_once", "staff": []}]), "2级岗位空缺，已上报至3级：")]
    {
        let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
        let gaps = json!([{"level": 1, "duty": "nurse"}, {"level": 2, "duty": "office"}]);
        let data = json!({"owner": {"level": 3, "staff": null, "gaps": gaps, "why": "vacant"}, "level": 3, "told": told});
        bench.hear_with(payload(1, 3, "fever", Critical, "escalated", "b07", 0), &data, 0);
        bench.run(0..1);
        let text = Template::default().text(notice(&bench.calls[0].1).unwrap(), &Names::new(), 2048).unwrap();
        assert!(text.contains(&format!("· 15:04 {zh}")), "{text}");
    }
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
