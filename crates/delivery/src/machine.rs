//! `(state, message or time) -> (state, sends)`, for one subscription.
//!
//! Every message is in exactly one send, or waits for one, or is counted with the reason why it was not told. Nothing else is.
//! In rooms of their own: `ask`, what is asked before people are told; `gather`, what waits together; `news`, what is news to this receiver; `remind`,
//! what nobody has; `share`, what is told to people themselves, and how much.

mod ask;
mod gather;
mod news;
mod remind;
mod share;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    alert::Severity,
    values::{DAY_MS, MINUTE_MS, Timestamp},
};
use serde::{Deserialize, Serialize};

use self::news::Telling;
use crate::{
    Moment,
    avoided::Avoided,
    clusters::Clusters,
    message::{Action, Heard, Message, Reason},
    notice::{Notice, Sort},
    nudge::{Gathered, Nudge, Nudges},
    open::{Hearing, OpenAlerts},
    outbox::{Content, Outbox, Outcome, Send, Settled},
    pile::Pile,
    plan::Plan,
    silences::Silences,
};

/// How long a group waits for more of its kind; a critical waits for nothing.
pub const GROUP_WAIT_MS: i64 = 60_000;
/// How long it is gathered that a cluster grows: that there is one was told at once.
pub const GROWTH_WAIT_MS: i64 = 10 * MINUTE_MS;
/// Sends that a recipient is given in [`BUDGET_WINDOW_MS`] before the rest comes in digests.
pub const BUDGET_SENDS: usize = 10;
/// The window of the budget.
pub const BUDGET_WINDOW_MS: i64 = 10 * MINUTE_MS;
/// How long a digest gathers.
pub const DIGEST_EVERY_MS: i64 = 5 * MINUTE_MS;
/// How old news may be to be told as such. Whoever was away for longer is told what is still open.
const NEWS_MS: i64 = DAY_MS;
/// Turns within [`DAY_MS`] after which an alert counts as unstable.
const TURNS_MAX: usize = 3;
/// Groups that wait at once in either lane; what comes beyond goes to the digest, or to the storm. All that is remembered must fit into
/// one message of the server (1 MiB).
const GROUPS_MAX: usize = 60;
/// Most alerts that are known apart in all that waits; of those beyond each message counts as one, and nobody is asked about it.
const APART_MAX: usize = 4_000;
/// Notices that wait to be done. While there are so many, what comes gathers in piles.
const NOTICES_MAX: usize = 8;
/// Of these, how many need not be critical.
const ORDINARY_MAX: usize = 4;
/// Messages that wait to be forwarded. While there are so many, the stream is not read on.
const FORWARDS_MAX: usize = 1000;

/// What a machine remembers. It can be written down at any time, and is all that there is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Part of every id: ids of a machine that began anew are others.
    born: String,
    /// Number of the last send.
    number: u64,
    groups: BTreeMap<String, Pile>,
    criticals: BTreeMap<String, Pile>,
    digest: Option<Pile>,
    #[serde(default)]
    nudges: Nudges,
    #[serde(default)]
    avoided: Avoided,
    /// More came than the budget was for, and it was not said yet that this is over.
    #[serde(default)]
    crowded: bool,
    /// When sends were decided that were not critical, within the window of the budget.
    spent: Vec<Timestamp>,
    open: OpenAlerts,
    /// Where not all alerts are told: those that people were told of, and not yet of their end.
    #[serde(default)]
    told: BTreeSet<String>,
    #[serde(default)]
    clusters: Clusters,
    turns: BTreeMap<String, Vec<Timestamp>>,
    outbox: Outbox,
    report: Report,
}

impl State {
    /// The place in the stream of the first message that waits to be told as it stands: another machine that goes on from before it leaves
    /// none out.
    pub fn first_waiting(&self) -> Option<u64> {
        self.outbox.first()
    }
}

/// What became of the messages, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Messages that came off the stream.
    pub heard: u64,
    /// Messages that the receiver has.
    pub delivered: u64,
    /// Messages that were not told, by the reason.
    pub suppressed: BTreeMap<Reason, u64>,
    /// Messages that were tried for too long.
    pub given_up: u64,
    /// Calls that went well.
    pub calls: u64,
    /// Calls that did not.
    pub failed_calls: u64,
}

impl Report {
    fn suppress(&mut self, reason: Reason, messages: u64) {
        if messages > 0 {
            *self.suppressed.entry(reason).or_default() += messages;
        }
    }
}

/// A machine of one subscription.
#[derive(Clone, Debug)]
pub struct Machine {
    plan: Plan,
    state: State,
}

impl Machine {
    /// A machine that has heard nothing yet. `born` makes its ids its own: letters.
    pub fn new(plan: Plan, born: String) -> Self {
        Self { plan, state: State { born, ..State::default() } }
    }

    /// A machine that goes on.
    pub fn resume(plan: Plan, state: State) -> Self {
        Self { plan, state }
    }

    /// All that it remembers.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The subscription.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What became of the messages so far.
    pub fn report(&self) -> &Report {
        &self.state.report
    }

    /// Messages that are neither told nor suppressed.
    pub fn waiting(&self) -> u64 {
        let State { groups, criticals, digest, nudges, avoided, outbox, .. } = &self.state;
        let piles = groups.values().chain(criticals.values()).chain(digest).map(Pile::total).sum::<u64>();
        piles + nudges.messages() + avoided.messages() + outbox.messages()
    }

    /// Since when, in real time, the oldest send has waited to be done. What waits for the morning is not late.
    pub fn oldest(&self, moment: Moment) -> Option<Timestamp> {
        self.state.outbox.oldest(self.is_night(moment))
    }

    /// Sends that failed and will be tried again.
    pub fn failing(&self) -> usize {
        self.state.outbox.failing()
    }

    /// How many more messages it takes now: a program that is away for long is waited for in the stream.
    pub fn room(&self) -> usize {
        if self.plan.forwards() { FORWARDS_MAX.saturating_sub(self.state.outbox.len()) } else { usize::MAX }
    }

    /// Takes what came off the stream.
    pub fn hear(&mut self, heard: &Heard, moment: Moment) {
        self.state.report.heard += 1;
        match heard {
            Heard::Unreadable => self.suppress(Reason::Unreadable),
            Heard::Message(_) if self.plan.nudges() => self.suppress(Reason::Filtered),
            Heard::Message(message) => self.hear_message(message, moment),
            Heard::Nudge(nudge) => self.hear_nudge(nudge, moment),
        }
    }

    /// Takes a nudge, if the receiver is that of a leader who is nudged. Once the report is due there is an alert, and no nudge.
    fn hear_nudge(&mut self, nudge: &Nudge, moment: Moment) {
        let group = nudge.group(&self.plan).filter(|_| self.plan.filter.lets_community(&nudge.town, &nudge.community));
        let Some(group) = group else { return self.suppress(Reason::Filtered) };
        if self.plan.forwards() {
            let send = self.send(false, 1, Content::Message { sequence: nudge.sequence }, Some(nudge.id.clone()));
            return self.state.outbox.push(send, nudge.published_at.min(moment.real));
        }
        match nudge.silenced {
            true => self.suppress(Reason::Silenced),
            false if nudge.due_at <= moment.clock => self.suppress(Reason::TooOld),
            false => self.state.nudges.gather(group, nudge, self.plan.class, moment.clock),
        }
    }

    fn hear_message(&mut self, message: &Message, moment: Moment) {
        if !self.plan.filter.lets(message) {
            return self.suppress(Reason::Filtered);
        }
        // that a cluster grows can wait for more of it: that there is one was told at once
        let critical = message.severity == Severity::Critical && !message.action.is_end() && message.action != Action::Updated;
        // how often it came back counts at whatever level it was then
        let turns = self.turns(message);
        if self.heed_share(message, moment) {
            return;
        }
        self.heed_cluster(message, moment.clock);
        if !self.is_for_us(message) {
            return self.suppress(Reason::Filtered);
        }
        if self.plan.forwards() {
            // that it is silenced is a flag, which programs read for themselves
            let send = self.send(critical, 1, Content::Message { sequence: message.sequence }, Some(message.id.clone()));
            return self.state.outbox.push(send, message.published_at.min(moment.real));
        }
        let telling = self.telling(message, moment);
        let turned = message.action == Action::Reopened || message.action.is_end() || self.comes_to_us(message);
        let (as_told, began_at) = (self.as_told(message), self.began_at(message));
        if turns > TURNS_MAX && message.severity != Severity::Critical {
            // it is said to come and go, and that is all that is said of it
            self.state.open.forget(&message.alert);
        } else {
            self.remember(message, (telling, as_told.action, began_at), moment);
        }
        self.note(message, telling);
        match telling {
            Telling::Now => {}
            Telling::Held(reason) => return self.suppress(reason),
            Telling::TooLate => return self.suppress(Reason::TooOld),
            Telling::Not => return self.suppress(Reason::NoNews),
        }
        if turned && (turns > TURNS_MAX + 1 || (turns > TURNS_MAX && message.action.is_end())) {
            return self.suppress(Reason::Unstable);
        }
        let unstable = turned && turns > TURNS_MAX;
        self.gather(&as_told, (began_at, unstable), critical, moment);
    }

    fn remember(&mut self, message: &Message, (telling, told_as, began_at): (Telling, Action, Option<Timestamp>), moment: Moment) {
        let now = moment.clock;
        let remind_at = match telling {
            // nobody was told: soon, and all that is heard meanwhile in one go
            Telling::TooLate => now.plus_ms(GROUP_WAIT_MS),
            // of what is held back they are reminded once the silence or the cluster is over: nobody else would tell them
            Telling::Now | Telling::Not | Telling::Held(_) => self.again(moment).at(self.state.open.since(&message.alert).unwrap_or(now)),
        };
        let hearing = Hearing {
            now,
            // growth puts off no reminder that nobody has it
            told: telling == Telling::Now && told_as != Action::Updated,
            remind_at,
            situation: self.plan.situation(message),
            went_past: self.plan.went_past(message),
            began_at,
            given: self.plan.is_given(message),
        };
        self.state.open.hear(message, self.plan.class_of(message), hearing);
    }

    fn suppress(&mut self, reason: Reason) {
        self.state.report.suppress(reason, 1);
    }

    /// Decides what is due; whether anything was. To be written down before [`Machine::start`]. `silences` answers [`Machine::to_ask`] of the
    /// same moment; what is not answered in it goes by what was last known.
    pub fn tick(&mut self, moment: Moment, silences: &Silences) -> bool {
        let before = self.state.number;
        if self.plan.forwards() {
            return false;
        }
        // what nobody was asked about, because there was no room for it a moment ago, waits for the next look
        let coming = self.coming(moment);
        self.leave_out(&coming, moment, silences);
        // a clock that was set back must not keep what it spent in the time that is to come
        self.state.spent.retain(|spent| *spent <= moment.clock && spent.0 > moment.clock.0 - BUDGET_WINDOW_MS);
        self.decide_nudges(moment);
        self.decide_avoided(moment);
        if coming.criticals {
            self.decide_critical(moment);
        }
        if self.is_night(moment) {
            self.put_off_groups(moment);
        } else {
            self.decide_groups(moment);
            if coming.digest {
                self.decide_digest(moment);
            }
        }
        if coming.reminder.is_some() {
            self.decide_reminder(coming.withheld.standing, moment);
        }
        self.state.number != before
    }

    /// A text a leader. What could not be told in time is not told.
    fn decide_nudges(&mut self, moment: Moment) {
        let night = self.is_night(moment);
        let State { nudges, outbox, report, .. } = &mut self.state;
        report.suppress(Reason::TooOld, nudges.take_late(moment.clock, night) + outbox.take_late(moment.clock));
        while self.may_say_more()
            && let Some(Gathered { pile, until }) = self.state.nudges.take_due(moment.clock)
        {
            self.decide_until(pile, (Sort::Nudge, false), Some(until), moment);
        }
    }

    /// Whether something waits in the lane of criticals that may be told now.
    fn is_critical_due(&self, moment: Moment) -> bool {
        self.state.criticals.values().any(|pile| pile.may_go(moment.clock)) && self.may_call_critical(moment)
    }

    /// Whether the receiver may be called now for what is critical, and for nothing that was decided already.
    fn may_call_critical(&self, moment: Moment) -> bool {
        let outbox = &self.state.outbox;
        !outbox.has_untried(true) && outbox.len() < NOTICES_MAX && outbox.calls.may(self.plan.pace(), true, moment.real)
    }

    /// The lane of criticals: each group by itself while the receiver may be called so often, all that wait in one send otherwise.
    fn decide_critical(&mut self, moment: Moment) {
        if !self.is_critical_due(moment) {
            return;
        }
        let State { criticals, outbox, .. } = &mut self.state;
        let (ready, gathering): (BTreeMap<_, _>, _) = std::mem::take(criticals).into_iter().partition(|(_, pile)| pile.may_go(moment.clock));
        *criticals = gathering;
        let each_by_itself = ready.len() <= 1 || outbox.calls.burst(self.plan.pace(), moment.real) as usize >= ready.len();
        let mut waiting = ready.into_iter();
        let Some((_, mut pile)) = waiting.next() else { return };
        if each_by_itself {
            criticals.extend(waiting);
            self.decide(pile, Sort::News, true, moment);
        } else {
            waiting.for_each(|(_, other)| pile.merge(other));
            self.decide(pile, Sort::Storm, true, moment);
        }
    }

    fn decide_groups(&mut self, moment: Moment) {
        let due: Vec<String> = self.state.groups.iter().filter(|(_, pile)| pile.is_due(moment.clock)).map(|(key, _)| key.clone()).collect();
        for key in due {
            let Some(pile) = self.state.groups.remove(&key) else { continue };
            if self.state.digest.is_none() && self.may_say_more() {
                self.decide(pile, Sort::News, false, moment);
            } else {
                // a digest may also gather because it was night
                self.state.crowded |= !self.may_say_more();
                self.state.digest.get_or_insert_with(|| Pile::new(moment.clock)).merge(pile);
            }
        }
    }

    /// Whether people sleep who need not be woken for what is not critical.
    fn is_night(&self, moment: Moment) -> bool {
        self.plan.asleep_until(moment.clock).is_some()
    }

    /// What waits through the night is told in one digest in the morning.
    fn put_off_groups(&mut self, moment: Moment) {
        let State { groups, digest, .. } = &mut self.state;
        for (_, pile) in groups.extract_if(.., |_, pile| pile.may_go(moment.clock)) {
            digest.get_or_insert_with(|| Pile::new(moment.clock)).merge(pile);
        }
        if let Some(digest) = digest {
            digest.overnight = true;
        }
    }

    /// Whether budget and outbox have room for something that is not critical.
    fn may_say_more(&self) -> bool {
        self.state.spent.len() < BUDGET_SENDS && self.state.outbox.len() < ORDINARY_MAX
    }

    /// Whether a digest has gathered for long enough, and may be told.
    fn is_digest_due(&self, moment: Moment) -> bool {
        let has_gathered = |digest: &Pile| digest.since.plus_ms(DIGEST_EVERY_MS) <= moment.clock;
        self.state.outbox.len() < ORDINARY_MAX && self.state.digest.as_ref().is_some_and(has_gathered)
    }

    fn decide_digest(&mut self, moment: Moment) {
        if self.is_digest_due(moment)
            && let Some(digest) = self.state.digest.take()
        {
            self.decide(digest, Sort::Digest, false, moment);
        }
    }

    fn decide(&mut self, pile: Pile, sort: Sort, critical: bool, moment: Moment) {
        self.decide_until(pile, (sort, critical), None, moment);
    }

    /// As [`Machine::decide`], of what is of no use from a time on.
    fn decide_until(&mut self, pile: Pile, (sort, critical): (Sort, bool), until: Option<Timestamp>, moment: Moment) {
        // what a reminder tells was told before
        let messages = if sort == Sort::Reminder { 0 } else { pile.total() };
        // criticals have a lane of their own
        if !critical {
            let spent = &mut self.state.spent;
            spent.push(moment.clock);
            spent.drain(..spent.len().saturating_sub(BUDGET_SENDS));
        }
        // the first text of its own after digests says that there is less to read again
        let singly_again = sort == Sort::News && !critical && std::mem::take(&mut self.state.crowded);
        let number = self.state.number + 1;
        let again = self.again(moment);
        // growth puts off no reminder that nobody has it
        pile.known().filter(|alert| pile.tells_anew(alert)).for_each(|alert| self.state.open.tell(alert, number, again));
        let notice = Notice { singly_again, ..pile.notice(sort, moment.clock) };
        let send = self.send(critical, messages, Content::Notice(notice), None);
        self.state.outbox.push(Send { until, ..send }, moment.real);
    }

    fn send(&mut self, critical: bool, messages: u64, content: Content, id: Option<String>) -> Send {
        self.state.number += 1;
        let number = self.state.number;
        let id = id.unwrap_or_else(|| format!("{}-{}-{number}", self.plan.name, self.state.born));
        Send { number, id, critical, messages, content, until: None }
    }

    /// The next send to be tried now. What was decided must have been written down before. What was decided by day and could not be told waits
    /// through the night as what comes at night does.
    pub fn start(&mut self, moment: Moment) -> Option<Send> {
        let is_night = self.is_night(moment);
        self.state.outbox.start(self.plan.pace(), moment.real, is_night)
    }

    /// What came of a try; nothing when there is no such send.
    pub fn settle(&mut self, number: u64, outcome: Outcome, moment: Moment) -> Option<Settled> {
        let (messages, settled) = self.state.outbox.settle(number, outcome, moment.real)?;
        let report = &mut self.state.report;
        match outcome {
            Outcome::Delivered => report.calls += 1,
            Outcome::Failed | Outcome::Limited { .. } | Outcome::Gone => report.failed_calls += 1,
        }
        match settled {
            Settled::Delivered => {
                report.delivered += messages;
                let again = self.again(moment);
                self.state.open.have_been_told(number, again);
            }
            Settled::GivenUp => report.given_up += messages,
            Settled::Again => {}
        }
        Some(settled)
    }

    /// A notice that says that it is a test, to be sent by itself: it is no message of the stream.
    pub fn test_notice(&self, moment: Moment, exercise: bool) -> Send {
        let notice = Notice { exercise, ..Pile::new(moment.clock).notice(Sort::Test, moment.clock) };
        Send {
            number: 0,
            id: format!("{}-{}-test", self.plan.name, self.state.born),
            critical: false,
            messages: 0,
            content: Content::Notice(notice),
            until: None,
        }
    }
}
