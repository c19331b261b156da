//! What waits to be told in one go: counted by community, kind, severity and how far it has come, and the first of it listed.

use std::{cmp::Reverse, collections::BTreeMap};

use domain::{
    alert::{Severity, Situation},
    community::BUILDING_SILENT,
    values::{CommunityId, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    GROUP_WAIT_MS, GROWTH_WAIT_MS,
    message::{Action, Message, Title},
    notice::{Item, Line, Notice, Progress, Sort},
    nudge::Nudge,
    plan::Class,
};

/// Most single alerts that a text lists; the others are counted.
pub(crate) const ITEMS_MAX: usize = 5;
/// Most counts of a pile. Beyond, what comes is counted in one line without a community and a kind.
const LINES_MAX: usize = 500;
/// Most alerts of a pile that are known apart. All piles of a state must fit into one message of the server.
const KNOWN_MAX: usize = 400;
/// Longest line of an item that is kept, in bytes of UTF-8: 80 Chinese characters, or 240 letters.
const TITLE_BYTES_MAX: usize = 240;

/// Messages that are told together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pile {
    /// When the first of it came, by the clock of the system.
    pub(crate) since: Timestamp,
    /// When the first of what it tells was recorded, or of a reminder, since when nobody has it.
    #[serde(default)]
    pub(crate) first_at: Option<Timestamp>,
    pub(crate) exercise: bool,
    /// The grid of all of it, where it was gathered by grid.
    #[serde(default)]
    pub(crate) grid: Option<String>,
    /// Some of it waited because people slept.
    #[serde(default)]
    pub(crate) overnight: bool,
    pub(crate) lines: Vec<Line>,
    pub(crate) items: Vec<Item>,
    /// The alerts that are known apart: in which of the lines there are messages about each, and how many. The alert counts in the last.
    #[serde(default)]
    known: BTreeMap<String, Vec<(usize, u64)>>,
}

/// How a message is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) class: Class,
    /// What changes what is to be done.
    pub(crate) situation: Situation,
    /// Others had it until their shift was over.
    pub(crate) handed: bool,
    /// When what its alert is about began, where it was handed to people who had not heard of it.
    pub(crate) began_at: Option<Timestamp>,
    /// It comes and goes, and is told of no more.
    pub(crate) unstable: bool,
    /// There is room to know its alert apart.
    pub(crate) apart: bool,
}

impl Pile {
    pub(crate) fn new(since: Timestamp) -> Self {
        Self { since, first_at: None, exercise: false, grid: None, overnight: false, lines: Vec::new(), items: Vec::new(), known: BTreeMap::new() }
    }

    /// One of what lies in a grid.
    pub(crate) fn of_grid(self, grid: Option<String>) -> Self {
        Self { grid, ..self }
    }

    /// Adds a message: what its class may hold of it; with room for it, its alert is known apart.
    pub(crate) fn add(&mut self, message: &Message, Manner { class, situation, handed, began_at, unstable, apart }: Manner) {
        self.exercise |= message.exercise;
        self.tells_of(message.at);
        let progress = Progress::of(message, handed);
        let (community, kind) = (Some(message.community.clone()), Some(message.kind.clone()));
        let line = Line { community, kind, severity: message.severity, progress, count: 1, alerts: 0 };
        let place = self.count(line);
        self.count_alert(&message.alert, place, (1, apart));
        match class {
            // who comes on duty has to do with the cluster: it is listed, and the fevers in it are counted
            Class::Full | Class::Work if progress == Progress::Clustered => {}
            // a name stands in the message and in no title
            Class::Full | Class::Work => {
                let Message { alert, severity, action, .. } = message;
                let (at, action) = (Some(message.at), Some(*action));
                let goes_to = message.owner.as_ref().filter(|_| action == Some(Action::Escalated));
                let (level, vacant) = goes_to.map_or((None, Vec::new()), |owner| (Some(owner.level), owner.vacant_below(&message.told)));
                let item = Item::of(alert.clone(), *severity, short(&message.title));
                self.list(Item { kind: Some(message.kind.clone()), at, began_at, action, level, vacant, unstable, situation, ..item });
            }
            Class::Public => {}
        }
    }

    /// Takes note of when something that it tells was.
    pub(crate) fn tells_of(&mut self, at: Timestamp) {
        self.first_at = Some(self.first_at.map_or(at, |first| first.min(at)));
    }

    /// Adds a nudge: that a report is missing, of each building once.
    pub(crate) fn add_nudge(&mut self, nudge: &Nudge, class: Class) {
        self.exercise |= nudge.exercise;
        let (severity, alert) = (Severity::Caution, format!("{}/{}", nudge.community, nudge.building));
        let (community, kind) = (Some(nudge.community.clone()), BUILDING_SILENT.parse().ok());
        let line = Line { community, kind, severity, progress: Progress::New, count: 1, alerts: 0 };
        let place = self.count(line);
        // nothing is asked about it, and its building is no matter of class public
        self.count_alert(&hash_of(&alert).to_string(), place, (1, true));
        match class {
            Class::Full | Class::Work => {
                self.list(Item::of(alert, severity, short(&nudge.title)));
            }
            Class::Public => {}
        }
    }

    /// Adds what somebody is to believe of a door from now on, for which so many messages stand.
    pub(crate) fn add_door(&mut self, (door, title): (String, Title), messages: u64, at: Timestamp, is_over: bool) {
        // neither what is there nor how bad it is
        let severity = Severity::Caution;
        let (progress, action) = if is_over { (Progress::Over, Some(Action::Resolved)) } else { (Progress::New, None) };
        self.tells_of(at);
        self.count(Line { community: None, kind: None, severity, progress, count: messages, alerts: 1 });
        self.list(Item { count: messages, at: Some(at), action, ..Item::of(door, severity, title) });
    }

    /// Takes in another: how many there are does not change, and it goes on gathering since when it began.
    pub(crate) fn merge(&mut self, other: Self) {
        self.exercise |= other.exercise;
        other.first_at.into_iter().for_each(|at| self.tells_of(at));
        // what is told together is of one grid no longer
        self.grid = None;
        self.overnight |= other.overnight;
        let places: Vec<usize> = other.lines.into_iter().map(|line| self.count(line)).collect();
        for (alert, lines) in other.known {
            let lines: Vec<(usize, u64)> = lines.into_iter().filter_map(|(line, messages)| Some((*places.get(line)?, messages))).collect();
            // it was counted in the other, and is counted here
            self.uncount(lines.last());
            lines.into_iter().for_each(|(place, messages)| self.count_alert(&alert, place, (messages, true)));
        }
        other.items.into_iter().for_each(|item| self.list(item));
    }

    /// Counts messages, and the alerts that they are known to be about; the place of their line.
    pub(crate) fn count(&mut self, line: Line) -> usize {
        let known =
            |known: &Line| (&known.community, &known.kind, known.severity, known.progress) == (&line.community, &line.kind, line.severity, line.progress);
        if let Some(place) = self.lines.iter().position(known) {
            self.lines[place].count += line.count;
            self.lines[place].alerts += line.alerts;
            place
        } else if self.lines.len() < LINES_MAX || line.community.is_none() {
            self.lines.push(line);
            self.lines.len() - 1
        } else {
            self.count(Line { community: None, kind: None, ..line })
        }
    }

    /// Counts an alert once, in the line of what was said of it last. Beyond [`KNOWN_MAX`] each message counts as one.
    fn count_alert(&mut self, alert: &str, place: usize, (messages, apart): (u64, bool)) {
        let has_room = apart && self.known.len() < KNOWN_MAX;
        let mut lines = self.known.remove(alert).unwrap_or_default();
        self.uncount(lines.last());
        let is_known = !lines.is_empty();
        let before = lines.iter().position(|(line, _)| *line == place).map_or(0, |at| lines.remove(at).1);
        // whatever else waits of it is more than that it grew
        let is_grown = |place: usize| self.lines[place].progress == Progress::Grown;
        let is_more = is_grown(place) && lines.last().is_some_and(|(line, _)| !is_grown(*line));
        let last = lines.len() - usize::from(is_more);
        lines.insert(last, (place, before + messages));
        self.lines[lines.last().map_or(place, |(line, _)| *line)].alerts += 1;
        if has_room || is_known {
            self.known.insert(alert.to_owned(), lines);
        }
    }

    /// An alert counts in a line no more.
    fn uncount(&mut self, line: Option<&(usize, u64)>) {
        if let Some(line) = line.and_then(|(place, _)| self.lines.get_mut(*place)) {
            line.alerts = line.alerts.saturating_sub(1);
        }
    }

    /// Whether something of an alert waits in it. Of those beyond [`KNOWN_MAX`] nobody knows.
    pub(crate) fn tells(&self, alert: &str) -> bool {
        self.known.contains_key(alert)
    }

    /// Whether more of an alert waits in it than that it grew.
    pub(crate) fn tells_anew(&self, alert: &str) -> bool {
        let last = self.known.get(alert).and_then(|lines| self.lines.get(lines.last()?.0));
        last.is_some_and(|line| line.progress != Progress::Grown)
    }

    /// How many alerts are known apart.
    pub(crate) fn known_apart(&self) -> usize {
        self.known.len()
    }

    /// The alerts that are known apart.
    pub(crate) fn known(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    /// The alerts that can be asked about, with their communities.
    pub(crate) fn to_ask(&self) -> impl Iterator<Item = (CommunityId, String)> {
        self.known.iter().filter_map(|(alert, lines)| {
            // a line for what is beyond those listed is of no community
            let community = lines.iter().find_map(|(line, _)| self.lines.get(*line)?.community.clone())?;
            Some((community, alert.clone()))
        })
    }

    /// Takes out all of an alert that is known apart; how many messages that are.
    pub(crate) fn take_out(&mut self, alert: &str) -> u64 {
        let lines = self.known.remove(alert).unwrap_or_default();
        self.uncount(lines.last());
        // a line keeps its place until all is told: others are counted by theirs
        for (place, messages) in &lines {
            let Some(line) = self.lines.get_mut(*place) else { continue };
            line.count = line.count.saturating_sub(*messages);
        }
        self.items.retain(|item| item.alert != alert);
        lines.iter().map(|(_, messages)| messages).sum()
    }

    /// What is counted of an alert is listed no more: its door is for others to know.
    pub(crate) fn unlist(&mut self, alert: &str) {
        self.items.retain(|item| item.alert != alert);
    }

    pub(crate) fn list(&mut self, item: Item) {
        // one line for one alert, with what was said of it last
        let before = self.items.iter().position(|listed| listed.alert == item.alert).map(|place| self.items.remove(place));
        let item = before.map_or(item.clone(), |before| {
            let (count, unstable) = (before.count + item.count, before.unstable | item.unstable);
            let item = Item { given: before.given || before.action == Some(Action::Assigned), ..item };
            match item.action {
                Some(Action::Updated) => Item { count, unstable, severity: item.severity, at: item.at, title: item.title.clone(), ..before },
                _ => Item { count, unstable, ..item },
            }
        });
        // what is still to be done stays, then the worst; of equals what others have had for longest, or what came first
        let order = |item: &Item| (item.action.is_some_and(Action::is_end), Reverse(item.severity), item.began_at);
        let place = self.items.partition_point(|listed| order(listed) <= order(&item));
        self.items.insert(place, item);
        self.items.truncate(ITEMS_MAX);
    }

    /// Whether a group has waited for more of its kind for long enough.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        let wait_ms = if self.is_all(&[Progress::Grown]) { GROWTH_WAIT_MS } else { GROUP_WAIT_MS };
        self.since.plus_ms(wait_ms) <= now
    }

    /// Whether all of it has come so far.
    fn is_all(&self, progress: &[Progress]) -> bool {
        self.lines.iter().filter(|line| line.count > 0).all(|line| progress.contains(&line.progress))
    }

    /// Whether it may go in the lane of criticals: at once, but that a shift is handed over in one text.
    pub(crate) fn may_go(&self, now: Timestamp) -> bool {
        !self.is_all(&[Progress::Handed, Progress::Clustered, Progress::Over]) || self.is_due(now)
    }

    pub(crate) fn total(&self) -> u64 {
        self.lines.iter().map(|line| line.count).sum()
    }

    /// As it is told.
    pub(crate) fn notice(mut self, sort: Sort, at: Timestamp) -> Notice {
        self.lines.retain(|line| line.count > 0 || line.alerts > 0);
        // what a cluster stands for is told behind what stands by itself
        let last = |line: &Line| (line.progress == Progress::Over, Reverse(line.severity), line.progress == Progress::Clustered);
        let order = |line: &Line| (last(line), Reverse(line.count), line.kind.clone(), line.progress);
        self.lines.sort_by_cached_key(order);
        let Self { first_at: since, exercise, grid, overnight, lines, items, .. } = self;
        let overnight = overnight && sort == Sort::Digest;
        Notice { sort, at, since, exercise, grid, singly_again: false, overnight, waited_ms: None, lines, items }
    }
}

/// A text in few bytes: FNV-1a, so that it is the same after a restart.
pub(crate) fn hash_of(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// A title that cannot crowd out the others.
pub(crate) fn short(title: &Title) -> Title {
    within(title, TITLE_BYTES_MAX)
}

/// A title of at most so many bytes in each language, in one line.
pub(crate) fn within(title: &Title, bytes_max: usize) -> Title {
    let cut = |text: &str| {
        // a line break in the name of a building must not look like another alert
        let mut line = String::new();
        for character in text.chars().filter(|character| !character.is_control()) {
            if line.len() + character.len_utf8() > bytes_max {
                line.push('…');
                break;
            }
            line.push(character);
        }
        line
    };
    Title { zh_cn: cut(&title.zh_cn), en: cut(&title.en) }
}
