//! The configuration of the server as a value, and as the text nats-server reads.
//!
//! Services share one account, `CORE`, with a user and the fewest permissions each. Every outside consumer has an account of
//! its own: in a shared account it could forge events or steer another's messages by the reply subject it names.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Account of the services.
pub const CORE_ACCOUNT: &str = "CORE";
/// Prefix under which an outside consumer reaches its durable consumer: its own `$JS.API` is taken by the server.
pub const CONSUMER_API_PREFIX: &str = "GRIDWARD";
/// Longest name of a consumer.
const NAME_BYTES_MAX: usize = 48;
/// Connections one outside consumer may hold at once.
const CONSUMER_CONNECTIONS_MAX: u32 = 16;
/// Subscriptions one outside consumer may hold at once.
const CONSUMER_SUBSCRIPTIONS_MAX: u32 = 256;
/// Largest message an outside consumer may send, in bytes.
const CONSUMER_PAYLOAD_MAX: u32 = 256 * 1024;
/// How long a service may take to answer a question, before the server forgets that it was allowed to.
const RESPONSE_EXPIRES: &str = "2m";

/// Everything the server is told. Passwords are values that the caller makes and keeps.
#[derive(Clone)]
pub struct ServerConfig {
    /// Name of the server, shown in logs.
    pub server_name: String,
    /// Where clients connect; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where the server is monitored; it has no authentication, so keep it on 127.0.0.1. Port 0 takes any free one.
    pub monitor: SocketAddr,
    /// Most bytes the server stores; `None` leaves it three quarters of what is free.
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
    /// Whether it answers questions.
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
        f.debug_struct("ServerConfig")
            .field("listen", &self.listen)
            .field("consumers", &self.consumers)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ServiceUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceUser")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ConsumerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumerAccount")
            .field("name", &self.name)
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}

/// A name that cannot stand in a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {value:?} cannot be used: {why}")]
pub struct ConfigError {
    what: &'static str,
    value: String,
    why: &'static str,
}

impl ServiceUser {
    /// The one service that writes the log, and the keys.
    pub fn intake(password: impl Into<String>) -> Self {
        let mut user = Self::reader("intake", password);
        user.publish.extend(owned(&[
            "ev.>",
            "key.>",
            "$JS.API.STREAM.MSG.DELETE.KEYS",
            "$JS.API.STREAM.PURGE.KEYS",
        ]));
        user.subscribe.extend(owned(&["gw.v1.*.*.command"]));
        user
    }

    /// The service that folds the log into rows and shows them.
    pub fn projection(password: impl Into<String>) -> Self {
        Self::reader("projection", password)
    }

    /// The one service that tells outsiders.
    pub fn alerting(password: impl Into<String>) -> Self {
        let mut user = Self::reader("alerting", password);
        user.publish.extend(owned(&[
            "gw.v1.*.*.alert.>",
            "gw.v1.*.*.status.>",
            "gw.v1.*.*.heartbeat",
            "gw-full.v1.>",
            "gw-public.v1.>",
        ]));
        for stream in ["ALERTS", "ALERTS_FULL", "ALERTS_PUBLIC", "STATUS"] {
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
        Self {
            name: "provision".to_owned(),
            password: password.into(),
            publish,
            subscribe: Vec::new(),
            answers: false,
        }
    }

    /// Prefix of the subjects on which this user's answers arrive.
    pub fn inbox_prefix(&self) -> String {
        inbox_prefix(&self.name)
    }

    fn reader(name: &str, password: impl Into<String>) -> Self {
        let mut publish = owned(&[
            "$JS.API.CONSUMER.CREATE.EVENTS.>",
            "$JS.API.CONSUMER.MSG.NEXT.EVENTS.*",
            "svc.>",
        ]);
        publish.extend(look_into("EVENTS"));
        publish.extend(look_into("KEYS"));
        Self {
            name: name.to_owned(),
            password: password.into(),
            publish,
            subscribe: vec![format!("svc.{name}.>")],
            answers: true,
        }
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

    fn account(&self) -> String {
        format!("C_{}", self.name)
    }

    /// What it may ask of its durable consumer, as subjects in the account of the services, and whether many answers come.
    fn calls(&self) -> [(String, bool); 2] {
        let of = |call: &str| format!("{call}.{}.{}", self.stream, self.durable);
        [
            (of("CONSUMER.INFO"), false),
            (of("CONSUMER.MSG.NEXT"), true),
        ]
    }

    /// Both forms of the acknowledgement: 2.15 can be switched to the longer one.
    fn acks(&self) -> [String; 2] {
        [
            format!("$JS.ACK.{}.{}.>", self.stream, self.durable),
            format!("$JS.ACK.*.*.{}.{}.>", self.stream, self.durable),
        ]
    }
}

impl ServerConfig {
    /// A configuration for one machine, with the services given and no outside consumers.
    pub fn new(
        listen: SocketAddr,
        system_password: impl Into<String>,
        services: Vec<ServiceUser>,
    ) -> Self {
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

    /// The text for nats-server, which keeps its files under `folder`.
    ///
    /// # Errors
    /// When a name or a subject cannot stand in a configuration, or a name occurs twice.
    pub fn text(&self, folder: &Path) -> Result<String, ConfigError> {
        self.check()?;
        let mut text = String::from("# written by gridward: changes are overwritten\n");
        // writing to a string cannot fail
        let _infallible = self.write(&mut text, folder);
        Ok(text)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let mut seen = vec!["system".to_owned()];
        let consumers = self.consumers.iter().flat_map(|consumer| {
            [
                ("consumer", &consumer.name),
                ("durable consumer", &consumer.durable),
                ("stream", &consumer.stream),
            ]
        });
        for (what, name) in self
            .services
            .iter()
            .map(|service| ("service", &service.name))
            .chain(consumers)
        {
            check_name(what, name)?;
        }
        let users = self
            .services
            .iter()
            .map(|service| service.name.clone())
            .chain(self.consumers.iter().map(ConsumerAccount::user));
        for user in users {
            if seen.contains(&user) {
                return Err(ConfigError {
                    what: "user",
                    value: user,
                    why: "the name is taken",
                });
            }
            seen.push(user);
        }
        let service_subjects = self
            .services
            .iter()
            .flat_map(|service| service.publish.iter().chain(&service.subscribe));
        for subject in service_subjects.chain(
            self.consumers
                .iter()
                .flat_map(|consumer| consumer.live.iter().chain(&consumer.asks)),
        ) {
            check_subject(subject)?;
        }
        Ok(())
    }

    fn write(&self, out: &mut String, folder: &Path) -> fmt::Result {
        let file = |name: &str| quoted(&folder.join(name).to_string_lossy());
        writeln!(out, "server_name: {}", quoted(&self.server_name))?;
        writeln!(out, "listen: {}", quoted(&address(self.listen)))?;
        writeln!(out, "http: {}", quoted(&address(self.monitor)))?;
        writeln!(out, "ports_file_dir: {}", file("ports"))?;
        writeln!(
            out,
            "log_file: {}\nlogfile_size_limit: 10MB\nlogfile_max_num: 4",
            file("server.log")
        )?;
        if let Some(tls) = &self.tls {
            let (certificate, key) = (
                quoted(&tls.certificate.to_string_lossy()),
                quoted(&tls.key.to_string_lossy()),
            );
            writeln!(
                out,
                "tls {{ cert_file: {certificate}, key_file: {key}, min_version: \"1.3\" }}"
            )?;
        }
        // the acknowledgement of a message waits for its fsync
        write!(
            out,
            "jetstream {{ store_dir: {}, sync_interval: always, max_memory_store: 64MB",
            file("store")
        )?;
        if let Some(bytes) = self.store_bytes_max {
            write!(out, ", max_file_store: {bytes}")?;
        }
        writeln!(out, " }}\nsystem_account: SYS\naccounts {{")?;
        writeln!(
            out,
            "  SYS {{ users: [ {{ user: system, password: {} }} ] }}",
            quoted(&self.system_password)
        )?;
        self.write_core(out)?;
        for consumer in &self.consumers {
            write_consumer(out, consumer)?;
        }
        writeln!(out, "}}")
    }

    fn write_core(&self, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "  {CORE_ACCOUNT} {{\n    jetstream: enabled\n    users: ["
        )?;
        for service in &self.services {
            let mut listen = vec![format!("{}.>", service.inbox_prefix())];
            listen.extend(service.subscribe.iter().cloned());
            let answers = if service.answers {
                format!(
                    ", allow_responses: {{ max: 1, expires: {} }}",
                    quoted(RESPONSE_EXPIRES)
                )
            } else {
                String::new()
            };
            write_user(
                out,
                &service.name,
                &service.password,
                &service.publish,
                &listen,
                &answers,
            )?;
        }
        writeln!(out, "    ]\n    exports: [")?;
        let mut live: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut asks: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for consumer in &self.consumers {
            let to = format!("accounts: [{}]", quoted(&consumer.account()));
            for (call, many) in consumer.calls() {
                let response = if many { ", response_type: stream" } else { "" };
                writeln!(
                    out,
                    "      {{ service: {}{response}, {to} }}",
                    quoted(&format!("$JS.API.{call}"))
                )?;
            }
            for ack in consumer.acks() {
                writeln!(out, "      {{ service: {}, {to} }}", quoted(&ack))?;
            }
            consumer
                .live
                .iter()
                .for_each(|subject| live.entry(subject).or_default().push(consumer.account()));
            consumer
                .asks
                .iter()
                .for_each(|subject| asks.entry(subject).or_default().push(consumer.account()));
        }
        for (kind, exports) in [("stream", live), ("service", asks)] {
            for (subject, accounts) in exports {
                writeln!(
                    out,
                    "      {{ {kind}: {}, accounts: {} }}",
                    quoted(subject),
                    list(&accounts)
                )?;
            }
        }
        writeln!(out, "    ]\n  }}")
    }
}

fn write_consumer(out: &mut String, consumer: &ConsumerAccount) -> fmt::Result {
    writeln!(out, "  {} {{", consumer.account())?;
    writeln!(
        out,
        "    limits: {{ max_connections: {CONSUMER_CONNECTIONS_MAX}, max_subscriptions: {CONSUMER_SUBSCRIPTIONS_MAX}, max_payload: {CONSUMER_PAYLOAD_MAX} }}"
    )?;
    writeln!(out, "    users: [")?;
    let mut publish: Vec<String> = consumer
        .calls()
        .iter()
        .map(|(call, _)| format!("{CONSUMER_API_PREFIX}.{call}"))
        .collect();
    publish.extend(consumer.acks());
    publish.extend(consumer.asks.iter().cloned());
    let mut listen = vec![format!("{}.>", consumer.inbox_prefix())];
    listen.extend(consumer.live.iter().cloned());
    write_user(
        out,
        &consumer.user(),
        &consumer.password,
        &publish,
        &listen,
        "",
    )?;
    writeln!(out, "    ]\n    imports: [")?;
    let from = |subject: &str| {
        format!(
            "{{ account: {CORE_ACCOUNT}, subject: {} }}",
            quoted(subject)
        )
    };
    for (call, _) in consumer.calls() {
        let (theirs, ours) = (
            from(&format!("$JS.API.{call}")),
            quoted(&format!("{CONSUMER_API_PREFIX}.{call}")),
        );
        writeln!(out, "      {{ service: {theirs}, to: {ours} }}")?;
    }
    for subject in consumer.acks().iter().chain(&consumer.asks) {
        writeln!(out, "      {{ service: {} }}", from(subject))?;
    }
    for subject in &consumer.live {
        writeln!(out, "      {{ stream: {} }}", from(subject))?;
    }
    writeln!(out, "    ]\n  }}")
}

fn write_user(
    out: &mut String,
    name: &str,
    password: &str,
    publish: &[String],
    subscribe: &[String],
    more: &str,
) -> fmt::Result {
    writeln!(
        out,
        "      {{ user: {}, password: {}, permissions: {{",
        quoted(name),
        quoted(password)
    )?;
    writeln!(out, "          publish: {{ allow: {} }},", list(publish))?;
    writeln!(
        out,
        "          subscribe: {{ allow: {} }}{more} }} }}",
        list(subscribe)
    )
}

fn look_into(stream: &str) -> [String; 3] {
    [
        format!("$JS.API.STREAM.INFO.{stream}"),
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

fn address(address: SocketAddr) -> String {
    // nats-server reads 0 as its default port, and -1 as any free one
    let port = if address.port() == 0 {
        "-1".to_owned()
    } else {
        address.port().to_string()
    };
    match address {
        SocketAddr::V4(v4) => format!("{}:{port}", v4.ip()),
        SocketAddr::V6(v6) => format!("[{}]:{port}", v6.ip()),
    }
}

fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(", "))
}

/// A string of the configuration. Quoted, so that `$` and a leading digit mean nothing.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

fn check_name(what: &'static str, name: &str) -> Result<(), ConfigError> {
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !plain {
        return Err(ConfigError {
            what,
            value: name.to_owned(),
            why: "it takes 1 to 48 letters, digits, - and _",
        });
    }
    Ok(())
}

fn check_subject(subject: &str) -> Result<(), ConfigError> {
    let plain = subject.split('.').all(|token| {
        !token.is_empty()
            && token
                .chars()
                .all(|c| c.is_ascii_graphic() && c != '"' && c != '\\')
    });
    if plain {
        Ok(())
    } else {
        Err(ConfigError {
            what: "subject",
            value: subject.to_owned(),
            why: "it is not a subject",
        })
    }
}
