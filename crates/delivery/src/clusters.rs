//! Clusters that stand for the fevers in them: those that are not over.

use std::collections::BTreeMap;

use domain::{
    alert::CLUSTER,
    values::{CommunityId, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    message::{Holding, Message},
    pile::hash_of,
};

/// Most clusters that are remembered; of those beyond, people are reminded of the fevers too.
const CLUSTERS_MAX: usize = 500;

/// The cluster of each building, by `{community}/{hash of the building}`: who only counts remembers no building.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Clusters(BTreeMap<String, Cluster>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Cluster {
    alert: String,
    /// Since when, by the clock of the system: what was heard before may have made it.
    since: Timestamp,
    /// It is told to those who are told here. Until there was this word it counted as told.
    #[serde(default = "yes")]
    is_ours: bool,
    /// Somebody has it: it goes up to nobody.
    #[serde(default)]
    is_taken: bool,
}

fn yes() -> bool {
    true
}

/// The places of clusters that stand for their fevers at a moment.
#[derive(Debug, Default)]
pub(crate) struct Standing(BTreeMap<String, Timestamp>);

impl Clusters {
    /// Takes a message, which is told here or is not.
    pub(crate) fn hear(&mut self, message: &Message, is_ours: bool, now: Timestamp) {
        let Some(building) = message.building.as_deref().filter(|_| message.kind.as_str() == CLUSTER) else { return };
        if message.holding == Holding::Over {
            return self.0.retain(|_, cluster| cluster.alert != message.alert);
        }
        let is_taken = message.holding != Holding::Nobody;
        let place = place(&message.community, building);
        if let Some(known) = self.0.get_mut(&place) {
            (known.is_ours, known.is_taken) = (is_ours, is_taken);
        } else if self.0.len() < CLUSTERS_MAX {
            self.0.insert(place, Cluster { alert: message.alert.clone(), since: now, is_ours, is_taken });
        }
    }

    /// Whether the cluster of a building stands for nobody here: somebody took it before it was told to those who are told here, and will not
    /// pass it on. One that nobody has goes up as its fevers do.
    pub(crate) fn stays_with_others(&self, community: &CommunityId, building: Option<&str>) -> bool {
        building.and_then(|building| self.0.get(&place(community, building))).is_some_and(Cluster::stays_with_others)
    }

    /// Where one stands that is not silenced: of that one people are reminded.
    pub(crate) fn standing(&self, is_silenced: impl Fn(&str) -> bool) -> Standing {
        let stands = |cluster: &Cluster| !cluster.stays_with_others() && !is_silenced(&cluster.alert);
        Standing(self.0.iter().filter(|(_, cluster)| stands(cluster)).map(|(place, cluster)| (place.clone(), cluster.since)).collect())
    }
}

impl Cluster {
    fn stays_with_others(&self) -> bool {
        self.is_taken && !self.is_ours
    }
}

impl Standing {
    /// Since when one stands in a building, if one does.
    pub(crate) fn since(&self, community: &CommunityId, building: Option<&str>) -> Option<Timestamp> {
        self.0.get(&place(community, building?)).copied()
    }
}

fn place(community: &CommunityId, building: &str) -> String {
    format!("{community}/{:08x}", hash_of(building))
}
