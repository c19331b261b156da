//! Clusters that stand for the fevers in them: those that are not over.

use std::collections::BTreeMap;

use domain::{
    alert::CLUSTER,
    values::{CommunityId, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::message::{Holding, Message};

/// Most clusters that are remembered; of those beyond, people are reminded of the fevers too.
const CLUSTERS_MAX: usize = 500;

/// The cluster of each building, by `{community}/{building}`. Only where doors are told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Clusters(BTreeMap<String, Cluster>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Cluster {
    alert: String,
    /// Since when, by the clock of the system: what was heard before may have made it.
    since: Timestamp,
}

/// The places of clusters that stand for their fevers at a moment.
#[derive(Debug, Default)]
pub(crate) struct Standing(BTreeMap<String, Timestamp>);

impl Clusters {
    /// Takes a message.
    pub(crate) fn hear(&mut self, message: &Message, now: Timestamp) {
        let Some(building) = message.building.as_deref().filter(|_| message.kind.as_str() == CLUSTER) else { return };
        let place = place(&message.community, building);
        if message.holding == Holding::Over {
            self.0.remove(&place);
        } else if self.0.len() < CLUSTERS_MAX && !self.0.contains_key(&place) {
            self.0.insert(place, Cluster { alert: message.alert.clone(), since: now });
        }
    }

    /// Where one stands that is not silenced: of that one people are reminded.
    pub(crate) fn standing(&self, is_silenced: impl Fn(&str) -> bool) -> Standing {
        Standing(self.0.iter().filter(|(_, cluster)| !is_silenced(&cluster.alert)).map(|(place, cluster)| (place.clone(), cluster.since)).collect())
    }
}

impl Standing {
    /// Since when one stands in a building, if one does.
    pub(crate) fn since(&self, community: &CommunityId, building: Option<&str>) -> Option<Timestamp> {
        self.0.get(&place(community, building?)).copied()
    }
}

fn place(community: &CommunityId, building: &str) -> String {
    format!("{community}/{building}")
}
