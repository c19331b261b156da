//! What is told in one go: counted by community, kind and severity, and the first of it listed.

use domain::{
    alert::Severity,
    values::{CommunityId, Slug, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    message::{Action, Message, Title},
    plan::Class,
};

/// Most single alerts that a text lists; the others are counted.
const ITEMS_MAX: usize = 5;
/// Most counts of a pile. Beyond, what comes is counted in one line without a community and a kind.
const LINES_MAX: usize = 500;
/// Longest line of an item that is kept, in bytes of UTF-8: 80 Chinese characters, or 240 letters.
const TITLE_BYTES_MAX: usize = 240;

/// How many messages there are of one sort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Community; `None` for all that found no line of its own.
    pub community: Option<CommunityId>,
    /// Kind of alert; `None` as for the community.
    pub kind: Option<Slug>,
    /// Severity.
    pub severity: Severity,
    /// How many.
    pub count: u64,
}

/// One alert in a list. Only class work has any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The alert.
    pub alert: String,
    /// How bad it is.
    pub severity: Severity,
    /// How many messages the line stands for.
    pub count: u64,
    /// The line for people: a place, and never a name.
    pub title: Title,
    /// What happened to it; nothing in a reminder, where nothing did.
    pub action: Option<Action>,
    /// It comes and goes, and is told of no more.
    pub unstable: bool,
}

/// Messages that are told together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pile {
    /// When the first of it came, by the clock of the system.
    pub(crate) since: Timestamp,
    pub(crate) exercise: bool,
    pub(crate) lines: Vec<Line>,
    pub(crate) items: Vec<Item>,
}

/// What people are told in one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What sort of notice.
    pub sort: Sort,
    /// When it was decided, by the clock of the system.
    pub at: Timestamp,
    /// It is part of an exercise.
    pub exercise: bool,
    /// How many of what, worst first.
    pub lines: Vec<Line>,
    /// The first of them, worst first.
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
    /// What came after the budget was spent.
    Digest,
    /// What was told and nobody has taken yet.
    Reminder,
    /// A test by an operator.
    Test,
}

impl Notice {
    /// How many messages it tells of.
    pub fn count(&self) -> u64 {
        self.lines.iter().map(|line| line.count).sum()
    }

    /// The worst in it.
    pub fn severity(&self) -> Severity {
        self.lines.iter().map(|line| line.severity).max().unwrap_or(Severity::Caution)
    }
}

impl Pile {
    pub(crate) fn new(since: Timestamp) -> Self {
        Self { since, exercise: false, lines: Vec::new(), items: Vec::new() }
    }

    /// Adds a message: what its class may hold of it.
    pub(crate) fn add(&mut self, message: &Message, class: Class, unstable: bool) {
        self.exercise |= message.exercise;
        self.count(Line { community: Some(message.community.clone()), kind: Some(message.kind.clone()), severity: message.severity, count: 1 });
        match class {
            Class::Work => {
                let Message { alert, severity, action, .. } = message;
                self.list(Item { alert: alert.clone(), severity: *severity, count: 1, title: short(&message.title), action: Some(*action), unstable });
            }
            Class::Public => {}
        }
    }

    /// Takes in another: how many there are does not change, and it goes on gathering since when it began.
    pub(crate) fn merge(&mut self, other: Self) {
        self.exercise |= other.exercise;
        other.lines.into_iter().for_each(|line| self.count(line));
        other.items.into_iter().for_each(|item| self.list(item));
    }

    pub(crate) fn count(&mut self, line: Line) {
        let known = |known: &&mut Line| (&known.community, &known.kind, known.severity) == (&line.community, &line.kind, line.severity);
        if let Some(known) = self.lines.iter_mut().find(known) {
            known.count += line.count;
        } else if self.lines.len() < LINES_MAX || line.community.is_none() {
            self.lines.push(line);
        } else {
            self.count(Line { community: None, kind: None, ..line });
        }
    }

    pub(crate) fn list(&mut self, item: Item) {
        // one line for one alert, with what was said of it last
        let before = self.items.iter().position(|listed| listed.alert == item.alert).map(|place| self.items.remove(place));
        let item = before.map_or(item.clone(), |before| Item { count: before.count + item.count, unstable: before.unstable | item.unstable, ..item });
        // the worst stay; of equals, those that came first
        let place = self.items.partition_point(|listed| listed.severity >= item.severity);
        self.items.insert(place, item);
        self.items.truncate(ITEMS_MAX);
    }

    pub(crate) fn total(&self) -> u64 {
        self.lines.iter().map(|line| line.count).sum()
    }

    /// As it is told.
    pub(crate) fn notice(mut self, sort: Sort, at: Timestamp) -> Notice {
        self.lines.sort_by(|one, other| other.severity.cmp(&one.severity).then(other.count.cmp(&one.count)).then_with(|| one.kind.cmp(&other.kind)));
        Notice { sort, at, exercise: self.exercise, lines: self.lines, items: self.items }
    }
}

/// A title that cannot crowd out the others.
pub(crate) fn short(title: &Title) -> Title {
    let cut = |text: &str| {
        // a line break in the name of a building must not look like another alert
        let mut line = String::new();
        for character in text.chars().filter(|character| !character.is_control()) {
            if line.len() + character.len_utf8() > TITLE_BYTES_MAX {
                line.push('…');
                break;
            }
            line.push(character);
        }
        line
    };
    Title { zh_cn: cut(&title.zh_cn), en: cut(&title.en) }
}
