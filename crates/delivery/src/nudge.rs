//! A nudge: leaders are reminded of the daily report of their building before it is due. It is told to receivers of theirs, a text a leader, and
//! to nobody once the report is due: from then on there is an alert.

use std::collections::BTreeMap;

use domain::values::{CommunityId, Slug, StaffId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    message::Title,
    pile::Pile,
    plan::{Class, Plan},
};

/// What messages about nudges are called.
pub(crate) const TYPE: &str = "gridward.report.nudged.v1";

/// A message about a nudge (docs/adr/0034). Whom it is for is in it as ids of staff.
#[derive(Clone, Debug, PartialEq)]
pub struct Nudge {
    /// Its place in the stream of nudges.
    pub sequence: u64,
    /// Its id: the same however often it is told.
    pub id: String,
    /// When it was recorded, by the clock of the system.
    pub at: Timestamp,
    /// When it was published, in real time.
    pub published_at: Timestamp,
    /// Its town.
    pub town: Slug,
    /// Its community.
    pub community: CommunityId,
    /// The building whose report is missing.
    pub building: String,
    /// Who is nudged.
    pub leaders: Vec<StaffId>,
    /// Until when the report is in time.
    pub due_at: Timestamp,
    /// It is part of an exercise.
    pub exercise: bool,
    /// The line for people.
    pub title: Title,
    /// Why people are not to be told.
    pub silenced: bool,
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    time: Timestamp,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    leaders: Vec<StaffId>,
    due_at: Timestamp,
    exercise: bool,
    title: Title,
    place: Place,
    #[serde(default)]
    suppressed: Vec<String>,
}

#[derive(Deserialize)]
struct Place {
    town: Slug,
    community: CommunityId,
    building: String,
}

impl Nudge {
    /// Reads a payload of the stream, its place there and when it was published.
    pub(crate) fn read(sequence: u64, published_at: Timestamp, payload: &[u8]) -> Option<Self> {
        let Envelope { id, time, data } = serde_json::from_slice(payload).ok()?;
        let Data { leaders, due_at, exercise, title, place: Place { town, community, building }, suppressed: words } = data;
        // a word that this program does not know is a reason all the same
        let silenced = !words.is_empty();
        Some(Self { sequence, id, at: time, published_at, town, community, building, leaders, due_at, exercise, title, silenced })
    }

    /// What is told together: everything for the same of the leaders whose receiver this is; nothing when it is for none of them.
    pub(crate) fn group(&self, plan: &Plan) -> Option<String> {
        let theirs: Vec<&str> = plan.leaders.iter().filter(|leader| self.leaders.contains(leader)).map(|leader| leader.as_str()).collect();
        (!theirs.is_empty()).then(|| format!("{}/{}/{}", self.town, self.community, theirs.join("+")))
    }
}

/// Nudges that wait for more of the same leaders.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Nudges(BTreeMap<String, Gathered>);

/// What one text will tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Gathered {
    pub(crate) pile: Pile,
    /// When it is of no use any more: the first of its reports is due.
    pub(crate) until: Timestamp,
}

impl Nudges {
    pub(crate) fn gather(&mut self, group: String, nudge: &Nudge, class: Class, now: Timestamp) {
        let fresh = || Gathered { pile: Pile::new(now), until: nudge.due_at };
        let gathered = self.0.entry(group).or_insert_with(fresh);
        gathered.pile.add_nudge(nudge, class);
        gathered.until = gathered.until.min(nudge.due_at);
    }

    /// Those that have waited for long enough.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<Gathered> {
        let due = self.0.iter().find(|(_, gathered)| gathered.pile.is_due(now)).map(|(group, _)| group.clone())?;
        self.0.remove(&due)
    }

    /// Takes out those that nobody is to be told any more; how many messages that are. At night nobody is.
    pub(crate) fn take_late(&mut self, now: Timestamp, is_night: bool) -> u64 {
        let late = |gathered: &Gathered| is_night || gathered.until <= now;
        let messages = self.0.values().filter(|gathered| late(gathered)).map(|gathered| gathered.pile.total()).sum();
        self.0.retain(|_, gathered| !late(gathered));
        messages
    }

    pub(crate) fn messages(&self) -> u64 {
        self.0.values().map(|gathered| gathered.pile.total()).sum()
    }
}
