//! However the log fails and intake restarts meanwhile: the same commands come to the same events.

use std::time::Duration;

use bus::event_log::NextAppend;
use domain::{Event, estate, values::CommandId};
use intake::Limits;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{
    contract::assert_chained,
    harness::{HERE, House, command},
};

/// What is asked, over few entities, so that commands meet.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Building {
        building: u8,
        name: u8,
    },
    Household {
        household: u8,
        building: u8,
        label: u8,
    },
    Person {
        person: u8,
        household: u8,
        name: u8,
    },
    Visit {
        household: u8,
        person: u8,
    },
    Order {
        person: u8,
    },
    Check {
        person: u8,
    },
    /// Takes back the command asked so many places before.
    Retract {
        before: u8,
    },
    /// The command asked so many places before, again.
    Again {
        before: u8,
    },
}

/// What goes wrong before a group of commands.
#[derive(Clone, Copy, Debug)]
enum Fault {
    AckLost,
    NotSent,
    /// So many of the first are stored, and that is told or not.
    Torn {
        first: usize,
        told: bool,
    },
    /// Somebody else founds a community meanwhile.
    Overtaken,
    Restart,
    /// Restart without the store.
    StoreLost,
}

/// Some commands in one body, and what goes wrong.
#[derive(Clone, Debug)]
struct Step {
    faults: Vec<Fault>,
    asked: Vec<Asked>,
}

fn asked() -> impl Strategy<Value = Asked> {
    prop_oneof![
        2 => (0..3u8, 0..3u8).prop_map(|(building, name)| Asked::Building { building, name }),
        3 => (0..4u8, 0..3u8, 0..2u8).prop_map(|(household, building, label)| Asked::Household { household, building, label }),
        3 => (0..4u8, 0..4u8, 0..3u8).prop_map(|(person, household, name)| Asked::Person { person, household, name }),
        4 => (0..4u8, 0..4u8).prop_map(|(household, person)| Asked::Visit { household, person }),
        1 => (0..4u8).prop_map(|person| Asked::Order { person }),
        2 => (0..4u8).prop_map(|person| Asked::Check { person }),
        2 => (1..6u8).prop_map(|before| Asked::Retract { before }),
        2 => (1..9u8).prop_map(|before| Asked::Again { before }),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        3 => Just(Fault::AckLost),
        3 => Just(Fault::NotSent),
        3 => (0..4_usize, any::<bool>()).prop_map(|(first, told)| Fault::Torn { first, told }),
        3 => Just(Fault::Overtaken),
        1 => Just(Fault::Restart),
        1 => Just(Fault::StoreLost),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (prop::collection::vec(fault(), 0..4), prop::collection::vec(asked(), 1..8)).prop_map(|(faults, asked)| Step { faults, asked });
    prop::collection::vec(step, 1..8)
}

/// The commands of all steps; ids follow from their places.
fn commands(steps: &[Step]) -> Vec<Vec<Json>> {
    let mut all: Vec<Json> = Vec::new();
    let mut groups = Vec::new();
    for step in steps {
        let start = all.len();
        for asked in &step.asked {
            let before = |count: u8| all.len().checked_sub(usize::from(count)).map(|place| all[place].clone());
            let id = Uuid::from_u128(0x1000 + all.len() as u128);
            let made = match *asked {
                Asked::Building { building, name } => {
                    command(id, "building.register", json!({"building": format!("b{building}"), "name": format!("{name}号楼"), "address": format!("街{name}")}))
                }
                Asked::Household { household, building, label } => command(
                    id,
                    "household.register",
                    json!({"household": format!("h{household}"), "building": format!("b{building}"), "label": format!("户{label}")}),
                ),
                Asked::Person { person, household, name } => {
                    command(id, "person.register", json!({"person": format!("p{person}"), "household": format!("h{household}"), "name": format!("人{name}")}))
                }
                Asked::Visit { household, person } => {
                    let people = json!([{"person": format!("p{person}"), "note": "咳嗽", "readings": [{"celsius": 37.9, "site": "ear"}]}]);
                    command(id, "visit.record", json!({"household": format!("h{household}"), "outcome": "met", "mode": "door", "people": people}))
                }
                Asked::Order { person } => command(
                    id,
                    "quarantine.order",
                    json!({"quarantine": format!("q{person}"), "person": format!("p{person}"), "kind": "home", "count_from": {"date": "2020-02-05", "basis": "exposure"}}),
                ),
                Asked::Check { person } => command(
                    id,
                    "quarantine.check",
                    json!({"checks": [{"quarantine": format!("q{person}"), "outcome": "reached", "symptoms": []}], "mode": "phone"}),
                ),
                Asked::Retract { before: count } => {
                    let target = before(count).map_or_else(|| json!(Uuid::from_u128(1)), |command| command["id"].clone());
                    command(id, "record.retract", json!({"command": target, "reason": "错"}))
                }
                Asked::Again { before: count } => before(count).unwrap_or_else(|| command(id, "building.register", json!({"building": "b0", "name": "楼"}))),
            };
            all.push(made);
        }
        groups.push(all[start..].to_vec());
    }
    groups
}

/// What is told of a command, without the sequence, which others move.
fn word(told: &Json) -> String {
    told["problem"]["code"].as_str().or(told["status"].as_str()).unwrap().to_owned()
}

async fn run(steps: &[Step], with_faults: bool) -> (Vec<String>, House) {
    let mut house = House::with(Limits { outcome_wait: Duration::from_secs(60), ..Limits::default() }).await;
    let mut told = Vec::new();
    for (number, (step, group)) in steps.iter().zip(commands(steps)).enumerate() {
        for (place, fault) in step.faults.iter().enumerate().filter(|_| with_faults) {
            match fault {
                Fault::AckLost => house.memory.next_append(NextAppend::AckLost),
                Fault::NotSent => house.memory.next_append(NextAppend::NotSent),
                Fault::Torn { first, told } => house.memory.next_append(NextAppend::Torn { first: *first, told: *told }),
                Fault::Overtaken => {
                    let elsewhere = format!("u9{number}{place}");
                    let event: Event = estate::Renamed { estate: "e1".parse().unwrap(), name: "别处".to_owned() }.into();
                    let theirs = house.foreign(&elsewhere, CommandId(Uuid::now_v7()), [1; 16], vec![event]).await;
                    house.memory.next_append(NextAppend::Overtaken(theirs));
                }
                Fault::Restart => house.restart().await,
                Fault::StoreLost => house.restart_from_the_log().await,
            }
        }
        told.extend(house.lines(&group).await.iter().map(word));
    }
    (told, house)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn faults_change_neither_what_is_told_nor_what_is_recorded(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let (told, house) = run(&steps, true).await;
            let (expected, calm) = run(&steps, false).await;
            prop_assert_eq!(told, expected);
            // the founding has an id of its own in each house
            let without_founding = |mut meaning: std::collections::BTreeMap<CommandId, Vec<String>>| { meaning.retain(|id, _| id.0.as_u128() < 1 << 64); meaning };
            let (found, wanted) = (without_founding(house.meaning(HERE).await), without_founding(calm.meaning(HERE).await));
            prop_assert_eq!(found, wanted);
            assert_chained(&house).await;
            Ok(())
        })?;
    }
}
