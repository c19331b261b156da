//! Appending behind a guard on a real server: what is refused, what is unknown, and what of it stands on the log.

use std::time::Duration;

use bus::event_log::IN_TURN_MAX;
use bus::provision::{StreamPlan, ensure};
use bus::server::{NatsServer, ServerConfig};
use bus::{AppendError, EventLog, EventLogOptions, Message, ReadError, Refusal};
use bytes::Bytes;
use tokio::time::timeout;

use crate::common::{Bench, PATIENCE, config, connect, identity, messages, options, with_log};

#[tokio::test]
async fn a_full_log_refuses_and_stores_nothing() {
    let bench = Bench::start().await;
    bench.provision(&[StreamPlan::events(Some(64 * 1024))]).await;
    let log = EventLog::new(&bench.connect("intake").await, &EventLogOptions::default());
    let sized = |count: usize, kib: usize| vec![Message { subject: "ev.a".to_owned(), payload: Bytes::from(vec![7; kib * 1024]) }; count];
    assert_eq!(log.append(0, sized(2, 15)).await, Ok(2));
    let full = log.append(2, sized(IN_TURN_MAX + 1, 4)).await;
    assert!(matches!(full, Err(AppendError::Refused(Refusal::Full(_)))), "a batch: {full:?}");
    assert_eq!(log.head().await.unwrap().last_sequence, 2, "not even the first of the batch");
    let torn = log.append(2, sized(3, 15)).await;
    assert_eq!(torn, Err(AppendError::Torn), "in turn");
    assert_eq!(log.head().await.unwrap().last_sequence, 4, "as many as there was room for");
    assert_eq!(log.append(2, sized(3, 15)).await, Err(AppendError::Conflict), "and the guard settles it");
    for count in [1, 2] {
        let full = log.append(4, sized(count, 15)).await;
        assert!(matches!(full, Err(AppendError::Refused(Refusal::Full(_)))), "nothing of {count}: {full:?}");
    }
    let head = log.head().await.unwrap();
    assert_eq!((head.last_sequence, head.bytes_max), (4, Some(64 * 1024)));
}

#[tokio::test]
async fn a_full_log_goes_on_where_its_limit_is_planned_higher() {
    let bench = Bench::start().await;
    bench.provision(&[StreamPlan::events(Some(64 * 1024))]).await;
    let log = EventLog::new(&bench.connect("intake").await, &EventLogOptions::default());
    let sized = |kib: usize| vec![Message { subject: "ev.a".to_owned(), payload: Bytes::from(vec![7; kib * 1024]) }];
    assert_eq!(log.append(0, sized(48)).await, Ok(1));
    assert!(matches!(log.append(1, sized(48)).await, Err(AppendError::Refused(Refusal::Full(_)))));
    let higher = [StreamPlan::events(Some(128 * 1024))];
    // whoever makes streams may not change them, unless an operator lets them for the purpose
    let refused = ensure(&bench.connect("provision").await, &higher, identity).await.unwrap_err().to_string();
    assert!(refused.contains("$JS.API.STREAM.UPDATE.EVENTS"), "{refused}");
    let drift = ensure(&bench.connect("vandal").await, &higher, identity).await.unwrap().remove(0).drift;
    assert_eq!(drift, []);
    assert_eq!(log.append(1, sized(48)).await, Ok(2));
    // a limit is never lowered
    let lower = ensure(&bench.connect("vandal").await, &[StreamPlan::events(Some(64 * 1024))], identity).await.unwrap().remove(0).drift;
    assert!(lower.iter().all(|drift| drift.setting == "max_bytes" && drift.harmless) && lower.len() == 1, "{lower:?}");
    assert_eq!(log.head().await.unwrap().bytes_max, Some(128 * 1024));
}

#[tokio::test]
async fn a_full_server_refuses_and_goes_on_with_more_room_after_a_start() {
    let bench = Bench::start_with(ServerConfig { store_bytes_max: Some(256 * 1024), ..config() }).await;
    bench.provision(&[StreamPlan::events(None)]).await;
    let log = EventLog::new(&bench.connect("intake").await, &EventLogOptions::default());
    let sized = |count: usize| vec![Message { subject: "ev.a".to_owned(), payload: Bytes::from(vec![7; 48 * 1024]) }; count];
    let (mut head, mut full) = (0, None);
    while full.is_none() && head < 20 {
        match log.append(head, sized(1)).await {
            Ok(last) => head = last,
            Err(error) => full = Some(error),
        }
    }
    assert!(matches!(full, Some(AppendError::Refused(Refusal::Full(_)))), "after {head}: {full:?}");
    for count in [2, IN_TURN_MAX + 1] {
        let full = log.append(head, sized(count)).await;
        assert!(matches!(full, Err(AppendError::Refused(Refusal::Full(_)))), "{count}: {full:?}");
    }
    assert_eq!(log.head().await.unwrap().last_sequence, head);
    let Bench { folder, server, config } = bench;
    server.stop().await.unwrap();
    let server = NatsServer::start(&options(&folder), &ServerConfig { store_bytes_max: Some(4096 * 1024), ..config }).await.unwrap();
    let log = EventLog::new(&connect(&server.url(), "intake").await, &EventLogOptions::default());
    assert_eq!(log.append(head, sized(2)).await, Ok(head + 2));
    server.stop().await.unwrap();
}

/// What the server must do for an append in turn: had it looked at the sequence only, ours would stand behind what we have not seen.
#[tokio::test]
async fn what_is_appended_in_turn_follows_nobody_else() {
    let (bench, log) = with_log().await;
    let client = bench.raw("intake").await;
    let tell = async |payload: &str, headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(name, value)| (name.parse::<async_nats::HeaderName>().unwrap(), (*value).into())).collect::<async_nats::HeaderMap>();
        let request = async_nats::client::Request::new().headers(headers).payload(payload.to_owned().into()).inbox(client.new_inbox());
        String::from_utf8(client.send_request("ev.a", request).await.unwrap().payload.to_vec()).unwrap()
    };
    let told = tell("ours, the first", &[("Nats-Expected-Last-Sequence", "0"), ("Nats-Msg-Id", "one")]).await;
    assert!(told.contains("\"seq\":1"), "{told}");
    let told = tell("theirs", &[]).await;
    assert!(told.contains("\"seq\":2"), "{told}");
    for sequence in ["1", "2"] {
        let told = tell("ours, the second", &[("Nats-Expected-Last-Sequence", sequence), ("Nats-Msg-Id", "two"), ("Nats-Expected-Last-Msg-Id", "one")]).await;
        assert!(told.contains("\"error\""), "behind {sequence}: {told}");
    }
    assert_eq!(log.head().await.unwrap().last_sequence, 2);
    assert_eq!(log.read(2).await.unwrap().unwrap().payload, "theirs");
}

#[tokio::test]
async fn without_a_server_the_outcome_is_unknown_and_comes_in_time() {
    let (bench, patient) = with_log().await;
    let options = EventLogOptions { ack_wait: Duration::from_millis(200), ..EventLogOptions::default() };
    let log = EventLog::new(&bench.connect("intake").await, &options);
    assert_eq!(patient.append(0, messages(1, 1)).await, Ok(1));
    bench.server.stop().await.unwrap();
    let unknown = timeout(PATIENCE, log.append(1, messages(2, 3))).await.unwrap();
    assert!(matches!(unknown, Err(AppendError::Unknown(_))), "{unknown:?}");
    let unavailable = timeout(PATIENCE, log.head()).await.unwrap();
    assert!(matches!(unavailable, Err(ReadError::Unavailable(_))), "{unavailable:?}");
}

#[tokio::test]
async fn an_append_to_a_server_that_hangs_is_unknown_and_settled_by_the_guard() {
    let (bench, _) = with_log().await;
    let options = EventLogOptions { ack_wait: Duration::from_millis(300), ..EventLogOptions::default() };
    let log = EventLog::new(&bench.connect("intake").await, &options);
    for (first, count) in [(1, 1), (2, 5), (7, IN_TURN_MAX as u64 + 1)] {
        signal(&bench, rustix::process::Signal::STOP);
        let unknown = log.append(first - 1, messages(first, count)).await;
        signal(&bench, rustix::process::Signal::CONT);
        assert_eq!(unknown, Err(AppendError::Unknown(bus::UnknownOutcome::NoAck(options.ack_wait))));
        // what was on its way is stored now: the same guard again is refused, and the message is found to be ours
        let again = loop {
            match log.append(first - 1, messages(first, count)).await {
                Err(AppendError::Unknown(_)) => {}
                settled => break settled,
            }
        };
        assert_eq!(again, Err(AppendError::Conflict));
        let last = first + count - 1;
        assert_eq!(log.head().await.unwrap().last_sequence, last);
        assert_eq!(log.read(last).await.unwrap().unwrap().payload, Bytes::from(last.to_string()));
    }
}

fn signal(bench: &Bench, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(bench.server.pid().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// Somebody who appends behind no guard, again and again: whatever of ours they come between, nothing of ours stands behind them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_in_turn_is_torn_and_never_mixed() {
    let (bench, log) = with_log().await;
    let client = bench.raw("intake").await;
    let vandal = tokio::spawn(async move {
        for pause in (1..).map(|n: u64| n * 7919 % 1500) {
            client.publish("ev.a", "theirs".into()).await.unwrap();
            client.flush().await.unwrap();
            tokio::time::sleep(Duration::from_micros(pause)).await;
        }
    });
    let (count, mut torn, mut rounds) = (6, 0, 0_u64);
    while torn < 10 && rounds < 5_000 {
        let head = log.head().await.unwrap().last_sequence;
        let ours = (0..count).map(|place| Message { subject: "ev.a".to_owned(), payload: format!("{rounds} {place}").into() }).collect();
        torn += u64::from(log.append(head, ours).await == Err(AppendError::Torn));
        rounds += 1;
    }
    vandal.abort();
    assert!(torn >= 10, "of {rounds} appends only {torn} were torn: nothing was tried");
    let last = log.head().await.unwrap().last_sequence;
    let mut before = None;
    for stored in log.read_many(&(1..=last).collect::<Vec<_>>()).await.unwrap() {
        let text = String::from_utf8(stored.payload.to_vec()).unwrap();
        let ours = text.split_once(' ').map(|(round, place)| (round.parse::<u64>().unwrap(), place.parse::<u64>().unwrap()));
        if let Some((round, place)) = ours.filter(|(_, place)| *place > 0) {
            assert_eq!(before, Some((round, place - 1)), "message {} stands behind another", stored.sequence);
        }
        before = ours;
    }
}

#[tokio::test]
async fn of_two_writers_on_one_head_one_wins_and_the_other_leaves_nothing() {
    let (bench, first) = with_log().await;
    let second = EventLog::new(&bench.connect("intake").await, &EventLogOptions::default());
    let mut head = 0;
    for round in 0..100 {
        // alone, in turn, and as a batch
        let many = IN_TURN_MAX as u64 * (round / 3 % 2);
        let (ours, theirs) = (many + 1 + round % 3, many + 1 + round % 4);
        let (a, b) = tokio::join!(first.append(head, messages(1, ours)), second.append(head, messages(1, theirs)));
        head += match (a, b) {
            (Ok(_), Err(AppendError::Conflict)) => ours,
            (Err(AppendError::Conflict), Ok(_)) => theirs,
            other => panic!("round {round}: {other:?}"),
        };
        assert_eq!(first.head().await.unwrap().last_sequence, head, "round {round}");
    }
}
