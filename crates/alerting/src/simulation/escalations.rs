//! Whose turn it is, whatever becomes of those who say so.

use serde_json::json;

use super::*;

/// A town where every post of the table is filled, and an order of p1 whose keeper is s-keeper.
async fn town() -> Town {
    let town = Town::new(&["u07"]).await;
    for staff in ["s-nurse", "s-keeper", "s-office", "s-town", "s-new"] {
        town.record("staff.register", json!({"staff": staff, "name": staff, "roles": []}), NOON).await;
    }
    let community = || json!({"community": "u07"});
    let (kind, data) = order();
    town.record(kind, data, NOON).await;
    for (kind, data) in [
        duty(community(), "nurse", 1, "s-nurse"),
        duty(json!({"quarantine": "q1"}), "keeper", 1, "s-keeper"),
        duty(community(), "office", 2, "s-office"),
        duty(community(), "command", 3, "s-town"),
    ] {
        town.record(kind, data, NOON).await;
    }
    town
}

/// What was told of whose turn it is, of alerts of a rule: when, since when, at which level, to whom and why.
async fn told(town: &Town, rule: &str) -> Vec<String> {
    let time = |at: Timestamp| domain::values::Zone::default().local(at)[8..].to_owned();
    let world = town.intake.world("u07").await;
    let steps = world.commits().iter().flat_map(|commit| commit.events.iter().map(|event| (commit.header.recorded_at, event)));
    let escalated = steps.filter_map(|(recorded_at, event)| match Alert::step(event)?.change {
        Change::Escalated(escalated) if escalated.key.rule.as_str() == rule => Some((recorded_at, escalated)),
        _ => None,
    });
    let line = |(recorded_at, escalated): (Timestamp, &Escalated)| {
        let owners: Vec<&str> = escalated.owners.iter().map(|owner| owner.staff.as_str()).collect();
        let since = if escalated.since == recorded_at { String::new() } else { format!(" since {}", time(escalated.since)) };
        format!("{} L{} {} {}{since}", time(recorded_at), escalated.level, owners.join("+"), escalated.why)
    };
    escalated.map(line).collect()
}

async fn fever(town: &Town) {
    let (kind, data) = visit("p1", 38.5, "axilla");
    town.record(kind, data, &(town.clock.now())().to_string()).await;
}

#[tokio::test]
async fn two_instances_restarts_and_lost_answers_tell_each_level_once() {
    let town = town().await;
    fever(&town).await;
    two_instances(&town, &[0, 5, 10, 15, 60], 6).await;
    // the answers that were lost are asked for again when somebody starts next
    let fevers = ["06 12:00 L1 s-nurse+s-keeper at_once", "06 12:05 L2 s-office at_once since 06 12:00", "06 12:15 L3 s-town unacknowledged"];
    assert_eq!(told(&town, "fever").await, fevers);
    check_log(&town.intake.world("u07").await);
    check_replay(&town).await;
}

#[tokio::test]
async fn down_over_several_due_times_each_level_is_told_once_in_order_with_its_true_times() {
    let town = town().await;
    let mut instance = Instance::new(&town.log, &town.clock);
    instance.settle(&town.intake).await;
    // the evening's check is overdue at 20:30; it is told at half past ten
    instance.crash(true);
    town.clock.forward_minutes(8 * 60 + 31);
    instance.settle(&town.intake).await;
    instance.crash(false);
    town.clock.forward_minutes(2 * 60);
    instance.settle(&town.intake).await;
    instance.settle(&town.intake).await;
    assert_eq!(told(&town, "check_overdue").await, ["06 20:31 L1 s-keeper at_once", "06 22:31 L2 s-office unacknowledged since 06 21:01"]);
    // the second miss in a row, found in the afternoon: the town hears of it, by name
    instance.crash(true);
    town.clock.forward_minutes(30 * 60);
    instance.settle(&town.intake).await;
    let expected = ["06 20:31 L1 s-keeper at_once", "06 22:31 L2 s-office unacknowledged since 06 21:01", "08 04:31 L3 s-town worse"];
    assert_eq!(told(&town, "check_overdue").await, expected);
    check_log(&town.intake.world("u07").await);
    check_replay(&town).await;
}

#[tokio::test]
async fn a_change_of_duties_wakes_the_alerts_that_it_is_about() {
    let town = town().await;
    let mut instance = Instance::new(&town.log, &town.clock);
    fever(&town).await;
    instance.settle(&town.intake).await;
    let before = told(&town, "fever").await.len();
    town.clock.forward_minutes(1);
    // of another building, and of nobody who is asked
    for (kind, data) in [duty(json!({"building": "b08"}), "nurse", 1, "s-new"), duty(json!({"checkpoint": "c1"}), "guard", 1, "s-new")] {
        town.record(kind, data, "2020-02-06T12:01").await;
        instance.settle(&town.intake).await;
    }
    assert_eq!(told(&town, "fever").await.len(), before);
    // nearer than the community's nurse
    let (kind, data) = duty(json!({"household": "h502"}), "nurse", 1, "s-new");
    town.record(kind, data, "2020-02-06T12:01").await;
    instance.crash(false);
    instance.settle(&town.intake).await;
    assert_eq!(told(&town, "fever").await[before..], ["06 12:01 L1 s-new+s-keeper duty_changed"]);
    // nobody is left but the office
    for staff in ["s-new", "s-nurse", "s-keeper"] {
        town.record("staff.absent", json!({"staff": staff, "until": "2020-02-07T12:00:00+08:00"}), "2020-02-06T12:01").await;
    }
    instance.settle(&town.intake).await;
    assert_eq!(told(&town, "fever").await.last().map(String::as_str), Some("06 12:01 L2 s-office vacant"));
    check_log(&town.intake.world("u07").await);
    check_replay(&town).await;
}

#[tokio::test]
async fn a_vacant_post_is_an_alert_in_whichever_building_its_fever_is_and_for_as_long_as_both_last() {
    let town = Town::new(&["u07"]).await;
    // buildings that nobody reports have alerts of their own, with a leader who is there
    for (name, level) in [("leader", 1), ("office", 2)] {
        let (kind, data) = duty(json!({"community": "u07"}), name, level, "s-yang");
        town.record(kind, data, NOON).await;
    }
    let mut instance = Instance::new(&town.log, &town.clock);
    let gaps = async |instance: &mut Instance| -> Vec<String> {
        instance.settle(&town.intake).await;
        let world = town.intake.world("u07").await;
        check_gaps(&world);
        let known: &dyn domain::Known = &world;
        let told = world.commits().iter().flat_map(|commit| &commit.events).filter_map(Alert::step);
        let of_fevers = told.filter(|step| step.key.rule.as_str() == "responsibility_gap" && known.alert(step.alert.key_hash()).unwrap().is_active());
        of_fevers.map(|step| step.key.subject_id.to_string()).collect::<BTreeSet<_>>().into_iter().collect()
    };
    let now = || (town.clock.now())().to_string();
    fever(&town).await;
    assert_eq!(gaps(&mut instance).await, ["b07"]);
    let (kind, data) = visit_to("h101", "p1", 38.6, "axilla");
    town.record(kind, data, &now()).await;
    assert_eq!(gaps(&mut instance).await, ["b08"]);
    instance.crash(true);
    town.clock.forward_minutes(10 * 24 * 60);
    assert_eq!(gaps(&mut instance).await, ["b08"]);
    let (kind, data) = duty(json!({"building": "b08"}), "nurse", 1, "s-yang");
    town.record(kind, data, &now()).await;
    assert_eq!(gaps(&mut instance).await, Vec::<String>::new());
    check_log(&town.intake.world("u07").await);
    check_replay(&town).await;
}

#[tokio::test]
async fn what_somebody_has_does_not_go_up_until_their_time_is_over() {
    let town = town().await;
    let mut instance = Instance::new(&town.log, &town.clock);
    fever(&town).await;
    instance.settle(&town.intake).await;
    let world = town.intake.world("u07").await;
    let steps = world.commits().iter().flat_map(|commit| &commit.events).filter_map(Alert::step).filter(|step| step.key.rule.as_str() == "fever");
    let alert = steps.map(|step| (step.alert.clone(), step.n)).next_back();
    let (alert, n) = alert.unwrap();
    let until = "2020-02-06T13:00:00+08:00";
    town.record("alert.acknowledge", json!({"alert": alert, "n": n, "until": until}), NOON).await;
    town.clock.forward_minutes(59);
    instance.settle(&town.intake).await;
    assert_eq!(told(&town, "fever").await.len(), 2, "the town was not told");
    town.clock.forward_minutes(2);
    instance.settle(&town.intake).await;
    assert_eq!(told(&town, "fever").await[2..], ["06 13:01 L3 s-town expired since 06 13:00"]);
    check_replay(&town).await;
}
