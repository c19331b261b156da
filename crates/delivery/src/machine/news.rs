//! What is news to this receiver: by whose turn it is, by what came before, and by what stands for it.

use domain::values::DAY_MS;

use super::{Machine, TURNS_MAX};
use crate::{
    message::{Action, Holding, Message},
    plan::CLUSTER,
};

/// Alerts whose turns are remembered; beyond, the one that turned longest ago is forgotten.
const TURNING_MAX: usize = 500;
/// The rule whose alerts are never called unstable: each breach is one (alerting.md).
const BREACH: &str = "quarantine_breach";

impl Machine {
    /// Its turn has come to the level that is told here: nobody here was told before.
    pub(super) fn comes_to_us(&self, message: &Message) -> bool {
        message.action == Action::Escalated && self.plan.filter.from_level.is_some_and(|from| self.state.open.level(&message.alert) < from)
    }

    /// It is said to be somebody's turn, and goes no further than it had: others are on duty there now, or somebody has it.
    pub(super) fn went_nowhere(&self, message: &Message) -> bool {
        let level = message.owner.as_ref().map_or(0, |owner| owner.level);
        message.action == Action::Escalated && (message.holding != Holding::Nobody || self.state.open.level(&message.alert) >= level)
    }

    /// Where a cluster stands for the fevers of its building, nobody is reminded of each of them until it is over.
    pub(super) fn heed_cluster(&mut self, message: &Message) {
        let stands = match message.action {
            _ if message.kind.as_str() != CLUSTER || !self.plan.leaves_to_cluster(message) => return,
            Action::Raised | Action::Reopened => true,
            _ if message.holding == Holding::Over => false,
            _ => return,
        };
        self.state.open.withhold_fevers((&message.community, message.building.as_deref()), stands);
    }

    /// How often an alert came back within a day, this time included; 0 for one that is never unstable.
    pub(super) fn turns(&mut self, message: &Message) -> usize {
        if message.kind.as_str() == BREACH {
            return 0;
        }
        let turns = &mut self.state.turns;
        if message.action == Action::Reopened {
            turns.entry(message.alert.clone()).or_default().push(message.at);
        }
        let Some(of_alert) = turns.get_mut(&message.alert) else { return 0 };
        of_alert.retain(|turn| turn.0 > message.at.0 - DAY_MS);
        let excess = of_alert.len().saturating_sub(TURNS_MAX + 2);
        of_alert.drain(..excess);
        let count = of_alert.len();
        if count == 0 {
            turns.remove(&message.alert);
        } else if turns.len() > TURNING_MAX {
            let longest_ago = turns.iter().min_by_key(|(_, turns)| turns.last().copied()).map(|(alert, _)| alert.clone());
            longest_ago.inspect(|alert| {
                turns.remove(alert);
            });
        }
        count
    }
}
