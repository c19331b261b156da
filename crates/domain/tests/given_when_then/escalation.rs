//! Whose turn an alert is: said by the alerting service, changed by hand.

use super::{
    alert::{firing, key, quiet},
    *,
};
use domain::{
    Known,
    alert::{self, Act, Alert, Key, Turn},
    commit::Role,
};
use testkit::field;

const CRITICAL: &str = "critical";

fn raised(severity: &str) -> World {
    let mut world = World::settled();
    world.record("alert.observe", firing(20, severity, &["a"]), "2020-02-06T15:01");
    world
}

fn state(world: &World) -> std::sync::Arc<alert::State> {
    let hash = serde_json::from_value::<Key>(key()).unwrap().hash(world.community_id());
    (world as &dyn Known).alert(&hash).unwrap()
}

fn turn(world: &World) -> Turn {
    state(world).turn.clone()
}

/// The turn of a level, judged on the alert as it is.
fn entrust(world: &World, level: u8, owners: &[&str]) -> Value {
    let owner = |staff: &&str| json!({"staff": staff, "duty": "nurse", "standing": "main", "share": "everything"});
    json!({
        "alert": state(world).alert, "n": state(world).n, "basis": {"sequence": 30},
        "stage": {
            "level": level, "owners": owners.iter().map(owner).collect::<Vec<_>>(), "informed": [], "gaps": [], "why": "at_once",
            "since": "2020-02-06T15:01:00+08:00", "due_at": "2020-02-06T15:16:00+08:00",
        },
    })
}

fn with(mut data: Value, field: &str, value: Value) -> Value {
    data[field] = value;
    data
}

fn staged(mut data: Value, field: &str, value: Value) -> Value {
    data["stage"][field] = value;
    data
}

/// A command about the alert as it is.
fn by_hand(world: &World, more: Value) -> Value {
    let mut data = more;
    (data["alert"], data["n"]) = (json!(state(world).alert), json!(state(world).n));
    data
}

fn words(world: &World, at: &str) -> &'static str {
    state(world).word_at(World::time(at))
}

#[test]
fn it_is_told_once_whose_turn_it_is() {
    let mut world = raised(CRITICAL);
    let first = entrust(&world, 1, &["s-yang"]);
    check(
        &world,
        "2020-02-06T15:01",
        &[
            ("the first", "alert.entrust", first.clone(), "alert.escalated"),
            ("on an alert that is not there", "alert.entrust", with(first.clone(), "alert", json!("aaaaaaaaaaaaaaaa-1")), "unchanged"),
            ("on one that will be", "alert.entrust", with(first.clone(), "n", json!(2)), "unchanged"),
            ("no such level", "alert.entrust", staged(first.clone(), "level", json!(4)), "422 level_range /data/stage/level"),
        ],
    );
    world.record("alert.entrust", first.clone(), "2020-02-06T15:01");
    check(&world, "2020-02-06T15:01", &[("a repeat, or another instance", "alert.entrust", first.clone(), "unchanged")]);
    let known = turn(&world);
    assert_eq!((known.level(), known.due_at), (Some(1), Some(World::time("2020-02-06T15:16"))));
    assert_eq!(known.told[&1].owners[0].staff.as_str(), "s-yang");
    // a judgement on the alert as it was before a rule said more
    let stale = entrust(&world, 2, &["s-yang"]);
    world.record("alert.observe", firing(21, CRITICAL, &["a", "b"]), "2020-02-06T15:05");
    check(&world, "2020-02-06T15:05", &[("on less than is known", "alert.entrust", stale, "unchanged")]);
    world.record("alert.observe", quiet(22), "2020-02-06T15:06");
    check(&world, "2020-02-06T15:06", &[("on what is over", "alert.entrust", entrust(&world, 2, &["s-yang"]), "unchanged")]);
    world.record("alert.observe", firing(23, CRITICAL, &["c"]), "2020-02-06T16:00");
    let again = turn(&world);
    assert_eq!((again.level(), again.opened_at), (None, World::time("2020-02-06T16:00")), "the next episode begins anew");
}

#[test]
fn a_level_that_turns_out_vacant_has_it_no_more() {
    let mut world = raised(CRITICAL);
    world.record("alert.entrust", entrust(&world, 1, &["s-yang"]), "2020-02-06T15:01");
    let vacant = staged(entrust(&world, 2, &["s-office"]), "gaps", json!([{"level": 1, "duty": "nurse"}]));
    world.record("alert.entrust", vacant, "2020-02-06T15:05");
    assert_eq!(turn(&world).told.keys().copied().collect::<Vec<_>>(), [2]);
    world.record("alert.entrust", entrust(&world, 1, &["s-yang"]), "2020-02-06T15:06");
    let filled = turn(&world);
    assert_eq!(filled.told.keys().copied().collect::<Vec<_>>(), [1, 2]);
    assert!(filled.told[&2].gaps.is_empty(), "the post is filled");
    // the town had it, and is nobody now: it is the office's again
    world.record("alert.entrust", entrust(&world, 3, &["s-town"]), "2020-02-06T15:07");
    let nobody_above = staged(entrust(&world, 2, &["s-office"]), "gaps", json!([{"level": 3, "duty": "command"}]));
    world.record("alert.entrust", nobody_above, "2020-02-06T15:08");
    assert_eq!(turn(&world).told.keys().copied().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn level_1_only_sees_what_is_critical_and_the_nurse_and_the_office_take_it() {
    for (severity, role, expected, stopped_from) in [
        (CRITICAL, Role::Leader, "open", None),
        (CRITICAL, Role::Grid, "open", None),
        (CRITICAL, Role::Gate, "open", None),
        (CRITICAL, Role::Nurse, "acknowledged", Some(1)),
        (CRITICAL, Role::Office, "acknowledged", Some(2)),
        (CRITICAL, Role::Command, "acknowledged", Some(3)),
        ("serious", Role::Leader, "acknowledged", Some(1)),
        ("caution", Role::Grid, "acknowledged", Some(1)),
        ("serious", Role::Admin, "acknowledged", Some(2)),
    ] {
        let mut world = raised(severity);
        world.asked_by("t-1", role);
        world.record("alert.acknowledge", by_hand(&world, json!({"until": "2020-02-06T16:00:00+08:00"})), "2020-02-06T15:05");
        let stops = |at: &str| state(&world).stopped_from(World::time(at));
        assert_eq!((words(&world, "2020-02-06T15:05"), stops("2020-02-06T15:59")), (expected, stopped_from), "{severity} {role}");
        assert_eq!(stops("2020-02-06T16:00"), None, "{severity} {role}: its time is over");
        assert_eq!(turn(&world).seen.is_some(), stopped_from.is_none(), "{severity} {role}");
    }
}

#[test]
fn seeing_takes_it_from_nobody_and_what_becomes_critical_is_only_seen() {
    let mut world = raised(CRITICAL);
    world.record("alert.acknowledge", by_hand(&world, json!({})), "2020-02-06T15:05");
    world.asked_by("t-leader", Role::Leader);
    world.record("alert.acknowledge", by_hand(&world, json!({})), "2020-02-06T15:06");
    assert_eq!((words(&world, "2020-02-06T15:07"), state(&world).stopped_from(World::time("2020-02-06T15:07"))), ("acknowledged", Some(2)));
    let mut world = raised("serious");
    world.asked_by("t-leader", Role::Leader);
    world.record("alert.acknowledge", by_hand(&world, json!({})), "2020-02-06T15:05");
    world.record("alert.observe", firing(21, CRITICAL, &["a", "b"]), "2020-02-06T15:10");
    let upgraded = turn(&world);
    assert_eq!(words(&world, "2020-02-06T15:10"), "open");
    assert_eq!((upgraded.opened_at, upgraded.critical_since), (World::time("2020-02-06T15:01"), Some(World::time("2020-02-06T15:10"))));
    assert_eq!(upgraded.seen.map(|seen| seen.actor.to_string()), Some("t-leader".to_owned()));
}

#[test]
fn what_somebody_had_until_now_goes_on() {
    let mut world = raised(CRITICAL);
    world.record("alert.entrust", entrust(&world, 2, &["s-yang"]), "2020-02-06T15:01");
    world.record("alert.acknowledge", by_hand(&world, json!({"until": "2020-02-06T15:30:00+08:00"})), "2020-02-06T15:05");
    let goes_up = |world: &World, at: &str| state(world).goes_up_at(World::time(at)).map(|at| at.to_string());
    assert_eq!(goes_up(&world, "2020-02-06T15:10").as_deref(), Some("2020-02-06T07:30:00Z"), "not while somebody has it");
    assert_eq!(state(&world).expired_at(World::time("2020-02-06T15:29")), None);
    assert_eq!(state(&world).expired_at(World::time("2020-02-06T15:30")), Some(World::time("2020-02-06T15:30")));
    world.record("alert.entrust", staged(entrust(&world, 3, &["s-yang"]), "due_at", Value::Null), "2020-02-06T15:30");
    assert_eq!((words(&world, "2020-02-06T15:30"), turn(&world).freed_at), ("open", Some(World::time("2020-02-06T15:30"))));
    assert_eq!(goes_up(&world, "2020-02-06T15:31"), None, "there is nobody above");
}

fn recovering(sequence: u64) -> Value {
    with(quiet(sequence), "recovering_until", json!("2020-02-07T16:00:00+08:00"))
}

#[test]
fn nobody_has_it_since_it_was_told_or_since_whoever_had_it_has_it_no_more() {
    let free = |world: &World, at: &str| state(world).free_since(World::time(at));
    let since = |at: &str| Some(World::time(at));
    // it began before anybody could take it
    let mut world = raised("serious");
    assert_eq!(free(&world, "2020-02-06T15:05"), since("2020-02-06T15:01"));
    world.record("alert.acknowledge", by_hand(&world, json!({"until": "2020-02-06T15:30:00+08:00"})), "2020-02-06T15:05");
    assert_eq!((free(&world, "2020-02-06T15:29"), free(&world, "2020-02-06T15:40")), (None, since("2020-02-06T15:30")));
    world.record("alert.entrust", entrust(&world, 2, &["s-yang"]), "2020-02-06T15:31");
    assert_eq!((words(&world, "2020-02-06T15:40"), free(&world, "2020-02-06T15:40")), ("open", since("2020-02-06T15:30")));
    world.record("alert.observe", recovering(21), "2020-02-06T15:50");
    assert_eq!(free(&world, "2020-02-06T15:55"), None, "nobody need take it");
    world.record("alert.observe", firing(22, "serious", &["a"]), "2020-02-06T18:00");
    assert_eq!(free(&world, "2020-02-06T18:05"), since("2020-02-06T18:00"), "the next episode");
    world.record("alert.observe", quiet(23), "2020-02-06T18:10");
    assert_eq!(free(&world, "2020-02-06T18:15"), None, "it is over");
    // whoever of level 1 had it can only see it, now that it is critical
    for (has_it, expected) in [(true, "2020-02-06T15:10"), (false, "2020-02-06T15:01")] {
        let mut world = raised("serious");
        world.asked_by("t-leader", Role::Leader);
        if has_it {
            world.record("alert.acknowledge", by_hand(&world, json!({})), "2020-02-06T15:05");
        }
        world.record("alert.observe", firing(21, CRITICAL, &["a", "b"]), "2020-02-06T15:10");
        assert_eq!(free(&world, "2020-02-06T15:11"), since(expected), "had it before: {has_it}");
        if !has_it {
            world.record("alert.acknowledge", by_hand(&world, json!({})), "2020-02-06T15:12");
            assert_eq!(free(&world, "2020-02-06T15:13"), since(expected), "seeing it is not having it");
        }
    }
}

#[test]
fn what_is_said_to_be_possible_is_what_is_accepted() {
    let of = |then: &[(&str, Value)]| {
        let mut world = raised("serious");
        world.record("staff.register", json!({"staff": "s-li", "name": "李红", "roles": ["grid"]}), "2020-02-06T15:00");
        for (kind, data) in then {
            let data = if kind.ends_with("observe") { data.clone() } else { by_hand(&world, data.clone()) };
            world.record(kind, data, "2020-02-06T15:05");
        }
        world
    };
    let to_the_top = [("alert.escalate", json!({})), ("alert.escalate", json!({}))];
    let [open, taken, top, recovers, over, closed] = [
        of(&[]),
        of(&[("alert.acknowledge", json!({}))]),
        of(&to_the_top),
        of(&[("alert.observe", recovering(21))]),
        of(&[("alert.observe", quiet(21))]),
        of(&[("alert.close", json!({"reason": "duplicate"}))]),
    ];
    for (world, possible) in [(open, 6), (taken, 6), (top, 5), (recovers, 4), (over, 1), (closed, 1)] {
        let said: Vec<Act> = Alert::acts(&state(&world), Role::Admin).collect();
        let data = json!({"staff": "s-li", "note": "已电话联系", "reason": "duplicate", "evidence": "ok"});
        let fields = |act: Act| match act {
            Act::Assign => vec!["staff"],
            Act::Note => vec!["note"],
            Act::Close => vec!["reason"],
            Act::Resolve => vec!["evidence"],
            Act::Acknowledge | Act::Escalate => Vec::new(),
        };
        let asked = |act: Act| by_hand(&world, fields(act).into_iter().map(|field| (field.to_owned(), data[field].clone())).collect());
        let accepted: Vec<Act> = Act::ALL.into_iter().filter(|act| world.decide(act.command(), asked(*act), "2020-02-06T15:10").is_ok()).collect();
        assert_eq!((&said, said.len()), (&accepted, possible), "{}", state(&world).status_word());
        assert_eq!(Alert::acts(&state(&world), Role::Viewer).count(), 0);
        let leader: Vec<Act> = Alert::acts(&state(&world), Role::Leader).collect();
        assert!(leader.iter().all(|act| said.contains(act) && ![Act::Assign, Act::Resolve, Act::Close].contains(act)) && !leader.is_empty());
    }
}

#[test]
fn it_goes_up_by_hand_level_by_level() {
    let mut world = raised("serious");
    let stale = format!("409 alert_changed alert={} n=1 state=open", state(&world).alert);
    check(
        &world,
        "2020-02-06T15:05",
        &[
            ("as it is", "alert.escalate", by_hand(&world, json!({})), "alert.escalation_requested"),
            ("as it is not", "alert.escalate", with(by_hand(&world, json!({})), "n", json!(7)), &stale),
        ],
    );
    world.record("alert.escalate", by_hand(&world, json!({})), "2020-02-06T15:05");
    assert_eq!(turn(&world).requested.map(|requested| requested.level), Some(2));
    world.record("alert.entrust", entrust(&world, 2, &["s-yang"]), "2020-02-06T15:05");
    assert_eq!(turn(&world).requested, None, "it was told");
    world.record("alert.escalate", by_hand(&world, json!({})), "2020-02-06T15:06");
    check(&world, "2020-02-06T15:07", &[("the town was asked for", "alert.escalate", by_hand(&world, json!({})), "409 alert_at_top n=4 level=3")]);
    world.record("alert.observe", quiet(22), "2020-02-06T15:08");
    check(&world, "2020-02-06T15:09", &[("what is over", "alert.escalate", by_hand(&world, json!({})), "409 alert_ended n=5 state=resolved")]);
}

#[test]
fn it_is_given_to_somebody_by_hand() {
    let mut world = raised("serious");
    world.record("staff.register", json!({"staff": "s-li", "name": "李红", "roles": ["grid"]}), "2020-02-06T15:00");
    world.record("alert.entrust", entrust(&world, 2, &["s-yang"]), "2020-02-06T15:02");
    check(
        &world,
        "2020-02-06T15:05",
        &[
            ("to somebody", "alert.assign", by_hand(&world, json!({"staff": "s-li"})), "alert.assigned"),
            ("to nobody we know", "alert.assign", by_hand(&world, json!({"staff": "s-x"})), "unknown staff s-x /data/staff"),
        ],
    );
    world.record("alert.assign", by_hand(&world, json!({"staff": "s-li"})), "2020-02-06T15:05");
    let told = turn(&world).told[&2].clone();
    assert_eq!((told.owners.len(), told.owners[0].staff.as_str(), told.owners[0].duty.as_ref()), (1, "s-li", None));
    check(&world, "2020-02-06T15:06", &[("again", "alert.assign", by_hand(&world, json!({"staff": "s-li"})), "unchanged")]);
}

#[test]
fn a_note_is_sealed_and_can_be_written_about_what_is_over() {
    let mut world = raised("serious");
    world.record("alert.observe", quiet(22), "2020-02-06T15:03");
    let note = |text: String| by_hand(&world, json!({"note": text}));
    check(
        &world,
        "2020-02-06T15:05",
        &[
            ("a few words", "alert.note", note("已电话联系".to_owned()), "alert.noted"),
            ("none", "alert.note", note("  ".to_owned()), "422 note_empty /data/note"),
            ("too many", "alert.note", note("字".repeat(2001)), "422 note_long /data/note"),
        ],
    );
    let events = accepted(&world, "alert.note", note("已电话联系".to_owned()), "2020-02-06T15:05");
    assert_eq!((field(&events[0], "/private/note"), field(&events[0], "/n")), (json!(["已电话联系"]), json!(3)));
}
