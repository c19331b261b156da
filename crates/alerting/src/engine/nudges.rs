//! Who is to be nudged before there is an alert, and what is told of it.

use bus::Stored;
use domain::{
    Commit, Event, Fact,
    nudge::Give,
    values::{Slug, Timestamp},
};
use rules::{
    Nudge,
    escalation::{self, Around, Nudged},
};
use store::Unit;

use super::{Engine, Judged};
use crate::{
    error::AlertingError,
    publish::{Class, message::Suppressed, nudge},
    rows::{Target, Waiting, outbox_key},
    send::Observation,
    silences,
};

impl Engine {
    /// What is to be said of a target: of its alert; else that somebody is to be nudged before there is one.
    pub(super) fn judge_one(&mut self, due_since: Timestamp, target: &Target, now: Timestamp) -> Result<Judged, AlertingError> {
        match self.judge_alert(due_since, target, now)? {
            (None, next_change) => {
                let (nudge, changes_at) = self.judge_nudge(target, now)?;
                Ok((nudge, next_change.into_iter().chain(changes_at).min()))
            }
            said => Ok(said),
        }
    }

    /// That somebody is to be nudged: whoever has the duty now.
    fn judge_nudge(&mut self, target: &Target, now: Timestamp) -> Result<Judged, AlertingError> {
        let Target { community, rule, scope } = target;
        let Some(place) = self.place(community)? else { return Ok((None, None)) };
        let Some((rule, _)) = self.runners.named(rule) else { return Ok((None, None)) };
        let nudge = self.memories.nudge(&self.store, rule, (community, scope), &place.shared(), now)?;
        let Some((memory_sequence, nudge)) = nudge else { return Ok((None, None)) };
        let (duties_sequence, duties) = self.rolls.of(&self.store, community)?;
        let around = Around { community, duties, policy: &place.state.policy, zone: &place.zone };
        let Nudged { leaders, next_change } = escalation::nudged(&nudge, &around, now);
        if leaders.is_empty() {
            return Ok((None, next_change));
        }
        let sequence = memory_sequence.max(duties_sequence).max(place.sequence);
        let Nudge { building, for_date, due_at, .. } = nudge;
        let give = Give { building, for_date, due_at, leaders };
        Ok((Some(Observation::of_nudge(community.clone(), sequence, give)), None))
    }

    /// Messages about nudges. They wait under their place in the log, so one that is folded again is the same row.
    pub(super) fn fold_nudges(&mut self, commit: &Commit, stored: &Stored) -> Result<(), AlertingError> {
        let (header, sequence) = (&commit.header, stored.sequence);
        for (index, event) in (0..).zip(&commit.events) {
            let Event::ReportNudged(nudged) = event else { continue };
            let Some(place) = self.place(&header.community)? else { continue };
            let kind: Slug = rules::name::<rules::BuildingSilent>();
            let about = (&kind, Some(&nudged.building));
            let silenced_until = silences::until(&self.store, &header.community, about, header.recorded_at)?;
            let suppressed = Suppressed { silenced_until, inhibited: false };
            let message = nudge::of(&Fact { sequence, index, header, event }, nudged, (&place.state, &place.zone), suppressed);
            let payload = serde_json::to_vec(&message.body)?;
            let waiting = Waiting { subject: message.subject, payload, source: stored.position(), recorded_at: header.recorded_at, named: None };
            self.apply(vec![Unit::new(sequence).put(Class::Nudges.outbox(), outbox_key(sequence, index), &waiting)])?;
        }
        Ok(())
    }
}
