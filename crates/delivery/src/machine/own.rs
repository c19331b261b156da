//! What a receiver is told that is somebody's own: what they are told, when they are, and as much.

use domain::alert::Share;

use super::{Machine, State};
use crate::{
    Moment,
    avoided::Difference,
    message::{Message, Reason},
    pile::Sort,
};

impl Machine {
    /// Takes note of whose an alert is now. Whether that is all: those here are only not to go up.
    pub(super) fn heed_share(&mut self, message: &Message, moment: Moment) -> bool {
        if self.plan.staff.is_empty() {
            return false;
        }
        let share = self.plan.share_of(message);
        let State { avoided, open, told, report, .. } = &mut self.state;
        // others have it now, and those here have done with it
        if matches!(share, None | Some(Share::DoNotGoUp)) && !message.action.is_end() {
            open.forget(&message.alert);
            told.remove(&message.alert);
        }
        if share == Some(Share::DoNotGoUp) {
            self.hear_of_door(message, moment);
            return true;
        }
        report.suppress(Reason::NoNews, avoided.leave(message, None, moment.clock));
        false
    }

    /// Takes a reason not to go up, or its end. Why it is one is for others to know: nothing of it is kept here.
    fn hear_of_door(&mut self, message: &Message, moment: Moment) {
        let State { avoided, report, .. } = &mut self.state;
        report.suppress(Reason::NoNews, avoided.leave(message, Some(&message.place.zh_cn), moment.clock));
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
