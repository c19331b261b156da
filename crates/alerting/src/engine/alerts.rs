//! What the log tells of alerts: their states, and the messages about them.

use std::collections::BTreeMap;

use bus::Stored;
use domain::{
    Commit, Event, Evolve, Fact,
    alert::{self, Alert, Key as AlertKey, KeyHash},
};
use store::{Key, Unit};

use super::Engine;
use crate::{
    error::AlertingError,
    outbox,
    publish::{
        Happened,
        counts::{Counts, counted},
    },
    rows::{ALERTS, COUNTS, active_of, alert_key, target_of},
};

/// What a commit says of one alert key: the key, and its events with their places.
type OfAlert<'a> = (&'a AlertKey, Vec<(u16, &'a Event)>);

impl Engine {
    /// States of alerts, the messages about them, and the scopes to be compared with them.
    pub(super) fn fold_alerts(&mut self, commit: &Commit, stored: &Stored) -> Result<(), AlertingError> {
        let community = &commit.header.community;
        let mut of_alert: BTreeMap<KeyHash, OfAlert<'_>> = BTreeMap::new();
        for (index, event) in (0..).zip(&commit.events) {
            if let Some(step) = Alert::step(event) {
                of_alert.entry(step.alert.key_hash().clone()).or_insert_with(|| (step.key, Vec::new())).1.push((index, event));
            }
        }
        for (hash, (key, events)) in of_alert {
            self.fold_alert(commit, stored, &hash, &events)?;
            // an alert of a rule that this program does not know is told of, and judged by whoever knows it
            if let Some(target) = target_of(community, key).filter(|_| self.runners.named(&key.rule).is_some()) {
                self.alerts.remove(&target);
                self.woken.insert(target);
            }
        }
        Ok(())
    }

    fn fold_alert(&mut self, commit: &Commit, stored: &Stored, hash: &KeyHash, events: &[(u16, &Event)]) -> Result<(), AlertingError> {
        let (header, sequence) = (&commit.header, stored.sequence);
        let row_key = alert_key(&header.community, hash);
        let row = self.store.folded::<alert::State>(ALERTS, &row_key)?;
        if !row.folds(sequence) {
            return Ok(());
        }
        // the counts follow from what the alert was, so they change in one unit with it; that ties the alerts of a community together on their
        // way to the disk, as the outbox does anyway, whose rows are dropped together
        let counts_key = Key::community(header.community.as_str());
        let mut counts = self.store.get::<Counts>(COUNTS, &counts_key)?.map(|row| row.value).unwrap_or_default();
        let mut unit = Unit::new(sequence);
        let mut state = row.value;
        for (index, event) in events {
            let fact = Fact { sequence, index: *index, header, event };
            let before = state.as_ref().and_then(counted);
            state = Alert::evolve(state, hash, &fact);
            let Some(state) = &state else { continue };
            let moved = counts.turn(before, counted(state));
            let Some(place) = self.place(&header.community)? else { continue };
            let suppressed = self.suppressed(&fact, state, &place)?;
            let (_, duties) = self.rolls.of(&self.store, &header.community)?;
            let grid = state.occurrence.place.building.as_ref().and_then(|building| duties.grid_of(building));
            let happened = Happened { fact: &fact, state, community: &place.state, grid, counts: moved.map(|moved| (moved, &counts)) };
            unit = outbox::put(&self.store, unit, (&happened, suppressed), &stored.position(), self.full)?;
        }
        let Some(state) = state else { return Ok(()) };
        unit = unit.put(COUNTS, counts_key, &counts);
        let active = active_of(&state.key);
        unit = if state.is_active() { unit.mark(active, row_key.clone()) } else { unit.unmark(active, row_key.clone()) };
        self.apply(vec![unit.put(ALERTS, row_key, &state)])
    }
}
