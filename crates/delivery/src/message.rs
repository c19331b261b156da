//! A message of the alert stream, as far as it is told onwards.

use std::collections::BTreeSet;

use domain::{
    alert::{CHECK_OVERDUE, CLUSTER, Severity, Share},
    values::{CommunityId, MINUTE_MS, Slug, StaffId, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::nudge::{self, Nudge};

/// How long after a check came overdue that is what has just happened.
const JUST_NOW_MS: i64 = 10 * MINUTE_MS;

/// What came off the stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A message.
    Message(Box<Message>),
    /// A message about a nudge.
    Nudge(Box<Nudge>),
    /// Something that this program cannot read: a newer one may have written it.
    Unreadable,
}

/// A message about an alert (contracts.md, topics). Whom it is about is not in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its place in the stream of alerts.
    pub sequence: u64,
    /// Its id: the same however often it is told.
    pub id: String,
    /// When what it tells was recorded, by the clock of the system.
    pub at: Timestamp,
    /// When it was published, in real time.
    pub published_at: Timestamp,
    /// Its town.
    pub town: Slug,
    /// Its community.
    pub community: CommunityId,
    /// Its building, where it has one.
    pub building: Option<String>,
    /// The grid that its building lies in, where that is known.
    pub grid: Option<String>,
    /// It is about the building itself, and not about somebody or something in it.
    pub is_of_building: bool,
    /// The rule.
    pub kind: Slug,
    /// It was recorded late.
    pub late: bool,
    /// Its temperature was not measured again.
    pub unconfirmed: bool,
    /// Whom it is about was stopped at the gate.
    pub stopped: bool,
    /// When what it is about began.
    pub first_at: Option<Timestamp>,
    /// When it was last so.
    pub last_at: Option<Timestamp>,
    /// The worst of this episode.
    pub severity: Severity,
    /// What happened to the alert.
    pub action: Action,
    /// The alert.
    pub alert: String,
    /// It is part of an exercise.
    pub exercise: bool,
    /// The line for people.
    pub title: Title,
    /// Its place in words, and nothing of what is there.
    pub place_name: Title,
    /// Whether somebody has it now.
    pub holding: Holding,
    /// Whose turn it is, where it is anybody's.
    pub owner: Option<Owner>,
    /// The highest level that was told in this episode; 0 before any was.
    pub level: u8,
    /// Who was told in this episode, level by level, also once it is over.
    pub told: Vec<Told>,
    /// Somebody silenced it, or it is held back for a reason that this program does not know.
    pub silenced: bool,
    /// It is part of a cluster.
    pub inhibited: bool,
    /// Until when it is silenced.
    pub silenced_until: Option<Timestamp>,
}

/// What happened to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A rule fired.
    Raised,
    /// There is more of the same.
    Updated,
    /// It is worse.
    Upgraded,
    /// Somebody has it.
    Acknowledged,
    /// It is somebody else's turn.
    Escalated,
    /// Its rule is quiet, and it is not over yet.
    RecoveryStarted,
    /// It is over.
    Resolved,
    /// It is not followed up.
    Closed,
    /// It came back.
    Reopened,
    /// Somebody wants it to go up.
    EscalationRequested,
    /// Somebody was given it by hand.
    Assigned,
    /// Somebody wrote something down.
    Noted,
    /// A word that this program does not know: a newer one wrote it.
    #[serde(other)]
    Other,
}

/// Whether somebody has an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// It is open.
    Nobody,
    /// It is acknowledged.
    Somebody {
        /// Until when; without an end when absent.
        until: Option<Timestamp>,
    },
    /// It is resolved or closed, or recovering: nobody need take it.
    Over,
}

/// Whose turn an alert is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Owner {
    /// The highest level that was told.
    pub level: u8,
    /// Why it is their turn, in a word of contracts.md.
    pub why: String,
    /// Posts that nobody holds: at their level, at those below that it came from, or at those above to which it cannot go.
    #[serde(default)]
    pub gaps: Vec<Gap>,
}

/// Who was told at a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The level.
    pub level: u8,
    /// Why it came to them, in a word of contracts.md.
    pub why: String,
    /// Each with how much they are told.
    pub staff: Vec<(StaffId, Share)>,
    /// Of these, who was given it by hand.
    pub given: Vec<StaffId>,
}

/// A post that nobody holds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Gap {
    /// At which level.
    pub level: u8,
    /// Which duty.
    #[serde(default)]
    pub duty: String,
}

impl Owner {
    /// The levels that it went past because nobody is there, if that is why it is their turn. Where others of a level were told, it did not.
    pub(crate) fn vacant_below(&self, told: &[Told]) -> Vec<u8> {
        let passed = |level: &u8| self.why == "vacant" && *level < self.level && told.iter().all(|told| told.level != *level);
        self.gaps.iter().map(|gap| gap.level).filter(passed).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Whether an alert came to people, by a word of contracts.md, because others had it as well, or because they are on duty now: it did not go up.
pub(crate) fn went_nowhere_by(why: &str) -> bool {
    matches!(why, "at_once" | "duty_changed")
}

impl Action {
    /// Whether it is an end.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Resolved | Self::Closed)
    }
}

impl Message {
    /// Whether it says that the turn has come to a level.
    pub(crate) fn goes_to(&self, level: u8) -> bool {
        self.action == Action::Escalated && self.owner.as_ref().is_some_and(|owner| owner.level == level)
    }

    /// Whether it says that another check has just come overdue: of those that were missed they were told.
    pub(crate) fn is_one_more_check(&self) -> bool {
        let just_now = |last_at: Timestamp| (0..JUST_NOW_MS).contains(&(self.at.0 - last_at.0));
        self.action == Action::Updated && self.kind.as_str() == CHECK_OVERDUE && self.last_at.is_some_and(just_now)
    }

    /// Whether people are told: not that more of the same came, nor that somebody has it, for they have enough to read. Of an alert that
    /// goes up they are told when it goes beyond those who were told first, and not that others are on duty now.
    pub fn is_news(&self) -> bool {
        match self.action {
            Action::Raised | Action::Upgraded | Action::Reopened | Action::Resolved | Action::Closed => true,
            Action::Escalated => self.owner.as_ref().is_some_and(|owner| owner.level > 1 && !went_nowhere_by(&owner.why)),
            // a cluster stands for those who join it, and a check that has just come overdue is one more to make: nobody is told of them otherwise
            Action::Updated => self.kind.as_str() == CLUSTER || self.is_one_more_check(),
            Action::Acknowledged | Action::EscalationRequested | Action::Assigned | Action::Noted | Action::RecoveryStarted | Action::Other => false,
        }
    }
}

/// A line in each language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Title {
    /// Chinese.
    #[serde(rename = "zh-CN")]
    pub zh_cn: String,
    /// English.
    pub en: String,
}

/// Why a message was not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The subscription is not about it.
    Filtered,
    /// It cannot be read.
    Unreadable,
    /// Somebody silenced it.
    Silenced,
    /// Another alert stands for it.
    Inhibited,
    /// It is no news to people.
    NoNews,
    /// The alert comes and goes: that it does was told once.
    Unstable,
    /// It was news for too long: people are told what is still open.
    TooOld,
}

impl Reason {
    /// The word in metrics and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Filtered => "filtered",
            Self::Unreadable => "unreadable",
            Self::Silenced => "silenced",
            Self::Inhibited => "inhibited",
            Self::NoNews => "no_news",
            Self::Unstable => "unstable",
            Self::TooOld => "too_old",
        }
    }
}

/// The message as it is written. What is not needed here is passed over: consumers live with fields they do not know.
#[derive(Deserialize)]
struct Envelope {
    id: String,
    time: Timestamp,
    severity: Severity,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    alert: String,
    /// `{community}/{rule}/{subject kind}/{subject id}`
    #[serde(default)]
    key: String,
    kind: Slug,
    #[serde(default)]
    late: bool,
    #[serde(default)]
    unconfirmed: bool,
    #[serde(default)]
    stopped: bool,
    #[serde(default)]
    first_at: Option<Timestamp>,
    #[serde(default)]
    last_at: Option<Timestamp>,
    action: Action,
    #[serde(default)]
    state: String,
    exercise: bool,
    title: Title,
    place: Place,
    acknowledged: Option<Acknowledged>,
    #[serde(default)]
    owner: Option<Owner>,
    #[serde(default)]
    level: Option<u8>,
    #[serde(default)]
    told: Vec<ToldLevel>,
    #[serde(default)]
    suppressed: Vec<String>,
    #[serde(default)]
    silenced_until: Option<Timestamp>,
}

#[derive(Deserialize)]
struct ToldLevel {
    level: u8,
    #[serde(default)]
    why: String,
    staff: Vec<Hearer>,
}

#[derive(Deserialize)]
struct Hearer {
    staff: StaffId,
    share: String,
    #[serde(default)]
    given: bool,
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    name: Title,
    town: Slug,
    community: CommunityId,
    #[serde(default)]
    grid: Option<String>,
    building: Option<String>,
}

#[derive(Deserialize)]
struct Acknowledged {
    until: Option<Timestamp>,
}

impl ToldLevel {
    /// Whose share is a word that this program does not know was told nothing, as far as it knows.
    fn read(self) -> Told {
        let given = self.staff.iter().filter(|hearer| hearer.given).map(|hearer| hearer.staff.clone()).collect();
        let staff = self.staff.into_iter().filter_map(|Hearer { staff, share, .. }| Some((staff, Share::from_word(&share)?))).collect();
        Told { level: self.level, why: self.why, staff, given }
    }
}

/// What any message says of itself.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    r#type: String,
}

/// The word of a message that is part of a cluster. Any other word, of a newer program too, is a reason to tell nobody.
const INHIBITED: &str = "inhibited";

impl Heard {
    /// When what it tells was recorded, by the clock of the system.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Message(message) => Some(message.at),
            Self::Nudge(nudge) => Some(nudge.at),
            Self::Unreadable => None,
        }
    }

    /// Reads a payload of the stream, its place there and when it was published.
    pub fn read(sequence: u64, published_at: Timestamp, payload: &[u8]) -> Self {
        if serde_json::from_slice(payload).is_ok_and(|Named { r#type }| r#type == nudge::TYPE) {
            return Nudge::read(sequence, published_at, payload).map_or(Self::Unreadable, |nudge| Self::Nudge(Box::new(nudge)));
        }
        let Ok(Envelope { id, time, severity, data }) = serde_json::from_slice::<Envelope>(payload) else { return Self::Unreadable };
        let Place { name, town, community, grid, building } = data.place;
        let holding = match (data.state.as_str(), data.acknowledged) {
            ("recovering" | "resolved" | "closed", _) => Holding::Over,
            _ if data.action.is_end() => Holding::Over,
            (_, Some(Acknowledged { until })) => Holding::Somebody { until },
            (_, None) => Holding::Nobody,
        };
        let (inhibited, silenced): (Vec<&String>, Vec<&String>) = data.suppressed.iter().partition(|word| *word == INHIBITED);
        let level = data.level.or(data.owner.as_ref().map(|owner| owner.level)).unwrap_or_default();
        Self::Message(Box::new(Message {
            sequence,
            id,
            at: time,
            published_at,
            town,
            community,
            building,
            grid,
            is_of_building: data.key.split('/').nth(2) == Some("building"),
            kind: data.kind,
            late: data.late,
            unconfirmed: data.unconfirmed,
            stopped: data.stopped,
            first_at: data.first_at,
            last_at: data.last_at,
            severity,
            action: data.action,
            alert: data.alert,
            exercise: data.exercise,
            title: data.title,
            place_name: name,
            holding,
            owner: data.owner,
            level,
            told: data.told.into_iter().map(ToldLevel::read).collect(),
            silenced: !silenced.is_empty(),
            inhibited: !inhibited.is_empty(),
            silenced_until: data.silenced_until,
        }))
    }
}
