//! A silence: who is not told, until when.

use super::*;
use domain::{Event, Evolve, Fact, alert::Kind, silence::Silence};

fn silence(change: Value) -> Value {
    let mut data = json!({"kind": "building_silent", "until": "2020-02-06T20:00:00+08:00", "reason": "停电，楼长手机没电"});
    for (name, value) in change.as_object().unwrap() {
        data[name] = value.clone();
    }
    data
}

#[test]
fn a_silence_has_a_kind_or_a_building_a_reason_and_an_end_within_a_day() {
    let world = World::settled();
    check(
        &world,
        "2020-02-06T18:00",
        &[
            ("a kind", "alert.silence", silence(json!({})), "silence.started"),
            ("a building", "alert.silence", silence(json!({"kind": null, "building": "b07"})), "silence.started"),
            ("a kind in a building", "alert.silence", silence(json!({"building": "b07"})), "silence.started"),
            ("a whole day", "alert.silence", silence(json!({"until": "2020-02-07T18:00:00+08:00"})), "silence.started"),
            ("everything", "alert.silence", silence(json!({"kind": null})), "422 silence_too_wide /data"),
            ("an unknown kind", "alert.silence", silence(json!({"kind": "fewer"})), "unknown kind fewer /data/kind"),
            ("an unknown building", "alert.silence", silence(json!({"building": "b99"})), "unknown building b99 /data/building"),
            ("without a reason", "alert.silence", silence(json!({"reason": " "})), "422 reason_required /data/reason"),
            ("over at once", "alert.silence", silence(json!({"until": "2020-02-06T18:00:00+08:00"})), "422 silence_over /data/until"),
            ("too long", "alert.silence", silence(json!({"until": "2020-02-07T18:00:00.001+08:00"})), "422 silence_too_long /data/until"),
            ("an end of nothing", "alert.unsilence", json!({"silence": uuid()}), "unknown silence 01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f50 /data/silence"),
        ],
    );
}

fn uuid() -> &'static str {
    "01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f50"
}

#[test]
fn a_silence_holds_from_its_record_to_its_end_or_until_somebody_ends_it() {
    let mut world = World::settled();
    world.record_command(&json!({"id": uuid(), "type": "alert.silence", "data": silence(json!({}))}), "2020-02-06T18:00");
    let started = world.commits().last().unwrap().clone();
    let Event::SilenceStarted(event) = &started.events[0] else { panic!("a silence") };
    let fold = |state, commit: &domain::Commit| {
        Silence::evolve(state, &event.silence, &Fact { sequence: 1, index: 0, header: &commit.header, event: &commit.events[0] })
    };
    let state = fold(None, &started).unwrap();
    let at = |text: &str| text.parse().unwrap();
    for (time, holds) in [
        ("2020-02-06T17:59:59.999+08:00", false),
        ("2020-02-06T18:00:00+08:00", true),
        ("2020-02-06T19:59:59.999+08:00", true),
        ("2020-02-06T20:00:00+08:00", false),
    ] {
        assert_eq!(state.holds_at(at(time)), holds, "{time}");
    }
    check(&world, "2020-02-06T21:00", &[("it is over already", "alert.unsilence", json!({"silence": uuid()}), "unchanged")]);
    check(&world, "2020-02-06T19:00", &[("by hand", "alert.unsilence", json!({"silence": uuid()}), "silence.ended")]);
    world.record("alert.unsilence", json!({"silence": uuid()}), "2020-02-06T19:00");
    let ended = fold(Some(state), world.commits().last().unwrap()).unwrap();
    // what was recorded while it held was silenced, whenever that is asked
    for (time, holds) in [("2020-02-06T18:59:59.999+08:00", true), ("2020-02-06T19:00:00+08:00", false), ("2020-02-06T19:30:00+08:00", false)] {
        assert_eq!(ended.holds_at(at(time)), holds, "{time}");
    }
    check(&world, "2020-02-06T19:30", &[("once", "alert.unsilence", json!({"silence": uuid()}), "unchanged")]);
}

#[test]
fn every_rule_can_be_silenced() {
    for rule in ["fever", "symptom", "check_overdue", "quarantine_breach", "building_silent", "refused", "release_due"] {
        assert!(Kind::of(rule).is_some(), "{rule}");
    }
}
