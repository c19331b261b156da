//! The system under test: `gridward up` as its operator starts it, on a folder of its own.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;
use tempfile::TempDir;

use crate::town::Town;

/// Longest wait for a system to be ready, and for its services to reach the head of the log.
const PATIENCE: Duration = Duration::from_secs(600);
/// Pause between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(5);
/// Lines of one request while the town is founded and its history is filled.
const LINES_PER_REQUEST: usize = 500;
/// Requests on their way while its history is filled.
const REQUESTS_AT_ONCE: usize = 6;

/// How far the log goes, and how far the slower of its folds is.
pub(crate) struct Heads {
    pub(crate) log: f64,
    pub(crate) folded: f64,
}

/// A running system.
pub(crate) struct System {
    program: PathBuf,
    folder: TempDir,
    child: Child,
    http: reqwest::Client,
    address: String,
    token: String,
    /// The drill clock it runs on, such as `2020-02-06T05:30:00+08:00@60`.
    clock: Option<String>,
}

impl System {
    /// Starts one on an empty folder beside the working directory, which is to be on a real disk.
    pub(crate) async fn start(program: &std::path::Path) -> anyhow::Result<Self> {
        Self::start_at(program, None).await
    }

    /// Starts one on a drill clock.
    pub(crate) async fn start_at(program: &std::path::Path, clock: Option<String>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(".")?;
        let child = spawn(program, &folder, clock.as_deref())?;
        let http = reqwest::Client::new();
        let mut system = Self { program: program.to_owned(), folder, child, http, address: String::new(), token: String::new(), clock };
        system.wait_until_ready().await?;
        Ok(system)
    }

    /// Stops it, lets `between` work on its folder, and starts it again; says how long it took from the start until it was ready.
    pub(crate) async fn restart(&mut self, between: impl FnOnce(&std::path::Path) -> std::io::Result<()>) -> anyhow::Result<Duration> {
        self.stop().await?;
        between(&self.folder.path().join("data"))?;
        let began = Instant::now();
        self.child = spawn(&self.program, &self.folder, self.clock.as_deref())?;
        self.wait_until_ready().await?;
        Ok(began.elapsed())
    }

    /// Starts it again with another clock: a drill goes on where it stopped, at the new speed.
    pub(crate) async fn restart_at(&mut self, clock: String) -> anyhow::Result<()> {
        self.clock = Some(clock);
        self.restart(|_| Ok(())).await.map(drop)
    }

    async fn stop(&mut self) -> anyhow::Result<()> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        let began = Instant::now();
        while self.child.try_wait()?.is_none() {
            ensure!(began.elapsed() < PATIENCE, "gridward does not stop");
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        Ok(())
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        let run_file = self.folder.path().join("data/run.json");
        loop {
            ensure!(self.child.try_wait()?.is_none(), "gridward ended before it was ready: {}", self.log());
            ensure!(began.elapsed() < PATIENCE, "gridward is not ready: {}", self.log());
            if let Ok(text) = std::fs::read(&run_file) {
                let run: Value = serde_json::from_slice(&text)?;
                let url = run["http"].as_str().context("run.json names no address")?;
                self.address = url.trim_start_matches("http://").to_owned();
                if self.http.get(format!("{url}/readyz")).send().await.is_ok_and(|answer| answer.status().is_success()) {
                    break;
                }
            }
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        self.token = std::fs::read_to_string(self.folder.path().join("data/admin.token"))?.trim().to_owned();
        Ok(())
    }

    /// Host and port of its API.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The operator's token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("log.txt")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Sends JSON and reads JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.http.post(format!("http://{}/api/v1{path}", self.address)).bearer_auth(&self.token).json(body).send().await?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.text().await?);
        Ok(answer.json().await?)
    }

    /// Founds a town; every command must be recorded.
    pub(crate) async fn found(&self, town: Town) -> anyhow::Result<()> {
        for community in 0..town.communities {
            self.send_lines(community, &[Town::found(community)]).await?;
            self.send(community, &town.registrations().collect::<Vec<_>>()).await?;
        }
        self.settled().await
    }

    /// Sends lines to a community, many in one request; every command must be recorded.
    pub(crate) async fn send(&self, community: usize, lines: &[String]) -> anyhow::Result<()> {
        for part in lines.chunks(LINES_PER_REQUEST) {
            self.send_lines(community, part).await?;
        }
        Ok(())
    }

    async fn send_lines(&self, community: usize, lines: &[String]) -> anyhow::Result<()> {
        let url = format!("http://{}/api/v1/communities/{}/commands", self.address, Town::community(community));
        let request = self.http.post(url).bearer_auth(&self.token).header("content-type", "application/x-ndjson").body(lines.join("\n"));
        let told = request.send().await?.error_for_status()?.text().await?;
        let refused = told.lines().find(|line| !line.contains(r#""status":"recorded""#));
        ensure!(refused.is_none() && told.lines().count() == lines.len(), "not recorded: {}", refused.unwrap_or("an answer is missing"));
        Ok(())
    }

    /// Sends visits from `first` on, in large requests and several at once, until there are `count` more, and waits until they are folded.
    pub(crate) async fn fill(&self, town: Town, first: usize, count: usize) -> anyhow::Result<()> {
        // made as they are wanted: a long history would not fit into memory
        let stride = town.communities * LINES_PER_REQUEST;
        let requests = (first..first + count).step_by(stride).flat_map(|from| {
            let of_each = (0..town.communities).map(move |place| (from + place..(from + stride).min(first + count)).step_by(town.communities));
            of_each.filter(|numbers| numbers.len() > 0)
        });
        let sent = requests.map(|numbers| async move {
            let visits: Vec<(usize, String)> = numbers.map(|n| town.visit(n, "36.5")).collect();
            let community = visits.first().context("no request is empty")?.0;
            self.send_lines(community, &visits.into_iter().map(|(_, line)| line).collect::<Vec<_>>()).await
        });
        stream::iter(sent).buffer_unordered(REQUESTS_AT_ONCE).try_collect::<()>().await?;
        self.settled().await
    }

    /// Waits until everything that is on the log is folded and judged.
    pub(crate) async fn settled(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            ensure!(began.elapsed() < PATIENCE, "the services do not reach the head of the log");
            let heads = self.heads().await?;
            if heads.folded >= heads.log {
                return Ok(());
            }
            tokio::time::sleep(LOOK_PAUSE).await;
        }
    }

    /// How long alerting has judged since its start.
    pub(crate) async fn spent(&self) -> anyhow::Result<Spent> {
        let text = self.metrics().await?;
        let spent_ms = |name| metric(&text, name).unwrap_or_default();
        Ok(Spent { judging_ms: spent_ms("gridward_alerting_judging_ms_sum"), due_ms: spent_ms("gridward_alerting_due_ms_sum") })
    }

    async fn metrics(&self) -> anyhow::Result<String> {
        Ok(self.http.get(format!("http://{}/metrics", self.address)).bearer_auth(&self.token).send().await?.text().await?)
    }

    /// How far log and folds are, as the metrics tell it.
    pub(crate) async fn heads(&self) -> anyhow::Result<Heads> {
        let text = self.metrics().await?;
        let folded = |name| metric(&text, name).unwrap_or_default();
        let log = metric(&text, "gridward_intake_sequence").context("the metrics do not tell the head of the log")?;
        Ok(Heads { log, folded: folded("gridward_projection_sequence").min(folded("gridward_alerting_sequence")) })
    }

    /// How far the log goes.
    pub(crate) async fn sequence(&self) -> anyhow::Result<u64> {
        Ok(self.heads().await?.log as u64)
    }

    /// What the process with its three services and its nats-server used of the processors so far.
    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        let pids = std::fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        let all: HashMap<u32, (u32, Duration)> = pids.filter_map(|pid| Some((pid, parent_and_time(pid)?))).collect();
        let is_ours = |pid: &u32| {
            let parents = std::iter::successors(Some(*pid), |pid| all.get(pid).map(|(parent, _)| *parent));
            parents.take_while(|pid| *pid > 1).any(|pid| pid == self.child.id())
        };
        Ok(all.iter().filter(|(pid, _)| is_ours(pid)).map(|(_, (_, time))| *time).sum())
    }

    /// Memory of the process with its three services, in MiB.
    pub(crate) fn memory_mib(&self) -> anyhow::Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib = text.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kib.context("the kernel does not tell the memory of the process")? / 1024.0)
    }
}

/// The parent of a process, and what it used of the processors so far; nothing of one that is gone.
fn parent_and_time(pid: u32) -> Option<(u32, Duration)> {
    /// Ticks of a second in `/proc`: the kernel's USER_HZ, which is the same on every Linux.
    const TICKS_PER_SECOND: u64 = 100;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // behind the name, which may hold anything: state, parent, and as 12th and 13th what it used in its own code and in the kernel
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some((fields.get(1)?.parse().ok()?, Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)))
}

impl Drop for System {
    fn drop(&mut self) {
        // whatever happened to the measurement, nothing of it goes on
        let _ended = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// How long alerting has judged, in milliseconds, as the metrics tell it; zero before it has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spent {
    /// In all looks at what is due.
    pub(crate) judging_ms: f64,
    /// In those that the clock alone called for.
    pub(crate) due_ms: f64,
}

fn spawn(program: &std::path::Path, folder: &TempDir, clock: Option<&str>) -> anyhow::Result<Child> {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.path().join("log.txt"))?;
    let run_file = folder.path().join("data/run.json");
    if run_file.exists() {
        std::fs::remove_file(run_file)?;
    }
    let child = Command::new(program)
        .arg("up")
        .arg("--data")
        .arg(folder.path().join("data"))
        .args(["--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0"])
        .args(clock.into_iter().flat_map(|clock| ["--clock", clock]))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()?;
    Ok(child)
}

fn metric(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}
