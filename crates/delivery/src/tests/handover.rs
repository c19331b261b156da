//! A shift that is handed over: in one text, the worst first, and what a cluster stands for as a count.

use domain::alert::Severity::{self, Critical, Serious};

use super::{
    share::{Told, asleep, data, of},
    *,
};

#[test]
fn a_shift_is_handed_over_in_one_text() {
    let night: Told<'_> = &[(1, "at_once", &[("s-night", "everything")])];
    let day: Told<'_> = &[(1, "duty_changed", &[("s-day", "everything")])];
    let mut bench = of(&["s-day"]);
    let began = json!({"first_at": "2020-02-05T15:40:00Z"});
    for alert in 1..=6 {
        let (kind, severity) = if alert % 2 == 0 { ("fever", Critical) } else { ("symptom", Critical) };
        let building = format!("b{alert:02}");
        bench.hear_with(payload(alert, 1, kind, severity, "escalated", &building, 0), &data(night, began.clone()), 0);
        let second = i64::from(alert) * 5;
        bench.hear_with(payload(alert, 2, kind, severity, "escalated", &building, second), &data(day, began.clone()), second);
        bench.run(second..second + 5);
    }
    bench.run(35..100);
    let [(second, text)] = &bench.texts()[..] else { panic!("{:?}", bench.texts()) };
    assert_eq!(*second, 65);
    assert!(
        text.starts_with("【紧急】警报 交接 6 条\nu07 症状（紧急，交接）3\n") || text.starts_with("【紧急】警报 交接 6 条\nu07 发热（紧急，交接）3\n"),
        "{text}"
    );
    assert!(text.contains("\ncritical: 6 handed over to you\n") && text.contains("(critical, handed over) 3\n"), "{text}");
    // what comes by itself meanwhile waits for nothing
    bench.begins(7, "502", 100);
    assert_eq!(bench.texts().len(), 1);
}

/// What the receiver of who is on duty by day from 100 s on is told of alerts that began so many minutes after midnight.
fn handed(mut bench: Bench, what: &[(u32, &str, Severity, i64)]) -> Vec<(i64, bool, Vec<String>)> {
    let day: Told<'_> = &[(1, "duty_changed", &[("s-day", "everything")])];
    for (place, (alert, kind, severity, minute)) in (100..).zip(what) {
        let began = json!({"first_at": Timestamp(1_580_918_400_000).plus_ms(minute * 60_000)});
        bench.hear_with(payload(*alert, 2, kind, *severity, "escalated", &format!("b{alert:02}"), place), &data(day, began), place);
        bench.run(place..place + 1);
    }
    bench.run(110..400);
    let told = |(second, send): &(i64, Send)| (*second, send.critical, notice(send).unwrap().items.iter().map(|item| item.alert.clone()).collect());
    bench.calls.iter().map(told).collect()
}

#[test]
fn a_handover_is_one_text_the_worst_first_and_of_equals_what_is_open_for_longest() {
    let mixed =
        [(1, "symptom", Serious, 5), (2, "fever", Critical, 90), (4, "symptom", Critical, 30), (5, "fever", Critical, 60), (3, "check_overdue", Serious, 2)];
    let listed = ["a4", "a5", "a2", "a3", "a1"].map(str::to_owned).to_vec();
    assert_eq!(handed(of(&["s-day"]), &mixed), [(160, true, listed.clone())], "a minute after the first of it");
    assert_eq!(handed(asleep(&["s-day"]), &mixed), [(160, true, listed)], "whoever comes on duty at night reads all of it");
    let ordinary = [mixed[0], mixed[4]];
    assert_eq!(handed(of(&["s-day"]), &ordinary), [(160, false, vec!["a3".to_owned(), "a1".to_owned()])]);
    assert_eq!(handed(asleep(&["s-day"]), &ordinary), [], "and is not woken for what is not critical");
}

#[test]
fn a_handover_lists_no_fever_that_a_cluster_stands_for_and_nothing_that_somebody_has() {
    let began = |more: serde_json::Value| {
        let mut data = json!({"first_at": "2020-02-05T15:40:00Z"});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data
    };
    let day: Told<'_> = &[(1, "duty_changed", &[("s-day", "everything")])];
    let mut bench = of(&["s-day"]);
    let taken = json!({"acknowledged": {"by": "token:o1", "at": START, "until": null}});
    for (alert, more) in [(1, json!({"suppressed": ["inhibited"]})), (2, taken), (3, json!({})), (4, json!({"suppressed": ["inhibited"]}))] {
        bench.hear_with(payload(alert, 2, "fever", Critical, "escalated", "b07", 0), &data(day, began(more)), 0);
    }
    bench.run(0..100);
    let [(_, send)] = &bench.calls[..] else { panic!("{:?}", bench.sorts()) };
    let told = notice(send).unwrap();
    assert_eq!((told.alerts(), told.items.iter().map(|item| item.alert.as_str()).collect::<Vec<_>>()), (3, vec!["a3"]));
    let text = &bench.texts()[0].1;
    assert!(text.starts_with("【紧急】警报 交接 3 条\nu07 发热（紧急，交接）1\nu07 发热（紧急，交接，已并入聚集）2\n· "), "{text}");
    assert!(text.contains("\n另有 2 条，请看警报页\n") && text.contains("\nu07: Fever (critical, handed over, part of a cluster) 2\n"), "{text}");
}

#[test]
fn what_is_over_before_a_handover_is_told_is_told_as_that() {
    let day: Told<'_> = &[(1, "duty_changed", &[("s-day", "everything")])];
    let mut bench = of(&["s-day"]);
    let began = json!({"first_at": "2020-02-05T15:40:00Z"});
    for alert in [1, 2] {
        bench.hear_with(payload(alert, 2, "fever", Critical, "escalated", "b07", 0), &data(day, began.clone()), 0);
    }
    bench.run(0..30);
    bench.hear_with(payload(1, 3, "fever", Critical, "resolved", "b07", 30), &data(day, began), 30);
    bench.run(30..200);
    let [(60, text)] = &bench.texts()[..] else { panic!("{:?}", bench.texts()) };
    assert!(text.starts_with("【紧急】警报 交接 1 条，结束 1 条\nu07 发热（紧急，交接）1\nu07 发热（已结束）1\n"), "{text}");
}
