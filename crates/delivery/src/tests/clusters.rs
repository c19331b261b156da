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

#[test]
fn only_the_fevers_of_its_building_are_its_own() {
    let mut bench = Bench::new(Plan { cluster_stands: true, ..plan(Channel::Wecom, Class::Work) });
    bench.hear(3, "fever", Critical, "raised", "b07", 0);
    bench.hear(1, "symptom", Critical, "raised", "b07", 0);
    bench.hear(2, "fever", Critical, "raised", "b08", 0);
    bench.hear(9, "cluster", Critical, "raised", "b07", 0);
    bench.hear(9, "cluster", Critical, "acknowledged", "b07", 10);
    bench.run(0..1900);
    assert_eq!(bench.sorts().last(), Some(&(1802, Sort::Reminder, 2)), "{:?}", bench.sorts());
}

#[test]
fn who_only_counts_counts_what_nobody_took_in_a_cluster_too() {
    let mut bench = Bench::new(Plan { cluster_stands: true, ..plan(Channel::Wecom, Class::Public) });
    bench.hear_with(payload(1, 1, "fever", Critical, "raised", "b07", 0), &json!({"suppressed": ["inhibited"]}), 0);
    bench.run(0..1900);
    assert_eq!(bench.sorts(), [(1800, Sort::Reminder, 1)]);
}
