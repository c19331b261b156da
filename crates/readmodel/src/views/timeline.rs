//! An entry of a timeline.

use domain::{
    Commit, Event,
    values::{CommandId, MINUTE_MS, Slug, StaffId, Timestamp},
};
use serde::{Deserialize, Serialize};

/// Minutes after which something that was recorded later than it happened is shown as a late entry.
pub const LATE_AFTER_MINUTES: i64 = 60;

/// An entry of a timeline. The data of the event is added by whoever may open its private parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineItem {
    /// The event: `<command>-<index>`.
    pub id: String,
    /// Name and version.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Recorded long after it happened.
    pub late: bool,
    /// The token that asked, or `service`.
    pub actor: Slug,
    /// Who did it.
    pub by: Vec<StaffId>,
    /// By what means it reached us.
    pub via: Option<String>,
    /// The command that took it back.
    pub retracted_by: Option<CommandId>,
    /// What is left out of all entries for this caller, whether there is any in this one or not: `measured`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Sequence of its commit.
    pub sequence: u64,
}

/// An entry as it is shown: an event of a commit, and the command that took it back.
pub fn timeline_item(commit: &Commit, sequence: u64, index: u16, retracted_by: Option<CommandId>) -> Option<(TimelineItem, Event)> {
    let (header, event) = (&commit.header, commit.events.get(usize::from(index))?.clone());
    let item = TimelineItem {
        id: header.event_id(index).to_string(),
        kind: event.name().to_owned(),
        at: header.at,
        recorded_at: header.recorded_at,
        late: header.recorded_at.0 - header.at.0 > LATE_AFTER_MINUTES * MINUTE_MS,
        actor: header.actor.clone(),
        by: header.by.clone(),
        via: header.via.map(|via| via.word().to_owned()),
        retracted_by,
        without: Vec::new(),
        sequence,
    };
    Some((item, event))
}
