//! The same facts in another order: what is alarmed about in the end, why and since when is the same.

use std::collections::BTreeMap;

use domain::alert::{Alert, State};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// What was measured of somebody of building 7, at home or at the gate, so many minutes ago.
fn facts() -> impl Strategy<Value = Vec<(i64, (&'static str, Value))>> {
    let celsius = prop::sample::select(vec![36.5, 36.5, 37.2, 37.4, 37.9, 38.5]);
    let one = (prop::sample::select(vec!["p1", "p2", "p4"]), celsius, prop::sample::select(vec!["axilla", "axilla", "forehead"]), any::<bool>());
    let fact = one.prop_map(|(person, celsius, site, at_gate)| {
        if !at_gate {
            return visit(person, celsius, site);
        }
        let (kind, mut data) = entry(person, "in", "admitted");
        data["readings"] = json!([{"celsius": celsius, "site": site}]);
        (kind, data)
    });
    // often within the time for measuring again; no two at one instant: which of them decides is told by their ids, and each order has its own
    let ago = (0..5_i64, 0..12_i64).prop_map(|(days, quarters)| 1 + days * 24 * 60 + quarters * 15);
    prop::collection::btree_map(ago, fact, 2..12).prop_map(|facts| facts.into_iter().collect())
}

/// A causing event, by what it says and when.
fn said(world: &World, cause: &str) -> String {
    let found = world.commits().iter().find_map(|commit| {
        let (event, _) = commit.events.iter().zip(0..).find(|(_, index)| commit.header.event_id(*index).to_string() == cause)?;
        Some(format!("{} {} {}", commit.header.at, event.name(), testkit::payload(event)))
    });
    found.unwrap_or_else(|| panic!("{cause} is no event"))
}

/// Every open alert of these facts: what it is about, how bad, why, since when and how many.
fn standing(world: &World) -> BTreeMap<String, String> {
    let known: &dyn domain::Known = world;
    let told = world.commits().iter().flat_map(|commit| &commit.events).filter_map(Alert::step);
    let told = told.filter(|step| ["fever", "cluster"].contains(&step.key.rule.as_str()));
    let states: BTreeMap<String, std::sync::Arc<State>> =
        told.filter_map(|step| Some((step.key.full(world.community_id()), known.alert(step.alert.key_hash())?))).collect();
    let open = states.into_iter().filter(|(_, state)| state.needs_somebody());
    let line = |state: &State| {
        let occurrence = &state.occurrence;
        let causes: Vec<String> = occurrence.causes.iter().map(|cause| said(world, cause)).collect();
        let times = (occurrence.first_at, occurrence.last_at);
        format!("{:?} {} {} {times:?} {causes:#?}", occurrence.severity, occurrence.unconfirmed, occurrence.occurrences)
    };
    open.map(|(key, state)| (key, line(&state))).collect()
}

/// What stands in the end, where an instance hears of each fact by itself, and ends and begins anew after some.
async fn in_the_end(facts: &[(i64, (&'static str, Value))]) -> BTreeMap<String, String> {
    let town = Town::new(&["u07"]).await;
    for (kind, data) in [
        ("household.register", json!({"household": "h501", "building": "b07", "unit": "2", "floor": 5, "door": "501"})),
        ("person.register", json!({"person": "p4", "name": "某人", "household": "h501"})),
    ] {
        town.record(kind, data, "2020-02-01T10:00").await;
    }
    let mut instance = Instance::new(&town.log, &town.clock);
    for ((ago, (kind, data)), number) in facts.iter().zip(0_u32..) {
        town.record(kind, data.clone(), &(town.clock.now())().plus_minutes(-ago).to_string()).await;
        instance.settle(&town.intake).await;
        if number % 3 == 2 {
            instance.crash(number % 2 == 0);
        }
    }
    instance.settle(&town.intake).await;
    let world = town.intake.world("u07").await;
    check_log(&world);
    standing(&world)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_same_facts_in_another_order_come_to_the_same_alerts_causes_and_times(
        (facts, shuffled) in facts().prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle()))
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        prop_assert_eq!(runtime.block_on(in_the_end(&facts)), runtime.block_on(in_the_end(&shuffled)));
    }
}
