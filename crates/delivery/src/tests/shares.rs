//! How much of an alert those are told whose receiver it is.

use domain::alert::Severity::Critical;

use super::*;

/// The receiver of somebody.
fn of(staff: &str) -> Bench {
    Bench::new(Plan { staff: vec![staff.parse().unwrap()], ..plan(Channel::Wecom, Class::Work) })
}

/// Who was told at each level from the first on, and how much.
fn told(levels: &[(&str, &str)]) -> serde_json::Value {
    let level =
        |(level, (staff, share)): (u8, &(&str, &str))| json!({"level": level, "why": "at_once", "since": START, "staff": [{"staff": staff, "share": share}]});
    let told: Vec<_> = (1..).zip(levels).map(level).collect();
    json!({"level": told.len(), "told": told, "owner": {"level": told.len(), "staff": null, "why": "at_once", "gaps": []}})
}

#[test]
fn a_share_in_a_word_that_is_not_known_is_none() {
    let mut bench = of("s-nurse");
    bench.hear_with(payload(1, 2, "fever", Critical, "escalated", "b07", 0), &told(&[("s-nurse", "a_word_of_tomorrow")]), 0);
    bench.run(0..100);
    assert_eq!((bench.calls.len(), bench.machine.report().suppressed.get(&Reason::Filtered)), (0, Some(&1)));
}

#[test]
fn whoever_is_told_at_several_levels_is_told_as_much_as_at_any() {
    for levels in [[("s-nurse", "everything"), ("s-nurse", "do_not_go_up")], [("s-nurse", "do_not_go_up"), ("s-nurse", "everything")]] {
        let mut bench = of("s-nurse");
        bench.hear_with(payload(1, 2, "fever", Critical, "escalated", "b07", 0), &told(&levels), 0);
        bench.run(0..100);
        assert_eq!(bench.sorts(), [(0, Sort::News, 1)], "{levels:?}");
    }
}
