//! Bodies of a line per command (NDJSON), and answers of a line per command.

use std::io;

use axum::{
    body::{Body, Bytes, HttpBody as _},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};

use crate::{COMMAND_BYTES_MAX, SEQUENCE};

/// Media type of lines.
pub const NDJSON: &str = "application/x-ndjson";
/// Largest body, told beforehand, whose answer is given as a whole, so that its header can tell the sequence: a day of one phone.
/// The answer of a longer one, or of one whose length nobody told, begins before its last line has come: there only the lines tell.
pub const WHOLE_BYTES_MAX: u64 = 256 * 1024;

/// Whether a request sends lines.
pub fn are_sent(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.and_then(|kind| kind.split(';').next()).is_some_and(|kind| kind.trim() == NDJSON)
}

/// Whether the answer to a body is given as a whole.
pub fn answered_as_a_whole(body: &Body) -> bool {
    body.size_hint().exact().is_some_and(|bytes| bytes <= WHOLE_BYTES_MAX)
}

/// Size at which a group of lines is full, in bytes: what is behind it stays with whoever sends it.
const GROUP_BYTES: usize = 1024 * 1024;

/// A part of an answer: whole lines, and the greatest sequence in them.
#[derive(Debug)]
pub struct Told {
    /// The lines, each with its end.
    pub lines: Vec<u8>,
    /// The greatest sequence that one of them tells.
    pub sequence: Option<u64>,
}

/// The answer made of these parts.
pub async fn answer(parts: impl Stream<Item = Told> + Send + 'static, as_a_whole: bool) -> Response {
    let kind = [(header::CONTENT_TYPE, NDJSON)];
    if !as_a_whole {
        return (kind, Body::from_stream(parts.map(|told| Ok::<_, io::Error>(Bytes::from(told.lines))))).into_response();
    }
    let mut parts = std::pin::pin!(parts);
    let mut whole = Told { lines: Vec::new(), sequence: None };
    while let Some(told) = parts.next().await {
        whole.lines.extend(told.lines);
        whole.sequence = whole.sequence.max(told.sequence);
    }
    let mut response = (kind, whole.lines).into_response();
    if let Some(sequence) = whole.sequence {
        response.headers_mut().insert(SEQUENCE, HeaderValue::from(sequence));
    }
    response
}

/// A line of a body.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// As it was sent: a part of what came in, where it came in at once.
    Whole(Bytes),
    /// More than [`COMMAND_BYTES_MAX`]; it is not kept.
    TooLong,
    /// The body ended in the middle.
    Broken,
}

impl Line {
    fn bytes(&self) -> usize {
        match self {
            Self::Whole(line) => line.len(),
            Self::TooLong | Self::Broken => 0,
        }
    }
}

/// Cuts a body into groups of at most so many lines, and about a MiB, as it comes in. Empty lines are passed over.
pub fn groups(body: Body, lines_max: usize) -> impl Stream<Item = Vec<Line>> {
    let cutter = Cutter { body: body.into_data_stream(), lines_max, rest: Vec::new(), too_long: false, ready: Vec::new(), ready_bytes: 0, ended: false };
    stream::unfold(cutter, |mut cutter| async move { cutter.group().await.map(|group| (group, cutter)) })
}

struct Cutter<S> {
    body: S,
    lines_max: usize,
    rest: Vec<u8>,
    too_long: bool,
    ready: Vec<Line>,
    ready_bytes: usize,
    ended: bool,
}

impl<S: Stream<Item = Result<Bytes, axum::Error>> + Unpin> Cutter<S> {
    async fn group(&mut self) -> Option<Vec<Line>> {
        while self.ready.len() < self.lines_max && self.ready_bytes < GROUP_BYTES && !self.ended {
            let chunk = match self.body.next().now_or_never() {
                Some(chunk) => chunk,
                // what has come is not kept waiting for what has not
                None if !self.ready.is_empty() => break,
                None => self.body.next().await,
            };
            match chunk {
                Some(Ok(chunk)) => self.cut(chunk),
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
        self.ready_bytes = self.ready.iter().map(Line::bytes).sum();
        (!group.is_empty()).then_some(group)
    }

    fn cut(&mut self, mut chunk: Bytes) {
        while let Some(end) = chunk.iter().position(|byte| *byte == b'\n') {
            let part = chunk.split_to(end + 1).slice(..end);
            if self.rest.is_empty() && !self.too_long && part.len() <= COMMAND_BYTES_MAX {
                self.keep(part);
            } else {
                self.keep_rest(&part);
                self.end_line();
            }
        }
        self.keep_rest(&chunk);
    }

    /// Keeps the beginning of a line until its end has come.
    fn keep_rest(&mut self, part: &[u8]) {
        if self.rest.len() + part.len() > COMMAND_BYTES_MAX {
            self.too_long = true;
            self.rest.clear();
        }
        if !self.too_long {
            self.rest.extend_from_slice(part);
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.rest);
        if std::mem::take(&mut self.too_long) {
            self.ready.push(Line::TooLong);
        } else {
            self.keep(line.into());
        }
    }

    fn keep(&mut self, line: Bytes) {
        if !line.iter().all(u8::is_ascii_whitespace) {
            self.ready_bytes += line.len();
            self.ready.push(Line::Whole(line));
        }
    }
}
