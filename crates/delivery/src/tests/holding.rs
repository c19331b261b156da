//! Who has an alert, and when people are told of it again.

use std::{collections::BTreeSet, fs, path::Path};

use domain::alert::Severity::{self, Caution, Critical, Serious};

use super::*;

/// The words for what happened in the topics of asyncapi.yaml.
fn published_actions() -> BTreeSet<String> {
    let contract = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/contracts/asyncapi.yaml")).unwrap();
    let (_, from) = contract.split_once("\n    action:\n").unwrap();
    let words = from.lines().find_map(|line| line.strip_prefix("      enum: [")).unwrap();
    words.trim_end_matches(']').split(", ").map(str::to_owned).collect()
}

#[test]
fn every_word_that_is_published_is_known_and_every_message_goes_to_programs() {
    let actions = published_actions();
    assert!(actions.len() >= 11, "{actions:?}");
    let mut bench = Bench::new(plan(Channel::Webhook, Class::Work));
    for (alert, action) in (0..).zip(actions.iter().map(String::as_str).chain(["a_word_of_tomorrow"])) {
        let payload = payload(alert, 1, "fever", Serious, action, "b07", 0);
        let Heard::Message(message) = heard(1, &payload, 0) else { panic!("{action} cannot be read") };
        assert_eq!(message.action == Action::Other, action == "a_word_of_tomorrow", "{action} is not known");
        bench.hear(alert, "fever", Serious, action, "b07", 0);
    }
    bench.run(0..10);
    assert_eq!(bench.machine.report().delivered, actions.len() as u64 + 1);
}

/// What is reminded of within two hours after a message about an open alert, in seconds.
fn reminders(severity: Severity, action: &str, data: &serde_json::Value) -> Vec<i64> {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    bench.hear(1, "fever", severity, "raised", "b07", 0);
    bench.run(0..100);
    bench.hear_with(payload(1, 2, "fever", severity, action, "b07", 100), data, 100);
    bench.run(100..7300);
    bench.sorts().into_iter().filter(|(_, sort, _)| *sort == Sort::Reminder).map(|(second, _, _)| second).collect()
}

#[test]
fn whether_people_are_reminded_follows_from_who_has_it_and_not_from_what_happened() {
    // what is not critical is told after a minute
    let (on, serious_on) = (vec![1800, 3600, 5400, 7200], vec![1860, 3660, 5460, 7260]);
    let seen = json!({"state": "open", "acknowledged": null, "seen": {"by": "token:k1", "at": START}});
    assert_eq!(reminders(Critical, "acknowledged", &seen), on, "level 1 has only seen it");
    for action in published_actions().iter().map(String::as_str).filter(|action| !["raised", "resolved", "closed"].contains(action)) {
        let has = |until: Option<Timestamp>| json!({"state": "acknowledged", "acknowledged": {"by": "token:n1", "at": START, "until": until}});
        assert_eq!(reminders(Serious, action, &has(None)), [0; 0], "{action}: somebody has it");
        let hour = START.plus_ms(3_600_000);
        assert_eq!(reminders(Serious, action, &has(Some(hour))), [3600, 5400, 7200], "{action}: somebody has it for an hour");
        let nobody = reminders(Serious, action, &json!({"state": "open", "acknowledged": null}));
        let told_again = ["upgraded", "escalated", "reopened"].contains(&action);
        assert_eq!(nobody, if told_again { vec![1960, 3760, 5560] } else { serious_on.clone() }, "{action}: nobody has it");
        assert_eq!(reminders(Serious, action, &json!({"state": "closed"})), [0; 0], "{action}: it is over");
        assert_eq!(reminders(Serious, action, &json!({"state": "recovering", "acknowledged": null})), [0; 0], "{action}: nobody need take it");
    }
    assert_eq!(reminders(Serious, "a_word_of_tomorrow", &json!({"acknowledged": {"until": null}})), serious_on, "what is not known changes nothing");
}

#[test]
fn whoever_no_longer_has_it_before_their_time_puts_off_no_reminder() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    let until = START.plus_ms(36_000_000);
    bench.hear_with(payload(1, 1, "symptom", Serious, "acknowledged", "b07", 0), &json!({"acknowledged": {"until": until}}), 0);
    bench.hear(1, "symptom", Serious, "noted", "b07", 600);
    bench.run(600..2500);
    assert_eq!(bench.sorts(), [(2400, Sort::Reminder, 1)]);
}

#[test]
fn an_escalation_is_news_when_it_goes_beyond_those_who_were_told_first() {
    for (level, why, news) in [
        (1, "at_once", false),
        (2, "at_once", false),
        (2, "duty_changed", false),
        (1, "expired", false),
        (2, "unacknowledged", true),
        (3, "vacant", true),
        (2, "a_word_of_tomorrow", true),
    ] {
        let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
        bench.hear_with(payload(1, 2, "fever", Critical, "escalated", "b07", 0), &json!({"owner": {"level": level, "why": why}}), 0);
        bench.run(0..10);
        assert_eq!(bench.sorts().len(), usize::from(news), "{level} {why}");
    }
}

#[test]
fn criticals_take_nothing_from_the_budget_of_the_others() {
    let mut bench = Bench::new(plan(Channel::Feishu, Class::Work));
    for building in 0..30 {
        bench.hear(building, "fever", Critical, "raised", &format!("b{building}"), i64::from(building));
        bench.second(i64::from(building), |_| Outcome::Delivered);
    }
    bench.hear(100, "building_silent", Caution, "raised", "b07", 30);
    bench.run(30..100);
    assert_eq!(bench.sorts().last(), Some(&(90, Sort::News, 1)), "no digest");
}

#[test]
fn of_more_than_can_be_remembered_the_worst_are_told_again() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    for alert in 0..600 {
        bench.hear(alert, "building_silent", Caution, "raised", "b07", 0);
    }
    for alert in 600..650 {
        bench.hear(alert, "fever", Critical, "raised", "b08", 0);
    }
    bench.run(0..1801);
    let (_, reminder) = bench.calls.iter().find(|(_, send)| notice(send).unwrap().sort == Sort::Reminder).unwrap();
    let counts: Vec<(Severity, u64)> = notice(reminder).unwrap().lines.iter().map(|line| (line.severity, line.count)).collect();
    assert_eq!(counts, [(Critical, 50), (Caution, 450)]);
}

#[test]
fn what_comes_and_goes_is_not_told_again_unless_it_is_critical() {
    for (severity, reminded) in [(Serious, false), (Critical, true)] {
        let mut bench = Bench::new(plan(Channel::Ntfy, Class::Work));
        bench.hear(1, "symptom", severity, "raised", "b07", 0);
        for turn in 0..4 {
            bench.hear(1, "symptom", severity, "resolved", "b07", turn * 100 + 50);
            bench.hear(1, "symptom", severity, "reopened", "b07", turn * 100 + 100);
        }
        bench.hear(1, "symptom", severity, "updated", "b07", 600);
        bench.run(600..7200);
        assert_eq!(bench.sorts().iter().any(|(_, sort, _)| *sort == Sort::Reminder), reminded, "{severity:?}");
    }
}

#[test]
fn a_receiver_that_was_away_is_reminded_once_and_not_of_each_half_hour() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    bench.hear(1, "fever", Critical, "raised", "b07", 0);
    bench.run(0..1);
    (1..7200).for_each(|second| bench.second(second, |_| Outcome::Failed));
    bench.run(7200..8000);
    let told: Vec<Sort> = bench.calls.iter().filter(|(second, _)| *second >= 7200).filter_map(|(_, send)| notice(send)).map(|told| told.sort).collect();
    assert_eq!(told.iter().filter(|sort| **sort == Sort::Reminder).count(), 1, "{told:?}");
}

#[test]
fn a_reminder_goes_when_no_news_of_what_is_critical_waits() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    bench.hear(1, "fever", Critical, "raised", "b1", 0);
    bench.run(0..1740);
    // more than the robot may be called for, each in a building of its own, for longer than the reminder is due
    for second in 1740..1860 {
        bench.hear(second, "fever", Critical, "raised", &format!("b{second}"), i64::from(second));
        bench.run(i64::from(second)..i64::from(second) + 1);
    }
    bench.run(1860..2000);
    let (mut told, mut reminders) = (0, 0);
    for (second, sort, count) in bench.sorts() {
        if sort == Sort::Reminder {
            let heard = 1 + (second - 1739).clamp(0, 120).unsigned_abs();
            assert_eq!(told, heard, "at {second}: {:?}", bench.sorts());
            reminders += 1;
        } else {
            told += count;
        }
    }
    assert_eq!(reminders, 1);
}
