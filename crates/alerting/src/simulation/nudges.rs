//! Before a report is due its leaders are nudged, once, whatever becomes of those who say so.

use domain::Event;
use serde_json::json;

use super::*;

/// A town where s-li leads b07 and nobody b08.
async fn town() -> Town {
    let town = Town::new(&["u07"]).await;
    town.record("staff.register", json!({"staff": "s-li", "name": "李明", "roles": []}), NOON).await;
    let (kind, data) = duty(json!({"building": "b07"}), "leader", 1, "s-li");
    town.record(kind, data, NOON).await;
    // both were reported until yesterday
    for building in ["b07", "b08"] {
        let data = json!({"scopes": [{"building": building}], "for_date": "2020-02-05", "basis": "seen"});
        town.record("building.report", data, NOON).await;
    }
    town
}

/// Every nudge: when, of which building and day, and who.
async fn nudges(town: &Town) -> Vec<String> {
    let time = |at: Timestamp| domain::values::Zone::default().local(at)[8..].to_owned();
    let world = town.intake.world("u07").await;
    let line = |commit: &domain::Commit| match &commit.events[..] {
        [Event::ReportNudged(event)] => {
            let leaders: Vec<&str> = event.leaders.iter().map(|leader| leader.as_str()).collect();
            Some(format!("{} {} {} {}", time(commit.header.recorded_at), event.building, event.for_date, leaders.join("+")))
        }
        _ => None,
    };
    world.commits().iter().filter_map(|commit| line(commit)).collect()
}

#[tokio::test]
async fn two_instances_restarts_and_lost_answers_nudge_once_a_day_and_a_rebuild_tells_nobody() {
    let town = town().await;
    // 16:59, 17:00, 17:20, 17:59, 18:00
    two_instances(&town, &[299, 1, 20, 39, 1], 4).await;
    assert_eq!(nudges(&town).await, ["06 17:00 b07 2020-02-06 s-li"], "and nobody leads b08");
    check_log(&town.intake.world("u07").await);
    check_replay(&town).await;
}

#[tokio::test]
async fn a_report_a_night_and_a_silent_building_are_no_reason_and_the_next_day_is_one_again() {
    let town = town().await;
    let mut instance = Instance::new(&town.log, &town.clock);
    instance.settle(&town.intake).await;
    town.clock.forward_minutes(240);
    let (kind, data) = report("b07");
    town.record(kind, data, &(town.clock.now())().to_string()).await;
    town.clock.forward_minutes(60);
    instance.settle(&town.intake).await;
    assert!(nudges(&town).await.is_empty(), "it is reported");
    // the next day at five, and the day after, when it has been silent for a day
    for (minutes, count) in [(24 * 60, 1), (24 * 60, 1)] {
        town.clock.forward_minutes(minutes);
        instance.settle(&town.intake).await;
        assert_eq!(nudges(&town).await.len(), count);
    }
    assert_eq!(nudges(&town).await, ["07 17:00 b07 2020-02-07 s-li"]);
    check_replay(&town).await;
}

#[tokio::test]
async fn who_was_down_at_five_is_late_and_in_time_and_not_after_the_report_is_due() {
    for (minutes, expected) in [(330, vec!["06 17:30 b07 2020-02-06 s-li"]), (361, vec![])] {
        let town = town().await;
        town.clock.forward_minutes(minutes);
        let mut instance = Instance::new(&town.log, &town.clock);
        instance.settle(&town.intake).await;
        assert_eq!(nudges(&town).await, expected, "{minutes} minutes after noon");
    }
}
