//! What outsiders are told: streams with one publisher each, last values, and words that nobody keeps.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::header::HeaderMap;
use bytes::Bytes;
use domain::log::{COMMIT_HASH_BYTES, CommitHash, LogPosition};

use crate::connection::Connection;
use crate::event_log::{ACK_WAIT, AppendError, NextAppend, ReadError, Refusal, UnknownOutcome};
use crate::jetstream::{Outgoing, StreamPort, check_sizes, is_plain_subject};

/// Header with the sequence of the log that a message comes from.
pub const SOURCE_SEQUENCE: &str = "Gridward-Sequence";
/// Header with the identity of that log: a restored log uses sequences again, and another log has its own.
pub const SOURCE_STREAM: &str = "Gridward-Stream";
/// Header with the hash of the commit that a message comes from, as 32 hexadecimal digits.
pub const SOURCE_HASH: &str = "Gridward-Hash";
/// Header with the media type of the payload.
const CONTENT_TYPE: &str = "Content-Type";
/// Longest wait for a word that nobody keeps to be taken by the connection.
const ANNOUNCE_WAIT: Duration = Duration::from_secs(1);

/// A message for outsiders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Subject, plain tokens. It holds no personal data.
    pub subject: String,
    /// The commit that it comes from: where in which history.
    pub source: LogPosition,
    /// Media type of the payload.
    pub content_type: &'static str,
    /// The payload.
    pub payload: Bytes,
}

/// How far a publication has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Last {
    /// Sequence of the last message in the stream: what the next append expects. 0 when there never was one.
    pub sequence: u64,
    /// Age at which messages go; `None` when they stay.
    pub age_max: Option<Duration>,
    /// What the last message comes from.
    pub source: Source,
}

/// What the last message of a publication comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// There is no message: the stream is new, or all have passed their age.
    #[default]
    Nothing,
    /// It does not say: it was not published by this program.
    Unsaid,
    /// A commit of the log. Whether the log still holds it, [`crate::EventLog::verify`] tells.
    Commit(LogPosition),
}

impl Source {
    /// The headers that say it.
    fn headers(position: &LogPosition) -> [(&'static str, String); 3] {
        let hash = format!("{:032x}", u128::from_be_bytes(position.hash.0));
        [(SOURCE_SEQUENCE, position.sequence.to_string()), (SOURCE_STREAM, position.stream.clone()), (SOURCE_HASH, hash)]
    }

    fn of_headers(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).map(|value| value.as_str());
        let position = || {
            let hash = text(SOURCE_HASH).filter(|hash| hash.len() == 2 * COMMIT_HASH_BYTES)?;
            let hash = CommitHash(u128::from_str_radix(hash, 16).ok()?.to_be_bytes());
            Some(LogPosition { stream: text(SOURCE_STREAM)?.to_owned(), sequence: text(SOURCE_SEQUENCE)?.parse().ok()?, hash })
        };
        position().map_or(Self::Unsaid, Self::of)
    }

    /// A position that names no message fits every log, so it says nothing.
    fn of(position: LogPosition) -> Self {
        if position.sequence == 0 || position.stream.is_empty() { Self::Unsaid } else { Self::Commit(position) }
    }
}

/// A stream with one publisher, who goes on where the stream itself says it stopped. Two publishers are safe: one is refused.
///
/// What comes from one message of the log is appended with one call, so that the last message tells exactly where to go on.
#[derive(Clone)]
pub struct Publication {
    backend: PublicationBackend,
}

#[derive(Clone)]
enum PublicationBackend {
    JetStream(StreamPort),
    Memory(MemoryPublication),
}

impl Publication {
    /// The publication that is the JetStream stream `stream`. Asks the server nothing yet.
    pub fn new(connection: &Connection, stream: &str) -> Self {
        Self { backend: PublicationBackend::JetStream(StreamPort::new(connection, stream, ACK_WAIT)) }
    }

    /// A publication in memory, for tests; `memory` shows what was published.
    pub fn in_memory(memory: &MemoryPublication) -> Self {
        Self { backend: PublicationBackend::Memory(memory.clone()) }
    }

    /// How far it has come.
    ///
    /// # Errors
    /// When the stream does not exist or the server does not answer.
    pub async fn last(&self) -> Result<Last, ReadError> {
        let port = match &self.backend {
            PublicationBackend::Memory(memory) => return Ok(memory.last()),
            PublicationBackend::JetStream(port) => port,
        };
        let info = port.info().await?;
        let (sequence, age) = (info.state.last_sequence, info.config.max_age);
        let source = match (info.state.messages, port.read(sequence).await?) {
            (0, _) => Source::Nothing,
            (_, Some(message)) => Source::of_headers(&message.headers),
            // a copy that lags behind the leader, or the last one has just passed its age: never to be taken for a new stream
            (_, None) => return Err(ReadError::Unavailable(format!("message {sequence} is not there now"))),
        };
        Ok(Last { sequence, age_max: (!age.is_zero()).then_some(age), source })
    }

    /// Appends all of `notices` or none, and returns the sequence of the last, once they are on disk.
    ///
    /// # Errors
    /// As [`crate::EventLog::append`]. After a conflict or an unknown outcome, [`Publication::last`] tells where to go on.
    pub async fn append(&self, expected_last_sequence: u64, notices: Vec<Notice>) -> Result<u64, AppendError> {
        check_sizes(notices.iter().map(|notice| notice.payload.len()))?;
        if !notices.iter().all(|notice| is_plain_subject(&notice.subject)) {
            return Err(AppendError::Refused(Refusal::BadSubject));
        }
        match &self.backend {
            PublicationBackend::Memory(memory) => memory.append(expected_last_sequence, notices),
            PublicationBackend::JetStream(port) => port.append(Some(expected_last_sequence), notices.into_iter().map(outgoing).collect()).await,
        }
    }
}

fn outgoing(notice: Notice) -> Outgoing {
    let mut headers = HeaderMap::new();
    for (name, value) in Source::headers(&notice.source) {
        headers.insert(name, value.as_str());
    }
    headers.insert(CONTENT_TYPE, notice.content_type);
    Outgoing { subject: notice.subject, headers, payload: notice.payload }
}

/// A publication in memory, and the levers to break it. A clone is the same publication.
#[derive(Clone, Debug, Default)]
pub struct MemoryPublication {
    state: Arc<Mutex<PublicationState>>,
}

#[derive(Debug, Default)]
struct PublicationState {
    notices: Vec<Notice>,
    /// How many of them, from the first, have passed their age.
    expired: usize,
    age_max: Option<Duration>,
    next: VecDeque<NextAppend<Notice>>,
    /// How often it was asked for a message after a place.
    asked: usize,
}

impl MemoryPublication {
    /// How often it was asked for the message after a place.
    pub fn asked(&self) -> usize {
        self.state().asked
    }

    /// The message at a place that counts from 0, as whoever reads on asks for it.
    pub(crate) fn read_on(&self, place: usize) -> Option<Notice> {
        let mut state = self.state();
        state.asked += 1;
        state.notices.get(place).cloned()
    }

    /// Everything that was published, in order.
    pub fn notices(&self) -> Vec<Notice> {
        self.state().notices.clone()
    }

    /// Takes back what was said about appends to come.
    pub fn heal(&self) {
        self.state().next.clear();
    }

    /// Forgets everything after `last_sequence`, as restoring an old copy of the files does; 0 is a stream made anew.
    pub fn roll_back(&self, last_sequence: usize) {
        let mut state = self.state();
        state.notices.truncate(last_sequence);
        state.expired = state.expired.min(last_sequence);
    }

    /// Lets all messages pass their age: they are gone, and the sequence stays.
    pub fn expire(&self) {
        let mut state = self.state();
        state.expired = state.notices.len();
    }

    /// Says at which age messages go; nothing in memory goes by itself.
    pub fn set_age_max(&self, age: Duration) {
        self.state().age_max = Some(age);
    }

    /// Says what becomes of the next append that nothing was said about yet.
    pub fn next_append(&self, outcome: NextAppend<Notice>) {
        self.state().next.push_back(outcome);
    }

    fn state(&self) -> MutexGuard<'_, PublicationState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last(&self) -> Last {
        let state = self.state();
        let kept = state.notices.get(state.expired..).and_then(<[Notice]>::last);
        let source = kept.map_or(Source::Nothing, |notice| Source::of(notice.source.clone()));
        Last { sequence: state.notices.len() as u64, age_max: state.age_max, source }
    }

    fn append(&self, expected_last_sequence: u64, notices: Vec<Notice>) -> Result<u64, AppendError> {
        let mut state = self.state();
        let lost = Err(AppendError::Unknown(UnknownOutcome::NoAck(Duration::ZERO)));
        let next = state.next.pop_front();
        match &next {
            // all of it is stored or nothing
            Some(NextAppend::NotSent | NextAppend::Torn { .. }) => return lost,
            Some(NextAppend::Denied) => return Err(AppendError::Conflict),
            Some(NextAppend::Full) => {
                return Err(AppendError::Refused(Refusal::Full("maximum bytes exceeded".to_owned())));
            }
            Some(NextAppend::Overtaken(other)) => state.notices.push(other.clone()),
            Some(NextAppend::AckLost) | None => {}
        }
        if state.notices.len() as u64 != expected_last_sequence {
            return Err(AppendError::Conflict);
        }
        state.notices.extend(notices);
        if next == Some(NextAppend::AckLost) { lost } else { Ok(state.notices.len() as u64) }
    }
}

/// The newest value of each subject, for whoever asks later.
#[derive(Clone)]
pub struct LastValues {
    backend: LastValuesBackend,
}

#[derive(Clone)]
enum LastValuesBackend {
    JetStream(StreamPort),
    Memory(Arc<Mutex<BTreeMap<String, Bytes>>>),
}

impl LastValues {
    /// The last values that are the JetStream stream `stream`. Asks the server nothing yet.
    pub fn new(connection: &Connection, stream: &str) -> Self {
        Self { backend: LastValuesBackend::JetStream(StreamPort::new(connection, stream, ACK_WAIT)) }
    }

    /// Last values in memory, for tests.
    pub fn in_memory() -> Self {
        Self { backend: LastValuesBackend::Memory(Arc::default()) }
    }

    /// Replaces the value of one subject. Doing it twice changes nothing, so after an unknown outcome it is simply done again.
    ///
    /// # Errors
    /// When it was refused or the outcome is unknown; never a conflict.
    pub async fn put(&self, subject: &str, payload: Bytes) -> Result<(), AppendError> {
        check_sizes([payload.len()].into_iter())?;
        if !is_plain_subject(subject) {
            return Err(AppendError::Refused(Refusal::BadSubject));
        }
        match &self.backend {
            LastValuesBackend::Memory(values) => {
                values.lock().unwrap_or_else(PoisonError::into_inner).insert(subject.to_owned(), payload);
                Ok(())
            }
            LastValuesBackend::JetStream(port) => {
                let message = Outgoing { subject: subject.to_owned(), headers: HeaderMap::new(), payload };
                port.append(None, vec![message]).await.map(|_sequence| ())
            }
        }
    }

    /// The value of one subject, or `None` when there is none.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn get(&self, subject: &str) -> Result<Option<Bytes>, ReadError> {
        match &self.backend {
            LastValuesBackend::Memory(values) => Ok(values.lock().unwrap_or_else(PoisonError::into_inner).get(subject).cloned()),
            LastValuesBackend::JetStream(port) => Ok(port.read_last(subject).await?.map(|message| message.payload)),
        }
    }
}

/// The word was not said, for there is no connection. It would be old by the time there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not announced: no connection to nats")]
pub struct NotAnnounced;

/// Says things once to whoever listens now, such as a heartbeat. Nothing is kept and nothing is repeated.
#[derive(Clone)]
pub struct Announcer {
    backend: AnnouncerBackend,
}

#[derive(Clone)]
enum AnnouncerBackend {
    Nats(Connection),
    Memory(Arc<Mutex<Vec<(String, Bytes)>>>),
}

impl Announcer {
    /// Announces over a connection.
    pub fn new(connection: &Connection) -> Self {
        Self { backend: AnnouncerBackend::Nats(connection.clone()) }
    }

    /// Announces into memory, for tests: [`Announcer::announced`] shows it.
    pub fn in_memory() -> Self {
        Self { backend: AnnouncerBackend::Memory(Arc::default()) }
    }

    /// Says it to whoever listens now.
    ///
    /// # Errors
    /// When there is no connection; it is not said later either.
    pub async fn announce(&self, subject: &str, payload: Bytes) -> Result<(), NotAnnounced> {
        match &self.backend {
            AnnouncerBackend::Memory(said) => {
                said.lock().unwrap_or_else(PoisonError::into_inner).push((subject.to_owned(), payload));
                Ok(())
            }
            AnnouncerBackend::Nats(connection) if !connection.state().connected => Err(NotAnnounced),
            AnnouncerBackend::Nats(connection) => {
                let publish = connection.client().publish(subject.to_owned(), payload);
                let taken = tokio::time::timeout(ANNOUNCE_WAIT, publish).await.map_err(|_elapsed| NotAnnounced)?;
                taken.map_err(|_closed| NotAnnounced)
            }
        }
    }

    /// What was announced into memory, in order; nothing when it goes over a connection.
    pub fn announced(&self) -> Vec<(String, Bytes)> {
        match &self.backend {
            AnnouncerBackend::Memory(said) => said.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            AnnouncerBackend::Nats(_) => Vec::new(),
        }
    }
}
