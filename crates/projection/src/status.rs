//! Telling outsiders how buildings stand: the last value per building on `gw.v1.{town}.{community}.status.{building}`.
//!
//! Only last values are told, so nothing is owed to anybody about the past: after a start every building is compared with what stands
//! on the topic, and a rebuild changes nothing where nothing changed.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bus::LastValues;
use domain::values::{BuildingId, CommunityId, TownId};
use readmodel::views::StatusRow;
use tokio::sync::watch;

use crate::{
    changes::{Place, Resumed},
    live::{Live, Phase},
    reader::Reader,
};

/// Changes are gathered this long: a building that changes often is told of once.
const GATHER: Duration = Duration::from_secs(1);

/// Whoever tells how buildings stand.
pub(crate) struct StatusTeller {
    pub(crate) live: Arc<Live>,
    pub(crate) reader: Reader,
    pub(crate) values: LastValues,
}

impl StatusTeller {
    /// Tells until told to stop.
    pub(crate) async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut places: HashMap<CommunityId, Place> = HashMap::new();
        let mut told: HashMap<String, Vec<u8>> = HashMap::new();
        loop {
            tokio::select! {
                () = tokio::time::sleep(GATHER) => {}
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
            if self.live.phase() != Phase::Following {
                continue;
            }
            let towns: Vec<(CommunityId, TownId)> =
                self.live.gate.with_grants(|grants| grants.towns().map(|(community, town)| (community.clone(), town.clone())).collect());
            for (community, town) in towns {
                let place = places.get(&community).copied();
                let (rows, next) = self.changed(&community, place).await;
                let subject = |building: &BuildingId| format!("gw.v1.{town}.{community}.status.{building}");
                let mut all_told = true;
                for row in rows {
                    all_told &= self.tell(&subject(&row.building), &row, &mut told).await;
                }
                // what could not be told now is looked at again
                if all_told {
                    places.insert(community, next);
                }
            }
        }
    }

    /// The buildings of a community that changed since a place, as they stand now.
    async fn changed(&self, community: &CommunityId, place: Option<Place>) -> (Vec<StatusRow>, Place) {
        let now = self.live.changes.now(community);
        let (wanted, next) = match place.map(|place| self.live.changes.since(community, place)) {
            Some(Resumed::Changes(changes, next)) if changes.is_empty() => return (Vec::new(), next),
            Some(Resumed::Changes(changes, next)) => {
                (Some(changes.into_iter().map(|changed| changed.building).collect::<std::collections::BTreeSet<_>>()), next)
            }
            Some(Resumed::Reset(next)) => (None, next),
            None => (None, now),
        };
        let (reader, community) = (self.reader.clone(), community.clone());
        let rows = tokio::task::spawn_blocking(move || reader.status_rows(&community)).await.ok().and_then(Result::ok).unwrap_or_default();
        (rows.into_iter().filter(|row| wanted.as_ref().is_none_or(|wanted| wanted.contains(&row.building))).collect(), next)
    }

    /// Puts a row on its topic unless it stands there already; whether it stands there now.
    async fn tell(&self, subject: &str, row: &StatusRow, told: &mut HashMap<String, Vec<u8>>) -> bool {
        let Ok(payload) = serde_json::to_vec(row) else { return true };
        if !told.contains_key(subject)
            && let Ok(Some(stands)) = self.values.get(subject).await
        {
            told.insert(subject.to_owned(), stands.to_vec());
        }
        if told.get(subject) == Some(&payload) {
            return true;
        }
        match self.values.put(subject, payload.clone().into()).await {
            Ok(()) => {
                told.insert(subject.to_owned(), payload);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the status of a building could not be told; it will be");
                false
            }
        }
    }
}
