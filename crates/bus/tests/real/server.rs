//! The life of the child: it ends with its parent, keeps its port, and never shares its folder.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use bus::preflight::{PreflightError, Unsynced, preflight, preflight_within};
use bus::provision::{StreamPlan, ensure};
use bus::server::{NatsServer, ServerState, StartError, find_binary};
use bus::{Connection, ConnectionOptions, EventLog, EventLogOptions, Message};
use tokio::time::{sleep, timeout};

use crate::common::{Bench, PATIENCE, config, connect, identity, options, until};

/// Variable that makes this test program play the parent that is killed.
const PARENT_ENV: &str = "GRIDWARD_TEST_PARENT";

#[tokio::test]
async fn a_restart_keeps_port_and_data() {
    let bench = Bench::start().await;
    bench.provision(&[StreamPlan::events(None)]).await;
    let url = bench.server.url();
    let log = EventLog::new(&bench.connect("intake").await, &EventLogOptions::default());
    assert_eq!(log.append(0, vec![message("ev.a")]).await, Ok(1));
    bench.server.stop().await.unwrap();
    let server = NatsServer::start(&options(&bench.folder), &config()).await.unwrap();
    assert_eq!(server.url(), url);
    assert_eq!(log.append(1, vec![message("ev.a")]).await, Ok(2), "the same connection goes on");
    let again = ensure(&connect(&url, "provision").await, &[StreamPlan::events(None)], identity).await.unwrap();
    assert!(!again[0].created && again[0].drift.is_empty(), "{again:?}");
}

#[tokio::test]
async fn a_port_that_somebody_took_is_exchanged_when_any_would_do() {
    let bench = Bench::start().await;
    let before = bench.server.address();
    bench.server.stop().await.unwrap();
    let _taken = std::net::TcpListener::bind(before).unwrap();
    let server = NatsServer::start(&options(&bench.folder), &config()).await.unwrap();
    assert_ne!(server.address(), before);
    drop(server);
    let mut fixed = config();
    fixed.listen = before;
    let refused = NatsServer::start(&options(&bench.folder), &fixed).await.unwrap_err();
    assert!(refused.to_string().contains("address already in use"), "{refused}");
}

#[tokio::test]
async fn a_second_server_on_one_folder_is_refused_and_changes_nothing() {
    let bench = Bench::start().await;
    let files = || ["server.conf", "ports.json", "child.err"].map(|name| fs::read(bench.folder.path().join("nats").join(name)).unwrap());
    let before = files();
    let refused = NatsServer::start(&options(&bench.folder), &config()).await.unwrap_err();
    assert!(matches!(refused, StartError::Locked(_)), "{refused}");
    assert_eq!(before, files());
    bench.connect("intake").await;
}

#[tokio::test]
async fn a_server_that_dies_is_started_again_on_its_port() {
    let bench = Bench::start().await;
    let connection = bench.connect("intake").await;
    let (url, pid) = (bench.server.url(), bench.server.pid().unwrap());
    let mut state = bench.server.state();
    kill_9(pid);
    let back = |state: &ServerState| matches!(state, ServerState::Running { pid: now, restarts: 1 } if *now != pid);
    timeout(PATIENCE, state.wait_for(back)).await.unwrap().unwrap();
    assert_eq!(bench.server.url(), url);
    until("the connection is made again", || connection.state().connects == 2).await;
    connection.connected(PATIENCE).await.unwrap();
    bench.server.stop().await.unwrap();
}

/// Not a test of its own: the parent that `the_server_dies_with_its_parent` kills.
#[tokio::test]
async fn parent() {
    let Some(folder) = std::env::var_os(PARENT_ENV) else {
        return;
    };
    let mut options = options(&tempfile::tempdir().unwrap());
    options.folder = folder.into();
    let server = NatsServer::start(&options, &config()).await.unwrap();
    let mut out = std::io::stdout();
    writeln!(out, "\nserver {} {}", server.pid().unwrap(), server.url()).unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn the_server_dies_with_its_parent() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["server::parent", "--exact", "--nocapture"])
        .env(PARENT_ENV, &options.folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(parent.stdout.take().unwrap()).lines().map(Result::unwrap).find_map(|line| line.strip_prefix("server ").map(str::to_owned));
    let said = said.expect("the parent started its server");
    let (pid, url) = said.split_once(' ').unwrap();
    assert!(lives(pid), "the server runs");
    parent.kill().unwrap();
    parent.wait().unwrap();
    until("the server is killed with its parent", || !lives(pid)).await;
    let next = NatsServer::start(&options, &config()).await.unwrap();
    assert_eq!(next.url(), url, "the next one takes the folder and the port");
}

#[tokio::test]
async fn preflight_passes_our_own_server_and_knows_another() {
    let (bench, other) = (Bench::start().await, Bench::start().await);
    let connection = bench.connect("intake").await;
    let facts = preflight(&connection, Some(&bench.server.monitor_url()), Unsynced::Refuse).await.unwrap();
    assert_eq!(facts.synced, Some(true));
    let wrong = preflight(&connection, Some(&other.server.monitor_url()), Unsynced::Refuse).await.unwrap_err();
    assert!(matches!(wrong, PreflightError::OtherServer(_)), "{wrong}");
    let silent = preflight(&connection, None, Unsynced::Refuse).await.unwrap_err();
    assert!(matches!(silent, PreflightError::Unknown(_)), "{silent}");
    assert_eq!(preflight(&connection, None, Unsynced::Accept).await.unwrap().synced, None);
}

/// A service that starts while nats-server starts again waits for it. Nobody would start the service once more for that.
#[tokio::test]
async fn preflight_waits_for_a_server_that_starts_again() {
    let bench = Bench::start().await;
    let connection = bench.connect("intake").await;
    for _ in 0..3 {
        kill_9(bench.server.pid().unwrap());
        let facts = preflight_within(PATIENCE, &connection, Some(&bench.server.monitor_url()), Unsynced::Refuse).await.unwrap();
        assert_eq!(facts.synced, Some(true));
    }
}

#[tokio::test]
async fn preflight_refuses_a_server_that_does_not_sync() {
    let plain = Plain::start("jetstream { store_dir: store }").await;
    let refused = preflight(&plain.connection, Some(&plain.monitor), Unsynced::Refuse).await.unwrap_err();
    assert!(matches!(refused, PreflightError::Unsynced), "{refused}");
    assert_eq!(preflight(&plain.connection, Some(&plain.monitor), Unsynced::Accept).await.unwrap().synced, Some(false));
    let plain = Plain::start("").await;
    let refused = preflight(&plain.connection, Some(&plain.monitor), Unsynced::Accept).await.unwrap_err();
    assert!(matches!(refused, PreflightError::NoJetStream), "{refused}");
}

/// A server that somebody else has set up.
struct Plain {
    process: std::process::Child,
    connection: Connection,
    monitor: String,
    _folder: tempfile::TempDir,
}

impl Plain {
    async fn start(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("conf"), format!("listen: \"127.0.0.1:-1\"\nhttp: \"127.0.0.1:-1\"\nports_file_dir: \".\"\n{more}\n")).unwrap();
        let process = Command::new(find_binary().unwrap()).args(["-c", "conf", "-l", "log"]).current_dir(folder.path()).spawn().unwrap();
        let written = folder.path().join(format!("nats-server_{}.ports", process.id()));
        let ports: serde_json::Value = timeout(PATIENCE, async {
            loop {
                if let Some(ports) = fs::read(&written).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
                    return ports;
                }
                sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .unwrap();
        let connection = Connection::open(ConnectionOptions::new(ports["nats"][0].as_str().unwrap(), "test")).await.unwrap();
        connection.connected(PATIENCE).await.unwrap();
        Self { process, connection, monitor: ports["monitoring"][0].as_str().unwrap().to_owned(), _folder: folder }
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

pub(crate) fn kill_9(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// Whether the process does anything: one that is dead and not yet collected does not.
fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    stat.rsplit(')').next().and_then(|rest| rest.trim().chars().next()).is_some_and(|state| state != 'Z' && state != 'X')
}

fn message(subject: &str) -> Message {
    Message { subject: subject.to_owned(), payload: "x".into() }
}
