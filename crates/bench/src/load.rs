//! The load, as a process of its own: it must not share threads with what it measures, and its own cost is the same for every ceiling.

use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::town::Town;

/// Hidden subcommand under which the program becomes the load.
pub const LOAD_SUBCOMMAND: &str = "__bench-load";

/// What is sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Sent {
    /// Visits, so many in one request.
    Visits {
        town: Town,
        lines_per_request: usize,
        /// The number of the first one, so that no two loads go to the same doors in the same order.
        first: usize,
    },
    /// Reads of these paths, in turn.
    Reads(Vec<String>),
}

/// A load on one address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Load {
    pub(crate) address: String,
    pub(crate) token: String,
    pub(crate) sent: Sent,
    pub(crate) connections: usize,
    /// Requests a second, sent when they are due however slow the answers are; as fast as answers come when absent.
    pub(crate) rate: Option<f64>,
    pub(crate) warm_time: Duration,
    pub(crate) load_time: Duration,
}

/// What became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    /// Commands recorded, or pages read, of requests that were sent once it was warm.
    pub(crate) done: u64,
    /// From the first of those requests to the last answer.
    pub(crate) took: Duration,
    /// Half of the answers took at most so long, in milliseconds.
    pub(crate) p50_ms: f64,
    /// All but one of a hundred.
    pub(crate) p99_ms: f64,
    /// Answers that were not what was asked for, and the first of them.
    pub(crate) failed: u64,
    pub(crate) first_failure: Option<String>,
}

impl Load {
    /// Runs it in a process of its own; a load that was not answered as it should is an error.
    pub(crate) async fn run(&self, program: &Path) -> anyhow::Result<Told> {
        let mut child = tokio::process::Command::new(program)
            .arg(LOAD_SUBCOMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the load does not start")?;
        let mut stdin = child.stdin.take().context("the load has no input")?;
        stdin.write_all(&serde_json::to_vec(self)?).await?;
        drop(stdin);
        let output = child.wait_with_output().await?;
        ensure!(output.status.success(), "the load ended with {}", output.status);
        let told: Told = serde_json::from_slice(&output.stdout)?;
        ensure!(told.failed == 0, "{} requests failed; the first: {}", told.failed, told.first_failure.unwrap_or_default());
        Ok(told)
    }
}

/// Reads a load from standard input, puts it on, and prints what became of it.
///
/// # Errors
/// When the input is no load, or nothing listens at its address.
pub fn load_main() -> anyhow::Result<()> {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    let load: Load = serde_json::from_str(&input)?;
    // one thread: more would take the processors of what is measured
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let told = runtime.block_on(put_on(load))?;
    serde_json::to_writer(std::io::stdout(), &told)?;
    Ok(())
}

/// What all connections share.
struct Shared {
    load: Load,
    next: AtomicUsize,
    began: Instant,
}

#[derive(Default)]
struct Seen {
    done: u64,
    latencies: Vec<Duration>,
    last: Option<Instant>,
    failed: u64,
    first_failure: Option<String>,
}

async fn put_on(load: Load) -> anyhow::Result<Told> {
    let warm_time = load.warm_time;
    let shared = Arc::new(Shared { load, next: AtomicUsize::new(0), began: Instant::now() });
    let connections: Vec<_> = (0..shared.load.connections).map(|number| tokio::spawn(connection(Arc::clone(&shared), number))).collect();
    let mut all = Seen::default();
    for connection in connections {
        let seen = connection.await??;
        all.done += seen.done;
        all.latencies.extend(seen.latencies);
        all.last = all.last.max(seen.last);
        all.failed += seen.failed;
        all.first_failure = all.first_failure.or(seen.first_failure);
    }
    all.latencies.sort_unstable();
    let quantile = |part: f64| all.latencies.get((all.latencies.len() as f64 * part) as usize).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3);
    let warm = shared.began + warm_time;
    let took = all.last.map_or(Duration::ZERO, |last| last.saturating_duration_since(warm));
    Ok(Told { done: all.done, took, p50_ms: quantile(0.5), p99_ms: quantile(0.99), failed: all.failed, first_failure: all.first_failure })
}

/// One connection, kept alive: the next request goes when the last is answered, or when it is due.
async fn connection(shared: Arc<Shared>, number: usize) -> anyhow::Result<Seen> {
    let load = &shared.load;
    let stream = TcpStream::connect(&load.address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, served) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(served);
    let (warm, end) = (shared.began + load.warm_time, shared.began + load.warm_time + load.load_time);
    let mut due = shared.began + load.rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(number as f64 / rate));
    let mut seen = Seen::default();
    loop {
        let begun = match load.rate {
            Some(rate) => {
                tokio::time::sleep_until(due.into()).await;
                // the wait for a late answer counts for those that were due meanwhile
                let this = due;
                due += Duration::from_secs_f64(load.connections as f64 / rate);
                this
            }
            None => Instant::now(),
        };
        if begun >= end {
            return Ok(seen);
        }
        let (request, wanted) = request(load, shared.next.fetch_add(1, Ordering::Relaxed))?;
        sender.ready().await?;
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        let now = Instant::now();
        let done = if matches!(load.sent, Sent::Visits { lines_per_request: 2.., .. }) { recorded(&body) } else { u64::from(status.is_success()) };
        if done != wanted {
            seen.failed += 1;
            seen.first_failure.get_or_insert_with(|| format!("{status} {}", String::from_utf8_lossy(&body).chars().take(300).collect::<String>()));
        } else if begun >= warm {
            seen.done += done;
            seen.latencies.push(now - begun);
            seen.last = Some(now);
        }
    }
}

/// The `n`-th request, and how many of its commands have to be recorded.
fn request(load: &Load, n: usize) -> anyhow::Result<(Request<Full<Bytes>>, u64)> {
    let builder = Request::builder().header(header::HOST, &load.address).header(header::AUTHORIZATION, format!("Bearer {}", load.token));
    match &load.sent {
        Sent::Visits { town, lines_per_request, first } => {
            // all lines of a request are of one community
            let community = n % town.communities;
            let mut body = String::new();
            for line in 0..*lines_per_request {
                let visit = first + (n / town.communities * lines_per_request + line) * town.communities + community;
                body.push_str(&town.visit(visit, "36.5").1);
                body.push('\n');
            }
            let uri = format!("/api/v1/communities/{}/commands", Town::community((first + community) % town.communities));
            let kind = if *lines_per_request > 1 { "application/x-ndjson" } else { "application/json" };
            let request = builder.method(Method::POST).uri(uri).header(header::CONTENT_TYPE, kind).body(Full::from(body))?;
            Ok((request, *lines_per_request as u64))
        }
        Sent::Reads(paths) => Ok((builder.uri(&paths[n % paths.len()]).body(Full::default())?, 1)),
    }
}

fn recorded(body: &[u8]) -> u64 {
    body.split(|byte| *byte == b'\n').filter(|line| line.windows(19).any(|part| part == br#""status":"recorded""#)).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visits(town: Town, lines_per_request: usize, first: usize) -> Load {
        Load {
            address: "127.0.0.1:1".to_owned(),
            token: "t".to_owned(),
            sent: Sent::Visits { town, lines_per_request, first },
            connections: 1,
            rate: None,
            warm_time: Duration::ZERO,
            load_time: Duration::ZERO,
        }
    }

    /// Where the lines of a request go: the address of a community, and a door there.
    fn doors_of(load: &Load, n: usize) -> Vec<(String, String)> {
        let Sent::Visits { lines_per_request, .. } = load.sent else { panic!("no visits") };
        let (request, wanted) = request(load, n).unwrap();
        assert_eq!(wanted, lines_per_request as u64);
        let uri = request.uri().to_string();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let body = runtime.block_on(request.into_body().collect()).unwrap().to_bytes();
        let lines = String::from_utf8(body.to_vec()).unwrap();
        let door = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["data"]["household"].to_string();
        lines.lines().map(|line| (uri.clone(), door(line))).collect()
    }

    #[test]
    fn a_request_has_lines_of_one_community_and_no_door_twice() {
        let town = Town { communities: 4, households: 50 };
        let load = visits(town, 10, 7);
        let doors: std::collections::BTreeSet<_> = (0..20).flat_map(|n| doors_of(&load, n)).collect();
        assert_eq!(doors.len(), 200);
    }

    /// Both cases of B9: what a request costs must not depend on how often it goes to the same door.
    #[test]
    fn a_round_goes_to_each_door_once_in_few_communities_and_in_many() {
        let few = Town { communities: 16, households: 1000 };
        let (many, lines_per_request) = crate::measures::growth::spread(few);
        for town in [few, many] {
            let load = visits(town, lines_per_request, 0);
            let mut doors = std::collections::BTreeSet::new();
            // as many whole requests as a round has in either
            for n in 0..992 {
                doors.extend(doors_of(&load, n));
                assert_eq!(doors.len(), (n + 1) * lines_per_request, "{town:?}: request {n} goes to a door again");
            }
        }
    }

    #[test]
    fn only_recorded_lines_count() {
        assert_eq!(recorded(b"{\"status\":\"recorded\"}\n{\"problem\":{\"status\":409}}\n{\"id\":1,\"status\":\"recorded\"}\n"), 2);
    }
}
