//! Which alerts are part of a greater one that people are told of instead: fevers of a building with a cluster (alerting.md).
//!
//! Fevers that were recorded together are alarmed about before their cluster is, which fires for alerts of fevers. So what counts is the cluster as it
//! is open, or as it will be once it is judged on what the log says up to the fever: that follows from the log, however much of it is read at once.
//! Only where rows are ahead of the checkpoint after a crash, a name may be told that was part of a cluster.

use std::sync::Arc;

use domain::{
    Event, Evolve, Fact,
    alert::{Alert, Basis, Firing, State},
};
use rules::{Cluster, Scope, Verdict};

use super::Engine;
use crate::{
    difference::decided,
    error::AlertingError,
    place::Place,
    publish::message::Suppressed,
    rows::{ALERTS, alert_key},
    silences,
};

/// People who make a cluster: they are told of by name, for nobody knows yet that it is one.
const MADE_BY: u32 = 2;

impl Engine {
    /// Why people are not to be told of what happened to an alert, given the alert after it.
    pub(super) fn suppressed(&mut self, fact: &Fact<'_>, alert: &State, place: &Place) -> Result<Suppressed, AlertingError> {
        let about = (&alert.key.rule, alert.occurrence.place.building.as_ref());
        Ok(Suppressed {
            silenced_until: silences::until(&self.store, &fact.header.community, about, fact.header.recorded_at)?,
            inhibited: self.is_inhibited(fact, alert, place)?,
        })
    }

    /// Whether people are told of a cluster instead: one that counts this fever. In doubt they are told the name.
    fn is_inhibited(&mut self, fact: &Fact<'_>, alert: &State, place: &Place) -> Result<bool, AlertingError> {
        let (community, recorded_at) = (&fact.header.community, fact.header.recorded_at);
        let Some(building) = alert.building_of_cluster().map(Scope::building) else { return Ok(false) };
        let Some((cluster, counted)) = self.cluster(fact, &building, place)? else { return Ok(false) };
        // who made two of them is told by name, whichever of the alerts comes first
        let is_new = alert.turn.critical_since == Some(recorded_at);
        // a third that is alarmed about before the cluster is known to have grown did not make it
        let made_it = is_new && cluster.occurrence.occurrences <= MADE_BY && alert.has_cause_in(&cluster.occurrence.causes);
        let is_counted = alert.has_cause_in(&counted);
        let about = (&cluster.key.rule, cluster.occurrence.place.building.as_ref());
        Ok(is_counted && !made_it && silences::until(&self.store, community, about, recorded_at)?.is_none())
    }

    /// The cluster of a building as it is open, or as it will be once it is judged; and the causes that it has by what the log says now.
    fn cluster(&mut self, fact: &Fact<'_>, building: &Scope, place: &Place) -> Result<Option<(State, Vec<String>)>, AlertingError> {
        let (community, recorded_at) = (&fact.header.community, fact.header.recorded_at);
        let Some((rule, runner)) = self.runners.named(&rules::name::<Cluster>()) else { return Ok(None) };
        let key = runner.key(building);
        let hash = key.hash(community);
        let stands = self.store.get::<State>(ALERTS, &alert_key(community, &hash))?.map(|row| row.value);
        let (_, judgement) = self.memories.judge(&self.store, (rule, runner), (community, building), &place.shared(), recorded_at)?;
        let Verdict::Firing(Firing { causes, .. }) = &judgement.verdict else { return Ok(None) };
        let causes = causes.clone();
        if let Some(open) = stands.as_ref().filter(|stands| stands.is_active()) {
            // one that opened later is folded already where rows are ahead of the checkpoint
            return Ok((open.turn.opened_at <= recorded_at).then(|| (open.clone(), causes)));
        }
        let observe = judgement.observe(key, runner.version(), Basis { sequence: fact.sequence, due: None });
        // what somebody closed stays closed without a new cause: that is for intake to say
        let events = decided(observe, stands.clone().map(Arc::new), community, recorded_at);
        let after = |state, event: &Event| Alert::evolve(state, &hash, &Fact { sequence: fact.sequence, index: fact.index, header: fact.header, event });
        Ok(events.iter().fold(stands, after).filter(State::is_active).map(|cluster| (cluster, causes)))
    }
}
