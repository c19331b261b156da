//! What happens to one subscription, step by step.

use domain::alert::Severity::{Caution, Critical, Serious};

use super::*;

#[test]
fn a_critical_waits_for_nothing_and_others_for_more_of_their_kind() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    bench.hear(1, "check_overdue", Serious, "raised", "b07", 0);
    bench.hear(2, "fever", Critical, "raised", "b07", 0);
    bench.hear(3, "check_overdue", Serious, "raised", "b07", 30);
    bench.hear(4, "check_overdue", Serious, "raised", "b08", 30);
    bench.run(0..200);
    assert_eq!(bench.sorts(), [(0, Sort::News, 1), (60, Sort::News, 2), (90, Sort::News, 1)]);
    let ids: Vec<&str> = bench.calls.iter().map(|(_, send)| send.id.as_str()).collect();
    assert_eq!(ids, ["office-abc-1", "office-abc-2", "office-abc-3"]);
}

#[test]
fn beyond_the_budget_a_digest_every_five_minutes_tells_the_rest() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    for building in 0..40 {
        bench.hear(building, "check_overdue", Caution, "raised", &format!("b{building}"), 0);
    }
    bench.run(0..1000);
    let sorts = bench.sorts();
    assert_eq!(sorts.iter().filter(|(_, sort, _)| *sort == Sort::News).count(), 4, "the outbox takes no more than four at once: {sorts:?}");
    assert_eq!(sorts.iter().filter(|(_, sort, _)| *sort == Sort::Digest).map(|(second, _, count)| (*second, *count)).collect::<Vec<_>>(), [(360, 36)]);
}

#[test]
fn the_first_text_after_digests_says_that_they_are_over_and_a_night_is_none_of_them() {
    let texts = |bench: &Bench| -> Vec<(i64, Sort, bool)> {
        let of = |(second, send): &(i64, Send)| notice(send).map(|notice| (*second, notice.sort, notice.singly_again));
        bench.calls.iter().filter_map(of).filter(|(_, sort, _)| *sort != Sort::Reminder).collect()
    };
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    for building in 0..40 {
        bench.hear(building, "check_overdue", Caution, "raised", &format!("b{building}"), 0);
    }
    bench.run(0..1500);
    assert!(texts(&bench).iter().all(|(.., singly_again)| !singly_again));
    bench.hear(50, "fever", Critical, "raised", "b50", 1500);
    bench.hear(51, "check_overdue", Caution, "raised", "b51", 1500);
    // what is remembered outlives a crash
    let written = serde_json::to_vec(bench.machine.state()).unwrap();
    bench.machine = Machine::resume(bench.machine.plan().clone(), serde_json::from_slice(&written).unwrap());
    bench.run(1500..1600);
    bench.hear(52, "check_overdue", Caution, "raised", "b52", 1600);
    bench.run(1600..1700);
    let [.., critical, first, second] = texts(&bench)[..] else { panic!("three more") };
    assert_eq!([critical, first, second], [(1500, Sort::News, false), (1560, Sort::News, true), (1660, Sort::News, false)]);
    let said = bench.calls.iter().filter_map(|(_, send)| notice(send)).find(|notice| notice.singly_again).unwrap();
    let text = Template::default().text(said, &Names::new(), 2048).unwrap();
    assert!(text.contains("警报 1 条\n消息已减少，恢复逐条通知\n") && text.contains("1 alert\nThere is less to tell now: told one by one again\n"), "{text}");
    let hours = QuietHours { from: TimeOfDay::of(0, 0), until: TimeOfDay::of(23, 59) };
    let quiet = Some(Quiet { hours, zone: Zone::default() });
    let mut bench = Bench::new(Plan { quiet, ..plan(Channel::Wecom, Class::Work) });
    bench.hear(1, "check_overdue", Caution, "raised", "b1", 0);
    bench.run(0..120);
    bench.machine = Machine::resume(plan(Channel::Wecom, Class::Work), bench.machine.state().clone());
    bench.run(120..600);
    bench.hear(2, "check_overdue", Caution, "raised", "b2", 600);
    bench.run(600..700);
    assert_eq!(texts(&bench), [(300, Sort::Digest, false), (660, Sort::News, false)], "in the morning nothing was too much");
}

#[test]
fn buildings_that_did_not_report_are_told_of_together() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    for building in 0..40 {
        bench.hear(building, "building_silent", Caution, "raised", &format!("b{building}"), i64::from(building % 3));
    }
    bench.hear(40, "check_overdue", Caution, "raised", "b1", 1);
    bench.run(0..1000);
    assert_eq!(bench.sorts(), [(60, Sort::News, 40), (61, Sort::News, 1)]);
}

#[test]
fn at_eight_the_office_is_told_of_silent_buildings_grid_by_grid_and_the_town_of_all_together() {
    let at_level = |level: u8, grid: serde_json::Value, building: &str| {
        let place = json!({"town": "dianbu", "community": "u07", "estate": "e1", "grid": grid, "building": building, "unit": null, "household": null});
        json!({"place": place, "owner": {"level": level, "why": "hour"}})
    };
    for (class, level, expected) in [
        (Class::Work, 2, vec![(60, Sort::News, 20), (60, Sort::News, 13), (61, Sort::News, 7)]),
        (Class::Work, 3, vec![(60, Sort::News, 40)]),
        (Class::Public, 2, vec![(60, Sort::News, 40)]),
    ] {
        let mut bench = Bench::new(plan(Channel::Wecom, class));
        for building in 0..40_u32 {
            let grid = if building % 3 == 0 && building < 39 {
                json!("g1")
            } else if building % 2 == 0 {
                json!("g2")
            } else {
                json!(null)
            };
            let name = format!("b{building}");
            bench.hear_with(payload(building, 2, "building_silent", Caution, "escalated", &name, 0), &at_level(level, grid, &name), 0);
        }
        bench.run(0..300);
        let mut sorts = bench.sorts();
        let total: u64 = sorts.iter().map(|(_, _, count)| count).sum();
        assert_eq!((total, sorts.len()), (40, expected.len()), "{sorts:?}");
        sorts.sort_unstable_by_key(|(second, _, count)| (*second, std::cmp::Reverse(*count)));
        let texts: Vec<String> = bench.calls.iter().map(|(_, send)| Template::default().text(notice(send).unwrap(), &Names::new(), 2048).unwrap()).collect();
        let of_grids = texts.iter().filter(|text| text.contains("u07 网格 g") && text.contains("u07, grid g")).count();
        assert_eq!(of_grids, if (class, level) == (Class::Work, 2) { 2 } else { 0 }, "{texts:?}");
    }
}

#[test]
fn a_silent_building_without_a_leader_is_told_of_once_and_why_it_went_up() {
    let place = |building: &str| json!({"place": {"town": "dianbu", "community": "u07", "estate": "e1", "grid": "g1", "building": building}});
    let goes_up = |building: &str, why: &str| {
        let mut data = place(building);
        let gaps = if why == "vacant" { json!([{"level": 1, "duty": "leader"}]) } else { json!([]) };
        data["owner"] = json!({"level": 2, "why": why, "gaps": gaps});
        data
    };
    for class in [Class::Work, Class::Public] {
        let mut bench = Bench::new(plan(Channel::Wecom, class));
        for (alert, building) in [(1, "b07"), (2, "b08"), (3, "b09"), (4, "b10")] {
            bench.hear_with(payload(alert, 1, "building_silent", Caution, "raised", building, 0), &place(building), 0);
        }
        bench.run(0..2);
        // of two buildings the post is vacant, which is known in the next commit
        for (alert, building) in [(1, "b07"), (2, "b08")] {
            bench.hear_with(payload(alert, 2, "building_silent", Caution, "escalated", building, 2), &goes_up(building, "vacant"), 2);
        }
        // a matter of its own: somebody must be found for the post
        bench.hear_with(payload(9, 1, "responsibility_gap", Caution, "raised", "b07", 3), &place("b07"), 3);
        bench.run(2..200);
        // at eight the others go up as well; a building that reports in that minute is one matter, too
        for (alert, building) in [(3, "b09"), (4, "b10")] {
            bench.hear_with(payload(alert, 2, "building_silent", Caution, "escalated", building, 200), &goes_up(building, "hour"), 200);
        }
        bench.hear_with(payload(3, 3, "building_silent", Caution, "resolved", "b09", 210), &place("b09"), 210);
        bench.hear_with(payload(2, 3, "building_silent", Caution, "resolved", "b08", 210), &place("b08"), 210);
        bench.run(200..400);
        let of = |send: &Send| notice(send).map(|notice| (notice.count(), notice.alerts(), notice.grid.clone()));
        let told: Vec<_> = bench.calls.iter().filter_map(|(second, send)| of(send).map(|told| (*second, told))).collect();
        if class == Class::Public {
            assert_eq!(told, [(60, (7, 5, None)), (260, (4, 3, None))]);
            continue;
        }
        assert_eq!(told, [(60, (6, 4, None)), (63, (1, 1, None)), (260, (3, 2, Some("g1".to_owned()))), (270, (1, 1, None))]);
        let text = |call: usize| Template::default().text(notice(&bench.calls[call].1).unwrap(), &Names::new(), 2048).unwrap();
        let up = text(0);
        let zh = "· 15:04 1级岗位空缺，已上报至2级：阳光小区 b072单元502 building_silent";
        assert!(up.contains(zh) && up.contains("level 1 vacant, escalated to level 2: building_silent, Yangguang, b07"), "{up}");
        assert_eq!((up.matches("空缺").count(), up.matches("· ").count()), (2, 8), "once each, in both languages: {up}");
        assert!(text(1).contains("一级岗位空缺（留意）1"), "{}", text(1));
        assert!(text(2).contains("15:07 已上报至2级：") && !text(2).contains("空缺"), "it went up because it was eight: {}", text(2));
    }
}

#[test]
fn a_town_is_told_how_many_checks_are_missed_and_of_the_second_in_a_row_whose_door_it_is() {
    let mut bench = Bench::new(Plan { doors: Doors::Critical, ..plan(Channel::Wecom, Class::Work) });
    bench.hear(1, "check_overdue", Serious, "raised", "b07", 0);
    bench.hear(2, "check_overdue", Serious, "raised", "b08", 0);
    bench.run(0..2000);
    assert_eq!(bench.sorts(), [(60, Sort::News, 2), (1860, Sort::Reminder, 2)]);
    let said = String::from_utf8(bench.told.clone()).unwrap() + &serde_json::to_string(bench.machine.state()).unwrap();
    for below in ["b07", "b08", "502", "阳光小区", "Yangguang"] {
        assert!(!said.contains(below), "{below} is in {said}");
    }
    bench.hear(1, "check_overdue", Critical, "upgraded", "b07", 2000);
    bench.run(2000..2010);
    let (_, last) = bench.calls.last().unwrap();
    let text = Template::default().text(notice(last).unwrap(), &Names::new(), 2048).unwrap();
    assert!(text.contains("加重：阳光小区 b072单元502 check_overdue") && !text.contains("b08"), "{text}");
}

#[test]
fn five_hundred_fevers_in_a_minute_are_few_calls_that_add_up() {
    for class in [Class::Work, Class::Public] {
        for channel in [Channel::Wecom, Channel::Dingtalk, Channel::Feishu, Channel::Ntfy] {
            let mut bench = Bench::new(plan(channel, class));
            for second in 0..60 {
                for number in 0..9_u32 {
                    let alert = u32::try_from(second).unwrap() * 9 + number;
                    if alert < 500 {
                        let severity = if alert % 2 == 0 { Critical } else { Serious };
                        bench.hear(alert, "fever", severity, "raised", &format!("b{}", alert % 170), second);
                    }
                }
                bench.second(second, |_| Outcome::Delivered);
            }
            bench.run(60..1700);
            let most = (0..1700).map(|from| bench.calls.iter().filter(|(second, _)| (from..from + 60).contains(second)).count()).max().unwrap();
            assert!(most <= channel.pace().per_minute.unwrap() as usize, "{most} calls in a minute");
            assert!(most <= 15 || channel == Channel::Feishu);
            assert_eq!(bench.sorts().iter().map(|(_, _, count)| count).sum::<u64>(), 500, "{:?}", bench.sorts());
            assert_eq!(bench.machine.report().delivered, 500);
            let last_critical = bench.calls.iter().filter(|(_, send)| send.critical).map(|(second, _)| *second).max().unwrap();
            assert!(last_critical <= 60 + 12, "the last critical was told at {last_critical}");
        }
    }
}

#[test]
fn what_nobody_has_is_told_again_together_until_somebody_has_it() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    bench.hear(1, "fever", Critical, "raised", "b07", 0);
    bench.run(0..300);
    bench.hear(2, "symptom", Serious, "raised", "b08", 300);
    bench.run(300..1900);
    assert_eq!(bench.sorts(), [(0, Sort::News, 1), (360, Sort::News, 1), (1800, Sort::Reminder, 2)]);
    bench.hear(1, "fever", Critical, "acknowledged", "b07", 1900);
    bench.hear(2, "symptom", Serious, "resolved", "b08", 1901);
    bench.run(1900..6000);
    assert_eq!(bench.sorts()[3..], [(1961, Sort::News, 1)], "only the end, and no reminder of it");
    assert_eq!(bench.machine.report().suppressed.get(&Reason::NoNews), Some(&1));
}

#[test]
fn what_comes_and_goes_is_told_once_to_do_so_but_a_breach_is_told_every_time() {
    for (kind, expected) in [("fever", 3 + 1), ("quarantine_breach", 7)] {
        let mut bench = Bench::new(plan(Channel::Ntfy, Class::Work));
        bench.hear(1, kind, Critical, "raised", "b07", 0);
        for turn in 0..7 {
            let from = turn * 1500;
            bench.run(from..from + 700);
            bench.hear(1, kind, Critical, "resolved", "b07", from + 700);
            bench.run(from + 700..from + 1500);
            bench.hear(1, kind, Critical, "reopened", "b07", from + 1500);
        }
        bench.run(7 * 1500..7 * 1500 + 10);
        let again: Vec<&Send> = bench.calls.iter().map(|(_, send)| send).filter(|send| send.critical && notice(send).unwrap().sort == Sort::News).collect();
        assert_eq!(again.len(), 1 + expected, "{kind}: raised, and these turns");
        assert_eq!(again.iter().filter(|send| notice(send).unwrap().items.iter().any(|item| item.unstable)).count(), usize::from(kind == "fever"));
    }
}

#[test]
fn a_receiver_that_says_too_often_is_left_alone_and_gets_all_together_after() {
    let mut bench = Bench::new(plan(Channel::Dingtalk, Class::Work));
    bench.hear(1, "fever", Critical, "raised", "b07", 0);
    bench.second(0, |_| Outcome::Limited { hold_ms: 600_000 });
    for alert in 2..30 {
        bench.hear(alert, "fever", Critical, "raised", &format!("b{alert}"), 10);
    }
    bench.run(1..600);
    assert_eq!(bench.calls.len(), 1, "nothing while it is held");
    bench.run(600..700);
    assert_eq!(bench.sorts()[1..], [(600, Sort::News, 1), (601, Sort::Storm, 28)]);
}

#[test]
fn once_a_silence_is_over_people_are_reminded_of_what_is_still_open() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    let silenced = |alert: u32, action: &str, at: i64| {
        let mut body: serde_json::Value = serde_json::from_slice(&payload(alert, 1, "fever", Critical, action, "b07", at)).unwrap();
        (body["data"]["suppressed"], body["data"]["silenced_until"]) = (json!(["silenced"]), json!(START.plus_ms(7_200_000)));
        serde_json::to_vec(&body).unwrap()
    };
    bench.hear(3, "fever", Critical, "raised", "b08", 0);
    bench.run(0..10);
    for (alert, action) in [(1, "raised"), (2, "raised"), (3, "updated"), (2, "resolved")] {
        bench.machine.hear(&heard(9, &silenced(alert, action, 10), 10), at(10));
    }
    bench.run(10..7300);
    assert_eq!(bench.sorts(), [(0, Sort::News, 1), (7200, Sort::Reminder, 2)], "the one that was told before is silenced too");
}

#[test]
fn a_clock_that_is_set_back_holds_up_nobody() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    let day = 24 * 3600;
    for alert in 0..12 {
        bench.hear(alert, "fever", Critical, "raised", &format!("b{alert}"), day);
    }
    bench.run(day..day + 10);
    bench.hear(20, "fever", Critical, "raised", "b20", day + 10);
    bench.second(day + 10, |_| Outcome::Limited { hold_ms: 60_000 });
    bench.second(day + 20, |_| Outcome::Limited { hold_ms: 60_000 });
    assert!(bench.machine.waiting() > 0);
    bench.run(0..5);
    assert_eq!(bench.machine.waiting(), 0);
}

#[test]
fn feishu_is_left_alone_at_the_half_hour_but_for_criticals() {
    let half_hour = (1_800_000 - START.0.rem_euclid(1_800_000)) / 1000;
    let mut bench = Bench::new(plan(Channel::Feishu, Class::Work));
    bench.hear(1, "symptom", Serious, "raised", "b07", half_hour - 60);
    bench.run(half_hour - 60..half_hour);
    bench.hear(2, "fever", Critical, "raised", "b07", half_hour);
    bench.run(half_hour..half_hour + 60);
    assert_eq!(bench.sorts(), [(half_hour, Sort::News, 1), (half_hour + 20, Sort::News, 1)]);
}

#[test]
fn what_is_filtered_silenced_inhibited_or_unreadable_is_counted_and_not_told() {
    for (channel, told) in [(Channel::Wecom, 1), (Channel::Webhook, 4)] {
        let filter =
            Filter { communities: vec!["u07".parse().unwrap()], kinds: vec!["fever".parse().unwrap(), "cluster".parse().unwrap()], ..Filter::default() };
        let mut bench = Bench::new(Plan { filter, cluster_stands: true, ..plan(channel, Class::Work) });
        bench.hear(1, "symptom", Serious, "raised", "b07", 0);
        bench.hear(2, "fever", Serious, "raised", "b07", 0);
        for flag in ["silenced", "inhibited", "a_word_of_tomorrow"] {
            bench.hear_with(payload(3, 1, "fever", Critical, "raised", "b07", 0), &json!({"suppressed": [flag]}), 0);
        }
        bench.machine.hear(&heard(9, b"{}", 0), at(0));
        bench.run(0..100);
        let mut expected = vec![(Reason::Filtered, 1), (Reason::Unreadable, 1)];
        if channel == Channel::Wecom {
            expected.extend([(Reason::Silenced, 2), (Reason::Inhibited, 1)]);
        }
        let suppressed: Vec<(Reason, u64)> = bench.machine.report().suppressed.clone().into_iter().collect();
        assert_eq!((suppressed, bench.calls.len()), (expected, told), "programs read the flag for themselves");
    }
}

#[test]
fn whoever_was_away_for_more_than_a_day_is_told_what_is_still_open_and_no_old_news() {
    let now = 3 * 24 * 3600;
    for (channel, told) in [(Channel::Wecom, vec![(now, Sort::News, 1), (now + 60, Sort::Reminder, 1)]), (Channel::Webhook, Vec::new())] {
        let mut bench = Bench::new(plan(channel, Class::Work));
        for (alert, action, recorded) in
            [(1, "raised", 0), (2, "raised", 10), (2, "resolved", 20), (3, "raised", 30), (3, "acknowledged", 40), (4, "raised", now - 86_399)]
        {
            bench.hear_with(payload(alert, 1, "fever", Critical, action, "b07", recorded), &json!({}), now);
        }
        bench.run(now..now + 1000);
        assert_eq!(bench.sorts(), told);
        let too_old = bench.machine.report().suppressed.get(&Reason::TooOld).copied();
        assert_eq!(too_old, (channel == Channel::Wecom).then_some(4), "programs get all of it");
    }
}

#[test]
fn texts_count_alerts_and_not_the_messages_about_them() {
    let mut bench = Bench::new(Plan { cluster_stands: true, ..plan(Channel::Wecom, Class::Work) });
    for second in 0..10 {
        bench.hear(1, "cluster", Critical, if second == 0 { "raised" } else { "updated" }, "b07", second);
    }
    bench.hear(2, "symptom", Serious, "raised", "b07", 0);
    bench.hear(2, "symptom", Serious, "reopened", "b07", 1);
    bench.hear(3, "symptom", Serious, "raised", "b07", 2);
    bench.run(0..700);
    let told: Vec<(u64, u64)> = bench.calls.iter().filter_map(|(_, send)| notice(send)).map(|notice| (notice.alerts(), notice.count())).collect();
    assert_eq!(told, [(1, 1), (2, 3), (1, 9)]);
    let text = Template::default().text(notice(&bench.calls[2].1).unwrap(), &Names::new(), 4096).unwrap();
    assert!(text.starts_with("【紧急】警报 人数增加 1 条\n") && text.contains("critical: 1 grown\n") && !text.contains("另有"), "{text}");
}

#[test]
fn what_is_merged_counts_an_alert_once() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    for building in 0..40 {
        bench.hear(building, "check_overdue", Serious, "raised", &format!("b{building}"), 0);
        bench.hear(building, "check_overdue", Serious, "reopened", &format!("b{building}"), 100);
    }
    bench.run(0..1000);
    let digests: Vec<(u64, u64)> = bench
        .calls
        .iter()
        .filter_map(|(_, send)| notice(send))
        .filter(|notice| notice.sort == Sort::Digest)
        .map(|notice| (notice.alerts(), notice.count()))
        .collect();
    assert!(digests.iter().all(|(alerts, _)| *alerts <= 40) && digests.iter().any(|(alerts, count)| count > alerts), "{digests:?}");
}

#[test]
fn at_night_only_what_is_critical_is_told_and_the_rest_in_the_morning() {
    let hours = QuietHours { from: TimeOfDay::of(22, 0), until: TimeOfDay::of(6, 0) };
    let quiet = Quiet { hours, zone: Zone::default() };
    let mut bench = Bench::new(Plan { quiet: Some(quiet.clone()), ..plan(Channel::Wecom, Class::Work) });
    let ten = (0..200_000).find(|second| quiet.asleep_until(at(*second).clock).is_some() && quiet.asleep_until(at(*second - 1).clock).is_none()).unwrap();
    let six = ten + 8 * 3600;
    assert!(quiet.asleep_until(at(six).clock).is_none() && quiet.asleep_until(at(six - 1).clock).is_some());
    bench.hear(1, "check_overdue", Serious, "raised", "b07", ten - 90);
    bench.run(ten - 90..ten);
    bench.hear(5, "quarantine_breach", Critical, "raised", "b09", ten);
    for second in (ten..six + 1200).step_by(10) {
        match second - ten {
            7200 => bench.hear(2, "release_due", Caution, "raised", "b07", second),
            7300 => bench.hear(3, "check_overdue", Serious, "raised", "b08", second),
            7400 => bench.hear(4, "fever", Critical, "raised", "b07", second),
            7500 => bench.hear(4, "fever", Critical, "acknowledged", "b07", second),
            _ => {}
        }
        bench.second(second, |_| Outcome::Delivered);
    }
    let sorts: Vec<(i64, Sort, u64)> = bench.sorts().into_iter().map(|(second, sort, count)| (second - ten, sort, count)).collect();
    let (night, morning): (Vec<_>, Vec<_>) = sorts.into_iter().partition(|(second, ..)| *second < 8 * 3600);
    let (reminders, news): (Vec<_>, Vec<_>) = night.into_iter().partition(|(_, sort, _)| *sort == Sort::Reminder);
    assert_eq!(news, [(-30, Sort::News, 1), (0, Sort::News, 1), (7400, Sort::News, 1)]);
    let of_the_breach = [1800, 3600, 7200, 14_400].map(|second| (second, Sort::Reminder, 1));
    assert_eq!(reminders, of_the_breach, "and not of the check; less and less often");
    let digests: Vec<_> = morning.iter().filter(|(_, sort, _)| *sort == Sort::Digest).collect();
    assert!(matches!(digests[..], [(second, _, 2)] if (8 * 3600..8 * 3600 + 60).contains(second)), "{digests:?}");
    assert!(morning.iter().any(|(_, sort, _)| *sort == Sort::Reminder), "{morning:?}");
    let notices = || bench.calls.iter().filter_map(|(_, send)| notice(send));
    for reminder in notices().filter(|told| told.sort == Sort::Reminder) {
        assert!(reminder.items.iter().all(|item| item.alert != "a2" && item.alert != "a3"), "they were told twenty minutes ago at most: {reminder:?}");
    }
    let digest = notices().find(|told| told.sort == Sort::Digest).unwrap();
    let text = Template::default().text(digest, &Names::new(), 2048).unwrap();
    assert!(
        text.starts_with("【需处理】夜间未打扰，早上合并通知：2 条\n") && text.contains("\nto act on: 2 messages that waited through the night\n"),
        "{text}"
    );
}

#[test]
fn whoever_is_told_of_two_matters_is_reminded_of_both_at_once_however_far_apart_they_were_told() {
    for apart in 1..30 {
        let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
        bench.hear(1, "fever", Critical, "raised", "b07", 0);
        bench.run(0..1);
        let (other, minutes) = (apart * 60, |seconds: i64| seconds / 60);
        (60..other).step_by(60).for_each(|second| bench.second(second, |_| Outcome::Delivered));
        bench.hear(2, "fever", Critical, "raised", "b08", other);
        (other..6 * 3600).step_by(60).for_each(|second| bench.second(second, |_| Outcome::Delivered));
        let reminders: Vec<(i64, u64)> =
            bench.sorts().into_iter().filter(|(_, sort, _)| *sort == Sort::Reminder).map(|(second, _, count)| (minutes(second), count)).collect();
        let alone = reminders.iter().take_while(|(_, count)| *count == 1).count();
        assert!(alone <= 1 && reminders[alone..].iter().all(|(_, count)| *count == 2), "{apart} minutes apart: {reminders:?}");
        assert!(reminders.windows(2).all(|pair| (15..=30).contains(&(pair[1].0 - pair[0].0))), "{apart} minutes apart: {reminders:?}");
        assert!(reminders[alone].0 - apart >= 15, "told again a quarter of an hour after it was told, at the earliest: {reminders:?}");
    }
}

#[test]
fn that_others_are_on_duty_is_no_news_and_neither_is_a_turn_of_what_somebody_has() {
    let mut bench = Bench::new(plan(Channel::Wecom, Class::Work));
    bench.hear(1, "fever", Critical, "raised", "b07", 0);
    let turn = |level: u8, why: &str| json!({"owner": {"level": level, "staff": null, "also": [], "since": START, "gaps": [], "why": why}});
    let escalated = || payload(1, 2, "fever", Critical, "escalated", "b07", 0);
    bench.hear_with(escalated(), &turn(2, "at_once"), 1);
    bench.hear_with(escalated(), &turn(2, "vacant"), 2);
    bench.hear_with(escalated(), &turn(3, "unacknowledged"), 3);
    let taken =
        json!({"owner": {"level": 3, "staff": null, "also": [], "since": START, "gaps": [], "why": "vacant"}, "acknowledged": {"by": "t-a", "until": null}});
    bench.hear_with(payload(2, 1, "fever", Critical, "escalated", "b08", 4), &taken, 4);
    bench.run(0..100);
    assert_eq!(bench.sorts(), [(0, Sort::News, 2)], "raised, and that it went to level 3");
    assert_eq!(bench.machine.report().suppressed.get(&Reason::NoNews), Some(&3));
}
