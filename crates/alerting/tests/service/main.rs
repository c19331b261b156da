//! The whole service over a log, a stream and requests in memory, with an intake that decides as the real one.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod history;
mod real;
mod system;

use bus::{MemoryLog, event_log::NextAppend};
use serde_json::{Value, json};
use system::{System, body, eventually};
use testkit::{Trouble, World};

/// Not a test of its own: the entry through which a test starts nats-server.
#[test]
fn nats_child() {
    bus::server::child_main_if_asked();
}

fn fever(person: &str, celsius: f64) -> Value {
    let people = json!([{"person": person, "readings": [{"celsius": celsius, "site": "axilla"}], "symptoms": []}]);
    json!({"household": "h502", "outcome": "met", "mode": "door", "people": people})
}

fn order() -> Value {
    json!({"quarantine": "q1", "person": "p1", "kind": "home", "count_from": {"date": "2020-02-02", "basis": "order"}})
}

fn check() -> Value {
    let check = json!({"quarantine": "q1", "outcome": "reached", "readings": [{"celsius": 36.5, "site": "axilla"}], "symptoms": []});
    json!({"checks": [check], "mode": "door"})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fever_is_published_word_by_word() {
    let system = System::new("2020-02-02T15:05").await;
    let alerting = system.start();
    let id = system.record("visit.record", fever("p1", 38.2), "2020-02-02T15:04").await;
    let notice = system.notice("fever.critical.b07.raised").await;
    assert_eq!(notice.subject, "gw.v1.dianbu.u07.alert.fever.critical.b07.raised");
    assert_eq!(notice.content_type, "application/cloudevents+json");
    let alert = body(&notice)["data"]["alert"].clone();
    let name = alert.as_str().unwrap();
    assert_eq!(
        body(&notice),
        json!({
            "specversion": "1.0",
            "id": format!("1-{name}-1"),
            "source": "/towns/dianbu/communities/u07",
            "type": "gridward.alert.raised.v1",
            "subject": "building/b07",
            "time": "2020-02-02T07:05:00Z",
            "datacontenttype": "application/json",
            "severity": "critical",
            "sequence": "00000000000000000001",
            "partitionkey": name,
            "data": {
                "alert": name,
                "n": 1,
                "key": "u07/fever/person/p1",
                "kind": "fever",
                "action": "raised",
                "state": "open",
                "severity": "critical",
                "exercise": false,
                "late": false,
                "unconfirmed": false,
                "stopped": false,
                "title": {"zh-CN": "阳光小区 7号楼2单元502 发热 38.2℃", "en": "Fever 38.2 °C, 阳光小区, building 7, unit 2, door 502"},
                "place": {"name": {"zh-CN": "阳光小区 7号楼2单元502", "en": "阳光小区, building 7, unit 2, door 502"}, "town": "dianbu", "community": "u07", "estate": "e1", "grid": "g1", "building": "b07", "unit": "2", "household": "h502"},
                "person": {"ref": "p1"},
                "observed": {"celsius": 38.2, "site": "axilla", "at": "2020-02-02T07:04:00Z", "recorded_at": "2020-02-02T07:05:00Z"},
                "occurrences": 1,
                "first_at": "2020-02-02T07:04:00Z",
                "last_at": "2020-02-02T07:04:00Z",
                "owner": null,
                "level": null,
                "told": [],
                "acknowledged": null,
                "recovering_until": null,
                "seen": null,
                "caused_by": [format!("{id}-0")],
                "rule": {"name": "fever", "version": 6}, "suppressed": [], "silenced_until": null
            }
        })
    );
    system.record("alert.acknowledge", json!({"alert": name, "n": 1, "until": "2020-02-02T09:00:00Z"}), "2020-02-02T15:05").await;
    let acknowledged = body(&system.notice("fever.critical.b07.acknowledged").await);
    assert_eq!(acknowledged["data"]["state"], "acknowledged");
    assert_eq!(acknowledged["data"]["acknowledged"], json!({"by": "t-office", "at": "2020-02-02T07:05:00Z", "until": "2020-02-02T09:00:00Z"}));
    assert_eq!(acknowledged["sequence"], "00000000000000000002");
    alerting.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_people_in_an_open_cluster_it_is_said_that_people_need_not_be_told_of_each() {
    let system = System::new("2020-02-02T15:05").await;
    system.record("policy.set", json!({"rules": {"cluster": {"enabled": true}}}), "2020-02-02T15:00").await;
    let alerting = system.start();
    for (person, told) in [("p1", 1), ("p2", 2)] {
        system.record("visit.record", fever(person, 38.2), "2020-02-02T15:04").await;
        eventually(person, || (fevers(&system).len() == told).then_some(())).await;
    }
    let cluster = body(&system.notice("cluster.critical.b07.raised").await);
    system.record("visit.record", fever("p3", 38.4), "2020-02-02T15:04").await;
    eventually("the third", || (fevers(&system).len() == 3).then_some(())).await;
    // whoever closes it must have seen it with the third
    system.notice("cluster.critical.b07.updated").await;
    system.record("alert.close", json!({"alert": cluster["data"]["alert"], "n": last_n(&system, &cluster), "reason": "false_alarm"}), "2020-02-02T15:05").await;
    system.notice("cluster.critical.b07.closed").await;
    system.record("visit.record", fever("p3", 39.0), "2020-02-02T15:05").await;
    eventually("more of the third", || (fevers(&system).len() == 4).then_some(())).await;
    alerting.stop().await;
    let suppressed: Vec<(Value, Value)> = fevers(&system).iter().map(|said| (said["data"]["key"].clone(), said["data"]["suppressed"].clone())).collect();
    let expected = [("p1", json!([])), ("p2", json!([])), ("p3", json!(["inhibited"])), ("p3", json!([]))];
    assert_eq!(suppressed, expected.map(|(person, suppressed)| (json!(format!("u07/fever/person/{person}")), suppressed)));
    assert_eq!(cluster["data"]["suppressed"], json!([]));
}

/// What was told of fevers, in order.
fn fevers(system: &System) -> Vec<Value> {
    system.publication.notices().iter().map(body).filter(|said| said["data"]["kind"] == "fever").collect()
}

/// The number of what was told last of an alert.
fn last_n(system: &System, alert: &Value) -> Value {
    let of_it = system.publication.notices().iter().map(body).rfind(|said| said["data"]["alert"] == alert["data"]["alert"]);
    of_it.unwrap()["data"]["n"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_cut_off_reads_what_it_missed_before_it_judges_by_the_clock() {
    let system = System::new("2020-02-02T12:01").await;
    let alerting = system.start();
    system.record("quarantine.order", order(), "2020-02-02T12:01").await;
    eventually("it is at the head", || (system.folded() == system.head()).then_some(())).await;
    // the evening's check is made and on the log; nobody has told alerting when its time is over
    system.log.hand_out(0);
    system.clock.forward_minutes(7 * 60);
    system.grow(1).await;
    system.record("quarantine.check", check(), "2020-02-02T19:00").await;
    system.clock.forward_minutes(90);
    system.log.hand_out(1);
    eventually("it is at the head again", || (system.folded() == system.head()).then_some(())).await;
    system.clock.forward_minutes(16 * 60);
    let raised = body(&system.notice("check_overdue.serious.b07.raised").await);
    assert_eq!(raised["data"]["caused_by"], json!(["q1/2020-02-03/am"]), "the next morning's, and not what was done in time");
    alerting.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_alone_raises_and_a_late_entry_resolves_as_late() {
    let system = System::new("2020-02-02T12:01").await;
    let alerting = system.start();
    system.record("quarantine.order", order(), "2020-02-02T12:01").await;
    system.clock.forward_minutes(8 * 60 + 30);
    let raised = body(&system.notice("check_overdue.serious.b07.raised").await);
    assert_eq!(raised["data"]["caused_by"], json!(["q1/2020-02-02/pm"]));
    system.record("quarantine.check", check(), "2020-02-02T19:00").await;
    let resolved = body(&system.notice("check_overdue.serious.b07.resolved").await);
    assert_eq!(resolved["data"]["late"], true);
    assert_eq!(resolved["data"]["title"]["zh-CN"], "已结束：阳光小区 7号楼2单元502 体温检查超时（当时已测的已补录，其余见管控页）");
    alerting.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_set_aside_and_shown_and_outlives_a_restart() {
    let system = System::new("2020-02-02T15:05").await;
    let damaged = system.damage().await;
    for start in ["the first start", "a restart", "an empty store"] {
        let alerting = if start == "an empty store" { system.start_in_an_empty_store() } else { system.start() };
        eventually(start, || (alerting.readiness().why_not().is_none() && system.folded() == damaged).then_some(())).await;
        let list = alerting.readiness().parked();
        assert_eq!((list.parked, list.parked_last[0].sequence), (1, damaged), "{start}");
        let scratch = tempfile::tempdir().unwrap();
        let compared = alerting.check(scratch.path()).await.unwrap();
        assert_eq!(compared.differing, 0, "{start}: {compared:?}");
        alerting.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_and_an_empty_store_tell_nothing_twice_and_go_on() {
    let system = System::new("2020-02-02T15:05").await;
    let alerting = system.start();
    system.record("visit.record", fever("p1", 38.2), "2020-02-02T15:04").await;
    system.notice("fever.critical.b07.raised").await;
    alerting.stop().await;
    for empty in [false, true] {
        let person = if empty { "p3" } else { "p2" };
        let alerting = if empty { system.start_in_an_empty_store() } else { system.start() };
        let before = system.publication.notices();
        system.record("visit.record", fever(person, 38.2), "2020-02-02T15:04").await;
        system.notices(before.len() + 1).await;
        alerting.stop().await;
    }
    let keys: Vec<Value> = system.publication.notices().iter().map(|notice| body(notice)["data"]["key"].clone()).collect();
    assert_eq!(keys, ["u07/fever/person/p1", "u07/fever/person/p2", "u07/fever/person/p3"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_tell_everything_once_and_in_order() {
    let system = System::new("2020-02-02T15:05").await;
    let instances = [system.start(), system.start_in_an_empty_store()];
    for (person, celsius) in [("p1", 38.0), ("p2", 38.5), ("p3", 37.4), ("p1", 39.0), ("p2", 39.5)] {
        system.record("visit.record", fever(person, celsius), "2020-02-02T15:04").await;
    }
    eventually("three alerts", || (system.alert_events() >= 3).then_some(())).await;
    let expected = system.alert_events_when_quiet().await;
    let notices = system.notices(expected).await;
    for instance in instances {
        instance.stop().await;
    }
    let mut ids: Vec<Value> = notices.iter().map(|notice| body(notice)["id"].clone()).collect();
    assert!(notices.is_sorted_by_key(|notice| notice.source.sequence));
    ids.sort_by_key(Value::to_string);
    ids.dedup();
    assert_eq!(ids.len(), notices.len(), "a message was told twice");
    assert_eq!(system.publication.notices().len(), notices.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_intake_does_not_answer_is_asked_again() {
    let system = System::new("2020-02-02T15:05").await;
    system.intake.next_observation(Trouble::Away).await;
    system.intake.next_observation(Trouble::Away).await;
    let alerting = system.start();
    system.record("visit.record", fever("p1", 38.2), "2020-02-02T15:04").await;
    system.notice("fever.critical.b07.raised").await;
    alerting.stop().await;
    assert_eq!(system.publication.notices().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_acknowledgements_of_the_stream_leave_no_gap_and_no_repeat() {
    let system = System::new("2020-02-02T15:05").await;
    system.publication.next_append(NextAppend::AckLost);
    system.publication.next_append(NextAppend::NotSent);
    let alerting = system.start();
    system.record("visit.record", fever("p1", 38.2), "2020-02-02T15:04").await;
    system.notices(1).await;
    system.record("visit.record", fever("p2", 38.2), "2020-02-02T15:04").await;
    let notices = system.notices(2).await;
    alerting.stop().await;
    assert_eq!(notices.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_history_under_the_same_name_is_folded_anew() {
    let system = System::new("2020-02-02T15:05").await;
    let alerting = system.start();
    eventually("the head", || alerting.readiness().why_not().is_none().then_some(())).await;
    let log: &MemoryLog = &system.log;
    log.replace("another");
    let intake = testkit::MemoryIntake::new(log, system.clock.now());
    let mut world = World::settled();
    world.record("visit.record", fever("p2", 39.0), "2020-02-02T15:00");
    intake.adopt(world).await;
    let serving = intake.serve(&system.other_requests()).await;
    let notice = system.notice("fever.critical.b07.raised").await;
    assert_eq!(body(&notice)["data"]["key"], "u07/fever/person/p2");
    alerting.stop().await;
    serving.abort();
}
