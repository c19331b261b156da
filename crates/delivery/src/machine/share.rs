//! What is told on a receiver that is somebody's own: what they are told, when they are, and as much.

use domain::alert::Share;

use super::{Machine, State};
use crate::{
    Moment,
    avoided::Difference,
    message::{Message, Reason},
    notice::Sort,
    pile::Pile,
};

impl Machine {
    /// Takes note of whose an alert is now. Whether that is all: those here are only not to go up.
    pub(super) fn heed_share(&mut self, message: &Message, moment: Moment) -> bool {
        if self.plan.staff.is_empty() {
            return false;
        }
        let share = self.plan.share_of(message);
        match share {
            Some(Share::Everything) => {}
            Some(Share::Counts) => self.piles().for_each(|pile| pile.unlist(&message.alert)),
            Some(Share::DoNotGoUp) | None if message.action.is_end() => {}
            Some(Share::DoNotGoUp) | None => self.part_with(&message.alert),
        }
        if share == Some(Share::DoNotGoUp) {
            self.hear_of_door(message, moment);
            return true;
        }
        let State { avoided, report, .. } = &mut self.state;
        report.suppress(Reason::NoNews, avoided.leave(message, false, moment.clock));
        false
    }

    /// Others have an alert now, and those here have done with it: also with what they were going to be told.
    fn part_with(&mut self, alert: &str) {
        self.state.open.forget(alert);
        self.state.told.remove(alert);
        let untold = self.piles().map(|pile| pile.take_out(alert)).sum();
        let State { groups, criticals, digest, report, .. } = &mut self.state;
        report.suppress(Reason::NoNews, untold);
        criticals.retain(|_, pile| pile.total() > 0);
        groups.retain(|_, pile| pile.total() > 0);
        digest.take_if(|digest| digest.total() == 0);
    }

    /// All that waits to be told together.
    fn piles(&mut self) -> impl Iterator<Item = &mut Pile> {
        let State { groups, criticals, digest, .. } = &mut self.state;
        groups.values_mut().chain(criticals.values_mut()).chain(digest)
    }

    /// Takes a reason not to go up, or its end. Why it is one is for others to know: nothing of it is kept here.
    fn hear_of_door(&mut self, message: &Message, moment: Moment) {
        let State { avoided, report, .. } = &mut self.state;
        report.suppress(Reason::NoNews, avoided.leave(message, true, moment.clock));
        let is_reason = !message.action.is_end();
        if message.silenced && is_reason {
            return self.suppress(Reason::Silenced);
        }
        if !self.state.avoided.hear(message, is_reason, moment.clock) {
            self.suppress(Reason::NoNews);
        }
    }

    /// One text for all doors of which they are to believe something else by now; nobody is woken for it.
    pub(super) fn decide_avoided(&mut self, moment: Moment) {
        if self.is_night(moment) || !self.may_say_more() {
            return;
        }
        let Some(Difference { pile, unneeded }) = self.state.avoided.take_due(moment.clock) else { return };
        self.state.report.suppress(Reason::NoNews, unneeded);
        // a door that was covered has no message of its own
        if !pile.items.is_empty() {
            self.decide(pile, Sort::DoNotGoUp, false, moment);
        }
    }
}
