//! The life of an alert: one per key and episode group, however often it is judged.

use super::*;
use domain::{Known, alert::Key};
use testkit::{field, said};

pub(super) fn key() -> Value {
    json!({"rule": "fever", "subject_kind": "person", "subject_id": "p1"})
}

/// A judgement on the log up to a sequence: firing for these causes.
pub(super) fn firing(sequence: u64, severity: &str, causes: &[&str]) -> Value {
    json!({
        "key": key(), "rule_version": 1, "basis": {"sequence": sequence},
        "firing": {
            "severity": severity, "unconfirmed": false, "place": {"building": "b07"}, "person": {"person": "p1"},
            "observed": {"tenths_celsius": 382, "site": "axilla", "at": "2020-02-06T15:00:00+08:00", "recorded_at": "2020-02-06T15:00:00+08:00"},
            "detail": {}, "causes": causes, "first_at": "2020-02-06T15:00:00+08:00", "last_at": "2020-02-06T15:00:00+08:00",
            "occurrences": causes.len(), "late": false,
        },
    })
}

pub(super) fn quiet(sequence: u64) -> Value {
    json!({"key": key(), "rule_version": 1, "basis": {"sequence": sequence}})
}

/// A world in which the fever of `p1` was raised for cause `a`, judged on sequence 20.
fn raised() -> World {
    let mut world = World::settled();
    world.record("alert.observe", firing(20, "serious", &["a"]), "2020-02-06T15:01");
    world
}

/// The alert as it is known: its id's group, `n`, episode and status.
fn known(world: &World) -> (u32, u32, u32, &'static str) {
    let hash = serde_json::from_value::<Key>(key()).unwrap().hash(world.community_id());
    let state = (world as &dyn Known).alert(&hash).unwrap();
    (state.alert.group(), state.n, state.episode, state.status_word())
}

fn alert_id(world: &World) -> Value {
    let hash = serde_json::from_value::<Key>(key()).unwrap().hash(world.community_id());
    json!((world as &dyn Known).alert(&hash).unwrap().alert.to_string())
}

#[test]
fn the_first_firing_raises_and_a_repeat_says_nothing() {
    let world = World::settled();
    check(
        &world,
        "2020-02-06T15:01",
        &[("quiet from the start", "alert.observe", quiet(20), "unchanged"), ("firing", "alert.observe", firing(20, "serious", &["a"]), "alert.raised")],
    );
    let events = accepted(&world, "alert.observe", firing(20, "serious", &["a"]), "2020-02-06T15:01");
    assert_eq!((field(&events[0], "/n"), field(&events[0], "/episode")), (json!(1), json!(1)));
    assert_eq!(field(&events[0], "/occurrence/names"), json!({"estate": "阳光小区", "building": "7号楼"}), "names repeat between estates: both stand in it");
    let id = field(&events[0], "/alert");
    assert!(id.as_str().is_some_and(|id| id.ends_with("-1") && !id.contains('.')), "{id}");
    assert_eq!(known(&raised()), (1, 1, 1, "open"));
    check(&raised(), "2020-02-06T15:05", &[("the same on more of the log", "alert.observe", firing(25, "serious", &["a"]), "unchanged")]);
}

#[test]
fn a_judgement_on_less_than_was_judged_already_is_ignored() {
    let due = |sequence: u64, due: Option<&str>| {
        let mut observe = firing(sequence, "critical", &["a", "b"]);
        observe["basis"]["due"] = json!(due);
        observe
    };
    check(
        &raised(),
        "2020-02-06T15:05",
        &[
            ("older", "alert.observe", due(19, None), "unchanged"),
            ("the same", "alert.observe", due(20, None), "unchanged"),
            ("older, quiet", "alert.observe", quiet(19), "unchanged"),
            ("the same, quiet", "alert.observe", quiet(20), "unchanged"),
            ("the same, woken by time", "alert.observe", due(20, Some("2020-02-06T15:04:00+08:00")), "alert.upgraded"),
            ("newer", "alert.observe", due(21, None), "alert.upgraded"),
            ("newer, quiet", "alert.observe", quiet(21), "alert.resolved"),
        ],
    );
    let mut resolved = raised();
    resolved.record("alert.observe", quiet(30), "2020-02-06T16:00");
    check(
        &resolved,
        "2020-02-06T16:05",
        &[
            ("what was judged before it was quiet", "alert.observe", firing(29, "serious", &["a", "b"]), "unchanged"),
            ("after", "alert.observe", firing(31, "serious", &["a", "b"]), "alert.reopened"),
        ],
    );
}

#[test]
fn it_changes_when_there_is_something_to_tell() {
    let differently = |pointer: &str, value: Value| {
        let mut observe = firing(21, "serious", &["a"]);
        *observe.pointer_mut(pointer).unwrap() = value;
        observe
    };
    check(
        &raised(),
        "2020-02-06T15:05",
        &[
            ("worse", "alert.observe", firing(21, "critical", &["a"]), "alert.upgraded"),
            ("less bad", "alert.observe", firing(21, "caution", &["a"]), "alert.updated"),
            ("another cause", "alert.observe", firing(21, "serious", &["a", "b"]), "alert.updated"),
            ("a cause in place of the other", "alert.observe", firing(21, "serious", &["b"]), "alert.updated"),
            ("another place", "alert.observe", differently("/firing/place", json!({"building": "b08"})), "alert.updated"),
            ("another reading", "alert.observe", differently("/firing/observed/tenths_celsius", json!(390)), "alert.updated"),
            ("unconfirmed", "alert.observe", differently("/firing/unconfirmed", json!(true)), "alert.updated"),
            ("seen again just now", "alert.observe", differently("/firing/last_at", json!("2020-02-06T15:04:00+08:00")), "unchanged"),
        ],
    );
}

#[test]
fn what_moves_to_another_building_says_which_it_leaves() {
    let judged = |sequence, severity, place: Value| {
        let mut observe = firing(sequence, severity, &["a"]);
        observe["firing"]["place"] = place;
        observe
    };
    let mut over = raised();
    over.record("alert.observe", quiet(21), "2020-02-06T15:05");
    let b08 = || json!({"building": "b08"});
    for (why, world, observe, name, moved_from) in [
        ("for other reasons", raised(), judged(22, "serious", b08()), "alert.updated.v2", json!("b07")),
        ("worse", raised(), judged(22, "critical", b08()), "alert.upgraded.v2", json!("b07")),
        ("again", over, judged(22, "serious", b08()), "alert.reopened.v2", json!("b07")),
        ("to no building", raised(), judged(22, "serious", json!({})), "alert.updated.v2", json!("b07")),
        ("to another door of it", raised(), judged(22, "serious", json!({"building": "b07", "unit": "2"})), "alert.updated.v2", Value::Null),
        ("not at all", raised(), judged(22, "critical", json!({"building": "b07"})), "alert.upgraded.v2", Value::Null),
    ] {
        let events = accepted(&world, "alert.observe", observe, "2020-02-06T15:10");
        assert_eq!((events[0].name(), field(&events[0], "/moved_from")), (name, moved_from), "{why}");
    }
}

#[test]
fn the_peak_of_an_episode_never_goes_down() {
    let mut world = raised();
    world.record("alert.observe", firing(21, "critical", &["a"]), "2020-02-06T15:05");
    world.record("alert.observe", firing(22, "serious", &["a"]), "2020-02-06T15:06");
    check(&world, "2020-02-06T15:07", &[("critical was told already", "alert.observe", firing(23, "critical", &["a"]), "alert.updated")]);
    world.record("alert.observe", quiet(24), "2020-02-06T16:00");
    world.record("alert.observe", firing(25, "serious", &["a", "b"]), "2020-02-06T17:00");
    check(&world, "2020-02-06T17:01", &[("a new episode has a peak of its own", "alert.observe", firing(26, "critical", &["a", "b"]), "alert.upgraded")]);
}

#[test]
fn n_is_gapless() {
    let mut world = raised();
    world.record("alert.observe", firing(21, "critical", &["a"]), "2020-02-06T15:05");
    let alert = alert_id(&world);
    world.record("alert.acknowledge", json!({"alert": alert, "n": 2}), "2020-02-06T15:06");
    world.record("alert.observe", firing(22, "critical", &["a", "b"]), "2020-02-06T15:07");
    world.record("alert.observe", quiet(23), "2020-02-06T15:08");
    world.record("alert.observe", firing(24, "critical", &["a", "b"]), "2020-02-06T15:09");
    world.record("alert.close", json!({"alert": alert, "n": 6, "reason": "false_alarm"}), "2020-02-06T15:10");
    let told = world.commits().iter().flat_map(|commit| &commit.events).filter(|event| event.name().starts_with("alert."));
    assert_eq!(told.map(|event| field(event, "/n")).collect::<Vec<_>>(), (1..=7).map(|n| json!(n)).collect::<Vec<_>>());
    assert_eq!(known(&world), (1, 7, 2, "closed"));
}

#[test]
fn it_comes_back_as_the_same_alert_within_24_hours_and_as_another_after() {
    let mut world = raised();
    world.record("alert.observe", quiet(30), "2020-02-06T16:00");
    assert_eq!(known(&world), (1, 2, 1, "resolved"));
    for (at, with_a_new_cause) in [
        ("2020-02-06T16:01", "alert.reopened"),
        ("2020-02-07T16:00", "alert.reopened"),
        ("2020-02-07T16:01", "alert.raised"),
        ("2020-03-07T16:00", "alert.raised"),
    ] {
        assert_eq!(said(&world.decide("alert.observe", firing(31, "serious", &["a", "b"]), at)), with_a_new_cause, "{at}");
        // each cause stands in one alert: a report of that day was taken back, or a clock went back and forth
        assert_eq!(said(&world.decide("alert.observe", firing(31, "serious", &["a"]), at)), "alert.reopened", "the same cause, {at}");
    }
    let mut reopened = world.clone();
    reopened.record("alert.observe", firing(31, "serious", &["a"]), "2020-02-07T16:00");
    assert_eq!(known(&reopened), (1, 3, 2, "open"), "the same id, the next episode");
    world.record("alert.observe", firing(31, "serious", &["a", "b"]), "2020-02-07T16:01");
    assert_eq!(known(&world), (2, 1, 1, "open"), "another id, counted from 1");
}

#[test]
fn what_recovers_is_over_once_that_has_lasted_and_open_again_when_it_comes_back() {
    let recovering = |sequence: u64, until: &str| {
        let mut data = quiet(sequence);
        data["recovering_until"] = json!(World::time(until));
        data
    };
    let mut world = raised();
    assert_eq!(said(&World::founded().decide("alert.observe", recovering(30, "2020-02-07T16:00"), "2020-02-06T16:00")), "unchanged", "nothing to recover");
    world.record("alert.acknowledge", json!({"alert": alert_id(&world), "n": 1}), "2020-02-06T15:30");
    world.record("alert.observe", recovering(30, "2020-02-07T16:00"), "2020-02-06T16:00");
    assert_eq!(known(&world), (1, 3, 1, "recovering"));
    check(
        &world,
        "2020-02-06T18:00",
        &[
            ("more of the same", "alert.observe", recovering(31, "2020-02-07T16:00"), "unchanged"),
            ("another reading counts", "alert.observe", recovering(31, "2020-02-07T18:00"), "alert.recovery_started"),
            ("over", "alert.observe", quiet(31), "alert.resolved"),
            ("it is back", "alert.observe", firing(31, "serious", &["a", "b"]), "alert.reopened"),
            ("it never recovered", "alert.observe", firing(31, "serious", &["a"]), "alert.reopened"),
            ("to go up", "alert.escalate", json!({"alert": alert_id(&world), "n": 3}), "409 alert_recovering n=3 state=recovering"),
            ("to somebody", "alert.assign", json!({"alert": alert_id(&world), "n": 3, "staff": "s1"}), "409 alert_recovering n=3 state=recovering"),
            ("ended by hand", "alert.resolve", json!({"alert": alert_id(&world), "n": 3}), "alert.resolved"),
        ],
    );
    let mut back = world.clone();
    back.record("alert.observe", firing(31, "serious", &["a", "b"]), "2020-02-06T18:00");
    assert_eq!(known(&back), (1, 4, 2, "open"), "the same alert, the next episode, and nobody has it");
    world.record("alert.observe", quiet(31), "2020-02-07T16:00");
    assert_eq!(known(&world), (1, 4, 1, "resolved"));
}

#[test]
fn closed_stays_closed_until_there_is_a_new_cause() {
    let mut world = raised();
    world.record("alert.close", json!({"alert": alert_id(&world), "n": 1, "reason": "measured_wrong"}), "2020-02-06T16:00");
    check(
        &world,
        "2020-02-06T16:05",
        &[
            ("the same cause", "alert.observe", firing(31, "serious", &["a"]), "unchanged"),
            ("the same cause, worse", "alert.observe", firing(31, "critical", &["a"]), "unchanged"),
            ("quiet", "alert.observe", quiet(31), "unchanged"),
            ("a new cause", "alert.observe", firing(31, "serious", &["a", "b"]), "alert.raised"),
        ],
    );
    world.record("alert.observe", firing(31, "serious", &["a", "b"]), "2020-02-06T16:05");
    assert_eq!(known(&world), (2, 1, 1, "open"));
}

#[test]
fn what_somebody_resolved_stays_resolved_until_there_is_a_new_cause() {
    let mut world = raised();
    let resolve = json!({"alert": alert_id(&world), "n": 1, "evidence": "复测 36.5"});
    world.record("alert.resolve", resolve, "2020-02-06T16:00");
    assert_eq!(field(&world.commits().last().unwrap().events[0], "/by_hand"), true);
    for (causes, at, expected) in [
        (vec!["a"], "2020-02-06T16:05", "unchanged"),
        (vec!["a"], "2020-02-09T16:05", "unchanged"),
        (vec!["a", "b"], "2020-02-06T16:05", "alert.reopened"),
        (vec!["a", "b"], "2020-02-09T16:05", "alert.raised"),
    ] {
        assert_eq!(said(&world.decide("alert.observe", firing(31, "serious", &causes), at)), expected, "{causes:?} at {at}");
    }
}

#[test]
fn who_acts_on_an_alert_must_have_seen_it_as_it_is() {
    let mut world = raised();
    let alert = alert_id(&world);
    let (group_2, other) = (json!(alert.as_str().unwrap().replace("-1", "-2")), json!("aaaaaaaaaaaaaaaa-1"));
    for (kind, rest) in [("alert.acknowledge", json!({})), ("alert.resolve", json!({})), ("alert.close", json!({"reason": "duplicate"}))] {
        let ask = |alert: &Value, n: u32| {
            let mut data = rest.clone();
            (data["alert"], data["n"]) = (alert.clone(), json!(n));
            data
        };
        let stale = format!("409 alert_changed alert={} n=1 state=open", alert.as_str().unwrap());
        let told = format!("{}{}", kind, if kind.ends_with("e") { "d" } else { "ed" });
        check(
            &world,
            "2020-02-06T15:05",
            &[
                ("as it is", kind, ask(&alert, 1), &told),
                ("as it will be", kind, ask(&alert, 2), &stale),
                ("unknown", kind, ask(&other, 1), "unknown alert aaaaaaaaaaaaaaaa-1 /data/alert"),
                ("an episode that has not come", kind, ask(&group_2, 1), &format!("unknown alert {} /data/alert", group_2.as_str().unwrap())),
            ],
        );
    }
    world.record("alert.acknowledge", json!({"alert": alert, "n": 1}), "2020-02-06T15:05");
    let stale = format!("409 alert_changed alert={} n=2 state=acknowledged", alert.as_str().unwrap());
    check(&world, "2020-02-06T15:06", &[("as it was", "alert.close", json!({"alert": alert, "n": 1, "reason": "moved"}), &stale)]);
    assert!(world.shape_error("alert.acknowledge", json!({"alert": "fever", "n": 1})).is_some(), "not an id of ours");
}

#[test]
fn what_has_ended_is_not_ended_again() {
    let mut world = raised();
    let alert = alert_id(&world);
    world.record("alert.observe", quiet(30), "2020-02-06T16:00");
    check(
        &world,
        "2020-02-06T16:05",
        &[
            ("acknowledged", "alert.acknowledge", json!({"alert": alert, "n": 2}), "409 alert_ended n=2 state=resolved"),
            ("resolved", "alert.resolve", json!({"alert": alert, "n": 2}), "409 alert_ended n=2 state=resolved"),
            ("closed", "alert.close", json!({"alert": alert, "n": 2, "reason": "moved"}), "409 alert_ended n=2 state=resolved"),
        ],
    );
    world.record("alert.observe", firing(31, "serious", &["b"]), "2020-02-08T16:00");
    let changed = format!("409 alert_changed alert={} n=1 state=open", alert.as_str().unwrap().replace("-1", "-2"));
    check(&world, "2020-02-08T16:05", &[("the old one", "alert.acknowledge", json!({"alert": alert, "n": 2}), &changed)]);
}

#[test]
fn acknowledging_again_says_until_when() {
    let mut world = raised();
    let alert = alert_id(&world);
    world.record("alert.acknowledge", json!({"alert": alert, "n": 1, "until": "2020-02-06T16:00:00+08:00"}), "2020-02-06T15:05");
    assert_eq!(known(&world), (1, 2, 1, "acknowledged"));
    let hash = serde_json::from_value::<Key>(key()).unwrap().hash(world.community_id());
    let state = (&world as &dyn Known).alert(&hash).unwrap();
    let word_at = |at: &str| state.word_at(World::time(at));
    assert_eq!(["2020-02-06T15:59", "2020-02-06T16:00", "2020-02-09T16:00"].map(word_at), ["acknowledged", "open", "open"], "nobody has it any more");
    check(
        &world,
        "2020-02-06T15:50",
        &[("longer", "alert.acknowledge", json!({"alert": alert, "n": 2, "until": "2020-02-06T17:00:00+08:00"}), "alert.acknowledged")],
    );
    check(&world, "2020-02-06T15:50", &[("worse meanwhile", "alert.observe", firing(31, "critical", &["a"]), "alert.upgraded")]);
}

#[test]
fn keys_of_communities_never_meet() {
    let key: Key = serde_json::from_value(key()).unwrap();
    let (here, there) = (key.hash(&"u07".parse().unwrap()), key.hash(&"u08".parse().unwrap()));
    assert_ne!(here, there);
    assert_eq!(here, key.hash(&"u07".parse().unwrap()), "the same key has the same hash for ever");
    assert_eq!(key.full(&"u07".parse().unwrap()), "u07/fever/person/p1");
}

#[test]
fn an_alert_that_says_what_medicine_found_is_unknown_to_those_who_may_not_see_that() {
    use domain::commit::Role;
    let mut world = World::settled();
    let of_findings = json!({"rule": "exposure_undecided", "subject_kind": "person", "subject_id": "p1"});
    let mut observed = firing(20, "serious", &["a"]);
    observed["key"] = of_findings.clone();
    world.record("alert.observe", observed, "2020-02-06T15:01");
    let hash = serde_json::from_value::<Key>(of_findings).unwrap().hash(world.community_id());
    let alert = json!((&world as &dyn Known).alert(&hash).unwrap().alert.to_string());
    let unknown = format!("unknown alert {} /data/alert", alert.as_str().unwrap());
    // what never was is answered in the same words
    let absent = serde_json::from_value::<Key>(json!({"rule": "exposure_undecided", "subject_kind": "person", "subject_id": "p2"})).unwrap();
    let absent = json!(format!("{}-1", absent.hash(world.community_id())));
    let commands = [
        ("alert.acknowledge", json!({}), "alert.acknowledged"),
        ("alert.escalate", json!({}), "alert.escalation_requested"),
        ("alert.assign", json!({"staff": "s-yang"}), "alert.assigned"),
        ("alert.note", json!({"note": "x"}), "alert.noted"),
        ("alert.resolve", json!({}), "alert.resolved"),
        ("alert.close", json!({"reason": "false_alarm"}), "alert.closed"),
    ];
    for role in [Role::Admin, Role::Command, Role::Office, Role::Grid, Role::Leader, Role::Nurse, Role::Gate] {
        world.asked_by("t-somebody", role);
        let sees = matches!(role, Role::Office | Role::Nurse);
        for (kind, more, done) in &commands {
            for n in [1, 2] {
                let about = |alert: &Value| {
                    let mut data = more.clone();
                    (data["alert"], data["n"]) = (alert.clone(), json!(n));
                    said(&world.decide(kind, data, "2020-02-06T16:00"))
                };
                let seen = if n == 1 { (*done).to_owned() } else { format!("409 alert_changed alert={} n=1 state=open", alert.as_str().unwrap()) };
                let expected = if sees { seen } else { unknown.clone() };
                assert_eq!(about(&alert), expected, "{role}: {kind} {n}");
                assert_eq!(about(&absent), unknown.replace(alert.as_str().unwrap(), absent.as_str().unwrap()), "{role}: {kind} {n}");
            }
        }
    }
}
