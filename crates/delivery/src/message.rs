//! A message of the alert stream, as far as it is told onwards.

use domain::{
    alert::Severity,
    values::{CommunityId, Slug, Timestamp},
};
use serde::{Deserialize, Serialize};

/// What came off the stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A message.
    Message(Box<Message>),
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
    /// The rule.
    pub kind: Slug,
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
    /// Until when somebody has it, if it is said.
    pub acknowledged_until: Option<Timestamp>,
    /// Why people are not to be told.
    pub suppressed: Option<Reason>,
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
    /// It is over.
    Resolved,
    /// It is not followed up.
    Closed,
    /// It came back.
    Reopened,
}

impl Action {
    /// Whether it is an end.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Resolved | Self::Closed)
    }

    /// Whether people are told: not that more of the same came, nor that somebody has it, for they have enough to read.
    pub fn is_news(self) -> bool {
        !matches!(self, Self::Updated | Self::Acknowledged)
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
    kind: Slug,
    action: Action,
    exercise: bool,
    title: Title,
    place: Place,
    acknowledged: Option<Acknowledged>,
    #[serde(default)]
    suppressed: Vec<String>,
    #[serde(default)]
    silenced_until: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Place {
    town: Slug,
    community: CommunityId,
    building: Option<String>,
}

#[derive(Deserialize)]
struct Acknowledged {
    until: Option<Timestamp>,
}

impl Heard {
    /// Reads a payload of the stream, its place there and when it was published.
    pub fn read(sequence: u64, published_at: Timestamp, payload: &[u8]) -> Self {
        let Ok(Envelope { id, time, severity, data }) = serde_json::from_slice::<Envelope>(payload) else { return Self::Unreadable };
        let Place { town, community, building } = data.place;
        // a word that this program does not know is a reason all the same
        let suppressed = data.suppressed.first().map(|word| if word == "silenced" { Reason::Silenced } else { Reason::Inhibited });
        Self::Message(Box::new(Message {
            sequence,
            id,
            at: time,
            published_at,
            town,
            community,
            building,
            kind: data.kind,
            severity,
            action: data.action,
            alert: data.alert,
            exercise: data.exercise,
            title: data.title,
            acknowledged_until: data.acknowledged.and_then(|acknowledged| acknowledged.until),
            suppressed,
            silenced_until: data.silenced_until,
        }))
    }
}
