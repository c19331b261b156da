//! Which alerts are part of a greater one that people are told of instead: fevers of a building whose cluster is open (alerting.md).

use domain::{
    alert::{Key as AlertKey, Occurrence, State},
    values::{CommunityId, Timestamp},
};
use rules::{Cluster, Fever, Rule, Scope};
use store::Store;

use crate::{
    error::AlertingError,
    rows::{ALERTS, alert_key},
    silences,
};

/// Whether an alert stood for part of another when something was recorded of it, of which people are told. A fold that begins again behind
/// it is told the same, as long as the other is open.
pub(crate) fn holds(store: &Store, community: &CommunityId, alert: &State, recorded_at: Timestamp) -> Result<bool, AlertingError> {
    let Some(key) = greater(alert) else { return Ok(false) };
    let Some(other) = store.get::<State>(ALERTS, &alert_key(community, &key.hash(community)))?.map(|row| row.value) else { return Ok(false) };
    let open = other.is_active() && other.turn.opened_at <= recorded_at;
    // the one whose reading made two of them is told by name, whichever of the two alerts comes first
    let made_it = other.n == 1 && alert.turn.opened_at == recorded_at && alert.occurrence.causes.iter().any(|cause| other.occurrence.causes.contains(cause));
    Ok(open
        && !made_it
        && belongs(&alert.occurrence, &other.occurrence)
        && silences::until(store, community, (&other.key.rule, other.occurrence.place.building.as_ref()), recorded_at)?.is_none())
}

/// The alert that an alert may be part of.
fn greater(alert: &State) -> Option<AlertKey> {
    let building = alert.occurrence.place.building.as_ref().and_then(Scope::building)?;
    (alert.key.rule.as_str() == Fever::NAME).then(|| rules::key::<Cluster>(&building))
}

/// Whether a cluster counts a fever, or will as soon as it is told of it: one that is confirmed, and near enough in time to those it counts.
fn belongs(fever: &Occurrence, cluster: &Occurrence) -> bool {
    let together = |time: Timestamp| (fever.first_at.0 - time.0).abs() <= Cluster::TOGETHER_MS;
    let among = cluster.first_at <= fever.first_at && fever.first_at <= cluster.last_at;
    !fever.unconfirmed && (among || together(cluster.first_at) || together(cluster.last_at))
}
