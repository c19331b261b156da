//! A cluster stands for the people in it, where that is wanted.

use domain::alert::Severity::Critical;

use super::*;

#[test]
fn a_cluster_stands_for_the_people_in_it_where_that_is_wanted_and_the_cluster_is_told() {
    let only = |kind: &str| Filter { kinds: vec![kind.parse().unwrap()], ..Filter::default() };
    for (cluster_stands, filter, told) in [(false, Filter::default(), 1), (true, Filter::default(), 0), (true, only("fever"), 1)] {
        let mut bench = Bench::new(Plan { cluster_stands, filter, ..plan(Channel::Wecom, Class::Work) });
        bench.hear_with(payload(3, 1, "fever", Critical, "raised", "b07", 0), &json!({"suppressed": ["inhibited"]}), 0);
        bench.hear_with(payload(4, 1, "fever", Critical, "raised", "b07", 0), &json!({"suppressed": ["silenced", "inhibited"]}), 0);
        bench.run(0..100);
        assert_eq!(bench.calls.len(), told, "{:?}; silenced is silenced", bench.machine.plan());
    }
}

#[test]
fn of_the_people_in_a_cluster_nobody_is_reminded_until_it_is_over() {
    for class in [Class::Work, Class::Public] {
        let cluster_stands = class == Class::Work;
        let mut bench = Bench::new(Plan { cluster_stands, ..plan(Channel::Wecom, class) });
        bench.hear(1, "fever", Critical, "raised", "b07", 0);
        bench.hear(2, "fever", Critical, "raised", "b08", 0);
        bench.hear(9, "cluster", Critical, "raised", "b07", 5);
        bench.hear_with(payload(3, 1, "fever", Critical, "raised", "b07", 10), &json!({"suppressed": ["inhibited"]}), 10);
        bench.hear(9, "cluster", Critical, "updated", "b07", 11);
        bench.hear(9, "cluster", Critical, "acknowledged", "b07", 600);
        bench.hear(2, "fever", Critical, "acknowledged", "b08", 600);
        bench.run(0..2500);
        let reminders = |bench: &Bench| bench.sorts().iter().filter(|(_, sort, _)| *sort == Sort::Reminder).count();
        assert_eq!(reminders(&bench), 0, "while it stands: {:?}", bench.sorts());
        bench.hear(9, "cluster", Critical, "closed", "b07", 2500);
        bench.run(2500..2600);
        let told = bench.sorts().into_iter().filter(|(second, sort, _)| *second >= 2500 && *sort == Sort::Reminder).map(|(.., count)| count).sum::<u64>();
        assert_eq!(told, 2, "of those whom nobody took: {:?}", bench.sorts());
    }
}

fn inhibited(bench: &mut Bench, alert: u32, action: &str, building: &str, data: &serde_json::Value, second: i64) {
    let mut more = json!({"suppressed": ["inhibited"]});
    more.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
    bench.hear_with(payload(alert, 1, "fever", Critical, action, building, second), &more, second);
}

#[test]
fn a_cluster_stands_for_its_fevers_though_its_own_turn_has_not_come_to_those_who_are_told() {
    let turn = |level: u8| json!({"owner": {"level": level, "staff": null, "gaps": [], "why": "unacknowledged"}, "level": level});
    for cluster_goes_up in [false, true] {
        let filter = Filter { from_level: Some(3), ..Filter::default() };
        let mut bench = Bench::new(Plan { filter, cluster_stands: true, ..plan(Channel::Wecom, Class::Work) });
        bench.hear(9, "cluster", Critical, "raised", "b07", 0);
        inhibited(&mut bench, 3, "escalated", "b07", &turn(3), 900);
        if cluster_goes_up {
            bench.hear_with(payload(9, 2, "cluster", Critical, "escalated", "b07", 900), &turn(3), 900);
        }
        bench.run(900..4000);
        let told = bench.calls.iter().filter_map(|(_, send)| notice(send)).flat_map(|told| &told.items).map(|item| item.alert.as_str());
        let told: std::collections::BTreeSet<&str> = told.collect();
        assert_eq!(told.into_iter().collect::<Vec<_>>(), if cluster_goes_up { vec!["a9"] } else { vec![] }, "told of nobody's door, and reminded of none");
        assert_eq!(bench.machine.report().suppressed.get(&Reason::Inhibited), Some(&1), "and it is counted");
    }
}

#[test]
fn a_cluster_that_somebody_has_stands_for_its_fevers_to_those_above_too() {
    let turn = |level: u8| json!({"owner": {"level": level, "staff": null, "gaps": [], "why": "unacknowledged"}, "level": level});
    let filter = Filter { from_level: Some(3), ..Filter::default() };
    let mut bench = Bench::new(Plan { filter, cluster_stands: true, ..plan(Channel::Wecom, Class::Work) });
    bench.hear(9, "cluster", Critical, "raised", "b07", 0);
    bench.hear(9, "cluster", Critical, "acknowledged", "b07", 300);
    inhibited(&mut bench, 3, "escalated", "b07", &turn(3), 900);
    bench.run(900..4000);
    assert_eq!((bench.sorts(), bench.machine.report().suppressed.get(&Reason::Inhibited)), (vec![], Some(&1)));
}

#[test]
fn a_cluster_grows_in_one_text_in_ten_minutes_and_not_for_those_who_are_told_of_each() {
    let only_clusters = Filter { kinds: vec!["cluster".parse().unwrap()], ..Filter::default() };
    for (cluster_stands, filter, expected) in [
        (true, Filter::default(), vec![(0, 1), (670, 9), (1300, 9), (1930, 1)]),
        (false, only_clusters, vec![(0, 1), (670, 9), (1300, 9), (1930, 1)]),
        (false, Filter::default(), vec![(0, 1)]),
    ] {
        let mut bench = Bench::new(Plan { cluster_stands, filter, ..plan(Channel::Wecom, Class::Work) });
        bench.hear(9, "cluster", Critical, "raised", "b07", 0);
        bench.hear(9, "cluster", Critical, "acknowledged", "b07", 1);
        for second in 0..2500 {
            if second % 70 == 0 && (1..1400).contains(&second) {
                let taken = json!({"acknowledged": {"by": "token:o1", "at": START, "until": null}});
                bench.hear_with(payload(9, 2, "cluster", Critical, "updated", "b07", second), &taken, second);
            }
            bench.second(second, |_| Outcome::Delivered);
        }
        let told: Vec<(i64, u64)> = bench.sorts().into_iter().map(|(second, _, count)| (second, count)).collect();
        assert_eq!(told, expected, "{:?}", bench.machine.plan());
    }
}

#[test]
fn that_a_cluster_grows_puts_off_no_reminder_that_nobody_has_it() {
    for class in [Class::Work, Class::Public] {
        let mut bench = Bench::new(Plan { cluster_stands: true, ..plan(Channel::Wecom, class) });
        bench.hear(9, "cluster", Critical, "raised", "b07", 0);
        for second in 0..5500 {
            if second % 100 == 50 {
                bench.hear(9, "cluster", Critical, "updated", "b07", second);
            }
            bench.second(second, |_| Outcome::Delivered);
        }
        let reminders: Vec<i64> = bench.sorts().into_iter().filter(|(_, sort, _)| *sort == Sort::Reminder).map(|(second, ..)| second).collect();
        assert_eq!(reminders, [1800, 3600, 5400], "{:?}", bench.sorts());
    }
}

#[test]
fn that_a_fever_of_a_cluster_goes_up_is_no_news_to_those_who_know_of_it() {
    let turn = json!({"owner": {"level": 3, "staff": null, "gaps": [], "why": "unacknowledged"}, "level": 3});
    let only_fevers = Filter { kinds: vec!["fever".parse().unwrap()], ..Filter::default() };
    let above = Filter { from_level: Some(3), ..Filter::default() };
    for (filter, expected) in [(Filter::default(), vec![0, 5]), (only_fevers, vec![0, 900]), (above, vec![900])] {
        let mut bench = Bench::new(Plan { filter, ..plan(Channel::Wecom, Class::Work) });
        bench.hear(1, "fever", Critical, "raised", "b07", 0);
        bench.run(0..5);
        bench.hear(9, "cluster", Critical, "raised", "b07", 5);
        bench.run(5..900);
        inhibited(&mut bench, 1, "escalated", "b07", &turn, 900);
        bench.run(900..1000);
        assert_eq!(bench.sorts().into_iter().map(|(second, ..)| second).collect::<Vec<_>>(), expected, "{:?}", bench.machine.plan());
    }
}

#[test]
fn people_hear_of_the_end_of_whom_they_were_told_and_of_nobody_elses() {
    let mut bench = Bench::new(Plan { cluster_stands: true, ..plan(Channel::Wecom, Class::Work) });
    bench.hear(1, "fever", Critical, "raised", "b07", 0);
    bench.hear(9, "cluster", Critical, "raised", "b07", 1);
    inhibited(&mut bench, 2, "raised", "b07", &json!({}), 2);
    bench.run(0..100);
    inhibited(&mut bench, 1, "resolved", "b07", &json!({"state": "resolved"}), 100);
    bench.hear_with(payload(9, 2, "cluster", Critical, "resolved", "b07", 101), &json!({"state": "resolved"}), 101);
    // the last to end comes after its cluster, and says nothing of it
    bench.hear_with(payload(2, 2, "fever", Critical, "resolved", "b07", 102), &json!({"state": "resolved"}), 102);
    bench.run(100..300);
    let over = bench.calls.iter().filter_map(|(_, send)| notice(send)).flat_map(|told| &told.items).filter(|item| item.action == Some(Action::Resolved));
    let mut over: Vec<&str> = over.map(|item| item.alert.as_str()).collect();
    over.sort_unstable();
    assert_eq!(over, ["a1", "a9"], "{:?}", bench.sorts());
}

#[test]
fn who_was_reminded_of_somebody_hears_of_their_end_too() {
    let mut bench = Bench::new(Plan { cluster_stands: true, ..plan(Channel::Wecom, Class::Work) });
    bench.hear(9, "cluster", Critical, "raised", "b07", 0);
    inhibited(&mut bench, 2, "raised", "b07", &json!({}), 1);
    bench.hear_with(payload(9, 2, "cluster", Critical, "closed", "b07", 100), &json!({"state": "closed"}), 100);
    bench.run(0..2000);
    assert_eq!(bench.sorts().last(), Some(&(1801, Sort::Reminder, 1)), "{:?}", bench.sorts());
    bench.hear_with(payload(2, 2, "fever", Critical, "resolved", "b07", 2000), &json!({"state": "resolved"}), 2000);
    bench.run(2000..2100);
    assert_eq!(bench.sorts().last(), Some(&(2060, Sort::News, 1)), "{:?}", bench.sorts());
}

#[test]
fn a_cluster_that_is_silenced_stands_for_nobody_in_reminders() {
    let mut bench = Bench::new(Plan { cluster_stands: true, ..plan(Channel::Wecom, Class::Work) });
    bench.hear(9, "cluster", Critical, "raised", "b07", 0);
    inhibited(&mut bench, 3, "raised", "b07", &json!({}), 1);
    // silenced before anybody was reminded
    bench.silences = Box::new(|_, alert| Some((alert == "a9").then_some(100_000)));
    bench.run(0..2000);
    let reminded: Vec<_> = bench.calls.iter().filter_map(|(second, send)| notice(send).filter(|told| told.sort == Sort::Reminder).map(|_| *second)).collect();
    assert_eq!(reminded.len(), 1, "of the fever: {:?}", bench.sorts());
}

#[test]
fn what_is_silenced_and_in_a_cluster_is_still_in_it_when_the_silence_is_over() {
    let mut bench = Bench::new(Plan { cluster_stands: true, ..plan(Channel::Wecom, Class::Work) });
    bench.hear(9, "cluster", Critical, "raised", "b07", 0);
    bench.hear(9, "cluster", Critical, "acknowledged", "b07", 1);
    let until = START.plus_ms(600_000);
    bench.hear_with(payload(3, 1, "fever", Critical, "raised", "b07", 2), &json!({"suppressed": ["silenced", "inhibited"], "silenced_until": until}), 2);
    bench.run(0..4000);
    assert_eq!(bench.sorts(), [(0, Sort::News, 1)]);
}

#[test]
fn only_the_fevers_of_its_building_are_its_own() {
    let mut bench = Bench::new(Plan { cluster_stands: true, ..plan(Channel::Wecom, Class::Work) });
    inhibited(&mut bench, 3, "raised", "b07", &json!({}), 0);
    bench.hear(1, "symptom", Critical, "raised", "b07", 0);
    bench.hear(2, "fever", Critical, "raised", "b08", 0);
    bench.hear(9, "cluster", Critical, "raised", "b07", 0);
    bench.hear(9, "cluster", Critical, "acknowledged", "b07", 10);
    bench.run(0..1900);
    assert_eq!(bench.sorts().last(), Some(&(1801, Sort::Reminder, 2)), "{:?}", bench.sorts());
}

#[test]
fn who_only_counts_counts_what_nobody_took_in_a_cluster_too() {
    let mut bench = Bench::new(Plan { cluster_stands: true, ..plan(Channel::Wecom, Class::Public) });
    bench.hear_with(payload(1, 1, "fever", Critical, "raised", "b07", 0), &json!({"suppressed": ["inhibited"]}), 0);
    bench.run(0..1900);
    assert_eq!(bench.sorts(), [(1800, Sort::Reminder, 1)]);
}

#[test]
fn who_was_given_a_fever_by_hand_is_reminded_of_it_unless_they_know_of_its_cluster() {
    let given: share::Told<'_> = &[(1, "by_hand", &[("s-zhao", "everything")])];
    let reminded = |knows: bool| {
        let mut bench = share::of(&["s-zhao"]);
        let cluster: share::Told<'_> = &[(1, "at_once", &[(if knows { "s-zhao" } else { "s-nurse" }, "everything")])];
        bench.hear_with(payload(9, 2, "cluster", Critical, "escalated", "b07", 0), &share::data(cluster, json!({})), 0);
        let told = share::data(given, json!({"suppressed": ["inhibited"]}));
        bench.hear_with(payload(1, 2, "fever", Critical, "assigned", "b07", 10), &told, 10);
        bench.run(0..1900);
        let reminders = bench.calls.iter().filter_map(|(_, send)| notice(send)).filter(|notice| notice.sort == Sort::Reminder);
        reminders.flat_map(|notice| notice.items.iter().map(|item| item.alert.clone())).collect::<Vec<_>>()
    };
    assert_eq!((reminded(false), reminded(true)), (vec!["a1".to_owned()], vec!["a9".to_owned()]));
}
