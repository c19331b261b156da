//! The log in memory goes wrong in every way a test of a service needs, and without a server.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as expected")]

use std::time::Duration;

use bus::event_log::{NextAppend, TAIL_BATCH_MAX};
use bus::{AppendError, EventLog, MemoryLog, Message, ReadError, Refusal, ResumeError, Stored, Tail, TailError};
use bytes::Bytes;
use domain::log::LogPosition;
use tokio::time::timeout;

/// Longest wait for what is there already.
const AT_ONCE: Duration = Duration::from_secs(5);

fn message(n: u64) -> Message {
    Message { subject: "ev.0.c1._.post.1".to_owned(), payload: Bytes::from(n.to_string()) }
}

fn log() -> (MemoryLog, EventLog) {
    let memory = MemoryLog::new("m");
    (memory.clone(), EventLog::in_memory(&memory))
}

async fn fill(log: &EventLog, from: u64, to: u64) {
    for n in from..=to {
        assert_eq!(log.append(n - 1, vec![message(n)]).await, Ok(n));
    }
}

async fn next(tail: &mut Tail) -> Result<Vec<u64>, TailError> {
    let found = timeout(AT_ONCE, tail.next()).await.expect("the tail says something");
    found.map(|found: Vec<Stored>| found.iter().map(|stored| stored.sequence).collect())
}

#[tokio::test]
async fn an_append_goes_wrong_as_told_and_the_guard_settles_it() {
    let (memory, log) = log();
    for outcome in [NextAppend::NotSent, NextAppend::AckLost, NextAppend::Overtaken(message(70)), NextAppend::Full] {
        memory.next_append(outcome);
    }
    let unknown = |result| matches!(result, Err(AppendError::Unknown(_)));
    assert!(unknown(log.append(0, vec![message(1)]).await), "not sent");
    assert_eq!(log.head().await.unwrap().last_sequence, 0);
    assert!(unknown(log.append(0, vec![message(1)]).await), "answer lost");
    assert_eq!(log.read(1).await.unwrap().unwrap().payload, "1", "but stored");
    assert_eq!(log.append(1, vec![message(2)]).await, Err(AppendError::Conflict), "overtaken");
    assert_eq!(log.read(2).await.unwrap().unwrap().payload, "70", "by another");
    assert!(matches!(log.append(2, vec![message(3)]).await, Err(AppendError::Refused(Refusal::Full(_)))));
    for told in [true, false] {
        memory.next_append(NextAppend::Torn { first: 1, told });
    }
    assert_eq!(log.append(2, (3..=6).map(message).collect()).await, Err(AppendError::Torn));
    assert!(unknown(log.append(3, (4..=6).map(message).collect()).await), "torn, and the answer is lost");
    assert_eq!(log.head().await.unwrap().last_sequence, 4, "after the second");
    assert_eq!(log.append(2, (3..=6).map(message).collect()).await, Err(AppendError::Conflict));
    assert_eq!(log.append(4, vec![message(5)]).await, Ok(5), "and then all is well again");
}

#[tokio::test]
async fn a_roll_back_is_noticed_by_an_open_tail_and_by_a_new_one() {
    let (memory, log) = log();
    fill(&log, 1, 10).await;
    let (at_five, at_ten) = (log.read(5).await.unwrap().unwrap().position(), log.read(10).await.unwrap().unwrap().position());
    let mut tail = log.tail(&LogPosition::default()).await.unwrap();
    assert_eq!(next(&mut tail).await.unwrap().len(), 10);
    memory.roll_back(5);
    assert!(matches!(next(&mut tail).await, Err(TailError::Diverged { .. })));
    assert!(matches!(log.tail(&at_ten).await, Err(ResumeError::Diverged { .. })));
    for n in 6..=10 {
        log.append(n - 1, vec![message(n + 100)]).await.unwrap();
    }
    assert!(matches!(log.tail(&at_ten).await, Err(ResumeError::Diverged { .. })), "other bytes under the same number");
    let mut tail = log.tail(&at_five).await.unwrap();
    assert_eq!(next(&mut tail).await, Ok(vec![6, 7, 8, 9, 10]));
}

#[tokio::test]
async fn another_log_with_the_same_bytes_is_noticed() {
    let (memory, log) = log();
    fill(&log, 1, 3).await;
    let mut tail = log.tail(&log.read(3).await.unwrap().unwrap().position()).await.unwrap();
    memory.replace("n");
    fill(&log, 1, 3).await;
    let ended = next(&mut tail).await;
    assert!(matches!(ended, Err(TailError::Diverged { .. })), "{ended:?}");
    assert_eq!(next(&mut tail).await, ended, "it stays so");
}

#[tokio::test]
async fn a_gap_ends_the_tail_after_what_comes_before_it() {
    let (memory, log) = log();
    fill(&log, 1, 6).await;
    memory.lose(3);
    memory.lose(4);
    assert_eq!((log.head().await.unwrap().messages, log.head().await.unwrap().deleted), (4, 2));
    let mut tail = log.tail(&LogPosition::default()).await.unwrap();
    assert_eq!(next(&mut tail).await, Ok(vec![1, 2]));
    assert_eq!(next(&mut tail).await, Err(TailError::Gap { expected: 3, found: 5 }));
}

#[tokio::test]
async fn while_the_log_is_away_a_tail_waits_and_then_goes_on() {
    let (memory, log) = log();
    fill(&log, 1, 2).await;
    let mut tail = log.tail(&LogPosition::default()).await.unwrap();
    memory.set_available(false);
    assert!(timeout(Duration::from_millis(20), tail.next()).await.is_err(), "it waits");
    assert!(matches!(log.head().await, Err(ReadError::Unavailable(_))));
    assert!(matches!(log.append(2, vec![message(3)]).await, Err(AppendError::Unknown(_))));
    memory.set_available(true);
    assert_eq!(next(&mut tail).await, Ok(vec![1, 2]));
}

#[tokio::test]
async fn a_waiting_tail_wakes_and_takes_no_more_than_it_may() {
    let (_memory, log) = log();
    let mut tail = log.tail(&LogPosition::default()).await.unwrap();
    let (first, appended) = tokio::join!(next(&mut tail), log.append(0, vec![message(1)]));
    assert_eq!((first, appended), (Ok(vec![1]), Ok(1)));
    log.append(1, (2..=1001).map(message).collect()).await.unwrap();
    log.append(1001, (1002..=1501).map(message).collect()).await.unwrap();
    assert_eq!(next(&mut tail).await.unwrap().len(), TAIL_BATCH_MAX);
    assert_eq!(tail.pending(), 500);
    assert_eq!(next(&mut tail).await.unwrap().len(), 500);
    assert_eq!(tail.pending(), 0);
}
