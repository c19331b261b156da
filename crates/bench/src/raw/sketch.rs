//! What posts cost that become durable and are read, and nothing else: nobody checks, decides, seals, folds or judges.

use std::path::Path;
use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use bus::{EventLog, Message, Tail};
use bytes::Bytes;
use domain::log::LogPosition;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use super::appends::{RAW_BATCH_MESSAGES, Raw};
use crate::load::Load;

/// What the ceiling is called in the table.
pub(crate) const SKETCH: &str = "appended and read twice, and no more";
/// Those who read the log: as many as services fold it.
const READERS: usize = 2;

/// A body that waits to be durable.
struct Posted {
    body: Bytes,
    durable: oneshot::Sender<()>,
}

/// What came of it.
pub(crate) struct Sketch {
    /// Posts a second, until all readers have the last.
    pub(crate) rate: f64,
    /// All but one of a hundred answers took at most so long, in milliseconds.
    pub(crate) p99_ms: f64,
}

/// Puts a load on a handler that answers once a body is on a log of its own.
pub(crate) async fn sketch(load: &Load, program: &Path, nats_subcommand: &str) -> anyhow::Result<Sketch> {
    let raw = Raw::start(nats_subcommand).await?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?.to_string();
    let (sender, posted) = mpsc::channel(RAW_BATCH_MESSAGES);
    let router = Router::new().fallback(post(record)).with_state(sender);
    let serving = tokio::spawn(axum::serve(listener, router).into_future());
    let appending = tokio::spawn(append_all(posted, raw.log()));
    let mut reading = Vec::new();
    for _ in 0..READERS {
        reading.push(raw.read_log().tail(&LogPosition::default()).await?);
    }
    let (stop, stopped) = tokio::sync::watch::channel(None);
    let reading: Vec<_> = reading.into_iter().map(|tail| tokio::spawn(read_on(tail, stopped.clone()))).collect();
    let began = Instant::now();
    let told = Load { address, ..load.clone() }.run(program).await;
    // with it goes the last sender, and the writer ends
    serving.abort();
    let _cancelled = serving.await;
    let p99_ms = told?.p99_ms;
    let head = appending.await??;
    stop.send_replace(Some(head));
    for reader in reading {
        reader.await??;
    }
    let rate = head as f64 / began.elapsed().as_secs_f64();
    raw.stop().await?;
    Ok(Sketch { rate, p99_ms })
}

async fn record(State(writer): State<mpsc::Sender<Posted>>, body: Bytes) -> StatusCode {
    let (durable, is_durable) = oneshot::channel();
    let waits = writer.send(Posted { body, durable }).await.is_ok();
    if waits && is_durable.await.is_ok() { StatusCode::CREATED } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// One append in flight with the next gathering, as intake has it. The end of the log.
async fn append_all(mut posted: mpsc::Receiver<Posted>, log: EventLog) -> anyhow::Result<u64> {
    let (mut gathered, mut head) = (Vec::new(), 0);
    while posted.recv_many(&mut gathered, RAW_BATCH_MESSAGES).await > 0 {
        let message = |posted: &Posted| Message { subject: "ev.0.c1._.post.1".to_owned(), payload: posted.body.clone() };
        head = log.append(head, gathered.iter().map(message).collect()).await?;
        for Posted { durable, .. } in gathered.drain(..) {
            // whoever asked may be gone
            let _gone = durable.send(());
        }
    }
    Ok(head)
}

/// Reads until it has what is said to be the last.
async fn read_on(mut tail: Tail, mut last: tokio::sync::watch::Receiver<Option<u64>>) -> anyhow::Result<()> {
    let mut read = 0;
    loop {
        if last.borrow().is_some_and(|last| read >= last) {
            return Ok(());
        }
        tokio::select! {
            stored = tail.next() => read = stored?.last().map_or(read, |stored| stored.sequence),
            changed = last.changed(), if last.borrow().is_none() => changed?,
        }
    }
}
