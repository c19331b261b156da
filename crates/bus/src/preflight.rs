//! What has to be true of the server before anything is acknowledged on its word.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::connection::Connection;
use crate::monitor::Monitor;

/// Oldest version that will do, as major and minor: 2.14 syncs every message of a batch for itself.
pub const SERVER_VERSION_MIN: (u64, u64) = (2, 15);

/// Pause before a server is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// What to do when the server does not sync each message before it acknowledges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsynced {
    /// Do not serve: a power cut would take acknowledged messages with it.
    Refuse,
    /// The operator has said in so many words that losing acknowledged messages is acceptable.
    Accept,
}

/// What was found out about the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its version, such as `2.15.1`.
    pub version: String,
    /// Whether an acknowledged message survives a power cut; `None` when nothing could tell and that was accepted.
    pub synced: Option<bool>,
}

/// Why the server will not do. An operator has to change something.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// There is no connection, so nothing can be said.
    #[error("no connection to nats: {0}")]
    NotConnected(String),
    /// Its version is below [`SERVER_VERSION_MIN`].
    #[error("nats-server {found} is too old: version 2.15 or newer is needed")]
    TooOld {
        /// The version it says it has.
        found: String,
    },
    /// JetStream is off.
    #[error("jetstream is off: enable it in the configuration of nats-server")]
    NoJetStream,
    /// It acknowledges messages that are not on disk yet.
    #[error(
        "nats-server acknowledges messages before they are on disk: set `sync_interval: always` in its jetstream block, \
         or accept in the configuration that a power cut loses them"
    )]
    Unsynced,
    /// Nobody can say whether it syncs.
    #[error("cannot find out whether nats-server syncs: {0}")]
    Unknown(String),
    /// The monitoring address is that of another server than the one that is connected to.
    #[error("the monitoring address {0} belongs to another nats-server")]
    OtherServer(String),
}

/// Checks the version, JetStream and syncing of the server behind `connection`. `monitor_url` is its monitoring endpoint, the
/// only place that tells about syncing.
///
/// # Errors
/// When the server will not do, in words for the operator.
pub async fn preflight(connection: &Connection, monitor_url: Option<&str>, unsynced: Unsynced) -> Result<Facts, PreflightError> {
    let Some(server) = connection.client().try_server_info().filter(|_| connection.state().connected) else {
        return Err(PreflightError::NotConnected(connection.state().last_error.unwrap_or_else(|| "not connected yet".to_owned())));
    };
    if version(&server.version).is_none_or(|found| found < SERVER_VERSION_MIN) {
        return Err(PreflightError::TooOld { found: server.version });
    }
    if !server.jetstream {
        return Err(PreflightError::NoJetStream);
    }
    let facts = |synced| Facts { version: server.version.clone(), synced };
    let asked = match monitor_url {
        Some(url) => Monitor::new(url).jetstream().await.map_err(|error| chain(&error)),
        None => Err("no monitoring address is configured".to_owned()),
    };
    match asked {
        Err(why) if unsynced == Unsynced::Refuse => Err(PreflightError::Unknown(why)),
        Err(_) => Ok(facts(None)),
        Ok(found) if found.disabled => Err(PreflightError::NoJetStream),
        // in a cluster the connection may be to any of the servers
        Ok(found) if server.cluster.is_none() && found.server_id != server.server_id => {
            Err(PreflightError::OtherServer(monitor_url.unwrap_or_default().to_owned()))
        }
        Ok(found) if found.config.sync_always || unsynced == Unsynced::Accept => Ok(facts(Some(found.config.sync_always))),
        Ok(_) => Err(PreflightError::Unsynced),
    }
}

/// As [`preflight`], for a server that may just be starting again: what that explains is asked again for so long.
///
/// # Errors
/// As [`preflight`].
pub async fn preflight_within(wait: Duration, connection: &Connection, monitor_url: Option<&str>, unsynced: Unsynced) -> Result<Facts, PreflightError> {
    let until = Instant::now() + wait;
    loop {
        let refused = match preflight(connection, monitor_url, unsynced).await {
            Ok(facts) => return Ok(facts),
            Err(refused) => refused,
        };
        if !(refused.may_pass() && monitor_url.is_some() && Instant::now() < until) {
            return Err(refused);
        }
        tracing::warn!(%refused, "nats-server is asked again");
        sleep(PAUSE).await;
    }
}

impl PreflightError {
    /// Whether a server that starts again explains it: gone while it was asked, or another process by the time it answered.
    const fn may_pass(&self) -> bool {
        matches!(self, Self::NotConnected(_) | Self::Unknown(_) | Self::OtherServer(_))
    }
}

fn version(text: &str) -> Option<(u64, u64)> {
    let mut parts = text.trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// An error with its causes, for an operator who sees one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_not_text() {
        assert_eq!(version("2.15.1"), Some((2, 15)));
        assert_eq!(version("v2.9.0-beta.1"), Some((2, 9)));
        assert!(version("2.9.0") < Some(SERVER_VERSION_MIN), "9 is less than 15");
        assert!(version("3.0.0") > Some(SERVER_VERSION_MIN));
        assert_eq!(version(""), None);
        assert_eq!(version("two.15"), None);
    }
}
