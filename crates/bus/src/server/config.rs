//! The configuration of the server as a value, and as the text nats-server reads.
//!
//! Services share one account, `CORE`, with a user and the fewest permissions each. Every outside consumer has an account of
//! its own: in a shared account it could forge events or steer another's messages by the reply subject it names.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Account of the services.
pub const CORE_ACCOUNT: &str = "CORE";
/// Prefix under which an outside consumer reaches its durable consumer: its own `$JS.API` is taken by the server.
pub const CONSUMER_API_PREFIX: &str = "GRIDWARD";

/// Everything the server is told. Passwords are values that the caller makes and keeps.
#[derive(Clone)]
pub struct ServerConfig {
    /// Name of the server, shown in logs.
    pub server_name: String,
    /// Where clients connect; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where the server is monitored; it has no authentication, so keep it on 127.0.0.1. Port 0 takes any free one.
    pub monitor: SocketAddr,
    /// Most bytes the server stores, as [`super::store_room`] counts them; `None` leaves it three quarters of what is free when it starts.
    pub store_bytes_max: Option<u64>,
    /// Certificate and key for clients, when they speak TLS.
    pub tls: Option<TlsFiles>,
    /// Password of the user `system`, for monitoring and backups.
    pub system_password: String,
    /// The services.
    pub services: Vec<ServiceUser>,
    /// The outside consumers.
    pub consumers: Vec<ConsumerAccount>,
}

/// Files with the certificate and the key of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate chain, PEM.
    pub certificate: PathBuf,
    /// Private key, PEM.
    pub key: PathBuf,
}

/// A service: a user in the account of the services.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceUser {
    /// Name of the user.
    pub name: String,
    /// Password of the user.
    pub password: String,
    /// Subjects it may publish to.
    pub publish: Vec<String>,
    /// Subjects it may listen on, besides its own inbox.
    pub subscribe: Vec<String>,
    /// Whether it answers questions. The server then remembers of every message it is given whom it may answer, and looks all of them
    /// through again and again: of a log that is read from its start, millions. So only who must, may.
    pub answers: bool,
}

/// An outside consumer: an account with one user, one durable consumer and nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsumerAccount {
    /// Name of the consumer: letters, digits, `-` and `_`.
    pub name: String,
    /// Password of its user.
    pub password: String,
    /// Stream its durable consumer reads.
    pub stream: String,
    /// Name of its durable consumer.
    pub durable: String,
    /// Subjects it may follow live, such as the heartbeat.
    pub live: Vec<String>,
    /// Subjects on which it may ask: commands, where it is let to give them.
    pub asks: Vec<String>,
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig").field("listen", &self.listen).field("consumers", &self.consumers).finish_non_exhaustive()
    }
}

impl fmt::Debug for ServiceUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceUser").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for ConsumerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumerAccount").field("name", &self.name).field("stream", &self.stream).finish_non_exhaustive()
    }
}

/// A name that cannot stand in a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {value:?} cannot be used: {why}")]
pub struct ConfigError {
    pub(super) what: &'static str,
    pub(super) value: String,
    pub(super) why: &'static str,
}

impl ServiceUser {
    /// The one service that writes the log, and the keys.
    pub fn intake(password: impl Into<String>) -> Self {
        let mut user = Self::reader("intake", password);
        user.publish.extend(owned(&["ev.>", "key.>", "$JS.API.STREAM.MSG.DELETE.KEYS", "$JS.API.STREAM.PURGE.KEYS"]));
        user.subscribe.extend(owned(&["svc.intake.>", "gw.v1.*.*.command"]));
        Self { answers: true, ..user }
    }

    /// The service that folds the log into rows and shows them.
    pub fn projection(password: impl Into<String>) -> Self {
        let mut user = Self::reader("projection", password);
        // how buildings stand, and what is clicked on its pages
        user.publish.extend(owned(&["gw.v1.*.*.status.>", "gw.v1.*.*.command"]));
        user.publish.extend(look_into("STATUS"));
        user
    }

    /// The one service that tells outsiders of alerts, and keeps how far each delivery came.
    pub fn alerting(password: impl Into<String>) -> Self {
        let mut user = Self::reader("alerting", password);
        user.publish.extend(owned(&[
            "svc.intake.>",
            "gw.v1.*.*.alert.>",
            "gw.v1.*.*.heartbeat",
            "gw-full.v1.>",
            "gw-public.v1.>",
            "gw-nudge.v1.>",
            "delivery.*",
        ]));
        for stream in ["ALERTS", "ALERTS_FULL", "ALERTS_PUBLIC", "NUDGES", "DELIVERIES"] {
            user.publish.extend(look_into(stream));
        }
        user
    }

    /// The user that makes streams and the durable consumers of outsiders. It cannot write, delete or purge messages.
    pub fn provision(password: impl Into<String>) -> Self {
        let publish = owned(&[
            "$JS.API.INFO",
            "$JS.API.STREAM.INFO.*",
            "$JS.API.STREAM.NAMES",
            "$JS.API.STREAM.LIST",
            "$JS.API.STREAM.CREATE.*",
            "$JS.API.CONSUMER.CREATE.>",
            "$JS.API.CONSUMER.DURABLE.CREATE.>",
            "$JS.API.CONSUMER.INFO.>",
            "$JS.API.CONSUMER.NAMES.>",
            "$JS.API.CONSUMER.LIST.>",
            "$JS.API.CONSUMER.DELETE.>",
        ]);
        Self { name: "provision".to_owned(), password: password.into(), publish, subscribe: Vec::new(), answers: false }
    }

    /// Prefix of the subjects on which this user's answers arrive.
    pub fn inbox_prefix(&self) -> String {
        inbox_prefix(&self.name)
    }

    fn reader(name: &str, password: impl Into<String>) -> Self {
        let mut publish = owned(&["$JS.API.CONSUMER.CREATE.EVENTS.>", "$JS.API.CONSUMER.MSG.NEXT.EVENTS.*", "svc.nobody.>"]);
        publish.extend(look_into("EVENTS"));
        publish.extend(look_into("KEYS"));
        Self { name: name.to_owned(), password: password.into(), publish, subscribe: Vec::new(), answers: false }
    }
}

impl ConsumerAccount {
    /// Name of its user.
    pub fn user(&self) -> String {
        format!("consumer-{}", self.name)
    }

    /// Prefix of the subjects on which its answers arrive.
    pub fn inbox_prefix(&self) -> String {
        inbox_prefix(&self.user())
    }

    pub(super) fn account(&self) -> String {
        format!("C_{}", self.name)
    }

    /// What it may ask of its durable consumer, as subjects in the account of the services, and whether many answers come.
    pub(super) fn calls(&self) -> [(String, bool); 2] {
        let of = |call: &str| format!("{call}.{}.{}", self.stream, self.durable);
        [(of("CONSUMER.INFO"), false), (of("CONSUMER.MSG.NEXT"), true)]
    }

    /// Both forms of the acknowledgement: 2.15 can be switched to the longer one.
    pub(super) fn acks(&self) -> [String; 2] {
        [format!("$JS.ACK.{}.{}.>", self.stream, self.durable), format!("$JS.ACK.*.*.{}.{}.>", self.stream, self.durable)]
    }
}

impl ServerConfig {
    /// A configuration for one machine, with the services given and no outside consumers.
    pub fn new(listen: SocketAddr, system_password: impl Into<String>, services: Vec<ServiceUser>) -> Self {
        Self {
            server_name: "gridward".to_owned(),
            listen,
            monitor: SocketAddr::from(([127, 0, 0, 1], 0)),
            store_bytes_max: None,
            tls: None,
            system_password: system_password.into(),
            services,
            consumers: Vec::new(),
        }
    }
}

/// `MSG.GET` is for what may be damaged: its answer is JSON.
fn look_into(stream: &str) -> [String; 4] {
    [
        format!("$JS.API.STREAM.INFO.{stream}"),
        format!("$JS.API.STREAM.MSG.GET.{stream}"),
        format!("$JS.API.DIRECT.GET.{stream}"),
        format!("$JS.API.DIRECT.GET.{stream}.>"),
    ]
}

fn inbox_prefix(user: &str) -> String {
    format!("_INBOX_{user}")
}

fn owned(subjects: &[&str]) -> Vec<String> {
    subjects.iter().map(|&subject| subject.to_owned()).collect()
}
