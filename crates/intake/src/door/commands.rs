//! `POST /communities/{community}/commands`: one object, or a line per command.

use axum::{
    Json,
    body::Body,
    extract::{Path, RawQuery, Request, State},
    http::HeaderValue,
    response::{IntoResponse, Response},
};
use domain::values::CommandId;
use futures_util::{StreamExt, stream};
use tokio::{sync::mpsc, time::Instant};
use web::{
    COMMAND_BYTES_MAX, Problem, SEQUENCE,
    lines::{self, Line},
    no_parameters, shape,
};

use super::{
    Doors,
    single::{Caller, Told, busy, record, told},
};
use crate::ask::Outcomes;

/// Most lines handed to the writer at once.
const LINES_AT_ONCE_MAX: usize = 500;
/// Groups of lines whose answers are awaited at once: the next travels while the last is committed.
const GROUPS_AHEAD: usize = 2;
/// Bytes of a usual answer to a line.
const LINE_BYTES: usize = 96;

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
    let (answers, answered) = mpsc::channel::<Pending>(GROUPS_AHEAD);
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
    let told = stream::unfold(answered, |mut answered| async move { Some((answered.recv().await?.told().await, answered)) });
    lines::answer(told, as_a_whole).await
}

/// A group of lines on its way.
struct Pending {
    /// What is told of each line already, or the command whose outcome is awaited.
    lines: Vec<Result<Told, CommandId>>,
    /// Those of the commands, in the same order; nothing when there was no room for them.
    outcomes: Option<Outcomes>,
    /// One for the group: with a log that is away, its last line waits no longer than its first.
    deadline: Instant,
}

impl Pending {
    /// The answers, once they are known or it takes too long.
    async fn told(self) -> lines::Told {
        let Self { lines, outcomes, deadline } = self;
        let busy_now = outcomes.is_none();
        let outcomes = match outcomes {
            Some(outcomes) => outcomes.until(deadline).await,
            None => Vec::new(),
        };
        let mut outcomes = outcomes.into_iter();
        let mut part = lines::Told { lines: Vec::with_capacity(lines.len() * LINE_BYTES), sequence: None };
        for line in lines {
            let told = line.unwrap_or_else(|id| if busy_now { Told::problem(Some(id), busy()) } else { told(id, outcomes.next().flatten()) });
            part.sequence = part.sequence.max(told.sequence());
            // a `Told` always serializes
            let _always = serde_json::to_writer(&mut part.lines, &told);
            part.lines.push(b'\n');
        }
        part
    }
}

/// Parses a group of lines and hands over what parses, in order. Waits for room rather than refusing a line in the middle.
async fn hand_over(doors: &Doors, caller: &mut Caller, lines: Vec<Line>) -> Pending {
    let mut asks = Vec::with_capacity(lines.len());
    let mut parsed = |line| {
        let ask = match line {
            Line::Whole(bytes) => caller.ask(doors, &bytes),
            Line::TooLong => Err((None, shape::too_large(COMMAND_BYTES_MAX, "a command"))),
            Line::Broken => Err((None, Problem::bad_request("", "malformed_json", "the body ended in the middle of a line"))),
        };
        let ask = ask.map_err(|(id, problem)| Told::problem(id, problem));
        match ask {
            Ok(ask) => {
                let id = ask.envelope.id;
                asks.push(ask);
                Err(id)
            }
            Err(told) => Ok(told),
        }
    };
    let lines = lines.into_iter().map(&mut parsed).collect();
    let outcomes = doors.submitter.submit_patiently(asks, doors.outcome_wait).await.ok();
    Pending { lines, outcomes, deadline: Instant::now() + doors.outcome_wait }
}
