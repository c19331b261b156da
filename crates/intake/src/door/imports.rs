//! `POST /communities/{community}/imports`: a file of rows, each a command.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    body::Body,
    extract::{Path, RawQuery, Request, State},
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use domain::access::Right;
use tokio::time::{Instant, timeout};
use web::{IMPORT_BYTES_MAX, Params, Problem, SEQUENCE, shape};

use super::{
    Doors,
    single::{Caller, busy, id_reused, refused, unknown, unreadable},
};
use crate::{
    ask::{Ask, Outcome},
    import::{Draft, Drafts, Fate, Kind, Report, drafts},
};

/// Files that are worked on at once: each is in memory as a whole. More are refused with 429.
pub(super) const AT_ONCE_MAX: usize = 2;
/// Most rows handed to the writer at once.
const ROWS_AT_ONCE_MAX: usize = 500;
/// Longest wait for a file to arrive.
const BODY_WAIT: Duration = Duration::from_secs(60);
/// Longest wait for a rehearsal: a whole file is decided at one go, behind what waits already.
const REHEARSAL_WAIT: Duration = Duration::from_secs(30);

pub(super) async fn receive(State(doors): State<Doors>, Path(community): Path<String>, query: RawQuery, request: Request) -> Result<Response, Problem> {
    let principal = doors.gate.caller_for_change(request.headers())?;
    doors.gate.admit(&principal, &community, Right::See)?;
    let (kind, dry_run) = parameters(&query)?;
    let scope = doors.gate.admit(&principal, &community, Right::Send(kind.command()))?;
    let caller = Caller::admit(&doors, principal, &community)?;
    let _room = Arc::clone(&doors.imports).try_acquire_owned().map_err(|_| busy())?;
    let bytes = whole_body(request.into_body()).await?;
    let (community, secrets) = (scope.community().clone(), Arc::clone(&doors.secrets));
    // a large file takes a while: off the threads that serve others
    let read = tokio::task::spawn_blocking(move || drafts(&bytes, kind, &community, &secrets)).await;
    let drafts = read.map_err(|_| unknown())?.map_err(|error| Problem::bad_request("", error.code(), error.to_string()))?;
    let mut import = Import { doors: &doors, caller, drafts: &drafts, report: Report::default(), sequence: 0 };
    if dry_run {
        import.rehearse().await?
    } else {
        import.record().await?
    }
    let sequence = import.sequence;
    let mut response = Json(import.report.in_order()).into_response();
    if !dry_run {
        response.headers_mut().insert(SEQUENCE, HeaderValue::from(sequence));
    }
    Ok(response)
}

fn parameters(query: &RawQuery) -> Result<(Kind, bool), Problem> {
    let params = Params::parse(query, &["kind", "dry_run"])?;
    let dry_run = params.value("dry_run", "true or false")?.unwrap_or_default();
    let words = || Kind::ALL.map(Kind::word).join(", ");
    let kind = params.text("kind").and_then(Kind::from_word).ok_or_else(|| Problem::bad_request("?kind", "unknown_kind", format!("one of {}", words())))?;
    Ok((kind, dry_run))
}

async fn whole_body(body: Body) -> Result<axum::body::Bytes, Problem> {
    let late = |_| Problem::new(StatusCode::REQUEST_TIMEOUT, "outcome_unknown").with_detail("the file did not arrive in time; nothing of it was used");
    timeout(BODY_WAIT, shape::whole(body, IMPORT_BYTES_MAX, "an import")).await.map_err(late)?
}

/// A file on its way.
struct Import<'a> {
    doors: &'a Doors,
    caller: Caller,
    drafts: &'a Drafts,
    report: Report,
    sequence: u64,
}

impl<'a> Import<'a> {
    /// Records group by group, in the order of the rows. Whoever goes away in the middle sends the same file again: what was
    /// recorded counts as duplicate.
    async fn record(&mut self) -> Result<(), Problem> {
        let drafts = self.drafts;
        let again = |problem: Problem| problem.with_detail("rows may be recorded already: send the same file again, and they count as duplicate");
        for group in drafts.list.chunks(self.doors.submitter.at_once_max(ROWS_AT_ONCE_MAX)) {
            let (asked, asks) = self.parse(group);
            let handed_over = self.doors.submitter.submit_patiently(asks, self.doors.outcome_wait).await;
            let deadline = Instant::now() + self.doors.outcome_wait;
            let outcomes = handed_over.map_err(|_| again(busy()))?.until(deadline).await;
            for (draft, outcome) in asked.into_iter().zip(outcomes) {
                self.add(draft, outcome.ok_or_else(|| again(unknown()))?);
            }
        }
        Ok(())
    }

    /// Decides the whole file at one go, so that a row can build on any row before it, and forgets what it would have done.
    async fn rehearse(&mut self) -> Result<(), Problem> {
        let drafts = self.drafts;
        let (mut asked, mut asks) = (Vec::new(), Vec::new());
        for group in drafts.list.chunks(ROWS_AT_ONCE_MAX) {
            let (more_asked, more_asks) = self.parse(group);
            asked.extend(more_asked);
            asks.extend(more_asks);
            tokio::task::yield_now().await;
        }
        let away = || Problem::unavailable("log_away", 1);
        let rehearsed = timeout(REHEARSAL_WAIT, self.doors.submitter.rehearse(asks)).await.map_err(|_| away())?;
        let outcomes = rehearsed.map_err(|_| busy())?.ok_or_else(away)?;
        for (draft, outcome) in asked.into_iter().zip(outcomes) {
            self.add(draft, outcome);
        }
        Ok(())
    }

    /// Parses what can be parsed; the rest goes into the report.
    fn parse(&mut self, group: &'a [Draft]) -> (Vec<&'a Draft>, Vec<Ask>) {
        let (mut asked, mut asks) = (Vec::with_capacity(group.len()), Vec::with_capacity(group.len()));
        for draft in group {
            match &draft.command {
                Err(errors) => self.report.add(draft.lines.len(), Fate::Rejected(errors.clone())),
                Ok(json) => match self.caller.ask(self.doors, json) {
                    Err((_, problem)) => self.reject(draft, &problem),
                    Ok(ask) => {
                        asked.push(draft);
                        asks.push(ask);
                    }
                },
            }
        }
        (asked, asks)
    }

    fn reject(&mut self, draft: &Draft, problem: &Problem) {
        self.report.add(draft.lines.len(), Fate::Rejected(self.drafts.refusal(draft, problem)));
    }

    fn add(&mut self, draft: &Draft, outcome: Outcome) {
        let (fate, sequence) = match outcome {
            Outcome::Recorded { sequence, .. } => (Fate::Accepted, sequence),
            Outcome::Duplicate { sequence } | Outcome::Unchanged { sequence } => (Fate::Duplicate, sequence),
            Outcome::IdReused => return self.reject(draft, &id_reused()),
            Outcome::Rejected(rejection) => return self.reject(draft, &rejection.into()),
            Outcome::Refused(code) => return self.reject(draft, &refused(code)),
            Outcome::Unreadable { .. } => return self.reject(draft, &unreadable()),
        };
        self.report.add(draft.lines.len(), fate);
        self.sequence = self.sequence.max(sequence);
    }
}
