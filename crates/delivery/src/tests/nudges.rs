//! Nudges: a text a leader, to nobody else, and never too late.

use super::*;

const UNTIL: i64 = 3600;

/// A nudge of some leaders about a building, whose report is due an hour after the start.
pub(super) fn nudge(building: &str, leaders: &[&str], data: serde_json::Value, seconds: i64) -> Vec<u8> {
    let title = json!({"zh-CN": format!("阳光小区 {building}：今天的日报还没收到，18:00前报来就好"), "en": format!("No report of today yet, {building}")});
    let mut body = json!({
        "specversion": "1.0", "id": format!("1-{seconds}-{building}"), "type": "gridward.report.nudged.v1", "time": START.plus_ms(seconds * 1000),
        "severity": "caution", "data": {"leaders": leaders, "for_date": "2020-02-06", "due_at": START.plus_ms(UNTIL * 1000), "exercise": false,
            "title": title, "place": {"town": "dianbu", "community": "u07", "estate": "e1", "building": building}, "suppressed": []}
    });
    body["data"].as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
    serde_json::to_vec(&body).unwrap()
}

fn of_leaders(channel: Channel, leaders: &[&str]) -> Bench {
    let leaders = leaders.iter().map(|leader| leader.parse().unwrap()).collect();
    Bench::new(Plan { leaders, ..plan(channel, Class::Work) })
}

fn texts(bench: &Bench) -> Vec<String> {
    let of = |(_, send): &(i64, Send)| Template::default().text(notice(send).unwrap(), &Names::new(), 2048).unwrap();
    bench.calls.iter().map(of).collect()
}

#[test]
fn a_leader_has_one_text_with_all_their_buildings_and_hears_of_no_others() {
    let mut bench = of_leaders(Channel::Wecom, &["s-li", "s-wang"]);
    for (building, leaders) in [("b1", &["s-li"][..]), ("b2", &["s-wang"]), ("b3", &["s-li", "s-zhao"]), ("b4", &["s-zhao"])] {
        bench.hear_with(nudge(building, leaders, json!({}), 0), &json!({}), 0);
    }
    bench.hear(1, "fever", Severity::Critical, "raised", "b1", 0);
    bench.run(0..300);
    assert_eq!(bench.sorts(), [(60, Sort::Nudge, 2), (61, Sort::Nudge, 1)]);
    assert_eq!(bench.machine.report().suppressed, [(Reason::Filtered, 2)].into(), "the other leader's, and what is no nudge");
    let text = &texts(&bench)[0];
    let expected = "【提醒】今天的日报还差 2 栋，得空报一下就好，辛苦了！\n· 阳光小区 b1：今天的日报还没收到，18:00前报来就好\n· 阳光小区 b3：今天的日报还没收到，18:00前报来就好\n\n\
                    A reminder: 2 buildings not reported today. A moment will do; thank you!\n· No report of today yet, b1\n· No report of today yet, b3";
    assert_eq!(text, expected);
    assert!(!texts(&bench).concat().contains("s-"), "whose it is need not be said");
}

#[test]
fn who_is_no_leader_hears_of_no_nudge() {
    for channel in [Channel::Wecom, Channel::Webhook] {
        let mut bench = Bench::new(plan(channel, Class::Work));
        bench.hear_with(nudge("b1", &["s-li"], json!({}), 0), &json!({}), 0);
        bench.run(0..300);
        assert_eq!((bench.calls.len(), bench.machine.report().suppressed.get(&Reason::Filtered)), (0, Some(&1)));
    }
}

#[test]
fn a_nudge_is_told_in_time_or_not_at_all() {
    // heard when it is due; silenced; at night
    for (data, seconds, reason) in [(json!({}), UNTIL, Reason::TooOld), (json!({"suppressed": ["silenced"]}), 0, Reason::Silenced)] {
        let mut bench = of_leaders(Channel::Ntfy, &["s-li"]);
        bench.hear_with(nudge("b1", &["s-li"], data, 0), &json!({}), seconds);
        bench.run(seconds..seconds + 300);
        assert_eq!((bench.calls.len(), bench.machine.report().suppressed.get(&reason)), (0, Some(&1)));
    }
    let hours = QuietHours { from: TimeOfDay::of(0, 0), until: TimeOfDay::of(23, 59) };
    let mut bench = of_leaders(Channel::Ntfy, &["s-li"]);
    bench.machine = Machine::new(Plan { quiet: Some(Quiet { hours, zone: Zone::default() }), ..bench.machine.plan().clone() }, "abc".to_owned());
    bench.hear_with(nudge("b1", &["s-li"], json!({}), 0), &json!({}), 0);
    bench.run(0..300);
    assert_eq!((bench.calls.len(), bench.machine.report().suppressed.get(&Reason::TooOld)), (0, Some(&1)));
    // the receiver is away until the report is due
    let mut bench = of_leaders(Channel::Ntfy, &["s-li"]);
    bench.hear_with(nudge("b1", &["s-li"], json!({}), 0), &json!({}), 0);
    (0..UNTIL).for_each(|second| bench.second(second, |_| Outcome::Failed));
    assert!(!bench.calls.is_empty() && bench.machine.waiting() == 1);
    let tries = bench.calls.len();
    bench.run(UNTIL..UNTIL + 600);
    assert_eq!((bench.calls.len(), bench.machine.waiting(), bench.machine.report().suppressed.get(&Reason::TooOld)), (tries, 0, Some(&1)));
}

#[test]
fn a_program_has_each_as_it_stands_and_a_crash_repeats_its_id() {
    let mut bench = of_leaders(Channel::Webhook, &["s-li"]);
    bench.hear_with(nudge("b1", &["s-li"], json!({}), 0), &json!({}), 0);
    let written = serde_json::to_vec(bench.machine.state()).unwrap();
    bench.machine = Machine::resume(bench.machine.plan().clone(), serde_json::from_slice(&written).unwrap());
    bench.run(0..2);
    let ids: Vec<&str> = bench.calls.iter().map(|(_, send)| send.id.as_str()).collect();
    assert_eq!(ids, ["1-0-b1"]);
    assert!(matches!(bench.calls[0].1.content, Content::Message { sequence: 1 }));
}

#[test]
fn a_receiver_that_is_also_told_of_alerts_has_room_for_both() {
    for channel in [Channel::Wecom, Channel::Dingtalk] {
        let leaders: Vec<String> = (0..30).map(|leader| format!("s-{leader}")).collect();
        let mut bench = of_leaders(channel, &leaders.iter().map(String::as_str).collect::<Vec<_>>());
        for leader in &leaders {
            bench.hear_with(nudge(&format!("b-{leader}"), &[leader], json!({}), 0), &json!({}), 0);
        }
        bench.run(0..UNTIL);
        let most = (0..UNTIL).map(|from| bench.calls.iter().filter(|(second, _)| (from..from + 60).contains(second)).count()).max().unwrap();
        assert!(most + channel.pace().per_minute.unwrap() as usize <= 20, "{most} in a minute, beside those of alerts");
        assert_eq!(bench.machine.report().delivered, 30, "each leader in time");
    }
}
