//! When people are reminded of what nobody has.

use domain::{alert::Severity, values::Timestamp};

use super::{Machine, State};
use crate::{
    Moment,
    clusters::Standing,
    message::Message,
    notice::Sort,
    open::{Again, Withheld},
};

/// A reminder that is due and may be told.
pub(super) struct Due {
    /// It goes with the criticals.
    critical: bool,
    /// Of what it tells: of nothing less severe.
    pub(super) least: Severity,
}

impl Machine {
    /// One send for all that was told long ago and that nobody has, and for what would be told again soon after.
    /// Nobody was asked about those in a cluster that is silenced by now: they wait for the next look.
    pub(super) fn decide_reminder(&mut self, standing: Standing, moment: Moment) {
        self.state.open.keep_quiet(moment.clock);
        let withheld = Withheld { standing, ..self.withheld(moment) };
        // the worst may be silenced, and what was decided in this tick has taken room
        let Some(Due { critical, least }) = self.reminder(&withheld, moment) else { return };
        self.state.outbox.take_reminders();
        let pile = self.state.open.tell_again(self.again(moment), least, &withheld);
        self.decide(pile, Sort::Reminder, critical, moment);
    }

    pub(super) fn reminder(&self, withheld: &Withheld, moment: Moment) -> Option<Due> {
        let worst = self.state.open.worst_due(moment.clock, withheld)?;
        let critical = worst == Severity::Critical;
        let least = if self.is_night(moment) { Severity::Critical } else { Severity::Caution };
        let outbox = &self.state.outbox;
        // a reminder that waits for a call would hold up news that comes meanwhile
        let may = if critical { self.may_call_critical(moment) } else { self.may_say_more() };
        (worst >= least && may && !outbox.is_reminding()).then_some(Due { critical, least })
    }

    /// When people are told again of what they are told now.
    pub(super) fn again(&self, moment: Moment) -> Again {
        Again::of(&self.plan, moment.clock)
    }

    /// Takes note of a cluster, whichever level it has come to.
    pub(super) fn heed_cluster(&mut self, message: &Message, now: Timestamp) {
        if self.plan.hears_of_clusters() {
            self.state.clusters.hear(message, now);
        }
    }

    /// Of what nobody is reminded now.
    pub(super) fn withheld(&self, moment: Moment) -> Withheld {
        let now = moment.clock;
        let State { groups, criticals, digest, open, outbox, .. } = &self.state;
        let gathers = |alert: &str| groups.values().chain(criticals.values()).chain(digest).any(|pile| pile.tells_anew(alert));
        let is_untold = |(alert, told_in): &(&str, Option<u64>)| told_in.is_some_and(|number| outbox.holds(number)) || outbox.lists(alert) || gathers(alert);
        let asleep_until = self.plan.asleep_until(now);
        Withheld { asleep_until, standing: self.standing(now), untold: open.near(now).filter(is_untold).map(|(alert, _)| alert.to_owned()).collect() }
    }

    /// Where a cluster stands for the fevers in it: somebody was told of it, and of it people are reminded, not of everybody in it.
    fn standing(&self, now: Timestamp) -> Standing {
        let is_silenced = |alert: &str| self.state.open.silenced_until(alert).is_some_and(|until| now < until);
        let is_known = |alert: &str| self.state.told.contains(alert) || self.state.open.knows(alert);
        self.state.clusters.standing(is_silenced, is_known)
    }
}
