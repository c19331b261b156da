//! Alerts that are open and that nobody has: they are told again until somebody has them.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    alert::{FEVER, Severity, Situation},
    values::{CommunityId, MINUTE_MS, Slug, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    clusters::{Standing, Stands, place_of},
    message::{Action, Holding, Message, Title},
    notice::{Item, Line, Progress},
    pile::{Pile, short},
    plan::{Class, Plan},
    silences::Silences,
};

/// After how long what nobody has is told again, and what is silenced is asked about again: somebody may have ended the silence.
pub const REPEAT_EVERY_MS: i64 = 30 * MINUTE_MS;
/// What would be told again within this time goes along with what is told again now: of any two, one is so near to the other, and from then on
/// they come together. Of a longer pause it is half as well: whoever is woken for one reads of the others.
const REPEAT_TOGETHER_MS: i64 = REPEAT_EVERY_MS / 2;
/// Alerts that are remembered to be told again. Of more, the worst are; the others are told once, or never where a silence left them out.
const OPEN_MAX: usize = 500;

/// An alert that is open and that nobody has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Open {
    community: CommunityId,
    kind: Slug,
    severity: Severity,
    /// Only in class work.
    title: Option<Title>,
    exercise: bool,
    /// Since when it is remembered.
    #[serde(default)]
    since: Timestamp,
    /// When it is told again, or asked about while it is silenced.
    next_at: Timestamp,
    /// From when on it goes along with what is told again, where that is half of a pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    near_at: Option<Timestamp>,
    /// Until when somebody has it.
    taken_until: Option<Timestamp>,
    /// Until when it is silenced, as was last known.
    #[serde(default)]
    silenced_until: Option<Timestamp>,
    /// The highest level whose turn it was said to be.
    #[serde(default)]
    level: u8,
    /// Where it is, as clusters are remembered.
    #[serde(default)]
    place: Option<String>,
    /// It is part of a cluster, as was said last.
    #[serde(default)]
    inhibited: bool,
    /// People were reminded of it.
    #[serde(default)]
    reminded: bool,
    /// The number of the last send that tells what is new of it.
    #[serde(default)]
    told_in: Option<u64>,
    #[serde(default, skip_serializing_if = "Situation::is_usual")]
    situation: Situation,
    /// It went up past all who are told here, who are its first level.
    #[serde(default)]
    went_past: bool,
    /// When what it is about began, where it was handed to people here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    began_at: Option<Timestamp>,
    /// People here were given it by hand.
    #[serde(default)]
    given: bool,
}

/// When people are told again of what they are told now: every half hour by day. At night the pause grows as it stays open, for by then they know
/// of it, and who sleeps is reminded when they wake.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Again {
    now: Timestamp,
    by_day: Timestamp,
    /// Until when it is night then, where it is.
    wake_at: Option<Timestamp>,
}

impl Again {
    pub(crate) fn of(plan: &Plan, now: Timestamp) -> Self {
        let by_day = now.plus_ms(REPEAT_EVERY_MS);
        Self { now, by_day, wake_at: plan.asleep_until(by_day) }
    }

    /// When they are told again of what has been open since a time.
    pub(crate) fn at(&self, since: Timestamp) -> Timestamp {
        let Some(wake_at) = self.wake_at else { return self.by_day };
        let at = self.now.plus_ms(self.now.0.saturating_sub(since.0)).max(self.by_day);
        // nobody is woken for what they would read at breakfast
        if at.plus_ms(REPEAT_EVERY_MS) > wake_at { wake_at } else { at }
    }
}

/// Of what nobody is reminded now.
#[derive(Debug, Default)]
pub(crate) struct Withheld {
    /// Until when people sleep, where they do.
    pub(crate) asleep_until: Option<Timestamp>,
    /// Where a cluster stands for it.
    pub(crate) standing: Standing,
    /// What is new of it was not told yet.
    pub(crate) untold: BTreeSet<String>,
}

/// How a message was heard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hearing {
    pub(crate) now: Timestamp,
    /// People are told of it now.
    pub(crate) told: bool,
    /// When they are told again if nobody has it.
    pub(crate) remind_at: Timestamp,
    /// What changes what they are to do.
    pub(crate) situation: Situation,
    /// It went up past all who are told here.
    pub(crate) went_past: bool,
    /// When what it is about began, where it is handed to people here.
    pub(crate) began_at: Option<Timestamp>,
    /// People here were given it by hand.
    pub(crate) given: bool,
}

/// What is open and nobody has, by alert.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct OpenAlerts(BTreeMap<String, Open>);

impl OpenAlerts {
    /// Takes what a message says of who has its alert. Not what happened counts, but how the alert stands after it: a critical that was
    /// only seen is acknowledged by nobody, and one that somebody has may still be escalated.
    pub(crate) fn hear(&mut self, message: &Message, class: Class, hearing: Hearing) {
        let taken_until = match (message.action, message.holding) {
            // what this program does not know says nothing
            (Action::Other, _) => return,
            // nobody is reminded until they no longer have it; without an end, never
            (_, Holding::Over | Holding::Somebody { until: None }) => return self.forget(&message.alert),
            (_, Holding::Somebody { until }) => until,
            (_, Holding::Nobody) => None,
        };
        let silenced_until = message.silenced_until;
        let before = self.0.get(&message.alert);
        let next_at = match (taken_until, silenced_until, before) {
            (Some(until), ..) => until,
            (None, Some(until), _) => asked_again_at(until, hearing.now),
            // more of the same does not put off the reminder, and one that was put off is not any more
            (None, None, Some(before)) if !hearing.told => before.next_at.min(hearing.remind_at),
            (None, None, _) => hearing.remind_at,
        };
        let near_at = before.filter(|before| before.next_at == next_at).and_then(|before| before.near_at);
        let kept = |before: &Open| (before.since, before.level, before.reminded, before.told_in);
        let (since, before_level, reminded, told_in) = before.map_or((hearing.now, 0, false, None), kept);
        let began_at = hearing.began_at.or(before.and_then(|before| before.began_at));
        if before.is_none() && !self.make_room(message.severity) {
            return;
        }
        let level = message.level.max(before_level);
        let title = match class {
            Class::Full | Class::Work => Some(short(&message.title)),
            Class::Public => None,
        };
        let Message { alert, community, kind, severity, exercise, inhibited, .. } = message.clone();
        let place = place_of(message);
        self.0.insert(
            alert,
            Open {
                community,
                kind,
                place,
                severity,
                title,
                exercise,
                since,
                next_at,
                near_at,
                taken_until,
                silenced_until,
                level,
                inhibited,
                reminded,
                told_in,
                situation: hearing.situation,
                went_past: hearing.went_past,
                began_at,
                given: hearing.given,
            },
        );
    }

    /// Whether an alert is remembered.
    pub(crate) fn knows(&self, alert: &str) -> bool {
        self.0.contains_key(alert)
    }

    /// Whether people were reminded of an alert that is remembered.
    pub(crate) fn was_reminded(&self, alert: &str) -> bool {
        self.0.get(alert).is_some_and(|open| open.reminded)
    }

    /// The highest level whose turn an alert was said to be; 0 for one that is not remembered.
    pub(crate) fn level(&self, alert: &str) -> u8 {
        self.0.get(alert).map_or(0, |open| open.level)
    }

    /// Whether an alert is remembered of which people were told that there is one, and not where.
    pub(crate) fn is_counted(&self, alert: &str) -> bool {
        self.0.get(alert).is_some_and(|open| open.title.is_none())
    }

    /// Since when an alert is remembered, if it is.
    pub(crate) fn since(&self, alert: &str) -> Option<Timestamp> {
        self.0.get(alert).map(|open| open.since)
    }

    pub(crate) fn forget(&mut self, alert: &str) {
        self.0.remove(alert);
    }

    /// Whether there is room for one more: the oldest of the least severe makes room for a worse one.
    fn make_room(&mut self, severity: Severity) -> bool {
        if self.0.len() < OPEN_MAX {
            return true;
        }
        let least = self.0.iter().min_by_key(|(_, open)| (open.severity, open.since)).filter(|(_, open)| open.severity < severity);
        let Some(alert) = least.map(|(alert, _)| alert.clone()) else { return false };
        self.forget(&alert);
        true
    }

    /// What is to be told again now or soon after, as far as its time goes, and the number of the last send that tells what is new of it.
    pub(crate) fn near(&self, now: Timestamp) -> impl Iterator<Item = (&str, Option<u64>)> {
        self.0.iter().filter(move |(_, open)| open.is_near(now)).map(|(alert, open)| (alert.as_str(), open.told_in))
    }

    /// The worst that is to be told again now.
    pub(crate) fn worst_due(&self, now: Timestamp, withheld: &Withheld) -> Option<Severity> {
        self.0.iter().filter(|(alert, open)| open.next_at <= now && !open.is_withheld(alert, withheld)).map(|(_, open)| open.severity).max()
    }

    /// All of at least this severity that is to be told again now or soon after, be it silenced or not.
    pub(crate) fn coming(&self, now: Timestamp, least: Severity, withheld: &Withheld) -> Vec<(CommunityId, String)> {
        self.0.iter().filter(|(alert, open)| open.comes(alert, now, least, withheld)).map(|(alert, open)| (open.community.clone(), alert.clone())).collect()
    }

    /// Takes what was answered.
    pub(crate) fn learn(&mut self, silences: &Silences) {
        for (alert, until) in silences {
            self.0.get_mut(alert).into_iter().for_each(|open| open.silenced_until = *until);
        }
    }

    /// Until when an alert is silenced, as was last known.
    pub(crate) fn silenced_until(&self, alert: &str) -> Option<Timestamp> {
        self.0.get(alert)?.silenced_until
    }

    /// Puts off what is silenced.
    pub(crate) fn keep_quiet(&mut self, now: Timestamp) {
        for open in self.0.values_mut().filter(|open| open.next_at <= now) {
            open.put_off(now);
        }
    }

    /// People were not told of an alert because it is silenced: they are reminded of it once that is over.
    pub(crate) fn keep_for_later(&mut self, alert: &str, now: Timestamp) {
        self.0.get_mut(alert).into_iter().for_each(|open| open.put_off(now));
    }

    /// People are told of an alert in a send that is decided now, which may have waited: when they are told again counts from now.
    pub(crate) fn tell(&mut self, alert: &str, number: u64, again: Again) {
        if let Some(open) = self.0.get_mut(alert) {
            open.told_in = Some(number);
            open.tell(again);
        }
    }

    /// They have that send: when they are told again counts from now.
    pub(crate) fn have_been_told(&mut self, number: u64, again: Again) {
        self.0.values_mut().filter(|open| open.told_in == Some(number)).for_each(|open| open.tell(again));
    }

    /// All of at least this severity that is to be told again now or soon after and is not silenced; it is put off.
    pub(crate) fn tell_again(&mut self, again: Again, least: Severity, withheld: &Withheld) -> Pile {
        let now = again.now;
        let mut pile = Pile::new(now);
        let told = |alert: &str, open: &Open| open.comes(alert, now, least, withheld) && open.silenced_until.is_none_or(|until| until <= now);
        let mut untaken: Vec<(&String, &mut Open)> = self.0.iter_mut().filter(|(alert, open)| told(alert, open)).collect();
        // those that have waited longest are listed
        untaken.sort_by_key(|(_, open)| open.since);
        for (alert, open) in untaken {
            open.reminded = true;
            open.tell(again);
            pile.exercise |= open.exercise;
            pile.tells_of(open.since);
            let (community, kind, severity) = (Some(open.community.clone()), Some(open.kind.clone()), open.severity);
            pile.count(Line { community, kind, severity, progress: Progress::Untaken, count: 1, alerts: 1 });
            if let Some(title) = open.title.clone() {
                let Open { kind, since, began_at, situation, .. } = open.clone();
                pile.list(Item { kind: Some(kind), at: Some(since), began_at, situation, ..Item::of(alert.clone(), open.severity, title) });
            }
        }
        pile
    }
}

impl Open {
    /// Whether somebody has it.
    fn is_taken(&self, now: Timestamp) -> bool {
        self.taken_until.is_some_and(|until| now < until)
    }

    /// People are told of it now.
    fn tell(&mut self, again: Again) {
        if !self.is_taken(again.now) {
            self.next_at = again.at(self.since);
            self.near_at = Some(Timestamp(again.now.0.midpoint(self.next_at.0)));
        }
    }

    /// While it is silenced, it is asked about again.
    fn put_off(&mut self, now: Timestamp) {
        if let Some(until) = self.silenced_until.filter(|until| now < *until && !self.is_taken(now)) {
            (self.next_at, self.near_at) = (asked_again_at(until, now), None);
        }
    }

    /// Whether it is told again now or soon after, unless it is silenced.
    fn comes(&self, alert: &str, now: Timestamp, least: Severity, withheld: &Withheld) -> bool {
        self.severity >= least && self.is_near(now) && !self.is_taken(now) && !self.is_withheld(alert, withheld)
    }

    /// Whether it would be told again within [`REPEAT_TOGETHER_MS`], or half of its pause is over.
    fn is_near(&self, now: Timestamp) -> bool {
        self.near_at.unwrap_or(Timestamp(self.next_at.0 - REPEAT_TOGETHER_MS)) <= now
    }

    /// Whether nobody is reminded of it now: what is new of it waits to be told, a cluster stands for it, or it is for those above, who
    /// have been told: level 1 is reminded of what is critical only, and while it is awake.
    fn is_withheld(&self, alert: &str, Withheld { asleep_until, standing, untold }: &Withheld) -> bool {
        let is_for_others = self.went_past && (asleep_until.is_some() || self.severity < Severity::Critical);
        if untold.contains(alert) || is_for_others {
            return true;
        }
        // who made it was told by name before there was one; a warm forehead is critical to nobody, and in no cluster
        let made_it = |since| self.kind.as_str() == FEVER && self.severity == Severity::Critical && self.since <= since;
        // who was given it by hand is reminded of it, unless they know of the cluster
        let stands = |Stands { since, is_known }| (self.inhibited || made_it(since)) && (is_known || !self.given);
        standing.at(self.place.as_deref()).is_some_and(stands)
    }
}

/// When it is asked about what is silenced until a time: at the latest then.
fn asked_again_at(until: Timestamp, now: Timestamp) -> Timestamp {
    until.min(now.plus_ms(REPEAT_EVERY_MS))
}
