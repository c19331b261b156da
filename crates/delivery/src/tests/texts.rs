//! What people read.

use domain::alert::Severity::{Critical, Serious};

use super::*;

fn texts(bench: &Bench, bytes_max: usize) -> Vec<String> {
    let names: Names = [("u07".parse().unwrap(), "阳光社区".to_owned())].into();
    bench.calls.iter().filter_map(|(_, send)| notice(send)).map(|notice| Template::default().text(notice, &names, bytes_max).unwrap()).collect()
}

#[test]
fn work_lists_doors_and_public_counts_them() {
    let mut work = Bench::new(plan(Channel::Wecom, Class::Work));
    let mut public = Bench::new(plan(Channel::Wecom, Class::Public));
    for bench in [&mut work, &mut public] {
        bench.hear(1, "fever", Critical, "raised", "b07", 0);
        bench.hear(2, "fever", Critical, "raised", "b07", 0);
        bench.run(0..1);
    }
    let expected = "【紧急】警报 2 条\n阳光社区 发热（紧急）2\n· 15:04 阳光小区 b072单元502 fever\n· 15:04 阳光小区 b072单元502 fever\n下一步：陪同就医，登记台账\n\n\
                    critical: 2 alerts\n阳光社区: Fever (critical) 2\n· 15:04 fever, Yangguang, b07, door 502\n· 15:04 fever, Yangguang, b07, door 502\n\
                    Next: escort to the clinic, open the ledger";
    assert_eq!(texts(&work, 2048), [expected]);
    let expected = "【紧急】警报 2 条\n自 15:04 起\n阳光社区 发热（紧急）2\n下一步：详情请看警报页\n\n\
                    critical: 2 alerts\nsince 15:04\n阳光社区: Fever (critical) 2\nNext: see the page of alerts, it says which they are";
    assert_eq!(texts(&public, 2048), [expected]);
}

#[test]
fn one_alert_is_one_line_with_what_was_said_of_it_last() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    bench.hear(1, "fever", Critical, "raised", "b07", 0);
    bench.hear(1, "fever", Critical, "escalated", "b07", 0);
    bench.run(0..1);
    let text = &texts(&bench, 2048)[0];
    let expected = "【紧急】警报上报 1 条\n阳光社区 发热（紧急，已上报）1\n· 15:04 已上报至2级：阳光小区 b072单元502 fever\n下一步：陪同就医，登记台账\n\ncritical: 1 escalated\n";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.ends_with("· 15:04 escalated to level 2: fever, Yangguang, b07, door 502\nNext: escort to the clinic, open the ledger"), "{text}");
}

#[test]
fn an_end_and_a_going_up_do_not_stand_under_the_headline_of_new_ones() {
    let told = |class, severity, what: &[(u32, &str)]| {
        let mut bench = Bench::new(plan(Channel::Wecom, class));
        what.iter().for_each(|(alert, action)| bench.hear(*alert, "symptom", severity, action, "b07", 0));
        bench.run(0..100);
        texts(&bench, 2048).pop().unwrap()
    };
    for class in [Class::Work, Class::Public] {
        for (severity, zh, en) in [(Serious, "需处理", "to act on"), (Critical, "紧急", "critical")] {
            let told = |what: &[(u32, &str)]| told(class, severity, what);
            let over = told(&[(1, "resolved")]);
            assert!(over.starts_with("【已结束】警报 1 条\n") && over.contains("症状（已结束）1\n"), "{over}");
            assert!(over.contains("\nover: 1 alert\n") && over.contains("Symptoms (over) 1") && !over.contains(zh) && !over.contains(en), "{over}");
            let up = told(&[(1, "escalated")]);
            assert!(up.starts_with(&format!("【{zh}】警报上报 1 条\n")) && up.contains(&format!("症状（{zh}，已上报）1\n")), "{up}");
            assert!(up.contains(&format!("\n{en}: 1 escalated\n")) && up.contains(&format!("Symptoms ({en}, escalated) 1")), "{up}");
        }
        let all = told(class, Serious, &[(1, "raised"), (2, "escalated"), (3, "resolved"), (4, "closed")]);
        assert!(all.starts_with("【需处理】警报 1 条，上报 1 条，结束 2 条\n"), "{all}");
        assert!(all.contains("\nto act on: 1 alert, 1 escalated, 2 over\n") && all.contains("（已结束）2\n"), "{all}");
        // of an alert only the last counts
        let soon_over = told(class, Serious, &[(1, "raised"), (1, "escalated"), (1, "resolved"), (2, "raised")]);
        assert!(soon_over.starts_with("【需处理】警报 1 条，结束 1 条\n") && !soon_over.contains("上报"), "{soon_over}");
    }
}

#[test]
fn that_a_cluster_grew_is_no_new_alert() {
    let told = |class, what: &[(u32, &str)]| {
        let filter = Filter { kinds: vec!["cluster".parse().unwrap()], ..Filter::default() };
        let mut bench = Bench::new(Plan { filter, ..plan(Channel::Wecom, class) });
        what.iter().for_each(|(alert, action)| bench.hear(*alert, "cluster", Serious, action, "b07", 0));
        bench.run(0..700);
        texts(&bench, 2048).pop().unwrap()
    };
    let expected = "【需处理】警报 人数增加 1 条\n阳光社区 聚集发热（需处理，人数增加）1\n· 15:04 人数增加：阳光小区 b072单元502 cluster\n下一步：上报街道，准备封控\n\n\
                    to act on: 1 grown\n阳光社区: Cluster of fevers (to act on, grown) 1\n· 15:04 grown: cluster, Yangguang, b07, door 502\n\
                    Next: tell the town, prepare to seal";
    assert_eq!(told(Class::Work, &[(1, "updated"), (1, "updated")]), expected);
    for class in [Class::Work, Class::Public] {
        let all = told(class, &[(1, "raised"), (2, "escalated"), (3, "updated"), (4, "closed")]);
        assert!(all.starts_with("【需处理】警报 1 条，上报 1 条，人数增加 1 条，结束 1 条\n"), "{all}");
        assert!(all.contains("\nto act on: 1 alert, 1 escalated, 1 grown, 1 over\n"), "{all}");
        // that there is one, that it went up or is over is what nobody was told yet: that it grew as well stands in its title
        for (before, zh) in [("raised", "警报 1 条\n"), ("escalated", "警报上报 1 条\n"), ("reopened", "警报 1 条\n")] {
            let one = told(class, &[(1, before), (1, "updated")]);
            assert!(one.starts_with(&format!("【需处理】{zh}")) && !one.contains("人数增加") && !one.contains("grown"), "{one}");
        }
        let over = told(class, &[(1, "updated"), (1, "resolved")]);
        assert!(over.starts_with("【已结束】警报 1 条\n") && !over.contains("人数增加"), "{over}");
    }
}

#[test]
fn what_could_not_be_told_for_some_minutes_says_when_it_was_written() {
    for (class, before_midnight) in [(Class::Work, false), (Class::Public, false), (Class::Work, true)] {
        let from = if before_midnight { 8 * 3600 + 54 * 60 } else { 0 };
        let told = |minutes: i64| {
            let mut bench = Bench::new(plan(Channel::Wecom, class));
            bench.hear(1, "fever", Critical, "raised", "b07", from);
            (from..from + minutes * 60).for_each(|second| bench.second(second, |_| Outcome::Failed));
            bench.run(from + minutes * 60..from + minutes * 60 + 300);
            texts(&bench, 2048).pop().unwrap()
        };
        let (zh, en) = if before_midnight { ("2月6日 23:58", "6 Feb 23:58") } else { ("15:04", "15:04") };
        let text = told(20);
        assert!(text.starts_with(&format!("【紧急】警报 1 条\n写于 {zh}，此前未能送达\n")), "{text}");
        assert!(text.contains(&format!("\ncritical: 1 alert\nwritten {en}, could not be delivered before\n")), "{text}");
        let text = told(0);
        assert!(!text.contains("写于") && !text.contains("written"), "{text}");
    }
}

#[test]
fn what_is_over_is_nothing_to_hurry_for() {
    let mut bench = Bench::new(plan(Channel::Ntfy, Class::Public));
    bench.hear(1, "symptom", Serious, "raised", "b07", 0);
    bench.hear(2, "fever", Critical, "resolved", "b07", 0);
    bench.run(0..100);
    assert_eq!(notice(&bench.calls[0].1).unwrap().severity(), Serious);
}

#[test]
fn ends_do_not_crowd_out_what_is_still_to_be_done() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    (10..16).for_each(|alert| bench.hear(alert, "symptom", Critical, "resolved", "b07", 0));
    (1..4).for_each(|alert| bench.hear(alert, "symptom", Serious, "raised", "b07", 0));
    bench.run(0..100);
    let actions: Vec<Option<Action>> = notice(&bench.calls[0].1).unwrap().items.iter().map(|item| item.action).collect();
    assert_eq!(actions, [[Some(Action::Raised); 3].to_vec(), [Some(Action::Resolved); 2].to_vec()].concat());
}

#[test]
fn what_waited_says_when_it_was() {
    let late_by = |template: Template, class| {
        let hours = QuietHours { from: TimeOfDay::of(22, 0), until: TimeOfDay::of(6, 0) };
        let mut bench = Bench::new(Plan { quiet: Some(Quiet { hours, zone: Zone::default() }), ..plan(Channel::Wecom, class) });
        bench.hear(1, "check_overdue", Serious, "raised", "b07", 8 * 3600);
        bench.run(8 * 3600..16 * 3600);
        let told: Vec<String> =
            bench.calls.iter().filter_map(|(_, send)| notice(send)).map(|notice| template.text(notice, &Names::new(), 2048).unwrap()).collect();
        told.first().cloned().unwrap()
    };
    let late = |class, zone: Zone| late_by(Template::default().in_zone(zone), class);
    let work = late(Class::Work, Zone::default());
    assert!(work.contains("· 2月6日 23:04 阳光小区") && work.contains("· 6 Feb 23:04 check_overdue"), "{work}");
    let public = late(Class::Public, Zone::default());
    assert!(public.contains("自 2月6日 23:04 起") && public.contains("since 6 Feb 23:04"), "{public}");
    // templates that communities wrote before there were two of each
    let old = |class| late_by(Template::read("{{ count }} {{ since }}{% for item in items %}{{ item.time }}{% endfor %}").unwrap(), class);
    assert_eq!([old(Class::Work), old(Class::Public)], ["1 None2月6日 23:04", "1 2月6日 23:04"]);
    let mut reminded = Bench::new(plan(Channel::Wecom, Class::Public));
    reminded.hear(1, "fever", Critical, "raised", "b07", 0);
    reminded.run(0..3600);
    let [first, .., last] = &texts(&reminded, 2048)[..] else { panic!("told, and told again") };
    assert!(first.contains("自 15:04 起") && last.contains("目前无人接手") && last.contains("自 15:04 起"), "{first}\n{last}");
    let elsewhere = late(Class::Work, Zone::named("Asia/Tokyo").unwrap());
    assert!(elsewhere.contains("· 00:04 阳光小区"), "{elsewhere}");
}

#[test]
fn a_text_never_is_longer_than_its_receiver_takes() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    let names: Names = [("u07".parse().unwrap(), "长".repeat(900))].into();
    for alert in 0..30 {
        bench.hear(alert, "check_overdue", Serious, "raised", "b07", 0);
    }
    bench.run(0..70);
    for bytes_max in [2048, 700, 300, 40, 10] {
        for text in texts(&bench, bytes_max) {
            assert!(text.len() <= bytes_max, "{} bytes: {text}", text.len());
            assert!(text.contains('【'), "{text}");
        }
    }
    let text = Template::default().text(notice(&bench.calls[0].1).unwrap(), &names, 2048).unwrap();
    assert!(text.len() <= 2048 && text.ends_with('…') || text.contains("30"), "{text}");
    assert!(texts(&bench, 2048)[0].contains("另有 25 条"), "{}", texts(&bench, 2048)[0]);
}

#[test]
fn a_template_is_tried_before_it_is_used() {
    assert!(Template::read("{{ severity_zh }} {{ count }}{% for item in items %} {{ item.title.en }}{% endfor %}").is_ok());
    for broken in
        ["{{ severity_zh", "{{ person }}", "{% for item in items %}{{ item.title.en }}{% endfor %}", "{% for i in range(100000) %}{{ i }}{% endfor %}"]
    {
        let error = Template::read(broken).unwrap_err();
        assert_eq!(error.to_string(), "the template cannot be used", "{broken}");
    }
}

#[test]
fn every_sort_of_notice_says_something_in_both_languages() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    bench.hear(1, "fever", Critical, "raised", "b07", 0);
    bench.run(0..1);
    let test = bench.machine.test_notice(at(0), true);
    let text = Template::default().text(notice(&test).unwrap(), &Names::new(), 2048).unwrap();
    assert_eq!(text, "【演练】测试消息，无需处理。收到即表示通知已接通。\n\n[exercise] A test, nothing to do. That you read it means that messages arrive.");
    let Content::Notice(news) = bench.calls[0].1.content.clone() else { panic!("a notice") };
    for (sort, zh, en) in [
        (Sort::Storm, "【紧急】警报集中出现，合并通知：1 条", "critical: 1 alerts at once, told together"),
        (Sort::Digest, "【紧急】消息较多，合并通知：1 条", "critical: 1 messages, told together"),
        (Sort::Reminder, "【紧急】目前无人接手：1 件", "critical: 1 that nobody has now"),
        (Sort::Nudge, "【提醒】今天的日报还差 1 栋", "A reminder: 1 building not reported today."),
        (Sort::News, "【紧急】警报 1 条", "critical: 1 alert\n"),
    ] {
        let text = Template::default().text(&Notice { sort, ..news.clone() }, &Names::new(), 2048).unwrap();
        assert!(text.starts_with(zh) && text.contains(en), "{text}");
    }
    let overnight = Notice { sort: Sort::Digest, overnight: true, ..news };
    let text = Template::default().text(&overnight, &Names::new(), 2048).unwrap();
    assert!(text.starts_with("【紧急】夜间未打扰，早上合并通知：1 条\n") && text.contains("critical: 1 message that waited through the night\n"), "{text}");
}

#[test]
fn every_kind_of_alert_has_words_in_both_languages() {
    for kind in domain::alert::Kind::slugs() {
        let (zh, en) = domain::alert::Kind::name_of(kind);
        assert!(zh != kind && !zh.is_ascii() && en.is_ascii(), "{kind}: {zh}, {en}");
    }
}
