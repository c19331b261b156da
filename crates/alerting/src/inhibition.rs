//! Which alerts are part of a greater one that people are told of instead: fevers of a building whose cluster is open (alerting.md).

use domain::{
    alert::{Key as AlertKey, State},
    values::{CommunityId, Timestamp},
};
use rules::{Cluster, Fever, Rule, Scope};
use store::Store;

use crate::{
    error::AlertingError,
    rows::{ALERTS, alert_key},
};

/// Whether an alert stood for part of another when something was recorded of it. A fold that begins again behind it is told the same,
/// as long as the other is open.
pub(crate) fn holds(store: &Store, community: &CommunityId, alert: &State, recorded_at: Timestamp) -> Result<bool, AlertingError> {
    let Some(key) = greater(alert) else { return Ok(false) };
    let other = store.get::<State>(ALERTS, &alert_key(community, &key.hash(community)))?;
    Ok(other.is_some_and(|other| other.value.is_active() && other.value.turn.opened_at <= recorded_at))
}

/// The alert that an alert may be part of.
fn greater(alert: &State) -> Option<AlertKey> {
    let building = alert.occurrence.place.building.as_ref().and_then(Scope::building)?;
    (alert.key.rule.as_str() == Fever::NAME).then(|| rules::key::<Cluster>(&building))
}
