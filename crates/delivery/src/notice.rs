//! What people are told in one call: counts of what there is, and the first of it listed.

use domain::{
    alert::{Severity, Situation},
    values::{CommunityId, Slug, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::message::{Action, Message, Title};

/// What people are told in one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What sort of notice.
    pub sort: Sort,
    /// When it was decided, by the clock of the system.
    pub at: Timestamp,
    /// When the first of it was: what is told may have waited.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// It is part of an exercise.
    pub exercise: bool,
    /// The grid that all of it lies in, where it was gathered by grid.
    #[serde(default)]
    pub grid: Option<String>,
    /// It is the first that is told by itself after a time of digests.
    #[serde(default)]
    pub singly_again: bool,
    /// Of a digest: it gathered because people slept, and not because there was much to tell.
    #[serde(default)]
    pub overnight: bool,
    /// For how long it could not be told, in real time, when that was long: as it goes out, and nothing to remember.
    #[serde(skip)]
    pub waited_ms: Option<i64>,
    /// How many of what, worst first, and what is over last.
    pub lines: Vec<Line>,
    /// The first of them: worst first, and what is over last.
    pub items: Vec<Item>,
}

/// What sort of notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// What came of one kind in one building, or of buildings of one community.
    News,
    /// Criticals that came faster than the receiver may be called.
    Storm,
    /// What came after the budget was spent, or while people slept.
    Digest,
    /// What was told and nobody has now.
    Reminder,
    /// Reports that are missing still, before they are due.
    Nudge,
    /// Doors that somebody is not to go up to, or may ask about again.
    DoNotGoUp,
    /// A test by an operator.
    Test,
}

impl Notice {
    /// How many messages it stands for.
    pub fn count(&self) -> u64 {
        self.lines.iter().map(|line| line.count).sum()
    }

    /// How many alerts it tells of.
    pub fn alerts(&self) -> u64 {
        self.lines.iter().map(|line| line.alerts).sum()
    }

    /// How many of them have come so far.
    pub fn alerts_at(&self, progress: Progress) -> u64 {
        self.lines.iter().filter(|line| line.progress == progress).map(|line| line.alerts).sum()
    }

    /// The worst in it: what is over is nothing to hurry for.
    pub fn severity(&self) -> Severity {
        self.lines.iter().filter(|line| line.progress != Progress::Over && line.alerts > 0).map(|line| line.severity).max().unwrap_or(Severity::Caution)
    }
}

/// How far an alert has come, as people are told, in the order in which they are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// There it is, or it came back, or it is worse.
    #[default]
    New,
    /// Nobody took it, and it went up.
    Escalated,
    /// There are more people in it than was told.
    Grown,
    /// Others had it, and it is for those who are told now.
    Handed,
    /// The same, and a cluster stands for it.
    Clustered,
    /// It is over: nobody need do anything.
    Over,
    /// It was told before, and nobody has it.
    Untaken,
}

impl Progress {
    /// After a message; whether others had its alert until their shift was over.
    pub(crate) fn of(message: &Message, handed: bool) -> Self {
        match message.action {
            _ if handed && message.inhibited => Self::Clustered,
            _ if handed => Self::Handed,
            Action::Escalated => Self::Escalated,
            Action::Updated => Self::Grown,
            action if action.is_end() => Self::Over,
            _ => Self::New,
        }
    }
}

/// How many messages there are of one sort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Community; `None` for all that found no line of its own.
    pub community: Option<CommunityId>,
    /// Kind of alert; `None` as for the community.
    pub kind: Option<Slug>,
    /// Severity.
    pub severity: Severity,
    /// How far the alerts have come.
    #[serde(default)]
    pub progress: Progress,
    /// How many messages.
    pub count: u64,
    /// How many alerts they are the last about: what people are told.
    #[serde(default)]
    pub alerts: u64,
}

/// One alert in a list. Only class work has any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The alert; of a nudge its community and building; of a door that is not to be gone up to, its building and what it is called.
    pub alert: String,
    /// Its kind; nothing of a nudge and a door.
    #[serde(default)]
    pub kind: Option<Slug>,
    /// How bad it is.
    pub severity: Severity,
    /// How many messages the line stands for.
    pub count: u64,
    /// When what it tells was recorded, or, of a reminder, since when nobody has it; nothing where it is about now.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// When what it is about began, where it was handed to people who had not heard of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_at: Option<Timestamp>,
    /// The line for people: a place, and never a name.
    pub title: Title,
    /// What happened to it; nothing in a reminder, where nothing did.
    pub action: Option<Action>,
    /// To which level it went up; nothing where something else happened.
    #[serde(default)]
    pub level: Option<u8>,
    /// The levels below that one at which nobody holds a post, where that is why it went up.
    #[serde(default)]
    pub vacant: Vec<u8>,
    /// It was given to them by hand, and something else happened before that was told.
    #[serde(default)]
    pub given: bool,
    /// It comes and goes, and is told of no more.
    pub unstable: bool,
    /// What changes what is to be done about it.
    #[serde(default, skip_serializing_if = "Situation::is_usual")]
    pub situation: Situation,
}

impl Item {
    /// A line of which nothing is known but this.
    pub(crate) fn of(alert: String, severity: Severity, title: Title) -> Self {
        Self {
            alert,
            kind: None,
            severity,
            count: 1,
            at: None,
            began_at: None,
            title,
            action: None,
            level: None,
            vacant: Vec::new(),
            given: false,
            unstable: false,
            situation: Situation::default(),
        }
    }
}
