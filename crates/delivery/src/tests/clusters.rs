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
fn a_cluster_is_told_of_again_as_it_grows_and_of_the_people_in_it_nobody_is_reminded_until_it_is_over() {
    for (cluster_stands, until_over, after) in [(true, 0, 2), (false, 1, 0)] {
        let mut bench = Bench::new(Plan { cluster_stands, ..plan(Channel::Wecom, Class::Work) });
        bench.hear(1, "fever", Critical, "raised", "b07", 0);
        bench.hear(2, "fever", Critical, "raised", "b08", 0);
        bench.hear(9, "cluster", Critical, "raised", "b07", 5);
        bench.hear_with(payload(3, 1, "fever", Critical, "raised", "b07", 10), &json!({"suppressed": ["inhibited"]}), 10);
        bench.hear(9, "cluster", Critical, "updated", "b07", 11);
        bench.hear(9, "cluster", Critical, "acknowledged", "b07", 600);
        bench.hear(2, "fever", Critical, "acknowledged", "b08", 600);
        bench.run(0..2500);
        let reminders = |bench: &Bench| bench.sorts().iter().filter(|(_, sort, _)| *sort == Sort::Reminder).count();
        assert_eq!(reminders(&bench), until_over, "while it stands: {:?}", bench.sorts());
        bench.hear(9, "cluster", Critical, "closed", "b07", 2500);
        bench.run(2500..2600);
        let told = bench.sorts().into_iter().filter(|(second, sort, _)| *second >= 2500 && *sort == Sort::Reminder).map(|(.., count)| count).sum::<u64>();
        assert_eq!(told, after, "of those whom nobody took: {:?}", bench.sorts());
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

/// The cluster is taken before it comes to the level of those who are told; fever 3 comes there, and then the cluster, and then fever 4.
fn taken_by_others(from_level: Option<u8>, class: Class) -> Bench {
    let turn = |level: u8| json!({"owner": {"level": level, "staff": null, "gaps": [], "why": "unacknowledged"}, "level": level});
    let filter = Filter { from_level, ..Filter::default() };
    let mut bench = Bench::new(Plan { filter, cluster_stands: true, ..plan(Channel::Wecom, class) });
    bench.hear(9, "cluster", Critical, "raised", "b07", 0);
    bench.run(0..300);
    bench.hear(9, "cluster", Critical, "acknowledged", "b07", 300);
    bench.run(300..900);
    inhibited(&mut bench, 3, "escalated", "b07", &turn(3), 900);
    bench.run(900..1000);
    bench.hear_with(payload(9, 2, "cluster", Critical, "escalated", "b07", 1000), &turn(3), 1000);
    inhibited(&mut bench, 4, "escalated", "b07", &turn(3), 1001);
    bench.run(1000..1100);
    bench
}

#[test]
fn a_cluster_that_others_took_stands_for_nobody_to_those_who_were_not_told_of_it() {
    let town = taken_by_others(Some(3), Class::Work);
    let told: Vec<_> = town.calls.iter().filter_map(|(second, send)| Some((*second, notice(send)?.items[0].alert.as_str()))).collect();
    assert_eq!(told, [(900, "a3"), (1000, "a9")], "of a fever that came to them, and of no other once they know of the cluster");
    assert_eq!(taken_by_others(Some(3), Class::Public).sorts(), [(900, Sort::News, 1), (1000, Sort::News, 1)], "and so it is counted");
    let everybody = taken_by_others(None, Class::Work);
    assert_eq!(everybody.machine.report().suppressed.get(&Reason::Inhibited), Some(&2), "who knows of the cluster hears of no fever");
}

#[test]
fn while_nobody_can_be_told_a_cluster_grows_in_one_text() {
    let mut bench = Bench::new(Plan { cluster_stands: true, ..plan(Channel::Wecom, Class::Work) });
    bench.hear(9, "cluster", Critical, "raised", "b07", 0);
    bench.run(0..100);
    let limits = |second: i64| move |_: &Send| if second < 700 { Outcome::Limited { hold_ms: 60_000 } } else { Outcome::Delivered };
    for second in 100..1000 {
        if second % 70 == 0 && second < 600 {
            bench.hear(9, "cluster", Critical, "updated", "b07", second);
        }
        bench.second(second, limits(second));
    }
    let grown: Vec<u64> = bench.calls.iter().filter(|(second, _)| *second >= 700).filter_map(|(_, send)| Some(notice(send)?.count())).collect();
    assert_eq!(grown, [1, 6], "what was tried already, and all that came after it: {:?}", bench.sorts());
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
