//! `POST /communities/{community}/commands`: one object, or a line per command.

use axum::{
    Json,
    body::Body,
    extract::{Path, RawQuery, Request, State},
    http::HeaderValue,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use tokio::{sync::mpsc, time::Instant};
use web::{
    COMMAND_BYTES_MAX, Problem, SEQUENCE,
    lines::{self, Line},
    no_parameters, shape,
};

use super::{
    Doors,
    single::{Caller, Told, busy, outcome, record},
};

/// Most lines handed to the writer at once.
const LINES_AT_ONCE_MAX: usize = 500;
/// Groups of lines whose answers are awaited at once: the next travels while the last is committed.
const GROUPS_AHEAD: usize = 2;

pub(super) async fn receive(State(doors): State<Doors>, Path(community): Path<String>, query: RawQuery, request: Request) -> Result<Response, Problem> {
    let principal = doors.gate.caller_for_change(request.headers())?;
    let mut caller = Caller::admit(&doors, principal, &community)?;
    no_parameters(&query)?;
    let lines = lines::are_sent(request.headers());
    let body = request.into_body();
    if lines { Ok(receive_lines(doors, caller, body).await) } else { receive_one(&doors, &mut caller, body).await }
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
async fn receive_lines(doors: Doors, mut caller: Caller, body: Body) -> Response {
    let as_a_whole = lines::answered_as_a_whole(&body);
    let (answers, answered) = mpsc::channel::<Vec<Pending>>(GROUPS_AHEAD);
    tokio::spawn(async move {
        let mut groups = std::pin::pin!(lines::groups(body, doors.submitter.at_once_max(LINES_AT_ONCE_MAX)));
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
        let mut part = lines::Told { lines: Vec::new(), sequence: None };
        for pending in group {
            let told = match pending {
                Pending::Told(told) => told,
                Pending::Waits(id, receiver, deadline) => outcome(id, receiver, deadline).await,
            };
            part.sequence = part.sequence.max(told.sequence());
            // a `Told` always serializes
            part.lines.extend(serde_json::to_vec(&told).unwrap_or_default());
            part.lines.push(b'\n');
        }
        Some((part, answered))
    });
    lines::answer(told, as_a_whole).await
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
