//! The log: append behind a guard, read, and follow from a position, with one behaviour for JetStream and for memory.

mod calm;
mod feed;
mod lag;
mod memory;
mod outcome;
mod position;
mod reader;
mod together;
mod window;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use domain::Commit;
use domain::commit::CommitError;
use domain::log::{CommitHash, LogPosition};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::connection::Connection;
use crate::jetstream::{Looked, Outgoing, StreamPort, check_sizes, is_plain_subject};
use crate::provision::STREAM_IDENTITY;

pub use calm::Calm;
pub use feed::Feed;
pub use lag::{Lag, watch_lag};
pub use memory::{MemoryLog, NextAppend};
pub use outcome::{AppendError, ReadError, Refusal, ResumeError, TailError, UnknownOutcome};
use reader::ReaderTask;

/// Most messages in one append: the limit of an atomic batch (NATS ADR-50).
pub const BATCH_MESSAGES_MAX: usize = 1000;
/// Most messages that are appended in turn: so many take no longer than an atomic batch, which costs nats-server 2.15 a file store of
/// its own, 2.4 ms however few they are (docs/adr/0030).
pub const IN_TURN_MAX: usize = 16;
/// Most payload bytes in one append. The server stops taking messages of a batch at 128 MB in flight.
pub const BATCH_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Largest message a stream takes, headers and payload together, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// Largest payload of one message, in bytes: what [`MESSAGE_BYTES_MAX`] leaves when the headers are counted generously.
pub const PAYLOAD_BYTES_MAX: usize = MESSAGE_BYTES_MAX - 4 * 1024;
/// Most messages a [`Tail`] hands out at once.
pub const TAIL_BATCH_MAX: usize = 1000;
/// Direct gets that are in flight at once in [`EventLog::read_many`].
const READS_IN_FLIGHT_MAX: usize = 32;

/// A message to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Subject, plain tokens under the prefix of the log. It holds no personal data.
    pub subject: String,
    /// The bytes to store, at most [`PAYLOAD_BYTES_MAX`].
    pub payload: Bytes,
}

/// A message of the log as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its place in the log: 1 for the first.
    pub sequence: u64,
    /// Its subject.
    pub subject: String,
    /// Its bytes, exactly as they are stored.
    pub payload: Bytes,
    stream: Arc<str>,
    decoded: Decoded,
}

/// What the bytes say, once somebody has asked; clones share it.
#[derive(Clone, Debug, Default)]
struct Decoded(Arc<OnceLock<Arc<Commit>>>);

/// The bytes are compared, not what was read of them so far.
impl PartialEq for Decoded {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Decoded {}

impl Stored {
    fn new(sequence: u64, subject: String, payload: Bytes, stream: &Arc<str>) -> Self {
        Self { sequence, subject, payload, stream: Arc::clone(stream), decoded: Decoded::default() }
    }

    /// The commit that it is. Decoded once, however many readers of this process ask.
    ///
    /// # Errors
    /// [`CommitError`]: it is none that this program can read.
    pub fn commit(&self) -> Result<Arc<Commit>, CommitError> {
        if let Some(commit) = self.decoded.0.get() {
            return Ok(Arc::clone(commit));
        }
        let commit = Arc::new(Commit::decode(&self.payload)?);
        Ok(Arc::clone(self.decoded.0.get_or_init(|| commit)))
    }

    /// The position of a reader that has read this message and nothing after it.
    pub fn position(&self) -> LogPosition {
        LogPosition { stream: self.stream.to_string(), sequence: self.sequence, hash: CommitHash::of(&self.payload) }
    }
}

/// The state of the log at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Identity of the stream, from its metadata.
    pub stream: String,
    /// Sequence of the first message; 1 unless something was deleted. An empty log that never held anything says 0 or 1.
    pub first_sequence: u64,
    /// Sequence of the last message; 0 when there is none yet.
    pub last_sequence: u64,
    /// Messages stored. Less than `last_sequence` means that some are gone.
    pub messages: u64,
    /// Messages that are gone from between the first and the last: an incident on a log.
    pub deleted: u64,
    /// Bytes stored.
    pub bytes: u64,
    /// Bytes at which appends are refused; `None` when only the disk limits it.
    pub bytes_max: Option<u64>,
}

/// Which stream is the log, and how patient an append is.
#[derive(Clone, Debug)]
pub struct EventLogOptions {
    /// Name of the stream.
    pub stream: String,
    /// What every subject starts with, including the last dot.
    pub subject_prefix: String,
    /// Longest wait for an acknowledgement before the outcome counts as unknown.
    pub ack_wait: Duration,
}

impl Default for EventLogOptions {
    fn default() -> Self {
        Self { stream: "EVENTS".to_owned(), subject_prefix: "ev.".to_owned(), ack_wait: ACK_WAIT }
    }
}

/// Longest wait for the acknowledgement of an append, unless the options say otherwise.
pub const ACK_WAIT: Duration = Duration::from_secs(5);

/// The log. A clone is the same log.
#[derive(Clone)]
pub struct EventLog {
    subject_prefix: Arc<str>,
    backend: Backend,
    feed: Feed,
}

#[derive(Clone)]
enum Backend {
    JetStream(StreamPort),
    Memory(MemoryLog),
}

impl std::fmt::Debug for EventLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let backend = match &self.backend {
            Backend::JetStream(port) => &*port.name,
            Backend::Memory(_) => "memory",
        };
        f.debug_struct("EventLog").field("backend", &backend).finish()
    }
}

impl EventLog {
    /// The log that is a JetStream stream. Asks the server nothing yet.
    pub fn new(connection: &Connection, options: &EventLogOptions) -> Self {
        Self {
            subject_prefix: options.subject_prefix.as_str().into(),
            backend: Backend::JetStream(StreamPort::new(connection, &options.stream, options.ack_wait)),
            feed: Feed::default(),
        }
    }

    /// The same log, whose readers take from `feed` what this process appended over another connection.
    pub fn with_feed(self, feed: &Feed) -> Self {
        Self { feed: feed.clone(), ..self }
    }

    /// A log in memory, for tests: `memory` stays in the test's hands to make things go wrong.
    pub fn in_memory(memory: &MemoryLog) -> Self {
        Self { subject_prefix: EventLogOptions::default().subject_prefix.into(), backend: Backend::Memory(memory.clone()), feed: Feed::default() }
    }

    /// Appends `messages` (1 to [`BATCH_MESSAGES_MAX`]) one behind the other, and returns the sequence of the last, once they are on disk.
    ///
    /// `expected_last_sequence` is the head the messages were decided on; anything else at the head refuses all of them.
    ///
    /// # Errors
    /// [`AppendError::Conflict`]: nothing of these was stored, read on and decide again. [`AppendError::Torn`]: the first are stored, never one
    /// without those before it: look, and decide the others again. [`AppendError::Unknown`]: nobody knows yet, all, the first or nothing;
    /// wait until the tail has moved or an append with the same guard is refused, then look for the own commands.
    /// [`AppendError::Refused`]: nothing was stored, and trying again will not help unless an operator makes room.
    pub async fn append(&self, expected_last_sequence: u64, messages: Vec<Message>) -> Result<u64, AppendError> {
        check_sizes(messages.iter().map(|message| message.payload.len()))?;
        let ours = |subject: &str| subject.starts_with(&*self.subject_prefix) && is_plain_subject(subject);
        if !messages.iter().all(|message| ours(&message.subject)) {
            return Err(AppendError::Refused(Refusal::BadSubject));
        }
        match &self.backend {
            Backend::Memory(memory) => memory.append(expected_last_sequence, messages),
            Backend::JetStream(port) => {
                let kept = messages.iter().map(|message| (message.subject.clone(), message.payload.clone())).collect();
                let outgoing = |message: Message| Outgoing { subject: message.subject, headers: async_nats::HeaderMap::new(), payload: message.payload };
                let messages: Vec<Outgoing> = messages.into_iter().map(outgoing).collect();
                let last = match messages.len() {
                    2..=IN_TURN_MAX => port.append_in_turn(expected_last_sequence, messages).await?,
                    _ => port.append(Some(expected_last_sequence), messages).await?,
                };
                self.feed.take(last, kept);
                Ok(last)
            }
        }
    }

    /// The state of the log now.
    ///
    /// # Errors
    /// When the stream does not exist or the server does not answer.
    pub async fn head(&self) -> Result<Head, ReadError> {
        match &self.backend {
            Backend::Memory(memory) => memory.head(),
            Backend::JetStream(port) => {
                let info = port.info().await?;
                let Some(identity) = info.config.metadata.get(STREAM_IDENTITY) else {
                    return Err(ReadError::Missing(format!("stream {} has no identity: it was not made by gridward", port.name)));
                };
                Ok(Head {
                    stream: identity.clone(),
                    first_sequence: info.state.first_sequence,
                    last_sequence: info.state.last_sequence,
                    messages: info.state.messages,
                    deleted: info.state.deleted_count.unwrap_or(0),
                    bytes: info.state.bytes,
                    bytes_max: u64::try_from(info.config.max_bytes).ok(),
                })
            }
        }
    }

    /// The message at `sequence`, or `None` when there is none, or what is there cannot be read. Whatever is wrong with it, the
    /// connection outlasts it.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn read(&self, sequence: u64) -> Result<Option<Stored>, ReadError> {
        match &self.backend {
            Backend::Memory(memory) => memory.read(sequence),
            Backend::JetStream(port) => {
                let (stream, looked) = (self.identity().await?, looked(port, sequence).await?);
                Ok(looked.map(|(subject, payload)| Stored::new(sequence, subject, payload, &stream)))
            }
        }
    }

    /// The messages at `sequences` that exist, in the order asked for. One that is damaged breaks the connection, as it does for every reader
    /// of many; [`EventLog::read`] does not mind.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn read_many(&self, sequences: &[u64]) -> Result<Vec<Stored>, ReadError> {
        let identity = self.identity().await?;
        // owned, so that the future is `Send` for every caller (a closure that borrows is not general enough)
        let reads = sequences.iter().copied().map(|sequence| {
            let (log, identity) = (self.clone(), identity.clone());
            async move { log.read_from(&identity, sequence).await }
        });
        let found: Vec<Option<Stored>> = stream::iter(reads).buffered(READS_IN_FLIGHT_MAX).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Follows the log after `after`, once it is certain that this is still the history in which `after` was read.
    ///
    /// # Errors
    /// [`ResumeError::Diverged`] when the stream is another one, ends before `after`, or holds other bytes there: what was
    /// folded is of another history and is rebuilt from `LogPosition::default()`.
    pub async fn tail(&self, after: &LogPosition) -> Result<Tail, ResumeError> {
        let head = self.verify(after).await?;
        let source = match &self.backend {
            Backend::Memory(memory) => Source::Memory(memory.follow(after)),
            Backend::JetStream(port) => {
                let stream = Arc::from(head.stream.as_str());
                self.feed.learn(&stream);
                Source::JetStream(ReaderTask::start(self.clone(), port.clone(), after.clone(), stream))
            }
        };
        Ok(Tail { source, head: head.last_sequence, read: after.sequence, pending: head.last_sequence.saturating_sub(after.sequence), ended: None })
    }

    /// Lets go what readers were given already: whoever is behind asks the server.
    pub fn rest(&self) {
        self.feed.rest();
    }

    /// Whether `position` lies in the history that the log holds now; the head it was compared with.
    ///
    /// # Errors
    /// As for [`EventLog::tail`].
    pub async fn verify(&self, position: &LogPosition) -> Result<Head, ResumeError> {
        let verified = self.compare(position).await;
        if matches!(verified, Err(ResumeError::Diverged { .. })) {
            self.feed.forget();
        }
        verified
    }

    async fn compare(&self, position: &LogPosition) -> Result<Head, ResumeError> {
        let head = self.head().await?;
        position::compare_head(position, &head)?;
        if position.sequence > 0 {
            position::compare_hash(position, self.hash_at(position.sequence).await?)?;
        }
        Ok(head)
    }

    /// The hash of what is stored at `sequence`; nothing where nothing is, or what is there cannot be read.
    async fn hash_at(&self, sequence: u64) -> Result<Option<CommitHash>, ReadError> {
        match &self.backend {
            Backend::Memory(memory) => Ok(memory.read(sequence)?.map(|stored| CommitHash::of(&stored.payload))),
            Backend::JetStream(port) => Ok(looked(port, sequence).await?.map(|(_, payload)| CommitHash::of(&payload))),
        }
    }

    async fn identity(&self) -> Result<Arc<str>, ReadError> {
        Ok(self.head().await?.stream.into())
    }

    async fn read_from(&self, stream: &Arc<str>, sequence: u64) -> Result<Option<Stored>, ReadError> {
        match &self.backend {
            Backend::Memory(memory) => memory.read(sequence),
            Backend::JetStream(port) => {
                let found = port.read(sequence).await?;
                Ok(found.map(|message| Stored::new(message.sequence, message.subject.to_string(), message.payload, stream)))
            }
        }
    }
}

/// Subject and payload of what is stored at a place, asked for in a form that no damage can break the connection with; nothing where nothing
/// is, or what is there cannot be read.
async fn looked(port: &StreamPort, sequence: u64) -> Result<Option<(String, Bytes)>, ReadError> {
    match port.look(sequence).await {
        Ok(Looked::Sound { subject, payload }) => Ok(Some((subject, payload))),
        Ok(Looked::Damaged | Looked::Absent) => Ok(None),
        // a server whose configuration is older than this program lets nobody look in this way
        Err(_) => Ok(port.read(sequence).await?.map(|message| (message.subject.to_string(), message.payload))),
    }
}

/// A reader of the log. It survives lost connections and server restarts, and checks each time that the history is the same.
#[derive(Debug)]
pub struct Tail {
    source: Source,
    head: u64,
    read: u64,
    pending: u64,
    ended: Option<TailError>,
}

#[derive(Debug)]
enum Source {
    JetStream(ReaderTask),
    Memory(memory::Follower),
}

/// What a source hands over at once: never empty.
struct Chunk {
    messages: Vec<Stored>,
    /// Messages behind the last one of these when it was delivered.
    pending: u64,
}

impl Tail {
    /// The next messages in order, 1 to [`TAIL_BATCH_MAX`], waiting for the first. Cancel-safe: nothing is lost when the wait is given up.
    ///
    /// # Errors
    /// Only what ends the tail, and then the same every time: a gap, or another history.
    pub async fn next(&mut self) -> Result<Vec<Stored>, TailError> {
        if let Some(ended) = &self.ended {
            return Err(ended.clone());
        }
        let chunk = match &mut self.source {
            Source::JetStream(task) => task.next().await,
            Source::Memory(follower) => follower.next().await,
        };
        match chunk {
            Ok(chunk) => {
                self.read = chunk.messages.last().map_or(self.read, |last| last.sequence);
                self.pending = chunk.pending;
                Ok(chunk.messages)
            }
            Err(ended) => {
                self.ended = Some(ended.clone());
                Err(ended)
            }
        }
    }

    /// Whether everything has been read that was in the log when the tail was made.
    pub fn caught_up(&self) -> bool {
        self.read >= self.head
    }

    /// Sequence of the last message that was read.
    pub fn sequence(&self) -> u64 {
        self.read
    }

    /// Sequence of the last message in the log when the tail was made.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Messages that were still to come when the last ones were delivered.
    pub fn pending(&self) -> u64 {
        self.pending
    }
}
