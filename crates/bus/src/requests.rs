//! Questions and answers between services: one asks, one of those that serve the subject answers.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::client::{Request, RequestErrorKind};
use async_nats::header::{HeaderMap, HeaderName, HeaderValue};
use async_nats::{Client, Subject, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::{mpsc, oneshot};

use crate::connection::{API_WAIT, Connection};

/// What the subjects start with on which nobody listens. Every service may publish below it.
const SETTLE_PREFIX: &str = "svc.nobody";
/// Questions in memory that wait for a service. A real connection buffers 65,536 and drops what comes after.
const WAITING_MAX: usize = 1024;

/// Headers of a question or an answer. Their values are never shown: one of them may be a token.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The same headers and one more.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }

    /// The value of the first header of that name, in whatever case it is written.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn to_map(&self) -> Option<HeaderMap> {
        let mut map = HeaderMap::new();
        for (name, value) in &self.0 {
            map.append(HeaderName::from_str(name).ok()?, HeaderValue::from_str(value).ok()?);
        }
        Some(map)
    }

    fn from_map(map: Option<&HeaderMap>) -> Self {
        let one = |(name, values): (&HeaderName, &Vec<HeaderValue>)| Some((name.to_string(), values.first()?.as_str().to_owned()));
        Self(map.map(|map| map.iter().filter_map(one).collect()).unwrap_or_default())
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Headers of the answer.
    pub headers: Headers,
    /// Its payload.
    pub payload: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Nobody serves the subject now: nothing was done. It passes when the service starts.
    #[error("no service listens")]
    NobodyListens,
    /// No answer in time: it may have been done.
    #[error("no answer within {0:?}")]
    NoAnswer(Duration),
    /// The question cannot be sent as it is: its subject, its headers or its size.
    #[error("the question cannot be sent: {0}")]
    Unsendable(String),
    /// The connection broke: it may have been done.
    #[error("connection broken: {0}")]
    Broken(String),
}

/// Why a subject cannot be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot serve the subject: {0}")]
pub struct ServeError(String);

/// Why an answer was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer was not sent: {0}")]
pub struct RespondError(String);

/// Asking and serving. A clone is the same.
#[derive(Clone)]
pub struct Requests {
    backend: Backend,
}

#[derive(Clone)]
enum Backend {
    Nats(Connection),
    Memory(Arc<Mutex<Hub>>),
}

impl Requests {
    /// Over a connection.
    pub fn new(connection: &Connection) -> Self {
        Self { backend: Backend::Nats(connection.clone()) }
    }

    /// In memory, for tests: what one clone serves, another may ask.
    pub fn in_memory() -> Self {
        Self { backend: Backend::Memory(Arc::default()) }
    }

    /// Serves a subject, which may hold wildcards. Of those that serve it under the same `queue`, one gets each question.
    /// The questions stop coming when the [`Questions`] are dropped.
    ///
    /// # Errors
    /// When the subject is not one, or the server does not answer.
    pub async fn serve(&self, subject: &str, queue: Option<&str>) -> Result<Questions, ServeError> {
        let source = match &self.backend {
            Backend::Memory(hub) => {
                let (sender, questions) = mpsc::channel(WAITING_MAX);
                let service = Service { subject: subject.to_owned(), queue: queue.map(str::to_owned), sender };
                hub.lock().unwrap_or_else(PoisonError::into_inner).services.push(service);
                QuestionSource::Memory(questions)
            }
            Backend::Nats(connection) => {
                let client = connection.client();
                let subscribed = match queue {
                    Some(queue) => client.queue_subscribe(subject.to_owned(), queue.to_owned()).await,
                    None => client.subscribe(subject.to_owned()).await,
                };
                let subscriber = subscribed.map_err(|error| ServeError(error.to_string()))?;
                settle(client).await?;
                QuestionSource::Nats(subscriber, client.clone())
            }
        };
        Ok(Questions { source })
    }

    /// Asks, and waits for one answer.
    ///
    /// # Errors
    /// When nobody listens, or no answer comes within `wait`.
    pub async fn ask(&self, subject: &str, headers: Headers, payload: Bytes, wait: Duration) -> Result<Answer, AskError> {
        let Some(map) = headers.to_map() else {
            return Err(AskError::Unsendable("a header is not one".to_owned()));
        };
        let answer = async {
            match &self.backend {
                Backend::Memory(hub) => ask_memory(hub, subject, headers, payload).await,
                Backend::Nats(connection) => ask_nats(connection, subject, map, payload, wait).await,
            }
        };
        tokio::time::timeout(wait, answer).await.unwrap_or(Err(AskError::NoAnswer(wait)))
    }
}

/// Returns when the server knows of what was subscribed to: it works in order, so it has answered a later question.
async fn settle(client: &Client) -> Result<(), ServeError> {
    let nobody = client.new_inbox();
    let nobody = nobody.rsplit('.').next().unwrap_or(&nobody);
    let round_trip = client.request(format!("{SETTLE_PREFIX}.{nobody}"), Bytes::new());
    match tokio::time::timeout(API_WAIT, round_trip).await {
        Ok(Err(error)) if error.kind() == RequestErrorKind::NoResponders => Ok(()),
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(ServeError(error.to_string())),
        Err(elapsed) => Err(ServeError(elapsed.to_string())),
    }
}

async fn ask_nats(connection: &Connection, subject: &str, headers: HeaderMap, payload: Bytes, wait: Duration) -> Result<Answer, AskError> {
    let client = connection.client();
    // an inbox of its own: an answer that never comes then leaves nothing behind in the client (nats.rs #1617)
    let request = Request::new().payload(payload).inbox(client.new_inbox()).timeout(None);
    let request = if headers.is_empty() { request } else { request.headers(headers) };
    let message = client.send_request(subject.to_owned(), request).await.map_err(|error| match error.kind() {
        RequestErrorKind::NoResponders => AskError::NobodyListens,
        RequestErrorKind::TimedOut => AskError::NoAnswer(wait),
        RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => AskError::Unsendable(error.to_string()),
        RequestErrorKind::Other => AskError::Broken(error.to_string()),
    })?;
    Ok(Answer { headers: Headers::from_map(message.headers.as_ref()), payload: message.payload })
}

async fn ask_memory(hub: &Mutex<Hub>, subject: &str, headers: Headers, payload: Bytes) -> Result<Answer, AskError> {
    let (answer, answered) = oneshot::channel();
    let answer = Arc::new(Mutex::new(Some(answer)));
    let senders = hub.lock().unwrap_or_else(PoisonError::into_inner).route(subject);
    if senders.is_empty() {
        return Err(AskError::NobodyListens);
    }
    for sender in senders {
        let question = Question { subject: subject.to_owned(), headers: headers.clone(), payload: payload.clone(), reply: Reply::Memory(Arc::clone(&answer)) };
        // a service that does not keep up loses questions, as it would on a real connection
        let _dropped = sender.try_send(question);
    }
    drop(answer);
    match answered.await {
        Ok(answer) => Ok(answer),
        // every question was dropped without an answer: as on a real connection, that shows as silence
        Err(_unanswered) => std::future::pending().await,
    }
}

/// The questions that come in for one subject.
pub struct Questions {
    source: QuestionSource,
}

enum QuestionSource {
    Nats(Subscriber, Client),
    Memory(mpsc::Receiver<Question>),
}

impl Questions {
    /// The next question, or `None` when the connection is closed for good. Cancel-safe.
    pub async fn next(&mut self) -> Option<Question> {
        match &mut self.source {
            QuestionSource::Memory(questions) => questions.recv().await,
            QuestionSource::Nats(subscriber, client) => {
                let message = subscriber.next().await?;
                Some(Question {
                    subject: message.subject.to_string(),
                    headers: Headers::from_map(message.headers.as_ref()),
                    payload: message.payload,
                    reply: Reply::Nats(client.clone(), message.reply),
                })
            }
        }
    }
}

/// A question that waits for its answer.
#[derive(Debug)]
pub struct Question {
    /// Subject it was asked on.
    pub subject: String,
    /// Its headers; one of them may say who asks.
    pub headers: Headers,
    /// Its payload.
    pub payload: Bytes,
    reply: Reply,
}

enum Reply {
    Nats(Client, Option<Subject>),
    Memory(Arc<Mutex<Option<oneshot::Sender<Answer>>>>),
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

impl Question {
    /// Answers. Only the first answer to a question counts; one that nobody waits for any more is dropped silently.
    ///
    /// # Errors
    /// When the question wants no answer, or this one cannot be sent.
    pub async fn respond(self, headers: Headers, payload: Bytes) -> Result<(), RespondError> {
        let Some(map) = headers.to_map() else {
            return Err(RespondError("a header is not one".to_owned()));
        };
        match self.reply {
            Reply::Memory(answer) => {
                if let Some(answer) = answer.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    // the asker may have given up
                    let _nobody_waits = answer.send(Answer { headers, payload });
                }
                Ok(())
            }
            Reply::Nats(_, None) => Err(RespondError("the question wants no answer".to_owned())),
            Reply::Nats(client, Some(reply)) => {
                let sent = if map.is_empty() { client.publish(reply, payload).await } else { client.publish_with_headers(reply, map, payload).await };
                sent.map_err(|error| RespondError(error.to_string()))
            }
        }
    }
}

/// Who serves what in memory.
#[derive(Default)]
struct Hub {
    services: Vec<Service>,
    /// Whose turn it is in each queue.
    turns: HashMap<String, usize>,
}

struct Service {
    subject: String,
    queue: Option<String>,
    sender: mpsc::Sender<Question>,
}

impl Hub {
    /// Who gets a question: everybody without a queue, and one of each queue in turn.
    fn route(&mut self, subject: &str) -> Vec<mpsc::Sender<Question>> {
        self.services.retain(|service| !service.sender.is_closed());
        let matching: Vec<&Service> = self.services.iter().filter(|service| matches(&service.subject, subject)).collect();
        let mut chosen: Vec<_> = matching.iter().filter(|service| service.queue.is_none()).map(|service| service.sender.clone()).collect();
        let mut queues: Vec<&String> = matching.iter().filter_map(|service| service.queue.as_ref()).collect();
        queues.sort_unstable();
        queues.dedup();
        for queue in queues {
            let members: Vec<_> = matching.iter().filter(|service| service.queue.as_ref() == Some(queue)).collect();
            let turn = self.turns.entry(queue.clone()).or_default();
            chosen.extend(members.get(*turn % members.len()).map(|service| service.sender.clone()));
            *turn += 1;
        }
        chosen
    }
}

/// Whether a subject falls under a pattern with `*` and `>`, as the server sees it.
fn matches(pattern: &str, subject: &str) -> bool {
    let mut subject = subject.split('.');
    for token in pattern.split('.') {
        match (token, subject.next()) {
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (token, Some(found)) if token == found => {}
            _ => return false,
        }
    }
    subject.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_on_the_server() {
        for (pattern, subject, expected) in [
            ("a.b", "a.b", true),
            ("a.b", "a.b.c", false),
            ("a.*", "a.b", true),
            ("a.*", "a", false),
            ("a.*.c", "a.b.c", true),
            ("a.>", "a.b.c", true),
            ("a.>", "a", false),
            (">", "a", true),
        ] {
            assert_eq!(matches(pattern, subject), expected, "{pattern} {subject}");
        }
    }
}
