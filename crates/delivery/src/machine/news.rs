//! What is news to this receiver: by whose turn it is, and by what people here were told before.

use std::borrow::Cow;

use domain::{alert::QUARANTINE_BREACH, values::DAY_MS};

use super::{Machine, NEWS_MS, State, TURNS_MAX};
use crate::{
    Moment,
    message::{Action, Holding, Message, Reason, went_nowhere_by},
    plan::Class,
};

/// Alerts whose turns are remembered; beyond, the one that turned longest ago is forgotten.
const TURNING_MAX: usize = 500;
/// Alerts that are remembered as told; of those beyond, people hear what happens at their level, and no end that comes below it.
const TOLD_MAX: usize = 2_000;

/// Whether people are told of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    Now,
    /// It is news that is too old.
    TooLate,
    /// It is no news.
    Not,
    /// It is silenced, or a cluster stands for it.
    Held(Reason),
}

impl Machine {
    /// Whether it is told here: its alert has come to the level, or people know of it and wait for its end.
    pub(super) fn is_for_us(&self, message: &Message) -> bool {
        let State { told, open, .. } = &self.state;
        let is_theirs = self.plan.filter.lets_level(message) && self.plan.share_of(message).is_some();
        is_theirs || told.contains(&message.alert) || open.knows(&message.alert)
    }

    /// Its turn has come to those who are told here, and nobody here was told before, or not where it is.
    pub(super) fn comes_to_us(&self, message: &Message) -> bool {
        match message.action {
            Action::Escalated => self.plan.waits_for_turns() && (!self.state.told.contains(&message.alert) || self.is_told_more(message)),
            // it is theirs to do by now, whatever they were told before
            Action::Assigned => self.plan.is_given(message),
            _ => false,
        }
    }

    /// Those who had counts of it are to know all of it by now.
    fn is_told_more(&self, message: &Message) -> bool {
        self.state.open.is_counted(&message.alert) && self.plan.class_of(message) != Class::Public
    }

    /// As it is told here: what comes to people together with others, or because they are on duty now, did not go up to them, and one check more is no
    /// growth: it is new. Of what they were told as counts they read that it is worse.
    pub(super) fn as_told<'m>(&self, message: &'m Message) -> Cow<'m, Message> {
        let is_new = || message.action == Action::Escalated && self.plan.why_told(message).is_some_and(went_nowhere_by);
        if message.action == Action::Escalated && self.state.told.contains(&message.alert) && self.is_told_more(message) {
            Cow::Owned(Message { action: Action::Upgraded, ..message.clone() })
        } else if message.is_one_more_check() || (self.comes_to_us(message) && is_new()) {
            Cow::Owned(Message { action: Action::Raised, ..message.clone() })
        } else {
            Cow::Borrowed(message)
        }
    }

    /// Whether people are told of a message that is for them.
    pub(super) fn telling(&self, message: &Message, moment: Moment) -> Telling {
        let knows = || self.state.told.contains(&message.alert) || self.state.open.was_reminded(&message.alert);
        let is_news = || (self.plan.is_news(message) || self.comes_to_us(message)) && !self.went_nowhere(message);
        match () {
            () if message.silenced => Telling::Held(Reason::Silenced),
            // of whom people know they hear how it ended, and of nobody else
            () if self.is_left_to_cluster(message) && !(message.action.is_end() && knows()) => Telling::Held(Reason::Inhibited),
            () if self.keeps_account() && message.action.is_end() && !knows() => Telling::Not,
            () if !is_news() || self.plan.is_told_with_its_turn(message) => Telling::Not,
            () if message.at.plus_ms(NEWS_MS) <= moment.clock => Telling::TooLate,
            () => Telling::Now,
        }
    }

    /// Whether a cluster stands for it: for anything of it where that is wanted, and for everybody for that it goes up, which the cluster does.
    fn is_left_to_cluster(&self, message: &Message) -> bool {
        let goes_up_with_it = || message.action == Action::Escalated && self.plan.hears_of_clusters() && !self.comes_to_us(message);
        message.inhibited && (self.plan.leaves_to_clusters() || goes_up_with_it())
    }

    /// It is said to be somebody's turn, and goes no further than it had: others are on duty there now, or somebody has it.
    fn went_nowhere(&self, message: &Message) -> bool {
        let level = message.owner.as_ref().map_or(0, |owner| owner.level);
        let is_known = || self.state.open.level(&message.alert) >= level && !self.is_told_more(message);
        message.action == Action::Escalated && (message.holding != Holding::Nobody || is_known())
    }

    /// Whether it is remembered whom people were told of: not all are told of everything.
    fn keeps_account(&self) -> bool {
        self.plan.waits_for_turns() || self.plan.leaves_to_clusters()
    }

    /// Takes note of what people here know of now.
    pub(super) fn note(&mut self, message: &Message, telling: Telling) {
        if message.action.is_end() {
            self.state.told.remove(&message.alert);
        } else if telling == Telling::Now && self.keeps_account() && self.state.told.len() < TOLD_MAX {
            self.state.told.insert(message.alert.clone());
        }
    }

    /// How often an alert came back within a day, this time included; 0 for one that is never unstable.
    pub(super) fn turns(&mut self, message: &Message) -> usize {
        if message.kind.as_str() == QUARANTINE_BREACH {
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
