//! Export of a community's log, a line per commit, read from the log itself.

use std::collections::VecDeque;

use axum::{
    body::{Body, Bytes},
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bus::{ReadError, Stored};
use domain::{
    Commit, Event,
    access::{Right, Scope},
    values::{CommandId, Slug, Timestamp},
};
use futures_util::{Stream, stream};
use readmodel::views::MEASURED;
use serde::Serialize;
use serde_json::Value;
use web::{Problem, SEQUENCE};

use super::{Query, RETRY_AFTER_S, registers::payload};
use crate::sight::as_seen;

/// Commits read from the log at once.
const COMMITS_PER_READ: u64 = 256;

/// One commit, as contracts.md has it.
#[derive(Serialize)]
struct Line {
    sequence: u64,
    community: String,
    command: CommandId,
    at: Timestamp,
    recorded_at: Timestamp,
    actor: Slug,
    events: Vec<LineEvent>,
    /// What is left out of all lines for this caller, whether there is any in this one or not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    without: Vec<&'static str>,
}

#[derive(Serialize)]
struct LineEvent {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    subject: String,
    data: Value,
}

/// A commit that cannot be read is said, not skipped.
#[derive(Serialize)]
struct Unreadable {
    sequence: u64,
    error: String,
    /// Nobody can tell whose it was: the log is not read beyond, and this line is the last.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    gap: bool,
}

struct Export {
    query: Query,
    scope: Scope,
    next: u64,
    last: u64,
    lines: VecDeque<Bytes>,
    /// A message is missing, or damaged so that nothing of it can be read.
    gap: bool,
}

/// `GET …/events?from=`: every commit of the community up to now, from a sequence on. The log is read and not the rows: what was
/// acknowledged is in it, however far the rows have come.
pub(super) async fn events(State(query): State<Query>, Path(community): Path<String>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let asked = query.ask(&headers, &community, Right::Export, &raw, &["from"]).await?;
    let from = asked.params.value::<u64>("from", "a sequence")?.unwrap_or(1).max(1);
    let scope = asked.scope.clone();
    let folded = query.read(move |reader| reader.sequence(&scope)).await?;
    let last = query.log.head().await.map_err(|_| Problem::unavailable("log_away", RETRY_AFTER_S))?.last_sequence;
    let export = Export { query, scope: asked.scope, next: from, last, lines: VecDeque::new(), gap: false };
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson")), (SEQUENCE, HeaderValue::from(folded))];
    Ok((headers, Body::from_stream(export.into_stream())).into_response())
}

impl Export {
    fn into_stream(self) -> impl Stream<Item = Result<Bytes, ReadError>> {
        stream::unfold(Some(self), |export| async move {
            let mut export = export?;
            match export.next().await {
                Ok(Some(line)) => Some((Ok(line), Some(export))),
                Ok(None) => None,
                // the connection is cut: an export that ends early must not look whole
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, ReadError> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Ok(Some(line));
            }
            if self.gap || self.next > self.last {
                return Ok(None);
            }
            let until = self.last.min(self.next + COMMITS_PER_READ - 1);
            let sequences: Vec<u64> = (self.next..=until).collect();
            match self.query.log.read_many(&sequences).await {
                Ok(found) if found.len() == sequences.len() => {
                    for stored in &found {
                        self.line(stored).await?;
                    }
                    self.next = until + 1;
                }
                // one of them is missing or damaged, or the log is away
                Ok(_) | Err(ReadError::Unavailable(_)) => self.until_gap(until).await?,
                Err(missing) => return Err(missing),
            }
        }
    }

    /// Reads one by one, up to what is not there or cannot be read.
    async fn until_gap(&mut self, until: u64) -> Result<(), ReadError> {
        while self.next <= until {
            let Some(stored) = self.query.log.read(self.next).await? else {
                self.gap = true;
                let error = format!("message {} of the log is damaged or missing: nothing after it is read", self.next);
                return self.push(&Unreadable { sequence: self.next, error, gap: true });
            };
            self.line(&stored).await?;
            self.next += 1;
        }
        Ok(())
    }

    fn push(&mut self, line: &impl Serialize) -> Result<(), ReadError> {
        let mut line = serde_json::to_vec(line).map_err(|error| ReadError::Unavailable(error.to_string()))?;
        line.push(b'\n');
        self.lines.push_back(line.into());
        Ok(())
    }

    async fn line(&mut self, stored: &Stored) -> Result<(), ReadError> {
        // the subject tells the community, so that what is damaged is told to whom it belongs
        let ours = stored.subject.split('.').nth(2) == Some(self.scope.community().as_str());
        match Commit::decode(&stored.payload) {
            Ok(commit) if commit.header.community == *self.scope.community() => {
                let line = self.commit_line(stored, commit).await?;
                self.push(&line)
            }
            Err(error) if ours => self.push(&Unreadable { sequence: stored.sequence, error: error.to_string(), gap: false }),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn commit_line(&self, stored: &Stored, commit: Commit) -> Result<Line, ReadError> {
        let Commit { header, events } = commit;
        let seen = (0..).zip(events).filter_map(|(index, event)| Some((index, as_seen(&self.scope, &header, event)?)));
        let (places, mut events): (Vec<u16>, Vec<Event>) = seen.unzip();
        let opened = self.query.opener.open_events(&self.scope, ("export", ""), &mut events).await;
        opened.map_err(|error| ReadError::Unavailable(error.to_string()))?;
        let line_event = |(index, event): (u16, &Event)| LineEvent {
            id: header.event_id(index).to_string(),
            kind: event.name(),
            subject: stored.subject.clone(),
            data: payload(event),
        };
        Ok(Line {
            sequence: stored.sequence,
            community: header.community.to_string(),
            command: header.command,
            at: header.at,
            recorded_at: header.recorded_at,
            actor: header.actor.clone(),
            events: places.into_iter().zip(&events).map(line_event).collect(),
            without: left_out(&self.scope),
        })
    }
}

/// What somebody is not told, in words.
fn left_out(scope: &Scope) -> Vec<&'static str> {
    let words = [(Right::SeeFindings, "findings"), (Right::SeeMeasured, MEASURED)];
    words.into_iter().filter(|(right, _)| !scope.may(*right)).map(|(_, word)| word).collect()
}
