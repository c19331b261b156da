//! NATS for one system: our own server, or somebody else's.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use bus::{
    Connection, ConnectionOptions,
    preflight::{Unsynced, preflight_within},
    provision::{StreamPlan, ensure},
    server::{ConsumerAccount, Launcher, NatsServer, START_WAIT, ServerConfig, ServerOptions, ServiceUser, find_binary, store_room},
};

use crate::{
    NATS_SUBCOMMAND,
    data::{DataFolder, KeptConsumer, NatsSecrets, letters, random},
};

/// Longest wait for a first connection.
const CONNECT_WAIT: Duration = Duration::from_secs(30);
/// Longest wait for a nats-server that starts again while it is asked whether it will do.
pub(crate) const PREFLIGHT_WAIT: Duration = Duration::from_secs(15);

/// Our own server, with what it needs to be told again when a consumer is added.
pub(crate) struct OwnServer {
    pub(crate) server: NatsServer,
    listen: SocketAddr,
    secrets: NatsSecrets,
    /// Most bytes it stores: it takes no other number while it runs.
    store_bytes_max: u64,
}

/// The NATS of a system: one that we run, or somebody else's.
pub(crate) enum Nats {
    /// We started it, and it ends with us.
    Own(OwnServer),
    /// Somebody else runs it; its address carries the user that may do everything.
    External {
        /// Where it is.
        url: String,
        /// Its monitoring endpoint, which alone tells whether it syncs.
        monitor_url: Option<String>,
    },
}

impl Nats {
    /// Where it is, without the password.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Own(own) => own.server.url(),
            Self::External { url, .. } => match (url.split_once("://"), url.rsplit_once('@')) {
                (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
                _ => url.clone(),
            },
        }
    }

    /// The process, when it is ours.
    pub(crate) fn pid(&self) -> Option<u32> {
        match self {
            Self::Own(own) => own.server.pid(),
            Self::External { .. } => None,
        }
    }

    /// Where it is monitored.
    pub(crate) fn monitor_url(&self) -> Option<String> {
        match self {
            Self::Own(own) => Some(own.server.monitor_url()),
            Self::External { monitor_url, .. } => monitor_url.clone(),
        }
    }

    /// Our own server.
    pub(crate) fn own(&self) -> Option<&OwnServer> {
        match self {
            Self::Own(own) => Some(own),
            Self::External { .. } => None,
        }
    }

    /// One connection per service: each with its own user on our own server, with the one user of the address otherwise.
    pub(crate) async fn connect(&self) -> anyhow::Result<Connections> {
        match self {
            Self::Own(own) => own.connect().await,
            Self::External { url, .. } => {
                let (bare, login) = (self.url(), credentials(url));
                let (bare, login) = (&bare, &login);
                let open = |name: &'static str| async move {
                    let options = ConnectionOptions::new(bare, format!("gridward-{name}"));
                    let options = match login {
                        Some((user, password)) => options.login(user, password, format!("_INBOX_{name}")),
                        None => options,
                    };
                    let connection = Connection::open(options).await?;
                    connection.connected(CONNECT_WAIT).await.context("the external NATS does not let us in")?;
                    anyhow::Ok(connection)
                };
                let (intake, projection) = (open("intake").await?, open("projection").await?);
                Ok(Connections { intake, projection, alerting: open("alerting").await?, provision: open("provision").await? })
            }
        }
    }
}

/// User and password of an address such as `nats://user:password@host:4222`.
fn credentials(url: &str) -> Option<(String, String)> {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (login, _) = authority.rsplit_once('@')?;
    let (user, password) = login.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// A service's own connection.
pub(crate) struct Connections {
    pub(crate) intake: Connection,
    pub(crate) projection: Connection,
    pub(crate) alerting: Connection,
    pub(crate) provision: Connection,
}

impl OwnServer {
    /// Starts our own server on the data folder and waits until it is ready.
    pub(crate) async fn start(data: &DataFolder, listen: SocketAddr) -> anyhow::Result<Self> {
        Self::start_with(data, listen, &data.consumers()?).await
    }

    /// As [`OwnServer::start`], for our own eyes: no consumer has an account.
    pub(crate) async fn start_alone(data: &DataFolder, listen: SocketAddr) -> anyhow::Result<Self> {
        Self::start_with(data, listen, &[]).await
    }

    async fn start_with(data: &DataFolder, listen: SocketAddr, consumers: &[KeptConsumer]) -> anyhow::Result<Self> {
        let secrets = data.nats_secrets()?;
        let options = ServerOptions {
            folder: data.join("nats"),
            binary: find_binary()?,
            launcher: Launcher::ThisProgram { subcommand: NATS_SUBCOMMAND.to_owned() },
            start_wait: START_WAIT,
        };
        let store_bytes_max = store_room(&options.folder).context("cannot tell how much room the log has")?;
        let config = config(listen, &secrets, store_bytes_max, consumers);
        let server = NatsServer::start(&options, &config).await.context("nats-server did not start")?;
        Ok(Self { server, listen, secrets, store_bytes_max })
    }

    /// Takes over consumers that were added or removed.
    pub(crate) async fn reload(&self, consumers: &[KeptConsumer]) -> anyhow::Result<()> {
        Ok(self.server.reload(&config(self.listen, &self.secrets, self.store_bytes_max, consumers)).await?)
    }

    /// One connection per service, each with its own user.
    pub(crate) async fn connect(&self) -> anyhow::Result<Connections> {
        let url = self.server.url();
        let open = |name: &'static str, password: &str| {
            let options = ConnectionOptions::new(&url, format!("gridward-{name}")).login(name, password, format!("_INBOX_{name}"));
            async move {
                let connection = Connection::open(options).await?;
                connection.connected(CONNECT_WAIT).await?;
                anyhow::Ok(connection)
            }
        };
        Ok(Connections {
            intake: open("intake", &self.secrets.intake).await?,
            projection: open("projection", &self.secrets.projection).await?,
            alerting: open("alerting", &self.secrets.alerting).await?,
            provision: open("provision", &self.secrets.provision).await?,
        })
    }
}

fn config(listen: SocketAddr, secrets: &NatsSecrets, store_bytes_max: u64, consumers: &[KeptConsumer]) -> ServerConfig {
    let services = vec![
        ServiceUser::intake(&secrets.intake),
        ServiceUser::projection(&secrets.projection),
        ServiceUser::alerting(&secrets.alerting),
        ServiceUser::provision(&secrets.provision),
    ];
    let mut config = ServerConfig::new(listen, &secrets.system, services);
    config.store_bytes_max = Some(store_bytes_max);
    config.consumers = consumers.iter().map(account).collect();
    config
}

/// The account of a consumer that was added.
pub(crate) fn account(consumer: &KeptConsumer) -> ConsumerAccount {
    ConsumerAccount {
        name: consumer.name.clone(),
        password: consumer.password.clone(),
        stream: consumer.stream.clone(),
        durable: consumer.durable.clone(),
        live: heartbeats(&consumer.filters),
        asks: consumer.asks.clone(),
    }
}

/// The heartbeats of the communities that these subjects are about: silence must not look like peace.
fn heartbeats(filters: &[String]) -> Vec<String> {
    let communities = filters.iter().filter_map(|filter| {
        let mut tokens = filter.split('.').skip(2);
        Some(format!("gw.v1.{}.{}.heartbeat", tokens.next()?, tokens.next()?))
    });
    communities.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

impl Connections {
    /// Closes all of them.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        for connection in [self.intake, self.projection, self.alerting, self.provision] {
            connection.close().await?;
        }
        Ok(())
    }
}

/// The streams of a system. That of names is made only where people are to be named on topics.
pub(crate) fn streams(log_bytes_max: Option<u64>, names_on_topics: bool) -> Vec<StreamPlan> {
    let mut streams = StreamPlan::all(log_bytes_max);
    streams.extend(names_on_topics.then(StreamPlan::alerts_full));
    streams
}

/// Refuses a server that would acknowledge what is not on disk, then sets up the streams.
pub(crate) async fn prepare(connection: &Connection, monitor_url: Option<&str>, unsynced: Unsynced, streams: &[StreamPlan]) -> anyhow::Result<()> {
    let facts = preflight_within(PREFLIGHT_WAIT, connection, monitor_url, unsynced).await?;
    tracing::info!(version = %facts.version, synced = ?facts.synced, "nats-server will do");
    let identity = random::<16>()?;
    let mut count = 0_u8;
    let new_identity = || {
        count += 1;
        letters(&[&identity[..], &[count]].concat())
    };
    for report in ensure(connection, streams, new_identity).await? {
        if let Some(drift) = report.drift.iter().find(|drift| !drift.harmless) {
            anyhow::bail!("stream {} is not set up as planned: {} is {}, it should be {}", report.name, drift.setting, drift.found, drift.planned);
        }
    }
    Ok(())
}
