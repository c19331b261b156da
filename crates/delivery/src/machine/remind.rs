//! When people are reminded of what nobody has, and what is asked before.

use domain::{alert::Severity, values::CommunityId};

use super::{Machine, NOTICES_MAX};
use crate::{Moment, pile::Sort, silences::Silences};

/// A reminder that is due and may be told.
pub(super) struct Due {
    /// It goes with the criticals.
    critical: bool,
    /// Of what it tells: of nothing less severe.
    least: Severity,
}

impl Machine {
    /// Alerts of which the next [`Machine::tick`] reminds people, unless they are silenced: a silence that began after they were told has made no
    /// message of theirs. Nothing while nobody would be reminded.
    pub fn to_ask(&self, moment: Moment) -> Vec<(CommunityId, String)> {
        self.reminder(moment).map(|due| self.state.open.coming(moment.clock, due.least)).unwrap_or_default()
    }

    /// One send for all that was told long ago and that nobody has, and for what would be told again soon after.
    pub(super) fn decide_reminder(&mut self, moment: Moment, silences: &Silences) {
        self.state.open.keep_quiet(moment.clock, silences);
        // the worst may be silenced, and what was decided in this tick has taken room
        let Some(Due { critical, least }) = self.reminder(moment) else { return };
        let pile = self.state.open.tell_again(moment.clock, least);
        self.decide(pile, Sort::Reminder, critical, moment);
    }

    pub(super) fn reminder(&self, moment: Moment) -> Option<Due> {
        let worst = self.state.open.worst_due(moment.clock)?;
        let critical = worst == Severity::Critical;
        let least = if self.is_night(moment) { Severity::Critical } else { Severity::Caution };
        let outbox = &self.state.outbox;
        let may = if critical { outbox.len() < NOTICES_MAX && !outbox.has_untried(true) } else { self.may_say_more() };
        (worst >= least && may).then_some(Due { critical, least })
    }
}
