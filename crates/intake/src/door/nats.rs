//! The NATS door: the same commands by request and reply, and what our own services observe.

use axum::http::{HeaderMap, HeaderValue, header};
use bus::{Headers, Question, Requests, requests::ServeError};
use domain::{
    Command, Envelope, alert,
    commit::Role,
    values::{CommandId, CommunityId, Slug},
};
use serde::Deserialize;
use tokio::sync::watch;
use web::{COMMAND_BYTES_MAX, Problem, shape};

use super::{
    Doors,
    single::{Caller, Told, record},
};
use crate::ask::Ask;

/// Where commands from outside come in (contracts.md).
const COMMANDS: &str = "gw.v1.*.*.command";
/// Where the alerting service says what it observes. Outsiders cannot reach it.
const OBSERVATIONS: &str = "svc.intake.observe";
/// Instances share the questions.
const QUEUE: &str = "intake";
/// Reply header with the HTTP status.
const STATUS: &str = "Gridward-Status";
/// Reply header with the sequence, where there is one: as over HTTP.
const SEQUENCE: &str = "Gridward-Sequence";
/// Reply header with the id of the command, where it could be read: a problem does not hold it.
const COMMAND: &str = "Gridward-Command";

/// An observation on its way from the alerting service.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Observation {
    community: CommunityId,
    id: CommandId,
    r#type: Option<String>,
    command: serde_json::Value,
}

impl Observation {
    /// What it says: how things are, whose turn it is, or who is to be nudged; nothing else comes in by this door.
    fn command(&self) -> Option<Command> {
        let kind = self.r#type.as_deref().unwrap_or("alert.observe");
        let command = Command::parse(kind, &self.command).ok()?;
        matches!(command, Command::Alert(alert::Command::Observe(_) | alert::Command::Entrust(_)) | Command::Nudge(_)).then_some(command)
    }
}

/// Serves both subjects until told to stop.
pub(crate) async fn serve(requests: &Requests, doors: Doors, stopped: watch::Receiver<bool>) -> Result<(), ServeError> {
    let commands = requests.serve(COMMANDS, Some(QUEUE)).await?;
    let observations = requests.serve(OBSERVATIONS, Some(QUEUE)).await?;
    tokio::spawn(answer_all(commands, doors.clone(), stopped.clone(), Kind::Command));
    tokio::spawn(answer_all(observations, doors, stopped, Kind::Observation));
    Ok(())
}

#[derive(Clone, Copy)]
enum Kind {
    Command,
    Observation,
}

async fn answer_all(mut questions: bus::Questions, doors: Doors, mut stopped: watch::Receiver<bool>, kind: Kind) {
    loop {
        let question = tokio::select! {
            question = questions.next() => question,
            _ = stopped.wait_for(|stopped| *stopped) => None,
        };
        let Some(question) = question else { return };
        let doors = doors.clone();
        tokio::spawn(async move {
            let told = match kind {
                Kind::Command => command(&doors, &question).await,
                Kind::Observation => observation(&doors, &question).await,
            };
            respond(question, told).await;
        });
    }
}

async fn command(doors: &Doors, question: &Question) -> Told {
    let authorized = || {
        if question.payload.len() > COMMAND_BYTES_MAX {
            return Err((None, shape::too_large(COMMAND_BYTES_MAX, "a command")));
        }
        let mut headers = HeaderMap::new();
        if let Some(value) = question.headers.get("Authorization").and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(header::AUTHORIZATION, value);
        }
        let principal = doors.gate.caller(&headers).map_err(|problem| (None, problem))?;
        let mut tokens = question.subject.split('.').skip(2);
        let (town, community) = (tokens.next().unwrap_or_default(), tokens.next().unwrap_or_default());
        let mut caller = Caller::admit(doors, principal, community).map_err(|problem| (None, problem))?;
        if caller.town(doors).is_some_and(|own| own.as_str() != town) {
            return Err((None, Problem::not_found()));
        }
        caller.ask(doors, &question.payload)
    };
    match authorized() {
        Ok(ask) => record(doors, ask).await,
        Err((id, problem)) => Told::problem(id, problem),
    }
}

async fn observation(doors: &Doors, question: &Question) -> Told {
    // after a restore the new epoch begins first: what was judged over the history that is left would have ids of the one that is lost
    if !doors.gate.is_open() {
        return Told::problem(None, Problem::unavailable("starting", 1));
    }
    let parsed: Result<Observation, _> = serde_json::from_slice(&question.payload);
    let parsed = parsed.ok().and_then(|observation| observation.command().map(|command| (observation, command)));
    let (Some((Observation { community, id, .. }, command)), Ok(actor)) = (parsed, "service".parse::<Slug>()) else {
        return Told::problem(None, Problem::bad_request("", "wrong_shape", "not an observation"));
    };
    let envelope = Envelope::of_service(id, command);
    let content = domain::commit::content_hash(&question.payload, &doors.secrets.contents);
    record(doors, Ask { community, envelope, content, actor, role: Role::Service, staff: None, bytes: question.payload.len() }).await
}

async fn respond(question: Question, told: Told) {
    let (id, sequence) = (told.id(), told.sequence());
    let (status, body) = match told.into_single() {
        Ok((status, told)) => (status, serde_json::to_vec(&told)),
        Err(problem) => (problem.status(), serde_json::to_vec(&problem)),
    };
    let mut headers = Headers::default().with(STATUS, status.as_u16().to_string());
    if let Some(id) = id {
        headers = headers.with(COMMAND, id.to_string());
    }
    if let Some(sequence) = sequence {
        headers = headers.with(SEQUENCE, sequence.to_string());
    }
    if let Err(error) = question.respond(headers, body.unwrap_or_default().into()).await {
        tracing::debug!(%error, "an answer was not wanted any more");
    }
}
