//! The monitoring endpoint of nats-server, which alone tells whether acknowledged messages are synced.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Longest wait for an answer of the monitoring endpoint.
const MONITOR_WAIT: Duration = Duration::from_secs(5);

/// The monitoring endpoint of one server.
pub(crate) struct Monitor {
    url: String,
}

/// The endpoint gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
#[error("no use of the monitoring endpoint {url}")]
pub(crate) struct MonitorError {
    url: String,
    #[source]
    source: reqwest::Error,
}

/// What `/jsz?config=1` says.
#[derive(Debug, Deserialize)]
pub(crate) struct JetStreamFacts {
    #[serde(default)]
    pub(crate) server_id: String,
    #[serde(default)]
    pub(crate) disabled: bool,
    #[serde(default)]
    pub(crate) config: JetStreamConfig,
}

/// The part of the configuration that matters. The server leaves out what is false.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct JetStreamConfig {
    #[serde(default)]
    pub(crate) sync_always: bool,
}

#[derive(Deserialize)]
struct ServerFacts {
    config_load_time: String,
}

impl Monitor {
    pub(crate) fn new(url: impl Into<String>) -> Self {
        Self { url: url.into().trim_end_matches('/').to_owned() }
    }

    pub(crate) async fn jetstream(&self) -> Result<JetStreamFacts, MonitorError> {
        self.get("/jsz?config=1").await
    }

    /// When the server last took over a configuration, in its own words.
    pub(crate) async fn config_loaded_at(&self) -> Result<String, MonitorError> {
        Ok(self.get::<ServerFacts>("/varz").await?.config_load_time)
    }

    /// Whether the server and its JetStream are well.
    pub(crate) async fn healthy(&self) -> bool {
        // the plain form also tells of a stream that cannot write; with js-enabled-only it would not
        self.ask("/healthz").await.is_ok()
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, MonitorError> {
        self.ask(path).await?.json().await.map_err(|source| self.error(source))
    }

    async fn ask(&self, path: &str) -> Result<reqwest::Response, MonitorError> {
        // the first one who needs cryptography chooses it for the process; a second choice changes nothing
        let _already_chosen = async_nats::rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(MONITOR_WAIT).no_proxy().build().map_err(|source| self.error(source))?;
        let answer = client.get(format!("{}{path}", self.url)).send().await.and_then(reqwest::Response::error_for_status);
        answer.map_err(|source| self.error(source))
    }

    fn error(&self, source: reqwest::Error) -> MonitorError {
        MonitorError { url: self.url.clone(), source }
    }
}
