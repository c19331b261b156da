//! Our own reader of a stream: an ephemeral pull consumer that is made again from the last delivered message whenever
//! anything is odd, after a fresh look at whether the history is still the same. What this process appended itself it takes from
//! the [`super::Feed`], for as long as that has what comes next; what another reader of this process has just had from the server, from where
//! they read [`super::Together`].
//!
//! The ordered consumer of async-nats 0.51 is of no use here: made to start at `n`, it starts again at 1 when it is made anew
//! before its first message.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::pull::Config;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use async_nats::{Message, Subscriber};
use domain::log::{CommitHash, LogPosition};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::together::Place;
use super::{Chunk, EventLog, ReadError, ResumeError, Stored, TAIL_BATCH_MAX, TailError};
use crate::connection::API_WAIT;
use crate::jetstream::{Looked, StreamPort};

/// Messages asked for with one pull. Two pulls are under way at most, far below the 65,536 a subscription buffers.
const PULL_MESSAGES: usize = 1000;
/// How long one pull waits on the server before it has to be renewed.
const PULL_EXPIRES: Duration = Duration::from_secs(30);
/// How often the server says that a pull is still waiting.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Silence after which the consumer counts as lost.
const SILENCE_MAX: Duration = Duration::from_secs(11);
/// How long the server keeps a consumer that nobody pulls from.
const INACTIVE: Duration = Duration::from_secs(15);
/// How often a reader that lives on the feed looks whether somebody else has appended.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a reader waits for what another one gets from the server, before it asks for itself.
const TOGETHER_WAIT: Duration = Duration::from_millis(300);
/// How long a reader that is ahead waits for the others, and how often it looks.
const AHEAD_WAIT: Duration = Duration::from_millis(100);
const AHEAD_LOOK: Duration = Duration::from_millis(2);
/// Chunks that wait for the caller: the reader is one ahead, no more.
const CHUNKS_AHEAD: usize = 1;
/// How long a stream may be missing before that is believed: while a cluster starts, streams show up one by one.
const MISSING_MAX: Duration = Duration::from_secs(10);
/// First pause before the consumer is made again; it doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// Consumers made one after the other without a single message before it is asked what that message is: a damaged one breaks the
/// connection of each that is handed it.
const IN_VAIN_MAX: u32 = 3;
/// Longest pause before the consumer is made again.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Handle of the reader's task; dropping it ends the task.
#[derive(Debug)]
pub(super) struct ReaderTask {
    chunks: mpsc::Receiver<Result<Chunk, TailError>>,
    task: AbortHandle,
}

impl Drop for ReaderTask {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ReaderTask {
    /// Starts reading after `after`, which has been compared with the stream already.
    pub(super) fn start(log: EventLog, port: StreamPort, after: LogPosition, stream: Arc<str>) -> Self {
        let (sender, chunks) = mpsc::channel(CHUNKS_AHEAD);
        let place = log.feed.together().join(after.sequence);
        let reader = Reader { log, port, stream, verified: after.clone(), after: after.sequence, place, last: None, chunks: sender };
        Self { chunks, task: tokio::spawn(reader.run()).abort_handle() }
    }

    /// The next chunk. Cancel-safe, for the task does the work.
    pub(super) async fn next(&mut self) -> Result<Chunk, TailError> {
        match self.chunks.recv().await {
            Some(chunk) => chunk,
            None => Err(TailError::Missing("the reader has ended".to_owned())),
        }
    }
}

struct Reader {
    log: EventLog,
    port: StreamPort,
    stream: Arc<str>,
    /// Where reading began.
    verified: LogPosition,
    /// Sequence of the last message that was delivered.
    after: u64,
    /// The same, where the other readers of the process see it.
    place: Place,
    /// That message, once there is one: its hash is only needed when the consumer is made again.
    last: Option<Stored>,
    chunks: mpsc::Sender<Result<Chunk, TailError>>,
}

/// Why reading stopped.
enum Stop {
    /// The feed has what comes next.
    Fed,
    /// The consumer is of no use any more: make a new one.
    Broken(String),
    /// The log is: tell the caller.
    Ended(TailError),
    /// Nobody listens any more.
    Unwatched,
}

impl Reader {
    async fn run(mut self) {
        let (mut pause, mut in_vain) = (PAUSE_MIN, 0);
        loop {
            let before = self.after;
            let stop = match self.read_feed().await {
                Some(stop) => stop,
                None => match Consumer::open(&self.port, self.after).await {
                    Ok(mut consumer) => self.read(&mut consumer).await,
                    Err(error) => Stop::Broken(error),
                },
            };
            match stop {
                Stop::Fed => continue,
                Stop::Unwatched => return,
                Stop::Ended(error) => return self.end(error).await,
                Stop::Broken(why) => {
                    tracing::debug!(stream = %self.port.name, after = self.after, %why, "making the reader's consumer again")
                }
            }
            if self.after > before {
                (pause, in_vain) = (PAUSE_MIN, 0);
            }
            in_vain += 1;
            if in_vain > IN_VAIN_MAX
                && let Some(damaged) = self.damaged_next().await
            {
                return self.end(damaged).await;
            }
            if let Err(error) = self.verified(&mut pause).await {
                return self.end(error).await;
            }
        }
    }

    /// Waits until the stream answers, and compares it with what was read.
    async fn verified(&self, pause: &mut Duration) -> Result<(), TailError> {
        let began = Instant::now();
        loop {
            tokio::time::sleep(*pause).await;
            *pause = (*pause * 2).min(PAUSE_MAX);
            match self.log.verify(&self.position()).await {
                Ok(_) => return Ok(()),
                Err(ResumeError::Diverged { why }) => return Err(TailError::Diverged { why }),
                Err(ResumeError::Read(ReadError::Missing(why))) if began.elapsed() > MISSING_MAX => {
                    return Err(TailError::Missing(why));
                }
                Err(ResumeError::Read(error)) => {
                    tracing::debug!(stream = %self.port.name, %error, "the reader waits for its stream");
                }
            }
        }
    }

    /// Why what comes next cannot come, if the log counts it.
    async fn damaged_next(&self) -> Option<TailError> {
        let sequence = self.after + 1;
        let head = self.log.head().await.ok()?;
        if head.stream != *self.stream || head.last_sequence < sequence {
            return None;
        }
        let damaged = matches!(self.port.look(sequence).await, Ok(Looked::Damaged | Looked::Absent));
        damaged.then_some(TailError::Damaged { sequence })
    }

    fn position(&self) -> LogPosition {
        match &self.last {
            Some(last) => LogPosition { stream: self.stream.to_string(), sequence: last.sequence, hash: CommitHash::of(&last.payload) },
            None => LogPosition { stream: self.stream.to_string(), ..self.verified.clone() },
        }
    }

    async fn end(self, error: TailError) {
        tracing::error!(stream = %self.port.name, %error, "the reader stops");
        // a caller that is gone needs no reason
        let _nobody_listens = self.chunks.send(Err(error)).await;
    }

    /// Reads what this process appended itself, or has read already; nothing when the server has to be asked for what comes next.
    async fn read_feed(&mut self) -> Option<Stop> {
        let connects = self.port.connection.connects();
        let (mut events, mut moved) = (self.port.connection.events(), self.log.feed.moved());
        let mut put = self.log.feed.together().moved();
        loop {
            moved.borrow_and_update();
            put.borrow_and_update();
            let (feed, together) = (&self.log.feed, self.log.feed.together());
            if let Some(chunk) = feed.after(&self.stream, self.after).or_else(|| together.after(&self.stream, self.after)) {
                if !self.hand_over(chunk).await {
                    return Some(Stop::Unwatched);
                }
                continue;
            }
            if !feed.ends_at(&self.stream, self.after) {
                let next = tokio::time::timeout(TOGETHER_WAIT, put.changed());
                let comes = together.ends_at(&self.stream, self.after) && next.await.is_ok();
                match self.port.connection.connects() == connects {
                    true if comes => continue,
                    true => return None,
                    false => return Some(Stop::Broken("reconnected".to_owned())),
                }
            }
            tokio::select! {
                // the sender is a part of the log that is held here
                _ = moved.changed() => {}
                () = events.next() => {
                    if self.port.connection.connects() != connects {
                        return Some(Stop::Broken("reconnected".to_owned()));
                    }
                }
                () = self.chunks.closed() => return Some(Stop::Unwatched),
                () = tokio::time::sleep(LOOK_EVERY) => match self.log.head().await {
                    Ok(head) if head.stream != *self.stream || head.last_sequence < self.after => return Some(Stop::Broken("another history".to_owned())),
                    Ok(head) if head.last_sequence > self.after && self.log.feed.ends_at(&self.stream, self.after) => return None,
                    // an outage ends with another connection
                    Ok(_) | Err(ReadError::Unavailable(_)) => {}
                    Err(ReadError::Missing(why)) => return Some(Stop::Broken(why)),
                },
            }
        }
    }

    /// Hands over what another reader, or this process, has brought here; false when nobody listens any more.
    async fn hand_over(&mut self, chunk: Chunk) -> bool {
        self.last = chunk.messages.last().cloned().or(self.last.take());
        self.after += chunk.messages.len() as u64;
        self.place.set(self.after);
        self.log.feed.together().tidy();
        self.chunks.send(Ok(chunk)).await.is_ok()
    }

    /// Waits a moment for readers that would fall behind what is kept for them.
    async fn wait_for_others(&self) {
        let began = Instant::now();
        while self.log.feed.together().is_ahead_of_others() && began.elapsed() < AHEAD_WAIT {
            tokio::time::sleep(AHEAD_LOOK).await;
        }
    }

    async fn read(&mut self, consumer: &mut Consumer) -> Stop {
        let (mut events, mut moved) = (self.port.connection.events(), self.log.feed.moved());
        loop {
            if let Err(error) = consumer.pull().await {
                return Stop::Broken(error);
            }
            let first = tokio::select! {
                message = tokio::time::timeout(SILENCE_MAX, consumer.messages.next()) => message,
                () = events.next() => {
                    if self.port.connection.connects() != consumer.connects {
                        return Stop::Broken("reconnected".to_owned());
                    }
                    continue;
                }
                Ok(()) = moved.changed() => {
                    if self.log.feed.goes_on_from(&self.stream, self.after) {
                        return Stop::Fed;
                    }
                    continue;
                }
                () = self.chunks.closed() => return Stop::Unwatched,
            };
            let first = match first {
                Ok(Some(first)) => first,
                Ok(None) => return Stop::Broken("subscription closed".to_owned()),
                Err(_elapsed) => return Stop::Broken("no heartbeat".to_owned()),
            };
            let (chunk, stop) = self.gather(consumer, first);
            // nothing but a heartbeat: what the log counts would have come by now
            if chunk.messages.is_empty()
                && stop.is_none()
                && let Some(damaged) = self.damaged_next().await
            {
                return Stop::Ended(damaged);
            }
            if !chunk.messages.is_empty() {
                self.place.set(self.after);
                self.log.feed.together().put(&self.stream, &chunk);
                if self.chunks.send(Ok(chunk)).await.is_err() {
                    return Stop::Unwatched;
                }
            }
            if let Some(stop) = stop {
                return stop;
            }
            if self.log.feed.goes_on_from(&self.stream, self.after) || self.log.feed.together().has_after(&self.stream, self.after) {
                return Stop::Fed;
            }
            self.wait_for_others().await;
        }
    }

    /// Takes `first` and whatever else has arrived, as far as it is in order.
    fn gather(&mut self, consumer: &mut Consumer, first: Message) -> (Chunk, Option<Stop>) {
        let (chunk, stop) = self.gathered(consumer, first);
        self.last = chunk.messages.last().cloned().or(self.last.take());
        (chunk, stop)
    }

    fn gathered(&mut self, consumer: &mut Consumer, first: Message) -> (Chunk, Option<Stop>) {
        let mut chunk = Chunk { messages: Vec::new(), pending: 0 };
        let mut message = first;
        loop {
            if let ControlFlow::Break(stop) = self.take(consumer, message, &mut chunk) {
                return (chunk, Some(stop));
            }
            if chunk.messages.len() >= TAIL_BATCH_MAX {
                return (chunk, None);
            }
            message = match consumer.messages.next().now_or_never() {
                Some(Some(next)) => next,
                Some(None) | None => return (chunk, None),
            };
        }
    }

    fn take(&mut self, consumer: &mut Consumer, message: Message, chunk: &mut Chunk) -> ControlFlow<Stop> {
        if message.status.is_some() {
            return consumer.status(&message);
        }
        let Some(Delivery { place, sequence, pending }) = message.reply.as_deref().and_then(Delivery::of) else {
            return ControlFlow::Break(Stop::Broken("a message without its place".to_owned()));
        };
        // something was lost on the way from the server: it is still in the log
        if place != consumer.delivered + 1 {
            return ControlFlow::Break(Stop::Broken(format!("delivery {place} after {}", consumer.delivered)));
        }
        consumer.delivered = place;
        consumer.outstanding = consumer.outstanding.saturating_sub(1);
        let expected = self.after + 1;
        if sequence != expected {
            return ControlFlow::Break(Stop::Ended(TailError::Gap { expected, found: sequence }));
        }
        self.after = sequence;
        chunk.messages.push(Stored::new(sequence, message.subject.to_string(), message.payload, &self.stream));
        chunk.pending = pending;
        ControlFlow::Continue(())
    }
}

/// What the server says of a delivery, in the subject that an acknowledgement would go to (ADR-15):
/// `$JS.ACK.{stream}.{consumer}.{times}.{sequence}.{place}.{time}.{pending}`; newer servers put domain and account before the stream,
/// and more behind.
#[derive(Debug, PartialEq, Eq)]
struct Delivery {
    /// Counts what this consumer delivered.
    place: u64,
    /// In the stream.
    sequence: u64,
    /// Messages that are still to be delivered.
    pending: u64,
}

impl Delivery {
    fn of(reply: &str) -> Option<Self> {
        const SHORT: usize = 7;
        let told = reply.strip_prefix("$JS.ACK.")?;
        let before = if told.split('.').count() == SHORT { 2 } else { 4 };
        let mut numbers = told.split('.').skip(before).map(|token| token.parse::<u64>().ok());
        let _times = numbers.next()??;
        let (sequence, place) = (numbers.next()??, numbers.next()??);
        let _time = numbers.next()?;
        Some(Self { place, sequence, pending: numbers.next()?? })
    }
}

/// An ephemeral consumer and the pulls that are under way on it.
struct Consumer {
    port: StreamPort,
    pull_subject: String,
    inbox: String,
    messages: Subscriber,
    /// How many times the connection had been made when this consumer was.
    connects: u64,
    /// Messages this consumer has delivered.
    delivered: u64,
    /// Messages that were asked for and have not come yet.
    outstanding: usize,
}

impl Consumer {
    async fn open(port: &StreamPort, after: u64) -> Result<Self, String> {
        let client = port.connection.client();
        let connects = port.connection.connects();
        let inbox = client.new_inbox();
        let config = Config {
            name: inbox.rsplit('.').next().map(str::to_owned),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after + 1 },
            ack_policy: AckPolicy::None,
            memory_storage: true,
            num_replicas: 1,
            inactive_threshold: INACTIVE,
            ..Config::default()
        };
        let make = async {
            let messages = client.subscribe(inbox.clone()).await.map_err(|error| error.to_string())?;
            let consumer = port.connection.jetstream().create_consumer_strict_on_stream(config, &*port.name).await;
            consumer.map(|consumer| (messages, consumer)).map_err(|error| error.to_string())
        };
        let (messages, consumer) = tokio::time::timeout(API_WAIT, make).await.map_err(|_elapsed| "no answer in time".to_owned())??;
        let pull_subject = format!("$JS.API.CONSUMER.MSG.NEXT.{}.{}", port.name, consumer.cached_info().name);
        Ok(Self { port: port.clone(), pull_subject, inbox, messages, connects, delivered: 0, outstanding: 0 })
    }

    /// Asks for more when half of what was asked for has come.
    async fn pull(&mut self) -> Result<(), String> {
        if self.outstanding > PULL_MESSAGES / 2 {
            return Ok(());
        }
        let pull = serde_json::json!({
            "batch": PULL_MESSAGES,
            "expires": PULL_EXPIRES.as_nanos() as u64,
            "idle_heartbeat": HEARTBEAT.as_nanos() as u64,
        });
        let client = self.port.connection.client();
        let send = client.publish_with_reply(self.pull_subject.clone(), self.inbox.clone(), pull.to_string().into());
        tokio::time::timeout(API_WAIT, send).await.map_err(|_elapsed| "pull not sent in time".to_owned())?.map_err(|error| error.to_string())?;
        self.outstanding += PULL_MESSAGES;
        Ok(())
    }

    /// What the server says about the pulls instead of a message.
    fn status(&mut self, message: &Message) -> ControlFlow<Stop> {
        let status = message.status.map_or(0, u16::from);
        let unserved = message.headers.as_ref().and_then(|headers| headers.get("Nats-Pending-Messages"));
        let unserved = unserved.and_then(|count| count.as_str().parse::<usize>().ok());
        match (status, unserved) {
            (100, _) => ControlFlow::Continue(()),
            // a pull has ended without all its messages: the next one is sent when the count has come down
            (404 | 408 | 409, Some(unserved)) => {
                self.outstanding = self.outstanding.saturating_sub(unserved);
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Break(Stop::Broken(format!("status {status} {}", message.description.as_deref().unwrap_or_default()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_tells_its_place_in_the_old_form_and_in_the_new_one() {
        let expected = Some(Delivery { place: 3, sequence: 41, pending: 7 });
        assert_eq!(Delivery::of("$JS.ACK.EVENTS.c1.1.41.3.1580000000000000000.7"), expected);
        assert_eq!(Delivery::of("$JS.ACK._.hash.EVENTS.c1.1.41.3.1580000000000000000.7.token"), expected);
        for other in ["", "_INBOX.x", "$JS.ACK.EVENTS.c1.1.41", "$JS.ACK.EVENTS.c1.1.x.3.1580000000000000000.7"] {
            assert_eq!(Delivery::of(other), None, "{other}");
        }
    }
}
