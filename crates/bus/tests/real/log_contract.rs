//! One contract for the log, held by JetStream and by memory: the same random operations give the same results.

use std::fmt::Debug;
use std::time::Duration;

use bus::event_log::PAYLOAD_BYTES_MAX;
use bus::provision::{StreamPlan, ensure};
use bus::{Connection, EventLog, EventLogOptions, MemoryLog, Message, ResumeError, Stored, Tail, TailError};
use bytes::Bytes;
use domain::log::LogPosition;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use tokio::time::timeout;

use crate::common::{Bench, PATIENCE, identity, seed};

#[derive(Clone, Debug)]
enum Op {
    /// Append this many messages of this size, expecting the head moved by `off`.
    Append {
        count: usize,
        size: usize,
        off: i64,
    },
    BadSubject(usize),
    TooLarge,
    Empty,
    TooMany,
    Head,
    Read(i64),
    ReadMany(Vec<i64>),
    /// A tail from this place back from the head, and what it reads up to the head.
    Tail {
        back: u64,
        wrong: Wrong,
    },
    /// Read what is there from the tail that stays open.
    Next,
}

#[derive(Clone, Copy, Debug)]
enum Wrong {
    Nothing,
    Identity,
    Hash,
    BeyondHead,
    NoIdentity,
}

const BAD_SUBJECTS: [&str; 8] = ["", "ev", "ev.", "ev..a", "ev.a b", "ev.*", "ev.a.>", "key.a"];

fn op() -> impl Strategy<Value = Op> {
    let off = prop_oneof![12 => Just(0_i64), 1 => -3..0_i64, 1 => 1..3_i64];
    prop_oneof![
        8 => (prop_oneof![4 => Just(1), 4 => 2..20_usize, 1 => 900..=1000_usize], 0..40_usize, off)
            .prop_map(|(count, size, off)| Op::Append { count, size, off }),
        1 => (0..BAD_SUBJECTS.len()).prop_map(Op::BadSubject),
        1 => Just(Op::TooLarge),
        1 => Just(Op::Empty),
        1 => Just(Op::TooMany),
        2 => Just(Op::Head),
        2 => (-3..40_i64).prop_map(Op::Read),
        2 => prop::collection::vec(-3..40_i64, 0..8).prop_map(Op::ReadMany),
        3 => (0..40_u64, prop_oneof![4 => Just(Wrong::Nothing), 1 => Just(Wrong::Identity), 1 => Just(Wrong::Hash), 1 => Just(Wrong::BeyondHead), 1 => Just(Wrong::NoIdentity)])
            .prop_map(|(back, wrong)| Op::Tail { back, wrong }),
        3 => Just(Op::Next),
    ]
}

/// A log under test, with the tail that stays open.
struct Subject {
    log: EventLog,
    tail: Tail,
    read: u64,
}

impl Subject {
    async fn new(log: EventLog) -> Self {
        let tail = log.tail(&LogPosition::default()).await.unwrap();
        Self { log, tail, read: 0 }
    }

    async fn apply(&mut self, op: &Op, salt: u64) -> String {
        let head = self.log.head().await.unwrap();
        let last = head.last_sequence;
        match op {
            Op::Append { count, size, off } => {
                let messages = (0..*count).map(|n| message(&format!("ev.0.c{}.visit", n % 3), &format!("{salt}-{n}-{}", "x".repeat(*size)))).collect();
                shown(self.log.append(last.saturating_add_signed(*off), messages).await)
            }
            Op::BadSubject(n) => shown(self.log.append(last, vec![message(BAD_SUBJECTS[*n], "x")]).await),
            Op::TooLarge => shown(self.log.append(last, vec![message("ev.a", "x"), message("ev.a", &"x".repeat(PAYLOAD_BYTES_MAX + 1))]).await),
            Op::Empty => shown(self.log.append(last, vec![]).await),
            Op::TooMany => shown(self.log.append(last, vec![message("ev.a", "x"); 1001]).await),
            Op::Head => shown((head.first_sequence.max(1), last, head.messages, head.deleted)),
            Op::Read(back) => shown(self.log.read(last.saturating_add_signed(-back)).await.unwrap().map(plain)),
            Op::ReadMany(backs) => {
                let sequences: Vec<u64> = backs.iter().map(|back| last.saturating_add_signed(-back)).collect();
                shown(self.log.read_many(&sequences).await.unwrap().into_iter().map(plain).collect::<Vec<_>>())
            }
            Op::Tail { back, wrong } => self.tail_from(last, last.saturating_sub(*back), *wrong).await,
            Op::Next => shown(self.read_up_to(last).await),
        }
    }

    async fn tail_from(&self, last: u64, sequence: u64, wrong: Wrong) -> String {
        let mut after = match self.log.read(sequence).await.unwrap() {
            Some(stored) => stored.position(),
            None => LogPosition { stream: self.log.head().await.unwrap().stream, ..LogPosition::default() },
        };
        match wrong {
            Wrong::Nothing => {}
            Wrong::Identity => after.stream.push('x'),
            Wrong::NoIdentity => after.stream.clear(),
            Wrong::Hash => after.hash.0[0] ^= 1,
            Wrong::BeyondHead => after.sequence = last + 1,
        }
        let mut tail = match self.log.tail(&after).await {
            Ok(tail) => tail,
            Err(ResumeError::Diverged { .. }) => return "diverged".to_owned(),
            Err(other) => panic!("{other}"),
        };
        let mut found = Vec::new();
        while !tail.caught_up() {
            found.extend(next(&mut tail).await.unwrap().into_iter().map(plain));
        }
        shown((found, tail.pending()))
    }

    async fn read_up_to(&mut self, last: u64) -> Vec<(u64, String, Bytes)> {
        let mut found = Vec::new();
        while self.read < last {
            let more = next(&mut self.tail).await.unwrap();
            self.read = more.last().unwrap().sequence;
            found.extend(more.into_iter().map(plain));
        }
        found
    }
}

fn message(subject: &str, payload: &str) -> Message {
    Message { subject: subject.to_owned(), payload: Bytes::copy_from_slice(payload.as_bytes()) }
}

fn plain(stored: Stored) -> (u64, String, Bytes) {
    (stored.sequence, stored.subject, stored.payload)
}

fn shown(value: impl Debug) -> String {
    format!("{value:?}")
}

async fn next(tail: &mut Tail) -> Result<Vec<Stored>, TailError> {
    timeout(PATIENCE, tail.next()).await.expect("the tail says something in time")
}

/// A fresh stream of its own for each case, as its subjects cannot be shared: the last one is removed first.
async fn fresh(vandal: &Connection, raw: &async_nats::Client) -> EventLog {
    raw.request("$JS.API.STREAM.DELETE.EVENTS", Bytes::new()).await.unwrap();
    // the server removes the files of a deleted stream a moment later, and has no place for a new one of its name until then
    let mut tries = 0;
    let made = loop {
        match ensure(vandal, &[StreamPlan::events(None)], identity).await {
            Ok(made) => break made,
            Err(error) if tries == 50 => panic!("{error}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
        tries += 1;
    };
    assert!(made[0].created);
    EventLog::new(vandal, &EventLogOptions::default())
}

#[test]
fn jetstream_and_memory_behave_the_same() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (bench, vandal, raw) = runtime.block_on(async {
        let bench = Bench::start().await;
        let vandal = bench.connect("vandal").await;
        let raw = bench.raw("vandal").await;
        (bench, vandal, raw)
    });
    let seed = seed();
    let mut runner = TestRunner::new(Config { cases: 20, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() });
    let result = runner.run(&prop::collection::vec(op(), 1..25), |ops| {
        runtime.block_on(async {
            let mut real = Subject::new(fresh(&vandal, &raw).await).await;
            let mut memory = Subject::new(EventLog::in_memory(&MemoryLog::new("m"))).await;
            for (step, op) in ops.iter().enumerate() {
                let salt = step as u64;
                prop_assert_eq!(real.apply(op, salt).await, memory.apply(op, salt).await, "step {}", step);
            }
            prop_assert_eq!(real.apply(&Op::Next, 0).await, memory.apply(&Op::Next, 0).await);
            Ok(())
        })
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(why, ops)) => panic!("GRIDWARD_SEED={seed}: {why}\n{ops:#?}"),
        Err(TestError::Abort(why)) => panic!("GRIDWARD_SEED={seed}: {why}"),
    }
    drop(bench);
}
