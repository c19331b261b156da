//! Logs and streams of alerts that come from different backups.

use std::time::Duration;

use alerting::Alerting;
use bus::{EventLog, Lag, Notice, Publication};
use domain::log::LogPosition;
use serde_json::Value;

use crate::{
    fever,
    system::{System, body, eventually},
};

const AGE_MAX: Duration = Duration::from_secs(90 * 24 * 3600);

/// Waits until publishing has stopped for the sake of an operator, and everything is judged all the same.
async fn stopped(alerting: &Alerting) -> String {
    let so = || alerting.readiness().why_not().filter(|why| why.contains("until an operator decides") && !why.contains("judging"));
    eventually("publishing to stop", so).await
}

async fn ready(alerting: &Alerting) {
    eventually("readiness", || alerting.readiness().why_not().is_none().then_some(())).await;
}

async fn behind(alerting: &Alerting, wanted: Lag) {
    eventually(&format!("{wanted:?} behind"), || (alerting.readiness().lag() == wanted).then_some(())).await;
}

fn ids(notices: &[Notice]) -> Vec<String> {
    notices.iter().map(|notice| body(notice)["id"].as_str().unwrap().to_owned()).collect()
}

/// A message for the stream that says it comes from `source`.
fn from(source: LogPosition) -> Notice {
    let subject = "gw.v1.dianbu.u07.alert.fever.critical.b07.raised".to_owned();
    Notice { subject, source, content_type: "application/json", payload: "{}".into() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_log_that_has_grown_past_what_was_told_is_recognised_for_ever() {
    let mut system = System::new("2020-02-02T15:05").await;
    system.grow(10).await;
    let alerting = system.start();
    system.record("visit.record", fever("p1", 38.2), "2020-02-02T15:04").await;
    let told = system.notices(1).await;
    alerting.stop().await;
    system.restore().await;

    // the log ends before what was told; the new fever's place is one that was used before
    let alerting = system.start();
    assert!(stopped(&alerting).await.contains("it ends at"));
    system.record("visit.record", fever("p2", 39.0), "2020-02-02T15:04").await;
    eventually("an alert", || (system.alert_events() == 1).then_some(())).await;
    alerting.stop().await;
    system.grow(30).await;

    for empty in [false, true] {
        let alerting = if empty { system.start_in_an_empty_store() } else { system.start() };
        assert!(stopped(&alerting).await.contains("holds other bytes"));
        system.record("visit.record", fever("p3", 39.0), "2020-02-02T15:04").await;
        system.grow(3).await;
        assert_eq!(ids(&system.publication.notices()), ids(&told), "nothing of another history follows");
        alerting.stop().await;
    }

    // an operator removes the stream while the service runs, and it is filled from the log
    let alerting = system.start();
    stopped(&alerting).await;
    system.publication.roll_back(0);
    // the two fevers; that there are two in the building is told besides
    let raised = || {
        let notices = system.publication.notices();
        let raised = notices.iter().map(body).filter(|said| said["data"]["kind"] == "fever" && said["data"]["action"] == "raised");
        raised.map(|said| said["data"]["person"]["ref"].clone()).collect::<Vec<_>>()
    };
    let people = eventually("two fevers", || Some(raised()).filter(|people| people.len() == 2)).await;
    // the public's is another stream: it waits for its own decision, and holds up nobody
    assert!(stopped(&alerting).await.starts_with("publishing ALERTS_PUBLIC: "), "{:?}", alerting.readiness().why_not());
    system.public.roll_back(0);
    ready(&alerting).await;
    assert_eq!(people, ["p2", "p3"]);
    alerting.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_rolled_back_under_the_service_stops_its_publisher() {
    let mut system = System::new("2020-02-02T15:05").await;
    system.grow(10).await;
    let alerting = system.start();
    ready(&alerting).await;
    system.record("visit.record", fever("p1", 38.2), "2020-02-02T15:04").await;
    let told = system.notices(1).await;
    system.restore().await;
    // its place is one before what was told, so nothing wakes the publisher but the change of history itself
    system.record("visit.record", fever("p2", 39.0), "2020-02-02T15:04").await;
    stopped(&alerting).await;
    eventually("an alert", || (system.alert_events() == 1).then_some(())).await;
    alerting.stop().await;
    assert_eq!(ids(&system.publication.notices()), ids(&told));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_rolled_back_to_a_place_behind_what_was_told_goes_on() {
    let mut system = System::new("2020-02-02T15:05").await;
    // told of something that the backup holds
    let log = EventLog::in_memory(&system.log);
    let within = log.read(3).await.unwrap().unwrap().position();
    Publication::in_memory(&system.publication).append(0, vec![from(within)]).await.unwrap();
    system.grow(20).await;
    system.restore().await;
    let alerting = system.start();
    system.record("visit.record", fever("p2", 39.0), "2020-02-02T15:04").await;
    let notices = system.notices(2).await;
    ready(&alerting).await;
    alerting.stop().await;
    assert_eq!(body(&notices[1])["data"]["person"]["ref"], "p2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_was_lost_or_rolled_back_is_filled_again_as_it_was() {
    let system = System::new("2020-02-02T15:05").await;
    let alerting = system.start();
    for person in ["p1", "p2", "p3"] {
        system.record("visit.record", fever(person, 38.2), "2020-02-02T15:04").await;
    }
    let told = system.notices(3).await;
    ready(&alerting).await;
    alerting.stop().await;
    for (kept, age_max) in [(0, None), (1, None), (2, Some(AGE_MAX)), (0, Some(AGE_MAX))] {
        system.publication.roll_back(kept);
        if let Some(age) = age_max {
            system.publication.set_age_max(age);
        }
        let alerting = system.start();
        let again = system.notices(3).await;
        ready(&alerting).await;
        alerting.stop().await;
        assert_eq!(again, told, "{kept} messages were kept, age {age_max:?}");
    }
    assert_eq!(system.alert_events(), 3, "nothing was raised twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_passed_its_age_is_not_told_again() {
    let system = System::new("2020-02-02T15:05").await;
    let alerting = system.start();
    system.record("visit.record", fever("p1", 38.2), "2020-02-02T15:04").await;
    let old = ids(&system.notices(1).await);
    alerting.stop().await;
    system.publication.set_age_max(AGE_MAX);
    system.publication.expire();
    system.clock.forward_minutes(91 * 24 * 60);
    for empty in [false, true] {
        let before = system.publication.notices().len();
        let alerting = if empty { system.start_in_an_empty_store() } else { system.start() };
        let person = if empty { "p3" } else { "p2" };
        let now = (system.clock.now())().to_string();
        system.record("visit.record", fever(person, 38.2), &now).await;
        eventually("the fever of today", || {
            let notices = system.publication.notices();
            notices[before..].iter().any(|notice| body(notice)["data"]["person"]["ref"] == person).then_some(())
        })
        .await;
        ready(&alerting).await;
        alerting.stop().await;
        assert!(!ids(&system.publication.notices()[1..]).contains(&old[0]), "told again after 91 days");
        system.publication.expire();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_never_told_is_told_though_the_last_message_has_passed_its_age() {
    let system = System::new("2020-02-02T15:05").await;
    let publication = Publication::in_memory(&system.publication);
    let first = EventLog::in_memory(&system.log).read(1).await.unwrap().unwrap().position();
    publication.append(0, vec![from(first)]).await.unwrap();
    system.publication.set_age_max(AGE_MAX);
    system.publication.expire();
    // raised, and then the machine fails before anything is told
    for _ in 0..100 {
        system.publication.next_append(bus::event_log::NextAppend::NotSent);
    }
    let alerting = system.start();
    system.record("visit.record", fever("p1", 38.2), "2020-02-02T15:04").await;
    eventually("an alert", || (system.alert_events() == 1).then_some(())).await;
    alerting.stop().await;
    system.publication.heal();
    let alerting = system.start();
    let notices = system.notices(2).await;
    alerting.stop().await;
    assert_eq!(body(&notices[1])["data"]["person"]["ref"], "p1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_last_message_that_does_not_say_where_it_comes_from_stops_the_publisher() {
    let system = System::new("2020-02-02T15:05").await;
    Publication::in_memory(&system.publication).append(0, vec![from(LogPosition::default())]).await.unwrap();
    let alerting = system.start();
    system.record("visit.record", fever("p1", 38.2), "2020-02-02T15:04").await;
    let why = stopped(&alerting).await;
    assert!(why.contains("does not say which log"), "{why}");
    eventually("an alert", || (system.alert_events() == 1).then_some(())).await;
    alerting.stop().await;
    assert_eq!(system.publication.notices().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_log_is_missing_the_service_waits_and_forgets_nothing() {
    let system = System::new("2020-02-02T15:05").await;
    let alerting = system.start();
    system.record("visit.record", fever("p1", 38.2), "2020-02-02T15:04").await;
    system.notices(1).await;
    ready(&alerting).await;
    let folded = eventually("the alert is folded", || Some(system.folded()).filter(|&folded| folded == system.head())).await;
    system.log.set_missing(true);
    eventually("it is said", || alerting.readiness().why_not().filter(|why| why.contains("judging: the log does not answer"))).await;
    assert_eq!(system.folded(), folded, "rows are thrown away though the log is the same");
    system.log.set_missing(false);
    ready(&alerting).await;
    system.record("visit.record", fever("p2", 38.2), "2020-02-02T15:04").await;
    system.notices(2).await;
    alerting.stop().await;
    assert_eq!(system.publication.notices().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_or_has_stopped_says_how_far_judging_is_behind() {
    let system = System::new("2020-02-02T15:05").await;
    let alerting = system.start();
    ready(&alerting).await;
    system.log.hand_out(0);
    let folded = system.head();
    system.record("visit.record", fever("p1", 38.2), "2020-02-02T15:04").await;
    system.clock.forward_minutes(2);
    behind(&alerting, Lag { commits: 1, age_ms: 2 * 60_000 }).await;
    system.grow(1).await;
    // what it was to read next is lost, and it stops there
    system.log.lose(folded + 1);
    system.log.hand_out(1);
    eventually("it stops", || alerting.readiness().why_not().filter(|why| why.contains("judging"))).await;
    system.clock.forward_minutes(3);
    let behind = eventually("it is behind for longer", || Some(alerting.readiness().lag()).filter(|lag| lag.age_ms >= 3 * 60_000)).await;
    assert_eq!(behind.commits, 2);
    alerting.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stream_of_the_public_is_filled_again_by_itself_with_the_ids_it_had() {
    let system = System::new("2020-02-02T15:05").await;
    let alerting = system.start();
    for person in ["p1", "p2"] {
        system.record("visit.record", fever(person, 38.2), "2020-02-02T15:04").await;
    }
    let (told, counted) = (system.notices(2).await, eventually("counts", || Some(system.public.notices()).filter(|notices| notices.len() == 2)).await);
    ready(&alerting).await;
    alerting.stop().await;
    let open: Vec<Value> = counted.iter().map(|notice| body(notice)["data"]["open"].clone()).collect();
    let fevers = |count: u32| serde_json::json!([{"kind": "fever", "severity": "critical", "count": count}]);
    assert_eq!(open, [fevers(1), fevers(2)]);
    for kept in [0, 1] {
        system.public.roll_back(kept);
        let alerting = if kept == 0 { system.start() } else { system.start_in_an_empty_store() };
        let again = eventually("counts again", || Some(system.public.notices()).filter(|notices| notices.len() == 2)).await;
        ready(&alerting).await;
        alerting.stop().await;
        assert_eq!(again, counted, "byte for byte");
        assert_eq!(ids(&system.publication.notices()), ids(&told), "the others are told nothing twice");
    }
}
