//! Clusters that stand for the fevers in them: those that people here were told of, and that are not over.

use std::collections::{BTreeMap, BTreeSet};

use domain::{alert::CLUSTER, values::CommunityId};
use serde::{Deserialize, Serialize};

use crate::message::{Holding, Message};

/// Most clusters that are remembered; of those beyond, people are reminded of the fevers too.
const CLUSTERS_MAX: usize = 500;

/// The alert of the cluster of each building, by `{community}/{building}`. Only where doors are told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Clusters(BTreeMap<String, String>);

/// The places of clusters that stand for their fevers at a moment.
#[derive(Debug, Default)]
pub(crate) struct Standing<'a>(BTreeSet<&'a str>);

impl Clusters {
    /// Takes a message of which people here were told, or were not.
    pub(crate) fn hear(&mut self, message: &Message, told: bool) {
        let Some(building) = message.building.as_deref().filter(|_| message.kind.as_str() == CLUSTER) else { return };
        let place = place(&message.community, building);
        if message.holding == Holding::Over {
            self.0.remove(&place);
        } else if told && (self.0.len() < CLUSTERS_MAX || self.0.contains_key(&place)) {
            self.0.insert(place, message.alert.clone());
        }
    }

    /// Where one stands that is not silenced: of that one people are reminded.
    pub(crate) fn standing(&self, is_silenced: impl Fn(&str) -> bool) -> Standing<'_> {
        Standing(self.0.iter().filter(|(_, alert)| !is_silenced(alert)).map(|(place, _)| place.as_str()).collect())
    }
}

impl Standing<'_> {
    /// Whether one stands in a building.
    pub(crate) fn is_in(&self, community: &CommunityId, building: Option<&str>) -> bool {
        building.is_some_and(|building| self.0.contains(place(community, building).as_str()))
    }
}

fn place(community: &CommunityId, building: &str) -> String {
    format!("{community}/{building}")
}
