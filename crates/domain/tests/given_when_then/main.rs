//! given / when / then: every aggregate, its states and what may be asked of it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where it stopped")]

use domain::Event;
use serde_json::{Value, json};
use testkit::{World, said};

mod access;
mod alert;
mod arrival;
mod building;
mod checkpoint;
mod community;
mod duty;
mod entry;
mod envelope;
mod escalation;
mod estate;
mod household;
mod medical;
mod nudge;
mod person;
mod policy;
mod quarantine;
mod quarantine_check;
mod record;
mod responsibility;
mod round;
mod silence;
mod staff;
mod visit;

/// One line of a table: why it is there, the command's type and data, and what is said of the answer.
type Line<'a> = (&'a str, &'a str, Value, &'a str);

/// Given a world, when each command is asked at `at`, then the answer is the one in the table. Nothing is recorded.
#[track_caller]
fn check(world: &World, at: &str, table: &[Line<'_>]) {
    for (why, kind, data, expected) in table {
        let answer = world.decide(kind, data.clone(), at);
        assert_eq!(said(&answer), *expected, "{why}: {kind} {data} gave {answer:?}");
    }
}

/// The events of a command that must be accepted.
#[track_caller]
fn accepted(world: &World, kind: &str, data: Value, at: &str) -> Vec<Event> {
    world.decide(kind, data, at).unwrap_or_else(|refusal| panic!("{kind} was refused: {refusal:?}"))
}

/// `count` copies of a value, as a JSON list.
fn repeated(count: usize, value: impl Fn(usize) -> Value) -> Value {
    json!((0..count).map(value).collect::<Vec<_>>())
}
