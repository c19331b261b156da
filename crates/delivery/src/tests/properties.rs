//! Over random lives of a subscription.

use std::collections::{BTreeMap, BTreeSet};

use domain::alert::Severity;
use proptest::prelude::*;

use super::{nudges::nudge, *};

#[derive(Clone, Debug)]
enum Step {
    Message { alert: u32, kind: usize, severity: Severity, action: usize, building: u32, level: u8, flags: usize, share: usize },
    Nudge { leader: usize, building: u32 },
    Pass { seconds: i64, answer: usize },
    Crash,
}

const KINDS: &[&str] = &["fever", "check_overdue", "building_silent", "quarantine_breach", "cluster"];
const FLAGS: &[&[&str]] = &[&[], &[], &[], &["inhibited"], &["silenced", "inhibited"]];
/// What the first of the leaders is told; the last is none of it.
const SHARES: &[&str] = &["everything", "do_not_go_up", "do_not_go_up", "counts", ""];
const LEADERS: &[&str] = &["s-li", "s-wang", "s-zhao"];
const ACTIONS: &[&str] = &[
    "raised",
    "updated",
    "upgraded",
    "acknowledged",
    "escalated",
    "resolved",
    "closed",
    "reopened",
    "escalation_requested",
    "assigned",
    "noted",
    "unheard_of",
];

fn step() -> impl Strategy<Value = Step> {
    let severity = prop_oneof![Just(Severity::Critical), Just(Severity::Serious), Just(Severity::Caution)];
    prop_oneof![
        12 => (0..30_u32, 0..KINDS.len(), severity, 0..ACTIONS.len(), 0..12_u32, 0..4_u8, 0..FLAGS.len(), 0..SHARES.len())
            .prop_map(|(alert, kind, severity, action, building, level, flags, share)| Step::Message { alert, kind, severity, action, building, level, flags, share }),
        3 => (0..LEADERS.len(), 0..12_u32).prop_map(|(leader, building)| Step::Nudge { leader, building }),
        6 => (1..400_i64, 0..8_usize).prop_map(|(seconds, answer)| Step::Pass { seconds, answer }),
        1 => Just(Step::Crash),
    ]
}

fn answer(number: usize, send: &Send) -> Outcome {
    match (number, send.number % 3) {
        (0, _) => Outcome::Failed,
        (1, 0) => Outcome::Failed,
        (2, 0) => Outcome::Limited { hold_ms: 30_000 },
        _ => Outcome::Delivered,
    }
}

/// Seconds for which an answer about silences stays as it is.
const ANSWER_SECONDS: i64 = 700;

/// What a place is called: a door of a building, or all of it.
fn called(building: &str, kind: &str) -> String {
    if kind == "building_silent" { format!("阳光小区 {building}") } else { format!("阳光小区 {building} 502") }
}

/// Of each alert in turn: nobody knows, it is not silenced, it is.
fn silence(second: i64, alert: &str) -> Answer {
    let turn = second.div_euclid(ANSWER_SECONDS);
    match (turn + alert[1..].parse::<i64>().unwrap()).rem_euclid(3) {
        0 => None,
        1 => Some(None),
        _ => Some(Some((turn + 1) * ANSWER_SECONDS)),
    }
}

/// A robot that is told of doors.
fn robot_plan(robot: usize) -> Plan {
    plan([Channel::Webhook, Channel::Wecom, Channel::Dingtalk, Channel::Feishu, Channel::Ntfy][robot], Class::Work)
}

/// A night that is short, and soon: from six minutes after the start on.
fn nap() -> Quiet {
    Quiet { hours: QuietHours { from: TimeOfDay::of(15, 10), until: TimeOfDay::of(15, 40) }, zone: Zone::default() }
}

/// Plays a life, then lets everything come to rest.
fn play(plan: Plan, steps: &[Step]) -> Bench {
    play_with(plan, steps, silence)
}

/// As [`play`], with other answers about silences.
fn play_with(plan: Plan, steps: &[Step], silences: impl Fn(i64, &str) -> Answer + 'static) -> Bench {
    let mut bench = Bench::new(plan);
    bench.silences = Box::new(silences);
    let mut now = 0;
    for step in steps {
        match step {
            Step::Message { alert, kind, severity, action, building, level, flags, share } => {
                let name = format!("b{building}");
                let level = (*level > 0).then_some(*level);
                let place = json!({"name": {"zh-CN": called(&name, KINDS[*kind]), "en": name}, "town": "dianbu", "community": "u07", "estate": "e1",
                    "grid": format!("g{}", building % 3), "building": name, "unit": "2", "household": "h502"});
                let told = level.map(|level| {
                    json!({"level": level, "why": "at_once", "since": START,
                    "staff": (!SHARES[*share].is_empty()).then(|| json!({"staff": LEADERS[0], "share": SHARES[*share]})).into_iter().collect::<Vec<_>>()})
                });
                let payload = payload(*alert, 1, KINDS[*kind], *severity, ACTIONS[*action], &name, now);
                let owner = level.map(|level| json!({"level": level, "staff": null, "gaps": [], "why": "unacknowledged"}));
                bench.hear_with(payload, &json!({"place": place, "level": level, "owner": owner, "told": told.as_slice(), "suppressed": FLAGS[*flags]}), now);
                bench.heard.push((now, format!("a{alert}"), ACTIONS[*action]));
            }
            Step::Nudge { leader, building } => bench.hear_with(nudge(&format!("b{building}"), &LEADERS[*leader..=*leader], json!({}), now), &json!({}), now),
            Step::Pass { seconds, answer: number } => {
                (now..now + seconds).for_each(|second| bench.second(second, |send| answer(*number, send)));
                now += seconds;
            }
            // all that is known is what was written down
            Step::Crash => {
                let written = serde_json::to_vec(bench.machine.state()).unwrap();
                bench.machine = Machine::resume(bench.machine.plan().clone(), serde_json::from_slice(&written).unwrap());
            }
        }
    }
    // longer than the night
    bench.run(now..now + 2700);
    bench
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_message_is_in_exactly_one_send_or_has_a_reason(steps in prop::collection::vec(step(), 1..120), robot in 0..5_usize, class in 0..3_usize, leads in 0..3_usize, owns in any::<bool>()) {
        let channel = [Channel::Webhook, Channel::Wecom, Channel::Dingtalk, Channel::Feishu, Channel::Ntfy][robot];
        let class = [Class::Work, Class::Public, Class::Full][class];
        let leaders: Vec<_> = LEADERS[..leads].iter().map(|leader| leader.parse().unwrap()).collect();
        // a program has no own
        let plan = if owns && robot > 0 { Plan { staff: leaders, ..plan(channel, class) } } else { Plan { leaders, ..plan(channel, class) } };
        let bench = play(plan, &steps);
        let report = bench.machine.report();
        prop_assert_eq!(bench.machine.waiting(), 0, "all is told once the receiver answers");
        prop_assert_eq!(report.heard, report.delivered + report.suppressed.values().sum::<u64>());
        // by what was told, and not by what the machine says of itself
        let told: u64 = delivered(&bench).iter().map(|send| send.messages).sum();
        prop_assert_eq!(told, report.delivered);
        for send in delivered(&bench) {
            prop_assert!(notice(send).is_none_or(|notice| notice.sort == Sort::Reminder || notice.count() == send.messages));
        }
    }

    #[test]
    fn never_more_calls_than_the_pace_nor_more_ordinary_sends_than_the_budget(steps in prop::collection::vec(step(), 1..120)) {
        let bench = play(plan(Channel::Wecom, Class::Work), &steps);
        let seconds: Vec<i64> = bench.calls.iter().map(|(second, _)| *second).collect();
        for from in &seconds {
            prop_assert!(seconds.iter().filter(|second| (*from..from + 60).contains(second)).count() <= 15);
        }
        let mut decided: Vec<(i64, &Send)> = bench.calls.iter().map(|(_, send)| (notice(send).unwrap().at.0, send)).collect();
        decided.sort_by_key(|(at, send)| (*at, send.number));
        decided.dedup_by_key(|(_, send)| send.number);
        for (at, send) in &decided {
            let counts = |before: &Send, then: i64| !before.critical && before.number <= send.number && then > at - BUDGET_WINDOW_MS;
            let within = decided.iter().filter(|(then, before)| counts(before, *then)).count();
            let ordinary = !send.critical && notice(send).unwrap().sort != Sort::Digest;
            prop_assert!(!ordinary || within <= BUDGET_SENDS, "{within} sends when {send:?} was decided");
        }
        let digests: Vec<i64> = decided.iter().filter(|(_, send)| notice(send).unwrap().sort == Sort::Digest).map(|(at, _)| *at).collect();
        prop_assert!(digests.windows(2).all(|pair| pair[1] - pair[0] >= DIGEST_EVERY_MS));
    }

    #[test]
    fn nobody_is_told_or_reminded_of_what_is_said_to_be_silenced(steps in prop::collection::vec(step(), 1..120), robot in 1..5_usize, sleeps in any::<bool>()) {
        let bench = play(Plan { quiet: sleeps.then(nap), ..robot_plan(robot) }, &steps);
        for told in bench.calls.iter().filter_map(|(_, send)| notice(send)) {
            let second = (told.at.0 - START.0) / 1000;
            for item in &told.items {
                let answer = silence(second, &item.alert);
                prop_assert!(!matches!(answer, Some(Some(_))), "{} at {second}", item.alert);
                prop_assert!(bench.asked.contains(&(second, item.alert.clone())), "{} was not asked about at {second}", item.alert);
            }
        }
    }

    #[test]
    fn somebody_is_told_of_what_comes_to_them_and_stays_away_where_they_are_to(steps in prop::collection::vec(step(), 1..160), sleeps in any::<bool>()) {
        let plan = Plan { staff: vec![LEADERS[0].parse().unwrap()], quiet: sleeps.then(nap), ..robot_plan(1) };
        let bench = play_with(plan, &steps, |_, _| None);
        prop_assert_eq!(bench.machine.waiting(), 0, "all is told once the receiver answers");
        let (mut told, mut away) = (BTreeSet::new(), BTreeSet::new());
        for notice in delivered(&bench).into_iter().filter_map(notice) {
            for item in &notice.items {
                match (notice.sort, item.action) {
                    (Sort::DoNotGoUp, Some(_)) => prop_assert!(away.remove(&item.title.zh_cn), "{:?} is over, and nobody was told of it", item),
                    (Sort::DoNotGoUp, None) => { away.insert(item.title.zh_cn.clone()); }
                    _ => { told.insert(item.alert.clone()); }
                }
            }
        }
        let (mut theirs, mut reasons) = (BTreeSet::new(), BTreeMap::new());
        for step in &steps {
            if let Step::Message { alert, kind, action, building, level, flags, share, .. } = step {
                let door = called(&format!("b{building}"), KINDS[*kind]);
                let (alert, is_end, share) = (format!("a{alert}"), ["resolved", "closed"].contains(&ACTIONS[*action]), if *level > 0 { SHARES[*share] } else { "" });
                if share == "everything" { theirs.insert(alert.clone()); }
                let silenced = FLAGS[*flags].contains(&"silenced");
                if share != "do_not_go_up" || is_end { reasons.remove(&alert); }
                if share == "do_not_go_up" && !is_end {
                    // one that moved is another reason, unless it is silenced
                    if !silenced { reasons.insert(alert, door); }
                    else if reasons.get(&alert).is_some_and(|before| *before != door) { reasons.remove(&alert); }
                }
            }
        }
        prop_assert!(told.is_subset(&theirs), "{:?} is told, and theirs are {:?}", told, theirs);
        for door in reasons.values() {
            let building = door.trim_end_matches(" 502");
            let is_said = away.contains(door) || (reasons.values().any(|reason| reason == building) && away.contains(building));
            prop_assert!(is_said, "{door} is not to be gone up to, and nobody says so");
        }
    }

    #[test]
    fn nobody_is_reminded_of_what_is_over(steps in prop::collection::vec(step(), 1..160), robot in 1..5_usize, from_level in 0..4_u8, cluster_stands in any::<bool>()) {
        let filter = Filter { from_level: (from_level > 0).then_some(from_level), ..Filter::default() };
        let bench = play_with(Plan { filter, cluster_stands, ..robot_plan(robot) }, &steps, |_, _| None);
        prop_assert_eq!(bench.machine.waiting(), 0, "all is told once the receiver answers");
        for told in bench.calls.iter().filter_map(|(_, send)| notice(send)).filter(|told| told.sort == Sort::Reminder) {
            let second = (told.at.0 - START.0) / 1000;
            for item in &told.items {
                let last = bench.heard.iter().rfind(|(heard, alert, action)| *heard <= second && *alert == item.alert && *action != "unheard_of");
                prop_assert!(last.is_some_and(|(_, _, action)| !["resolved", "closed"].contains(action)), "{:?} at {second}", item);
            }
        }
    }

    #[test]
    fn nobody_is_reminded_of_what_they_were_told_a_moment_ago(steps in prop::collection::vec(step(), 1..120), robot in 1..5_usize, sleeps in any::<bool>()) {
        let bench = play_with(Plan { quiet: sleeps.then(nap), ..robot_plan(robot) }, &steps, |_, _| None);
        let notices: Vec<&Notice> = bench.calls.iter().filter_map(|(_, send)| notice(send)).collect();
        for reminder in notices.iter().filter(|told| told.sort == Sort::Reminder) {
            for item in &reminder.items {
                let told = notices.iter().filter(|told| told.items.iter().any(|listed| listed.alert == item.alert));
                let ago = told.map(|told| reminder.at.0 - told.at.0).filter(|ago| *ago > 0).min();
                prop_assert!(ago.is_none_or(|ago| ago >= REPEAT_EVERY_MS / 2), "{} after {ago:?} ms", item.alert);
                let same_time = notices.iter().filter(|told| told.at == reminder.at && told.sort != Sort::Reminder);
                let listed = same_time.flat_map(|told| &told.items).any(|listed| listed.alert == item.alert);
                prop_assert!(!listed, "{} is told and reminded of at once", item.alert);
            }
        }
    }

    #[test]
    fn nobody_is_reminded_of_what_they_were_not_told_yet(steps in prop::collection::vec(step(), 1..120), robot in 1..5_usize, sleeps in any::<bool>()) {
        let bench = play_with(Plan { quiet: sleeps.then(nap), ..robot_plan(robot) }, &steps, |_, _| None);
        let mut told: Vec<(usize, &Notice)> = Vec::new();
        for (call, (_, send)) in bench.calls.iter().enumerate() {
            let is_last = || !bench.calls[call + 1..].iter().any(|(_, later)| later.number == send.number);
            told.extend(notice(send).filter(|_| bench.done.contains(&send.number) && is_last()).map(|notice| (call, notice)));
        }
        for (call, reminder) in told.iter().filter(|(_, told)| told.sort == Sort::Reminder) {
            for item in &reminder.items {
                let later = told.iter().filter(|(later, told)| later > call && told.sort != Sort::Reminder).flat_map(|(_, told)| &told.items);
                let news = later.filter(|news| news.alert == item.alert).find(|news| news.at.is_some_and(|at| at <= reminder.at));
                prop_assert_eq!(news, None, "told after the reminder of {}", reminder.at.0);
            }
        }
    }

    #[test]
    fn nobody_is_woken_by_what_is_not_critical(steps in prop::collection::vec(step(), 1..120), robot in 0..5_usize) {
        let bench = play(Plan { quiet: Some(nap()), ..robot_plan(robot) }, &steps);
        for (second, send) in bench.calls.iter().filter(|(second, _)| nap().asleep_until(at(*second).clock).is_some()) {
            prop_assert!(send.critical || notice(send).is_none(), "{send:?} at {second}");
        }
    }

    #[test]
    fn of_what_may_be_tried_at_one_time_criticals_go_first(steps in prop::collection::vec(step(), 1..60)) {
        let mut bench = Bench::new(plan(Channel::Webhook, Class::Work));
        for step in &steps {
            if let Step::Message { alert, kind, severity, action, building, .. } = step {
                bench.hear(*alert, KINDS[*kind], *severity, ACTIONS[*action], &format!("b{building}"), 0);
            }
        }
        bench.second(0, |_| Outcome::Delivered);
        let critical: Vec<bool> = bench.calls.iter().map(|(_, send)| send.critical).collect();
        prop_assert!(critical.windows(2).all(|pair| pair[0] || !pair[1]));
    }

    #[test]
    fn after_an_outage_criticals_come_first_and_the_rest_as_it_was_decided(steps in prop::collection::vec(step(), 1..120), robot in 0..5_usize) {
        let mut bench = Bench::new(robot_plan(robot));
        let mut now = 0;
        for step in &steps {
            match step {
                Step::Message { alert, kind, severity, action, building, .. } => bench.hear(*alert, KINDS[*kind], *severity, ACTIONS[*action], &format!("b{building}"), now),
                Step::Pass { seconds, .. } => {
                    (now..now + seconds).for_each(|second| bench.second(second, |_| Outcome::Failed));
                    now += seconds;
                }
                Step::Nudge { .. } | Step::Crash => {}
            }
        }
        bench.calls.clear();
        bench.run(now..now + 2700);
        let decided_before = |send: &&Send| notice(send).is_none_or(|notice| notice.at.0 < at(now).clock.0);
        let turns: Vec<(bool, u64)> = bench.calls.iter().map(|(_, send)| send).filter(decided_before).map(|send| (!send.critical, send.number)).collect();
        // but for the one that finds out that the receiver is back: were only the first tried, one that is refused would hold up all others
        prop_assert!(turns.iter().skip(1).is_sorted(), "{turns:?}");
    }

    #[test]
    fn class_public_holds_no_place_below_the_community_and_no_class_holds_a_person(steps in prop::collection::vec(step(), 1..80), robot in 0..5_usize) {
        let channel = [Channel::Webhook, Channel::Wecom, Channel::Dingtalk, Channel::Feishu, Channel::Ntfy][robot];
        let public = play(plan(channel, Class::Public), &steps);
        let kept = serde_json::to_string(public.machine.state()).unwrap();
        let mut said = String::from_utf8(public.told.clone()).unwrap() + &kept;
        for (_, send) in &public.calls {
            said += &Template::default().text(notice(send).unwrap(), &Names::new(), 2048).unwrap();
        }
        for below in ["\"b0\"", "/b", "阳光小区", "Yangguang", "502", "p7f3a", "e1", "building/"] {
            prop_assert!(!said.contains(below), "{} is in {}", below, said);
        }
        let work = play(plan(Channel::Wecom, Class::Work), &steps);
        prop_assert!(!String::from_utf8(work.told).unwrap().contains("p7f3a"));
    }
}

#[test]
fn what_is_remembered_fits_into_one_message_though_many_wait_in_every_group() {
    for class in [Class::Work, Class::Public] {
        let mut bench = Bench::new(plan(Channel::Wecom, class));
        for alert in 0..20_000_u32 {
            let severity = [Severity::Critical, Severity::Serious][alert as usize % 2];
            let mut body: serde_json::Value =
                serde_json::from_slice(&payload(alert, 1, "fever", severity, "raised", &format!("b{}", alert / 2 % 60), 0)).unwrap();
            // as long as they are, and as lines may be
            body["data"]["alert"] = format!("{alert:016x}-1").into();
            body["data"]["title"] = json!({"zh-CN": "长".repeat(80), "en": "long ".repeat(48)});
            body["data"]["place"]["community"] = format!("c{}", alert / 2 % 60).into();
            bench.machine.hear(&heard(1, &serde_json::to_vec(&body).unwrap(), 0), at(0));
        }
        let bytes = serde_json::to_vec(bench.machine.state()).unwrap().len();
        assert!((150_000..1_000_000).contains(&bytes), "{bytes} bytes for {class:?}");
        bench.run(0..600);
        assert_eq!((bench.machine.report().delivered, bench.machine.waiting()), (20_000, 0));
    }
}

#[test]
fn what_is_remembered_fits_into_one_message_however_much_happens() {
    let long = "长".repeat(500);
    for (channel, class) in [(Channel::Wecom, Class::Work), (Channel::Wecom, Class::Public), (Channel::Webhook, Class::Work)] {
        let mut bench = Bench::new(plan(channel, class));
        for alert in 0..4000_u32 {
            let (severity, community) = ([Severity::Critical, Severity::Serious][alert as usize % 2], alert % 300);
            for action in ["raised", "reopened", "reopened", "reopened"] {
                let payload = payload(alert, 1, "fever", severity, action, &format!("b{alert}"), 0);
                let mut body: serde_json::Value = serde_json::from_slice(&payload).unwrap();
                (body["data"]["title"]["zh-CN"], body["data"]["title"]["en"]) = (long.clone().into(), format!("{long}\n{long}").into());
                body["data"]["place"]["community"] = format!("a-community-with-a-long-name-{community}").into();
                if bench.machine.room() > 0 {
                    bench.machine.hear(&heard(1, &serde_json::to_vec(&body).unwrap(), 0), at(0));
                }
            }
            bench.second(0, |_| Outcome::Failed);
        }
        let bytes = serde_json::to_vec(bench.machine.state()).unwrap().len();
        assert!((50_000..900_000).contains(&bytes), "{bytes} bytes for {channel:?} {class:?}");
    }
}

/// Each send once, as the receiver has it in the end: of nudges some never come, for they are too late.
fn delivered(bench: &Bench) -> Vec<&Send> {
    let mut last = BTreeMap::new();
    bench.calls.iter().for_each(|(_, send)| {
        last.insert(send.number, send);
    });
    last.into_values().filter(|send| bench.done.contains(&send.number)).collect()
}
