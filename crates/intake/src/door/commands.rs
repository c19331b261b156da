//! `POST /communities/{community}/commands`: one object, or a line per command.

use axum::{
    Json,
    body::{Body, Bytes},
    extract::{Path, RawQuery, Request, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::{Stream, StreamExt, stream};
use tokio::{sync::mpsc, time::Instant};
use web::{COMMAND_BYTES_MAX, Problem, no_parameters, shape};

use super::{
    Doors,
    single::{Caller, Told, busy, outcome, record},
};

/// Most lines handed to the writer at once.
const LINES_AT_ONCE_MAX: usize = 500;
/// Groups of lines whose answers are awaited at once: the next travels while the last is committed.
const GROUPS_AHEAD: usize = 2;

/// Name of the reply header that says at which sequence an answer holds.
pub(crate) const SEQUENCE: &str = "gridward-sequence";

pub(super) async fn receive(State(doors): State<Doors>, Path(community): Path<String>, query: RawQuery, request: Request) -> Result<Response, Problem> {
    let principal = doors.gate.caller_for_change(request.headers())?;
    let mut caller = Caller::admit(&doors, principal, &community)?;
    no_parameters(&query)?;
    let lines = content_type(request.headers()).is_some_and(|kind| kind == "application/x-ndjson");
    let body = request.into_body();
    if lines { Ok(receive_lines(doors, caller, body)) } else { receive_one(&doors, &mut caller, body).await }
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()?.split(';').next().map(str::trim)
}

async fn receive_one(doors: &Doors, caller: &mut Caller, body: Body) -> Result<Response, Problem> {
    let bytes = shape::whole(body, COMMAND_BYTES_MAX, "a command").await?;
    let ask = caller.ask(doors, &bytes).map_err(|(_, problem)| problem)?;
    let (status, told) = record(doors, ask).await.into_single()?;
    let sequence = told.sequence().unwrap_or_default();
    let mut response = (status, Json(told)).into_response();
    response.headers_mut().insert(SEQUENCE, HeaderValue::from(sequence));
    Ok(response)
}

/// Every line is judged alone and answered in order. Memory holds a few groups of lines, however long the body is.
fn receive_lines(doors: Doors, mut caller: Caller, body: Body) -> Response {
    let (answers, answered) = mpsc::channel::<Vec<Pending>>(GROUPS_AHEAD);
    tokio::spawn(async move {
        let mut groups = std::pin::pin!(groups(body.into_data_stream(), doors.submitter.at_once_max(LINES_AT_ONCE_MAX)));
        while let Some(group) = groups.next().await {
            let pending = hand_over(&doors, &mut caller, group).await;
            if answers.send(pending).await.is_err() {
                // nobody reads the answers any more; what was handed over will be recorded all the same
                return;
            }
        }
    });
    let told = stream::unfold(answered, |mut answered| async move {
        let group = answered.recv().await?;
        let mut text = Vec::new();
        for pending in group {
            let told = match pending {
                Pending::Told(told) => told,
                Pending::Waits(id, receiver, deadline) => outcome(id, receiver, deadline).await,
            };
            // a `Told` always serializes
            text.extend(serde_json::to_vec(&told).unwrap_or_default());
            text.push(b'\n');
        }
        Some((Ok::<_, std::io::Error>(Bytes::from(text)), answered))
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(told)).into_response()
}

enum Pending {
    Told(Told),
    Waits(domain::values::CommandId, tokio::sync::oneshot::Receiver<crate::ask::Outcome>, Instant),
}

/// Parses a group of lines and hands over what parses, in order. Waits for room rather than refusing a line in the middle.
async fn hand_over(doors: &Doors, caller: &mut Caller, lines: Vec<Line>) -> Vec<Pending> {
    let mut pending = Vec::with_capacity(lines.len());
    let mut asks = Vec::with_capacity(lines.len());
    let mut places = Vec::with_capacity(lines.len());
    for line in lines {
        let ask = match line {
            Line::Whole(bytes) => caller.ask(doors, &bytes),
            Line::TooLong => Err((None, shape::too_large(COMMAND_BYTES_MAX, "a command"))),
            Line::Broken => Err((None, Problem::bad_request("", "malformed_json", "the body ended in the middle of a line"))),
        };
        match ask {
            Ok(ask) => {
                places.push((pending.len(), ask.envelope.id));
                // replaced below, once it is handed over
                pending.push(Pending::Told(Told::problem(Some(ask.envelope.id), busy())));
                asks.push(ask);
            }
            Err((id, problem)) => pending.push(Pending::Told(Told::problem(id, problem))),
        }
    }
    if let Ok(receivers) = doors.submitter.submit_patiently(asks, doors.outcome_wait).await {
        // one deadline for the group: with a log that is away, its last line waits no longer than its first
        let deadline = Instant::now() + doors.outcome_wait;
        for ((place, id), receiver) in places.into_iter().zip(receivers) {
            pending[place] = Pending::Waits(id, receiver, deadline);
        }
    }
    pending
}

enum Line {
    Whole(Vec<u8>),
    TooLong,
    Broken,
}

/// Cuts a body into groups of at most so many lines as it comes in. Empty lines are passed over.
fn groups(body: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin, lines_max: usize) -> impl Stream<Item = Vec<Line>> {
    let cutter = Cutter { body, lines_max, rest: Vec::new(), too_long: false, ready: Vec::new(), ended: false };
    stream::unfold(cutter, |mut cutter| async move { cutter.group().await.map(|group| (group, cutter)) })
}

struct Cutter<S> {
    body: S,
    lines_max: usize,
    rest: Vec<u8>,
    too_long: bool,
    ready: Vec<Line>,
    ended: bool,
}

impl<S: Stream<Item = Result<Bytes, axum::Error>> + Unpin> Cutter<S> {
    async fn group(&mut self) -> Option<Vec<Line>> {
        while self.ready.is_empty() && !self.ended {
            match self.body.next().await {
                Some(Ok(chunk)) => self.cut(&chunk),
                Some(Err(_)) => {
                    self.ended = true;
                    self.ready.push(Line::Broken);
                }
                None => {
                    self.ended = true;
                    self.end_line();
                }
            }
        }
        let count = self.ready.len().min(self.lines_max);
        let group: Vec<Line> = self.ready.drain(..count).collect();
        (!group.is_empty()).then_some(group)
    }

    fn cut(&mut self, chunk: &[u8]) {
        for part in chunk.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = part.strip_suffix(b"\n").map_or((part, false), |text| (text, true));
            if self.rest.len() + text.len() > COMMAND_BYTES_MAX {
                self.too_long = true;
                self.rest.clear();
            }
            if !self.too_long {
                self.rest.extend_from_slice(text);
            }
            if ends {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.rest);
        if std::mem::take(&mut self.too_long) {
            self.ready.push(Line::TooLong);
        } else if !line.iter().all(u8::is_ascii_whitespace) {
            self.ready.push(Line::Whole(line));
        }
    }
}
