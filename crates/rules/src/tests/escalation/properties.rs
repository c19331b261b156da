//! What holds of any duties, in whatever order they are told.

use proptest::prelude::*;

use super::*;

const BEGIN: &str = "2020-02-06T00:00";
const MINUTES: i64 = 3 * 24 * 60;

fn minutes(minutes: i64) -> Timestamp {
    at(BEGIN).plus_minutes(minutes)
}

fn post() -> impl Strategy<Value = (DutyScope, &'static str, u8)> {
    let scope = prop::sample::select(vec![in_community(), in_building(), of_order()]);
    let duty = prop::sample::select(vec![("nurse", 1), ("keeper", 1), ("leader", 1), ("office", 2), ("command", 3)]);
    (scope, duty).prop_map(|(scope, (duty, level))| (scope, duty, level))
}

fn fact() -> impl Strategy<Value = Event> {
    let who = || prop::sample::select(vec!["s1", "s2", "s3"]);
    let when = || (-MINUTES..MINUTES).prop_map(minutes);
    let standing = prop::sample::select(Standing::ALL);
    prop_oneof![
        4 => (post(), who(), standing, when(), prop::option::of(when())).prop_map(|((scope, duty, level), who, standing, from, until)| {
            responsibility::Assigned { standing, from, until, ..assigned(scope, duty, level, who) }.into()
        }),
        2 => (post(), who(), when()).prop_map(|((scope, duty, level), who, until)| given_up(scope, duty, level, who, until).into()),
        2 => (post(), prop::collection::vec((who(), when(), 1..900_i64), 0..4)).prop_map(|((scope, duty, level), shifts)| {
            let shift = |(who, from, long): (&str, Timestamp, i64)| Shift { staff: staff(who), from, until: from.plus_minutes(long) };
            roster::Planned { scope, duty: word(duty), level, shifts: shifts.into_iter().map(shift).collect() }.into()
        }),
        2 => (who(), when(), 0..900_i64).prop_map(|(who, from, long)| {
            absence::Declared { staff: staff(who), from, until: from.plus_minutes(long), private: None }.into()
        }),
        1 => Just(lies_in_grid().into()),
        1 => Just(ordered(Kind::Home, day("2020-02-01")).into()),
        1 => Just(released().into()),
    ]
}

fn facts() -> impl Strategy<Value = Vec<(u64, Event)>> {
    prop::collection::vec(fact(), 1..24).prop_map(|facts| (1..).zip(facts).collect())
}

fn play(facts: Vec<(u64, Event)>, rule: &'static str, severity: Severity, raised: i64) -> Play {
    let raised_at = Zone::default().local(minutes(raised)).replace(' ', "T");
    Play::from(duties_of(facts), Policy::default(), (rule, severity), (&raised_at, &raised_at))
}

fn rule() -> impl Strategy<Value = (&'static str, Severity)> {
    let rules = vec![("fever", Severity::Critical), ("fever", Severity::Serious), ("check_overdue", Severity::Serious), ("building_silent", Severity::Caution)];
    prop::sample::select(rules)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_duplicates_give_the_same_duties((facts, shuffled) in facts().prop_flat_map(|facts| {
        let twice: Vec<_> = facts.iter().chain(facts.iter().step_by(3)).cloned().collect();
        (Just(facts), Just(twice).prop_shuffle())
    })) {
        prop_assert_eq!(duties_of(facts), duties_of(shuffled));
    }

    #[test]
    fn what_is_owed_does_not_change_before_next_change(facts in facts(), (rule, severity) in rule(), raised in 0..MINUTES / 2, later in 0..MINUTES, part in 0.0..1.0_f64) {
        let mut play = play(facts, rule, severity, raised);
        let until = Zone::default().local(minutes(raised + later)).replace(' ', "T");
        // as it stands after some time, everybody told
        if part < 0.7 {
            play = play.until(&until);
        }
        let (now, judged) = (play.now, play.judged(play.now));
        let until = judged.next_change.unwrap_or(now.plus_minutes(MINUTES));
        prop_assert!(until > now);
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "some instant in between")]
        let between = now.plus_ms(((until.0 - now.0 - 1) as f64 * part) as i64);
        for instant in [between, until.plus_ms(-1)] {
            prop_assert_eq!(play.judged(instant).owed, judged.owed.clone(), "between {} and {}", now, until);
        }
    }

    #[test]
    fn it_comes_to_rest_and_a_replay_owes_nothing((facts, shuffled) in facts().prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle())),
        (rule, severity) in rule(), raised in 0..MINUTES / 2) {
        let mut played = play(facts, rule, severity, raised).until("2020-02-10T00:00");
        prop_assert!(played.told.windows(2).all(|pair| pair[0] != pair[1]), "{:#?}", played.told);
        // another instance that read the same facts in another order
        played.duties = duties_of(shuffled);
        prop_assert_eq!(played.judged(played.now).owed, None);
    }
}
