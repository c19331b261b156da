//! Any history: facts, time, two instances that lag, die, lose their stores and their answers, and somebody who closes alerts.

use std::collections::BTreeSet;

use domain::alert::Alert;
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::Trouble;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Record(&'static str, Value, i64),
    Forward(i64),
    Fold(usize, u64),
    Judge(usize),
    Deliver(usize, usize, Option<Trouble>),
    Answer(usize),
    Crash(usize, bool),
    Rebuild(usize),
    CloseOne(usize),
    TakeOne(usize, Option<i64>),
}

fn fact() -> impl Strategy<Value = (&'static str, Value)> {
    let person = || prop::sample::select(vec!["p1", "p2"]);
    let celsius = prop::sample::select(vec![36.5, 37.2, 37.3, 37.9, 38.5]);
    let site = prop::sample::select(vec!["axilla", "forehead", "ear"]);
    prop_oneof![
        4 => (prop::sample::select(vec!["h502", "h502", "h101"]), person(), celsius, site)
            .prop_map(|(household, person, celsius, site)| visit_to(household, person, celsius, site)),
        1 => Just(order()),
        2 => (person(), prop::sample::select(vec!["in", "out"]), prop::sample::select(vec!["admitted", "turned_back", "waiting"]))
            .prop_map(|(person, direction, result)| entry(person, direction, result)),
        2 => prop::sample::select(vec!["reached", "not_home", "no_answer"]).prop_map(check),
        1 => prop::sample::select(vec!["b07", "b08"]).prop_map(report),
        2 => (prop::sample::select(vec!["h502", "h101"]), prop::sample::select(vec!["met", "absent", "vacant"]))
            .prop_map(|(household, outcome)| ("visit.record", json!({"household": household, "outcome": outcome, "mode": "door", "round": "r1"}))),
        1 => (0..40_u32).prop_map(|hours| {
            ("round.open", json!({"round": "r1", "closes_at": format!("2020-02-{:02}T{:02}:00:00+08:00", 6 + hours / 24, hours % 24)}))
        }),
        1 => Just(("round.close", json!({"round": "r1"}))),
        1 => Just(("quarantine.release", json!({"quarantine": "q1", "reason": "moved"}))),
        2 => duties(),
        1 => prop::sample::select(vec![10, 45, 90]).prop_map(|minutes| ("policy.set", json!({"grace_minutes": minutes, "remeasure_minutes": minutes}))),
    ]
}

/// Who has which duty, who is on shift, who is away: everything of the one who works here.
fn duties() -> impl Strategy<Value = (&'static str, Value)> {
    let post = || prop::sample::select(vec![("nurse", 1), ("keeper", 1), ("leader", 1), ("office", 2), ("command", 3)]);
    let scope = || prop::sample::select(vec![json!({"community": "u07"}), json!({"building": "b07"}), json!({"person": "p1"})]);
    let day = || (5..9_u32, 0..24_u32).prop_map(|(day, hour)| format!("2020-02-{day:02}T{hour:02}:00:00+08:00"));
    prop_oneof![
        4 => (scope(), post()).prop_map(|(scope, (name, level))| duty(scope, name, level, "s-yang")),
        1 => (scope(), post()).prop_map(|(scope, (name, level))| ("responsibility.release", duty(scope, name, level, "s-yang").1)),
        1 => (scope(), post(), day(), day()).prop_map(|(scope, (name, level), from, until)| {
            ("roster.set", json!({"scope": scope, "duty": name, "level": level, "shifts": [{"staff": "s-yang", "from": from, "until": until}]}))
        }),
        1 => (day(), day()).prop_map(|(from, until)| ("staff.absent", json!({"staff": "s-yang", "from": from, "until": until}))),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let instance = || 0..2_usize;
    let trouble = prop_oneof![4 => Just(None), 1 => Just(Some(Trouble::AnswerLost)), 1 => Just(Some(Trouble::Away))];
    prop_oneof![
        4 => (fact(), prop::sample::select(vec![0_i64, 0, 20, 600])).prop_map(|((kind, data), ago)| Step::Record(kind, data, ago)),
        2 => prop::sample::select(vec![5_i64, 31, 240, 700, 1500]).prop_map(Step::Forward),
        4 => (instance(), 1..6_u64).prop_map(|(instance, count)| Step::Fold(instance, count)),
        4 => instance().prop_map(Step::Judge),
        5 => (instance(), 0..8_usize, trouble).prop_map(|(instance, place, trouble)| Step::Deliver(instance, place, trouble)),
        3 => instance().prop_map(Step::Answer),
        1 => (instance(), any::<bool>()).prop_map(|(instance, flushed)| Step::Crash(instance, flushed)),
        1 => instance().prop_map(Step::Rebuild),
        1 => (0..8_usize).prop_map(Step::CloseOne),
        1 => (0..8_usize, prop::option::of(5..90_i64)).prop_map(|(place, minutes)| Step::TakeOne(place, minutes)),
    ]
}

/// Somebody does something about one of the open alerts.
async fn do_with_one(town: &Town, place: usize, kind: &str, mut more: Value) {
    let world = town.intake.world("u07").await;
    let active: BTreeSet<_> =
        world.commits().iter().flat_map(|commit| &commit.events).filter_map(|event| Alert::step(event).map(|step| step.alert.key_hash().clone())).collect();
    let known: &dyn domain::Known = &world;
    let open: Vec<_> = active.iter().filter_map(|hash| known.alert(hash)).filter(|state| state.is_active()).collect();
    if let Some(state) = open.get(place % open.len().max(1)) {
        (more["alert"], more["n"]) = (json!(state.alert), json!(state.n));
        town.record(kind, more, &(town.clock.now())().to_string()).await;
    }
}

async fn run(steps: Vec<Step>) {
    let town = Town::new(&["u07"]).await;
    let mut instances = [Instance::new(&town.log, &town.clock), Instance::new(&town.log, &town.clock)];
    for step in steps {
        match step {
            Step::Record(kind, data, ago) => {
                let at = (town.clock.now())().plus_minutes(-ago).to_string();
                // some of these cannot be at that time; a refusal is fine
                drop(town.intake.offer("u07", kind, data, &at).await);
            }
            Step::Forward(minutes) => town.clock.forward_minutes(minutes),
            Step::Fold(instance, count) => drop(instances[instance].fold(count).await),
            Step::Judge(instance) => drop(instances[instance].judge()),
            Step::Deliver(instance, place, trouble) => {
                if let Some(trouble) = trouble.filter(|_| !instances[instance].on_their_way.is_empty()) {
                    town.intake.next_observation(trouble).await;
                }
                instances[instance].deliver(place, &town.intake).await;
            }
            Step::Answer(instance) => instances[instance].answer(),
            Step::Crash(instance, flushed) => instances[instance].crash(flushed),
            Step::Rebuild(instance) => instances[instance].rebuild(),
            Step::CloseOne(place) => do_with_one(&town, place, "alert.close", json!({"reason": "false_alarm"})).await,
            Step::TakeOne(place, minutes) => {
                let until = minutes.map(|minutes| (town.clock.now())().plus_minutes(minutes));
                do_with_one(&town, place, "alert.acknowledge", json!({"until": until})).await;
            }
        }
    }
    // one that runs on is enough
    let [survivor, _] = &mut instances;
    survivor.settle(&town.intake).await;
    check_counts(survivor);
    let world = town.intake.world("u07").await;
    check_log(&world);
    check_gaps(&world);
    check_replay(&town).await;
}

/// What makes a gap, or ends it: fevers of two people in two buildings, who has which duty, who takes what is open, and time.
fn about_gaps() -> impl Strategy<Value = Step> {
    let post = || prop::sample::select(vec![("nurse", 1), ("nurse", 1), ("keeper", 1), ("office", 2)]);
    let measured = (prop::sample::select(vec!["h502", "h101"]), prop::sample::select(vec!["p1", "p2"]), prop::sample::select(vec![36.5, 38.5, 38.5]));
    let now = |(kind, data)| Step::Record(kind, data, 0);
    prop_oneof![
        5 => measured.prop_map(move |(household, person, celsius)| now(visit_to(household, person, celsius, "axilla"))),
        2 => post().prop_map(move |(name, level)| now(duty(json!({"community": "u07"}), name, level, "s-yang"))),
        1 => post().prop_map(move |(name, level)| now(("responsibility.release", duty(json!({"community": "u07"}), name, level, "s-yang").1))),
        2 => prop::sample::select(vec![5_i64, 240, 1500, 6000]).prop_map(Step::Forward),
        1 => (0..8_usize, prop::option::of(5..90_i64)).prop_map(|(place, minutes)| Step::TakeOne(place, minutes)),
    ]
}

/// After each step all is said that is to be said.
async fn settle_each(steps: Vec<Step>) {
    let town = Town::new(&["u07"]).await;
    let (kind, data) = duty(json!({"community": "u07"}), "office", 2, "s-yang");
    town.record(kind, data, NOON).await;
    let mut instance = Instance::new(&town.log, &town.clock);
    for step in steps {
        match step {
            Step::Record(kind, data, _) => {
                // nobody can be relieved of a duty that they do not have
                drop(town.intake.offer("u07", kind, data, &(town.clock.now())().to_string()).await);
            }
            Step::Forward(minutes) => town.clock.forward_minutes(minutes),
            Step::TakeOne(place, minutes) => {
                let until = minutes.map(|minutes| (town.clock.now())().plus_minutes(minutes));
                do_with_one(&town, place, "alert.acknowledge", json!({"until": until})).await;
            }
            other => unreachable!("{other:?} makes no gap"),
        }
        instance.settle(&town.intake).await;
        check_gaps(&town.intake.world("u07").await);
    }
    check_replay(&town).await;
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn crashes_rebuilds_lost_answers_and_a_second_instance_raise_nothing_twice(steps in prop::collection::vec(step(), 20..90)) {
        runtime().block_on(run(steps));
    }

    #[test]
    fn a_vacant_post_is_said_where_and_for_as_long_as_it_is_one(steps in prop::collection::vec(about_gaps(), 5..25)) {
        runtime().block_on(settle_each(steps));
    }
}
