//! The publisher over a real nats-server, with folders that are put back from a backup.

use std::{net::SocketAddr, path::Path, time::Duration};

use alerting::{Alerting, Outlets, Parts};
use bus::{
    Announcer, Connection, ConnectionOptions, EventLog, EventLogOptions, Message, Notice, Publication, Requests, Source,
    provision::{StreamPlan, ensure},
    server::{Launcher, NatsServer, START_WAIT, ServerConfig, ServerOptions, ServiceUser, find_binary},
};
use tempfile::TempDir;

use crate::{
    fever,
    system::{Clock, System, eventually, open_store},
};

/// Longest wait for a connection.
const PATIENCE: Duration = Duration::from_secs(20);

/// A history as it was once written: the log, and what was told of it.
struct History {
    messages: Vec<Message>,
    told: Vec<Notice>,
    clock: Clock,
}

async fn history(person: &str, visits: usize) -> History {
    let system = System::new("2020-02-02T15:05").await;
    let alerting = system.start();
    system.record("visit.record", fever(person, 38.2), "2020-02-02T15:04").await;
    system.notices(1).await;
    system.grow(visits).await;
    alerting.stop().await;
    History { messages: system.messages().await, told: system.publication.notices(), clock: system.clock.clone() }
}

/// A server with the users of the real system.
struct Bench {
    folder: TempDir,
    config: ServerConfig,
    server: Option<NatsServer>,
    /// Every stream has another identity.
    streams_made: u32,
}

impl Bench {
    async fn start() -> Self {
        let services = vec![ServiceUser::intake("p-intake"), ServiceUser::alerting("p-alerting"), ServiceUser::provision("p-provision")];
        let config = ServerConfig::new(SocketAddr::from(([127, 0, 0, 1], 0)), "p-system", services);
        let mut bench = Self { folder: TempDir::new().unwrap(), config, server: None, streams_made: 0 };
        bench.restart(|_streams, _backup| {}).await;
        bench
    }

    /// Stops the server, has something done to the folder of its streams, and starts it as the program does.
    async fn restart(&mut self, meanwhile: impl FnOnce(&Path, &Path)) {
        if let Some(server) = self.server.take() {
            server.stop().await.unwrap();
        }
        let folder = self.folder.path();
        meanwhile(&folder.join("nats/store/jetstream/CORE/streams"), &folder.join("backup"));
        let options = ServerOptions {
            folder: folder.join("nats"),
            binary: find_binary().expect("this test needs nats-server"),
            launcher: Launcher::TestEntry { test: "nats_child".to_owned() },
            start_wait: START_WAIT,
        };
        self.server = Some(NatsServer::start(&options, &self.config).await.unwrap());
        let provision = self.connect("provision").await;
        let made = &mut self.streams_made;
        let identity = || {
            *made += 1;
            format!("stream-{made}")
        };
        let reports = ensure(&provision, &[StreamPlan::events(None), StreamPlan::alerts(None)], identity).await.unwrap();
        assert!(reports.iter().all(|report| report.drift.is_empty()), "{reports:#?}");
    }

    async fn connect(&self, user: &str) -> Connection {
        let options = ConnectionOptions::new(self.server.as_ref().unwrap().url(), user).login(user, format!("p-{user}"), format!("_INBOX_{user}"));
        let connection = Connection::open(options).await.unwrap();
        connection.connected(PATIENCE).await.unwrap();
        connection
    }

    /// Appends messages that follow what the log holds.
    async fn append(&self, messages: &[Message]) {
        let log = EventLog::new(&self.connect("intake").await, &EventLogOptions::default());
        let head = log.head().await.unwrap().last_sequence;
        log.append(head, messages.to_vec()).await.unwrap();
    }

    async fn start_alerting(&self, clock: &Clock, store: &Path) -> (Alerting, Publication) {
        let connection = self.connect("alerting").await;
        let alerts = Publication::new(&connection, "ALERTS");
        let alerting = Alerting::start(Parts {
            log: EventLog::new(&connection, &EventLogOptions::default()),
            requests: Requests::in_memory(),
            store: open_store(store),
            now: clock.now(),
            outlets: Outlets {
                alerts: alerts.clone(),
                public: Publication::in_memory(&bus::MemoryPublication::default()),
                full: None,
                nudges: Publication::in_memory(&bus::MemoryPublication::default()),
                announcer: Announcer::new(&connection),
            },
        });
        (alerting, alerts)
    }
}

async fn why(alerting: &Alerting, so: impl Fn(&str) -> bool) -> String {
    eventually("its state", || Some(alerting.readiness().why_not().unwrap_or_default()).filter(|why| so(why))).await
}

/// Sequence of the last message, and the place in the log that it comes from.
async fn last(alerts: &Publication) -> (u64, u64) {
    let last = alerts.last().await.unwrap();
    match last.source {
        Source::Commit(position) => (last.sequence, position.sequence),
        other => panic!("{other:?}"),
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_from_a_backup_and_alerts_kept_stop_the_publisher_until_the_stream_is_removed() {
    let (old, new) = (history("p1", 5).await, history("p2", 20).await);
    let common = old.messages.iter().zip(&new.messages).take_while(|(old, new)| old.payload == new.payload).count();
    let store = TempDir::new().unwrap();
    let mut bench = Bench::start().await;
    bench.append(&old.messages[..common]).await;
    bench.restart(|streams, backup| copy_folder(&streams.join("EVENTS"), backup)).await;
    bench.append(&old.messages[common..]).await;
    let (alerting, alerts) = bench.start_alerting(&old.clock, store.path()).await;
    why(&alerting, str::is_empty).await;
    let told = (old.told.len() as u64, old.told.last().unwrap().source.sequence);
    eventually_last(&alerts, told).await;
    alerting.stop().await;

    bench
        .restart(|streams, backup| {
            std::fs::remove_dir_all(streams.join("EVENTS")).unwrap();
            copy_folder(backup, &streams.join("EVENTS"));
        })
        .await;
    bench.append(&new.messages[common..]).await;
    assert!(new.messages.len() > old.messages.len(), "the log has grown past what was told");
    let empty = TempDir::new().unwrap();
    for store in [store.path(), empty.path()] {
        let (alerting, alerts) = bench.start_alerting(&new.clock, store).await;
        let why = why(&alerting, |why| why.contains("until an operator decides") && !why.contains("judging")).await;
        assert!(why.contains("rolled back or replaced"), "{why}");
        assert_eq!(last(&alerts).await, told, "nothing of another history follows");
        alerting.stop().await;
    }

    bench.restart(|streams, _backup| std::fs::remove_dir_all(streams.join("ALERTS")).unwrap()).await;
    let (alerting, alerts) = bench.start_alerting(&new.clock, store.path()).await;
    why(&alerting, str::is_empty).await;
    eventually_last(&alerts, (new.told.len() as u64, new.told.last().unwrap().source.sequence)).await;
    alerting.stop().await;
}

async fn eventually_last(alerts: &Publication, expected: (u64, u64)) {
    let reached = async {
        loop {
            let last = alerts.last().await.unwrap();
            if let Source::Commit(position) = last.source
                && (last.sequence, position.sequence) == expected
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.unwrap_or_else(|_| panic!("the stream does not reach {expected:?}"));
}
