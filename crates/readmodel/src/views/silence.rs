//! A silence that holds now.

use domain::values::{BuildingId, CommandId, Slug, StaffId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Veiled, Veils};
use crate::models::silence;

/// A silence that holds now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilenceItem {
    /// The command that began it: what `alert.unsilence` names.
    pub silence: CommandId,
    /// The kind of alerts; every kind when absent.
    pub kind: Option<Slug>,
    /// The building; every building when absent.
    pub building: Option<BuildingId>,
    /// What that building is called.
    pub building_name: Option<String>,
    /// Since when, by our clock.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// The token that asked.
    pub actor: Slug,
    /// Who did it.
    pub by: Vec<StaffId>,
    /// Why.
    pub private: Veiled,
    /// Sequence of the last commit in it.
    pub sequence: u64,
}

impl Veils for SilenceItem {
    fn each_veiled(&mut self, visit: &mut dyn FnMut(&mut Veiled)) {
        visit(&mut self.private);
    }
}

/// A silence at `now`, of a building with this name; nothing when it does not hold then.
pub fn silence_item(row: &silence::Row, building_name: Option<String>, sequence: u64, now: Timestamp) -> Option<SilenceItem> {
    let holds = row.ended_at.is_none() && now < row.until;
    holds.then(|| SilenceItem {
        silence: row.silence,
        kind: row.kind.clone(),
        building: row.building.clone(),
        building_name,
        since: row.since,
        until: row.until,
        actor: row.actor.clone(),
        by: row.by.clone(),
        private: row.private.as_ref().into(),
        sequence,
    })
}
