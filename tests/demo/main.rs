//! The demo speaks the contract: what it founds and what it reports is accepted, command by command, by the rules themselves.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use demo::{Community, Demo, Intensity, Scale, Sent};
use jiff::civil::{Date, date};
use serde_json::{Value, json};
use testkit::World;

/// The first day, and those that follow: an order, its checks, a release.
const DAYS: i32 = 3;

fn first() -> Date {
    date(2020, 2, 6)
}

/// A community with everything that happens in it, in the order in which it is sent.
fn life(community: &Community) -> Vec<Sent> {
    let days = (0..DAYS).flat_map(|day| community.day(first() + jiff::Span::new().days(day), Intensity::FULL));
    let mut sent: Vec<Sent> = community.founding().chain(days).collect();
    sent.sort_by_key(|sent| sent.send);
    sent
}

/// Records what is accepted; counts what came of all of it.
fn record(world: &mut World, sent: &[Sent], told: &mut BTreeMap<String, (usize, Value)>) {
    for sent in sent {
        let (command, now) = (sent.command.to_json(), sent.send.to_string());
        let shape = world.shape_error(sent.command.kind, sent.command.data.clone());
        let answer = shape.map_or_else(|| world.decide_command(&command, &now).map_err(|refusal| refusal.to_string()), Err);
        let outcome = answer.as_ref().map_or_else(|refusal| format!("{}: {refusal}", sent.command.kind), |_| "accepted".to_owned());
        told.entry(outcome).or_insert_with(|| (0, command.clone())).0 += 1;
        if answer.is_ok() {
            world.record_command(&command, &now);
        }
    }
}

#[test]
fn every_command_of_the_demo_is_accepted() {
    let demo = Demo::new(7, Scale::Tiny, first());
    let mut told = BTreeMap::new();
    let mut names = BTreeSet::new();
    for community in demo.communities() {
        let mut world = World::empty(&community.spec().slug);
        record(&mut world, &life(&community), &mut told);
        names.extend(world.commits().iter().flat_map(|commit| &commit.events).map(|event| event.name()));
    }
    let accepted = told.remove("accepted").map_or(0, |(count, _)| count);
    assert!(told.is_empty(), "refused, with how often and the first of them: {:#}", json!(told));
    assert!(accepted > 10_000, "only {accepted} commands");
    for name in ["visit.recorded.v1", "entry.recorded.v1", "quarantine.checked.v1", "building.reported.v1"] {
        assert!(names.contains(name), "{name} never happened");
    }
}
