//! One connection of one service to NATS: how it is made, how it is doing, and how it ends.

use std::fmt;
use std::future::ready;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::{Client, ConnectOptions, Event};
use tokio::sync::watch;

/// Longest wait for the answer to a request to the JetStream API.
pub const API_WAIT: Duration = Duration::from_secs(5);
/// How often an idle connection is checked. A dead peer is noticed after two of these.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// Longest pause between two attempts to connect.
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(2);
/// First pause between two attempts to connect; it doubles up to [`RECONNECT_PAUSE_MAX`].
const RECONNECT_PAUSE_MIN: Duration = Duration::from_millis(20);
/// Longest wait for what is still buffered when a connection is closed.
const CLOSE_WAIT: Duration = Duration::from_secs(5);

/// Who a service is to the server.
#[derive(Clone)]
pub struct Login {
    /// Name of the NATS user.
    pub user: String,
    /// Its password. Never shown: the `Debug` form leaves it out.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// How to reach the server, and as whom.
#[derive(Clone, Debug)]
pub struct ConnectionOptions {
    /// Address such as `nats://127.0.0.1:4222`; several are separated by commas.
    pub url: String,
    /// Name shown in the server's list of connections.
    pub name: String,
    /// User and password; `None` for a server without accounts.
    pub login: Option<Login>,
    /// Prefix of the subjects on which answers arrive. Each user has one of its own, so that no other user may listen.
    pub inbox_prefix: String,
    /// Certificates of the authorities to trust, PEM files. Empty means those of the system.
    pub root_certificates: Vec<PathBuf>,
    /// Refuse to talk without TLS.
    pub require_tls: bool,
}

impl ConnectionOptions {
    /// Options without user and without TLS, for a server that needs neither.
    pub fn new(url: impl Into<String>, name: impl Into<String>) -> Self {
        Self { url: url.into(), name: name.into(), login: None, inbox_prefix: "_INBOX".to_owned(), root_certificates: Vec::new(), require_tls: false }
    }

    /// The same options for one user with its own inbox prefix.
    #[must_use]
    pub fn login(mut self, user: impl Into<String>, password: impl Into<String>, inbox_prefix: impl Into<String>) -> Self {
        self.login = Some(Login { user: user.into(), password: password.into() });
        self.inbox_prefix = inbox_prefix.into();
        self
    }
}

/// Why no connection could even be tried: the address or the certificates are of no use.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the nats address or certificates")]
pub struct ConnectError(#[source] async_nats::ConnectError);

/// The server did not let us in within the time given.
#[derive(Debug, thiserror::Error)]
#[error("not connected to nats after {waited:?}: {why}")]
pub struct NotConnected {
    /// How long was waited.
    pub waited: Duration,
    /// What the last attempt said, for a human.
    pub why: String,
}

/// The connection could not be closed in order: something may not have been sent.
#[derive(Debug, thiserror::Error)]
#[error("the nats connection did not close in order")]
pub struct CloseError;

/// How a connection is doing, for readiness and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionState {
    /// Whether the server can be talked to now.
    pub connected: bool,
    /// How many times the connection was made; more than 1 means it was lost in between.
    pub connects: u64,
    /// What last went wrong, if anything did.
    pub last_error: Option<String>,
}

/// What the callback of async-nats leaves for others to see.
#[derive(Clone, Debug, Default)]
struct Observed {
    /// Moves with every event, so that a waiting task wakes up and looks.
    events: u64,
    closed: bool,
    last_error: Option<Arc<str>>,
}

/// A connection that looks after itself: it reconnects for ever, and a clone is the same connection.
#[derive(Clone)]
pub struct Connection(Arc<Shared>);

struct Shared {
    client: Client,
    jetstream: Context,
    observed: watch::Receiver<Observed>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("state", &self.state()).finish()
    }
}

impl Connection {
    /// Starts connecting and returns at once; [`Connection::connected`] waits until the server answers.
    ///
    /// # Errors
    /// When the address cannot be parsed or a certificate cannot be read. A server that is away is not an error.
    pub async fn open(options: ConnectionOptions) -> Result<Self, ConnectError> {
        let (events, observed) = watch::channel(Observed::default());
        let mut connect = ConnectOptions::new()
            .name(&options.name)
            .custom_inbox_prefix(&options.inbox_prefix)
            .ping_interval(PING_INTERVAL)
            .request_timeout(Some(API_WAIT))
            .retry_on_initial_connect()
            .ignore_discovered_servers()
            .require_tls(options.require_tls)
            .reconnect_delay_callback(reconnect_pause)
            .event_callback(move |event| {
                note(&events, &event);
                ready(())
            });
        for certificate in options.root_certificates {
            connect = connect.add_root_certificates(certificate);
        }
        if let Some(login) = options.login {
            connect = connect.user_and_password(login.user, login.password);
        }
        let servers: Vec<String> = options.url.split(',').map(|url| url.trim().to_owned()).collect();
        let client = connect.connect(servers).await.map_err(ConnectError)?;
        let jetstream = ContextBuilder::new().timeout(API_WAIT).build(client.clone());
        Ok(Self(Arc::new(Shared { client, jetstream, observed })))
    }

    /// Waits until the server has let us in.
    ///
    /// # Errors
    /// After `within`, with the last thing the server or the network said.
    pub async fn connected(&self, within: Duration) -> Result<(), NotConnected> {
        let mut observed = self.0.observed.clone();
        let wait = async {
            while !self.is_connected() {
                // events may be dropped by async-nats when it is busy, so the state itself is looked at as well
                let _event_or_time_to_look = tokio::time::timeout(RECONNECT_PAUSE_MIN, observed.changed()).await;
            }
        };
        tokio::time::timeout(within, wait)
            .await
            .map_err(|_elapsed| NotConnected { waited: within, why: self.state().last_error.unwrap_or_else(|| "no answer".to_owned()) })
    }

    /// How the connection is doing now.
    pub fn state(&self) -> ConnectionState {
        ConnectionState {
            connected: self.is_connected(),
            connects: self.connects(),
            last_error: self.0.observed.borrow().last_error.as_deref().map(str::to_owned),
        }
    }

    /// Sends what is buffered and closes the connection. Await every acknowledgement first: closing does not wait for them.
    ///
    /// # Errors
    /// When the server took nothing more within five seconds.
    pub async fn close(&self) -> Result<(), CloseError> {
        let mut observed = self.0.observed.clone();
        let close = async {
            self.0.client.flush().await.map_err(|_| CloseError)?;
            self.0.client.drain().await.map_err(|_| CloseError)?;
            observed.wait_for(|seen| seen.closed).await.map(|_| ()).or(Ok(()))
        };
        tokio::time::timeout(CLOSE_WAIT, close).await.map_err(|_elapsed| CloseError)?
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(crate) fn jetstream(&self) -> &Context {
        &self.0.jetstream
    }

    fn is_connected(&self) -> bool {
        // the state is left as it was when the connection is closed on purpose
        self.0.client.connection_state() == State::Connected && !self.0.observed.borrow().closed
    }

    /// How many times the connection was made so far.
    pub(crate) fn connects(&self) -> u64 {
        self.0.client.statistics().connects.load(Ordering::Relaxed)
    }

    /// Returns when something happened to the connection, or never when it is gone for good.
    pub(crate) fn events(&self) -> ConnectionEvents {
        ConnectionEvents(self.0.observed.clone())
    }
}

/// Wakes a task when something happened to a connection.
pub(crate) struct ConnectionEvents(watch::Receiver<Observed>);

impl ConnectionEvents {
    /// Waits for the next thing to happen. Cancel-safe. Never returns once the connection is gone.
    pub(crate) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

fn reconnect_pause(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or(u32::MAX).min(10);
    (RECONNECT_PAUSE_MIN * 2_u32.pow(doublings)).min(RECONNECT_PAUSE_MAX)
}

fn note(observed: &watch::Sender<Observed>, event: &Event) {
    let error = match event {
        Event::ServerError(error) => Some(error.to_string()),
        Event::ClientError(error) => Some(error.to_string()),
        Event::SlowConsumer(_) => Some("slow consumer".to_owned()),
        Event::LameDuckMode => Some("the server is shutting down".to_owned()),
        Event::Connected | Event::Disconnected | Event::Draining | Event::Closed => None,
    };
    match &error {
        Some(error) => tracing::warn!(%error, "nats connection"),
        None => tracing::debug!(%event, "nats connection"),
    }
    observed.send_modify(|seen| {
        seen.events += 1;
        seen.closed |= matches!(event, Event::Closed);
        if let Some(error) = error {
            seen.last_error = Some(error.into());
        }
    });
}
