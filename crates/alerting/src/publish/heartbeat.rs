//! A word every 30 s per community: silence of the system must differ from silence of the alerts.

use std::time::Duration;

use bus::{Announcer, EventLog};
use domain::{community, values::CommunityId};
use serde::Serialize;
use store::{Key, Prefix, Store};

use crate::{
    error::AlertingError,
    rows::{ACTIVE, COMMUNITIES},
};

/// How often, in real time (contracts.md).
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(30);
/// Rows read at once.
const PAGE_ROWS: usize = 1000;

#[derive(Serialize)]
struct Beat {
    /// How far the log is folded.
    sequence: u64,
    /// Commits that are not folded yet.
    lag: u64,
    /// Alerts that are open or acknowledged, those aside that say what medicine found.
    open_alerts: usize,
    /// Commits that could not be read and were set aside: alerts are judged without them.
    parked: usize,
}

/// Says once, for every community, how far the log is folded, how many alerts are open, and how many commits all of it lacks.
pub(crate) async fn beat(log: &EventLog, store: &Store, parked: usize, announcer: &Announcer) -> Result<(), AlertingError> {
    let Ok(head) = log.head().await else {
        tracing::debug!("no heartbeat: the log does not answer");
        return Ok(());
    };
    let reading = store.clone();
    let counted = tokio::task::spawn_blocking(move || Ok::<_, AlertingError>((reading.position()?.sequence, headcounts(&reading)?)));
    let (sequence, communities) = counted.await.map_err(|_| AlertingError::Task)??;
    for (community, state, open_alerts) in communities {
        let beat = Beat { sequence, lag: head.last_sequence.saturating_sub(sequence), open_alerts, parked };
        let subject = format!("gw.v1.{}.{community}.heartbeat", state.town);
        if let Err(error) = announcer.announce(&subject, serde_json::to_vec(&beat)?.into()).await {
            tracing::debug!(%error, "a heartbeat was not said");
        }
    }
    Ok(())
}

/// Every community with the number of its open alerts.
fn headcounts(store: &Store) -> Result<Vec<(CommunityId, community::State, usize)>, AlertingError> {
    let mut counts = Vec::new();
    let mut after: Option<Key> = None;
    loop {
        let rows = store.scan::<community::State>(COMMUNITIES, &Prefix::all_communities_of_table(), after.as_ref(), PAGE_ROWS)?;
        let last_page = rows.len() < PAGE_ROWS;
        after = rows.last().map(|(key, _)| key.clone());
        for (key, row) in rows {
            let community: CommunityId = key.read().community()?.parse().map_err(|_| store::KeyMismatch)?;
            counts.push((community.clone(), row.value, open_alerts(store, &community)?));
        }
        if last_page {
            return Ok(counts);
        }
    }
}

fn open_alerts(store: &Store, community: &CommunityId) -> Result<usize, AlertingError> {
    let (mut count, mut after) = (0, None);
    loop {
        let keys = store.scan_keys(ACTIVE, &Key::community(community.as_str()).prefix(), after.as_ref(), PAGE_ROWS)?;
        count += keys.len();
        if keys.len() < PAGE_ROWS {
            return Ok(count);
        }
        after = keys.last().cloned();
    }
}
