//! Commands to an intake in another process, over NATS: what is sent to a projection that runs alone, or clicked on its pages.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, RawQuery, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use bus::{Answer, AskError, Headers, Requests};
use domain::{
    access::{Right, Scope},
    values::CommandId,
};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use web::{
    COMMAND_BYTES_MAX, Gate, Problem, SEQUENCE,
    lines::{self, Line},
    no_parameters, shape,
};

/// Longest wait: a little more than intake's own.
const ANSWER_WAIT: Duration = Duration::from_secs(6);
/// Most lines of a body in memory at once; they are asked one after the other.
const LINES_AT_ONCE_MAX: usize = 500;

#[derive(Clone)]
struct Forward {
    gate: Gate,
    requests: Requests,
}

/// The route of commands.
pub(crate) fn router(gate: Gate, requests: Requests) -> Router {
    Router::new().route("/api/v1/communities/{community}/commands", post(send)).with_state(Forward { gate, requests })
}

async fn send(State(forward): State<Forward>, Path(community): Path<String>, query: RawQuery, request: Request) -> Result<Response, Problem> {
    let scope = forward.gate.enter_for_change(request.headers(), &community, Right::See)?;
    no_parameters(&query)?;
    let way = Way::new(forward.requests, &scope, request.headers());
    let lines = lines::are_sent(request.headers());
    let body = request.into_body();
    if lines {
        return Ok(send_lines(way, body).await);
    }
    let answer = way.ask(shape::whole(body, COMMAND_BYTES_MAX, "a command").await?).await?;
    let status = status_of(&answer);
    let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
    let sequence = answer.headers.get(SEQUENCE.as_str()).and_then(|sequence| HeaderValue::from_str(sequence).ok());
    let mut response = (status, [(header::CONTENT_TYPE, kind)], Body::from(answer.payload)).into_response();
    if let Some(sequence) = sequence {
        response.headers_mut().insert(SEQUENCE, sequence);
    }
    Ok(response)
}

/// The way to intake for one caller.
struct Way {
    requests: Requests,
    subject: String,
    authorization: String,
}

impl Way {
    fn new(requests: Requests, scope: &Scope, headers: &HeaderMap) -> Self {
        let subject = format!("gw.v1.{}.{}.command", scope.town(), scope.community());
        // intake knows no cookies: whether a cookie is believed was judged here
        Self { requests, subject, authorization: format!("Bearer {}", web::token(headers).unwrap_or_default()) }
    }

    async fn ask(&self, command: Bytes) -> Result<Answer, Problem> {
        let headers = Headers::default().with("Authorization", &self.authorization);
        let asked = self.requests.ask(&self.subject, headers, command, ANSWER_WAIT).await;
        asked.map_err(|error| match error {
            AskError::NobodyListens => Problem::unavailable("starting", 1),
            _ => Problem::unavailable("outcome_unknown", 1),
        })
    }

    /// One line, as intake would answer it in a body of lines; and whether those behind it may be sent.
    async fn line(&self, line: Line) -> (Value, bool) {
        let bytes = match line {
            Line::Whole(bytes) => bytes,
            Line::TooLong => return (rejected(Value::Null, &shape::too_large(COMMAND_BYTES_MAX, "a command")), true),
            Line::Broken => return (rejected(Value::Null, &Problem::bad_request("", "malformed_json", "the body ended in the middle of a line")), true),
        };
        let id = id_of(&bytes);
        match self.ask(bytes).await {
            Ok(answer) => {
                let status = status_of(&answer);
                // an answer of intake is JSON
                let body: Value = serde_json::from_slice(&answer.payload).unwrap_or_default();
                let told = if status.is_success() { body } else { rejected(answer.headers.get("Gridward-Command").into(), &body) };
                (told, status != StatusCode::SERVICE_UNAVAILABLE)
            }
            Err(problem) => (rejected(id, &problem), false),
        }
    }
}

fn status_of(answer: &Answer) -> StatusCode {
    answer.headers.get("Gridward-Status").and_then(|text| text.parse().ok()).unwrap_or(StatusCode::BAD_GATEWAY)
}

/// The id of a command that nobody has read yet, if it is one.
fn id_of(line: &[u8]) -> Value {
    let id = serde_json::from_slice::<Value>(line).ok().and_then(|command| command["id"].as_str()?.parse::<CommandId>().ok());
    id.map_or(Value::Null, |id| id.to_string().into())
}

fn rejected(id: Value, problem: &impl serde::Serialize) -> Value {
    json!({ "id": id, "status": "rejected", "problem": problem })
}

/// Line after line, because each is decided over what the lines before it did. When nobody knows what became of one, those behind it are
/// not sent: all of them may be sent again.
async fn send_lines(way: Way, body: Body) -> Response {
    let as_a_whole = lines::answered_as_a_whole(&body);
    let groups = Box::pin(lines::groups(body, LINES_AT_ONCE_MAX));
    let told = stream::unfold((way, groups, true), |(way, mut groups, mut goes_on)| async move {
        let group = groups.next().await?;
        let mut part = lines::Told { lines: Vec::new(), sequence: None };
        for line in group {
            let told = if goes_on {
                let (told, next_goes_on) = way.line(line).await;
                goes_on = next_goes_on;
                told
            } else {
                let id = if let Line::Whole(bytes) = &line { id_of(bytes) } else { Value::Null };
                rejected(id, &Problem::unavailable("starting", 1))
            };
            part.sequence = part.sequence.max(told["sequence"].as_u64());
            part.lines.extend(told.to_string().into_bytes());
            part.lines.push(b'\n');
        }
        Some((part, (way, groups, goes_on)))
    });
    lines::answer(told, as_a_whole).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bus::{EventLog, KeyStore, MemoryLog};
    use domain::{
        Role,
        values::{DeploymentKey, Timestamp},
    };
    use intake::Intake;
    use tower::ServiceExt as _;
    use uuid::Uuid;

    use super::*;

    const COMMANDS: &str = "/api/v1/communities/u07/commands";

    /// An intake, and a door that knows it over messages only.
    struct Place {
        intake: Intake,
        door: Router,
        _folder: tempfile::TempDir,
    }

    async fn place() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let requests = Requests::in_memory();
        let parts = intake::Parts {
            log: EventLog::in_memory(&MemoryLog::new("m")),
            keys: KeyStore::in_memory(),
            requests: requests.clone(),
            store: store::Store::open(folder.path(), store::Options::new(intake::TABLES)).unwrap(),
            secrets: DeploymentKey::new(&[7; 32]),
            now: Arc::new(|| Timestamp(1_580_976_000_000)),
            exercise: false,
            limits: intake::Limits::default(),
        };
        let intake = Intake::start(parts).await.unwrap();
        intake.ensure_token("admin", Role::Admin, "gw_operator").await.unwrap();
        let place = Place { door: router(intake.gate(), requests), intake, _folder: folder };
        let founded =
            place.post(&place.intake.router(), "application/json", command("community.found", json!({"town": "t", "community": "u07", "name": "七里"}))).await;
        assert_eq!(founded.0, StatusCode::CREATED, "{}", founded.2);
        place
    }

    impl Place {
        async fn post(&self, door: &Router, kind: &str, body: impl Into<Body>) -> (StatusCode, Option<String>, String) {
            let request = Request::post(COMMANDS).header("content-type", kind).header("authorization", "Bearer gw_operator");
            answer(door, request.body(body.into()).unwrap()).await
        }
    }

    async fn answer(door: &Router, request: Request) -> (StatusCode, Option<String>, String) {
        let (parts, body) = door.clone().oneshot(request).await.unwrap().into_parts();
        let sequence = parts.headers.get(SEQUENCE).map(|sequence| sequence.to_str().unwrap().to_owned());
        (parts.status, sequence, String::from_utf8(axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap())
    }

    fn command(kind: &str, data: Value) -> String {
        json!({"id": Uuid::now_v7(), "type": kind, "data": data}).to_string()
    }

    fn values(lines: &str) -> Vec<Value> {
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_forwarded_is_answered_as_intake_answers_it() {
        let place = place().await;
        let building = command("building.register", json!({"building": "b07", "name": "7号楼"}));
        let forwarded = place.post(&place.door, "application/json", building.clone()).await;
        assert_eq!((forwarded.0, forwarded.1.as_deref()), (StatusCode::CREATED, Some("3")), "{}", forwarded.2);
        assert_eq!(place.post(&place.intake.router(), "application/json", building.clone()).await.1.as_deref(), Some("3"));

        // the second stands on the first; the others are refused, each for its own reason
        let household = command("household.register", json!({"household": "h1", "building": "b08"}));
        let lines = [
            command("building.register", json!({"building": "b08", "name": "8号楼"})),
            household,
            command("household.register", json!({"household": "h2", "building": "b99"})),
            "{".to_owned(),
            "x".repeat(COMMAND_BYTES_MAX + 1),
            building,
        ];
        let body = lines.join("\n");
        let forwarded = place.post(&place.door, "application/x-ndjson", body.clone()).await;
        assert_eq!((forwarded.0, forwarded.1.as_deref()), (StatusCode::OK, Some("5")), "{}", forwarded.2);
        let told: Vec<Value> = values(&forwarded.2).iter().map(|line| line["status"].clone()).collect();
        assert_eq!(told, ["recorded", "recorded", "rejected", "rejected", "rejected", "duplicate"], "{}", forwarded.2);
        let direct = place.post(&place.intake.router(), "application/x-ndjson", body).await;
        assert_eq!(direct.1.as_deref(), Some("5"));
        let again = |line: &Value| if line["status"] == "recorded" { "duplicate".into() } else { line["status"].clone() };
        for (forwarded, direct) in values(&forwarded.2).iter().zip(values(&direct.2)) {
            assert_eq!((&forwarded["id"], &forwarded["problem"]), (&direct["id"], &direct["problem"]));
            assert_eq!((again(forwarded), &forwarded["sequence"]), (direct["status"].clone(), &direct["sequence"]));
        }
        place.intake.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_click_on_a_page_is_forwarded_with_the_token_of_its_cookie() {
        let place = place().await;
        for (site, status) in [("cross-site", StatusCode::FORBIDDEN), ("same-origin", StatusCode::CREATED)] {
            let request = Request::post(COMMANDS).header("cookie", "gridward=gw_operator").header("sec-fetch-site", site);
            let body = command("building.register", json!({"building": "b07", "name": "7号楼"}));
            let answer = answer(&place.door, request.body(body.into()).unwrap()).await;
            assert_eq!(answer.0, status, "{site}: {}", answer.2);
        }
        place.intake.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn lines_that_cannot_be_sent_are_told_so_and_can_be_sent_again() {
        let place = place().await;
        let nobody = router(place.intake.gate(), Requests::in_memory());
        let line = command("building.register", json!({"building": "b07", "name": "7号楼"}));
        let (status, sequence, told) = place.post(&nobody, "application/x-ndjson", format!("{line}\n{line}\n")).await;
        assert_eq!((status, sequence), (StatusCode::OK, None), "{told}");
        let id = serde_json::from_str::<Value>(&line).unwrap()["id"].clone();
        let told = values(&told);
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|line| line["id"] == id && line["problem"]["code"] == "starting" && line["problem"]["retry"] == true), "{told:?}");
        place.intake.stop().await;
    }
}
