//! Sends that were decided and are not done. What is in here is written down before it is tried, so that after a crash the same goes out
//! under the same id.

use std::collections::VecDeque;

use domain::values::{HOUR_MS, MINUTE_MS, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    notice::{Notice, Sort},
    pace::{Calls, Pace, lies_ahead},
};

/// How long a notice waits before it says since when.
pub(crate) const WAITED_MS: i64 = 5 * MINUTE_MS;
/// How long a send is tried, in real time.
pub const GIVE_UP_AFTER_MS: i64 = 24 * HOUR_MS;
/// First pause before another try; it doubles up to [`PAUSE_MAX_MS`].
const PAUSE_MIN_MS: i64 = 1000;
/// Longest pause before another try.
const PAUSE_MAX_MS: i64 = 5 * MINUTE_MS;

/// A send that was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send {
    /// Counts the sends of a subscription, without gaps.
    pub number: u64,
    /// Its id: the same at every try. It holds no full stop.
    pub id: String,
    /// It goes before those that are not.
    pub critical: bool,
    /// How many messages of the stream it tells of for the first time.
    pub messages: u64,
    /// What it tells.
    pub content: Content,
    /// From when on, by the clock of the system, it is of no use to anybody.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

impl Send {
    /// Whether it may go out: at night people are woken for what is critical only, and a program sleeps never.
    fn may_go(&self, is_night: bool) -> bool {
        !is_night || self.critical || matches!(self.content, Content::Message { .. })
    }
}

/// What a send tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The message at this place in the stream, as it stands.
    Message {
        /// Its place in the stream of alerts.
        sequence: u64,
    },
    /// A notice.
    Notice(Notice),
}

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Delivered,
    /// It has it not, or nobody knows.
    Failed,
    /// It wants to be called less often: not before so many ms.
    Limited {
        /// How long it is left alone, in ms.
        hold_ms: i64,
    },
    /// What was to be told is gone from the stream.
    Gone,
}

/// What a send has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Done.
    Delivered,
    /// It will be tried again.
    Again,
    /// It is not tried any more.
    GivenUp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    send: Send,
    /// Since when there has been something to tell, in real time.
    since: Timestamp,
    tries: u32,
    next_at: Timestamp,
    /// Another got through while it waited for another try: should it fail again, that may be for what it says.
    #[serde(default)]
    alone: bool,
    /// When it was tried last. Whoever reads this after a crash does not know it.
    #[serde(skip)]
    tried_at: Option<Timestamp>,
    /// It is being tried. Whoever reads this after a crash knows nothing of that.
    #[serde(skip)]
    under_way: bool,
}

impl Waiting {
    fn is_reminder(&self) -> bool {
        matches!(&self.send.content, Content::Notice(notice) if notice.sort == Sort::Reminder)
    }

    /// Criticals first, then what was decided first.
    fn turn(&self) -> (bool, u64) {
        (!self.send.critical, self.send.number)
    }

    /// The send as it goes out now.
    fn told(&self, real: Timestamp) -> Send {
        let mut send = self.send.clone();
        if let Content::Notice(notice) = &mut send.content {
            notice.waited_ms = Some(real.0.saturating_sub(self.since.0)).filter(|waited_ms| *waited_ms >= WAITED_MS);
        }
        send
    }
}

/// The receiver takes nothing: what waits is tried in rounds, all in the order in which they are to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Away {
    rounds: u32,
    /// When the next round begins.
    next_at: Timestamp,
}

/// Sends that are not done, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outbox {
    waiting: VecDeque<Waiting>,
    #[serde(default)]
    away: Option<Away>,
    /// The send that failed last, while none got through since.
    #[serde(skip)]
    failed: Option<u64>,
    pub(crate) calls: Calls,
}

impl Outbox {
    pub(crate) fn push(&mut self, send: Send, since: Timestamp) {
        self.waiting.push_back(Waiting { send, since, tries: 0, next_at: since, alone: false, tried_at: None, under_way: false });
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether a send is not done.
    pub(crate) fn holds(&self, number: u64) -> bool {
        self.waiting.iter().any(|waiting| waiting.send.number == number)
    }

    /// Whether one that is not done lists an alert as news: that it is over, too, after which it went on.
    pub(crate) fn lists(&self, alert: &str) -> bool {
        let lists = |waiting: &&Waiting| matches!(&waiting.send.content, Content::Notice(notice) if notice.items.iter().any(|item| item.alert == alert));
        self.waiting.iter().any(|waiting| lists(&waiting) && !waiting.is_reminder())
    }

    /// Takes out what is of no use any more and is not being tried; how many messages that are.
    pub(crate) fn take_late(&mut self, now: Timestamp) -> u64 {
        let late = |waiting: &Waiting| !waiting.under_way && waiting.send.until.is_some_and(|until| until <= now);
        let messages = self.waiting.iter().filter(|waiting| late(waiting)).map(|waiting| waiting.send.messages).sum();
        self.waiting.retain(|waiting| !late(waiting));
        messages
    }

    /// Whether one waits that was never tried.
    pub(crate) fn has_untried(&self, critical: bool) -> bool {
        self.waiting.iter().any(|waiting| waiting.tries == 0 && !waiting.under_way && waiting.send.critical == critical)
    }

    /// Whether a reminder is being told.
    pub(crate) fn is_reminding(&self) -> bool {
        self.waiting.iter().any(|waiting| waiting.under_way && waiting.is_reminder())
    }

    /// Takes out reminders that could not be told: a new one says what is so now.
    pub(crate) fn take_reminders(&mut self) {
        self.waiting.retain(|waiting| waiting.under_way || !waiting.is_reminder());
    }

    /// Messages in it.
    pub(crate) fn messages(&self) -> u64 {
        self.waiting.iter().map(|waiting| waiting.send.messages).sum()
    }

    /// Since when the oldest has waited, of those that are not to wait for the morning.
    pub(crate) fn oldest(&self, is_night: bool) -> Option<Timestamp> {
        self.waiting.iter().filter(|waiting| waiting.send.may_go(is_night)).map(|waiting| waiting.since).min()
    }

    /// The place in the stream of the first message in it that is told as it stands.
    pub(crate) fn first(&self) -> Option<u64> {
        let place = |waiting: &Waiting| match waiting.send.content {
            Content::Message { sequence } => Some(sequence),
            Content::Notice(_) => None,
        };
        self.waiting.iter().filter_map(place).min()
    }

    /// Those that failed and are tried again.
    pub(crate) fn failing(&self) -> usize {
        self.waiting.iter().filter(|waiting| waiting.tries > 0).count()
    }

    /// The next to be tried now, criticals first, then what was decided first; it counts as a call. At night only what people are woken for.
    pub(crate) fn start(&mut self, pace: Pace, real: Timestamp, is_night: bool) -> Option<Send> {
        let number = self.next(real, is_night)?;
        let next = self.waiting.iter_mut().find(|waiting| waiting.send.number == number)?;
        if !self.calls.may(pace, next.send.critical, real) {
            return None;
        }
        next.under_way = true;
        self.calls.make(pace, real);
        Some(next.told(real))
    }

    fn next(&self, real: Timestamp, is_night: bool) -> Option<u64> {
        let may = |waiting: &&Waiting| waiting.send.may_go(is_night) && !waiting.under_way && !lies_ahead(waiting.next_at, real);
        let due = self.waiting.iter().filter(may).min_by_key(|waiting| waiting.turn())?;
        if self.away.is_none() || due.alone {
            return Some(due.send.number);
        }
        // the receiver may be back, and whatever finds that out comes first: so one at a time, and before what fell due since then the first.
        // Were only that one tried, it would hold up all others when it alone is refused
        let others = || self.waiting.iter().filter(|waiting| !waiting.alone);
        if others().any(|waiting| waiting.under_way) {
            return None;
        }
        let since_then = |tried_at: Timestamp| tried_at < due.next_at && due.next_at <= real;
        let first = others().min_by_key(|waiting| waiting.turn()).filter(|first| first.tried_at.is_none_or(since_then));
        Some(first.unwrap_or(due).send.number)
    }

    /// One got through: all that wait for the receiver are tried, in order.
    fn is_back(&mut self, real: Timestamp) {
        (self.away, self.failed) = (None, None);
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.tries > 0 && !waiting.under_way && !waiting.alone) {
            (waiting.alone, waiting.next_at) = (true, real);
        }
    }

    /// One failed: with the others in the next round, unless it is the only one that does.
    fn wait(&mut self, place: usize, real: Timestamp) {
        let Waiting { send: Send { number, id, .. }, tries, alone, .. } = &self.waiting[place];
        let others_fail = self.away.is_some() || self.failed.is_some_and(|failed| failed != *number);
        self.failed = Some(*number);
        if *alone && !others_fail {
            self.waiting[place].next_at = real.plus_ms(pause_ms(id, *tries));
            return;
        }
        let begins = self.away.is_none();
        let mut away = self.away.unwrap_or(Away { rounds: 0, next_at: real });
        if !lies_ahead(away.next_at, real) {
            away.rounds += 1;
            away.next_at = real.plus_ms(pause_ms(id, away.rounds));
        }
        self.away = Some(away);
        let fails = |at: usize, waiting: &Waiting| at == place || (begins && waiting.tries > 0 && !waiting.under_way);
        for (_, waiting) in self.waiting.iter_mut().enumerate().filter(|(at, waiting)| fails(*at, waiting)) {
            (waiting.alone, waiting.next_at) = (false, away.next_at);
        }
    }

    /// What came of a try: the send, and what it has come to. Nothing when it is not here.
    pub(crate) fn settle(&mut self, number: u64, outcome: Outcome, real: Timestamp) -> Option<(u64, Settled)> {
        let place = self.waiting.iter().position(|waiting| waiting.send.number == number)?;
        let waiting = &mut self.waiting[place];
        (waiting.under_way, waiting.tried_at) = (false, Some(real));
        waiting.tries += 1;
        let too_old = real.0.saturating_sub(waiting.since.0) >= GIVE_UP_AFTER_MS;
        let settled = match outcome {
            Outcome::Delivered => {
                self.is_back(real);
                Settled::Delivered
            }
            Outcome::Gone => Settled::GivenUp,
            Outcome::Failed | Outcome::Limited { .. } if too_old => Settled::GivenUp,
            Outcome::Failed => {
                self.wait(place, real);
                Settled::Again
            }
            Outcome::Limited { hold_ms } => {
                waiting.next_at = real.plus_ms(hold_ms);
                self.calls.hold(real, hold_ms);
                Settled::Again
            }
        };
        let messages = self.waiting[place].send.messages;
        if settled != Settled::Again {
            self.waiting.remove(place);
        }
        Some((messages, settled))
    }
}

/// Pause after so many tries: doubled each time, of which half is spread by the id, so that those who failed together do not come back
/// together. The same id waits the same, so a test knows.
fn pause_ms(id: &str, tries: u32) -> i64 {
    let whole = PAUSE_MIN_MS.saturating_mul(1 << tries.saturating_sub(1).min(20)).min(PAUSE_MAX_MS);
    // FNV-1a
    let spread = id.bytes().chain(tries.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let half = whole / 2;
    half + i64::try_from(spread % 1000).unwrap_or(0) * half / 1000
}
