//! Histories with a point, one by one.

use bus::Message;
use domain::Event;
use serde_json::json;

use super::*;
use crate::{
    error::AlertingError,
    rows::{OUTBOX, Waiting},
};

#[tokio::test]
async fn a_fever_is_one_alert_however_often_it_is_judged() {
    let town = Town::new(&["u07"]).await;
    let mut instance = Instance::new(&town.log, &town.clock);
    let (kind, data) = visit("p1", 38.5, "axilla");
    town.record(kind, data, NOON).await;
    instance.settle(&town.intake).await;
    let expected = town.alerts("u07").await;
    assert_eq!(expected.len(), 1, "{expected:?}");
    assert!(expected[0].starts_with("alert.raised.v1 fever "), "{expected:?}");
    instance.settle(&town.intake).await;
    instance.rebuild();
    instance.settle(&town.intake).await;
    assert_eq!(town.alerts("u07").await, expected);
    check_replay(&town).await;
}

/// What class work is told, in the order of the log.
fn messages(instance: &Instance) -> Vec<Value> {
    let waiting = instance.store.scan::<Waiting>(OUTBOX, &Prefix::all_of_deployment_table(), None, 10_000).unwrap();
    waiting.iter().map(|(_, row)| serde_json::from_slice(&row.value.payload).unwrap()).collect()
}

#[tokio::test]
async fn fevers_that_come_together_are_said_to_be_part_of_their_cluster_however_much_of_the_log_is_read_at_once() {
    // how many are entered at once, and how many of all are told of by name
    for (entered, by_name) in [(&[1, 1, 1][..], 2), (&[2, 1], 2), (&[1, 4], 1), (&[3], 0), (&[5, 2], 0), (&[1], 1)] {
        let town = Town::new(&["u07"]).await;
        let mut instance = Instance::new(&town.log, &town.clock);
        let mut guests = 0;
        for at_once in entered {
            for _ in 0..*at_once {
                guests += 1;
                let who = json!({"unregistered": {"ref": format!("guest-{guests}")}, "readings": [{"celsius": 38.5, "site": "axilla"}], "symptoms": []});
                town.record("visit.record", json!({"household": "h502", "outcome": "met", "mode": "door", "people": [who]}), NOON).await;
            }
            instance.settle(&town.intake).await;
        }
        let told = messages(&instance);
        let raised = |kind: &str| told.iter().filter(|said| said["data"]["kind"] == kind && said["data"]["action"] == "raised").collect::<Vec<_>>();
        let named = raised("fever").iter().filter(|said| said["data"]["suppressed"] == json!([])).count();
        assert_eq!((raised("fever").len(), raised("cluster").len(), named), (guests, usize::from(guests > 1), by_name), "{entered:?}");
        assert!(raised("cluster").iter().all(|said| said["data"]["suppressed"] == json!([])), "{entered:?}");
        for limit in [1, 2, 7] {
            let mut fresh = Instance::new(&town.log, &town.clock);
            while fresh.fold(limit).await > 0 {}
            assert_eq!(messages(&fresh), told, "{entered:?}, {limit} at a time");
        }
    }
}

#[tokio::test]
async fn the_third_fever_is_part_of_the_cluster_whichever_of_the_two_alerts_intake_takes_first() {
    for last_first in [false, true] {
        let town = Town::new(&["u07"]).await;
        let mut instance = Instance::new(&town.log, &town.clock);
        for guest in ["one", "two", "three"] {
            let who = json!({"unregistered": {"ref": guest}, "readings": [{"celsius": 38.5, "site": "axilla"}], "symptoms": []});
            town.record("visit.record", json!({"household": "h502", "outcome": "met", "mode": "door", "people": [who]}), NOON).await;
            instance.fold(1000).await;
            instance.judge();
            while !instance.on_their_way.is_empty() {
                let place = if last_first { instance.on_their_way.len() - 1 } else { 0 };
                instance.deliver(place, &town.intake).await;
            }
            instance.answer();
            instance.settle(&town.intake).await;
        }
        let told = messages(&instance);
        let fevers = told.iter().filter(|said| said["data"]["kind"] == "fever" && said["data"]["action"] == "raised");
        let suppressed: Vec<&Value> = fevers.map(|said| &said["data"]["suppressed"]).collect();
        assert_eq!(suppressed, [&json!([]), &json!([]), &json!(["inhibited"])], "the last first: {last_first}");
    }
}

#[tokio::test]
async fn a_fever_that_the_cluster_does_not_count_is_told_by_name() {
    let town = Town::new(&["u07"]).await;
    let mut instance = Instance::new(&town.log, &town.clock);
    let readings = |celsius: f64, site: &str| json!([{"celsius": celsius, "site": site}]);
    let met = |guest: &str, readings| json!({"unregistered": {"ref": guest}, "readings": readings, "symptoms": []});
    let visit = |who| json!({"household": "h502", "outcome": "met", "mode": "door", "people": [who]});
    for guest in ["one", "two", "three"] {
        town.record("visit.record", visit(met(guest, readings(38.5, "axilla"))), NOON).await;
    }
    instance.settle(&town.intake).await;
    // further apart than the time for measuring again: that confirms the fever, and counts for no cluster
    for (celsius, at) in [(37.5, "2020-02-06T10:00"), (37.6, "2020-02-06T10:40")] {
        town.record("visit.record", visit(met("four", readings(celsius, "forehead"))), at).await;
        instance.settle(&town.intake).await;
    }
    let told = messages(&instance);
    let upgraded: Vec<&Value> = told.iter().filter(|said| said["data"]["kind"] == "fever" && said["data"]["action"] == "upgraded").collect();
    assert_eq!(upgraded.iter().map(|said| &said["data"]["suppressed"]).collect::<Vec<_>>(), [&json!([])], "{told:#?}");
    let cluster = told.iter().rfind(|said| said["data"]["kind"] == "cluster").unwrap();
    assert_eq!(cluster["data"]["occurrences"], 3, "{cluster:#}");
}

#[tokio::test]
async fn what_an_instance_said_before_another_knew_better_changes_nothing() {
    let town = Town::new(&["u07"]).await;
    let (mut slow, mut fast) = (Instance::new(&town.log, &town.clock), Instance::new(&town.log, &town.clock));
    let fever = |celsius| visit("p1", celsius, "axilla");
    let (kind, data) = fever(38.5);
    town.record(kind, data, "2020-02-06T02:00").await;
    fast.settle(&town.intake).await;
    slow.settle(&town.intake).await;
    let (kind, data) = fever(38.4);
    town.record(kind, data, "2020-02-06T03:00").await;
    slow.fold(1000).await;
    slow.judge();
    assert_eq!(slow.on_their_way.len(), 1, "on its way, and slow");
    for at in ["2020-02-06T06:00", "2020-02-06T10:00"] {
        let (kind, data) = fever(36.5);
        town.record(kind, data, at).await;
    }
    fast.settle(&town.intake).await;
    let recovering = town.alerts("u07").await;
    assert!(recovering.last().is_some_and(|line| line.starts_with("alert.recovery_started.v1 fever ")), "{recovering:?}");
    slow.settle(&town.intake).await;
    assert_eq!(town.alerts("u07").await, recovering);
    check_replay(&town).await;
}

#[tokio::test]
async fn what_became_overdue_while_nobody_ran_is_raised_after_the_start_and_a_late_entry_resolves_it_as_late() {
    let town = Town::new(&["u07"]).await;
    let (kind, data) = order();
    town.record(kind, data, "2020-02-06T12:01").await;
    let mut instance = Instance::new(&town.log, &town.clock);
    instance.settle(&town.intake).await;
    instance.crash(false);
    town.clock.forward_minutes(9 * 60);
    instance.settle(&town.intake).await;
    let raised = town.alerts("u07").await;
    assert!(raised.iter().any(|line| line.starts_with("alert.raised.v1 check_overdue ")), "{raised:?}");
    let (kind, data) = check("reached");
    town.record(kind, data, "2020-02-06T19:00").await;
    instance.settle(&town.intake).await;
    let world = town.intake.world("u07").await;
    let resolved = world.commits().iter().flat_map(|commit| &commit.events).filter_map(Alert::step).find_map(|step| match step.change {
        Change::Resolved(resolution) if step.key.rule.as_str() == "check_overdue" => Some((resolution.late, resolution.quieted_by.len())),
        _ => None,
    });
    assert_eq!(resolved, Some((true, 1)));
    check_log(&world);
    check_replay(&town).await;
}

#[tokio::test]
async fn the_basis_of_a_judgement_names_the_time_that_was_waited_for_and_none_when_the_log_told_something() {
    let town = Town::new(&["u07"]).await;
    let (kind, data) = order();
    town.record(kind, data, "2020-02-06T12:01").await;
    let (kind, data) = visit("p2", 38.5, "axilla");
    town.record(kind, data, NOON).await;
    let mut instance = Instance::new(&town.log, &town.clock);
    instance.settle(&town.intake).await;
    town.clock.forward_minutes(9 * 60);
    instance.settle(&town.intake).await;
    let world = town.intake.world("u07").await;
    let due_of = |rule: &str| {
        let mut raised = world.commits().iter().flat_map(|commit| &commit.events).filter_map(|event| match event {
            Event::AlertRaised(raised) if raised.key.rule.as_str() == rule => Some(raised.occurrence.basis.due),
            _ => None,
        });
        raised.next().expect("it was raised")
    };
    assert_eq!(due_of("fever"), None, "the visit told it");
    // the evening slot is due at 20:00, with half an hour of grace, and the end of the grace still belongs to it
    assert_eq!(due_of("check_overdue"), Some(World::time("2020-02-06T20:30").plus_ms(1)), "time alone did");
}

#[tokio::test]
async fn what_rows_hold_already_is_not_folded_into_them_again() {
    let town = Town::new(&["u07"]).await;
    let mut instance = Instance::new(&town.log, &town.clock);
    for minutes in [10, 45] {
        town.record("policy.set", json!({"grace_minutes": minutes}), NOON).await;
    }
    for (kind, data) in [order(), visit("p1", 38.5, "axilla"), entry("p1", "out", "admitted"), check("reached")] {
        town.record(kind, data, NOON).await;
        instance.settle(&town.intake).await;
    }
    close_breach(&town).await;
    instance.settle(&town.intake).await;
    let (before, head) = (instance.rows(), instance.engine.position().unwrap().sequence);
    assert!(["communities", "alerts", "outbox", "memories"].iter().all(|table| before.keys().any(|(name, _)| name == table)));
    for sequence in 1..=head {
        // up to the head, because a position never goes back
        let messages = instance.log.read_many(&[sequence, head]).await.unwrap();
        instance.engine.fold(&messages).unwrap();
        let after = instance.rows();
        let changed: Vec<_> = before.keys().chain(after.keys()).filter(|key| before.get(key) != after.get(key)).map(|(table, _)| table).collect();
        assert!(changed.is_empty(), "commit {sequence} was folded again into {changed:?}");
    }
}

#[tokio::test]
async fn a_damaged_commit_is_set_aside_and_one_of_a_newer_program_stops_the_fold_before_it() {
    let town = Town::new(&["u07"]).await;
    let (kind, data) = visit("p1", 38.5, "axilla");
    town.record(kind, data, NOON).await;
    let head = town.intake.world("u07").await.sequence();
    let whole = EventLog::in_memory(&town.log).read_many(&(1..=head).collect::<Vec<_>>()).await.unwrap();
    // the commit before the visit was changed on the disk, or its frame is one of a later version
    for (bytes, stops) in [(&b"GW\x01 this is no commit"[..], false), (&b"GW\x02\0\0\0\0rest"[..], true)] {
        let copy = MemoryLog::new("copy");
        let log = EventLog::in_memory(&copy);
        let mut last = 0;
        for stored in &whole {
            let payload = if stored.sequence == head - 1 { bytes.to_vec().into() } else { stored.payload.clone() };
            last = log.append(last, vec![Message { subject: stored.subject.clone(), payload }]).await.unwrap();
        }
        let mut instance = Instance::new(&copy, &town.clock);
        let messages = log.read_many(&(1..=head).collect::<Vec<_>>()).await.unwrap();
        let folded = instance.engine.fold(&messages);
        if stops {
            assert!(matches!(folded, Err(AlertingError::Unreadable { sequence, .. }) if sequence == head - 1), "{folded:?}");
            assert_eq!(instance.engine.position().unwrap().sequence, 0, "nothing of the batch counts as read");
        } else {
            let parked = folded.unwrap();
            assert_eq!(parked.iter().map(|parked| parked.sequence).collect::<Vec<_>>(), [head - 1]);
            assert_eq!(instance.engine.parked().unwrap().parked_last, parked, "it stands in the store");
            while instance.judge() {}
            let told = instance.on_their_way.iter().any(|(target, _)| target.rule.as_str() == "fever");
            assert!(told, "what came after the damaged commit is judged");
        }
    }
}

#[tokio::test]
async fn a_change_of_policy_judges_the_community_anew_in_pages_that_survive_a_crash() {
    let town = Town::new(&["u07"]).await;
    for number in 0..450 {
        let (_, mut visit) = visit("p1", 37.0, "axilla");
        visit["people"][0] = json!({"unregistered": {"ref": format!("s{number}")}, "readings": [{"celsius": 37.0, "site": "axilla"}]});
        town.record("visit.record", visit, NOON).await;
    }
    let mut instance = Instance::new(&town.log, &town.clock);
    instance.settle(&town.intake).await;
    assert_eq!(town.alerts("u07").await, Vec::<String>::new());
    town.record("policy.set", json!({"fever": {"threshold": 36.9}, "effective_from": "2020-02-01T00:00:00Z", "reason": "notice 12"}), NOON).await;
    instance.fold(1000).await;
    let a_page_of_several_was_done = (0..20).any(|_| {
        instance.judge();
        let jobs = instance.store.scan::<crate::rows::Job>(crate::rows::JOBS, &Prefix::all_communities_of_table(), None, 99).unwrap();
        jobs.iter().any(|(_, job)| job.value.after.is_some())
    });
    assert!(a_page_of_several_was_done);
    instance.crash(true);
    instance.settle(&town.intake).await;
    assert_eq!(town.alerts("u07").await.len(), 450);
    check_replay(&town).await;
}

#[tokio::test]
async fn a_rule_that_is_switched_off_resolves_what_it_had_raised() {
    let town = Town::new(&["u07"]).await;
    let mut instance = Instance::new(&town.log, &town.clock);
    let (kind, data) = visit("p1", 38.5, "axilla");
    town.record(kind, data, NOON).await;
    instance.settle(&town.intake).await;
    town.record("policy.set", json!({"rules": {"fever": {"enabled": false}}}), NOON).await;
    instance.settle(&town.intake).await;
    let alerts = town.alerts("u07").await;
    assert!(alerts.last().is_some_and(|line| line.starts_with("alert.resolved.v2 fever ")), "{alerts:?}");
}

#[tokio::test]
async fn a_breach_that_was_closed_by_hand_comes_back_only_with_a_new_cause_and_without_the_old_one() {
    let town = Town::new(&["u07"]).await;
    let mut instance = Instance::new(&town.log, &town.clock);
    let (kind, data) = order();
    town.record(kind, data, "2020-02-06T08:00").await;
    let (kind, data) = entry("p1", "out", "admitted");
    town.record(kind, data, "2020-02-06T11:00").await;
    instance.settle(&town.intake).await;
    close_breach(&town).await;
    instance.settle(&town.intake).await;
    assert_eq!(breaches(&town).await, ["raised 1", "closed 0"]);
    let (kind, data) = check("not_home");
    town.record(kind, data, "2020-02-06T11:30").await;
    instance.settle(&town.intake).await;
    instance.rebuild();
    instance.settle(&town.intake).await;
    assert_eq!(breaches(&town).await, ["raised 1", "closed 0", "raised 1"]);
    check_log(&town.intake.world("u07").await);
    check_replay(&town).await;
}

async fn close_breach(town: &Town) {
    let world = town.intake.world("u07").await;
    let raised = world.commits().iter().flat_map(|commit| &commit.events).find_map(|event| match event {
        Event::AlertRaised(raised) if raised.key.rule.as_str() == "quarantine_breach" => Some((raised.alert.clone(), raised.n)),
        _ => None,
    });
    let (alert, n) = raised.unwrap();
    town.record("alert.close", json!({"alert": alert, "n": n, "reason": "false_alarm"}), NOON).await;
}

async fn breaches(town: &Town) -> Vec<String> {
    let world = town.intake.world("u07").await;
    let steps = world.commits().iter().flat_map(|commit| &commit.events).filter_map(Alert::step);
    let breaches = steps.filter(|step| step.key.rule.as_str() == "quarantine_breach");
    let told = breaches.filter_map(|step| match step.change {
        Change::Raised { occurrence, .. } => Some(format!("raised {}", occurrence.causes.len())),
        Change::Updated(occurrence) => Some(format!("updated {}", occurrence.causes.len())),
        Change::Closed { .. } => Some("closed 0".to_owned()),
        _ => None,
    });
    told.collect()
}

#[tokio::test]
async fn a_community_has_the_same_alerts_with_and_without_another() {
    let mut seen = Vec::new();
    for worlds in [&["u07"][..], &["u07", "u08"][..]] {
        let town = Town::new(worlds).await;
        let mut instance = Instance::new(&town.log, &town.clock);
        for (celsius, site, minutes) in [(37.5, "forehead", 40), (38.1, "ear", 700), (36.4, "ear", 300), (36.4, "axilla", 1500), (37.8, "oral", 1)] {
            let (kind, data) = visit("p1", celsius, site);
            let at = (town.clock.now())().to_string();
            town.record(kind, data.clone(), &at).await;
            if worlds.len() > 1 {
                town.intake.record("u08", kind, data, &at).await;
            }
            instance.settle(&town.intake).await;
            town.clock.forward_minutes(minutes);
            instance.settle(&town.intake).await;
        }
        seen.push(town.alerts("u07").await);
        if worlds.len() > 1 {
            assert!(!town.alerts("u08").await.is_empty());
        }
    }
    assert!(seen[0].len() > 3, "{:?}", seen[0]);
    assert_eq!(seen[0], seen[1]);
}

/// Buildings of which doors were missed, as the log tells it: a line per alert event, without levels.
async fn missed(town: &Town) -> Vec<String> {
    let lines = town.alerts("u07").await;
    lines.into_iter().filter(|line| line.contains(" door_missed ")).filter_map(|line| line.split(' ').next().map(str::to_owned)).collect()
}

#[tokio::test]
async fn the_end_of_a_round_judges_every_building_though_it_names_none_and_survives_a_crash() {
    let town = Town::new(&["u07", "u08"]).await;
    let mut instance = Instance::new(&town.log, &town.clock);
    town.record("round.open", json!({"round": "r1"}), NOON).await;
    town.record("visit.record", json!({"household": "h101", "outcome": "met", "mode": "door", "round": "r1"}), NOON).await;
    instance.settle(&town.intake).await;
    assert_eq!(missed(&town).await, Vec::<String>::new(), "it has no end yet");
    town.record("round.close", json!({"round": "r1"}), NOON).await;
    instance.fold(1000).await;
    instance.crash(true);
    instance.settle(&town.intake).await;
    // h101 is the one door of b08, and it was reached
    assert_eq!(missed(&town).await, ["alert.raised.v1"]);
    assert_eq!(town.alerts("u08").await, Vec::<String>::new(), "another community had no round");
    // typed in afterwards: each of the other doors was reached in time
    for (unit, door) in [("1", "101"), ("1", "102"), ("2", "501"), ("2", "502")] {
        let visit = json!({"building": "b07", "unit": unit, "door": door, "outcome": "met", "mode": "door", "round": "r1"});
        town.record("visit.record", visit, "2020-02-06T11:30").await;
        instance.settle(&town.intake).await;
    }
    assert_eq!(missed(&town).await, ["alert.raised.v1", "alert.resolved.v2"]);
    check_replay(&town).await;
    town.clock.forward_minutes(4 * 24 * 60);
    instance.settle(&town.intake).await;
    assert_eq!(missed(&town).await.len(), 2);
}
