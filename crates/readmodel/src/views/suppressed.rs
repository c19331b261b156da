//! Why people are not told of an alert now, as far as the log says it: it is silenced, or a cluster stands for it.

use domain::{
    alert::{AlertId, CLUSTER, State},
    values::{CommandId, Slug, StaffId, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::models::{alert, silence::Row};

/// Why people are not told of news of an alert now: what `suppressed` says of a message that is published now. Programs are told all the same. Of a fever
/// that a cluster stands for those people are told too whose delivery leaves nothing to clusters, but not that it goes up, nor again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// Somebody silenced it. Of several silences the one that lasts longest.
    pub silenced: Option<SilencedBy>,
    /// The alert of the cluster that it is part of.
    pub inhibited_by: Option<AlertId>,
}

/// A silence that an alert falls under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilencedBy {
    /// The command that began it.
    pub silence: CommandId,
    /// Until when.
    pub until: Timestamp,
    /// The token that asked.
    pub actor: Slug,
    /// Who did it.
    pub by: Vec<StaffId>,
}

/// Why people are not told of an alert at `now`, given the silences that may hold and the alerts of its building; nothing where they are told, and once it
/// is over.
pub fn suppressed(alert: &State, silences: &[Row], of_building: &[alert::Row], now: Timestamp) -> Option<Suppressed> {
    if !alert.is_active() {
        return None;
    }
    let silenced = silence_of(alert, silences, now).map(|row| {
        let (silence, until) = (row.silence, row.state.until);
        SilencedBy { silence, until, actor: row.actor.clone(), by: row.by.clone() }
    });
    let inhibited_by = cluster_of(alert, of_building, |cluster| silence_of(cluster, silences, now).is_some()).cloned();
    (silenced.is_some() || inhibited_by.is_some()).then_some(Suppressed { silenced, inhibited_by })
}

/// The silence that an alert falls under.
fn silence_of<'a>(alert: &State, silences: &'a [Row], now: Timestamp) -> Option<&'a Row> {
    let (kind, building) = (&alert.key.rule, alert.occurrence.place.building.as_ref());
    silences.iter().filter(|row| row.state.holds_at(now) && row.state.is_about(kind, building)).max_by_key(|row| (row.state.until, row.silence))
}

/// The open cluster that counts a fever. One that is silenced stands for nothing.
fn cluster_of<'a>(alert: &State, of_building: &'a [alert::Row], is_silenced: impl Fn(&State) -> bool) -> Option<&'a AlertId> {
    let building = alert.building_of_cluster()?;
    let clusters = of_building.iter().map(|row| &row.state).filter(|state| state.key.rule.as_str() == CLUSTER && state.is_active());
    let mut counting =
        clusters.filter(|cluster| cluster.occurrence.place.building.as_ref() == Some(building) && alert.has_cause_in(&cluster.occurrence.causes));
    counting.find(|cluster| !is_silenced(cluster)).map(|cluster| &cluster.alert)
}
