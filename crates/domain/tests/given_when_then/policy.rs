//! Parameters are data with dates.

use super::*;
use domain::{Known, values::Site};
use testkit::field;

fn fever(threshold: Value) -> Value {
    json!({"fever": {"threshold": threshold}})
}

fn times(rule: &str, times: u32) -> Value {
    json!({"rules": {rule: {"times": times}}})
}

fn regime(opens: &str, due: &str) -> Value {
    json!({"regimes": {"strict": {"days": 14, "slots": [{"name": "am", "opens": opens, "due": due}]}}})
}

#[test]
fn every_parameter_has_its_bounds() {
    let twice = json!({"regimes": {"strict": {"days": 14, "slots": [
        {"name": "am", "opens": "06:00", "due": "12:00"}, {"name": "am", "opens": "13:00", "due": "20:00"}]}}});
    let disordered = json!({"regimes": {"strict": {"days": 14, "slots": [
        {"name": "pm", "opens": "13:00", "due": "20:00"}, {"name": "am", "opens": "06:00", "due": "12:00"}]}}});
    check(
        &World::founded(),
        "2020-02-02T08:00",
        &[
            ("nothing asked", "policy.set", json!({}), "unchanged"),
            ("what holds already", "policy.set", json!({"grace_minutes": 30}), "unchanged"),
            ("the default threshold", "policy.set", fever(json!(37.3)), "unchanged"),
            ("another grace", "policy.set", json!({"grace_minutes": 31}), "policy.changed"),
            ("a week of grace", "policy.set", json!({"grace_minutes": 7 * 24 * 60}), "policy.changed"),
            ("hours after the day of an arrival", "policy.set", json!({"rules": {"arrival": {"hours": 12}}}), "policy.changed"),
            ("more than a week", "policy.set", json!({"grace_minutes": 7 * 24 * 60 + 1}), "422 too_large /data/grace_minutes"),
            ("more than a week", "policy.set", json!({"remeasure_minutes": 7 * 24 * 60 + 1}), "422 too_large /data/remeasure_minutes"),
            ("a week, in hours", "policy.set", json!({"stale_after_hours": 7 * 24}), "policy.changed"),
            ("more than a week, in hours", "policy.set", json!({"stale_after_hours": 7 * 24 + 1}), "422 too_large /data/stale_after_hours"),
            ("lowest threshold", "policy.set", fever(json!(36.5)), "policy.changed"),
            ("highest threshold", "policy.set", fever(json!(42.0)), "policy.changed"),
            ("below", "policy.set", fever(json!(34.9)), "422 temperature_range /data/fever/threshold"),
            ("above", "policy.set", fever(json!(42.1)), "422 temperature_range /data/fever/threshold"),
            ("two decimals", "policy.set", fever(json!(37.35)), "422 temperature_range /data/fever/threshold"),
            ("by site", "policy.set", fever(json!({"axilla": 37.0})), "policy.changed"),
            ("by site, wrong", "policy.set", fever(json!({"axilla": 30.0})), "422 temperature_range /data/fever/threshold/axilla"),
            ("recovery, wrong", "policy.set", json!({"fever": {"clear_below": 99.0}}), "422 temperature_range /data/fever/clear_below"),
            ("the comparator", "policy.set", json!({"fever": {"comparator": ">"}}), "policy.changed"),
            ("a nudge", "policy.set", json!({"rules": {"building_silent": {"nudge_at": "16:30"}}}), "policy.changed"),
            ("a nudge by another rule", "policy.set", json!({"rules": {"fever": {"nudge_at": "16:30"}}}), "422 no_such_setting /data/rules/fever/nudge_at"),
            ("a new regime", "policy.set", regime("06:00", "12:00"), "policy.changed"),
            ("due before it opens", "policy.set", regime("12:00", "06:00"), "422 slot_order /data/regimes/strict/slots/0/due"),
            ("due when it opens", "policy.set", regime("12:00", "12:00"), "422 slot_order /data/regimes/strict/slots/0/due"),
            ("a slot twice", "policy.set", twice, "422 slot_twice /data/regimes/strict/slots/1/name"),
            ("the afternoon before the morning", "policy.set", disordered, "422 slot_order /data/regimes/strict/slots/1/opens"),
            ("too many days", "policy.set", json!({"regimes": {"x": {"days": 401, "slots": []}}}), "422 too_large /data/regimes/x/days"),
            ("how often nobody is found", "policy.set", times("absent_n_times", 2), "policy.changed"),
            ("at most ten times", "policy.set", times("absent_n_times", 10), "policy.changed"),
            ("once is everyday life", "policy.set", times("absent_n_times", 1), "422 times_range /data/rules/absent_n_times/times"),
            ("eleven", "policy.set", times("absent_n_times", 11), "422 times_range /data/rules/absent_n_times/times"),
            ("hours to decide in", "policy.set", json!({"rules": {"exposure_undecided": {"hours": 0}}}), "policy.changed"),
            (
                "more than a week",
                "policy.set",
                json!({"rules": {"exposure_undecided": {"hours": 169}}}),
                "422 hours_range /data/rules/exposure_undecided/hours",
            ),
            ("a rule without hours", "policy.set", json!({"rules": {"fever": {"hours": 1}}}), "422 no_such_setting /data/rules/fever/hours"),
            ("a rule that counts nothing", "policy.set", times("fever", 3), "422 no_such_setting /data/rules/fever/times"),
            ("a rule switched off", "policy.set", json!({"rules": {"fever": {"enabled": false}}}), "policy.changed"),
        ],
    );
}

#[test]
fn a_change_that_reaches_into_the_past_needs_a_reason() {
    let back = |reason: Option<&str>| json!({"grace_minutes": 5, "effective_from": "2020-02-01T12:00:00+08:00", "reason": reason});
    let ahead = json!({"grace_minutes": 5, "effective_from": "2020-03-01T00:00:00+08:00"});
    let now = json!({"grace_minutes": 5, "effective_from": "2020-02-02T08:00:00+08:00"});
    check(
        &World::founded(),
        "2020-02-02T08:00",
        &[
            ("no reason", "policy.set", back(None), "422 reason_required /data/reason"),
            ("an empty one", "policy.set", back(Some(" ")), "422 reason_required /data/reason"),
            ("a reason", "policy.set", back(Some("town notice 7")), "policy.changed"),
            ("ahead", "policy.set", ahead, "policy.changed"),
            ("from now on", "policy.set", now, "policy.changed"),
        ],
    );
}

#[test]
fn a_change_holds_from_its_date_and_leaves_the_rest() {
    let mut world = World::founded();
    world.record("policy.set", json!({"fever": {"threshold": {"axilla": 37.0}}, "effective_from": "2020-02-05T00:00:00+08:00"}), "2020-02-02T08:00");
    world.record("policy.set", json!({"fever": {"threshold": {"ear": 37.6}}, "effective_from": "2020-02-06T00:00:00+08:00"}), "2020-02-02T09:00");
    let community = (&world as &dyn Known).community().unwrap();
    let fevers = |at: &str| [Site::Axilla, Site::Ear].map(|site| community.policy.at(World::time(at)).fever.is_fever(site, 373));
    assert_eq!(fevers("2020-02-04T23:59"), [true, true]);
    assert!(community.policy.at(World::time("2020-02-05T00:00")).fever.is_fever(Site::Axilla, 370));
    assert!(!community.policy.at(World::time("2020-02-04T23:59")).fever.is_fever(Site::Axilla, 370));
    assert_eq!(fevers("2020-02-06T00:00"), [true, false], "a threshold by site keeps those of the other sites");
    assert!(community.policy.at(World::time("2020-02-06T00:00")).fever.is_fever(Site::Axilla, 370));
}

#[test]
fn one_figure_for_all_sites_ends_the_figures_by_site() {
    let mut world = World::founded();
    world.record("policy.set", fever(json!({"axilla": 37.0})), "2020-02-02T08:00");
    world.record("policy.set", fever(json!(37.5)), "2020-02-03T08:00");
    let change = &world.commits()[2].events[0];
    assert_eq!((field(change, "/change/fever/by_site"), field(change, "/change/fever/threshold_tenths_celsius")), (json!({}), json!(375)));
}

#[test]
fn the_reason_is_sealed() {
    let mut world = World::founded();
    world.record("policy.set", json!({"grace_minutes": 5, "reason": "杨桂英 asked"}), "2020-02-02T08:00");
    assert!(field(&world.commits()[1].events[0], "/private/sealed").is_string());
}
