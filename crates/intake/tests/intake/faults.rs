//! The log goes away, loses answers, is overtaken; intake restarts. A command is recorded exactly once all the same.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::Body;
use bus::{EventLog, event_log::NextAppend};
use bytes::Bytes;
use domain::{
    building,
    values::{BuildingId, CommandId},
};
use futures_util::{future::join_all, stream};
use intake::Limits;
use serde_json::{Value as Json, json};

use crate::{
    contract::assert_chained,
    harness::{HERE, House, building, household, impatient, until, visit},
};

async fn head(house: &House) -> u64 {
    EventLog::in_memory(&house.memory).head().await.unwrap().last_sequence
}

fn registered(id: &str, name: &str) -> domain::Event {
    let building: BuildingId = id.parse().unwrap();
    building::Registered {
        building,
        name: name.to_owned(),
        kind: building::Kind::Block,
        estate: None,
        grid: None,
        units: Vec::new(),
        private: None,
        address_fingerprint: None,
    }
    .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_remembered_for_ever() {
    let mut house = House::open().await;
    let register = building("b07", "7号楼");
    assert_eq!(house.send(&register).await.status, 201);
    house.restart().await;
    assert_eq!(house.send(&register).await.told(), (200, "duplicate".to_owned()));
    house.restart_from_the_log().await;
    assert_eq!(house.send(&register).await.told(), (200, "duplicate".to_owned()));
    let mut other = register.clone();
    other["data"]["name"] = json!("8号楼");
    assert_eq!(house.send(&other).await.told(), (409, "id_reused".to_owned()));
    assert_eq!(house.commits_of(&register).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_id_is_not_remembered() {
    let mut house = House::open().await;
    let early = household("h1", "b07");
    assert_eq!(house.send(&early).await.status, 422);
    house.record(&[building("b07", "7号楼")]).await;
    house.restart().await;
    assert_eq!(house.send(&early).await.status, 201);
    // nor is its content: the id is free for something else
    let refused = household("h2", "b99");
    assert_eq!(house.send(&refused).await.status, 422);
    let mut corrected = refused.clone();
    corrected["data"]["building"] = json!("b07");
    assert_eq!(house.send(&corrected).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_denies_what_it_cannot_show_is_asked_again_and_then_given_up() {
    let house = House::open().await;
    (0..3).for_each(|_| house.memory.next_append(NextAppend::Denied));
    house.record(&[building("b07", "7号楼")]).await;
    (0..30).for_each(|_| house.memory.next_append(NextAppend::Denied));
    // whoever asked is told that nothing is known, and may ask again
    assert_eq!(house.send(&building("b08", "8号楼")).await.told(), (503, "outcome_unknown".to_owned()));
    until("it gives up", async || house.why_not().is_some_and(|why| why.contains("does not know the end of its own stream"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_the_append_it_stands_on_the_log_once() {
    let house = House::open().await;
    let mut number = 0;
    for faults in [
        vec![NextAppend::AckLost],
        vec![NextAppend::NotSent],
        vec![NextAppend::NotSent, NextAppend::NotSent, NextAppend::AckLost],
        vec![NextAppend::AckLost, NextAppend::NotSent],
    ] {
        number += 1;
        faults.iter().for_each(|fault| house.memory.next_append(fault.clone()));
        let register = building(&format!("b{number}"), "楼");
        let reply = house.send(&register).await;
        assert_eq!(reply.status, 201, "{faults:?} {}", reply.text());
        let on_log = house.commits_of(&register).await;
        assert_eq!(on_log.len(), 1, "{faults:?}");
        assert_eq!(reply.json()["sequence"], on_log[0].sequence, "{faults:?}");
    }
    assert_chained(&house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_say_the_same_at_once_one_is_recorded() {
    let house = House::open().await;
    let register = building("b07", "7号楼");
    let replies = join_all((0..50).map(|_| house.send(&register))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    assert_eq!(replies.iter().filter(|reply| reply.told() == (200, "duplicate".to_owned())).count(), 49);
    assert!(replies.iter().all(|reply| reply.json()["sequence"] == 3));
    assert_eq!(house.commits_of(&register).await.len(), 1);
    // in one body they meet in one batch
    let visited = household("h1", "b07");
    let told = house.lines(&vec![visited.clone(); 20]).await;
    assert_eq!(told.iter().map(|told| told["status"].as_str().unwrap()).collect::<Vec<_>>(), [vec!["recorded"], vec!["duplicate"; 19]].concat());
    assert_eq!(house.commits_of(&visited).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_answered_before_it_is_on_the_log() {
    let house = House::open().await;
    let before = head(&house).await;
    let register = building("b07", "7号楼");
    house.memory.set_available(false);
    // a repeat and a refusal that rest on what is not on the log yet must wait as well
    let commands = [register.clone(), register.clone(), building("b07", "7号楼"), household("h1", "b07")];
    let mut asked = std::pin::pin!(house.lines(&commands));
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut asked).await.is_err(), "an answer before the append");
    house.memory.set_available(true);
    let told = asked.await;
    assert_eq!(told.iter().map(|told| told["status"].as_str().unwrap()).collect::<Vec<_>>(), ["recorded", "duplicate", "unchanged", "recorded"]);
    assert_eq!(head(&house).await, before + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_log_is_away_the_outcome_is_unknown_and_the_same_id_tells_it_later() {
    let house = House::with(impatient()).await;
    let commands: Vec<Json> = (0..3).map(|n| building(&format!("b{n}"), "楼")).collect();
    house.memory.set_available(false);
    for command in &commands {
        let reply = house.send(command).await;
        assert_eq!(reply.told(), (503, "outcome_unknown".to_owned()));
        assert_eq!(reply.headers["retry-after"], "1");
        assert_eq!(reply.json()["retry"], true);
    }
    // whoever sends must not be told by readiness that all is well
    let why = house.why_not().unwrap_or_default();
    assert_eq!(why, "the outcome of an append is unknown; trying again with the same guard (since 2020-02-06T08:00:00Z)");
    house.memory.set_available(true);
    for command in &commands {
        until("recorded or known", async || house.send(command).await.status < 300).await;
        assert_eq!(house.commits_of(command).await.len(), 1);
    }
    until("it is ready again", async || house.why_not().is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_usual_wait_is_the_one_of_the_contract() {
    assert_eq!(Limits::default().outcome_wait, Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_body_waits_once_for_a_log_that_is_away_not_once_per_line() {
    let house = House::with(impatient()).await;
    house.memory.set_available(false);
    let commands: Vec<Json> = (0..400).map(|n| building(&format!("b{n}"), "楼")).collect();
    let started = std::time::Instant::now();
    let told = house.lines(&commands).await;
    assert!(told.iter().all(|told| told["problem"]["code"] == "outcome_unknown"), "{told:?}");
    assert!(started.elapsed() < impatient().outcome_wait * 20, "{:?}", started.elapsed());
    house.memory.set_available(true);
    until("all are recorded", async || head(&house).await == 402).await;
    assert!(house.lines(&commands).await.iter().all(|told| told["status"] == "duplicate"));
}

#[tokio::test(flavor = "multi_thread")]
async fn when_somebody_was_faster_everything_is_decided_again_over_what_they_did() {
    let house = House::open().await;
    let theirs = house.foreign(HERE, CommandId(uuid::Uuid::now_v7()), [9; 16], vec![registered("b09", "9号楼")]).await;
    house.memory.next_append(NextAppend::Overtaken(theirs));
    let mut commands = vec![building("b01", "1号楼"), household("h1", "b01")];
    // over what is known now: not known, a change, and a change
    commands.extend([
        crate::harness::fresh("household.register", json!({"household": "h9", "building": "b09"})),
        building("b02", "2号楼"),
        visit("h1"),
        building("b09", "九号楼"),
    ]);
    let told = house.lines(&commands).await;
    let found: Vec<_> = told.iter().map(|told| (told["status"].as_str().unwrap(), told["sequence"].as_u64().unwrap_or_default())).collect();
    assert_eq!(found, [("recorded", 4), ("recorded", 5), ("recorded", 6), ("recorded", 7), ("recorded", 8), ("recorded", 9)]);
    let renamed = house.commits_of(&commands[5]).await;
    assert!(renamed[0].commit.events.iter().any(|event| matches!(event, domain::Event::BuildingRenamed(_))), "{renamed:?}");
    assert_eq!(renamed[0].commit.header.version, 2);
    assert_chained(&house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_somebody_was_faster_with_the_same_command_it_is_a_repeat() {
    let house = House::open().await;
    let probe = building("b01", "1号楼");
    house.record(std::slice::from_ref(&probe)).await;
    // another instance recorded the very same command: found out only by the conflict
    let twin = building("b02", "2号楼");
    let scratch = House::open().await;
    scratch.record(std::slice::from_ref(&twin)).await;
    let content = scratch.commits_of(&twin).await[0].commit.header.content;
    let id: CommandId = twin["id"].as_str().unwrap().parse().unwrap();
    house.memory.next_append(NextAppend::Overtaken(house.foreign(HERE, id, content, vec![registered("b02", "2号楼")]).await));
    let told = house.lines(&[building("b03", "3号楼"), twin.clone(), building("b04", "4号楼")]).await;
    assert_eq!(told.iter().map(|told| told["status"].as_str().unwrap()).collect::<Vec<_>>(), ["recorded", "duplicate", "recorded"]);
    assert_eq!(told.iter().map(|told| told["sequence"].as_u64().unwrap()).collect::<Vec<_>>(), [5, 4, 6]);
    assert_eq!(house.commits_of(&twin).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_a_log_that_is_away() {
    let mut house = House::with(impatient()).await;
    house.memory.set_available(false);
    let register = building("b07", "7号楼");
    assert_eq!(house.send(&register).await.status, 503);
    house.stop().await;
    house.memory.set_available(true);
    house.start().await;
    assert_eq!(house.send(&register).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_append_and_answer_is_a_repeat_afterwards() {
    let mut house = House::with(impatient()).await;
    let register = building("b07", "7号楼");
    // the answer is lost, and then everything is: intake stops without knowing that it was recorded
    house.memory.next_append(NextAppend::AckLost);
    (0..50).for_each(|_| house.memory.next_append(NextAppend::NotSent));
    assert_eq!(house.send(&register).await.told(), (503, "outcome_unknown".to_owned()));
    house.stop().await;
    house.start().await;
    assert_eq!(house.send(&register).await.told(), (200, "duplicate".to_owned()));
    assert_eq!(house.commits_of(&register).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_log_is_waited_out_and_nothing_is_acknowledged_meanwhile() {
    let house = House::with(impatient()).await;
    let register = building("b07", "7号楼");
    (0..2).for_each(|_| house.memory.next_append(NextAppend::Full));
    assert_eq!(house.send(&register).await.told(), (503, "outcome_unknown".to_owned()));
    assert!(house.why_not().is_some_and(|why| why.starts_with("the log is full: make room;")), "{:?}", house.why_not());
    until("there is room again", async || house.commits_of(&register).await.len() == 1).await;
    assert_eq!(house.send(&register).await.told(), (200, "duplicate".to_owned()));
    until("it is ready again", async || house.why_not().is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_can_wait_is_refused_and_the_rest_is_recorded() {
    let house = House::with(Limits { waiting_max: 4, ..impatient() }).await;
    house.memory.set_available(false);
    let commands: Vec<Json> = (0..7).map(|n| building(&format!("b{n}"), "楼")).collect();
    let mut told: Vec<(u16, String)> = join_all(commands.iter().map(|command| house.send(command))).await.iter().map(crate::harness::Reply::told).collect();
    told.sort();
    let expected: Vec<(u16, String)> = [vec![(429, "too_many_requests".to_owned()); 3], vec![(503, "outcome_unknown".to_owned()); 4]].concat();
    assert_eq!(told, expected);
    let busy = house.send(&commands[6]).await;
    assert_eq!(busy.headers["retry-after"], "1");
    house.memory.set_available(true);
    until("four are recorded", async || head(&house).await == 6).await;
    // a body of lines waits for room instead, and is cut into groups for which there can be room
    let many: Vec<Json> = (10..60).map(|n| building(&format!("b{n}"), "楼")).collect();
    assert!(house.lines(&many).await.iter().all(|told| told["status"] == "recorded"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_read_only_as_fast_as_it_is_recorded() {
    let house = House::with(Limits { outcome_wait: Duration::from_secs(600), ..Limits::default() }).await;
    house.memory.set_available(false);
    let pulled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&pulled);
    let lines = stream::iter(0..10_000).map(move |n| {
        counter.fetch_add(1, Ordering::SeqCst);
        Ok::<_, std::io::Error>(Bytes::from(format!("{}\n", building(&format!("b{n}"), "楼"))))
    });
    use futures_util::StreamExt;
    let mut asked = std::pin::pin!(house.raw_lines(Body::from_stream(lines)));
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut asked).await.is_err());
    let pulled = pulled.load(Ordering::SeqCst);
    // one group of 500 lines is awaited, two wait behind it, and the next one waits for its place
    assert!((1..=5 * 500).contains(&pulled), "{pulled} lines were taken in while nothing could be recorded");
    house.memory.set_available(true);
    assert_eq!(asked.await.len(), 10_000);
}
