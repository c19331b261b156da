//! What is told to people themselves: when it comes to them, as much as they are told, and no more.

use domain::alert::Severity::{self, Critical, Serious};

use super::*;

/// The receiver of somebody.
pub(super) fn of(staff: &[&str]) -> Bench {
    let staff = staff.iter().map(|staff| staff.parse().unwrap()).collect();
    Bench::new(Plan { staff, ..plan(Channel::Wecom, Class::Work) })
}

/// The receiver of somebody who sleeps until half past three, 26 minutes after the start.
pub(super) fn asleep(staff: &[&str]) -> Bench {
    let hours = QuietHours { from: TimeOfDay::of(15, 0), until: TimeOfDay::of(15, 30) };
    Bench::new(Plan { quiet: Some(Quiet { hours, zone: Zone::default() }), ..of(staff).machine.plan().clone() })
}

/// Who was told, level by level: `(level, why, [(staff, share)])`.
pub(super) type Told<'a> = &'a [(u8, &'a str, &'a [(&'a str, &'a str)])];

/// A critical fever that came to everybody at once.
const AT_ONCE: Told<'static> = &[(1, "at_once", &[("s-nurse", "everything"), ("s-lou", "do_not_go_up")]), (2, "at_once", &[("s-office", "everything")])];

pub(super) fn data(told: Told<'_>, more: serde_json::Value) -> serde_json::Value {
    let staff = |why: &str, people: &[(&str, &str)]| {
        people.iter().map(|(staff, share)| json!({"staff": staff, "share": share, "given": why == "by_hand"})).collect::<Vec<_>>()
    };
    let levels: Vec<_> = told.iter().map(|(level, why, people)| json!({"level": level, "why": why, "since": START, "staff": staff(why, people)})).collect();
    let owner = told.last().map(|(level, why, people)| json!({"level": level, "staff": people.first().map(|(staff, _)| staff), "why": why, "gaps": []}));
    let mut data = json!({"told": levels, "level": told.last().map(|(level, ..)| level), "owner": owner});
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    data
}

/// The place of door `door` of building 7.
fn at_door(door: &str) -> serde_json::Value {
    let name = json!({"zh-CN": format!("阳光小区 7号楼2单元{door}"), "en": format!("Yangguang, building 7, unit 2, door {door}")});
    json!({"place": {"name": name, "town": "dianbu", "community": "u07", "estate": "e1", "building": "b07", "unit": "2", "household": format!("h{door}")}})
}

impl Bench {
    /// Something happens to alert `alert`, told so far to these.
    fn happens(&mut self, alert: u32, action: &str, told: Told<'_>, door: &str, seconds: i64) {
        self.happens_with(payload(alert, 1, "fever", Critical, action, "b07", seconds), told, door, seconds);
    }

    fn happens_with(&mut self, payload: Vec<u8>, told: Told<'_>, door: &str, seconds: i64) {
        self.hear_with(payload, &data(told, at_door(door)), seconds);
    }

    /// A critical fever begins, and comes to its levels at once.
    pub(super) fn begins(&mut self, alert: u32, door: &str, seconds: i64) {
        self.happens(alert, "raised", &[], door, seconds);
        self.happens(alert, "escalated", &AT_ONCE[..1], door, seconds);
        self.happens(alert, "escalated", AT_ONCE, door, seconds);
    }

    pub(super) fn texts(&self) -> Vec<(i64, String)> {
        let text = |send: &Send| Template::default().text(notice(send).unwrap(), &Names::new(), 2048).unwrap();
        self.calls.iter().map(|(second, send)| (*second, text(send))).collect()
    }

    /// The first line of each text.
    fn heads(&self) -> Vec<(i64, String)> {
        self.texts().into_iter().map(|(second, text)| (second, text.lines().next().unwrap().to_owned())).collect()
    }
}

fn heads(expected: &[(i64, &str)]) -> Vec<(i64, String)> {
    expected.iter().map(|(second, head)| (*second, (*head).to_owned())).collect()
}

#[test]
fn each_hears_of_a_fever_as_much_as_they_are_told_and_when() {
    let told = |who: &str| {
        let mut bench = of(&[who]);
        bench.begins(1, "502", 0);
        bench.run(0..900);
        let town: Told<'_> = &[AT_ONCE[0], AT_ONCE[1], (3, "unacknowledged", &[("s-command", "everything")])];
        bench.happens(1, "escalated", town, "502", 900);
        bench.run(900..1000);
        bench.happens(1, "resolved", town, "502", 1000);
        bench.run(1000..5000);
        bench
    };
    let up = "【紧急】警报上报 1 条";
    assert_eq!(told("s-nurse").heads(), heads(&[(0, "【紧急】警报 1 条"), (900, up), (1060, "【已结束】警报 1 条")]), "new to the nurse, and once");
    assert_eq!(told("s-office").heads(), heads(&[(0, "【紧急】警报 1 条"), (900, up), (1060, "【已结束】警报 1 条")]), "in parallel");
    assert_eq!(told("s-command").heads(), heads(&[(900, up), (1060, "【已结束】警报 1 条")]));
    assert!(told("s-zhao").calls.is_empty(), "whom nobody told is told nothing");
    let texts = told("s-lou").texts();
    let text = "【提醒】1 处请不要上楼\n· 15:04 阳光小区 7号楼2单元502：请不要上楼，社区会派人处理\n\n\
                Please do not go up: 1 place\n· 15:04 Yangguang, building 7, unit 2, door 502: please do not go up, the office sees to it";
    assert_eq!(texts[0], (60, text.to_owned()));
    let over = "【提醒】1 处提醒结束\n· 15:20 阳光小区 7号楼2单元502：提醒结束，上门前请先问社区\n\n\
                1 notice over\n· 15:20 Yangguang, building 7, unit 2, door 502: the notice is over; ask the office before you go up";
    assert_eq!((texts[1].0, texts[1].1.as_str(), texts.len()), (1060, over, 2));
    for (_, send) in &told("s-lou").calls {
        let told = notice(send).unwrap();
        assert!(
            !send.critical && told.lines.iter().all(|line| line.kind.is_none() && line.severity == Severity::Caution),
            "a neighbour is told no reason: {told:?}"
        );
        assert!(told.items.iter().all(|item| item.severity == Severity::Caution && !item.title.zh_cn.contains("fever")));
    }
}

#[test]
fn whoever_comes_on_duty_or_is_given_an_alert_or_hears_of_it_late_reads_since_when_it_is_so_also_when_reminded() {
    let (night, now) = (("2020-02-05T15:40:00Z", "2月5日 23:40", "5 Feb 23:40"), ("2020-02-06T07:04:00Z", "15:04", "15:04"));
    for (action, why, handed) in
        [("escalated", "duty_changed", true), ("assigned", "by_hand", true), ("escalated", "at_once", false), ("escalated", "unacknowledged", false)]
    {
        for (who, (first_at, zh, en)) in [(&["s-day"][..], night), (&["s-night", "s-day"], night), (&["s-day"], now), (&["s-night", "s-day"], now)] {
            let mut bench = of(who);
            let began = payload(1, 2, "fever", Critical, "escalated", "b07", 0);
            bench.hear_with(began, &data(&[(1, "at_once", &[("s-night", "everything")])], json!({"first_at": first_at})), 0);
            bench.run(0..60);
            let then = payload(1, 3, "fever", Critical, action, "b07", 60);
            bench.hear_with(then, &data(&[(1, why, &[("s-day", "everything")])], json!({"first_at": first_at})), 60);
            bench.run(60..2000);
            let texts = bench.texts();
            // what is given by hand is theirs to do by now, whatever they knew
            let given_again = who.len() == 2 && action == "assigned";
            assert_eq!(texts.len(), if given_again { 3 } else { 2 }, "told, and told again: {texts:?}");
            let last = &texts.last().unwrap().1;
            let says = last.contains(&format!("（自 {zh} 起）\n")) && last.contains(&format!(" (since {en})\n"));
            // a cluster is none since its first fever, and what was recorded late says when it was
            for unsaid in [("cluster", false), ("fever", true)] {
                let mut bench = of(&["s-day"]);
                let told = data(&[(1, "at_once", &[("s-day", "everything")])], json!({"first_at": night.0, "late": unsaid.1}));
                bench.hear_with(payload(1, 2, unsaid.0, Critical, "escalated", "b07", 0), &told, 0);
                bench.run(0..60);
                assert!(!bench.texts()[0].1.contains('自'), "{unsaid:?}: {:?}", bench.texts());
            }
            let is_old = first_at == night.0;
            assert_eq!(says, is_old || given_again || (handed && who.len() == 1), "{action} {why} to {who:?}, since {zh}: {last}");
            assert!(says || !last.contains('自'), "{last}");
        }
    }
}

#[test]
fn a_neighbour_hears_of_a_door_once_whatever_reasons_there_are_and_is_not_woken() {
    let mut bench = of(&["s-lou"]);
    bench.begins(1, "502", 0);
    bench.begins(2, "502", 10);
    bench.begins(3, "301", 20);
    bench.run(0..200);
    bench.happens(1, "acknowledged", AT_ONCE, "502", 200);
    bench.happens(1, "updated", AT_ONCE, "502", 200);
    bench.happens(1, "resolved", AT_ONCE, "502", 300);
    bench.run(200..4000);
    assert_eq!(bench.heads(), heads(&[(60, "【提醒】2 处请不要上楼")]), "another reason stands, and nobody is told again of what nobody took");
    bench.happens(2, "closed", AT_ONCE, "502", 4000);
    bench.run(4000..4100);
    assert_eq!(bench.heads()[1..], heads(&[(4060, "【提醒】1 处提醒结束")]));
    // what is over before it was told is told to nobody
    bench.begins(4, "101", 4200);
    bench.happens(4, "resolved", AT_ONCE, "101", 4230);
    bench.run(4200..4400);
    assert_eq!((bench.calls.len(), bench.machine.waiting()), (2, 0));
    // people sleep
    let mut bench = asleep(&["s-lou"]);
    bench.begins(1, "502", 0);
    bench.run(0..3000);
    assert_eq!(bench.heads(), heads(&[(1560, "【提醒】1 处请不要上楼")]), "in the morning");
}

#[test]
fn whoever_is_not_to_go_up_in_a_building_is_told_nothing_of_its_doors_until_that_is_over() {
    let name = json!({"zh-CN": "阳光小区 7号楼", "en": "Yangguang, building 7"});
    let all_of_it = json!({"key": "u07/cluster/building/b07", "place": {"name": name, "town": "dianbu", "community": "u07", "building": "b07"}});
    let mut bench = of(&["s-lou"]);
    bench.begins(1, "101", 0);
    bench.run(0..100);
    bench.hear_with(payload(99, 2, "cluster", Critical, "escalated", "b07", 100), &data(AT_ONCE, all_of_it.clone()), 100);
    (2..32).for_each(|alert| bench.begins(alert, &format!("{alert}02"), 100));
    bench.run(100..400);
    // a door of it is over, and the building is not
    bench.happens(1, "resolved", AT_ONCE, "101", 400);
    bench.happens(2, "resolved", AT_ONCE, "202", 400);
    bench.run(400..600);
    assert_eq!(bench.heads(), heads(&[(60, "【提醒】1 处请不要上楼"), (160, "【提醒】1 处请不要上楼")]), "thirty doors are one building");
    assert!(bench.texts()[1].1.contains("· 15:05 阳光小区 7号楼：请不要上楼"), "{:?}", bench.texts());
    // some of its doors still are
    (3..30).for_each(|alert| bench.happens(alert, "closed", AT_ONCE, &format!("{alert}02"), 600));
    bench.hear_with(payload(99, 3, "cluster", Critical, "resolved", "b07", 700), &data(AT_ONCE, all_of_it), 700);
    bench.run(600..1000);
    assert_eq!(bench.heads()[2..], heads(&[(760, "【提醒】2 处请不要上楼，1 处提醒结束")]));
}

#[test]
fn a_silenced_reason_is_told_to_no_neighbour() {
    let mut bench = of(&["s-lou"]);
    let silenced = json!({"suppressed": ["silenced"], "silenced_until": START.plus_ms(7_200_000)});
    let mut told = data(AT_ONCE, at_door("502"));
    told.as_object_mut().unwrap().extend(silenced.as_object().unwrap().clone());
    bench.hear_with(payload(1, 2, "fever", Critical, "escalated", "b07", 0), &told, 0);
    bench.run(0..300);
    assert_eq!((bench.calls.len(), bench.machine.report().suppressed.get(&Reason::Silenced)), (0, Some(&1)));
}

#[test]
fn whoever_goes_off_duty_is_neither_reminded_nor_told_of_the_end_and_who_comes_is_told() {
    let night: Told<'_> = &[(1, "duty_changed", &[("s-night", "everything"), ("s-other", "do_not_go_up")]), AT_ONCE[1]];
    let told = |who: &str| {
        let mut bench = of(&[who]);
        bench.begins(1, "502", 0);
        bench.run(0..300);
        bench.happens(1, "escalated", night, "502", 300);
        bench.run(300..2500);
        bench.happens(1, "resolved", night, "502", 2500);
        bench.run(2500..6000);
        bench.sorts().into_iter().map(|(second, sort, _)| (second, sort)).collect::<Vec<_>>()
    };
    assert_eq!(told("s-nurse"), [(0, Sort::News)]);
    assert_eq!(told("s-night"), [(300, Sort::News), (2100, Sort::Reminder), (2560, Sort::News)]);
    assert_eq!(told("s-office"), [(0, Sort::News), (1800, Sort::Reminder), (2560, Sort::News)], "that others are on duty below is no news");
    assert_eq!(told("s-lou"), [(60, Sort::DoNotGoUp)]);
    assert_eq!(told("s-other"), [(360, Sort::DoNotGoUp), (2560, Sort::DoNotGoUp)]);
}

#[test]
fn whoever_is_given_an_alert_by_hand_is_told_though_somebody_has_it() {
    let given: Told<'_> = &[AT_ONCE[0], (2, "by_hand", &[("s-zhao", "everything")])];
    let mut bench = of(&["s-zhao"]);
    bench.begins(1, "502", 0);
    bench.run(0..100);
    let mut told = data(given, at_door("502"));
    told.as_object_mut().unwrap().insert("acknowledged".to_owned(), json!({"by": "token:n1", "at": START, "until": null}));
    bench.hear_with(payload(1, 5, "fever", Critical, "assigned", "b07", 100), &told, 100);
    bench.run(100..300);
    assert_eq!(bench.heads(), heads(&[(100, "【紧急】警报 1 条")]));
}

#[test]
fn whoever_knows_of_an_alert_is_told_that_it_was_given_to_them_and_what_they_are_to_do_about_it() {
    let nurse_and_up: Told<'_> = &[AT_ONCE[0], AT_ONCE[1], (3, "unacknowledged", &[("s-command", "everything")])];
    let given: Told<'_> = &[AT_ONCE[0], AT_ONCE[1], (3, "by_hand", &[("s-nurse", "everything")])];
    let mut bench = of(&["s-nurse"]);
    bench.begins(1, "502", 0);
    bench.run(0..100);
    bench.happens(1, "escalated", nurse_and_up, "502", 100);
    bench.run(100..200);
    bench.happens(1, "assigned", given, "502", 200);
    bench.run(200..300);
    let texts = bench.texts();
    assert_eq!(texts.iter().map(|(second, _)| *second).collect::<Vec<_>>(), [0, 100, 200]);
    // it is given to somebody else now: they had it, and are told nothing
    let to_another: Told<'_> = &[(1, "by_hand", &[("s-nurse", "everything")]), AT_ONCE[1], (3, "by_hand", &[("s-other", "everything")])];
    bench.happens(1, "assigned", to_another, "502", 300);
    bench.run(300..400);
    assert_eq!(bench.texts().len(), texts.len(), "{:?}", bench.texts());
    let (_, text) = &texts[2];
    assert!(text.contains("指派给您：") && text.contains("given to you: "), "{text}");
    assert!(text.contains("下一步：陪同就医") && !text.contains("催社区"), "the town's step is not theirs: {text}");
}

#[test]
fn what_is_given_by_hand_and_goes_up_before_that_was_told_is_said_to_be_theirs() {
    let given: Told<'_> = &[(1, "by_hand", &[("s-zhao", "everything")])];
    let up: Told<'_> = &[given[0], (2, "unacknowledged", &[("s-office", "everything")])];
    let mut bench = of(&["s-zhao"]);
    bench.happens_with(payload(1, 5, "symptom", Serious, "assigned", "b07", 0), given, "502", 0);
    bench.happens_with(payload(1, 6, "symptom", Serious, "escalated", "b07", 30), up, "502", 30);
    bench.run(0..100);
    let [(60, text)] = &bench.texts()[..] else { panic!("{:?}", bench.texts()) };
    assert!(text.contains("已上报至2级：") && text.contains("（已指派给您）\n") && text.contains(" (given to you)\n"), "{text}");
}

#[test]
fn whoever_was_told_counts_reads_which_door_it_is_in_one_text_when_it_is_worse() {
    let counts: Told<'_> = &[(3, "vacant", &[("s-command", "counts")])];
    let all_of_it: Told<'_> = &[(3, "worse", &[("s-command", "everything")])];
    let told = |taken: bool| {
        let mut bench = of(&["s-command"]);
        bench.happens_with(payload(1, 1, "check_overdue", Serious, "escalated", "b07", 0), counts, "502", 0);
        bench.run(0..100);
        let mut upgraded = data(counts, at_door("502"));
        if taken {
            upgraded.as_object_mut().unwrap().insert("acknowledged".to_owned(), json!({"by": "token:n1", "at": START, "until": null}));
        }
        bench.hear_with(payload(1, 2, "check_overdue", Critical, "upgraded", "b07", 100), &upgraded, 100);
        bench.run(100..105);
        if !taken {
            bench.happens_with(payload(1, 3, "check_overdue", Critical, "escalated", "b07", 105), all_of_it, "502", 105);
        }
        bench.run(105..300);
        bench.texts()
    };
    let texts = told(false);
    let [(60, first), (105, second)] = &texts[..] else { panic!("{texts:?}") };
    assert!(!first.contains("502") && second.contains("加重：") && second.contains("502"), "{texts:?}");
    let texts = told(true);
    let [(60, _), (100, second)] = &texts[..] else { panic!("who has it knows where: {texts:?}") };
    assert!(!second.contains("502") && second.contains("（紧急"), "{texts:?}");
}

#[test]
fn another_check_that_comes_overdue_is_told_to_those_who_are_to_make_it_and_what_is_missed_is_not() {
    let keeper: Told<'_> = &[(1, "at_once", &[("s-keeper", "everything")]), (2, "unacknowledged", &[("s-office", "everything")])];
    let overdue_at = |second: i64| json!({"last_at": at(second).clock});
    let told = |who: &str| {
        let mut bench = of(&[who]);
        bench.hear_with(payload(1, 1, "check_overdue", Serious, "escalated", "b07", 0), &data(&keeper[..1], overdue_at(0)), 0);
        bench.hear_with(payload(1, 2, "check_overdue", Serious, "escalated", "b07", 300), &data(keeper, overdue_at(0)), 300);
        bench.run(0..3000);
        // the evening's check, and hours later the end of the day, at which it counts as missed
        bench.hear_with(payload(1, 3, "check_overdue", Serious, "updated", "b07", 3000), &data(keeper, overdue_at(3000)), 3000);
        bench.run(3000..3100);
        bench.hear_with(payload(1, 4, "check_overdue", Serious, "updated", "b07", 4000), &data(keeper, overdue_at(3000)), 4000);
        bench.run(4000..4100);
        bench.heads().into_iter().filter(|(second, head)| *second >= 3000 && !head.contains("无人接手")).collect::<Vec<_>>()
    };
    assert_eq!(told("s-keeper"), heads(&[(3060, "【需处理】警报 1 条")]));
    assert_eq!(told("s-office"), [], "who only sees that it is made hears of how long it is not");
}

#[test]
fn what_waits_and_is_given_to_others_is_not_told_any_more() {
    let theirs: Told<'_> = &[(1, "by_hand", &[("s-lou", "everything")])];
    for (then, left) in [(&[("s-zhao", "everything"), ("s-lou", "do_not_go_up")][..], 1), (&[("s-zhao", "everything")], 0), (&[("s-lou", "counts")], 1)] {
        let mut bench = asleep(&["s-lou"]);
        bench.happens_with(payload(1, 1, "symptom", Serious, "escalated", "b07", 0), theirs, "502", 0);
        bench.run(0..200);
        bench.happens_with(payload(1, 2, "symptom", Serious, "assigned", "b07", 200), &[(1, "by_hand", then)], "502", 200);
        bench.run(200..3000);
        let texts = bench.texts();
        assert_eq!(texts.len(), left, "{then:?}: {texts:?}");
        assert!(!texts.iter().any(|(_, text)| text.contains("symptom")), "{then:?}: {texts:?}");
    }
}

#[test]
fn a_building_and_a_door_of_the_same_name_are_two() {
    let named = |more: serde_json::Value| {
        let mut data =
            json!({"place": {"name": {"zh-CN": "阳光小区 7号楼", "en": "Yangguang, building 7"}, "town": "dianbu", "community": "u07", "building": "b07"}});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data
    };
    let mut bench = of(&["s-lou"]);
    // somebody at no door that is known, and the building
    bench.hear_with(payload(1, 2, "fever", Critical, "escalated", "b07", 0), &data(AT_ONCE, named(json!({}))), 0);
    bench.hear_with(payload(99, 2, "cluster", Critical, "escalated", "b07", 0), &data(AT_ONCE, named(json!({"key": "u07/cluster/building/b07"}))), 0);
    (2..9).for_each(|alert| bench.begins(alert, &format!("{alert}02"), 0));
    bench.run(0..200);
    assert_eq!(bench.heads(), heads(&[(60, "【提醒】1 处请不要上楼")]));
}

#[test]
fn what_is_told_as_counts_names_no_door() {
    let town: Told<'_> = &[(1, "at_once", &[("s-nurse", "everything")]), (3, "by_hand", &[("s-command", "counts")])];
    let mut bench = of(&["s-command"]);
    bench.happens_with(payload(1, 2, "check_overdue", Serious, "escalated", "b07", 0), town, "502", 0);
    bench.run(0..3000);
    assert_eq!(bench.heads(), heads(&[(60, "【需处理】警报上报 1 条"), (1860, "【需处理】目前无人接手：1 件")]));
    let bytes = String::from_utf8(bench.told).unwrap();
    assert!(!["502", "7号楼", "b07"].iter().any(|door| bytes.contains(door)), "{bytes}");
}

#[test]
fn a_leader_whose_turn_it_is_reads_what_it_is() {
    let own: Told<'_> = &[(1, "by_hand", &[("s-lou", "everything")])];
    let mut bench = of(&["s-lou"]);
    bench.begins(1, "502", 0);
    bench.run(0..100);
    bench.happens(1, "assigned", own, "502", 100);
    bench.run(100..200);
    bench.happens(1, "resolved", own, "502", 200);
    bench.run(200..400);
    assert_eq!(bench.heads(), heads(&[(60, "【提醒】1 处请不要上楼"), (100, "【紧急】警报 1 条"), (260, "【已结束】警报 1 条")]));
}

#[test]
fn a_share_in_a_word_that_is_not_known_is_none() {
    let mut bench = of(&["s-nurse"]);
    bench.happens(1, "escalated", &[(1, "at_once", &[("s-nurse", "a_word_of_tomorrow")])], "502", 0);
    bench.run(0..100);
    assert_eq!((bench.calls.len(), bench.machine.report().suppressed.get(&Reason::Filtered)), (0, Some(&1)));
}

#[test]
fn whoever_is_told_at_several_levels_is_told_as_much_as_at_any() {
    for [first, second] in [["everything", "do_not_go_up"], ["do_not_go_up", "everything"]] {
        let mut bench = of(&["s-nurse"]);
        bench.happens(1, "escalated", &[(1, "at_once", &[("s-nurse", first)]), (2, "at_once", &[("s-nurse", second)])], "502", 0);
        bench.run(0..100);
        assert_eq!(bench.sorts(), [(0, Sort::News, 1)], "{first} and {second}");
    }
}

/// When people are reminded of alert 1, of which they are told at the start; it goes up to the office at a time.
fn reminded(mut bench: Bench, (kind, severity): (&str, Severity), goes_up: Option<i64>, until: i64) -> Vec<i64> {
    bench.hear_with(payload(1, 1, kind, severity, "escalated", "b07", 0), &data(&AT_ONCE[..1], json!({})), 0);
    for second in 0..until {
        if goes_up == Some(second) {
            bench.hear_with(payload(1, 2, kind, severity, "escalated", "b07", second), &data(AT_ONCE, json!({})), second);
        }
        bench.second(second, |_| Outcome::Delivered);
    }
    bench.sorts().into_iter().filter(|(_, sort, _)| *sort == Sort::Reminder).map(|(second, ..)| second).collect()
}

#[test]
fn reminders_come_less_often_at_night_and_when_people_wake_and_none_of_what_went_up() {
    let hours = QuietHours { from: TimeOfDay::of(15, 30), until: TimeOfDay::of(18, 0) };
    let (night, morning) = (26 * 60, 176 * 60);
    let at_night = |staff: &str, goes_up| {
        let bench = Bench::new(Plan { quiet: Some(Quiet { hours, zone: Zone::default() }), ..of(&[staff]).machine.plan().clone() });
        reminded(bench, ("fever", Critical), goes_up, morning + 3601)
    };
    assert!(night < 1800, "it begins before the first reminder");
    assert_eq!(at_night("s-nurse", None), [1800, 3600, 7200, morning, morning + 1800, morning + 3600]);
    assert_eq!(at_night("s-nurse", Some(0)), [morning, morning + 1800, morning + 3600], "others have been told: it lets them sleep");
    assert_eq!(at_night("s-office", Some(0)), [1800, 3600, 7200, morning, morning + 1800, morning + 3600], "whose turn it is is woken");
}

#[test]
fn a_night_begins_with_its_own_pause_and_nobody_is_woken_for_what_they_read_when_they_wake() {
    // told at the start, and reminded each half hour until a night that begins shortly after `evening`
    let reminders = |evening: i64, morning: i64| {
        let time = |second: i64| Zone::default().time_of_day(at(second).clock);
        let hours = QuietHours { from: time(evening), until: time(morning) };
        let bench = Bench::new(Plan { quiet: Some(Quiet { hours, zone: Zone::default() }), ..of(&["s-nurse"]).machine.plan().clone() });
        reminded(bench, ("fever", Critical), None, morning + 1801)
    };
    // the hours begin and end with a minute
    let minutes = |minutes: i64| minutes * 60;
    assert_eq!(reminders(minutes(80), minutes(600)), [1800, 3600, 7200, 14400, 28800, 36000, 37800], "open for an hour: in an hour");
    assert_eq!(reminders(minutes(80), minutes(500)), [1800, 3600, 7200, 14400, 30000, 31800], "28,800 is twenty minutes before they wake");
    assert_eq!(reminders(minutes(80), minutes(100)), [1800, 3600, 6000, 7800], "a night as short as that has none");
}

#[test]
fn whoever_is_woken_for_one_reads_of_what_would_wake_them_later() {
    let hours = QuietHours { from: TimeOfDay::of(15, 0), until: TimeOfDay::of(23, 0) };
    let mut bench = Bench::new(Plan { quiet: Some(Quiet { hours, zone: Zone::default() }), ..of(&["s-nurse"]).machine.plan().clone() });
    bench.happens(1, "escalated", &AT_ONCE[..1], "502", 0);
    bench.run(0..5000);
    bench.happens(2, "escalated", &AT_ONCE[..1], "302", 5000);
    bench.run(5000..20_000);
    let reminders: Vec<_> = bench.sorts().into_iter().filter(|(_, sort, _)| *sort == Sort::Reminder).collect();
    let alerts = |second| bench.calls.iter().find(|(at, _)| *at == second).map(|(_, send)| notice(send).unwrap().alerts());
    let told: Vec<(i64, Option<u64>)> = reminders.iter().map(|(second, ..)| (*second, alerts(*second))).collect();
    // the first is due at 7,200, and half of its hour is over; from then on they come together, at the pace of the younger
    assert_eq!(told, [(1800, Some(1)), (3600, Some(1)), (6800, Some(2)), (8600, Some(1)), (12_200, Some(2)), (19_400, Some(2))]);
}

#[test]
fn more_of_the_same_at_night_does_not_bring_the_reminder_nearer() {
    let hours = QuietHours { from: TimeOfDay::of(15, 0), until: TimeOfDay::of(23, 0) };
    let mut bench = Bench::new(Plan { quiet: Some(Quiet { hours, zone: Zone::default() }), ..of(&["s-nurse"]).machine.plan().clone() });
    bench.happens(1, "escalated", &AT_ONCE[..1], "502", 0);
    for second in 0..15_000 {
        if second % 600 == 300 {
            bench.happens(1, "updated", &AT_ONCE[..1], "502", second);
        }
        bench.second(second, |_| Outcome::Delivered);
    }
    let reminders: Vec<i64> = bench.sorts().into_iter().filter(|(_, sort, _)| *sort == Sort::Reminder).map(|(second, ..)| second).collect();
    assert_eq!(reminders, [1800, 3600, 7200, 14_400]);
}

#[test]
fn level_1_is_not_reminded_of_what_is_not_critical_once_it_went_up() {
    let silent = ("building_silent", Severity::Caution);
    assert_eq!(reminded(of(&["s-nurse"]), silent, None, 7500), [1860, 3660, 5460, 7260]);
    assert_eq!(reminded(of(&["s-nurse"]), silent, Some(5400), 7500), [1860, 3660]);
    assert_eq!(reminded(of(&["s-office"]), silent, Some(0), 7500), [1860, 3660, 5460, 7260]);
    assert_eq!(reminded(of(&["s-nurse"]), ("fever", Critical), Some(5400), 7201), [1800, 3600, 5400, 7200]);
}
