//! Whether an observation would change its alert: intake's own decision, asked beforehand over the alert as the log tells it.
//!
//! So judgement and logged state are compared by the one rule there is, and an observation that changes nothing is never sent.

use std::sync::Arc;

use domain::{
    Commit, Context, Decide, Entity, EntityKey, Known,
    alert::{self, Alert, Observe, Status},
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

/// The observation as it is to be sent; nothing when it would change nothing.
///
/// Of an alert that somebody ended by hand only new causes are told: the others are in that alert, and each is in exactly one.
pub(crate) fn difference(mut observe: Observe, state: Option<alert::State>, community: &CommunityId, now: Timestamp) -> Option<Observe> {
    let ended_by_hand = state.as_ref().filter(|state| matches!(state.status, Status::Closed | Status::Resolved { by_hand: true, .. }));
    if let (Some(state), Some(firing)) = (ended_by_hand, observe.firing.as_mut()) {
        firing.causes.retain(|cause| !state.causes.contains(cause));
    }
    let context = Context {
        community,
        command: CommandId::random_from([0; 16]),
        // neither who asks nor any secret matters for this decision
        actor: &observe.key.rule,
        role: Role::Service,
        at: now,
        recorded_at: now,
        secret: &SecretKey([0; 32]),
        zone: Zone::default(),
    };
    let decided = Alert::decide(alert::Command::Observe(observe.clone()), &OneAlert(state.map(Arc::new)), &context);
    decided.is_ok_and(|events| !events.is_empty()).then_some(observe)
}
