//! Whether an observation would change its alert: intake's own decision, asked beforehand over the alert as the log tells it.
//!
//! So judgement and logged state are compared by the one rule there is, and an observation that changes nothing is never sent.

use std::sync::Arc;

use domain::{
    Commit, Context, Decide, Entity, EntityKey, Event, Known,
    alert::{self, Alert, Observe},
    commit::Role,
    values::{CommandId, CommunityId, SecretKey, Timestamp, Zone},
};

/// One alert, and nothing else: names of places do not matter for whether there is something to do.
struct OneAlert(Option<Arc<alert::State>>);

impl Known for OneAlert {
    fn entity(&self, key: &EntityKey) -> Option<Entity> {
        matches!(key, EntityKey::Alert(_)).then(|| self.0.clone().map(Entity::Alert))?
    }

    fn decision(&self, _: CommandId) -> Option<Arc<Commit>> {
        None
    }
}

/// Whether intake would do something about an observation of this alert at `now`.
pub(crate) fn differs(observe: Observe, state: Option<Arc<alert::State>>, community: &CommunityId, now: Timestamp) -> bool {
    !decided(observe, state, community, now).is_empty()
}

/// What intake would do about it, without the names of places.
pub(crate) fn decided(observe: Observe, state: Option<Arc<alert::State>>, community: &CommunityId, now: Timestamp) -> Vec<Event> {
    let rule = observe.key.rule.clone();
    let context = Context {
        community,
        command: CommandId::random_from([0; 16]),
        // neither who asks nor any secret matters for this decision
        actor: &rule,
        role: Role::Service,
        at: now,
        clock_offset_ms: 0,
        recorded_at: now,
        secret: &SecretKey([0; 32]),
        zone: Zone::default(),
    };
    Alert::decide(alert::Command::Observe(observe), &OneAlert(state), &context).unwrap_or_default()
}
