//! A server per test, with the users of the real system.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bus::provision::{StreamPlan, ensure};
use bus::server::{Launcher, NatsServer, START_WAIT, ServerConfig, ServerOptions, ServiceUser, find_binary};
use bus::{Connection, ConnectionOptions, EventLog, EventLogOptions, Message};
use bytes::Bytes;
use tempfile::TempDir;

/// Longest wait for anything that is expected to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) server: NatsServer,
    pub(crate) config: ServerConfig,
}

pub(crate) fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

pub(crate) fn config() -> ServerConfig {
    let mut services = vec![
        ServiceUser::intake("p-intake"),
        ServiceUser::projection("p-projection"),
        ServiceUser::alerting("p-alerting"),
        ServiceUser::provision("p-provision"),
    ];
    // what only a test may do: make a stream go wrong
    services.push(ServiceUser {
        name: "vandal".to_owned(),
        password: "p-vandal".to_owned(),
        publish: vec![">".to_owned()],
        subscribe: vec![">".to_owned()],
        answers: false,
    });
    ServerConfig::new(any_port(), "p-system", services)
}

pub(crate) fn options(folder: &TempDir) -> ServerOptions {
    ServerOptions {
        folder: folder.path().join("nats"),
        binary: find_binary().expect("these tests need nats-server"),
        launcher: Launcher::TestEntry { test: "nats_child".to_owned() },
        start_wait: START_WAIT,
    }
}

impl Bench {
    pub(crate) async fn start() -> Self {
        Self::start_with(config()).await
    }

    pub(crate) async fn start_with(config: ServerConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = NatsServer::start(&options(&folder), &config).await.unwrap();
        Self { folder, server, config }
    }

    pub(crate) async fn connect(&self, user: &str) -> Connection {
        connect(&self.server.url(), user).await
    }

    /// A connection with nothing between the test and the server.
    pub(crate) async fn raw(&self, user: &str) -> async_nats::Client {
        let options = async_nats::ConnectOptions::new().user_and_password(user.to_owned(), format!("p-{user}"));
        options.custom_inbox_prefix(format!("_INBOX_{user}")).connect(self.server.url()).await.unwrap()
    }

    /// Makes streams under other names, so that many logs fit on one server.
    pub(crate) async fn provision(&self, plans: &[StreamPlan]) {
        let connection = self.connect("provision").await;
        let reports = ensure(&connection, plans, identity).await.unwrap();
        assert!(reports.iter().all(|report| report.created && report.drift.is_empty()), "{reports:#?}");
    }
}

pub(crate) async fn connect(url: &str, user: &str) -> Connection {
    let options = ConnectionOptions::new(url, user).login(user, format!("p-{user}"), format!("_INBOX_{user}"));
    let connection = Connection::open(options).await.unwrap();
    connection.connected(PATIENCE).await.unwrap();
    connection
}

pub(crate) fn identity() -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    format!("id-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed))
}

/// The seed of this run: given with `GRIDWARD_SEED` to repeat a failure, else another one each time.
pub(crate) fn seed() -> u64 {
    match std::env::var("GRIDWARD_SEED") {
        Ok(given) => given.parse().expect("GRIDWARD_SEED is a number"),
        Err(_) => {
            use std::hash::{BuildHasher, RandomState};
            RandomState::new().hash_one(std::process::id())
        }
    }
}

/// A subscription that the server knows of.
pub(crate) async fn hear(bench: &Bench, subject: &'static str) -> async_nats::Subscriber {
    let client = bench.raw("vandal").await;
    let subscriber = client.subscribe(subject).await.unwrap();
    // the server works in order: when it has answered this, it has seen that
    client.request("$JS.API.INFO", "".into()).await.unwrap();
    subscriber
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, so: impl Fn() -> bool) {
    let wait = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{what} in time"));
}

/// Messages that say their own sequence.
pub(crate) fn messages(from: u64, count: u64) -> Vec<Message> {
    (from..from + count).map(|n| Message { subject: "ev.0.c1._.post.1".to_owned(), payload: Bytes::from(n.to_string()) }).collect()
}

/// A server with an empty log.
pub(crate) async fn with_log() -> (Bench, EventLog) {
    let bench = Bench::start().await;
    bench.provision(&[StreamPlan::events(None)]).await;
    let log = EventLog::new(&bench.connect("intake").await, &EventLogOptions::default());
    (bench, log)
}
