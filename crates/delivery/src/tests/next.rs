//! What people are told to do.

use std::collections::BTreeSet;

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
    Kind::of(kind).map(|kind| kind.next_in(Situation::default(), &Zone::default(), START))
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
fn of_what_is_over_nothing_is_to_be_done_and_whoever_only_counts_is_shown_where_it_stands() {
    let first = |class, what: &[(u32, &str, Severity, &str)]| told(plan(Channel::Wecom, class), what, 100)[0].clone();
    let look = both("详情请看警报页", "see the page of alerts, it says which they are");
    assert_eq!(first(Class::Public, &[(1, "fever", Critical, "raised")]), look);
    assert_eq!(first(Class::Public, &[(1, "fever", Critical, "resolved")]), None);
    assert_eq!(first(Class::Work, &[(1, "fever", Critical, "resolved")]), None);
    assert_eq!(first(Class::Work, &[(1, "symptom", Serious, "raised"), (1, "symptom", Serious, "resolved")]), None);
    assert_eq!(first(Class::Work, &[(1, "symptom", Serious, "raised"), (2, "symptom", Serious, "resolved")]), usual("symptom"));
    // the town is told how many there are that are not critical
    let town = || Plan { doors: Doors::Critical, ..plan(Channel::Wecom, Class::Work) };
    assert_eq!(told(town(), &[(1, "check_overdue", Serious, "raised")], 100)[0], look);
    assert_eq!(told(town(), &[(1, "check_overdue", Critical, "raised")], 100)[0], usual("check_overdue"));
}

fn both(zh: &str, en: &str) -> Option<(String, String)> {
    Some((zh.to_owned(), en.to_owned()))
}

fn one_by_one() -> Option<(String, String)> {
    both("请打开警报页，先急后缓，逐条接手", "open the page of alerts and take them one by one, the most urgent first")
}

#[test]
fn a_text_of_several_kinds_says_it_kind_by_kind_while_that_is_short() {
    // what is told again is told in one go
    let reminded = |what: &[(u32, &str, Severity, &str)]| told(plan(Channel::Wecom, Class::Work), what, 1900)[1].clone();
    let two = [(1, "refused", Serious, "raised"), (2, "fever", Critical, "raised")];
    assert_eq!(
        reminded(&two),
        both(
            "【发热】陪同就医，登记台账；【拒不配合】请熟悉的人上门，耐心说明",
            "[Fever] escort to the clinic, open the ledger; [Refused] send somebody they know, explain with patience"
        ),
        "the worst first"
    );
    let four = ["fever", "symptom", "refused", "release_due"];
    let of = |count: usize| (1..).zip(&four[..count]).map(|(alert, kind)| (alert, *kind, Serious, "raised")).collect::<Vec<_>>();
    assert_eq!(reminded(&of(3)).map(|(zh, en)| (zh.matches('【').count(), en.matches('[').count())), Some((3, 3)));
    assert_eq!(reminded(&of(4)), one_by_one());
    // of what is beyond those that are listed nothing is said but that there are others
    let listed = |last: &'static str| (1..7).map(|alert| (alert, "symptom", Critical, "raised")).chain([(7, last, Serious, "raised")]).collect::<Vec<_>>();
    assert_eq!(reminded(&listed("refused")), both("【症状】请护士联系，问清后写明结论", "[Symptoms] let the nurse call and write down the finding"));
    assert_eq!(reminded(&listed("symptom")), usual("symptom"));
    // nobody knows what a rule of tomorrow wants
    assert_eq!(
        reminded(&[two[1], (3, "rule_of_tomorrow", Serious, "raised")]),
        both("【发热】陪同就医，登记台账", "[Fever] escort to the clinic, open the ledger")
    );
}

#[test]
fn a_storm_and_a_digest_say_it_too_and_no_text_is_too_long_by_it() {
    let kinds = ["exposure_undecided", "arrival", "check_overdue"];
    for critical in [true, false] {
        let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
        for (alert, kind) in (1..=30_u32).zip(kinds.into_iter().cycle()) {
            bench.hear(alert, kind, if critical { Critical } else { Serious }, "raised", &format!("b{alert}"), 0);
        }
        bench.run(0..900);
        let sort = if critical { Sort::Storm } else { Sort::Digest };
        let several = bench.calls.iter().filter(|(_, send)| notice(send).is_some_and(|told| told.sort == sort)).collect::<Vec<_>>();
        assert!(!several.is_empty(), "{:?}", bench.sorts());
        for (_, send) in several {
            assert!(next_of(send).is_some_and(|(zh, en)| zh.starts_with('【') && en.starts_with('[')), "{send:?}");
        }
    }
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
    let again = Some(("换腋下再测，隔4小时两次正常才结束".to_owned(), "measure under the arm; two normal ones four hours apart end it".to_owned()));
    assert_eq!(bench.calls.iter().map(|(_, send)| next_of(send)).collect::<Vec<_>>(), [again.clone(), again]);
    // one of them was: neither is said of both, and the page says which
    for unconfirmed in [true, false] {
        bench.hear_with(payload(2 + u32::from(unconfirmed), 1, "fever", Serious, "raised", "b08", 2000), &json!({"unconfirmed": unconfirmed}), 2000);
    }
    bench.run(2000..2100);
    assert_eq!(bench.calls.last().map(|(_, send)| next_of(send)), Some(one_by_one()));
}

#[test]
fn of_a_cluster_that_the_town_has_nobody_is_to_tell_the_town() {
    let step = |level: u8| {
        let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
        bench.hear_with(payload(1, 1, "cluster", Critical, "raised", "b07", 0), &json!({"level": level}), 0);
        bench.run(0..10);
        next_of(&bench.calls[0].1)
    };
    assert_eq!([step(1), step(2)], [usual("cluster"), usual("cluster")]);
    assert_eq!(step(3), both("街道已收到通知，准备封控", "the town has been told, prepare to seal"));
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
        let all: BTreeSet<_> = bench.calls.iter().map(|(_, send)| next_of(send)).collect();
        assert_eq!(all.len(), 1, "and what reminds of it says the same: {all:?}");
        all.into_iter().next().unwrap()
    };
    let of = |staff: &str| Plan { staff: vec![staff.parse().unwrap()], ..plan(Channel::Wecom, Class::Work) };
    assert_eq!(told(of("s-lou")), Some(("请报今天的日报".to_owned(), "please send today's report".to_owned())));
    let call = Some(("给楼长打电话".to_owned(), "call the building leader".to_owned()));
    assert_eq!([told(of("s-office")), told(plan(Channel::Wecom, Class::Work))], [call.clone(), call]);
}

/// What the first text to a receiver says, and the reminder after it, of an alert that is at level 2.
fn at_level_2(plan: Plan, kind: &str, data: serde_json::Value) -> [Option<(String, String)>; 2] {
    let levels = json!([{"level": 1, "why": "at_once", "staff": [{"staff": "s-lou", "share": "everything"}]}]);
    let mut all = json!({"told": levels, "level": 2});
    all.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
    let mut bench = Bench::new(plan);
    bench.hear_with(payload(1, 2, kind, Serious, "escalated", "b07", 0), &all, 0);
    bench.run(0..2000);
    [bench.calls.first(), bench.calls.last()].map(|call| next_of(&call.unwrap().1))
}

fn vacant(level: u8, duty: &str) -> serde_json::Value {
    json!({"owner": {"level": 2, "staff": "s-office", "why": "vacant", "gaps": [{"level": level, "duty": duty}]}})
}

#[test]
fn nobody_is_asked_for_whose_post_is_vacant() {
    let told = |kind, gap| at_level_2(plan(Channel::Wecom, Class::Work), kind, gap);
    for (kind, duty, zh, en) in [
        ("building_silent", "leader", "楼长空缺，请网格员或社区办公室了解情况，代为上报", "nobody leads it; let the grid worker or the office ask and report"),
        (
            "symptom",
            "nurse",
            "护士空缺，请社区办公室安排人联系，问清后写明结论",
            "no nurse is there; let the office have somebody call and write down the finding",
        ),
        (
            "arrival",
            "grid",
            "网格员空缺，请社区办公室派人上门，提醒来人当天到居委会登记",
            "no grid worker is there; let the office send somebody; arrivals register with the committee on their day",
        ),
    ] {
        assert_eq!(told(kind, vacant(1, duty)), [both(zh, en), both(zh, en)], "{kind}");
        for other in [vacant(2, duty), vacant(1, "keeper"), json!({})] {
            assert_eq!(told(kind, other), [usual(kind), usual(kind)], "{kind}");
        }
    }
    assert_eq!(told("fever", vacant(1, "nurse")), [usual("fever"), usual("fever")], "it asks nobody by their post");
}

#[test]
fn what_was_owed_on_a_day_that_is_over_is_not_to_be_done_today() {
    let seconds = |time: &str| (time.parse::<Timestamp>().unwrap().0 - START.0) / 1000;
    let leader = || Plan { staff: vec!["s-lou".parse().unwrap()], ..plan(Channel::Wecom, Class::Work) };
    let missed = both(
        "此前测过的请补录，没测的请写明原因；还在管控期的，今天务必检查",
        "record what was measured, or note why it was not; while the order lasts, make sure of a check today",
    );
    for (plan, kind, due, today, tomorrow) in [
        (plan(Channel::Wecom, Class::Work), "check_overdue", "2020-02-06T10:30:00Z", usual("check_overdue"), missed.clone()),
        // the end of a day is of that day
        (plan(Channel::Wecom, Class::Work), "check_overdue", "2020-02-06T16:00:00Z", usual("check_overdue"), missed),
        (
            leader(),
            "building_silent",
            "2020-02-06T10:00:00Z",
            both("请报今天的日报", "please send today's report"),
            both("请补报2月6日的日报", "please send the report of 6 Feb, it is still missing"),
        ),
        (plan(Channel::Wecom, Class::Work), "building_silent", "2020-02-06T10:00:00Z", usual("building_silent"), usual("building_silent")),
    ] {
        let mut bench = Bench::new(plan);
        let told = json!([{"level": 1, "why": "at_once", "staff": [{"staff": "s-lou", "share": "everything"}]}]);
        let owner = json!({"level": 1, "staff": null, "why": "at_once", "gaps": []});
        let evening = seconds("2020-02-06T15:00:00Z");
        let data = json!({"told": told, "owner": owner, "level": 1, "last_at": due});
        bench.hear_with(payload(1, 2, kind, Serious, "escalated", "b07", evening), &data, evening);
        // nobody took it, and nothing is heard of it any more
        let past_midnight = seconds("2020-02-06T16:20:00Z");
        bench.run(evening..past_midnight + 600);
        let at = |call: Option<&(i64, Send)>| call.map(|(second, send)| (*second < seconds("2020-02-06T16:00:00Z"), next_of(send))).unwrap();
        assert_eq!([at(bench.calls.first()), at(bench.calls.last())], [(true, today), (false, tomorrow)], "{kind}, due {due}");
    }
}

#[test]
fn a_template_of_ones_own_sees_it_and_a_mark_of_before_is_read() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    bench.hear(1, "building_silent", Serious, "raised", "b07", 0);
    bench.run(0..100);
    let told = notice(&bench.calls[0].1).unwrap();
    let template = Template::read("{{ count }} {{ next_zh }} {{ next_en }}").unwrap();
    assert_eq!(template.text(told, &Names::new(), 2048).unwrap(), "1 给楼长打电话 call the building leader");
    // it was kept with the text once, and the kind was not
    let mut kept = serde_json::to_value(told).unwrap();
    kept["next"] = json!({"zh-CN": "给楼长打电话", "en": "call the building leader"});
    kept["items"][0].as_object_mut().unwrap().remove("kind").unwrap();
    let kept: Notice = serde_json::from_value(kept).unwrap();
    assert_eq!(template.text(&kept, &Names::new(), 2048).unwrap(), "1 给楼长打电话 call the building leader");
}

#[test]
fn whoever_is_told_at_the_last_level_only_sees_that_others_do_it() {
    let turn = json!({"owner": {"level": 3, "staff": null, "gaps": [], "why": "unacknowledged"}, "level": 3});
    let asked = both("请催社区接手，需要时派人支援", "see that the community takes it; send help where it is needed");
    for kinds in [&["fever"][..], &["fever", "symptom"], &["fever", "symptom", "refused", "arrival"]] {
        for (from_level, above) in [(Some(3), true), (Some(2), false), (None, false)] {
            let mut bench = Bench::new(Plan { filter: Filter { from_level, ..Filter::default() }, ..plan(Channel::Wecom, Class::Work) });
            for (alert, kind) in (1..).zip(kinds) {
                bench.hear_with(payload(alert, 2, kind, Critical, "escalated", "b07", 0), &turn, 0);
            }
            // of several kinds it is said together when people are reminded
            bench.run(0..2000);
            assert_eq!(bench.calls.last().map(|(_, send)| next_of(send)) == Some(asked.clone()), above, "{from_level:?}, {kinds:?}");
        }
    }
}

#[test]
fn of_whom_was_stopped_at_the_gate_nobody_has_to_be_found() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    bench.hear_with(payload(1, 1, "quarantine_breach", Severity::Caution, "raised", "b07", 0), &json!({"stopped": true}), 0);
    bench.run(0..100);
    assert_eq!(next_of(&bench.calls[0].1), both("已在卡口拦下，请送回家", "stopped at the gate, see them home"));
}
