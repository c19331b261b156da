//! Clusters that stand for the fevers in them: those that are not over.

use std::collections::BTreeMap;

use domain::{alert::CLUSTER, values::Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    message::{Holding, Message},
    pile::hash_of,
};

/// Most clusters that are remembered; of those beyond, people are reminded of the fevers too.
const CLUSTERS_MAX: usize = 500;

/// The cluster of each building, by [`place_of`].
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
pub(crate) struct Standing(BTreeMap<String, Stands>);

/// How a cluster stands for its fevers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stands {
    /// Since when.
    pub(crate) since: Timestamp,
    /// People here were told of it.
    pub(crate) is_known: bool,
}

impl Clusters {
    /// Takes a message.
    pub(crate) fn hear(&mut self, message: &Message, now: Timestamp) {
        let Some(place) = place_of(message).filter(|_| message.kind.as_str() == CLUSTER) else { return };
        if message.holding == Holding::Over {
            self.0.retain(|_, cluster| cluster.alert != message.alert);
        } else if self.0.len() < CLUSTERS_MAX && !self.0.contains_key(&place) {
            self.0.insert(place, Cluster { alert: message.alert.clone(), since: now });
        }
    }

    /// Where one stands that is not silenced: of that one people are reminded.
    pub(crate) fn standing(&self, is_silenced: impl Fn(&str) -> bool, is_known: impl Fn(&str) -> bool) -> Standing {
        let stands = |cluster: &Cluster| Stands { since: cluster.since, is_known: is_known(&cluster.alert) };
        Standing(self.0.iter().filter(|(_, cluster)| !is_silenced(&cluster.alert)).map(|(place, cluster)| (place.clone(), stands(cluster))).collect())
    }
}

impl Standing {
    /// How one stands at a place, if one does.
    pub(crate) fn at(&self, place: Option<&str>) -> Option<Stands> {
        self.0.get(place?).copied()
    }
}

/// The building that a message is about, where it is about one. Who only counts remembers no building, so it is hashed.
pub(crate) fn place_of(message: &Message) -> Option<String> {
    Some(format!("{}/{:08x}", message.community, hash_of(message.building.as_deref()?)))
}
