//! Server-sent events: what changed, resumed, reset, and changes by time alone.

use std::time::Duration;

use axum::{body::Body, http::Request};
use domain::quarantine::CheckOutcome;
use futures_util::StreamExt as _;
use tower::ServiceExt as _;

use crate::{
    harness::{Log, Running, event_fact},
    world::{at, check, day, report},
};

/// A stream of events as text.
pub(crate) struct Page(axum::body::BodyDataStream);

async fn open(running: &Running, last_seen: Option<u64>) -> Page {
    open_as(running, "viewer", last_seen).await
}

/// Opens the stream of the community with a token.
pub(crate) async fn open_as(running: &Running, token: &str, last_seen: Option<u64>) -> Page {
    let mut request = Request::get("/api/v1/communities/c1/stream").header("authorization", format!("Bearer {token}"));
    if let Some(last_seen) = last_seen {
        request = request.header("last-event-id", last_seen.to_string());
    }
    let response = running.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    Page(response.into_body().into_data_stream())
}

impl Page {
    /// The next event with a name.
    pub(crate) async fn next(&mut self) -> (String, u64, String) {
        loop {
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.0.next()).await.expect("an event comes").unwrap().unwrap();
            let text = String::from_utf8(chunk.to_vec()).unwrap();
            let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim_start_matches([':', ' ']).to_owned());
            if let Some(event) = field("event") {
                return (event, field("id").unwrap().parse().unwrap(), field("data").unwrap());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_told_what_changed_and_resumes_after_a_break() {
    let mut log = Log::with_community().await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    let mut page = open(&running, None).await;
    let first = log.append("c1", &event_fact(900, "2020-02-02T09:00", report(&[], day("2020-02-02"), None))).await;
    let (event, id, data) = page.next().await;
    assert_eq!((event.as_str(), id, data), ("changed", first, format!("{{\"building\":\"b07\",\"sequence\":{first}}}")));
    drop(page);
    let second = log.append("c1", &event_fact(901, "2020-02-02T09:10", check(CheckOutcome::Reached, 366, at("2020-02-02T09:10")))).await;
    // within one batch a building is told of once, with its last sequence
    running.reached(second).await;
    let third = log.append("c1", &event_fact(902, "2020-02-02T09:20", check(CheckOutcome::NotHome, 366, at("2020-02-02T09:20")))).await;
    running.reached(third).await;
    let mut page = open(&running, Some(second)).await;
    assert_eq!(page.next().await.1, second, "what carries the last sequence seen is repeated: not all of it may have been seen");
    assert_eq!(page.next().await.1, third);
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_from_before_what_is_remembered_is_told_to_read_everything_again() {
    let log = Log::with_community().await;
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(log.head).await;
    running.projection.stop().await;
    let running = log.start(folder.path());
    running.reached(log.head).await;
    for seen in [1, log.head, log.head + 1_000] {
        let (event, id, _) = open(&running, Some(seen)).await.next().await;
        assert_eq!((event.as_str(), id), ("reset", log.head), "last seen {seen}");
    }
    running.projection.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_alone_moves_a_page_under_the_same_sequence() {
    let mut log = Log::with_community().await;
    let head = log.append("c1", &event_fact(900, "2020-02-02T09:00", report(&[], day("2020-02-02"), None))).await;
    log.set_now(at("2020-02-02T12:30"));
    let folder = tempfile::tempdir().unwrap();
    let running = log.start(folder.path());
    running.reached(head).await;
    let board = running.json("viewer", "/communities/c1").await;
    assert_eq!((board["status"].as_str(), board["checks"]["overdue"].as_u64()), (Some("duty"), Some(0)));
    let mut page = open(&running, None).await;
    log.set_now(at("2020-02-02T12:31"));
    let (event, id, _) = page.next().await;
    assert_eq!((event.as_str(), id), ("changed", head));
    let board = running.json("viewer", "/communities/c1").await;
    assert_eq!((board["status"].as_str(), board["checks"]["overdue"].as_u64(), board["sequence"].as_u64()), (Some("serious"), Some(1), Some(head)));
    running.projection.stop().await;
}
