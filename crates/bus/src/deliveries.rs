//! What a delivery stands on: the stream that it reads, and the mark that says how far it came.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::header::{HeaderMap, NATS_EXPECTED_LAST_SUBJECT_SEQUENCE};
use async_nats::jetstream::stream::DirectGetErrorKind;
use bytes::Bytes;
use domain::values::Timestamp;

use crate::connection::Connection;
use crate::event_log::{ACK_WAIT, AppendError, NextAppend, ReadError, Refusal, UnknownOutcome};
use crate::jetstream::{Outgoing, StreamPort, check_sizes, is_plain_subject};
use crate::provision::STREAM_IDENTITY;
use crate::publication::{MemoryPublication, Notice};

/// What the subject of every mark starts with.
const SUBJECT_PREFIX: &str = "delivery.";
/// Name of the stream of marks.
const STREAM: &str = "DELIVERIES";
/// Identity of a publication in memory.
const MEMORY_IDENTITY: &str = "memory";

/// A publication as whoever tells it onwards reads it.
#[derive(Clone)]
pub struct Reading {
    backend: ReadingBackend,
}

#[derive(Clone)]
enum ReadingBackend {
    JetStream(StreamPort),
    Memory(MemoryPublication),
}

/// A message of a publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its place in the stream.
    pub sequence: u64,
    /// When the server took it, in real time.
    pub at: Timestamp,
    /// Its payload.
    pub payload: Bytes,
}

/// Where a publication ends now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Identity of the stream: a stream made anew has another, and uses sequences again.
    pub stream: String,
    /// Sequence of its last message; 0 when there never was one.
    pub sequence: u64,
}

impl Reading {
    /// Reads the JetStream stream `stream`. Asks the server nothing yet.
    pub fn new(connection: &Connection, stream: &str) -> Self {
        Self { backend: ReadingBackend::JetStream(StreamPort::new(connection, stream, ACK_WAIT)) }
    }

    /// Reads a publication in memory, for tests. Its messages were taken as late as can be, for memory has no clock.
    pub fn in_memory(memory: &MemoryPublication) -> Self {
        Self { backend: ReadingBackend::Memory(memory.clone()) }
    }

    /// Where it ends now.
    ///
    /// # Errors
    /// When the stream does not exist or the server does not answer.
    pub async fn end(&self) -> Result<End, ReadError> {
        match &self.backend {
            ReadingBackend::Memory(memory) => Ok(End { stream: MEMORY_IDENTITY.to_owned(), sequence: memory.notices().len() as u64 }),
            ReadingBackend::JetStream(port) => {
                let info = port.info().await?;
                let stream = info.config.metadata.get(STREAM_IDENTITY).cloned().unwrap_or_default();
                Ok(End { stream, sequence: info.state.last_sequence })
            }
        }
    }

    /// The first message after a place that is still kept; nothing when there is none.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn after(&self, sequence: u64) -> Result<Option<Published>, ReadError> {
        match &self.backend {
            ReadingBackend::Memory(memory) => {
                Ok(usize::try_from(sequence).ok().and_then(|place| memory.read_on(place)).map(|notice| of_memory(sequence + 1, notice)))
            }
            ReadingBackend::JetStream(port) => {
                let stream = port.handle().await?;
                let get = stream.direct_get_next_for_subject(">", Some(sequence + 1));
                match tokio::time::timeout(ACK_WAIT, get).await {
                    Ok(Ok(message)) => Ok(Some(published(message))),
                    Ok(Err(error)) if error.kind() == DirectGetErrorKind::NotFound => Ok(None),
                    Ok(Err(error)) => Err(ReadError::Unavailable(error.to_string())),
                    Err(_elapsed) => Err(ReadError::Unavailable("no answer in time".to_owned())),
                }
            }
        }
    }

    /// The message at a place; nothing when it is gone.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn at(&self, sequence: u64) -> Result<Option<Published>, ReadError> {
        match &self.backend {
            ReadingBackend::Memory(memory) => {
                let place = usize::try_from(sequence).ok().and_then(|sequence| sequence.checked_sub(1));
                Ok(place.and_then(|place| memory.notices().into_iter().nth(place)).map(|notice| of_memory(sequence, notice)))
            }
            ReadingBackend::JetStream(port) => Ok(port.read(sequence).await?.map(published)),
        }
    }
}

fn published(message: async_nats::jetstream::message::StreamMessage) -> Published {
    let at = i64::try_from(message.time.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX);
    Published { sequence: message.sequence, at: Timestamp(at), payload: message.payload }
}

fn of_memory(sequence: u64, notice: Notice) -> Published {
    Published { sequence, at: Timestamp(i64::MAX), payload: notice.payload }
}

/// The newest mark of each delivery, each behind the guard of the one before: of two who go on from one mark, one is refused.
#[derive(Clone)]
pub struct Marks {
    backend: MarksBackend,
}

#[derive(Clone)]
enum MarksBackend {
    JetStream(StreamPort),
    Memory(MemoryMarks),
}

/// Marks in memory, and the levers to break them. A clone holds the same.
#[derive(Clone, Debug, Default)]
pub struct MemoryMarks {
    state: Arc<Mutex<MarksState>>,
}

#[derive(Debug, Default)]
struct MarksState {
    last: u64,
    marks: BTreeMap<String, Mark>,
    next: VecDeque<NextAppend<Bytes>>,
}

impl MemoryMarks {
    /// Says what becomes of the next mark that nothing was said about yet.
    pub fn next_put(&self, outcome: NextAppend<Bytes>) {
        self.state().next.push_back(outcome);
    }

    fn state(&self) -> MutexGuard<'_, MarksState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, name: &str, payload: Bytes, expected: u64) -> Result<u64, AppendError> {
        let mut state = self.state();
        let lost = Err(AppendError::Unknown(UnknownOutcome::NoAck(Duration::ZERO)));
        let next = state.next.pop_front();
        match &next {
            // all of it is stored or nothing
            Some(NextAppend::NotSent | NextAppend::Torn { .. }) => return lost,
            Some(NextAppend::Denied) => return Err(AppendError::Conflict),
            Some(NextAppend::Full) => return Err(AppendError::Refused(Refusal::Full("maximum bytes exceeded".to_owned()))),
            Some(NextAppend::Overtaken(other)) => state.set(name, other.clone()),
            Some(NextAppend::AckLost) | None => {}
        }
        if state.marks.get(name).map_or(0, |mark| mark.sequence) != expected {
            return Err(AppendError::Conflict);
        }
        state.set(name, payload);
        if next == Some(NextAppend::AckLost) { lost } else { Ok(state.last) }
    }
}

impl MarksState {
    fn set(&mut self, name: &str, payload: Bytes) {
        self.last += 1;
        self.marks.insert(name.to_owned(), Mark { sequence: self.last, payload });
    }
}

/// A mark as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What the next one expects.
    pub sequence: u64,
    /// The mark itself.
    pub payload: Bytes,
}

impl Marks {
    /// The marks that are the JetStream stream `DELIVERIES`. Asks the server nothing yet.
    pub fn new(connection: &Connection) -> Self {
        Self { backend: MarksBackend::JetStream(StreamPort::new(connection, STREAM, ACK_WAIT)) }
    }

    /// Marks in memory, for tests.
    pub fn in_memory(memory: &MemoryMarks) -> Self {
        Self { backend: MarksBackend::Memory(memory.clone()) }
    }

    /// The mark of a delivery; nothing when it has none.
    ///
    /// # Errors
    /// When the stream does not exist or the server does not answer.
    pub async fn get(&self, name: &str) -> Result<Option<Mark>, ReadError> {
        match &self.backend {
            MarksBackend::Memory(memory) => Ok(memory.state().marks.get(name).cloned()),
            MarksBackend::JetStream(port) => {
                let last = port.read_last(&subject(name)).await?;
                Ok(last.map(|message| Mark { sequence: message.sequence, payload: message.payload }))
            }
        }
    }

    /// Replaces the mark that was read at `expected`, 0 for none; the place of the new one, once it is on disk.
    ///
    /// # Errors
    /// [`AppendError::Conflict`] when somebody else has set one since. After an unknown outcome, [`Marks::get`] tells.
    pub async fn put(&self, name: &str, payload: Bytes, expected: u64) -> Result<u64, AppendError> {
        check_sizes([payload.len()].into_iter())?;
        if name.contains('.') || !is_plain_subject(&subject(name)) {
            return Err(AppendError::Refused(Refusal::BadSubject));
        }
        match &self.backend {
            MarksBackend::Memory(memory) => memory.put(name, payload, expected),
            MarksBackend::JetStream(port) => {
                let mut headers = HeaderMap::new();
                headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expected.to_string().as_str());
                port.append(None, vec![Outgoing { subject: subject(name), headers, payload }]).await
            }
        }
    }
}

fn subject(name: &str) -> String {
    format!("{SUBJECT_PREFIX}{name}")
}
