//! Durable appends and an ordered read, with nothing before or behind them: one writer, one append in flight, as intake has it.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use bus::provision::{StreamPlan, ensure};
use bus::server::{Launcher, NatsServer, START_WAIT, ServerConfig, ServerOptions, ServiceUser, find_binary};
use bus::{Connection, ConnectionOptions, EventLog, EventLogOptions, Message};
use bytes::Bytes;
use domain::log::LogPosition;
use tempfile::TempDir;

/// Messages of a raw batch: the most that an atomic batch may hold.
pub(crate) const RAW_BATCH_MESSAGES: usize = bus::event_log::BATCH_MESSAGES_MAX;
/// Bytes of a message: about what the commit of a visit takes.
const MESSAGE_BYTES: usize = 300;
/// Longest wait for the server to let us in.
const PATIENCE: Duration = Duration::from_secs(10);

/// A nats-server with a log and nobody who reads it.
pub(crate) struct Raw {
    _folder: TempDir,
    server: NatsServer,
    log: EventLog,
    /// The same log as another process reads it: from the server.
    read_log: EventLog,
    head: u64,
}

impl Raw {
    /// Starts one on an empty folder beside the working directory; `nats_subcommand` makes this program the server's guardian.
    pub(crate) async fn start(nats_subcommand: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(".")?;
        let services = vec![ServiceUser::intake("i"), ServiceUser::provision("p")];
        let options = ServerOptions {
            folder: folder.path().to_owned(),
            binary: find_binary()?,
            launcher: Launcher::ThisProgram { subcommand: nats_subcommand.to_owned() },
            start_wait: START_WAIT,
        };
        let server = NatsServer::start(&options, &ServerConfig::new(([127, 0, 0, 1], 0).into(), "s", services)).await?;
        let connect = async |user: &str, password: &str| {
            let connection = Connection::open(ConnectionOptions::new(server.url(), user).login(user, password, format!("_INBOX_{user}"))).await?;
            connection.connected(PATIENCE).await?;
            anyhow::Ok(connection)
        };
        ensure(&connect("provision", "p").await?, &[StreamPlan::events(None)], || "raw".to_owned()).await?;
        let connection = connect("intake", "i").await?;
        let log = || EventLog::new(&connection, &EventLogOptions::default());
        Ok(Self { _folder: folder, server, log: log(), read_log: log(), head: 0 })
    }

    /// The log, for a writer of its own: it has to be empty.
    pub(super) fn log(&self) -> EventLog {
        self.log.clone()
    }

    /// The log, for a reader.
    pub(super) fn read_log(&self) -> &EventLog {
        &self.read_log
    }

    async fn append(&mut self, messages: usize) -> anyhow::Result<()> {
        let message = Message { subject: "ev.0.c1._.post.1".to_owned(), payload: Bytes::from(vec![7; MESSAGE_BYTES]) };
        self.head = self.log.append(self.head, vec![message; messages]).await?;
        Ok(())
    }

    /// How many messages a second become durable in the largest batches.
    pub(crate) async fn batched_per_second(&mut self, load_time: Duration) -> anyhow::Result<f64> {
        let (began, before) = (Instant::now(), self.head);
        while began.elapsed() < load_time {
            self.append(RAW_BATCH_MESSAGES).await?;
        }
        Ok((self.head - before) as f64 / began.elapsed().as_secs_f64())
    }

    /// Half of the single appends took at most so long, in milliseconds.
    pub(crate) async fn single_p50_ms(&mut self, load_time: Duration) -> anyhow::Result<f64> {
        let began = Instant::now();
        let mut took = Vec::new();
        while began.elapsed() < load_time {
            let before = Instant::now();
            self.append(1).await?;
            took.push(before.elapsed());
        }
        took.sort_unstable();
        took.get(took.len() / 2).map(|half| half.as_secs_f64() * 1e3).context("no append was answered")
    }

    /// How many messages a second an ordered reader gets from the start, of as many as are there and of at least `messages`.
    pub(crate) async fn read_per_second(&mut self, messages: u64) -> anyhow::Result<f64> {
        while self.head < messages {
            self.append(RAW_BATCH_MESSAGES).await?;
        }
        let began = Instant::now();
        let mut tail = self.read_log.tail(&LogPosition::default()).await?;
        let mut read = 0;
        while !tail.caught_up() {
            read += tail.next().await?.len();
        }
        Ok(read as f64 / began.elapsed().as_secs_f64())
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        Ok(self.server.stop().await?)
    }
}
