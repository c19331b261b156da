//! An entry of a timeline.

use domain::{
    Event,
    values::{CommandId, MINUTE_MS, Slug, StaffId, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::models::timeline;

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
    /// Sequence of its commit.
    pub sequence: u64,
}

/// An entry, and its event; nothing when it does not decode, which what was decoded from the log always does.
pub fn timeline_item(row: &timeline::Row) -> Option<(TimelineItem, Event)> {
    let event = Event::decode(&row.name, &row.payload).ok()?;
    let item = TimelineItem {
        id: row.id.to_string(),
        kind: row.name.clone(),
        at: row.at,
        recorded_at: row.recorded_at,
        late: row.recorded_at.0 - row.at.0 > LATE_AFTER_MINUTES * MINUTE_MS,
        actor: row.actor.clone(),
        by: row.by.clone(),
        via: row.via.map(|via| via.word().to_owned()),
        retracted_by: row.retracted_by,
        sequence: row.sequence,
    };
    Some((item, event))
}
