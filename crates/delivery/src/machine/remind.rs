//! When people are reminded of what nobody has.

use domain::alert::Severity;

use super::{Machine, NOTICES_MAX, State, news::standing};
use crate::{Moment, pile::Sort};

/// A reminder that is due and may be told.
pub(super) struct Due {
    /// It goes with the criticals.
    critical: bool,
    /// Of what it tells: of nothing less severe.
    pub(super) least: Severity,
}

impl Machine {
    /// One send for all that was told long ago and that nobody has, and for what would be told again soon after.
    pub(super) fn decide_reminder(&mut self, moment: Moment) {
        self.state.open.keep_quiet(moment.clock);
        // the worst may be silenced, and what was decided in this tick has taken room
        let Some(Due { critical, least }) = self.reminder(moment) else { return };
        let Self { plan, state: State { clusters, open, outbox, .. } } = self;
        outbox.take_reminders();
        let standing = standing(plan, clusters, open, moment.clock);
        let pile = open.tell_again(moment.clock, least, &standing);
        self.decide(pile, Sort::Reminder, critical, moment);
    }

    pub(super) fn reminder(&self, moment: Moment) -> Option<Due> {
        let worst = self.state.open.worst_due(moment.clock, &self.state.standing(&self.plan, moment.clock))?;
        let critical = worst == Severity::Critical;
        let least = if self.is_night(moment) { Severity::Critical } else { Severity::Caution };
        let outbox = &self.state.outbox;
        let may = if critical { outbox.len() < NOTICES_MAX && !outbox.has_untried(true) } else { self.may_say_more() };
        (worst >= least && may && !outbox.is_reminding()).then_some(Due { critical, least })
    }
}
