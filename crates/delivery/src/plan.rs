//! A subscription: which receiver, which messages, how much of them.

use domain::{
    alert::{CLUSTER, FEVER, Kind, LEVEL_MAX, Severity, Share, Situation},
    community::QuietHours,
    values::{CommunityId, Slug, StaffId, Timestamp, Zone},
};
use serde::{Deserialize, Serialize};

use crate::{
    message::{Action, Holding, Message, Told},
    pace::Pace,
};

/// What a receiver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A program, by the Standard Webhooks scheme.
    Webhook,
    /// A robot in a group of WeCom (企业微信).
    Wecom,
    /// A robot in a group of DingTalk (钉钉).
    Dingtalk,
    /// A robot in a group of Feishu (飞书).
    Feishu,
    /// A topic of ntfy.
    Ntfy,
}

/// How much of a message may leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Doors and names, each message as it stands: for programs only, and where an operator says so twice.
    Full,
    /// Doors, and no names.
    Work,
    /// Counts per community, kind and severity, and no place below the community.
    #[default]
    Public,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The stream of alerts of class work.
    Alerts,
    /// The stream of alerts with names, where there is one.
    AlertsFull,
    /// The stream of nudges.
    Nudges,
}

/// Of what a receiver of class work is told the doors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Doors {
    /// Of everything.
    #[default]
    All,
    /// Of what is critical; the rest is counted. For the town: of a check that was missed it learns the door at the second miss in a row.
    Critical,
}

/// Which messages. An empty list lets everything through; whoever makes a plan sees to it that it names a place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// Towns.
    pub towns: Vec<Slug>,
    /// Communities.
    pub communities: Vec<CommunityId>,
    /// Kinds of alerts.
    pub kinds: Vec<Slug>,
    /// Severities.
    pub severities: Vec<Severity>,
    /// The level that it is told with: nothing of an alert before its turn came so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_level: Option<u8>,
}

/// Calls in a minute of what is told of nudges: of these, four may be ordinary. With the fifteen of a delivery of alerts that are fewer than the
/// twenty that robots take.
const NUDGES_PER_MINUTE: u32 = 9;

/// A subscription.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Its name: the mark on the server and every id carry it.
    pub name: Slug,
    /// What the receiver is.
    pub channel: Channel,
    /// How much it is told.
    pub class: Class,
    /// Of what it is told the doors.
    pub doors: Doors,
    /// What it is told of.
    pub filter: Filter,
    /// Whose receiver it is: then it is told of their nudges, and of nothing else.
    pub leaders: Vec<StaffId>,
    /// Whose receiver it is: then it is told of what they are told, when they are, and as much.
    pub staff: Vec<StaffId>,
    /// A cluster stands for the people in it: it is told of the cluster as it grows, and not of each fever. For the town and the police;
    /// a nurse is told of each.
    pub cluster_stands: bool,
    /// When people sleep: what is not critical waits until they wake.
    pub quiet: Option<Quiet>,
}

/// Hours of the night.
#[derive(Clone, Debug, PartialEq)]
pub struct Quiet {
    /// From when until when; none at all when both are the same.
    pub hours: QuietHours,
    /// In which zone.
    pub zone: Zone,
}

impl Quiet {
    /// Until when it is night, where it is.
    pub fn asleep_until(&self, at: Timestamp) -> Option<Timestamp> {
        self.hours.asleep_until(&self.zone, at)
    }
}

impl Plan {
    /// Whether clusters stand for the fevers in them: only where clusters themselves are told of.
    pub fn leaves_to_clusters(&self) -> bool {
        self.cluster_stands && self.hears_of_clusters()
    }

    /// Whether it is told of clusters.
    pub(crate) fn hears_of_clusters(&self) -> bool {
        self.filter.lets_kind(CLUSTER, Severity::Critical)
    }

    /// Whether people are told of a message: who is told of each fever need not hear that their cluster grew by it.
    pub(crate) fn is_news(&self, message: &Message) -> bool {
        let hears_of_each = || !self.cluster_stands && self.filter.lets_kind(FEVER, Severity::Critical);
        let is_theirs = || match message.kind.as_str() {
            CLUSTER => !hears_of_each(),
            // those who are to make it: above them it is how long nobody did
            _ => self.hears_first(message),
        };
        message.is_news() && (message.action != Action::Updated || is_theirs())
    }

    /// Whether those who are told here are, or are among, the first whose turn it is.
    fn hears_first(&self, message: &Message) -> bool {
        if self.staff.is_empty() {
            return self.filter.from_level.is_none_or(|level| level <= 1);
        }
        message.told.iter().any(|told| told.level == 1 && self.share_at(told) == Some(Share::Everything))
    }

    /// Until when people sleep, where they do.
    pub(crate) fn asleep_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.quiet.as_ref().and_then(|quiet| quiet.asleep_until(now))
    }

    /// How much of its alert those are told whose receiver it is, at whatever level, also once it is over; nothing when it is told to none of
    /// them. A receiver that is nobody's own is told everything.
    pub fn share_of(&self, message: &Message) -> Option<Share> {
        if self.staff.is_empty() {
            return Some(Share::Everything);
        }
        message.told.iter().filter_map(|told| self.share_at(told)).min()
    }

    /// How much those are told at a level whose receiver it is.
    fn share_at(&self, told: &Told) -> Option<Share> {
        told.staff.iter().filter(|(staff, _)| self.staff.contains(staff)).map(|(_, share)| *share).min()
    }

    /// What changes what those who are told here are to do about an alert.
    pub(crate) fn situation(&self, message: &Message) -> Situation {
        let first_turn = !self.staff.is_empty() && self.hears_first(message);
        let Message { unconfirmed, stopped, .. } = *message;
        let town_told = message.level >= LEVEL_MAX;
        let known = Situation { first_turn, unconfirmed, stopped, above: self.is_above(message), town_told, ..Situation::default() };
        let gaps = message.owner.iter().flat_map(|owner| &owner.gaps).map(|gap| (gap.level, gap.duty.as_str()));
        Kind::of(message.kind.as_str()).map_or(known, |kind| kind.situation(known, gaps, message.last_at))
    }

    /// Whether those who are told here are those whom it was given to by hand last: at the level that has it, not at those that had it before.
    pub(crate) fn is_given(&self, message: &Message) -> bool {
        let has_it = |told: &&Told| told.level == message.level;
        message.told.iter().filter(has_it).flat_map(|told| &told.given).any(|staff| self.staff.contains(staff))
    }

    /// Whether a message that it is worse waits to be told with its turn: whoever is told counts of an alert that nobody has is told all of it at once
    /// when it becomes critical (alerting.md, "Escalation").
    pub(crate) fn is_told_with_its_turn(&self, message: &Message) -> bool {
        let is_worse = message.action == Action::Upgraded && message.severity == Severity::Critical && message.holding == Holding::Nobody;
        is_worse && self.share_of(message) == Some(Share::Counts)
    }

    /// Whether those who are told here are the last level, and no level below it.
    fn is_above(&self, message: &Message) -> bool {
        let ours = || message.told.iter().filter(|told| self.share_at(told).is_some());
        // whoever was given it by hand is to do it, however far it had come
        !self.is_given(message) && ours().map(|told| told.level).min().or(self.filter.from_level).is_some_and(|level| level >= LEVEL_MAX)
    }

    /// Whether an alert went up past all who are told here, who are its first level: those above are reminded then (alerting.md, "Escalation").
    /// Not known of a receiver that is nobody's own.
    pub(crate) fn went_past(&self, message: &Message) -> bool {
        let levels = || message.told.iter().filter(|told| self.share_at(told).is_some()).map(|told| told.level);
        message.level > 1 && levels().max() == Some(1)
    }

    /// Why an alert came to those who are told here, in a word of contracts.md.
    pub(crate) fn why_told<'m>(&self, message: &'m Message) -> Option<&'m str> {
        let ours = message.told.iter().rev().find(|told| self.share_at(told).is_some()).map(|told| &told.why);
        ours.or(message.owner.as_ref().filter(|_| self.staff.is_empty()).map(|owner| &owner.why)).map(String::as_str)
    }

    /// Whether an alert is told here only once its turn has come to those who are told.
    pub(crate) fn waits_for_turns(&self) -> bool {
        self.filter.from_level.is_some() || !self.staff.is_empty()
    }

    /// How much it is told of an alert.
    pub fn class_of(&self, message: &Message) -> Class {
        match (self.doors, self.share_of(message)) {
            (Doors::Critical, _) if message.severity < Severity::Critical => Class::Public,
            // whose it is not any more is none of theirs to read
            (_, Some(Share::Counts | Share::DoNotGoUp) | None) => Class::Public,
            (Doors::All | Doors::Critical, Some(Share::Everything)) => self.class,
        }
    }

    /// How much it is told, in a word for its mark: what was kept for one is not told to another.
    pub fn told(&self) -> &'static str {
        match (self.class, self.doors) {
            (Class::Work, Doors::Critical) => "work, doors of what is critical",
            (class, _) => class.word(),
        }
    }

    /// Whether it is told of nudges.
    pub fn nudges(&self) -> bool {
        !self.leaders.is_empty()
    }

    /// What it reads.
    pub fn source(&self) -> Source {
        match self.class {
            Class::Work | Class::Public if self.nudges() => Source::Nudges,
            Class::Work | Class::Public => Source::Alerts,
            Class::Full => Source::AlertsFull,
        }
    }

    /// How often its receiver may be called. One that is told of nudges may be that of a delivery of alerts as well, and leaves room for it.
    pub fn pace(&self) -> Pace {
        let pace = self.channel.pace();
        let per_minute = pace.per_minute.map(|calls| if self.nudges() { calls.min(NUDGES_PER_MINUTE) } else { calls });
        Pace { per_minute, ..pace }
    }

    /// Whether each message is told onwards by itself, as it stands: to programs, which count and group for themselves.
    pub fn forwards(&self) -> bool {
        self.channel == Channel::Webhook && self.class != Class::Public
    }
}

impl Channel {
    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Wecom => "wecom",
            Self::Dingtalk => "dingtalk",
            Self::Feishu => "feishu",
            Self::Ntfy => "ntfy",
        }
    }

    /// How often a receiver of this kind may be called.
    pub fn pace(self) -> Pace {
        match self {
            Self::Webhook => Pace::FREE,
            // 20 a minute is the limit of both, and DingTalk blocks for ten minutes beyond it
            Self::Wecom | Self::Dingtalk => Pace::per_minute(15),
            // 100 a minute and 5 a second; it refuses at the full and the half hour, when everybody's reports are sent
            Self::Feishu => Pace { shuns_half_hours: true, ..Pace::per_minute(80) },
            // ntfy.sh gives a visitor one call in five seconds, after the first sixty
            Self::Ntfy => Pace::per_minute(12),
        }
    }

    /// Longest text it takes, in bytes of UTF-8.
    pub fn text_bytes_max(self) -> usize {
        match self {
            Self::Wecom => 2048,
            Self::Dingtalk | Self::Feishu | Self::Webhook => 16 * 1024,
            Self::Ntfy => 4096,
        }
    }

    /// Calls that may be under way at once.
    pub fn calls_max(self) -> usize {
        match self {
            Self::Webhook => 8,
            Self::Wecom | Self::Dingtalk | Self::Feishu | Self::Ntfy => 1,
        }
    }
}

impl Class {
    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Work => "work",
            Self::Public => "public",
        }
    }
}

/// Whether a list names something; an empty one names everything.
fn names<T: PartialEq>(list: &[T], value: &T) -> bool {
    list.is_empty() || list.contains(value)
}

impl Filter {
    /// Whether a message is about what it names, at whatever level its alert is.
    pub fn lets(&self, message: &Message) -> bool {
        self.lets_community(&message.town, &message.community) && self.lets_kind(message.kind.as_str(), message.severity)
    }

    /// Whether an alert has come to the level that is told.
    pub fn lets_level(&self, message: &Message) -> bool {
        message.level >= self.from_level.unwrap_or_default()
    }

    /// Whether a community is among those it names.
    pub fn lets_community(&self, town: &Slug, community: &CommunityId) -> bool {
        names(&self.towns, town) && names(&self.communities, community)
    }

    fn lets_kind(&self, kind: &str, severity: Severity) -> bool {
        (self.kinds.is_empty() || self.kinds.iter().any(|named| named.as_str() == kind)) && names(&self.severities, &severity)
    }
}
