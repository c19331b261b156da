//! The reader, when things go wrong.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_nats::jetstream::stream::Config;
use bus::event_log::BATCH_MESSAGES_MAX;
use bus::provision::{ALERT_AGE_MAX, STREAM_IDENTITY, StreamPlan, ensure};
use bus::server::NatsServer;
use bus::{AppendError, EventLog, EventLogOptions, Feed, Message, ReadError, ResumeError, Stored, Tail, TailError};
use bytes::Bytes;
use domain::log::{CommitHash, LogPosition};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::common::{Bench, PATIENCE, identity, messages, options, with_log};
use crate::server::kill_9;

/// The same log as another process sees it: what `log` appends comes to its readers from the server only.
fn apart(log: &EventLog) -> EventLog {
    log.clone().with_feed(&Feed::default())
}

async fn next(tail: &mut Tail) -> Result<Vec<Stored>, TailError> {
    timeout(PATIENCE, tail.next()).await.expect("the tail says something in time")
}

/// Reads until message `last`; each has to be the one after the one before it.
async fn read_to(tail: &mut Tail, from: u64, last: u64) {
    let mut expected = from;
    while expected <= last {
        let found = next(tail).await.unwrap();
        assert!(!found.is_empty(), "something comes at {expected}, or the tail waits");
        for stored in found {
            assert_eq!((stored.sequence, stored.payload.clone()), (expected, Bytes::from(expected.to_string())));
            expected += 1;
        }
    }
    assert_eq!(expected, last + 1);
}

/// Appends one message however long it takes, as a caller does: after an unknown outcome it looks at the head.
async fn append_surely(log: &EventLog, n: u64) {
    loop {
        match log.append(n - 1, messages(n, 1)).await {
            Ok(sequence) => return assert_eq!(sequence, n),
            Err(AppendError::Conflict) => {
                assert_eq!(log.read(n).await.unwrap().unwrap().payload, Bytes::from(n.to_string()), "it was ours");
                return;
            }
            Err(AppendError::Unknown(_)) => tokio::time::sleep(Duration::from_millis(10)).await,
            Err(refused) => panic!("{refused}"),
        }
    }
}

#[tokio::test]
async fn a_tail_goes_on_when_the_server_is_killed_under_it() {
    let (bench, log) = with_log().await;
    log.append(0, messages(1, 100)).await.unwrap();
    let mut tail = log.tail(&LogPosition::default()).await.unwrap();
    let mut asks = apart(&log).tail(&LogPosition::default()).await.unwrap();
    let mut idle = apart(&log).tail(&log.read(100).await.unwrap().unwrap().position()).await.unwrap();
    assert!(idle.caught_up() && !tail.caught_up());
    read_to(&mut tail, 1, 100).await;
    read_to(&mut asks, 1, 100).await;
    assert!(tail.caught_up());
    for round in 0..3 {
        let first = 101 + round * 20;
        let killer = bench.server.pid().unwrap();
        let mut state = bench.server.state();
        for n in first..first + 20 {
            if n == first + 10 {
                kill_9(killer);
                timeout(PATIENCE, state.wait_for(|state| matches!(state, bus::server::ServerState::Running { pid, .. } if *pid != killer)))
                    .await
                    .unwrap()
                    .unwrap();
            }
            append_surely(&log, n).await;
        }
        read_to(&mut tail, first, first + 19).await;
        read_to(&mut asks, first, first + 19).await;
    }
    // one that had read nothing when the server went must not begin at 1
    read_to(&mut idle, 101, 160).await;
    assert_eq!(log.head().await.unwrap().last_sequence, 160);
}

/// Reads what a tail has, in order, to message `last`: where the bytes of each lie in memory.
async fn places(mut tail: Tail, last: u64) -> Vec<usize> {
    let mut places = Vec::new();
    while (places.len() as u64) < last {
        for stored in next(&mut tail).await.unwrap() {
            assert_eq!((stored.sequence, &stored.payload), (places.len() as u64 + 1, &Bytes::from(stored.sequence.to_string())));
            places.push(stored.payload.as_ptr() as usize);
        }
        // a fold takes a while
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    places
}

#[tokio::test]
async fn readers_of_one_process_read_the_log_once_and_none_waits_for_one_that_stands_still() {
    const MESSAGES: u64 = 20_000;
    let (bench, log) = with_log().await;
    for first in (1..=MESSAGES).step_by(BATCH_MESSAGES_MAX) {
        log.append(first - 1, messages(first, BATCH_MESSAGES_MAX as u64)).await.unwrap();
    }
    // a process that appended none of it
    let process = apart(&log);
    let stands_still = process.tail(&LogPosition::default()).await.unwrap();
    let tails = (process.tail(&LogPosition::default()).await.unwrap(), process.tail(&LogPosition::default()).await.unwrap());
    let read = async { tokio::join!(places(tails.0, MESSAGES), places(tails.1, MESSAGES)) };
    let (one, other) = timeout(PATIENCE, read).await.unwrap();
    let shared = one.iter().zip(&other).filter(|(one, other)| one == other).count();
    assert!(shared as u64 > MESSAGES / 2, "{shared} of {MESSAGES} came once");
    let late = places(stands_still, MESSAGES).await;
    assert_eq!(late.len() as u64, MESSAGES, "what it missed comes from the server");
    drop(bench);
}

#[tokio::test]
async fn a_tail_goes_on_when_its_consumer_is_removed() {
    let (bench, log) = with_log().await;
    let vandal = async_nats::jetstream::new(bench.raw("vandal").await);
    log.append(0, messages(1, 10)).await.unwrap();
    let mut tail = apart(&log).tail(&log.read(5).await.unwrap().unwrap().position()).await.unwrap();
    let mut removed = 0;
    while removed < 3 {
        let stream = vandal.get_stream("EVENTS").await.unwrap();
        let names: Vec<String> = futures_util::TryStreamExt::try_collect(stream.consumer_names()).await.unwrap();
        for name in names {
            stream.delete_consumer(&name).await.unwrap();
            removed += 1;
        }
    }
    log.append(10, messages(11, 10)).await.unwrap();
    read_to(&mut tail, 6, 20).await;
}

#[tokio::test]
async fn giving_up_the_wait_loses_nothing() {
    let (_bench, log) = with_log().await;
    let mut tail = log.tail(&LogPosition::default()).await.unwrap();
    let writer = tokio::spawn({
        let log = log.clone();
        async move {
            for batch in 0..30 {
                log.append(batch * 50, messages(batch * 50 + 1, 50)).await.unwrap();
            }
        }
    });
    let (mut expected, mut given_up) = (1, 0_u64);
    while expected <= 1500 {
        match timeout(Duration::from_micros(200), tail.next()).await {
            Err(_elapsed) => given_up += 1,
            Ok(found) => {
                for stored in found.unwrap() {
                    assert_eq!(stored.sequence, expected);
                    expected += 1;
                }
            }
        }
    }
    writer.await.unwrap();
    assert!(given_up > 0, "the wait was given up at least once");
}

#[tokio::test]
async fn a_log_that_was_rolled_back_under_a_tail_is_noticed() {
    let (mut bench, log) = with_log().await;
    log.append(0, messages(1, 10)).await.unwrap();
    let at_ten = log.read(10).await.unwrap().unwrap().position();
    let (store, copy) = (bench.folder.path().join("nats/store"), bench.folder.path().join("copy"));
    bench.server.stop().await.unwrap();
    copy_folder(&store, &copy);
    bench.server = NatsServer::start(&options(&bench.folder), &bench.config).await.unwrap();
    log.append(10, messages(11, 10)).await.unwrap();
    let at_twenty = log.read(20).await.unwrap().unwrap().position();
    let mut tail = log.tail(&at_ten).await.unwrap();
    let mut asks = apart(&log).tail(&at_ten).await.unwrap();
    read_to(&mut tail, 11, 20).await;
    read_to(&mut asks, 11, 20).await;
    bench.server.stop().await.unwrap();
    std::fs::remove_dir_all(&store).unwrap();
    copy_folder(&copy, &store);
    bench.server = NatsServer::start(&options(&bench.folder), &bench.config).await.unwrap();
    let ended = next(&mut tail).await.unwrap_err();
    assert!(matches!(ended, TailError::Diverged { .. }), "{ended}");
    assert_eq!(next(&mut tail).await.unwrap_err(), ended, "it stays so");
    assert!(matches!(next(&mut asks).await, Err(TailError::Diverged { .. })));
    assert!(matches!(log.tail(&at_twenty).await, Err(ResumeError::Diverged { .. })), "the log is too short");
    // the numbers are used again for something else
    log.append(10, messages(91, 10)).await.unwrap();
    assert!(matches!(log.tail(&at_twenty).await, Err(ResumeError::Diverged { .. })), "other bytes under the same number");
    log.tail(&at_ten).await.expect("the history up to there is the same");
}

#[tokio::test]
async fn a_log_that_was_exchanged_under_a_tail_is_noticed() {
    let (bench, log) = with_log().await;
    log.append(0, messages(1, 3)).await.unwrap();
    let mut tail = log.tail(&LogPosition::default()).await.unwrap();
    let mut asks = apart(&log).tail(&LogPosition::default()).await.unwrap();
    read_to(&mut tail, 1, 3).await;
    read_to(&mut asks, 1, 3).await;
    let after = log.read(3).await.unwrap().unwrap().position();
    bench.raw("vandal").await.request("$JS.API.STREAM.DELETE.EVENTS", Bytes::new()).await.unwrap();
    assert!(matches!(log.tail(&after).await, Err(ResumeError::Read(ReadError::Missing(_)))));
    ensure(&bench.connect("provision").await, &[StreamPlan::events(None)], identity).await.unwrap();
    log.append(0, messages(1, 3)).await.unwrap();
    for tail in [&mut tail, &mut asks] {
        let ended = next(tail).await.unwrap_err();
        assert!(matches!(ended, TailError::Diverged { .. } | TailError::Missing(_)), "{ended}");
    }
    assert!(matches!(log.tail(&after).await, Err(ResumeError::Diverged { .. })), "the same bytes in another stream are another history");
}

/// The log's stream, as somebody else might have made it: messages can be deleted.
async fn careless_stream(bench: &Bench) -> async_nats::jetstream::stream::Stream {
    let vandal = async_nats::jetstream::new(bench.raw("vandal").await);
    let config = Config {
        name: "EVENTS".to_owned(),
        subjects: vec!["ev.>".to_owned()],
        allow_direct: true,
        allow_atomic_publish: true,
        metadata: [(STREAM_IDENTITY.to_owned(), identity())].into(),
        ..Config::default()
    };
    vandal.create_stream(config).await.unwrap()
}

#[tokio::test]
async fn a_gap_ends_the_tail_after_what_comes_before_it() {
    let bench = Bench::start().await;
    let stream = careless_stream(&bench).await;
    let log = EventLog::new(&bench.connect("intake").await, &EventLogOptions::default());
    log.append(0, messages(1, 10)).await.unwrap();
    stream.delete_message(5).await.unwrap();
    assert_eq!((log.head().await.unwrap().messages, log.head().await.unwrap().deleted), (9, 1));
    assert_eq!(log.read(5).await.unwrap(), None);
    let mut tail = log.tail(&LogPosition::default()).await.unwrap();
    read_to(&mut tail, 1, 4).await;
    assert_eq!(next(&mut tail).await, Err(TailError::Gap { expected: 5, found: 6 }));
    let drift = ensure(&bench.connect("provision").await, &[StreamPlan::events(None)], identity).await.unwrap().remove(0).drift;
    let settings: BTreeSet<_> = drift.iter().filter(|drift| !drift.harmless).map(|drift| drift.setting.as_str()).collect();
    for setting in ["deny_delete", "deny_purge", "schema", "discard"] {
        assert!(settings.contains(setting), "{setting} is reported: {settings:?}");
    }
    assert!(!settings.contains("subjects") && !settings.contains("allow_atomic"), "{settings:?}");
}

/// Appends a message as `intake`, with a header as a bad disk leaves it, and waits until it is stored.
async fn append_damaged(bench: &Bench, header: &[u8]) {
    let mut socket = tokio::net::TcpStream::connect(bench.server.address()).await.unwrap();
    let (headers, payload) = ([b"NATS/1.0\r\n", header, b"\r\n\r\n"].concat(), b"1");
    let connect =
        "CONNECT {\"user\":\"intake\",\"pass\":\"p-intake\",\"headers\":true,\"verbose\":false,\"lang\":\"test\",\"version\":\"1\",\"protocol\":1}\r\n";
    let publish = format!("SUB _INBOX_intake.1 1\r\nHPUB ev.0.c1._.post.1 _INBOX_intake.1 {} {}\r\n", headers.len(), headers.len() + payload.len());
    socket.write_all(&[connect.as_bytes(), publish.as_bytes(), &headers, payload, b"\r\n"].concat()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.windows(7).any(|found| found == b"\"seq\":4") {
        assert_ne!(socket.read_buf(&mut answer).await.unwrap(), 0, "{}", String::from_utf8_lossy(&answer));
    }
}

#[tokio::test]
async fn a_message_that_breaks_every_connection_it_is_handed_to_ends_the_tail() {
    for header in [b"Any: \xff".as_slice(), b"Any; x", b"An\xd1y: x"] {
        damaged(header).await;
    }
}

async fn damaged(header: &[u8]) {
    let (bench, log) = with_log().await;
    log.append(0, messages(1, 3)).await.unwrap();
    append_damaged(&bench, header).await;
    assert_eq!(log.head().await.unwrap().last_sequence, 4);
    let later = Message { subject: "ev.0.c1._.post.1".to_owned(), payload: Bytes::from("5") };
    apart(&log).append(4, vec![later]).await.unwrap();
    let mut tail = apart(&log).tail(&LogPosition::default()).await.unwrap();
    read_to(&mut tail, 1, 3).await;
    assert_eq!(next(&mut tail).await, Err(TailError::Damaged { sequence: 4 }), "{}", header.escape_ascii());
    assert_eq!(log.read(4).await.unwrap(), None, "whoever asks for this one is not kept waiting");
    let there = LogPosition { stream: log.head().await.unwrap().stream, sequence: 4, hash: CommitHash::of(b"1") };
    assert!(matches!(log.tail(&there).await, Err(ResumeError::Diverged { .. })), "who had read it before it was damaged is told at once");
}

#[tokio::test]
async fn a_last_message_that_never_comes_ends_the_tail() {
    let bench = Bench::start().await;
    let stream = careless_stream(&bench).await;
    let log = EventLog::new(&bench.connect("intake").await, &EventLogOptions::default());
    log.append(0, messages(1, 10)).await.unwrap();
    stream.delete_message(10).await.unwrap();
    assert_eq!(log.head().await.unwrap().last_sequence, 10, "it is counted");
    let mut tail = apart(&log).tail(&LogPosition::default()).await.unwrap();
    read_to(&mut tail, 1, 9).await;
    assert_eq!(next(&mut tail).await, Err(TailError::Damaged { sequence: 10 }));
}

#[tokio::test]
async fn a_stream_that_would_keep_names_for_longer_is_at_fault_and_one_that_forgets_sooner_is_not() {
    let bench = Bench::start().await;
    let connection = bench.connect("provision").await;
    let plan = StreamPlan::alerts_full();
    for (name, age_max, harmless) in [("A", None, false), ("B", Some(ALERT_AGE_MAX), false), ("C", Some(Duration::from_secs(60)), true)] {
        let plan = StreamPlan { name: name.to_owned(), subjects: vec![format!("names.{name}")], ..plan.clone() };
        ensure(&connection, &[StreamPlan { age_max, ..plan.clone() }], identity).await.unwrap();
        let drift = ensure(&connection, &[plan], identity).await.unwrap().remove(0).drift;
        let found: Vec<_> = drift.iter().map(|drift| (drift.setting.as_str(), drift.harmless)).collect();
        assert_eq!(found, [("max_age", harmless)], "{age_max:?}: {drift:?}");
    }
}

/// Readers beside a writer get every message once and in order, whoever appended it: from memory what their own process did, from the
/// server what another did, and what they were too slow for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_makes_no_difference_who_appended() {
    let (bench, ours) = with_log().await;
    let theirs = EventLog::new(&bench.connect("intake").await, &EventLogOptions::default());
    let mut readers = [ours.tail(&LogPosition::default()).await.unwrap(), apart(&ours).tail(&LogPosition::default()).await.unwrap()];
    let (mut head, mut dice) = (0, 7_u64);
    for round in 0..60_u64 {
        let before = head;
        for _ in 0..dice % 4 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 3;
            let (log, count) = (if dice.is_multiple_of(3) { &theirs } else { &ours }, 1 + dice % 40);
            head = log.append(head, messages(head + 1, count)).await.unwrap();
        }
        dice = dice.wrapping_add(round);
        for reader in &mut readers {
            read_to(reader, before + 1, head).await;
        }
    }
    assert!(head > 500, "{head}");
    // the last word is another's, after a silence: nothing of ours wakes the reader
    tokio::time::sleep(Duration::from_millis(300)).await;
    head = theirs.append(head, messages(head + 1, 1)).await.unwrap();
    for reader in &mut readers {
        read_to(reader, head, head).await;
    }
}

/// Whoever reads for the first time, long after the writer began, gets everything from the beginning.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_begins_late_or_falls_behind_loses_nothing() {
    let (_bench, log) = with_log().await;
    let mut slow = log.tail(&LogPosition::default()).await.unwrap();
    let full = BATCH_MESSAGES_MAX as u64;
    log.append(0, messages(1, 1)).await.unwrap();
    read_to(&mut slow, 1, 1).await;
    // more than is kept
    for batch in 0..40 {
        log.append(1 + batch * full, messages(2 + batch * full, full)).await.unwrap();
    }
    let mut late = log.tail(&LogPosition::default()).await.unwrap();
    read_to(&mut slow, 2, 1 + 40 * full).await;
    read_to(&mut late, 1, 1 + 40 * full).await;
    log.append(1 + 40 * full, messages(2 + 40 * full, 5)).await.unwrap();
    read_to(&mut slow, 2 + 40 * full, 6 + 40 * full).await;
    read_to(&mut late, 2 + 40 * full, 6 + 40 * full).await;
}

#[tokio::test]
async fn a_long_log_is_read_whole_and_in_order() {
    let (_bench, log) = with_log().await;
    let full = BATCH_MESSAGES_MAX as u64;
    for batch in 0..20 {
        log.append(batch * full, messages(batch * full + 1, full)).await.unwrap();
    }
    let mut tail = log.tail(&LogPosition::default()).await.unwrap();
    assert_eq!((tail.head(), tail.pending()), (20 * full, 20 * full));
    read_to(&mut tail, 1, 20 * full).await;
    assert!(tail.caught_up());
    assert_eq!(tail.pending(), 0);
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target: PathBuf = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
