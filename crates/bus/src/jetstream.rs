//! Appending to a stream and reading single messages from it: what the log, the publications and the keys have in common.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use async_nats::StatusCode;
use async_nats::client::{PublishError, PublishErrorKind, Request, RequestErrorKind};
use async_nats::header::{
    HeaderMap, HeaderName, NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL, NATS_BATCH_ID, NATS_BATCH_SEQUENCE, NATS_EXPECTED_LAST_MESSAGE_ID,
    NATS_EXPECTED_LAST_SEQUENCE, NATS_EXPECTED_STREAM, NATS_MESSAGE_ID,
};
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::{DirectGetErrorKind, Info, Stream};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde::Deserialize;

use crate::connection::Connection;
use crate::event_log::{AppendError, BATCH_BYTES_MAX, BATCH_MESSAGES_MAX, PAYLOAD_BYTES_MAX, ReadError, Refusal, UnknownOutcome};

/// One message on its way into a stream.
pub(crate) struct Outgoing {
    pub(crate) subject: String,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Bytes,
}

/// What is stored at a place of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    /// A message that clients can read.
    Sound { subject: String, payload: Bytes },
    /// A message whose subject or headers no client can read: the connection of each that is handed it breaks.
    Damaged,
    /// Nothing.
    Absent,
}

#[derive(Deserialize)]
struct Raw {
    message: RawMessage,
}

/// A message as the server gives it in JSON.
#[derive(Deserialize)]
struct RawMessage {
    subject: String,
    /// Base64.
    #[serde(default)]
    hdrs: String,
    /// Base64.
    #[serde(default)]
    data: String,
}

impl RawMessage {
    fn looked(self) -> Looked {
        let headers = STANDARD.decode(&self.hdrs).ok().and_then(|headers| String::from_utf8(headers).ok());
        let sound = headers.is_some_and(|headers| headers.is_empty() || are_headers(&headers)) && is_plain_subject(&self.subject);
        match STANDARD.decode(&self.data) {
            Ok(payload) if sound => Looked::Sound { subject: self.subject, payload: payload.into() },
            Ok(_) | Err(_) => Looked::Damaged,
        }
    }
}

/// Whether our client can read this as headers, by its own rules: a name, a colon and a value, or more of the value before.
fn are_headers(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(HEADERS_BEGIN) else { return false };
    let goes_on = |line: &str| line.starts_with(char::is_whitespace);
    let is_header = |line: &str| line.split_once(':').is_some_and(|(name, value)| name.parse::<HeaderName>().is_ok() && !value.contains('\r'));
    let mut begun = false;
    rest.lines().all(|line| {
        let reads = line.is_empty() || (begun && goes_on(line) && !line.contains('\r')) || is_header(line);
        begun = !line.is_empty();
        reads
    })
}

/// How the headers of a stored message begin: anything else there is taken for a status.
const HEADERS_BEGIN: &str = "NATS/1.0\r\n";

/// A stream as seen by one connection. A clone shares the connection.
#[derive(Clone)]
pub(crate) struct StreamPort {
    pub(crate) connection: Connection,
    pub(crate) name: Arc<str>,
    ack_wait: Duration,
    id_prefix: Arc<str>,
    ids_given: Arc<AtomicU64>,
    /// Copies of the stream; 0 while nobody has asked.
    copies: Arc<AtomicUsize>,
}

impl StreamPort {
    pub(crate) fn new(connection: &Connection, name: &str, ack_wait: Duration) -> Self {
        let inbox = connection.client().new_inbox();
        let unique = inbox.rsplit('.').next().unwrap_or(&inbox);
        Self { connection: connection.clone(), name: name.into(), ack_wait, id_prefix: unique.into(), ids_given: Arc::default(), copies: Arc::default() }
    }

    /// A handle on the stream that asks the server nothing yet.
    pub(crate) async fn handle(&self) -> Result<Stream<()>, ReadError> {
        self.connection.jetstream().get_stream_no_info(&*self.name).await.map_err(|error| ReadError::Unavailable(error.to_string()))
    }

    /// What the server says about the stream now.
    pub(crate) async fn info(&self) -> Result<Info, ReadError> {
        let everything = serde_json::json!({});
        let ask = self.connection.jetstream().request(format!("STREAM.INFO.{}", self.name), &everything);
        match tokio::time::timeout(self.ack_wait, ask).await.map_err(|_elapsed| no_answer())? {
            Ok(Response::Ok(info)) => Ok(info),
            Ok(Response::Err { error }) if error.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                Err(ReadError::Missing(format!("stream {} does not exist", self.name)))
            }
            Ok(Response::Err { error }) => Err(ReadError::Unavailable(error.to_string())),
            Err(error) => Err(ReadError::Unavailable(error.to_string())),
        }
    }

    /// The message stored at `sequence`, or `None` when there is none.
    pub(crate) async fn read(&self, sequence: u64) -> Result<Option<StreamMessage>, ReadError> {
        if sequence == 0 {
            return Ok(None);
        }
        let stream = self.handle().await?;
        self.found(stream.direct_get(sequence)).await
    }

    /// What is stored at `sequence`, asked for in a form that no damage can break the connection with: as JSON, with everything that
    /// is not ours in Base64.
    pub(crate) async fn look(&self, sequence: u64) -> Result<Looked, ReadError> {
        let wanted = serde_json::json!({ "seq": sequence });
        let ask = self.connection.jetstream().request(format!("STREAM.MSG.GET.{}", self.name), &wanted);
        match tokio::time::timeout(self.ack_wait, ask).await.map_err(|_elapsed| no_answer())? {
            Ok(Response::Ok(Raw { message })) => Ok(message.looked()),
            Ok(Response::Err { error }) if error.error_code() == ErrorCode::NO_MESSAGE_FOUND => Ok(Looked::Absent),
            Ok(Response::Err { error }) => Err(ReadError::Unavailable(error.to_string())),
            Err(error) => Err(ReadError::Unavailable(error.to_string())),
        }
    }

    /// The newest message with that subject (which may hold wildcards), or `None` when there is none.
    pub(crate) async fn read_last(&self, subject: &str) -> Result<Option<StreamMessage>, ReadError> {
        let stream = self.handle().await?;
        self.found(stream.direct_get_last_for_subject(subject)).await
    }

    async fn found(
        &self,
        get: impl Future<Output = Result<StreamMessage, async_nats::jetstream::stream::DirectGetError>>,
    ) -> Result<Option<StreamMessage>, ReadError> {
        match tokio::time::timeout(self.ack_wait, get).await.map_err(|_elapsed| no_answer())? {
            Ok(message) => Ok(Some(message)),
            Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(None),
            Err(error) => Err(ReadError::Unavailable(error.to_string())),
        }
    }

    /// Appends all of `messages` or none of them, and returns the sequence of the last.
    ///
    /// One message is a plain publish, which is several times quicker than a batch of one; more are one atomic batch
    /// (NATS ADR-50). The answer comes after the server has synced them, if the server is set up to sync always.
    pub(crate) async fn append(&self, expected_last_sequence: Option<u64>, messages: Vec<Outgoing>) -> Result<u64, AppendError> {
        check_sizes(messages.iter().map(|message| message.payload.len()))?;
        self.in_time(self.send(expected_last_sequence, messages)).await
    }

    /// Appends `messages` in turn, each behind the one before it and nowhere else, and returns the sequence of the last.
    ///
    /// Where that fails some of the first may be stored, never one without those before it. A few are several times quicker like this
    /// than as an atomic batch, on a stream with one copy: with several, the server knows which message is the last only once they agree,
    /// and keeps batches in memory, so a batch it is.
    pub(crate) async fn append_in_turn(&self, expected_last_sequence: u64, messages: Vec<Outgoing>) -> Result<u64, AppendError> {
        check_sizes(messages.iter().map(|message| message.payload.len()))?;
        let appending = async {
            // a server that does not say gets a batch: that is right for any number of copies
            if self.has_one_copy().await.unwrap_or(false) {
                self.send_in_turn(expected_last_sequence, messages).await
            } else {
                self.send(Some(expected_last_sequence), messages).await
            }
        };
        let appended = self.in_time(appending).await;
        if matches!(appended, Err(AppendError::Unknown(_) | AppendError::Torn)) {
            // an operator may have given the stream more copies
            self.copies.store(0, Ordering::Relaxed);
        }
        appended
    }

    /// Waits for the answer to an append on one connection, and not for longer than agreed.
    async fn in_time(&self, sending: impl Future<Output = Result<u64, AppendError>>) -> Result<u64, AppendError> {
        let wait = tokio::time::Instant::now() + self.ack_wait;
        // nothing is handed to a client that is not connected: it would be sent later, when nobody waits for it
        self.connection.connected(self.ack_wait).await.map_err(|error| AppendError::Unknown(UnknownOutcome::NotConnected(error.why)))?;
        let connects = self.connection.connects();
        tokio::select! {
            outcome = tokio::time::timeout_at(wait, sending) => match outcome {
                Ok(outcome) => outcome,
                Err(_elapsed) => Err(AppendError::Unknown(UnknownOutcome::NoAck(self.ack_wait))),
            },
            // the answer went to the connection before: to look is quicker than to wait for it
            () = self.connected_again(connects) => Err(AppendError::Unknown(UnknownOutcome::Broken("the connection was made again".to_owned()))),
        }
    }

    /// Whether the stream has one copy, as the server said when it was asked last.
    async fn has_one_copy(&self) -> Result<bool, ReadError> {
        if self.copies.load(Ordering::Relaxed) == 0 {
            self.copies.store(self.info().await?.config.num_replicas.max(1), Ordering::Relaxed);
        }
        Ok(self.copies.load(Ordering::Relaxed) == 1)
    }

    /// Returns when the connection has been made more often than so many times.
    async fn connected_again(&self, connects: u64) {
        let mut events = self.connection.events();
        while self.connection.connects() == connects {
            events.next().await;
        }
    }

    async fn send(&self, expected_last_sequence: Option<u64>, messages: Vec<Outgoing>) -> Result<u64, AppendError> {
        let count = messages.len() as u64;
        let client = self.connection.client();
        let mut messages = self.framed(expected_last_sequence, messages);
        let Some(last) = messages.pop() else {
            return Err(AppendError::Refused(Refusal::Empty));
        };
        for message in messages {
            client.publish_with_headers(message.subject, message.headers, message.payload).await.map_err(not_published)?;
        }
        // an inbox of its own: an answer that never comes then leaves nothing behind in the client (nats.rs #1617)
        let request = Request::new().headers(last.headers).payload(last.payload).inbox(client.new_inbox()).timeout(None);
        let answer = client.send_request(last.subject, request).await.map_err(|error| match error.kind() {
            RequestErrorKind::MaxPayloadExceeded => AppendError::Refused(Refusal::TooLarge),
            RequestErrorKind::InvalidSubject => AppendError::Refused(Refusal::BadSubject),
            RequestErrorKind::NoResponders => AppendError::Unknown(UnknownOutcome::NoResponders),
            RequestErrorKind::TimedOut | RequestErrorKind::Other => AppendError::Unknown(UnknownOutcome::Broken(error.to_string())),
        })?;
        self.outcome(expected_last_sequence, count, &answer.payload)
    }

    async fn send_in_turn(&self, expected_last_sequence: u64, messages: Vec<Outgoing>) -> Result<u64, AppendError> {
        let client = self.connection.client();
        let count = messages.len() as u64;
        let inbox = client.new_inbox();
        let broken = |error: String| AppendError::Unknown(UnknownOutcome::Broken(error));
        let mut answers = client.subscribe(format!("{inbox}.*")).await.map_err(|error| broken(error.to_string()))?;
        for (place, message) in (0..).zip(self.chained(expected_last_sequence, messages)) {
            let place: u64 = place;
            let publish = client.publish_with_reply_and_headers(message.subject, format!("{inbox}.{place}"), message.headers, message.payload);
            publish.await.map_err(|error| if place == 0 { not_published(error) } else { broken(error.to_string()) })?;
        }
        // the server takes them one after the other, and answers in that order
        for place in 0..count {
            let answer = answers.next().await.ok_or_else(|| broken("the client has stopped listening".to_owned()))?;
            if answer.status == Some(StatusCode::NO_RESPONDERS) {
                return Err(AppendError::Unknown(UnknownOutcome::NoResponders));
            }
            if answer.subject.rsplit('.').next() != Some(place.to_string().as_str()) {
                return Err(AppendError::Unknown(UnknownOutcome::Strange(format!("an answer to another message than {place} of {count}"))));
            }
            match self.outcome(Some(expected_last_sequence + place), 1, &answer.payload) {
                Ok(_sequence) => {}
                // those before it are stored, it is not, and nothing follows what is not there
                Err(AppendError::Conflict | AppendError::Refused(_)) if place > 0 => return Err(AppendError::Torn),
                Err(error) => return Err(error),
            }
        }
        Ok(expected_last_sequence + count)
    }

    /// The messages with the headers that let each be stored only behind the one before it. The sequence alone would let somebody
    /// else's message take the place of one of ours, and the next one of ours follow it.
    fn chained(&self, expected_last_sequence: u64, mut messages: Vec<Outgoing>) -> Vec<Outgoing> {
        let first = self.ids_given.fetch_add(messages.len() as u64, Ordering::Relaxed);
        let id = |place: u64| format!("{}-{}", self.id_prefix, first + place);
        for (place, message) in (0..).zip(&mut messages) {
            message.headers.insert(NATS_EXPECTED_STREAM, &*self.name);
            message.headers.insert(NATS_EXPECTED_LAST_SEQUENCE, (expected_last_sequence + place).to_string().as_str());
            message.headers.insert(NATS_MESSAGE_ID, id(place).as_str());
            if let Some(before) = place.checked_sub(1) {
                message.headers.insert(NATS_EXPECTED_LAST_MESSAGE_ID, id(before).as_str());
            }
        }
        messages
    }

    /// The messages with the headers that make them one append.
    fn framed(&self, expected_last_sequence: Option<u64>, mut messages: Vec<Outgoing>) -> Vec<Outgoing> {
        if let Some(first) = messages.first_mut() {
            first.headers.insert(NATS_EXPECTED_STREAM, &*self.name);
            if let Some(expected) = expected_last_sequence {
                first.headers.insert(NATS_EXPECTED_LAST_SEQUENCE, expected.to_string().as_str());
            }
        }
        if messages.len() > 1 {
            let batch = format!("{}-{}", self.id_prefix, self.ids_given.fetch_add(1, Ordering::Relaxed));
            for (index, message) in (1..).zip(&mut messages) {
                let index: u64 = index;
                message.headers.insert(NATS_BATCH_ID, batch.as_str());
                message.headers.insert(NATS_BATCH_SEQUENCE, index.to_string().as_str());
            }
            if let Some(last) = messages.last_mut() {
                last.headers.insert(NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL);
            }
        }
        messages
    }

    /// Reads the server's answer to an append.
    fn outcome(&self, expected_last_sequence: Option<u64>, count: u64, answer: &[u8]) -> Result<u64, AppendError> {
        let ack: PublishAck = match serde_json::from_slice(answer) {
            Ok(Response::Ok(ack)) => ack,
            Ok(Response::Err { error }) => return Err(refused(&error)),
            Err(error) => {
                return Err(AppendError::Unknown(UnknownOutcome::Strange(error.to_string())));
            }
        };
        let in_batch = if count > 1 { ack.batch_size.unwrap_or(0) } else { 1 };
        let in_place = expected_last_sequence.is_none_or(|expected| ack.sequence == expected + count);
        if *ack.stream != *self.name || in_batch != count || !in_place || ack.duplicate {
            let strange = format!("stream {} sequence {} count {in_batch} duplicate {}", ack.stream, ack.sequence, ack.duplicate);
            return Err(AppendError::Unknown(UnknownOutcome::Strange(strange)));
        }
        Ok(ack.sequence)
    }
}

/// What a publish came to that the client did not take.
fn not_published(error: PublishError) -> AppendError {
    match error.kind() {
        PublishErrorKind::MaxPayloadExceeded => AppendError::Refused(Refusal::TooLarge),
        PublishErrorKind::InvalidSubject => AppendError::Refused(Refusal::BadSubject),
        PublishErrorKind::Send => AppendError::Unknown(UnknownOutcome::Broken(error.to_string())),
    }
}

/// Checks what the server would refuse, before the first message of a batch is sent.
pub(crate) fn check_sizes(payloads: impl ExactSizeIterator<Item = usize>) -> Result<(), AppendError> {
    if payloads.len() == 0 {
        return Err(AppendError::Refused(Refusal::Empty));
    }
    if payloads.len() > BATCH_MESSAGES_MAX {
        return Err(AppendError::Refused(Refusal::TooMany));
    }
    let mut total = 0;
    for bytes in payloads {
        total += bytes;
        if bytes > PAYLOAD_BYTES_MAX || total > BATCH_BYTES_MAX {
            return Err(AppendError::Refused(Refusal::TooLarge));
        }
    }
    Ok(())
}

/// Whether a subject is made of plain tokens: what may stand in a published message.
pub(crate) fn is_plain_subject(subject: &str) -> bool {
    subject.len() <= SUBJECT_BYTES_MAX
        && subject.split('.').all(|token| !token.is_empty() && token != "*" && token != ">" && !token.contains(|c: char| c.is_whitespace() || c.is_control()))
}

/// Longest subject that is accepted, in bytes. The server itself takes up to its longest protocol line, 4 KiB with the rest of it.
pub(crate) const SUBJECT_BYTES_MAX: usize = 512;

/// Sorts an error of the server by what the caller can do. By code: on a replicated stream a conflict mostly comes as 10164,
/// which async-nats counts among "other".
fn refused(error: &async_nats::jetstream::Error) -> AppendError {
    let description = error.to_string();
    match error.error_code() {
        ErrorCode::STREAM_WRONG_LAST_SEQUENCE | ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT | ErrorCode::STREAM_WRONG_LAST_MESSAGE_ID => {
            AppendError::Conflict
        }
        ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM => AppendError::Refused(Refusal::TooLarge),
        ErrorCode::ATOMIC_PUBLISH_TOO_LARGE_BATCH => AppendError::Refused(Refusal::TooMany),
        ErrorCode::STORAGE_RESOURCES_EXCEEDED | ErrorCode::ACCOUNT_RESOURCES_EXCEEDED | ErrorCode::INSUFFICIENT_RESOURCES => {
            AppendError::Refused(Refusal::Full(description))
        }
        // one code for every failure to store: only the limits of the stream are certain to have stored nothing
        ErrorCode::STREAM_STORE_FAILED if description.contains("maximum ") && description.contains(" exceeded") => {
            AppendError::Refused(Refusal::Full(description))
        }
        ErrorCode::ATOMIC_PUBLISH_DISABLED
        | ErrorCode::ATOMIC_PUBLISH_MISSING_SEQ
        | ErrorCode::ATOMIC_PUBLISH_UNSUPPORTED_HEADER
        | ErrorCode::ATOMIC_PUBLISH_INVALID_BATCH_ID
        | ErrorCode::ATOMIC_PUBLISH_INVALID_BATCH_COMMIT
        | ErrorCode::STREAM_NOT_MATCH => AppendError::Refused(Refusal::Protocol(description)),
        _ => AppendError::Unknown(UnknownOutcome::Strange(description)),
    }
}

fn no_answer() -> ReadError {
    ReadError::Unavailable("no answer in time".to_owned())
}
