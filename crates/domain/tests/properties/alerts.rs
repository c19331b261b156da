//! An alert's history, whatever rules and people do to it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Event, Known, alert::Key};
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::{World, field, said};

/// Something that is done to an alert.
#[derive(Clone, Debug)]
enum Act {
    /// A rule judges, on the log up to a sequence that may be old.
    Observe { sequence: u64, severity: Option<&'static str>, recovering: bool, causes: Vec<u8> },
    /// Somebody acts on the alert as it is now.
    ByHand(&'static str),
}

fn act() -> impl Strategy<Value = Act> {
    let severity = prop::sample::select(vec!["caution", "serious", "critical"]);
    let observe = (0..40_u64, prop::option::weighted(0.7, severity), any::<bool>(), prop::collection::vec(0..6_u8, 1..4))
        .prop_map(|(sequence, severity, recovering, causes)| Act::Observe { sequence, severity, recovering, causes });
    let kinds = vec!["alert.acknowledge", "alert.resolve", "alert.close", "alert.escalate", "alert.assign", "alert.note", "alert.entrust", "alert.entrust"];
    prop_oneof![4 => observe, 2 => prop::sample::select(kinds).prop_map(Act::ByHand)]
}

fn key() -> Value {
    json!({"rule": "fever", "subject_kind": "person", "subject_id": "p1"})
}

fn command(act: &Act, world: &World) -> Option<(&'static str, Value)> {
    let hash = serde_json::from_value::<Key>(key()).unwrap().hash(world.community_id());
    let state = (world as &dyn Known).alert(&hash);
    match act {
        Act::Observe { sequence, severity, recovering, causes } => {
            let at = "2020-02-06T15:00:00+08:00";
            let firing = severity.map(|severity| {
                json!({"severity": severity, "unconfirmed": false, "place": {}, "detail": {}, "causes": causes.iter().map(|cause| format!("c{cause}")).collect::<Vec<_>>(),
                       "first_at": at, "last_at": at, "occurrences": causes.len(), "late": false})
            });
            let until = (firing.is_none() && *recovering).then_some("2020-02-07T15:00:00+08:00");
            Some(("alert.observe", json!({"key": key(), "rule_version": 1, "basis": {"sequence": sequence}, "firing": firing, "recovering_until": until})))
        }
        Act::ByHand(kind) => {
            let state = state.filter(|state| state.is_active())?;
            let mut data = json!({"alert": state.alert, "n": state.n});
            match *kind {
                "alert.close" => data["reason"] = json!("false_alarm"),
                "alert.escalate" | "alert.assign" if state.recovering.is_some() => return None,
                "alert.escalate" => drop(state.turn.level_above()?),
                "alert.assign" => data["staff"] = json!("s1"),
                "alert.note" => data["note"] = json!("…"),
                "alert.entrust" => {
                    data["basis"] = json!({"sequence": 1});
                    data["stage"] = json!({
                        "level": state.n % 3 + 1, "owners": [], "informed": [], "gaps": [], "why": "vacant",
                        "since": "2020-02-06T15:00:00+08:00", "due_at": null,
                    });
                }
                _ => {}
            }
            Some((*kind, data))
        }
    }
}

/// Checks a history of alert events of one key: ids, numbers, that beginning and end, or recovery, alternate, and that each cause stands
/// in one alert.
fn is_a_history(events: &[Event]) -> Result<(), TestCaseError> {
    let (mut raised, mut last): (BTreeSet<String>, BTreeMap<String, u64>) = (BTreeSet::new(), BTreeMap::new());
    let mut alert_of: BTreeMap<String, String> = BTreeMap::new();
    let (mut active, mut recovering) = (false, false);
    for event in events {
        let alert = field(event, "/alert").as_str().unwrap_or_default().to_owned();
        let n = field(event, "/n").as_u64().unwrap_or_default();
        let expected = last.get(&alert).map_or(1, |last| last + 1);
        prop_assert_eq!(n, expected, "n is gapless: {:?}", event);
        last.insert(alert.clone(), n);
        for cause in field(event, "/occurrence/causes").as_array().into_iter().flatten() {
            let first = alert_of.entry(cause.to_string()).or_insert_with(|| alert.clone());
            prop_assert_eq!(&*first, &alert, "{} stands in two alerts", cause);
        }
        let begins = matches!(event, Event::AlertRaised(_) | Event::AlertReopenedV2(_));
        prop_assert!(if begins { !active } else { active || recovering }, "what is open does not begin, what is over does not go on: {:?}", event);
        let over = matches!(event, Event::AlertResolvedV2(_) | Event::AlertClosedV2(_));
        recovering = matches!(event, Event::AlertRecoveryStarted(_)) || (recovering && !begins && !over);
        active = !over && !recovering;
        prop_assert_eq!(matches!(event, Event::AlertRaised(_)), raised.insert(alert), "an alert is raised once, first: {:?}", event);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_history_has_no_gap_and_no_double(acts in prop::collection::vec((act(), 0..30_u32), 1..40)) {
        let mut world = World::founded();
        world.record("staff.register", json!({"staff": "s1", "name": "李红", "roles": []}), "2020-02-01T09:00");
        let mut hours = 0;
        for (act, later_hours) in &acts {
            hours += later_hours;
            let at = World::time("2020-02-02T00:00").plus_minutes(i64::from(hours) * 60).to_string();
            let Some((kind, data)) = command(act, &world) else { continue };
            let bases = |world: &World| (world as &dyn Known).alert(&serde_json::from_value::<Key>(key()).unwrap().hash(world.community_id())).map(|state| state.basis.sequence);
            let before = bases(&world);
            let commits = world.sequence();
            world.record(kind, data.clone(), &at);
            if let Act::Observe { sequence, .. } = act {
                prop_assert_eq!(said(&world.decide(kind, data, &at)), "unchanged", "a judgement that is repeated says nothing");
                let older = before.is_some_and(|before| *sequence <= before);
                prop_assert!(!older || world.sequence() == commits, "an older judgement changed something");
            }
        }
        let events: Vec<Event> = world.commits().iter().flat_map(|commit| commit.events.clone()).filter(|event| event.name().starts_with("alert.")).collect();
        is_a_history(&events)?;
    }
}
