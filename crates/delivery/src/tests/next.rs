//! What people are told to do.

use domain::alert::{
    Kind,
    Severity::{self, Critical, Serious},
    Situation,
};

use super::*;

/// What the Chinese and the English part of a text end with, where it is what is to be done.
fn next_of(send: &Send) -> Option<(String, String)> {
    let text = Template::default().text(notice(send).unwrap(), &Names::new(), 2048).unwrap();
    let (zh, en) = text.split_once("\n\n").unwrap();
    let last = |part: &str, mark| part.lines().last().and_then(|line| line.strip_prefix(mark)).map(str::to_owned);
    let next = Option::zip(last(zh, "下一步："), last(en, "Next: "));
    assert_eq!(text.matches("下一步").count() + text.matches("Next:").count(), if next.is_some() { 2 } else { 0 }, "{text}");
    next
}

fn usual(kind: &str) -> Option<(String, String)> {
    Kind::of(kind).map(|kind| kind.next_in(Situation::default())).map(|(zh, en)| (zh.to_owned(), en.to_owned()))
}

/// What the first text says is to be done, and the last.
fn told(plan: Plan, what: &[(u32, &str, Severity, &str)], seconds: i64) -> [Option<(String, String)>; 2] {
    let mut bench = Bench::new(plan);
    what.iter().for_each(|(alert, kind, severity, action)| bench.hear(*alert, kind, *severity, action, "b07", 0));
    bench.run(0..seconds);
    [bench.calls.first(), bench.calls.last()].map(|call| next_of(&call.unwrap().1))
}

#[test]
fn a_text_of_one_kind_ends_with_what_is_to_be_done_and_says_it_again_with_the_reminder() {
    for kind in Kind::slugs() {
        for severity in [Critical, Serious] {
            let both = told(plan(Channel::Wecom, Class::Work), &[(1, kind, severity, "raised"), (2, kind, severity, "raised")], 2000);
            assert_eq!(both, [usual(kind), usual(kind)], "{kind}");
            assert!(usual(kind).is_some_and(|(zh, en)| !zh.contains('：') && !en.contains(": ")), "{kind}: it stands behind a colon");
        }
    }
    assert_eq!(told(plan(Channel::Wecom, Class::Work), &[(1, "rule_of_tomorrow", Serious, "raised")], 100)[0], None);
}

#[test]
fn what_is_over_and_whoever_only_counts_is_told_nothing_to_do_and_several_kinds_have_nothing_in_common() {
    let first = |class, what: &[(u32, &str, Severity, &str)]| told(plan(Channel::Wecom, class), what, 100)[0].clone();
    assert_eq!(first(Class::Public, &[(1, "fever", Critical, "raised")]), None);
    assert_eq!(first(Class::Work, &[(1, "fever", Critical, "resolved")]), None);
    assert_eq!(first(Class::Work, &[(1, "symptom", Serious, "raised"), (1, "symptom", Serious, "resolved")]), None);
    assert_eq!(first(Class::Work, &[(1, "symptom", Serious, "raised"), (2, "symptom", Serious, "resolved")]), usual("symptom"));
    // a reminder of two kinds, also where one is beyond what is listed
    for (kind, next) in [("refused", None), ("symptom", usual("symptom"))] {
        let mut what: Vec<_> = (1..7).map(|alert| (alert, "symptom", Critical, "raised")).collect();
        what.push((7, kind, Serious, "raised"));
        assert_eq!(told(plan(Channel::Wecom, Class::Work), &what, 1900)[1], next, "{kind}");
    }
    // the town is told how many there are that are not critical
    let town = || Plan { doors: Doors::Critical, ..plan(Channel::Wecom, Class::Work) };
    assert_eq!(told(town(), &[(1, "check_overdue", Serious, "raised")], 100)[0], None);
    assert_eq!(told(town(), &[(1, "check_overdue", Critical, "raised")], 100)[0], usual("check_overdue"));
}

#[test]
fn of_what_waited_only_what_is_not_over_counts() {
    let hours = QuietHours { from: TimeOfDay::of(15, 0), until: TimeOfDay::of(15, 30) };
    let sleeping = Plan { quiet: Some(Quiet { hours, zone: Zone::default() }), ..plan(Channel::Wecom, Class::Work) };
    for (kind, unconfirmed) in [("symptom", false), ("fever", true)] {
        let mut bench = Bench::new(sleeping.clone());
        for action in ["raised", "resolved"] {
            bench.hear_with(payload(1, 1, kind, Serious, action, "b07", 0), &json!({"unconfirmed": unconfirmed}), 0);
        }
        bench.hear(2, "fever", Serious, "raised", "b08", 0);
        bench.run(0..2000);
        let (_, send) = &bench.calls[0];
        assert_eq!((notice(send).unwrap().sort, next_of(send)), (Sort::Digest, usual("fever")), "{kind}");
    }
}

#[test]
fn of_a_fever_that_was_not_measured_again_that_is_to_be_done_first() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    bench.hear_with(payload(1, 1, "fever", Serious, "raised", "b07", 0), &json!({"unconfirmed": true}), 0);
    bench.run(0..2000);
    let again = Some(("换腋下再测一次".to_owned(), "measure again under the arm".to_owned()));
    assert_eq!(bench.calls.iter().map(|(_, send)| next_of(send)).collect::<Vec<_>>(), [again.clone(), again]);
    // one of them was: neither is said of both
    for unconfirmed in [true, false] {
        bench.hear_with(payload(2 + u32::from(unconfirmed), 1, "fever", Serious, "raised", "b08", 2000), &json!({"unconfirmed": unconfirmed}), 2000);
    }
    bench.run(2000..2100);
    assert_eq!(bench.calls.last().map(|(_, send)| next_of(send)), Some(None));
}

#[test]
fn the_leader_of_a_silent_building_is_asked_for_the_report_and_everybody_else_to_call_them() {
    let levels = json!([{"level": 1, "why": "at_once", "staff": [{"staff": "s-lou", "share": "everything"}]},
        {"level": 2, "why": "unacknowledged", "staff": [{"staff": "s-office", "share": "everything"}]}]);
    let told = |plan: Plan| {
        let mut bench = Bench::new(plan);
        let owner = json!({"level": 2, "staff": "s-office", "why": "unacknowledged", "gaps": []});
        let data = json!({"told": levels, "level": 2, "owner": owner});
        bench.hear_with(payload(1, 2, "building_silent", Serious, "escalated", "b07", 0), &data, 0);
        bench.run(0..2000);
        let [news, reminder] = &bench.calls[..] else { panic!("{:?}", bench.sorts()) };
        assert_eq!(next_of(&news.1), next_of(&reminder.1));
        next_of(&news.1)
    };
    let of = |staff: &str| Plan { staff: vec![staff.parse().unwrap()], ..plan(Channel::Wecom, Class::Work) };
    assert_eq!(told(of("s-lou")), Some(("请报今天的日报".to_owned(), "please send today's report".to_owned())));
    let call = Some(("给楼长打电话".to_owned(), "call the building leader".to_owned()));
    assert_eq!([told(of("s-office")), told(plan(Channel::Wecom, Class::Work))], [call.clone(), call]);
}

#[test]
fn a_template_of_ones_own_sees_it_and_a_mark_of_before_it_is_read() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    bench.hear(1, "building_silent", Serious, "raised", "b07", 0);
    bench.run(0..100);
    let told = notice(&bench.calls[0].1).unwrap();
    let template = Template::read("{{ count }} {{ next_zh }} {{ next_en }}").unwrap();
    assert_eq!(template.text(told, &Names::new(), 2048).unwrap(), "1 给楼长打电话 call the building leader");
    let mut kept = serde_json::to_value(told).unwrap();
    kept.as_object_mut().unwrap().remove("next").unwrap();
    assert_eq!(serde_json::from_value::<Notice>(kept).unwrap(), Notice { next: None, ..told.clone() });
}
